"""States of runs, nodes and triggers in Glue's words, and which transitions exist, as data."""

from __future__ import annotations

from enum import StrEnum


class WorkflowRunStatus(StrEnum):
    """Glue's status of a workflow run. COMPLETED is not success (rule WF-11): read the `Outcome` for that."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    ERROR = "ERROR"

    @property
    def is_over(self) -> bool:
        return self in (WorkflowRunStatus.COMPLETED, WorkflowRunStatus.STOPPED, WorkflowRunStatus.ERROR)


class Outcome(StrEnum):
    """What became of a finished run, which Glue does not say."""

    SUCCEEDED = "SUCCEEDED"
    """Every node that ran succeeded."""
    RECOVERED = "RECOVERED"
    """A node failed, and for each such node a trigger that listens for the failure fired."""
    FAILED = "FAILED"
    """A node failed and nothing handled it."""
    STOPPED = "STOPPED"
    """Somebody stopped the run."""
    ERROR = "ERROR"
    """Our machinery failed, not the user's work, or the run could not start."""


class Occasion(StrEnum):
    """What a notification can be sent on: every outcome of a run, and a job that takes long."""

    SUCCEEDED = "SUCCEEDED"
    RECOVERED = "RECOVERED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"
    ERROR = "ERROR"
    DELAYED = "DELAYED"
    """A job is still at work after its `notify_delay_after` (rule JR-11)."""


class NotificationWay(StrEnum):
    """How a notification reaches somebody; the words are those of a definition."""

    URL = "url"
    COMMAND = "command"
    TERMINAL = "terminal"


class DeliveryState(StrEnum):
    """What became of one notification about one run."""

    PENDING = "PENDING"
    """To be sent, for the first time or again."""
    SENT = "SENT"
    FAILED = "FAILED"
    """Given up; the reason stands beside it."""
    MISSED = "MISSED"
    """No engine was there to send it while it was news."""


class NodeType(StrEnum):
    CRAWLER = "CRAWLER"
    JOB = "JOB"


class NodeState(StrEnum):
    """State of a job or crawler inside one run. FAILED means the user's work failed, ERROR means ours did."""

    PENDING = "PENDING"
    """No trigger has started it yet."""
    WAITING = "WAITING"
    """Queued for a slot, or for the delay before a retry."""
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"
    STOPPED = "STOPPED"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"
    """It did nothing: no trigger can start it any more in this run, or it ran and found nothing to do. The reason is
    kept beside it."""

    @property
    def is_active(self) -> bool:
        """A worker process exists or is about to."""
        return self in (NodeState.STARTING, NodeState.RUNNING, NodeState.STOPPING)

    @property
    def is_over(self) -> bool:
        return self in FINAL_NODE_STATES

    @property
    def is_failure(self) -> bool:
        return self in (NodeState.FAILED, NodeState.TIMEOUT, NodeState.STOPPED, NodeState.ERROR)


FINAL_NODE_STATES = frozenset(
    {
        NodeState.SUCCEEDED,
        NodeState.FAILED,
        NodeState.TIMEOUT,
        NodeState.STOPPED,
        NodeState.ERROR,
        NodeState.SKIPPED,
    }
)

NODE_TRANSITIONS: dict[NodeState, frozenset[NodeState]] = {
    NodeState.PENDING: frozenset({NodeState.WAITING, NodeState.SKIPPED}),
    NodeState.WAITING: frozenset({NodeState.STARTING, NodeState.STOPPED, NodeState.ERROR}),
    NodeState.STARTING: frozenset(
        {
            NodeState.RUNNING,
            NodeState.STOPPING,
            NodeState.WAITING,
            NodeState.SUCCEEDED,
            NodeState.SKIPPED,
            NodeState.FAILED,
            NodeState.ERROR,
        }
    ),
    NodeState.RUNNING: frozenset(
        {
            NodeState.STOPPING,
            NodeState.WAITING,
            NodeState.SUCCEEDED,
            NodeState.SKIPPED,
            NodeState.FAILED,
            NodeState.ERROR,
        }
    ),
    NodeState.STOPPING: frozenset(
        {NodeState.STOPPED, NodeState.TIMEOUT, NodeState.SUCCEEDED, NodeState.SKIPPED, NodeState.ERROR}
    ),
    **{state: frozenset() for state in FINAL_NODE_STATES},
}
"""What may follow what inside one run; a node carried over from another run is in its final state from the beginning.
Back to WAITING goes a node whose attempt failed or was lost and that is tried again."""

LISTENABLE_JOB_STATES = (NodeState.SUCCEEDED, NodeState.STOPPED, NodeState.FAILED, NodeState.TIMEOUT)
"""Rule TR-8."""
LISTENABLE_CRAWLER_STATES = (NodeState.SUCCEEDED, NodeState.FAILED, NodeState.STOPPED)
"""Rule TR-8; a stopped crawl is called CANCELLED in a definition, as in Glue."""


ANY_TERMINAL = "ANY_TERMINAL"
"""Ours: what a condition says that holds however its node ended. SKIPPED is no end: such a node did nothing."""


LISTENABLE_WORDS = (*(state.value for state in LISTENABLE_JOB_STATES), "CANCELLED", ANY_TERMINAL)
"""What the `state` of a condition may say: of a job, or of a crawler."""


class TriggerType(StrEnum):
    SCHEDULED = "SCHEDULED"
    CONDITIONAL = "CONDITIONAL"
    ON_DEMAND = "ON_DEMAND"
    EVENT = "EVENT"

    @property
    def starts_runs(self) -> bool:
        return self is not TriggerType.CONDITIONAL


class TriggerState(StrEnum):
    """Whether a trigger may fire. Every type can be paused here; Glue cannot pause EVENT ones (rule TR-4)."""

    CREATED = "CREATED"
    """An ON_DEMAND trigger, which waits for a hand (rule TR-3)."""
    ACTIVATED = "ACTIVATED"
    DEACTIVATED = "DEACTIVATED"


class TriggerRunState(StrEnum):
    """What a trigger has done inside one run."""

    WAITING = "WAITING"
    FIRED = "FIRED"
    NEVER = "NEVER"
    """Its predicate can't come true any more in this run, or it is a start trigger that did not start this run."""


class BookmarkOption(StrEnum):
    """Whether a job reads only what is new since its last success (rules BK-1, BK-2)."""

    ENABLE = "enable"
    """Only what is new; a success makes it old."""
    DISABLE = "disable"
    """Everything, and nothing is remembered."""
    PAUSE = "pause"
    """Only what is new, or what two earlier runs enclose (rule BK-3); nothing is remembered."""


class FailedCheck(StrEnum):
    """What becomes of a target's rows that a check does not let pass."""

    FAIL = "fail"
    """The job fails, and nothing of it is published."""
    WARN = "warn"
    """They are published, and the log tells how many they are."""
    DIVERT = "divert"
    """They go to the side table of the target, each with its reason."""


class Logical(StrEnum):
    AND = "AND"
    ANY = "ANY"


class FileChange(StrEnum):
    """How a version of a watched file came about."""

    CREATED = "created"
    MODIFIED = "modified"
    DELETED = "deleted"


class OnOverlap(StrEnum):
    """What happens to a start when `max_concurrent_runs` runs are already going."""

    QUEUE = "queue"
    SKIP = "skip"
    CANCEL_PREVIOUS = "cancel_previous"
    ERROR = "error"
    """Glue's way: the start is refused (rule WF-14)."""


class MissedRuns(StrEnum):
    """What becomes of a schedule's moments for which no engine was at work."""

    RUN_ONCE = "run_once"
    """One run for all of them, that of the newest."""
    SKIP = "skip"
    RUN_ALL = "run_all"
    """One run each, oldest first."""


class RecrawlBehavior(StrEnum):
    CRAWL_EVERYTHING = "CRAWL_EVERYTHING"
    CRAWL_NEW_FOLDERS_ONLY = "CRAWL_NEW_FOLDERS_ONLY"
    CRAWL_CHANGED = "CRAWL_CHANGED"


class UpdateBehavior(StrEnum):
    LOG = "LOG"
    UPDATE_IN_DATABASE = "UPDATE_IN_DATABASE"
    MERGE_NEW_COLUMNS = "MERGE_NEW_COLUMNS"
    """Glue's AddOrUpdateBehavior MergeNewColumns (rule SC-5)."""


class PartitionBehavior(StrEnum):
    INHERIT_FROM_TABLE = "INHERIT_FROM_TABLE"
    """Rule SC-6. It is always so here: a partition has no schema beside its table's."""


class TableGrouping(StrEnum):
    COMBINE_COMPATIBLE_SCHEMAS = "COMBINE_COMPATIBLE_SCHEMAS"
    """Rule GR-3."""


class DeleteBehavior(StrEnum):
    LOG = "LOG"
    DELETE_FROM_DATABASE = "DELETE_FROM_DATABASE"
    DEPRECATE_IN_DATABASE = "DEPRECATE_IN_DATABASE"


def glue_state(node_type: NodeType, state: NodeState) -> str:
    """Return Glue's own word for a node's state: `JobRunState` or `CrawlState`; empty for a node that has not run."""
    if state in (NodeState.PENDING, NodeState.SKIPPED):
        return ""
    if node_type is NodeType.JOB:
        return state.value
    return {NodeState.STOPPING: "CANCELLING", NodeState.STOPPED: "CANCELLED", NodeState.TIMEOUT: "FAILED"}.get(
        state, "RUNNING" if state in (NodeState.WAITING, NodeState.STARTING) else state.value
    )


def state_word(node_type: NodeType, state: NodeState) -> str:
    """Return the word by which a condition listens for a state: a stopped crawl is CANCELLED, as in Glue."""
    return "CANCELLED" if node_type is NodeType.CRAWLER and state is NodeState.STOPPED else state.value


def judged_state(node_type: NodeType, state: NodeState) -> NodeState:
    """Return what conditions take the end of a node for: Glue's CrawlState has no TIMEOUT, such a crawl has FAILED."""
    return NodeState.FAILED if node_type is NodeType.CRAWLER and state is NodeState.TIMEOUT else state


def word_holds(word: str, node_type: NodeType, state: NodeState) -> bool:
    """Tell whether a condition with this word is true of a node that ended in `state`."""
    if word == ANY_TERMINAL:
        return state.is_over and state is not NodeState.SKIPPED
    return word == state_word(node_type, judged_state(node_type, state))
