"""A job as its definition says it: what it does, where it writes, what has to be true of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from glue_tui.core.states import BookmarkOption, FailedCheck


class JobType(StrEnum):
    """The definition's words for the kinds of jobs."""

    PYTHON = "python"
    SQL = "sql"
    COMMAND = "command"
    DASHBOARD = "dashboard"
    SPARK = "spark"
    SCALA = "scala"


WITH_BOOKMARK = (JobType.PYTHON, JobType.SQL, JobType.SPARK, JobType.SCALA)
"""Types of jobs whose tables are read through us, so that a bookmark knows what they have read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What has to be true of a target's rows before they are published."""

    text: str
    """`unique order_id`, `customer_id not null`, or a condition in SQL such as `amount >= 0`."""
    on_failure: FailedCheck = FailedCheck.FAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class SideTable:
    """Where the rows of a target go that may not be published: a catalog table with their reason added, as parquet."""

    table: str
    """`database.table`."""
    path: str
    connection: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSink:
    """Files of one catalog table. `mode` is overwrite | append | overwrite_partitions, of delta also upsert."""

    table: str
    """`database.table`."""
    path: str
    """A folder, or `s3://bucket/prefix`."""
    connection: str = ""
    """Of an `s3://` path: the connection that says endpoint and credentials. Empty: the environment does."""
    format: str = "parquet"
    """parquet | csv | json (a record a line) | ipc | delta | iceberg"""
    mode: str = "overwrite"
    partition_by: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """Columns that make a row the same; of upsert."""
    checks: tuple[Check, ...] = ()
    rejects: SideTable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSink:
    """A table of a database. `mode` is overwrite | append | overwrite_partitions | upsert."""

    connection: str
    table: str
    mode: str = "overwrite"
    keys: tuple[str, ...] = ()
    """Columns that make a row the same; of upsert."""
    partition_by: tuple[str, ...] = ()
    """Columns whose values say which rows overwrite_partitions replaces."""
    checks: tuple[Check, ...] = ()
    rejects: SideTable | None = None


Sink = TableSink | DatabaseSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    title: str
    kind: str
    """line | bar | number | table"""
    query: str
    """polars SQL over catalog tables; may hold templates."""
    x: str = ""
    y: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonWork:
    script: str
    """Relative to the `workflows/` folder's project file, resolved to a path relative to the project folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkSettings:
    """How spark-submit is called; every text may hold templates."""

    master: str = "local[*]"
    """`local[N]`, `spark://host:port`, `yarn` or `k8s://…`."""
    packages: tuple[str, ...] = ()
    """Maven coordinates, `group:artifact:version`."""
    jars: tuple[str, ...] = ()
    """Relative to the project folder."""
    py_files: tuple[str, ...] = ()
    """Relative to the project folder."""
    conf: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlWork:
    query: str
    """The text itself, also when the definition names a file."""
    query_file: str = ""
    """That file, relative to the project folder; empty where the query stands in the definition."""
    spark: SparkSettings | None = None
    """None: polars answers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkWork:
    """A PySpark script."""

    script: str
    """As of PythonWork."""
    spark: SparkSettings = SparkSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalaWork:
    """A Scala script, or a class of a jar: exactly one of `script` and `jar` is set."""

    script: str = ""
    """As of PythonWork."""
    jar: str = ""
    """Relative to the project folder."""
    main_class: str = ""
    """Of the jar."""
    spark: SparkSettings = SparkSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandWork:
    command: tuple[str, ...]
    """Program and arguments; no shell."""
    cwd: str = "."
    """Relative to the project folder."""
    environment: dict[str, str] = field(default_factory=dict)
    success_codes: tuple[int, ...] = (0,)
    """Exit codes that mean that the job succeeded."""
    skip_codes: tuple[int, ...] = ()
    """Exit codes that mean that there was nothing to do: the node counts as skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardWork:
    output: str
    """Path of the HTML page, relative to the project folder."""
    charts: tuple[Chart, ...]
    title: str = ""


JobWork = PythonWork | SqlWork | CommandWork | DashboardWork | SparkWork | ScalaWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    name: str
    work: JobWork
    description: str = ""
    max_retries: int = 0
    """0–10 (rule JR-6)."""
    retry_delay_s: float = 0.0
    backoff: float = 1.0
    """The delay before retry n is `retry_delay_s * backoff ** (n - 1)`."""
    timeout_s: float = 48 * 3600.0
    """Rule JR-5."""
    arguments: dict[str, str] = field(default_factory=dict)
    """Names start with `--` (rule JR-10). May hold templates."""
    non_overridable_arguments: dict[str, str] = field(default_factory=dict)
    """Win over `arguments` and over those of a trigger (rule JR-10)."""
    max_concurrent_runs: int = 1
    """At work at a time, over all runs of the workflow (rule JR-3); 0 = unlimited."""
    notify_delay_after_s: float | None = None
    """Still at work after so long: that is recorded (rule JR-11)."""
    targets: tuple[Sink, ...] = ()
    bookmark: BookmarkOption = BookmarkOption.DISABLE
    bookmark_keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By catalog table of a database: the columns whose values only grow (rule BK-5)."""
    bookmark_tables: tuple[str, ...] = ()
    """Catalog tables of which only what is new is read; empty: all that the job reads."""
    memory_bytes_max: int | None = None
    """What the attempt's processes may use together; None: what the machine has."""
    threads: int | None = None
    """That polars, or a local Spark, may use; None: its share of the processors."""


def job_type(job: Job) -> JobType:
    """Return the definition's word for the kind of a job."""
    match job.work:
        case PythonWork():
            return JobType.PYTHON
        case SqlWork():
            return JobType.SQL
        case CommandWork():
            return JobType.COMMAND
        case DashboardWork():
            return JobType.DASHBOARD
        case SparkWork():
            return JobType.SPARK
        case ScalaWork():
            return JobType.SCALA
