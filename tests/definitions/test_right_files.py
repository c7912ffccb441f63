"""A right file becomes the model it describes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from definition_files import MINIMAL, complaints, load_text

from glue_tui.core.codec import from_data, to_data
from glue_tui.core.job import Chart, CommandWork, DashboardWork, DatabaseSink, Job, PythonWork, SqlWork, TableSink
from glue_tui.core.model import (
    Action,
    Condition,
    Connection,
    Crawler,
    DatabaseTarget,
    FileWatch,
    FolderTarget,
    HistoryLimits,
    Notification,
    Predicate,
    Property,
    Trigger,
    Workflow,
    crawler_id,
    job_id,
)
from glue_tui.core.states import (
    DeleteBehavior,
    FileChange,
    Logical,
    NodeState,
    Occasion,
    OnOverlap,
    RecrawlBehavior,
    TriggerType,
    UpdateBehavior,
)

EVERYTHING = """\
description = "all of it"
max_concurrent_runs = 2
history = { keep_runs = 500, keep_for = "900d" }
on_overlap = "skip"
timezone = "Europe/Paris"

[properties]
currency = "EUR"
day = { type = "date", default = "yesterday", description = "Business day" }
limit = { type = "integer", default = 5, choices = [5, 6] }

[connections.shop]
url = "sqlite:///shop.db"

[triggers.nightly]
type = "SCHEDULED"
description = "at ten"
enabled = false
schedule = "cron(0 22 * * ? *)"
actions = [{ crawler = "files" }, { crawler = "tables" }]

[triggers.landed]
type = "EVENT"
watch = ["in/**/*.csv"]
batch_size = 3
batch_window = 60
settle = "2s"
poll = "1m"
events = ["created", "deleted"]
actions = [{ crawler = "files" }, { crawler = "tables" }]

[triggers.ready]
type = "CONDITIONAL"
logical = "ANY"
conditions = [{ crawler = "files", state = "SUCCEEDED" }, { crawler = "tables", state = "CANCELLED" }]
actions = [{ job = "clean", arguments = { "--day" = "{{ properties.day }}" }, timeout = "1h30m" }]

[triggers.cleaned]
type = "CONDITIONAL"
conditions = [{ job = "clean", state = "STOPPED" }]
actions = [{ job = "sum" }, { job = "tell" }, { job = "show" }]

[crawlers.files]
database = "raw"
targets = [{ path = "in", exclude = ["**/_*"] }]
table_prefix = "a_"
recrawl = "CRAWL_EVERYTHING"
schema_change = { update = "LOG", delete = "LOG" }
timeout = "90s"
max_retries = 1
retry_delay = "500ms"

[crawlers.tables]
database = "raw"
targets = [{ connection = "shop", include = "s%" }]

[jobs.clean]
type = "python"
script = "jobs/clean.py"
description = "cleans"
max_retries = 2
retry_delay = "10s"
backoff = 2
timeout = "30m"
arguments = { "--min" = "1" }

[jobs.sum]
type = "sql"
engine = "polars"
query_file = "sql/sum.sql"
targets = [
  { table = "marts.sum", path = "out/sum", format = "csv", mode = "append", partition_by = ["day"] },
  { connection = "shop", table = "sum", mode = "upsert", keys = ["day"] },
]

[jobs.tell]
type = "command"
command = ["echo", "{{ run.number }}"]
cwd = "out"
environment = { WHO = "{{ env.USER }}" }

[jobs.show]
type = "dashboard"
title = "Sums"
output = "out/sum.html"
charts = [{ title = "By day", kind = "line", query = "SELECT 1", x = "day", y = "sum" }]
"""

EXPECTED = Workflow(
    name="night",
    source="workflows/night.toml",
    description="all of it",
    max_concurrent_runs=2,
    history=HistoryLimits(keep_runs=500, keep_for_s=900 * 86400.0),
    on_overlap=OnOverlap.SKIP,
    timezone="Europe/Paris",
    properties=(
        Property(name="currency", default="EUR"),
        Property(name="day", type="date", default="yesterday", description="Business day"),
        Property(name="limit", type="integer", default="5", choices=("5", "6")),
    ),
    connections=(Connection(name="shop", url="sqlite:///shop.db"),),
    triggers=(
        Trigger(
            name="nightly",
            type=TriggerType.SCHEDULED,
            description="at ten",
            enabled=False,
            schedule="cron(0 22 * * ? *)",
            actions=(Action(node_id=crawler_id("files")), Action(node_id=crawler_id("tables"))),
        ),
        Trigger(
            name="landed",
            type=TriggerType.EVENT,
            watch=FileWatch(
                patterns=("in/**/*.csv",),
                batch_size=3,
                batch_window_s=60.0,
                settle_s=2.0,
                poll_s=60.0,
                events=(FileChange.CREATED, FileChange.DELETED),
            ),
            actions=(Action(node_id=crawler_id("files")), Action(node_id=crawler_id("tables"))),
        ),
        Trigger(
            name="ready",
            type=TriggerType.CONDITIONAL,
            predicate=Predicate(
                logical=Logical.ANY,
                conditions=(
                    Condition(node_id=crawler_id("files"), state=NodeState.SUCCEEDED),
                    Condition(node_id=crawler_id("tables"), state=NodeState.STOPPED),
                ),
            ),
            actions=(Action(node_id=job_id("clean"), arguments={"--day": "{{ properties.day }}"}, timeout_s=5400.0),),
        ),
        Trigger(
            name="cleaned",
            type=TriggerType.CONDITIONAL,
            predicate=Predicate(
                logical=Logical.AND, conditions=(Condition(node_id=job_id("clean"), state=NodeState.STOPPED),)
            ),
            actions=tuple(Action(node_id=job_id(name)) for name in ("sum", "tell", "show")),
        ),
    ),
    crawlers=(
        Crawler(
            name="files",
            database="raw",
            targets=(FolderTarget(path="in", exclude=("**/_*",)),),
            table_prefix="a_",
            recrawl=RecrawlBehavior.CRAWL_EVERYTHING,
            update_behavior=UpdateBehavior.LOG,
            delete_behavior=DeleteBehavior.LOG,
            timeout_s=90.0,
            max_retries=1,
            retry_delay_s=0.5,
        ),
        Crawler(name="tables", database="raw", targets=(DatabaseTarget(connection="shop", include="s%"),)),
    ),
    jobs=(
        Job(
            name="clean",
            work=PythonWork(script="workflows/jobs/clean.py"),
            description="cleans",
            max_retries=2,
            retry_delay_s=10.0,
            backoff=2.0,
            timeout_s=1800.0,
            arguments={"--min": "1"},
        ),
        Job(
            name="sum",
            work=SqlWork(query="SELECT 1 AS one", query_file="workflows/sql/sum.sql"),
            targets=(
                TableSink(table="marts.sum", path="out/sum", format="csv", mode="append", partition_by=("day",)),
                DatabaseSink(connection="shop", table="sum", mode="upsert", keys=("day",)),
            ),
        ),
        Job(
            name="tell",
            work=CommandWork(command=("echo", "{{ run.number }}"), cwd="out", environment={"WHO": "{{ env.USER }}"}),
        ),
        Job(
            name="show",
            work=DashboardWork(
                title="Sums",
                output="out/sum.html",
                charts=(Chart(title="By day", kind="line", query="SELECT 1", x="day", y="sum"),),
            ),
        ),
    ),
)


def test_every_word_of_the_format_reaches_the_model(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, EVERYTHING)
    assert complaints(loaded) == []
    assert loaded.workflow == EXPECTED


def test_a_watched_place_is_named_in_one_way_however_it_is_written(tmp_path: Path) -> None:
    written = ("./in//**/*.csv", f"{tmp_path}//in/**/*.csv", "in/./**/*.csv")
    for pattern in written:
        workflow = load_text(tmp_path, EVERYTHING.replace("in/**/*.csv", pattern)).workflow
        assert workflow == EXPECTED, pattern


def test_a_pinned_definition_comes_back_from_its_stored_form(tmp_path: Path) -> None:
    workflow = load_text(tmp_path, EVERYTHING).workflow
    assert from_data(Workflow, to_data(workflow)) == workflow


@pytest.mark.parametrize("kind", ["postgres", "postgresql+psycopg", "PostgreSQL", "redshift", "sqlite+pysqlite"])
def test_a_database_is_written_by_whatever_name_its_kind_has(tmp_path: Path, kind: str) -> None:
    text = f'''
[connections.ware]
url = "{kind}:///ware"
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{{ job = "load" }}]
[jobs.load]
type = "sql"
query = "SELECT 1 AS n"
targets = [{{ connection = "ware", table = "t" }}]
'''
    assert complaints(load_text(tmp_path, text)) == []


def test_line_ends_and_a_byte_order_mark_make_no_difference(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, b"\xef\xbb\xbf" + EVERYTHING.replace("\n", "\r\n").encode())
    assert loaded.workflow == EXPECTED


def test_the_sample_workflows_are_right() -> None:
    from glue_tui.definitions.project import load_project

    definitions = load_project(Path(__file__).parents[2])
    assert len(definitions.workflows) >= 3
    assert [str(problem) for problem in definitions.problems] == []


def test_notifications_reach_the_model(tmp_path: Path) -> None:
    loaded = load_text(
        tmp_path,
        MINIMAL
        + """
[[notifications]]
on = ["FAILED", "RECOVERED", "FAILED"]
url = "{{ env.NOTIFY_URL }}"
title = "{{ workflow }} {{ outcome }}"
message = "{% for node in failed %}{{ node.name }}: {{ node.error }} {% endfor %}{{ retry }}"

[[notifications]]
on = ["SUCCEEDED"]
command = ["notify-send", "{{ title }}", "{{ message }}"]

[[notifications]]
on = ["ERROR"]
terminal = true
""",
    )
    assert complaints(loaded) == []
    assert loaded.workflow is not None
    assert from_data(Workflow, to_data(loaded.workflow)) == loaded.workflow
    by_url, by_command, on_screen = loaded.workflow.notifications
    assert by_url == Notification(
        on=(Occasion.FAILED, Occasion.RECOVERED),
        url="{{ env.NOTIFY_URL }}",
        title="{{ workflow }} {{ outcome }}",
        message="{% for node in failed %}{{ node.name }}: {{ node.error }} {% endfor %}{{ retry }}",
    )
    assert by_command.command == ("notify-send", "{{ title }}", "{{ message }}")
    assert [one.way for one in loaded.workflow.notifications] == ["url", "command", "terminal"]
    assert on_screen == Notification(on=(Occasion.ERROR,), terminal=True)


def test_a_url_is_loaded_without_apprise_with_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)  # So Python says that there is none.
    loaded = load_text(tmp_path, MINIMAL + '[[notifications]]\non = ["FAILED"]\nurl = "{{ env.NOTIFY_URL }}"\n')
    assert complaints(loaded) == [
        "10: warning: notifications[0].url: sending to a URL needs Apprise, which is not installed "
        "(pip install 'glue-tui[notify]')"
    ]
    assert loaded.workflow is not None


def test_a_right_file_costs_neither_a_template_engine_nor_a_parser_of_places() -> None:
    code = (
        "import sys; from pathlib import Path; from glue_tui.definitions.project import load_project;"
        "assert load_project(Path('.')).workflows;"
        "print([name for name in ('jinja2', 'tree_sitter', 'polars', 'textual') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
