"""Files that may have changed while a crawl looked at them: shortly before it began, or while they were read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from glue_tui.catalog.places import FileStatus, is_s3, local_status
from glue_tui.core.schema import UNSETTLED_TAG
from glue_tui.crawlers.listing import Entry, ListedFile, ListedFolder

SETTLE_NS = 2_000_000_000
"""A file that was modified so shortly before the crawl may have been again, unseen by a clock that ticks coarsely."""
STATUS_THREADS = 16


def as_listed(folder: ListedFolder, entries: Iterable[Entry], started_ns: int) -> Iterator[ListedFile]:
    """Yield the files of a folder; those too young for their times to be trusted are looked at again next time."""
    settled_ns = started_ns - SETTLE_NS
    is_local = not is_s3(folder.absolute)
    for entry in entries:
        is_fresh = is_local and entry[2] >= settled_ns
        yield folder.file((*entry[:3], UNSETTLED_TAG) if is_fresh else entry)


def statuses(files: Sequence[ListedFile]) -> Iterator[FileStatus | None]:
    """Yield what the files are like now; None for one that is gone."""
    if files and is_s3(files[0].absolute):
        with ThreadPoolExecutor(STATUS_THREADS) as threads:
            yield from threads.map(_status, files)
    else:
        yield from map(_status, files)


def _status(listed: ListedFile) -> FileStatus | None:
    try:
        if is_s3(listed.absolute):
            return listed.storage.status(listed.absolute)
        return local_status(os.stat(listed.absolute))  # noqa: PTH116
    except OSError:
        return None
