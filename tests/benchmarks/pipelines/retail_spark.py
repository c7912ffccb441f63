"""`retail_spark.py DATA OUT`: the pipeline in PySpark on `local[2]`.

Its driver for SQLite is a download, so customers come through a CSV file and sums go through Python's own sqlite3.
"""

import csv
import shutil
import sqlite3
import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

RAW = ("order_id", "ordered_at", "shop", "product_id", "customer_id", "quantity", "price")
TOTALS = ("sale_date", "shop", "category", "pieces", "cents", "customers")


def main(data: Path, out: Path) -> None:
    out.mkdir()
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.shuffle.partitions", 8)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", False)
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    try:
        run(spark, data, out)
    finally:
        spark.stop()


def run(spark: SparkSession, data: Path, out: Path) -> None:
    schema = ", ".join(f"{name} STRING" for name in RAW)
    files = [str(path) for path in sorted((data / "sales").glob("*/*/*/*.csv"))]
    lines = spark.read.csv(files, schema=schema, header=True)
    price = F.regexp_replace(F.regexp_replace("price", "[ €EUR]", ""), ",", ".")
    parsed = lines.select(
        *RAW,
        F.coalesce(
            F.try_to_timestamp("ordered_at", F.lit("yyyy-MM-dd'T'HH:mm:ss")),
            F.try_to_timestamp("ordered_at", F.lit("dd/MM/yyyy HH:mm")),
        ).alias("at"),
        F.col("quantity").try_cast("bigint").alias("pieces"),
        F.round(price.try_cast("double") * 100).cast("bigint").alias("cents"),
    ).withColumn(
        "reason",
        F.when(F.coalesce("order_id", F.lit("")) == "", "no order id")
        .when(F.col("at").isNull(), "no date")
        .when(F.coalesce("pieces", F.lit(0)) <= 0, "no quantity")
        .when(F.col("cents").isNull(), "no price"),
    )
    parsed.filter("reason IS NOT NULL").select(*RAW, "reason").write.csv(str(out / "rejects"), header=True)
    detail(spark, parsed.filter("reason IS NULL").dropDuplicates(["order_id"]), data, out)
    made = spark.read.parquet(str(out / "sales"))
    totals = made.groupBy("sale_date", "shop", "category").agg(
        F.sum("quantity").alias("pieces"),
        F.sum(F.col("quantity") * F.col("cents")).alias("cents"),
        F.countDistinct(F.nullif("customer_id", F.lit(""))).alias("customers"),
    )
    rows = totals.select(F.col("sale_date").cast("string"), *TOTALS[1:]).collect()
    with sqlite3.connect(out / "ware.db") as ware:
        ware.execute(f"CREATE TABLE daily ({', '.join(TOTALS)})")
        ware.executemany("INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?)", map(tuple, rows))
    for path in out.rglob("[._]*"):
        path.unlink()  # Marks and check sums, which a reader of the folder does not expect.


def detail(spark: SparkSession, kept: object, data: Path, out: Path) -> None:
    with sqlite3.connect(data / "shop.db") as shop, (out / "customers.csv").open("w", newline="") as file:
        csv.writer(file).writerows(shop.execute("SELECT customer_id, segment FROM customers"))
    customers = spark.read.csv(str(out / "customers.csv"), schema="customer_id STRING, segment STRING")
    products = spark.read.json(str(data / "products.jsonl")).select("product_id", F.col("kind.main").alias("category"))
    joined = kept.join(F.broadcast(products), "product_id", "left").join(customers, "customer_id", "left")
    columns = ("order_id", "shop", "product_id", "category", "customer_id", "segment", "cents")
    sale_date = F.to_date("at").alias("sale_date")
    rows = joined.select(*columns, F.col("at").alias("ordered_at"), F.col("pieces").alias("quantity"), sale_date)
    rows.repartition(8, "sale_date").write.option("compression", "zstd").partitionBy("sale_date").parquet(
        str(out / "sales")
    )


if __name__ == "__main__":
    data, out = map(Path, sys.argv[1:])
    shutil.rmtree(out, ignore_errors=True)
    main(data, out)
