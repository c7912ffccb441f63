"""What CSV files hold: their rows, and for each column how many values are of which type, after reading all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.readers.csv_files import scan_csv
from glue_tui.catalog.types import TIMESTAMP_FORMAT, timestamp_text
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.evidence import ragged_row
from glue_tui.crawlers.facts import COUNTED, ColumnFacts, CrawledFile, Found, broken
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import PATTERNS

_PATH = "__glue_tui_path"


def read_csv(files: list[ListedFile], file_format: FileFormat) -> list[Found]:
    """Read files of one format in one scan; one that breaks it is found by halving and reported."""
    try:
        return list(_count_csv(files, file_format))
    except (PolarsError, OSError, EOFError) as error:
        if len(files) > 1:
            middle = len(files) // 2
            return [*read_csv(files[:middle], file_format), *read_csv(files[middle:], file_format)]
        if file_format.encoding == "utf8" and "utf-8" in str(error).lower():
            return read_csv(files, replace(file_format, encoding="latin1"))
        return [broken(files[0], error, ragged_row(files[0], file_format))]


def _count_csv(files: list[ListedFile], file_format: FileFormat) -> Iterator[CrawledFile]:
    schema = {name: pl.String() for name in file_format.columns}
    frame = scan_csv(file_format, [listed.absolute for listed in files], schema, _PATH, files[0].storage)
    counts = (
        frame.group_by(_PATH)
        .agg(
            pl.len().alias("rows"),
            *(expression for place, name in enumerate(schema) for expression in _counts(place, pl.col(name))),
        )
        .collect(engine="streaming")
    )
    by_path = {row[_PATH]: row for row in counts.iter_rows(named=True)}
    for listed in files:
        row = by_path.get(listed.absolute)
        facts = {name: _facts(row, place) if row else ColumnFacts() for place, name in enumerate(schema)}
        yield CrawledFile(listed=listed, format=file_format, rows=row["rows"] if row else 0, facts=facts)


def _counts(place: int, column: pl.Expr) -> Iterator[pl.Expr]:
    value = pl.when(column != "").then(column)
    yield value.count().alias(f"{place}:values")
    for kind in COUNTED:
        fitting = value.str.contains(PATTERNS[kind])
        match kind:
            case "bigint":
                fitting &= value.cast(pl.Int64, strict=False).is_not_null()
            case "date":
                fitting &= value.str.to_date("%Y-%m-%d", strict=False).is_not_null()
            case "timestamp":
                times = timestamp_text(value).str.to_datetime(TIMESTAMP_FORMAT, time_unit="us", strict=False)
                fitting &= times.is_not_null()
        yield fitting.sum().alias(f"{place}:{kind}")


def _facts(row: dict[str, int], place: int) -> ColumnFacts:
    return ColumnFacts(values=row[f"{place}:values"], fits=tuple(row[f"{place}:{kind}"] or 0 for kind in COUNTED))
