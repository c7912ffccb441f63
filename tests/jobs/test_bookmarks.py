"""A job with a bookmark reads what is new, file by file and key by key, and nothing twice."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bookmarked import Bookmarked, sql_job
from publishing import Project

from glue_tui.core.bookmarks import BookmarkEdit, BookmarkEditKind
from glue_tui.core.job import CommandWork, Job
from glue_tui.core.model import Connection, Crawler, DatabaseTarget
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.schema import ChangeKind, Table, TableChange
from glue_tui.core.states import BookmarkOption
from glue_tui.crawlers.crawl import crawl
from glue_tui.jobs.session import JobReport, JobSession
from glue_tui.jobs.templates import Templates
from glue_tui.logs.write import LogWriter, Secrets
from glue_tui.store import bookmarks, slices

if TYPE_CHECKING:
    from tests.crawlers.postgres_server import PostgresServer


@pytest.fixture
def world(project: Project) -> Bookmarked:
    return Bookmarked(project, sql_job(bookmark=BookmarkOption.ENABLE))


def edit(world: Bookmarked, kind: BookmarkEditKind, run: str = "") -> tuple[str, ...]:
    with closing(world.connect()) as conn:
        return bookmarks.edit(conn, BookmarkEdit(kind=kind, workflow="flow", job="load", run=run), at=9.0)


def session_of(world: Bookmarked, run: int, **arguments: str) -> JobSession:
    spec = world.spec(run, **arguments)
    secrets = Secrets()
    log = LogWriter(world.project.log_fd, secrets=secrets)
    return JobSession(spec, world.job, log=log, templates=Templates(spec, secrets), progress=lambda done, total: None)


def report_of(session: JobSession) -> JobReport:
    try:
        session.prepare()
        return session.publish()
    finally:
        session.discard()


def test_bk_1_the_argument_of_a_run_wins_over_the_definition(world: Bookmarked) -> None:
    world.write("a.csv", 1, 2)
    world.crawl()
    world.run()
    assert world.run().rows_in == 0
    assert world.run(option="job-bookmark-disable").rows_in == 2
    world.job = replace(world.job, bookmark=BookmarkOption.DISABLE)
    assert world.run().rows_in == 2
    assert world.run(option="job-bookmark-enable").rows_in == 0
    with pytest.raises(InvalidInput, match=r'did you mean "job-bookmark-enable"'):
        world.run(option="job-bookmark-enabel")


def test_bk_2_enabled_reads_what_is_new_paused_too_but_only_the_first_makes_it_old(world: Bookmarked) -> None:
    world.write("a.csv", 1, 2)
    world.crawl()
    assert (world.run().rows_in, world.out()) == (2, [1, 2])
    world.write("b.csv", 3)
    world.crawl()
    assert world.run(option="job-bookmark-pause").rows_in == 1
    assert world.run(option="job-bookmark-disable").rows_in == 3
    assert world.run().rows_in == 1
    assert world.run().rows_in == 0
    assert "reads raw.in: 1 new row in 1 of 2 files" in world.project.log


def test_bk_3_a_paused_run_reads_what_two_runs_enclose(world: Bookmarked) -> None:
    for number in (1, 2, 3, 4):
        world.write(f"{number}.csv", number)
        world.crawl()
        world.run()
    world.write("2.csv", 22)
    world.crawl()
    world.run()

    def read(after: str, up_to: str) -> list[object]:
        session = session_of(world, 9, option="job-bookmark-pause", **{"from": after, "to": up_to})
        found = sorted(session.table("raw.in").collect()["n"].to_list())
        session.discard()
        return found

    assert read("1", "3") == [3], "the file of run 2 is another by now"
    assert read("wr_2", "wr_5") == [3, 4, 22]
    assert read("3", "3") == []
    assert world.run().rows_in == 0, "nothing was remembered"
    with pytest.raises(InvalidInput, match="go together"):
        world.run(option="job-bookmark-pause", to="3")
    with pytest.raises(InvalidInput, match="belong to a paused bookmark"):
        world.run(**{"from": "1", "to": "2"})
    with pytest.raises(EntityNotFound, match='no run "wr_nine"'):
        read("wr_nine", "wr_5")


def test_bk_4_each_source_has_its_own_state_under_its_name_and_a_failure_moves_none(world: Bookmarked) -> None:
    world.write("a.csv", 1, 2)
    world.crawl()
    job = world.job
    world.job = replace(job, work=sql_job("SELECT nothing FROM raw.in").work)
    with pytest.raises(InvalidInput, match="nothing"):
        world.run()
    world.job = job
    first = session_of(world, 2)
    assert first.table("raw.in").collect().height == 2
    assert first.table("raw.in", "twin").collect().height == 2
    assert first.table("raw.in", bookmark=False).collect().height == 2
    world.commit(world.spec(2), report_of(first))
    world.write("b.csv", 3)
    world.crawl()
    second = session_of(world, 3)
    assert second.table("raw.in", "twin").collect().height == 1
    world.commit(world.spec(3), report_of(second))
    third = session_of(world, 4)
    assert third.table("raw.in").collect().height == 1, "nobody has read it by that name"
    assert third.table("raw.in", "twin").collect().height == 0
    assert third.table("raw.in", "new").collect().height == 3
    third.discard()


def test_bk_5_a_file_that_was_written_again_is_read_again_and_one_that_was_only_touched_by_its_owner_is_not(
    world: Bookmarked,
) -> None:
    world.write("a.csv", 1)
    world.write("b.csv", 2)
    world.crawl()
    world.run()
    (world.project.folder / "in" / "b.csv").chmod(0o600)
    os.link(world.project.folder / "in" / "b.csv", world.project.folder / "b.link")
    world.write("a.csv", 7)
    world.crawl()
    assert (world.run().rows_in, world.out()) == (1, [1, 2, 7])
    gone = world.project.folder / "in" / "b.csv"
    gone.rename(world.project.folder / "aside.csv")
    world.crawl()
    assert world.run().rows_in == 0
    (world.project.folder / "aside.csv").rename(gone)
    world.crawl()
    assert world.run().rows_in == 0, "it is what it was when it was read"


def test_a_file_that_changed_since_its_crawl_is_left_for_a_later_run(world: Bookmarked) -> None:
    world.write("a.csv", 1)
    world.write("b.csv", 2)
    world.crawl()
    world.write("b.csv", 3, 4)
    assert (world.run().rows_in, world.out()) == (1, [1])
    assert "in/b.csv changed since the catalog learnt of it: left for a later run" in world.project.log
    world.crawl()
    assert (world.run().rows_in, world.out()) == (2, [1, 3, 4])


def test_a_file_that_changes_while_it_is_read_fails_the_attempt_and_nothing_is_held(world: Bookmarked) -> None:
    world.write("a.csv", 1)
    world.crawl()
    session = session_of(world, 1)
    session.write_all(session.table("raw.in"), world.job.targets)
    world.write("a.csv", 1, 2)
    with pytest.raises(InvalidInput, match=r"in/a.csv changed while the job read it"):
        session.prepare()
    session.bookmark.let_go()
    session.discard()
    assert slices.read_slice(world.project.folder / "state", "flow", "load", 0) is None
    world.crawl()
    world.run()
    assert world.out() == [1, 2]


def test_bk_6_each_success_is_a_run_and_each_change_a_version(world: Bookmarked) -> None:
    world.write("a.csv", 1)
    world.crawl()
    world.run()
    world.run()
    edit(world, BookmarkEditKind.REWIND, "1")
    with closing(world.connect()) as conn:
        (entry,) = bookmarks.entries(conn)
    assert (entry.version, entry.run, entry.attempt, entry.run_id, entry.previous_run_id) == (3, 1, 1, "wr_1", "wr_2")


def test_bk_7_reset_and_rewind_let_rows_be_read_again_and_leave_the_targets_alone(world: Bookmarked) -> None:
    for number in (1, 2, 3):
        world.write(f"{number}.csv", number)
        world.crawl()
        world.run()
    assert edit(world, BookmarkEditKind.REWIND, "wr_1") == (
        "rewound to run 1: the next run reads again what later runs have read",
    )
    assert edit(world, BookmarkEditKind.REWIND, "1") == ()
    assert (world.run().rows_in, world.out()) == (2, [1, 2, 2, 3, 3])
    assert edit(world, BookmarkEditKind.RESET) == ("reset: the next run reads everything again",)
    assert (world.run().rows_in, world.out()) == (3, [1, 1, 2, 2, 2, 3, 3, 3])
    with pytest.raises(EntityNotFound, match='no run "wr_x"'):
        edit(world, BookmarkEditKind.REWIND, "wr_x")


def test_a_reset_while_a_run_is_at_work_wins(world: Bookmarked) -> None:
    world.write("a.csv", 1)
    world.crawl()
    world.run()
    world.write("b.csv", 2)
    world.crawl()
    session = session_of(world, 2)
    session.table("raw.in")
    edit(world, BookmarkEditKind.RESET)
    assert not world.commit(world.spec(2), report_of(session))
    assert world.run().rows_in == 2


def test_tables_that_are_not_named_are_read_whole(world: Bookmarked) -> None:
    for folder in ("in", "names"):
        (world.project.folder / folder).mkdir()
        (world.project.folder / folder / "a.csv").write_text("n\n1\n")
        world.crawl(folder)
    query = "SELECT a.n FROM raw.in a JOIN raw.names b ON a.n = b.n"
    world.job = sql_job(query, bookmark=BookmarkOption.ENABLE, bookmark_tables=("raw.in",))
    world.run()
    world.write("b.csv", 1)
    world.crawl()
    world.run()
    assert world.out() == [1, 1]
    world.job = replace(world.job, bookmark_tables=("raw.inn",))
    with pytest.raises(EntityNotFound, match=r"no table raw\.inn"):
        world.run()


def test_what_a_bookmark_can_not_follow_is_refused_with_the_way_out(world: Bookmarked) -> None:
    world.write("a.csv", 1)
    world.crawl()
    world.job = sql_job(bookmark=BookmarkOption.ENABLE, bookmark_keys={"raw.in": ("n",)})
    with pytest.raises(InvalidInput, match=r"raw\.in has files"):
        world.run()
    world.job = sql_job(bookmark=BookmarkOption.ENABLE, max_concurrent_runs=2)
    with pytest.raises(InvalidInput, match="one after the other"):
        world.run()
    world.job = Job(name="load", work=CommandWork(command=("true",)))
    with pytest.raises(InvalidInput, match="a command job reads nothing through a bookmark"):
        world.run(option="job-bookmark-enable")
    add_table(world, "lake", "delta")
    world.job = sql_job("SELECT * FROM raw.lake", bookmark=BookmarkOption.ENABLE)
    with pytest.raises(InvalidInput, match=r"raw\.lake is a delta table: its files hold rows of before as well"):
        world.run()
    add_table(world, "other", "csv")
    session = session_of(world, 1)
    session.table("raw.in", "x")
    with pytest.raises(InvalidInput, match=r'"x" stands for raw\.in and raw\.other'):
        session.table("raw.other", "x")
    session.discard()


def add_table(world: Bookmarked, name: str, classification: str) -> None:
    table = Table(database="raw", name=name, classification=classification, location=name, columns=())
    world.project.apply((TableChange(kind=ChangeKind.CREATED, table=table, written_by="crawler:landing"),))


class Shop:
    """A database whose orders are read by keys."""

    def __init__(self, world: Bookmarked, **keys: tuple[str, ...]) -> None:
        self.world = world
        self.path = world.project.folder / "shop.db"
        world.job = sql_job(
            "SELECT id AS n FROM shop.orders",
            bookmark=BookmarkOption.ENABLE,
            bookmark_keys={f"shop.{table}": columns for table, columns in keys.items()},
        )
        with closing(sqlite3.connect(self.path)) as conn, conn:
            conn.execute("CREATE TABLE orders (id INTEGER, day TEXT, at TIMESTAMP, weight REAL)")

    def add(self, *rows: tuple[int | None, str, str]) -> None:
        with closing(sqlite3.connect(self.path)) as conn, conn:
            conn.executemany("INSERT INTO orders VALUES (?, ?, ?, 1.5)", rows)

    def crawl(self) -> None:
        crawl_database(self.world, "sqlite:///shop.db")


def crawl_database(world: Bookmarked, url: str) -> None:
    """Bring the tables of a database into the catalog, as database `shop`."""
    report = crawl(
        Crawler(name="shop", database="shop", targets=(DatabaseTarget(connection="shop"),)),
        {"shop": Connection(name="shop", url=url)},
        world.project.catalog,
        project_dir=world.project.folder,
        log=lambda level, text: None,
        progress=lambda done, total: None,
        environment={},
    )
    world.project.apply(report.table_changes)


def test_bk_5_rows_of_a_database_are_new_above_the_last_key(world: Bookmarked) -> None:
    shop = Shop(world, orders=("id",))
    shop.add((1, "a", "2025-01-01 10:00:00"), (2, "a", "2025-01-01 10:00:00"))
    shop.crawl()
    world.run()
    assert world.run().rows_in == 0
    shop.add((9, "b", "2025-01-01 10:00:00"), (3, "b", "2025-01-02 10:00:00"))
    assert (world.run().rows_in, world.out()) == (2, [1, 2, 3, 9])
    shop.add((5, "c", "2025-01-01 10:00:00"))
    assert world.run().rows_in == 0, "it lies below what was read: keys must grow"
    shop.add((10, "c", "2025-01-01 10:00:00"), (None, "c", "2025-01-01 10:00:00"))
    with pytest.raises(InvalidInput, match="1 row without id, which would never be read"):
        world.run()


def test_of_several_keys_the_first_counts_most(world: Bookmarked) -> None:
    shop = Shop(world, orders=("day", "at", "id"))
    shop.add((1, "b", "2025-01-01 10:00:00"), (2, "a", "2025-01-05 10:00:00.5"))
    shop.crawl()
    world.run()
    shop.add((3, "a", "2026-01-01 10:00:00"), (4, "b", "2025-01-01 10:00:00"), (5, "b", "2025-01-01 10:00:00.25"))
    shop.add((0, "c", "2024-01-01 10:00:00"))
    assert (world.run().rows_in, world.out()) == (3, [0, 1, 2, 4, 5])
    assert world.run().rows_in == 0


def test_keys_that_are_not_said_not_there_or_without_order_are_refused(world: Bookmarked) -> None:
    shop = Shop(world)
    shop.add((1, "a", "2025-01-01 10:00:00"))
    shop.crawl()
    with pytest.raises(InvalidInput, match="needs columns whose values only grow") as told:
        world.run()
    assert 'bookmark_keys = { "shop.orders" = ["id"] }' in told.value.hint
    for columns, message in ((("idd",), "no column idd"), (("weight",), "weight is Float64, which is no key")):
        world.job = replace(world.job, bookmark_keys={"shop.orders": columns})
        with pytest.raises(InvalidInput, match=message):
            world.run()
    world.job = replace(world.job, bookmark_keys={"shop.orders": ("id",)})
    world.run()
    world.job = replace(world.job, bookmark_keys={"shop.orders": ("day",)})
    with pytest.raises(InvalidInput, match=r"was read by id \(integer\), its keys are day \(text\) now"):
        world.run()


KEY_ROWS = (
    ("1", "DATE '2025-01-01'", "TIMESTAMP '2025-01-01 10:00:00'", "1.10", "'a'"),
    ("2", "DATE '2025-01-01'", "TIMESTAMP '2025-01-01 10:00:00.000001'", "1.11", "'b'"),
    ("3000000000", "DATE '2025-02-01'", "TIMESTAMP '2025-02-01 00:00:00'", "20.00", "'ä'"),
)
"""Rows whose values grow in every column, as PostgreSQL writes them."""


@pytest.mark.parametrize("columns", [("at",), ("price",), ("day", "name")])
def test_bk_5_rows_of_postgresql_are_new_by_keys_of_every_kind(
    world: Bookmarked, postgres: PostgresServer, postgres_url: str, columns: tuple[str, ...]
) -> None:
    schema = postgres_url.rpartition("%3D")[2]
    kinds = "id BIGINT, day DATE, at TIMESTAMP, price DECIMAL(10, 2), name TEXT"
    postgres.execute(f"CREATE TABLE {schema}.orders ({kinds})")
    table = f"shop.{schema}_orders"
    query = f"SELECT id AS n FROM {table}"
    world.job = sql_job(query, bookmark=BookmarkOption.ENABLE, bookmark_keys={table: columns})
    for count, row in enumerate(KEY_ROWS, start=1):
        postgres.execute(f"INSERT INTO {schema}.orders VALUES ({', '.join(row)})")
        if count == 1:
            crawl_database(world, postgres_url)
        assert world.run().rows_in == 1
        assert world.out() == [int(one[0]) for one in KEY_ROWS[:count]]
    assert world.run().rows_in == 0
