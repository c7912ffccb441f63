"""Writing into a real PostgreSQL server, and into the same one as if it were Redshift: no COPY there, and less SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from glue_tui.catalog import postgres_locks, postgres_values, row_batches
from glue_tui.catalog.database_writes import TableWrite, open_transaction
from glue_tui.catalog.databases import open_database, read_table
from glue_tui.catalog.postgres_tables import table_parts
from glue_tui.catalog.row_batches import RowBatches
from glue_tui.core.problem import InvalidInput
from tests.conftest import wait_for
from tests.crawlers.postgres_server import PostgresServer


@pytest.fixture(params=["postgresql", "redshift"])
def url(request: pytest.FixtureRequest, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "redshift":
        # PostgreSQL has none of Redshift's types for lists and bytes.
        monkeypatch.setattr(postgres_values, "_REDSHIFT", {"text": "character varying(65535)"})
    return postgres_url.replace("postgresql://", f"{request.param}://")


def write(
    url: str,
    table: str,
    frame: pl.DataFrame | pl.LazyFrame,
    mode: str = "overwrite",
    *,
    keys: Sequence[str] = (),
    partition_by: Sequence[str] = (),
    said: list[str] | None = None,
) -> None:
    rows = RowBatches(frame)
    try:
        one = TableWrite(table=table, rows=rows, mode=mode, keys=tuple(keys), partition_by=tuple(partition_by))
        with closing(open_transaction(url, Path(), [].append if said is None else said.append)) as transaction:
            transaction.write(one)
            transaction.commit()
    finally:
        rows.close()


def connected(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("redshift://", "postgresql://"), autocommit=True)


def execute(url: str, *statements: str) -> None:
    with closing(connected(url)) as conn:
        for statement in statements:
            conn.execute(statement)


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with closing(connected(url)) as conn:
        return conn.execute(query).fetchall()


AT = datetime(2024, 1, 1, 2, 3, 4, 5)
EVERY = {
    "i8": (pl.Int8, -1, "smallint", -1),
    "u8": (pl.UInt8, 255, "smallint", 255),
    "i32": (pl.Int32, 1, "integer", 1),
    "i64": (pl.Int64, 2**62, "bigint", 2**62),
    "u64": (pl.UInt64, 2**64 - 1, "numeric(20,0)", Decimal(2**64 - 1)),
    "i128": (pl.Int128, -(2**100), "numeric(38,0)", Decimal(-(2**100))),
    "f32": (pl.Float32, 0.5, "real", 0.5),
    "f64": (pl.Float64, 0.1 + 0.2, "double precision", 0.1 + 0.2),
    "inf": (pl.Float64, float("-inf"), "double precision", float("-inf")),
    "dec": (pl.Decimal(38, 9), "12345678901234567890.123456789", "numeric(38,9)", "12345678901234567890.123456789"),
    "ok": (pl.Boolean, False, "boolean", False),
    "text": (pl.String, "a\"',;\n\r\\.\\N é", "text", "a\"',;\n\r\\.\\N é"),
    "empty": (pl.String, "", "text", ""),
    "cat": (pl.Categorical, "a", "text", "a"),
    "day": (pl.Date, date(1, 1, 1), "date", date(1, 1, 1)),
    "at": (pl.Datetime("us"), AT, "timestamp without time zone", AT),
    "ms": (pl.Datetime("ms"), datetime(1969, 12, 31, 23), "timestamp without time zone", datetime(1969, 12, 31, 23)),
    "clock": (pl.Time, time(1, 2, 3, 4), "time without time zone", time(1, 2, 3, 4)),
    "took": (pl.Duration("us"), timedelta(days=-1, microseconds=5), "interval", timedelta(days=-1, microseconds=5)),
    "raw": (pl.Binary, b"\x00\xff\\", "bytea", b"\x00\xff\\"),
    "list": (pl.List(pl.Int64), [1, None], "jsonb", [1, None]),
    "record": (
        pl.Struct({"a": pl.List(pl.String), "n": pl.Int8}),
        {"a": ['"'], "n": None},
        "jsonb",
        {"a": ['"'], "n": None},
    ),
    "none": (pl.Null, None, "text", None),
}


def every_type() -> pl.DataFrame:
    series = []
    for name, (dtype, value, _, _) in EVERY.items():
        given = Decimal(value) if name == "dec" else value
        series.append(pl.Series(name, [given, None], dtype=dtype))
    return pl.DataFrame(series)


def test_every_type_comes_in_exactly_and_nothing_stays_nothing(url: str) -> None:
    write(url, "t", every_type())
    write(url, "t", every_type().lazy(), "append")
    declared = dict(
        rows(
            url,
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = 't'::regclass AND attnum > 0",
        )
    )
    texts = "character varying(65535)" if url.startswith("redshift") else "text"
    assert declared == {name: texts if kind == "text" else kind for name, (_, _, kind, _) in EVERY.items()}
    expected = tuple(Decimal(wanted) if name == "dec" else wanted for name, (_, _, _, wanted) in EVERY.items())
    assert rows(url, "SELECT * FROM t") == [expected, (None,) * len(EVERY)] * 2


def test_moments_with_a_zone_are_the_same_moments(url: str) -> None:
    frame = pl.DataFrame({"z": [AT]}).select(
        plain=pl.col("z"), zoned=pl.col("z").dt.replace_time_zone("Europe/Paris"), day=pl.col("z")
    )
    write(url, "t", frame)
    execute(url, "CREATE TABLE u (plain timestamptz, zoned timestamp, day date)")
    with pytest.raises(InvalidInput, match="column day of table u is date, but comes as Datetime"):
        write(url, "u", frame)
    write(url, "u", frame.select("plain", "zoned"))
    assert rows(url, "SELECT zoned AT TIME ZONE 'UTC' FROM t") == [(datetime(2024, 1, 1, 1, 3, 4, 5),)]
    assert rows(url, "SELECT plain AT TIME ZONE 'UTC', zoned FROM u") == [(AT, datetime(2024, 1, 1, 1, 3, 4, 5))]


def test_overwrite_keeps_what_stands_on_the_table_and_readers_see_the_old_rows_until_the_commit(url: str) -> None:
    execute(
        url,
        'CREATE TABLE "Odd "" name" (n int PRIMARY KEY, note text DEFAULT \'new\')',
        'CREATE VIEW v AS SELECT n, note FROM "Odd "" name"',
        "INSERT INTO v VALUES (1, 'old')",
    )
    one = TableWrite(table='"Odd "" name"', rows=RowBatches(pl.DataFrame({"n": [2, 3]})))
    with closing(open_transaction(url, Path(), print)) as transaction:
        transaction.write(one)
        assert rows(url, "SELECT * FROM v") == [(1, "old")]
        transaction.commit()
        assert rows(url, "SELECT * FROM v") == [(2, "new"), (3, "new")]


def test_what_is_not_committed_was_never_there(url: str) -> None:
    with closing(open_transaction(url, Path(), print)) as transaction:
        transaction.write(TableWrite(table="t", rows=RowBatches(pl.DataFrame({"n": [2]}))))
    assert rows(url, "SELECT to_regclass('t')") == [(None,)]


def test_upsert_replaces_rows_with_the_same_keys_without_an_index_and_leaves_other_columns(url: str) -> None:
    execute(
        url,
        "CREATE TABLE t (k int, s text, v bigint, mine text DEFAULT 'fresh')",
        "INSERT INTO t VALUES (1, 'a', 1, 'x'), (2, 'b', 2, 'y')",
        "CREATE TABLE child (id int PRIMARY KEY)",
    )
    frame = pl.DataFrame({"S": ["b", "c", "c", "c"], "k": [2, 3, 3, 4], "v": [20, 30, 31, 40]})
    write(url, "t", frame, "upsert", keys=["k", "S"])
    assert rows(url, "SELECT * FROM t ORDER BY k") == [
        (1, "a", 1, "x"),
        (2, "b", 20, "y"),
        (3, "c", 31, "fresh"),
        (4, "c", 40, "fresh"),
    ]
    write(url, "t", frame.select("k", "S"), "upsert", keys=["k", "S"])
    assert rows(url, "SELECT count(*) FROM t") == [(4,)]
    execute(url, "INSERT INTO t VALUES (4, 'c', 41)")
    with pytest.raises(InvalidInput, match="already holds several rows with the same k, S"):
        write(url, "t", frame, "upsert", keys=["k", "S"])
    with pytest.raises(InvalidInput, match="key 'k' is null in 1 rows"):
        write(url, "t", pl.DataFrame({"k": [None, 1]}).lazy(), "upsert", keys=["k"])


def test_upsert_of_a_row_that_others_point_to_does_not_take_them_along(postgres_url: str) -> None:
    execute(
        postgres_url,
        "CREATE TABLE customer (id int PRIMARY KEY, name text)",
        "CREATE TABLE orders (customer int REFERENCES customer ON DELETE CASCADE)",
        "INSERT INTO customer VALUES (1, 'Ann')",
        "INSERT INTO orders VALUES (1)",
    )
    write(postgres_url, "customer", pl.DataFrame({"id": [1], "name": ["Bea"]}), "upsert", keys=["id"])
    assert rows(postgres_url, "SELECT name FROM customer JOIN orders ON id = customer") == [("Bea",)]


def test_overwrite_partitions_replaces_the_rows_of_the_partitions_that_come(url: str) -> None:
    execute(
        url,
        "CREATE TABLE t (day date, shop text, v int)",
        "INSERT INTO t VALUES ('2024-01-01', 'a', 1), ('2024-01-01', 'b', 2), ('2024-01-02', 'a', 3),"
        " ('2024-01-01', NULL, 4), (NULL, NULL, 5)",
    )
    frame = pl.DataFrame(
        {"v": [10, 11, 40, 60], "shop": ["a", "a", None, "c"], "day": [date(2024, 1, 1)] * 3 + [date(2024, 1, 3)]}
    )
    write(url, "t", frame.lazy(), "overwrite_partitions", partition_by=["day", "shop"])
    assert rows(url, "SELECT v FROM t ORDER BY v") == [(2,), (3,), (5,), (10,), (11,), (40,), (60,)]
    write(url, "t", frame.clear(), "overwrite_partitions", partition_by=["day"])
    assert rows(url, "SELECT count(*) FROM t") == [(7,)]
    write(url, "t", frame.head(1), "overwrite_partitions", partition_by=["day"])
    assert rows(url, "SELECT v FROM t ORDER BY v") == [(3,), (5,), (10,), (60,)]


def test_a_query_larger_than_memory_should_hold_comes_in_its_order(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_batches, "IN_MEMORY_BYTES", 10_000)
    monkeypatch.setattr(row_batches, "BATCH_ROWS", 1_000)
    query = pl.LazyFrame({"k": range(5_000)}).with_columns(pl.col("k") % 100, v=pl.col("k"))
    write(url, "t", query, "upsert", keys=["k"])
    assert rows(url, "SELECT count(*), min(v), max(v) FROM t") == [(100, 4900, 4999)]


def test_batches_without_rows_end_nothing(url: str) -> None:
    class Uneven(RowBatches):
        def __iter__(self) -> Iterator[pl.DataFrame]:
            one = pl.DataFrame({"n": [1]})
            yield from (one, one.clear(), one, one.clear())

    with closing(open_transaction(url, Path(), print)) as transaction:
        transaction.write(TableWrite(table="t", rows=Uneven(pl.DataFrame({"n": [1, 1]}))))
        transaction.write(TableWrite(table="t", rows=RowBatches(pl.DataFrame({"n": []})), mode="append"))
        transaction.commit()
    assert rows(url, "SELECT n FROM t") == [(1,), (1,)]


def test_a_table_is_found_in_its_schema_and_whatever_its_letters(url: str) -> None:
    schema = rows(url, "SELECT current_schema()")[0][0]
    execute(url, "CREATE TABLE orders (id int)", 'CREATE TABLE "a.b" (id int)')
    for name in (f"{schema}.orders", "ORDERS", f'"{schema}"."orders"', '"a.b"'):
        write(url, name, pl.DataFrame({"ID": [1]}), "append")
    assert rows(url, "SELECT count(*) FROM orders") == [(3,)]
    assert rows(url, 'SELECT count(*) FROM "a.b"') == [(1,)]
    with pytest.raises(InvalidInput, match="no schema 'nowhere'") as caught:
        write(url, "nowhere.t", pl.DataFrame({"ID": [1]}))
    assert 'CREATE SCHEMA "nowhere"' in caught.value.hint


@pytest.mark.parametrize("name", ["", ".", "a.", "a.b.c", '"a', '"a"b', '""'])
def test_what_is_no_name_of_a_table_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="no table's name"):
        table_parts(name)


@pytest.mark.parametrize(
    ("columns", "frame", "words", "way_out"),
    [
        ("amount int", {"amuont": [1]}, "no column 'amuont'", 'did you mean "amount"'),
        ("a int", {"b": [1.5]}, "no column 'b'", 'ADD COLUMN "b" double precision'),
        ("n int", {"n": [1.0]}, "column n of table t is integer, but comes as Float64", "CAST"),
        ("n int", {"n": ["1"]}, "is integer, but comes as String", "CAST"),
        ("d date", {"d": [AT]}, "is date, but comes as Datetime", "CAST"),
        ("n numeric(4,2)", {"n": [Decimal("1.005")]}, "is numeric.4,2.: it can't hold 1.005 exactly", "round"),
        ("n double precision", {"n": [2**53 + 1]}, "can't hold 9007199254740993 exactly", "round"),
        ("n timestamp(0)", {"n": [AT]}, "can't hold 2024-01-01 02:03:04.000005 exactly", "round"),
        ("n int NOT NULL, m int", {"n": [7, None], "m": [1, 2]}, r"null value in column .n.*\(null, 2\)", "NOT NULL"),
        ("n smallint", {"n": [1, 40_000]}, "out of range", "ALTER"),
        ("s varchar(3)", {"s": ["four"]}, "too long", "longer"),
        ("n int UNIQUE", {"n": [5, 5]}, r"duplicate key.*\(n\)=\(5\)", "upsert"),
        ("n int CHECK (n > 0)", {"n": [0]}, "violates check constraint", ""),
        ("n int REFERENCES other", {"n": [9]}, r"violates foreign key.*\(n\)=\(9\)", "points to"),
        ("u uuid", {"u": ["nonsense"]}, "uuid.*nonsense", ""),
        ("s text", {"s": ["a\x00b"]}, "0x00", ""),
        ("b text", {"b": [[b"x"]]}, "is text, but comes as List", "CAST"),
    ],
)
def test_what_the_table_can_not_hold_is_told_with_the_way_out(
    url: str, columns: str, frame: dict[str, list[Any]], words: str, way_out: str
) -> None:
    execute(url, "CREATE TABLE other (id int PRIMARY KEY)", f"CREATE TABLE t ({columns})")
    with pytest.raises(InvalidInput, match=words) as caught:
        write(url, "t", pl.DataFrame(frame), "append")
    assert way_out in caught.value.hint
    assert rows(url, "SELECT count(*) FROM t") == [(0,)]


def test_columns_of_types_that_polars_has_not_are_filled_by_the_server(postgres_url: str) -> None:
    execute(
        postgres_url,
        "CREATE TYPE mood AS ENUM ('fine')",
        "CREATE TABLE t (u uuid, m mood, j json, ia int[], ta text[], d numeric(10,2), i interval, tz timestamptz(3))",
    )
    frame = pl.DataFrame(
        {
            "u": ["0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c"],
            "m": ["fine"],
            "j": ['{"a": 1}'],
            "ia": [[1, None]],
            "ta": [['a"b\\', "NULL", None, "c,d"]],
            "d": [Decimal("1.2300")],
            "i": ["2 days"],
            "tz": [datetime(2024, 1, 1, 0, 0, 0, 5000)],
        }
    )
    write(postgres_url, "t", frame)
    assert rows(postgres_url, "SELECT m::text, j, ia, ta, d, i, tz AT TIME ZONE 'UTC' FROM t") == [
        (
            "fine",
            {"a": 1},
            [1, None],
            ['a"b\\', "NULL", None, "c,d"],
            Decimal("1.23"),
            timedelta(days=2),
            datetime(2024, 1, 1, 0, 0, 0, 5000),
        )
    ]


def test_appends_are_noted_once_in_the_same_transaction(url: str) -> None:
    def append(run: str, *earlier: str, kills: bool = False) -> bool:
        with closing(open_transaction(url, Path(), print)) as transaction:
            is_first = transaction.is_first_of(run, "load", 1, earlier)
            if is_first:
                transaction.write(TableWrite(table="t", rows=RowBatches(pl.DataFrame({"n": [1]})), mode="append"))
            if not kills:
                transaction.commit()
            return is_first

    assert append("wr_1", kills=True)
    assert append("wr_1")
    assert not append("wr_1")
    assert not append("wr_2", "wr_0", "wr_1")
    assert append("wr_2", "wr_0")
    assert rows(url, "SELECT count(*) FROM t") == [(2,)]
    execute(url, "UPDATE glue_tui_commits SET committed_at = '2020-01-01 00:00:00' WHERE run_id = 'wr_1'")
    assert append("wr_3")
    assert rows(url, "SELECT run_id FROM glue_tui_commits ORDER BY run_id") == [("wr_2",), ("wr_3",)]


def test_a_table_that_another_holds_is_waited_for_and_the_holder_is_named(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_locks, "LOCK_TOLD_AFTER_S", 0.01)
    monkeypatch.setattr(postgres_locks, "LOCK_PATIENCE_S", 0.02)
    write(postgres_url, "t", pl.DataFrame({"n": [1]}))
    said: list[str] = []
    with closing(psycopg.connect(postgres_url, application_name="nightly load")) as other:
        other.execute("INSERT INTO t VALUES (2)")
        write(postgres_url, "t", pl.DataFrame({"n": [3]}), "append", said=said)
        assert said == []
        holder = rf"session {other.info.backend_pid} of postgres \(nightly load\), idle in transaction"
        with pytest.raises(InvalidInput, match=f"table t is locked by {holder}") as caught:
            write(postgres_url, "t", pl.DataFrame({"n": [4]}), said=said)
        assert "pg_terminate_backend" in caught.value.hint
        assert len(said) == 1
        assert said[0].startswith(f"waits for table t, which session {other.info.backend_pid}")
        other.rollback()  # A session that is closed alone goes on to hold it for a moment.
    write(postgres_url, "t", pl.DataFrame({"n": [4]}))
    assert read_table(postgres_url, f"{schema_of(postgres_url)}.t")["n"].to_list() == [4]


@pytest.mark.parametrize("mode", ["overwrite", "overwrite_partitions", "upsert"])
def test_two_that_replace_the_same_rows_at_a_time_do_it_one_after_the_other(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(postgres_locks, "LOCK_TOLD_AFTER_S", 0.01)
    execute(postgres_url, "CREATE TABLE t (k int, v int)")
    first, second = (pl.DataFrame({"k": [1], "v": [v]}) for v in (1, 2))
    said: list[str] = []
    with closing(open_transaction(postgres_url, Path(), print)) as transaction, ThreadPoolExecutor(1) as other:
        one = TableWrite(table="t", rows=RowBatches(first), mode=mode, keys=("k",), partition_by=("k",))
        transaction.write(one)
        writing = other.submit(write, postgres_url, "t", second, mode, keys=("k",), partition_by=("k",), said=said)
        wait_for(lambda: said)
        transaction.commit()
        writing.result()
    assert rows(postgres_url, "SELECT * FROM t") == [(1, 2)]


def schema_of(url: str) -> str:
    return url.rpartition("%3D")[2]


def test_rights_passwords_and_servers_that_are_away_are_told(postgres: PostgresServer, postgres_url: str) -> None:
    frame = pl.DataFrame({"n": [1]})
    execute(postgres_url, "CREATE TABLE t (n bigint)", f"GRANT USAGE ON SCHEMA {schema_of(postgres_url)} TO clerk")
    password = "p%40ss%2Fw%2541rd"
    as_clerk = postgres_url.replace("postgres@", f"clerk:{password}@")
    with pytest.raises(InvalidInput, match=r"table t in .* could not be written: permission denied for table t"):
        write(as_clerk, "t", frame, "append")
    execute(postgres_url, "GRANT INSERT ON t TO clerk")
    write(as_clerk, "t", frame, "append")
    with closing(open_transaction(as_clerk, Path(), print)) as transaction:
        with pytest.raises(InvalidInput, match="permission denied for schema") as caught:
            transaction.is_first_of("wr_1", "load", 1)
        assert 'GRANT SELECT, INSERT, UPDATE, DELETE ON glue_tui_commits TO "clerk"' in caught.value.hint
    with pytest.raises(InvalidInput, match="password authentication failed") as caught:
        write(postgres_url.replace("postgres@", "clerk:s3cr3t@"), "t", frame)
    assert "s3cr3t" not in f"{caught.value} {caught.value.hint}"
    with pytest.raises(InvalidInput, match=r"no connection to .*Connection refused") as caught:
        write("postgresql://me:s3cr3t@127.0.0.1:1/shop", "t", frame)
    assert "is the server running" in caught.value.hint
    assert "s3cr3t" not in str(caught.value)


def test_a_session_that_ends_on_the_server_is_told_and_leaves_nothing(postgres_url: str) -> None:
    with closing(open_transaction(postgres_url, Path(), print)) as transaction:
        transaction.write(TableWrite(table="t", rows=RowBatches(pl.DataFrame({"n": [1]}))))
        execute(
            postgres_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'glue-tui'",
        )
        with pytest.raises(InvalidInput, match=r"commit in .* could not be written") as caught:
            transaction.commit()
        assert "retry" in caught.value.hint
    assert rows(postgres_url, "SELECT to_regclass('t')") == [(None,)]


def test_redshift_can_not_be_read() -> None:
    with pytest.raises(InvalidInput, match="can be written, but not read"):
        open_database("redshift://me@host/db")


@pytest.mark.parametrize(
    ("dtype", "kind", "fits"),
    [
        (pl.String(), "character varying(65535)", True),
        (pl.List(pl.Int8), "character varying(65535)", True),
        (pl.Duration("us"), "character varying(64)", True),
        (pl.Decimal(38, 2), "numeric(38,2)", True),
        (pl.Binary(), "varbyte", False),
    ],
)
def test_redshift_has_types_of_its_own(dtype: pl.DataType, kind: str, fits: bool) -> None:
    assert postgres_values.type_for(dtype, is_redshift=True) == kind
    assert postgres_values.fits(dtype, kind) == fits
    assert not postgres_values.fits(pl.List(pl.Int8), "super")
