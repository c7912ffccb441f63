"""What a notification tells: what became of a run, what failed in it and why, and which command shows more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from glue_tui.core.job import Job
from glue_tui.core.lengths import duration
from glue_tui.core.model import NodeId, Workflow, node_name
from glue_tui.core.run import NodeRun, WorkflowRun
from glue_tui.core.schedule import iso_text
from glue_tui.core.states import Occasion
from glue_tui.jobs.templates import event_names, run_names

ERROR_CHARS_MAX = 300
"""Of the first line of an error's message."""
LAST_LINES_MAX = 3
FAILED_SHOWN_MAX = 5
"""In our own words; templates and commands get all."""
SAMPLE_RUN_ID = "wr_0000000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedNode:
    """A job or crawler that failed, as its last attempt ended; as text the one line that says it."""

    name: str
    state: str
    tries: int = 1
    type: str = ""
    """Of the error: `ColumnNotFoundError`, `ExitCode`."""
    message: str = ""
    """Whole, maybe of many lines."""
    location: str = ""
    hint: str = ""

    @property
    def error(self) -> str:
        """Type, first line of the message, and the place in the user's own code."""
        first = self.message.strip().partition("\n")[0][:ERROR_CHARS_MAX]
        place = f" — {self.location}" if self.location else ""
        return ": ".join(part for part in (self.type, first) if part) + place

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines of the message below its first: of a program that failed, what it said last."""
        below = [line for line in self.message.strip().split("\n")[1:] if line.strip()]
        return tuple(line[:ERROR_CHARS_MAX] for line in below[-LAST_LINES_MAX:])

    def __str__(self) -> str:
        tries = f" after {self.tries} tries" if self.tries > 1 else ""
        return f"{self.name} {self.state}{tries}: {self.error}" if self.error else f"{self.name} {self.state}{tries}"


class Failed(tuple[FailedNode, ...]):
    """All that failed: a list in a loop, one line for each in plain text."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a run at the moment of sending."""

    project_dir: str
    workflow: str
    run_id: str
    run_number: int
    occasion: Occasion
    trigger: str
    scheduled_at: str
    """Due time of the schedule that started it, with its zone's offset; empty where none did."""
    started_at: float | None
    finished_at: float | None
    duration_s: float
    failed: Failed
    reason: str
    """What the run itself says of its end: who stopped it, why it could not start; or which job takes long."""
    properties: Mapping[str, str]
    event_files: tuple[str, ...]
    deleted_files: tuple[str, ...]

    @property
    def logs(self) -> str:
        return f"glue-tui logs {self.run_number}"

    @property
    def retry(self) -> str:
        return f"glue-tui retry {self.run_number}"

    def names(self) -> dict[str, object]:
        """Return what a template may say: `core.notices.NOTICE_NAMES` and what every template knows of a run."""
        return {
            "workflow": self.workflow,
            "project": Path(self.project_dir).name,
            "outcome": self.occasion.value,
            "trigger": self.trigger,
            "duration": duration(self.duration_s),
            "failed": self.failed,
            "reason": self.reason,
            "logs": self.logs,
            "retry": self.retry,
            "run": run_names(self.run_id, self.run_number, self.scheduled_at),
            "properties": self.properties,
            "event": event_names(self.event_files, self.deleted_files),
        }


def facts_of(run: WorkflowRun, occasion: Occasion, node_id: NodeId | None, project_dir: str, now: float) -> Facts:
    """Return the facts of a run; `node_id` is the job that takes long. `now` in seconds since the epoch."""
    began = run.started_at if run.started_at is not None else run.queued_at
    return Facts(
        project_dir=project_dir,
        workflow=run.workflow.name,
        run_id=run.run_id,
        run_number=run.number,
        occasion=occasion,
        trigger=run.cause.trigger,
        scheduled_at=iso_text(run.cause.scheduled_at, run.workflow.timezone),
        started_at=run.started_at,
        finished_at=run.finished_at,
        duration_s=(run.finished_at if run.finished_at is not None else now) - began,
        failed=Failed(_failed_node(node) for node in run.nodes.values() if node.state.is_failure),
        reason=run.message if node_id is None else _delay_text(run, node_id),
        properties=run.properties,
        event_files=run.cause.files,
        deleted_files=run.cause.deleted_files,
    )


def sample_facts(workflow: Workflow, occasion: Occasion, project_dir: str, now: float) -> Facts:
    """Return the facts of a run that never was, for a person who wants to see whether a notification arrives."""
    name = workflow.jobs[0].name if workflow.jobs else "some_job"
    error = FailedNode(name=name, state="FAILED", type="SampleError", message="nothing failed, this is a test")
    has_failed = occasion in (Occasion.FAILED, Occasion.RECOVERED, Occasion.ERROR)
    return Facts(
        project_dir=project_dir,
        workflow=workflow.name,
        run_id=SAMPLE_RUN_ID,
        run_number=0,
        occasion=occasion,
        trigger=workflow.triggers[0].name if workflow.triggers else "by_hand",
        scheduled_at=iso_text(now, workflow.timezone),
        started_at=now - 83.0,
        finished_at=now,
        duration_s=83.0,
        failed=Failed((error,) if has_failed else ()),
        reason="nothing happened, this is a test",
        properties={one.name: one.default or "" for one in workflow.properties},
        event_files=(),
        deleted_files=(),
    )


def _failed_node(node: NodeRun) -> FailedNode:
    last, error = node.last, node.last.error if node.last else None
    return FailedNode(
        name=node_name(node.node_id),
        state=node.state.value,
        tries=last.attempt if last else 1,
        type=error.type if error else "",
        message=error.message if error else node.reason,
        location=error.location if error else "",
        hint=error.hint if error else "",
    )


def _delay_text(run: WorkflowRun, node_id: NodeId) -> str:
    job = run.workflow.node(node_id)
    after_s = job.notify_delay_after_s if isinstance(job, Job) else None
    limit = f" after {duration(after_s)}" if after_s is not None else ""
    return f"{node_name(node_id)} is still at work{limit}"
