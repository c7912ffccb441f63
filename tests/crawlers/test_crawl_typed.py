"""Formats that carry types: Avro, Arrow IPC, workbooks; and parquet files that lie."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from crawl_project import Project

from glue_tui.core.model import Classifier, FolderTarget

FRAME = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "town": ["Orléans", None, ""],
        "day": [date(2025, 1, 1), None, date(2025, 1, 3)],
        "at": [datetime(2025, 1, 1, 1, 2, 3, 500000), None, None],
        "price": [Decimal("1.10"), None, Decimal("-2.00")],
        "who": [{"a": 1, "b": "x"}, {"a": None, "b": None}, None],
        "list": [[1, 2], [], None],
        "ok": [True, None, False],
    },
    schema_overrides={"price": pl.Decimal(10, 2)},
)
TYPES = {
    "id": "bigint",
    "town": "string",
    "day": "date",
    "at": "timestamp",
    "price": "decimal(10,2)",
    "who": "struct<a:bigint,b:string>",
    "list": "array<bigint>",
    "ok": "boolean",
}
KINDS = ["avro", "ipc", "ipc_stream", "parquet"]


def written(kind: str, frame: pl.DataFrame = FRAME) -> bytes:
    packed = io.BytesIO()
    getattr(frame, f"write_{kind}")(packed)
    return packed.getvalue()


def workbook(path: Path, sheets: dict[str, list[list[object]]], hidden: Sequence[str] = ()) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        if name in hidden:
            sheet.hide()
    book.close()


@pytest.mark.parametrize("kind", KINDS)
def test_types_and_rows_are_as_the_file_says(project: Project, kind: str) -> None:
    project.write("in/a.arrow" if kind == "ipc_stream" else "in/data", written(kind))
    project.crawl("in")
    assert project.types("raw.in") == TYPES
    rows = project.rows("raw.in")
    assert [row[:5] for row in rows] == [row[:5] for row in FRAME.rows()]
    assert rows[0][5:] == FRAME.rows()[0][5:]
    found = project.scan("raw.in").filter(id=3).select("price", "id").collect().rows()
    assert found == [(Decimal("-2.00"), 3)]


@pytest.mark.parametrize("kind", KINDS)
def test_files_without_rows_and_files_that_are_cut(project: Project, kind: str) -> None:
    whole = written(kind)
    project.write("in/a.arrow", whole)
    project.write("in/none.arrow", written(kind, FRAME.clear()))
    project.write("in/cut.arrow", whole[: -len(whole) // 3])
    report = project.crawl("in")
    assert project.tables() == ["raw.in"]
    assert project.rows("raw.in")[0][0] == 1
    (problem,) = report.problems
    assert problem.startswith("in/cut.arrow: not a whole ")


def test_avro_of_many_blocks_is_counted_and_read(project: Project) -> None:
    frame = pl.DataFrame({"id": range(50_000), "text": ["some text"] * 50_000})
    for codec in ("uncompressed", "snappy", "deflate"):
        packed = io.BytesIO()
        frame.write_avro(packed, compression=codec)  # type: ignore[arg-type]
        project.write(f"in/{codec}.avro", packed.getvalue())
    assert project.crawl("in").rows == 150_000
    assert project.scan("raw.in").select(pl.col("id").sum()).collect().item() == 3 * sum(range(50_000))


def test_a_workbook_is_read_as_text_and_typed_by_all_its_cells(project: Project) -> None:
    rows: list[list[object]] = [
        ["Orders of January"],
        [],
        ["id", "town", "day", "price", "zip", "mixed"],
        [1, "Orléans", date(2025, 1, 1), 1.5, "00501", 1],
        [2, None, date(2025, 1, 2), 2, "10001", "n/a"],
        [3, "Köln", None, -0.25, "10002", 3],
    ]
    workbook(project.folder / "in/a.xlsx", {"Orders": rows, "Empty": []})
    assert project.crawl("in").problems == ()
    assert project.types("raw.in") == {
        "id": "bigint",
        "town": "string",
        "day": "date",
        "price": "double",
        "zip": "string",
        "mixed": "string",
    }
    assert project.rows("raw.in") == [
        (1, "Orléans", date(2025, 1, 1), 1.5, "00501", "1"),
        (2, None, date(2025, 1, 2), 2.0, "10001", "n/a"),
        (3, "Köln", None, -0.25, "10002", "3"),
    ]
    assert project.reason("raw.in", "mixed") == "'n/a' in in/a.xlsx, sheet Orders:5 is no bigint"


SHEETS: dict[str, list[list[object]]] = {"One": [["a"], [1]], "Two Ä": [["b"], ["x"], ["y"]], "Empty": []}


def test_each_sheet_of_a_workbook_is_a_table(project: Project) -> None:
    workbook(project.folder / "in/Book.xlsx", SHEETS)
    project.write("in/plain.csv", "x,y\n1,2\n")
    report = project.crawl("in")
    assert project.progress[-1] == (2, 2)
    assert project.tables() == ["raw.book_one", "raw.book_two", "raw.in"]
    assert {one.table.location for one in project.catalog.tables()} == {"in", "in/Book.xlsx"}
    assert (project.rows("raw.book_one"), project.rows("raw.book_two")) == ([(1,)], [("x",), ("y",)])
    assert any("sheet 'One' of a workbook with several" in one.why for one in report.tables)


def test_sheets_are_kept_and_compared_as_files_are(project: Project) -> None:
    path = project.folder / "in/book.xlsx"
    workbook(path, SHEETS)
    os.utime(path, (1e9, 1e9))
    project.crawl("in")
    assert project.crawl("in").files_read == 0
    project.write("in/other/plain.csv", "x,y\n1,2\n")
    kinds = {change.table.name: change.kind.value for change in project.crawl("in").table_changes}
    assert kinds == {"book_one": "UNCHANGED", "book_two": "UNCHANGED", "other": "CREATED"}
    workbook(path, {"One": [["a"], [1], [2]], "Three": [["c"], [1]]})
    kinds = {change.table.name: change.kind.value for change in project.crawl("in").table_changes}
    assert kinds == {"book_one": "UPDATED", "book_three": "CREATED", "book_two": "DEPRECATED", "other": "UNCHANGED"}
    assert project.rows("raw.book_one") == [(1,), (2,)]


def test_sheets_of_one_name_in_alike_workbooks_are_one_table(project: Project) -> None:
    for month in (1, 2):
        workbook(project.folder / f"in/m{month}.xlsx", {"Sales": [["id"], [month]], "Costs": [["what"], ["rent"]]})
    workbook(project.folder / "in/m3.xlsx", {"Sales": [["id"], [3]]})
    project.crawl("in")
    assert project.tables() == ["raw.in_costs", "raw.in_sales"]
    assert sorted(project.rows("raw.in_sales")) == [(1,), (2,), (3,)]
    assert project.rows("raw.in_costs") == [("rent",), ("rent",)]


def test_sheets_of_the_same_columns_are_not_one_table(project: Project) -> None:
    workbook(project.folder / "in/a.xlsx", {"Jan": [["id"], [1]], "Feb": [["id"], [2]]})
    project.crawl("in")
    assert (project.rows("raw.a_jan"), project.rows("raw.a_feb")) == ([(1,)], [(2,)])


def test_one_sheet_alone_is_read_where_the_classifier_names_it(project: Project) -> None:
    workbook(project.folder / "in/a.xlsx", SHEETS)
    project.crawl(FolderTarget(path="in", classifier=Classifier(sheet="Two Ä")))
    assert project.rows("raw.in") == [("x",), ("y",)]


def test_hidden_sheets_are_left_out_and_told_unless_all_are_hidden(project: Project) -> None:
    workbook(project.folder / "in/a.xlsx", {"One": [["a"], [1]], "Codes": [["b"], ["x"]]}, hidden=("Codes",))
    project.crawl("in")
    assert project.rows("raw.in") == [(1,)]
    (doubt,) = project.catalog.table("raw.in").table.formats[0].doubts
    assert doubt == "hidden sheets are left out: Codes; sheet = 'Codes' reads one alone"
    project.crawl(FolderTarget(path="in", classifier=Classifier(sheet="Codes")), name="codes", table_prefix="codes_")
    assert project.rows("raw.codes_in") == [("x",)]


def test_a_broken_sheet_is_told_again_until_it_is_whole_and_the_others_are_read(project: Project) -> None:
    path = project.folder / "whole.xlsx"
    workbook(path, {"One": [["a"], [1]], "Two": [["b"], [2]]})
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(packed, "w") as cut:
        for name in whole.namelist():
            content = whole.read(name)
            cut.writestr(name, content[:200] if name.endswith("sheet2.xml") else content)
    project.write("in/a.xlsx", packed.getvalue())
    for _ in range(2):
        (problem,) = project.crawl("in").problems
        assert "its sheet Two is broken" in problem
        assert project.rows("raw.in") == [(1,)]


def test_a_workbook_that_is_broken_or_empty_says_so(project: Project) -> None:
    project.write("in/good.csv", "id,name\n1,a\n")
    workbook(project.folder / "in/empty.xlsx", {"One": []})
    workbook(project.folder / "whole.xlsx", {"One": [["a"], [1]]})
    content = (project.folder / "whole.xlsx").read_bytes()
    project.write("in/cut.xlsx", content[: len(content) // 2])
    project.write("in/old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    problems = dict(text.split(": ", 1) for text in project.crawl("in").problems)
    assert problems["in/empty.xlsx"] == "all its sheets are empty"
    assert problems["in/cut.xlsx"].startswith("its zip compression is broken")
    assert problems["in/old.xls"].startswith("not a whole workbook")


def test_parquet_files_that_lie_are_left_out(project: Project) -> None:
    whole = written("parquet")
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    project.write("in/good.parquet", whole)
    project.write("in/cut.parquet", whole[:-20])
    project.write("in/footer.parquet", whole[:footer] + bytes(60) + whole[footer + 60 :])
    project.write("in/magic.parquet", b"PAR1" + bytes(100) + b"PAR1")
    project.write("in/length.parquet", whole[:-8] + b"\xff\xff\xff\x7f" + b"PAR1")
    report = project.crawl("in")
    assert project.rows("raw.in")[0][0] == 1
    assert {problem.split(":")[0] for problem in report.problems} == {
        "in/cut.parquet",
        "in/footer.parquet",
        "in/magic.parquet",
        "in/length.parquet",
    }
    assert all("not a whole parquet file: " in problem for problem in report.problems)


@pytest.mark.parametrize("kind", KINDS)
def test_letters_that_could_stand_for_other_files_are_those_of_a_name(project: Project, kind: str) -> None:
    for number, name in enumerate(["a1", "a[1]", "b*", "bc"]):
        project.write(f"in/{name}.arrow", written(kind, pl.DataFrame({"id": [number]})))
    project.crawl("in")
    assert sorted(project.rows("raw.in")) == [(0,), (1,), (2,), (3,)]


def test_maps_are_columns_of_keys_and_values(project: Project) -> None:
    pairs = pl.Map(pl.String(), pl.Int64())
    schema = {"id": pl.Int64(), "tags": pairs, "in_it": pl.Struct({"tags": pl.List(pairs)})}
    rows = [{"id": 1, "tags": {"a": 1, "b": 2}, "in_it": {"tags": [{"c": 3}]}}, {"id": 2, "tags": None, "in_it": None}]
    project.write("in/a.parquet", written("parquet", pl.DataFrame(rows, schema=schema)))
    project.crawl("in")
    types = {"id": "bigint", "tags": "map<string,bigint>", "in_it": "struct<tags:array<map<string,bigint>>>"}
    assert project.types("raw.in") == types
    assert project.rows("raw.in") == [
        (1, [{"key": "a", "value": 1}, {"key": "b", "value": 2}], {"tags": [[{"key": "c", "value": 3}]]}),
        (2, None, None),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_in_one_partition_and_a_number_in_another_are_text(project: Project, kind: str) -> None:
    record = {"x": Decimal("1.50"), "y": [date(2025, 1, 1)]}
    lists = pl.DataFrame({"id": [1, 2], "v": [[1, None], None], "w": [record, None]})
    project.write("in/day=1/a.arrow", written(kind, lists))
    project.write("in/day=2/a.arrow", written(kind, pl.DataFrame({"id": [3], "v": [7], "w": ["text"]})))
    project.crawl("in")
    assert project.types("raw.in") == {"id": "bigint", "v": "string", "w": "string", "day": "string"}
    as_text = '{"x":"1.50","y":["2025-01-01"]}'
    assert project.rows("raw.in") == [(1, "[1,null]", as_text, "1"), (2, None, None, "1"), (3, "7", "text", "2")]
    assert project.scan("raw.in").filter(pl.col("v") == "7").select("id").collect().rows() == [(3,)]


@pytest.mark.parametrize("kind", ["parquet", "ipc"])
def test_a_column_tells_of_nanoseconds_that_are_cut_off(project: Project, kind: str) -> None:
    at = pl.Series("at", [1_700_000_000_123_456_789]).cast(pl.Datetime("ns"))
    project.write(f"in/a.{kind}", written(kind, pl.DataFrame({"at": at, "until": at.cast(pl.Datetime("us"))})))
    project.write("in/day=1_$folder$", "")
    project.crawl("in")
    assert project.types("raw.in") == {"at": "timestamp", "until": "timestamp"}
    assert project.reason("raw.in", "at").startswith("files have nanoseconds")
    assert project.reason("raw.in", "until") == ""
