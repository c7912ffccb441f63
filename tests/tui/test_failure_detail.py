"""A failure at a glance: place and hint stand in the first lines of the detail, however few there are."""

from __future__ import annotations

import pytest
from sales_project import fresh_engine
from screen import Shown, show
from scripted_client import ScriptedEngine, failure

from glue_tui.tui.failure import cut_left
from glue_tui.tui.theme import Look

PLACE = "workflows/jobs/mend_prices.py:14"
HINT = 'did you mean "unit_price"?'
LONG = 'unable to find column "unit_pirce"; valid columns: ["product_id", "supplier", "unit_price"] ' * 3


def fail(engine: ScriptedEngine) -> None:
    run = engine.open_run("price_repair", "by_hand").summary.run_id
    engine.play(run, "job:mend_prices", "RUNNING")
    error = failure("ColumnNotFoundError", LONG, PLACE, HINT)
    engine.play(run, "job:mend_prices", "FAILED", error=error, max_attempts=3, attempt=3)


@pytest.mark.parametrize("rows_down", [0, 1, 2], ids=["workflow", "trigger", "node"])
@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 36)], ids=str)
def test_place_and_hint_of_a_failure_are_told_wherever_the_cursor_stands(rows_down: int, size: tuple[int, int]) -> None:
    engine = fresh_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("G")
        fail(engine)
        await shown.until_text(f"✗ mend_prices  {PLACE}")
        await shown.press(*"j" * rows_down)
        text = shown.text
        assert text.index(f"✗ mend_prices  {PLACE}") < text.index(HINT)
        assert "ColumnNotFoundError" not in text or text.index(HINT) < text.index("ColumnNotFoundError")

    show(engine, scenario, size)


def test_in_a_single_line_the_path_gives_way_to_the_hint() -> None:
    engine = fresh_engine()

    async def scenario(shown: Shown) -> None:
        await shown.press("G")
        fail(engine)
        await shown.until_text(HINT)
        await shown.press("3")
        line = next(line for line in shown.lines if HINT in line)
        assert "mend_prices.py:14" in line

    show(engine, scenario, (80, 24))


def test_a_path_is_cut_from_the_left() -> None:
    assert cut_left("a/b/script.py:14", 13, Look()) == "…script.py:14"
    assert cut_left("script.py:14", 13, Look()) == "script.py:14"
