"""A chart with its figures, ready to be drawn in a page, as text, or later in the terminal."""

from __future__ import annotations

import datetime
import decimal
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Cell = str | int | float | bool | None
_DRAWN_MAX = 1e300
_DIGITS_MAX = 1e15
"""From here on a figure is told by its first digits and their power of ten, as in 1.2e+20."""
_PLAIN_MIN = 0.1
"""Below, three digits are told, whatever stands before them: 0.0147, 2.1e-07."""
_MOMENT = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)( (?P<time>\d\d:\d\d)(?P<seconds>:\d\d)?([+-]\d\d:\d\d)?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartData:
    title: str
    kind: str
    """line | bar | number | table"""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    x: int = 0
    """Place of the horizontal column; unused by number and table."""
    y: int = 0
    """Place of the column of figures; unused by table."""
    is_over_time: bool = False
    """The horizontal column holds dates or times."""
    rows_left_out: int = 0
    """Rows of the answer beyond what a chart of this kind shows."""
    message: str = ""
    """Why there is nothing to draw; empty when there is."""

    def points(self) -> list[tuple[Cell, float]]:
        """Return horizontal value and figure of each row that has a figure."""
        pairs = ((row[self.x], number(row[self.y])) for row in self.rows)
        return [(place, figure) for place, figure in pairs if figure is not None]

    def positions(self) -> list[float]:
        """Return where across each point stands, from 0 to 1: where its time or figure does, else evenly apart."""
        places = [place for place, _ in self.points()]
        values = [_moment(place) if self.is_over_time else number(place) for place in places]
        known = [value for value in values if value is not None]
        if len(known) < len(places) or known[0] == known[-1] or known != sorted(known):
            return [place / max(len(places) - 1, 1) for place in range(len(places))]
        return [(value - known[0]) / (known[-1] - known[0]) for value in known]


def cell(value: object) -> Cell:
    """Return a value of a frame as JSON has it; exact decimals become text that reads the same."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case decimal.Decimal():
            return float(value)
        case datetime.datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            return str(value)


def number(value: Cell) -> float | None:
    """Return a figure as a number that can be drawn to scale, None if it is none."""
    match value:
        case bool() | None:
            return None
        case int() | float():
            # Sums and differences of what is drawn must stay finite.
            return max(-_DRAWN_MAX, min(float(value), _DRAWN_MAX))
        case str():
            return None


def figure_text(value: Cell, *, has_decimals: bool | None = None) -> str:
    """Return a value for people, on one line: thousands set apart, no digits that say nothing.

    `has_decimals` is what its neighbours have, so that figures of one column end alike; None: it stands alone.
    """
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}" if abs(value) < _DIGITS_MAX else f"{value:.4g}"
        case float() if abs(value) >= _DIGITS_MAX:
            return f"{value:.4g}"
        case float() if value and abs(value) < _PLAIN_MIN:
            return f"{value:.3g}"
        case float():
            if has_decimals is None:
                has_decimals = not value.is_integer() or abs(value) < 1000
            return f"{value:,.2f}" if has_decimals else f"{value:,.0f}"
        case str():
            return one_line(value)


def have_decimals(values: Iterable[Cell]) -> bool:
    """Say whether one of these figures is no whole number."""
    return any(isinstance(value, float) and not value.is_integer() for value in values)


def one_line(text: str) -> str:
    """Return a text as it may stand in a page and in a terminal: no line breaks, nothing that steers either."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def axis_text(value: float, step: float) -> str:
    """Return the label of a tick: `1.5k`, `20k`, `3M`, with the digits that tell neighbouring ticks apart."""
    if value and (abs(value) >= 1e12 or step < 1e-5):
        digits = math.ceil(math.log10(max(abs(value) / step, 1.0))) + 1
        return f"{value:.{max(digits, 2)}g}"
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size or (value == 0 and step >= size):
            return f"{value / size:.{_digits(step / size)}f}{letter}" if value else "0"
    return f"{value:.{_digits(step)}f}" if value else "0"


def nice_ticks(low: float, high: float, about: int) -> list[float]:
    """Return about so many round numbers, evenly spaced, that enclose `low` to `high`."""
    span = (high - low) or abs(high) or 1.0
    rough = span / about
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if first == last:
        last += 1
    return [place * step for place in range(first, last + 1)]


def labelled(positions: Sequence[float], most: int) -> list[int]:
    """Return which points are to be named, at most so many: the first, and then each that has room beside the last."""
    chosen = [0]
    for place, position in enumerate(positions):
        if position - positions[chosen[-1]] >= 1 / (most - 1) - 1e-9:
            chosen.append(place)
    return chosen


def axis_names(values: Sequence[Cell]) -> list[str]:
    """Return the labels of an axis: days and moments as `2 Nov`, `2 Nov 14:15`, without what all of them share."""
    texts = [figure_text(value) for value in values]
    found = [_MOMENT.fullmatch(text) for text in texts]
    moments = [one for one in found if one is not None]
    if len(moments) < len(texts):
        return texts
    days = [datetime.date.fromisoformat(one["day"]) for one in moments]
    year = " %Y" if len({day.year for day in days}) > 1 else ""
    dated = [f"{day.day} {day:%b{year}}" for day in days]
    has_seconds = any(one["seconds"] not in (None, ":00") for one in moments)
    times = [(one["time"] or "") + (one["seconds"] or "" if has_seconds else "") for one in moments]
    if not any(one["time"] not in (None, "00:00") for one in moments) and not has_seconds:
        return dated
    return times if len(set(days)) == 1 else [f"{day} {time}" for day, time in zip(dated, times, strict=True)]


def _moment(value: Cell) -> float | None:
    """Return seconds since 1970 of a day or moment as `cell` wrote it, those of the day for a time; None: no value."""
    if not isinstance(value, str):
        return None
    if _MOMENT.fullmatch(value) is None:
        return sum(int(part) * size for part, size in zip(value[:8].split(":"), (3600, 60, 1), strict=True))
    moment = datetime.datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def _digits(step: float) -> int:
    for digits in range(6):
        if math.isclose(step, round(step, digits), rel_tol=1e-9):
            return digits
    return 6
