"""A workflow as the engine knows it: what a valid definition file says, as frozen values with durations in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from posixpath import normpath
from typing import NewType

from glue_tui.core.globs import glob_pattern
from glue_tui.core.job import Job
from glue_tui.core.states import (
    DeleteBehavior,
    FileChange,
    Logical,
    MissedRuns,
    NodeState,
    NodeType,
    NotificationWay,
    Occasion,
    OnOverlap,
    RecrawlBehavior,
    TableGrouping,
    TriggerType,
    UpdateBehavior,
    judged_state,
)

RunId = NewType("RunId", str)
"""`wr_` and 16 hexadecimal digits, like Glue's `wr_…`; people use the run's number instead."""
NodeId = NewType("NodeId", str)
"""`job:NAME` or `crawler:NAME`: a job and a crawler may share a name."""


def job_id(name: str) -> NodeId:
    return NodeId(f"job:{name}")


def crawler_id(name: str) -> NodeId:
    return NodeId(f"crawler:{name}")


def node_name(node_id: NodeId) -> str:
    return node_id.split(":", 1)[1]


def node_type(node_id: NodeId) -> NodeType:
    return NodeType.JOB if node_id.startswith("job:") else NodeType.CRAWLER


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A run property: a plain string as in Glue, or a typed one that is checked when a run starts."""

    name: str
    type: str = "string"
    """string | integer | number | boolean | date"""
    default: str | None = None
    """As text; for a date also `today` or `yesterday`. None: every run must say it."""
    choices: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    name: str
    url: str
    """May hold templates such as `{{ env.PASSWORD }}`, which only the worker fills in: never a secret here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Start one job or crawler."""

    node_id: NodeId
    arguments: dict[str, str] = field(default_factory=dict)
    """Merged over the job's own, key by key (rule TR-15)."""
    timeout_s: float | None = None
    """Overrides the job's (rule TR-15)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    node_id: NodeId
    state: NodeState | None
    """None: ANY_TERMINAL, which Glue has not: however the node ended, ERROR too, unless it was skipped."""

    def holds_for(self, state: NodeState) -> bool:
        """Tell whether it is true of a node that ended in `state`."""
        if self.state is None:
            return state is not NodeState.SKIPPED
        return judged_state(node_type(self.node_id), state) is self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    logical: Logical
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWatch:
    """What an EVENT trigger watches, with Glue's EventBatchingCondition."""

    patterns: tuple[str, ...]
    """Globs relative to the project folder; `**` crosses folders."""
    batch_size: int = 1
    batch_window_s: float = 900.0
    """Rule EV-1: with a size given and no window, 900 s."""
    settle_s: float = 0.5
    """A file counts once its size and modification time have held for so long."""
    poll_s: float | None = None
    """Everything is looked at so often besides; None: only where the system tells of no changes."""
    events: tuple[FileChange, ...] = (FileChange.CREATED, FileChange.MODIFIED)
    """The kinds of changes that start something."""
    allow_loop: bool = False
    """Its runs may write what it watches: that is meant."""

    def matches(self, path: str) -> bool:
        """Tell whether a file of this path is watched; `path` is relative to the project folder."""
        return any(glob_pattern(pattern).match(path) for pattern in self.patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Glue's Trigger shape: which of `schedule`, `predicate` and `watch` is set follows from `type`."""

    name: str
    type: TriggerType
    actions: tuple[Action, ...]
    enabled: bool = True
    description: str = ""
    schedule: str | None = None
    """`cron(…)` with Glue's six fields, or `rate(…)`."""
    missed_runs: MissedRuns = MissedRuns.RUN_ONCE
    """Of a schedule."""
    predicate: Predicate | None = None
    watch: FileWatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """What the user says of the files of a target; None or empty is to be found out (rules CL-8 to CL-11)."""

    format: str | None = None
    """csv | json | parquet | avro | ipc | excel | log"""
    delimiter: str | None = None
    quote: str | None = None
    """Empty: quotes mean nothing."""
    escape: str | None = None
    comment: str | None = None
    header: bool | None = None
    columns: tuple[str, ...] = ()
    """Names that replace those of the header, or stand in for one."""
    skip_lines: int | None = None
    skip_footer_lines: int | None = None
    encoding: str | None = None
    decimal: str | None = None
    day_first: bool | None = None
    """Whether 01/02/2025 is the first of February."""
    forms: tuple[tuple[str, str], ...] = ()
    """Column names with the strptime form that their dates or times are written in."""
    nulls: tuple[str, ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    """Column names with the Glue types that they have, whatever the values look like."""
    records: str | None = None
    """JSON path of the records, such as `$.items[*]` (rule CL-9)."""
    sheet: str | None = None
    pattern: str | None = None
    """Grok, such as `%{IP:client} %{NUMBER:bytes:long}` (rule CL-11)."""
    patterns: tuple[tuple[str, str], ...] = ()
    """Grok patterns of the user's own: name and regular expression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTarget:
    """Files below a folder."""

    path: str
    exclude: tuple[str, ...] = ()
    """Globs relative to `path` (rule GR-9)."""
    connection: str = ""
    """Of an `s3://` path: the connection that says endpoint and credentials. Empty: the environment does."""
    classifier: Classifier = Classifier()

    @property
    def level(self) -> int:
        """How many folders its path has; the bucket, or the first folder, is level 1 (rule GR-4)."""
        path = normpath(self.path.partition("://")[2] or self.path)
        return len([part for part in path.split("/") if part not in ("", ".")])


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTarget:
    """Tables of a database behind a connection."""

    connection: str
    include: str = "%"
    """SQL LIKE pattern of table names."""


CrawlTarget = FolderTarget | DatabaseTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawler:
    name: str
    database: str
    """Catalog database that gets the tables; lower case (rule CT-1)."""
    targets: tuple[CrawlTarget, ...]
    table_prefix: str = ""
    table_grouping: TableGrouping | None = None
    table_level: int | None = None
    """Tables are the folders at this level (rule GR-4)."""
    table_threshold: int | None = None
    """A crawl that finds more tables writes nothing (rule CR-12)."""
    recrawl: RecrawlBehavior = RecrawlBehavior.CRAWL_CHANGED
    update_behavior: UpdateBehavior = UpdateBehavior.UPDATE_IN_DATABASE
    delete_behavior: DeleteBehavior = DeleteBehavior.DEPRECATE_IN_DATABASE
    description: str = ""
    timeout_s: float | None = None
    max_retries: int = 0
    retry_delay_s: float = 0.0


def runs_at_once_max(node: Job | Crawler) -> float:
    """Return how many runs of a workflow may have this node at work (rules JR-3, CR-1); infinity where unlimited."""
    if isinstance(node, Crawler):
        return 1
    return node.max_concurrent_runs or math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLimits:
    """What is kept of a workflow's finished runs, their events and logs. A run beyond either limit goes."""

    keep_runs: int = 0
    """The newest so many; 0 = all."""
    keep_for_s: float = 0.0
    """Since their end; 0 = for ever."""

    @property
    def is_unlimited(self) -> bool:
        return not self.keep_runs and not self.keep_for_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Whom to tell when a run ends so. Exactly one of `url`, `command` and `terminal` is set."""

    on: tuple[Occasion, ...]
    url: str = ""
    """Of Apprise. Templates are filled in at each sending: never a secret here."""
    command: tuple[str, ...] = ()
    """Program and arguments, which may hold templates; no shell."""
    terminal: bool = False
    """Every screen that is open on the project."""
    title: str = ""
    """Template; empty: words of our own, as for `message`."""
    message: str = ""

    @property
    def way(self) -> NotificationWay:
        if self.terminal:
            return NotificationWay.TERMINAL
        return NotificationWay.URL if self.url else NotificationWay.COMMAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One definition file. A run pins the whole of it."""

    name: str
    source: str
    """Path of the file relative to the project folder."""
    description: str = ""
    max_concurrent_runs: int = 0
    """0 = unlimited (rule WF-14)."""
    on_overlap: OnOverlap = OnOverlap.QUEUE
    timezone: str = "UTC"
    properties: tuple[Property, ...] = ()
    connections: tuple[Connection, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    crawlers: tuple[Crawler, ...] = ()
    jobs: tuple[Job, ...] = ()
    history: HistoryLimits = HistoryLimits()
    notifications: tuple[Notification, ...] = ()

    def trigger(self, name: str) -> Trigger | None:
        return next((trigger for trigger in self.triggers if trigger.name == name), None)

    def node(self, node_id: NodeId) -> Job | Crawler | None:
        nodes: tuple[Job | Crawler, ...] = self.jobs if node_type(node_id) is NodeType.JOB else self.crawlers
        name = node_name(node_id)
        return next((node for node in nodes if node.name == name), None)
