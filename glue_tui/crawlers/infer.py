"""What the files hold: rows and columns, read in portions of one format, each by the module of that format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_facts import read_csv
from glue_tui.crawlers.facts import Found
from glue_tui.crawlers.json_facts import read_json
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.parquet_facts import read_parquet

CHUNK_FILES = 200
"""Files that are read in one scan: enough to be fast, few enough to show progress."""


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
                    yield read_parquet(chunk)
                case "json":
                    yield [read_json(listed, file_format) for listed in chunk]
                case _:
                    yield read_csv(chunk, file_format)
