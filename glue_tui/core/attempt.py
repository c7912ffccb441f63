"""What the engine hands to a worker for one attempt of a node, and what the worker hands back."""

from __future__ import annotations

from dataclasses import dataclass, field

from glue_tui.core.bookmarks import JobSlice
from glue_tui.core.checks import CheckResult
from glue_tui.core.job import Job
from glue_tui.core.model import Connection, Crawler, NodeId, RunId
from glue_tui.core.schema import TableChange
from glue_tui.core.states import NodeState

EXIT_WITHOUT_RESULT = 70
"""Exit code of a worker whose own machinery failed: there is no result, and its log says why, if it could."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptKey:
    run_id: RunId
    node_id: NodeId
    attempt: int
    """1 for the first try. (Glue counts from 0, rule JR-6; people count from 1.)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeError:
    type: str
    """Name of the exception, or `ExitCode`, `Signal`, `Timeout`, `WorkerLost`."""
    message: str
    location: str = ""
    """`jobs/clean_sales.py:31`, the user's own line, where there is one."""
    line: str = ""
    """What is written there; below wrong syntax a caret."""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSpec:
    """Everything a worker needs. Holds no secret: templates on `env` are filled in by the worker."""

    key: AttemptKey
    run_number: int
    workflow: str
    node: Job | Crawler
    connections: tuple[Connection, ...]
    arguments: dict[str, str] = field(default_factory=dict)
    """Effective job arguments, templates not yet filled in."""
    properties: dict[str, str] = field(default_factory=dict)
    property_types: dict[str, str] = field(default_factory=dict)
    """As the workflow declares them: string | integer | number | boolean | date."""
    event_files: tuple[str, ...] = ()
    """Files of the batch that started the run, relative to the project folder: those that are there."""
    deleted_files: tuple[str, ...] = ()
    """Those of the batch that were deleted."""
    scheduled_at: str = ""
    """The moment that a schedule meant (ISO 8601 with the offset of the workflow's zone); empty for other starts."""
    started_by: str = ""
    """Name of the trigger that started this node."""
    project_dir: str
    catalog_path: str
    """SQLite file of the engine's state, to be opened read-only."""
    log_path: str
    result_path: str
    max_attempts: int = 1
    unfinished_in: tuple[RunId, ...] = ()
    """Earlier runs, resumed by this one, in which the node was at work and did not succeed. What an attempt of theirs
    has added before it was killed must not be added twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """Written to `result_path` as the worker's last act. No file, or half of one: it died before its work was done."""

    state: NodeState
    """SUCCEEDED, FAILED, or SKIPPED where there was nothing to do."""
    reason: str = ""
    """Why it was skipped."""
    error: NodeError | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    bytes_in: int | None = None
    """Of the files of the tables that were read, as the catalog knows them."""
    bytes_out: int | None = None
    """Of the files that were written; rows of databases don't count."""
    cpu_s: float | None = None
    """Processor time of all processes of the attempt together."""
    peak_memory_bytes: int | None = None
    """The most that they held at once."""
    tables_read: tuple[str, ...] = ()
    """`database.table` of each table that a job read."""
    tables_written: tuple[str, ...] = ()
    """The same of tables in databases that a job wrote; the catalog learns what is in them by a crawl."""
    table_changes: tuple[TableChange, ...] = ()
    outputs: tuple[str, ...] = ()
    """Paths and database tables published, for people."""
    properties: dict[str, str] = field(default_factory=dict)
    """Run properties that the job set (rule WF-15)."""
    checks: tuple[CheckResult, ...] = ()
    """Of the targets' rows."""
    left_out: int = 0
    """Files, folders and tables that a crawler could not read; its log names them."""
    bookmark: JobSlice | None = None
    """What a job with a bookmark has read, and need not read again."""
    exit_code: int | None = None
    """Of the program that a command job ran, or as a script gave it to `sys.exit`; None for others."""


def log_path(state_dir: str, key: AttemptKey) -> str:
    """Return the path of an attempt's log file."""
    return f"{state_dir}/runs/{key.run_id}/{key.node_id.replace(':', '.')}.{key.attempt}.log"


def result_path(state_dir: str, key: AttemptKey) -> str:
    """Return the path of an attempt's result file."""
    return f"{state_dir}/runs/{key.run_id}/{key.node_id.replace(':', '.')}.{key.attempt}.result.json"
