"""What parquet files hold, from their footers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.types import glue_type
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.facts import BrokenFile, ColumnFacts, CrawledFile, Found, broken
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import NULL_TYPE

_PATH = "__glue_tui_path"


def read_parquet(files: list[ListedFile]) -> list[Found]:
    """Read the footers: the schema of each file, then the rows of all files of one schema at once."""
    found: list[Found] = []
    groups: dict[FileFormat, list[tuple[ListedFile, dict[str, pl.DataType]]]] = defaultdict(list)
    for listed in files:
        try:
            with listed.storage.open(listed.absolute) as file:
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
    frame = pl.scan_parquet(
        paths,
        glob=False,
        hive_partitioning=False,
        include_file_paths=_PATH,
        **members[0][0].storage.polars_options(paths[0]),
    )
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
    found = broken(listed, error)
    return replace(found, reason=f"not a whole parquet file: {found.reason}")
