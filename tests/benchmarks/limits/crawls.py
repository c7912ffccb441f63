"""`crawls.py KIND PATH [DATABASE]`: the least that a crawl must do, with nothing said to anybody and nothing explained.

csv      walk; read every file's head; the files of one header typed together, a column at a time; rows by line ends
parquet  walk; read every footer; a schema is parsed once for all footers that begin with the same bytes
jsonl    walk; read every file's head; polars types it; two threads
big      one file: one pass of polars, all values cast to the types that the first rows have, failures counted
again    walk and stat; load path, size and time of every file from DATABASE (made before, if it is not there); compare

The schemas that were found are counted and held against each other only here: what is measured must be right, too.
"""

import gc
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import polars as pl

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 16 * 1024

Found = dict[str, tuple[object, int]]
"""By path: what tells a file's schema from others, and its rows."""
Seen = tuple[str, int, int]
"""Path, size and time."""


def walked(root: str) -> Iterator[Seen]:
    folders = [root]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders.append(entry.path)
                else:
                    status = entry.stat()
                    yield entry.path, status.st_size, status.st_mtime_ns


def head_of(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, HEAD_BYTES)
    finally:
        os.close(file)


# --- CSV


def csv(root: str) -> Found:
    groups: dict[bytes, list[tuple[str, bytes]]] = {}
    for path, size, _ in walked(root):
        content = head_of(path)
        assert len(content) == size, "these files are small"
        header, _, body = content.partition(b"\n")
        groups.setdefault(header, []).append((path, body))
    found: Found = {}
    for header, members in groups.items():
        names = header.decode().split(",")
        rows = [body.count(b"\n") for _, body in members]
        if not any(rows):
            found |= {path: ((header, ("null",) * len(names)), 0) for path, _ in members}
            continue
        text = b"".join(body for _, body in members)
        frame = pl.read_csv(text, has_header=False, new_columns=names, infer_schema=False)
        assert frame.height == sum(rows), "no line ends within quotes here"
        kinds = [kinds_by_file(frame[name], rows) for name in names]
        for place, (path, _) in enumerate(members):
            found[path] = (header, tuple(kind[place] for kind in kinds)), rows[place]
    return found


def casts(values: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    """Yield the types that the first values allow, narrowest first, each with all values cast to it."""
    number = ~(values.str.starts_with("0") & (values.str.len_bytes() > 1) & ~values.str.starts_with("0."))
    for kind, cast in (
        ("boolean", lambda some: some.replace_strict({"true": True, "false": False}, default=None)),
        ("bigint", lambda some: some.cast(pl.Int64, strict=False)),
        ("double", lambda some: some.cast(pl.Float64, strict=False)),
        ("date", lambda some: some.str.to_date("%Y-%m-%d", strict=False)),
        ("timestamp", lambda some: some.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)),
    ):
        first = values.drop_nulls().head(20)
        if cast(first).is_not_null().any():
            fits = cast(values).is_not_null()
            yield kind, fits & number if kind in ("bigint", "double") else fits


def kinds_by_file(values: pl.Series, rows: list[int]) -> list[str]:
    starts = [0, *accumulate(rows)]
    present = values.is_not_null()
    undecided = {place for place, count in enumerate(rows) if count}
    kinds = ["null"] * len(rows)
    file = None
    for kind, fits in casts(values):
        misfits = (present & ~fits.fill_null(False)).arg_true()
        if len(misfits):
            file = file if file is not None else pl.Series(starts[1:], dtype=pl.UInt32)
            odd = set(file.search_sorted(misfits, side="right").unique().to_list())
        else:
            odd = set()
        for place in undecided - odd:
            kinds[place] = kind
        undecided &= odd
        if not undecided:
            break
    for place in undecided:
        kinds[place] = "string"
    return kinds


# --- parquet


def parquet(root: str) -> Found:
    schemas: dict[bytes, object] = {}
    lengths: list[int] = []
    found: Found = {}
    for path, size, _ in walked(root):
        footer = footer_of(path, size)
        length = next((length for length in lengths if footer[:length] in schemas), None)
        if length is None:
            length = Thrift(footer).after_schema()
            if length not in lengths:
                lengths.append(length)
            schemas[footer[:length]] = tuple(pl.read_parquet_schema(path).items())
        rows, _ = Thrift(footer, length + 1).number()
        found[path] = schemas[footer[:length]], rows >> 1
    return found


def footer_of(path: str, size: int) -> bytes:
    file = os.open(path, os.O_RDONLY)
    try:
        tail = os.pread(file, TAIL_BYTES, max(0, size - TAIL_BYTES))
        length = int.from_bytes(tail[-8:-4], "little")
        assert tail.endswith(b"PAR1")
        assert length + 8 <= len(tail), "these footers are small"
        return tail[-8 - length : -8]
    finally:
        os.close(file)


class Thrift:
    """The compact protocol, as far as it must be passed over."""

    def __init__(self, content: bytes, place: int = 0) -> None:
        self.content, self.place = content, place

    def number(self) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = self.content[self.place]
            self.place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, self.place
            shift += 7

    def after_schema(self) -> int:
        """Return where the third field begins: version and schema come before it."""
        field = 0
        while field < 2:
            byte = self.content[self.place]
            self.place += 1
            field += byte >> 4
            self.skip(byte & 15)
        return self.place

    def skip(self, kind: int) -> None:
        if kind == 3:
            self.place += 1
        elif kind in (4, 5, 6):
            self.number()
        elif kind == 7:
            self.place += 8
        elif kind == 8:
            length, _ = self.number()
            self.place += length
        elif kind in (9, 10):
            byte = self.content[self.place]
            self.place += 1
            items = byte >> 4 if byte >> 4 < 15 else self.number()[0]
            for _ in range(items):
                self.skip(byte & 15 if byte & 15 > 2 else 3)
        elif kind == 12:
            while byte := self.content[self.place]:
                self.place += 1
                if byte < 16:
                    self.number()
                self.skip(byte & 15)
            self.place += 1


# --- JSON lines


def jsonl(root: str) -> Found:
    files = [path for path, size, _ in walked(root) if size]
    middle = len(files) // 2
    with ThreadPoolExecutor(2) as threads:
        halves = threads.map(typed, (files[:middle], files[middle:]))
        return {path: item for half in halves for path, item in half.items()}


def typed(paths: list[str]) -> Found:
    found: Found = {}
    for path in paths:
        content = head_of(path)
        schema = pl.scan_ndjson(content, infer_schema_length=None).collect_schema()
        found[path] = tuple(schema.items()), content.count(b"\n")
    return found


# --- one big CSV file


def big(path: str) -> Found:
    first = pl.read_csv(path, n_rows=100, infer_schema=False)
    kinds = {}
    for name in first.columns:
        allowed = (kind for kind, fits in casts(first[name]) if fits.fill_null(True).all())
        kinds[name] = next(allowed, "string")
    counts = []
    for name, kind in kinds.items():
        column = pl.col(name)
        cast = {
            "boolean": column.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean),
            "bigint": column.cast(pl.Int64, strict=False),
            "double": column.cast(pl.Float64, strict=False),
            "date": column.str.to_date("%Y-%m-%d", strict=False),
            "timestamp": column.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False),
            "string": column,
        }[kind]
        counts.append((cast.is_null() & column.is_not_null()).sum().alias(name))
    frame = pl.scan_csv(path, infer_schema=False).select(pl.len().alias("rows"), *counts).collect(engine="streaming")
    return {path: (tuple(frame.row(0)), frame["rows"][0])}


# --- nothing changed


def again(root: str, database: str) -> Found:
    conn = sqlite3.connect(database)
    stored = {path: (size, at) for path, size, at in conn.execute("SELECT path, size_bytes, mtime_ns FROM file")}
    conn.close()
    seen = list(walked(root))
    changed = [path for path, size, at in seen if stored.get(path) != (size, at)]
    assert not changed
    assert len(stored) == len(seen)
    return {}


def make_database(root: str, database: str) -> None:
    conn = sqlite3.connect(database)
    conn.execute("CREATE TABLE file (path TEXT PRIMARY KEY, size_bytes INT, mtime_ns INT) WITHOUT ROWID")
    conn.executemany("INSERT INTO file VALUES (?, ?, ?)", walked(root))
    conn.commit()
    conn.close()


def main() -> None:
    kind, *words = sys.argv[1:]
    pl.thread_pool_size()
    if kind == "again" and not Path(words[1]).exists():
        make_database(*words)
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    found = globals()[kind](*words)
    took_s = time.perf_counter() - began
    print(f"{len({schema for schema, _ in found.values()})} schemas", file=sys.stderr)
    print(f"{sum(rows for _, rows in found.values())} rows", file=sys.stderr)
    print(took_s)


if __name__ == "__main__":
    main()
