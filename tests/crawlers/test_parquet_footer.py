"""Footers read the short way say what polars says of the same files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from glue_tui.crawlers.facts import BrokenFile, CrawledFile, Found
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.parquet_facts import ParquetFooters, read_parquet

COLUMNS = {
    "int": pl.Series([1, 2, None], dtype=pl.Int64),
    "duration": pl.Series([timedelta(seconds=1), None, timedelta(days=1)]),
    "short": pl.Series([1, 2, 3], dtype=pl.Int16),
    "unsigned": pl.Series([1, 2, 3], dtype=pl.UInt64),
    "text": pl.Series(["ARROW:schema", "", None]),
    "category": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
    "choice": pl.Series(["a", "b", "a"], dtype=pl.Enum(["a", "b"])),
    "zone": pl.Series([0, 1, 2]).cast(pl.Datetime("ms", "Europe/Berlin")),
    "time": pl.Series([0, 1, 2]).cast(pl.Datetime("us")),
    "money": pl.Series(["1.50", None, "2.25"]).cast(pl.Decimal(10, 2)),
    "list": pl.Series([[1], [], None], dtype=pl.List(pl.Int64)),
    "record": pl.Series([{"x": 1, "y": ["a"]}, None, {"x": None, "y": []}]),
    "nothing": pl.Series([None, None, None], dtype=pl.Null),
    "truth": pl.Series([True, None, False]),
}


def listed(path: Path) -> ListedFile:
    return ListedFile(
        path=path.name,
        absolute=str(path),
        folders=(),
        name=path.name,
        size_bytes=path.stat().st_size,
        mtime_ns=0,
    )


frames = st.builds(
    lambda names, kinds, rows: pl.DataFrame(
        {name: COLUMNS[kind] for name, kind in zip(names, kinds, strict=False)} or {"id": COLUMNS["int"]}
    ).head(rows),
    st.lists(st.sampled_from(["a", "b", "ARROW:schema", "ü"]), max_size=3, unique=True),
    st.lists(st.sampled_from(sorted(COLUMNS)), min_size=3, max_size=3),
    st.integers(0, 3),
)


def polars_says(path: Path) -> Found:
    found = read_parquet(listed(path))
    return structs.replace(found, is_settled=True) if isinstance(found, CrawledFile) else found


@given(st.lists(frames, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_a_footer_read_the_short_way_says_what_polars_says(
    tmp_path_factory: pytest.TempPathFactory, frames: list[pl.DataFrame]
) -> None:
    footers = ParquetFooters()
    path = tmp_path_factory.getbasetemp() / "footer.parquet"
    for frame in frames:
        frame.write_parquet(path)
        assert footers.read(listed(path)) == polars_says(path)


def test_types_that_only_the_metadata_tells_apart_are_told_apart(tmp_path: Path) -> None:
    footers = ParquetFooters()
    found = []
    for kind in ("int", "duration", "text", "category"):
        path = tmp_path / f"{kind}.parquet"
        pl.DataFrame({"same": COLUMNS[kind]}).write_parquet(path)
        read = footers.read(listed(path))
        assert read == polars_says(path)
        assert read is not None
        found.append(read.format.types)
    assert len(set(found)) == len(found)


def test_a_file_cut_off_anywhere_is_left_to_the_long_way(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.parquet", tmp_path / "cut.parquet"
    pl.DataFrame({"id": [1, 2], "name": ["a", "b"]}).write_parquet(whole)
    content = whole.read_bytes()
    footers = ParquetFooters()
    assert footers.read(listed(whole)) is not None
    for size in range(0, len(content), 7):
        cut.write_bytes(content[:size])
        assert footers.read(listed(cut)) is None
    assert isinstance(read_parquet(listed(cut)), BrokenFile)


def test_a_footer_longer_than_the_end_that_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    pl.DataFrame({f"column_{number:04d}": [number] for number in range(600)}).write_parquet(path)
    read = ParquetFooters().read(listed(path))
    assert read is not None
    assert read == polars_says(path)
    assert len(read.facts) == 600
