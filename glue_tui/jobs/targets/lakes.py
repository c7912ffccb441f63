"""Delta and Iceberg tables, local and on S3: their data files are put where no log names them, then one commit does.

So every reader sees all of the old or all of the new, whatever it goes by. A commit carries a mark of run and node: an
attempt that finds the mark of an earlier one of its node, which was killed before it could say that it had committed,
does not add its rows again. Data files that a killed attempt left, and that no log names, the next one at the same
table removes (`glue_tui.jobs.targets.journal`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from glue_tui.catalog.places import Storage, is_s3, local_status
from glue_tui.catalog.readers.lake_log import read_log_of
from glue_tui.catalog.readers.lake_tables import scan_lake, version_of
from glue_tui.catalog.s3_access import CONNECTION_URL_PARAMETER, storage_for
from glue_tui.catalog.types import glue_type, polars_type
from glue_tui.core.job import TableSink
from glue_tui.core.model import node_name
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import LAKE_VERSION, Column, DataFile, FileFormat, Table, TableChange
from glue_tui.jobs.targets.delta import DeltaLake
from glue_tui.jobs.targets.files import Layout, write_files
from glue_tui.jobs.targets.folder import checked_folder, relative
from glue_tui.jobs.targets.iceberg import IcebergLake
from glue_tui.jobs.targets.journal import FILES, Journal, file_name
from glue_tui.jobs.targets.lake_commit import Lake, LakeCommit, LakeFormat
from glue_tui.jobs.targets.objects import each, location_of, objects_below, told
from glue_tui.jobs.targets.tables import Tables, check_keys, wider
from glue_tui.jobs.targets.target import Attempt, Frame
from glue_tui.jobs.targets.text_columns import plain_column
from glue_tui.logs.write import counted

_SAFE_IN_LOGS = "-_."
"""Logs name files by URLs; what is none of their plain letters readers decode in different ways."""
_FORMATS: dict[str, LakeFormat] = {"delta": DeltaLake(), "iceberg": IcebergLake()}


class Lakes:
    """Stages the rows of one attempt, and commits them in the order in which they were staged, or removes them."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._log = attempt.log
        self._project_dir = Path(os.path.realpath(attempt.project_dir))
        self._tables = Tables(attempt.catalog, attempt.log)
        self._journal = Journal(attempt)
        self._staged: list[tuple[Path, LakeCommit]] = []
        self._put: list[LakeCommit] = []
        """Those whose data files may lie in their table without being part of it."""
        self._appeared: list[str] = []
        self._bytes_staged: int | None = None

    @property
    def bytes_staged(self) -> int | None:
        """Size of the data files that were staged; None if there are none."""
        return self._bytes_staged

    def stage(self, frame: Frame, sink: TableSink) -> int:
        """Write `frame` into files that wait here and return its rows. Raises InvalidInput for a bad target."""
        location = location_of(sink) if is_s3(sink.path) else str(checked_folder(sink, self._project_dir))
        url = self._attempt.connections.get(sink.connection, "")
        storage = storage_for(location, url, self._attempt.environment)
        with told(sink):
            lake = _FORMATS[sink.format].find(location, storage)
            self._journal.clear(location, lambda paths: storage.remove(_unnamed(paths, lake, storage)))
            if lake is None:
                _refuse_what_is_no_lake(sink, location, storage)
        fitted = self._fitted(frame.lazy(), sink, lake)
        schema = fitted.collect_schema()
        check_keys(sink, schema)
        self._check_order(location, sink)
        place = self._journal.place()
        as_parquet = replace(sink, format="parquet", partition_by=() if sink.mode == "upsert" else sink.partition_by)
        # Delta's readers take partition keys from its log, and their folders; Iceberg's from the files themselves.
        layout = Layout(safe=_SAFE_IN_LOGS) if sink.format == "delta" else Layout(is_flat=True)
        grows = lake is not None and sink.mode != "overwrite" and schema.keys() <= lake.schema.keys()
        layout = replace(layout, keeps_empty=not grows)
        written = write_files(fitted, as_parquet, place / FILES, file_name(place), layout)
        number = sum(commit.location == location for _, commit in self._staged)
        commit = LakeCommit(
            sink=sink,
            location=location,
            storage=storage,
            schema=schema,
            mark=self._mark(self._attempt.key.run_id, number),
            written_by=f"{self._attempt.key.node_id} in {self._attempt.key.run_id}",
            files={str(one.path.relative_to(place / FILES)): (one.path.stat().st_size, one) for one in written},
            changes_nothing=grows and not written,
            partitions=frozenset(one.partition_values for one in written),
        )
        self._staged.append((place, commit))
        self._bytes_staged = (self._bytes_staged or 0) + sum(size_bytes for size_bytes, _ in commit.files.values())
        rows = sum(file.rows for file in written)
        self._log.info(f"wrote {counted(rows, 'row')} for {sink.table}, to appear in {sink.path} when the job succeeds")
        return rows

    def prepare(self) -> None:
        """Put the data files where their tables are; no log names them yet."""
        for place, commit in self._staged:
            if commit.sink.mode != "upsert":
                with told(commit.sink):
                    self._journal.note(place, commit.location, [f"{commit.location}/{path}" for path in commit.files])
                    self._put.append(commit)
                    each(commit.put, commit.files)

    def publish(self) -> tuple[TableChange, ...]:
        """Commit, one table after the other, and return what the catalog should say of them."""
        changes = []
        overwritten: set[str] = set()
        for number, (_, commit) in enumerate(self._staged):
            before = sum(one.location == commit.location for _, one in self._staged[:number])
            lake = _FORMATS[commit.sink.format]
            if commit.sink.mode == "overwrite":
                overwritten.add(commit.location)
            runs = (self._attempt.key.run_id, *self._attempt.unfinished_in)
            marks = [self._mark(run, before) for run in runs]
            is_added = commit.sink.mode == "append" and commit.location not in overwritten
            with told(commit.sink):
                if is_added and lake.has_taken(commit.location, commit.storage, marks):
                    self._log.warning(
                        f"{commit.sink.table}: an earlier attempt of this node has committed its rows, and was killed"
                        " before it could say so; not written again"
                    )
                elif not commit.changes_nothing:
                    lake.commit(commit)
                    if commit in self._put:
                        self._put.remove(commit)
                self._appeared.append(commit.sink.table)
                changes.append(self._change(commit))
        return tuple(changes)

    @property
    def appeared(self) -> tuple[str, ...]:
        """The tables that have a new version."""
        return tuple(self._appeared)

    def take_back(self) -> None:
        """What is committed stays: others may build on it by now."""

    def give_up(self) -> int:
        """Let nothing be staged any more, and remove what was; what is on its way just now the next attempt removes."""
        self._journal.stop()
        return self._discard(keep_notes=bool(self._put))

    def discard(self) -> int:
        """Remove what was staged and not committed; return how many places that were."""
        return self._discard(keep_notes=False)

    def _discard(self, *, keep_notes: bool) -> int:
        for commit in self._put:
            paths = [f"{commit.location}/{path}" for path in commit.files]
            try:
                # What failed may have failed behind its commit.
                lake = _FORMATS[commit.sink.format].find(commit.location, commit.storage)
                commit.storage.remove(_unnamed(paths, lake, commit.storage))
            except Exception as error:  # The libraries' errors have no common kind; that of the attempt counts.
                keep_notes = True
                self._log.warning(f"{commit.location}: what was put there can't be removed now: {error}")
        self._put.clear()
        self._staged.clear()
        return self._journal.discard(keep_notes=keep_notes)

    def _mark(self, run_id: str, number: int) -> str:
        return f"glue-tui/{run_id}/{node_name(self._attempt.key.node_id)}/{number}"

    def _check_order(self, location: str, sink: TableSink) -> None:
        """Raise InvalidInput where rows would be added to what the same attempt replaces in part: tried again, it could
        not tell which of both it has done."""
        modes = {commit.sink.mode for _, commit in self._staged if commit.location == location} | {sink.mode}
        if "append" in modes and modes & {"overwrite_partitions", "upsert"}:
            raise InvalidInput(
                f"{sink.table}: {' and '.join(sorted(modes))} into one {sink.format} table by one job",
                hint="put the rows together and write them once",
            )

    def _fitted(self, frame: pl.LazyFrame, sink: TableSink, lake: Lake | None) -> pl.LazyFrame:
        """Return the rows in the types that the table has, or that it can have."""
        if lake is not None and lake.partition_by != sink.partition_by:
            raise InvalidInput(
                f"{sink.table} is partitioned by {', '.join(lake.partition_by) or 'nothing'}, these rows by"
                f" {', '.join(sink.partition_by) or 'nothing'}",
                hint="a table keeps its partitioning: write another one, or partition as it is",
            )
        schema = frame.collect_schema()
        known = lake.schema if lake is not None and sink.mode != "overwrite" else pl.Schema()
        columns = []
        for name, dtype in schema.items():
            found = glue_type(dtype)
            wanted = known.get(name, polars_type(found))
            if name in known and wider(glue_type(wanted), found) != glue_type(wanted):
                raise InvalidInput(
                    f"{sink.table}: column {name} is {glue_type(wanted)} in the table, {found} in these rows",
                    hint="cast it to what the table has, or overwrite the table",
                )
            held = plain_column(name, dtype)
            columns.append((pl.col(name) if held is None else held).cast(wanted))
        for key in sink.partition_by if sink.mode == "overwrite_partitions" else ():
            if schema.get(key, pl.String()).is_float() or isinstance(schema.get(key), pl.Datetime):
                raise InvalidInput(f"{sink.table}: partitions by {key}, {glue_type(schema[key])}, can't be replaced")
        if known and (fresh := [name for name in schema if name not in known]):
            self._log.warning(f"{sink.table}: new: {', '.join(fresh)}; null in the rows of before")
        if known and (absent := [name for name in known if name not in schema]):
            self._log.warning(f"{sink.table}: these rows have no {', '.join(absent)}: null")
        fitted = frame.select(columns)
        if sink.mode == "upsert" and all(key in schema for key in sink.keys):
            fitted = fitted.unique(subset=list(sink.keys), keep="last", maintain_order=True)
        return fitted

    def _change(self, commit: LakeCommit) -> TableChange:
        """Return the table as its newest version has it."""
        sink, storage = commit.sink, commit.storage
        lake = _FORMATS[sink.format].find(commit.location, storage)
        assert lake is not None
        version = read_log_of(lake.log, storage)
        schema = scan_lake(lake.log, storage).collect_schema()
        columns = {name: Column(name=name, type=glue_type(dtype)) for name, dtype in schema.items()}
        keys = tuple(columns.pop(name) for name in version.keys)
        location = self._shown(commit.location)
        database, _, name = sink.table.lower().partition(".")
        url = self._attempt.connections.get(sink.connection, "")
        words = f"version {version_of(lake.log.rpartition('/')[2])}"
        table = Table(
            database=database,
            name=name,
            classification=sink.format,
            location=location,
            columns=tuple(columns.values()),
            partition_keys=keys,
            formats=(FileFormat(classification=sink.format, columns=tuple(columns)),),
            parameters={
                "classification": sink.format,
                LAKE_VERSION: words + (f", snapshot {version.snapshot}" if version.snapshot else ""),
                **({CONNECTION_URL_PARAMETER: url} if url else {}),
            },
        )
        listed = objects_below(storage, commit.location) if is_s3(commit.location) else None
        log = DataFile(path=lake.log, size_bytes=0, mtime_ns=0, rows=0)
        parts = (
            DataFile(path=one.path, size_bytes=one.size_bytes, mtime_ns=0, rows=one.rows, partition_values=one.values)
            for one in version.files
        )
        files = []
        for file in (log, *parts):
            status = listed[file.path] if listed is not None else local_status(os.stat(file.path))  # noqa: PTH116
            files.append(
                replace(
                    file,
                    path=self._shown(file.path),
                    size_bytes=status.size_bytes,
                    mtime_ns=status.mtime_ns,
                    tag=status.tag if file.path == lake.log else "",
                )
            )
        return TableChange(
            kind=self._tables.kind(table),
            table=table,
            written_by=self._attempt.key.node_id,
            files=tuple(files),
        )

    def _shown(self, path: str) -> str:
        return path if is_s3(path) else relative(Path(path), self._project_dir)


def _unnamed(paths: Sequence[str], lake: Lake | None, storage: Storage) -> list[str]:
    """Return those of the paths that are no data files of a table."""
    named = {file.path for file in read_log_of(lake.log, storage).files} if lake is not None else set()
    return [path for path in paths if path not in named]


def _refuse_what_is_no_lake(sink: TableSink, location: str, storage: Storage) -> None:
    if is_s3(location):
        first = next(iter(objects_below(storage, location)), None)
    else:
        first = next((str(path) for path in Path(location).rglob("*") if path.is_file()), None)
    if first is not None:
        raise InvalidInput(
            f"path of {sink.table}: {sink.path} is no {sink.format} table, and holds {first}",
            hint="choose a folder of its own for the table",
        )
