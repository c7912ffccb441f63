"""Files of a job's tables as objects of S3: written here, uploaded beside their place, copied there at the end.

How it is whole. Every object has a name of its own (run, job, attempt). Before anything appears all of them lie under a
hidden prefix beside the table's (`.name.tmp-…`); to publish is to have the server copy them to where they belong. Those
that they replace stay until the engine has committed the attempt's end, and go then. So whoever goes by the catalog
sees all of the old or all of the new. S3 can't change many objects at once: who lists the prefix meanwhile may meet the
old and some of the new. Delta and Iceberg tables are whole for every reader.

What a killed attempt leaves is noted (`glue_tui.jobs.targets.journal`) and removed by the next one at the same prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import polars as pl

from glue_tui.catalog.places import FileStatus, Storage, as_os_error, bucket_and_key, is_s3
from glue_tui.catalog.s3_access import CONNECTION_URL_PARAMETER, storage_for
from glue_tui.core.job import TableSink
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import DataFile, Table, TableChange
from glue_tui.jobs.targets.files import (
    Layout,
    WrittenFile,
    check_overwritten,
    check_partitioned,
    partition_of,
    partitions_of,
    same_partition,
    write_files,
)
from glue_tui.jobs.targets.journal import FILES, Journal, file_name
from glue_tui.jobs.targets.tables import Tables
from glue_tui.jobs.targets.target import Attempt, Frame
from glue_tui.logs.write import counted

THREADS = 16
_FILE_BYTES_MAX = 2 * 1024**3
"""S3 copies objects of up to 5 GiB at once."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Staged:
    sink: TableSink
    storage: Storage
    location: str
    place: Path
    table: Table
    files: dict[str, WrittenFile]
    """By their path below the prefix."""
    key_types: tuple[pl.DataType, ...]

    def final(self, path: str) -> str:
        return f"{self.location}/{path}"

    def hidden(self, path: str) -> str:
        folder, _, name = self.location.rpartition("/")
        return f"{folder}/.{name}.tmp-{file_name(self.place)}/{path}"

    def upload(self, path: str) -> None:
        self.storage.put(self.hidden(path), self.files[path].path)

    def appear(self, path: str) -> None:
        self.storage.copy(self.hidden(path), self.final(path))

    @property
    def noted(self) -> list[str]:
        return [url for path in self.files for url in (self.hidden(path), self.final(path))]


class Objects:
    """Stages the objects of one attempt, and publishes them in the order in which they were staged, or removes them."""

    def __init__(self, attempt: Attempt) -> None:
        self._key = attempt.key
        self._log = attempt.log
        self._attempt = attempt
        self._tables = Tables(attempt.catalog, attempt.log)
        self._journal = Journal(attempt)
        self._staged: list[_Staged] = []
        self._uploading: list[_Staged] = []
        """Those of which something may lie in the bucket that is not published."""
        self._bytes_staged: int | None = None

    @property
    def bytes_staged(self) -> int | None:
        """Size of the files that were staged; None if there are none."""
        return self._bytes_staged

    def stage(self, frame: Frame, sink: TableSink) -> int:
        """Write `frame` into files that wait here and return its rows. Raises InvalidInput for a bad target."""
        location = location_of(sink)
        url = self._attempt.connections.get(sink.connection, "")
        storage = storage_for(location, url, self._attempt.environment)
        with told(sink):
            self._journal.clear(location, storage.remove)
            if sink.mode == "overwrite":
                check_overwritten(sink, _paths_below(storage, location))
        lazy = frame.lazy()
        schema = lazy.collect_schema()
        table = self._tables.written(sink, schema, location)
        if url:
            table = replace(table, parameters={**table.parameters, CONNECTION_URL_PARAMETER: url})
        place = self._journal.place()
        layout = Layout(file_bytes_max=_FILE_BYTES_MAX, keeps_empty=not self._tables.grows(sink))
        files = write_files(lazy, sink, place / FILES, file_name(place), layout)
        self._staged.append(
            _Staged(
                sink=sink,
                storage=storage,
                location=location,
                place=place,
                table=table,
                files={str(file.path.relative_to(place / FILES)): file for file in files},
                key_types=tuple(schema[key] for key in sink.partition_by),
            )
        )
        self._bytes_staged = (self._bytes_staged or 0) + sum(file.path.stat().st_size for file in files)
        rows = sum(file.rows for file in files)
        what = f"{counted(rows, 'row')} for {sink.table} in {counted(len(files), 'file')}"
        self._log.info(f"wrote {what}, to appear in {location} when the job succeeds")
        return rows

    def prepare(self) -> None:
        """Upload everything, to where nobody looks."""
        for staged in self._staged:
            with told(staged.sink):
                if staged.sink.mode == "overwrite_partitions":
                    check_partitioned(staged.sink, _paths_below(staged.storage, staged.location))
                self._journal.note(staged.place, staged.location, staged.noted)
                self._uploading.append(staged)
                each(staged.upload, staged.files)

    def publish(self) -> tuple[TableChange, ...]:
        """Let the objects appear and return what the catalog should say of them."""
        changes = []
        for staged in self._staged:
            with told(staged.sink):
                each(staged.appear, staged.files)
                changes.append(self._change(staged))
        for staged in self._uploading:
            with told(staged.sink):
                staged.storage.remove([staged.hidden(path) for path in staged.files])
        for staged in self._staged:
            self._journal.published(staged.place)
        self._uploading.clear()
        return tuple(changes)

    @property
    def appeared(self) -> tuple[str, ...]:
        """None: an object that the catalog does not list can be taken back."""
        return ()

    def take_back(self) -> None:
        """Let `discard` remove what has appeared."""
        for staged in self._staged:
            self._journal.taken_back(staged.place)
        self._uploading = list(self._staged)

    def give_up(self) -> int:
        """Let nothing be staged any more, and remove what was; what is on its way just now the next attempt removes."""
        self._journal.stop()
        return self._discard(keep_notes=bool(self._uploading))

    def discard(self) -> int:
        """Remove what was staged and not published; return how many places that were."""
        return self._discard(keep_notes=False)

    def _discard(self, *, keep_notes: bool) -> int:
        for staged in self._uploading:
            try:
                staged.storage.remove(staged.noted)
            except OSError as error:
                keep_notes = True
                self._log.warning(
                    f"{staged.location}: what was uploaded can't be removed now, the next attempt does it:"
                    f" {error.strerror}"
                )
        self._uploading.clear()
        self._staged.clear()
        return self._journal.discard(keep_notes=keep_notes)

    def _change(self, staged: _Staged) -> TableChange:
        sink = staged.sink
        names = [staged.final(path) for path in staged.files]
        statuses: dict[str, FileStatus]
        replaced: list[str] = []
        if sink.mode == "append":
            statuses = dict(zip(names, each(staged.storage.status, names), strict=True))
        else:
            statuses = objects_below(staged.storage, staged.location)
            new = partitions_of(staged.files.values(), staged.key_types)
            for url in statuses.keys() - set(names):
                values = partition_of(url.removeprefix(f"{staged.location}/"), sink.partition_by)
                if sink.mode == "overwrite" or (values and same_partition(values, staged.key_types) in new):
                    replaced.append(url)
        return TableChange(
            kind=self._tables.kind(staged.table),
            table=staged.table,
            written_by=self._key.node_id,
            files=tuple(
                _data_file(staged.final(path), statuses[staged.final(path)], file)
                for path, file in staged.files.items()
            ),
            replace_files=sink.mode == "overwrite",
            removed_paths=tuple(sorted(replaced)) if sink.mode != "overwrite" else (),
            replaced_folders=(str(staged.place),),
            replaced_objects=tuple(sorted(replaced)),
        )


def location_of(sink: TableSink) -> str:
    """Return the prefix of a table on S3. Raises InvalidInput for a bucket as a whole."""
    location = sink.path.rstrip("/")
    if not bucket_and_key(location)[1]:
        raise InvalidInput(
            f"path of {sink.table}: {sink.path} is a whole bucket", hint="a table is written into a folder of it"
        )
    return location


def objects_below(storage: Storage, location: str) -> dict[str, FileStatus]:
    """Return the objects below a prefix, by their URLs. Raises InvalidInput where one can't be named."""
    lost: list[str] = []
    found = dict(storage.list_objects(location, lambda key, folder: lost.append(key)))
    if lost:
        raise InvalidInput(
            f"{location}: the name of {lost[0]!r} can't be read", hint="rename it, or choose another prefix"
        )
    return found


def _data_file(url: str, status: FileStatus, file: WrittenFile) -> DataFile:
    return DataFile(
        path=url,
        size_bytes=status.size_bytes,
        mtime_ns=status.mtime_ns,
        rows=file.rows,
        partition_values=file.partition_values,
        tag=status.tag,
    )


def _paths_below(storage: Storage, location: str) -> list[str]:
    """Return the objects below a prefix, by their paths below it."""
    return [url.removeprefix(f"{location}/") for url in objects_below(storage, location)]


@contextmanager
def told(sink: TableSink) -> Iterator[None]:
    """Raise InvalidInput for what S3 refuses."""
    try:
        yield
    except OSError as error:
        # The packages of lakes raise such errors with nothing but their own words.
        is_plain = error.strerror or not is_s3(sink.path)
        known = error if is_plain else as_os_error(error, sink.path, to="write")
        why = f"{known.filename}: {known.strerror}" if known.strerror else str(known).partition("\n")[0]
        raise InvalidInput(f"{sink.table}: {why}") from error


def each(do: Callable[[str], T], paths: Iterable[str]) -> list[T]:
    """Do the same for every path, several at a time."""
    with ThreadPoolExecutor(THREADS) as threads:
        try:
            return list(threads.map(do, paths))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
