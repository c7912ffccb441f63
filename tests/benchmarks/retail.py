"""Sales of a chain of shops as they land, with dirt in them, and the truth of what a pipeline must make of them.

`sales/year=…/month=…/day=…/S01.csv`, one file a shop and day: dates in two forms, prices in five spellings, guests,
products that nobody knows. Of 1,000 rows 5 each have no order id, no possible date, no quantity or no price; of the
others 10 are delivered twice, half of those in the file of the day after. `products.jsonl` is nested; `shop.db` has the
customers. Sums are in cents, so that they are exact.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

FIRST_DAY = date(2026, 1, 1)
PRODUCTS = 2_000
CUSTOMERS_MAX = 200_000
CATEGORIES = ("bakery", "dairy", "drinks", "fish", "fruit", "garden", "toys", "tools", "wine", "wool")
REASONS = ("no order id", "no date", "no quantity", "no price")
DETAIL_COLUMNS = (
    "order_id",
    "ordered_at",
    "shop",
    "product_id",
    "category",
    "customer_id",
    "segment",
    "quantity",
    "cents",
    "sale_date",
)

Sums = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What has to come out."""

    rows: int
    """In the files, those delivered twice counted twice."""
    rejects: dict[str, int]
    """Rows by the reason for which they are refused."""
    detail: Sums
    """Rows, pieces, cents, rows with a category, rows with a segment."""
    totals: Sums
    """Rows by day, shop and category; cents; customers, each counted once a row."""


def write_retail(folder: Path, rows: int) -> Truth:
    """Write about so many rows and what belongs to them; return the truth."""
    days, shops = (90, 40) if rows >= 1_000_000 else (10, 10)
    per_day = max(rows // days, 1)
    folder.mkdir(parents=True)
    _write_products(folder / "products.jsonl")
    customers = min(CUSTOMERS_MAX, rows)
    _write_customers(folder / "shop.db", customers)
    late: pl.DataFrame | None = None
    written, rejects, detail, totals = 0, Counter[str](), [0] * 5, [0] * 3
    for number in range(days):
        day = FIRST_DAY + timedelta(days=number)
        clean = _day(day, range(number * per_day, (number + 1) * per_day), shops, customers)
        kept = clean.filter(pl.col("dirt") >= len(REASONS))
        _add(detail, _detail_sums(kept))
        _add(totals, _total_sums(kept))
        for kind, count in clean.filter(pl.col("dirt") < len(REASONS))["dirt"].value_counts().iter_rows():
            rejects[REASONS[kind]] += count
        lines = _lines(clean)
        twice = lines.filter(pl.col("is_twice"))
        delivered = [lines, twice[::2], *([late] if late is not None else [])]
        late = twice[1::2] if number < days - 1 else None
        written += _write_day(folder / "sales", day, pl.concat(delivered).drop("is_twice"))
    return Truth(rows=written, rejects=dict(rejects), detail=tuple(detail), totals=tuple(totals))


def check_retail(out: Path, truth: Truth) -> None:
    """Hold what a pipeline has written against the truth: `out/sales`, `out/rejects`, `out/ware.db`."""
    detail = pl.scan_parquet(out / "sales", hive_partitioning=True)
    assert set(detail.collect_schema().names()) == set(DETAIL_COLUMNS), detail.collect_schema().names()
    wrong_day = (pl.col("sale_date").cast(pl.String) != pl.col("ordered_at").dt.date().cast(pl.String)).sum()
    sums = detail.select(
        pl.len(),
        pl.col("quantity").sum(),
        (pl.col("quantity") * pl.col("cents")).sum().alias("cents"),
        pl.col("category").count(),
        pl.col("segment").count(),
        wrong_day.alias("wrong_day"),
    )
    *found, wrong = sums.collect(engine="streaming").row(0)
    assert tuple(found) == truth.detail, (found, truth.detail)
    assert not wrong, f"{wrong} rows are in the folder of another day"
    rejects = pl.read_csv(out / "rejects", infer_schema=False)["reason"].value_counts()
    assert dict(rejects.iter_rows()) == truth.rejects, (rejects, truth.rejects)
    with closing(sqlite3.connect(out / "ware.db")) as conn:
        totals = conn.execute("SELECT count(*), sum(cents), sum(customers) FROM daily").fetchone()
    assert totals == truth.totals, (totals, truth.totals)


def _drawn(seed: int, below: int) -> pl.Expr:
    return (pl.col("n").hash(seed) % below).cast(pl.Int64)


def _day(day: date, numbers: range, shops: int, customers: int) -> pl.DataFrame:
    """Return the orders of a day as they were made."""
    midnight = datetime(day.year, day.month, day.day)
    drawn = pl.DataFrame({"n": numbers}).select(
        "n",
        shop=_drawn(1, shops) + 1,
        product=_drawn(2, PRODUCTS + PRODUCTS // 100),
        customer=_drawn(3, customers + customers // 10),
        quantity=_drawn(4, 9) + 1,
        cents=_drawn(5, 9_900) + 99,
        second=_drawn(6, 86_400 // 60) * 60,
        dirt=_drawn(7, 200),
        spelling=_drawn(8, 10),
        is_twice=_drawn(9, 100) == 0,
    )
    return drawn.with_columns(
        ordered_at=pl.lit(midnight) + pl.duration(seconds="second"),
        category=pl.when(pl.col("product") < PRODUCTS).then(pl.col("product") % len(CATEGORIES)),
        customer=pl.when(pl.col("customer") < customers).then(pl.col("customer")),
        is_twice=pl.col("is_twice") & (pl.col("dirt") >= len(REASONS)),
    )


def _lines(clean: pl.DataFrame) -> pl.DataFrame:
    """Return the orders as the tills write them."""
    euros, rest = (pl.col("cents") // 100).cast(pl.String), (pl.col("cents") % 100).cast(pl.String).str.zfill(2)
    point, comma = pl.format("{}.{}", euros, rest), pl.format("{},{}", euros, rest)
    spellings = (comma, pl.format("€{}", point), pl.format("{} EUR", comma), pl.format(" {}", point))
    price = point
    for number, spelling in enumerate(spellings):
        price = pl.when(pl.col("spelling") == number).then(spelling).otherwise(price)
    iso, ours = (pl.col("ordered_at").dt.strftime(form) for form in ("%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M"))
    impossible = pl.when(pl.col("n") % 2 == 0).then(pl.lit("2026-02-30T12:00:00")).otherwise(pl.lit(""))

    def dirty(kind: str, bad: pl.Expr, good: pl.Expr) -> pl.Expr:
        return pl.when(pl.col("dirt") == REASONS.index(kind)).then(bad).otherwise(good)

    bad_quantity = pl.when(pl.col("n") % 2 == 0).then(pl.lit("two")).otherwise(pl.lit("-1"))
    return clean.select(
        order_id=dirty("no order id", pl.lit(""), pl.format("O{}", pl.col("n").cast(pl.String).str.zfill(9))),
        ordered_at=dirty("no date", impossible, pl.when(pl.col("n") % 4 == 0).then(ours).otherwise(iso)),
        shop=pl.format("S{}", pl.col("shop").cast(pl.String).str.zfill(2)),
        product_id=pl.format("P{}", pl.col("product").cast(pl.String).str.zfill(5)),
        customer_id=pl.format("C{}", pl.col("customer").cast(pl.String).str.zfill(6)).fill_null(""),
        quantity=dirty("no quantity", bad_quantity, pl.col("quantity").cast(pl.String)),
        price=dirty("no price", pl.lit("n/a"), price),
        is_twice="is_twice",
    )


def _write_day(folder: Path, day: date, lines: pl.DataFrame) -> int:
    place = folder / f"year={day.year}" / f"month={day.month:02}" / f"day={day.day:02}"
    place.mkdir(parents=True)
    for (shop,), part in lines.partition_by("shop", as_dict=True).items():
        part.write_csv(place / f"{shop}.csv")
    return lines.height


def _detail_sums(kept: pl.DataFrame) -> Sums:
    sums = kept.select(
        pl.len(),
        pl.col("quantity").sum(),
        (pl.col("quantity") * pl.col("cents")).sum().alias("cents"),
        pl.col("category").count(),
        pl.col("customer").count(),
    )
    return sums.row(0)


def _total_sums(kept: pl.DataFrame) -> Sums:
    groups = kept.group_by("shop", "category").agg(
        cents=(pl.col("quantity") * pl.col("cents")).sum(), customers=pl.col("customer").drop_nulls().n_unique()
    )
    return groups.select(pl.len(), pl.col("cents").sum(), pl.col("customers").sum()).row(0)


def _add(sums: list[int], more: Sums) -> None:
    sums[:] = [one + other for one, other in zip(sums, more, strict=True)]


def _write_products(path: Path) -> None:
    with path.open("w") as file:
        for number in range(PRODUCTS):
            kind = {"main": CATEGORIES[number % len(CATEGORIES)], "sub": number % 70}
            product = {"product_id": f"P{number:05}", "name": f"Thing {number}", "kind": kind, "tags": ["a", "b"]}
            file.write(json.dumps(product) + "\n")


def _write_customers(path: Path, customers: int) -> None:
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE customers (customer_id TEXT PRIMARY KEY, segment TEXT, city TEXT)")
        rows = ((f"C{n:06}", ("new", "loyal", "rare")[n % 3], f"Town {n % 500}") for n in range(customers))
        conn.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
        conn.commit()
