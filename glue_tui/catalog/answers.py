"""A query's answer as texts, for those who draw it: what the screen and the process that answers it say to each other.

No polars here: the screen imports this module.
"""

from __future__ import annotations

from pathlib import Path

import msgspec


class QueryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One query over the catalog of a project."""

    project_dir: str
    query: str
    rows_max: int = 1000
    save_to: str = ""
    """Write all rows to this new file instead: CSV, JSON or Parquet, by its ending."""


class AnswerColumn(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: str
    """polars' name: `Int64`, `Decimal(precision=12, scale=2)`."""
    is_numeric: bool


class QueryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The rows, or why there are none."""

    columns: tuple[AnswerColumn, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    """Values as texts, not rounded; None where one is missing."""
    is_cut: bool = False
    """There are more rows."""
    saved_rows: int = 0
    reads: tuple[str, ...] = ()
    """Of tables of which only a part was opened, how much: `raw.sales: 1 of 30 files`."""
    seconds: float = 0.0
    error: str = ""
    hint: str = ""
    """The way out of the error."""


def part_path(path: Path, pid: int) -> Path:
    """Return what a file is called while process `pid` writes it: a killed one leaves that behind."""
    return path.with_name(f".{path.name}.{pid}.part")
