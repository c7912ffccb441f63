"""A large CSV file is read some rows at a time; what is odd in it is named with its line all the same."""

from __future__ import annotations

import pytest
from crawl_project import Project

from glue_tui.crawlers import csv_facts, csv_far


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_facts, "BATCH_ROWS", 1000)
    monkeypatch.setattr(csv_far, "BATCH_ROWS", 1000)


def large(odd_rows: dict[int, str], end: str = "\n") -> str:
    # Longer than what is held at once when files are classified, and than what polars reads in one piece.
    rows = [odd_rows.get(number, f"{number},name {number},{number}.5") for number in range(60_000)]
    return end.join(["id,name,price", *rows, ""])


def test_an_odd_value_far_behind_is_named_with_its_line(project: Project) -> None:
    project.write("in/a.csv", large({50_000: "n/a,x,1.5", 50_001: "-,x,?"}))
    report = project.crawl("in")
    assert report.rows == 60_000
    assert project.types("raw.in") == {"id": "string", "name": "string", "price": "string"}
    assert "'n/a' in in/a.csv:50002 " in project.reason("raw.in", "id")
    assert "'?' in in/a.csv:50003 " in project.reason("raw.in", "price")


def test_values_that_span_lines_do_not_shift_the_line_that_is_named(project: Project) -> None:
    project.write("in/a.csv", large({10: '10,"two\nlines",1.5', 50_000: "n/a,x,1.5"}))
    project.crawl("in")
    assert "'n/a' in in/a.csv:50003 " in project.reason("raw.in", "id")


def test_windows_line_ends_count_as_one(project: Project) -> None:
    project.write("in/a.csv", large({50_000: "n/a,x,1.5"}, "\r\n"))
    project.crawl("in")
    assert "'n/a' in in/a.csv:50002 " in project.reason("raw.in", "id")
