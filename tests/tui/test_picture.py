"""The differ: whatever was shown and is wanted, the terminal ends up with exactly what is wanted."""

from __future__ import annotations

from unicodedata import normalize

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from glue_tui.tui.picture import Cell, Picture, cells_of

WIDTH, HEIGHT = 14, 4
STYLES = [
    Style.parse(text)
    for text in (
        "#c0caf5 on #16161e",
        "bold #c0caf5 on #16161e",
        "#737aa2 on #33394f",
        "reverse",
        "underline red on #16161e",
        "bold italic color(200)",
        "strike underline2 white on blue",
        "bright_green on bright_black",
        "",
    )
]
TEXTS = st.lists(
    st.sampled_from(["a", "b", " ", " ", "é", "漢", "字", "│", "e\u0301", "🙂"]), min_size=1, max_size=6
).map("".join)
SEGMENTS = st.lists(st.tuples(TEXTS, st.sampled_from(STYLES)), min_size=1, max_size=4)
PUTS = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), SEGMENTS)
FRAMES = st.lists(st.one_of(st.lists(PUTS, max_size=5), st.just("forget")), min_size=1, max_size=8)


class Emulator:
    """A terminal that was used before."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.stream = pyte.Stream(self.screen)
        self.stream.feed("\x1b[31;44mrubbish 漢字 rubbish everywhere" * 2)
        # Unlike terminals, this one takes a mark on the last cell of a line to the next line.
        self.stream.feed("\x1b[?7l")

    def feed(self, data: str) -> None:
        self.stream.feed(data)

    def cells(self) -> list[list[tuple[object, ...]]]:
        return [[seen(self.screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def seen(char: pyte.screens.Char) -> tuple[object, ...]:
    """Return what a person sees of a cell: on a blank, no foreground."""
    lines = (char.underscore, char.strikethrough, char.reverse)
    if char.data == " " and not any(lines):
        return (" ", char.bg)
    return (char.data, char.fg, char.bg, char.bold, char.italics, *lines)


def cells(texts: list[tuple[str, Style]]) -> list[Cell]:
    return cells_of([Segment(text, style) for text, style in texts], ColorSystem.TRUECOLOR)


@given(FRAMES)
def test_the_terminal_shows_what_a_terminal_painted_from_scratch_shows(frames: list[object]) -> None:
    picture, emulator = Picture(WIDTH, HEIGHT), Emulator()
    for frame in frames:
        if frame == "forget":
            picture.forget()
            emulator = Emulator()
        else:
            assert isinstance(frame, list)
            for x, y, texts in frame:
                picture.put(x, y, cells(texts))
        emulator.feed(picture.changes())
        afresh = Emulator()
        picture_again = Picture(WIDTH, HEIGHT)
        for y, row in enumerate(picture.wanted):
            picture_again.put(0, y, list(row))
        afresh.feed(picture_again.changes())
        assert emulator.cells() == afresh.cells()
        assert [normalize("NFC", "".join(cell.text for cell in row)) for row in picture.wanted] == [
            "".join(emulator.screen.buffer[y][x].data for x in range(WIDTH)) for y in range(HEIGHT)
        ]


@given(SEGMENTS)
def test_a_line_looks_as_textual_writes_it(texts: list[tuple[str, Style]]) -> None:
    strip = Strip([Segment(text, style) for text, style in texts]).crop(0, WIDTH)
    ours, textuals = Emulator(), Emulator()
    picture = Picture(WIDTH, HEIGHT)
    picture.put(0, 0, cells_of(strip, ColorSystem.TRUECOLOR))
    ours.feed(picture.changes())
    drawn = "".join(
        Strip.render_style(style, text, ColorSystem.TRUECOLOR) for text, style, _ in strip if style is not None
    )
    textuals.feed("\x1b[m\x1b[2J\x1b[H" + drawn)
    assert ours.cells()[0] == textuals.cells()[0]


def test_what_is_shown_already_costs_nothing() -> None:
    picture = Picture(WIDTH, HEIGHT)
    picture.put(0, 1, cells([("same words", STYLES[0])]))
    assert picture.changes() != ""
    picture.put(0, 1, cells([("same words", STYLES[0])]))
    assert picture.changes() == ""


def test_only_the_changed_cells_are_written() -> None:
    picture = Picture(WIDTH, HEIGHT)
    picture.put(0, 1, cells([("run 1 started", STYLES[0])]))
    picture.changes()
    picture.put(0, 1, cells([("run 2 started", STYLES[0])]))
    assert picture.changes() == "\x1b[38;2;192;202;245;48;2;22;22;30m\x1b[2;5H2\x1b[m"


def test_what_lies_outside_is_left_out() -> None:
    picture = Picture(WIDTH, HEIGHT)
    picture.put(0, HEIGHT, cells([("below", STYLES[0])]))
    picture.put(WIDTH - 1, 0, cells([("漢", STYLES[0])]))
    assert picture.wanted[0][WIDTH - 1].text == " "


def test_half_a_wide_character_becomes_a_blank() -> None:
    picture = Picture(WIDTH, HEIGHT)
    picture.put(0, 0, cells([("漢字", STYLES[0])]))
    picture.put(1, 0, cells([("ab", STYLES[0])]))
    assert "".join(cell.text for cell in picture.wanted[0]).rstrip() == " ab"
