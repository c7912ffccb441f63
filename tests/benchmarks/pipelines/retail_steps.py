"""The steps of the pipeline in polars, as expressions alone; the job of glue-tui and the program by hand share them."""

from __future__ import annotations

import polars as pl

RAW = ("order_id", "ordered_at", "shop", "product_id", "customer_id", "quantity", "price")


def parsed(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return the lines with values of their types and, in `reason`, why a line is refused."""
    price = pl.col("price").str.strip_chars(" €EUR").str.replace(",", ".", literal=True)
    cents = (price.cast(pl.Float64, strict=False) * 100).round().cast(pl.Int64)
    ordered_at = pl.coalesce(
        pl.col("ordered_at").str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us"),
        pl.col("ordered_at").str.to_datetime("%d/%m/%Y %H:%M", strict=False, time_unit="us"),
    )
    quantity = pl.col("quantity").cast(pl.Int64, strict=False)
    reason = (
        pl.when(pl.col("order_id").fill_null("") == "")
        .then(pl.lit("no order id"))
        .when(pl.col("at").is_null())
        .then(pl.lit("no date"))
        .when((pl.col("pieces") > 0).fill_null(False).not_())
        .then(pl.lit("no quantity"))
        .when(pl.col("cents").is_null())
        .then(pl.lit("no price"))
    )
    typed = lines.select(*RAW).with_columns(at=ordered_at, pieces=quantity, cents=cents)
    return typed.with_columns(reason=reason)


def refused(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return the lines that are refused as they came, with the reason."""
    return parsed(lines).filter(pl.col("reason").is_not_null()).select(*RAW, "reason")


def detail(lines: pl.LazyFrame, products: pl.LazyFrame, customers: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row for each order, with what is known of its product and customer."""
    kept = parsed(lines).filter(pl.col("reason").is_null())
    joined = (
        _one_of_each(kept, ids=lines)
        .join(products.select("product_id", category=pl.col("kind").struct.field("main")), on="product_id", how="left")
        .join(customers.select("customer_id", "segment"), on="customer_id", how="left")
    )
    return joined.select(
        "order_id",
        "shop",
        "product_id",
        "category",
        "customer_id",
        "segment",
        "cents",
        ordered_at="at",
        quantity="pieces",
        sale_date=pl.col("at").dt.date(),
    )


def totals(detail: pl.LazyFrame) -> pl.LazyFrame:
    """Return the sums by day, shop and category."""
    customer = pl.col("customer_id").filter(pl.col("customer_id") != "")
    return detail.group_by("sale_date", "shop", "category").agg(
        pieces=pl.col("quantity").sum(),
        cents=(pl.col("quantity") * pl.col("cents")).sum(),
        customers=customer.n_unique(),
    )


def _one_of_each(kept: pl.LazyFrame, ids: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows without those that came twice.

    Only ids whose hash is there twice are compared, so that not every id has to be held at once: a first pass finds the
    hashes. That two ids may share one hash costs a comparison and nothing else.
    """
    order = pl.col("order_id").hash()
    hashes = ids.select(order).collect(engine="streaming").to_series().sort()
    twice = hashes.filter(hashes == hashes.shift(1)).unique().implode()
    is_twice = order.is_in(twice)
    few = kept.filter(is_twice).unique("order_id", keep="any").collect(engine="streaming")
    return pl.concat([kept.filter(~is_twice), few.lazy()])
