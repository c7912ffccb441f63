"""What log files hold: which pattern their lines have, how many do, and the types of its fields (rule CL-11)."""

from __future__ import annotations

import re

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.readers.log_files import LINE, field, scan_log_lines
from glue_tui.catalog.types import polars_type
from glue_tui.core.grok import COMMON_LOGS, compiled
from glue_tui.core.model import Classifier
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.evidence import shortened
from glue_tui.crawlers.facts import BrokenFile, ColumnFacts, CrawledFile, Found, broken
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import NULL_TYPE

_PATH = "__glue_tui_path"
_LINES_TRIED = 200
KNOWN_SHARE = 0.5
"""So many of a file's lines must be of a pattern that nobody said; those that are indented continue the one before."""


def log_format(text: str, said: Classifier, base: FileFormat) -> FileFormat | None:
    """Return how to read the lines of a log, by the pattern that was said or a common one that fits; None if none."""
    if said.pattern is not None:
        return _format(said.pattern, dict(said.patterns), base)
    lines = [line.rstrip("\r") for line in text.split("\n")[:_LINES_TRIED]]
    starts = [line for line in lines if line.strip() and not line[0].isspace() and not line.startswith("Traceback")]
    for name in COMMON_LOGS:
        found = _format(f"%{{{name}}}", {}, base)
        pattern = re.compile(found.pattern)
        fitting = sum(pattern.match(line) is not None for line in starts)
        if fitting and fitting >= len(starts) * KNOWN_SHARE:
            return found
    return None


def _format(pattern: str, own: dict[str, str], base: FileFormat) -> FileFormat:
    expression, fields = compiled(pattern, own)
    return FileFormat(
        classification="log",
        columns=tuple(fields),
        types=tuple(fields.values()),
        encoding=base.encoding,
        compression=base.compression,
        pattern=expression,
    )


def read_log(listed: ListedFile, file_format: FileFormat) -> Found:
    """Read one file whole: lines that fit are rows; how many others there are, and the first, is told."""
    fits = pl.col(LINE).str.contains(file_format.pattern)
    is_filled = pl.col(LINE).str.strip_chars() != ""
    kinds = dict(zip(file_format.columns, file_format.types, strict=True))
    try:
        row = (
            scan_log_lines(file_format, [listed.absolute], _PATH, listed.storage)
            .select(
                fits.sum().alias("rows"),
                (is_filled & ~fits).sum().alias("others"),
                pl.col(LINE).filter(is_filled & ~fits).first().alias("other"),
                *(item for place, name in enumerate(kinds) for item in _counts(place, name, kinds[name], file_format)),
            )
            .collect(engine="streaming")
            .row(0, named=True)
        )
    except (PolarsError, OSError, UnicodeDecodeError) as error:
        return broken(listed, error)
    if not row["rows"]:
        return BrokenFile(
            path=listed.path, reason=f"no line is of the pattern; the first: {shortened(row['other'] or '')}"
        )
    facts = {name: _facts(row, place, kinds[name], listed) for place, name in enumerate(kinds)}
    notes: tuple[str, ...] = ()
    if row["others"]:
        notes = (f"{row['others']} lines are not of the pattern and no rows; the first: {shortened(row['other'])}",)
    return CrawledFile(listed=listed, format=file_format, rows=row["rows"], facts=facts, notes=notes)


def _counts(place: int, name: str, kind: str, file_format: FileFormat) -> list[pl.Expr]:
    value = field(file_format, name)
    counts = [value.count().alias(f"{place}:values")]
    if kind != "string":
        is_other = value.is_not_null() & ~_fits(value, kind)
        counts += [value.filter(is_other).first().alias(f"{place}:other")]
    return counts


def _fits(value: pl.Expr, kind: str) -> pl.Expr:
    if kind == "boolean":
        return value.str.to_lowercase().is_in(["true", "false"])
    return value.cast(polars_type(kind), strict=False).is_not_null()


def _facts(row: dict[str, object], place: int, kind: str, listed: ListedFile) -> ColumnFacts:
    if not row[f"{place}:values"]:
        return ColumnFacts(type=NULL_TYPE)
    other = row.get(f"{place}:other")
    if other is None:
        return ColumnFacts(type=kind)
    return ColumnFacts(
        type="string", reason=f"{shortened(str(other))} in {listed.path} is no {kind}, as the pattern says"
    )
