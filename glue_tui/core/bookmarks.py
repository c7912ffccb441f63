"""What a job has read of its sources: the slice of one attempt, and how a run chooses between Glue's options. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from glue_tui.core.job import WITH_BOOKMARK, Job, job_type
from glue_tui.core.model import RunId
from glue_tui.core.problem import InvalidInput, did_you_mean
from glue_tui.core.states import BookmarkOption

OPTION = "--job-bookmark-option"
FROM = "--job-bookmark-from"
TO = "--job-bookmark-to"
"""Arguments of Glue (rules BK-1, BK-3)."""
_PREFIX = "job-bookmark-"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """A file as it was when its rows were read."""

    path: str
    """As in the catalog."""
    size_bytes: int
    mtime_ns: int
    tag: str = ""
    """ETag of an object of S3; empty for local files, whose ctime changes without their rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRange:
    """Rows of a database table: those whose keys lie above `after` and not above `up_to`."""

    columns: tuple[str, ...]
    """The first one counts most."""
    kinds: tuple[str, ...]
    """Of each column, as `kind_of_key` names them: keys of another kind compare otherwise."""
    after: tuple[str, ...] = ()
    """As text; empty: from the first row on."""
    up_to: tuple[str, ...] = ()
    """As text; empty: there are no rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSlice:
    """What one attempt reads of one source."""

    context: str
    """Name of the source within its job, Glue's `transformation_ctx`: the table's, unless the script gives another."""
    table: str
    """`database.table`."""
    files: tuple[FileVersion, ...] = ()
    keys: KeyRange | None = None
    """Of a table of a database; None: a table of files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSlice:
    """What one attempt reads of all sources of its job. Its success makes all of it old."""

    base_version: int
    """Version of the bookmark that says what is old: with any other, it has been read, reset or rewound meanwhile."""
    taken_by: tuple[RunId, ...] = ()
    """Under these names attempts may have published what they made of it; the newest first."""
    sources: tuple[SourceSlice, ...] = ()


class BookmarkEditKind(StrEnum):
    RESET = "reset"
    REWIND = "rewind"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookmarkEdit:
    """A change of a job's bookmark by a person (rule BK-7)."""

    kind: BookmarkEditKind
    workflow: str
    job: str
    run: str = ""
    """Of REWIND: number or id of the run that was the last to read what stays read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookmarkChoice:
    """What a run does with its job's bookmark."""

    option: BookmarkOption
    after_run: str = ""
    up_to_run: str = ""
    """Of PAUSE: number or id of the runs that enclose what is read; both or neither (rule BK-3)."""


def bookmark_choice(job: Job, arguments: Mapping[str, str]) -> BookmarkChoice:
    """Return what the arguments of a run say, else what its job says. Raises InvalidInput for what can't be meant."""
    option = _option(job, arguments)
    if option is not BookmarkOption.DISABLE and job_type(job) not in WITH_BOOKMARK:
        hint = f"bookmarks are for {', '.join(WITH_BOOKMARK)} jobs"
        raise InvalidInput(f"{OPTION}: a {job_type(job)} job reads nothing through a bookmark", hint=hint)
    if option is BookmarkOption.ENABLE and job.max_concurrent_runs != 1:
        raise InvalidInput(
            f"jobs.{job.name}: a bookmark needs runs one after the other, max_concurrent_runs is"
            f" {job.max_concurrent_runs}",
            hint="two at once would read the same: leave max_concurrent_runs out",
        )
    after_run, up_to_run = arguments.get(FROM, ""), arguments.get(TO, "")
    if bool(after_run) != bool(up_to_run):
        raise InvalidInput(f"{FROM} and {TO} go together", hint="give both, or neither")
    if after_run and option is not BookmarkOption.PAUSE:
        raise InvalidInput(f"{FROM} and {TO} belong to a paused bookmark", hint=f"{OPTION} job-bookmark-pause")
    return BookmarkChoice(option=option, after_run=after_run, up_to_run=up_to_run)


def _option(job: Job, arguments: Mapping[str, str]) -> BookmarkOption:
    given = arguments.get(OPTION)
    if given is None:
        return job.bookmark
    try:
        return BookmarkOption(given.removeprefix(_PREFIX))
    except ValueError:
        known = [f"{_PREFIX}{option}" for option in BookmarkOption]
        raise InvalidInput(f'{OPTION} "{given}" is none', hint=did_you_mean(given, known)) from None


def is_same_version(one: FileVersion, other: FileVersion) -> bool:
    """Tell whether a file was not written between two looks at it (rule BK-5). A tag that is not known says nothing."""
    if (one.size_bytes, one.mtime_ns) != (other.size_bytes, other.mtime_ns):
        return False
    return not one.tag or not other.tag or one.tag == other.tag
