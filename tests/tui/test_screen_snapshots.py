"""The screen as text at the sizes that matter, with and without colour and glyphs."""

from __future__ import annotations

from pathlib import Path

import pytest
from sales_project import busy_engine, empty_engine, fresh_engine, write_logs
from screen import Shown, same_as_snapshot, show

TO_CLEAN_SALES = ("g", "g", *"jjjjj")


@pytest.mark.parametrize(
    "size", [(80, 24), (120, 36), (200, 50), (56, 20), (40, 10)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_a_failed_night_reads_at_a_glance_at_every_size(size: tuple[int, int], tmp_path: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press(*TO_CLEAN_SALES)
        await shown.until(
            lambda: shown.app.main.logs.window is None or shown.app.main.logs.window.source.line_count > 0
        )
        await shown.settle()
        same_as_snapshot(shown, f"failed_night_{size[0]}x{size[1]}")

    show(busy_engine(write_logs(tmp_path)), scenario, size)


def test_ascii_glyphs_leave_nothing_beyond_ascii_on_screen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GLUE_TUI_ASCII", "1")

    async def scenario(shown: Shown) -> None:
        await shown.press(*TO_CLEAN_SALES)
        await shown.until_text("column note")
        same_as_snapshot(shown, "failed_night_ascii_120x36")
        for keys in ("?", ":", "R"):
            assert not [line for line in shown.lines if not line.isascii()]
            await shown.press("escape", keys)
        assert shown.text.isascii()

    show(busy_engine(write_logs(tmp_path)), scenario)


def test_no_color_takes_every_colour_away_and_the_cursor_stays_visible(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def scenario(shown: Shown) -> None:
        await shown.press(*TO_CLEAN_SALES)
        await shown.settle()
        assert not shown.has_colours()
        strip = shown.app.screen._compositor.render_strips()[shown_row(shown, "╰ ✗ clean_sales")]
        assert any(segment.style and segment.style.reverse for segment in strip)
        await shown.press("R")
        assert not shown.has_colours()

    show(busy_engine(write_logs(tmp_path)), scenario)


def test_with_colour_there_are_colours() -> None:
    async def scenario(shown: Shown) -> None:
        assert shown.has_colours()

    show(busy_engine(), scenario)


def shown_row(shown: Shown, text: str) -> int:
    return next(index for index, line in enumerate(shown.lines) if text in line)


def test_a_project_before_its_first_run(tmp_path: Path) -> None:
    async def scenario(shown: Shown) -> None:
        same_as_snapshot(shown, "fresh_120x36")

    show(fresh_engine(), scenario)


def test_a_project_without_workflows_says_how_to_get_one() -> None:
    async def scenario(shown: Shown) -> None:
        assert "glue-tui init" in shown.text
        await shown.press(*"jjkkllhh", "enter", "r", "R", "s", "w", "f", "e", "tab", "tab", "tab", "tab")
        assert "glue-tui" in shown.lines[0]

    show(empty_engine(), scenario)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("retry", (*TO_CLEAN_SALES, "R")),
        ("help", (*TO_CLEAN_SALES, "?")),
        ("palette", (*TO_CLEAN_SALES, ":")),
        ("run_form", ("g", "g", "r")),
        ("why_never", ("g", "g", *"jjjjjj", "w")),
        ("stop", ("s",)),
    ],
)
def test_dialogs_fit_a_small_terminal(name: str, keys: tuple[str, ...]) -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press(*keys)
        same_as_snapshot(shown, f"dialog_{name}_80x24")

    show(busy_engine(), scenario, (80, 24))


def test_the_history_of_a_workflow() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "4", "]")
        while shown.app.main.selection.view != "runs":
            await shown.press("]")
        await shown.until_text("by_hand ")
        same_as_snapshot(shown, "runs_120x36")

    show(busy_engine(), scenario)
