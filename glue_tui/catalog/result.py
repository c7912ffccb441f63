"""The rows of a query as plain Python values or text, for those who show them and know no polars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from polars.exceptions import PanicException, PolarsError

from glue_tui.catalog.damaged import damaged_file
from glue_tui.catalog.misfits import misfit
from glue_tui.catalog.pruning import FilesRead, Trace
from glue_tui.catalog.query import changed_file, explained, gone_object, refused_by_s3, run_sql
from glue_tui.catalog.read import Catalog
from glue_tui.catalog.types import TIMESTAMP_FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    columns: tuple[str, ...]
    types: tuple[str, ...]
    """polars' names: `Int64`, `Decimal(precision=12, scale=2)`."""
    numeric: tuple[bool, ...]
    rows: tuple[tuple[Any, ...], ...]
    """None where a value is missing."""
    is_cut: bool
    """There are more rows than were asked for."""
    reads: tuple[FilesRead, ...] = ()
    """What was opened to answer, in no order."""


_ENCODER = msgspec.json.Encoder()


class QueryStream:
    """The rows of a query one batch after the other, however many there are: memory holds a few batches."""

    def __init__(
        self, lazy: pl.LazyFrame, rows_max: int | None, explaining: Callable[[], AbstractContextManager[None]]
    ):
        self.columns = tuple(lazy.collect_schema())
        self.rows = 0
        """How many were read so far."""
        self.is_cut = False
        """There were more than `rows_max`: known when the last one has been read."""
        self._lazy = lazy
        self._rows_max = rows_max
        self._explaining = explaining

    def json(self) -> Iterator[str]:
        """Yield a list of objects, a row a line."""
        between = "[\n"
        for batch in self._batches():
            lines = _ENCODER.encode_lines(batch.to_dicts()).decode().rstrip("\n")
            if lines:
                # A line break within a value is written as `\\n`.
                yield between + lines.replace("\n", ",\n")
                between = ",\n"
        yield "[]\n" if between == "[\n" else "\n]\n"

    def csv(self) -> Iterator[str]:
        """Yield a header line, then batches of lines of CSV: nested values as JSON, bytes as hexadecimal digits."""
        yield pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String)).write_csv()
        for batch in self._batches():
            yield batch.select(map(_as_text, batch)).write_csv(include_header=False, datetime_format=TIMESTAMP_FORMAT)

    def _batches(self) -> Iterator[pl.DataFrame]:
        most = self._rows_max
        lazy = self._lazy if most is None else self._lazy.head(most + 1)
        with self._explaining():
            for batch in lazy.collect_batches(maintain_order=True):
                self.is_cut = most is not None and self.rows + batch.height > most
                kept = batch.head(most - self.rows) if most is not None else batch
                self.rows += kept.height
                yield kept


def query_result(
    catalog: Catalog, query: str, *, project_dir: Path, environment: Mapping[str, str], rows_max: int | None = None
) -> QueryResult:
    """Return the rows of one query, `rows_max` at most. Raises what `run_sql` raises."""
    trace = Trace()
    lazy = run_sql(catalog, query, project_dir=project_dir, environment=environment, trace=trace)
    if rows_max is not None:
        lazy = lazy.head(rows_max + 1)
    with explaining(catalog, query, project_dir, environment):
        frame = lazy.collect(engine="streaming")
    is_cut = rows_max is not None and frame.height > rows_max
    return QueryResult(
        columns=tuple(frame.columns),
        types=tuple(str(dtype) for dtype in frame.dtypes),
        numeric=tuple(dtype.is_numeric() for dtype in frame.dtypes),
        rows=tuple(frame.head(rows_max).rows() if is_cut and rows_max is not None else frame.rows()),
        is_cut=is_cut,
        reads=tuple(trace.reads),
    )


def query_stream(
    catalog: Catalog, query: str, *, project_dir: Path, environment: Mapping[str, str], rows_max: int | None = None
) -> QueryStream:
    """Return the rows of one query, `rows_max` at most, to be read in batches. Raises what `run_sql` raises."""
    lazy = run_sql(catalog, query, project_dir=project_dir, environment=environment)
    return QueryStream(lazy, rows_max, lambda: explaining(catalog, query, project_dir, environment))


@contextmanager
def explaining(catalog: Catalog, query: str, project_dir: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Turn what polars raises while a query is computed into our words, with the way out where there is one."""
    try:
        yield
    except (PolarsError, PanicException, OSError) as error:
        told = gone_object(catalog, query, error) or refused_by_s3(error) or changed_file(catalog, query, project_dir)
        if told:
            raise told from error
        if isinstance(error, OSError):
            raise
        if unlike := misfit(catalog, query, project_dir=project_dir, environment=environment):
            raise unlike from error
        if damaged := damaged_file(catalog, query, project_dir=project_dir, environment=environment):
            raise damaged from error
        raise explained(error, catalog.names(), query) from error


def _as_text(column: pl.Series) -> pl.Series:
    """Return a column that CSV can hold."""
    match column.dtype:
        case pl.Binary():
            return column.bin.encode("hex")
        case dtype if dtype.is_nested():
            texts = [None if value is None else msgspec.json.encode(value).decode() for value in column.to_list()]
            return pl.Series(column.name, texts, dtype=pl.String)
        case _:
            return column
