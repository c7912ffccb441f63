"""What Avro and Arrow IPC files hold, from what they say of themselves."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.readers.avro_files import BrokenAvro, avro_facts
from glue_tui.catalog.readers.typed_files import scan_ipc
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.dtype_facts import facts_of_dtype
from glue_tui.crawlers.facts import CrawledFile, Found, broken
from glue_tui.crawlers.listing import ListedFile


def read_avro(listed: ListedFile, file_format: FileFormat) -> Found:
    """Read the header and the lengths of the blocks."""
    try:
        with listed.storage.open(listed.absolute) as file:
            schema, rows = avro_facts(file)
    except (BrokenAvro, PolarsError, OSError, pl.exceptions.PanicException) as error:
        found = broken(listed, error)
        return replace(found, reason=f"not a whole Avro file: {found.reason}")
    return _crawled(listed, file_format, schema, rows)


def read_ipc(listed: ListedFile, file_format: FileFormat) -> Found:
    """Read the footer of a file; a stream has none and is read whole."""
    try:
        frame = scan_ipc(listed.absolute, listed.storage)
        schema = dict(frame.collect_schema())
        rows = frame.select(pl.len()).collect(engine="streaming").item()
    except (PolarsError, OSError, pl.exceptions.PanicException) as error:
        found = broken(listed, error)
        return replace(found, reason=f"not a whole Arrow IPC file: {found.reason}")
    return _crawled(listed, file_format, schema, rows)


def _crawled(listed: ListedFile, file_format: FileFormat, schema: dict[str, pl.DataType], rows: int) -> CrawledFile:
    read_as = replace(file_format, columns=tuple(schema), types=tuple(str(dtype) for dtype in schema.values()))
    facts = {name: facts_of_dtype(dtype) for name, dtype in schema.items()}
    return CrawledFile(listed=listed, format=read_as, rows=rows, facts=facts)
