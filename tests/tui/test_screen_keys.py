"""What the keys do, on a scripted engine."""

from __future__ import annotations

import fcntl
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
from sales_project import NOW, busy_engine, daily_sales, fresh_engine, renumbered, returns, stock_watch, write_logs
from screen import Shown, show
from scripted_client import failure

from glue_tui.core.problem import ConcurrentRunsExceeded
from glue_tui.protocol.views import EngineChanged, PropertyDefinition
from glue_tui.tui.actions.table import BY_NAME
from glue_tui.tui.app import GlueTuiApp, is_engine_stopped


def test_everything_follows_the_cursor_of_the_tree_without_enter() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g")
        assert "daily_sales › run 41" in shown.text
        await shown.press(*"jjjjj")
        assert "ColumnNotFound" in shown.text
        await shown.press("G")
        assert 'no crawler named "landing_slaes"' in shown.text
        assert "line 12" in shown.text

    show(busy_engine(), scenario)


def test_r_starts_a_run_at_once_where_there_is_nothing_to_ask_and_shows_it_live() -> None:
    engine = fresh_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("G", "r")
        await shown.until_text("run 1 of price_repair started")
        assert "$ glue-tui run price_repair" in shown.text
        run = next(iter(engine.runs))
        engine.play(run, "job:mend_prices", "RUNNING", progress=0.5)
        await shown.until_text("● RUNNING")
        engine.play(run, "job:mend_prices", "SUCCEEDED")
        await shown.until_text("✓ SUCCEEDED 1 of 1")

    show(engine, scenario)
    assert ("start_workflow_run", "price_repair", "", {}) in engine.calls


def test_typed_properties_are_asked_for_checked_and_only_what_differs_is_sent() -> None:
    engine = fresh_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "r", "tab", "ctrl+u", *"2026-13-01")
        assert "is no day of the calendar" in shown.text
        await shown.press("enter")
        assert "is no day of the calendar" in shown.text
        assert not [call for call in engine.calls if call[0] == "start_workflow_run"]
        await shown.press("ctrl+u", *"2026-11-20", "enter")
        await shown.until_text("run 1 of daily_sales started")
        assert "$ glue-tui run daily_sales --property day=2026-11-20" in shown.text

    show(engine, scenario)
    assert ("start_workflow_run", "daily_sales", "", {"day": "2026-11-20"}) in engine.calls


@pytest.mark.parametrize("properties", [1, 9])
def test_a_long_description_of_a_property_is_wrapped(properties: int) -> None:
    engine = fresh_engine()
    said = "The day whose sales are read, as the shop's calendar has it; " * 2 + "closed days give an empty table"
    typed = tuple(
        PropertyDefinition(name=f"day_{number}", type="date", default="today", description=said)
        for number in range(properties)
    )
    engine.workflows["daily_sales"] = msgspec.structs.replace(daily_sales(), properties=typed)

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "r")
        assert "an empty table" in shown.text
        assert "day_0" in shown.text

    show(engine, scenario, (80, 24))


def test_keys_typed_ahead_reach_the_dialog_they_were_meant_for() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", ":", *"retry", "enter", "d", "enter")
        await shown.until_text("repeats run 41")

    show(engine, scenario)
    assert ("resume_workflow_run", "wr_0000000000000029", (), True) in engine.calls


def test_retry_lists_live_what_will_run_again_and_sends_the_choice() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "j", "j", "R")
        assert shown.text.index("runs again") < shown.text.index("clean_sales  failed")
        await shown.press("n")
        assert shown.text.index("runs again") < shown.text.index("landing_sales  succeeded")
        assert "$ glue-tui retry 41 --node landing_sales" in shown.text
        await shown.press("enter")
        await shown.until_text("repeats run 41")

    show(engine, scenario)
    assert ("resume_workflow_run", "wr_0000000000000029", ("crawler:landing_sales",), False) in engine.calls


def test_stop_asks_by_name_and_does_nothing_when_left() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("s")
        assert "● RUNNING 1 of 2 ·" in shown.text
        assert "Stop run 42 of stock_watch?" in shown.text
        await shown.press("enter")
        assert "Stop run 42 of stock_watch?" in shown.text
        await shown.press("n")
        assert not [call for call in engine.calls if call[0] == "stop_workflow_run"]
        await shown.press("s", "y")
        await shown.until_text("run 42 is stopping")
        await shown.until_text("■ STOPPED 1 of 2 succeeded")

    show(engine, scenario)
    assert ("stop_workflow_run", f"wr_{42:016x}") in engine.calls


def test_space_pauses_the_trigger_under_the_cursor_of_the_list_and_resumes_it() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "2", "g", "g", "space")
        await shown.until_text("nightly is paused")
        assert "$ glue-tui trigger disable daily_sales nightly" in shown.text
        await shown.press("space")
        await shown.until_text("nightly may fire again")

    show(engine, scenario)
    assert [call[3] for call in engine.calls if call[0] == "set_trigger_enabled"] == [False, True]


def test_f_fires_the_selected_trigger_and_says_why_not_for_a_conditional_one() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "2", *"jj", "f")
        assert "sources_ready fires by itself once its conditions hold" in shown.text
        await shown.press("g", "g", "f", "enter")
        await shown.until_text("run 43 of daily_sales started")
        assert "$ glue-tui trigger fire daily_sales nightly" in shown.text

    show(engine, scenario)
    assert ("start_workflow_run", "daily_sales", "nightly", {}) in engine.calls


def test_w_explains_a_predicate_condition_by_condition() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "2", *"jj", "w")
        assert "AND: all of these are needed" in shown.text
        assert "true     landing_sales SUCCEEDED" in shown.text
        assert "It fired" in shown.text
        await shown.press("escape", "j", "w")
        assert "never    clean_sales SUCCEEDED  FAILED" in shown.text
        assert "It can't fire any more in run 41" in shown.text

    show(busy_engine(), scenario)


def test_w_lists_what_waits_at_a_trigger_that_watches_files() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("2", "g", "g", "w")
        await shown.until_text("files_arrived  EVENT  of stock_watch")
        assert "It waits for 1 more file, or until " in shown.text
        assert "not yet  3 settled files  2 so far" in shown.text
        assert "in/b.csv  1.2 kB, settled " in shown.text
        assert "in/c.csv  1.2 kB, last changed " in shown.text

    show(busy_engine(), scenario)


def test_w_says_not_yet_while_the_run_goes() -> None:
    engine = fresh_engine()

    async def scenario(shown: Shown) -> None:
        run = engine.open_run("daily_sales", "by_hand").summary.run_id
        engine.play(run, "crawler:landing_sales", "RUNNING")
        engine.play(run, "crawler:landing_sales", "SUCCEEDED")
        await shown.until_text("◔ shop_customers")
        await shown.press("g", "g", "2", *"jj", "w")
        assert "true     landing_sales SUCCEEDED" in shown.text
        assert "not yet  shop_customers SUCCEEDED  waits for a free slot" in shown.text
        assert "It waits for shop_customers SUCCEEDED." in shown.text

    show(engine, scenario)


def test_a_disabled_key_says_why() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "s")
        assert "run 41 is over" in shown.text
        await shown.press("G", "r")
        assert "workflows/returns.toml has errors: press e to mend it" in shown.text
        await shown.press("f")
        assert "put the cursor on a trigger" in shown.text

    show(busy_engine(), scenario)


def test_the_engine_s_refusal_is_told_with_its_way_out() -> None:
    engine = fresh_engine()

    def refuse(*_args: object, **_more: object) -> None:
        raise ConcurrentRunsExceeded("1 run of price_repair goes already", hint="wait for it")

    engine.open_run = refuse  # type: ignore[method-assign, assignment]

    async def scenario(shown: Shown) -> None:
        await shown.press("G", "r")
        await shown.until_text("1 run of price_repair goes already (wait for it)")

    show(engine, scenario)


def test_a_lost_engine_greys_out_and_comes_back_by_itself() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        engine.lose()
        await shown.until_text("engine lost, reconnecting…")
        await shown.until_text("no engine answers")
        assert "daily_sales" in shown.text
        await shown.press("g", "g", "r")
        assert "the engine is lost; reconnecting" in shown.text
        engine.is_up = True
        engine.set_workflows(daily_sales(), stock_watch())
        await shown.until_text("● engine up 3h")
        assert "returns" not in shown.text

    show(engine, scenario)


def test_a_stopped_engine_is_told_apart_from_a_lost_one_and_no_time_runs_on() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        await shown.until_text("● RUNNING 1 of 2 · 15s")
        engine.is_stopped = True
        engine.lose()
        await shown.until_text("○ engine stopped")
        engine.now += 100
        await shown.until_text("glue-tui engine start goes on with unfinished runs")
        shown.app.refresh_model()
        await shown.settle()
        assert "● RUNNING 1 of 2 · 15s" in shown.text
        assert "reconnecting" not in shown.text
        await shown.press("g", "g", "r")
        assert "the engine is stopped: glue-tui engine start" in shown.text
        engine.is_up, engine.is_stopped = True, False
        await shown.until_text("● engine up 3h")
        await shown.press("G", "k", "k", "k")
        await shown.until_text("1m 55s")

    show(engine, scenario)


def test_an_engine_is_stopped_once_it_took_its_file_away_and_let_go_of_its_lock(tmp_path: Path) -> None:
    state = tmp_path / ".glue_tui"
    state.mkdir()
    with open(state / "engine.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not is_engine_stopped(tmp_path)
    assert is_engine_stopped(tmp_path)
    (state / "engine.json").write_text('{"socket": "/nowhere", "pid": 1}')
    assert not is_engine_stopped(tmp_path)


def test_while_the_engine_starts_the_screen_says_so_and_why_it_can_not() -> None:
    engine = fresh_engine()
    engine.is_up = False

    async def scenario(shown: Shown) -> None:
        await shown.until_text("no engine answers")
        assert "engine lost, reconnecting…" in shown.text
        await shown.press("r", "R", "2", "space", "?", "escape")
        engine.is_up = True
        await shown.until_text("daily_sales")

    show(engine, scenario)


def test_a_broken_file_gets_its_badge_and_loses_it_with_the_next_good_save() -> None:
    engine = fresh_engine()

    async def scenario(shown: Shown) -> None:
        engine.set_workflows(daily_sales(), returns())
        await shown.until_text("broken :12")
        assert "! 1 broken" in shown.text
        engine.set_workflows(daily_sales())
        await shown.until(lambda: "broken" not in shown.text)

    show(engine, scenario)


def test_a_file_that_breaks_and_is_mended_is_told_wherever_the_cursor_is() -> None:
    engine = fresh_engine()
    told = (
        "workflows/returns.toml:12: triggers.ready.conditions[0].crawler: "
        'no crawler named "landing_slaes" (did you mean "landing_sales"?)'
    )

    async def scenario(shown: Shown) -> None:
        engine.set_workflows(daily_sales(), returns())
        await shown.until_text(told)
        await shown.press("j")
        engine.set_workflows(daily_sales(), returns())
        await shown.settle()
        assert told not in shown.text
        mended = msgspec.structs.replace(returns(), is_broken=False, is_loaded=True, problems=())
        engine.set_workflows(daily_sales(), mended)
        await shown.until_text("workflows/returns.toml: mended, in force again")

    show(engine, scenario, (140, 36))


def test_number_keys_tab_and_growth_move_between_the_panes() -> None:
    async def scenario(shown: Shown) -> None:
        assert shown.app.main.selection.pane == "workflows"
        await shown.press("3")
        assert shown.app.main.selection.pane == "logs"
        await shown.press("2")
        assert shown.app.main.selection.pane == "triggers"
        await shown.press("tab")
        assert shown.app.main.selection.pane == "view"
        await shown.press("shift+tab", "+", "+")
        assert "2 Triggers" in shown.text
        assert "1 Workflows" not in shown.text
        await shown.press("_", "_")
        assert "1 Workflows" in shown.text

    show(busy_engine(), scenario)


def test_below_60_columns_the_focused_pane_stands_alone() -> None:
    async def scenario(shown: Shown) -> None:
        assert "1 Workflows" in shown.text
        assert "2 Triggers" not in shown.text
        await shown.press("2")
        assert "2 Triggers" in shown.text
        assert "1 Workflows" not in shown.text

    show(busy_engine(), scenario, (50, 20))


def test_branches_close_and_open_and_stay_as_they_were_put() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "j", "h")
        assert "▸ ◷ nightly" in shown.text
        await shown.press("h", "h")
        assert "▸ ✗ daily_sales" in shown.text
        engine.tell(EngineChanged(engine=engine.engine))
        await shown.settle()
        assert "▸ ✗ daily_sales" in shown.text
        await shown.press("l")
        assert "▾ ✗ daily_sales" in shown.text

    show(engine, scenario)


def test_l_on_a_node_goes_to_its_log_and_slash_finds_in_it(tmp_path: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", *"jjjjj", "l")
        assert shown.app.main.selection.pane == "logs"
        await shown.until_text("column note is all null")
        await shown.press("4", "/")
        await shown.press(*"unmatched", "enter")
        await shown.settle()
        assert shown.app.main.selection.pane == "logs"

    show(busy_engine(write_logs(tmp_path)), scenario)


def test_slash_filters_the_tree_by_name_and_esc_shows_all_again() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "/", *"repri")
        assert "1 Workflows  /repri" in shown.text
        tree = shown.app.main.workflow_tree
        assert [row.name for row in tree.rows] == ["stock_watch", "crawled", "reprice"]
        await shown.press("enter", "j", "j")
        assert shown.app.main.selection.node_id == "job:reprice"
        assert "/repri  Esc: all" in shown.text
        await shown.press("escape")
        assert len(tree.rows) > 8
        assert shown.app.main.selection.node_id == "job:reprice"
        await shown.press("/", *"nothing of the kind")
        assert "no such name" in shown.text
        await shown.press("escape")
        assert len(tree.rows) > 8
        assert "1 Workflows ─" in shown.text

    show(busy_engine(), scenario)


def test_what_stands_below_a_workflow_that_the_filter_names_can_be_opened_and_walked() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "/", *"stock_w", "enter")
        tree = shown.app.main.workflow_tree
        assert [row.name for row in tree.rows] == [
            "stock_watch",
            "files_arrived",
            "landing_stock",
            "crawled",
            "reprice",
        ]
        await shown.press("j", "j")
        assert shown.app.main.selection.node_id == "crawler:landing_stock"
        await shown.press("g", "g", "h")
        assert [row.name for row in tree.rows] == ["stock_watch"]

    show(busy_engine(), scenario)


def test_the_exclamation_mark_goes_from_failed_node_to_failed_node() -> None:
    engine = busy_engine()
    engine.play(f"wr_{42:016x}", "job:reprice", "FAILED", error=failure("E", "m"))

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "!")
        assert shown.app.main.selection.node_id == "job:clean_sales"
        await shown.press("!")
        assert shown.app.main.selection.node_id == "job:reprice"
        await shown.press("3", "!")
        assert shown.app.main.selection.node_id == "job:clean_sales"
        assert shown.app.main.selection.pane == "workflows"

    show(engine, scenario)


def test_a_run_picked_in_the_history_is_shown_and_o_goes_back() -> None:
    engine = busy_engine()
    engine.runs[f"wr_{40:016x}"] = renumbered(engine.runs[f"wr_{41:016x}"], 40)

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "4")
        while shown.app.main.selection.view != "runs":
            await shown.press("]")
        await shown.until_text("30  ✓ SUCCEEDED")
        await shown.press("j", "enter")
        await shown.until_text("daily_sales › run 40")
        await shown.press("o")
        await shown.until_text("daily_sales › run 41")

    show(engine, scenario)


def test_the_palette_runs_a_command_and_goes_to_a_workflow() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press(":", *"go price", "enter")
        await shown.until_text("price_repair › run 39")
        await shown.press("ctrl+p", *"keys", "enter")
        assert "start a run of the workflow" in shown.text
        await shown.press("escape")

    show(engine, scenario)


def test_markup_and_escapes_in_names_and_errors_are_shown_harmless() -> None:
    engine = fresh_engine()
    evil = "[red]x[/] [@click=app.quit] \x1b[2J\x1b]0;title\x07 \x9b31m"
    engine.workflows = {"evil": msgspec.structs.replace(daily_sales(), name="evil", description=evil)}
    engine.workflows["evil"] = msgspec.structs.replace(
        engine.workflows["evil"],
        triggers=tuple(msgspec.structs.replace(one, workflow="evil") for one in engine.workflows["evil"].triggers),
    )

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g")
        assert "[red]x[/] [@click=app.quit]" in shown.text
        run = engine.open_run("evil", "by_hand").summary.run_id
        engine.play(run, "crawler:landing_sales", "RUNNING")
        engine.play(run, "crawler:landing_sales", "FAILED", error=failure("E[/]rror", evil, evil, evil))
        await shown.press("j", "j", "w", "escape", "?", "escape", "R", "escape")
        assert "\x1b" not in shown.text
        assert "\x9b" not in shown.text

    show(engine, scenario)


def test_e_opens_the_editor_at_the_line_of_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "workflows" / "jobs").mkdir(parents=True)
    script = tmp_path / "workflows" / "jobs" / "clean_sales.py"
    script.write_text("pass\n" * 40)
    (tmp_path / "workflows" / "daily_sales.toml").write_text("\n[jobs.quarantine]\n")
    opened = tmp_path / "opened"
    editor = tmp_path / "vim"
    editor.write_text(f'#!/bin/sh\necho "$@" >> {opened}\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.setattr(GlueTuiApp, "suspend", lambda self: nullcontext())
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", *"jjjjj", "e")
        await shown.until(opened.exists)
        await shown.until_text("clean_sales.py read again")
        await shown.press(*"jjj", "w", "escape")

    show(engine, scenario, project_dir=tmp_path)
    assert opened.read_text() == f"+31 {script}\n"
    assert ("reload",) in engine.calls


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_q_leaves_and_says_that_the_engine_goes_on(key: str) -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press(key)

    app = show(busy_engine(), scenario)
    assert app.return_value is not None
    assert "the engine goes on, 1 run too" in app.return_value
    assert "glue-tui engine stop" in app.return_value


def test_an_idle_screen_paints_nothing_and_wakes_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = fresh_engine()
    engine.set_trigger("stock_watch", "files_arrived", window_closes_at=None, batch_files=0)
    engine.now = NOW

    async def scenario(shown: Shown) -> None:
        painted: list[object] = []
        show_on_terminal = GlueTuiApp._display
        monkeypatch.setattr(
            GlueTuiApp,
            "_display",
            lambda self, screen, what: (painted.append(what), show_on_terminal(self, screen, what)),
        )
        shown.app.refresh_model()
        await shown.settle()
        assert [one for one in painted if one is not None] == []
        timer = shown.app._clock_timer
        assert timer is not None
        assert 28 < timer._interval < 61

    show(engine, scenario)


def test_a_held_engine_says_which_key_releases_it_and_the_key_does() -> None:
    engine = busy_engine()
    engine.hold(True)

    async def scenario(shown: Shown) -> None:
        await shown.until_text("held after crashes: H releases")
        await shown.press("H")
        await shown.until_text("released: schedules and files start runs again")
        assert "held after crashes" not in shown.text
        await shown.press("H")
        await shown.until_text("the engine is not held")

    show(engine, scenario)
    assert BY_NAME["release"].shown == "H"
    assert engine.calls.count(("release_engine",)) == 1
