"""Random lives of a job with a bookmark, killed at any step: each version of a row is written once.

Files come, change and go, a database grows, crawls run; attempts are killed at steps of their own, tried again, given
up, resumed, or followed by a run that knows nothing of them. What the job appends to a folder and to a database is then
what came, each once.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from forking import KILLED_AT_A_STEP, ServerUnderTest, read_result, script

from glue_tui.catalog.read import Catalog
from glue_tui.catalog.scan import scan
from glue_tui.catalog.set_aside import remove_places
from glue_tui.catalog.write import MIGRATIONS, apply_changes
from glue_tui.core.attempt import AttemptKey, AttemptResult, AttemptSpec, log_path, result_path
from glue_tui.core.model import Connection, Crawler, DatabaseTarget, FolderTarget, RunId, job_id
from glue_tui.core.schema import TableChange
from glue_tui.core.states import BookmarkOption, NodeState
from glue_tui.crawlers.crawl import crawl
from glue_tui.store import bookmarks
from glue_tui.store.database import migrate
from glue_tui.store.event_log import MIGRATIONS as RUN_MIGRATIONS

STEPS = 30
STEPS_OF_AN_ATTEMPT_MAX = 90
CONNECTIONS = tuple(Connection(name=name, url=f"sqlite:///{name}.db") for name in ("shop", "ware"))

SCRIPT = f"""{KILLED_AT_A_STEP}
import polars as pl

def run(glue):
    count_steps(int(glue.arguments["--steps"]))
    files = glue.table("raw.in").select(row=pl.col("row"))
    orders = glue.table("shop.orders").select(row=pl.col("row"))
    rows = pl.concat([files, orders]).collect()
    glue.write(rows, "marts.rows", path="out/rows", mode="append")
    glue.write_database(rows, connection="ware", table="rows", mode="append")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest()
    yield server
    server.close()


class Life:
    """A project, and what a person and chance do to it."""

    def __init__(self, folder: Path, server: ServerUnderTest, seed: int) -> None:
        self.folder = folder
        self.server = server
        self.chance = random.Random(seed)
        self.clock_s = 1_700_000_000
        self.job = replace(
            script(folder, "load", SCRIPT),
            bookmark=BookmarkOption.ENABLE,
            bookmark_keys={"shop.orders": ("id",)},
        )
        self.current: dict[str, str] = {}
        """Files with the row that they hold now."""
        self.crawled: dict[str, str] = {}
        self.orders = 0
        self.runs = self.kills = 0
        self.last: AttemptSpec | None = None
        """An attempt that was killed, of a run that is not over."""
        self.unfinished: tuple[RunId, ...] = ()
        """Runs that were given up and may be resumed, newest first."""
        (folder / "state").mkdir()
        (folder / "in").mkdir()
        with closing(self.state()) as conn:
            migrate(conn, "runs", RUN_MIGRATIONS)
            migrate(conn, "catalog", MIGRATIONS)
        with closing(sqlite3.connect(folder / "shop.db")) as conn:
            conn.execute("CREATE TABLE orders (id INTEGER, row TEXT)")
        self.write_file("f0.csv")
        self.add_orders()
        self.crawl()

    def state(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "state" / "state.db", isolation_level=None)

    # What happens

    def write_file(self, name: str) -> None:
        self.clock_s += 1
        row = f"{name}@{self.clock_s}"
        path = self.folder / "in" / name
        path.write_text(f"row,one\n{row},1\n")
        os.utime(path, (self.clock_s, self.clock_s))
        self.current[name] = row

    def remove_file(self) -> None:
        if len(self.current) > 1:
            name = self.chance.choice(sorted(self.current))
            (self.folder / "in" / name).unlink()
            del self.current[name]
            self.crawl()  # Who reads a table without that would be told of the file that is gone.

    def add_orders(self) -> None:
        with closing(sqlite3.connect(self.folder / "shop.db")) as conn, conn:
            for _ in range(self.chance.randint(1, 3)):
                self.orders += 1
                conn.execute("INSERT INTO orders VALUES (?, ?)", (self.orders, f"order {self.orders}"))

    def crawl(self) -> None:
        targets = (FolderTarget(path="in"),), (DatabaseTarget(connection="shop"),)
        for database, target in zip(("raw", "shop"), targets, strict=True):
            report = crawl(
                Crawler(name=database, database=database, targets=target),
                {one.name: one for one in CONNECTIONS},
                Catalog.open(self.folder / "state" / "state.db"),
                project_dir=self.folder,
                log=lambda level, text: None,
                progress=lambda done, total: None,
                environment={},
            )
            self.apply(report.table_changes)
        self.crawled = dict(self.current)

    def attempt(self, *, is_killed: bool) -> None:
        """Let an attempt run: the next of a run, or the first of one that resumes another, or that knows nothing."""
        spec = self.next_spec()
        steps = self.chance.randint(1, STEPS_OF_AN_ATTEMPT_MAX) if is_killed else 0
        spec = replace(spec, arguments={"--steps": str(steps)})
        self.server.start(spec)
        exited, _ = self.server.until_exit(spec)
        if exited.signal is not None:
            self.kills += 1
            self.last = spec
            return
        result = read_result(spec)
        assert result.state is NodeState.SUCCEEDED, result.error
        self.commit(spec, result)
        self.last, self.unfinished = None, ()

    def next_spec(self) -> AttemptSpec:
        match self.chance.choice(("retry", "resume", "anew")):
            case "retry" if self.last is not None:
                return self.spec(self.last.key.run_id, self.last.key.attempt + 1, self.last.unfinished_in)
            case "resume" if self.last is not None:
                self.unfinished = (self.last.key.run_id, *self.unfinished)
                return self.spec(self.new_run(), 1, self.unfinished)
            case _:
                return self.spec(self.new_run(), 1, ())

    def new_run(self) -> RunId:
        self.runs += 1
        return RunId(f"wr_{self.runs:016x}")

    def spec(self, run_id: RunId, attempt: int, unfinished_in: tuple[RunId, ...]) -> AttemptSpec:
        key = AttemptKey(run_id=run_id, node_id=job_id("load"), attempt=attempt)
        state = str(self.folder / "state")
        return AttemptSpec(
            key=key,
            run_number=int(run_id.removeprefix("wr_"), 16),
            workflow="flow",
            node=self.job,
            connections=CONNECTIONS,
            project_dir=str(self.folder),
            catalog_path=f"{state}/state.db",
            log_path=log_path(state, key),
            result_path=result_path(state, key),
            unfinished_in=unfinished_in,
        )

    def commit(self, spec: AttemptSpec, result: AttemptResult) -> None:
        """Do as the engine does when an attempt has ended well."""
        assert result.bookmark is not None
        with closing(self.state()) as conn:
            conn.execute("BEGIN")
            apply_changes(conn, result.table_changes, run_id=spec.key.run_id, at=1.0)
            assert bookmarks.advance(
                conn,
                "flow",
                "load",
                result.bookmark,
                run_id=spec.key.run_id,
                run_number=spec.run_number,
                attempt=spec.key.attempt,
                at=1.0,
            )
            conn.execute("COMMIT")
        self.clear_up(result.table_changes)

    def apply(self, changes: tuple[TableChange, ...]) -> None:
        with closing(self.state()) as conn:
            conn.execute("BEGIN")
            apply_changes(conn, changes, run_id="wr_crawl", at=1.0)
            conn.execute("COMMIT")
        self.clear_up(changes)

    def clear_up(self, changes: tuple[TableChange, ...]) -> None:
        remove_places(self.folder / folder for change in changes for folder in change.replaced_folders)

    # What must be true

    def check(self) -> None:
        catalog = Catalog.open(self.folder / "state" / "state.db")
        listed = scan(catalog, "marts.rows", project_dir=self.folder, environment={}).collect()["row"].to_list()
        with closing(sqlite3.connect(self.folder / "ware.db")) as conn:
            stored = [row[0] for row in conn.execute("SELECT row FROM rows")]
        came = {*self.current.values(), *(f"order {number}" for number in range(1, self.orders + 1))}
        lying = pl.read_parquet(self.folder / "out" / "rows")["row"].to_list()
        for where, rows in (("folder by catalog", listed), ("folder by path", lying), ("database", stored)):
            counts = Counter(rows)
            assert {row: count for row, count in counts.items() if count > 1} == {}, f"twice in {where}"
            assert came - counts.keys() == set(), f"not in {where}"


@pytest.mark.timeout(300)
def test_every_version_of_a_row_is_written_once_whatever_is_killed(server: ServerUnderTest, tmp_path: Path) -> None:
    seed = int(os.environ.get("BOOKMARK_SEED") or random.SystemRandom().randrange(1_000_000))
    life = Life(tmp_path, server, seed)
    try:
        live(life)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error


def live(life: Life) -> None:
    for step in range(STEPS):
        match life.chance.choice(("new", "change", "remove", "orders", "crawl", "kill", "kill", "kill", "run")):
            case "new":
                life.write_file(f"f{step}.csv")
                life.crawl()
            case "change":
                life.write_file(life.chance.choice(sorted(life.current)))
            case "remove":
                life.remove_file()
            case "orders":
                life.add_orders()
            case "crawl":
                life.crawl()
            case "kill":
                life.attempt(is_killed=True)
            case _:
                life.attempt(is_killed=False)
    life.crawl()
    # The first may be taking again what one before it has left; the second reads what is newer.
    life.attempt(is_killed=False)
    life.attempt(is_killed=False)
    life.check()
