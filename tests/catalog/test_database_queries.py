"""What a query asks of a database table, and what a database is asked: the same rows, whoever judges the conditions."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from functools import reduce
from operator import and_, or_
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.catalog.database_filters import Field, condition
from glue_tui.catalog.database_scan import scan_database
from glue_tui.catalog.databases import Question, describe, open_database
from glue_tui.catalog.types import polars_type
from glue_tui.core.problem import InvalidInput

ROWS: list[tuple[object, ...]] = [
    (None, "a", "2024-02-29", 1),
    (-3, "A", None, "x"),
    (0, None, "2023-12-31", None),
    (2, "", "2024-01-01", b"blob"),
    (2, "it's", "0001-01-01", 2.5),
    (7, "né", "9999-12-31", "2"),
    (9_007_199_254_740_993, "a ", "2024-02-29", "x"),
]
LITERALS: dict[str, list[object]] = {
    "n": [-3, 0, 2, 7, 9_007_199_254_740_992, 2.5],
    "t": ["a", "A", "", "it's", "né", "z"],
    "d": [date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)],
    "x": ["1", "x", "blob", "2.5", "2"],
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("queries") / "shop.db"
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("CREATE TABLE t (n INTEGER, t TEXT, d DATE, x VARCHAR(9))")
        conn.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", ROWS)
    return f"sqlite:///{path}"


def comparisons() -> st.SearchStrategy[pl.Expr]:
    def of(name: str) -> st.SearchStrategy[pl.Expr]:
        column = pl.col(name)
        literal = st.sampled_from(LITERALS[name])
        return st.one_of(
            literal.map(lambda value: column == value),
            literal.map(lambda value: column != value),
            literal.map(lambda value: column < value),
            literal.map(lambda value: column >= value),
            literal.map(lambda value: pl.lit(value) > column),
            st.lists(literal.filter(lambda value: value != 2.5), min_size=1, max_size=3).map(column.is_in),
            st.sampled_from([column.is_null(), column.is_not_null(), column.is_null() == pl.lit(True)]),
        )

    return st.sampled_from(sorted(LITERALS)).flatmap(of)


def predicates() -> st.SearchStrategy[pl.Expr]:
    return st.recursive(
        comparisons(),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda some: reduce(and_, some)),
            st.lists(inner, min_size=2, max_size=3).map(lambda some: reduce(or_, some)),
            inner.map(lambda one: ~one),
        ),
        max_leaves=6,
    )


@given(predicates())
def test_a_database_keeps_back_no_row_that_a_query_asks_for(url: str, predicate: pl.Expr) -> None:
    lazy = scan(url)
    assert lazy.filter(predicate).collect().equals(lazy.collect().filter(predicate))


def scan(url: str) -> pl.LazyFrame:
    found = describe(url, "t")
    schema = {column.name: polars_type(column.type) for column in found.columns}
    return scan_database(url, "", "t", schema, project_dir=Path())


def sent(url: str, predicate: pl.Expr) -> int:
    question = Question(schema="", table="t", columns=scan(url).collect_schema(), predicate=predicate)
    with closing(open_database(url)) as database, closing(database.batches(question)) as batches:
        return sum(batch.height for batch in batches)


@pytest.mark.parametrize(
    ("predicate", "rows"),
    [
        (pl.col("n") == 2, 2),
        ((pl.col("n") > 0) & (pl.col("t").str.len_bytes() > 0), 4),
        (pl.col("d") >= date(2024, 1, 1), 4),
        (pl.col("t").is_in(["a", "it's"]), 2),
        (pl.col("x") == "blob", 1),
        (pl.col("t") > "a", 7),
    ],
)
def test_sqlite_sends_no_more_rows_than_it_must(url: str, predicate: pl.Expr, rows: int) -> None:
    assert sent(url, predicate) == rows


def test_a_limit_goes_to_the_database_and_comes_before_a_later_condition(url: str) -> None:
    assert scan(url).head(3).collect().height == 3
    assert scan(url).head(3).filter(pl.col("n") == 0).collect().height == 1
    assert scan(url).filter(pl.col("n") == 2).head(1).collect().height == 1
    assert scan(url).select(pl.len()).collect().item() == 7


@pytest.mark.parametrize("value", ["1", "2.5", "x"])
def test_numbers_that_a_view_brings_into_a_column_of_text_are_found_as_text(tmp_path: Path, value: str) -> None:
    path = tmp_path / "union.db"
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("CREATE TABLE declared (x VARCHAR(9))")
        conn.execute("CREATE TABLE bare (x)")
        conn.execute("CREATE VIEW t AS SELECT x FROM declared UNION ALL SELECT x FROM bare")
        conn.execute("INSERT INTO declared VALUES ('1'), ('x')")
        conn.execute("INSERT INTO bare VALUES (1), (2.5), ('x'), (NULL)")
    lazy = scan(f"sqlite:///{path}")
    for predicate in (pl.col("x") == value, pl.col("x").is_in([value])):
        found = lazy.filter(predicate).collect()
        assert found.equals(lazy.collect().filter(predicate))
        assert found.height == (1 if value == "2.5" else 2)


def test_bytes_in_a_column_of_text_say_how_to_find_them(tmp_path: Path) -> None:
    path = tmp_path / "bytes.db"
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("CREATE TABLE t (id INTEGER, x TEXT)")
        conn.execute("INSERT INTO t VALUES (1, 'a'), (2, x'ff')")
    lazy = scan(f"sqlite:///{path}")
    assert lazy.select("id").collect().rows() == [(1,), (2,)]
    with pytest.raises(InvalidInput, match="column x holds bytes that are no text") as raised:
        lazy.collect()
    assert """typeof("x") = 'blob'""" in raised.value.hint


def test_a_number_with_more_decimals_than_its_column_was_crawled_with_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.db"
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("CREATE TABLE t (price DECIMAL(18, 2))")
        conn.execute("INSERT INTO t VALUES (0.1 + 0.2), (9999999999999.99), (-5), (NULL)")
    lazy = scan(f"sqlite:///{path}")
    assert [str(value) for value in lazy.collect()["price"]] == ["0.30", "9999999999999.99", "-5.00", "None"]
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("INSERT INTO t VALUES (0.305)")
    with pytest.raises(InvalidInput, match=r"price holds a value that is no decimal\(18,2\): 0.305 .*run its crawler"):
        lazy.collect()


def test_what_has_no_words_in_sql_is_left_out() -> None:
    fields = {"n": Field(sql="n", kind="integer", nulls_agree=True), "x": Field(sql="x", kind="double")}
    for predicate, words in [
        (pl.col("n") + 1 == 2, ""),
        (pl.col("unknown") == 2, ""),
        (pl.col("n") == "2", ""),
        (pl.col("x") == float("nan"), ""),
        (pl.col("x") > 0.1, " WHERE (x > 0.1)"),
        (pl.col("x").is_null(), ""),
        (pl.col("n").map_batches(lambda values: values == 2, return_dtype=pl.Boolean), ""),
        ((pl.col("n") == 1) & (pl.col("n") + 1 == 2), " WHERE (n = 1)"),
        ((pl.col("n") == 1) | (pl.col("n") + 1 == 2), ""),
        (pl.col("n").is_in([1, None], nulls_equal=True), ""),
        (pl.col("n").is_in(range(5000)), ""),
    ]:
        assert condition(predicate, fields) == words
    assert condition(None, fields) == ""
