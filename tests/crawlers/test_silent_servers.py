"""Servers that take a connection and never answer: nobody waits for long, and everybody is told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from crawl_project import Project

from glue_tui.catalog import places
from glue_tui.catalog.database_scan import scan_database
from glue_tui.catalog.result import query_result
from glue_tui.catalog.s3_access import CONNECTION_URL_PARAMETER
from glue_tui.catalog.write import apply_changes
from glue_tui.core.model import Connection, DatabaseTarget, FolderTarget
from glue_tui.core.problem import GlueTuiError, InvalidInput
from glue_tui.core.schema import ChangeKind, Column, DataFile, FileFormat, Table, TableChange

KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}


@pytest.fixture
def silent() -> Iterator[int]:
    """Return the port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_crawl_and_a_query_of_a_silent_database_end_and_say_why(project: Project, silent: int, kind: str) -> None:
    url = f"{kind}://me:secret@127.0.0.1:{silent}/shop?connect_timeout=2"
    told = rf"no connection to {kind}://me@127\.0\.0\.1:{silent}/shop: .*connect_timeout=… in its url"
    with pytest.raises(InvalidInput, match=told) as caught:
        project.crawl(DatabaseTarget(connection="shop"), connections={"shop": Connection(name="shop", url=url)})
    assert "secret" not in str(caught.value)
    with pytest.raises(InvalidInput, match=told):
        scan_database(url, "shop", "orders", {"id": pl.Int64()}, project_dir=Path()).collect()


def test_a_crawl_and_a_query_of_a_silent_s3_end_and_say_why(
    project: Project, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RETRY_FOR_S", "ANSWER_TIMEOUT_S", "POLARS_ANSWER_TIMEOUT_S"):
        monkeypatch.setattr(places, name, 1)
    endpoint = f"http://127.0.0.1:{silent}"
    lake = {"lake": Connection(name="lake", url=f"s3://lake?endpoint={endpoint}")}
    target = FolderTarget(path="s3://lake/sales", connection="lake")
    with pytest.raises(GlueTuiError, match=f"no answer from {endpoint}"):
        project.crawl(target, connections=lake, environment=KEYS)
    parquet = Table(
        database="raw",
        name="sales",
        classification="parquet",
        location="s3://lake/sales",
        columns=(Column(name="id", type="bigint"),),
        formats=(FileFormat(classification="parquet", columns=("id",), types=("Int64",)),),
        parameters={CONNECTION_URL_PARAMETER: lake["lake"].url},
    )
    files = (DataFile(path="s3://lake/sales/a.parquet", size_bytes=9, mtime_ns=1, rows=1),)
    change = TableChange(kind=ChangeKind.CREATED, table=parquet, files=files, written_by="crawler:landing")
    apply_changes(project.conn, (change,), run_id="wr_1", at=0.0)
    with pytest.raises(InvalidInput, match=f"a.parquet can't be read: no answer from {endpoint}"):
        query_result(project.catalog, "SELECT id FROM raw.sales", project_dir=project.folder, environment=KEYS)
