"""Makes the state that a released version leaves behind, to be checked in: later versions must open it for ever.

    python -m tests.store.make_state tests/data/states/VERSION

A real engine of the version that is installed works through a small project: runs of every outcome, a resumed one, one
that is still going when the engine is killed, watched files in every stage, a paused trigger, a definition that broke
after it was good, tables with versions. What is there already is left alone: a state is made once, by its version.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from glue_tui.protocol.deliveries import DeliveryView
from glue_tui.store.history import open_history
from tests.conftest import RunningEngine, wait_for

FILE_TIME_NS = 1_795_000_000_000_000_000
"""When the project's files were changed: git keeps no times, and a file with another one counts as new."""
KEPT_IN_STATE = ("state.db", "runs")
ETL = """\
[properties]
want = "ok"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ crawler = "landing" }]

[triggers.nightly]
type = "SCHEDULED"
schedule = "cron(0 22 * * ? *)"
actions = [{ crawler = "landing" }]

[triggers.crawled]
type = "CONDITIONAL"
conditions = [{ crawler = "landing", state = "SUCCEEDED" }]
actions = [{ job = "clean" }, { job = "count" }]

[triggers.cleaned]
type = "CONDITIONAL"
logical = "AND"
conditions = [{ job = "clean", state = "SUCCEEDED" }, { job = "count", state = "SUCCEEDED" }]
actions = [{ job = "check", arguments = { "--day" = "{{ properties.want }}" } }]

[crawlers.landing]
database = "raw"
targets = [{ path = "landing" }]

[jobs.clean]
type = "sql"
query = "SELECT id, amount FROM raw.orders WHERE amount > 0"
[[jobs.clean.targets]]
table = "clean.orders"
path = "warehouse/orders"
checks = [{ check = "amount < 6", on_failure = "warn" }]

[jobs.count]
type = "python"
script = "jobs/count.py"

[jobs.check]
type = "command"
command = ["sh", "-c", "echo wanted $WANT; test \\"$WANT\\" = ok || test -e mended"]
environment = { WANT = "{{ properties.want }}" }
max_retries = 1
retry_delay = "0s"
"""
COUNT = """\
def run(glue):
    rows = glue.table("raw.orders").collect().height
    glue.log.info(f"{rows} rows")
    glue.set_property("rows", rows)
"""
REPAIR = """\
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "load" }]

[triggers.failed]
type = "CONDITIONAL"
conditions = [{ job = "load", state = "FAILED" }]
actions = [{ job = "mend" }]

[triggers.loaded]
type = "CONDITIONAL"
conditions = [{ job = "load", state = "SUCCEEDED" }]
actions = [{ job = "tell" }]

[jobs.load]
type = "command"
command = ["false"]

[jobs.mend]
type = "command"
command = ["true"]

[jobs.tell]
type = "command"
command = ["true"]

[[notifications]]
on = ["RECOVERED"]
command = ["true"]
"""
LONG = """\
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "wait" }]

[triggers.waited]
type = "CONDITIONAL"
conditions = [{ job = "wait", state = "SUCCEEDED" }]
actions = [{ job = "last" }]

[jobs.wait]
type = "command"
command = ["sh", "-c", "until test -e go; do sleep 0.05; done"]

[jobs.last]
type = "command"
command = ["true"]
"""
INBOX = """\
max_concurrent_runs = 1
on_overlap = "error"

[triggers.files]
type = "EVENT"
watch = ["incoming/*.csv"]
batch_size = 2
settle = "2s"
actions = [{ job = "take" }]

[jobs.take]
type = "command"
command = ["sh", "-c", "until test -e go; do sleep 0.05; done"]
"""


def make(target: Path) -> None:
    """Write `target/project` and `target/state`. Raises FileExistsError."""
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="glue-tui-") as folder:
        project = Path(folder)
        _write_project(project)
        engine = RunningEngine(project)
        try:
            engine.start()
            _work(project, engine)
        finally:
            if engine.process is not None and engine.process.poll() is None:
                engine.kill()
        _keep(project, target)


def _write_project(project: Path) -> None:
    (project / "workflows").mkdir()
    for name, text in (("etl", ETL), ("repair", REPAIR), ("long", LONG), ("inbox", INBOX), ("broken", REPAIR)):
        _write(project / "workflows" / f"{name}.toml", text)
    _write(project / "workflows" / "jobs" / "count.py", COUNT)
    _write(project / "landing" / "orders" / "one.csv", "id,amount\n1,5\n2,0\n")
    _write(project / "incoming" / "there_before.csv", "1\n")


def _work(project: Path, engine: RunningEngine) -> None:
    def finished(number: int, outcome: str) -> None:
        run = engine.finished(number)
        assert run.summary.outcome == outcome, (run.summary, [node.error for node in run.nodes])

    def start_and_finish(number: int, outcome: str, workflow: str, **properties: str) -> None:
        engine.ask(
            lambda client: client.start_workflow_run(workflow, properties=properties, request_id=f"request {number}")
        )
        finished(number, outcome)

    start_and_finish(1, "SUCCEEDED", "etl")
    _write(project / "landing" / "orders" / "two.csv", "id,amount,store\n3,7,north\n")
    start_and_finish(2, "FAILED", "etl", want="bad")
    (project / "mended").touch()
    engine.ask(lambda client: client.resume_workflow_run("2", request_id="request 3"))
    finished(3, "SUCCEEDED")
    (project / "mended").unlink()
    start_and_finish(4, "RECOVERED", "repair")
    wait_for(lambda: [one.state for one in _deliveries(engine)] == ["SENT"])
    engine.ask(lambda client: client.start_workflow_run("long"))
    wait_for(lambda: engine.node(5, "wait").state == "RUNNING")
    engine.ask(lambda client: client.stop_workflow_run("5"))
    finished(5, "STOPPED")
    engine.ask(lambda client: client.set_trigger_enabled("etl", "nightly", False))
    _write(project / "workflows" / "broken.toml", REPAIR.replace('"mend"', '"mind"', 1))
    engine.ask(lambda client: client.reload())
    _write(project / "incoming" / "a.csv", "1\n")
    _write(project / "incoming" / "b.csv", "1\n")
    wait_for(lambda: engine.ask(lambda client: client.runs("inbox")))
    _write(project / "incoming" / "c.csv", "1\n")
    _write(project / "incoming" / "d.csv", "1\n")
    wait_for(lambda: len(engine.ask(lambda client: client.runs("inbox"))) == 2)
    finished(7, "ERROR")
    (project / "go").touch()
    finished(6, "SUCCEEDED")
    (project / "go").unlink()
    engine.ask(lambda client: client.start_workflow_run("long"))
    wait_for(lambda: engine.node(8, "wait").state == "RUNNING")
    _write(project / "incoming" / "pending.csv", "1\n")
    wait_for(lambda: _stages(engine, "PENDING") == 1)
    settling = project / "incoming" / "settling.csv"
    with settling.open("w") as writer:  # An open file does not settle.
        writer.write("1\n")
        writer.flush()
        os.utime(settling, ns=(FILE_TIME_NS, FILE_TIME_NS))
        wait_for(lambda: _stages(engine, "SETTLING") == 1)
        engine.kill()


def _deliveries(engine: RunningEngine) -> tuple[DeliveryView, ...]:
    with closing(open_history(engine.state_dir / "state.db")) as history:
        return history.deliveries()


def _stages(engine: RunningEngine, stage: str) -> int:
    conn = sqlite3.connect(engine.state_dir / "state.db")
    try:
        return int(conn.execute("SELECT count(*) FROM seen_files WHERE stage = ?", (stage,)).fetchone()[0])
    finally:
        conn.close()


def _keep(project: Path, target: Path) -> None:
    state_dir = project / ".glue_tui"
    conn = sqlite3.connect(state_dir / "state.db", isolation_level=None)
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.execute("VACUUM")
    conn.close()
    (target / "state").mkdir()
    for name in KEPT_IN_STATE:
        source = state_dir / name
        if source.is_dir():
            shutil.copytree(source, target / "state" / name)
        else:
            shutil.copy(source, target / "state" / name)
    shutil.copytree(project, target / "project", ignore=shutil.ignore_patterns(".glue_tui", "__pycache__"))


def _write(path: Path, text: str) -> None:
    """Write a file whose time is known, so that it can be put back with that time."""
    path.parent.mkdir(exist_ok=True, parents=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    os.utime(temporary, ns=(FILE_TIME_NS, FILE_TIME_NS))
    temporary.replace(path)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
