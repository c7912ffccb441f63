"""Rows of a job for databases: kept until the job has succeeded, then brought in, each database in one transaction.

All databases take their rows before the first one commits: what one of them refuses leaves all as they were.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from glue_tui.catalog.database_writes import DatabaseTransaction, TableWrite
from glue_tui.core.attempt import AttemptKey
from glue_tui.core.model import RunId, node_name
from glue_tui.logs.write import LogWriter, counted


@dataclass(slots=True)
class _Database:
    """What waits for one database, in the order in which it was written."""

    connection: str
    writes: list[TableWrite] = field(default_factory=list)
    transaction: DatabaseTransaction | None = None

    @property
    def rows_added(self) -> int:
        return sum(write.frame.height for write in self.writes if write.mode == "append")


class DatabasePublisher:
    """Takes the rows of one attempt, and brings them in when it has succeeded, or never."""

    def __init__(self, key: AttemptKey, log: LogWriter, unfinished_in: tuple[RunId, ...] = ()) -> None:
        self._key = key
        self._unfinished_in = unfinished_in
        self._log = log
        self._databases: dict[Path, _Database] = {}

    def stage(self, write: TableWrite, path: Path, connection: str) -> None:
        """Keep rows for the database file at `path`."""
        self._databases.setdefault(path.resolve(), _Database(connection)).writes.append(write)
        rows = counted(write.frame.height, "row")
        self._log.info(f"{rows} for {write.table}, to appear behind {connection} when the job succeeds")

    def prepare(self) -> None:
        """Bring all rows in, uncommitted. Raises InvalidInput if a database refuses them.

        In the order of their paths, so that two jobs never wait for each other in a circle.
        """
        for path, database in sorted(self._databases.items()):
            transaction = database.transaction = DatabaseTransaction(path)
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
            for write in database.writes:
                transaction.write(write)

    def commit(self) -> None:
        """Let the rows appear, one database after the other."""
        for database in self._databases.values():
            assert database.transaction is not None
            database.transaction.commit()
            for write in database.writes:
                rows = counted(write.frame.height, "row")
                self._log.info(f"{write.mode} {write.table} behind {database.connection}: {rows}")

    def discard(self) -> None:
        """Let go of every database; what was not committed is gone."""
        for database in self._databases.values():
            if database.transaction is not None:
                database.transaction.close()
        self._databases.clear()
