"""Files of a job's tables: staged beside their target, then made visible all at once.

How it is atomic. Every file has a name of its own (run, job, attempt), is written and synced in a hidden folder beside
the target (`glue_tui.catalog.set_aside`); the files already there that stay (for `append` all, for
`overwrite_partitions` those of other partitions) are linked in as well. At the end of the
attempt the two folders change places in one system call (`glue_tui.jobs.targets.swap`). So whoever lists the folder
sees all of the old or all of the new, also if the worker is killed at any moment. Whoever goes by the catalog reads the
old files until the engine has committed the attempt's end, and then the new ones; never a mixture, as no name is used
twice. Two limits: a file system that can't exchange folders has a moment between two renames, and a program that walks
partition folders by path just then may meet those of both; the catalog's list has neither.

What a killed attempt leaves behind are hidden folders. The next attempt at the same target removes those whose files
the catalog does not list, and the engine the others when that attempt's end is committed.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from glue_tui.catalog.set_aside import hidden_place, hidden_places, remove_folder, set_aside
from glue_tui.core.job import TableSink
from glue_tui.core.model import node_name
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import DataFile, Table, TableChange
from glue_tui.jobs.targets.files import (
    Layout,
    WrittenFile,
    check_overwritten,
    check_partitioned,
    partition_of,
    partitions_of,
    refusal,
    same_partition,
    write_files,
)
from glue_tui.jobs.targets.swap import swap_folders
from glue_tui.jobs.targets.tables import Tables
from glue_tui.jobs.targets.target import Attempt, Frame
from glue_tui.jobs.targets.waiting import alone_in, left_behind, locked_place, sync_folder, sync_folders
from glue_tui.logs.write import counted

_REMOVALS_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Staged:
    """Files that wait beside their target."""

    sink: TableSink
    target: Path
    folder: Path
    table: Table
    files: tuple[WrittenFile, ...]
    key_types: tuple[pl.DataType, ...]
    partitions: frozenset[tuple[str, ...]]
    """Those that overwrite_partitions replaces."""
    linked: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Files of before that lie beside the new ones by now, by their path below the folder: which version of each."""

    def is_replaced(self, path: str) -> bool:
        """Whether a file of before, by its path below the table's folder, gives way to these."""
        values = partition_of(path, self.sink.partition_by) if self.partitions else None
        return values is not None and same_partition(values, self.key_types) in self.partitions


class Folders:
    """Stages the files of one attempt, and publishes them in the order in which they were staged, or discards them."""

    def __init__(self, attempt: Attempt) -> None:
        self._key = key = attempt.key
        self._project_dir = attempt.project_dir
        self._catalog = attempt.catalog
        self._log = attempt.log
        self._tables = Tables(attempt.catalog, attempt.log)
        self._staged: list[_Staged] = []
        self._staging = threading.Lock()
        """Held between making a place and knowing of it: a job is stopped from another thread."""
        self._folders: list[tuple[Path, int]] = []
        """Every staging folder of this attempt with its lock, also those whose writing failed."""
        self._set_aside: dict[Path, list[Path]] = {}
        """By target: folders with files that were overwritten and that the catalog goes on listing."""
        self._bytes_staged: int | None = None
        self._pages: list[tuple[Path, Path, int]] = []
        """Single files: the staged one, its target and its lock."""
        self._appeared: list[str] = []
        self._node_prefix = f"{key.run_id}-{node_name(key.node_id)}-"
        runs = "|".join(map(re.escape, (key.run_id, *attempt.unfinished_in)))
        self._node_file = re.compile(rf"(({runs})-{re.escape(node_name(key.node_id))}-\d+-)\d+-\d+\.\w+")
        """Names of this node's files in this run, and in those that it resumes; first what tells the attempts apart."""

    @property
    def bytes_staged(self) -> int | None:
        """Size of the files that were staged; None if there are none."""
        return self._bytes_staged

    def stage(self, frame: Frame, sink: TableSink) -> int:
        """Write `frame` beside the folder `sink.path` and return its rows. Raises InvalidInput for a bad target."""
        target = checked_folder(sink, self._project_dir)
        if sink.mode == "overwrite":
            check_overwritten(sink, _files_below(target))
        number = len(self._folders)
        folder = hidden_place(target, f"{self._node_prefix}{self._key.attempt}-{number}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._remove_leftovers(target)
            with self._staging:
                self._folders.append((folder, locked_place(folder)))
        except OSError as error:
            raise refusal(error, sink, folder) or error from error
        lazy = frame.lazy()
        schema = lazy.collect_schema()
        table = self._tables.written(sink, schema, relative(target, Path(os.path.realpath(self._project_dir))))
        layout = Layout(keeps_empty=not self._tables.grows(sink))
        files = write_files(lazy, sink, folder, f"{self._node_prefix}{self._key.attempt}-{number}", layout)
        key_types = tuple(schema[key] for key in sink.partition_by)
        new = partitions_of(files, key_types) if sink.mode == "overwrite_partitions" else frozenset()
        self._staged.append(
            _Staged(
                sink=sink,
                target=target,
                folder=folder,
                table=table,
                files=files,
                key_types=key_types,
                partitions=new,
            )
        )
        rows = sum(file.rows for file in files)
        self._count_bytes(sum(file.path.stat().st_size for file in files))
        what = f"{counted(rows, 'row')} for {sink.table} in {counted(len(files), 'file')}"
        self._log.info(f"wrote {what}, to appear in {sink.path} when the job succeeds")
        return rows

    def stage_file(self, path: str, content: bytes) -> None:
        """Write one file beside its place, to be put there by `publish`."""
        target = Path(os.path.realpath(self._project_dir / path))
        if target.is_dir():
            raise InvalidInput(f"{path} is a folder", hint="name a file in it")
        target.parent.mkdir(parents=True, exist_ok=True)
        self._remove_leftovers(target)
        staged = hidden_place(target, f"{self._node_prefix}{self._key.attempt}-{len(self._pages)}")
        with self._staging:
            lock_fd = locked_place(staged, is_file=True)
            self._pages.append((staged, target, lock_fd))
        with open(lock_fd, "wb", closefd=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._count_bytes(len(content))

    def _count_bytes(self, size_bytes: int) -> None:
        self._bytes_staged = (self._bytes_staged or 0) + size_bytes

    def prepare(self) -> None:
        """Put what stays of the files of before beside the new ones: to change places needs no space then.

        Raises InvalidInput where partitions are to be replaced in a folder that has none, and for a disk that is full.
        """
        for staged in self._staged:
            if staged.sink.mode == "overwrite_partitions":
                check_partitioned(staged.sink, _files_below(staged.target))
            written = (os.path.relpath(file.path, staged.folder) for file in staged.files)
            sync_folders(_folders_of(staged, written))
            if staged.sink.mode != "overwrite":
                try:
                    self._take_over(staged)
                except OSError as error:
                    raise refusal(error, staged.sink, staged.folder) or error from error

    def publish(self) -> tuple[TableChange, ...]:
        """Make everything staged visible and return what the catalog should say of it."""
        changes = []
        for staged in self._staged:
            with alone_in(staged.target.parent, self._log.warning):
                replaced = self._take_over(staged) if staged.sink.mode != "overwrite" else ()
                _put_in_place(staged.folder, staged.target)
                if staged.sink.mode != "append" and staged.folder.exists():
                    self._set_aside.setdefault(staged.target, []).append(staged.folder)
                self._appeared.append(staged.sink.table)
                sync_folder(staged.target.parent)
            changes.append(self._change(staged, replaced))
        for page, target, _ in self._pages:
            page.replace(target)
            self._appeared.append(relative(target, Path(os.path.realpath(self._project_dir))))
            sync_folder(target.parent)
        return tuple(changes)

    @property
    def appeared(self) -> tuple[str, ...]:
        """The tables whose folders have changed, and the files that were put in place."""
        return tuple(self._appeared)

    def take_back(self) -> None:
        """What has changed places stays: others may have added to it by now."""

    def give_up(self) -> int:
        """Let nothing be staged any more, remove what was, and return how many folders that were. The job ends."""
        self._staging.acquire()
        return self.discard()

    def discard(self) -> int:
        """Remove every staging folder of this attempt, but not what the catalog lists; return how many there were."""
        removed = 0
        kept = set(itertools.chain.from_iterable(self._set_aside.values()))
        for folder, lock_fd in self._folders:
            if folder not in kept:
                removed += 1
                # A query that is stopped may be writing its next file just now.
                for _ in range(_REMOVALS_MAX):
                    remove_folder(folder)
                    if not folder.exists():
                        break
            os.close(lock_fd)
        for page, _, lock_fd in self._pages:
            page.unlink(missing_ok=True)
            os.close(lock_fd)
        self._folders.clear()
        self._pages.clear()
        self._staged.clear()
        return removed

    def _remove_leftovers(self, target: Path) -> None:
        own = {folder for folder, _ in self._folders} | {page for page, _, _ in self._pages}
        leftovers = sorted(set(hidden_places(target)) - own)
        missing = self._missing_files(target) if leftovers else ()
        for leftover in leftovers:
            if any((leftover / path).exists() for path in missing):
                self._set_aside.setdefault(target, []).append(leftover)
                continue
            with left_behind(leftover) as is_left:
                if is_left and leftover.is_dir():
                    remove_folder(leftover)
                elif is_left:
                    leftover.unlink(missing_ok=True)
            if is_left:
                self._log.info(f"removed {leftover.name}, left behind by an earlier attempt")

    def _missing_files(self, target: Path) -> tuple[Path, ...]:
        """Return the files below a target that the catalog lists and that were set aside by a killed attempt."""
        paths = (
            self._project_dir / file.path
            for entry in self._catalog.tables()
            if Path(os.path.realpath(self._project_dir / entry.table.location)) == target
            for file in self._catalog.files(entry.full_name)
        )
        return tuple(
            path.relative_to(target)
            for path in map(Path, map(os.path.realpath, paths))
            if path.is_relative_to(target) and not path.exists()
        )

    def _take_over(self, staged: _Staged) -> tuple[str, ...]:
        """Link the table's files that stay beside the new ones, and return the paths of those that are replaced.

        What was linked before and is as it was stays linked; what others have taken away meanwhile goes again.

        None of an earlier attempt of this node stays. That one published and was killed before it could say so: this
        attempt replaces, not repeats, what it added, and takes back what it replaced.
        """
        replaced = []
        stay = {}
        for path, file in self._present_files(staged).items():
            own = self._node_file.fullmatch(file.name)
            if own and own[1] != f"{self._node_prefix}{self._key.attempt}-":
                continue
            if staged.is_replaced(path):
                replaced.append(path)
            else:
                stay[path] = file
        versions = {path: _version(file) for path, file in stay.items()}
        for path in [path for path, version in staged.linked.items() if versions.get(path) != version]:
            (staged.folder / path).unlink()
            del staged.linked[path]
        fresh = versions.keys() - staged.linked.keys()
        folders = _folders_of(staged, fresh)
        for folder in folders:
            folder.mkdir(exist_ok=True)
        for path in fresh:
            try:
                os.link(stay[path], staged.folder / path)
            except OSError:
                shutil.copy2(stay[path], staged.folder / path)
            staged.linked[path] = versions[path]
        sync_folders(folders)
        return tuple(replaced)

    def _present_files(self, staged: _Staged) -> dict[str, Path]:
        """Return the files of a table by their path below its folder: those that are there, and those that the catalog
        lists and a killed attempt has set aside."""
        found = {path: staged.target / path for path in _files_below(staged.target)}
        for missing in self._missing_files(staged.target) if staged.sink.mode == "overwrite_partitions" else ():
            aside = set_aside(staged.target, staged.target / missing)
            if aside is not None:
                found[str(missing)] = aside
        return found

    def _change(self, staged: _Staged, replaced: tuple[str, ...]) -> TableChange:
        sink = staged.sink
        project_dir = Path(os.path.realpath(self._project_dir))
        files = []
        for file in staged.files:
            path = staged.target / file.path.relative_to(staged.folder)
            status = path.stat()
            files.append(
                DataFile(
                    path=relative(path, project_dir),
                    size_bytes=status.st_size,
                    mtime_ns=status.st_mtime_ns,
                    rows=file.rows,
                    partition_values=file.partition_values,
                )
            )
        return TableChange(
            kind=self._tables.kind(staged.table),
            table=staged.table,
            written_by=self._key.node_id,
            files=tuple(files),
            replace_files=sink.mode == "overwrite",
            removed_paths=tuple(relative(staged.target / path, project_dir) for path in replaced),
            replaced_folders=tuple(relative(one, project_dir) for one in self._set_aside.get(staged.target, ()))
            if sink.mode != "append"
            else (),
        )


def _folders_of(staged: _Staged, paths: Iterable[str]) -> list[Path]:
    """Return the folders in which files below a staging folder lie, that one itself first, outer before inner ones."""
    folders = {os.path.dirname(path) for path in paths}  # noqa: PTH120 -- of 10,000 partitions
    outer = {str(parent) for folder in folders for parent in Path(folder).parents}
    return [staged.folder / folder for folder in sorted({"", *folders, *outer} - {"."})]


def _version(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_ino, status.st_mtime_ns


def checked_folder(sink: TableSink, project_dir: Path) -> Path:
    """Return the folder of a table, without links. Raises InvalidInput where there can be none."""
    if "://" in sink.path:
        raise InvalidInput(
            f"path of {sink.table}: {sink.path} is no folder of this machine",
            hint="a folder, or s3://bucket/folder",
        )
    target = Path(os.path.realpath(project_dir / sink.path))
    project_dir = Path(os.path.realpath(project_dir))
    if target == project_dir or target in project_dir.parents:
        raise InvalidInput(f"path of {sink.table}: {sink.path} holds the whole project", hint="name a folder below it")
    if target.exists() and not target.is_dir():
        raise InvalidInput(f"path of {sink.table}: {sink.path} is a file", hint="a table is written into a folder")
    return target


def _put_in_place(folder: Path, target: Path) -> None:
    """Let `folder` appear as `target`; what was there before has the name of `folder` afterwards."""
    try:
        # An empty folder may be replaced by a rename; anything else has to change places.
        folder.rename(target)
    except OSError:
        swap_folders(folder, target)


def relative(path: Path, project_dir: Path) -> str:
    """Return a path as the catalog keeps it."""
    return str(path.relative_to(project_dir)) if path.is_relative_to(project_dir) else str(path)


def _files_below(folder: Path) -> Iterator[str]:
    """Yield the paths of all files below a folder, relative to it; of none that is not there."""
    for place, _, names in os.walk(folder):
        yield from (os.path.relpath(os.path.join(place, name), folder) for name in names)  # noqa: PTH118
