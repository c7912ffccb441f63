"""Files that would be mixed up, or would end a crawl, if their names or contents were taken for something else."""

from __future__ import annotations

import io
import lzma
import shutil
import sqlite3
import tarfile
import zipfile
from contextlib import closing

import polars as pl
import pytest
import xlsxwriter
from crawl_project import Project

from glue_tui.core.column_names import column_names
from glue_tui.core.model import Classifier, Connection, DatabaseTarget, FolderTarget
from glue_tui.core.problem import InvalidInput


def test_a_name_with_brackets_is_no_pattern_that_leads_to_another_arrow_file(project: Project) -> None:
    (project.folder / "in").mkdir()
    pl.DataFrame({"a": [1, 2]}).write_ipc(project.folder / "in/a[1].arrow")
    pl.DataFrame({"a": [9]}).write_ipc(project.folder / "in/a1.arrow")
    assert project.crawl("in").problems == ()
    assert sorted(project.rows("raw.in")) == [(1,), (2,), (9,)]


def test_a_number_within_text_is_seen_though_another_json_file_fits_the_name_as_a_pattern(project: Project) -> None:
    rest = '{"a": "long enough to be read alone"}\n' * 30_000
    project.write("in/a[1].jsonl", f'{{"a": "x"}}\n{{"a": 7.10}}\n{rest}')
    project.write("in/a1.jsonl", '{"a": "x"}\n')
    project.crawl("in/a[1].jsonl")
    (table,) = project.tables()
    assert project.scan(table).head(2).collect().rows() == [("x",), ("7.10",)]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("text", ['{"a":' * 5000 + "1" + "}" * 5000, '{"a":' * 9000, "[" * 9000])
def test_json_that_is_nested_too_deeply_does_not_end_the_crawl(project: Project, name: str, text: str) -> None:
    project.write("in/ok.csv", "k,v\n1,2\n")
    project.write(f"in/{name}", text)
    (problem,) = project.crawl("in").problems
    assert problem.startswith(f"in/{name}: ")
    assert "nested too deeply" in problem


def test_half_a_letter_in_json_that_is_read_exactly_is_found_by_the_crawl(project: Project) -> None:
    project.write("in/ok.csv", "k,v\n1,2\n")
    project.write("in/a.jsonl", '{"d": 1, "d": "x"}\n{"d": "\\ud800"}\n')
    (problem,) = project.crawl("in").problems
    assert "in/a.jsonl: line 2" in problem


def test_columns_may_be_called_as_a_crawl_might_call_its_own(project: Project) -> None:
    for name in ("a", "b"):
        project.write(f"in/{name}.csv", "0:sort,1:sort,rows\n1,a,3\n2,b,4\n")
    project.crawl(FolderTarget(path="in", classifier=Classifier(header=True)))
    assert project.types("raw.in") == {"0:sort": "bigint", "1:sort": "string", "rows": "bigint"}


def test_a_header_that_names_columns_twice_gives_each_a_name_of_its_own(project: Project) -> None:
    (project.folder / "in").mkdir()
    with xlsxwriter.Workbook(str(project.folder / "in/a.xlsx")) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate((["a", "a_2", "a"], [1, 2, 3], [4, 5, 6])):
            sheet.write_row(row, 0, cells)
    project.crawl(FolderTarget(path="in", classifier=Classifier(header=True)))
    assert [*project.types("raw.in")] == ["a", "a_2", "a_3"]
    assert project.rows("raw.in") == [(1, 2, 3), (4, 5, 6)]
    many = column_names(["a"] * 20_000)
    assert many[:3] == ("a", "a_2", "a_3")
    assert len(set(many)) == 20_000


def test_a_target_that_cannot_be_read_stops_no_other(project: Project) -> None:
    project.write("good/a.csv", "id,n\n1,2\n")
    project.write("bad/a.csv", "id,n\n1,2\n")
    project.write("away/a.csv", "id,n\n1,2\n")
    project.crawl("good", "bad", "away")
    assert project.tables() == ["raw.away", "raw.bad", "raw.good"]
    project.write("good/b.csv", "id,n\n3,4\n", age_s=30.0)
    project.write("bad/a.csv", b"\x00\x01\x02" * 50, age_s=30.0)
    shutil.rmtree(project.folder / "away")
    report = project.crawl("bad", "away", "good")
    assert project.rows("raw.good") == [(1, 2), (3, 4)]
    told = [line for line in report.problems if line.startswith("target ")]
    assert len(told) == 2
    assert "target bad: not even the one file in bad can be read" in told[0]
    assert "target away: away does not exist" in told[1]
    assert "its tables stay as they are" in told[1]
    assert not any(project.catalog.table(name).is_deprecated for name in project.tables())


def test_a_crawl_fails_where_no_target_can_be_read(project: Project) -> None:
    project.write("bad/a.csv", "")
    with pytest.raises(InvalidInput, match="not even the one file in bad can be read"):
        project.crawl("bad", "away")
    assert any("target away: away does not exist" in line for line in project.log)


def test_a_database_that_cannot_be_read_stops_no_folder(project: Project) -> None:
    project.write("good/a.csv", "id,n\n1,2\n")
    shop = Connection(name="shop", url="sqlite:///{{ env.SHOP }}")
    report = project.crawl("good", DatabaseTarget(connection="shop", include="%"), connections={"shop": shop})
    assert project.tables() == ["raw.good"]
    assert "target shop %" in report.problems[0]


def test_a_workbook_with_a_broken_sheet_does_not_end_the_crawl(project: Project) -> None:
    project.write("in/ok.csv", "k,v\n1,2\n")
    whole, broken = project.folder / "whole.xlsx", project.folder / "in/a.xlsx"
    pl.DataFrame({"a": [1]}).write_excel(whole)
    with zipfile.ZipFile(whole) as read, zipfile.ZipFile(broken, "w") as written:
        for name in read.namelist():
            content = read.read(name)
            written.writestr(name, content.replace(b'r="A1"', b"r=A1") if "sheet1" in name else content)
    (problem,) = project.crawl("in").problems
    assert problem.startswith("in/a.xlsx: its sheet Sheet1 is broken: ")


def test_what_is_not_read_is_called_by_its_name_with_the_way_out(project: Project) -> None:
    content = b"id,v\n1,2\n"
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        member = tarfile.TarInfo("a.csv")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    project.write("in/a.csv", content)
    project.write("in/b.tar", tar.getvalue())
    project.write("in/c.tar.gz", tar.getvalue(), zipped=True)
    project.write("in/d.csv.xz", lzma.compress(content))
    with closing(sqlite3.connect(project.folder / "in/e.csv")) as conn:
        conn.execute("CREATE TABLE t (id)")
    project.crawl("in")
    told = "\n".join(project.log)
    assert "in/b.tar: it is a tar archive of files: unpack it" in told
    assert "in/c.tar.gz: it is a tar archive of files: unpack it" in told
    assert "in/d.csv.xz: it is packed by xz, which is not read: unpack it, or pack it with gzip or zstd" in told
    assert "in/e.csv: it is an SQLite database: crawl it through a connection" in told
    assert "not read yet" not in told
    assert project.rows("raw.in") == [(1, 2)]


def test_records_without_a_single_column_are_told_and_are_no_table(project: Project) -> None:
    project.write("in/a.json", "{}\n{}\n")
    project.write("in/b.csv", "id,n\n1,2\n")
    assert project.crawl("in").problems == ("in/a.json: there are records, but not one column",)
    assert project.tables() == ["raw.b"]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"x\x01y\n1\x012\n", [(1, 2)]),
        (b"a\x01b\nx\x011\nz\x012\n", [("x", 1), ("z", 2)]),
        (b"x\xff,y\n1,2\n" + b"1,2\n" * 3, [(1, 2)] * 4),
        (b"x\xda\xff\x81,y\n1,2\n", [(1, 2)]),
        (b"x\x01y\x01z\n ok \x01 2\x01 3\n", [("ok", 2, 3)]),
    ],
)
def test_a_csv_file_that_begins_as_packed_ones_do_is_read_as_it_is(
    project: Project, content: bytes, rows: list[tuple[object, ...]]
) -> None:
    project.write("in/a.csv", content)
    assert project.crawl("in").problems == ()
    assert project.rows("raw.in") == rows
