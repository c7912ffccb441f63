"""The last rows of CSV files: sums and notes that are none, rows that are too short, files still being written."""

from __future__ import annotations

import pytest
from crawl_project import Project

from glue_tui.core.model import Classifier, FolderTarget

ROWS = "id;town;price\n1;Rome;2,5\n2;Nice;3,5\n"
MANY = "id;town;price\n" + "1;Rome;2,5\n2;Nice;3,5\n" * 5000


def told(project: Project, words: str) -> list[str]:
    return [line for line in project.log if words in line]


@pytest.mark.parametrize("footer", ["Total: 5\n", "Summe;;123,45", "-- 3 rows --\n", "(2 rows)\n\n", '"Total";;"6"\n'])
@pytest.mark.parametrize("rows", [ROWS, MANY])
def test_a_sum_or_note_at_the_end_is_told_with_the_key_that_leaves_it_out(
    project: Project, rows: str, footer: str
) -> None:
    project.write("in/a.csv", rows + footer)
    project.crawl("in")
    (line,) = told(project, "skip_footer_lines")
    assert "in/a.csv: its last row looks like a sum or a note: say skip_footer_lines = 1" in line
    project.crawl(FolderTarget(path="in", classifier=Classifier(skip_footer_lines=1)))
    assert not told(project, "skip_footer_lines")
    assert project.types("raw.in") == {"id": "bigint", "town": "string", "price": "double"}
    assert len(project.rows("raw.in")) == rows.count("\n") - 1


def test_small_files_alike_keep_their_doubts_about_the_last_row(project: Project) -> None:
    for number in range(4):
        project.write(f"in/{number}.csv", "town,price\nRome,2\nNice,3\n")
    for number in range(4, 7):
        project.write(f"in/{number}.csv", "town,price\nRome,2\nTotal,3\n")
    project.crawl("in")
    (line,) = told(project, "skip_footer_lines")
    assert "in/4.csv and 2 more: its last row" in line


def test_rows_of_sums_among_the_others_are_data(project: Project) -> None:
    project.write("in/a.csv", "town,price\nTotal,2\nNice,3\nTotal,3\n")
    project.write("in/b.csv", "town,price\nNice,3\nTotally,3\n")
    project.crawl("in")
    assert not told(project, "skip_footer_lines")


def test_a_value_before_the_first_delimiter_of_a_printed_list_is_told_with_its_line(project: Project) -> None:
    framed = "|id|town|\n" + "|1|Rome|\n|2|Nice|\n" * 200
    project.write("in/good.csv", framed)
    project.write("in/bad.csv", framed + "*|3|Bonn|\n")
    (problem,) = project.crawl("in").problems
    assert problem == "in/bad.csv: line 402: '*' stands before the first delimiter, where other rows have nothing"
    assert project.types("raw.in") == {"id": "bigint", "town": "string"}
    assert project.rows("raw.in") == [(1, "Rome"), (2, "Nice")] * 200


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("rows", [2, 5000])
def test_rows_that_are_too_short_are_told_with_their_number_and_the_line_of_the_first(
    project: Project, rows: int, quote: str
) -> None:
    text = (
        f"id,town,price\n1,{quote}Rome{quote},2\n" + "2,Nice,\n" * rows + f"3,{quote}Ni\nce{quote},3\n" * (quote != "")
    )
    project.write("in/whole.csv", text)
    project.write("in/short.csv", f"{text}4,Bonn\n5\n6,Köln,7\n")
    project.crawl("in")
    line = text.count("\n") + 1
    assert told(project, "fewer values") == [
        "WARN in/short.csv: 2 rows have fewer values than there are columns, null is read for the others: "
        f"line {line} is the first"
    ]


@pytest.mark.parametrize(("age_s", "words"), [(0.0, "is likely being written"), (3600.0, "may have been cut off")])
def test_a_last_row_that_ends_early_is_told(project: Project, age_s: float, words: str) -> None:
    project.write("in/a.csv", "id,town,price\n1,Rome,2\n2,Nice,3\n3,Bo", age_s=age_s)
    project.crawl("in")
    (line,) = told(project, "fewer values")
    assert line.endswith(f"line 4; its last line has no end: it {words}")


def test_of_packed_files_and_other_encodings_short_rows_are_told_too(project: Project) -> None:
    text = "id;town;price\n1;Köln;2\n2;Nîmes\n"
    project.write("in/a.csv", text.encode("latin1"))
    project.write("in/b.csv.gz", text, zipped=True)
    project.crawl("in")
    assert len(told(project, "1 row has fewer values than there are columns")) == 2
    assert all(line.endswith("line 3") for line in told(project, "fewer values"))
