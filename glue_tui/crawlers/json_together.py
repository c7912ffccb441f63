"""Small files of JSON lines, read in one go: polars finds out each one's types, then those of the same are counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.places import is_s3
from glue_tui.catalog.readers.json_records import is_read_by_polars
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.facts import ColumnFacts, CrawledFile, Found
from glue_tui.crawlers.json_facts import facts_of, is_rewritten, read_as, read_json, value_counts
from glue_tui.crawlers.json_order import as_written
from glue_tui.crawlers.listing import ListedFile

SMALL_BYTES = 1024 * 1024
THREADS = 2

_FILE = "__glue_tui_file"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_Small = tuple[ListedFile, bytes]
"""A file and all that is in it."""


def read_json_files(files: Sequence[ListedFile], file_format: FileFormat) -> Iterator[Found]:
    """Yield what files of one format hold: small ones read together, the others and odd ones each for itself."""
    groups: dict[tuple[tuple[str, pl.DataType], ...], list[_Small]] = defaultdict(list)
    if is_read_by_polars(file_format) and not file_format.compression and not file_format.exact:
        with ThreadPoolExecutor(THREADS) as threads:
            for listed, (content, schema) in zip(files, threads.map(_content_and_schema, files), strict=True):
                if schema:
                    groups[tuple(schema.items())].append((listed, content))
    together: set[str] = set()
    by_value: set[str] = set()
    for items, members in groups.items():
        for found in _read_alike(members, pl.Schema(items), file_format, by_value):
            together.add(found.listed.path)
            yield found
    for listed in files:
        if listed.path not in together:
            yield read_json(listed, file_format, is_by_value=listed.path in by_value)


def _content_and_schema(listed: ListedFile) -> tuple[bytes, pl.Schema | None]:
    """Return a small file's content, a line end behind each line, and its schema; None if it is to be read alone."""
    if listed.size_bytes > SMALL_BYTES or is_s3(listed.absolute):
        return b"", None
    try:
        content = listed.storage.read(listed.absolute, 0, SMALL_BYTES + 1)
        if (
            len(content) > SMALL_BYTES
            or b"\n\n" in content
            or b"\r" in content
            or content.startswith((_BYTE_ORDER_MARK, b"\n"))
        ):
            return b"", None
        schema = pl.scan_ndjson(content, infer_schema_length=None).collect_schema()
        schema = as_written(schema, enumerate(BytesIO(content), start=1))
    except (PolarsError, OSError):
        return b"", None
    return content if content.endswith(b"\n") else content + b"\n", schema


def _read_alike(
    members: Sequence[_Small], schema: pl.Schema, file_format: FileFormat, by_value: set[str]
) -> Iterator[CrawledFile]:
    """Yield what files of one schema hold, and add those to `by_value` that polars may not read as they stand; nothing
    if not every line of the others is a record."""
    try:
        if odd := _rewritten(members, schema):
            by_value.update(members[number][0].path for number in odd)
            members = [member for number, member in enumerate(members) if number not in odd]
        if not members:
            return
        text = b"".join(content for _, content in members)
        rows = [content.count(b"\n") for _, content in members]
        # All columns: a value that polars can't read shows only where it is read.
        frame = pl.scan_ndjson(text, schema=schema).collect()
    except PolarsError:
        return
    if frame.height != sum(rows):
        return
    counted = frame.hstack([_numbers(rows)]).group_by(_FILE, maintain_order=True).agg(pl.len(), *value_counts(schema))
    known: dict[tuple[int, ...], tuple[dict[str, ColumnFacts], FileFormat]] = {}
    for (listed, _), (_, count, *counts) in zip(members, counted.iter_rows(), strict=True):
        key = tuple(counts)
        if key not in known:
            facts = facts_of(schema, dict(zip(counted.columns[2:], counts, strict=True)))
            known[key] = facts, read_as(file_format, facts)
        facts, found_as = known[key]
        yield CrawledFile(listed=listed, format=found_as, rows=count, facts=facts)


def _rewritten(members: Sequence[_Small], schema: pl.Schema) -> set[int]:
    """Return the places of the files of which polars may read a value otherwise than it stands there."""
    lines = pl.scan_lines(b"".join(content for _, content in members), glob=False).collect()
    numbers = _numbers([content.count(b"\n") for _, content in members])
    return set(lines.hstack([numbers]).filter(is_rewritten(schema))[_FILE].unique())


def _numbers(rows: Sequence[int]) -> pl.Series:
    """Return the number of each file, as often as it has rows."""
    numbers = pl.Series(_FILE, range(len(rows)), dtype=pl.UInt32).to_frame()
    return numbers.select(pl.col(_FILE).repeat_by(pl.Series(rows)).explode(empty_as_null=False)).to_series()
