"""A crawl of 200 tables of a database, cold and again. Limit: one look at its catalogue and a count of every table.

SQLite keeps any value in any column, so that ours reads every value, too: one table holds an `n/a` among its numbers,
which must be found and named. Crawled again nothing has changed, and nothing may be read. PostgreSQL keeps its word on
types: there ours counts, and asks for what its own types allow and Glue's don't.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from adbc_driver_postgresql import dbapi

from glue_tui.catalog.read import Catalog
from glue_tui.catalog.write import MIGRATIONS, apply_changes
from glue_tui.core.model import Connection, Crawler, DatabaseTarget
from glue_tui.core.schema import ChangeKind
from glue_tui.crawlers.crawl import CrawlReport, crawl
from tests.benchmarks.figures import Figure, Row, Setting, in_rounds
from tests.crawlers.postgres_server import PostgresServer, postgres_server

ROWS = 2_000
COLUMNS = (
    "id INTEGER PRIMARY KEY, shop VARCHAR(20), sold_on DATE, sold_at TIMESTAMP, pieces INT, price DECIMAL(10, 2),"
    " weight DOUBLE PRECISION, by_card BOOLEAN"
)
FILE = "shop.db"
SQLITE = Connection(name="shop", url=f"sqlite:///{FILE}")


def measure(setting: Setting) -> Iterator[Row]:
    tables = setting.size(200, 4)
    project_dir = setting.scratch
    _write_sqlite(project_dir / FILE, tables)
    _store(project_dir, _checked(_crawled(project_dir, SQLITE, "cold"), tables, ChangeKind.CREATED))
    taken = in_rounds(
        {
            "cold": lambda: _took_s(project_dir, SQLITE, "cold", tables, ChangeKind.CREATED),
            "again": lambda: _took_s(project_dir, SQLITE, "again", tables, ChangeKind.UNCHANGED),
            "catalogue and counts": lambda: _sqlite_limit_s(project_dir / FILE),
        },
        setting,
    )
    yield _row(f"cold crawl, {tables} SQLite tables", taken["cold"], taken["catalogue and counts"])
    yield _row(f"crawl again, {tables} SQLite tables", taken["again"], taken["catalogue and counts"])
    if not setting.is_smallest:
        with postgres_server() as server:
            yield from _postgres(setting, server, tables)


def _postgres(setting: Setting, server: PostgresServer, tables: int) -> Iterator[Row]:
    server.execute(*(statement for number in range(tables) for statement in _postgres_table(number)))
    shop = Connection(name="shop", url=server.url())
    taken = in_rounds(
        {
            "cold": lambda: _took_s(setting.scratch, shop, "cold", tables, ChangeKind.CREATED),
            "catalogue and counts": lambda: _postgres_limit_s(server),
        },
        setting,
    )
    yield _row(f"crawl, {tables} PostgreSQL tables", taken["cold"], taken["catalogue and counts"])


def _row(what: str, measured: Figure, limit: Figure) -> Row:
    return Row(benchmark="crawl_database", what=what, unit="ms", measured=measured.times(1000), limit=limit.times(1000))


def _crawled(project_dir: Path, connection: Connection, catalog: str) -> CrawlReport:
    return crawl(
        Crawler(name="tills", database="raw", targets=(DatabaseTarget(connection="shop"),)),
        {"shop": connection},
        Catalog.open(project_dir / f"{catalog}.db"),
        project_dir=project_dir,
        log=lambda level, text: None,
        progress=lambda done, total: None,
        environment={},
    )


def _took_s(project_dir: Path, connection: Connection, catalog: str, tables: int, kind: ChangeKind) -> float:
    began = time.perf_counter()
    report = _crawled(project_dir, connection, catalog)
    took_s = time.perf_counter() - began
    _checked(report, tables, kind)
    return took_s


def _checked(report: CrawlReport, tables: int, kind: ChangeKind) -> CrawlReport:
    assert {change.kind for change in report.table_changes} == {kind}
    assert (len(report.table_changes), report.rows) == (tables, tables * ROWS)
    first = report.table_changes[0].table
    types = [column.type for column in first.columns]
    whole = "bigint" if first.classification == "sqlite" else "int"
    rest = ["decimal(10,2)", "double", "boolean"]
    pieces = "string" if first.classification == "sqlite" else whole
    assert types == [whole, "string", "date", "timestamp", pieces, *rest], types
    assert ("'n/a'" in first.columns[4].reason) == (pieces == "string")
    return report


def _store(project_dir: Path, report: CrawlReport) -> None:
    with closing(sqlite3.connect(project_dir / "again.db", isolation_level=None)) as conn:
        for step in MIGRATIONS:
            conn.execute(step)
        conn.execute("BEGIN")
        apply_changes(conn, report.table_changes, run_id="wr_1", at=0.0)
        conn.execute("COMMIT")


def _write_sqlite(path: Path, tables: int) -> None:
    with closing(sqlite3.connect(path)) as conn, conn:
        for number in range(tables):
            conn.execute(f"CREATE TABLE t{number:03d} ({COLUMNS})")
            conn.executemany(
                f"INSERT INTO t{number:03d} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        row,
                        f"shop {row % 50}",
                        f"2025-{row % 12 + 1:02d}-{row % 28 + 1:02d}",
                        f"2025-{row % 12 + 1:02d}-{row % 28 + 1:02d} 10:{row % 60:02d}:00",
                        "n/a" if number == 0 and row == ROWS - 1 else row,
                        row / 4,
                        row / 8,
                        row % 2,
                    )
                    for row in range(ROWS)
                ),
            )


def _postgres_table(number: int) -> tuple[str, str]:
    return (
        f"CREATE TABLE t{number:03d} ({COLUMNS})",
        f"INSERT INTO t{number:03d} SELECT g, 'shop ' || g % 50, '2025-01-01'::date + g % 300,"
        " '2025-01-01 10:00'::timestamp + g * interval '1 hour', g, g / 4.0, g / 8.0, g % 2 = 0"
        f" FROM generate_series(1, {ROWS}) g",
    )


def _sqlite_limit_s(path: Path) -> float:
    began = time.perf_counter()
    with closing(sqlite3.connect(path)) as conn:
        columns = conn.execute(
            "SELECT m.name, c.name, c.type FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c"
        ).fetchall()
        for name in {row[0] for row in columns}:
            conn.execute(f"SELECT count(*) FROM {name}").fetchone()
    return time.perf_counter() - began


def _postgres_limit_s(server: PostgresServer) -> float:
    began = time.perf_counter()
    with closing(dbapi.connect(server.url(), autocommit=True)) as conn, closing(conn.cursor()) as cursor:
        cursor.execute(
            "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
        for name in {row[0] for row in cursor.fetchall()}:
            cursor.execute(f"SELECT count(*) FROM {name}")
            cursor.fetchall()
    return time.perf_counter() - began
