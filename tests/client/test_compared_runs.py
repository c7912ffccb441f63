"""Two runs beside each other, and the times of the last ones: what stands out, what is said of it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from glue_tui.client.compare import Comparison, DefinitionChanges, compare, last_success_before
from glue_tui.client.compare_words import comparison_lines, note_lines
from glue_tui.client.run_times import LEVELS, RUNS_MAX, run_times, times_text
from glue_tui.protocol.plan_views import ChangeView, ScriptView
from glue_tui.protocol.views import ErrorView, NodeView, RunSummary, RunView

SAME = DefinitionChanges(changes=(), changes_total=0, scripts=())


def summary(number: int, outcome: str = "SUCCEEDED", took_s: float | None = 60.0, **facts: Any) -> RunSummary:
    return RunSummary(
        **{
            "run_id": f"wr_{number}",
            "number": number,
            "workflow": "sales",
            "status": "COMPLETED" if outcome else "RUNNING",
            "outcome": outcome,
            "trigger": "nightly",
            "trigger_type": "SCHEDULED",
            "queued_at": 1000.0 * number,
            "started_at": 1000.0 * number,
            "finished_at": None if took_s is None else 1000.0 * number + took_s,
            **facts,
        }
    )


def node(name: str, state: str = "SUCCEEDED", took_s: float | None = 3.0, **facts: Any) -> NodeView:
    finished_at = None if took_s is None else 100.0 + took_s
    return NodeView(
        **{
            "node_id": f"job:{name}",
            "name": name,
            "kind": "python",
            "state": state,
            "attempt": 1,
            "started_at": None if took_s is None else 100.0,
            "finished_at": finished_at,
            **facts,
        }
    )


def run(number: int, *nodes: NodeView, outcome: str = "SUCCEEDED", **properties: str) -> RunView:
    return RunView(summary=summary(number, outcome), nodes=nodes, triggers=(), edges=(), properties=properties)


def labels(found: Comparison) -> list[tuple[str, str, str, str, bool]]:
    return [(line.label, line.before, line.after, line.difference, line.is_notable) for line in comparison_lines(found)]


def test_what_differs_most_comes_first_and_figures_that_are_the_same_are_left_out() -> None:
    before = run(
        38,
        node("land", took_s=3.2, rows_out=500),
        node("slow", took_s=10.0),
        node("slower", took_s=10.0),
        node("clean", took_s=3.0, rows_in=500, rows_out=480, peak_memory_bytes=88_000_000),
        day="2026-11-20",
    )
    after = run(
        41,
        node("land", took_s=3.1, rows_out=500),
        node("slow", took_s=20.0),
        node("slower", took_s=40.0),
        node("clean", "FAILED", took_s=45.0, rows_in=500, peak_memory_bytes=312_000_000, attempt=3),
        outcome="FAILED",
        day="2026-11-21",
    )
    assert labels(compare(after, before, SAME)) == [
        ("whole run", "succeeded 1m 00s", "failed 1m 00s", "", True),
        ("property day", "2026-11-20", "2026-11-21", "", True),
        ("clean", "succeeded 3.0s", "failed 45s", "+42s, 15x", True),
        ("attempts", "1", "3", "+2", True),
        ("rows out", "480", "-", "", False),
        ("peak memory", "88.0 MB", "312 MB", "+224 MB, 3.5x", True),
        ("slower", "succeeded 10s", "succeeded 40s", "+30s, 4.0x", True),
        ("slow", "succeeded 10s", "succeeded 20s", "+10s, 2.0x", True),
        ("land", "succeeded 3.2s", "succeeded 3.1s", "-0.1s, -3 %", False),
    ]


def test_small_differences_stand_out_only_where_they_matter() -> None:
    before = run(1, node("a", took_s=0.02, rows_out=2, bytes_out=10), node("b", rows_out=0))
    after = run(2, node("a", took_s=0.08, rows_out=3, bytes_out=900), node("b", rows_out=7))
    pairs = {pair.name: pair for pair in compare(before, after, SAME).nodes}
    assert [figure.name for figure in pairs["a"].figures if figure.is_notable] == ["rows_out"]
    assert [figure.name for figure in pairs["b"].figures if figure.is_notable] == ["rows_out"]


def test_nodes_that_one_run_has_not_or_took_over_are_told_as_that() -> None:
    before = run(1, node("kept", rows_out=5), node("gone"))
    after = run(2, node("kept", carried_from="wr_1", rows_out=5), node("new", "SKIPPED", took_s=None, attempt=0))
    assert labels(compare(before, after, SAME))[1:] == [
        ("gone", "succeeded 3.0s", "not in it", "", True),
        ("new", "not in it", "skipped", "", True),
        ("kept", "succeeded 3.0s", "carried over", "", False),
    ]


def test_errors_changes_and_scripts_are_told_below() -> None:
    failed = node("clean", "FAILED", error=ErrorView(type="ColumnNotFound", message="amuont\nat line 31"))
    changes = DefinitionChanges(
        changes=(
            ChangeView(kind="changed", where="jobs.clean.timeout", before="30m", after="10m"),
            ChangeView(kind="changed", where="jobs.sum.query", lines=("- SELECT 1", "+ SELECT 2")),
        ),
        changes_total=3,
        scripts=(
            ScriptView(path="jobs/between.py", node_ids=(), saved_at=1500.0),
            ScriptView(path="jobs/later.py", node_ids=(), saved_at=9999.0),
            ScriptView(path="jobs/gone.py", node_ids=(), saved_at=None),
        ),
    )
    assert note_lines(compare(run(1, node("clean")), run(2, failed), changes)) == (
        "clean in run 2: ColumnNotFound: amuont",
        "3 changes of the workflow's file between the two",
        "  ~ jobs.clean.timeout: 30m → 10m",
        "  ~ jobs.sum.query",
        "  - SELECT 1",
        "  + SELECT 2",
        "  … 1 more change",
        "jobs/between.py was saved between runs 1 and 2",
        "jobs/later.py was saved after run 2 began: what it was before, no run keeps",
        "jobs/gone.py is gone",
    )
    assert note_lines(compare(run(1), run(2), SAME)) == ("the workflow's file and its scripts are the same in both",)
    assert "can't be told" in note_lines(compare(run(1), run(2), None))[0]


_STATES = st.sampled_from(["SUCCEEDED", "FAILED", "SKIPPED", "RUNNING", "TIMEOUT"])
_NODES = st.builds(
    node,
    st.sampled_from("abcd"),
    _STATES,
    took_s=st.none() | st.floats(0, 1e6),
    rows_out=st.none() | st.integers(0, 10**12),
    attempt=st.integers(0, 11),
)
_RUNS = st.lists(_NODES, unique_by=lambda one: one.name, max_size=4)


@given(_RUNS, _RUNS)
def test_whichever_run_is_named_first_the_comparison_has_every_node_once(
    before: list[NodeView], after: list[NodeView]
) -> None:
    one, other = run(1, *before), run(2, *after)
    found = compare(one, other, SAME)
    assert found == compare(other, one, SAME)
    assert sorted(pair.name for pair in found.nodes) == sorted({one.name for one in (*before, *after)})
    assert len(comparison_lines(found)) >= 1 + len(found.nodes)
    for pair in compare(one, RunView(summary=summary(2), nodes=one.nodes, triggers=(), edges=()), SAME).nodes:
        assert not pair.is_notable


def test_a_run_is_compared_with_the_last_one_before_it_that_succeeded_in_the_same_way() -> None:
    runs = [
        summary(7),
        summary(6, "FAILED"),
        summary(5, workflow="other"),
        summary(4, crawler="land"),
        summary(3, "RECOVERED"),
        summary(2),
        summary(1),
    ]
    assert last_success_before(runs, runs[1]) == runs[5]
    assert last_success_before(runs, runs[6]) is None


def test_the_last_runs_are_bars_and_those_that_did_not_succeed_are_marked() -> None:
    runs = [
        summary(1, took_s=10),
        summary(2, "FAILED", took_s=500),
        summary(3, took_s=80),
        summary(4, "RECOVERED", took_s=40),
        summary(5, "", took_s=None),
    ]
    times = run_times(reversed(runs))
    assert [(bar.level, bar.outcome) for bar in times.bars] == [
        (1, "SUCCEEDED"),
        (0, "FAILED"),
        (LEVELS, "SUCCEEDED"),
        (4, "RECOVERED"),
    ]
    assert times_text(times) == "median 40s · slowest 1m 20s, run 3"
    assert times_text(run_times(runs[1:2])) == ""
    assert [len(run_times(summary(number) for number in range(100)).bars), run_times(()).bars] == [RUNS_MAX, ()]
    assert {bar.level for bar in run_times([summary(1, took_s=0.0), summary(2, took_s=0.0)]).bars} == {1}
