"""Showing rows: a table for the terminal, one for the README, JSON for machines."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from tests.benchmarks.figures import AtMost, Figure, Goal, Row, TimesLimit

README = Path(__file__).parents[2] / "README.md"
_FIGURES = re.compile(r"(?<=<!-- figures -->\n).*(?=<!-- end of figures -->)", re.DOTALL)
HEADINGS = ("benchmark", "what", "goal", "limit", "measured", "spread", "ratio", "met")


def number(value: float) -> str:
    """Return a number with three digits that count."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cells(row: Row) -> tuple[str, ...]:
    """Return a row as texts under `HEADINGS`."""
    limit = f"{row.limit.name} {number(row.limit.median)} {row.unit}" if row.limit is not None else ""
    return (
        row.benchmark,
        row.what,
        _goal(row.goal, row.unit),
        limit,
        f"{number(row.measured.median)} {row.unit}",
        _spread(row.measured),
        f"{row.ratio:.2f}" if row.ratio is not None else "",
        {True: "yes", False: "NO", None: ""}[row.is_met],
    )


def text_table(rows: Sequence[Row]) -> str:
    table = [HEADINGS, *map(cells, rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def write_readme(rows: Sequence[Row], machine: str) -> None:
    """Put the rows where the README has its figures, each with its day; rows of benchmarks that did not run stay."""
    text = README.read_text()
    found = _FIGURES.search(text)
    assert found is not None, f"{README} has no place for the figures"
    table = merged(found.group(), rows, time.strftime("%Y-%m-%d", time.gmtime()))
    README.write_text(_FIGURES.sub(lambda _: f"Taken on {machine}.\n\n{table}", text))


def merged(before: str, rows: Sequence[Row], day: str) -> str:
    """Return the table for the README: the lines of `before`, those of a benchmark replaced by its rows, if it ran."""
    old = [line for line in before.splitlines() if line.startswith("| ")][2:]
    lines: dict[str, list[str]] = {}
    for line in old:
        lines.setdefault(line.split(" | ")[0].removeprefix("| "), []).append(line)
    lines |= {row.benchmark: [] for row in rows}
    for row in rows:
        lines[row.benchmark].append(_line((*cells(row), day)))
    headings = (*HEADINGS, "taken")
    table = [
        _line(headings),
        _line(tuple("---" for _ in headings)),
        *(line for some in lines.values() for line in some),
    ]
    return "".join(f"{line}\n" for line in table)


def _line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


def write_json(path: Path, rows: Sequence[Row], machine: str, load: float) -> None:
    told = {
        "at": time.time(),
        "machine": machine,
        "load_average": load,
        "rows": [
            {
                "benchmark": row.benchmark,
                "what": row.what,
                "unit": row.unit,
                "goal": _goal(row.goal, row.unit),
                "measured": _figure(row.measured),
                "limit": _figure(row.limit) if row.limit is not None else None,
                "ratio": row.ratio,
                "is_met": row.is_met,
            }
            for row in rows
        ],
    }
    path.write_text(json.dumps(told, indent=2) + "\n")


def _figure(figure: Figure) -> dict[str, object]:
    return {"name": figure.name, "median": figure.median, "values": figure.values}


def _spread(figure: Figure) -> str:
    return f"{number(min(figure.values))} - {number(max(figure.values))}" if len(figure.values) > 1 else ""


def _goal(goal: Goal | None, unit: str) -> str:
    match goal:
        case None:
            return ""
        case AtMost(value=value):
            return f"<= {value:g} {unit}"
        case TimesLimit(factor=factor):
            return f"<= {factor:g} x limit"
        case _:
            assert_never(goal)
