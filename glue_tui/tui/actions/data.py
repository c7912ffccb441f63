"""What is done in the Data view alone: opening tables and rows, asking queries, copying and saving, charts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from glue_tui.core.model import NodeId, crawler_id, job_id
from glue_tui.tui import cli_twins
from glue_tui.tui.actions.action import Action, Perform
from glue_tui.tui.host import Host
from glue_tui.tui.place import Place
from glue_tui.tui.screens.charts import CHARTS_ENDING, ChartsScreen, dashboards_of
from glue_tui.tui.screens.record import RecordScreen
from glue_tui.tui.screens.version_diff import VersionDiffScreen
from glue_tui.tui.selection import Looked
from glue_tui.tui.widgets.copying import copy_text
from glue_tui.tui.widgets.data_pages import Facet, version_differences
from glue_tui.tui.widgets.data_prompt import Question
from glue_tui.tui.widgets.data_view import DataView, Level


async def _open(host: Host, looked: Looked) -> None:
    data = host.view.data
    row = data.current
    if row is None:
        return
    if data.level is Level.CATALOG:
        data.open_table(row.key) if "." in row.key else data.fold(row.key)
    elif data.level is Level.TABLE and data.facet is Facet.VERSIONS:
        await _open_version(host, data, int(row.key))
    elif data.level is Level.TABLE and data.facet is Facet.USES:
        _go_to_user(host, data, int(row.key))
    else:
        names = [column.name or "note" for column in data.grid.columns]
        title = f"{data.table or 'query'}, row {data.cursor + 1} of {len(data.rows)}"
        if any(name != "note" for name in names):
            await host.ask(RecordScreen(host.look, title, tuple(zip(names, row.cells, strict=True))))


async def _open_version(host: Host, data: DataView, version: int) -> None:
    assert data.details is not None
    versions = data.details.versions
    base = data.base or version - 1
    found = version_differences(versions, base, version)
    notes = next(one.notes for one in versions if one.version == version)
    title = f"{data.table}, version {version} against {base}" if base else f"{data.table}, first version"
    await host.ask(VersionDiffScreen(host.look, title, found, notes))


def _go_to_user(host: Host, data: DataView, place: int) -> None:
    assert data.details is not None
    use = data.details.uses[place]
    if not use.is_defined or not use.workflow:
        host.say(f"no workflow has {use.node} now", tone="warn")
        return
    node: NodeId = crawler_id(use.node) if use.type == "crawler" else job_id(use.node)
    host.go_to_node(use.workflow, node)


def _copy(host: Host, looked: Looked) -> None:
    data = host.view.data
    row = data.current
    if row is None:
        return
    is_rows = data.level is Level.QUERY or data.facet is Facet.ROWS
    text = row.key if row.key and not is_rows else "\t".join("" if cell is None else cell for cell in row.cells)
    said, is_good = copy_text(host.view.app, text)
    host.say(f"{said}: {text[:60]}" if is_good else said, tone="good" if is_good else "warn")


def _save(host: Host, looked: Looked) -> None:
    data = host.view.data
    if not data.shown_query:
        host.say("no rows to save: ask a query with i, or look at a table's rows", tone="warn")
    else:
        data.begin(Question.SAVE, f"{data.table.replace('.', '_') or 'query'}.csv")


def _ask(host: Host, looked: Looked) -> None:
    data = host.view.data
    text = data.shown_query
    if not text and data.level is Level.TABLE:
        text = f"SELECT * FROM {data.table}"
    elif not text and data.current is not None and "." in data.current.key:
        text = f"SELECT * FROM {data.current.key}"
    data.begin(Question.SQL, text)


def _count_nulls(host: Host, looked: Looked) -> None:
    data = host.view.data
    if data.level is not Level.TABLE or data.details is None:
        host.say("open a table first", tone="warn")
        return
    table = data.details.table
    data.queries.count_nulls(data.table, (*table.columns, *table.partition_keys))
    data.rebuild()


async def _charts(host: Host, looked: Looked) -> None:
    assert looked.run is not None
    project_dir = host.view.source.project_dir
    dashboards = await asyncio.to_thread(dashboards_of, looked.run, project_dir)
    await host.ask(ChartsScreen(host.look, looked.run.summary.number, dashboards, project_dir))


def _no_charts(looked: Looked) -> str:
    """Return why there are no charts to show."""
    if looked.run is None:
        return "no run yet"
    if not any(output.endswith(CHARTS_ENDING) for node in looked.run.nodes for output in node.outputs):
        return f"no dashboard job of {looked.run.summary.workflow} has drawn charts in the run on show"
    return ""


def _do(do: Callable[[DataView], None]) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        do(host.view.data)

    return perform


def _action(name: str, keys: tuple[str, ...], shown: str, label: str, help: str, perform: Perform) -> Action:
    return Action(
        name=name, keys=keys, shown=shown, label=label, help=help, group="Data", perform=perform, place=Place.DATA
    )


DATA: tuple[Action, ...] = (
    _action("open_data", ("enter",), "Enter", "open", "open a table, a row, a version; go to the node of a use", _open),
    _action(
        "next_facet",
        ("greater_than_sign",),
        ">",
        "next facet",
        "columns, rows, partitions, versions, uses of the table",
        _do(lambda data: data.next_facet(1)),
    ),
    _action(
        "previous_facet", ("less_than_sign",), "<", "previous facet", "the one before", _do(lambda d: d.next_facet(-1))
    ),
    _action("slide_right", ("l", "right"), "l →", "slide right", "to the right", _do(lambda data: data.slide("right"))),
    _action("slide_left", ("h", "left"), "h ←", "slide left", "to the left", _do(lambda data: data.slide("left"))),
    Action(
        name="ask_sql",
        keys=("i",),
        shown="i",
        label="SQL",
        help="ask a query over all tables; the answer stays until the next",
        group="Data",
        perform=_ask,
        cli=lambda looked: "glue-tui sql 'SHOW TABLES'",
        place=Place.DATA,
    ),
    _action(
        "filter_tables",
        ("slash",),
        "/",
        "filter tables",
        "tables and columns by name; in a table: columns, partitions",
        _do(lambda data: data.begin(Question.FILTER, data.filter)),
    ),
    _action("count_nulls", ("N",), "N", "count nulls", "rows without a value, column by column", _count_nulls),
    _action(
        "mark_version",
        ("v",),
        "v",
        "mark version",
        "compare the other versions of the columns with this one",
        _do(DataView.mark_version),
    ),
    _action("copy_row", ("y",), "y", "copy row", "copy the row, or its name", _copy),
    _action("save_rows", ("S",), "S", "save rows", "all rows of the query to a file: CSV, Parquet or JSON", _save),
    Action(
        name="charts",
        keys=("c",),
        shown="c",
        label="charts",
        help="the charts that dashboard jobs drew in the run on show",
        group="Data",
        perform=_charts,
        refusal=_no_charts,
        cli=cli_twins.charts_of,
        place=Place.DATA,
    ),
    _action(
        "data_back",
        ("escape",),
        "Esc",
        "back",
        "end a running query; let go of a filter; go up",
        _do(DataView.back),
    ),
)
