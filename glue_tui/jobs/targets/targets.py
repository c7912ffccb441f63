"""All the targets of one attempt: each sink goes to its kind, and all kinds take each step together."""

from __future__ import annotations

from typing import Any, assert_never

from glue_tui.catalog.readers.lake_tables import LAKES
from glue_tui.core.job import DatabaseSink, Sink, TableSink
from glue_tui.core.problem import EntityNotFound, GlueTuiError, InvalidInput, did_you_mean
from glue_tui.core.s3_urls import is_s3
from glue_tui.core.schema import TableChange
from glue_tui.jobs.targets.database import Databases
from glue_tui.jobs.targets.folder import Folders
from glue_tui.jobs.targets.lakes import Lakes
from glue_tui.jobs.targets.objects import Objects
from glue_tui.jobs.targets.target import Attempt, Frame, Target


class Targets:
    """What an attempt writes waits here until `publish`; `discard` leaves nothing of it."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._databases = Databases(attempt)
        self._folders = Folders(attempt)
        self._objects = Objects(attempt)
        self._lakes = Lakes(attempt)
        # Objects first: they can be taken back. Then lakes, whose commit others may have got ahead of; databases hold
        # what they commit, and folders only change places.
        self._kinds = (self._objects, self._lakes, self._databases, self._folders)

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
        for kind in (self._folders, self._objects, self._lakes, self._databases):
            kind.prepare()

    def publish(self) -> tuple[TableChange, ...]:
        """Let everything appear, one target after the other.

        A kill in between is healed by the next attempt: each target takes the same attempt's work only once. Where one
        refuses, what can be is taken back, and the InvalidInput raised says what can't.
        """
        changes: list[TableChange] = []
        done: list[Target[Any]] = []
        try:
            for kind in self._kinds:
                changes += kind.publish()
                done.append(kind)
        except Exception as error:
            for one in done:
                one.take_back()
            appeared = dict.fromkeys(name for kind in self._kinds for name in kind.appeared)
            if not appeared:
                raise
            said, hint = (error.message, error.hint) if isinstance(error, GlueTuiError) else (str(error), "")
            way_out = f"`glue-tui retry {self._attempt.run_number}` brings in the rest, and nothing twice"
            raise InvalidInput(
                f"{said}; what was published before that stays: {', '.join(appeared)}",
                hint=". ".join(filter(None, (hint, way_out))),
            ) from error
        return tuple(changes)

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
