"""What is made for Spark, and what is read of it, without starting one."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from publishing import Project

from glue_tui.core.job import Job, SparkSettings, SparkWork, SqlWork, TableSink
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.jobs.spark.output import DriverOutput
from glue_tui.jobs.spark.scala_script import pieces
from glue_tui.jobs.spark.submit import write_properties
from glue_tui.jobs.spark.tables import spark_type
from glue_tui.jobs.templates import spark_text, sql_literal
from glue_tui.logs.levels import INFO
from glue_tui.logs.write import LogWriter

_SCRIPT = """\
// Sums by store.
import org.apache.spark.sql.functions._

case class Sale(store: String,
                amount: Double)
val sales = glue.table("clean.sales")
  .as[Sale]

// only what was sold
  .filter(_.amount > 0)
if (sales.isEmpty) {
  println("none")
}
else println("some")
val text = \"\"\"
at the margin
\"\"\"
/* the end
   of it */
"""


def test_a_scala_script_is_cut_into_its_statements() -> None:
    found = pieces(_SCRIPT)
    assert [(piece.line, piece.code.splitlines()[0]) for piece in found] == [
        (1, "// Sums by store."),
        (4, "case class Sale(store: String,"),
        (6, 'val sales = glue.table("clean.sales")'),
        (11, "if (sales.isEmpty) {"),
        (15, 'val text = """'),
        (16, "at the margin"),
        (17, '"""'),
    ]
    assert found[2].code.endswith(".filter(_.amount > 0)")


@given(st.lists(st.sampled_from([*_SCRIPT.splitlines(), "", "}", "// more", "/*", "*/"])))
def test_every_line_of_a_scala_script_but_comments_is_in_one_piece_in_its_place(lines: list[str]) -> None:
    placed: dict[int, str] = {}
    for piece in pieces("\n".join(lines)):
        placed |= dict(enumerate(piece.code.split("\n"), piece.line))
    for number, line in enumerate(lines, 1):
        if number in placed:
            assert placed[number] == line
    assert pieces("\n".join(lines)) == () or list(placed) == sorted(placed)


def test_what_the_driver_says_has_its_level_and_the_noise_of_spark_is_held_back(tmp_path: Path) -> None:
    path = tmp_path / "log"
    shown: list[tuple[float, float]] = []
    with open(path, "ab", buffering=0) as file:
        output = DriverOutput(LogWriter(file.fileno()), lambda done, total: shown.append((done, total)))
        reader, writer = os.pipe()
        os.write(
            writer,
            b"WARNING: Using incubator modules: jdk.incubator.vector\n"
            b"Picked up JAVA_TOOL_OPTIONS: -Dpassword=hunter2\n"
            b"26/11/22 21:39:02 WARN SparkConf: Note that spark.local.dir will be overridden by the value set by the\n"
            b"26/11/22 21:39:02 INFO SparkContext: Running Spark version 4.3.0\n"
            b"26/11/22 21:39:02 WARN NativeCodeLoader: Unable to load native-hadoop library\n"
            b"26/11/22 21:39:03 WARN TaskSetManager: Lost task 0.0: java.lang.Exception: no\n"
            b"\tat org.apache.spark.Foo.bar(Foo.scala:1)\n"
            b"\tat java.base/java.lang.Thread.run(Thread.java:840)\n"
            b"\tat shop.Sums$.main(Sums.scala:4)\n"
            b"Caused by: java.io.IOException: Failed to connect to /127.0.0.1:9\n\t... 4 more\n"
            b"\r[Stage 0:====>    (3 + 2) / 8][Stage 1:>    (0 + 0) / 2]\r            \r"
            b"said by the program\n26/11/22 21:39:04 ERROR Executor: broken\nwithout an end",
        )
        os.close(writer)
        output.pump(reader, INFO)
        os.close(reader)
    assert [line[25:] for line in path.read_text().splitlines()] == [
        "WARN  TaskSetManager: Lost task 0.0: java.lang.Exception: no",
        "WARN  \tat shop.Sums$.main(Sums.scala:4)",
        "WARN  Caused by: java.io.IOException: Failed to connect to /127.0.0.1:9",
        "WARN  \t(3 lines inside Spark and Java left out)",
        "INFO  said by the program",
        "ERROR Executor: broken",
        "INFO  without an end",
    ]
    assert shown == [(3, 10)]
    assert output.last_lines[-1] == "without an end"


def test_settings_are_in_a_file_for_this_user_alone_with_all_letters_kept(tmp_path: Path) -> None:
    path = tmp_path / "spark.properties"
    write_properties(path, [("spark.a", "first"), ("spark.a", " b\\c\n#d:é"), ("spark.k:v", "=")])
    assert path.read_text() == "spark.a=\\ b\\\\c\\n#d:é\nspark.k\\:v==\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_text_can_not_end_its_quotes_in_a_query_of_spark() -> None:
    assert sql_literal("O'Hara \\' OR 1=1 --", spark_text) == "'O\\'Hara \\\\\\' OR 1=1 --'"
    assert sql_literal(["a'b", 2], spark_text) == "('a\\'b', 2)"


def test_types_are_in_the_words_of_spark() -> None:
    dtype = pl.Struct({"a`b": pl.List(pl.Decimal(10, 2)), "t": pl.Datetime("us")})
    assert spark_type(dtype) == "STRUCT<`a``b`: ARRAY<DECIMAL(10, 2)>, `t`: TIMESTAMP_NTZ>"


def spark_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "spark" / "bin").mkdir(parents=True)
    (folder / "spark" / "bin" / "spark-submit").touch()
    monkeypatch.setenv("SPARK_HOME", str(folder / "spark"))


def test_what_is_missing_for_spark_is_named_with_the_way_out(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(name="sums", work=SqlWork(query="SELECT 1", spark=SparkSettings()))
    monkeypatch.setenv("SPARK_HOME", str(project.folder))
    with pytest.raises(EntityNotFound, match=r"has no bin/spark-submit"):
        project.run(job)
    spark_home(project.folder, monkeypatch)
    monkeypatch.setenv("JAVA_HOME", str(project.folder))
    with pytest.raises(EntityNotFound, match="Spark needs Java, and there is none in JAVA_HOME") as told:
        project.run(job)
    assert "Java 17" in told.value.hint


def test_what_can_not_work_is_refused_before_spark_starts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    spark_home(project.folder, monkeypatch)
    (project.folder / "java" / "bin").mkdir(parents=True)
    (project.folder / "java" / "bin" / "java").touch(mode=0o755)
    monkeypatch.setenv("JAVA_HOME", str(project.folder / "java"))
    project.write(pl.DataFrame({"id": [1], "Id": [2]}), TableSink(table="raw.twice", path="twice"))
    (project.folder / "broken.py").write_text("def run(glue):\n    return (\n")

    def refused(work: SqlWork | SparkWork, words: str, memory_bytes_max: int | None = None) -> None:
        with pytest.raises((InvalidInput, EntityNotFound, SyntaxError), match=words):
            project.run(Job(name="sums", work=work, memory_bytes_max=memory_bytes_max))
        assert list((project.folder / "state" / "spark").iterdir()) == []

    refused(SqlWork(query="DROP TABLE raw.twice", spark=SparkSettings()), "only queries: DROP is none")
    refused(SqlWork(query="SELECT * FROM raw.twice", spark=SparkSettings()), "id and Id are one column to Spark")
    escaped = SparkSettings(conf={"spark.sql.parser.escapedStringLiterals": "true"})
    refused(SqlWork(query="SELECT 1", spark=escaped), "changes what a quoted text means")
    elsewhere = SparkSettings(conf={"spark.submit.deployMode": "cluster"})
    refused(SqlWork(query="SELECT 1", spark=elsewhere), "the driver of a job runs in its worker")
    monkeypatch.setenv("POLARS_OOC_MEMORY_BUDGET_MB", "1000")  # else the job sets it, for the tests that follow, too
    refused(SqlWork(query="SELECT 1", spark=SparkSettings()), "more than this job may use", 2**28)
    refused(SqlWork(query="SELECT 1", spark=SparkSettings(jars=("no.jar",))), "jars: no file no.jar")
    refused(SparkWork(script="brokn.py"), "no script brokn.py")
    refused(SparkWork(script="broken.py"), "was never closed")
