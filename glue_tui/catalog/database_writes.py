"""Writing rows into a database, in one transaction: a reader sees the tables as they were or as they are to be.

Here is what all kinds have in common; how each one is written is in `database_writes_sqlite` and
`database_writes_postgres`. Here is also what makes an attempt's rows come in exactly once. Whoever commits and is
killed before he can say so is run again; every mode stands that but append, which would add its rows twice. So a
transaction that appends notes in the same database, in a table of ours, which node of which run it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from glue_tui.catalog.database_urls import COMMITS_TABLE, sqlite_path
from glue_tui.catalog.row_batches import RowBatches
from glue_tui.core.database_urls import kind_of, server_url
from glue_tui.core.problem import InvalidInput, did_you_mean

COMMITS_KEPT_DAYS = 90
"""Longer than a run goes on: what a node has committed is asked for by further attempts, in the same run or in one that
resumes it."""
MODES = ("overwrite", "append", "overwrite_partitions", "upsert")

Tell = Callable[[str], None]
"""Says something to the user that he should know while it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableWrite:
    """Rows for one table.

    overwrite: the table has exactly these rows afterwards; append: they are added; overwrite_partitions: rows with the
    same values of `partition_by` as any of these go first; upsert: a row with the same `keys` is replaced, the last one
    wins. Raises InvalidInput for a wrong mode or column, and for keys that hold nulls.
    """

    table: str
    rows: RowBatches
    mode: str = "overwrite"
    keys: tuple[str, ...] = ()
    partition_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.rows.schema)


class DatabaseTransaction(Protocol):
    """Several writes into one database, visible from `commit` on; `close` without it leaves all as it was.

    Tables are made if they are missing. Raises InvalidInput where the database refuses.
    """

    def is_first_of(self, run_id: str, node: str, rows: int, earlier_run_ids: Sequence[str] = ()) -> bool:
        """Note that this node of this run adds rows here; False if it has, by an attempt that nobody heard the end of.

        In one of `earlier_run_ids` counts as well. The note becomes true with `commit`. Old ones are forgotten. To be
        asked before anything is written.
        """

    def write(self, *writes: TableWrite) -> None:
        """Bring the rows in, one table after the other.

        Raises InvalidInput for a column that the table lacks, or rows that it refuses.
        """

    def commit(self) -> None: ...

    def close(self) -> None: ...


def open_transaction(url: str, project_dir: Path, tell: Tell) -> DatabaseTransaction:
    """Connect and begin. Raises InvalidInput where that can't be, with what stands in the way."""
    match kind_of(url):
        case "sqlite":
            from glue_tui.catalog.database_writes_sqlite import SqliteTransaction

            return SqliteTransaction(sqlite_path(url, project_dir), tell)
        case "postgresql" | "redshift":
            from glue_tui.catalog.database_writes_postgres import PostgresTransaction

            return PostgresTransaction(url, tell)
        case other:
            raise InvalidInput(f"{other} can't be written", hint="sqlite, postgresql and redshift can")


def database_behind(url: str, project_dir: Path) -> str:
    """Return a text that is the same for URLs of one database and one user, without the password."""
    return str(sqlite_path(url, project_dir).resolve()) if kind_of(url) == "sqlite" else str(server_url(url))


def commit_stamps() -> tuple[str, str]:
    """Return what a note of a commit says of now, and what the oldest says that is kept."""
    now = datetime.now(UTC)
    return _stamp(now), _stamp(now - timedelta(days=COMMITS_KEPT_DAYS))


def no_such_column(table: str, name: str, known: tuple[str, ...], way_out: str) -> InvalidInput:
    """Return that a table lacks a column of the rows, with the nearest it has and the way out."""
    return InvalidInput(f"table {table} has no column {name!r}", hint=f"{did_you_mean(name, known)} {way_out}".strip())


def several_with_key(table: str, keys: Sequence[str]) -> InvalidInput:
    return InvalidInput(
        f"table {table} already holds several rows with the same {', '.join(keys)}",
        hint="choose keys that tell its rows apart, or overwrite the table once",
    )


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _check(write: TableWrite) -> None:
    table, columns = write.table, write.columns
    if write.mode not in MODES:
        raise InvalidInput(f"mode {write.mode!r} for table {table}", hint=", ".join(MODES))
    if not columns:
        raise InvalidInput(f"nothing to write into table {table}: the frame has no columns")
    if table.rpartition(".")[2] == COMMITS_TABLE:
        raise InvalidInput(f"table {table} is glue-tui's own", hint="choose another name")
    for name, mode, wanted in (("keys", "upsert", write.keys), ("partition_by", MODES[2], write.partition_by)):
        if write.mode != mode:
            continue
        if not wanted:
            raise InvalidInput(f"{mode} of table {table} needs {name}", hint=f'{name} = ["…"]')
        for column in wanted:
            if column not in columns:
                what = "key" if name == "keys" else "column"
                raise InvalidInput(
                    f"{what} {column!r} is no column of the rows for table {table}", hint=did_you_mean(column, columns)
                )
    if write.mode == "upsert":
        for key, nulls in write.rows.null_counts(write.keys).items():
            if nulls:
                raise InvalidInput(
                    f"key {key!r} is null in {nulls} rows for table {table}",
                    hint="rows without their key can't be matched: fill or drop them first",
                )
