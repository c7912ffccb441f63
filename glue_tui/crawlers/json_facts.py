"""What JSON files hold: their records, and the types of all their fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from glob import escape

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.places import is_s3
from glue_tui.catalog.readers.json_files import scan_json
from glue_tui.catalog.readers.json_records import BrokenJson, as_json_lines, json_records
from glue_tui.catalog.types import TIMESTAMP_FORMAT, glue_type, timestamp_text
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.facts import BrokenFile, ColumnFacts, CrawledFile, Found, broken
from glue_tui.crawlers.json_kinds import kinds_of
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import NULL_TYPE, PATTERNS

_PATH = "__glue_tui_path"

_PLAIN_NAME = re.compile(r"[ !#-\[\]-~]+")
"""A key that stands in the file as it is: no letter of it can have been escaped."""

_LONG_NUMBER = r"[:\[,]\s*-?\d{16,}(?:\.\d+)?\s*[,\]}]"


def read_json(listed: ListedFile, file_format: FileFormat) -> Found:
    """Read one file whole."""
    try:
        found = None
        if not file_format.exact:
            with as_json_lines(listed.absolute, file_format, listed.storage) as lines:
                found = _plain(lines, listed, file_format)
        if found is None:
            found = _exact(listed, file_format)
    except (BrokenJson, PolarsError, OSError) as error:
        return broken(listed, error)
    return found if found.rows else BrokenFile(path=listed.path, reason="it holds no record")


def _plain(lines: str, listed: ListedFile, file_format: FileFormat) -> CrawledFile | None:
    """Return what the records of a file hold as polars reads them; None where it can't, or not exactly."""
    storage = listed.storage
    options = storage.polars_options(lines)
    source = [lines if is_s3(lines) else escape(lines)]
    try:
        frame = pl.scan_ndjson(source, infer_schema_length=None, **options)
        schema = frame.collect_schema()
        if not schema or is_rewritten(pl.scan_lines(lines, glob=False, **options), schema):
            return None
        texts = [name for name, dtype in schema.items() if dtype == pl.String]
        counts = (
            pl.scan_ndjson(source, schema=schema, **options)
            .select(
                pl.len(),
                # Counted, so that every value is read: one that polars can't read shows.
                pl.all().count().name.prefix("counted:"),
                *(item for place, name in enumerate(texts) for item in text_counts(place, pl.col(name))),
            )
            .collect(engine="streaming")
            .row(0, named=True)
        )
    except PolarsError:
        return None
    read_as = replace(file_format, columns=tuple(schema))
    return CrawledFile(listed=listed, format=read_as, rows=counts["len"], facts=facts_of(schema, counts))


def facts_of(schema: pl.Schema, counts: Mapping[str, int]) -> dict[str, ColumnFacts]:
    """Return what columns of these dtypes are, those of text by the counts of their values."""
    texts = [name for name, dtype in schema.items() if dtype == pl.String]
    kinds = {name: text_kind(counts, place) for place, name in enumerate(texts)}
    return {
        name: ColumnFacts(type=NULL_TYPE if dtype == pl.Null else kinds.get(name) or glue_type(dtype))
        for name, dtype in schema.items()
    }


def text_counts(place: int, column: pl.Expr) -> Iterator[pl.Expr]:
    """Yield how many values a column of text has, and how many of them are dates and timestamps."""
    written = pl.when(column.str.contains(PATTERNS["timestamp"])).then(column)
    times = timestamp_text(written).str.to_datetime(TIMESTAMP_FORMAT, time_unit="us", strict=False)
    days = pl.when(written.str.contains(PATTERNS["date"])).then(written).str.to_date("%Y-%m-%d", strict=False)
    yield column.count().alias(f"{place}:values")
    yield days.count().alias(f"{place}:date")
    yield times.count().alias(f"{place}:timestamp")


def text_kind(counts: Mapping[str, int], place: int) -> str:
    """Return the type that the counts of a column of text make it."""
    values = counts[f"{place}:values"]
    return next((kind for kind in ("date", "timestamp") if values and counts[f"{place}:{kind}"] == values), "string")


def is_rewritten(lines: pl.LazyFrame, schema: pl.Schema) -> bool:
    """Return whether polars may read a value otherwise than it stands there: a number as text, or with fewer digits.

    It may also be that a value only looks so: then reading the file value by value settles it.
    """
    texts, has_doubles = _text_keys(schema)
    if not all(map(_PLAIN_NAME.fullmatch, texts)):
        return True
    patterns = [_LONG_NUMBER] if has_doubles else []
    if texts:
        keys = "|".join(map(re.escape, sorted(texts)))
        text = r'"(?:[^"\\]|\\.)*"|null'
        patterns.append(rf'"(?:{keys})"\s*:\s*(?:\[\s*(?:(?:{text})\s*,\s*)*)*[-0-9tf{{]')
    if not patterns:
        return False
    found = pl.col("line").str.contains("|".join(f"(?:{item})" for item in patterns)).any()
    return bool(lines.select(found).collect(engine="streaming").item())


def _text_keys(schema: pl.Schema) -> tuple[set[str], bool]:
    """Return the keys whose values, or whose arrays' elements, are text; and whether anything is a double."""
    keys: set[str] = set()
    has_doubles = False

    def look(name: str, dtype: object) -> None:
        nonlocal has_doubles
        match dtype:
            case pl.String():
                keys.add(name)
            case pl.List():
                look(name, dtype.inner)
            case pl.Struct() if dtype.fields:
                for item in dtype.fields:
                    look(item.name, item.dtype)
            case pl.Struct():
                keys.add(name)
            case pl.Float64():
                has_doubles = True

    for name, dtype in schema.items():
        look(name, dtype)
    return keys, has_doubles


def _exact(listed: ListedFile, file_format: FileFormat) -> CrawledFile:
    """Return what the records of a file hold, value by value. Raises BrokenJson."""
    fields, rows = kinds_of(json_records(listed.absolute, file_format, listed.storage))
    exact = file_format.exact or any(item.is_exact_needed for item in fields.values())
    read_as = replace(file_format, columns=tuple(fields), exact=exact)
    texts = {name: pl.String() for name, item in fields.items() if item.counts.keys() == {"string"}}
    facts = {name: ColumnFacts(type=item.type, reason=item.reason(listed.path)) for name, item in fields.items()}
    if texts:
        counts = (
            scan_json(read_as, [listed.absolute], texts, _PATH, listed.storage)
            .select(item for place, name in enumerate(texts) for item in text_counts(place, pl.col(name)))
            .collect(engine="streaming")
            .row(0, named=True)
        )
        facts |= {name: ColumnFacts(type=text_kind(counts, place)) for place, name in enumerate(texts)}
    return CrawledFile(listed=listed, format=read_as, rows=rows, facts=facts)
