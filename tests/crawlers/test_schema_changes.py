"""What a crawl may change of a table (rules SC-1 to SC-7, CT-2), and what people have said of it."""

from __future__ import annotations

import json

import polars as pl
import pytest
from crawl_project import Project
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.catalog.result import query_result
from glue_tui.catalog.write import edit_table
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import ChangeKind, Column, Table
from glue_tui.core.schema_changes import data_types, merged, merged_type, table_differences, with_locks
from glue_tui.core.states import RecrawlBehavior, TableGrouping, UpdateBehavior
from glue_tui.core.table_edits import EditKind, TableEdit
from glue_tui.definitions.load import load_file

LOG, MERGE = UpdateBehavior.LOG, UpdateBehavior.MERGE_NEW_COLUMNS


def edit(project: Project, kind: EditKind, *columns: str, text: str = "") -> None:
    edit_table(project.conn, TableEdit(kind=kind, table="raw.in", columns=columns, text=text, by="ann"), at=9.0)


def says(project: Project, text: str) -> bool:
    return any(text in line for line in project.log)


@pytest.mark.parametrize("policy", list(UpdateBehavior))
def test_sc_1_new_tables_and_partitions_are_made_whatever_the_policy(project: Project, policy: UpdateBehavior) -> None:
    project.write("in/day=1/a.csv", "id,x\n1,2\n")
    project.crawl("in", update_behavior=policy)
    project.write("in/day=2/a.csv", "id,x\n2,3\n")
    project.crawl("in", update_behavior=policy)
    assert [one.values for one in project.catalog.partitions("raw.in")] == [("1",), ("2",)]


def test_sc_2_an_update_follows_the_data_and_keeps_what_people_said(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    project.crawl("in")
    edit(project, EditKind.COMMENT, "id", text="number of the till")
    project.write("in/a.csv", "y;id\n2.5;n/a\n3;4\n")
    project.crawl("in")
    assert project.types("raw.in") == {"id": "string", "y": "double"}, "columns keep their order"
    assert project.catalog.table("raw.in").table.columns[0].comment == "number of the till"
    assert project.catalog.table("raw.in").table.parameters["delimiter"] == ";"
    for told in (
        "new column y (double)",
        "column id: bigint → string: 'n/a' in in/a.csv:2",
        "column x (bigint) is gone",
    ):
        assert says(project, told)


def test_sc_5_merging_adds_columns_and_fields_and_changes_nothing_else(project: Project) -> None:
    project.write("in/a.json", json.dumps({"id": 1, "box": {"w": 1}, "old": 1}) + "\n")
    project.crawl("in", update_behavior=MERGE)
    project.write("in/a.json", json.dumps({"id": "x", "box": {"w": 2.5, "h": 3}, "new": True}) + "\n")
    project.crawl("in", update_behavior=MERGE)
    assert project.types("raw.in") == {
        "id": "bigint",
        "box": "struct<w:bigint,h:bigint>",
        "old": "bigint",
        "new": "boolean",
    }
    assert says(project, "column id: bigint → string")
    assert says(project, "column old (bigint) is gone (not applied: schema_change.update is MERGE_NEW_COLUMNS)")
    assert [one.version for one in project.catalog.versions("raw.in")] == [2, 1]


def test_sc_5_merging_leaves_a_table_whose_format_changes_and_says_what_to_do(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    project.crawl("in", update_behavior=MERGE)
    project.write("in/b.csv", "id;x\n1;2\n")
    assert project.crawl("in", update_behavior=MERGE).table_changes[0].kind is ChangeKind.UPDATED, "only a delimiter"
    for name in ("a", "b"):
        (project.folder / f"in/{name}.csv").unlink()
    project.write("in/a.json", '{"id": 1, "x": 2}\n')
    project.crawl("in", update_behavior=MERGE)
    entry = project.catalog.table("raw.in")
    assert (entry.is_deprecated, entry.table.classification, entry.files) == (True, "csv", 2)
    assert says(project, "its files are json now, they were csv")
    project.crawl("in")
    entry = project.catalog.table("raw.in")
    assert (entry.is_deprecated, entry.table.classification, entry.files) == (False, "json", 1)
    assert "delimiter" not in entry.table.parameters


def test_sc_6_every_partition_is_read_with_the_schema_of_its_table(project: Project) -> None:
    project.write("in/day=1/a.csv", "id,x\n1,2\n")
    project.crawl("in")
    project.write("in/day=2/a.csv", "x;id;y\n2.5;n/a;7\n")
    project.crawl("in")
    assert sorted(project.rows("raw.in"), key=str) == [("1", 2.0, None, "1"), ("n/a", 2.5, 7, "2")]


def test_sc_7_with_log_the_columns_never_change_and_are_not_forgotten_either(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    project.crawl("in", update_behavior=LOG)
    project.write("in/b.csv", "id,x,y\nn/a,2,2026-01-01\n3,4,\n")
    for _ in range(2):
        project.crawl("in", update_behavior=LOG)
        assert project.types("raw.in") == {"id": "bigint", "x": "bigint"}
        assert says(project, "column id: bigint → string")
        assert says(project, "new column y (date) (not applied: schema_change.update is LOG)")
    project.crawl("in")
    assert project.types("raw.in") == {"id": "string", "x": "bigint", "y": "date"}, "though no file was read again"
    assert sorted(project.rows("raw.in"), key=str)[0][0] == "1"


def test_sc_4_the_words_of_glues_configuration_are_answered_with_ours(project: Project) -> None:
    file = project.write(
        "workflows/w.toml",
        '[triggers.t]\ntype = "ON_DEMAND"\nactions = [{ crawler = "c" }]\n[crawlers.c]\ndatabase = "raw"\n'
        'targets = [{ path = "in" }]\nschema_change = { update = "MergeNewColumns" }\nTableGroupingPolicy = "x"\n',
    )
    told = [str(problem) for problem in load_file(file, project.folder).problems]
    assert any('no such value: "MergeNewColumns" (here: "MERGE_NEW_COLUMNS")' in line for line in told)
    assert any('TableGroupingPolicy: unknown key (here: table_grouping = "COMBINE' in line for line in told)


def test_ct_2_every_change_of_columns_is_a_version_with_its_reasons(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    project.crawl("in")
    project.write("in/b.csv", "id,x\n2,3\n")
    project.crawl("in")
    assert len(project.catalog.versions("raw.in")) == 1, "a file more is no other schema"
    project.write("in/c.csv", "id,x\n3,n/a\n")
    project.crawl("in")
    newest = project.catalog.versions("raw.in")[0]
    assert (newest.version, newest.written_by, newest.run_id) == (2, "crawler:landing", "wr_3")
    assert len(newest.notes) == 1
    assert newest.notes[0].startswith("column x: bigint → string: 'n/a' in in/c.csv:2 is no bigint")


def test_a_locked_column_stays_and_every_crawl_that_finds_otherwise_says_so(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    project.crawl("in")
    edit(project, EditKind.RETYPE, "id", text="string")
    project.write("in/b.csv", "id,x,y\n7,3,4\n")
    for recrawl in (RecrawlBehavior.CRAWL_CHANGED, RecrawlBehavior.CRAWL_EVERYTHING, RecrawlBehavior.CRAWL_CHANGED):
        project.crawl("in", recrawl=recrawl)
        assert project.types("raw.in") == {"id": "string", "x": "bigint", "y": "bigint"}
        assert says(project, "column id is locked as string, found as bigint")
    assert sorted(project.rows("raw.in")) == [("1", 2, None), ("7", 3, 4)]
    for name in ("a", "b"):
        project.write(f"in/{name}.csv", "x\n5\n6\n")
    project.crawl("in")
    assert project.types("raw.in") == {"id": "string", "x": "bigint"}
    assert says(project, "column id is locked and stays, though no file has it")
    edit(project, EditKind.UNLOCK, "id")
    project.crawl("in")
    assert project.types("raw.in") == {"x": "bigint"}


def test_a_locked_table_gets_files_and_partitions_but_no_columns(project: Project) -> None:
    project.write("in/day=1/a.csv", "id,x\n1,2\n")
    project.crawl("in")
    edit(project, EditKind.LOCK)
    project.write("in/day=2/a.csv", "id,x,y\n2,n/a,4\n")
    project.crawl("in")
    assert project.types("raw.in") == {"id": "bigint", "x": "bigint", "day": "string"}
    assert says(project, "new column y (bigint) (not applied: the table is locked)")
    assert project.catalog.table("raw.in").partitions == 2
    assert project.scan("raw.in").select("id", "day").sort("id").collect().rows() == [(1, "1"), (2, "2")]
    with pytest.raises(pl.exceptions.PolarsError):
        project.scan("raw.in").select("x").collect()
    edit(project, EditKind.UNLOCK)
    project.crawl("in")
    assert project.types("raw.in") == {"id": "bigint", "x": "string", "y": "bigint", "day": "string"}


NAMES = st.sampled_from("abcde")
KINDS = st.sampled_from(["bigint", "string", "struct<p:bigint,q:struct<r:date>>", "struct<q:struct<s:double>>"])
COLUMNS = st.dictionaries(NAMES, KINDS, max_size=5)


def table(types: dict[str, str], locked: frozenset[str] = frozenset()) -> Table:
    columns = tuple(Column(name=name, type=kind, is_locked=name in locked) for name, kind in types.items())
    return Table(database="raw", name="in", classification="csv", location="in", columns=columns)


@given(COLUMNS, COLUMNS)
def test_merging_takes_nothing_away_and_is_done_at_once(before: dict[str, str], found: dict[str, str]) -> None:
    made = merged(table(before), table(found))
    types = {column.name: column.type for column in made.columns}
    assert [*types][: len(before)] == [*before]
    assert types.keys() == before.keys() | found.keys()
    assert all(
        merged_type(types[name], kind) == types[name] for name, kind in {**found, **before}.items() if name in found
    )
    assert merged(made, table(found)) == made
    assert all(one.kind in ("added", "retyped") for one in table_differences(table(before), made))


@given(COLUMNS, COLUMNS, st.frozensets(NAMES))
def test_what_is_locked_is_as_before_and_the_rest_as_found(
    before: dict[str, str], found: dict[str, str], locked: frozenset[str]
) -> None:
    made, notes = with_locks(table(before, locked), table(found))
    types = {column.name: column.type for column in made.columns}
    assert types == {**found, **{name: kind for name, kind in before.items() if name in locked}}
    assert [name for name in types if name in found] == [*found]
    assert len(notes) == sum(found.get(name) != before[name] for name in locked & before.keys())
    assert data_types(made) == types


def failing(project: Project) -> str:
    with pytest.raises(InvalidInput) as caught:
        query_result(project.catalog, "SELECT * FROM raw.in", project_dir=project.folder, environment={})
    return str(caught.value)


@pytest.mark.parametrize("policy", [LOG, MERGE])
def test_a_query_that_a_policy_lets_fail_names_column_value_and_way_out(
    project: Project, policy: UpdateBehavior
) -> None:
    project.write("in/a.csv", "id,qty\n1,2\n")
    project.crawl("in", update_behavior=policy)
    project.write("in/b.csv", "id,qty\n2,2.5\n")
    project.crawl("in", update_behavior=policy)
    assert failing(project) == (
        "raw.in: column qty is bigint in the catalog, but double in the files, which hold '2.5' "
        '(`glue-tui catalog retype raw.in qty double`, or a crawl with schema_change.update = "UPDATE_IN_DATABASE")'
    )


@pytest.mark.parametrize("rows", ["id,qty\n1,2\n2,5.5\n", '{"id": 1, "qty": 2}\n{"id": 2, "qty": 5.5}\n'])
def test_a_query_that_a_lock_lets_fail_names_column_and_way_out(project: Project, rows: str) -> None:
    project.write("in/a.txt", rows)
    project.crawl("in")
    edit(project, EditKind.RETYPE, "qty", text="date")
    told = failing(project)
    assert "raw.in: column qty is date in the catalog, but double in the files" in told
    assert "`glue-tui catalog retype raw.in qty double`, or `glue-tui catalog unlock raw.in qty` and a crawl" in told
    edit(project, EditKind.UNLOCK)
    edit(project, EditKind.LOCK)
    assert "`glue-tui catalog unlock raw.in` and a crawl" in failing(project)


@pytest.mark.parametrize("path", ["in/a.csv", "in/b.csv"])
def test_a_number_or_a_time_that_widens_its_column_is_named_with_file_and_line(project: Project, path: str) -> None:
    old = "day,qty\n2026-01-01,1\n2026-01-02,2\n"
    new = "2026-01-03 10:00:00,7.5\n2026-01-03 11:00:00,8.5\n2026-01-03 12:00:00,9.5\n"
    project.write("in/a.csv", old)
    project.crawl("in")
    project.write(path, "day,qty\n" + new if path == "in/b.csv" else old + "2026-01-03,3\n" + new)
    project.crawl("in")
    line = 2 if path == "in/b.csv" else 5
    assert says(project, f"column qty: bigint → double: '7.5' in {path}:{line} is no bigint")
    assert says(project, f"column day: date → timestamp: '2026-01-03 10:00:00' in {path}:{line} is no date")


def test_a_column_of_prices_needs_no_reason_for_its_decimals(project: Project) -> None:
    project.write("in/a.csv", "price\n1.5\n2\n3.25\n")
    project.crawl("in")
    assert project.types("raw.in") == {"price": "double"}
    assert project.reason("raw.in", "price") == ""


@pytest.mark.parametrize(
    ("name", "first", "other"),
    [("csv", "id\n1\n", "x\n5\n6\n"), ("json", '{"id": 1}\n', "{}\n{}\n"), ("json", '{"id": 1}\n', '{"x": 5}\n' * 2)],
)
def test_files_without_any_column_of_their_table_have_all_their_rows(
    project: Project, name: str, first: str, other: str
) -> None:
    project.write(f"in/day=1/a.{name}", first)
    project.crawl("in", table_grouping=TableGrouping.COMBINE_COMPATIBLE_SCHEMAS)
    edit(project, EditKind.LOCK)
    project.write(f"in/day=2/a.{name}", other)
    project.crawl("in", table_grouping=TableGrouping.COMBINE_COMPATIBLE_SCHEMAS)
    assert sorted(project.rows("raw.in"), key=str) == [(1, "1"), (None, "2"), (None, "2")]
    assert project.scan("raw.in").select(pl.len()).collect().item() == 3
    assert project.scan("raw.in").select("id").collect().height == 3
    assert project.scan("raw.in").filter(day="2").select("id").collect().height == 2


def test_a_fraction_under_a_locked_whole_number_is_told_not_cut_off(project: Project) -> None:
    (project.folder / "in").mkdir()
    pl.DataFrame({"qty": [3.0, None]}).write_parquet(project.folder / "in/a.parquet")
    project.crawl("in")
    edit(project, EditKind.RETYPE, "qty", text="bigint")
    assert project.rows("raw.in") == [(3,), (None,)]
    pl.DataFrame({"qty": [3.0, 2.5]}).write_parquet(project.folder / "in/b.parquet")
    project.crawl("in")
    assert "column qty is bigint in the catalog, but double in the files, which hold '2.5'" in failing(project)
