"""How the values of text columns are counted by type, as polars expressions: marks of each value, then their sums.

Marks are named `KEY:KIND`. They are made apart from the sums, so that each is worked out once for all files and sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from glue_tui.catalog.forms import has_clock, is_time
from glue_tui.catalog.types import TIMESTAMP_FORMAT, moments, plain_number, timestamp_text
from glue_tui.crawlers.facts import COUNTED, ColumnFacts
from glue_tui.crawlers.forms import MAY_HAVE_FORM, NUMBER_PATTERNS, time_pattern
from glue_tui.crawlers.values import DECIMAL_DIGITS_MAX, DOUBLE_CHARACTERS_SURE, PATTERNS

_KINDS_OF_NUMBERS = ("bigint", "double", "decimal")
_VALUES, _WHOLE, _SCALE, _ODD = "values", "whole", "scale", "odd"


def marks_as_written(key: str, column: pl.Expr) -> Iterator[pl.Expr]:
    """Yield what each value of a column is: whether it fits each type, how many digits it has, and the value itself if
    it is odd: of no type, but maybe of a form (see forms.py)."""
    value = _present(column)
    fitting = {kind: _fits(value, kind) for kind in COUNTED}
    yield value.is_not_null().alias(f"{key}:{_VALUES}")
    yield from (fits.alias(f"{key}:{kind}") for kind, fits in fitting.items())
    yield from _sizes(key, value, fitting["decimal"])
    may_be_odd = ~pl.any_horizontal(*fitting.values()) & value.str.contains(MAY_HAVE_FORM)
    yield pl.when(may_be_odd).then(value).alias(f"{key}:{_ODD}")


def number_in_form(column: pl.Expr, form: str) -> pl.Expr:
    """Return the numbers that are written in a form as programs write them; null for all else."""
    value = _present(column)
    return plain_number(pl.when(value.str.contains(NUMBER_PATTERNS[form])).then(value), form)


def marks_in_form(key: str, column: pl.Expr, form: str, number: pl.Expr | None = None) -> Iterator[pl.Expr]:
    """Yield what each value of a column is, if the values are written in a form (see forms.py).

    `number` is where `number_in_form` of it stands already.
    """
    value = _present(column)
    yield value.is_not_null().alias(f"{key}:{_VALUES}")
    if is_time(form):
        pattern = time_pattern(form)
        written = pl.when(value.str.contains(pattern)).then(value) if pattern else value
        kinds = ("date", "timestamp")[has_clock(form) :]
        fits = moments(written, form, strict=False).is_not_null()
        yield from (fits.alias(f"{key}:{kind}") for kind in kinds)
        return
    number = number_in_form(column, form) if number is None else number
    yield from (_fits(number, kind).alias(f"{key}:{kind}") for kind in _KINDS_OF_NUMBERS)
    yield from _sizes(key, number, _fits(number, "decimal"))


def sums_of(marks: Sequence[pl.Expr]) -> Iterator[pl.Expr]:
    """Yield the sums of marks over the values of a file: how many fit, the most digits, the least and most odd one."""
    for name in (mark.meta.output_name() for mark in marks):
        what = name.rpartition(":")[2]
        if what == _ODD:
            yield pl.col(name).min().alias(f"{name}:least")
            yield pl.col(name).max().alias(f"{name}:most")
        else:
            yield pl.col(name).max() if what in (_WHOLE, _SCALE) else pl.col(name).sum()


def facts_from(row: Mapping[str, object], key: str, form: str) -> ColumnFacts:
    """Return the facts that the sums of one file say of one column."""

    def count(what: str) -> int:
        found = row.get(f"{key}:{what}")
        return found if isinstance(found, int) else 0

    return ColumnFacts(
        values=count(_VALUES),
        fits=tuple(map(count, COUNTED)),
        whole_digits=count(_WHOLE),
        scale=count(_SCALE),
        form=form,
    )


def odd_from(row: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Return the odd values that the sums of one file name: the least and the most."""
    found = (row.get(f"{key}:{_ODD}:{which}") for which in ("least", "most"))
    return tuple(value for value in found if isinstance(value, str))


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
            dates = pl.when(fitting).then(value).str.to_date("%Y-%m-%d", strict=False)
            return fitting & dates.is_not_null()
        case "timestamp":
            written = timestamp_text(pl.when(fitting).then(value))
            times = written.str.to_datetime(TIMESTAMP_FORMAT, time_unit="us", strict=False)
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
    """Yield the digits before and after the point of numbers."""
    number = pl.when(is_decimal).then(value.str.strip_prefix("-"))
    point = number.str.find(".", literal=True)
    yield point.fill_null(number.str.len_bytes()).cast(pl.Int64).alias(f"{key}:{_WHOLE}")
    yield (number.str.len_bytes() - point - 1).cast(pl.Int64).alias(f"{key}:{_SCALE}")
