"""Spans (text with a tone) to lines of exact width. Every text is made harmless here, wherever it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from glue_tui.logs.clean import clean
from glue_tui.tui.theme import OWN_GROUND, Look

Span = tuple[str, str]
"""A text and its tone."""
Spans = tuple[Span, ...]

_WORDS = re.compile(r"\s+|\S+\s*")


def width_of(spans: Iterable[Span]) -> int:
    """Return how many cells the spans take."""
    return sum(cell_len(clean(text)) for text, _ in spans)


def cut(text: str, width: int, look: Look) -> str:
    """Return `text` made harmless, in at most `width` cells; what is cut away is shown by a sign."""
    text = clean(text)
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    return set_cell_size(text, width - 1).rstrip() + look.glyph("cut")


def fit(spans: Iterable[Span], width: int, look: Look) -> Spans:
    """Return the spans in at most `width` cells, cut at the end where they are longer."""
    fitted: list[Span] = []
    left = width
    for text, tone in spans:
        if left <= 0:
            break
        shown = cut(text, left, look)
        fitted.append((shown, tone))
        left -= cell_len(shown)
        if shown != clean(text):
            break
    return tuple(fitted)


def columns(left: Iterable[Span], right: Iterable[Span], width: int, look: Look) -> Spans:
    """Return `left` and, at the right edge, `right`; `left` gives way where both do not fit."""
    right = fit(right, max(0, width - 4), look)
    right_width = width_of(right)
    left = fit(left, max(0, width - right_width - (1 if right_width else 0)), look)
    return (*left, (" " * max(0, width - right_width - width_of(left)), ""), *right)


def segments(spans: Iterable[Span], width: int, look: Look, base_tone: str = "") -> list[Segment]:
    """Return exactly `width` cells: the spans, each on `base_tone`, then blanks."""
    under = f"+{base_tone}" if base_tone else ""
    base = look.style("text" + under)
    drawn: list[Segment] = []
    used = 0
    for text, tone in fit(spans, width, look):
        drawn.append(Segment(look.plain(text), look.style(tone if tone in OWN_GROUND else (tone or "text") + under)))
        used += cell_len(text)
    if used < width:
        drawn.append(Segment(" " * (width - used), base))
    return drawn


def strip(spans: Iterable[Span], width: int, look: Look, base_tone: str = "") -> Strip:
    """Return the spans as one line of the screen, `width` cells wide."""
    return Strip(segments(spans, width, look, base_tone), width)


def wrap(text: str, width: int) -> list[str]:
    """Return `text` made harmless, in lines of at most `width` cells, broken at blanks where there are any."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in clean(paragraph).split(" "):
            while cell_len(word) > width:
                if line:
                    lines.append(line)
                    line = ""
                head = set_cell_size(word, width)
                lines.append(head)
                word = word[len(head.rstrip()) :]
            if line and cell_len(line) + 1 + cell_len(word) > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def wrap_spans(line: Spans, width: int, indent: int = 4) -> list[Spans]:
    """Return a line broken at blanks into lines of `width` cells; what follows the first one is indented."""
    rows: list[list[Span]] = [[]]
    used = 0
    for text, tone in line:
        for word in _WORDS.findall(clean(text)):
            cells = cell_len(word.rstrip())
            if used + cells > width and used > indent:
                rows.append([(" " * indent, "")])
                used = indent
            rows[-1].append((word, tone))
            used += cell_len(word)
    return [tuple(row) for row in rows]
