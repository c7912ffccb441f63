"""Which files become which table, what a second crawl does, and the policies for changes."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import date

import polars as pl
import pytest
from crawl_project import Project

from glue_tui.catalog.query import run_sql
from glue_tui.catalog.scan import scan
from glue_tui.core.model import Connection, DatabaseTarget
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.schema import ChangeKind
from glue_tui.core.states import DeleteBehavior, RecrawlBehavior, UpdateBehavior


def kinds(report: object) -> dict[str, ChangeKind]:
    return {change.table.name: change.kind for change in report.table_changes}  # type: ignore[attr-defined]


def test_hive_folders_are_partitions(project: Project) -> None:
    for day in ("01", "02"):
        project.write(f"in/sales/year=2024/day={day}/a.csv", f"id,x\n{int(day)},a\n")
    project.write("in/sales/year=2024/day=a%20b/a.csv", "id,x\n9,b\n")
    project.crawl("in/sales")
    assert project.types("raw.sales") == {"id": "bigint", "x": "string", "year": "string", "day": "string"}
    assert sorted(project.rows("raw.sales")) == [
        (1, "a", "2024", "01"),
        (2, "a", "2024", "02"),
        (9, "b", "2024", "a b"),
    ]
    assert [item.values for item in project.catalog.partitions("raw.sales")] == [
        ("2024", "01"),
        ("2024", "02"),
        ("2024", "a b"),
    ]
    assert project.scan("raw.sales").filter(pl.col("day") == "02").select("id").collect().to_series().to_list() == [2]


def test_hive_keys_differ_in_case_and_may_have_no_value_or_be_columns_too(project: Project) -> None:
    for folder, columns in [
        ("day=01", {"day": [9], "x": [1]}),
        ("Day=02", {"x": [2]}),
        ("day=__HIVE_DEFAULT_PARTITION__", {"x": [3]}),
    ]:
        (project.folder / "in" / folder).mkdir(parents=True)
        pl.DataFrame(columns).write_parquet(project.folder / "in" / folder / "a.parquet")
    project.crawl("in")
    assert sorted(project.rows("raw.in"), key=str) == [(1, "01"), (2, "02"), (3, None)]


def test_folders_that_are_alike_are_partitions_and_others_tables(project: Project) -> None:
    project.write("in/sales/fr/a.csv", "id,price\n1,2.5\n")
    project.write("in/sales/de/b.csv", "id,price\n2,3.5\n")
    project.write("in/products/p.json", '{"sku": "a", "tags": ["x"]}\n')
    project.write("in/stores/2024/s.csv", "store,city,opened\nS1,Lyon,2024-01-01\n")
    project.crawl("in")
    assert project.tables() == ["raw.products", "raw.sales", "raw.stores"]
    assert sorted(project.rows("raw.sales")) == [(1, 2.5, "fr"), (2, 3.5, "de")]
    assert project.rows("raw.stores") == [("S1", "Lyon", date(2024, 1, 1), "2024")]
    assert project.types("raw.sales")["partition_0"] == "string"


def test_unlike_files_side_by_side_are_tables_of_their_own(project: Project) -> None:
    project.write("in/customers_1.csv", "id,name,town\n1,a,b\n")
    project.write("in/customers_2.csv", "id,name,town\n2,a,b\n")
    project.write("in/orders.csv", "order_no,amount\n1,2\n")
    project.crawl("in")
    assert project.tables() == ["raw.customers", "raw.orders"]
    assert project.catalog.table("raw.orders").table.location == "in/orders.csv"
    assert [row[0] for row in project.rows("raw.customers")] == [1, 2]


def test_a_file_with_another_column_delimiter_or_order_joins_its_table(project: Project) -> None:
    project.write("in/a.csv", "id,name,price\n1,a,1\n")
    project.write("in/b.csv", "id;name;price\n2;b;2.5\n")
    project.write("in/c.csv", "id,name,price,voucher\n3,c,3,V1\n")
    project.write("in/d.csv", "price,id,name\n4,4,d\n")
    project.crawl("in")
    assert len(project.catalog.table("raw.in").table.formats) == 4
    assert sorted(project.rows("raw.in")) == [
        (1, "a", 1.0, None),
        (2, "b", 2.5, None),
        (3, "c", 3.0, "V1"),
        (4, "d", 4.0, None),
    ]


def test_json_lines_with_nested_and_conflicting_values(project: Project) -> None:
    lines = [{"id": 1, "tags": ["a"], "size": {"w": 1}}, {"id": 2, "size": {"w": 1.5, "h": 2}}]
    project.write("in/a.json", "\n".join(map(json.dumps, lines)))
    project.write("in/b.json.gz", '{"id": "x-3", "tags": [], "size": null, "extra": true}\n', zipped=True)
    project.crawl("in")
    assert project.types("raw.in") == {
        "id": "string",
        "tags": "array<string>",
        "size": "struct<w:double,h:bigint>",
        "extra": "boolean",
    }
    assert project.reason("raw.in", "id") == "'x-3' in in/b.json.gz:1 is no bigint"
    assert project.rows("raw.in") == [
        ("1", ["a"], {"w": 1.0, "h": None}, None),
        ("2", None, {"w": 1.5, "h": 2}, None),
        ("x-3", [], None, True),
    ]


def test_parquet_files_of_different_types_are_united(project: Project) -> None:
    (project.folder / "in").mkdir()
    frames = {"a": {"id": [1], "v": [1]}, "b": {"id": [2], "v": [2.5]}, "c": {"id": ["x"], "v": [3]}, "d": {"id": [4]}}
    for name, columns in frames.items():
        pl.DataFrame(columns).write_parquet(project.folder / f"in/{name}.parquet")
    pl.DataFrame({"id": [], "v": []}, schema={"id": pl.Int64, "v": pl.Int64}).write_parquet(
        project.folder / "in/e.parquet"
    )
    project.crawl("in")
    assert project.types("raw.in") == {"id": "string", "v": "double"}
    assert project.reason("raw.in", "id") == "in/c.parquet has string, other files bigint"
    lost = "in/b.parquet has double, other files bigint: in a double, whole numbers beyond 15 digits lose the last"
    assert project.reason("raw.in", "v") == lost
    assert sorted(project.rows("raw.in"), key=str) == [("1", 1.0), ("2", 2.5), ("4", None), ("x", 3.0)]


def test_unchanged_files_are_not_read_again(project: Project) -> None:
    for name in ("a", "b", "c"):
        project.write(f"in/{name}.csv", "id,x\n1,2\n")
    assert kinds(project.crawl("in")) == {"in": ChangeKind.CREATED}
    report = project.crawl("in")
    assert (report.files, report.files_read, report.rows) == (3, 0, 3)
    assert kinds(report) == {"in": ChangeKind.UNCHANGED}
    assert "INFO in: 3 files: 3 unchanged, 0 to read" in project.log
    project.write("in/b.csv", "id,x\nn/a,2\n7,3\n")
    project.write("in/d.csv", "id,x,y\n4,5,6\n")
    (project.folder / "in/c.csv").unlink()
    report = project.crawl("in")
    assert (report.files, report.files_read, report.rows) == (3, 2, 4)
    change = report.table_changes[0]
    assert (change.kind, change.replace_files, [file.path for file in change.files], change.removed_paths) == (
        ChangeKind.UPDATED,
        False,
        ["in/a.csv", "in/b.csv", "in/d.csv"],  # of a is now known that its own ids are numbers
        ("in/c.csv",),
    )
    assert project.reason("raw.in", "id").startswith("'n/a' in in/b.csv:2 is no bigint")
    assert project.catalog.table("raw.in").version == 2
    assert sorted(project.rows("raw.in")) == [("1", 2, None), ("4", 5, 6), ("7", 3, None), ("n/a", 2, None)]
    assert kinds(project.crawl("in")) == {"in": ChangeKind.UNCHANGED}
    assert project.reason("raw.in", "id").startswith("'n/a' in in/b.csv:2 is no bigint")


def test_a_column_without_values_gets_its_type_when_they_come(project: Project) -> None:
    project.write("in/a.csv", "id,voucher\n1,\n")
    project.crawl("in")
    assert project.reason("raw.in", "voucher") == "no values yet"
    project.write("in/b.csv", "id,voucher\n2,17\n")
    project.crawl("in")
    assert project.types("raw.in")["voucher"] == "bigint"
    assert project.rows("raw.in") == [(1, None), (2, 17)]


def test_new_folders_only_leaves_known_folders_alone(project: Project) -> None:
    project.write("in/day=1/a.csv", "id,x\n1,2\n")
    project.crawl("in")
    project.write("in/day=1/b.csv", "id,x\n2,2\n")
    project.write("in/day=2/a.csv", "id,x\n3,2\n")
    project.crawl("in", recrawl=RecrawlBehavior.CRAWL_NEW_FOLDERS_ONLY)
    assert [row[0] for row in project.rows("raw.in")] == [1, 3]


def test_with_update_log_the_columns_stay_and_new_files_still_count(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    project.crawl("in")
    project.write("in/b.csv", "id,x,y\n2,3,4\n")
    project.crawl("in", update_behavior=UpdateBehavior.LOG)
    assert project.types("raw.in") == {"id": "bigint", "x": "bigint"}
    assert project.rows("raw.in") == [(1, 2), (2, 3)]
    assert any("new column y (bigint) (not applied" in line for line in project.log)


@pytest.mark.parametrize("policy", list(DeleteBehavior))
def test_sc_3_a_table_that_is_no_longer_there(project: Project, policy: DeleteBehavior) -> None:
    project.write("in/a/a.csv", "id,x\n1,2\n")
    project.write("in/b/b.json", '{"y": 1}\n')
    project.crawl("in")
    (project.folder / "in/b/b.json").unlink()
    project.crawl("in", delete_behavior=policy)
    match policy:
        case DeleteBehavior.DELETE_FROM_DATABASE:
            assert project.tables() == ["raw.a"]
        case DeleteBehavior.DEPRECATE_IN_DATABASE:
            assert project.catalog.table("raw.b").is_deprecated
            project.write("in/b/b.json", '{"y": 2}\n')
            project.crawl("in", delete_behavior=policy)
            assert not project.catalog.table("raw.b").is_deprecated
        case DeleteBehavior.LOG:
            assert any("raw.b: its data is no longer found" in line for line in project.log)
            assert not project.catalog.table("raw.b").is_deprecated
            with pytest.raises(
                InvalidInput,
                match=r"in/b/b\.json is in the catalog but no longer on disk \(`glue-tui crawl landing` brings",
            ):
                project.scan("raw.b")


def test_a_folder_that_may_not_be_entered_is_not_told_as_deleted(project: Project) -> None:
    project.write("in/day=1/a.csv", "id,x\n1,2\n")
    project.crawl("in")
    frame = project.scan("raw.in")
    folder = project.folder / "in/day=1"
    is_root = os.geteuid() == 0
    folder.chmod(0)
    try:
        if is_root:
            os.seteuid(65534)
        with pytest.raises(InvalidInput, match=r"in/day=1/a\.csv can't be read: permission denied"):
            frame.collect()
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)
    assert frame.collect().height == 1


def test_a_table_whose_files_break_is_not_given_up(project: Project) -> None:
    project.write("in/a/a.csv", "id,x\n1,2\n")
    project.write("in/b/b.csv", "y,z,w\n1,2,3\n")
    project.crawl("in")
    project.write("in/b/b.csv", "")
    project.crawl("in")
    assert not project.catalog.table("raw.b").is_deprecated


def test_crawling_everything_narrows_a_type_again(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    bad = project.write("in/b.csv", "id,x\nn/a,2\n")
    project.crawl("in")
    bad.write_text("id,x\n22,2\n")
    os.utime(bad, ns=(1, 1))
    project.crawl("in", recrawl=RecrawlBehavior.CRAWL_EVERYTHING)
    assert project.types("raw.in")["id"] == "bigint"


def test_two_tables_of_one_name_are_told_apart(project: Project) -> None:
    project.write("one/sales/a.csv", "id,x\n1,2\n")
    project.write("two/sales/a.json", '{"y": 1}\n')
    project.crawl("one/sales", "two/sales")
    names = project.tables()
    assert names[0] == "raw.sales"
    assert names[1].startswith("raw.sales_")
    assert kinds(project.crawl("one/sales", "two/sales")) == {
        name.partition(".")[2]: ChangeKind.UNCHANGED for name in names
    }


def test_database_tables_are_crawled_and_read_where_they_are(project: Project) -> None:
    with closing(sqlite3.connect(project.folder / "shop.db")) as conn:
        conn.executescript(
            "CREATE TABLE Customers (id INTEGER, since DATE); "
            "INSERT INTO Customers VALUES (1, '2024-01-01'), (2, NULL);"
            "CREATE TABLE orders (id INTEGER, total REAL); INSERT INTO orders VALUES (1, 9.5);"
        )
    url = "sqlite:///{{ env.SHOP }}"
    shop = {"shop": Connection(name="shop", url=url)}
    report = project.crawl(DatabaseTarget(connection="shop"), connections=shop, environment={"SHOP": "shop.db"})
    assert (report.rows, project.tables()) == (3, ["raw.customers", "raw.orders"])
    entry = project.catalog.table("raw.customers")
    assert (entry.table.location, entry.rows, entry.table.parameters["sourceTable"]) == (url, 2, "Customers")
    settings = {"project_dir": project.folder, "environment": {"SHOP": "shop.db"}}
    joined = "SELECT c.since, o.total FROM raw.customers c JOIN raw.orders o ON o.id = c.id"
    assert run_sql(project.catalog, joined, **settings).collect().rows() == [(date(2024, 1, 1), 9.5)]  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="SHOP"):
        project.scan("raw.customers")
    lazy = scan(project.catalog, "raw.customers", **settings)  # type: ignore[arg-type]
    assert lazy.filter(pl.col("since").is_null()).select("id").head(5).collect().rows() == [(2,)]
    assert lazy.select(pl.len()).collect().item() == 2
    again = project.crawl(DatabaseTarget(connection="shop"), connections=shop, environment={"SHOP": "shop.db"})
    assert set(kinds(again).values()) == {ChangeKind.UNCHANGED}
    with closing(sqlite3.connect(project.folder / "shop.db")) as conn:
        conn.execute("INSERT INTO Customers VALUES ('seven', NULL)")
        conn.commit()
    with pytest.raises(InvalidInput, match=r"no bigint.*run its crawler again"):
        lazy.collect()
    with pytest.raises(InvalidInput, match="no table like 'x%'"):
        project.crawl(
            DatabaseTarget(connection="shop", include="x%"), connections=shop, environment={"SHOP": "shop.db"}
        )
    with pytest.raises(EntityNotFound, match=r'no connection named .*did you mean "shop"'):
        project.crawl(DatabaseTarget(connection="shpo"), connections=shop)


def test_a_database_that_did_not_change_is_not_read_again(project: Project) -> None:
    url = "sqlite:///shop.db"
    connections = {"shop": Connection(name="shop", url=url)}
    with closing(sqlite3.connect(project.folder / "shop.db")) as conn:
        conn.executescript("CREATE TABLE a (v INT); INSERT INTO a VALUES (1); CREATE TABLE b (v INT);")

        def crawl(include: str = "%", **settings: object) -> dict[str, ChangeKind]:
            target = DatabaseTarget(connection="shop", include=include)
            return kinds(project.crawl(target, connections=connections, **settings))

        def looked_at() -> int:
            return sum("table of connection shop" in line for line in project.log)

        assert crawl() == {"a": ChangeKind.CREATED, "b": ChangeKind.CREATED}
        assert crawl() == {"a": ChangeKind.UNCHANGED, "b": ChangeKind.UNCHANGED}
        assert looked_at() == 0
        with conn:
            conn.execute("INSERT INTO a VALUES (2)")
        assert crawl() == {"a": ChangeKind.UPDATED, "b": ChangeKind.UNCHANGED}
        assert looked_at() == 2
        entry = project.catalog.table("raw.a")
        assert (entry.rows, entry.version) == (2, 1)
        assert crawl() == {"a": ChangeKind.UNCHANGED, "b": ChangeKind.UNCHANGED}
        assert looked_at() == 0, "b was looked at in this state, though nothing of it had changed"
        crawl(recrawl=RecrawlBehavior.CRAWL_EVERYTHING)
        assert looked_at() == 2
        with conn:
            conn.execute("DROP TABLE b")
        assert crawl("a%") == {"a": ChangeKind.UNCHANGED}
        assert crawl()["b"] is ChangeKind.DEPRECATED


def test_sql_over_tables_and_what_is_said_about_a_wrong_query(project: Project) -> None:
    project.write("in/sales/a.csv", "store,amount\nA,1\nA,2\nB,5\n")
    project.crawl("in/sales")
    settings = {"project_dir": project.folder, "environment": {}}
    query = 'SELECT store, SUM(amount) AS total FROM "raw"."sales" GROUP BY ALL ORDER BY store'
    assert run_sql(project.catalog, query, **settings).collect().rows() == [("A", 3), ("B", 5)]  # type: ignore[arg-type]
    for wrong, error, words in [
        ("SELECT amuont FROM raw.sales", InvalidInput, 'no column .amuont.*did you mean "amount"'),
        ("SELECT * FROM raw.slaes", EntityNotFound, 'did you mean "raw.sales"'),
        ("SELECT * FROM sales", EntityNotFound, 'did you mean "raw.sales"'),
        ("SELECT 1 +", InvalidInput, "the query is wrong"),
    ]:
        with pytest.raises(error, match=words):
            run_sql(project.catalog, wrong, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ["in", "in/pipe.csv"])
def test_a_pipe_is_no_data_even_if_it_is_named(project: Project, target: str) -> None:
    (project.folder / "in").mkdir()
    os.mkfifo(project.folder / "in" / "pipe.csv")
    assert project.crawl(target).table_changes == ()
    assert project.log == [f"WARN {target}: no data files in it"]
