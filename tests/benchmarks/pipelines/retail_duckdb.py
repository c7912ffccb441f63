"""`retail_duckdb.py DATA OUT`: the pipeline in DuckDB's SQL, on two threads.

Its extension for SQLite is a download, so customers come and sums go through Python's own sqlite3.
"""

import csv
import shutil
import sqlite3
import sys
from pathlib import Path

import duckdb

LINES = """
CREATE VIEW lines AS
SELECT *, trim(price, ' €EUR').replace(',', '.') AS plain_price
FROM read_csv('{data}/sales/*/*/*/*.csv', header = true, all_varchar = true, hive_partitioning = false)
"""
PARSED = """
CREATE VIEW parsed AS
SELECT order_id, ordered_at, shop, product_id, customer_id, quantity, price,
  coalesce(try_strptime(ordered_at, '%Y-%m-%dT%H:%M:%S'), try_strptime(ordered_at, '%d/%m/%Y %H:%M')) AS moment,
  try_cast(quantity AS BIGINT) AS pieces,
  CAST(round(try_cast(plain_price AS DOUBLE) * 100) AS BIGINT) AS cents,
  CASE
    WHEN coalesce(order_id, '') = '' THEN 'no order id'
    WHEN moment IS NULL THEN 'no date'
    WHEN coalesce(pieces, 0) <= 0 THEN 'no quantity'
    WHEN cents IS NULL THEN 'no price'
  END AS reason
FROM lines
"""
REJECTS = """
COPY (SELECT order_id, ordered_at, shop, product_id, customer_id, quantity, price, reason
      FROM parsed WHERE reason IS NOT NULL)
TO '{out}/rejects/rejects.csv' (HEADER)
"""
DETAIL = """
COPY (
  SELECT order_id, moment AS ordered_at, shop, product_id, kind.main AS category, customer_id, segment,
    pieces AS quantity, cents, CAST(moment AS DATE) AS sale_date
  FROM (SELECT DISTINCT ON (order_id) * FROM parsed WHERE reason IS NULL)
  LEFT JOIN read_json('{data}/products.jsonl') AS products USING (product_id)
  LEFT JOIN customers USING (customer_id)
) TO '{out}/sales' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (sale_date))
"""
TOTALS = """
SELECT CAST(sale_date AS VARCHAR), shop, category, sum(quantity), CAST(sum(quantity * cents) AS BIGINT),
  count(DISTINCT nullif(customer_id, ''))
FROM read_parquet('{out}/sales/*/*.parquet', hive_partitioning = true)
GROUP BY ALL
"""


def main(data: Path, out: Path) -> None:
    (out / "rejects").mkdir(parents=True)
    customers = out / "customers.csv"
    conn = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False, "temp_directory": str(out / "tmp")})
    with sqlite3.connect(data / "shop.db") as shop, customers.open("w", newline="") as file:
        csv.writer(file).writerows(shop.execute("SELECT customer_id, segment FROM customers"))
    conn.execute(
        f"CREATE TABLE customers AS FROM read_csv('{customers}', header = false,"
        " columns = {'customer_id': 'VARCHAR', 'segment': 'VARCHAR'})"
    )
    customers.unlink()
    for statement in (LINES, PARSED, REJECTS, DETAIL):
        conn.execute(statement.format(data=data, out=out))
    with sqlite3.connect(out / "ware.db") as ware:
        ware.execute("CREATE TABLE daily (sale_date, shop, category, pieces, cents, customers)")
        rows = conn.execute(TOTALS.format(out=out)).fetchall()
        ware.executemany("INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?)", rows)


if __name__ == "__main__":
    data, out = map(Path, sys.argv[1:])
    shutil.rmtree(out, ignore_errors=True)
    main(data, out)
