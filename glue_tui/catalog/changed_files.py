"""Files that are about to be opened are still those that the catalog knows: there, and if changed, with their header.

CSV is read by position: a file that was written anew with its columns in another order would be read wrongly, silently.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from glue_tui.catalog.places import LOCAL, FileStatus, Storage, absolute_path, is_s3
from glue_tui.catalog.read import TableEntry
from glue_tui.catalog.readers.csv_rows import csv_rows, csv_text
from glue_tui.catalog.readers.unpacked import Damaged
from glue_tui.catalog.set_aside import set_aside
from glue_tui.core.column_names import header_names
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import UNSETTLED_TAG, DataFile, FileFormat

STATUS_THREADS = 16


def opened_as_known(
    entry: TableEntry, files: Sequence[DataFile], project_dir: Path, storage: Storage
) -> tuple[DataFile, ...]:
    """Return the files as they can be opened, those with another path that a job has set aside meanwhile.

    Raises InvalidInput for a file that is gone, or that changed and whose header is no longer what the catalog says.
    """
    if is_s3(entry.table.location):
        _check_objects(entry, files, storage)
        return tuple(files)
    return tuple(_where_it_lies(entry, file, project_dir) for file in files)


def _where_it_lies(entry: TableEntry, file: DataFile, project_dir: Path) -> DataFile:
    path = os.path.join(project_dir, file.path)  # noqa: PTH118 -- of 100,000 files, pathlib takes three seconds
    try:
        found = os.stat(path)  # noqa: PTH116
    except PermissionError:
        raise _forbidden(entry, file) from None
    except OSError:
        aside = set_aside(project_dir / entry.table.location, Path(path))
        if aside is None:
            raise gone_file(entry, file.path) from None
        return replace(file, path=str(aside))
    if not os.access(path, os.R_OK, effective_ids=True):
        raise _forbidden(entry, file)
    if (found.st_size, found.st_mtime_ns) != (file.size_bytes, file.mtime_ns):
        _check_header(entry, file, absolute_path(file.path, project_dir), LOCAL)
    return file


def _check_objects(entry: TableEntry, files: Sequence[DataFile], storage: Storage) -> None:
    """Ask S3 about those objects that are read by position."""
    asked = [file for file in files if _has_header(entry.table.formats[file.format])]
    if not asked:
        return
    with ThreadPoolExecutor(STATUS_THREADS) as threads:
        try:
            for file, status in zip(asked, threads.map(lambda one: storage.status(one.path), asked), strict=True):
                if not _is_still(file, status):
                    _check_header(entry, file, file.path, storage)
        except FileNotFoundError as error:
            threads.shutdown(cancel_futures=True)
            raise gone_file(entry, error.filename) from None
        except OSError as error:
            threads.shutdown(cancel_futures=True)
            raise InvalidInput(f"{entry.full_name}: {error.filename}: {error.strerror}") from None


def _is_still(file: DataFile, status: FileStatus) -> bool:
    if file.tag not in ("", UNSETTLED_TAG):
        return (status.size_bytes, status.tag) == (file.size_bytes, file.tag)
    # Of a single object, some servers say only the second.
    return (status.size_bytes, status.mtime_ns // 10**9) == (file.size_bytes, file.mtime_ns // 10**9)


def _has_header(file_format: FileFormat) -> bool:
    return file_format.classification == "csv" and file_format.header


def _check_header(entry: TableEntry, file: DataFile, path: str, storage: Storage) -> None:
    file_format = entry.table.formats[file.format]
    if not _has_header(file_format):
        return
    try:
        with csv_text(path, file_format, storage) as text:
            cells = next((row for _, row in csv_rows(text, file_format)), [])
    except (csv.Error, UnicodeError, Damaged):
        cells = []
    known = file_format.header_names or file_format.columns
    # What a job wrote has the very names of its columns.
    if known not in (tuple(cells), header_names(cells, len(known))):
        raise InvalidInput(
            f"{entry.full_name}: {file.path} has changed since the catalog learnt of it: its header is another",
            hint=way_out(entry),
        )


def gone_file(entry: TableEntry, path: str) -> InvalidInput:
    """Return what to say of a file that the catalog lists and that is gone."""
    if entry.is_deprecated:
        return InvalidInput(
            f"{entry.full_name} is deprecated: its data is no longer found, {path} is one of its files",
            hint=f"put its files back: then {way_out(entry)}",
        )
    where = "in its bucket" if is_s3(path) else "on disk"
    kind, _, name = entry.written_by.partition(":")
    if kind == "crawler":
        hint = f'{way_out(entry)}, unless its schema_change.delete is "LOG": then a table that is gone stays in it'
    else:
        hint = (
            f'put it back; or run {kind} {name} again: with mode = "overwrite" it makes the table anew from what it'
            " reads (`glue-tui bookmark reset` if it reads by a bookmark), an append does not"
        )
    return InvalidInput(f"{entry.full_name}: {path} is in the catalog but no longer {where}", hint=hint)


def _forbidden(entry: TableEntry, file: DataFile) -> InvalidInput:
    return InvalidInput(
        f"{entry.full_name}: {file.path} can't be read: permission denied",
        hint="who asks must be allowed to read the file and to enter its folders",
    )


def way_out(entry: TableEntry) -> str:
    """Return what lets the catalog know what a table's files are like by now."""
    kind, _, name = entry.written_by.partition(":")
    if kind == "crawler":
        return f"`glue-tui crawl {name}` brings the catalog up to date"
    return f"run {kind} {name} again to bring the catalog up to date"
