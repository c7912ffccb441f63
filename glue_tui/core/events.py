"""What was recorded about a run, in the past tense. The fold of a run's events is the run (`core.run.apply`).

Stored for ever: fields may be added with a default, never renamed or removed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from glue_tui.core.attempt import NodeError
from glue_tui.core.checks import CheckResult
from glue_tui.core.model import NodeId, RunId, Workflow
from glue_tui.core.states import NodeState, Outcome, TriggerType, WorkflowRunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCause:
    """Why a run began."""

    trigger: str
    trigger_type: TriggerType
    scheduled_at: float | None = None
    """The due time of a SCHEDULED start."""
    missed: int = 0
    """How many missed moments of the schedule the run stands for; 0 where it began on time."""
    files: tuple[str, ...] = ()
    """The batch of an EVENT start, paths relative to the project folder: those of its files that are there."""
    deleted_files: tuple[str, ...] = ()
    """Those of its files that were deleted."""
    generation: int = 0
    """Of an EVENT start: how many runs in a row stand behind it, each begun by files that changed while the one before
    was at work (`core.loops`)."""
    fired_by: str = ""
    """`size` or `window` for an EVENT start (rule EV-3), `hand` for one fired by a person."""
    crawler: str = ""
    """The one crawler of a run outside its workflow's flow (`core.crawl_alone`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What a resumed run goes on from, and with which definition."""

    number: int
    """Of the run before."""
    as_it_ran: bool = False
    """With the definition that the run before was pinned to, not with the one of now."""
    changes: int = 0
    """How many differences lie between the two; 0 where it is the same one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQueued:
    """A run exists and waits for its turn under `max_concurrent_runs`. Its definition is pinned from here on."""

    run_id: RunId
    number: int
    workflow: Workflow
    cause: StartCause
    properties: dict[str, str] = field(default_factory=dict)
    previous_run_id: str = ""
    restart_node_ids: tuple[NodeId, ...] = ()
    """For a resume: the nodes that start again at once (rule RS-5)."""
    resumed: Resumed | None = None
    """None for a first start, and for a resume of which nobody wrote it down yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCarriedOver:
    """A resumed run took this node over from the run before it (rule RS-6)."""

    node_id: NodeId
    state: NodeState
    from_run_id: RunId
    rows_in: int | None = None
    rows_out: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    outputs: tuple[str, ...] = ()
    skip_reason: str = ""
    """As of NodeRun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerFired:
    trigger: str
    predecessors: tuple[NodeId, ...] = ()
    """Nodes whose states made the predicate true (rule JR-9)."""
    carried_over: bool = False
    """It had fired in the run that this one resumes, and fires no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRuledOut:
    """The trigger can't fire any more in this run."""

    trigger: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSkipped:
    node_id: NodeId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptQueued:
    node_id: NodeId
    attempt: int
    trigger: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    """Effective arguments (rule TR-15), templates unfilled."""
    timeout_s: float | None = None
    not_before: float | None = None
    """Seconds since the epoch: the end of a retry's delay."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarting:
    """A slot was granted; from now on a worker may exist."""

    node_id: NodeId
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRunning:
    node_id: NodeId
    attempt: int
    pid: int
    process_started_at: float
    """With the pid it names the process beyond doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStopRequested:
    node_id: NodeId
    attempt: int
    because: NodeState
    """STOPPED (somebody asked) or TIMEOUT: what the attempt ends as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFinished:
    node_id: NodeId
    attempt: int
    state: NodeState
    error: NodeError | None = None
    exit_code: int | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    cpu_s: float | None = None
    peak_memory_bytes: int | None = None
    outputs: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLost:
    """The worker vanished with the engine before its work was done; tried again on a budget of its own."""

    node_id: NodeId
    attempt: int
    reason: str
    is_charged: bool = True
    """Whether it counts in that budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayNoticed:
    """The attempt is still at work after the job's `notify_delay_after` (rule JR-11)."""

    node_id: NodeId
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinesShifted:
    """The wall clock was set or the machine slept: timeouts, delays and graces of open attempts move with it."""

    by_s: float
    """Negative where the clock was set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFinished:
    """No attempt follows: this is the state that triggers judge (rule JR-8)."""

    node_id: NodeId
    state: NodeState
    reason: str = ""
    """For a node that a stop ended: what became of its work. For one that is SKIPPED: why it found nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertiesPut:
    """A job changed run properties, for this run only (rule WF-15)."""

    node_id: NodeId
    properties: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested:
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    status: WorkflowRunStatus
    outcome: Outcome
    message: str = ""


Event = (
    RunQueued
    | NodeCarriedOver
    | RunStarted
    | TriggerFired
    | TriggerRuledOut
    | NodeSkipped
    | AttemptQueued
    | AttemptStarting
    | AttemptRunning
    | AttemptStopRequested
    | AttemptFinished
    | AttemptLost
    | DelayNoticed
    | DeadlinesShifted
    | NodeFinished
    | PropertiesPut
    | StopRequested
    | RunFinished
)
