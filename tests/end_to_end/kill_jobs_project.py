"""A project whose one job writes the same rows to targets of every kind, and the readers that look at them.

The rows of a run are known by its property `batch` alone, so what every table must hold is known, too: those that are
overwritten one whole batch, those that are added to each batch once. Its property `end` lets the script fail, or wait,
when all is written. Readers look as users do: at files by the catalog, at a folder by listing it, at a Delta table by
its log, at databases by SQL.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl

import glue_tui
from glue_tui.catalog.database_urls import COMMITS_TABLE
from glue_tui.catalog.read import Catalog
from glue_tui.client.find import state_db
from glue_tui.core.problem import EntityNotFound, InvalidInput
from tests.crawlers.postgres_server import PostgresServer, postgres_server
from tests.crawlers.s3_server import ENVIRONMENT, S3Server, running_s3

ROWS = 3_000
"""Of a batch: in each table each batch is there with so many rows, or not at all."""
PARTS = 4
PREFIX = "tables"
DEADLINE_S = 60.0

LOAD = """
max_concurrent_runs = 1
on_overlap = "queue"

[properties]
batch = {{ type = "integer", default = 0 }}
end = "succeed"

[connections.ware]
url = "sqlite:///ware.db"

[connections.shop]
url = "{postgres}"

[connections.lake]
url = "{s3}"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{{ job = "load" }}]

[jobs.load]
type = "python"
script = "jobs/load.py"
max_retries = {retries}
targets = [
  {{ table = "local.latest", path = "out/latest", partition_by = ["part"] }},
  {{ table = "local.flat", path = "out/flat" }},
  {{ table = "local.added", path = "out/added", mode = "append", partition_by = ["part"] }},
  {{ table = "remote.latest", path = "s3://lake/tables/latest", connection = "lake", partition_by = ["part"] }},
  {{ table = "remote.added", path = "s3://lake/tables/added", connection = "lake", mode = "append" }},
  {{ table = "delta.latest", path = "lake/delta_latest", format = "delta" }},
  {{ table = "delta.added", path = "lake/delta_added", format = "delta", mode = "append", partition_by = ["part"] }},
  {{ table = "iceberg.latest", path = "lake/iceberg_latest", format = "iceberg" }},
  {{ table = "iceberg.added", path = "lake/iceberg_added", format = "iceberg", mode = "append" }},
  {{ connection = "ware", table = "latest" }},
  {{ connection = "ware", table = "added", mode = "append" }},
  {{ connection = "ware", table = "kept", mode = "upsert", keys = ["batch", "n"] }},
  {{ connection = "shop", table = "latest" }},
  {{ connection = "shop", table = "added", mode = "append" }},
  {{ connection = "shop", table = "kept", mode = "upsert", keys = ["batch", "n"] }},
]
"""

SCRIPT = """
import time
import polars as pl

def run(glue):
    batch = int(glue.properties["batch"])
    rows = pl.DataFrame({{"n": range({rows})}}).with_columns(batch=pl.lit(batch), part=pl.col("n") % {parts})
    glue.write_targets(rows)
    match glue.properties["end"]:
        case "fail":
            raise ValueError("all rows are written, and yet")
        case "wait":
            (glue.project_dir / "waits").touch()
            time.sleep(600)
"""

FILE_TABLES = ("local.latest", "local.flat", "local.added", "remote.latest", "remote.added")
LAKE_TABLES = ("delta.latest", "delta.added", "iceberg.latest", "iceberg.added")
DATABASE_TABLES = ("latest", "added", "kept")

Batches = dict[int, int]
"""Rows by batch."""
Way = Callable[[], dict[str, Batches | None]]
"""To look at some tables: what each holds, None where its files were replaced while they were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    postgres: PostgresServer
    s3: S3Server


@contextmanager
def servers() -> Iterator[Servers]:
    """Start what stands for the databases and the storage of others."""
    with ExitStack() as stack:
        found = Servers(postgres=stack.enter_context(postgres_server()), s3=stack.enter_context(running_s3()))
        found.s3.empty()
        os.environ.update(ENVIRONMENT)
        stack.callback(lambda: [os.environ.pop(name) for name in ENVIRONMENT])
        yield found


def make_project(folder: Path, servers: Servers, *, retries: int = 9) -> None:
    jobs_dir = folder / "workflows" / "jobs"
    jobs_dir.mkdir(parents=True)
    text = LOAD.format(postgres=servers.postgres.url(), s3=servers.s3.connection.url, retries=retries)
    (folder / "workflows" / "load.toml").write_text(text)
    (jobs_dir / "load.py").write_text(SCRIPT.format(rows=ROWS, parts=PARTS))


@dataclass(slots=True)
class Reader:
    """Looks at everything that can be seen; each look is judged at once."""

    folder: Path
    servers: Servers
    looks: Counter[str] = field(default_factory=Counter)
    """By table: how often it was seen with rows."""
    missed: Counter[str] = field(default_factory=Counter)
    """By table: looks that were refused, as the files that had been listed were just replaced."""

    def ways(self) -> list[Way]:
        """Return the ways to look, which may be gone side by side."""
        by_catalog = [partial(self._by_catalog, name) for name in (*FILE_TABLES, *LAKE_TABLES)]
        return [*by_catalog, self._by_folder, self._by_delta, self._by_sqlite, self._by_postgres]

    def look(self, way: Way) -> None:
        """Look once, in one way. Raises AssertionError at a half result."""
        for name, batches in way().items():
            if batches is None:
                self.missed[name] += 1
                continue
            assert set(batches.values()) <= {ROWS}, f"{name} is half a result: {batches}"
            is_latest = name.endswith(("latest", "flat"))
            assert not is_latest or len(batches) <= 1, f"{name} holds several batches: {sorted(batches)}"
            self.looks[name] += bool(batches)

    def check(self, batches: int) -> None:
        """Say that every table holds exactly what `batches` undisturbed runs leave, and that nothing else is left."""
        everything = {(batch, n, n % PARTS) for batch in range(1, batches + 1) for n in range(ROWS)}
        last = {row for row in everything if row[0] == batches}
        for name, rows in self._all_rows():
            wanted = last if name.endswith(("latest", "flat")) else everything
            counted = Counter(rows)
            assert counted == Counter(wanted), f"{name}: {sum(counted.values())} rows in place of {len(wanted)}"
        self._check_leftovers()

    def _all_rows(self) -> Iterator[tuple[str, Iterable[tuple[int, ...]]]]:
        columns = ("batch", "n", "part")
        catalog = glue_tui.open_catalog(self.folder)
        for name in (*FILE_TABLES, *LAKE_TABLES):
            yield name, catalog[name].select(columns).collect().rows()
        for name in ("latest", "flat", "added"):
            files = pl.scan_parquet(self.folder / "out" / name / "**" / "*.parquet", hive_partitioning=True)
            yield f"out/{name}", files.select(columns).collect().rows()
        for table in DATABASE_TABLES:
            query = f"SELECT batch, n, part FROM {table}"
            with closing(sqlite3.connect(self.folder / "ware.db")) as conn:
                yield f"ware.{table}", conn.execute(query).fetchall()
            yield f"shop.{table}", self.servers.postgres.fetch(query)

    def _check_leftovers(self) -> None:
        catalog = Catalog.open(state_db(self.folder))
        hidden = [path for path in (self.folder / "out").rglob("*") if path.name.startswith((".", "_"))]
        assert not hidden, hidden
        listed = {file.path for name in FILE_TABLES for file in catalog.files(name)}
        lying = {str(path.relative_to(self.folder)) for path in (self.folder / "out").rglob("*.parquet")}
        assert lying == {path for path in listed if not path.startswith("s3://")}
        stored = {f"s3://lake/{key}" for key in self.servers.s3.keys(PREFIX)}
        assert stored == {path for path in listed if path.startswith("s3://")}
        for folder in (self.folder / "lake").glob("delta_*"):
            # Of its files some are of earlier versions; each was committed once.
            log = "".join(path.read_text() for path in (folder / "_delta_log").glob("*.json"))
            strays = [path for path in folder.rglob("*.parquet") if path.name not in log]
            assert not strays, strays
        assert not self.servers.s3.unfinished_uploads()
        tables = self.servers.postgres.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert {name for (name,) in tables} == {*DATABASE_TABLES, COMMITS_TABLE}
        others = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        assert not self.servers.postgres.fetch(others), "somebody is still connected"
        beside = sorted(path.name for path in self.folder.iterdir() if path.name.startswith("ware."))
        assert beside == ["ware.db"], beside

    def _by_catalog(self, name: str) -> dict[str, Batches | None]:
        try:
            return {name: _counted(glue_tui.open_catalog(self.folder)[name].select("batch").collect()["batch"])}
        except EntityNotFound:
            return {}
        except (InvalidInput, OSError, pl.exceptions.ComputeError):
            return {name: None}

    def _by_delta(self) -> dict[str, Batches | None]:
        """Return what other programs see of a Delta table: its newest version."""
        folder = self.folder / "lake" / "delta_added"
        if not (folder / "_delta_log").exists():
            return {}
        return {"folder delta_added": _counted(pl.scan_delta(str(folder)).select("batch").collect()["batch"])}

    def _by_folder(self) -> dict[str, Batches | None]:
        """Return the batches of the files that lie in the folder, all opened before one of them is read."""
        with ExitStack() as stack:
            try:
                fd = os.open(self.folder / "out" / "flat", os.O_RDONLY)
            except FileNotFoundError:
                return {}
            stack.callback(os.close, fd)
            try:
                with os.scandir(fd) as entries:
                    opened = [os.open(entry.name, os.O_RDONLY, dir_fd=fd) for entry in entries]
            except FileNotFoundError:
                return {"folder flat": None}
            files = [stack.enter_context(open(one, "rb")) for one in opened]
            frames = [pl.read_parquet(file, columns=["batch"]) for file in files]
            return {"folder flat": _counted(pl.concat(frames)["batch"])}

    def _by_sqlite(self) -> dict[str, Batches | None]:
        if not (self.folder / "ware.db").exists():
            return {}
        with closing(sqlite3.connect(self.folder / "ware.db", timeout=DEADLINE_S)) as conn:
            conn.execute("BEGIN")
            there = {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            return {
                f"ware.{name}": dict(conn.execute(f"SELECT batch, count(*) FROM {name} GROUP BY batch").fetchall())
                for name in DATABASE_TABLES
                if name in there
            }

    def _by_postgres(self) -> dict[str, Batches | None]:
        tables = self.servers.postgres.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        there = {name for (name,) in tables}
        return {
            f"shop.{name}": dict(self.servers.postgres.fetch(f"SELECT batch, count(*) FROM {name} GROUP BY batch"))
            for name in DATABASE_TABLES
            if name in there
        }


def _counted(batches: pl.Series) -> Batches:
    return dict(batches.value_counts().iter_rows())
