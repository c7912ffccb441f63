"""Rows on their way into a database: computed once, then gone through in batches as often as it takes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from tempfile import SpooledTemporaryFile

import polars as pl

from glue_tui.catalog.database_urls import BATCH_ROWS

IN_MEMORY_BYTES = 64 << 20
"""What a query brings beyond this waits in a temporary file that no kill leaves behind, as it has no name."""
_LENGTH_BYTES = 8


class RowBatches:
    """The rows of a frame, in their order. A query is computed at once, and only one batch at a time is in memory."""

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame) -> None:
        self.schema = frame.collect_schema()
        self.height = 0
        self._frame: pl.DataFrame | None = None
        self._file: SpooledTemporaryFile[bytes] | None = None
        if isinstance(frame, pl.DataFrame):
            # Cloned, which copies no data: a script may go on to change its frame in place.
            self._frame = frame.clone()
            self.height = frame.height
        else:
            self._compute(frame)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        if self._frame is not None:
            yield from self._frame.iter_slices(BATCH_ROWS)
        elif self._file is not None:
            self._file.seek(0)
            while length := self._file.read(_LENGTH_BYTES):
                yield pl.read_ipc_stream(io.BytesIO(self._file.read(int.from_bytes(length, "little"))))

    def distinct(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return the combinations of values that these columns have, in memory."""
        found = pl.DataFrame(schema={name: self.schema[name] for name in columns})
        for batch in self:
            found = pl.concat([found, batch.select(columns).unique()]).unique()
        return found

    def null_counts(self, columns: Sequence[str]) -> dict[str, int]:
        """Return how many rows have no value in each of these columns."""
        counts = dict.fromkeys(columns, 0)
        for batch in self if columns else ():
            for name in columns:
                counts[name] += batch[name].null_count()
        return counts

    def _compute(self, query: pl.LazyFrame) -> None:
        self._file = file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115
        for batch in query.collect_batches(chunk_size=BATCH_ROWS, engine="streaming"):
            self.height += batch.height
            buffer = io.BytesIO()
            batch.write_ipc_stream(buffer, compression="lz4")
            file.write(len(buffer.getvalue()).to_bytes(_LENGTH_BYTES, "little"))
            file.write(buffer.getvalue())

    def close(self) -> None:
        """Forget the rows, and with them what they take on the disk."""
        if self._file is not None:
            self._file.close()
