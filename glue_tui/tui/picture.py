"""What the terminal shows and what it should show, cell by cell, and the shortest bytes from one to the other.

Pure: no terminal, no app. Pacing and Textual's side are in `display`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

GAP_CELLS_MAX = 4
"""So many unchanged cells between two changed ones are written again: as short as a move of the cursor."""

_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29", "21": "24"}
"""What ends an attribute; any other is ended by a reset."""
_SEEN_ON_BLANKS = frozenset(("4", "5", "6", "7", "8", "9", "21", "51", "52", "53"))


class Pen(NamedTuple):
    """How a cell is drawn: the numbers of its SGR sequence. Empty colours are the terminal's own."""

    attributes: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""


PLAIN = Pen()


class Cell(NamedTuple):
    """A character with its marks and its pen. The second half of a wide character has no text."""

    text: str
    pen: Pen


BLANK = Cell(" ", PLAIN)
_UNKNOWN = Cell("\0", PLAIN)


class Picture:
    """Two grids of cells: the one wanted, and the one the terminal shows as far as is known."""

    def __init__(self, width: int = 0, height: int = 0) -> None:
        self.width = width
        self.height = height
        self.wanted = [[BLANK] * width for _ in range(height)]
        self._shown = [[_UNKNOWN] * width for _ in range(height)]
        self._touched: set[int] = set(range(height))
        self._is_pen_plain = False

    def forget(self) -> None:
        """Take nothing of what the terminal shows for known any more."""
        self._shown = [[_UNKNOWN] * self.width for _ in range(self.height)]
        self._touched = set(range(self.height))
        self._is_pen_plain = False

    def put(self, x: int, y: int, cells: list[Cell]) -> None:
        """Want `cells` in row `y` from column `x` on; what lies outside is left out."""
        if not 0 <= y < self.height or x >= self.width or x < 0:
            return
        row = self.wanted[y]
        end = min(self.width, x + len(cells))
        if end <= x:
            return
        cells = cells[: end - x]
        if not cells[0].text:
            cells[0] = Cell(" ", cells[0].pen)
        if row[x].text == "" and x > 0:
            row[x - 1] = Cell(" ", row[x - 1].pen)
        if end < self.width and row[end].text == "":
            row[end] = Cell(" ", row[end].pen)
        if _is_wide(cells[-1].text):
            cells[-1] = Cell(" ", cells[-1].pen)
        row[x:end] = cells
        self._touched.add(y)

    def changes(self) -> str:
        """Return what brings the terminal from what it shows to what is wanted, and take it for shown."""
        chunks: list[Chunk] = []
        for y in sorted(self._touched):
            wanted, shown = self.wanted[y], self._shown[y]
            if wanted != shown:
                for start, end in _runs(wanted, shown):
                    chunks += _chunks(wanted, start, end, y)
                self._shown[y] = wanted.copy()
        self._touched.clear()
        if not chunks:
            return ""
        begin = "" if self._is_pen_plain else "\x1b[m"
        self._is_pen_plain = True
        return begin + _written(chunks)


class Chunk(NamedTuple):
    """Cells beside each other that one pen writes; its foreground may be `_ANY` where there are only blanks."""

    y: int
    x: int
    text: str
    cells: int
    pen: Pen
    is_sure: bool
    """Whether every terminal has its cursor right behind the text afterwards."""


def cells_of(strip: Iterable[tuple[str, Style | None, object]], system: ColorSystem) -> list[Cell]:
    """Return the cells of a line of segments in a terminal of these colours."""
    cells: list[Cell] = []
    for text, style, control in strip:
        if control:
            continue
        pen = PLAIN if style is None else _pen(style, system)
        if text.isascii():
            ink, blank = _inks(pen)
            cells.extend([blank if one == " " else Cell(one, ink) for one in text])
            continue
        for grapheme, width in _graphemes(text):
            if width == 0:
                if cells and cells[-1].text:
                    cells[-1] = Cell(cells[-1].text + grapheme, cells[-1].pen)
                elif len(cells) > 1:
                    cells[-2] = Cell(cells[-2].text + grapheme, cells[-2].pen)
                continue
            cells.append(_inks(pen)[1] if grapheme == " " else Cell(grapheme, pen))
            cells.extend([Cell("", pen)] * (width - 1))
    return cells


def _is_wide(text: str) -> bool:
    return not text.isascii() and _graphemes(text)[0][1] > 1


def _runs(wanted: list[Cell], shown: list[Cell]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a row that have to be written, never beginning within a wide character."""
    start = end = -1
    for x, (new, old) in enumerate(zip(wanted, shown, strict=True)):
        if new is old or new == old:
            continue
        first = x - 1 if not new.text and x > 0 else x
        if start < 0:
            start = first
        elif first - end > GAP_CELLS_MAX or not all(_writes(wanted[end - 1].pen, one.pen) for one in wanted[end:first]):
            yield start, end
            start = first
        end = x + 1
    if start >= 0:
        yield start, end


def _writes(pen: Pen, wanted: Pen) -> bool:
    """Return whether a cell that wants one pen looks the same when written with the other."""
    if pen == wanted:
        return True
    return wanted.foreground == _ANY and pen.background == wanted.background and not pen.attributes & _SEEN_ON_BLANKS


def _chunks(row: list[Cell], start: int, end: int, y: int) -> Iterator[Chunk]:
    """Yield the cells of a row from `start` up to `end` in chunks of one pen."""
    x, text, pen = start, "", row[start].pen
    for at in range(start, end):
        cell = row[at]
        if not cell.text:
            continue
        if text and _writes(cell.pen, pen):
            pen = cell.pen
        elif text and not _writes(pen, cell.pen):
            yield Chunk(y, x, text, at - x, pen, is_sure=True)
            x, text, pen = at, "", cell.pen
        text += cell.text
        is_wide = at + 1 < len(row) and not row[at + 1].text
        if is_wide or len(cell.text) > 1:
            # Terminals differ on how far these move the cursor: what follows is a chunk of its own.
            yield Chunk(y, x, text, at - x + 1, pen, is_sure=False)
            x = at + (2 if is_wide else 1)
            text, pen = "", row[min(x, end - 1)].pen
    if text:
        yield Chunk(y, x, text, end - x, pen, is_sure=end < len(row))


def _written(chunks: list[Chunk]) -> str:
    """Return the chunks pen by pen: going to another place takes fewer bytes than changing colours."""
    by_pen: dict[Pen, list[Chunk]] = {}
    for chunk in chunks:
        by_pen.setdefault(chunk.pen, []).append(chunk)
    for blank in [one for one in by_pen if one.foreground == _ANY]:
        writer = next((one for one in by_pen if one is not blank and _writes(one, blank)), None)
        blanks = by_pen.pop(blank)
        if writer is None:
            by_pen[Pen(background=blank.background)] = blanks
        else:
            by_pen[writer] = sorted([*by_pen[writer], *blanks])
    written: list[str] = []
    pen, here_x, here_y = PLAIN, -1, -1
    while by_pen:
        nearest = min(by_pen, key=lambda one: len(_turn(pen, one)))
        written.append(_turn(pen, nearest))
        pen = nearest
        for y, x, text, cells, _, is_sure in by_pen.pop(nearest):
            if (x, y) != (here_x, here_y):
                written.append(_move(x - here_x if y == here_y else 0, x, y))
            written.append(text)
            here_x, here_y = x + cells, y if is_sure else -1
    written.append(_turn(pen, PLAIN))
    return "".join(written)


def _move(step: int, x: int, y: int) -> str:
    if step > 0:
        return f"\x1b[{step}C" if step > 1 else "\x1b[C"
    return f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"


_ANY = "any"
"""The foreground of a blank: whichever the pen has."""


@lru_cache(maxsize=1024)
def _inks(pen: Pen) -> tuple[Pen, Cell]:
    """Return the pen, and the blank cell it makes: on a blank no letter's colour or weight is seen."""
    if pen.attributes & _SEEN_ON_BLANKS:
        return pen, Cell(" ", pen)
    return pen, Cell(" ", Pen(frozenset(), _ANY, pen.background))


@lru_cache(maxsize=4096)
def _graphemes(text: str) -> tuple[tuple[str, int], ...]:
    spans, _ = split_graphemes(text)
    return tuple((text[start:end], width) for start, end, width in spans)


@lru_cache(maxsize=1024)
def _pen(style: Style, system: ColorSystem) -> Pen:
    """Return the pen of a style, exactly as Textual would write it."""
    sequence = Strip.render_ansi(style, system)
    if not sequence:
        return PLAIN
    numbers = sequence.split(";")
    attributes: set[str] = set()
    colours = {"3": "", "4": ""}
    at = 0
    while at < len(numbers):
        number = numbers[at]
        length = 1
        if number in ("38", "48"):
            length = 5 if numbers[at + 1] == "2" else 3
            colours[number[0]] = ";".join(numbers[at : at + length])
        elif number in ("39", "49"):
            colours[number[0]] = ""
        elif 30 <= int(number) <= 47 or 90 <= int(number) <= 107:
            ground = "4" if 40 <= int(number) <= 47 or int(number) >= 100 else "3"
            colours[ground] = number
        else:
            attributes.add(number)
        at += length
    return Pen(frozenset(attributes), colours["3"], colours["4"])


@lru_cache(maxsize=8192)
def _turn(old: Pen, new: Pen) -> str:
    """Return the shortest sequence that makes the pen `old` the pen `new`."""
    if old == new:
        return ""
    colours = [one for one in (new.foreground, new.background) if one]
    afresh = ";".join(["0", *sorted(new.attributes), *colours]) if new != PLAIN else ""
    gone = old.attributes - new.attributes
    if not all(one in _OFF for one in gone):
        return f"\x1b[{afresh}m"
    off = {_OFF[one] for one in gone}
    again = {one for one in new.attributes if _OFF.get(one) in off}
    numbers = [*sorted(off), *sorted((new.attributes - old.attributes) | again)]
    if new.foreground != old.foreground:
        numbers.append(new.foreground or "39")
    if new.background != old.background:
        numbers.append(new.background or "49")
    step_by_step = ";".join(numbers)
    return f"\x1b[{afresh if len(afresh) < len(step_by_step) else step_by_step}m"
