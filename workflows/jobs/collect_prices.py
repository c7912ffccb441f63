"""Reads the suppliers' price lists, each written in its own way, and puts the catalogue's price beside every entry."""

from __future__ import annotations

import polars as pl

from glue_tui.jobs.context import JobContext


def run(glue: JobContext) -> None:
    catalogue = glue.table("supply.products").select(
        "product_id",
        pl.col("price").struct.field("amount").cast(pl.String).cast(pl.Decimal(12, 2)).alias("catalogue_price"),
    )
    prices = glue.table("supply.prices").select(
        "product_id",
        "supplier",
        pl.col("unit_price").cast(pl.String).str.replace(",", ".", literal=True).cast(pl.Decimal(12, 2)),
        pl.col("valid_from").cast(pl.String),
    )
    rows = glue.write(prices.join(catalogue, on="product_id"), "staging.prices", path="warehouse/staging/prices")
    glue.log.info(f"{rows} prices collected")
