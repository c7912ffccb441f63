"""Whether spaces around the values of a CSV file are part of them, or only there for the eye."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest

from glue_tui.crawlers.csv_cut import Cut
from glue_tui.crawlers.values import is_text

_TRIMMED_MIN = 0.5
"""Share of the values with spaces around them from which on the spaces are not meant."""
_LED_MIN = 0.9
"""The same for values behind a delimiter with spaces before them."""


def trimmed(best: Cut) -> Cut:
    """Return the cut with the spaces around values taken away, where most values have some."""
    if best.format.trim or best.format.delimiter == " ":
        return best
    values = [cell for row in best.rows for cell in row if cell]
    spaced = sum(map(is_spaced, values))
    behind = [cell for row in best.rows for cell in row[1:] if cell]
    led = sum(cell.startswith(" ") for cell in behind)
    columns = zip_longest(*best.rows[1:], fillvalue="")
    if (
        spaced >= _TRIMMED_MIN * len(values)
        or (behind and led >= _LED_MIN * len(behind))
        or any(map(_hides_type, columns))
    ):
        rows = [[cell.strip() for cell in row] for row in best.rows]
        return replace(best, format=replace(best.format, trim=True), rows=rows)
    return best


def are_surely_meant(columns: Iterable[Sequence[str | None]], behind: int) -> bool:
    """Return whether spaces around values surely are part of them, nor speak against the delimiter before them.

    `columns` are those with such values, as far as a file is looked at to tell how it is written; `behind` is how many
    values at least stand there in columns other than the first.
    """
    spaced = 0
    for column in columns:
        values = [value for value in column if value]
        if _hides_type(values):
            return False
        spaced += sum(map(is_spaced, values))
    return spaced < _TRIMMED_MIN * behind


def is_spaced(value: str) -> bool:
    """Return whether a value has spaces around it."""
    return value[:1] == " " or value[-1:] == " "


def _hides_type(column: Sequence[str]) -> bool:
    """Return whether a column holds nothing but numbers, dates and the like, some with spaces around them."""
    return any(map(is_spaced, column)) and not any(is_text(cell.strip(" ")) for cell in column if cell)
