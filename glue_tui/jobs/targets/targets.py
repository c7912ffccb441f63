"""All the targets of one attempt: each sink goes to its kind, and all kinds take each step together."""

from __future__ import annotations

from typing import assert_never

from glue_tui.catalog.readers.lake_tables import LAKES
from glue_tui.core.job import DatabaseSink, Sink, TableSink
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.s3_urls import is_s3
from glue_tui.core.schema import TableChange
from glue_tui.jobs.targets.database import Databases
from glue_tui.jobs.targets.folder import Folders
from glue_tui.jobs.targets.lakes import Lakes
from glue_tui.jobs.targets.objects import Objects
from glue_tui.jobs.targets.target import Attempt, Frame


class Targets:
    """What an attempt writes waits here until `publish`; `discard` leaves nothing of it."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._databases = Databases(attempt)
        self._folders = Folders(attempt)
        self._objects = Objects(attempt)
        self._lakes = Lakes(attempt)
        # Databases and lakes first: they are the ones that can refuse to commit.
        self._kinds = (self._databases, self._lakes, self._objects, self._folders)

    def stage(self, frame: Frame, sink: Sink) -> int:
        """Write the rows where nobody sees them and return their number. Raises InvalidInput for a bad target."""
        self._check_connection(sink.connection)
        match sink:
            case TableSink():
                if sink.mode == "upsert" and sink.format != "delta":
                    raise InvalidInput(
                        f"{sink.table}: {sink.format} files can't be upserted", hint='format = "delta" can'
                    )
                if sink.format in LAKES:
                    return self._lakes.stage(frame, sink)
                return (self._objects if is_s3(sink.path) else self._folders).stage(frame, sink)
            case DatabaseSink():
                return self._databases.stage(frame, sink)
            case _:
                assert_never(sink)

    @property
    def bytes_staged(self) -> int | None:
        """Size of the files that were staged, None if there are none."""
        sizes = [kind.bytes_staged for kind in self._kinds]
        return sum(size for size in sizes if size is not None) if any(size is not None for size in sizes) else None

    def stage_file(self, path: str, content: bytes) -> None:
        """Let one file, relative to the project folder, appear with `content` by `publish`."""
        self._folders.stage_file(path, content)

    def prepare(self) -> None:
        """Do all that may still be refused; nothing appears yet. Databases last: they are kept waiting meanwhile."""
        for kind in reversed(self._kinds):
            kind.prepare()

    def publish(self) -> tuple[TableChange, ...]:
        """Let everything appear, one target after the other.

        A kill in between is healed by the next attempt: each target takes the same attempt's work only once.
        """
        return tuple(change for kind in self._kinds for change in kind.publish())

    def give_up(self) -> int:
        """Let nothing be staged any more, remove what was, and return how many places that were."""
        return sum(kind.give_up() for kind in self._kinds)

    def discard(self) -> int:
        """Remove what was staged and not published; return how many places that were."""
        return sum(kind.discard() for kind in self._kinds)

    def _check_connection(self, name: str) -> None:
        known = self._attempt.connection_urls
        if name and name not in known:
            raise EntityNotFound(f'no connection named "{name}"', hint=did_you_mean(name, tuple(known)))
