"""Runs when clean_sales failed: copies suspect files to warehouse/quarantine/RUN/ and keeps the dashboard truthful.

A file is suspect if its columns are not the usual ones. Nothing is moved or deleted: the landing zone is the tills'.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from glue_tui.core.problem import EntityNotFound
from glue_tui.jobs.context import JobContext

USUAL_HEADER = "order_id,line_no,order_time,store_id,product_id,customer_id,quantity,unit_price,payment"

DAILY_SALES = {  # what sql/daily_sales.sql makes
    "sale_date": pl.Date,
    "store": pl.String,
    "region": pl.String,
    "category": pl.String,
    "revenue": pl.Float64,
    "lines": pl.Int64,
    "units": pl.Int64,
    "customers": pl.Int64,
}


def run(glue: JobContext) -> None:
    # Started by files: look at those. By hand or by the clock: at all.
    landed = [glue.project_dir / file for file in glue.event_files]
    files = landed or sorted((glue.project_dir / "sample_data/landing/sales").glob("**/*.csv"))
    suspects = [file for file in files if first_line(file) != USUAL_HEADER]
    for file in suspects:
        copy = glue.project_dir / "warehouse/quarantine" / glue.run_id / file.relative_to(glue.project_dir)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)
        glue.log.warning(f"set aside: {file.relative_to(glue.project_dir)}: {first_line(file)}")
    glue.log.info(f"{len(suspects)} of {len(files)} files look suspect")

    note = {"reason": "this night was not cleaned: older figures shown", "lines": 0, "run_number": glue.run_number}
    aside = {"reason": "suspect file set aside", "lines": sum(map(data_lines, suspects)), "run_number": glue.run_number}
    schema = {"reason": pl.String, "lines": pl.Int64, "run_number": pl.Int64}
    glue.write(pl.DataFrame([note, aside], schema=schema), "marts.data_quality", path="warehouse/data_quality")

    # The dashboard reads marts.daily_sales: after a first night that failed it shows no sales, not an error.
    try:
        glue.table("marts.daily_sales")
    except EntityNotFound:
        glue.write(pl.DataFrame(schema=DAILY_SALES), "marts.daily_sales", path="warehouse/daily_sales")


def first_line(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return lines.readline().rstrip("\r\n")


def data_lines(file: Path) -> int:
    with file.open("rb") as lines:
        return max(0, sum(1 for _ in lines) - 1)
