"""What one attempt of a job reads of its tables when the job has a bookmark: only what is new (rules BK-1 to BK-5).

How each row is read once. What is new of a table is fixed when the attempt first reads it. Before anything is
published, all of that, the slice, is written beside the state (`store.slices`), with the name under which the attempt
publishes. The engine moves the bookmark on in the transaction that ends the attempt. So one that is killed has
published nothing, or there is its slice: the next attempt, in whatever run, takes the same files and keys again and
tells the targets the names of those before it, whose work they replace or find committed. What is newer waits for the
run after. An attempt that fails before it publishes takes its slice away again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from glue_tui.catalog.places import is_s3
from glue_tui.catalog.read import Catalog, FileRow, TableEntry
from glue_tui.catalog.readers.lake_tables import LAKES
from glue_tui.catalog.scan import scan, table_schema
from glue_tui.catalog.table_part import TablePart
from glue_tui.core.attempt import AttemptKey, AttemptSpec
from glue_tui.core.bookmarks import (
    FileVersion,
    JobSlice,
    KeyRange,
    SourceSlice,
    bookmark_choice,
    is_same_version,
)
from glue_tui.core.job import Job
from glue_tui.core.model import RunId
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.schema import UNSETTLED_TAG
from glue_tui.core.states import BookmarkOption
from glue_tui.jobs import bookmark_keys as keys
from glue_tui.logs.write import LogWriter, counted
from glue_tui.store import bookmarks
from glue_tui.store.database import Connection, open_readonly
from glue_tui.store.slices import read_slice, remove_slice, write_slice

_NAMED_MAX = 3
"""So many files are named in a message."""


class Bookmark:
    """The bookmark of a job as one attempt sees it; one that is disabled lets everything be read."""

    def __init__(
        self,
        spec: AttemptSpec,
        job: Job,
        arguments: Mapping[str, str],
        *,
        catalog: Catalog,
        log: LogWriter,
        environment: Mapping[str, str],
    ) -> None:
        self._spec = spec
        self._job = job
        self._catalog = catalog
        self._log = log
        self._environment = environment
        self._project_dir = Path(spec.project_dir)
        self._state_dir = Path(spec.catalog_path).parent
        self._choice = bookmark_choice(job, arguments)
        self._sources: dict[str, tuple[TablePart, SourceSlice]] = {}
        """By context: fixed when it was first read."""
        self._after = self._up_to = 0
        """What was read in versions of the bookmark above the first, up to the second, is read; see `_is_range`."""
        self._earlier: JobSlice | None = None
        """What an attempt before this one may have published."""
        self._was_held = False
        if self._choice.option is not BookmarkOption.DISABLE:
            self._open()

    @property
    def is_enabled(self) -> bool:
        """A success makes old what this attempt reads."""
        return self._choice.option is BookmarkOption.ENABLE

    @property
    def key(self) -> AttemptKey:
        """The attempt under the name by which its targets know it: with a bookmark each slice has names of its own.

        A run may take several: what it was to read may have been read by another run before its next attempt.
        """
        key = self._spec.key
        return replace(key, run_id=RunId(f"{key.run_id}.{key.attempt}")) if self.is_enabled else key

    @property
    def unfinished_in(self) -> tuple[RunId, ...]:
        """Names under which earlier attempts may have published what this one reads."""
        earlier = self._earlier.taken_by if self._earlier else ()
        return (*earlier, *self._spec.unfinished_in)

    def part(self, full_name: str, context: str = "", wanted: bool | None = None) -> TablePart | None:
        """Return what is new of a table; None: all of it is read.

        `wanted` says it of this table, whatever the job's `bookmark_tables` say. Raises EntityNotFound for a table
        that is not there, InvalidInput for one of which can't be told what is new.
        """
        if not self._is_followed(full_name.lower(), wanted):
            return None
        entry, rows = self._catalog.file_rows(full_name)
        context = context or entry.full_name
        if context not in self._sources:
            source = self._taken_before(entry, context)
            fixed = self._keys_part(entry, context, source) if entry.table.is_in_database else None
            self._sources[context] = fixed or self._files_part(entry, rows, context, source)
        part, source = self._sources[context]
        if source.table != entry.full_name:
            raise InvalidInput(
                f'transformation_ctx "{context}" stands for {source.table} and {entry.full_name}',
                hint="each source needs a name of its own",
            )
        return part

    def hold(self) -> None:
        """Make sure that this very slice is taken again if this attempt is killed from now on.

        Raises InvalidInput where a file has changed while it was read.
        """
        for part, source in self._sources.values():
            if changed := [row[0] for row in part.files if self._differs(_version(row))]:
                raise InvalidInput(
                    f"{source.table}: {_named(changed)} changed while the job read it", hint="crawl it, then run again"
                )
        if self.is_enabled:
            names = (self.key.run_id, *(self._earlier.taken_by if self._earlier else ()))
            taken = JobSlice(base_version=self._up_to, taken_by=names, sources=self._read())
            self._was_held = True
            write_slice(self._state_dir, self._spec.workflow, self._job.name, taken)

    def let_go(self) -> None:
        """Nothing of this attempt was published, nor ever will be."""
        if self._was_held and self._earlier is None:
            remove_slice(self._state_dir, self._spec.workflow, self._job.name)

    def slice_read(self) -> JobSlice | None:
        """Return what is old when this attempt has succeeded; None: nothing changes."""
        if not self.is_enabled:
            return None
        if not self._sources:
            self._log.warning("the job has a bookmark, but read no table by it: it stays where it was")
            return None
        return JobSlice(base_version=self._up_to, taken_by=(self.key.run_id,), sources=self._read())

    def _read(self) -> tuple[SourceSlice, ...]:
        return tuple(source for _, source in self._sources.values())

    def _open(self) -> None:
        """Find out where the bookmark stands, and whether an attempt before this one was killed."""
        known = self._catalog.names()
        for table in self._job.bookmark_tables:
            if table not in known:
                # Whatever was meant would be read whole, and nobody would know.
                raise EntityNotFound(
                    f"bookmark_tables of {self._job.name}: no table {table}", hint=did_you_mean(table, known)
                )
        workflow, job = self._spec.workflow, self._job.name
        with self._state() as conn:
            entry = bookmarks.entry(conn, workflow, job) if conn is not None else None
            if conn is not None and entry is not None:
                self._up_to = entry.version
                if self._is_range:
                    self._after = bookmarks.version_at(conn, workflow, job, self._choice.after_run)
                    self._up_to = bookmarks.version_at(conn, workflow, job, self._choice.up_to_run)
        if self.is_enabled:
            self._earlier = self._taken_earlier(read_slice(self._state_dir, workflow, job, self._up_to))
        if self._earlier is not None:
            self._log.warning(
                f"attempt {self._earlier.taken_by[0]} may have published, and could not say so: this one reads what"
                " that one read, and replaces what it wrote; what is newer comes with the next run"
            )

    def _taken_earlier(self, found: JobSlice | None) -> JobSlice | None:
        """Return a slice that this attempt takes over. One of no source is the affair of its own run."""
        own = {self._spec.key.run_id, *self._spec.unfinished_in}
        if found is None or found.sources or found.taken_by[0].partition(".")[0] in own:
            return found
        return None

    @property
    def _is_range(self) -> bool:
        return bool(self._choice.up_to_run)

    def _is_followed(self, full_name: str, wanted: bool | None) -> bool:
        if self._choice.option is BookmarkOption.DISABLE:
            return False
        if wanted is not None:
            return wanted
        return not self._job.bookmark_tables or full_name in self._job.bookmark_tables

    def _taken_before(self, entry: TableEntry, context: str) -> SourceSlice | None:
        """Return what the attempt before took of a source, nothing of one that it did not read; None: there is none."""
        if self._earlier is None:
            return None
        found = next((one for one in self._earlier.sources if one.context == context), None)
        return found or SourceSlice(context=context, table=entry.full_name)

    # Tables of files

    def _files_part(
        self, entry: TableEntry, rows: Sequence[FileRow], context: str, taken: SourceSlice | None
    ) -> tuple[TablePart, SourceSlice]:
        self._refuse_files(entry)
        versions = {row[0]: _version(row) for row in rows}
        if taken is not None:
            chosen = self._same(taken.files, versions)
            if lacking := len(taken.files) - len(chosen):
                self._log.warning(f"{entry.full_name}: {counted(lacking, 'file')} of that slice changed or went since")
        elif self._is_range:
            chosen = self._same(tuple(self._old(context, after=self._after).values()), versions)
        else:
            old = self._old(context)
            chosen = {path for path, one in versions.items() if path not in old or not is_same_version(old[path], one)}
        if changed := sorted(path for path in chosen if self._differs(versions[path])):
            chosen -= set(changed)
            self._log.warning(
                f"{entry.full_name}: {_named(changed)} changed since the catalog learnt of it: left for a later run"
            )
        files = [row for row in rows if row[0] in chosen]
        part = TablePart(entry=entry, files=files, rows=sum(row[3] for row in files))
        source = taken or SourceSlice(
            context=context, table=entry.full_name, files=tuple(versions[row[0]] for row in files)
        )
        return part, source

    def _refuse_files(self, entry: TableEntry) -> None:
        name = entry.full_name
        if entry.table.classification in LAKES:
            hint = f'read it whole: glue.table("{name}", bookmark=False), or name the other tables in bookmark_tables'
            raise InvalidInput(
                f"{name} is a {entry.table.classification} table: its files hold rows of before as well, so what is new"
                " of it can't be told",
                hint=hint,
            )
        if name in self._job.bookmark_keys:
            hint = "leave the table out of bookmark_keys"
            raise InvalidInput(f"{name} has files: what is new of it is told by them, not by keys", hint=hint)

    def _old(self, context: str, after: int = 0) -> dict[str, FileVersion]:
        with self._state() as conn:
            if conn is None or not self._up_to:
                return {}
            return bookmarks.files_read(
                conn, self._spec.workflow, self._job.name, context, up_to=self._up_to, after=after
            )

    @staticmethod
    def _same(wanted: Sequence[FileVersion], known: Mapping[str, FileVersion]) -> set[str]:
        return {one.path for one in wanted if one.path in known and is_same_version(one, known[one.path])}

    def _differs(self, version: FileVersion) -> bool:
        """Tell whether a local file was written since. Of one that is gone, the reader says what there is to say."""
        if is_s3(version.path):
            return False
        try:
            found = os.stat(os.path.join(self._project_dir, version.path))  # noqa: PTH116, PTH118 -- of 100,000
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) != (version.size_bytes, version.mtime_ns)

    # Tables of databases

    def _keys_part(self, entry: TableEntry, context: str, taken: SourceSlice | None) -> tuple[TablePart, SourceSlice]:
        range_, rows = self._key_range(entry, context, taken)
        part = TablePart(entry=entry, condition=keys.within(range_), rows=rows)
        return part, SourceSlice(context=context, table=entry.full_name, keys=range_)

    def _key_range(self, entry: TableEntry, context: str, taken: SourceSlice | None) -> tuple[KeyRange, int]:
        name = entry.full_name
        columns = self._job.bookmark_keys.get(name, ())
        if not columns:
            raise InvalidInput(
                f"{name} is a table of a database: its bookmark needs columns whose values only grow",
                hint=f'such as bookmark_keys = {{ "{name}" = ["id"] }} in jobs.{self._job.name}',
            )
        kinds = keys.kinds_of(table_schema(entry.table), columns, name)
        if taken is not None:
            return taken.keys or KeyRange(columns=columns, kinds=kinds), 0
        last = self._last(context, self._up_to)
        if last is not None and (last.columns, last.kinds) != (columns, kinds):
            raise InvalidInput(
                f"{name} was read by {_spelt(last.columns, last.kinds)}, its keys are {_spelt(columns, kinds)} now",
                hint=f"`glue-tui bookmark reset {self._spec.workflow}/{self._job.name}` begins anew",
            )
        old = last.up_to if last is not None else ()
        if self._is_range:
            before = self._last(context, self._after)
            return KeyRange(columns=columns, kinds=kinds, after=before.up_to if before else (), up_to=old), 0
        frame = scan(self._catalog, name, project_dir=self._project_dir, environment=self._environment)
        if old:
            frame = frame.filter(keys.above_or_missing(columns, keys.values(old, kinds)))
        up_to, rows = keys.newest(frame, columns, name)
        return KeyRange(columns=columns, kinds=kinds, after=old, up_to=up_to), rows

    def _last(self, context: str, version: int) -> bookmarks.KeysRead | None:
        with self._state() as conn:
            if conn is None or not version:
                return None
            return bookmarks.keys_read(conn, self._spec.workflow, self._job.name, context, up_to=version)

    @contextmanager
    def _state(self) -> Iterator[Connection | None]:
        conn = open_readonly(self._spec.catalog_path)
        if conn is None:
            yield None
            return
        with closing(conn):
            yield conn


def _version(row: FileRow) -> FileVersion:
    path, size_bytes, mtime_ns, tag = row[0], row[1], row[2], row[6]
    known_tag = tag if is_s3(path) and tag != UNSETTLED_TAG else ""
    return FileVersion(path=path, size_bytes=size_bytes, mtime_ns=mtime_ns, tag=known_tag)


def _named(paths: Sequence[str]) -> str:
    more = len(paths) - _NAMED_MAX
    return ", ".join(paths[:_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _spelt(columns: Sequence[str], kinds: Sequence[str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in zip(columns, kinds, strict=True))
