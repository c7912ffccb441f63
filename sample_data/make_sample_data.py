"""Makes the data of the sample project: an invented retailer with eight shops, two weeks of sales, and dirt.

    python sample_data/make_sample_data.py [FOLDER]        # FOLDER: where to write, default: the folder of this script

Seeded: a second run writes the same bytes. What it makes (and nothing else is touched):

    landing/sales/year=2026/month=11/day=DD/store_NN.csv   the tills' files, one per shop and day
    landing/products/*.jsonl                               the product catalogue, a little nested
    landing/stock/*.parquet                                last stock count, one file per region
    landing/prices/*.csv                                   price lists of the suppliers, for the price_repair workflow
    shop.db                                                customers and stores: SQLite, standing for a database server
    spare/stock_delivery_0001.csv                          copy it to incoming/stock/ and stock_watch runs

The dirt, on purpose: orders sent twice (in one file, and again in the next day's file), customers the shop does not
know, guests without a customer, impossible dates, quantities below one, prices as `12.50`, `12,50` and `€ 12.50` or not
readable at all, unknown products, one file with `;` between its values, one with an extra column.
"""

from __future__ import annotations

import csv
import json
import random
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl

SEED = 20261101
FIRST_DAY = date(2026, 11, 1)
DAYS = 14
CUSTOMERS = 600
ORDERS_A_DAY = 95

SEMICOLON_FILE = (6, date(2026, 11, 5))
"""Shop and day whose file came out of another till program: `;` between values, decimal commas."""
EXTRA_COLUMN_FILE = (3, date(2026, 11, 12))
"""Shop and day whose till already sends the column `voucher_code`."""

COLUMNS = (
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

# number, town, region, country, how busy, how its till writes a price
STORES = (
    (1, "Lyon", "South", "FR", 1.3, "point"),
    (2, "Nantes", "West", "FR", 0.9, "point"),
    (3, "Lille", "North", "FR", 1.0, "euro"),
    (4, "Köln", "East", "DE", 1.4, "comma"),
    (5, "Gent", "North", "BE", 0.8, "point"),
    (6, "Freiburg", "East", "DE", 0.7, "comma"),
    (7, "Torino", "South", "IT", 1.2, "point"),
    (8, "Bilbao", "West", "ES", 0.9, "euro"),
)

# category: (file of the catalogue, products with list price in cents)
CATALOGUE = {
    "Bakery": (
        "food",
        "Country loaf: 390, Rye bread: 420, Butter croissant: 140, Almond tart: 1250, "
        "Seed crackers: 320, Oat biscuits: 285, Focaccia: 450, Brioche: 510",
    ),
    "Pantry": (
        "food",
        "Olive oil 1 l: 1190, Chestnut honey: 795, Red lentils: 240, Durum spaghetti: 165, Tomato passata: 195, "
        "Sea salt: 120, Sherry vinegar: 560, Smoked paprika: 345, Fig jam: 430",
    ),
    "Drinks": (
        "food",
        "Filter coffee 500 g: 890, Earl grey: 520, Pear juice: 310, Dry cider: 640, "
        "Ginger beer: 225, Mineral water: 85, Hot chocolate: 475",
    ),
    "Kitchen": (
        "home",
        "Cast iron pan: 5490, Chef's knife: 6900, Beech board: 2450, Enamel pot: 3990, "
        "Tea towel: 790, Glass jar 1 l: 650, Moka pot: 2995, Pepper mill: 3200",
    ),
    "Garden": (
        "outdoor",
        "Pruning shears: 2190, Watering can: 1875, Clay pot: 940, Wild flower seeds: 350, "
        "Potting soil 20 l: 720, Bird feeder: 1680, Garden gloves: 1150",
    ),
    "Home": (
        "home",
        "Wool blanket: 8900, Beeswax candle: 1290, Linen cushion: 3450, Desk lamp: 5990, "
        "Storage basket: 2250, Bath mat: 1990, Wall clock: 4250",
    ),
}

FIRST_NAMES = ("Anouk", "Bruno", "Chiara", "Dieter", "Elena", "Femke", "Gaël", "Iker", "Maren", "Nerea", "Wout", "Zoé")
LAST_NAMES = ("Aubert", "Conti", "Etxeberria", "Gossens", "Hoffmann", "Janssens", "Keller", "Navarro", "Weber")


@dataclass(frozen=True, slots=True)
class Product:
    product_id: str
    name: str
    category: str
    file: str
    price_cents: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order, as the till knows it; `unit_price` and `order_time` are text because that is what lands."""

    order_id: str
    line_no: int
    order_time: str
    store_id: str
    product_id: str
    customer_id: str
    quantity: str
    unit_price: str
    payment: str


def store_id(number: int) -> str:
    return f"S{number:02d}"


def make_products() -> list[Product]:
    products = []
    for group, (category, (file, entries)) in enumerate(CATALOGUE.items(), start=1):
        for number, entry in enumerate(entries.split(", "), start=1):
            name, cents = entry.split(": ")
            products.append(Product(f"P-{group}{number:02d}", name, category, file, int(cents)))
    return products


def written_price(cents: int, style: str) -> str:
    text = f"{cents // 100}.{cents % 100:02d}"
    return {"point": text, "comma": text.replace(".", ","), "euro": f"€ {text}"}[style]


def make_orders(
    rng: random.Random, store: tuple[int, str, str, str, float, str], day: date, products: list[Product]
) -> list[Line]:
    """Return the clean lines of one shop and day, in the order of the till."""
    number, _, _, _, busy, style = store
    weekend = 1.35 if day.weekday() >= 5 else 1.0
    orders = int(ORDERS_A_DAY * busy * weekend * rng.uniform(0.85, 1.15))
    opening = datetime.combine(day, time(8, 30))
    minutes = sorted(rng.randrange(0, 11 * 60) for _ in range(orders))
    # People buy bread every day and a blanket once a winter.
    popularity = [1.0 if product.price_cents > 2000 else 4.0 for product in products]
    lines = []
    for sequence, minute in enumerate(minutes, start=1):
        order_id = f"{store_id(number)}-{day:%y%m%d}-{sequence:04d}"
        sold_at = opening + timedelta(minutes=minute, seconds=rng.randrange(60))
        customer_id = "" if rng.random() < 0.22 else f"C-{rng.randrange(1, CUSTOMERS + 1):04d}"
        payment = rng.choices(("card", "cash", "voucher"), weights=(70, 25, 5))[0]
        basket = rng.choices(products, weights=popularity, k=rng.choices((1, 2, 3), weights=(60, 28, 12))[0])
        for line_no, product in enumerate(basket, start=1):
            discounted = round(product.price_cents * 0.9) if rng.random() < 0.08 else product.price_cents
            lines.append(
                Line(
                    order_id=order_id,
                    line_no=line_no,
                    order_time=f"{sold_at:%Y-%m-%d %H:%M:%S}",
                    store_id=store_id(number),
                    product_id=product.product_id,
                    customer_id=customer_id,
                    quantity=str(rng.choices((1, 2, 3, 6), weights=(72, 18, 7, 3))[0]),
                    unit_price=written_price(discounted, style),
                    payment=payment,
                )
            )
    return lines


def soil(rng: random.Random, line: Line) -> Line:
    """Return the line, now and then with one fault of the kinds that tills and people make."""
    draw = rng.random()
    if draw < 0.004:
        wrong = rng.choice(("2026-11-31", "2026-02-30", "0000-00-00", "2026-13-08"))
        return replace(line, order_time=wrong + line.order_time[10:])
    if draw < 0.009:
        return replace(line, quantity=rng.choice(("-1", "-2", "0")))
    if draw < 0.013:
        return replace(line, unit_price=rng.choice(("n/a", "", "see label")))
    if draw < 0.017:
        return replace(line, product_id=rng.choice(("P-999", "TEST", "P-000")))
    if draw < 0.022:
        return replace(line, customer_id=f"C-{rng.randrange(9000, 9100)}")
    return line


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_sales_file(rng: random.Random, path: Path, store_number: int, day: date, lines: list[Line]) -> None:
    rows: list[list[object]] = [[getattr(line, column) for column in COLUMNS] for line in lines]
    header = list(COLUMNS)
    if (store_number, day) == EXTRA_COLUMN_FILE:
        header.append("voucher_code")
        rows = [[*row, f"WINTER{rng.randrange(10, 99)}" if rng.random() < 0.15 else ""] for row in rows]
    write_csv(path, header, rows, delimiter=";" if (store_number, day) == SEMICOLON_FILE else ",")


def make_sales(rng: random.Random, folder: Path, products: list[Product]) -> None:
    for store in STORES:
        resent: list[Line] = []
        for offset in range(DAYS):
            day = FIRST_DAY + timedelta(days=offset)
            lines = [soil(rng, line) for line in make_orders(rng, store, day, products)]
            # The till lost the network: some lines stand twice in the file, and an order comes again the next day.
            twice = [line for line in lines if rng.random() < 0.006]
            path = folder / f"year={day:%Y}" / f"month={day:%m}" / f"day={day:%d}" / f"store_{store[0]:02d}.csv"
            write_sales_file(rng, path, store[0], day, [*resent, *lines, *twice])
            again = rng.choice(lines).order_id
            resent = [line for line in lines if line.order_id == again] if rng.random() < 0.5 else []


def make_catalogue(rng: random.Random, folder: Path, products: list[Product]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("food", "home", "outdoor"):
        records = [
            {
                "product_id": product.product_id,
                "name": product.name,
                "category": product.category,
                # Text, not a number: a price that went through a binary float is no longer the price.
                "price": {"amount": written_price(product.price_cents, "point"), "currency": "EUR"},
                "supplier": {
                    "name": rng.choice(("Maison Verte", "Nordlicht", "Casa Bruna")),
                    "lead_days": rng.randrange(2, 15),
                },
                "tags": sorted(rng.sample(("organic", "regional", "gift", "seasonal"), k=rng.randrange(0, 3))),
            }
            for product in products
            if product.file == file
        ]
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        (folder / f"{file}.jsonl").write_text(text, encoding="utf-8", newline="\n")


def count_stock(rng: random.Random, products: list[Product]) -> list[dict[str, object]]:
    counted_on = FIRST_DAY + timedelta(days=DAYS - 1)
    return [
        {
            "store_id": store_id(number),
            "product_id": product.product_id,
            "on_hand": rng.randrange(24, 90),
            "reorder_level": rng.choice((6, 12, 20)),
            "counted_on": counted_on,
        }
        for number, *_ in STORES
        for product in products
    ]


def make_stock(folder: Path, stock: list[dict[str, object]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for region in ("East", "North", "South", "West"):
        stores = {store_id(number) for number, _, store_region, *_ in STORES if store_region == region}
        rows = [row for row in stock if row["store_id"] in stores]
        pl.DataFrame(rows).write_parquet(folder / f"stock_{region.lower()}.parquet", compression="zstd")


def make_prices(rng: random.Random, folder: Path, products: list[Product]) -> None:
    """Write the suppliers' price lists for December. Nordlicht's program dropped the decimal comma of some prices."""
    for supplier, style in (("casa_bruna", "comma"), ("maison_verte", "point"), ("nordlicht", "comma")):
        rows = []
        for product in products:
            if rng.random() < 0.6:
                new_cents = round(product.price_cents * rng.choice((0.95, 1.0, 1.0, 1.04, 1.08)))
                lost_comma = supplier == "nordlicht" and rng.random() < 0.3
                price = str(new_cents) if lost_comma else written_price(new_cents, style)
                rows.append((product.product_id, supplier, price, "2026-12-01"))
        write_csv(folder / f"prices_{supplier}.csv", ("product_id", "supplier", "unit_price", "valid_from"), rows)


def make_shop(rng: random.Random, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    customers = []
    for number in range(1, CUSTOMERS + 1):
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        joined_on = date(2019, 1, 1) + timedelta(days=rng.randrange(0, 2800))
        tier = rng.choices(("basic", "silver", "gold"), weights=(70, 22, 8))[0]
        customers.append((f"C-{number:04d}", f"{first} {last}", rng.choice(STORES)[1], tier, joined_on.isoformat()))
    stores = [
        (store_id(number), town, region, country, date(2012 + number, 3, 1).isoformat())
        for number, town, region, country, _, _ in STORES
    ]
    shop = sqlite3.connect(path)
    try:
        shop.execute(
            "CREATE TABLE customers"
            " (customer_id TEXT PRIMARY KEY, name TEXT NOT NULL, town TEXT, tier TEXT NOT NULL, joined_on DATE)"
        )
        shop.execute(
            "CREATE TABLE stores"
            " (store_id TEXT PRIMARY KEY, store TEXT NOT NULL, region TEXT NOT NULL, country TEXT, opened_on DATE)"
        )
        shop.executemany("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", customers)
        shop.executemany("INSERT INTO stores VALUES (?, ?, ?, ?, ?)", stores)
        shop.commit()
    finally:
        shop.close()


def make_spare_delivery(rng: random.Random, path: Path, stock: list[dict[str, object]]) -> None:
    """Write one morning's stock movements of one shop: goods received (+) and goods sent to other shops (-)."""
    shelves = [row for row in stock if row["store_id"] == store_id(4)]
    rows = []
    for sequence, shelf in enumerate(rng.sample(shelves, k=20)):
        moved_at = datetime(2026, 11, 15, 7, 30) + timedelta(minutes=sequence)
        on_hand = int(str(shelf["on_hand"]))
        quantity = rng.randrange(12, 48) if rng.random() < 0.4 else -rng.randrange(on_hand // 2, on_hand)
        rows.append((shelf["store_id"], shelf["product_id"], quantity, f"{moved_at:%Y-%m-%d %H:%M:%S}"))
    write_csv(path, ("store_id", "product_id", "quantity", "moved_at"), rows)


def main(folder: Path) -> None:
    products = make_products()
    # One generator per part, so that a change in one part leaves the bytes of the others alone.
    make_sales(random.Random(SEED), folder / "landing" / "sales", products)
    make_catalogue(random.Random(SEED + 1), folder / "landing" / "products", products)
    stock = count_stock(random.Random(SEED + 2), products)
    make_stock(folder / "landing" / "stock", stock)
    make_prices(random.Random(SEED + 3), folder / "landing" / "prices", products)
    make_shop(random.Random(SEED + 4), folder / "shop.db")
    make_spare_delivery(random.Random(SEED + 5), folder / "spare" / "stock_delivery_0001.csv", stock)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
