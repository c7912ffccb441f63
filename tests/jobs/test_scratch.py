"""Rows that are kept in a nameless file to be looked at more than once."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from glue_tui.jobs.scratch import Scratch


def test_rows_that_are_kept_already_are_not_written_once_more(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    kept = scratch.write(pl.LazyFrame({"a": [2, 1]}))
    assert scratch.write(kept) is kept
    assert kept.collect().to_dict(as_series=False) == {"a": [2, 1]}
    other = scratch.write(kept.filter(pl.col("a") > 1))
    assert other.collect().height == 1
    scratch.close()
    assert list(tmp_path.iterdir()) == []
