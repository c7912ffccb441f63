"""Why a run or a node does not start yet, in words: the same facts by which slots are given."""

from __future__ import annotations

from dataclasses import replace

import pytest
from one_run import FAILED, OneRun, by_hand, job, workflow

from glue_tui.core.model import RunId, job_id
from glue_tui.core.run import WorkflowRun
from glue_tui.core.stimuli import SlotGranted
from glue_tui.core.waiting import NEXT_MAX, waits

A, B = job_id("a"), job_id("b")


def _run(number: int, *, active: tuple[str, ...] = (), queued: bool = False, **changes: object) -> WorkflowRun:
    """A run of the jobs a and b, of which some are at work."""
    one = OneRun(workflow([job("a", **changes), job("b")], by_hand("a", "b")), grant=False, has_turn=not queued)
    for name in active:
        one.feed(SlotGranted(key=one.key(name)))
    return replace(one.it, number=number, run_id=RunId(f"wr_{number}"))


def test_a_node_that_waits_for_a_slot_is_told_who_has_them() -> None:
    runs = [replace(_run(n, active=("a",)), workflow=replace(_run(n).workflow, name=f"w{n}")) for n in (4, 5)]
    found = waits(reversed(runs), 2000.0)
    assert found[RunId("wr_4")].nodes == {B: "waits for one of 2 slots, taken by runs 4, 5"}
    assert found[RunId("wr_5")].nodes == {B: "waits for one of 2 slots, taken by runs 4, 5"}


def test_nodes_in_the_same_line_share_one_text() -> None:
    """A thousand waiting nodes cost a thousand references, not a thousand texts."""
    names = [f"j{n}" for n in range(300)]
    one = OneRun(workflow(names, by_hand(*names)), grant=False)
    one.feed(SlotGranted(key=one.key("j0")))
    texts = [*waits([one.it], 2000.0)[one.it.run_id].nodes.values()]
    assert len(texts) == 299
    assert len({id(text) for text in texts}) == 1
    assert texts[0] == "waits for the one slot, taken by run 1"


def test_a_node_whose_job_another_run_has_at_work_is_told_for_whom_it_waits() -> None:
    """JR-4: Glue gives the reason in StateDetail."""
    found = waits([_run(4, active=("a",)), _run(5)], 2000.0)
    assert found[RunId("wr_5")].nodes[A] == "waits for run 4: a runs once at a time"


def test_a_node_waits_for_an_older_run_that_waits_itself() -> None:
    found = waits([_run(4), _run(5)], 2000.0)
    assert found[RunId("wr_5")].nodes[A] == "waits for run 4: a runs once at a time"
    assert found[RunId("wr_4")].nodes[A] == "waits for a free slot"


def test_a_higher_limit_is_told_and_many_runs_are_counted() -> None:
    runs = [_run(n, active=("a",), max_concurrent_runs=5) for n in range(1, 6)]
    found = waits([*runs, _run(9, max_concurrent_runs=5)], 2000.0)
    assert found[RunId("wr_9")].nodes[A] == "waits for runs 1, 2, 3 and 2 more: a runs at most 5 times at once"


def test_a_later_run_in_a_line_waits_for_the_one_before_it() -> None:
    found = waits([_run(n, active=("a",) if n == 4 else ()) for n in (4, 5, 6, 7)], 2000.0)
    assert [found[RunId(f"wr_{n}")].nodes[A] for n in (5, 6, 7)] == [
        f"waits for run {n}: a runs once at a time" for n in (4, 5, 6)
    ]


@pytest.mark.parametrize("limit", [0, 1])
def test_the_end_of_a_run_changes_few_texts_however_many_wait(limit: int) -> None:
    """Each of them is told to every screen: a thousand runs would be told of a thousand times."""
    before = waits([_run(n, active=("a", "b") if n < 3 else (), max_concurrent_runs=limit) for n in range(1, 100)], 2e3)
    after = waits([_run(n, active=("a", "b") if n < 4 else (), max_concurrent_runs=limit) for n in range(2, 100)], 2e3)
    changed = [run_id for run_id, now in after.items() if before.get(run_id) != now]
    assert 0 < len(changed) <= NEXT_MAX + 2
    assert len(after) > 90


def test_a_delay_before_a_retry_is_told_and_what_it_is_a_retry_of() -> None:
    one = OneRun(workflow([job("a", max_retries=1, retry_delay_s=30)], by_hand("a")), grant=False)
    one.feed(SlotGranted(key=one.key("a")))
    one.ends("a", FAILED)
    assert waits([one.it], one.now)[one.it.run_id].nodes[A] == "waits 30 s before retry 1 of 1 after ValueError"
    after = waits([one.it], one.now + 30)[one.it.run_id].nodes[A]
    assert after == "waits for a free slot (retry 1 of 1 after ValueError)"


def test_a_queued_run_waits_for_those_that_go_and_a_later_one_for_the_one_before_it() -> None:
    """WF-14, widened: the end of a run changes two texts, not all of a long line."""
    runs = [_run(1, active=("a", "b")), _run(2, queued=True), _run(3, queued=True), _run(4, queued=True)]
    found = waits(runs, 2000.0)
    assert [found[RunId(f"wr_{n}")].turn for n in (2, 3, 4)] == [
        "waits for its turn after run 1",
        "waits for its turn after run 2",
        "waits for its turn after run 3",
    ]
    assert RunId("wr_1") not in found
