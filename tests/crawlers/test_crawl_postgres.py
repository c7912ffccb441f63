"""PostgreSQL, a real one: its tables in the catalog, its types, reading them, and what is said when it says no."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from math import inf, isnan
from pathlib import Path

import polars as pl
import pushdown
import pytest
from crawl_project import Project
from hypothesis import given, settings
from postgres_server import PostgresServer, postgres_server

from glue_tui.catalog.database_scan import scan_database
from glue_tui.catalog.databases import Question, describe, list_tables, open_database, read_table
from glue_tui.catalog.query import run_sql
from glue_tui.catalog.types import polars_type
from glue_tui.core.model import Connection, DatabaseTarget
from glue_tui.core.problem import EntityNotFound, GlueTuiError, InvalidInput
from glue_tui.core.schema import ChangeKind

UUID = "0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c"
LONG = "12345678901234567890.123456789012345678"
EVERY_TYPE = (
    ("i2", "smallint", "2", "smallint", 2),
    ("i4", "integer", "-3", "int", -3),
    ("i8", "bigint", "9223372036854775807", "bigint", 2**63 - 1),
    ("r", "real", "1.5", "float", 1.5),
    ("dp", "double precision", "0.1", "double", 0.1),
    ("ok", "boolean", "true", "boolean", True),
    ("n", "numeric", LONG, "decimal(38,18)", Decimal(LONG)),
    ("n2", "numeric(10,2)", "-1.10", "decimal(10,2)", Decimal("-1.10")),
    ("wide", "numeric(40,3)", "1", "string", "1.000"),
    ("tens", "numeric(5,-2)", "12300", "decimal(7,0)", Decimal(12300)),
    ("d", "date", "'2024-02-29'", "date", date(2024, 2, 29)),
    ("ts", "timestamp", "'9999-12-31 23:59:59.999999'", "timestamp", datetime(9999, 12, 31, 23, 59, 59, 999999)),
    ("tz", "timestamptz(3)", "'2024-03-01 10:00+02'", "timestamp", datetime(2024, 3, 1, 8)),
    ("t", "time", "'24:00'", "string", "24:00:00"),
    ("iv", "interval", "'1 day 2h'", "string", "1 day 02:00:00"),
    ("u", "uuid", f"'{UUID}'", "string", UUID),
    ("j", "json", """'{"a":1}'""", "string", '{"a":1}'),
    ("jb", "jsonb", """'{"a":1}'""", "string", '{"a": 1}'),
    ("b", "bytea", r"'\x00ff'", "binary", b"\x00\xff"),
    ("e", "mood", "'fine'", "string", "fine"),
    ("dm", "price", "5.5", "decimal(12,2)", Decimal("5.50")),
    ("ch", "char(5)", "'ab'", "string", "ab"),
    ("vc", "varchar(7)", "'né''e'", "string", "né'e"),
    ("bi", "bit(3)", "b'101'", "string", "101"),
    ("o", "oid", "4294967295", "bigint", 2**32 - 1),
    ("ip", "inet", "'10.0.0.1'", "string", "10.0.0.1/32"),
    ("ia", "int[]", "'{1,null}'", "array<int>", [1, None]),
    ("ta", "text[]", """'{a,NULL,"c,d"}'""", "array<string>", ["a", None, "c,d"]),
    ("na", "numeric(8,2)[]", "'{1.10}'", "array<decimal(8,2)>", [Decimal("1.10")]),
    ("ua", "uuid[]", f"'{{{UUID}}}'", "array<string>", [UUID]),
    ("da", "date[]", "'{2024-01-01}'", "array<date>", [date(2024, 1, 1)]),
)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        running.execute(
            "CREATE TYPE mood AS ENUM ('fine', 'bad')",
            "CREATE DOMAIN price AS numeric(12,2)",
            f"CREATE TABLE every ({', '.join(f'{name} {kind}' for name, kind, *_ in EVERY_TYPE)})",
            f"INSERT INTO every VALUES ({', '.join(value for _, _, value, *_ in EVERY_TYPE)})",
            "INSERT INTO every (i2) VALUES (NULL)",
        )
        yield running


@pytest.fixture
def shop(server: PostgresServer) -> Iterator[str]:
    server.execute(
        "CREATE SCHEMA shop",
        "CREATE SCHEMA hidden",
        "CREATE TABLE shop.orders (id int PRIMARY KEY, customer text, total numeric(10,2), at timestamptz)",
        "INSERT INTO shop.orders SELECT g, 'c' || g % 3, g / 4.0, '2024-01-01+00'::timestamptz + g * interval '1 day'"
        " FROM generate_series(1, 100) g",
        "COMMENT ON COLUMN shop.orders.total IS 'with tax'",
        "CREATE VIEW shop.dear AS SELECT * FROM shop.orders WHERE total > 20",
        'CREATE TABLE shop."Odd.Na""me" ("a b" int)',
        "CREATE TABLE hidden.secrets (id int)",
    )
    yield server.url()
    server.execute("DROP SCHEMA shop CASCADE", "DROP SCHEMA hidden CASCADE")


def connected(url: str) -> dict[str, Connection]:
    return {"shop": Connection(name="shop", url=url)}


def table(url: str, name: str) -> pl.LazyFrame:
    """Return a table as a query sees it, without a catalog."""
    found = describe(url, name)
    schema = {column.name: polars_type(column.type) for column in found.columns}
    return scan_database(url, found.schema, found.name, schema, project_dir=Path())


def test_every_type_has_its_glue_type_and_comes_over_exactly(server: PostgresServer) -> None:
    found = describe(server.url(), "every")
    assert [(column.name, column.type) for column in found.columns] == [
        (name, kind) for name, _, _, kind, _ in EVERY_TYPE
    ]
    frame = read_table(server.url(), "every")
    assert frame.row(0) == tuple(value for *_, value in EVERY_TYPE)
    assert frame.row(1) == (None,) * len(EVERY_TYPE)


@pytest.mark.parametrize(
    ("declared", "kind", "value", "shown"),
    [
        ("numeric", "decimal(38,18)", "'NaN'", "NaN"),
        ("numeric", "decimal(38,18)", "1e25", "10000000000000000000000000"),
        ("numeric", "decimal(38,18)", "1e-19", "0.0000000000000000001"),
        ("numeric(5,2)", "decimal(5,2)", "'NaN'", "NaN"),
        ("date", "date", "'infinity'", "infinity"),
        ("date", "date", "'10000-01-01'", "10000-01-01"),
        ("timestamp", "timestamp", "'0044-03-15 BC'", "0044-03-15 00:00:00 BC"),
        ("timestamptz", "timestamp", "'-infinity'", "-infinity"),
        ("int[]", "array<int>", "'{{1,2},{3,4}}'", "{{1,2},{3,4}}"),
        ("date[]", "array<date>", "'{2024-01-01,infinity}'", "{2024-01-01,infinity}"),
        ("numeric(5,2)[]", "array<decimal(5,2)>", "'{NaN}'", "{NaN}"),
    ],
)
def test_a_value_that_no_glue_type_can_hold_makes_its_column_text_and_is_named(
    server: PostgresServer, declared: str, kind: str, value: str, shown: str
) -> None:
    server.execute(f"CREATE TABLE odd (v {declared})", f"INSERT INTO odd VALUES ({value}), (NULL)")
    try:
        (column,) = describe(server.url(), "odd").columns
        assert column.type == "string"
        assert repr(shown) in column.reason
        assert read_table(server.url(), "odd").rows() == [(shown,), (None,)]
        narrow = {"v": polars_type(kind)}
        with pytest.raises(InvalidInput, match=r"column v holds .*run its crawler again"):
            scan_database(server.url(), "public", "odd", narrow, project_dir=Path()).collect()
    finally:
        server.execute("DROP TABLE odd")


def test_doubles_keep_infinity_and_what_is_no_number(server: PostgresServer) -> None:
    server.execute("CREATE TABLE edges AS SELECT unnest('{NaN,-Infinity,1e308}'::float8[]) AS v")
    values = read_table(server.url(), "edges")["v"].to_list()
    server.execute("DROP TABLE edges")
    assert isnan(values[0])
    assert values[1:] == [-inf, 1e308]


def test_a_crawl_finds_tables_views_keys_and_comments(project: Project, shop: str) -> None:
    target = DatabaseTarget(connection="shop", include="shop.%")
    report = project.crawl(target, connections=connected(shop))
    assert project.tables() == ["raw.shop_dear", "raw.shop_odd_na_me", "raw.shop_orders"]
    entry = project.catalog.table("raw.shop_orders")
    assert (entry.rows, entry.table.classification, entry.table.parameters["primaryKey"]) == (100, "postgresql", "id")
    assert entry.table.parameters["recordCountIs"] == "exact"
    assert {column.name: column.comment for column in entry.table.columns}["total"] == "with tax"
    assert project.catalog.table("raw.shop_dear").table.parameters["typeOfData"] == "view"
    assert report.rows == 120
    assert project.scan("raw.shop_odd_na_me").collect().schema == {"a b": pl.Int32}


@pytest.mark.parametrize(
    ("include", "found"),
    [
        ("shop.%", 3),
        ("postgres/shop/%", 3),
        ("SHOP.ord%", 1),
        ("ord%", 1),
        ("shop/dear", 1),
    ],
)
def test_patterns_name_schemas_and_tables(shop: str, include: str, found: int) -> None:
    assert len(list_tables(shop, include)) == found
    assert not [name for name in list_tables(shop) if name.startswith(("pg_", "information_schema"))]


def test_a_second_crawl_changes_nothing_but_counts_until_the_table_changes(
    project: Project, server: PostgresServer, shop: str
) -> None:
    def crawl() -> dict[str, ChangeKind]:
        report = project.crawl(DatabaseTarget(connection="shop", include="shop.%"), connections=connected(shop))
        return {change.table.name: change.kind for change in report.table_changes}

    assert set(crawl().values()) == {ChangeKind.CREATED}
    assert set(crawl().values()) == {ChangeKind.UNCHANGED}
    server.execute("INSERT INTO shop.orders VALUES (101, 'x', 1, now())")
    assert crawl()["shop_orders"] is ChangeKind.UPDATED
    entry = project.catalog.table("raw.shop_orders")
    assert (entry.version, entry.rows) == (1, 101)
    server.execute("ALTER TABLE shop.orders ADD COLUMN note text", 'DROP TABLE shop."Odd.Na""me"')
    assert crawl()["shop_orders"] is ChangeKind.UPDATED
    assert project.catalog.table("raw.shop_orders").version == 2
    assert project.catalog.table("raw.shop_odd_na_me").is_deprecated


def test_a_table_that_may_not_be_read_is_reported_and_the_crawl_goes_on(
    project: Project, server: PostgresServer, shop: str
) -> None:
    server.execute("GRANT USAGE ON SCHEMA shop, hidden TO clerk", "GRANT SELECT ON shop.orders TO clerk")
    secret = {"PW": "p@ss/w%41rd"}
    url = shop.replace("postgres@", "clerk:{{ env.PW }}@")
    target = DatabaseTarget(connection="shop", include="shop.%")
    report = project.crawl(target, connections=connected(url), environment=secret)
    assert project.tables() == ["raw.shop_orders"]
    assert len(report.problems) == 2
    assert "permission denied for view dear" in report.problems[1]
    assert not any(secret["PW"] in line for line in project.log)
    assert project.catalog.table("raw.shop_orders").table.location == url
    with pytest.raises(InvalidInput, match=r"not even the one table .* can be read .*permission denied"):
        project.crawl(
            DatabaseTarget(connection="shop", include="hidden.%"), connections=connected(url), environment=secret
        )


def test_sql_joins_it_with_files(project: Project, shop: str) -> None:
    project.write("in/customers/a.csv", "customer,city\nc0,Bern\nc1,Rome\nc2,Oslo\n")
    project.crawl("in/customers")
    project.crawl(DatabaseTarget(connection="shop", include="shop.orders"), connections=connected(shop), name="db")
    query = (
        "SELECT c.city, SUM(o.total) AS total FROM raw.shop_orders o JOIN raw.customers c ON c.customer = o.customer"
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
        ((pl.col("id") > 90) & (pl.col("customer").str.len_bytes() == 2), 10),
        (pl.col("customer") == "c1", 34),
        (pl.col("customer").is_in(["c1", "c2", "it's"]), 67),
        (pl.col("total") == Decimal("2.50"), 1),
        (pl.col("at") < datetime(2024, 1, 11), 9),
        ((pl.col("id") == 1) | (pl.col("at") >= datetime(2024, 4, 10)), 2),
        (pl.col("note").is_null(), 100),
        (pl.col("customer") > "c1", 100),
        ((pl.col("id") == 1) | (pl.col("customer") > "c1"), 100),
        (~(pl.col("id") > 90), 100),
    ],
)
def test_what_a_query_asks_is_judged_by_the_database_where_both_agree(
    server: PostgresServer, shop: str, predicate: pl.Expr, sent: int
) -> None:
    server.execute("ALTER TABLE shop.orders ADD COLUMN note text")
    lazy = table(shop, "shop.orders")
    schema = lazy.collect_schema()
    question = Question(schema="shop", table="orders", columns=schema, predicate=predicate)
    with closing(open_database(shop)) as database, closing(database.batches(question)) as batches:
        assert sum(batch.height for batch in batches) == sent
    assert lazy.filter(predicate).collect().equals(lazy.collect().filter(predicate))
    assert lazy.filter(predicate).select("total").head(3).collect().height == min(
        3, lazy.collect().filter(predicate).height
    )


def test_postgresql_keeps_back_no_row_that_a_query_asks_for_whatever_its_type(server: PostgresServer) -> None:
    server.execute(*pushdown.statements("many_values", pushdown.POSTGRES))
    url = server.url()
    everything = read_table(url, "many_values")
    with closing(open_database(url)) as database:

        @settings(max_examples=50, deadline=None)
        @given(pushdown.predicates(everything))
        def find(predicate: pl.Expr) -> None:
            question = Question(schema="public", table="many_values", columns=everything.schema, predicate=predicate)
            assert pushdown.kept(database, question).equals(everything.filter(predicate))

        find()
    server.execute("DROP TABLE public.many_values")


def test_numbers_beyond_an_oid_are_compared_with_it(server: PostgresServer, shop: str) -> None:
    server.execute("CREATE TABLE shop.things (o oid)", "INSERT INTO shop.things VALUES (0), (4294967295), (NULL)")
    lazy = table(shop, "things")
    for predicate, rows in [(pl.col("o") > -1, 2), (pl.col("o") < 2**40, 2), (pl.col("o") == 2**32 - 1, 1)]:
        assert lazy.filter(predicate).collect().height == rows


def test_rows_come_in_batches_and_no_more_of_them_than_are_asked_for(server: PostgresServer, shop: str) -> None:
    server.execute(
        "CREATE TABLE shop.many AS SELECT g AS id, repeat('x', 900) AS text FROM generate_series(1, 30000) g"
    )
    question = Question(schema="shop", table="many", columns={"id": pl.Int32(), "text": pl.String()})
    with closing(open_database(shop)) as database, closing(database.batches(question)) as batches:
        first = next(batches)
        assert 0 < first.height < 15_000
    lazy = table(shop, "shop.many")
    assert lazy.head(7).collect().height == 7
    assert lazy.select(pl.len()).collect().item() == 30_000


def test_a_table_that_changed_since_its_crawl_says_so(server: PostgresServer, shop: str) -> None:
    lazy = table(shop, "shop.orders")
    server.execute("DROP VIEW shop.dear")
    server.execute("ALTER TABLE shop.orders ALTER COLUMN total TYPE text USING total::text || ' EUR'")
    assert lazy.select(pl.col("id").sum()).collect().item() == 5050
    with pytest.raises(InvalidInput, match=r"column total holds a value that is no decimal\(10,2\).*run its crawler"):
        lazy.collect()
    server.execute("ALTER TABLE shop.orders ALTER COLUMN total TYPE numeric(12,4) USING id + 0.125")
    with pytest.raises(InvalidInput, match=r"column total holds a value that is no decimal\(10,2\): 1.1250"):
        lazy.collect()
    server.execute("ALTER TABLE shop.orders ALTER COLUMN id TYPE bigint", "ALTER TABLE shop.orders DROP COLUMN total")
    assert lazy.select("id").head(1).collect().schema == {"id": pl.Int32}
    with pytest.raises(EntityNotFound, match=r"orders has no column total any more .*run its crawler again"):
        lazy.collect()
    server.execute("DROP TABLE shop.orders", "CREATE TABLE shop.order_s (id int)")
    with pytest.raises(EntityNotFound, match=r'no table orders in the database .did you mean "order_s"'):
        lazy.collect()


@pytest.mark.parametrize(
    ("user", "database", "extra", "words"),
    [
        ("clerk:wr%40ng", "postgres", "", r"password authentication failed .*check user and password"),
        ("clerk", "postgres", "", r"no password supplied .*check user and password"),
        ("postgres", "nowhere", "", r'database "nowhere" does not exist .*correct the database'),
        ("nobody", "postgres", "", r'role "nobody" does not exist'),
        ("postgres", "postgres", "&sslmod=require", "invalid URI query parameter"),
    ],
)
def test_what_stands_in_the_way_is_told_without_the_password(
    server: PostgresServer, user: str, database: str, extra: str, words: str
) -> None:
    with pytest.raises(GlueTuiError, match=words) as caught:
        list_tables(server.url(user, database) + extra)
    assert "wr@ng" not in str(caught.value)
    assert "wr%40ng" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:se/cr@t@127.0.0.1:1/db", r"no connection to postgresql://me@127\.0\.0\.1:1/db.*refused"),
        ("postgresql://me:secret@db.invalid/db", r"could not translate host name .*correct the host"),
        ("postgresql://me:secret@127.0.0.1:x/db", "a postgresql URL is not understood"),
    ],
)
def test_a_server_that_is_not_there_is_told(url: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        list_tables(url)
    assert "se/cr" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_named_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(InvalidInput, match=r"PostgreSQL needs a driver .*pip install 'glue-tui\[db\]'"):
        list_tables("postgresql://db/shop")


def test_a_table_too_large_to_be_counted_has_the_databases_estimate(
    project: Project, server: PostgresServer, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.execute("ANALYZE shop.orders")
    monkeypatch.setattr("glue_tui.catalog.database_server.COUNTED_BYTES_MAX", 1)
    project.crawl(DatabaseTarget(connection="shop", include="shop.orders"), connections=connected(shop))
    entry = project.catalog.table("raw.shop_orders")
    assert (entry.rows, entry.table.parameters["recordCountIs"]) == (100, "estimate")
    assert any("rows as the database estimates them" in line for line in project.log)
