"""A chart with its figures, ready to be drawn in a page, as text, or later in the terminal."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Iterable
from dataclasses import dataclass

Cell = str | int | float | bool | None
_DRAWN_MAX = 1e300
_DIGITS_MAX = 1e15
"""From here on a figure is told by its first digits and their power of ten, as in 1.2e+20."""
_PLAIN_MIN = 0.005
"""The same for what would round to nothing."""


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
        case float() if value and not _PLAIN_MIN <= abs(value) < _DIGITS_MAX:
            return f"{value:.4g}"
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


def spread(count: int, most: int) -> list[int]:
    """Return at most so many places of `count`, from the first on and evenly apart."""
    step = max(-(-(count - 1) // (most - 1)), 1)
    return list(range(0, count, step))


def _digits(step: float) -> int:
    for digits in range(6):
        if math.isclose(step, round(step, digits), rel_tol=1e-9):
            return digits
    return 6
