"""SQLite behind a connection URL: what is in it, reading it typed, and writing it in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from glue_tui.catalog import database_writes_sqlite
from glue_tui.catalog.database_urls import sqlite_path
from glue_tui.catalog.database_writes import TableWrite
from glue_tui.catalog.database_writes_sqlite import SqliteTransaction
from glue_tui.catalog.databases import describe, list_tables, read_table
from glue_tui.catalog.row_batches import RowBatches
from glue_tui.catalog.templates import filled_in
from glue_tui.core.database_urls import server_url
from glue_tui.core.problem import EntityNotFound, InvalidInput


def write_table(
    url: str,
    table: str,
    frame: pl.DataFrame,
    mode: str = "overwrite",
    keys: Sequence[str] = (),
    *,
    partition_by: Sequence[str] = (),
    project_dir: Path = Path(),
) -> None:
    write = TableWrite(
        table=table, rows=RowBatches(frame), mode=mode, keys=tuple(keys), partition_by=tuple(partition_by)
    )
    with closing(SqliteTransaction(sqlite_path(url, project_dir), print)) as transaction:
        transaction.write(write)
        transaction.commit()


def make_shop(path: Path) -> str:
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript("""
            CREATE TABLE customers (
                id INTEGER PRIMARY KEY, name VARCHAR(40), balance DECIMAL(10, 2), since DATE, seen TIMESTAMP,
                vip BOOLEAN, visits INT, score REAL, note
            );
            INSERT INTO customers VALUES
                (1, 'Ann', 10.5, '2024-02-29', '2024-03-01 10:00:00', 1, 3, 1, NULL),
                (2, 'Béa', NULL, NULL, '2024-03-01T10:00:00.250', 0, 'many', 2.5, 7);
            CREATE TABLE "odd ""name" (x INT);
            CREATE VIEW vips AS SELECT id, name FROM customers WHERE vip;
        """)
    return f"sqlite:///{path}"


def test_a_database_is_described_with_glue_types_and_honest_about_values_that_contradict_them(tmp_path: Path) -> None:
    url = make_shop(tmp_path / "shop.db")
    assert list_tables(url) == ("customers", 'odd "name', "vips")
    assert list_tables(url, "cust%") == ("customers",)
    table = describe(url, "customers")
    assert table.rows == 2
    assert {column.name: column.type for column in table.columns} == {
        "id": "bigint",
        "name": "string",
        "balance": "decimal(10,2)",
        "since": "date",
        "seen": "timestamp",
        "vip": "boolean",
        "visits": "string",
        "score": "double",
        "note": "bigint",
    }
    assert "'many'" in next(column.reason for column in table.columns if column.name == "visits")


def test_a_database_table_is_read_typed(tmp_path: Path) -> None:
    frame = read_table(make_shop(tmp_path / "shop.db"), "customers")
    assert frame.rows() == [
        (1, "Ann", Decimal("10.50"), date(2024, 2, 29), datetime(2024, 3, 1, 10), True, "3", 1.0, None),
        (2, "Béa", None, None, datetime(2024, 3, 1, 10, 0, 0, 250000), False, "many", 2.5, 7),
    ]
    assert read_table(make_shop(tmp_path / "shop2.db"), 'odd "name').schema == {"x": pl.Int64}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("oracle://db/shop", "not supported"),
        ("shop.db", "names no kind"),
        ("sqlite://shop.db", "three slashes"),
    ],
)
def test_other_urls_are_refused_with_the_way_out(url: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        list_tables(url)


def test_a_missing_database_table_and_a_file_that_is_no_database_are_named(tmp_path: Path) -> None:
    with pytest.raises(EntityNotFound, match=r"no database file .*nowhere\.db"):
        list_tables(f"sqlite:///{tmp_path}/nowhere.db")
    assert not (tmp_path / "nowhere.db").exists()
    with pytest.raises(EntityNotFound, match='did you mean "customers"'):
        read_table(make_shop(tmp_path / "shop.db"), "custmers")
    (tmp_path / "text.db").write_text("this is no database, but long enough to be taken for one " * 20)
    with pytest.raises(InvalidInput, match="can't be read"):
        list_tables(f"sqlite:///{tmp_path}/text.db")


def every_type() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [1, 2],
            "day": [date(2024, 1, 1), None],
            "at": [datetime(2024, 1, 1, 2, 3, 4, 500), None],
            "price": pl.Series([Decimal("1.10"), None], dtype=pl.Decimal(10, 2)),
            "ratio": [0.1, None],
            "ok": [True, None],
            "name": ["né", None],
        }
    )


def test_what_was_written_is_read_back_with_the_same_types(tmp_path: Path) -> None:
    url = "sqlite:///deep/ware.db"
    write_table(url, "t", every_type(), project_dir=tmp_path)
    assert read_table(url, "t", project_dir=tmp_path).equals(every_type())
    with closing(sqlite3.connect(tmp_path / "deep/ware.db")) as conn:
        assert conn.execute("SELECT day, price, ok, at FROM t").fetchone() == (
            "2024-01-01",
            1.1,
            1,
            "2024-01-01 02:03:04.000500",
        )


def test_overwrite_replaces_and_append_adds_rows(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ware.db"
    write_table(url, "t", pl.DataFrame({"a": [1, 2, 3]}))
    with closing(sqlite3.connect(tmp_path / "ware.db")) as conn:
        conn.execute("CREATE INDEX by_a ON t (a)")
        write_table(url, "t", pl.DataFrame({"a": [4]}))
        write_table(url, "t", pl.DataFrame({"a": [5]}), "append")
        assert read_table(url, "t")["a"].to_list() == [4, 5]
        assert conn.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall() == [("by_a",)]
    write_table(url, "t", pl.DataFrame({"b": ["x"]}))
    assert read_table(url, "t").to_dict(as_series=False) == {"b": ["x"]}
    with pytest.raises(InvalidInput, match="no column 'c'"):
        write_table(url, "t", pl.DataFrame({"c": ["x"]}), "append")


def test_upsert_replaces_rows_with_the_same_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ware.db"
    for rows in (
        {"k": [1, 2], "s": ["a", "b"], "v": [1, 2]},
        {"k": [2, 3, 3], "s": ["b", "c", "c"], "v": [20, 30, 31]},
    ):
        write_table(url, "t", pl.DataFrame(rows), "upsert", ["k", "s"])
    assert sorted(read_table(url, "t").rows()) == [(1, "a", 1), (2, "b", 20), (3, "c", 31)]


def test_overwrite_partitions_replaces_the_rows_of_the_partitions_that_come(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ware.db"
    days = {"day": [date(2024, 1, 1), date(2024, 1, 1), date(2024, 1, 2), None], "v": [1, 2, 3, 4]}
    write_table(url, "t", pl.DataFrame(days), "overwrite_partitions", partition_by=["day"])
    again = pl.DataFrame({"v": [10, 40, 50], "day": [date(2024, 1, 1), None, date(2024, 1, 3)]})
    write_table(url, "t", again, "overwrite_partitions", partition_by=["day"])
    write_table(url, "t", again.clear(), "overwrite_partitions", partition_by=["day"])
    assert sorted(read_table(url, "t")["v"]) == [3, 10, 40, 50]


def test_what_sqlite_has_no_value_for_is_refused_and_the_rest_is_exact(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ware.db"
    frame = pl.DataFrame(
        {
            "clock": pl.Series([time(1, 2, 3, 4), None]),
            "list": pl.Series([[1, None], None], dtype=pl.List(pl.Int64)),
            "record": pl.Series([{"a": "x"}, None], dtype=pl.Struct({"a": pl.String})),
            "whole": pl.Series([Decimal(2**62 + 1), None], dtype=pl.Decimal(38, 0)),
            "price": pl.Series([Decimal("1234567890123.45"), None], dtype=pl.Decimal(38, 2)),
        }
    )
    write_table(url, "t", frame)
    with closing(sqlite3.connect(tmp_path / "ware.db")) as conn:
        assert conn.execute("SELECT * FROM t").fetchall() == [
            ("01:02:03.000004", "[1,null]", '{"a":"x"}', 2**62 + 1, 1234567890123.45),
            (None,) * 5,
        ]
    for name, wrong, dtype in (
        ("whole", Decimal(2**63), pl.Decimal(38, 0)),
        ("price", Decimal("12345678901234567.89"), pl.Decimal(38, 2)),
        ("id", 2**64 - 1, pl.UInt64()),
        ("ratio", float("nan"), pl.Float64()),
    ):
        with pytest.raises(InvalidInput, match=f"column {name} of table t: SQLite has no number that is (?i:{wrong})"):
            write_table(url, "t", pl.DataFrame({name: pl.Series([None, wrong], dtype=dtype)}))
    with pytest.raises(InvalidInput, match=r"SQLite has no moment of nanoseconds, as 1970-01-01 00:00:00\.000000001"):
        write_table(url, "t", pl.DataFrame({"at": pl.Series([0, 1], dtype=pl.Datetime("ns"))}))
    with pytest.raises(InvalidInput, match="has bytes in it"):
        write_table(url, "t", pl.DataFrame({"raw": [[b"x"]]}))


def test_a_failed_write_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ware.db"
    write_table(url, "t", pl.DataFrame({"k": [1, 1], "v": [1, 2]}))
    with pytest.raises(InvalidInput, match="several rows with the same k"):
        write_table(url, "t", pl.DataFrame({"k": [1], "v": [9]}), "upsert", ["k"])
    with closing(sqlite3.connect(tmp_path / "ware.db")) as conn:
        conn.execute("CREATE TRIGGER no BEFORE INSERT ON t WHEN new.v = 7 BEGIN SELECT raise(ABORT, 'seven'); END")
    with pytest.raises(InvalidInput, match="seven"):
        write_table(url, "t", pl.DataFrame({"k": [5, 6], "v": [6, 7]}))
    assert read_table(url, "t").rows() == [(1, 1), (1, 2)]


def test_what_is_not_committed_is_seen_by_nobody(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ware.db"
    write_table(url, "t", pl.DataFrame({"a": [1]}))
    with closing(SqliteTransaction(tmp_path / "ware.db", print)) as transaction:
        transaction.write(TableWrite(table="t", rows=RowBatches(pl.DataFrame({"a": [2]}))))
        transaction.write(TableWrite(table="t", rows=RowBatches(pl.DataFrame({"a": [3]})), mode="append"))
        assert read_table(url, "t")["a"].to_list() == [1]
    assert read_table(url, "t")["a"].to_list() == [1]


def test_a_database_remembers_which_node_of_which_run_has_added_its_rows(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ware.db"

    def append(run: str, node: str, *, kills: bool = False) -> bool:
        with closing(SqliteTransaction(tmp_path / "ware.db", print)) as transaction:
            is_first = transaction.is_first_of(run, node, 1)
            if is_first:
                transaction.write(TableWrite(table="t", rows=RowBatches(pl.DataFrame({"a": [1]})), mode="append"))
            if not kills:
                transaction.commit()
            return is_first

    assert append("wr_1", "load", kills=True)
    assert append("wr_1", "load")
    assert not append("wr_1", "load")
    assert append("wr_1", "other")
    assert append("wr_2", "load")
    assert read_table(url, "t").height == 3
    assert list_tables(url) == ("t",), "our own table is nobody's data"
    with closing(sqlite3.connect(tmp_path / "ware.db")) as conn:
        with conn:
            conn.execute("UPDATE glue_tui_commits SET committed_at = '2020-01-01 00:00:00' WHERE run_id = 'wr_1'")
        append("wr_3", "load")
        assert conn.execute("SELECT run_id, node, row_count FROM glue_tui_commits ORDER BY run_id").fetchall() == [
            ("wr_2", "load", 1),
            ("wr_3", "load", 1),
        ]


def test_a_database_that_another_program_keeps_locked_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_writes_sqlite, "BUSY_TIMEOUT_S", 0.1)
    monkeypatch.setattr(database_writes_sqlite, "LOCK_TOLD_AFTER_S", 0.01)
    with closing(sqlite3.connect(tmp_path / "ware.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(InvalidInput, match=r"ware\.db could not be written: database is locked") as caught:
            write_table(f"sqlite:///{tmp_path}/ware.db", "t", pl.DataFrame({"a": [1]}))
        assert "another program kept it locked for 0.1 s" in caught.value.hint
        other.execute("ROLLBACK")
    write_table(f"sqlite:///{tmp_path}/ware.db", "t", pl.DataFrame({"a": [1]}))


@pytest.mark.parametrize(
    ("mode", "keys", "words"),
    [("merge", (), "overwrite, append, overwrite_partitions, upsert"), ("upsert", (), "needs keys"),
     ("upsert", ("kk",), 'did you mean "k"'),
     ("upsert", ("n",), "null in 1 rows")],
)  # fmt: skip
def test_wrong_requests_are_refused(tmp_path: Path, mode: str, keys: tuple[str, ...], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        write_table(f"sqlite:///{tmp_path}/w.db", "t", pl.DataFrame({"k": [1], "n": [None]}), mode, keys)
    assert not (tmp_path / "w.db").exists()


def test_columns_without_a_declared_type_have_the_type_of_their_values(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "s.db")) as conn:
        conn.executescript("CREATE TABLE t (a, b, c, d NUM); INSERT INTO t VALUES (1, 1.5, 'x', 2), (2, 1, 3, NULL);")
    columns = describe(f"sqlite:///{tmp_path}/s.db", "t").columns
    assert [column.type for column in columns] == ["bigint", "double", "string", "bigint"]


@pytest.mark.parametrize(
    ("declared", "values", "kind", "read"),
    [
        ("DATE", ["2024-02-30"], "string", ["2024-02-30"]),
        ("DATE", ["2024-02-29", None], "date", [date(2024, 2, 29), None]),
        ("DATE", [2460000], "double", [2460000.0]),
        ("DATE", ["2024-01-31"], "date", [date(2024, 1, 31)]),
        ("DATE", ["2024-13-01"], "string", ["2024-13-01"]),
        ("TIMESTAMP", ["2024-02-30 10:00:00"], "string", ["2024-02-30 10:00:00"]),
        ("TIMESTAMP", ["2024-01-31 10:00:00"], "timestamp", [datetime(2024, 1, 31, 10)]),
        (
            "TIMESTAMP",
            ["2024-01-01", "2024-01-01T10:00:00"],
            "timestamp",
            [datetime(2024, 1, 1), datetime(2024, 1, 1, 10)],
        ),
        ("INT", [1, 2.5], "double", [1.0, 2.5]),
        ("INT", [1, "n/a"], "string", ["1", "n/a"]),
        ("REAL", [1, "n/a"], "string", ["1.0", "n/a"]),
        ("BOOLEAN", [1, 0, None], "boolean", [True, False, None]),
        ("BOOLEAN", [1, 2], "double", [1.0, 2.0]),
        ("BLOB", [b"x", "text"], "string", ["x", "text"]),
        ("DECIMAL(10, 2)", [0.1 + 0.2, 7, None], "decimal(10,2)", [Decimal("0.30"), Decimal("7.00"), None]),
        ("DECIMAL(10, 2)", [0.305], "double", [0.305]),
        ("DECIMAL(4, 2)", [100], "double", [100.0]),
        ("DECIMAL(4, 2)", ["dear"], "string", ["dear"]),
        ("DECIMAL(18, 0)", [2**53 + 1], "decimal(18,0)", [Decimal(2**53 + 1)]),
        ("DECIMAL(16, 2)", [12345678901.23, -0.01], "decimal(16,2)", [Decimal("12345678901.23"), Decimal("-0.01")]),
    ],
)
def test_a_column_is_what_its_values_are(
    tmp_path: Path, declared: str, values: list[object], kind: str, read: list[object]
) -> None:
    with closing(sqlite3.connect(tmp_path / "s.db")) as conn, conn:
        conn.execute(f"CREATE TABLE t (v {declared})")
        conn.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    url = f"sqlite:///{tmp_path}/s.db"
    (column,) = describe(url, "t").columns
    assert column.type == kind
    assert bool(column.reason) == (kind in ("double", "string"))
    assert read_table(url, "t")["v"].to_list() == read


def test_a_view_over_a_table_that_is_gone_is_listed_and_says_what_is_wrong(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "s.db")) as conn:
        conn.executescript("CREATE TABLE t (a); CREATE VIEW v AS SELECT * FROM t; CREATE TABLE u (a); DROP TABLE t;")
    url = f"sqlite:///{tmp_path}/s.db"
    assert list_tables(url) == ("u", "v")
    with pytest.raises(InvalidInput, match=r"table v in .* can't be read: .*no such table: main\.t"):
        describe(url, "v")


@pytest.mark.parametrize(
    ("template", "url", "password"),
    [
        ("postgresql://me:{{ env.PW }}@db/shop", "postgresql://me@db/shop", "p@ss/w%41?#:"),
        ("postgresql://me:{{ env.PW | urlencode }}@db:1/shop", "postgresql://me@db:1/shop", "p@ss/w%41?#:"),
        ("mysql://{{ env.USER }}:{{ env.PW }}@{{ env.HOST }}/", "mysql://m%e@db/", "p@ss/w%41?#:"),
        ("{{ env.URL }}", "postgresql://me@db/shop", "a@b"),
        ("mariadb+pymysql://me@[::1]:3307/shop", "mysql://me@::1:3307/shop", ""),
    ],
)
def test_a_password_may_hold_any_letter_and_is_shown_nowhere(template: str, url: str, password: str) -> None:
    environment = {
        "PW": "p@ss/w%41?#:",
        "USER": "m%e",
        "HOST": "db",
        "URL": "postgres://me:a%40b@db/shop",
    }
    found = server_url(filled_in(template, environment))
    assert (str(found), found.password) == (url, password)
    assert not password or password not in repr(found)
    assert found.without_password(f"token {password!s} is wrong") == (
        "token *** is wrong" if password else "token  is wrong"
    )
