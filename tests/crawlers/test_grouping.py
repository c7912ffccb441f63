"""Files to tables and partitions (rules GR-1 to GR-7, CR-12): on made-up files, and on real folders."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from crawl_project import Project
from hypothesis import given, settings
from hypothesis import strategies as st

from glue_tui.core.model import FolderTarget
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import FileFormat
from glue_tui.core.states import TableGrouping
from glue_tui.crawlers.facts import ColumnFacts, CrawledFile
from glue_tui.crawlers.group import GroupedTable, Grouping, group
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.similarity import Shape, clusters, is_similar, jaccard

SALES = {"id": "bigint", "store": "string", "price": "double", "day": "date"}
COMBINE = TableGrouping.COMBINE_COMPATIBLE_SCHEMAS


def found(path: str, columns: dict[str, str], classification: str = "csv", *, was_read: bool = True) -> CrawledFile:
    *folders, name = path.split("/")
    listed = ListedFile(path=path, absolute=f"/{path}", folders=tuple(folders), name=name, size_bytes=1, mtime_ns=1)
    return CrawledFile(
        listed=listed,
        format=FileFormat(classification=classification, columns=tuple(columns)),
        rows=1,
        facts={column: ColumnFacts(type=kind) for column, kind in columns.items()},
        was_read=was_read,
    )


def tables(files: list[CrawledFile], grouping: Grouping | None = None) -> dict[str, GroupedTable]:
    made = group(files, "target", grouping)
    assert len({table.name for table in made}) == len(made)
    return {table.name: table for table in made}


def paths(table: GroupedTable) -> dict[str, tuple[str, ...]]:
    return {file.listed.path: values for file, values in table.files}


def test_gr_1_folders_are_partitions_of_one_table_above_a_similarity_of_07() -> None:
    one, other = SALES, {**SALES, "voucher": "string"}
    made = tables([found("2023/a.csv", one), found("2024/a.csv", other)])
    assert paths(made["target"]) == {"2023/a.csv": ("2023",), "2024/a.csv": ("2024",)}
    assert "similarity 0.80 or more" in made["target"].why
    far = {**other, "till": "string"}
    made = tables([found("2023/a.csv", one), found("2024/a.csv", far)])
    assert sorted(made) == ["2023", "2024"]
    assert made["2023"].why.endswith("similarity to 2024 is 0.67, not above 0.7")
    chain = tables([found("2022/a.csv", one), found("2023/a.csv", other), found("2024/a.csv", far)])
    assert list(chain) == ["target"], "each year is like the one before"


def test_gr_1_folders_of_more_than_five_kinds_are_tables_each() -> None:
    same = [found(f"2024-01-0{day}/a.csv", SALES) for day in range(1, 8)]
    odd = [found(f"2024-02-0{day}/a.csv", {f"c{day}": "string", "x": "string"}) for day in range(1, 6)]
    some = tables([*same, *odd[:4]])
    assert (len(some), len(some["target"].files)) == (5, 7)
    assert "similarity" in some["2024-02-01"].why
    assert len(tables([*same, *odd])) == 12


def test_gr_1_types_count_but_not_what_one_odd_value_makes_of_them() -> None:
    words = dict.fromkeys(SALES, "string")
    assert sorted(tables([found("a/1.csv", SALES), found("b/1.csv", words)])) == ["a", "b"]
    counted = CrawledFile(
        listed=found("b/1.csv", SALES).listed,
        format=FileFormat(classification="csv", columns=tuple(SALES)),
        rows=10,
        facts={
            name: ColumnFacts(values=10, fits=(0, 9, 9, 0, 0, 9)) if kind in ("bigint", "double") else facts
            for (name, kind), facts in zip(SALES.items(), found("x", SALES).facts.values(), strict=True)
        },
    )
    assert list(tables([found("a/1.csv", SALES), counted])) == ["target"]


def test_a_file_that_is_not_read_again_does_not_part_from_new_ones_for_a_type_that_others_forced() -> None:
    known = {"id": "string", "price": "string"}
    made = tables([found("a/1.csv", known, was_read=False), found("b/1.csv", {"id": "bigint", "price": "double"})])
    assert list(made) == ["target"]


def test_gr_2_the_table_is_the_level_whose_folders_agree() -> None:
    files = [
        found(f"{shop}/{year}/{month}/a.csv", columns)
        for shop, columns in (("sales", SALES), ("stock", {"sku": "string", "left": "bigint"}))
        for year in ("2023", "2024")
        for month in ("01", "02")
    ]
    made = tables(files)
    assert {name: table.keys for name, table in made.items()} == {
        "sales": ("partition_0", "partition_1"),
        "stock": ("partition_0", "partition_1"),
    }
    assert paths(made["sales"])["sales/2024/01/a.csv"] == ("2024", "01")


def test_folders_of_mixed_depths_are_one_table_with_empty_values_where_a_level_is_missing() -> None:
    made = tables([found("2023/a.csv", SALES), found("2024/01/a.csv", SALES), found("2024/b.csv", SALES)])
    assert paths(made["target"]) == {
        "2023/a.csv": ("2023", ""),
        "2024/01/a.csv": ("2024", "01"),
        "2024/b.csv": ("2024", ""),
    }


def test_gr_3_combining_ignores_similarity_but_not_the_format() -> None:
    files = [found("year=2017/a.csv", {"a": "string", "b": "string"}), found("year=2018/a.csv", {"c": "date"})]
    assert sorted(tables(files)) == ["year=2017", "year=2018"]
    combined = tables(files, Grouping(is_combining=True))
    assert (list(combined), combined["target"].keys) == (["target"], ("year",))
    assert "similarity 0.00 or more" in combined["target"].why
    mixed = tables([*files, found("year=2018/b.json", {"a": "string"}, "json")], Grouping(is_combining=True))
    assert sorted(mixed) == ["target", "target_json"]


def test_columns_may_come_and_go_between_hive_folders() -> None:
    wide = {**SALES, **{f"extra{place}": "string" for place in range(6)}}
    made = tables([found("day=1/a.csv", SALES), found("day=2/a.csv", wide), found("day=3/a.csv", {"id": "string"})])
    assert list(made) == ["target"]


@pytest.mark.parametrize("is_plain", [True, False])
def test_gr_4_the_table_level_says_which_folders_are_tables(is_plain: bool) -> None:
    names = ("a", "b") if is_plain else ("area=a", "area=b")
    files = [
        found(f"{top}/{day}/x.csv", {"id": "bigint"} if top == names[0] else SALES)
        for top in names
        for day in ("day=1", "day=2")
    ]
    made = tables([*files, found("top.csv", SALES)], Grouping(table_depth=1))
    assert {name: (table.folders, table.keys) for name, table in made.items()} == {
        names[0]: ((names[0],), ("day",)),
        names[1]: ((names[1],), ("day",)),
        "target": ((), ()),
    }
    assert "above table_level" in made["target"].why
    deeper = group(files, "target", Grouping(table_depth=2))
    assert sorted(table.folders for table in deeper) == [(top, day) for top in names for day in ("day=1", "day=2")]


def test_gr_5_files_and_folders_side_by_side_are_told_apart_with_the_reason() -> None:
    beside = found("customers.csv", {"customer": "string", "town": "string"})
    made = tables([found("day=1/a.csv", SALES), found("day=2/a.csv", SALES), found("late.csv", SALES), beside])
    assert sorted(made) == ["customers", "target"]
    assert paths(made["target"])["late.csv"] == ("",)
    assert "file late.csv beside the folders have no partition" in made["target"].why
    assert made["customers"].why == "unlike the folders and files beside it: similarity 0.00 at most"
    assert made["customers"].single_file


def test_a_stray_file_does_not_take_a_folders_table_away() -> None:
    files = [found(f"store_{place}.csv", SALES) for place in range(9)]
    stray = found("prices.xlsx", {"sku": "string"}, "excel")
    made = tables([*files, stray])
    assert sorted(made) == ["prices", "target"]
    assert made["prices"].why == "beside it lie other formats than excel"
    half = [*files[:2], stray]
    assert sorted(tables(half)) == ["prices", "store"]
    assert sorted(tables(half, Grouping(tables_before=frozenset({()})))) == ["prices", "target"]
    known = found("a.csv", SALES, was_read=False)
    made = tables(
        [known, stray, found("prices_2.xlsx", {"sku": "string"}, "excel")], Grouping(tables_before=frozenset({()}))
    )
    assert paths(made["target"]) == {"a.csv": ()}, "however many come"


def test_a_table_of_folders_stays_one_when_another_folder_comes() -> None:
    shops = [found(f"{town}/a.csv", SALES) for town in ("lyon", "nice")]
    new = found("paris/a.csv", {"id": "bigint", "total": "double", "day": "date"})
    assert sorted(tables([*shops, new])) == ["lyon", "nice", "paris"]
    made = tables([*shops, new], Grouping(tables_before=frozenset({()})))
    assert sorted(made) == ["paris", "target"]
    assert "similarity to lyon is 0.40, not above 0.7" in made["paris"].why


def test_gr_7_folders_name_the_keys_and_others_are_numbered(project: Project) -> None:
    for path in ("day=1/eu/a.csv", "Day=2/us/a.csv", "day=a%2Fb/eu/a.csv", "day=/eu/a.csv", "day=x=y/eu/a.csv"):
        project.write(f"in/{path}", "id,price\n1,2.5\n")
    project.write("in/day=__HIVE_DEFAULT_PARTITION__/eu/a.csv", "id,price\n1,2.5\n")
    project.crawl("in")
    assert project.types("raw.in") == {"id": "bigint", "price": "double", "day": "string", "partition_0": "string"}
    assert sorted((str(row[2]), str(row[3])) for row in project.rows("raw.in")) == [
        ("1", "eu"),
        ("2", "us"),
        ("None", "eu"),
        ("None", "eu"),
        ("a/b", "eu"),
        ("x=y", "eu"),
    ]


def test_gr_7_a_folder_without_a_key_or_with_one_twice_is_numbered() -> None:
    made = tables([found("=1/a.csv", SALES), found("=2/a.csv", SALES)])
    assert made["target"].keys == ("partition_0",)
    twice = tables([found("day=1/day=2/a.csv", SALES)])["target"]
    assert (twice.keys, paths(twice)) == (("day", "partition_0"), {"day=1/day=2/a.csv": ("1", "day=2")})


def test_a_numbered_key_leaves_a_column_its_name(project: Project) -> None:
    for folder in ("a", "b"):
        project.write(f"in/{folder}/x.csv", "id,partition_0\n1,7\n")
    project.crawl("in")
    assert list(project.types("raw.in")) == ["id", "partition_0", "partition_0_of_folder"]
    assert sorted(project.rows("raw.in")) == [(1, 7, "a"), (1, 7, "b")]


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
def test_a_column_of_the_name_of_a_partition_key_gives_way_to_the_folder(project: Project, form: str) -> None:
    for day in ("1", "2"):
        row = {"id": 7, "day": 9}
        if form == "parquet":
            (project.folder / f"in/day={day}").mkdir(parents=True)
            pl.DataFrame(row).write_parquet(project.folder / f"in/day={day}/a.parquet")
        else:
            project.write(f"in/day={day}/a.{form}", "id,day\n7,9\n" if form == "csv" else json.dumps(row))
    project.crawl("in")
    assert sorted(project.rows("raw.in")) == [(7, "1"), (7, "2")]
    assert any("column day of the files gives way to the partition key day" in line for line in project.log)


def test_gr_6_names_are_lower_case_letters_digits_and_underscores(project: Project) -> None:
    for folder in ("Ventes été", "売上", "仕入", "2024", "a-b", "A.B", "x" * 200):
        project.write(f"in/{folder}/{folder[:3]}.csv", f"c{len(folder)}{ord(folder[0])},y\n1,2\n3,4\n")
    project.crawl("in", table_prefix="pre_")
    names = [name.removeprefix("raw.") for name in project.tables()]
    assert len(names) == len(set(names)) == 7
    assert all(len(name) <= 128 and name.isascii() and name.replace("_", "").isalnum() for name in names)
    assert all(name.startswith("pre_") and name == name.lower() for name in names)
    assert sum(name.startswith("pre_a_b") for name in names) == 2
    project.crawl("in", table_prefix="pre_")
    assert [name.removeprefix("raw.") for name in project.tables()] == names, "a name is kept"


def test_readme_and_markers_make_no_tables(project: Project) -> None:
    project.write("in/day=1/a.csv", "id,price\n1,2.5\n2,3.5\n")
    project.write("in/day=2/a.csv", "id,price\n1,2.5\n2,3.5\n")
    project.write("in/day=2/_SUCCESS", "")
    project.write("in/day=2/.part-0.crc", b"\x00\x01")
    project.write("in/README.md", "# Sales\n\nOne folder a day, ask Ann.\n")
    project.crawl("in")
    assert project.tables() == ["raw.in"]


def test_cr_12_a_crawl_of_too_many_tables_writes_nothing_and_names_them(project: Project) -> None:
    for name in ("a", "b", "c"):
        project.write(f"in/{name}/x.csv", f"{name}1,{name}2\n1,2\n3,4\n")
    project.crawl("in", table_threshold=3)
    assert len(project.tables()) == 3, "as many as the threshold pass"
    project.write("in/d/x.csv", "d1,d2\n1,2\n3,4\n")
    with pytest.raises(InvalidInput, match=r"4 tables detected, table_threshold is 3: a, b, c, d .*--dry-run"):
        project.crawl("in", table_threshold=3)
    assert len(project.tables()) == 3


def test_cr_6_every_file_is_read_so_that_the_one_odd_value_counts(project: Project) -> None:
    for number in range(300):
        project.write(f"in/sales/{number:03}.csv", f"id,qty\n{number},{'n/a' if number == 271 else 1}\n")
    project.crawl("in/sales")
    entry = project.catalog.table("raw.sales")
    assert (entry.files, entry.rows) == (300, 300)
    assert [column.type for column in entry.table.columns] == ["bigint", "string"]


def test_gr_4_the_level_counts_from_the_first_folder_of_the_path(project: Project) -> None:
    for year in ("2023", "2024"):
        project.write(f"lake/sales/{year}/01/a.csv", "id,price\n1,2.5\n")
    project.crawl("lake", table_level=3)
    assert project.tables() == ["raw.2023", "raw.2024"]
    assert project.catalog.table("raw.2023").table.location == "lake/sales/2023"
    levels = [FolderTarget(path=path).level for path in ("s3://bucket/a", "a/b/", "./a", ".", "/srv/x", "s3://b")]
    assert levels == [2, 2, 1, 0, 2, 1]


def test_gr_3_combined_folders_are_one_table_of_all_columns(project: Project) -> None:
    project.write("in/year=2017/a.csv", "a,b\n1,2\n")
    project.write("in/year=2018/a.csv", "c,d\n3,4\n")
    project.crawl("in")
    assert project.tables() == ["raw.year_2017", "raw.year_2018"]
    project.crawl("in", table_grouping=COMBINE)
    assert [entry.full_name for entry in project.catalog.tables() if not entry.is_deprecated] == ["raw.in"]
    assert list(project.types("raw.in")) == ["a", "b", "c", "d", "year"]


def test_empty_files_beside_folders_make_no_table(project: Project, tmp_path: Path) -> None:
    project.write("in/day=1/a.csv", "id,price\n1,2.5\n2,3.5\n")
    project.write("in/empty.csv", "")
    project.crawl("in")
    assert project.tables() == ["raw.in"]


SHAPES = st.lists(
    st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["number", "text", "?"])), min_size=1, max_size=6).map(
        lambda pairs: frozenset(dict(pairs).items())
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40)
@given(SHAPES, st.randoms(use_true_random=False))
def test_clusters_do_not_depend_on_the_order_in_which_files_are_listed(signatures: list[frozenset], random) -> None:  # type: ignore[type-arg, no-untyped-def]
    shapes = [(place, Shape("csv", one, one)) for place, one in enumerate(signatures)]
    made = {frozenset(place for place, _ in one) for one in clusters(shapes, is_similar)}
    random.shuffle(shapes)
    assert {frozenset(place for place, _ in one) for one in clusters(shapes, is_similar)} == made
    assert sorted(place for one in made for place in one) == list(range(len(signatures)))
    for one in signatures:
        assert jaccard(one, one) == 1.0
        assert all(0.0 <= jaccard(one, other) == jaccard(other, one) <= 1.0 for other in signatures)


FOLDERS = st.lists(st.sampled_from(["2023", "2024", "day=1", "day=2", "k=a", "x", "=", "a b"]), max_size=3)
COLUMNS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["bigint", "string", "null"]), min_size=1)


@given(
    st.lists(st.tuples(FOLDERS, COLUMNS, st.sampled_from(["csv", "json"])), min_size=1, max_size=12),
    st.booleans(),
    st.none() | st.integers(0, 3),
)
def test_every_file_is_in_exactly_one_table_with_a_value_for_each_key(
    made_up: list[tuple[list[str], dict[str, str], str]], is_combining: bool, depth: int | None
) -> None:
    files = [
        found("/".join((*folders, f"f{place}.{form}")), columns, form)
        for place, (folders, columns, form) in enumerate(made_up)
    ]
    made = group(files, "target", Grouping(is_combining=is_combining, table_depth=depth))
    assert sorted(file.listed.path for table in made for file, _ in table.files) == sorted(
        file.listed.path for file in files
    )
    for table in made:
        assert table.why
        assert len(set(table.keys)) == len(table.keys)
        assert all(len(values) == len(table.keys) for _, values in table.files)
        assert len({file.format.classification for file, _ in table.files}) == 1


def test_gr_3_folders_that_are_alike_stay_one_table_though_as_many_are_not(project: Project) -> None:
    project.write("e/dt=01/a.csv", "id,x\n1,2\n")
    project.write("e/dt=02/a.csv", "id,y\n1,2\n")
    project.write("e/dt=03/hr=05/a.csv", "id,x\n3,4\n")
    project.write("e/dt=bad/a.csv", "other\n5\n")
    project.crawl("e")
    assert project.tables() == ["raw.dt_02", "raw.dt_bad", "raw.e"]
    assert project.rows("raw.e") == [(1, 2, "01", None), (3, 4, "03", "05")]


def test_gr_1_the_reason_of_a_folder_of_its_own_speaks_of_the_table_beside_it(project: Project) -> None:
    for number, columns in enumerate(["id,x", "id,x", "p,q", "p,q"]):
        project.write(f"e/dt={number}/a.csv", f"{columns}\n1,2\n")
    whys = {one.table: one.why for one in project.crawl("e").tables}
    assert sorted(whys) == ["raw.dt_2", "raw.dt_3", "raw.e"]
    assert "similarity to dt=0 is 0.00" in whys["raw.dt_3"]
    for number, columns in enumerate(["a,b", "a,b", "c,d", "e,f", "g,h", "i,j", "k,l"]):
        project.write(f"many/dt={number}/a.csv", f"{columns}\n1,2\n")
    whys = {one.table: one.why for one in project.crawl("many", name="other").tables}
    assert len(whys) == 7
    assert all("its folders hold 6 kinds of columns, more than 5" in why for why in whys.values())
