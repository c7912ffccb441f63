"""A part of a table, fixed once: what a job with a bookmark reads of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from glue_tui.catalog.read import FileRow, TableEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePart:
    """Some files of a table, or those rows of a database table of which a condition is true."""

    entry: TableEntry
    """The table as it was when the part was fixed."""
    files: Sequence[FileRow] = ()
    condition: pl.Expr | None = None
    """None: a table of files."""
    rows: int
    """How many rows it has, as far as is known."""

    @property
    def size_bytes(self) -> int:
        """Of its files."""
        return sum(size_bytes for _, size_bytes, *_ in self.files)
