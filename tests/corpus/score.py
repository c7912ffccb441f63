"""The corpus crawled with the real crawler, read back through the catalog, and compared with the truth."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from glue_tui.catalog.write import MIGRATIONS
from glue_tui.core.model import FolderTarget
from glue_tui.core.problem import GlueTuiError
from tests.corpus.case import Case, Refused, Truth
from tests.crawlers.crawl_project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    case: Case
    wrong: tuple[str, ...]
    """What is not as it should be, each beginning with the aspect: format, delimiter, header, names, …"""


def score(cases: Sequence[Case], folder: Path) -> Iterator[Verdict]:
    """Write each case into a project of its own below `folder`, crawl it, and yield what is wrong with it."""
    for case in cases:
        project_dir = folder / f"{case.name}_project"
        project_dir.mkdir()
        with closing(sqlite3.connect(project_dir / "state.db", isolation_level=None)) as conn:
            conn.execute("PRAGMA synchronous = OFF")
            for step in MIGRATIONS:
                conn.execute(step)
            project = Project(project_dir, conn)
            for name, content in case.files.items():
                project.write(f"{case.name}/{name}", content)
            yield Verdict(case=case, wrong=tuple(_wrong(project, case)))


def _wrong(project: Project, case: Case) -> Iterator[str]:
    try:
        report = project.crawl(FolderTarget(path=case.name, classifier=case.classifier), name=case.name)
        problems = " | ".join(report.problems)
    except GlueTuiError as error:
        report, problems = None, str(error)
    if isinstance(case.truth, Refused):
        if report is not None and report.table_changes:
            yield "refused: it was not"
        elif case.truth.reason not in (said := problems + " ".join(project.log)):
            yield f"refused: because of {case.truth.reason!r}, but the crawl says {said}"
        return
    if report is None or len(report.table_changes) != 1:
        found = "nothing" if report is None else str([change.table.name for change in report.table_changes])
        yield f"format: one table, but the crawl found {found} {problems}"
        return
    if case.truth.left_out not in problems or (problems and not case.truth.left_out):
        yield f"left out: {case.truth.left_out!r}, but the crawl says {problems!r}"
    yield from _wrong_in_table(project, report.table_changes[0].table.full_name, case.truth)
    yield from _wrong_doubts(project, case.truth)


def _wrong_in_table(project: Project, name: str, truth: Truth) -> Iterator[str]:
    entry = project.catalog.table(name)
    formats = entry.table.formats
    found: dict[str, tuple[object, set[object]]] = {
        "format": (truth.format, {item.classification for item in formats}),
        "delimiter": (truth.delimiter, {item.delimiter for item in formats}),
        "header": (truth.header, {item.header for item in formats}),
    }
    for aspect, (right, seen) in found.items():
        if right is not None and seen != {right}:
            yield f"{aspect}: {right!r}, but found {seen}"
    types = project.types(name)
    if list(types) != list(truth.columns):
        yield f"names: {list(truth.columns)}, but found {list(types)}"
    elif types != dict(truth.columns):
        odd = {key: (kind, types[key]) for key, kind in truth.columns.items() if types[key] != kind}
        yield f"types: {', '.join(f'{key} {right}, but found {seen}' for key, (right, seen) in odd.items())}"
    rows = truth.rows if isinstance(truth.rows, int) else len(truth.rows)
    if entry.rows != rows:
        yield f"rows: {rows}, but found {entry.rows}"
    try:
        values = project.scan(name).collect().rows()
    except Exception as error:
        yield f"values: can't be read: {type(error).__name__}: {str(error).splitlines()[0]}"
        return
    if isinstance(truth.rows, int):
        if len(values) != rows:
            yield f"rows: {rows}, but a query returns {len(values)}"
    elif not _same(values, truth.rows):
        yield f"values: {list(truth.rows)[:4]}, but a query returns {values[:4]}"


def _wrong_doubts(project: Project, truth: Truth) -> Iterator[str]:
    doubts = [line for line in project.log if line.startswith("WARN ") and not line.startswith("WARN left out")]
    for doubt in truth.doubts:
        if not any(doubt in line for line in doubts):
            yield f"doubt: {doubt!r}, but the crawl warns of {doubts}"
    if not truth.doubts and doubts:
        yield f"doubt: none, but the crawl warns of {doubts}"


def _same(found: Sequence[tuple[object, ...]], right: Sequence[tuple[object, ...]]) -> bool:
    """Return whether two lists of rows hold the same values of the same types, in whatever order the files came."""
    if len(found) != len(right):
        return False
    pairs = zip(sorted(found, key=repr), sorted(right, key=repr), strict=True)
    return all(len(one) == len(other) and all(map(_equal, one, other)) for one, other in pairs)


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return type(one) is type(other) and one == other
