"""The Runs view: bars, filter, mark, comparison, and what is told of the run under the cursor."""

from __future__ import annotations

import msgspec
from sales_project import busy_engine
from screen import Shown, same_as_snapshot, show
from scripted_client import ScriptedEngine

from glue_tui.tui.run_facts import is_wanted
from glue_tui.tui.widgets.run_history import FIRST_RUNS, GROWTH


def engine_with_a_day() -> ScriptedEngine:
    """Daily sales, whose run 35 was made for another day; the engine has runs 36 and 38 whole, beside 41."""
    engine = busy_engine()
    for run_id, summary in tuple(engine.history.items()):
        if summary.number == 35:
            engine.history[run_id] = msgspec.structs.replace(summary, properties={"day": "2026-01-31"})
        if summary.number in (36, 38):
            nodes = tuple(
                msgspec.structs.replace(
                    node,
                    state="SUCCEEDED",
                    attempt=1,
                    started_at=summary.started_at,
                    finished_at=(summary.started_at or 0) + 3.0,
                    error=None,
                    rows_out=1_180_000,
                )
                for node in engine.find("41").nodes
            )
            engine.runs[run_id] = msgspec.structs.replace(
                engine.find("41"), summary=summary, nodes=nodes, properties={"day": "2026-11-18"}
            )
    return engine


async def open_history(shown: Shown) -> None:
    await shown.press("g", "g", "4")
    while shown.app.main.selection.view != "runs":
        await shown.press("]")
    await shown.until_text("by_hand ")


def numbers(shown: Shown) -> list[int]:
    return [row.summary.number for row in shown.app.main.view.history.rows]


def test_the_history_has_bars_above_and_the_run_under_the_cursor_below() -> None:
    async def scenario(shown: Shown) -> None:
        await open_history(shown)
        assert "▇▇▇██████✗  median 1m 25s · slowest 1m 29s, run 38" in shown.text
        assert "6 nodes: 4 succeeded  1 failed  1 skipped  clean_sales" in shown.text
        await shown.press("down", "down", "down", "down")
        assert "run 35" in shown.text
        assert "properties  day=2026-01-31" in shown.text
        same_as_snapshot(shown, "runs_80x24")

    show(engine_with_a_day(), scenario, (80, 24))


def test_the_history_is_filtered_as_one_types() -> None:
    async def scenario(shown: Shown) -> None:
        await open_history(shown)
        await shown.press("slash")
        await shown.type("recov")
        assert numbers(shown) == [36]
        assert "1 of 10 runs" in shown.text
        await shown.press("ctrl+u")
        await shown.type("!day !nightly")
        assert numbers(shown) == [36, 33, 30]
        await shown.press("enter", "j", "m")
        assert "/!day !nightly" in shown.text
        await shown.press("escape")
        assert len(numbers(shown)) == 10
        assert shown.app.main.view.history.current_run is not None
        assert shown.app.main.view.history.current_run.number == 33  # the cursor stays on its run
        await shown.press("slash")
        await shown.type("day=2026-02")
        assert "no such run" in shown.text

    show(engine_with_a_day(), scenario)


def test_words_of_a_filter_all_hold() -> None:
    run = engine_with_a_day().find("41").summary
    for text in ("failed", "#41", "NIGHTLY scheduled", "clean_sales !by_hand", "", "!"):
        assert is_wanted(run, text), text
    for text in ("succeeded", "!failed", "failed by_hand"):
        assert not is_wanted(run, text), text


def test_c_compares_with_the_last_success_and_with_the_marked_run() -> None:
    async def scenario(shown: Shown) -> None:
        await open_history(shown)
        await shown.press("c")
        await shown.until_text("Runs 38 and 41 of daily_sales")
        assert "glue-tui compare 41 38" in shown.text
        same_as_snapshot(shown, "compare_80x24")
        await shown.press("escape", "down", "down", "down", "m", "g", "g")
        assert "◆" in shown.text
        await shown.press("k", "c")
        await shown.until_text("Runs 36 and 41 of daily_sales")
        await shown.press("escape", "escape")
        assert shown.app.main.view.history.marked == ""

    show(engine_with_a_day(), scenario, (80, 24))


def test_a_run_without_any_to_compare_with_says_what_to_do() -> None:
    async def scenario(shown: Shown) -> None:
        await open_history(shown)
        await shown.press("G", "c")
        await shown.until_text("no run before 30 has succeeded")
        assert "press m on the run to compare with" in shown.text

    show(engine_with_a_day(), scenario)


def test_more_runs_are_asked_for_when_the_cursor_gets_to_the_last() -> None:
    engine = busy_engine()
    pattern = next(iter(engine.history.values()))
    for number in range(1000, 1000 + FIRST_RUNS * GROWTH + 50):
        engine.history[f"wr_{number}"] = msgspec.structs.replace(pattern, number=number, run_id=f"wr_{number}")

    async def scenario(shown: Shown) -> None:
        await open_history(shown)
        history = shown.app.main.view.history
        assert len(history.runs) == FIRST_RUNS + 1  # and run 41, which the feed has brought
        asked = engine.calls.count(("runs", "daily_sales"))
        await shown.press("j", "j")
        assert engine.calls.count(("runs", "daily_sales")) == asked
        await shown.press("G")
        await shown.until(lambda: len(history.runs) == FIRST_RUNS * GROWTH + 60)
        await shown.press("slash")
        await shown.type("#30")
        await shown.until(lambda: numbers(shown) == [30])

    show(engine, scenario)
