"""A dashboard job: charts from queries, as one HTML page, as text in the log, and as data for the terminal."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from glue_tui.core.job import Chart, DashboardWork
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.jobs.chart_data import ChartData, cell
from glue_tui.jobs.dashboard_page import dashboard_page
from glue_tui.jobs.session import JobSession
from glue_tui.jobs.text_chart import text_chart
from glue_tui.logs.levels import INFO, WARN

_ROWS_MAX = {"line": 2000, "bar": 40, "number": 1, "table": 200}
"""What a reader can still take in, and a page can carry, per kind of chart."""


def run_dashboard(session: JobSession, work: DashboardWork) -> None:
    """Draw every chart; one whose table does not exist yet says so in its place instead of failing the page."""
    where = f"jobs.{session.job.name}"
    output = session.templates.text(work.output, where=f"{where}.output")
    title = (
        session.templates.text(work.title, where=f"{where}.title") or session.job.name.replace("_", " ").capitalize()
    )
    charts = []
    for number, chart in enumerate(work.charts):
        data = _chart_data(session, chart, f"{where}.charts[{number}]")
        charts.append(data)
        session.log.line(WARN if data.message else INFO, text_chart(data))
        session.progress(number + 1, len(work.charts) + 1)
    made_at = datetime.now(UTC)
    made_by = f"{session.spec.workflow} run #{session.spec.run_number}"
    page = session.log.secrets.mask(dashboard_page(title, made_by, made_at, charts))
    session.stage_file(output, page.encode())
    _save_chart_data(session, title, made_at, charts)


def charts_path(result_path: str) -> str:
    """Return where the data of an attempt's charts lie, beside its result."""
    return result_path.removesuffix(".result.json") + ".charts.json"


def _save_chart_data(session: JobSession, title: str, made_at: datetime, charts: list[ChartData]) -> None:
    path = Path(charts_path(session.spec.result_path))
    data = {"title": title, "made_at": made_at.timestamp(), "charts": [asdict(chart) for chart in charts]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(session.log.secrets.mask(json.dumps(data, ensure_ascii=False)), encoding="utf-8")
    session.outputs.append(os.path.relpath(path, session.project_dir))


def _chart_data(session: JobSession, chart: Chart, where: str) -> ChartData:
    title = session.templates.text(chart.title, where=f"{where}.title")
    try:
        frame = session.query(chart.query, where=f"{where}.query").collect(engine="streaming")
    except EntityNotFound as error:
        missing = error.message[:1].upper() + error.message[1:]
        message = f"{missing} yet. The chart fills when the job that writes this table has run."
        return ChartData(title=title, kind=chart.kind, message=message)
    if not frame.width:
        raise InvalidInput(f"{where}.query returns no columns")
    x = _place(frame, chart.x, 0, f"{where}.x")
    y = _place(frame, chart.y, min(1, frame.width - 1) if chart.kind != "number" else 0, f"{where}.y")
    if chart.kind in ("line", "bar") and not (frame.dtypes[y].is_numeric() or frame.dtypes[y] == pl.Null):
        raise InvalidInput(f"{where}.y: {frame.columns[y]} holds no figures", hint=_figures(frame))
    is_over_time = frame.dtypes[x].is_temporal()
    if chart.kind == "line" and (is_over_time or frame.dtypes[x].is_numeric()):
        frame = frame.sort(frame.columns[x], maintain_order=True)
    most = _ROWS_MAX[chart.kind]
    data = ChartData(
        title=title,
        kind=chart.kind,
        columns=tuple(frame.columns),
        rows=tuple(tuple(cell(value) for value in row) for row in frame.head(most).iter_rows()),
        x=x,
        y=y,
        is_over_time=is_over_time,
        rows_left_out=max(frame.height - most, 0) if chart.kind != "number" else 0,
        message="" if frame.height else "The query has no rows.",
    )
    if chart.kind in ("line", "bar") and not data.message and not data.points():
        return ChartData(title=title, kind=chart.kind, message=f"Every {frame.columns[y]} is empty.")
    return data


def _place(frame: pl.DataFrame, name: str, default: int, where: str) -> int:
    if not name:
        return default
    if name not in frame.columns:
        raise InvalidInput(f"{where}: the query has no column {name}", hint=did_you_mean(name, frame.columns))
    return frame.columns.index(name)


def _figures(frame: pl.DataFrame) -> str:
    names = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
    return "columns of figures: " + (", ".join(names) or "none")
