"""Glue's rules of CSV, what the user says of files, and that Python and polars agree on what a value is."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from crawl_project import Project
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glue_tui.client.catalog_views import listing
from glue_tui.core.value_forms import COMMA_NUMBER, POINT_NUMBER
from glue_tui.crawlers.csv_counts import facts_from, marks_as_written, marks_in_form, odd_from, sums_of
from glue_tui.crawlers.facts import COUNTED
from glue_tui.crawlers.forms import MAY_HAVE_FORM, possible_forms
from glue_tui.crawlers.values import NARROW_TYPES, fits
from glue_tui.definitions.load import load_file

NUMBERS = st.from_regex(r"-?[0-9]{0,3}([ .,'][0-9]{1,3}){0,3}(e-?[0-9])?|-?[0-9]{14,20}(\.[0-9]{1,4})?", fullmatch=True)
DATES = st.from_regex(
    r"[0-3][0-9][./-][01][0-9][./-](20)?2[0-9]( [0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?)?"
    r"|20[0-9]{2}[-/.][01][0-9][-/.][0-3][0-9]([T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.5)?(Z|[+-]0[0-9]:?00)?)?",
    fullmatch=True,
)
WORDS = st.sampled_from(["true", "FALSE", "007", "n/a", "NaN", "-inf", "5.", "31 Dec 2025", "Jan 1, 2026", "x"])
VALUES = st.lists(NUMBERS | DATES | WORDS, min_size=1, max_size=8)
FORMS = [
    COMMA_NUMBER,
    POINT_NUMBER,
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%y",
    "%d-%m-%Y %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
]


@settings(max_examples=80, deadline=None)
@given(VALUES)
@example(["10000000000000000"])
def test_polars_counts_the_values_that_python_takes_for_a_type(values: list[str]) -> None:
    frame = pl.DataFrame({"v": values}, schema={"v": pl.String})
    marks = [*marks_as_written("v", pl.col("v"))]
    marks += [mark for form in FORMS for mark in marks_in_form(form, pl.col("v"), form)]
    row = frame.select(*marks).select(*sums_of(marks)).row(0, named=True)
    present = [value for value in values if value]
    plain = facts_from(row, "v", "")
    for kind in COUNTED:
        assert plain.fitting(kind) == sum(fits(value, kind) for value in present), kind
    for form in FORMS:
        counted = facts_from(row, form, form)
        for kind in NARROW_TYPES:
            assert counted.fitting(kind) == sum(fits(value, kind, form) for value in present), (form, kind)
    odd = [value for value in present if not any(fits(value, kind) for kind in COUNTED)]
    may_have_form = [value for value in odd if re.match(MAY_HAVE_FORM, value)]
    assert odd_from(row, "v") == ((min(may_have_form), max(may_have_form)) if may_have_form else ())
    assert not any(possible_forms(value) for value in odd if value not in may_have_form)


@given(NUMBERS | DATES)
def test_a_value_is_of_every_form_that_it_could_be_written_in(value: str) -> None:
    for form in possible_forms(value):
        assert any(fits(value, kind, form) for kind in NARROW_TYPES) or sum(map(str.isdigit, value)) > 17


def test_cl_6_columns_without_a_header_are_numbered_from_0(project: Project) -> None:
    project.write("in/a.csv", "1,2\n3,4\n")
    project.crawl("in")
    assert list(project.types("raw.in")) == ["col0", "col1"]


@pytest.mark.parametrize("quote", ['"', "'"])
def test_cl_7_quotes_are_no_part_of_values(project: Project, quote: str) -> None:
    project.write("in/a.csv", "id,note\n1,~a, b~\n2,~c\nd~\n".replace("~", quote))
    project.crawl("in")
    assert project.rows("raw.in") == [(1, "a, b"), (2, "c\nd")]


WORKFLOW = """
[triggers.start]
type = "ON_DEMAND"
actions = [{ crawler = "landing" }]

[crawlers.landing]
database = "raw"

[[crawlers.landing.targets]]
path = "in"

[crawlers.landing.targets.classifier]
format = "csv"
delimiter = ";"
quote = "'"
escape = "\\\\"
comment = "%"
skip_lines = 1
skip_footer_lines = 2
header = false
columns = ["id", "name", "sum", "day", "at"]
encoding = "cp1252"
decimal = ","
nulls = ["-"]
day_first = false
forms = { at = "%H.%M %d %m %Y" }
types = { id = "string" }
"""


def test_cl_8_what_a_classifier_says_of_csv_files_holds(project: Project, tmp_path: Path) -> None:
    project.write("workflows/flow.toml", WORKFLOW)
    loaded = load_file(tmp_path / "workflows/flow.toml", tmp_path)
    assert loaded.workflow is not None, loaded.problems
    lines = [
        "a title",
        "% made by hand",
        "7;'D\\'Orléans; F';1.234,50;01/02/2025;10.30 31 12 2025",
        "8;-;-;03/04/2025;-",
        "sum;;1.234,50",
        "of two orders",
    ]
    project.write("in/a.dat", "\n".join(lines).encode("cp1252"))
    project.crawl(*loaded.workflow.crawlers[0].targets)
    assert project.types("raw.in") == {
        "id": "string", "name": "string", "sum": "double", "day": "date", "at": "timestamp"
    }  # fmt: skip
    rows = [[None if value is None else str(value) for value in row] for row in project.rows("raw.in")]
    assert rows == [
        ["7", "D'Orléans; F", "1234.5", "2025-01-02", "2025-12-31 10:30:00"],
        ["8", None, None, "2025-03-04", None],
    ]


def test_a_doubt_is_told_with_its_key_and_kept_with_the_table(project: Project) -> None:
    project.write("in/a.csv", "ordered,town\n01/02/2025,Lyon\n03/04/2025,Nice\n")
    project.crawl("in")
    assert project.types("raw.in") == {"ordered": "string", "town": "string"}
    assert project.reason("raw.in", "ordered").startswith("'01/02/2025' in in/a.csv:2 and all others can begin with")
    assert any(line.startswith("WARN") and "day_first = true or false" in line for line in project.log)
    project.write("in2/a.csv", "lyon,nice\nmetz,brest\n")
    project.crawl("in2", name="other")
    (doubt,) = project.catalog.table("raw.in2").table.formats[0].doubts
    assert "say header = true or header = false" in doubt
    assert any(line.startswith("WARN") and doubt in line for line in project.log)
    assert listing(project.catalog.table("raw.in2")).doubts == (doubt,), "`catalog raw.in2` shows it"
