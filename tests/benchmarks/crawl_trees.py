"""Trees of files for a crawler to find, always the same, in which the schema drifts; and the truth about them.

Receipts of shops in Hive folders (year, month, day), 100 rows a file. Of 100 files 2 have a column more, 1 has the
columns in another order, 1 a column under another name, 1 an `n/a` near its end among whole numbers, 1 whole numbers
where the others have fractions, and 1 no row at all.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from glue_tui.catalog.read import TableEntry
from glue_tui.core.schema import DataFile

ROWS = 100
LATE_ROW = 88
DRIFTS = {7: "wider", 19: "turned", 28: "renamed", 42: "late", 56: "wider", 63: "whole", 85: "bare"}
"""What is odd about every file whose number ends with these two digits."""
COLUMNS = ("receipt", "sold_at", "shop", "article", "pieces", "price", "by_card", "remark")
TYPES = {
    "receipt": "bigint",
    "sold_at": "timestamp",
    "shop": "string",
    "article": "string",
    "pieces": "string",
    "price": "double",
    "by_card": "boolean",
    "remark": "string",
    "rebate": "double",
    "amount": "double",
}
PLACE = "struct<east:double,north:double,near:array<string>,hall:string>"
REMARKS = ("", "fine", "gift wrapped", "by the door, left", "broken", "Grüße")
BIG_BLOCK_ROWS = 20_000
MODIFIED_NS = 1_750_000_000_000_000_000

Record = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a crawl must say of one file."""

    columns: tuple[str, ...]
    rows: int


def write_tree(folder: Path, kind: str, files: int) -> dict[str, Expected]:
    """Write so many files (kind: csv, jsonl or parquet); return the truth by path, relative to `folder`'s parent."""
    truth: dict[str, Expected] = {}
    per_day = max(1, files // 400)
    for number in range(files):
        day = date(2025, 1, 1) + timedelta(days=number // per_day)
        below = folder / f"year={day.year}" / f"month={day.month:02d}" / f"day={day.day:02d}"
        if number % per_day == 0:
            below.mkdir(parents=True)
        path = below / f"till-{number % per_day:04d}.{kind}"
        records = list(_records(number))
        columns = _columns(_drift(number))
        match kind:
            case "csv":
                path.write_bytes(_csv(columns, records))
            case "jsonl":
                records = [_nested(record, _drift(number), place) for place, record in enumerate(records)]
                columns = tuple(records[0]) if records else ()
                path.write_text("".join(json.dumps(record) + "\n" for record in records))
            case "parquet":
                pl.DataFrame(records, schema=_physical(columns, _drift(number)), strict=True).write_parquet(path)
        # Long ago: a crawl looks twice at what was written just before it.
        os.utime(path, ns=(MODIFIED_NS, MODIFIED_NS))
        truth[str(path.relative_to(folder.parent))] = Expected(columns=columns, rows=len(records))
    return truth


def check_tree(kind: str, truth: dict[str, Expected], entry: TableEntry, files: tuple[DataFile, ...]) -> None:
    """Raise AssertionError unless the catalog tells the truth of every file, of all columns, and why."""
    # An empty file of JSON lines holds nothing that could be read: it is refused.
    wanted = {path: file for path, file in truth.items() if file.columns}
    assert {file.path for file in files} == set(wanted)
    formats = entry.table.formats
    for file in files:
        found = Expected(columns=formats[file.format].columns, rows=file.rows)
        assert found == wanted[file.path], f"{file.path}: {found} instead of {wanted[file.path]}"
    types = {column.name: column.type for column in entry.table.columns}
    odd = {_drift(number) for number in range(len(truth))}
    if kind == "jsonl" and types["sold_at"] == "string":
        types["sold_at"] = "timestamp"  # JSON has no times of its own: either is right
    assert types == _expected_types(kind, odd), types
    assert [key.name for key in entry.table.partition_keys] == ["year", "month", "day"]
    assert entry.rows == sum(file.rows for file in wanted.values())
    if "late" in odd:
        reason = next(column.reason for column in entry.table.columns if column.name == "pieces")
        number = next(number for number in range(len(truth)) if _drift(number) == "late")
        # `n/a` itself is told where the file is text; a parquet file has a type of its own.
        place = list(truth)[number] if kind == "parquet" else f"'n/a' in {list(truth)[number]}:"
        assert place in reason, reason


def write_big_csv(path: Path, size_bytes: int) -> int:
    """Write one CSV file of about so many bytes, with one `n/a` near its end; return its rows. Made once only."""
    block = list(_csv_rows(COLUMNS, [record for number in range(BIG_BLOCK_ROWS // ROWS) for record in _base(number)]))
    text = "".join(block).encode()
    blocks = max(1, size_bytes // len(text))
    rows = blocks * len(block)
    if path.exists() and path.stat().st_size > (blocks - 1) * len(text):
        return rows
    path.parent.mkdir(parents=True, exist_ok=True)
    last = "".join(block[:-2]) + "1,2026-01-02 03:04:05,B01,00001,n/a,1.5,true,fine\n" + block[-1]
    with path.open("wb") as file:
        file.write((",".join(COLUMNS) + "\n").encode())
        for number in range(blocks):
            file.write(last.encode() if number == blocks - 1 else text)
    os.utime(path, ns=(MODIFIED_NS, MODIFIED_NS))
    return rows


def check_big_csv(rows: int, entry: TableEntry) -> None:
    """Raise AssertionError unless rows, types and the one odd value were found."""
    types = {column.name: column.type for column in entry.table.columns}
    assert types == {name: TYPES[name] for name in COLUMNS}, types
    assert entry.rows == rows
    reason = next(column.reason for column in entry.table.columns if column.name == "pieces")
    # The header is line 1; the odd row is the last but one.
    assert f"'n/a' in {entry.table.location}:{rows}" in reason, reason


def _drift(number: int) -> str:
    return DRIFTS.get(number % 100, "")


def _records(number: int) -> Iterator[Record]:
    drift = _drift(number)
    for place, record in enumerate(_base(number) if drift != "bare" else ()):
        if drift == "late" and place == LATE_ROW:
            record["pieces"] = "n/a"
        if drift == "whole":
            record["price"] = int(record["price"])  # type: ignore[call-overload]
        if drift == "wider":
            record["rebate"] = 0.25
        if drift == "renamed":
            record["amount"] = record["price"]
        yield {name: record[name] for name in _columns(drift)}


def _base(number: int) -> Iterator[Record]:
    chance = random.Random(number)
    for place in range(ROWS):
        yield {
            "receipt": number * ROWS + place,
            "sold_at": f"2026-{1 + number % 12:02d}-{1 + place % 28:02d} {place % 24:02d}:{number % 60:02d}:07",
            "shop": f"B{chance.randrange(40):02d}",
            "article": f"{chance.randrange(100_000):05d}",
            "pieces": chance.randrange(1, 30),
            "price": chance.randrange(1000, 90_000) / 1000,
            "by_card": chance.random() < 0.5,
            "remark": chance.choice(REMARKS),
        }


def _columns(drift: str) -> tuple[str, ...]:
    match drift:
        case "wider":
            return (*COLUMNS, "rebate")
        case "turned":
            return COLUMNS[::-1]
        case "renamed":
            return tuple("amount" if name == "price" else name for name in COLUMNS)
        case _:
            return COLUMNS


def _csv(columns: tuple[str, ...], records: list[Record]) -> bytes:
    return (",".join(columns) + "\n" + "".join(_csv_rows(columns, records))).encode()


def _csv_rows(columns: tuple[str, ...], records: list[Record]) -> Iterator[str]:
    for record in records:
        yield ",".join(_cell(record[name]) for name in columns) + "\n"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if "," in str(value) else str(value)


def _nested(record: Record, drift: str, place: int) -> Record:
    where: Record = {"east": 13.4, "north": 52 + place / 100, "near": ["tram", "bus"][: place % 3]}
    if drift == "renamed" and place > LATE_ROW:
        where["hall"] = "H1"
    return {**record, "place": where}


def _physical(columns: tuple[str, ...], drift: str) -> dict[str, pl.DataType]:
    types = {
        "receipt": pl.Int64(),
        "pieces": pl.String() if drift == "late" else pl.Int64(),
        "price": pl.Int64() if drift == "whole" else pl.Float64(),
        "amount": pl.Float64(),
        "rebate": pl.Float64(),
        "by_card": pl.Boolean(),
    }
    return {name: types.get(name, pl.String()) for name in columns}


def _expected_types(kind: str, odd: set[str]) -> dict[str, str]:
    types = {name: TYPES[name] for name in COLUMNS}
    if kind == "jsonl":
        types["place"] = PLACE if "renamed" in odd else PLACE.replace(",hall:string", "")
    if kind == "parquet":
        types["sold_at"] = "string"
    if "late" not in odd:
        types["pieces"] = "bigint"
    return types | {name: "double" for name, drift in (("rebate", "wider"), ("amount", "renamed")) if drift in odd}
