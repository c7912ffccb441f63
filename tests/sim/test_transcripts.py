"""Whole runs as stories, compared with `transcripts/*.txt`. To accept a change: GLUE_TUI_ACCEPT=1 pytest tests/sim."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

from faults import FaultPlan
from world import EPOCH_S, World

from glue_tui.core.attempt import AttemptKey
from glue_tui.core.job import CommandWork, Job
from glue_tui.core.model import (
    Action,
    Condition,
    Crawler,
    FileWatch,
    FolderTarget,
    Predicate,
    Trigger,
    Workflow,
    crawler_id,
    job_id,
    node_name,
)
from glue_tui.core.states import Logical, NodeState, TriggerType
from glue_tui.core.story import describe
from glue_tui.engine.inputs import ResumeAsked, StartAsked, StopAsked
from glue_tui.store.event_log import read_events

TRANSCRIPTS = Path(__file__).parent / "transcripts"


def _job(name: str, max_retries: int = 0) -> Job:
    return Job(name=name, work=CommandWork(command=("true",)), max_retries=max_retries, retry_delay_s=5, backoff=2)


def _trigger(name: str, watched: dict[str, NodeState], starts: str, logical: Logical = Logical.AND) -> Trigger:
    conditions = tuple(Condition(node_id=_node_id(one), state=state) for one, state in watched.items())
    return Trigger(
        name=name,
        type=TriggerType.CONDITIONAL,
        actions=(Action(node_id=_node_id(starts)),),
        predicate=Predicate(logical=logical, conditions=conditions),
    )


def _node_id(name: str) -> str:
    return crawler_id(name) if name.startswith("crawl") else job_id(name)


def _daily_sales() -> Workflow:
    crawls = tuple(
        Crawler(name=name, database="raw", targets=(FolderTarget(path="in"),)) for name in ("crawl_shop", "crawl_sales")
    )
    starts = tuple(Action(node_id=crawler_id(one.name)) for one in crawls)
    ok, failed = NodeState.SUCCEEDED, NodeState.FAILED
    return Workflow(
        name="daily_sales",
        source="workflows/daily_sales.toml",
        crawlers=crawls,
        jobs=(_job("clean", max_retries=2), _job("aggregate"), _job("quarantine"), _job("dashboard")),
        triggers=(
            Trigger(name="by_hand", type=TriggerType.ON_DEMAND, actions=starts),
            Trigger(
                name="files",
                type=TriggerType.EVENT,
                actions=starts,
                watch=FileWatch(patterns=("in/*.csv",), batch_size=2, batch_window_s=30),
            ),
            _trigger("both_crawled", {"crawl_shop": ok, "crawl_sales": ok}, "clean"),
            _trigger("cleaned", {"clean": ok}, "aggregate"),
            _trigger("not_cleaned", {"clean": failed}, "quarantine"),
            _trigger("done", {"aggregate": ok, "quarantine": ok}, "dashboard", Logical.ANY),
        ),
    )


def _load_and_tidy() -> Workflow:
    """A load that is told when it takes long, and a job that clears up after it however it ends."""
    load = Job(name="load", work=CommandWork(command=("true",)), timeout_s=60, notify_delay_after_s=20)
    ended = Predicate(logical=Logical.AND, conditions=(Condition(node_id=job_id("load"), state=None),))
    tidy = (Action(node_id=job_id("tidy")),)
    return Workflow(
        name="daily_sales",
        source="workflows/daily_sales.toml",
        jobs=(load, _job("tidy")),
        triggers=(
            Trigger(name="by_hand", type=TriggerType.ON_DEMAND, actions=(Action(node_id=job_id("load")),)),
            Trigger(name="load_ended", type=TriggerType.CONDITIONAL, actions=tidy, predicate=ended),
        ),
    )


def _world(behaviour: dict[str, tuple[str, float]], workflow: Workflow | None = None) -> World:
    """Return a calm world; behaviour by node, everything else succeeds in 2 s."""
    world = World(Random(1), FaultPlan(until_s=0), [workflow or _daily_sales()], slots=2)
    world.is_calm = True

    def behave(key: AttemptKey) -> tuple[str, float]:
        return behaviour.get(node_name(key.node_id), ("obeys", 2.0))

    world.behave = behave
    return world


def _at(world: World, at_s: float, act: Callable[[], object]) -> None:
    world.after(at_s, act)


def _ask_to_start(world: World) -> None:
    assert world.engine is not None
    world.engine.put(StartAsked(workflow="daily_sales"))


def _put_file(world: World, path: str) -> None:
    world.folders.write(path, 10, world.true_s, world.wall_s, 0)
    if world.engine is not None:
        world.engine.hint(path)


def _told(world: World) -> str:
    lines: list[str] = []
    for run_id, number in world.conn.execute("SELECT run_id, number FROM runs ORDER BY number").fetchall():
        lines.append(f"Run {number}")
        for at, event in read_events(world.conn, run_id):
            lines.append(f"{at - EPOCH_S:8.1f}  {describe(event)}")
        lines.append("")
    text = "\n".join(lines)
    for run_id, number in world.conn.execute("SELECT run_id, number FROM runs"):
        text = text.replace(run_id, f"run {number}")
    return re.sub(r"worker \d+", "worker N", text)


def _compare(name: str, world: World) -> None:
    told, path = _told(world), TRANSCRIPTS / f"{name}.txt"
    world.conn.close()
    if os.environ.get("GLUE_TUI_ACCEPT"):
        path.write_text(told)
    assert told == path.read_text()


def _is_quiet_after(world: World, at_s: float) -> Callable[[], bool]:
    return lambda: world.true_s >= at_s and world.engine is not None and not world.engine.kernel.runs


def test_a_failing_job_is_tried_again_and_then_its_failure_branch_runs() -> None:
    """JR-6, JR-8, TR-9, TR-16, WF-11: the run is COMPLETED, its outcome RECOVERED."""
    world = _world({"clean": ("fails", 1.0), "crawl_sales": ("obeys", 4.0)})
    _at(world, 1.0, lambda: _ask_to_start(world))
    world.run(_is_quiet_after(world, 2.0))
    _compare("recovered", world)


def test_an_engine_that_dies_takes_up_its_run_again_and_a_resume_mends_it() -> None:
    """RS-4 to RS-7: crawlers are carried over, the failed job and what lies downstream run again."""
    world = _world({})
    world.behave = _failing_until(world, 80.0)
    _at(world, 1.0, lambda: _ask_to_start(world))
    _at(world, 2.0, world.crash_engine)

    def resume() -> None:
        assert world.engine is not None
        (run_id,) = world.conn.execute("SELECT run_id FROM runs WHERE number = 1").fetchone()
        world.engine.put(ResumeAsked(run_id=run_id))

    _at(world, 90.0, resume)
    world.run(_is_quiet_after(world, 91.0))
    _compare("crash_and_resume", world)


def _failing_until(world: World, at_s: float) -> Callable[[AttemptKey], tuple[str, float]]:
    def behave(key: AttemptKey) -> tuple[str, float]:
        fails = world.true_s < at_s and key.node_id in (job_id("clean"), job_id("quarantine"))
        return ("fails" if fails else "obeys"), 1.0

    return behave


def test_files_start_a_run_that_somebody_stops() -> None:
    """EV-2, EV-3, RS-1: two files make a batch; a worker that ignores TERM is killed; nothing else begins."""
    world = _world({"crawl_shop": ("deaf", 0.0)})
    _at(world, 5.0, lambda: _put_file(world, "in/a.csv"))
    _at(world, 9.0, lambda: _put_file(world, "in/b.csv"))

    def stop() -> None:
        assert world.engine is not None
        world.engine.put(StopAsked(run_id=next(iter(world.engine.kernel.runs))))

    _at(world, 11.0, stop)
    world.run(_is_quiet_after(world, 12.0))
    _compare("files_and_stop", world)


def test_a_machine_sleeps_while_one_run_waits_for_the_job_of_another() -> None:
    """JR-3, JR-5, JR-11, F-2: the night counts for no timeout; what clears up runs after a failure, too."""
    world = _world({"load": ("fails", 30.0)}, _load_and_tidy())
    _at(world, 1.0, lambda: _ask_to_start(world))
    _at(world, 2.0, lambda: _ask_to_start(world))
    _at(world, 11.0, lambda: world.set_clock(8 * 3600))
    world.run(_is_quiet_after(world, 12.0))
    _compare("sleep_and_wait", world)
