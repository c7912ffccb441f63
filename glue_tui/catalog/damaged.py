"""Files that say well what they hold, and whose data can't be read: only a query sees that, no crawl reads so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from glue_tui.catalog.lineage import mentioned
from glue_tui.catalog.places import Storage, absolute_path
from glue_tui.catalog.read import Catalog
from glue_tui.catalog.readers.avro_files import BrokenAvro, avro_frames
from glue_tui.catalog.readers.typed_files import scan_ipc
from glue_tui.catalog.s3_access import CONNECTION_URL_PARAMETER, storage_for
from glue_tui.core.problem import InvalidInput

_TYPED = ("parquet", "ipc", "avro")


def damaged_file(
    catalog: Catalog, query: str, *, project_dir: Path, environment: Mapping[str, str]
) -> InvalidInput | None:
    """Return what to say of a query that failed because a typed file is damaged: the first one that can't be read
    from beginning to end. None if all of its tables can."""
    for full_name in mentioned(query, catalog.names()):
        entry, files = catalog.contents(full_name)
        table = entry.table
        storage = storage_for(table.location, table.parameters.get(CONNECTION_URL_PARAMETER, ""), environment)
        for file in files:
            kind = table.formats[file.format].classification
            if kind not in _TYPED:
                continue
            try:
                for _ in _batches(kind, absolute_path(file.path, project_dir), storage):
                    pass
            except (PolarsError, PanicException, BrokenAvro, OSError) as error:
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                return InvalidInput(
                    f"{full_name}: {file.path} is damaged, its data can't be read: {reason}",
                    hint=f"write it anew, or take it away and run {entry.written_by.replace(':', ' ')} again",
                )
    return None


def _batches(kind: str, path: str, storage: Storage) -> Iterator[pl.DataFrame]:
    """Yield all that is in a file, some rows at a time."""
    match kind:
        case "parquet":
            frame = pl.scan_parquet(path, glob=False, hive_partitioning=False, **storage.polars_options(path))
            yield from frame.collect_batches()
        case "ipc":
            yield from scan_ipc(path, storage).collect_batches()
        case _:
            with storage.open(path) as file:
                yield from avro_frames(file)
