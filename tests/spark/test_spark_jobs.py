"""Jobs of Spark by the real program, on Sparks of their own. Each start of Spark takes some ten seconds."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from spark_project import DEADLINE_S, Cluster, SparkProject, wait_for

from glue_tui.jobs.spark.submit import find_spark

pytestmark = pytest.mark.timeout(1500)


def workflow(*jobs: str, head: str = "") -> str:
    """Return a workflow whose jobs all start at once."""
    names = [job.partition("]")[0].rpartition(".")[2] for job in jobs]
    actions = ", ".join(f'{{ job = "{name}" }}' for name in names)
    return "\n".join((head, f'[triggers.go]\ntype = "ON_DEMAND"\nactions = [{actions}]', *jobs))


_MASTER = '[properties]\nmaster = "local[2]"\n'

_TYPES = """
from datetime import date as day, datetime as moment
import polars as pl
def run(glue):
    frame = pl.DataFrame(
        {
            "id": [1, 2, 3, 4],
            "tiny": pl.Series([1, None, -128, 127], dtype=pl.Int8),
            "small": pl.Series([1, None, 3, 4], dtype=pl.Int16),
            "int": pl.Series([1, None, 3, 4], dtype=pl.Int32),
            "float": pl.Series([0.5, None, float("inf"), 4], dtype=pl.Float32),
            "double": [0.1, None, float("nan"), 1e300],
            "price": pl.Series(["1.10", None, "-3.33", "99999999.99"]).cast(pl.Decimal(10, 2)),
            "yes": [True, None, False, True],
            "at": [moment(1582, 10, 4, 1, 2, 3, 4), None, moment(2026, 3, 29, 2, 30), moment(9999, 12, 31)],
            "on": [day(1, 1, 1), None, day(1582, 10, 10), day(2026, 11, 22)],
            "text": ["it's", None, 'a "b"\\n\\\\', ""],
            "bytes": [b"\\x00\\xff", None, b"", b"a"],
            "list": [[1, None], None, [], [4]],
            "record": [{"a": 1, "b c": "x"}, None, {"a": None, "b c": None}, {"a": 4, "b c": ""}],
            "key": ["a b", None, "x/y=ö'", "2026"],
            "day": [day(2026, 11, 1), day(2026, 11, 2), None, day(2026, 11, 1)],
        }
    )
    glue.write(frame, "odd.types", path="warehouse/types", partition_by=["key", "day"])
    glue.write(frame.drop("list", "record", "bytes", "float"), "odd.csv", path="warehouse/csv", format="csv")
"""

_TABLES = ("odd.types", "odd.csv", "clean.sales", "raw.sales", "raw.products", "raw.customers")

_BACK = f"""
import shouting
from pyspark.sql import functions as F
TABLES = {_TABLES!r}
def run(glue):
    for name in TABLES:
        glue.write(glue.table(name), "back." + name.replace(".", "_"), path="warehouse/back/" + name)
    loud = F.udf(shouting.shout)
    stores = glue.spark.sql("SELECT store, count(*) AS n FROM clean.sales GROUP BY store")
    glue.write_targets(stores.withColumn("loud", loud("store")))
    glue.set_property("what", glue.arguments["--what"] + glue.properties["master"][:5])
    glue.log.warning("mind the gap")
    for table, key, value in (("odd.types", "day", "DATE '2026-11-01'"), ("clean.sales", "sale_date", "'2026-11-16'")):
        print(glue.spark.sql(f"EXPLAIN SELECT * FROM {{table}} WHERE {{key}} = {{value}}").first()[0])
"""


@pytest.fixture(scope="module")
def tables(spark: SparkProject) -> SparkProject:
    """A project with tables of odd types and places beside those of the sample, and jobs that read all of them."""
    spark.write("jobs/types.py", _TYPES)
    spark.write("jobs/back.py", _BACK)
    spark.write("jobs/shouting.py", "def shout(text):\n    return text.upper()\n")
    spark.write("types.toml", workflow('[jobs.types]\ntype = "python"\nscript = "jobs/types.py"'))
    job = """[jobs.back]
type = "spark"
script = "jobs/back.py"
master = "{{ properties.master }}"
py_files = ["workflows/jobs/shouting.py"]
arguments = { "--what" = "it's \\"all\\" " }
memory = "2GB"
targets = [{ table = "marts.stores", path = "warehouse/stores", checks = ["unique store", "n > 0"] }]"""
    spark.write("back.toml", workflow(job, head=_MASTER))
    assert spark.run("types").run["summary"]["outcome"] == "SUCCEEDED"
    return spark


def test_every_kind_of_table_comes_to_a_cluster_and_back_as_it_is(tables: SparkProject, cluster: Cluster) -> None:
    ran = tables.run("back", master=cluster.url)
    assert ran.run["summary"]["outcome"] == "SUCCEEDED", ran.logs
    catalog = tables.catalog
    for name in _TABLES:
        expected = catalog[name].collect()
        found = catalog["back." + name.replace(".", "_")].collect()
        assert_frame_equal(found, expected, check_row_order=False)
    stores = catalog["marts.stores"].collect()
    expected_stores = catalog.sql("SELECT store, CAST(COUNT(*) AS BIGINT) AS n FROM clean.sales GROUP BY store")
    with_loud = expected_stores.with_columns(pl.col("store").str.to_uppercase().alias("loud")).collect()
    assert_frame_equal(stores, with_loud, check_row_order=False)
    assert ran.run["properties"]["what"] == 'it\'s "all" spark'
    log = ran.logs["back"]
    assert " WARN  mind the gap\n" in log
    assert " INFO  raw.sales: polars reads its csv and hands it to Spark as parquet\n" in log
    assert "odd.types: polars" not in log
    assert "PartitionFilters: [isnotnull(day#" in log
    assert "WARN  CreateNamespaceExec" not in log
    assert [one["name"] for one in cluster.state()["completedapps"]][-1].endswith(" back")


def test_the_samples_query_runs_on_a_cluster_by_changing_one_word(spark: SparkProject, cluster: Cluster) -> None:
    text = (spark.folder / "workflows" / "daily_sales.toml").read_text()
    query = 'query_file = "sql/daily_sales.sql"'
    assert query in text
    job = text[text.index("[jobs.aggregate_sales]") :].partition("\n\n")[0]
    connection = text[text.index("[connections.warehouse]") :].partition("\n\n")[0]
    on_spark = job.replace(query, f'{query}\nengine = "spark"\nmaster = "{cluster.url}"')
    before = spark.catalog["marts.daily_sales"].collect()
    spark.write("on_spark.toml", workflow(on_spark) + "\n" + connection)
    ran = spark.run("on_spark")
    assert ran.run["summary"]["outcome"] == "SUCCEEDED", ran.logs
    after = spark.catalog["marts.daily_sales"].collect()
    assert_frame_equal(after, before, check_row_order=False, check_exact=True)
    assert ran.node("aggregate_sales")["rows_out"] == before.height


_FROM_GLUE = """\
import sys
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark import SparkConf, SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "day"])
glue_context = GlueContext(SparkContext(conf=SparkConf().set("spark.sql.shuffle.partitions", "2")))
spark = glue_context.spark_session
job = Job(glue_context)
job.init(args["JOB_NAME"], args)
orders = glue_context.create_dynamic_frame.from_catalog(
    database="raw", table_name="orders", transformation_ctx="orders", push_down_predicate="amount > 0"
)
mapped = ApplyMapping.apply(frame=orders, mappings=[("id", "long", "order_id", "string"), ("amount", "amount")])
told = []
for call in (
    lambda: Join.apply(orders, orders, ["id"], ["id"]),
    lambda: mapped.relationalize("root", "s3://temporary"),
    lambda: glue_context.write_dynamic_frame.from_options(
        mapped, "s3", {"path": "lake/orders", "partitionKeys": ["day"]}, format="csv"
    ),
):
    try:
        call()
    except Exception as error:
        told.append(f"{error}: {error.hint}")
print(" / ".join(told))
print("shuffles by", spark.conf.get("spark.sql.shuffle.partitions"))
from glue_tui_spark import glue
glue.write_targets(DynamicFrame.fromDF(mapped.toDF().selectExpr("*", "NULL AS note"), glue_context))
job.commit()
"""

_ORDERS = """
import polars as pl
def run(glue):
    rows = pl.DataFrame({"id": [1, 2, 3], "amount": [5.0, -1.0, 3.0]}).with_columns(pl.col("id") + 10 * glue.run_number)
    glue.write(rows, "raw.orders", path="lake/orders", mode="append")
"""


def test_a_script_written_for_glue_reads_only_what_is_new(spark: SparkProject) -> None:
    job = """[jobs.mapped]
bookmark = "enable"
targets = [{ table = "clean.orders", path = "lake/mapped", mode = "append" }]
"""
    by_polars = 'type = "sql"\nquery = "SELECT CAST(id AS STRING) AS order_id, amount FROM raw.orders WHERE amount > 0"'
    by_spark = (
        'type = "spark"\nscript = "jobs/from_glue.py"\nmaster = "local[1]"\narguments = { "--day" = "2026-11-23" }'
    )
    spark.write("jobs/from_glue.py", _FROM_GLUE)
    spark.write("jobs/orders.py", _ORDERS)
    spark.write("orders.toml", workflow('[jobs.orders]\ntype = "python"\nscript = "jobs/orders.py"'))
    numbers = []
    for work in (by_polars, by_spark):
        spark.write("from_glue.toml", workflow(job + work))
        numbers.append(spark.run("orders").run["summary"]["number"])
        ran = spark.run("from_glue")
        assert ran.run["summary"]["outcome"] == "SUCCEEDED", ran.logs
    found = spark.catalog["clean.orders"].sort(pl.col("order_id").cast(int)).select("order_id", "amount").collect()
    assert found.rows() == [
        row for number in numbers for row in ((str(10 * number + 1), 5.0), (str(10 * number + 3), 3.0))
    ]
    log = ran.logs["mapped"]
    assert "Join is not here: with Spark's frame, frame.toDF(): .join(…)" in log
    assert "DynamicFrame.relationalize is not here: go on with Spark's frame" in log
    assert 'path="lake/orders", format="csv", partition_by=[\'day\'], mode="append")' in log
    assert " INFO  shuffles by 2\n" in log


_SCALA = """\
// Sums by store.
import org.apache.spark.sql.functions._

case class Sale(store: String, amount: Double)

val sales = glue.table("clean.sales")
  .select(col("store"), col("amount").cast("double"))
  // a case class of the script itself
  .as[Sale]

def rounded(value: Double): Double =
  math.round(value * 100) / 100.0

val sums = sales
  .map(sale => Sale(sale.store.toUpperCase, sale.amount))
  .groupBy("store").agg(sum("amount") as "amount")
println(s"said: ${glue.arguments("--what")} ${args.contains("--what")} ${rounded(1.234)}")
println(try { glue.table("clean.sale"); "" } catch { case error: JobError => error.hint })
println(s"masked ${glue.secret("SPARK_SECRET")} ${glue.connection("shop")}")
glue.reject(sales.toDF.limit(2), "rejects.sums", "warehouse/rejected", "two")
glue.setProperty("stores", glue.writeTargets(sums))
if (sums.count() > 1) glue.progress(1, 2) else glue.skip()
"""


def test_a_scala_script_reads_tables_and_writes_targets(spark: SparkProject, monkeypatch: pytest.MonkeyPatch) -> None:
    job = """[jobs.sums]
type = "scala"
script = "jobs/sums.scala"
threads = 2
bookmark = "enable"
arguments = { "--what" = "sums" }
targets = [{ table = "marts.sums", path = "warehouse/sums" }]"""
    spark.write("jobs/sums.scala", _SCALA)
    spark.write("scala.toml", workflow(job, head='[connections.shop]\nurl = "sqlite:///shop.db"\n'))
    monkeypatch.setenv("SPARK_SECRET", "hunter2")
    ran = spark.run("scala")
    assert ran.run["summary"]["outcome"] == "SUCCEEDED", ran.logs
    sums = "SELECT UPPER(store) AS store, CAST(SUM(amount) AS DOUBLE) AS amount FROM clean.sales GROUP BY store"
    found, expected = spark.catalog["marts.sums"].collect(), spark.catalog.sql(sums).collect()
    assert_frame_equal(found, expected, check_row_order=False)
    assert ran.run["properties"]["stores"] == str(expected.height)
    assert " INFO  said: sums true 1.23\n" in ran.logs["sums"]
    assert "master local[2]" in ran.logs["sums"]
    assert ' INFO  did you mean "clean.sales"?\n' in ran.logs["sums"]
    assert " INFO  masked *** sqlite:///shop.db\n" in ran.logs["sums"]
    assert spark.catalog["rejects.sums"].collect().height == 2
    assert re.search(r"reads clean\.sales: .* new rows in", ran.logs["sums"])


_JAR = """
package shop
object Sums {
  def main(args: Array[String]): Unit = {
    val spark = org.apache.spark.sql.SparkSession.builder().getOrCreate()
    val rows = spark.sql("SELECT count(*) AS n FROM " + args(args.indexOf("--table") + 1))
    rows.write.parquet(spark.conf.get("spark.glue_tui.targets"))
  }
}
"""


def test_a_class_of_a_jar_reads_tables_and_writes_targets(spark: SparkProject) -> None:
    (spark.folder / "Sums.scala").write_text(_JAR)
    jars = ":".join(map(str, Path(find_spark().home, "jars").glob("*.jar")))
    compiler = ["java", "-cp", jars, "scala.tools.nsc.Main", "-cp", jars]
    subprocess.run([*compiler, "-d", "sums.jar", "Sums.scala"], cwd=spark.folder, check=True)
    job = """[jobs.counted]
type = "scala"
jar = "sums.jar"
main_class = "shop.Sums"
arguments = { "--table" = "clean.sales" }
targets = [{ table = "marts.counted", path = "warehouse/counted" }]"""
    spark.write("jar.toml", workflow(job))
    ran = spark.run("jar")
    assert ran.run["summary"]["outcome"] == "SUCCEEDED", ran.logs
    assert spark.catalog["marts.counted"].collect().item() == spark.catalog["clean.sales"].collect().height


_UDF = """\
from pyspark.sql import functions as F
from glue_tui_spark import glue

def broken(text):
    return 1 / (len(text) - len(text))

glue.write(glue.table("clean.sales").select(F.udf(broken)("store")), "marts.never", path="warehouse/never")
"""
_COMPILE = "val a = 1\n\nval b = a +\n  2\nval c = nothing(b)\n"
_RUNTIME = "val a = spark.range(3)\n\ndef f(n: Long): Long = {\n  n / (a.count() - 3)\n}\nval b = f(3)\nprintln(1)\n"


def test_failures_name_the_users_own_line_and_the_way_out(spark: SparkProject) -> None:
    spark.write("jobs/udf.py", _UDF)
    spark.write("jobs/compile.scala", _COMPILE)
    spark.write("jobs/runtime.scala", _RUNTIME)
    column = "SELECT stroe FROM clean.sales"
    target = 'targets = [{ table = "marts.never", path = "warehouse/never" }]'
    jobs = (
        '[jobs.udf]\ntype = "spark"\nscript = "jobs/udf.py"',
        '[jobs.compile]\ntype = "scala"\nscript = "jobs/compile.scala"',
        '[jobs.runtime]\ntype = "scala"\nscript = "jobs/runtime.scala"',
        f'[jobs.column]\ntype = "sql"\nengine = "spark"\nquery = "{column}"\n{target}',
    )
    spark.write("failing.toml", workflow(*jobs))
    ran = spark.run("failing")
    errors = {name: ran.node(name)["error"] for name in ("udf", "compile", "runtime", "column")}
    assert (errors["udf"]["type"], errors["udf"]["message"]) == ("ZeroDivisionError", "division by zero")
    assert errors["udf"]["location"] == "workflows/jobs/udf.py:5"
    assert (errors["compile"]["type"], errors["compile"]["location"]) == (
        "CompileError",
        "workflows/jobs/compile.scala:5",
    )
    assert errors["compile"]["message"] == "not found: value nothing"
    assert (errors["runtime"]["type"], errors["runtime"]["location"]) == (
        "ArithmeticException",
        "workflows/jobs/runtime.scala:4",
    )
    assert errors["column"]["type"] == "AnalysisException"
    assert "`stroe` cannot be resolved" in errors["column"]["message"]
    assert errors["column"]["hint"] == 'did you mean "store"?'
    assert not (spark.folder / "warehouse" / "never").exists()
    assert "never" not in str(list(spark.catalog))


_LONG = """
from pyspark.sql import functions as F
def run(glue):
    F_ = F.udf(lambda n: __import__("time").sleep(600))
    glue.spark.range(2).select(F_("id")).collect()
"""


def test_a_kill_and_a_stop_end_the_application_on_the_cluster(spark: SparkProject, cluster: Cluster) -> None:
    spark.write("jobs/long.py", _LONG)
    job = f'[jobs.long]\ntype = "spark"\nscript = "jobs/long.py"\nmaster = "{cluster.url}"\nmax_retries = 1'
    spark.write("long.toml", workflow(job))
    process = spark.start("long")
    try:
        wait_for(cluster.applications, "for the application")
        (driver,) = spark.drivers()
        worker = driver.parent()
        assert worker is not None
        worker.kill()
        wait_for(lambda: not driver.is_running(), "for the end of the driver")
        wait_for(lambda: not cluster.applications(), "for the end of the application")
        wait_for(cluster.applications, "for the application of the second attempt")
        os.kill(process.pid, signal.SIGINT)
        _, narration = process.communicate(timeout=DEADLINE_S)
    finally:
        if process.poll() is None:
            process.kill()
    assert "was stopped" in narration
    assert spark.drivers() == []
    assert spark.exchanged() == []
    wait_for(lambda: not cluster.applications(), "for the end of the application")
