"""`glue-tui init`: a small project that runs at once, to be changed into one's own."""

from __future__ import annotations

from pathlib import Path

import click

from glue_tui.cli.output import say, show
from glue_tui.core.problem import InvalidInput
from glue_tui.definitions.folder import definition_files

GITIGNORE = """\
# The engine's state and logs, and what the workflows make.
.glue_tui/
warehouse/
"""

HELLO_TOML = """\
# A workflow is one file in workflows/; its name is the file's. Check it with `glue-tui validate`.
#
#   by_hand → orders (crawler) → clean_orders (python) → revenue_by_day (sql)
#
# Run it:   glue-tui run hello
# Look:     glue-tui catalog,   glue-tui sql "SELECT * FROM marts.revenue_by_day"

description = "Crawl a folder of orders, clean them, add them up by day"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ crawler = "orders" }]

# Every night at 22:00. Glue's six fields: minute hour day-of-month month day-of-week year.
# [triggers.nightly]
# type = "SCHEDULED"
# schedule = "cron(0 22 * * ? *)"
# actions = [{ crawler = "orders" }]

# Whenever a file lands in the folder.
# [triggers.file_landed]
# type = "EVENT"
# watch = ["data/orders/*.csv"]
# actions = [{ crawler = "orders" }]

[triggers.orders_known]
type = "CONDITIONAL"
conditions = [{ crawler = "orders", state = "SUCCEEDED" }]
actions = [{ job = "clean_orders" }]

[triggers.orders_clean]
type = "CONDITIONAL"
conditions = [{ job = "clean_orders", state = "SUCCEEDED" }]
actions = [{ job = "revenue_by_day" }]

# Finds out what lies in the folder and writes it to the catalog as the table raw.orders.
[crawlers.orders]
database = "raw"
targets = [{ path = "data/orders" }]

[jobs.clean_orders]
type = "python"
script = "jobs/clean_orders.py"

[jobs.revenue_by_day]
type = "sql"
query = \"\"\"
SELECT day, SUM(quantity * unit_price) AS revenue, COUNT(*) AS orders
FROM clean.orders GROUP BY day ORDER BY day
\"\"\"
targets = [{ table = "marts.revenue_by_day", path = "warehouse/revenue_by_day", format = "parquet" }]
"""

CLEAN_ORDERS_PY = '''\
"""Reads raw.orders, writes clean.orders: without orders of nothing, with the day of each order."""

from __future__ import annotations

import polars as pl

from glue_tui.jobs.context import JobContext


def run(glue: JobContext) -> None:
    orders = glue.table("raw.orders")
    clean = orders.filter(pl.col("quantity") > 0).with_columns(pl.col("ordered_at").cast(pl.Date).alias("day"))
    rows = glue.write(clean, "clean.orders", path="warehouse/clean_orders")
    glue.log.info(f"{rows} clean orders")
'''

_PRODUCTS = (("teapot", "24.90"), ("cup", "7.50"), ("saucer", "4.25"), ("sugar bowl", "11.00"))
_DAYS = (1, 2, 3)
_ORDERS_PER_DAY = 12


@click.command("init")
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--sample/--empty", "is_sample", default=True, help="With a workflow that runs (default), or without.")
def init_command(directory: Path, is_sample: bool) -> None:
    """Make a project in DIR (default: here): a workflow, a job and a little data. Overwrites nothing."""
    there = definition_files(directory)
    if there:
        raise InvalidInput(
            f"{directory} is a project already ({there[0].name}); nothing was written", hint="choose another folder"
        )
    files = starter_files() if is_sample else {".gitignore": GITIGNORE}
    taken = [name for name in files if name != ".gitignore" and (directory / name).exists()]
    if taken:
        raise InvalidInput(
            f"{directory / taken[0]} is there already; nothing was written", hint="choose another folder, or --empty"
        )
    try:
        (directory / "workflows").mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = directory / name
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            show(str(path))
    except OSError as error:
        raise InvalidInput(f"can't write the project: {error}", hint="choose another folder") from error
    where = "" if directory == Path() else f"cd {directory} && "
    if is_sample:
        say(f"made a project: `{where}glue-tui run hello` runs its workflow, `{where}glue-tui` opens the screen")
    else:
        say("made an empty project: write workflows/NAME.toml, then `glue-tui validate`")


def starter_files() -> dict[str, str]:
    """Return the texts of the starter project by their paths."""
    return {
        ".gitignore": GITIGNORE,
        "workflows/hello.toml": HELLO_TOML,
        "workflows/jobs/clean_orders.py": CLEAN_ORDERS_PY,
        **{f"data/orders/2026-03-{day:02d}.csv": _orders_csv(day) for day in _DAYS},
    }


def _orders_csv(day: int) -> str:
    """Return a day of orders: always the same, a few of them for nothing, as the job is to notice."""
    lines = ["order_id,ordered_at,product,quantity,unit_price"]
    for number in range(_ORDERS_PER_DAY):
        product, price = _PRODUCTS[(number * 7 + day) % len(_PRODUCTS)]
        quantity = (number * day) % 5
        at = f"2026-03-{day:02d} {8 + number:02d}:{(number * 13 + day * 5) % 60:02d}:00"
        lines.append(f"{day * 1000 + number},{at},{product},{quantity},{price}")
    return "\n".join(lines) + "\n"
