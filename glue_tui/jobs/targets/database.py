"""Rows of a job for databases: kept until the job has succeeded, then brought in, each database in one transaction.

All databases take their rows before the first one commits: what one of them refuses leaves all as they were.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from glue_tui.catalog.database_writes import DatabaseTransaction, TableWrite, database_behind, open_transaction
from glue_tui.catalog.row_batches import RowBatches
from glue_tui.core.job import DatabaseSink
from glue_tui.core.model import node_name
from glue_tui.core.schema import TableChange
from glue_tui.jobs.targets.target import Attempt, Frame
from glue_tui.logs.write import counted


@dataclass(slots=True)
class _Database:
    """What waits for one database, in the order in which it was written."""

    connection: str
    writes: list[TableWrite] = field(default_factory=list)
    transaction: DatabaseTransaction | None = None

    @property
    def rows_added(self) -> int:
        return sum(write.rows.height for write in self.writes if write.mode == "append")


class Databases:
    """Takes the rows of one attempt, and brings them in when it has succeeded, or never."""

    def __init__(self, attempt: Attempt) -> None:
        self._key = attempt.key
        self._unfinished_in = attempt.unfinished_in
        self._log = attempt.log
        self._project_dir = attempt.project_dir
        self._urls = attempt.connection_urls
        self._databases: dict[str, _Database] = {}
        self._appeared: list[str] = []

    @property
    def bytes_staged(self) -> int | None:
        """There are no files."""
        return None

    def stage(self, frame: Frame, sink: DatabaseSink) -> int:
        """Compute rows for the database behind a connection, and keep them."""
        place = database_behind(self._urls[sink.connection], self._project_dir)
        write = TableWrite(
            table=sink.table,
            rows=RowBatches(frame),
            mode=sink.mode,
            keys=sink.keys,
            partition_by=sink.partition_by,
        )
        self._databases.setdefault(place, _Database(sink.connection)).writes.append(write)
        rows = counted(write.rows.height, "row")
        self._log.info(f"{rows} for {write.table}, to appear behind {sink.connection} when the job succeeds")
        return write.rows.height

    def prepare(self) -> None:
        """Bring all rows in, uncommitted. Raises InvalidInput if a database refuses them.

        In the order of their places, so that two jobs never wait for each other in a circle.
        """
        for _, database in sorted(self._databases.items()):
            url = self._urls[database.connection]
            transaction = database.transaction = open_transaction(url, self._project_dir, self._log.warning)
            appends = any(write.mode == "append" for write in database.writes)
            if appends and not transaction.is_first_of(
                self._key.run_id, node_name(self._key.node_id), database.rows_added, self._unfinished_in
            ):
                tables = ", ".join(dict.fromkeys(write.table for write in database.writes))
                self._log.warning(
                    f"{tables} behind {database.connection}: an earlier attempt of this node has committed"
                    " its rows, and was killed before it could say so; not written again"
                )
                database.writes.clear()
            transaction.write(*database.writes)

    def publish(self) -> tuple[TableChange, ...]:
        """Let the rows appear, one database after the other; the catalog learns of them from a crawler."""
        for database in self._databases.values():
            assert database.transaction is not None
            database.transaction.commit()
            for write in database.writes:
                self._appeared.append(f"{write.table} behind {database.connection}")
                rows = counted(write.rows.height, "row")
                self._log.info(f"{write.mode} {write.table} behind {database.connection}: {rows}")
        return ()

    @property
    def appeared(self) -> tuple[str, ...]:
        """The tables of those that have committed."""
        return tuple(self._appeared)

    def take_back(self) -> None:
        """What is committed stays."""

    def give_up(self) -> int:
        """Leave it to the databases: they forget what was not committed when the process ends."""
        return 0

    def discard(self) -> int:
        """Let go of every database; what was not committed is gone, and no place was taken for it."""
        for database in self._databases.values():
            if database.transaction is not None:
                database.transaction.close()
            for write in database.writes:
                write.rows.close()
        self._databases.clear()
        return 0
