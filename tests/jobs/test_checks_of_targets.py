"""Checks of a target's rows: what fails, what warns, what goes to the side table."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publishing import Project

from glue_tui.core.checks import parse_check
from glue_tui.core.job import Check, DatabaseSink, Job, SideTable, SqlWork, TableSink
from glue_tui.core.model import Connection
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.states import FailedCheck
from glue_tui.jobs.checks import CheckFailed, held_against

_ORDERS = pl.DataFrame(
    {
        "order_id": [1, 2, 2, 3, 4, None, None],
        "amount": [10.0, -5.0, 5.0, 7.5, None, 1.0, 2.0],
        "customer": ["ann", "bob", "bob", None, "eve", "eve", None],
    }
)
_SIDE = SideTable(table="rejects.orders", path="lake/rejects")


@pytest.fixture
def orders(project: Project) -> Project:
    project.write(_ORDERS, TableSink(table="raw.orders", path="lake/raw"))
    return project


def job(*checks: Check, rejects: SideTable | None = None) -> Job:
    sink = TableSink(table="clean.orders", path="lake/clean", checks=checks, rejects=rejects)
    return Job(name="clean", work=SqlWork(query="SELECT * FROM raw.orders"), targets=(sink,))


def check(text: str, on_failure: str = "fail") -> Check:
    return Check(text=text, on_failure=FailedCheck(on_failure))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("amount >= 0", "1 of 7 rows fails the check `amount >= 0`, nothing is published (such as order_id = 2, "),
        ("customer not null", "2 of 7 rows fail the check `customer not null`"),
        ("unique order_id", "1 of 7 rows fails the check `unique order_id`"),
        ("rows >= 8", "it would get 7 rows, which fails the check `rows >= 8`"),
        ("customer IN ('ann', 'bob') OR amount > 1", "1 of 7 rows fails"),
    ],
)
def test_a_job_whose_rows_fail_a_check_publishes_nothing(orders: Project, text: str, told: str) -> None:
    with pytest.raises(CheckFailed) as refused:
        orders.run(job(check(text)))
    assert told in str(refused.value)
    with pytest.raises(EntityNotFound):
        orders.read("clean.orders")
    assert sorted(path.name for path in (orders.folder / "lake").iterdir()) == ["raw"]


def test_rows_that_pass_are_published_and_nothing_is_warned_of(orders: Project) -> None:
    report = orders.run(job(check("rows = 7"), check("unique order_id, amount"), check("order_id < 5")))
    assert orders.read("clean.orders").height == 7
    assert [one.rows_failed for one in report.checks] == [0, 0, 0]
    assert "WARN" not in orders.log


def test_a_check_that_warns_publishes_and_tells_how_many(orders: Project) -> None:
    report = orders.run(job(check("amount >= 0", "warn"), check("unique order_id", "warn")))
    assert orders.read("clean.orders").height == 7
    assert [one.rows_failed for one in report.checks] == [1, 1]
    assert "clean.orders: 1 of 7 rows fails `amount >= 0`: published all the same" in orders.log


def test_diverted_rows_are_in_the_side_table_with_their_reasons(orders: Project) -> None:
    divert = (check("amount >= 0", "divert"), check("customer not null", "divert"), check("unique order_id", "divert"))
    report = orders.run(job(*divert, rejects=_SIDE))
    passed = orders.read("clean.orders")
    # The second row of order 2 stays: the first one went for another reason.
    assert passed.rows() == [(1, 10.0, "ann"), (2, 5.0, "bob"), (4, None, "eve"), (None, 1.0, "eve")]
    side = orders.read("rejects.orders")
    assert side.select("order_id", "reject_reason", "rejected_by", "run_id").rows() == [
        (2, "amount >= 0", "flow/clean", "wr_1"),
        (3, "customer not null", "flow/clean", "wr_1"),
        (None, "customer not null", "flow/clean", "wr_1"),
    ]
    assert side["rejected_at"].dtype == pl.Datetime("us")
    assert (report.rows_out, report.outputs) == (4, ("lake/rejects", "lake/clean"))
    assert "clean.orders: 2 of 7 rows fail `customer not null`: gone to the side table" in orders.log


def test_of_rows_that_are_alike_the_first_stays(project: Project) -> None:
    frame = pl.DataFrame({"id": [7, 7, 8, 7], "v": [1, 2, 3, 4]})
    project.write(frame, TableSink(table="raw.orders", path="lake/raw"))
    project.run(job(check("unique id", "divert"), rejects=_SIDE))
    assert project.read("clean.orders").rows() == [(7, 1), (8, 3)]
    assert project.read("rejects.orders")["v"].to_list() == [2, 4]


def test_a_side_table_is_there_without_a_row_and_grows_with_each_run(orders: Project) -> None:
    orders.run(job(check("amount < 100", "divert"), rejects=_SIDE))
    assert orders.read("rejects.orders").height == 0
    orders.run(job(check("amount < 100", "divert"), rejects=_SIDE))
    assert len(orders.catalog.files("rejects.orders")) == 1
    for run, limit in (("wr_2", 10), ("wr_3", 7)):
        work = job(check(f"amount < {limit}", "divert"), rejects=_SIDE)
        orders.run_spec(replace(orders.spec(work), key=orders.key(run=run, job=work.name)))
    side = orders.read("rejects.orders").sort("run_id", "order_id")
    assert side.select("run_id", "order_id").rows() == [("wr_2", 1), ("wr_3", 1), ("wr_3", 3)]


def test_rows_for_a_database_are_checked_like_others(orders: Project) -> None:
    sink = DatabaseSink(connection="shop", table="orders", checks=(check("amount >= 0", "divert"),), rejects=_SIDE)
    work = Job(name="load", work=SqlWork(query="SELECT * FROM raw.orders"), targets=(sink,))
    orders.run(work, connections=(Connection(name="shop", url="sqlite:///shop.db"),))
    conn = sqlite3.connect(orders.folder / "shop.db")
    assert conn.execute("SELECT COUNT(*), MIN(amount) FROM orders").fetchone() == (6, 1.0)
    conn.close()
    assert orders.read("rejects.orders").height == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("amout >= 0", 'no column amout for the check `amout >= 0` (did you mean "amount"?)'),
        ("unique order", 'no column order for the check `unique order` (did you mean "order_id"?)'),
        ("amount >=", "the check `amount >=` is not understood"),
        ("amount", "the check `amount` is no condition"),
        ("customer > 3", "the check `customer > 3` can't be answered: cannot compare string with numeric type"),
    ],
)
def test_a_check_that_can_not_be_held_against_the_rows_says_why(orders: Project, text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        orders.run(job(check(text)))
    assert told in str(refused.value)


def test_a_count_of_rows_diverts_none(orders: Project) -> None:
    with pytest.raises(InvalidInput, match="of no single row"):
        orders.run(job(check("rows >= 1", "divert"), rejects=_SIDE))


def test_columns_of_the_side_table_are_not_taken_from_the_rows(project: Project) -> None:
    project.write(pl.DataFrame({"id": [1], "run_id": [2]}), TableSink(table="raw.orders", path="lake/raw"))
    with pytest.raises(InvalidInput, match="run_id already"):
        project.run(job(check("id > 1", "divert"), rejects=_SIDE))


def test_no_file_of_ours_is_left(orders: Project) -> None:
    orders.run(job(check("amount >= 0", "divert"), rejects=_SIDE))
    assert not [path for path in Path(orders.folder / "state").iterdir() if "rows" in path.name]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.none() | st.integers(0, 3), st.none() | st.integers(-2, 2)), max_size=8),
    st.lists(st.sampled_from(["unique a", "unique a, b", "a not null", "b >= 0", "a <> b"]), min_size=1, max_size=3),
)
def test_every_row_is_published_or_diverted_and_what_is_published_passes(
    rows: list[tuple[int | None, int | None]], texts: list[str]
) -> None:
    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.Int64}, orient="row").with_row_index("row")
    parted = held_against(frame.lazy(), [check(text, "divert") for text in texts], "t")
    passed, rejected = parted.passed.collect(), parted.rejected.collect()  # type: ignore[union-attr]
    assert sorted(passed["row"].to_list() + rejected["row"].to_list()) == list(range(len(rows)))
    again = held_against(passed.lazy(), [check(text, "warn") for text in texts], "t")
    assert [one.rows_failed for one in again.results] == [0] * len(texts)
    known = {text for text in texts if parse_check(text)}
    assert all(set(reason.split("; ")) <= known and reason for reason in rejected["reject_reason"].to_list())
