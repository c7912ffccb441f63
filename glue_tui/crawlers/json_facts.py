"""What JSON files hold: their records, and the types of all their fields."""

from __future__ import annotations

from dataclasses import replace
from glob import escape

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.types import glue_type
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.evidence import broken_json_line
from glue_tui.crawlers.facts import ColumnFacts, CrawledFile, Found, broken
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import NULL_TYPE


def read_json(listed: ListedFile, file_format: FileFormat) -> Found:
    """Read one file whole."""
    try:
        frame = pl.scan_ndjson(
            [escape(listed.absolute)],
            infer_schema_length=None,
            **listed.storage.polars_options(listed.absolute),
        )
        schema = frame.collect_schema()
        rows = frame.select(pl.len()).collect(engine="streaming").item()
    except (PolarsError, OSError) as error:
        return broken(listed, error, broken_json_line(listed, file_format))
    facts = {
        name: ColumnFacts(type=NULL_TYPE if dtype == pl.Null else glue_type(dtype)) for name, dtype in schema.items()
    }
    return CrawledFile(listed=listed, format=replace(file_format, columns=tuple(schema)), rows=rows, facts=facts)
