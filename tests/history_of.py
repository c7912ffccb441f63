"""A history of finished runs, as months of use leave it: the true rules play each kind of run once, and the real event
log gets it again and again under new ids, numbers and times. For tests and benchmarks of large histories.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from glue_tui.core.attempt import AttemptResult, NodeError, log_path
from glue_tui.core.decide import decide
from glue_tui.core.events import Event, RunQueued, StartCause
from glue_tui.core.model import RunId, Trigger, Workflow
from glue_tui.core.run import NodeRun, WorkflowRun, apply
from glue_tui.core.states import NodeState, TriggerType
from glue_tui.core.stimuli import RunStopRequested, SlotGranted, Stimulus, TurnCame, WorkerExited
from glue_tui.core.stimuli import WorkerStarted as Started
from glue_tui.definitions.project import STATE_FOLDER, load_project
from glue_tui.store import event_log
from glue_tui.store.database import migrate, open_database, transaction

ENDS_AT = 1_790_000_000.0
"""When the last run of a history was queued, if nothing else is said: September 2026."""
BETWEEN_RUNS_S = 600.0
WORK_S = 7.5
"""What a node takes."""
RETRY_DELAY_S_MAX = 3600.0
LOG_LINES = 20
FAILS_EACH = 7
STOPPED_EACH = 11

Played = tuple[tuple[float, tuple[Event, ...]], ...]
"""A run's events in the batches in which an engine commits them, each with the seconds since the run was queued."""


def write_history(
    project_dir: Path,
    runs: int,
    *,
    ends_at: float = ENDS_AT,
    between_s: float = BETWEEN_RUNS_S,
    with_logs: bool = False,
) -> tuple[RunId, ...]:
    """Add finished runs of the project's workflows in turn to its state, oldest first, and return their ids.

    Every 7th has a job that failed, every 11th was stopped; the others succeeded. No engine may be at work.
    `with_logs`: each attempt has a short log file, too.
    """
    state_dir = project_dir / STATE_FOLDER
    state_dir.mkdir(exist_ok=True)
    conn = open_database(state_dir / "state.db")
    migrate(conn, "runs", event_log.MIGRATIONS)
    first = event_log.last_number(conn) + 1
    workflows = cycle(load_project(project_dir).workflows)
    played: dict[tuple[str, str], Played] = {}
    run_ids: list[RunId] = []
    with transaction(conn):
        for number in range(first, first + runs):
            workflow = next(workflows)
            ending = "failed" if number % FAILS_EACH == 0 else "stopped" if number % STOPPED_EACH == 0 else "succeeded"
            if (workflow.name, ending) not in played:
                played[workflow.name, ending] = tuple(_play(workflow, ending))
            queued_at = ends_at - (first + runs - 1 - number) * between_s
            run: WorkflowRun | None = None
            for after_s, events in _renamed(played[workflow.name, ending], number):
                for event in events:
                    run = apply(run, event, queued_at + after_s)
                assert run is not None
                event_log.append(conn, run, events, queued_at + after_s)
            assert run is not None
            run_ids.append(run.run_id)
            if with_logs:
                _write_logs(state_dir, run)
    conn.close()
    return tuple(run_ids)


def _renamed(played: Played, number: int) -> Iterator[tuple[float, tuple[Event, ...]]]:
    for after_s, events in played:
        yield (
            after_s,
            tuple(
                replace(one, run_id=RunId(f"wr_{number:016x}"), number=number) if isinstance(one, RunQueued) else one
                for one in events
            ),
        )


def _play(workflow: Workflow, ending: str) -> Iterator[tuple[float, tuple[Event, ...]]]:
    """Yield what an engine would commit, batch by batch, for a run that ends like that."""
    now = 0.0
    trigger = _start_trigger(workflow.triggers)
    cause = StartCause(trigger=trigger.name, trigger_type=trigger.type)
    properties = {one.name: one.default or "" for one in workflow.properties}
    queued = RunQueued(run_id=RunId("wr_0"), number=0, workflow=workflow, cause=cause, properties=properties)
    run = apply(None, queued, now)
    batch: list[Event] = [queued]

    def feed(stimulus: Stimulus) -> None:
        nonlocal run
        for event in decide(run, stimulus, now):
            run = apply(run, event, now)
            batch.append(event)

    feed(TurnCame())
    while not run.status.is_over:
        waiting = [one for one in run.graph.node_ids if _is_due(run.nodes[one], now)]
        if not waiting:
            now += RETRY_DELAY_S_MAX
            continue
        for node_id in waiting:
            feed(SlotGranted(key=run.key(node_id)))
        yield now, tuple(batch)
        batch.clear()
        now += 0.01
        for node_id in waiting:
            if run.nodes[node_id].state is NodeState.STARTING:
                feed(Started(key=run.key(node_id), pid=1, process_started_at=now))
        yield now, tuple(batch)
        batch.clear()
        now += WORK_S
        if ending == "stopped":
            feed(RunStopRequested(reason="stopped by hand"))
        for node_id in waiting:
            if run.nodes[node_id].state.is_active:
                is_first = not any(one.state.is_failure for one in run.nodes.values())
                fails = ending == "failed" and is_first and node_id.startswith("job:")
                result = _failure() if fails else _success()
                feed(WorkerExited(key=run.key(node_id), result=result, exit_code=int(fails)))
    yield now, tuple(batch)


def _is_due(node: NodeRun, now: float) -> bool:
    return node.state is NodeState.WAITING and node.last is not None and node.last.is_due(now)


def _start_trigger(triggers: Sequence[Trigger]) -> Trigger:
    starting = [one for one in triggers if one.type is not TriggerType.CONDITIONAL]
    return next((one for one in starting if one.type is TriggerType.SCHEDULED), starting[0])


def _success() -> AttemptResult:
    return AttemptResult(state=NodeState.SUCCEEDED, rows_in=10_412, rows_out=9_981, outputs=("clean.sales",))


def _failure() -> AttemptResult:
    message = 'column "amount": 3 of 10412 values are no numbers, the first one is "12,50" in line 4711 of sales_03.csv'
    return AttemptResult(
        state=NodeState.FAILED,
        error=NodeError(type="ValueError", message=message, location="jobs/clean_sales.py:31"),
    )


def _write_logs(state_dir: Path, run: WorkflowRun) -> None:
    for node_id, node in run.nodes.items():
        for attempt in node.attempts:
            path = Path(log_path(str(state_dir), replace(run.key(node_id), attempt=attempt.attempt)))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("2026-09-01T22:00:00.000Z INFO  one line of many that a job writes\n" * LOG_LINES)
