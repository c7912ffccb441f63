"""A project whose every row is known beforehand, for engines that are killed while they work on it.

`nightly` crawls CSV files and writes tables in every way there is; each run is told by its property `batch` apart, and
what it writes depends on that alone. `arrivals` is started by files, in whatever batches they come; what it writes
depends on the files alone. So two projects with the same batches and files must end with the same tables.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

SALES_FILES = 3
ROWS_A_SALES_FILE = 200
ROWS_AN_ARRIVAL = 20
STORES = ("Lyon", "Oslo", "Turin")
FOLDERS = ("out/clean", "out/totals", "out/history", "out/parts", "out/arrivals")
"""What is written as files, by folder."""
TABLES = ("totals", "ledger", "latest", "arrivals")
"""What is written behind `ware`."""

NIGHTLY = """
max_concurrent_runs = 1
on_overlap = "queue"

[properties]
batch = { type = "integer", default = 0 }

[connections.ware]
url = "sqlite:///ware.db"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ crawler = "landing" }]

[triggers.crawled]
type = "CONDITIONAL"
conditions = [{ crawler = "landing", state = "SUCCEEDED" }]
actions = [{ job = "clean" }]

[triggers.cleaned]
type = "CONDITIONAL"
conditions = [{ job = "clean", state = "SUCCEEDED" }]
actions = [{ job = "totals" }, { job = "history" }, { job = "ledger" }, { job = "stamp" }]

[triggers.clean_failed]
type = "CONDITIONAL"
conditions = [{ job = "clean", state = "FAILED" }]
actions = [{ job = "alarm" }]

[triggers.loaded]
type = "CONDITIONAL"
logical = "AND"
conditions = [
  { job = "totals", state = "SUCCEEDED" },
  { job = "history", state = "SUCCEEDED" },
  { job = "ledger", state = "SUCCEEDED" },
  { job = "stamp", state = "SUCCEEDED" },
]
actions = [{ job = "report" }]

[crawlers.landing]
database = "raw"
targets = [{ path = "landing" }]
recrawl = "CRAWL_EVERYTHING"
max_retries = 9

[jobs.clean]
type = "python"
script = "jobs/clean.py"
max_retries = 9

[jobs.totals]
type = "sql"
query = "SELECT store, {{ properties.batch }} AS batch, SUM(amount) AS amount FROM clean.sales GROUP BY store"
targets = [
  { table = "marts.totals", path = "out/totals", mode = "overwrite" },
  { connection = "ware", table = "totals", mode = "upsert", keys = ["store", "batch"] },
  { connection = "ware", table = "latest", mode = "overwrite" },
]
max_retries = 9

[jobs.history]
type = "sql"
query = "SELECT id, amount, {{ properties.batch }} AS batch FROM clean.sales"
targets = [{ table = "marts.history", path = "out/history", mode = "append" }]
max_retries = 9

[jobs.ledger]
type = "python"
script = "jobs/ledger.py"
max_retries = 9

[jobs.stamp]
type = "command"
command = ["sh", "-c", "mkdir -p stamps; echo {{ properties.batch }} > stamps/{{ properties.batch }}; sleep 0.05"]
max_retries = 9

[jobs.report]
type = "dashboard"
output = "report.html"
charts = [{ title = "Amounts", kind = "bar", x = "store", y = "amount", query = "SELECT * FROM marts.totals" }]
max_retries = 9

[jobs.alarm]
type = "command"
command = ["touch", "alarm"]
"""

ARRIVALS = """
[connections.ware]
url = "sqlite:///ware.db"

[triggers.files]
type = "EVENT"
watch = ["incoming/*.csv"]
settle = "50ms"
batch_size = 2
batch_window = "1s"
actions = [{ job = "take" }]

[jobs.take]
type = "python"
script = "jobs/take.py"
max_retries = 9
"""

SCRIPTS = {
    "clean": """
import polars as pl

def run(glue):
    batch = int(glue.properties["batch"])
    if batch % 3 == 0 and glue.attempt == 1:
        raise ConnectionError("the first try of every third batch fails")
    sales = glue.table("raw.landing").filter(pl.col("id") % 5 == batch % 5).collect()
    rows = glue.write(sales, "clean.sales", path="out/clean", partition_by=["store"])
    glue.set_property("clean_rows", rows)
""",
    "ledger": """
import polars as pl

def run(glue):
    batch = int(glue.properties["batch"])
    rows = glue.table("clean.sales").with_columns(batch=pl.lit(batch)).collect()
    assert rows.height == int(glue.properties["clean_rows"])
    glue.write(rows, "marts.parts", path="out/parts", mode="append", partition_by=["store", "batch"])
    half = rows.height // 2
    for part in (rows[:half], rows[half:]):
        glue.write_database(part, connection="ware", table="ledger", mode="append")
""",
    "take": """
import polars as pl

def run(glue):
    rows = pl.concat([pl.read_csv(file).with_columns(file=pl.lit(file)) for file in glue.event_files])
    glue.write(rows, "marts.arrivals", path="out/arrivals", mode="append")
    glue.write_database(rows, connection="ware", table="arrivals", mode="append")
""",
}


def make_project(folder: Path) -> None:
    """Write definitions, scripts and the files that `nightly` crawls."""
    for name in ("workflows/jobs", "landing", "incoming"):
        (folder / name).mkdir(parents=True)
    (folder / "workflows" / "nightly.toml").write_text(NIGHTLY)
    (folder / "workflows" / "arrivals.toml").write_text(ARRIVALS)
    for name, text in SCRIPTS.items():
        (folder / "workflows" / "jobs" / f"{name}.py").write_text(text)
    for number in range(SALES_FILES):
        ids = range(number * ROWS_A_SALES_FILE, (number + 1) * ROWS_A_SALES_FILE)
        frame = pl.DataFrame({"id": ids, "store": [STORES[n % 3] for n in ids], "amount": [n * 7 % 100 for n in ids]})
        frame.write_csv(folder / "landing" / f"{number}.csv")


def deliver(folder: Path, number: int) -> str:
    """Let one file arrive, whole at once, and return its name as the engine says it."""
    name = f"incoming/{number:03}.csv"
    frame = pl.DataFrame({"n": range(number * ROWS_AN_ARRIVAL, (number + 1) * ROWS_AN_ARRIVAL)})
    frame.write_csv(folder / f"{number:03}.unready")
    (folder / f"{number:03}.unready").rename(folder / name)
    return name


def rows_written(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table that the workflows write, sorted: from the files themselves and the database."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name in FOLDERS:
        frame = pl.read_parquet(folder / name, hive_partitioning=True)
        found[name] = sorted(frame.select(sorted(frame.columns)).rows())
    with closing(sqlite3.connect(folder / "ware.db")) as conn:
        for name in TABLES:
            found[f"ware:{name}"] = sorted(conn.execute(f"SELECT * FROM {name}").fetchall())
    found["stamps"] = sorted((path.name, path.read_text()) for path in (folder / "stamps").iterdir())
    return found
