"""A file whose description is whole and whose data is not: a crawl believes it, a query names it."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from crawl_project import Project

from glue_tui.catalog.result import query_result
from glue_tui.core.problem import InvalidInput


def damage(file: Path) -> None:
    """Overwrite what lies between the head of a file and its end, which say what it holds."""
    content = bytearray(file.read_bytes())
    start, end = len(content) * 3 // 10, len(content) * 6 // 10
    content[start:end] = b"\xff" * (end - start)
    file.write_bytes(content)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "avro"])
def test_a_query_names_the_damaged_file_and_the_way_out(project: Project, kind: str) -> None:
    frame = pl.DataFrame({"name": [f"value {number}" for number in range(3000)]})
    (project.folder / "in").mkdir()
    files = [project.folder / f"in/{name}.{kind}" for name in "ab"]
    for file in files:
        match kind:
            case "parquet":
                frame.write_parquet(file, compression="zstd")
            case "arrow":
                frame.write_ipc(file, compression="zstd")
            case _:
                frame.write_avro(file, compression="deflate")
    damage(files[1])
    for file in files:
        os.utime(file, (1_700_000_000, 1_700_000_000))
    assert project.crawl("in").rows == 6000
    with pytest.raises(InvalidInput, match=rf"raw\.in: in/b\.{kind} is damaged, its data can't be read: ") as told:
        query_result(project.catalog, "SELECT max(name) FROM raw.in", project_dir=project.folder, environment={})
    assert told.value.hint == "write it anew, or take it away and run crawler landing again"
