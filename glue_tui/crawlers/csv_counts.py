"""How the values of text columns are counted by type, as polars expressions that are summed file by file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from glue_tui.catalog.forms import has_clock, is_time
from glue_tui.catalog.types import TIMESTAMP_FORMAT, moments, plain_number, timestamp_text
from glue_tui.crawlers.facts import COUNTED, ColumnFacts
from glue_tui.crawlers.forms import NUMBER_PATTERNS, time_pattern
from glue_tui.crawlers.values import DECIMAL_DIGITS_MAX, DOUBLE_CHARACTERS_SURE, PATTERNS

_KINDS_OF_NUMBERS = ("bigint", "double", "decimal")


def counts_as_written(key: str, column: pl.Expr) -> Iterator[pl.Expr]:
    """Yield the counts of a column's values by type, and some of the odd values: those that are of none.

    Their names begin with `key` and a colon.
    """
    value = _present(column)
    fitting = {kind: _fits(value, kind) for kind in COUNTED}
    yield value.count().alias(f"{key}:values")
    yield from (fits.sum().alias(f"{key}:{kind}") for kind, fits in fitting.items())
    yield from _sizes(key, value, fitting["decimal"])
    odd = pl.when(~pl.any_horizontal(*fitting.values())).then(value)
    yield odd.first(ignore_nulls=True).alias(f"{key}:first")
    yield odd.min().alias(f"{key}:least")
    yield odd.max().alias(f"{key}:most")


def counts_in_form(key: str, column: pl.Expr, form: str) -> Iterator[pl.Expr]:
    """Yield the counts of a column's values by type, if they are written in a form (see forms.py)."""
    value = _present(column)
    yield value.count().alias(f"{key}:values")
    if is_time(form):
        pattern = time_pattern(form)
        written = pl.when(value.str.contains(pattern)).then(value) if pattern else value
        kinds = ("date", "timestamp")[has_clock(form) :]
        fits = moments(written, form, strict=False).is_not_null()
        yield from (fits.sum().alias(f"{key}:{kind}") for kind in kinds)
        return
    number = plain_number(pl.when(value.str.contains(NUMBER_PATTERNS[form])).then(value), form)
    yield from (_fits(number, kind).sum().alias(f"{key}:{kind}") for kind in _KINDS_OF_NUMBERS)
    yield from _sizes(key, number, _fits(number, "decimal"))


def facts_from(row: Mapping[str, object], key: str, form: str) -> ColumnFacts:
    """Return the facts that one file's counts say of one column."""

    def count(what: str) -> int:
        found = row.get(f"{key}:{what}")
        return found if isinstance(found, int) else 0

    return ColumnFacts(
        values=count("values"),
        fits=tuple(map(count, COUNTED)),
        whole_digits=count("whole"),
        scale=count("scale"),
        form=form,
    )


def _present(column: pl.Expr) -> pl.Expr:
    return pl.when(column != "").then(column)


def _fits(value: pl.Expr, kind: str) -> pl.Expr:
    fitting = value.str.contains(PATTERNS[kind])
    match kind:
        case "bigint":
            return fitting & value.cast(pl.Int64, strict=False).is_not_null()
        case "double":
            is_too_great = value.str.contains("[eE]") & value.cast(pl.Float64, strict=False).is_infinite()
            is_kept = (value.str.len_bytes() <= DOUBLE_CHARACTERS_SURE) | _is_kept_by_a_double(value)
            return fitting & is_kept & ~is_too_great
        case "decimal":
            return fitting & (value.str.len_bytes() <= DECIMAL_DIGITS_MAX + 2)
        case "date":
            return fitting & value.str.to_date("%Y-%m-%d", strict=False).is_not_null()
        case "timestamp":
            times = timestamp_text(value).str.to_datetime(TIMESTAMP_FORMAT, time_unit="us", strict=False)
            return fitting & times.is_not_null()
    return fitting


def _is_kept_by_a_double(value: pl.Expr) -> pl.Expr:
    """Return whether a double keeps all digits of a long number; one with an exponent was a double before."""
    long = pl.when(value.str.len_bytes() > DOUBLE_CHARACTERS_SURE).then(value)
    again = long.cast(pl.Float64, strict=False).cast(pl.String)
    return long.str.contains("[eE]") | (_without_zeros(again) == _without_zeros(long))


def _without_zeros(number: pl.Expr) -> pl.Expr:
    """Return numbers without the zeros that say nothing: those at the end of the decimals."""
    short = number.str.strip_chars_end("0").str.strip_suffix(".")
    return pl.when(number.str.contains(".", literal=True)).then(short).otherwise(number)


def _sizes(key: str, value: pl.Expr, is_decimal: pl.Expr) -> Iterator[pl.Expr]:
    """Yield the most digits before and after the point of numbers."""
    number = pl.when(is_decimal).then(value.str.strip_prefix("-"))
    point = number.str.find(".", literal=True)
    yield point.fill_null(number.str.len_bytes()).max().cast(pl.Int64).alias(f"{key}:whole")
    yield (number.str.len_bytes() - point - 1).max().cast(pl.Int64).alias(f"{key}:scale")
