"""The views beside the graph, the layout, and which file `e` opens."""

from __future__ import annotations

import dataclasses
from datetime import UTC
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sales_project import NOW, busy_engine
from screen import Shown, same_as_snapshot, show

from glue_tui.protocol.usual_views import UsualView
from glue_tui.protocol.views import AttemptView, Snapshot, StoryLine
from glue_tui.tui.arrange import LOW_LINES, NARROW_CELLS, PANES, Zoom, arrange
from glue_tui.tui.editor import Place, editor_command, place_to_edit
from glue_tui.tui.graph.drawing import GraphEdge, GraphNode, Shape
from glue_tui.tui.graph.layout import fitting
from glue_tui.tui.model import UiModel, reduce
from glue_tui.tui.selection import Looked, Selection, look_up
from glue_tui.tui.views import View, tab_at, tab_spans
from glue_tui.tui.what_if import OUTCOMES, with_next
from glue_tui.tui.widgets.event_list import event_rows
from glue_tui.tui.widgets.timeline import ticks, timeline_rows

FAILED = busy_engine().runs[f"wr_{41:016x}"]


def test_the_timeline_draws_every_node_to_scale() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "]")
        same_as_snapshot(shown, "timeline_120x36")
        await shown.press("4", *"jj")
        assert shown.app.main.selection.node_id == "job:clean_sales"
        assert "ColumnNotFound" in shown.text

    show(busy_engine(), scenario)


def test_the_edge_tells_how_much_of_a_view_is_off_the_screen() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g")
        assert "▼ 3 more rows" in shown.text
        await shown.press("4")
        assert "more row" not in shown.text
        assert "update_dashboard" in shown.text
        await shown.press("]", "1")
        assert "▼ 2 more rows" in shown.text
        await shown.press("4", "G", "1")
        assert "▲ 2 more rows" in shown.text

    show(busy_engine(), scenario, (80, 24))


def test_a_low_pane_gets_the_lowest_picture() -> None:
    nodes = tuple(GraphNode(node_id=name, name=name, is_box=True) for name in ("a" * 30, "b" * 30))
    edges = (GraphEdge(source=nodes[0].node_id, target=nodes[1].node_id, label=""),)
    assert fitting(nodes, edges, 60, 9).shape is Shape.BOXES
    assert fitting(nodes, edges, 60, 2).shape is Shape.RAIL
    assert fitting(nodes, edges, 60, 2).height == 2


def test_the_timeline_has_a_row_for_every_attempt() -> None:
    start = FAILED.summary.started_at
    assert start is not None
    attempts = tuple(
        AttemptView(
            attempt=number, state="FAILED", queued_at=start, started_at=start + number, finished_at=start + 2 * number
        )
        for number in (1, 2)
    )
    nodes = tuple(
        msgspec.structs.replace(node, attempts=attempts) if node.name == "clean_sales" else node
        for node in FAILED.nodes
    )
    rows = timeline_rows(msgspec.structs.replace(FAILED, nodes=nodes), NOW)
    assert [row.label for row in rows if row.node_id == "job:clean_sales"] == ["clean_sales try 1", "clean_sales try 2"]
    assert all(0 <= (row.started or 0) <= (row.ended or 1) <= 1 for row in rows)


def test_the_axis_has_round_marks_that_leave_each_other_room() -> None:
    assert ticks(50.0, 60) == ((0, "0s"), (12, "10s"), (24, "20s"), (36, "30s"), (48, "40s"), (60, "50s"))
    assert [text for _, text in ticks(5400.0, 40)] == ["0s", "30m 00s", "1h 00m", "1h 30m"]


@given(st.floats(0.001, 1e8), st.integers(10, 300))
def test_marks_of_any_axis_stand_in_order_and_apart(whole_s: float, cells: int) -> None:
    marks = [cell for cell, _ in ticks(whole_s, cells)]
    assert marks[0] == 0
    assert marks[-1] <= cells
    assert all(high - low >= 9 for low, high in pairwise(marks))


def test_a_run_that_is_going_tells_when_it_ends_and_what_takes_longer_than_usual() -> None:
    engine = busy_engine()
    run_id = f"wr_{42:016x}"
    engine.usual = (UsualView(node_id="job:reprice", usual_s=44.0, attempts=3),)

    async def scenario(shown: Shown) -> None:
        await shown.press("]")
        await shown.until_text("~29s left")
        assert shown.text.count("~29s left") == 2  # The title and the axis.
        engine.play(run_id, "job:reprice", "RUNNING", after_s=76.0)
        await shown.until_text(" ×2")
        assert "ends soon" in shown.text
        engine.play(run_id, "job:reprice", "SUCCEEDED", after_s=1.0)
        await shown.until_text("◆✓ reprice")
        assert "ends soon" not in shown.text

    show(engine, scenario)


def test_without_history_nothing_is_foretold() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("]")
        await shown.until_text(" no estimate")
        assert " left" not in shown.lines[1]

    show(busy_engine(), scenario)


def test_what_is_supposed_of_a_node_is_shown_in_place_of_the_run_until_escape() -> None:
    engine = busy_engine()
    nodes = tuple(
        msgspec.structs.replace(node, state="SKIPPED", started_at=None, finished_at=None, attempts=())
        for node in FAILED.nodes
    )
    engine.supposed = msgspec.structs.replace(FAILED, nodes=nodes)

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "]", "4", "j", "j", "W")
        await shown.until_text("WHAT IF  clean_sales SUCCEEDED")
        assert "$ glue-tui graph daily_sales --trigger nightly" in shown.text
        assert "– update_dashboard" in shown.text
        assert "what if" in shown.lines[2]
        await shown.press("R")
        assert "this run never was: Esc leaves the what-if" in shown.text
        await shown.press("W")
        await shown.until_text("WHAT IF  clean_sales TIMEOUT")
        await shown.press("escape")
        assert "WHAT IF" not in shown.text
        assert "✓ update_dashboard" in shown.text

    show(engine, scenario)
    asked = [call[3] for call in engine.calls if call[0] == "what_if"]
    assert [one["job:clean_sales"] for one in asked] == ["SUCCEEDED", "TIMEOUT"]
    assert asked[0]["crawler:landing_sales"] == "SUCCEEDED"


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(OUTCOMES)), st.sampled_from(("", *OUTCOMES)))
def test_the_key_goes_through_every_other_outcome_and_back_to_the_truth(supposed: dict[str, str], true: str) -> None:
    supposed.pop("a", None)
    seen: list[str] = []
    now = with_next(supposed, "a", true)
    while "a" in now:
        seen.append(now["a"])
        now = with_next(now, "a", true)
    assert sorted([*seen, true] if true else seen) == sorted(OUTCOMES)
    assert now == supposed


def test_the_events_of_a_run_are_asked_for_when_looked_at_and_again_when_it_moves() -> None:
    engine = busy_engine()

    async def scenario(shown: Shown) -> None:
        assert not [call for call in engine.calls if call[0] == "story"]
        await shown.press("[")
        await shown.until_text("reprice runs")
        engine.play(f"wr_{42:016x}", "job:reprice", "SUCCEEDED")
        await shown.until_text("reprice SUCCEEDED")
        await shown.press("j")
        await shown.settle()

    show(engine, scenario)
    assert [call for call in engine.calls if call[0] == "story"] == [("story", f"wr_{42:016x}")] * 2


def test_event_rows_tell_the_time_of_the_wall_and_mark_what_went_wrong() -> None:
    rows = event_rows(
        [
            StoryLine(at=NOW, kind="RunStarted", text="run started"),
            StoryLine(at=NOW, kind="NodeFinished", text="x FAILED"),
        ],
        UTC,
        80,
    )
    assert [(row.time, row.tone) for row in rows] == [("22:04:31.000", "text"), ("22:04:31.000", "bad")]


def test_a_long_event_is_wrapped_so_that_its_file_can_be_read() -> None:
    text = "movement_landed started the run: sample_data/incoming/stock/2026/11/22/stock_delivery_0001.csv"
    rows = event_rows([StoryLine(at=NOW, kind="RunStarted", text=text)], UTC, 78)
    assert [row.time for row in rows] == ["22:04:31.000", ""]
    assert rows[1].text.endswith("stock_delivery_0001.csv")
    assert all(len(row.text) <= 63 for row in rows)


def test_the_file_that_started_a_run_is_in_the_title_of_a_small_terminal() -> None:
    engine = busy_engine()
    run = engine.runs[f"wr_{42:016x}"]
    files = ("incoming/stock/2026/stock_delivery_0001.csv", "incoming/stock/2026/stock_delivery_0002.csv")
    summary = msgspec.structs.replace(run.summary, event_files=files)
    engine.runs[f"wr_{42:016x}"] = msgspec.structs.replace(run, summary=summary)

    async def scenario(shown: Shown) -> None:
        title = next(line for line in shown.lines if "stock_watch › run 42" in line)
        assert "≋ stock_delivery_0001.csv +1" in title
        assert "│ ≋ files_arrived: stock_delivery_0001.csv +1" in shown.text

    show(engine, scenario, (80, 24))


def test_the_data_view_of_an_empty_catalog_says_what_fills_it(tmp_path: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("[", "[", "4", "enter", "j")
        await shown.until_text("the catalog is empty: a crawler fills it")

    show(busy_engine(), scenario, project_dir=tmp_path)


def test_a_click_picks_rows_and_tabs() -> None:
    async def scenario(shown: Shown) -> None:
        row = next(index for index, line in enumerate(shown.lines) if "shop_customers" in line)
        await shown.pilot.click(offset=(12, row))
        await shown.settle()
        assert shown.app.main.selection.node_id == "crawler:shop_customers"
        tabs = next(index for index, line in enumerate(shown.lines) if "Timeline" in line)
        await shown.pilot.click(offset=(shown.lines[tabs].index("Timeline") + 2, tabs))
        await shown.settle()
        assert shown.app.main.selection.view is View.TIMELINE

    show(busy_engine(), scenario)


def test_a_terminal_that_changes_its_size_is_filled_again() -> None:
    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", *"jjjjj")
        for size in ((50, 14), (200, 50), (10, 4), (80, 24)):
            await shown.pilot.resize_terminal(*size)
            await shown.settle()
        same_as_snapshot(shown, "after_resize_80x24")

    show(busy_engine(), scenario)


def test_tabs_are_where_they_are_drawn() -> None:
    drawn = "".join(text for text, _ in tab_spans(View.GRAPH))
    assert [tab_at(drawn.index(view.value.capitalize())) for view in View] == list(View)
    assert tab_at(len("Graph")) is None


@given(
    st.integers(20, 250),
    st.integers(4, 90),
    st.sampled_from(PANES),
    st.sampled_from(list(Zoom)),
)
def test_panes_fill_the_screen_without_overlap(width: int, height: int, focus: str, zoom: Zoom) -> None:
    boxes = arrange(width, height, focus, zoom)
    assert focus in boxes
    cells = [
        (x, y)
        for box in boxes.values()
        for y in range(box.y, box.y + box.height)
        for x in (box.x, box.x + box.width - 1)
    ]
    assert len(cells) == len(set(cells)) or width == 1
    assert all(0 <= x < width and 1 <= y < height - 1 for x, y in cells)
    assert sum(box.width * box.height for box in boxes.values()) == width * (height - 2)
    if width < NARROW_CELLS or height < LOW_LINES:
        assert set(boxes) == {focus}


def looked(workflow: str, trigger: str = "", node_id: str = "") -> Looked:
    model = reduce(UiModel(), Snapshot(project=busy_engine().project()))
    return look_up(model, Selection(workflow=workflow, trigger=trigger, node_id=node_id))


@pytest.mark.parametrize(
    ("selected", "path", "line"),
    [
        (("returns",), "workflows/returns.toml", 12),
        (("daily_sales",), "workflows/jobs/clean_sales.py", 31),  # its run failed there
        (("daily_sales", "nightly"), "workflows/daily_sales.toml", 2),
        (("daily_sales", "cleaned", "job:aggregate_sales"), "workflows/daily_sales.toml", 4),
        (("daily_sales", "sources_ready", "job:clean_sales"), "workflows/jobs/clean_sales.py", 31),
        (("daily_sales", "clean_failed", "job:quarantine"), "workflows/jobs/quarantine.py", 1),
    ],
)
def test_e_opens_what_is_selected(selected: tuple[str, ...], path: str, line: int, tmp_path: Path) -> None:
    (tmp_path / "workflows" / "jobs").mkdir(parents=True)
    (tmp_path / "workflows" / "daily_sales.toml").write_text('\n[triggers.nightly]\n\n[jobs."aggregate_sales"]\n')
    for script in ("clean_sales.py", "quarantine.py"):
        (tmp_path / "workflows" / "jobs" / script).write_text("")
    place = place_to_edit(looked(*selected), tmp_path)
    assert place == Place(tmp_path / path, line)


def test_e_opens_the_file_of_a_query(tmp_path: Path) -> None:
    query = tmp_path / "workflows" / "sum.sql"
    query.parent.mkdir()
    query.write_text("SELECT 1")
    in_view = looked("daily_sales", "cleaned", "job:aggregate_sales")
    assert in_view.definition is not None
    for source, opened in (("workflows/sum.sql", query), ("x" * 300, tmp_path / "workflows/daily_sales.toml")):
        definition = msgspec.structs.replace(in_view.definition, source=source)
        assert place_to_edit(dataclasses.replace(in_view, definition=definition), tmp_path) == Place(opened)


def test_editors_get_the_line_the_way_they_take_it() -> None:
    place = Place(Path("/p/a.toml"), 7)
    assert editor_command(place, {"EDITOR": "vim -n"}) == ["vim", "-n", "+7", "/p/a.toml"]
    assert editor_command(place, {"EDITOR": "hx"}) == ["hx", "/p/a.toml:7"]
    assert editor_command(place, {"VISUAL": "code --wait", "EDITOR": "vi"}) == [
        "code",
        "--wait",
        "--goto",
        "/p/a.toml:7",
    ]
    assert editor_command(place, {"EDITOR": "/opt/own-editor"}) == ["/opt/own-editor", "/p/a.toml"]
