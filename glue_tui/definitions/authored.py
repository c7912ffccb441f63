"""The shape of a definition file as its author writes it: words, types, defaults; nothing of their meaning.

Every field has a default here, so that a file with mistakes can still be read as far as it goes; what may not be
missing stands in `REQUIRED`. `ELSEWHERE` holds words of Glue that are said in another way here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec

from glue_tui.core.job import JobType
from glue_tui.core.states import (
    LISTENABLE_WORDS,
    BookmarkOption,
    DeleteBehavior,
    FailedCheck,
    FileChange,
    Logical,
    MissedRuns,
    Occasion,
    OnOverlap,
    PartitionBehavior,
    RecrawlBehavior,
    TableGrouping,
    TriggerType,
    UpdateBehavior,
)


class PropertyType(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"


class SqlEngine(StrEnum):
    POLARS = "polars"
    SPARK = "spark"


class FileFormatName(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"
    JSON = "json"
    IPC = "ipc"
    DELTA = "delta"
    ICEBERG = "iceberg"


class ReadFormat(StrEnum):
    """What a crawler can be told that files are."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    AVRO = "avro"
    IPC = "ipc"
    EXCEL = "excel"
    LOG = "log"


class WriteMode(StrEnum):
    OVERWRITE = "overwrite"
    APPEND = "append"
    OVERWRITE_PARTITIONS = "overwrite_partitions"
    UPSERT = "upsert"


class ChartKind(StrEnum):
    LINE = "line"
    BAR = "bar"
    NUMBER = "number"
    TABLE = "table"


Scalar = str | bool | int | float


class Authored(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    WORD: ClassVar[str] = "workflow"
    """What a person calls it."""
    REQUIRED: ClassVar[tuple[str, ...]] = ()
    ELSEWHERE: ClassVar[dict[str, str]] = {}
    """Key of Glue in snake case, or `key=value`, and how it is said here; in a key's `{name}` is the entry's name."""


def _as_trigger(node: str) -> dict[str, str]:
    """Return what a dependency of a node is here: blueprints of Glue make triggers of it, too (rule WF-19)."""
    said = (
        'a trigger says it: [triggers.ready] type = "CONDITIONAL", '
        'conditions = [{{ job = "…", state = "SUCCEEDED" }}], '
        f'actions = [{{{{ {node} = "{{name}}" }}}}]'
    )
    return {"depends_on": said}


_PYTHON_OR_SQL = 'here: type = "python" or "sql"'


class AuthoredProperty(Authored):
    WORD: ClassVar[str] = "typed property"
    REQUIRED: ClassVar[tuple[str, ...]] = ("type",)
    type: PropertyType | None = None
    default: Scalar | None = None
    choices: list[Scalar] = msgspec.field(default_factory=list)
    description: str = ""


class AuthoredConnection(Authored):
    WORD: ClassVar[str] = "connection"
    REQUIRED: ClassVar[tuple[str, ...]] = ("url",)
    url: str = ""


class AuthoredAction(Authored):
    WORD: ClassVar[str] = "action"
    job: str | None = None
    crawler: str | None = None
    arguments: dict[str, str] = msgspec.field(default_factory=dict)
    timeout: str | int | None = None


class AuthoredCondition(Authored):
    WORD: ClassVar[str] = "condition"
    REQUIRED: ClassVar[tuple[str, ...]] = ("state",)
    ELSEWHERE: ClassVar[dict[str, str]] = {"logical_operator": "leave it out: a node ends in the state or it does not"}
    job: str | None = None
    crawler: str | None = None
    state: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(LISTENABLE_WORDS)})] = ""


class AuthoredTrigger(Authored):
    WORD: ClassVar[str] = "trigger"
    REQUIRED: ClassVar[tuple[str, ...]] = ("type", "actions")
    ELSEWHERE: ClassVar[dict[str, str]] = {
        "start_on_creation": "leave it out: a trigger is active from the start; enabled = false pauses it",
        "event_batching_condition": "here: batch_size and batch_window of the trigger itself",
        "predicate": "here: logical and conditions of the trigger itself",
        "workflow_name": "leave it out: a trigger belongs to the file it stands in",
    }
    type: TriggerType | None = None
    actions: list[AuthoredAction] = msgspec.field(default_factory=list)
    enabled: bool = True
    description: str = ""
    schedule: str | None = None
    missed_runs: MissedRuns | None = None
    watch: list[str] | None = None
    batch_size: int | None = None
    batch_window: str | int | None = None
    settle: str | int | None = None
    poll: str | int | None = None
    events: list[FileChange] | None = None
    allow_loop: bool | None = None
    logical: Logical | None = None
    conditions: list[AuthoredCondition] | None = None


class AuthoredClassifier(Authored):
    WORD: ClassVar[str] = "classifier"
    ELSEWHERE: ClassVar[dict[str, str]] = {
        "contains_header": "here: header = true or false; leave it out to have it found out",
        "quote_symbol": "here: quote",
        "json_path": "here: records",
        "grok_pattern": "here: pattern",
        "custom_patterns": "here: patterns",
        "custom_datatypes": "here: types",
    }
    format: ReadFormat | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    comment: str | None = None
    header: bool | None = None
    columns: list[str] = msgspec.field(default_factory=list)
    skip_lines: int | None = None
    skip_footer_lines: int | None = None
    encoding: str | None = None
    decimal: str | None = None
    day_first: bool | None = None
    forms: dict[str, str] = msgspec.field(default_factory=dict)
    nulls: list[str] = msgspec.field(default_factory=list)
    types: dict[str, str] = msgspec.field(default_factory=dict)
    records: str | None = None
    sheet: str | None = None
    pattern: str | None = None
    patterns: dict[str, str] = msgspec.field(default_factory=dict)


class AuthoredCrawlTarget(Authored):
    WORD: ClassVar[str] = "target"
    ELSEWHERE: ClassVar[dict[str, str]] = {"sample_size": "leave it out: every file is read, and only once"}
    path: str | None = None
    exclude: list[str] | None = None
    classifier: AuthoredClassifier | None = None
    connection: str | None = None
    include: str | None = None


class AuthoredSchemaChange(Authored):
    WORD: ClassVar[str] = "schema_change"
    ELSEWHERE: ClassVar[dict[str, str]] = {
        "update_behavior": "here: update",
        "delete_behavior": "here: delete",
        "add_or_update_behavior": 'here: update = "MERGE_NEW_COLUMNS", or partitions = "INHERIT_FROM_TABLE"',
        "update=MergeNewColumns": 'here: "MERGE_NEW_COLUMNS"',
        "partitions=InheritFromTable": 'here: "INHERIT_FROM_TABLE"',
    }
    update: UpdateBehavior = UpdateBehavior.UPDATE_IN_DATABASE
    delete: DeleteBehavior = DeleteBehavior.DEPRECATE_IN_DATABASE
    partitions: PartitionBehavior = PartitionBehavior.INHERIT_FROM_TABLE


class AuthoredCrawler(Authored):
    WORD: ClassVar[str] = "crawler"
    REQUIRED: ClassVar[tuple[str, ...]] = ("database", "targets")
    ELSEWHERE: ClassVar[dict[str, str]] = {
        **_as_trigger("crawler"),
        "schedule": 'a trigger says it: type = "SCHEDULED", schedule = "cron(…)", actions = [{{ crawler = "{name}" }}]',
        "max_concurrent_runs": "leave it out: a crawler always runs one crawl at a time",
        "schema_change_policy": "here: schema_change = {{ update = …, delete = … }}",
        "recrawl_policy": "here: recrawl",
        "recrawl_behavior": "here: recrawl",
        "table_grouping_policy": 'here: table_grouping = "COMBINE_COMPATIBLE_SCHEMAS"',
        "table_grouping=CombineCompatibleSchemas": 'here: "COMBINE_COMPATIBLE_SCHEMAS"',
        "table_level_configuration": "here: table_level",
        "configuration": "here: table_grouping, table_level, table_threshold and schema_change say it",
    }
    database: str = ""
    targets: list[AuthoredCrawlTarget] = msgspec.field(default_factory=list)
    description: str = ""
    table_prefix: str = ""
    table_grouping: TableGrouping | None = None
    table_level: int | None = None
    table_threshold: int | None = None
    recrawl: RecrawlBehavior = RecrawlBehavior.CRAWL_CHANGED
    schema_change: AuthoredSchemaChange = msgspec.field(default_factory=AuthoredSchemaChange)
    timeout: str | int | None = None
    max_retries: int = 0
    retry_delay: str | int | None = None


class AuthoredCheck(Authored):
    WORD: ClassVar[str] = "check"
    REQUIRED: ClassVar[tuple[str, ...]] = ("check",)
    check: str = ""
    on_failure: FailedCheck = FailedCheck.FAIL


class AuthoredSideTable(Authored):
    WORD: ClassVar[str] = "side table"
    REQUIRED: ClassVar[tuple[str, ...]] = ("table", "path")
    table: str = ""
    path: str = ""
    connection: str | None = None


class AuthoredSink(Authored):
    WORD: ClassVar[str] = "target"
    REQUIRED: ClassVar[tuple[str, ...]] = ("table",)
    table: str = ""
    mode: WriteMode = WriteMode.OVERWRITE
    path: str | None = None
    format: FileFormatName | None = None
    partition_by: list[str] | None = None
    connection: str | None = None
    keys: list[str] | None = None
    checks: list[str | AuthoredCheck] = msgspec.field(default_factory=list)
    rejects: AuthoredSideTable | None = None


class AuthoredChart(Authored):
    WORD: ClassVar[str] = "chart"
    REQUIRED: ClassVar[tuple[str, ...]] = ("title", "kind", "query")
    title: str = ""
    kind: ChartKind | None = None
    query: str = ""
    x: str = ""
    y: str = ""


class AuthoredJob(Authored):
    WORD: ClassVar[str] = "job"
    REQUIRED: ClassVar[tuple[str, ...]] = ("type",)
    ELSEWHERE: ClassVar[dict[str, str]] = {
        **_as_trigger("job"),
        "type=glueetl": 'here: type = "spark"',
        "type=pythonshell": 'here: type = "python"',
        "type=gluestreaming": _PYTHON_OR_SQL,
        "type=glueray": _PYTHON_OR_SQL,
        "extra_jars": "here: jars",
        "extra_py_files": "here: py_files",
        "job_bookmark_option": 'here: bookmark = "enable"',
    }
    type: JobType | None = None
    description: str = ""
    script: str | None = None
    query: str | None = None
    query_file: str | None = None
    engine: SqlEngine | None = None
    command: list[str] | None = None
    cwd: str | None = None
    environment: dict[str, str] | None = None
    success_codes: list[int] | None = None
    skip_codes: list[int] | None = None
    jar: str | None = None
    main_class: str | None = None
    master: str | None = None
    packages: list[str] | None = None
    jars: list[str] | None = None
    py_files: list[str] | None = None
    conf: dict[str, str] | None = None
    output: str | None = None
    charts: list[AuthoredChart] | None = None
    title: str | None = None
    targets: list[AuthoredSink] | None = None
    bookmark: BookmarkOption = BookmarkOption.DISABLE
    bookmark_tables: list[str] | None = None
    bookmark_keys: dict[str, list[str]] = msgspec.field(default_factory=dict)
    memory: str | None = None
    threads: int | None = None
    arguments: dict[str, str] = msgspec.field(default_factory=dict)
    non_overridable_arguments: dict[str, str] = msgspec.field(default_factory=dict)
    max_concurrent_runs: int = 1
    max_retries: int = 0
    retry_delay: str | int | None = None
    backoff: float = 1.0
    timeout: str | int | None = None
    notify_delay_after: str | int | None = None


class AuthoredHistory(Authored):
    WORD: ClassVar[str] = "history"
    keep_runs: int | None = None
    keep_for: str | int | None = None


class AuthoredNotification(Authored):
    WORD: ClassVar[str] = "notification"
    REQUIRED: ClassVar[tuple[str, ...]] = ("on",)
    on: Annotated[list[Occasion], msgspec.Meta(min_length=1)] = msgspec.field(default_factory=list)
    url: str | None = None
    command: list[str] | None = None
    terminal: bool | None = None
    title: str | None = None
    message: str | None = None


class AuthoredWorkflow(Authored):
    description: str = ""
    max_concurrent_runs: int = 0
    on_overlap: OnOverlap = OnOverlap.QUEUE
    timezone: str = "UTC"
    history: AuthoredHistory = msgspec.field(default_factory=AuthoredHistory)
    properties: dict[str, str | AuthoredProperty] = msgspec.field(default_factory=dict)
    connections: dict[str, AuthoredConnection] = msgspec.field(default_factory=dict)
    triggers: dict[str, AuthoredTrigger] = msgspec.field(default_factory=dict)
    crawlers: dict[str, AuthoredCrawler] = msgspec.field(default_factory=dict)
    jobs: dict[str, AuthoredJob] = msgspec.field(default_factory=dict)
    notifications: list[AuthoredNotification] = msgspec.field(default_factory=list)
