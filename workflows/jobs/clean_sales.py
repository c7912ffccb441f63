"""Turns what the tills sent into sales that can be counted.

Reads raw.sales, raw.products, raw.stores, raw.customers; writes clean.sales, clean.rejects, marts.data_quality.

The rules of cleaning, in this order; the first that applies decides, and a rejected line keeps its reason:

1. `impossible date`        order_time is not a real `YYYY-MM-DD HH:MM:SS`
2. `bad quantity`           quantity is not a whole number of at least --min-quantity
3. `unreadable price`       unit_price without `€`, `EUR`, blanks is not digits with at most two decimals, `.` or `,`
4. `unknown product`        product_id is not in the product catalogue
5. `unknown store`          store_id is not in the shop's database
6. `unknown customer`       customer_id is given, but is not in the shop's database; an empty one is a guest and fine
7. `duplicate order line`   order_id and line_no were seen already, in this file or another; one of them stays

The day of a sale is the day in order_time, not the folder: a till that was offline sends yesterday's orders today.
Amounts are exact decimals; nothing here is a binary float.
"""

from __future__ import annotations

import polars as pl

from glue_tui.jobs.context import JobContext

TEXT_COLUMNS = (
    "order_id",
    "line_no",
    "order_time",
    "store_id",
    "product_id",
    "customer_id",
    "quantity",
    "unit_price",
    "payment",
)


def run(glue: JobContext) -> None:
    # As text first: what a crawler makes of a column depends on the dirt in it, the rules above must not.
    lines = glue.table("raw.sales").select(pl.col(*TEXT_COLUMNS).cast(pl.String).str.strip_chars()).collect()
    glue.log.info(f"{lines.height} lines from the tills")
    glue.progress(1, 4)

    products = glue.table("raw.products").select("product_id", pl.col("name").alias("product"), "category").collect()
    stores = glue.table("raw.stores").select("store_id", "store", "region").collect()
    customers = glue.table("raw.customers").select("customer_id", "tier").collect()
    judged = judge(read_values(lines), products, stores, customers, int(glue.arguments["--min-quantity"]))
    glue.progress(2, 4)

    sales = (
        judged.filter(pl.col("reason").is_null())
        .join(products, on="product_id")
        .join(stores, on="store_id")
        .join(customers, on="customer_id", how="left")
        .select(
            "order_id",
            pl.col("line_no").cast(pl.Int64),
            pl.col("sold_at").dt.date().alias("sale_date"),
            "sold_at",
            "store_id",
            "store",
            "region",
            "product_id",
            "product",
            "category",
            "customer_id",
            "tier",
            "units",
            "price",
            (pl.col("price") * pl.col("units").cast(pl.Decimal(12, 0))).cast(pl.Decimal(12, 2)).alias("amount"),
            pl.lit(glue.arguments["--currency"]).alias("currency"),
            "payment",
        )
        .sort("sale_date", "order_id", "line_no")
    )
    rejects = (
        judged.filter(pl.col("reason").is_not_null())
        .select("reason", *TEXT_COLUMNS)
        .sort("reason", "order_id", "line_no")
    )
    by_reason = rejects.group_by("reason").agg(pl.len().cast(pl.Int64).alias("lines")).sort("reason")
    for reason, count in by_reason.iter_rows():
        glue.log.warning(f"{count} lines rejected: {reason}")
    check_quality(rejects.height, lines.height, int(glue.arguments["--max-rejected-percent"]))
    glue.progress(3, 4)

    glue.write(sales, "clean.sales", path="warehouse/clean_sales", partition_by=["sale_date"])
    glue.write(rejects, "clean.rejects", path="warehouse/rejects")
    glue.write(
        by_reason.with_columns(pl.lit(glue.run_number, dtype=pl.Int64).alias("run_number")),
        "marts.data_quality",
        path="warehouse/data_quality",
    )
    glue.log.info(f"{sales.height} clean, {rejects.height} rejected")
    glue.progress(4, 4)


def read_values(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `sold_at`, `units` and `price`, null where the text cannot be read as such."""
    bare = pl.col("unit_price").str.replace_all(r"€|EUR|\s", "").str.replace(",", ".", literal=True)
    return lines.with_columns(
        pl.col("order_time").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).alias("sold_at"),
        pl.col("quantity").cast(pl.Int64, strict=False).alias("units"),
        # The pattern decides, not the cast: a cast would take `1e3`, and round a third decimal.
        pl.when(bare.str.contains(r"^\d+(\.\d{1,2})?$"))
        .then(bare)
        .cast(pl.Decimal(12, 2), strict=False)
        .alias("price"),
        # An empty customer is a guest, however the crawler read the empty cell.
        pl.col("customer_id").replace("", None),
    )


def judge(
    lines: pl.DataFrame, products: pl.DataFrame, stores: pl.DataFrame, customers: pl.DataFrame, min_quantity: int
) -> pl.DataFrame:
    """Add `reason`: why a line is rejected, null for a clean one."""
    judged = lines.with_columns(
        pl.when(pl.col("sold_at").is_null())
        .then(pl.lit("impossible date"))
        .when(pl.col("units").is_null() | (pl.col("units") < min_quantity))
        .then(pl.lit("bad quantity"))
        .when(pl.col("price").is_null())
        .then(pl.lit("unreadable price"))
        .when(~pl.col("product_id").is_in(products["product_id"].implode()))
        .then(pl.lit("unknown product"))
        .when(~pl.col("store_id").is_in(stores["store_id"].implode()))
        .then(pl.lit("unknown store"))
        .when(pl.col("customer_id").is_not_null() & ~pl.col("customer_id").is_in(customers["customer_id"].implode()))
        .then(pl.lit("unknown customer"))
        .alias("reason")
    )
    # Seen already among the lines that are fine: a faulty first copy must not throw out a good second one.
    seen = pl.col("order_id").cum_count().over("order_id", "line_no", "reason") > 1
    return judged.with_columns(
        pl.when(pl.col("reason").is_null() & seen)
        .then(pl.lit("duplicate order line"))
        .otherwise("reason")
        .alias("reason")
    )


def check_quality(rejected: int, total: int, max_rejected_percent: int) -> None:
    """Refuse to publish a night of which too much is wrong: figures that look right would be worse than none."""
    if rejected * 100 > total * max_rejected_percent:
        raise ValueError(
            f"{rejected} of {total} lines rejected, more than {max_rejected_percent} % (property max_rejected_percent)"
        )
