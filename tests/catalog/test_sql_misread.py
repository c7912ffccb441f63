"""What polars' SQL answers wrongly is refused: each case is held against SQLite's answer."""

from __future__ import annotations

import sqlite3

import polars as pl
import pytest

from glue_tui.catalog.sql_misread import refuse_misread
from glue_tui.core.problem import InvalidInput

ROWS = [(1, None, True, "x"), (None, 2, False, "y"), (3, 3, None, None), (4, 5, True, "x")]
MORE = [(1, "p"), (3, "q"), (None, "r"), (9, "s")]


@pytest.fixture(scope="module")
def polars_sql() -> pl.SQLContext[pl.LazyFrame]:
    kinds = {"a": pl.Int64, "b": pl.Int64, "c": pl.Boolean, "s": pl.String}
    t = pl.LazyFrame(ROWS, schema=kinds, orient="row")
    u = pl.LazyFrame(MORE, schema={"a": pl.Int64, "k": pl.String}, orient="row")
    return pl.SQLContext({"t": t, "u": u})


@pytest.fixture(scope="module")
def sqlite() -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE TABLE t (a INTEGER, b INTEGER, c BOOLEAN, s TEXT)")
    conn.execute("CREATE TABLE u (a INTEGER, k TEXT)")
    conn.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", ROWS)
    conn.executemany("INSERT INTO u VALUES (?, ?)", MORE)
    return conn


def answers(
    query: str, polars_sql: pl.SQLContext[pl.LazyFrame], sqlite: sqlite3.Connection
) -> tuple[list[str], list[str]]:
    theirs = sorted(repr(row) for row in sqlite.execute(query))
    return sorted(repr(row) for row in polars_sql.execute(query).collect(engine="streaming").rows()), theirs


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS x WHERE 1 = 0",
        "SELECT a FROM t WHERE a IN (SELECT 1 WHERE 1 = 0)",
        "SELECT a FROM t UNION ALL SELECT 7 WHERE 1 = 0",
        "SELECT 'FROM' AS x -- FROM\nWHERE 1 = 0",
        "SELECT CAST(1 IS DISTINCT FROM 2 AS INTEGER) AS x WHERE 1 = 0",
        "SELECT a FROM t WHERE a IS DISTINCT FROM b OR c",
        "SELECT a FROM t WHERE a is not distinct from b OR c",
        "SELECT a FROM t WHERE a IS DISTINCT FROM b = c",
        "SELECT a FROM t WHERE (b = 3 OR a IS DISTINCT FROM (b + 1) AND c)",
        "SELECT a FROM t WHERE a IS DISTINCT FROM CASE WHEN c THEN 1 END OR c",
        "SELECT a FROM t WHERE c IS NOT TRUE",
        "SELECT a FROM t WHERE c is not false",
        "SELECT a, k FROM t FULL JOIN u USING (a)",
        "SELECT a, k FROM t FULL OUTER JOIN u USING (a)",
        "SELECT a, k FROM t RIGHT JOIN u USING (a)",
        "SELECT t.b, u.k FROM t LEFT JOIN u ON t.a < u.a",
        "SELECT t.b, u.k FROM t LEFT JOIN u ON t.a < u.a AND u.k > 'q'",
        "SELECT t.b, z.k FROM t LEFT OUTER JOIN (SELECT a, k FROM u) AS z ON (t.a >= z.a) WHERE t.b = 3",
    ],
)
def test_what_polars_answers_wrongly_is_refused(
    query: str, polars_sql: pl.SQLContext[pl.LazyFrame], sqlite: sqlite3.Connection
) -> None:
    ours, theirs = answers(query, polars_sql, sqlite)
    assert ours != theirs, "polars answers this rightly by now: it need not be refused"
    with pytest.raises(InvalidInput) as raised:
        refuse_misread(query)
    assert raised.value.hint


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a FROM t WHERE (a IS DISTINCT FROM b) OR b IS NULL",
        "SELECT a FROM t WHERE b = 3 OR a IS DISTINCT FROM b ORDER BY a",
        "SELECT a FROM t WHERE (b IS DISTINCT FROM a) AND (c IS DISTINCT FROM TRUE)",
        "SELECT CASE WHEN a IS DISTINCT FROM b THEN 1 ELSE 0 END AS x FROM t WHERE a > 1 OR b = 2",
        "SELECT x.a FROM t x JOIN t y ON x.a IS DISTINCT FROM y.a LEFT JOIN u ON u.a = x.a AND u.k = 'p' WHERE x.a > 1",
        "SELECT a FROM t WHERE a IS DISTINCT FROM coalesce(b, 1) GROUP BY a HAVING count(*) = 1 AND a > 1",
        "SELECT a FROM t WHERE s <> 'IS NOT TRUE' AND a IN (SELECT a FROM u WHERE k > 'p')",
        "SELECT q.x FROM (SELECT 1 AS x) AS q WHERE 1 = 0",
        "SELECT count(*) FILTER (WHERE a > 1) AS n FROM t",
        "WITH one AS (SELECT 1 AS x), two AS (SELECT a FROM t WHERE a > 1) SELECT x, a FROM one, two WHERE a > x",
        "SELECT a, k FROM t LEFT JOIN u USING (a) WHERE k = 'p'",
        "SELECT t.b, k FROM u RIGHT JOIN t ON t.a = u.a JOIN (SELECT b FROM t) AS v USING (b)",
        "SELECT a FROM t WHERE c IS TRUE OR s IS NOT NULL",
        "SELECT t.b, u.k FROM t LEFT JOIN u ON t.a < u.a AND 1 = 1",
        "SELECT t.b, u.k FROM t LEFT JOIN u ON NOT (t.a < u.a) AND u.k > 'p' AND 1 = 1",
        "SELECT t.b, u.k FROM t LEFT JOIN u ON t.b = u.a AND t.a < u.a AND u.k > 'p'",
        "SELECT t.b, u.k FROM t LEFT JOIN u ON t.a = u.a WHERE t.b > 2",
    ],
)
def test_what_polars_answers_rightly_is_not(
    query: str, polars_sql: pl.SQLContext[pl.LazyFrame], sqlite: sqlite3.Connection
) -> None:
    refuse_misread(query)
    ours, theirs = answers(query, polars_sql, sqlite)
    assert ours == theirs
