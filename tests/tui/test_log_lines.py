"""A line of a log opened: the whole entry, JSON drawn out, frames of libraries folded, copied."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import pytest
from sales_project import busy_engine, write_logs
from screen import Shown, show

from glue_tui.logs.read import LogFile
from glue_tui.logs.select import LevelLog, MergedLog
from glue_tui.tui.screens.log_line import LogLineScreen
from glue_tui.tui.widgets.log_entry import ENTRY_BYTES_MAX, entry_at, entry_rows

STAMP = "2026-11-22T12:00:00.123Z"
TRACE = f"""{STAMP} INFO  before
{STAMP} ERROR Traceback (most recent call last):
      File "/home/ann/p/jobs/clean.py", line 3, in run
        frame.collect()
      File "/venv/lib/python3.11/site-packages/polars/frame.py", line 2, in collect
        return wrap(x)
               ^^^^^^^
      File "/venv/lib/python3.11/site-packages/polars/lazy.py", line 9, in wrap
        raise
    ValueError: no
{STAMP} INFO  after
"""


def rows_of(log: LogFile, line: int, width: int = 60, *, is_folded: bool = True) -> list[str]:
    rows = entry_rows(entry_at(log, line), width, is_folded=is_folded)
    return ["".join(text for text, _ in spans).rstrip() for spans in rows]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clean.log"


def polled(path: Path) -> LogFile:
    log = LogFile(path)
    while log.poll() and log.is_behind:
        pass
    return log


def test_any_line_of_a_trace_opens_all_of_it_with_the_frames_of_libraries_folded(path: Path) -> None:
    path.write_text(TRACE)
    log = polled(path)
    for line in range(1, 10):
        assert (entry_at(log, line).first, entry_at(log, line).last) == (1, 9)
    folded = rows_of(log, 5)
    assert folded[-2:] == ["    … 2 frames of libraries  f shows them", "    ValueError: no"]
    assert folded[2].strip() == "frame.collect()"
    assert len(rows_of(log, 5, 200, is_folded=False)) == 9
    assert entry_at(log, 4).text.endswith("raise\n    ValueError: no")
    log.close()


def test_a_trace_of_java_keeps_its_first_frames(path: Path) -> None:
    frames = "".join(f"        at org.apache.spark.Task{n}.run(Task.java:{n})\n" for n in range(30))
    path.write_text(f"{STAMP} ERROR java.lang.Error: no\n{frames}    Caused by: x\n")
    log = polled(path)
    assert rows_of(log, 0)[3:] == ["    … 28 frames of libraries  f shows them", "    Caused by: x"]
    log.close()


def test_json_is_drawn_out_and_long_values_are_wrapped(path: Path) -> None:
    said = '{"message": "x", "b": {"c": [1, null]}, "long": "' + "日本" * 100 + '"}'
    path.write_text(f"{STAMP} INFO  {said}\n")
    log = polled(path)
    rows = rows_of(log, 0, 40)
    assert rows[:7] == ["{", '  "message": "x",', '  "b": {', '    "c": [', "      1,", "      null", "    ]"]
    assert rows[8].startswith('  "long": "日本')
    assert "".join(row.strip() for row in rows[8:-1]).count("日本") == 100
    log.close()


def test_a_line_of_megabytes_and_what_is_no_text_are_shown_as_far_as_that_goes(path: Path) -> None:
    path.write_bytes(f"{STAMP} INFO  ".encode() + b"x" * 3_000_000 + b"\n" + b"[red]\x00\xff\x1b[2J[/]\n")
    log = polled(path)
    rows = rows_of(log, 0, 80)
    assert "S in the log saves" in rows[-1]
    assert sum(map(len, rows)) > ENTRY_BYTES_MAX // 2
    path.write_bytes(b"[red]\x00\xff\x1b[2J[/]\n")
    log.poll()
    assert rows_of(log, 0) == ["[red]\ufffd\ufffd[/]"]
    log.close()


def test_a_line_that_is_gone_by_now_opens_as_an_empty_one(path: Path) -> None:
    path.write_text(TRACE)
    file = LogFile(path)
    merged = MergedLog([("clean", file)])
    errors = LevelLog(merged, "ERROR")
    errors.poll()
    assert entry_at(errors, 3).text.startswith("Traceback")
    assert entry_at(errors, 3).label == "clean"
    path.write_text("")
    errors.poll()
    assert [entry_at(source, 3).text for source in (file, merged, errors)] == ["", "", ""]
    file.close()


def test_enter_opens_the_line_j_and_k_go_on_and_y_copies_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", *"jjjj", "l", "e")
        await shown.until(
            lambda: shown.app.main.logs.window is not None and shown.app.main.logs.window.mark is not None
        )
        await shown.press("enter")
        screen = shown.app.screen
        assert isinstance(screen, LogLineScreen)
        first = screen.entry.first
        await shown.press("K")
        assert screen.entry.last == first - 1
        await shown.press("J")
        assert screen.entry.first == first
        assert screen.entry.level == "ERROR"
        written: list[str] = []
        monkeypatch.setattr(shown.app._driver, "write", written.append)
        await shown.press("y")
        (sequence,) = [text for text in written if text.startswith("\x1b]52;c;")]
        assert b64decode(sequence[7:-1]).decode() == screen.entry.text
        assert "copied the line" in shown.text

    show(busy_engine(write_logs(tmp_path)), scenario)


@pytest.mark.parametrize("size", [(80, 24), (160, 40)])
def test_two_logs_stand_together_and_go_together_by_the_time_since_they_began(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    write_logs(tmp_path)
    for attempt, minute in ((2, 10), (3, 20)):
        (tmp_path / f"clean_sales.{attempt}.log").write_text(
            "".join(f"2026-11-21T22:{minute + n // 60}:{n % 60:02d}.000Z INFO  line {n}\n" for n in range(200))
        )

    async def scenario(shown: Shown) -> None:
        desk = shown.app.main.desk
        await shown.press("g", "g", *"jjjjl", "vertical_line")
        first, second = desk.first, desk.second
        assert [pane.book.labels[pane.book.active] for pane in (first, second)] == [
            "clean_sales try 3",
            "clean_sales try 2",
        ]
        assert (first.region.y == second.region.y) == (size[0] > 100)
        assert first.region.height > 2
        await shown.press("T", "home", *"jjjjjjj")
        assert first.window is not None
        assert second.window is not None
        assert (first.window.top, second.window.top) == (7, 7)
        await shown.press("tab")
        assert shown.app.main.logs is second
        await shown.press("j")
        assert (first.window.top, second.window.top) == (8, 8)
        await shown.press("G")
        assert first.window.is_following
        await shown.press("g", "g", "shift+tab", "shift+tab")
        assert shown.app.main.selection.pane == "view"
        await shown.press("1", "g", "g", *"jj")
        assert second.book.labels[second.book.active] == "clean_sales try 2"
        await shown.press("l", "vertical_line")
        assert not desk.is_split
        assert first.region.height == desk.region.height
        assert shown.app.focused is first

    show(busy_engine(tmp_path), scenario, size=size)
