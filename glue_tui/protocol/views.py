"""What a client sees: projects, workflows, triggers, runs and nodes as flat, ready-to-show values.

Times are seconds since the epoch, UTC; sizes are bytes. `--json` on the command line prints these shapes as they are.
"""

from __future__ import annotations

import msgspec


class View(msgspec.Struct, frozen=True, kw_only=True):
    pass


class ProblemView(View, frozen=True):
    path: str
    line: int
    key: str
    message: str
    hint: str = ""
    is_warning: bool = False


class EdgeView(View, frozen=True):
    """From a trigger to the node it starts, or from a node to the trigger that watches it (rule WF-2)."""

    source: str
    destination: str
    label: str = ""
    """For an edge into a trigger the state it listens for: `SUCCEEDED`, `FAILED`."""


class NodeDefinition(View, frozen=True):
    node_id: str
    """`job:clean_sales` or `crawler:landing_sales`."""
    name: str
    kind: str
    """crawler | python | sql | command | dashboard"""
    description: str = ""
    source: str = ""
    """Script path, or the first line of the query or command."""
    max_attempts: int = 1


class PropertyDefinition(View, frozen=True):
    name: str
    type: str
    default: str | None
    choices: tuple[str, ...] = ()
    description: str = ""


class TriggerView(View, frozen=True):
    """A trigger of a loaded workflow, outside any run."""

    workflow: str
    name: str
    type: str
    """SCHEDULED | CONDITIONAL | ON_DEMAND | EVENT"""
    state: str
    """CREATED | ACTIVATED | DEACTIVATED"""
    description: str = ""
    schedule: str = ""
    next_fire_at: float | None = None
    missed_runs: str = ""
    """Of a schedule: run_once | skip | run_all."""
    done_until: float | None = None
    """Of a schedule: until when its moments have been taken care of, at first since it was read, changed or enabled."""
    watch: tuple[str, ...] = ()
    batch_size: int = 0
    batch_files: int = 0
    """Settled files waiting in the batch."""
    settling_files: int = 0
    window_closes_at: float | None = None
    events: tuple[str, ...] = ()
    """Of a trigger that watches files: created | modified | deleted, those that start something."""
    logical: str = ""
    conditions: tuple[str, ...] = ()
    """`clean_sales SUCCEEDED`, in order."""
    actions: tuple[str, ...] = ()
    """Node ids."""
    notes: tuple[str, ...] = ()
    """What keeps it from working as usual, in words: `polled every 5 s: nfs tells of no changes`."""


class ErrorView(View, frozen=True):
    type: str
    message: str
    location: str = ""
    line: str = ""
    """What is written at `location`; a second line has a caret where the syntax is wrong."""
    hint: str = ""


class AttemptView(View, frozen=True):
    attempt: int
    state: str
    queued_at: float
    started_at: float | None = None
    finished_at: float | None = None
    error: ErrorView | None = None
    exit_code: int | None = None
    cpu_s: float | None = None
    peak_memory_bytes: int | None = None
    log_path: str = ""
    """Absolute; a client reads it by offset."""


class NodeView(View, frozen=True):
    """A job or crawler in one run."""

    node_id: str
    name: str
    kind: str
    state: str
    """NodeState: PENDING, WAITING, … SKIPPED."""
    glue_state: str = ""
    """Glue's word: JobRunState or CrawlState; empty where the node has not run, or was skipped."""
    reason: str = ""
    """Why it waits, was skipped, or was carried over."""
    warning: str = ""
    """What is odd about it while it is at work: that it takes longer than its `notify_delay_after`."""
    attempt: int = 0
    max_attempts: int = 1
    started_by: str = ""
    """Trigger that started it."""
    queued_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    error: ErrorView | None = None
    exit_code: int | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    bytes_in: int | None = None
    """Of the files of the tables read."""
    bytes_out: int | None = None
    """Of the files written."""
    cpu_s: float | None = None
    """Processor time of all processes of its last attempt, as `peak_memory_bytes`: the most they held at once."""
    peak_memory_bytes: int | None = None
    outputs: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    """A line for each check of a target that rows have failed without ending the job."""
    left_out: int = 0
    """Files, folders and tables that a crawler could not read; its log names them."""
    attempts: tuple[AttemptView, ...] = ()
    carried_from: str = ""
    """Run id from which a resumed run took this node over."""
    progress: float | None = None
    """0–1 while it runs and the job says so."""


class TriggerRunView(View, frozen=True):
    """A trigger in one run."""

    name: str
    type: str
    state: str
    """WAITING | FIRED | NEVER"""
    fired_at: float | None = None
    reason: str = ""
    met: int = 0
    """Conditions that hold."""
    total: int = 0
    logical: str = ""
    """AND | ANY; empty without conditions. What they are, `RunView.edges` tells."""
    predecessors: tuple[str, ...] = ()
    """Ids of the nodes whose states made it fire."""
    was_paused: bool = False
    """When the run was asked for: then it does not fire in it."""
    carried_over: bool = False
    """It had fired in the run that this one resumes."""
    fired_by: str = ""
    """Of the trigger that started the run: size | window for a batch of files, hand; empty for a schedule."""
    scheduled_at: float | None = None
    """Of a schedule that started the run: when it was due."""
    missed: int = 0
    """How many missed moments of the schedule the run stands for."""


class StatisticsView(View, frozen=True):
    """Glue's WorkflowRunStatistics (rule WF-13), and what was skipped."""

    total: int = 0
    running: int = 0
    waiting: int = 0
    succeeded: int = 0
    failed: int = 0
    timeout: int = 0
    stopped: int = 0
    errored: int = 0
    skipped: int = 0


class ResumedView(View, frozen=True):
    """What a resumed run goes on from."""

    number: int
    """Of the run before."""
    as_it_ran: bool = False
    """With that run's own definition, not with the one of now."""
    changes: int = 0
    """Differences between the two definitions."""


class RunSummary(View, frozen=True):
    run_id: str
    number: int
    """Counts up over the project: what people type."""
    workflow: str
    status: str
    """WorkflowRunStatus; COMPLETED is not success."""
    outcome: str
    """SUCCEEDED | RECOVERED | FAILED | STOPPED | ERROR; empty while it runs."""
    trigger: str
    """Trigger that started it."""
    trigger_type: str
    queued_at: float
    started_at: float | None = None
    """None while it waits for an earlier run (`on_overlap = "queue"`)."""
    finished_at: float | None = None
    previous_run_id: str = ""
    resumed: ResumedView | None = None
    message: str = ""
    statistics: StatisticsView = StatisticsView()
    failed_nodes: tuple[str, ...] = ()
    event_files: tuple[str, ...] = ()
    deleted_files: tuple[str, ...] = ()
    """Those of the batch that started the run that were deleted."""
    scheduled_at: float | None = None
    """The moment that a schedule meant; None for other starts."""
    missed: int = 0
    """How many missed moments of the schedule the run stands for; 0 where it began on time."""
    crawler: str = ""
    """The one crawler of a run outside its workflow's flow; empty for all others."""
    rings_on: tuple[str, ...] = ()
    """On what its definition has an open screen ring: outcomes, DELAYED."""
    properties: dict[str, str] = {}
    """Those that are not the defaults, the first eight, long values cut; `RunView` has them all, and whole."""


class RunView(View, frozen=True):
    summary: RunSummary
    nodes: tuple[NodeView, ...]
    """In the order of the definition file's flow: what starts earlier stands earlier."""
    triggers: tuple[TriggerRunView, ...]
    edges: tuple[EdgeView, ...]
    properties: dict[str, str] = {}


class NotificationView(View, frozen=True):
    """One of a workflow's `[[notifications]]`."""

    on: tuple[str, ...]
    way: str
    """url | command | terminal"""
    target: str = ""
    """The program, or the URL without its secrets."""


class WorkflowView(View, frozen=True):
    name: str
    source: str
    description: str = ""
    is_broken: bool = False
    """The file on disk has errors; the last good version, if any, is in force."""
    is_loaded: bool = True
    """False: there never was a good version."""
    problems: tuple[ProblemView, ...] = ()
    triggers: tuple[TriggerView, ...] = ()
    nodes: tuple[NodeDefinition, ...] = ()
    edges: tuple[EdgeView, ...] = ()
    properties: tuple[PropertyDefinition, ...] = ()
    max_concurrent_runs: int = 0
    on_overlap: str = "queue"
    """queue | skip | cancel_previous | error: what a start does at that limit."""
    timezone: str = "UTC"
    last_run_id: str = ""
    notifications: tuple[NotificationView, ...] = ()


class EngineView(View, frozen=True):
    pid: int
    started_at: float
    version: str
    project_dir: str
    slots: int
    """Worker processes at a time."""
    message: str = ""
    """What hinders it: a full disk, a held start."""
    is_held: bool = False
    """After repeated crashes: schedules and files start nothing until somebody releases it."""


class ProjectView(View, frozen=True):
    engine: EngineView
    workflows: tuple[WorkflowView, ...]
    runs: tuple[RunView, ...]
    """The last run of every workflow, and every run that is not over."""


class StoryLine(View, frozen=True):
    """One event of a run's history."""

    at: float
    kind: str
    text: str
    node_id: str = ""
    """The node that it happened to; empty for what happened to the run or a trigger."""
    attempt: int = 0
    """Of an event of an attempt: which."""


class EventView(View, frozen=True):
    """One event of a run's history as it is stored, for programs, and in words."""

    run_id: str
    number: int
    workflow: str
    seq: int
    """Counts from 1 within the run."""
    at: float
    kind: str
    """Name of the event: `AttemptFinished`."""
    text: str
    node_id: str = ""
    body: msgspec.Raw = msgspec.Raw(b"{}")
    """The event's own fields; `is` repeats the kind."""


class NodeOfRun(View, frozen=True):
    """One node in one run of a workflow's history."""

    run: RunSummary
    node: NodeView


# Feed: what a subscriber is told, a Snapshot first, then changes in commit order.


class Snapshot(View, frozen=True, tag=True):
    project: ProjectView


class WorkflowsChanged(View, frozen=True, tag=True):
    """All workflows as they are now; replaces the list."""

    workflows: tuple[WorkflowView, ...]
    changed: tuple[str, ...] = ()
    """Those of them that are new, or of which another version is in force."""
    renamed: dict[str, str] = {}
    """What workflows were called until now, by their new names."""


class TriggersChanged(View, frozen=True, tag=True):
    """Triggers whose state, next fire or batch changed."""

    triggers: tuple[TriggerView, ...]


class RunOpened(View, frozen=True, tag=True):
    """A run the client has not seen: whole."""

    run: RunView


class RunChanged(View, frozen=True, tag=True):
    """The run's summary, and those of its nodes and triggers that changed."""

    summary: RunSummary
    nodes: tuple[NodeView, ...] = ()
    triggers: tuple[TriggerRunView, ...] = ()


class NodeProgress(View, frozen=True, tag=True):
    run_id: str
    node_id: str
    progress: float | None


class EngineChanged(View, frozen=True, tag=True):
    engine: EngineView


class DeliveryTold(View, frozen=True, tag=True):
    """A notification about a run was sent, or was not and why; the run's story has it from now on."""

    run_id: str
    state: str
    """SENT | PENDING, to be tried again | FAILED, given up"""
    reason: str = ""


FeedMessage = (
    Snapshot | WorkflowsChanged | TriggersChanged | RunOpened | RunChanged | NodeProgress | EngineChanged | DeliveryTold
)
