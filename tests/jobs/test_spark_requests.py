"""What a program asks of `glue` while it runs, by the real pipes. In Spark's place stands a program without a JVM."""

from __future__ import annotations

import sys
from collections.abc import Callable

import polars as pl
import pytest
from publishing import Project

from glue_tui.core.job import Job, SparkWork, TableSink
from glue_tui.core.model import Connection
from glue_tui.jobs.python_job import FOR_SCRIPTS
from glue_tui.jobs.session import JobReport
from glue_tui.jobs.spark.told_failure import ToldFailure

_SUBMIT = f"""#!{sys.executable}
import json, os, sys, types
from pathlib import Path
sys.path.append({FOR_SCRIPTS!r})
import polars as pl
from glue_tui_spark import JobError, Skipped, SparkJobContext, Worker

class Frame:
    schema = types.SimpleNamespace(fields=())
    def __init__(self, rows):
        self.rows = rows
    @property
    def write(self):
        return self
    def parquet(self, url):
        Path(url.removeprefix("file://")).mkdir()
        self.rows.write_parquet(url.removeprefix("file://") + "/part-0.parquet")

class Spark:
    said = []
    def sql(self, statement):
        self.said.append(statement)
    def table(self, name):
        return name

plan = json.loads(Path(os.environ["GLUE_TUI_SPARK_PLAN"]).read_text())
glue = SparkJobContext(Spark(), plan, Worker(Path(plan["folder"])))
try:
    exec(compile(Path(plan["script"]).read_text(), plan["script"], "exec"))
except Skipped:
    pass
except JobError as error:
    line = error.__traceback__.tb_next.tb_lineno
    told = {{"type": error.type, "message": str(error), "line": line, "hint": error.hint}}
    Path(plan["folder"], "failure.json").write_text(json.dumps(told))
    sys.exit(1)
"""

Run = Callable[..., JobReport]


@pytest.fixture
def run(project: Project, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a script as a Spark job."""
    for name, text in (("spark/bin/spark-submit", _SUBMIT), ("java/bin/java", "")):
        program = project.folder / name
        program.parent.mkdir(parents=True)
        program.write_text(text)
        program.chmod(0o755)
    monkeypatch.setenv("SPARK_HOME", str(project.folder / "spark"))
    monkeypatch.setenv("JAVA_HOME", str(project.folder / "java"))
    monkeypatch.setenv("SHOP_PW", "hunter2secret")
    monkeypatch.setenv("SHOP_KEY", "0123456789" * 10_000)
    connection = Connection(name="shop", url="postgresql://me:{{ env.SHOP_PW }}@127.0.0.1:1/db")

    def run(script: str, **properties: str) -> JobReport:
        (project.folder / "script.py").write_text(script)
        job = Job(name="asks", work=SparkWork(script="script.py"))
        return project.run(job, connections=(connection,), **properties)

    return run


_EVERYTHING = """
rows = pl.DataFrame({"id": [1, 2, 3], "amount": [5.0, -1.0, 3.0]})
print("secret", glue.secret("SHOP_PW"), glue.connection("shop"))
assert glue.typed_properties["region"] == "EU" and list(glue.typed_properties) == ["region"]
assert len(glue.secret("SHOP_KEY")) == 100_000, "more than a pipe holds"
glue.progress(1, 2)
glue.count_rows_in(7)
assert glue.write(Frame(rows), "clean.sales", path="lake/sales", partition_by=["id"]) == 3
assert glue.reject(Frame(rows.head(1)), "rejects.sales", path="lake/rejects", reason="no") == 1
assert not list(Path(plan["folder"], "frames").iterdir()), "what was taken over needs no room"
name = "raw." + "stores"  # Not to be found by looking at the script.
assert glue.table(name).replace("`", "") == name
assert [one.split()[0:2] for one in Spark.said] == [["CREATE", "DATABASE"], ["CREATE", "TABLE"]]
glue.table(name)
assert len(Spark.said) == 2, "known once and for all"
glue.set_property("sold", 3)
print("sold", glue.properties["sold"])
def told(do, *what, **how):
    try:
        do(*what, **how)
    except JobError as error:
        print(f"{error.type}: {error} ({error.hint})")
told(glue.secret, "SHOP_PX")
told(glue.set_property, "pw", "hunter2secret")
told(glue.table, name[:-1])
told(glue.properties.__getitem__, "regoin")
told(glue.write, Frame(rows), "clean.bad", path="lake/bad", checks=["amount >= 0"])
told(glue.write, Frame(rows), "clean.bad", path="lake/bad", mode="apend")
told(glue.write, rows, "clean.bad", path="lake/bad")
"""


def test_a_program_is_answered_while_it_runs(project: Project, run: Run) -> None:
    project.write(pl.DataFrame({"store": ["S1", "S2"]}), TableSink(table="raw.stores", path="lake/stores"))
    report = run(_EVERYTHING, region="EU")
    assert (report.rows_in, report.rows_out, report.properties) == (9, 3, {"sold": "3"})
    assert project.read("clean.sales")["amount"].to_list() == [5.0, -1.0, 3.0]
    assert project.read("rejects.sales")["reject_reason"].to_list() == ["no"]
    assert "clean.bad" not in project.catalog.names()
    said = [line[25:] for line in project.log.splitlines()]
    for line in (
        "INFO  secret *** postgresql://me:***@127.0.0.1:1/db",
        "INFO  sold 3",
        "INFO  EntityNotFound: the variable SHOP_PX is not set (set SHOP_PX in the environment in which the engine is"
        " started)",
        "INFO  InvalidInput: property pw would hold a secret (properties are stored and shown to everybody: let the"
        " node that needs it ask for it itself)",
        'INFO  EntityNotFound: no table raw.store in the catalog (did you mean "raw.stores"?)',
        'INFO  EntityNotFound: no run property "regoin" (did you mean "region"?)',
        'INFO  InvalidInput: no mode "apend" (did you mean "append"?)',
        "INFO  InvalidInput: glue.write takes a frame of Spark, not polars.DataFrame (spark.createDataFrame(…))",
    ):
        assert line in said
    assert any(line.startswith("INFO  CheckFailed") and "1 of 3 rows" in line for line in said), said
    assert list((project.folder / "state" / "spark").iterdir()) == []


def test_a_program_that_skips_leaves_nothing(project: Project, run: Run) -> None:
    script = 'glue.write(Frame(pl.DataFrame({"a": [1]})), "clean.a", path="lake/a")\nglue.skip("no sales")\nprint("on")'
    assert run(script).skip_reason == "no sales"
    assert "not published, as the job was skipped: lake/a" in project.log
    assert " on\n" not in project.log
    assert not list(project.folder.glob("lake/*"))


def test_what_the_worker_refuses_fails_the_job_at_the_line_that_asked(project: Project, run: Run) -> None:
    with pytest.raises(ToldFailure, match="no check_ables") as told:
        run('\n\nglue.write(Frame(pl.DataFrame({"a": [1]})), "no check_ables", path="lake/a")')
    assert told.value.location == "script.py:3"


_NO_HADOOP = """
print('Exception in thread "main" org.apache.spark.SparkException: HADOOP_CONF_DIR must be set in the environment.')
print("\\tat org.apache.spark.deploy.SparkSubmitArguments.error(SparkSubmitArguments.scala:670)")
sys.exit(1)
"""


_NO_MASTER = """
print("Application has been killed. Reason: All masters are unresponsive! Giving up.")
raise JobError("NullPointerException", "Spark does not start on spark://h:1: Cannot invoke postStartHook()")
"""


def test_what_keeps_spark_from_starting_is_told_with_the_way_out(run: Run) -> None:
    with pytest.raises(ToldFailure, match="HADOOP_CONF_DIR must be set in the environment") as told:
        run(_NO_HADOOP)
    assert (told.value.type, told.value.exit_code) == ("SparkException", 1)
    assert told.value.hint == "set it in the environment in which the engine is started"
    with pytest.raises(
        ToldFailure, match=r"^Spark does not start on spark://h:1: All masters are unresponsive$"
    ) as told:
        run(_NO_MASTER)
    assert told.value.hint == "no master of Spark answers there: start it, or mend `master`"
