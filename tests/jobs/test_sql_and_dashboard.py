from __future__ import annotations

import datetime
import json
import re
import sqlite3
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from publishing import Project
from rich.cells import cell_len

from glue_tui.core.job import Chart, DashboardWork, DatabaseSink, Job, SqlWork, TableSink
from glue_tui.core.model import Connection
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.jobs.chart_data import ChartData, axis_names, axis_text, figure_text, labelled, nice_ticks
from glue_tui.jobs.dashboard_page import dashboard_page
from glue_tui.jobs.text_chart import text_chart

_SALES = pl.DataFrame(
    {
        "day": [datetime.date(2026, 11, day) for day in (3, 1, 2, 1)],
        "store": ["Paris <1>", "Lyon", "Lyon", "Paris <1>"],
        "revenue": [30.5, 10.25, 1200.0, 4.0],
    }
)


@pytest.fixture
def sales(project: Project) -> Project:
    project.write(_SALES, TableSink(table="clean.sales", path="warehouse/sales", partition_by=("day",)))
    return project


def sql_job(query: str, *targets: TableSink | DatabaseSink) -> Job:
    return Job(name="sums", work=SqlWork(query=query), targets=targets)


def test_one_query_goes_to_files_and_to_a_database(sales: Project) -> None:
    report = sales.run(
        sql_job(
            "SELECT store, SUM(revenue) AS revenue FROM clean.sales WHERE day >= {{ properties.day }} GROUP BY store",
            DatabaseSink(connection="warehouse", table="sums", mode="upsert", keys=("store",)),
            TableSink(table="marts.sums", path="warehouse/{{ run.number }}/sums"),
        ),
        connections=(Connection(name="warehouse", url="sqlite:///warehouse/{{ properties.file }}.db"),),
        day="2026-11-02",
        file="w",
    )
    expected = [("Lyon", 1200.0), ("Paris <1>", 30.5)]
    assert sorted(sales.read("marts.sums").rows()) == expected
    conn = sqlite3.connect(sales.folder / "warehouse/w.db")
    assert sorted(conn.execute("SELECT store, revenue FROM sums")) == expected
    conn.close()
    assert (report.rows_in, report.rows_out) == (4, 2)
    assert report.outputs == ("warehouse:sums", "warehouse/3/sums")


def test_a_query_without_targets_shows_its_answer(sales: Project) -> None:
    assert sales.run(sql_job("SELECT COUNT(*) AS n FROM clean.sales")).rows_out == 1
    assert "1 row, and no targets to write them to" in sales.log


def test_when_the_database_refuses_nothing_is_published(sales: Project) -> None:
    with pytest.raises(EntityNotFound, match="no connection named"):
        sales.run(
            sql_job(
                "SELECT * FROM clean.sales",
                TableSink(table="marts.sums", path="warehouse/sums"),
                DatabaseSink(connection="wharehouse", table="sums"),
            )
        )
    assert [path.name for path in (sales.folder / "warehouse").iterdir()] == ["sales"]


def dashboard(*charts: Chart) -> Job:
    return Job(name="board", work=DashboardWork(output="site/board.html", title="Sales & more", charts=charts))


_CHARTS = (
    Chart(title="Revenue", kind="number", query="SELECT SUM(revenue) AS r FROM clean.sales"),
    Chart(
        title="By day",
        kind="line",
        query="SELECT day, SUM(revenue) AS r FROM clean.sales GROUP BY day",
        x="day",
        y="r",
    ),
    Chart(title="By store", kind="bar", query="SELECT store, SUM(revenue) AS r FROM clean.sales GROUP BY store"),
    Chart(title="All", kind="table", query="SELECT * FROM clean.sales"),
    Chart(title="Not there", kind="table", query="SELECT * FROM marts.quality"),
    Chart(title="No rows", kind="line", query="SELECT day, revenue FROM clean.sales WHERE revenue < 0"),
)


def test_a_page_needs_nothing_but_itself_and_is_well_formed(sales: Project) -> None:
    report = sales.run(dashboard(*_CHARTS))
    page = (sales.folder / "site/board.html").read_text()
    check = _Tags()
    check.feed(page)
    check.close()
    assert check.open == []
    assert check.names.isdisjoint({"script", "link", "img", "iframe"})
    assert not re.search(r"https?://|url\(|@import", page)
    assert "Sales &amp; more" in page
    assert "Paris &lt;1&gt;" in page
    assert "<1>" not in page
    assert "1,244.75" in page
    assert "No table marts.quality in the catalog yet" in page
    assert "The query has no rows." in page
    assert report.outputs == ("site/board.html", "state/job.charts.json")
    assert [path.name for path in (sales.folder / "site").iterdir()] == ["board.html"]


def test_the_data_of_the_charts_lie_beside_the_result(sales: Project) -> None:
    sales.run(dashboard(*_CHARTS))
    charts = json.loads((sales.folder / "state/job.charts.json").read_text())["charts"]
    assert [chart["kind"] for chart in charts] == [chart.kind for chart in _CHARTS]
    assert charts[1]["rows"] == [["2026-11-01", 14.25], ["2026-11-02", 1200.0], ["2026-11-03", 30.5]]
    assert charts[4]["message"]


def test_the_charts_are_in_the_log_as_text(sales: Project) -> None:
    sales.run(dashboard(*_CHARTS))
    log = sales.log
    assert "INFO  Revenue: 1,244.75\n" in log
    assert re.search(r"Lyon +1,210\.25 █{20,}\n", log)
    assert re.search(r"Paris <1> +34\.50 █{1,3}\n", log)
    assert "2026-11-01" in log
    assert "\x1b" not in log
    plot = log[log.index("By day") : log.index("By store")].splitlines()[1:-1]
    assert len(plot) > 8
    assert max(map(len, plot)) <= 78 + 4


@pytest.mark.parametrize(
    ("chart", "told"),
    [
        (Chart(title="x", kind="line", query="SELECT day, revenue FROM clean.sales", x="dya"), 'did you mean "day"?'),
        (Chart(title="x", kind="bar", query="SELECT day, store FROM clean.sales"), "store holds no figures"),
        (Chart(title="x", kind="bar", query="SELECT revenu FROM clean.sales"), "revenue"),
        (Chart(title="x", kind="bar", query="SELEC day"), 'did you mean "SELECT"'),
    ],
)
def test_a_wrong_chart_fails_the_page_and_says_why(sales: Project, chart: Chart, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        sales.run(dashboard(chart))
    assert told in str(raised.value)
    assert not (sales.folder / "site/board.html").exists()


def test_charts_of_one_row_of_none_and_of_equal_or_negative_figures_are_drawn(project: Project) -> None:
    frame = pl.DataFrame({"x": ["a", "b", "c"], "same": [0, 0, 0], "down": [-5.0, None, 3.0], "huge": [10**12, 1, 2]})
    project.write(frame, TableSink(table="t.odd", path="odd"))
    charts = [
        Chart(title=f"{y} {kind} {where}", kind=kind, query=f"SELECT x, {y} FROM t.odd {where}", x="x", y=y)
        for y in ("same", "down", "huge")
        for kind in ("line", "bar", "number", "table")
        for where in ("", "WHERE x = 'a'", "WHERE x = 'b'")
    ]
    project.run(dashboard(*charts))
    page = (project.folder / "site/board.html").read_text()
    assert "nan" not in page
    assert page.count("<section") == len(charts)


_EXTREMES: tuple[tuple[float, float], ...] = ((-1e300, 1e300), (0, 3e-9), (1e13, 1e13 + 9), (-4e18, 5e19))


def test_figures_of_any_size_fit_their_chart_and_stay_finite(project: Project) -> None:
    sizes = [1.7e308, -1.7e308, 1e-300, 5e15, 0.25, 10.0]
    project.write(pl.DataFrame({"x": range(6), "y": sizes}), TableSink(table="t.sizes", path="sizes"))
    kinds = ("line", "bar", "number", "table")
    project.run(dashboard(*(Chart(title=kind, kind=kind, query="SELECT x, y FROM t.sizes", y="y") for kind in kinds)))
    page = (project.folder / "site/board.html").read_text()
    assert not re.search(r"\b(nan|inf)\b", page)
    assert not re.search(r"\d{15}", page)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("kind", ["bar", "table", "line"])
def test_text_of_others_stays_in_its_line_and_its_column(kind: str, width: int) -> None:
    names = ("<b>bold</b>" * 30, "two\nlines\tand a tab", "\x1b[31mred\u202e", "日本語の長い名前" * 9, None)
    rows = tuple((name, 10.0**place, "a word") for place, name in enumerate(names))
    chart = ChartData(title="Odd\nnames", kind=kind, columns=("name\n", "figure", "text"), rows=rows, x=0, y=1)
    title, *lines = text_chart(chart, width=width).split("\n")
    assert title == "Odd names"
    assert all(cell_len(line) <= width for line in lines)
    assert all(line.isprintable() for line in lines)
    if kind != "line":
        assert sum("10,000" in line for line in lines) == 1
        assert len({cell_len(line[: line.index("…")]) for line in lines if "…" in line}) <= 1
    page = dashboard_page("a\x1b[0m", "", datetime.datetime.now(datetime.UTC), [chart])
    assert "\x1b" not in page.partition("<main>")[2]
    assert "\u202e" not in page


def test_ticks_are_round_enclose_the_figures_and_read_differently() -> None:
    for low, high in (
        (0, 7),
        (0, 52_345),
        (-3, 3),
        (0.001, 0.0042),
        (5, 5),
        (0, 0),
        (1e9, 4e9),
        (99.9, 100.1),
        *_EXTREMES,
    ):
        ticks = nice_ticks(low, high, 4)
        assert ticks[0] <= low <= high <= ticks[-1]
        assert 2 <= len(ticks) <= 8
        texts = [axis_text(tick, ticks[1] - ticks[0]) for tick in ticks]
        assert len(set(texts)) == len(texts), texts


def line(*places: str) -> ChartData:
    rows = tuple((place, 1.0) for place in places)
    return ChartData(title="", kind="line", columns=("x", "y"), rows=rows, x=0, y=1, is_over_time=True)


def test_a_line_over_time_shows_how_long_nothing_came() -> None:
    days = line("2026-01-01", "2026-01-02", "2026-01-31").positions()
    assert days == [0, 1 / 30, 1]
    assert labelled(days, 8) == [0, 2]
    assert line("10:00:00", "11:00:00", "18:00:00").positions() == [0, 1 / 8, 1]
    assert line("2026-03-29 01:00:00+01:00", "2026-03-29 03:00:00+02:00").positions() == [0, 1]
    assert line("2026-01-02", "2026-01-02").positions() == [0, 1]


def test_an_axis_leaves_out_what_all_its_labels_share() -> None:
    assert axis_names(["2026-01-01", "2026-02-01"]) == ["1 Jan", "1 Feb"]
    assert axis_names(["2025-01-01 00:00:00", "2026-02-01 00:00:00"]) == ["1 Jan 2025", "1 Feb 2026"]
    assert axis_names(["2026-01-01 10:00:00", "2026-01-01 10:05:00"]) == ["10:00", "10:05"]
    assert axis_names(["2026-01-01 10:00:00", "2026-01-02 10:00:05"]) == ["1 Jan 10:00:00", "2 Jan 10:00:05"]
    assert axis_names(["2026-01-01", None]) == ["2026-01-01", "–"]


def test_bars_of_losses_lie_on_the_other_side_of_zero() -> None:
    rows = (("gain", 0.0147), ("loss", -0.0147), ("none", 0.0))
    chart = ChartData(title="Small", kind="bar", columns=("x", "y"), rows=rows, x=0, y=1)
    _, gain, loss, none = text_chart(chart, width=34).split("\n")
    assert gain == "gain  0.0147 " + " " * 10 + "█" * 10
    assert loss == "loss -0.0147 " + "█" * 10
    assert none == "none    0.00"
    assert [figure_text(value) for value in (0.0062, 0.25, 1234.5)] == ["0.0062", "0.25", "1,234.50"]


class _Tags(HTMLParser):
    """Keeps the elements that were not closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_an_earlier_page_stays_until_the_new_one_is_whole(sales: Project) -> None:
    sales.run(dashboard(_CHARTS[0]))
    before = Path(sales.folder / "site/board.html").read_text()
    with pytest.raises(InvalidInput):
        sales.run(dashboard(_CHARTS[0], Chart(title="x", kind="bar", query="SELECT")))
    assert Path(sales.folder / "site/board.html").read_text() == before
