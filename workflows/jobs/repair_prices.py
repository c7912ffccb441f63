"""Finds prices that lost their decimal comma on the way (12,50 became 1250) and puts it back."""

from __future__ import annotations

import polars as pl

from glue_tui.jobs.context import JobContext


def run(glue: JobContext) -> None:
    prices = glue.table("staging.prices").collect()

    # No price rises tenfold overnight: such a one has lost its comma.
    prices = prices.with_columns((pl.col("unit_pirce") > pl.col("catalogue_price") * 10).alias("repaired"))

    price = pl.col("unit_price")
    prices = prices.with_columns(pl.when("repaired").then((price / 100).cast(pl.Decimal(12, 2))).otherwise(price))
    glue.log.info(f"{prices['repaired'].sum()} of {prices.height} prices repaired")
    glue.write(prices.sort("product_id", "supplier"), "staging.repaired_prices", path="warehouse/staging/repaired")
