"""CSV as people write it: dialects, headers, encodings, types, and files that can't be read."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from crawl_project import Project

from glue_tui.core.model import FolderTarget
from glue_tui.core.problem import EntityNotFound, InvalidInput


def test_types_are_the_narrowest_that_hold_for_every_value(project: Project) -> None:
    project.write(
        "in/a.csv",
        "id,price,day,at,ok,code,empty\n"
        "1,2.5,2024-02-29,2024-02-29T10:00:00Z,true,007,\n"
        "-2,3,2024-03-01,2024-03-01 10:00:00.25,FALSE,010,\n"
        ",,,2024-03-02,,,\n",
    )
    report = project.crawl("in")
    assert (report.rows, report.files, report.files_read, report.problems) == (3, 1, 1, ())
    assert project.types("raw.in") == {
        "id": "bigint",
        "price": "double",
        "day": "date",
        "at": "timestamp",
        "ok": "boolean",
        "code": "string",
        "empty": "string",
    }
    assert project.rows("raw.in") == [
        (1, 2.5, date(2024, 2, 29), datetime(2024, 2, 29, 10), True, "007", None),
        (-2, 3.0, date(2024, 3, 1), datetime(2024, 3, 1, 10, 0, 0, 250000), False, "010", None),
        (None, None, None, datetime(2024, 3, 2), None, None, None),
    ]


def test_a_value_that_widens_a_column_is_named_with_file_and_line(project: Project) -> None:
    project.write("in/a.csv", 'id,note\n1,x\n2,"two\nlines"\n3,z\n')
    project.write("in/b.csv", "id,note\n4,x\n5,y\nn/a,z\n")
    project.crawl("in")
    assert project.types("raw.in")["id"] == "string"
    assert project.reason("raw.in", "id") == (
        "'n/a' in in/b.csv:4 is no bigint: if it stands for no value, say nulls = [\"n/a\"]"
    )
    assert any("'n/a' in in/b.csv:4" in line for line in project.log)
    project.write("in2/a.csv", 'zip,note\n00501,"two\nlines"\n10001,b\n')
    project.crawl("in2", name="other")
    assert project.reason("raw.in2", "zip") == "'00501' in in2/a.csv:2 has a leading zero, which a number would lose"


def test_a_date_that_does_not_exist_stays_text_and_a_number_too_large_stays_exact(project: Project) -> None:
    project.write("in/a.csv", "d,n\n2024-02-28,1\n2024-02-30,99999999999999999999\n2024-03-01,3\n")
    project.crawl("in")
    assert project.types("raw.in") == {"d": "string", "n": "decimal(38,0)"}
    assert "2024-02-30" in project.reason("raw.in", "d")
    assert project.rows("raw.in")[1] == ("2024-02-30", Decimal("99999999999999999999"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "\x01"])
def test_cl_4_every_delimiter_with_quotes_and_line_breaks_inside(project: Project, delimiter: str) -> None:
    rows = [["name", "note"], ["Ann", f'"says ""hi""{delimiter} twice"'], ["Béa", '"two\nlines"'], ["", '""']]
    project.write("in/a.csv", "\r\n".join(delimiter.join(row) for row in rows) + "\r\n")
    project.crawl("in")
    assert project.catalog.table("raw.in").table.formats[0].delimiter == delimiter
    assert project.rows("raw.in") == [("Ann", f'says "hi"{delimiter} twice'), ("Béa", "two\nlines"), (None, "")]


def test_a_decimal_comma_does_not_pass_for_a_delimiter(project: Project) -> None:
    project.write("in/a.csv", "id;price\n" + "".join(f"{n};{n},5\n" for n in range(1, 200)))
    project.crawl("in")
    assert project.types("raw.in") == {"id": "bigint", "price": "double"}
    assert project.rows("raw.in")[0] == (1, 1.5)


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("1,2\n3,4\n", ["col0", "col1"]),
        ("id,2024-01-01\n3,4\n", ["col0", "col1"]),
        ("customer_id,town\nC1,Lyon\nC2,Nice\n", ["customer_id", "town"]),
        ("Country,Capital\nfrance,paris\nspain,madrid\n", ["Country", "Capital"]),
        ("paris,lyon\nnice,paris\nlille,lyon\n", ["col0", "col1"]),
        (" id , id ,\n1,2,3\n", ["id", "id_2", "col2"]),
        ("id,name\n", ["id", "name"]),
        ("code\na\nb\n", ["code"]),
    ],
)
def test_cl_5_a_header_is_found_by_what_stands_below_it_or_by_words(
    project: Project, content: str, columns: list[str]
) -> None:
    project.write("in/a.csv", content)
    project.crawl("in")
    assert [column.name for column in project.catalog.table("raw.in").table.columns] == columns
    project.rows("raw.in")


def test_encodings_and_compression(project: Project) -> None:
    text = "id,town\n1,Orléans\n2,Köln\n"
    project.write("bom/a.csv", b"\xef\xbb\xbf" + text.encode())
    project.write("latin/a.csv", text.encode("latin1"))
    project.write("late/a.csv", ("id,town\n" + "3,Nice\n" * 20_000 + "4,Orléans\n").encode("latin1"))
    project.write("zipped/a.csv.gz", text, zipped=True)
    project.write("both/a.csv.gz", text.encode("latin1"), zipped=True)
    project.write("bare/a.csv", b"\xef\xbb\xbf1,Nice\n2,Lyon\n")
    project.crawl("bom", "latin", "late", "zipped", "both", "bare")
    for table in ("bom", "latin", "zipped", "both"):
        assert project.rows(f"raw.{table}") == [(1, "Orléans"), (2, "Köln")]
        assert project.types(f"raw.{table}") == {"id": "bigint", "town": "string"}
    assert project.rows("raw.late")[-1] == (4, "Orléans")
    assert project.rows("raw.bare") == [(1, "Nice"), (2, "Lyon")]
    assert project.scan("raw.latin").filter(town="Köln").select("id").collect().item() == 2


def test_files_that_cannot_be_read_are_left_out_with_their_reason(project: Project) -> None:
    project.write("in/good.csv", "id,name\n1,a\n2,b\n")
    project.write("in/empty.csv", "")
    project.write("in/ragged.csv", "id,name\n1,a\n2,b,c\n")
    project.write("in/array.json", "[]")
    project.write("in/broken.csv.gz", b"\x1f\x8b\x08\x00nothing")
    project.write("in/cut.parquet", b"PAR1 and nothing more")
    project.write("in/binary.dat", b"\x00\x01\x02")
    project.write("in/README.md", "What lies here, and why.\n")
    report = project.crawl("in")
    problems = dict(text.split(": ", 1) for text in report.problems)
    assert set(problems) == {f"in/{name}" for name in
        ("empty.csv", "ragged.csv", "array.json", "broken.csv.gz", "cut.parquet", "binary.dat")}  # fmt: skip
    assert problems["in/empty.csv"] == "the file is empty"
    assert problems["in/ragged.csv"] == "line 3 has 3 values, but the file 2 columns"
    assert problems["in/array.json"] == "it holds no record"
    assert project.rows("raw.in") == [(1, "a"), (2, "b")]
    assert "INFO passed over in/README.md: a .md file is no data" in project.log


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.parquet", "nothing of the kind\n", "not a parquet file: no delimiter cuts its lines into columns"),
        ("a.parquet", "version https://x.y,1\noid sha256:1,2\n", "not a parquet file: it is text"),
        ("a.parquet", b"\x00\x01\x02", "not a parquet file: it is binary"),
        ("a.parquet", b"PK\x03\x04...", "its zip compression is broken: "),
        ("a.parquet", b"PAR1 and nothing more", "not a whole parquet file: "),
        ("a.json", '{"a": 1}\n\n{"a": 2\n{"a": 3}\n', "line 3 is no JSON object: "),
        ("a.jsonl", '{"a": 1}\n{"a": nonsense}\n', "line 2 is no JSON object: Expecting value at column 7"),
        ("a.json", '{"a": 1}\n[1, 2]\n', "line 2 is no JSON object: '[1, 2]'"),
    ],
)
def test_a_broken_file_says_what_it_is_not_and_where(
    project: Project, name: str, content: str | bytes, reason: str
) -> None:
    project.write("in/good.csv", "id,name\n1,a\n")
    project.write(f"in/{name}", content)
    (problem,) = project.crawl("in").problems
    assert problem.startswith(f"in/{name}: {reason}")


def test_a_target_without_anything_to_read_fails_with_the_way_out(project: Project) -> None:
    with pytest.raises(EntityNotFound, match=r"nowhere does not exist .*crawlers\.landing\.targets"):
        project.crawl("nowhere")
    project.write("in/empty.csv", "")
    with pytest.raises(InvalidInput, match=r"not even the one file in in can be read .*the file is empty"):
        project.crawl("in")


def test_an_empty_folder_is_a_warning(project: Project) -> None:
    project.write("in/_hidden.csv", "id\n1\n")
    project.write("in/.gitignore", "*")
    assert project.crawl("in").table_changes == ()
    assert project.log == ["WARN in: no data files in it"]


def test_exclusions_and_a_link_in_a_circle(project: Project) -> None:
    project.write("in/a.csv", "id,x\n1,2\n")
    project.write("in/tmp/b.csv", "id,x\n3,4\n")
    project.write("in/c.bak.csv", "id,x\n5,6\n")
    (project.folder / "in/loop").symlink_to(project.folder / "in")
    project.crawl(FolderTarget(path="in", exclude=("tmp/**", "**/*.bak.csv")))
    assert project.rows("raw.in") == [(1, 2)]


def test_progress_reaches_the_number_of_files(project: Project) -> None:
    for number in range(5):
        project.write(f"in/{number}.csv", "id,x\n1,2\n")
    project.crawl("in")
    assert project.progress[-1] == (5, 5)


def test_names_with_the_letters_of_globs_and_names_that_are_no_text(project: Project) -> None:
    project.write("in[1]/a*.csv", "id,x\n1,2\n")
    project.write("in[1]/b?.json", '{"name": "q", "town": "r", "age": 3}\n')
    (project.folder / "in[1]").joinpath("c\udcff.csv").write_text("id,x\n3,4\n")
    report = project.crawl("in[1]")
    assert report.problems == ("'in[1]/c\\udcff.csv': its name is not UTF-8",)
    assert project.rows("raw.a") == [(1, 2)]
    assert project.rows("raw.b") == [("q", "r", 3)]


def test_a_number_too_great_for_a_double_stays_text(project: Project) -> None:
    project.write("in/a.csv", "v,w\n1.5,2e300\n1e400,-1e5\n")
    project.crawl("in")
    assert project.types("raw.in") == {"v": "string", "w": "double"}
    assert project.rows("raw.in") == [("1.5", 2e300), ("1e400", -1e5)]
    assert project.reason("raw.in", "v") == "'1e400' in in/a.csv:3 is no double"
