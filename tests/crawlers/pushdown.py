"""Random conditions over a database table, and what they must find whoever judges them: the server or polars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import reduce
from operator import and_, or_

import polars as pl
from hypothesis import strategies as st

from glue_tui.catalog.databases import Database, Question

POSTGRES = (
    ("i2", "smallint", ("-32768", "0", "7")),
    ("i4", "int", ("-2147483648", "5")),
    ("i8", "bigint", ("9223372036854775807", "-1")),
    ("r", "real", ("1.1", "'NaN'", "'-Infinity'", "0.1")),
    ("dp", "double precision", ("0.1", "'NaN'", "'Infinity'", "-0.0", "1e308")),
    ("ok", "boolean", ("true", "false")),
    ("n", "numeric", ("1.1", "-12345678901234567890.123456789012345678", "0")),
    ("n2", "numeric(10,2)", ("-1.10", "5", "0")),
    ("wide", "numeric(40,3)", ("1", "1.000", "-2.5")),
    ("d", "date", ("'2024-02-29'", "'0001-01-01'", "'9999-12-31'")),
    ("ts", "timestamp", ("'9999-12-31 23:59:59.999999'", "'2024-01-01'", "'1969-12-31 23:59:59.5'")),
    ("tz", "timestamptz", ("'2024-03-01 10:00+02'", "'2024-03-31 02:30:00+01'")),
    ("t", "time", ("'24:00'", "'10:00:00.5'")),
    ("iv", "interval", ("'1 day 2h'", "'-1 mon'")),
    ("u", "uuid", ("'0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c'",)),
    ("j", "json", ("""'{"a":1}'""",)),
    ("jb", "jsonb", ("""'{"a":1}'""", "'null'")),
    ("e", "text", ("'fine'", "''")),
    ("ch", "char(5)", ("'ab'", "'ab   '", "''")),
    ("vc", "varchar(7)", ("'né''e'", "'NÉ'", "'a '", "'a'")),
    (
        "ci",
        'text collate "C"',
        (
            "'x'",
            "'X'",
        ),
    ),
    ("bi", "bit(3)", ("b'101'",)),
    ("o", "oid", ("4294967295", "0")),
    ("ip", "inet", ("'10.0.0.1'", "'::1/64'")),
    ("m", "money", ("12.5",)),
    ("nm", "name", ("'ab'",)),
    ("b", "bytea", (r"'\x00'",)),
    ("ia", "int[]", ("'{1}'",)),
)
"""Columns, their types, and values that tell apart who compares them how."""
MYSQL = (
    ("flag", "tinyint(1)", ("0", "1")),
    ("t", "tinyint", ("-128", "7")),
    ("tu", "tinyint unsigned", ("255", "0")),
    ("i", "int", ("-2147483648", "3")),
    ("iu", "int unsigned", ("4294967295",)),
    ("b", "bigint", ("9223372036854775807", "-5")),
    ("bu", "bigint unsigned", ("18446744073709551615", "0")),
    ("dc", "decimal(10,2)", ("-1.10", "0", "5")),
    ("wide", "decimal(65,3)", ("1", "9")),
    ("f", "float", ("1.1", "0.1", "16777217")),
    ("dp", "double", ("0.1", "-0.0", "1e308")),
    ("bit1", "bit(1)", ("b'1'", "b'0'")),
    ("bit8", "bit(8)", ("b'101'",)),
    ("bit64", "bit(64)", ("b'1'",)),
    ("y", "year", ("2024", "0", "1970", "1901")),
    ("d", "date", ("'2024-02-29'", "'0000-00-00'", "'1000-01-01'", "'9999-12-31'")),
    ("dt", "datetime(6)", ("'9999-12-31 23:59:59.999999'", "'0000-00-00'", "'2024-01-01'")),
    ("ts", "timestamp(3) null", ("'2024-03-01 10:00:00.5'", "'0000-00-00'")),
    ("dt0", "datetime", ("'2024-01-01 10:00:00'",)),
    ("ti", "time(3)", ("'-838:59:59.5'", "'10:00'")),
    ("ch", "char(5)", ("'ab'", "'AB'", "'ab  '")),
    ("vc", "varchar(20) character set latin1", ("'né'", "'NE'", "'ne'", "'a '", "'a'", "''")),
    ("tx", "text", (r"'it''s \\ x'", "'😀'", "'Straße'", "'STRASSE'")),
    ("vb", "varchar(9) collate utf8mb4_bin", ("'a '", "'a'", "'A'")),
    ("e", "enum('','a','B')", ("'a'", "'B'", "''")),
    ("s", "set('x','y')", ("'x,y'", "'y'", "''")),
    ("j", "json", ("""'{"a": 1}'""",)),
    ("p", "point", ("ST_GeomFromText('POINT(1 2)')",)),
    ("u", "uuid", ("'0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c'",)),
    ("ip", "inet6", ("'::1'",)),
    ("bn", "binary(3)", ("'a'",)),
    ("asc_", "varchar(5) charset ascii", ("'a'", "'A'")),
)


def statements(table: str, columns: Sequence[tuple[str, str, tuple[str, ...]]]) -> Iterator[str]:
    """Yield SQL that makes a table of these values, each beside others, and of NULLs."""
    yield f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind, _ in columns)})"
    for row in range(1 + max(len(values) for *_, values in columns)):
        cells = (values[row % len(values)] if row <= len(values) else "NULL" for *_, values in columns)
        yield f"INSERT INTO {table} VALUES ({', '.join(cells)})"
    yield f"INSERT INTO {table} VALUES ({', '.join('NULL' for _ in columns)})"


def predicates(frame: pl.DataFrame) -> st.SearchStrategy[pl.Expr]:
    """Return conditions that compare columns with values that they hold, or that look alike."""
    columns = {name: beside(frame[name]) for name in frame.columns if is_comparable(frame.schema[name])}
    return st.recursive(
        st.sampled_from(sorted(columns)).flatmap(lambda name: comparisons(pl.col(name), columns[name])),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda some: reduce(and_, some)),
            st.lists(inner, min_size=2, max_size=3).map(lambda some: reduce(or_, some)),
            inner.map(lambda one: ~one),
        ),
        max_leaves=4,
    )


def is_comparable(dtype: pl.DataType) -> bool:
    return not dtype.is_nested() and dtype not in (pl.Binary, pl.Boolean)


def beside(values: pl.Series) -> pl.Series:
    """Return the values, and texts that databases may take for the same."""
    known = values.drop_nulls()
    if values.dtype == pl.String():
        known = pl.concat([known, known.str.to_uppercase(), known + " ", known.str.strip_chars(), known.str.head(1)])
    return known.unique(maintain_order=True)


def comparisons(column: pl.Expr, values: pl.Series) -> st.SearchStrategy[pl.Expr]:
    at = st.integers(0, len(values) - 1)
    one = at.map(lambda place: pl.lit(values.slice(place, 1).first(), dtype=values.dtype))
    plain = at.map(lambda place: values[place])
    return st.one_of(
        one.map(lambda value: column == value),
        one.map(lambda value: column != value),
        one.map(lambda value: column < value),
        one.map(lambda value: column >= value),
        plain.map(lambda value: column > value),
        plain.map(lambda value: pl.lit(value) >= column),
        st.lists(plain, min_size=1, max_size=3).map(column.is_in),
        st.sampled_from([column.is_null(), column.is_not_null()]),
    )


def kept(database: Database, question: Question) -> pl.DataFrame:
    """Return the rows that a query finds."""
    with closing(database.batches(question)) as batches:
        sent = pl.concat([pl.DataFrame(schema=question.columns), *batches])
    return sent if question.predicate is None else sent.filter(question.predicate)
