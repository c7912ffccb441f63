"""What the sample workflows must come to, computed a second time from the raw files.

Standard library only: no polars, no glue_tui. The rules are those at the head of workflows/jobs/clean_sales.py, written
anew. Every function takes the project folder (the one that holds sample_data/) and returns plain values: text without
the blanks around it, days as `YYYY-MM-DD`, money as Decimal with two places.

    landed_lines(project_dir)            every line of the tills' files
    judged_lines(project_dir)            each with its verdict: None or the reason of its rejection
    expected_clean(project_dir)          the clean lines, as clean.sales has them (the columns this needs)
    expected_rejects(project_dir)        reason -> lines, as marts.data_quality has them
    expected_daily_sales(project_dir)    (day, store, category) -> (revenue, lines), as marts.daily_sales has them
    expected_daily_details(project_dir)  (day, store, category) -> (units, customers)
    expected_stock_alerts(project_dir, files, last_count)   the low shelves that stock_watch finds for these files
    expected_price_list(project_dir)     (product_id, supplier) -> (unit_price, repaired), as marts.price_list has them

Stock is kept as parquet, which the standard library can't read: expected_stock_alerts is given the last count.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

CENT = Decimal("0.01")


@dataclass(frozen=True)
class LandedLine:
    file: str
    """Relative to the project folder."""
    values: Mapping[str, str]


@dataclass(frozen=True)
class CleanLine:
    order_id: str
    line_no: int
    sale_date: str
    store_id: str
    store: str
    region: str
    product_id: str
    category: str
    customer_id: str | None
    """None: a guest."""
    units: int
    price: Decimal
    amount: Decimal


@dataclass(frozen=True)
class StockAlert:
    store_id: str
    product_id: str
    on_hand: int
    moved: int
    left: int
    reorder_level: int


def read_delimited(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        delimiter = ";" if ";" in lines.readline() else ","
        lines.seek(0)
        return [
            {key: value.strip() for key, value in row.items()} for row in csv.DictReader(lines, delimiter=delimiter)
        ]


def landed_lines(project_dir: Path) -> list[LandedLine]:
    files = sorted((project_dir / "sample_data/landing/sales").glob("**/*.csv"))
    return [LandedLine(file.relative_to(project_dir).as_posix(), row) for file in files for row in read_delimited(file)]


def read_products(project_dir: Path) -> dict[str, dict[str, object]]:
    """Return product_id -> the record of the catalogue."""
    products = {}
    for file in sorted((project_dir / "sample_data/landing/products").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            products[record["product_id"]] = record
    return products


def read_shop(project_dir: Path, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(f"file:{project_dir / 'sample_data/shop.db'}?mode=ro", uri=True)) as shop:
        return shop.execute(query).fetchall()


def parse_price(text: str) -> Decimal | None:
    bare = re.sub(r"€|EUR|\s", "", text)
    match = re.fullmatch(r"([0-9]+)(?:[.,]([0-9]{1,2}))?", bare)
    if match is None:
        return None
    return (Decimal(int(match[1])) + Decimal(int((match[2] or "0").ljust(2, "0"))) * CENT).quantize(CENT)


def parse_day(text: str) -> str | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        return None
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return None


def judged_lines(project_dir: Path, min_quantity: int = 1) -> list[tuple[LandedLine, str | None]]:
    """Return every landed line with the reason of its rejection, None for a clean one."""
    products = read_products(project_dir)
    stores = {row[0] for row in read_shop(project_dir, "SELECT store_id FROM stores")}
    customers = {row[0] for row in read_shop(project_dir, "SELECT customer_id FROM customers")}
    seen: set[tuple[str, str]] = set()

    def verdict(values: Mapping[str, str]) -> str | None:
        if parse_day(values["order_time"]) is None:
            return "impossible date"
        if not re.fullmatch(r"-?[0-9]+", values["quantity"]) or int(values["quantity"]) < min_quantity:
            return "bad quantity"
        if parse_price(values["unit_price"]) is None:
            return "unreadable price"
        if values["product_id"] not in products:
            return "unknown product"
        if values["store_id"] not in stores:
            return "unknown store"
        if values["customer_id"] and values["customer_id"] not in customers:
            return "unknown customer"
        key = (values["order_id"], values["line_no"])
        if key in seen:
            return "duplicate order line"
        seen.add(key)
        return None

    return [(line, verdict(line.values)) for line in landed_lines(project_dir)]


def expected_clean(project_dir: Path) -> list[CleanLine]:
    """Return the clean lines, sorted as in clean.sales: by day, order and line."""
    products = read_products(project_dir)
    stores = {row[0]: (row[1], row[2]) for row in read_shop(project_dir, "SELECT store_id, store, region FROM stores")}
    clean = []
    for line, reason in judged_lines(project_dir):
        if reason is not None:
            continue
        values = line.values
        day, price = parse_day(values["order_time"]), parse_price(values["unit_price"])
        assert day is not None
        assert price is not None
        units = int(values["quantity"])
        store, region = stores[values["store_id"]]
        clean.append(
            CleanLine(
                order_id=values["order_id"],
                line_no=int(values["line_no"]),
                sale_date=day,
                store_id=values["store_id"],
                store=store,
                region=region,
                product_id=values["product_id"],
                category=str(products[values["product_id"]]["category"]),
                customer_id=values["customer_id"] or None,
                units=units,
                price=price,
                amount=price * units,
            )
        )
    return sorted(clean, key=lambda line: (line.sale_date, line.order_id, line.line_no))


def expected_rejects(project_dir: Path) -> dict[str, int]:
    """Return reason -> number of rejected lines."""
    return dict(Counter(reason for _, reason in judged_lines(project_dir) if reason is not None))


def _by_day_store_category(project_dir: Path) -> dict[tuple[str, str, str], list[CleanLine]]:
    groups: dict[tuple[str, str, str], list[CleanLine]] = defaultdict(list)
    for line in expected_clean(project_dir):
        groups[line.sale_date, line.store, line.category].append(line)
    return groups


def expected_daily_sales(project_dir: Path) -> dict[tuple[str, str, str], tuple[Decimal, int]]:
    """Return (day, store, category) -> (revenue in EUR, lines)."""
    groups = _by_day_store_category(project_dir)
    return {key: (sum((line.amount for line in lines), Decimal("0.00")), len(lines)) for key, lines in groups.items()}


def expected_daily_details(project_dir: Path) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return (day, store, category) -> (units, distinct customers without guests)."""
    groups = _by_day_store_category(project_dir)
    return {
        key: (sum(line.units for line in lines), len({line.customer_id for line in lines} - {None}))
        for key, lines in groups.items()
    }


def expected_stock_alerts(
    project_dir: Path, files: Iterable[str], last_count: Mapping[tuple[str, str], tuple[int, int]]
) -> list[StockAlert]:
    """Return the low shelves after the movements in `files` (relative to the project folder).

    `last_count` is (store_id, product_id) -> (on_hand, reorder_level) of sample_data/landing/stock.
    """
    moved: Counter[tuple[str, str]] = Counter()
    for file in files:
        for row in read_delimited(project_dir / file):
            moved[row["store_id"], row["product_id"]] += int(row["quantity"])
    alerts = []
    for (store_id, product_id), quantity in moved.items():
        on_hand, reorder_level = last_count[store_id, product_id]
        if on_hand + quantity < reorder_level:
            alerts.append(StockAlert(store_id, product_id, on_hand, quantity, on_hand + quantity, reorder_level))
    return sorted(alerts, key=lambda alert: (alert.store_id, alert.product_id))


def expected_price_list(project_dir: Path) -> dict[tuple[str, str], tuple[Decimal, bool]]:
    """Return (product_id, supplier) -> (unit price in EUR, whether its decimal comma had been lost)."""
    products = read_products(project_dir)
    prices = {}
    for file in sorted((project_dir / "sample_data/landing/prices").glob("*.csv")):
        for row in read_delimited(file):
            price = parse_price(row["unit_price"])
            catalogue = products[row["product_id"]]["price"]
            assert price is not None
            assert isinstance(catalogue, dict)
            lost_comma = price > Decimal(catalogue["amount"]) * 10
            prices[row["product_id"], row["supplier"]] = (
                (price / 100).quantize(CENT) if lost_comma else price,
                lost_comma,
            )
    return prices
