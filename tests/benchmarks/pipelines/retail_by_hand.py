"""`retail_by_hand.py DATA OUT`: the pipeline as a program by hand, in streaming polars, in the best way known."""

import shutil
import sqlite3
import sys
from pathlib import Path

import polars as pl
import retail_steps as steps


def main(data: Path, out: Path) -> None:
    out.mkdir()
    lines = pl.scan_csv(data / "sales" / "**" / "*.csv", infer_schema=False)
    with sqlite3.connect(data / "shop.db") as conn:
        rows = conn.execute("SELECT customer_id, segment FROM customers").fetchall()
    customers = pl.LazyFrame(rows, schema={"customer_id": pl.String, "segment": pl.String}, orient="row")
    products = pl.scan_ndjson(data / "products.jsonl")

    (out / "rejects").mkdir()
    steps.refused(lines).sink_csv(out / "rejects" / "rejects.csv", maintain_order=False)
    place = pl.PartitionBy(out / "sales", key="sale_date", include_key=False)
    steps.detail(lines, products, customers).sink_parquet(place, mkdir=True, maintain_order=False)
    made = pl.scan_parquet(out / "sales" / "**" / "*.parquet", hive_partitioning=True)
    totals = steps.totals(made).with_columns(pl.col("sale_date").cast(pl.String)).collect(engine="streaming")
    with sqlite3.connect(out / "ware.db") as conn:
        names = ", ".join(totals.columns)
        conn.execute(f"CREATE TABLE daily ({names})")
        conn.executemany(f"INSERT INTO daily VALUES ({', '.join('?' * totals.width)})", totals.iter_rows())


if __name__ == "__main__":
    data, out = map(Path, sys.argv[1:])
    shutil.rmtree(out, ignore_errors=True)
    main(data, out)
