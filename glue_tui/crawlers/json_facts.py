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
from glue_tui.crawlers.json_order import as_written
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import DOUBLE_WHOLE_MAX, NULL_TYPE, PATTERNS

_PATH = "__glue_tui_path"

PLAIN_NAME = re.compile(r"[ !#-\[\]-~]+")
"""A key that stands in the file as it is: no letter of it can have been escaped."""

_LONG_NUMBER = r"[:\[,]\s*-?\d{16,}(?:\.\d+)?\s*[,\]}]"


_LONG_EXPONENT = r"\d[eE][+-]?\d{3,}"
"""Beyond some of them a double is infinite, or nothing."""


def read_json(listed: ListedFile, file_format: FileFormat, *, is_by_value: bool = False) -> Found:
    """Read one file whole, value by value where that is known to be needed."""
    try:
        found = None
        if not file_format.exact and not is_by_value:
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
        schema = as_written(frame.collect_schema(), json_records(listed.absolute, file_format, storage))
        if not schema:
            return None
        is_any = pl.scan_lines(lines, glob=False, **options).select(is_rewritten(schema).any())
        if is_any.collect(engine="streaming").item():
            return None
        counts = (
            pl.scan_ndjson(source, schema=schema, **options)
            .select(
                pl.len(),
                # Counted, so that every value is read: one that polars can't read shows.
                pl.all().count().name.prefix("counted:"),
                *value_counts(schema),
            )
            .collect(engine="streaming")
            .row(0, named=True)
        )
    except PolarsError:
        return None
    facts = facts_of(schema, counts)
    return CrawledFile(listed=listed, format=read_as(file_format, facts), rows=counts["len"], facts=facts)


def read_as(file_format: FileFormat, facts: Mapping[str, ColumnFacts]) -> FileFormat:
    """Return the format of files with these columns."""
    great = tuple(name for name, item in facts.items() if item.is_beyond_double)
    return replace(file_format, columns=tuple(facts), beyond_double=great)


def facts_of(schema: pl.Schema, counts: Mapping[str, int]) -> dict[str, ColumnFacts]:
    """Return what columns of these dtypes are, by the counts of their values that `value_counts` asks for."""
    great = {key.partition(":")[0] for key, count in counts.items() if count and ":great" in key}
    facts = {}
    for place, (name, dtype) in enumerate(schema.items()):
        kind = text_kind(counts, place) if dtype == pl.String else glue_type(dtype)
        facts[name] = ColumnFacts(
            type=NULL_TYPE if dtype == pl.Null else kind,
            is_beyond_double=str(place) in great,
        )
    return facts


def value_counts(schema: Mapping[str, pl.DataType]) -> Iterator[pl.Expr]:
    """Yield what has to be counted of columns of these dtypes to know what they are: see `facts_of`."""
    for place, (name, dtype) in enumerate(schema.items()):
        if dtype == pl.String:
            yield from text_counts(place, pl.col(name))
        for number, whole in enumerate(_whole_numbers(pl.col(name), dtype)):
            great = (whole > DOUBLE_WHOLE_MAX) | (whole < -DOUBLE_WHOLE_MAX)
            yield great.sum().alias(f"{place}:great{number}")


def _whole_numbers(values: pl.Expr, dtype: object) -> Iterator[pl.Expr]:
    """Yield the whole numbers that values are, or have within; each expression those of one place."""
    match dtype:
        case pl.Int64() | pl.Int128():
            yield values
        case pl.List():
            yield from _whole_numbers(values.list.explode(keep_nulls=False, empty_as_null=False), dtype.inner)
        case pl.Struct():
            for item in dtype.fields:
                yield from _whole_numbers(values.struct.field(item.name), item.dtype)


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


def is_rewritten(schema: pl.Schema) -> pl.Expr:
    """Return whether polars may read a value of a `line` otherwise than it stands there: a number as text, or with
    fewer digits.

    It may also be that a value only looks so: then reading the file value by value settles it.
    """
    texts, has_doubles = _text_keys(schema)
    if not all(map(PLAIN_NAME.fullmatch, texts)):
        return pl.lit(value=True)
    patterns = [_LONG_NUMBER, _LONG_EXPONENT] if has_doubles else []
    if texts:
        keys = "|".join(map(re.escape, sorted(texts)))
        text = r'"(?:[^"\\]|\\.)*"|null'
        patterns.append(rf'"(?:{keys})"\s*:\s*(?:\[\s*(?:(?:{text})\s*,\s*)*)*[-0-9tf{{]')
    if not patterns:
        return pl.lit(value=False)
    return pl.col("line").str.contains("|".join(f"(?:{item})" for item in patterns))


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
    texts = {name: pl.String() for name, item in fields.items() if item.counts.keys() == {"string"}}
    facts = {
        name: ColumnFacts(type=item.type, reason=item.reason(listed.path), is_beyond_double=item.is_beyond_double)
        for name, item in fields.items()
    }
    found_as = replace(read_as(file_format, facts), exact=exact)
    if texts:
        counts = (
            scan_json(found_as, [listed.absolute], texts, _PATH, listed.storage)
            .select(value_counts(texts))
            .collect(engine="streaming")
            .row(0, named=True)
        )
        facts |= {name: ColumnFacts(type=text_kind(counts, place)) for place, name in enumerate(texts)}
    return CrawledFile(listed=listed, format=found_as, rows=rows, facts=facts)
