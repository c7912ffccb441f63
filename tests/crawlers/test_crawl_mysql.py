"""MySQL, a real MariaDB: its tables in the catalog, its types, reading them, and what is said when it says no."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pushdown
import pytest
from crawl_project import Project
from hypothesis import given, settings
from mysql_server import MISSING, MysqlServer, mysql_server

from glue_tui.catalog.database_scan import scan_database
from glue_tui.catalog.databases import Question, describe, list_tables, open_database, read_table
from glue_tui.catalog.query import run_sql
from glue_tui.catalog.types import polars_type
from glue_tui.core.model import Connection, DatabaseTarget
from glue_tui.core.problem import EntityNotFound, GlueTuiError, InvalidInput
from glue_tui.core.schema import ChangeKind

WIDE = "9" * 60 + ".125"
UUID = "0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c"
EVERY_TYPE = (
    ("flag", "tinyint(1)", "1", "boolean", True),
    ("count", "tinyint(1)", "7", "tinyint", 7),
    ("t", "tinyint", "-128", "tinyint", -128),
    ("tu", "tinyint unsigned", "255", "smallint", 255),
    ("su", "smallint unsigned", "65535", "int", 65535),
    ("mu", "mediumint unsigned", "16777215", "int", 2**24 - 1),
    ("i", "int", "-2147483648", "int", -(2**31)),
    ("iu", "int(10) unsigned", "4294967295", "bigint", 2**32 - 1),
    ("b", "bigint", "9223372036854775807", "bigint", 2**63 - 1),
    ("bu", "bigint unsigned", "18446744073709551615", "decimal(20,0)", Decimal(2**64 - 1)),
    ("dc", "decimal(10,2)", "-1.10", "decimal(10,2)", Decimal("-1.10")),
    ("wide", "decimal(65,3)", WIDE, "string", WIDE),
    ("f", "float", "1.1", "float", 1.100000023841858),
    ("dp", "double", "0.1", "double", 0.1),
    ("bit1", "bit(1)", "b'1'", "boolean", True),
    ("bit8", "bit(8)", "b'101'", "bigint", 5),
    ("bit64", "bit(64)", "b'1" + "0" * 63 + "'", "decimal(20,0)", Decimal(2**63)),
    ("y", "year", "2024", "smallint", 2024),
    ("d", "date", "'2024-02-29'", "date", date(2024, 2, 29)),
    ("dt", "datetime(6)", "'9999-12-31 23:59:59.999999'", "timestamp", datetime(9999, 12, 31, 23, 59, 59, 999999)),
    ("ts", "timestamp null", "'2024-03-01 10:00:00'", "timestamp", datetime(2024, 3, 1, 10)),
    ("ti", "time(3)", "'-838:59:59.5'", "string", "-838:59:59.500"),
    ("ch", "char(5)", "'ab'", "string", "ab"),
    ("vc", "varchar(20) character set latin1", "'né'", "string", "né"),
    ("tx", "text", r"'it''s \\ x'", "string", r"it's \ x"),
    ("e", "enum('a','b')", "'b'", "string", "b"),
    ("s", "set('x','y')", "'x,y'", "string", "x,y"),
    ("j", "json", """'{"a": 1}'""", "string", '{"a": 1}'),
    ("bl", "blob", "x'00ff'", "binary", b"\x00\xff"),
    ("p", "point", "ST_GeomFromText('POINT(1 2)')", "string", "POINT(1 2)"),
    ("u", "uuid", f"'{UUID}'", "string", UUID),
)

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture(scope="module")
def server() -> Iterator[MysqlServer]:
    with mysql_server() as running:
        running.execute(
            "CREATE DATABASE shop",
            "SET time_zone = '+00:00'",
            f"CREATE TABLE shop.every ({', '.join(f'{name} {kind}' for name, kind, *_ in EVERY_TYPE)})",
            f"INSERT INTO shop.every VALUES ({', '.join(value for _, _, value, *_ in EVERY_TYPE)})",
            "INSERT INTO shop.every (t) VALUES (NULL)",
            "CREATE USER clerk IDENTIFIED BY 'p@ss/w%41rd'",
            "CREATE USER clerk@localhost IDENTIFIED BY 'p@ss/w%41rd'",
        )
        yield running


@pytest.fixture
def shop(server: MysqlServer) -> Iterator[str]:
    server.execute(
        "CREATE DATABASE store",
        "USE store",
        "CREATE TABLE orders"
        " (id int PRIMARY KEY, customer varchar(20), total decimal(10,2) COMMENT 'with tax', at datetime)",
        "INSERT INTO orders SELECT seq, concat('c', seq % 3), seq / 4, '2024-01-01' + INTERVAL seq DAY"
        " FROM seq_1_to_100",
        "CREATE VIEW dear AS SELECT * FROM orders WHERE total > 20",
        "CREATE TABLE `Odd na``me` (`a b` int)",
    )
    yield server.url(database="store")
    server.execute("DROP DATABASE store")


def connected(url: str) -> dict[str, Connection]:
    return {"store": Connection(name="store", url=url)}


def table(url: str, name: str) -> pl.LazyFrame:
    """Return a table as a query sees it, without a catalog."""
    found = describe(url, name)
    schema = {column.name: polars_type(column.type) for column in found.columns}
    return scan_database(url, found.schema, found.name, schema, project_dir=Path())


def test_every_type_of_mysql_has_its_glue_type_and_comes_over_exactly(server: MysqlServer) -> None:
    found = describe(server.url(), "every")
    assert [(column.name, column.type) for column in found.columns] == [
        (name, kind) for name, _, _, kind, _ in EVERY_TYPE
    ]
    assert "'7'" in found.columns[1].reason
    frame = read_table(server.url(), "every")
    assert frame.row(0) == tuple(value for *_, value in EVERY_TYPE)
    assert frame.row(1) == (None,) * len(EVERY_TYPE)


def test_zero_dates_are_read_as_no_value_and_partial_ones_make_text(server: MysqlServer) -> None:
    server.execute(
        "CREATE TABLE shop.zeros (d date, t datetime, p date)",
        "INSERT INTO shop.zeros VALUES ('0000-00-00', '0000-00-00', '2024-00-00'), ('2024-01-02', '2024-01-02', NULL)",
    )
    try:
        columns = describe(server.url(), "zeros").columns
        assert [column.type for column in columns] == ["date", "timestamp", "string"]
        assert columns[0].reason == "1 of its values are 0000-00-00, read as no value"
        assert "'2024-00-00'" in columns[2].reason
        lazy = table(server.url(), "zeros")
        assert lazy.collect().rows() == [(None, None, "2024-00-00"), (date(2024, 1, 2), datetime(2024, 1, 2), None)]
        assert lazy.filter(pl.col("d").is_null()).collect().height == 1
        narrow = scan_database(server.url(), "shop", "zeros", {"p": pl.Date()}, project_dir=Path())
        with pytest.raises(InvalidInput, match=r"column p holds a value that is no date.*run its crawler again"):
            narrow.collect()
    finally:
        server.execute("DROP TABLE shop.zeros")


def test_a_mysql_crawl_finds_tables_views_keys_and_comments_and_again_nothing_new(
    project: Project, server: MysqlServer, shop: str
) -> None:
    target = DatabaseTarget(connection="store")
    assert project.crawl(target, connections=connected(shop)).rows == 120
    assert project.tables() == ["raw.dear", "raw.odd_na_me", "raw.orders"]
    entry = project.catalog.table("raw.orders")
    assert (entry.rows, entry.table.classification, entry.table.parameters["primaryKey"]) == (100, "mysql", "id")
    assert entry.table.parameters["sourceSchema"] == "store"
    assert {column.name: column.comment for column in entry.table.columns}["total"] == "with tax"
    again = project.crawl(target, connections=connected(shop))
    assert {change.kind for change in again.table_changes} == {ChangeKind.UNCHANGED}
    server.execute("INSERT INTO store.orders VALUES (101, 'x', 1, NULL)")
    project.crawl(target, connections=connected(shop))
    entry = project.catalog.table("raw.orders")
    assert (entry.version, entry.rows) == (1, 101)


def test_without_a_database_in_the_url_all_are_crawled_under_their_names(
    project: Project, server: MysqlServer, shop: str
) -> None:
    assert list_tables(server.url(database=""), "store.%") == ("store.Odd na`me", "store.dear", "store.orders")
    assert list_tables(server.url(database=""), "store/ord%") == ("store.orders",)
    target = DatabaseTarget(connection="store", include="store.orders")
    project.crawl(target, connections=connected(server.url(database="")))
    assert project.tables() == ["raw.store_orders"]


def test_tables_that_differ_in_case_alone_have_each_their_own_columns(server: MysqlServer, shop: str) -> None:
    server.execute("CREATE TABLE store.ORDERS (x int PRIMARY KEY)", "INSERT INTO store.ORDERS VALUES (7)")
    assert read_table(shop, "ORDERS").to_dicts() == [{"x": 7}]
    assert read_table(shop, "orders").columns == ["id", "customer", "total", "at"]


def test_a_broken_view_and_a_forbidden_table_are_reported(project: Project, server: MysqlServer, shop: str) -> None:
    server.execute(
        "CREATE TABLE store.gone (id int)",
        "CREATE VIEW store.broken AS SELECT * FROM store.gone",
        "DROP TABLE store.gone",
    )
    report = project.crawl(DatabaseTarget(connection="store"), connections=connected(shop))
    assert len(report.problems) == 1
    assert "store.broken" in report.problems[0]
    assert len(project.tables()) == 3


def test_sql_joins_mysql_with_files(project: Project, shop: str) -> None:
    project.write("in/customers/a.csv", "customer,city\nc0,Bern\nc1,Rome\nc2,Oslo\n")
    project.crawl("in/customers")
    project.crawl(DatabaseTarget(connection="store", include="orders"), connections=connected(shop), name="db")
    query = (
        "SELECT c.city, SUM(o.total) AS total FROM raw.orders o JOIN raw.customers c ON c.customer = o.customer"
        " WHERE o.id <= 6 GROUP BY c.city ORDER BY c.city"
    )
    settings = {"project_dir": project.folder, "environment": {}}
    assert run_sql(project.catalog, query, **settings).collect().rows() == [  # type: ignore[arg-type]
        ("Bern", Decimal("2.25")),
        ("Oslo", Decimal("1.75")),
        ("Rome", Decimal("1.25")),
    ]


@pytest.mark.parametrize(
    ("predicate", "sent"),
    [
        (pl.col("id") > 90, 10),
        (pl.col("customer") == "C1", 34),
        (pl.col("customer").is_in(["c1", "it's \\"]), 34),
        (pl.col("total") == Decimal("2.50"), 1),
        (pl.col("at") < datetime(2024, 1, 11), 9),
        (pl.col("customer") > "c1", 100),
    ],
)
def test_what_a_query_asks_of_mysql_is_judged_there_where_both_agree(shop: str, predicate: pl.Expr, sent: int) -> None:
    lazy = table(shop, "orders")
    question = Question(schema="store", table="orders", columns=lazy.collect_schema(), predicate=predicate)
    with closing(open_database(shop)) as database, closing(database.batches(question)) as batches:
        assert sum(batch.height for batch in batches) == sent
    assert lazy.filter(predicate).collect().equals(lazy.collect().filter(predicate))


def test_mysql_keeps_back_no_row_that_a_query_asks_for_whatever_its_type(server: MysqlServer) -> None:
    server.execute("USE shop", *pushdown.statements("many_values", pushdown.MYSQL))
    url = server.url()
    everything = read_table(url, "many_values")
    with closing(open_database(url)) as database:

        @settings(max_examples=50, deadline=None)
        @given(pushdown.predicates(everything))
        def find(predicate: pl.Expr) -> None:
            question = Question(schema="shop", table="many_values", columns=everything.schema, predicate=predicate)
            assert pushdown.kept(database, question).equals(everything.filter(predicate))

        find()
    server.execute("DROP TABLE shop.many_values")


def test_years_and_letters_that_a_character_set_lacks_lose_no_row_of_mysql(server: MysqlServer, shop: str) -> None:
    server.execute(
        "USE store",
        "CREATE TABLE cars (built year, name varchar(20) CHARACTER SET latin1)",
        "INSERT INTO cars VALUES (2024, 'né'), (1969, 'x'), (0, NULL)",
    )
    lazy = table(shop, "cars")
    everything = lazy.collect()
    for predicate, rows in [
        (pl.col("built") > 24, 2),
        (pl.col("built") >= 70, 2),
        (pl.col("built") < 70, 1),
        (pl.col("name") == "né", 1),
        (pl.col("name") == "漢", 0),
        (pl.col("name").is_in(["漢", "x"]), 1),
    ]:
        found = lazy.filter(predicate).collect()
        assert found.equals(everything.filter(predicate))
        assert found.height == rows


def test_rows_of_mysql_come_in_batches_and_the_rest_is_not_waited_for(server: MysqlServer, shop: str) -> None:
    server.execute("USE store", "CREATE TABLE many AS SELECT seq AS id FROM seq_1_to_200000")
    question = Question(schema="store", table="many", columns={"id": pl.Int64()})
    with closing(open_database(shop)) as database, closing(database.batches(question)) as batches:
        assert 0 < next(batches).height < 50_000
    assert table(shop, "many").head(7).collect().height == 7


def test_a_mysql_table_that_changed_since_its_crawl_says_so(server: MysqlServer, shop: str) -> None:
    lazy = table(shop, "orders")
    server.execute(
        "ALTER TABLE store.orders MODIFY total varchar(20)", "UPDATE store.orders SET total = 'dear' WHERE id = 3"
    )
    assert lazy.select(pl.col("id").sum()).collect().item() == 5050
    with pytest.raises(InvalidInput, match=r"column total holds a value that is no decimal\(10,2\).*run its crawler"):
        lazy.collect()
    server.execute("UPDATE store.orders SET total = id + 0.125", "ALTER TABLE store.orders MODIFY total decimal(12,4)")
    with pytest.raises(InvalidInput, match=r"column total holds a value that is no decimal\(10,2\): 1.1250"):
        lazy.collect()
    server.execute("ALTER TABLE store.orders DROP COLUMN total")
    with pytest.raises(EntityNotFound, match=r"orders has no column total any more .*run its crawler again"):
        lazy.collect()
    server.execute("DROP TABLE store.orders", "CREATE TABLE store.order_s (id int)")
    with pytest.raises(EntityNotFound, match=r'no table orders in the database .did you mean "order_s"'):
        lazy.collect()


@pytest.mark.parametrize(
    ("user", "database", "more", "words"),
    [
        ("clerk:wr%40ng", "store", "", r"Access denied for user .*check user and password"),
        ("clerk:p%40ss%2Fw%2541rd", "store", "", r"Access denied for user .* to database .*what this user may see"),
        ("root", "nowhere", "", r"Unknown database 'nowhere' .*correct the database"),
        ("root", "store", "&ssl_mod=required", r'unknown option ssl_mod .did you mean "ssl_mode"'),
        ("root", "store", "&ssl_mode=perhaps", "disabled, preferred, required"),
        ("root", "store", "&ssl_mode=required", r"no connection .*see ssl_mode"),
    ],
)
def test_what_stands_in_the_way_to_mysql_is_told_without_the_password(
    server: MysqlServer, shop: str, user: str, database: str, more: str, words: str
) -> None:
    with pytest.raises(GlueTuiError, match=words) as caught:
        list_tables(server.url(user, database, more))
    assert "wr@ng" not in str(caught.value)
    assert "wr%40ng" not in str(caught.value)


def test_a_missing_mysql_driver_is_named_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(InvalidInput, match=r"MySQL needs a driver .*pip install 'glue-tui\[db\]'"):
        list_tables("mysql://db/shop")
