"""The log pane in a running (headless) app: follows, scrolls, finds, filters, copies; and shows nothing harmful."""

from __future__ import annotations

import asyncio
import functools
import re
from asyncio import sleep
from base64 import b64decode
from collections.abc import Callable, Coroutine
from datetime import UTC
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from lone_pane import obey
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from glue_tui.logs.read import LogFile
from glue_tui.logs.select import MergedLog
from glue_tui.tui.place import Place
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.clipboard import CLIPBOARD_BYTES_MAX, clipboard_sequence
from glue_tui.tui.widgets.log_book import LogBook, LogTab
from glue_tui.tui.widgets.log_pane import LogPane
from glue_tui.tui.widgets.log_titles import nothing_spans
from glue_tui.tui.widgets.log_window import LogWindow

DEADLINE_S = 10
QUIET_S = 0.35
"""Several frames of the pane."""


def played(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test that plays an app, with a deadline."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(asyncio.wait_for(test(**fixtures), DEADLINE_S * 3))

    return run


class LogApp(App[None]):
    CSS = "LogPane { width: 100%; height: 100%; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, tabs: list[LogTab], look: Look, *, is_live: bool) -> None:
        super().__init__()
        self.log_tabs = tabs
        self.look = look
        self.is_live = is_live
        self.said: list[str] = []
        self.written: list[str] = []

    def compose(self) -> ComposeResult:
        self.pane = LogPane(self.look)
        yield self.pane

    def on_mount(self) -> None:
        self.pane.show(self.log_tabs)
        self.pane.set_live(self.is_live)
        self.pane.focus()

    def on_key(self, event: events.Key) -> None:
        obey(self, self.pane, Place.LOGS, event)

    def on_log_pane_said(self, message: LogPane.Said) -> None:
        self.said.append(message.text)


def app_of(*paths: Path, is_live: bool = True, look: Look | None = None) -> LogApp:
    return LogApp([LogTab(path.stem, str(path)) for path in paths], look or Look(), is_live=is_live)


def screen_of(app: App[Any]) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def until(app: LogApp, condition: Callable[[str], object], pilot: Pilot[Any]) -> str:
    """Wait until the screen is as wanted."""
    stop_at = monotonic() + DEADLINE_S
    while True:
        await pilot.pause()
        screen = screen_of(app)
        if condition(screen):
            return screen
        assert monotonic() < stop_at, f"never came true:\n{screen}"
        await sleep(0.02)


async def press(app: LogApp, pilot: Pilot[Any], *keys: str) -> str:
    """Press keys all at once, as fast typing does, and return the screen."""
    for key in keys:
        character = key if len(key) == 1 else {"enter": "\r"}.get(key)
        app._driver.send_message(events.Key(key, character))  # type: ignore[union-attr]
    await pilot.pause()
    return screen_of(app)


def stamped(second: int, level: str, text: str) -> str:
    return f"2026-11-22T12:{second // 60:02d}:{second % 60:02d}.123Z {level:<5} {text}\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "clean_sales.log"
    path.write_text(
        "".join(
            stamped(n, "ERROR" if n in (7, 90) else "WARN" if n == 50 else "INFO", f"line number {n}")
            for n in range(100)
        )
    )
    return path


@played
async def test_it_follows_the_end_until_one_scrolls_up_and_again_after_g(log: Path) -> None:
    app = app_of(log)
    async with app.run_test(size=(80, 14)) as pilot:
        screen = await until(app, lambda screen: "line number 99" in screen, pilot)
        assert "FOLLOW" in screen
        assert "E 2" in screen
        assert "W 1" in screen
        await press(app, pilot, "k", "k")
        with log.open("a") as file:
            file.write(stamped(200, "INFO", "fresh"))
        screen = await until(app, lambda screen: "/101" in screen, pilot)
        assert "fresh" not in screen
        assert "G follows" in screen
        screen = await press(app, pilot, "G")
        assert "fresh" in screen
        assert "FOLLOW" in screen
        with log.open("a") as file:
            file.write(stamped(201, "INFO", "fresher"))
        await until(app, lambda screen: "fresher" in screen, pilot)


@played
async def test_a_log_that_appears_later_is_shown_when_it_does(tmp_path: Path) -> None:
    path = tmp_path / "later.log"
    app = app_of(path)
    async with app.run_test(size=(60, 10)) as pilot:
        await until(app, lambda screen: "waiting for the first line" in screen, pilot)
        path.write_text("here it is\n")
        screen = await until(app, lambda screen: "here it is" in screen, pilot)
        assert "waiting" not in screen


@played
async def test_moving_goes_to_both_ends_and_no_further(log: Path) -> None:
    app = app_of(log)
    async with app.run_test(size=(80, 12)) as pilot:
        await until(app, lambda screen: "number 99" in screen, pilot)
        screen = await press(app, pilot, "g", "g")
        assert "number 0" in screen
        assert await press(app, pilot, *["k"] * 5) == screen
        screen = await press(app, pilot, *["j"] * 200)
        assert "number 99" in screen
        assert "number 89" not in screen
        screen = await press(app, pilot, *["pageup"] * 30)
        assert "number 0" in screen


@played
async def test_find_marks_hits_and_goes_from_one_to_the_next(log: Path) -> None:
    app = app_of(log)
    async with app.run_test(size=(80, 12)) as pilot:
        await until(app, lambda screen: "number 99" in screen, pilot)
        await press(app, pilot, "/", *"NUMBER 3$", "enter")
        await until(app, lambda screen: "not found" in screen, pilot)
        await press(app, pilot, "/", *["backspace"] * 9, *"number 3", "enter")
        await until(app, lambda screen: "number 39" in screen, pilot)
        assert app.pane.window is not None
        assert app.pane.window.mark == 39
        await press(app, pilot, "n")
        assert app.pane.window.mark == 3
        await press(app, pilot, "n")
        assert app.pane.window.mark == 30
        await press(app, pilot, "N")
        assert app.pane.window.mark == 3
        screen = await press(app, pilot, "/", *"[", "enter")
        assert "not a pattern" in screen


@played
async def test_e_goes_through_the_errors_both_ways(log: Path) -> None:
    app = app_of(log)
    async with app.run_test(size=(80, 12)) as pilot:
        await until(app, lambda screen: "number 99" in screen, pilot)
        assert "number 90" in await press(app, pilot, "e")
        assert "number 7" in await press(app, pilot, "e")
        assert "number 90" in await press(app, pilot, "E")


@played
async def test_a_filter_shows_matching_lines_only_and_its_inverse_the_others(log: Path) -> None:
    app = app_of(log)
    async with app.run_test(size=(80, 14)) as pilot:
        await until(app, lambda screen: "number 99" in screen, pilot)
        await press(app, pilot, "&", *"ERROR", "enter")
        screen = await until(app, lambda screen: "& ERROR 2" in screen, pilot)
        assert "number 7" in screen
        assert "number 99" not in screen
        with log.open("a") as file:
            file.write(stamped(300, "ERROR", "one more") + stamped(301, "INFO", "not this"))
        screen = await until(app, lambda screen: "one more" in screen, pilot)
        assert "not this" not in screen
        await press(app, pilot, "&", "ctrl+u", *"!INFO", "enter")
        screen = await until(app, lambda screen: "& !INFO 4" in screen, pilot)
        assert "number 50" in screen
        await press(app, pilot, "escape")
        await until(app, lambda screen: "number 99" in screen, pilot)


@played
async def test_levels_and_filters_keep_the_line_that_was_looked_at(log: Path) -> None:
    app = app_of(log)
    async with app.run_test(size=(110, 12)) as pilot:
        await until(app, lambda screen: "number 99" in screen, pilot)
        await press(app, pilot, "L", "L")
        screen = await until(app, lambda screen: "WARN and above" in screen and "number 7" in screen, pilot)
        assert "number 50" in screen
        assert "number 99" not in screen
        await press(app, pilot, "E")
        await press(app, pilot, "E")
        window = app.pane.window
        assert window is not None
        assert window.mark == 0
        await press(app, pilot, "L", "L")
        screen = await until(app, lambda screen: "number 8" in screen, pilot)
        assert app.pane.window is not None
        assert app.pane.window.mark == 7
        await press(app, pilot, "&", *"number 7", "enter")
        await until(app, lambda screen: "& number 7 11" in screen, pilot)
        assert app.pane.window.mark == 0
        await press(app, pilot, "escape", "escape")
        await press(app, pilot, *"LLL")
        await until(app, lambda screen: "ERROR only" in screen and "number 50" not in screen, pilot)


@played
async def test_a_prompt_brings_earlier_patterns_back_and_says_how_one_is_taken(log: Path) -> None:
    app = app_of(log)
    async with app.run_test(size=(80, 12)) as pilot:
        await until(app, lambda screen: "number 99" in screen, pilot)
        await press(app, pilot, "/", *"number 3", "enter")
        await press(app, pilot, "&", *"Line")
        assert "capitals matter" in screen_of(app)
        await press(app, pilot, "ctrl+u", *"(x")
        assert "not a pattern" in screen_of(app)
        await press(app, pilot, "ctrl+u", *"number 4", "enter")
        screen = await press(app, pilot, "/", "up", "up")
        assert "/number 3" in screen
        assert "in any case" in screen
        assert "/number 4" in await press(app, pilot, "down")


@played
async def test_times_are_told_by_the_clock_since_the_start_and_since_the_line_above(tmp_path: Path) -> None:
    path = tmp_path / "times.log"
    path.write_text("raw\n" + stamped(1, "INFO", "a") + stamped(3, "INFO", "b") + "raw\n" + stamped(3599, "INFO", "c"))
    app = app_of(path)
    async with app.run_test(size=(100, 12)) as pilot:
        screen = await until(app, lambda screen: "INFO  c" in screen, pilot)
        screen = await press(app, pilot, "t")
        assert "  +0:00:02.000 INFO  b" in screen.replace("│", "  ")
        assert "+0:59:58.000 INFO  c" in screen
        screen = await press(app, pilot, "t")
        assert "      +2.000 INFO  b" in screen
        assert "+0:59:56.000 INFO  c" in screen
        screen = await press(app, pilot, "t")
        assert ":03.123 INFO  b" in screen


@played
async def test_a_line_of_json_shows_its_message_and_then_what_else_it_says(tmp_path: Path) -> None:
    path = tmp_path / "json.log"
    said = '{"level": "error", "msg": "no \\u001b[31mtable", "time": "12:00", "table": "raw.sales", "rows": [1, 2]}'
    path.write_text(stamped(1, "ERROR", said) + stamped(2, "INFO", '{"no": "message"}'))
    app = app_of(path)
    async with app.run_test(size=(100, 12)) as pilot:
        screen = await until(app, lambda screen: "message" in screen, pilot)
        assert "ERROR no table  table=raw.sales  rows=[1,2]" in screen
        assert '{"no": "message"}' in screen


@played
async def test_tabs_keep_their_place_and_the_last_one_is_all_logs_by_time(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "shop.log"
    other.write_text(stamped(95, "INFO", "from the shop") + "raw continuation\n")
    app = app_of(log, other)
    async with app.run_test(size=(90, 14)) as pilot:
        await until(app, lambda screen: "number 99" in screen, pilot)
        await press(app, pilot, "g", "g")
        screen = await press(app, pilot, ">")
        assert "from the shop" in screen
        assert "number" not in screen
        screen = await until(app, lambda _: True, pilot)
        await press(app, pilot, ">")
        screen = await until(app, lambda screen: "number 99" in screen, pilot)
        lines = [line for line in screen.splitlines() if "number 95" in line or "shop" in line or "raw" in line]
        assert [re.search("number 95|from the shop|raw cont", line) is not None for line in lines[1:]] == [True] * 3
        assert "clean_sales" in lines[1]
        screen = await press(app, pilot, ">")
        assert "number 0" in screen


@played
async def test_a_click_on_a_tab_opens_it(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "shop.log"
    other.write_text("from the shop\n")
    app = app_of(log, other)
    async with app.run_test(size=(90, 14)) as pilot:
        screen = await until(app, lambda screen: "number 99" in screen, pilot)
        await pilot.click(LogPane, offset=(screen.index("shop"), 0))
        await until(app, lambda screen: "from the shop" in screen, pilot)


@played
async def test_a_search_says_which_hit_of_how_many_and_never_goes_on_searching(tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    lines = 60_000
    path.write_text(
        "".join(stamped(n % 3600, "INFO", f"line {n}" + (" needle" if n % 10_000 == 7 else "")) for n in range(lines))
    )
    app = app_of(path)
    async with app.run_test(size=(110, 12)) as pilot:
        await until(app, lambda screen: f"line {lines - 1}" in screen, pilot)
        await press(app, pilot, "/", *"needle", "enter")
        screen = await until(app, lambda screen: "hit 6 of 6 ·" in screen, pilot)
        assert "searching" not in screen
        await press(app, pilot, "N")
        screen = await until(app, lambda screen: "hit 5 of 6 ·" in screen, pilot)
        assert "searching" not in screen
        await press(app, pilot, "escape", "escape")
        screen = await until(app, lambda screen: "hit" not in screen, pilot)


@pytest.mark.parametrize(
    ("has_started", "said"),
    [(False, "no log: publish_prices never started"), (True, "no log: gone.log: no such file or directory")],
)
def test_a_log_without_a_file_says_why(tmp_path: Path, has_started: bool, said: str) -> None:
    book = LogBook()
    path = tmp_path / ("folder" * 10) / "gone.log"
    book.show([LogTab("publish_prices", str(path), has_started=has_started)], 0)
    book.poll(80, 10)
    assert "".join(text for text, _ in nothing_spans(book, is_live=False)).startswith(said)
    book.close()


@played
async def test_long_lines_slide_or_wrap(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_text(stamped(1, "INFO", "start " + "日本語 words " * 30 + "end"))
    app = app_of(path)
    async with app.run_test(size=(60, 20)) as pilot:
        screen = await until(app, lambda screen: "start" in screen, pilot)
        assert "end" not in screen
        screen = await press(app, pilot, *["right"] * 45)
        assert "start" not in screen
        assert "end" in screen
        screen = await press(app, pilot, "z")
        assert "start" in screen
        assert "end" in screen
        widths = {strip.cell_length for strip in app.screen._compositor.render_strips()}
        assert widths == {60}


@played
async def test_the_lines_of_an_error_are_wrapped_and_others_are_not(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    place = 'File "/home/ann/sales-project/workflows/jobs/deep/down/repair_prices.py", line 14, in run'
    path.write_text(
        stamped(1, "INFO", "read " + "x" * 80 + " never-seen")
        + stamped(2, "ERROR", "Traceback (most recent call last):")
        + f"  {place}\n    {'^' * 90}\n"
        + stamped(3, "INFO", "tidied " + "y" * 80 + " never-seen")
    )
    app = app_of(path)
    async with app.run_test(size=(60, 12)) as pilot:
        screen = await until(app, lambda screen: "tidied" in screen, pilot)
        assert "line 14" in screen
        assert "never-seen" not in screen
        assert sum("^^" in line for line in screen.splitlines()) == 1
        screen = await press(app, pilot, "z")
        assert "never-seen" in screen
        screen = await press(app, pilot, "z")
        assert "line 14" in screen
        assert "never-seen" not in screen


def test_the_rest_of_an_error_is_wrapped_where_its_first_line_is_off_screen(tmp_path: Path) -> None:
    path = tmp_path / "long_error.log"
    path.write_text(stamped(1, "ERROR", "Traceback") + "".join(f"  {'word ' * 12}end {n}\n" for n in range(40)))
    log = LogFile(path)
    log.poll()
    rows = LogWindow(log, width=40, height=4).rows()
    assert len({row.line for row in rows}) == 2
    log.close()


@played
async def test_lines_are_copied_to_the_clipboard_of_the_terminal(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("STY", raising=False)
    app = app_of(log)
    async with app.run_test(size=(80, 12)) as pilot:
        await until(app, lambda screen: "number 99" in screen, pilot)
        written: list[str] = []
        monkeypatch.setattr(app._driver, "write", written.append)
        await press(app, pilot, "v", "k", "k", "y")
        (sequence,) = [text for text in written if text.startswith("\x1b]52;c;")]
        text = b64decode(sequence.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode()
        assert [line[-2:] for line in text.splitlines()] == ["97", "98", "99"]
        assert app.said == ["copied 3 lines"]


@played
async def test_what_is_too_long_for_the_clipboard_is_refused_with_a_way_out(log: Path) -> None:
    with log.open("a") as file:
        file.write("x" * 10_000 + "\n")
        file.write(("y" * 10_000 + "\n") * 10)
    app = app_of(log)
    async with app.run_test(size=(80, 20)) as pilot:
        await until(app, lambda screen: "yyy" in screen, pilot)
        await press(app, pilot, "y")
        assert "S saves" in app.said[0]


@played
async def test_s_saves_the_lines_shown_and_never_over_a_file(log: Path, tmp_path: Path) -> None:
    app = app_of(log)
    target = tmp_path / "saved.log"
    async with app.run_test(size=(80, 12)) as pilot:
        await until(app, lambda screen: "number 99" in screen, pilot)
        await press(app, pilot, "&", *"ERROR", "enter")
        await until(app, lambda screen: "& ERROR 2" in screen, pilot)
        await press(app, pilot, "S", "ctrl+u", *str(target), "enter")
        await until(app, lambda _: app.said, pilot)
        assert [line[-2:] for line in target.read_text().splitlines()] == [" 7", "90"]
        await press(app, pilot, "S", "ctrl+u", *str(target), "enter")
        await until(app, lambda _: len(app.said) == 2, pilot)
        assert "File exists" in app.said[1]


@played
async def test_nothing_is_painted_while_nothing_grows(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(log)
    async with app.run_test(size=(80, 12)) as pilot:
        await until(app, lambda screen: "number 99" in screen, pilot)
        painted: list[object] = []
        monkeypatch.setattr(app, "_display", lambda *args: painted.append(args))
        for prompt in ([], ["/"]):
            await press(app, pilot, *prompt)
            painted.clear()
            await sleep(QUIET_S)
            assert painted == []


@played
async def test_the_timer_rests_once_a_finished_log_is_read(log: Path) -> None:
    app = app_of(log, is_live=False)
    async with app.run_test(size=(80, 12)) as pilot:
        screen = await until(app, lambda screen: "number 99" in screen, pilot)
        assert "END" in screen
        timer = app.pane._timer
        assert timer is not None
        await until(app, lambda _: not timer._active.is_set(), pilot)


@played
async def test_hostile_lines_are_shown_harmless_and_end_nothing(tmp_path: Path) -> None:
    path = tmp_path / "nasty.log"
    path.write_bytes(
        b"\x1b[2J\x1b[?1049l\x1bcreset\n[red]x[/] [@click=app.quit]y[/foo]\n\x1b]52;c;aGF=\x07clip\n"
        b"nul\x00 \x9b31m \xff\xfe\n10%\r20%\r100%\n" + "a\u202eb 日本 \U0001f469\u200d\U0001f52c\n".encode()
    )
    app = app_of(path)
    async with app.run_test(size=(60, 12)) as pilot:
        screen = await until(app, lambda screen: "100%" in screen, pilot)
        assert "[@click=app.quit]y[/foo]" in screen
        assert "10%" not in screen
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u200d]", screen)


@played
async def test_without_colour_and_beyond_ascii_nothing_else_is_drawn(log: Path) -> None:
    app = app_of(log, look=Look(has_colour=False, is_ascii=True))
    async with app.run_test(size=(80, 12)) as pilot:
        screen = await until(app, lambda screen: "number 99" in screen, pilot)
        assert "ERROR" in screen
        inside = "\n".join(screen.splitlines()[1:-1])
        assert inside.isascii()
        assert "!" in inside


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (4, 3), (10, 3), (20, 5)])
@played
async def test_tiny_panes_draw_what_they_can(log: Path, size: tuple[int, int]) -> None:
    app = app_of(log)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await press(app, pilot, "/", "x", "enter", "z", "k", "G", "e", "y")
        assert len(screen_of(app).splitlines()) == size[1]


def test_the_log_of_all_stays_where_it_was_when_another_log_joins(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "shop.log"
    other.write_text(stamped(95, "INFO", "from the shop"))
    tabs = [LogTab("clean_sales", str(log)), LogTab("same", str(log)), LogTab("nothing", str(tmp_path / "none.log"))]
    book = LogBook(UTC)
    book.show(tabs, 2)
    assert book.labels == ("clean_sales", "nothing", "all")
    book.poll(80, 10)
    window = book.window
    assert window is not None
    window.go_to(20)
    before = [row.spans for row in window.rows()]
    assert before[0][0] == ("12:00:17.123 ", "muted")
    book.show([*tabs, LogTab("shop", str(other))], 3)
    book.poll(80, 10)
    assert book.window is not None
    assert book.window is not window
    assert [row.spans[-1] for row in book.window.rows()] == [spans[-1] for spans in before]
    assert book.window.source.line_count == 101
    book.close()


def test_the_clipboard_sequence_passes_through_tmux() -> None:
    plain = clipboard_sequence("ä", {})
    assert plain == "\x1b]52;c;w6Q=\x07"
    assert clipboard_sequence("ä", {"TMUX": "/tmp/x"}) == f"\x1bPtmux;\x1b{plain}\x1b\\{plain}"
    assert clipboard_sequence("x" * (CLIPBOARD_BYTES_MAX + 1), {}) is None


def test_a_wrapped_window_scrolls_row_by_row_through_everything(tmp_path: Path) -> None:
    path = tmp_path / "wrapped.log"
    path.write_text("".join(f"{n} " + "word " * (n * 3 % 50) + "\n" for n in range(60)))
    log = LogFile(path)
    log.poll()
    window = LogWindow(log, width=30, height=8, is_wrapping=True)
    window.rows()
    window.to_top()
    seen = [row.spans for row in window.rows()]
    for _ in range(2000):
        before = (window.top, window.skip)
        window.scroll(1)
        rows = window.rows()
        if (window.top, window.skip) == before:
            break
        seen.append(rows[-1].spans)
    everything = [spans for n in range(60) for spans in window._rows_of(n)]
    assert seen == everything
    for _ in range(len(everything)):
        window.scroll(-1)
    assert [row.spans for row in window.rows()] == everything[:8]
    log.close()


def test_ticks_stand_at_the_height_of_the_errors(log: Path) -> None:
    file = LogFile(log)
    file.poll()
    window = LogWindow(file, width=80, height=10)
    assert window.ticks() == {0, 9}
    merged = MergedLog([("one", file)])
    while merged.is_behind:
        merged.poll()
    assert LogWindow(merged, width=80, height=10).ticks() == {0, 9}
    file.close()
