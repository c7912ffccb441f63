"""A table as it is drawn: columns with widths and sides, rows of cells. Pure; what is in it is not known here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from glue_tui.logs.clean import clean
from glue_tui.tui.paint import Span, Spans, cut
from glue_tui.tui.theme import Look

CELLS_MAX = 40
"""A wider value is cut in the table; opened, it is whole."""
CHARS_LOOKED_AT = 4 * CELLS_MAX
"""Of a value: what lies beyond is not on screen."""
_GAP = "  "
_MEASURED_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GridColumn:
    name: str
    is_right: bool = False
    """Numbers stand at the right side of their column."""
    tone: str = "text"
    cells_max: int = CELLS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One row; None is a value that is missing. `key` says what it stands for."""

    cells: tuple[str | None, ...]
    key: str = ""
    tone: str = ""
    """Of the whole row, where it is not that of its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    columns: tuple[GridColumn, ...] = ()
    rows: tuple[GridRow, ...] = ()
    empty: str = ""
    """What is said where there are no rows."""
    widths: tuple[int, ...] = field(default=())
    """Cells of each column."""


def grid(columns: Sequence[GridColumn], rows: Iterable[GridRow], empty: str = "") -> Grid:
    """Return a grid with the widths that its values need."""
    rows = tuple(rows)
    widths = tuple(
        max(cell_len(_plain(column.name)), _widest([row.cells[place] for row in rows], column.cells_max))
        for place, column in enumerate(columns)
    )
    return Grid(columns=tuple(columns), rows=rows, empty=empty, widths=widths)


def header_spans(grid: Grid, first: int, look: Look) -> Spans:
    """Return the line of names, from column `first` on."""
    spans: list[Span] = [(" ", "")]
    for column, width in list(zip(grid.columns, grid.widths, strict=True))[first:]:
        spans.append((_aligned(_plain(column.name), width, column.is_right, look) + _GAP, "muted"))
    return tuple(spans)


def row_spans(grid: Grid, row: GridRow, first: int, room: int, look: Look) -> Spans:
    """Return a row from column `first` on, as far as `room` cells show it."""
    spans: list[Span] = [(" ", "")]
    room -= 1
    for column, width, cell in list(zip(grid.columns, grid.widths, row.cells, strict=True))[first:]:
        if room <= 0:
            break
        text, tone = ("null", "faint+muted") if cell is None else (_plain(cell), row.tone or column.tone)
        # A column that the edge cuts is as wide as there is room: no sign for blanks that are cut off.
        spans.append((_aligned(text, min(width, room), column.is_right, look) + _GAP, tone))
        room -= width + len(_GAP)
    return tuple(spans)


def last_first(grid: Grid, room: int) -> int:
    """Return the furthest column that the grid may begin with: from there on all others are on screen."""
    used, first = 1, len(grid.widths)
    for place in range(len(grid.widths) - 1, -1, -1):
        used += grid.widths[place] + len(_GAP)
        if used - len(_GAP) > room:
            break
        first = place
    return min(first, max(0, len(grid.widths) - 1))


def _plain(text: str) -> str:
    """Return a value on one line, harmless; line breaks are signs."""
    looked_at = text if len(text) <= CHARS_LOOKED_AT else text[:CHARS_LOOKED_AT] + "…"
    return clean(looked_at.replace("\r\n", "\n").replace("\n", "⏎"))


def _widest(cells: Sequence[str | None], most: int) -> int:
    """Return how wide the values are, `most` at most; beyond the first rows a letter counts as one cell."""
    measured = max((cell_len(_plain(cell)) if cell is not None else 4 for cell in cells[:_MEASURED_ROWS]), default=0)
    rest = max((len(cell) for cell in cells[_MEASURED_ROWS:] if cell is not None), default=0)
    return min(most, max(measured, rest))


def _aligned(text: str, width: int, is_right: bool, look: Look) -> str:
    shown = cut(text, width, look)
    filling = " " * (width - cell_len(shown))
    return filling + shown if is_right else shown + filling
