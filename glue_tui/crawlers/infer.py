"""What the files hold: their rows, and for each column how many values are of which type, after reading all of it.

Files of one format are read together in one scan. A file that breaks the scan is found by halving and reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from glob import escape

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.scan import scan_csv
from glue_tui.catalog.types import TIMESTAMP_FORMAT, glue_type, timestamp_text
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.evidence import broken_json_line, ragged_row
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import NARROW_TYPES, NULL_TYPE, PATTERNS

CHUNK_FILES = 200
"""Files that are read in one scan: enough to be fast, few enough to show progress."""

_COUNTED = (*NARROW_TYPES, "digits")
_PATH = "__glue_tui_path"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """What one column of one file holds: either a type that the format itself gives, or counts of its text values."""

    type: str = ""
    """Glue type, or empty where values were counted."""
    values: int = 0
    """Values that are neither null nor empty."""
    fits: tuple[int, ...] = (0,) * len(_COUNTED)
    """How many of them are of each of NARROW_TYPES, and how many are nothing but digits."""

    def fitting(self, kind: str) -> int:
        return self.fits[_COUNTED.index(kind)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawledFile:
    listed: ListedFile
    format: FileFormat
    rows: int
    facts: dict[str, ColumnFacts]
    was_read: bool = True
    """False for a file that stands unchanged in the catalog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenFile:
    path: str
    reason: str


Found = CrawledFile | BrokenFile


def read_files(files: Sequence[tuple[ListedFile, FileFormat]]) -> Iterator[list[Found]]:
    """Yield what was found in the files, some at a time, so that progress can be shown."""
    groups: dict[FileFormat, list[ListedFile]] = defaultdict(list)
    for listed, file_format in files:
        groups[file_format].append(listed)
    for file_format, members in groups.items():
        for start in range(0, len(members), CHUNK_FILES):
            chunk = members[start : start + CHUNK_FILES]
            match file_format.classification:
                case "parquet":
                    yield _read_parquet(chunk)
                case "json":
                    yield [_read_json(listed, file_format) for listed in chunk]
                case _:
                    yield _read_csv(chunk, file_format)


def type_of(facts: Sequence[ColumnFacts]) -> str:
    """Return the narrowest type that holds for all counted values; NULL_TYPE if there is no value."""
    values = sum(item.values for item in facts)
    if values == 0:
        return NULL_TYPE
    return next((kind for kind in NARROW_TYPES if sum(item.fitting(kind) for item in facts) == values), "string")


def _read_csv(files: list[ListedFile], file_format: FileFormat) -> list[Found]:
    try:
        return list(_count_csv(files, file_format))
    except (PolarsError, OSError, EOFError) as error:
        if len(files) > 1:
            middle = len(files) // 2
            return [*_read_csv(files[:middle], file_format), *_read_csv(files[middle:], file_format)]
        if file_format.encoding == "utf8" and "utf-8" in str(error).lower():
            return _read_csv(files, replace(file_format, encoding="latin1"))
        return [_broken(files[0], error, ragged_row(files[0].absolute, file_format))]


def _count_csv(files: list[ListedFile], file_format: FileFormat) -> Iterator[CrawledFile]:
    schema = {name: pl.String() for name in file_format.columns}
    frame = scan_csv(file_format, [listed.absolute for listed in files], schema, _PATH)
    counts = (
        frame.group_by(_PATH)
        .agg(
            pl.len().alias("rows"),
            *(expression for place, name in enumerate(schema) for expression in _counts(place, pl.col(name))),
        )
        .collect(engine="streaming")
    )
    by_path = {row[_PATH]: row for row in counts.iter_rows(named=True)}
    for listed in files:
        row = by_path.get(listed.absolute)
        facts = {name: _facts(row, place) if row else ColumnFacts() for place, name in enumerate(schema)}
        yield CrawledFile(listed=listed, format=file_format, rows=row["rows"] if row else 0, facts=facts)


def _counts(place: int, column: pl.Expr) -> Iterator[pl.Expr]:
    value = pl.when(column != "").then(column)
    yield value.count().alias(f"{place}:values")
    for kind in _COUNTED:
        fitting = value.str.contains(PATTERNS[kind])
        match kind:
            case "bigint":
                fitting &= value.cast(pl.Int64, strict=False).is_not_null()
            case "date":
                fitting &= value.str.to_date("%Y-%m-%d", strict=False).is_not_null()
            case "timestamp":
                times = timestamp_text(value).str.to_datetime(TIMESTAMP_FORMAT, time_unit="us", strict=False)
                fitting &= times.is_not_null()
        yield fitting.sum().alias(f"{place}:{kind}")


def _facts(row: dict[str, int], place: int) -> ColumnFacts:
    return ColumnFacts(values=row[f"{place}:values"], fits=tuple(row[f"{place}:{kind}"] or 0 for kind in _COUNTED))


def _read_json(listed: ListedFile, file_format: FileFormat) -> Found:
    try:
        frame = pl.scan_ndjson([escape(listed.absolute)], infer_schema_length=None)
        schema = frame.collect_schema()
        rows = frame.select(pl.len()).collect(engine="streaming").item()
    except (PolarsError, OSError) as error:
        return _broken(listed, error, broken_json_line(listed.absolute, file_format))
    facts = {
        name: ColumnFacts(type=NULL_TYPE if dtype == pl.Null else glue_type(dtype)) for name, dtype in schema.items()
    }
    return CrawledFile(listed=listed, format=replace(file_format, columns=tuple(schema)), rows=rows, facts=facts)


def _read_parquet(files: list[ListedFile]) -> list[Found]:
    """Read the footers: the schema of each file, then the rows of all files of one schema at once."""
    found: list[Found] = []
    groups: dict[FileFormat, list[tuple[ListedFile, dict[str, pl.DataType]]]] = defaultdict(list)
    for listed in files:
        try:
            with open(listed.absolute, "rb") as file:
                schema = pl.read_parquet_schema(file)
        except (PolarsError, OSError) as error:
            found.append(_broken_parquet(listed, error))
            continue
        names, types = tuple(schema), tuple(str(dtype) for dtype in schema.values())
        groups[FileFormat(classification="parquet", columns=names, types=types)].append((listed, schema))
    for file_format, members in groups.items():
        found.extend(_count_parquet(file_format, members))
    return found


def _count_parquet(
    file_format: FileFormat, members: list[tuple[ListedFile, dict[str, pl.DataType]]]
) -> Iterator[Found]:
    paths = [listed.absolute for listed, _ in members]
    frame = pl.scan_parquet(paths, glob=False, hive_partitioning=False, include_file_paths=_PATH)
    try:
        rows = dict(frame.group_by(_PATH).agg(pl.len()).collect(engine="streaming").iter_rows())
    except (PolarsError, OSError) as error:
        if len(members) == 1:
            yield _broken_parquet(members[0][0], error)
            return
        for member in members:
            yield from _count_parquet(file_format, [member])
        return
    for listed, schema in members:
        facts = {
            name: ColumnFacts(type=NULL_TYPE if dtype == pl.Null else glue_type(dtype))
            for name, dtype in schema.items()
        }
        yield CrawledFile(listed=listed, format=file_format, rows=rows.get(listed.absolute, 0), facts=facts)


def _broken_parquet(listed: ListedFile, error: Exception) -> BrokenFile:
    found = _broken(listed, error)
    return replace(found, reason=f"not a whole parquet file: {found.reason}")


def _broken(listed: ListedFile, error: Exception, known: str = "") -> BrokenFile:
    first_line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return BrokenFile(path=listed.path, reason=known or first_line)
