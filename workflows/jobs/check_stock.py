"""Takes the stock movements that just landed (and no others) and adds shelves that run low to marts.stock_alerts.

On hand = last count + what moved in this run's files. Low = below the reorder level. Only what moved is looked at.
It writes below warehouse/, never into the folder that the workflow watches: that would start it again.
"""

from __future__ import annotations

import polars as pl

from glue_tui.jobs.context import JobContext


def run(glue: JobContext) -> None:
    if not glue.event_files:
        glue.log.info("no movement landed: started by hand, nothing to check")
        return
    moved = (
        pl.concat(pl.scan_csv(glue.project_dir / file) for file in glue.event_files)
        .group_by("store_id", "product_id")
        .agg(pl.col("quantity").sum().alias("moved"))
    )
    alerts = (
        glue.table("raw.stock")
        .join(moved, on=["store_id", "product_id"])
        .with_columns((pl.col("on_hand") + pl.col("moved")).alias("left"))
        .filter(pl.col("left") < pl.col("reorder_level"))
        .select(
            pl.lit(glue.run_number, dtype=pl.Int64).alias("run_number"),
            pl.lit(", ".join(glue.event_files)).alias("files"),
            "store_id",
            "product_id",
            "on_hand",
            "moved",
            "left",
            "reorder_level",
        )
        .sort("store_id", "product_id")
        .collect()
    )
    for alert in alerts.iter_rows(named=True):
        glue.log.warning("{store_id} {product_id}: {left} left, reorder at {reorder_level}".format(**alert))
    glue.write(alerts, "marts.stock_alerts", path="warehouse/stock_alerts", mode="append")
    glue.log.info(f"{alerts.height} low shelves in {len(glue.event_files)} file(s)")
