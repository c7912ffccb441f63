"""What was written as CSV with known types comes back with the same values through crawl, catalog and scan."""

from __future__ import annotations

import csv
import sqlite3
import tempfile
from datetime import date, datetime
from pathlib import Path

from crawl_project import Project
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from glue_tui.catalog.write import MIGRATIONS

VALUES = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "date": st.dates(),
    "timestamp": st.datetimes(),
    "string": st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00\r"), max_size=8).map(
        "x".__add__
    ),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[tuple[object, ...]]]]:
    """Return the types of the columns and the rows of one to three files."""
    types = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=2, max_size=6))
    row = st.tuples(*(st.none() | VALUES[kind] for kind in types))
    full = st.tuples(*(VALUES[kind] for kind in types))
    files = draw(st.lists(st.lists(row, max_size=6), min_size=1, max_size=3))
    return types, [[draw(full), *rows] for rows in files]


def written(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat(" ")
        case date():
            return value.isoformat()
        case _:
            return str(value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
@example((["string", "bigint"], [[("x\x01", 0), ("y", 1)]]), ",", "\n")
def test_values_come_back(
    table: tuple[list[str], list[list[tuple[object, ...]]]], delimiter: str, line_end: str
) -> None:
    types, files = table
    with tempfile.TemporaryDirectory() as folder:
        conn = sqlite3.connect(Path(folder) / "state.db", isolation_level=None)
        for step in MIGRATIONS:
            conn.execute(step)
        project = Project(Path(folder), conn)
        (project.folder / "in").mkdir()
        names = [f"{kind}_{place}" for place, kind in enumerate(types)]
        for number, rows in enumerate(files):
            with open(project.folder / f"in/{number}.csv", "w", newline="", encoding="utf8") as file:
                writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end)
                writer.writerow(names)
                writer.writerows([written(value) for value in row] for row in rows)
        report = project.crawl("in")
        assert report.problems == ()
        assert list(project.types("raw.in").values()) == types
        assert sorted(project.rows("raw.in"), key=str) == sorted((row for rows in files for row in rows), key=str)
        conn.close()
