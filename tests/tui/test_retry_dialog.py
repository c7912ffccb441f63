"""The retry dialog after the definition has changed: what it tells, what is chosen, what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sales_project import NOW, busy_engine
from screen import Shown, same_as_snapshot, show
from scripted_client import ScriptedEngine

from glue_tui.core.problem import InvalidInput
from glue_tui.protocol.plan_views import ChangeView, ScriptView
from glue_tui.protocol.views import ResumedView

TO_CLEAN_SALES = ("g", "g", *"jjjjj")
CHANGES = (
    ChangeView(kind="changed", where="jobs.clean_sales.timeout", before="30m", after="10m", concerns="again"),
    ChangeView(
        kind="changed",
        where="jobs.aggregate_sales.query",
        lines=("- SELECT sale_date, SUM(amount)", "+ SELECT sale_date, store, SUM(amount)", "… 3 more lines"),
        concerns="again",
    ),
    ChangeView(kind="added", where="properties.currency", after='{ default = "EUR" }'),
    ChangeView(
        kind="changed",
        where="crawlers.shop_customers.table_prefix",
        before='""',
        after='"a_prefix_so_long_that_this_line_does_not_fit_the_dialog_"',
        concerns="others",
    ),
)
SCRIPT = ScriptView(path="workflows/jobs/clean_sales.py", node_ids=("job:clean_sales",), saved_at=NOW)


def changed_engine(**since: Any) -> ScriptedEngine:
    engine = busy_engine()
    engine.since = {"changes": CHANGES, "changes_total": len(CHANGES), "scripts": (SCRIPT,), **since}
    return engine


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_what_changed_since_the_run_is_listed_and_scrolls(size: tuple[int, int]) -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press(*TO_CLEAN_SALES, "R")
        same_as_snapshot(shown, f"dialog_retry_changed_{size[0]}x{size[1]}")
        await shown.press("G")
        assert "workflows/jobs/clean_sales.py was saved after run 41 began" in shown.text
        assert "$ glue-tui retry 41" in shown.text

    show(changed_engine(), scenario, size)


def test_nothing_changed_is_said_quietly() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press(*TO_CLEAN_SALES, "R")
        assert "(●) as it is now: nothing has changed since run 41" in shown.text

    show(busy_engine(), scenario)


def test_a_key_chooses_the_definition_that_ran_and_its_changes_are_left_out() -> None:
    engine = changed_engine(changes_total=240)

    async def scenario(shown: Shown) -> None:
        await shown.press(*TO_CLEAN_SALES, "R")
        assert "(●) as it is now: 240 changes since run 41" in shown.text
        assert "(stays as it is)" in shown.text
        await shown.press("G", "d")
        assert "( ) as it is now" in shown.text
        assert "(●) as it ran: the definition of run 41" in shown.text
        assert "240 changes since run 41, left out" in shown.text
        assert "… 236 more changes" in shown.text
        assert "(stays as it is)" not in shown.text
        assert "$ glue-tui retry 41 --as-it-ran" in shown.text
        await shown.press("enter")
        await shown.until_text("repeats run 41 as it ran")
        assert "$ glue-tui retry 41 --as-it-ran" in shown.text

    show(engine, scenario, (120, 44))
    assert ("resume_workflow_run", "wr_0000000000000029", (), True) in engine.calls
    assert engine.calls.index(("reload",)) < len(engine.calls) - 1


def test_a_node_that_is_gone_is_named() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press(*TO_CLEAN_SALES, "R")
        assert "not there any more: quarantine" in shown.text

    show(changed_engine(gone=("job:quarantine",)), scenario)


def test_a_broken_definition_is_refused_with_its_problem_and_the_one_that_ran_goes() -> None:
    engine = busy_engine()
    engine.refused_now = InvalidInput("workflows/daily_sales.toml:12: no such job", hint="mend it")

    async def scenario(shown: Shown) -> None:
        await shown.press(*TO_CLEAN_SALES, "R")
        assert "as it is now: it can't be used" in shown.text
        assert "workflows/daily_sales.toml:12: no such job (mend it)" in shown.text
        await shown.press("enter")
        assert "retry run 41" in shown.text
        await shown.press("d")
        assert "the definition of now can't be used: workflows/daily_sales.toml:12" in shown.text
        await shown.press("enter")
        await shown.until_text("repeats run 41 as it ran")

    show(engine, scenario)
    assert [call[0] for call in engine.calls].count("resume_workflow_run") == 1


def test_the_history_says_what_a_run_goes_on_from() -> None:
    engine = busy_engine()
    run_id, run = next((key, one) for key, one in engine.runs.items() if one.summary.number == 41)
    resumed = msgspec.structs.replace(run.summary, failed_nodes=(), resumed=ResumedView(number=40, changes=2))
    engine.runs[run_id] = msgspec.structs.replace(run, summary=resumed)

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "4", "]")
        while shown.app.main.selection.view != "runs":
            await shown.press("]")
        await shown.until_text("retry of 40, 2 changes")

    show(engine, scenario)
