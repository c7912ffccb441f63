-- One row per day, store and category.
-- The sum is taken over exact decimals and becomes a DOUBLE only at the end, rounded to cents: SQLite knows no decimals,
-- and so parquet and database show the same figure.
SELECT
  sale_date,
  store,
  region,
  category,
  ROUND(CAST(SUM(amount) AS DOUBLE), 2) AS revenue,
  CAST(COUNT(*) AS BIGINT)              AS lines,
  CAST(SUM(units) AS BIGINT)            AS units,
  -- guests have no customer_id and do not count
  CAST(COUNT(DISTINCT customer_id) AS BIGINT) AS customers
FROM clean.sales
GROUP BY sale_date, store, region, category
ORDER BY sale_date, store, category
