"""What Glue leaves open or says in two ways, and what holds here: F-1 to F-13.

F-1, F-4, F-10 and F-13 are proved with the rule they belong to; F-2, F-8 and F-9 in test_concurrency_rules.py.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest
from one_project import Project, jobs

from glue_tui.catalog.write import MIGRATIONS
from glue_tui.core.model import Crawler
from glue_tui.core.problem import InvalidInput
from glue_tui.definitions.project import load_project
from glue_tui.engine.overview import workflow_views
from glue_tui.protocol.views import EngineView, ProjectView, Snapshot
from glue_tui.store.database import migrate
from glue_tui.tui.model import UiModel, reduce
from glue_tui.tui.selection import Selection, look_up
from glue_tui.tui.why import why_lines
from tests.crawlers.crawl_project import Project as Crawled

HOUR_S = 3600.0
WORK = jobs("work")
AT_TEN = '[triggers.at_ten]\ntype = "SCHEDULED"\nschedule = "cron(0 22 * * ? *)"\nactions = [{ job = "work" }]\n'
BY_HAND = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ job = "work" }]\n'
FILES = '[triggers.files]\ntype = "EVENT"\nwatch = ["in/*.csv"]\nactions = [{ job = "work" }]\n'
JOIN = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "a" }, { job = "b" }]
[triggers.both]
type = "CONDITIONAL"
logical = "AND"
conditions = [{ job = "a", state = "SUCCEEDED" }, { job = "b", state = "SUCCEEDED" }]
actions = [{ job = "c" }]
[triggers.after_c]
type = "CONDITIONAL"
conditions = [{ job = "c", state = "SUCCEEDED" }]
actions = [{ job = "d" }]
""" + jobs("a", "b", "c", "d")


def test_f_3_an_and_that_can_not_be_met_any_more_skips_what_follows_at_once(glue: Project) -> None:
    glue.write(JOIN)
    run = glue.start()
    run.finish("a", "FAILED")
    assert run.states() == {"a": "FAILED", "b": "STARTING", "c": "SKIPPED", "d": "SKIPPED"}
    assert run.reason("c") == "both can't fire: a is FAILED, not SUCCEEDED"
    assert run.reason("d") == "after_c can't fire: c is SKIPPED, not SUCCEEDED"
    run.finish("b")
    assert run.outcome == "FAILED"


def test_f_5_a_start_by_hand_runs_the_actions_of_whatever_trigger_starts_runs(glue: Project) -> None:
    for text, trigger in ((AT_TEN, "at_ten"), (FILES, "files"), (FILES + BY_HAND, "by_hand")):
        glue.write(text + WORK)
        run = glue.start()
        assert (run.it.cause.trigger, run.it.cause.fired_by, run.it.cause.files) == (trigger, "hand", ())
        run.finish("work")
        assert run.story()[0].endswith(f"asked for: by hand ({trigger})")


def test_f_5_a_paused_start_trigger_still_starts_a_run_by_hand(glue: Project) -> None:
    glue.write(AT_TEN + WORK)
    glue.switch("at_ten", enabled=False)
    assert glue.start().state("work") == "STARTING"


def test_f_5_without_a_trigger_that_starts_runs_a_start_is_refused_with_the_way_out(glue: Project) -> None:
    assert glue.complaints(WORK) == [
        "1: warning: triggers: nothing starts this workflow (add a SCHEDULED, EVENT or ON_DEMAND trigger)"
    ]
    glue.load()
    with pytest.raises(InvalidInput) as refused:
        glue.start()
    assert refused.value.message == "night has no trigger that starts runs"
    assert refused.value.hint == "add one of type ON_DEMAND to workflows/night.toml"


def test_f_6_a_trigger_paused_during_a_run_still_fires_in_it_and_one_paused_before_never(glue: Project) -> None:
    glue.write(JOIN)
    run = glue.start()
    glue.switch("both", enabled=False)
    later = glue.start()
    assert (later.state("c"), later.state("d")) == ("SKIPPED", "SKIPPED")
    assert later.why_never("both") == "paused when the run started"
    assert later.reason("c") == "both can't fire: paused when the run started"
    run.finish("a")
    run.finish("b")
    assert run.state("c") == "STARTING"


def test_f_6_the_screen_says_which_run_a_paused_trigger_still_fires_in(glue: Project) -> None:
    glue.write(JOIN)
    run = glue.start()
    waits = "It waits for a SUCCEEDED and b SUCCEEDED."
    assert waits in why(glue, "both")
    glue.switch("both", enabled=False)
    assert f"{waits} It is paused by now, but run 1 began before that and keeps it." in why(glue, "both")
    run.stop()
    run.finish("a", "STOPPED")
    run.finish("b", "STOPPED")
    assert "It did not fire in run 1: the run ended STOPPED before." in why(glue, "both")
    glue.start()
    told = why(glue, "both")
    assert "It does not fire in run 2: it was paused when the run began." in told
    assert "`glue-tui trigger enable night both` lets it fire in runs that begin later" in told


def why(glue: Project, trigger: str) -> str:
    """Return what the key `w` says about a trigger in the last run."""
    views = workflow_views(glue.kernel, load_project(glue.folder), {"night": glue.runs()[-1].run_id})
    engine = EngineView(pid=1, started_at=glue.now, version="0", project_dir="/p", slots=2)
    project = ProjectView(engine=engine, workflows=views, runs=(glue.runs()[-1].view,))
    model = reduce(UiModel(), Snapshot(project=project))
    _, lines = why_lines(look_up(model, Selection(workflow="night", trigger=trigger)), glue.now)
    return "\n".join("".join(text for text, _ in line) for line in lines)


@pytest.mark.parametrize(
    ("overlap", "first", "others"),
    [
        ("queue", "RUNNING", ["RUNNING"]),
        ("skip", "RUNNING", []),
        ("cancel_previous", "STOPPING", ["RUNNING"]),
        ("error", "RUNNING", ["ERROR"]),
    ],
)
def test_f_7_a_schedule_that_comes_due_at_the_limit_does_as_on_overlap_says(
    glue: Project, overlap: str, first: str, others: list[str]
) -> None:
    glue.write(f'max_concurrent_runs = 1\non_overlap = "{overlap}"\n' + AT_TEN + WORK)
    run = glue.start()
    glue.passes(11 * HOUR_S)
    assert run.status == first
    assert [one.status for one in glue.runs()[1:]] == others
    assert [one.it.is_queued for one in glue.runs()[1:]] == [one == "RUNNING" for one in others]


def test_f_7_files_that_find_no_place_under_skip_stay_in_their_batch(glue: Project) -> None:
    glue.write('max_concurrent_runs = 1\non_overlap = "skip"\n' + FILES + WORK)
    run = glue.start()
    glue.land("in/a.csv")
    assert len(glue.runs()) == 1
    run.finish("work")
    assert [one.it.cause.files for one in glue.runs()[1:]] == [("in/a.csv",)]


# What crawlers and schedules leave open


@pytest.fixture
def crawled(glue: Project) -> Crawled:
    """A project folder with a catalog, in which crawlers of a definition really run."""
    conn = sqlite3.connect(glue.folder / "state.db", isolation_level=None)
    migrate(conn, "catalog", MIGRATIONS)
    return Crawled(folder=glue.folder, conn=conn)


def crawl(glue: Project, crawled: Crawled) -> list[str]:
    """Crawl `in` as a definition says, and return the tables."""
    text = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ crawler = "landing" }]\n'
    text += '[crawlers.landing]\ndatabase = "raw"\ntargets = [{ path = "in" }]\n'
    (crawler,) = glue.write(text).crawlers
    assert isinstance(crawler, Crawler)
    crawled.crawl(*crawler.targets, name=crawler.name)
    tables = crawled.tables()
    crawled.conn.close()
    return tables


@pytest.mark.parametrize(
    ("columns", "tables"),
    [
        ("id,name,price,town", ["raw.in"]),
        ("id,name,price,town,colour", ["raw.in"]),
        ("id,name,price,colour", ["raw.one", "raw.two"]),
        ("id,name,price,town,a,b", ["raw.one", "raw.two"]),
    ],
)
def test_f_11_folders_are_one_table_where_they_share_most_of_their_columns(
    glue: Project, crawled: Crawled, columns: str, tables: list[str]
) -> None:
    """Glue names a threshold of 0.7 and no formula. Here: Jaccard's index over pairs of name and kind of type."""
    row = ",".join("1" for _ in columns.split(","))
    crawled.write("in/one/a.csv", "id,name,price,town\n1,1,1,1\n")
    crawled.write("in/two/b.csv", f"{columns}\n{row}\n")
    assert crawl(glue, crawled) == tables


def test_f_12_a_file_without_a_header_has_columns_from_col0(glue: Project, crawled: Crawled) -> None:
    """Glue's pages say col1 in one place and col0 in another."""
    crawled.write("in/a.csv", "1,2\n3,4\n")
    assert crawl(glue, crawled) == ["raw.in"]
    assert list(crawled.types("raw.in")) == ["col0", "col1"]


def utc(day: int, hour: int) -> float:
    """Return a moment of November 2026."""
    return datetime(2026, 11, day, hour, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "fires"),
    [
        ("cron(0 6 28W * ? *)", utc(27, 6)),  # Saturday the 28th: the Friday before
        ("cron(0 6 22W * ? *)", utc(23, 6)),  # Sunday the 22nd: the Monday after
        ("cron(0 6 1W 8 ? *)", datetime(2027, 8, 2, 6, tzinfo=UTC).timestamp()),  # never into the month before
        ("cron(0 6 ? * 3#4 *)", utc(24, 6)),  # the fourth Tuesday
        ("rate(2 hours)", utc(18, 14)),
    ],
)
def test_f_12_w_is_the_weekday_nearest_to_the_day_and_hash_and_rate_are_accepted(
    glue: Project, schedule: str, fires: float
) -> None:
    """Glue's page reads W as the n-th weekday; EventBridge as here, and `#` and `rate` are EventBridge's alone."""
    glue.write(AT_TEN.replace("cron(0 22 * * ? *)", schedule) + WORK)
    assert glue.kernel.schedules.next_fires["night", "at_ten"] == fires


def test_f_12_as_many_tables_as_the_threshold_are_not_too_many(glue: Project, crawled: Crawled) -> None:
    for name in ("one", "two"):
        crawled.write(f"in/{name}/a.csv", f"{name},x\n1,2\n")
    crawled.crawl("in", table_threshold=2)
    with pytest.raises(InvalidInput, match="2 tables detected, table_threshold is 1"):
        crawled.crawl("in", table_threshold=1)
