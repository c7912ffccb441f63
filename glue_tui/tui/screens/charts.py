"""The charts of a run's dashboard jobs, drawn as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from glue_tui.core.problem import EntityNotFound
from glue_tui.protocol.views import RunView
from glue_tui.tui.paint import Spans
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.theme import Look

if TYPE_CHECKING:
    from glue_tui.jobs.chart_data import ChartData

CHARTS_ENDING = ".charts.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What one dashboard job made in a run."""

    title: str
    node: str
    page: str
    """Path of the HTML page; empty where the run does not tell."""
    charts: tuple[ChartData, ...]


def dashboards_of(run: RunView, project_dir: Path) -> tuple[Dashboard, ...]:
    """Return what the dashboard jobs of a run made. Raises EntityNotFound where files of it are gone or damaged."""
    from glue_tui.jobs.chart_data import ChartData

    found: list[Dashboard] = []
    for node in run.nodes:
        for output in (one for one in node.outputs if one.endswith(CHARTS_ENDING)):
            try:
                told = msgspec.json.decode((project_dir / output).read_bytes())
                charts = tuple(msgspec.convert(one, ChartData) for one in told["charts"])
            except (OSError, msgspec.MsgspecError, KeyError) as error:
                raise EntityNotFound(f"the charts of {node.name} can't be read: {output}: {error}") from error
            page = next((one for one in node.outputs if one.endswith((".html", ".htm"))), "")
            found.append(Dashboard(title=told.get("title", node.name), node=node.name, page=page, charts=charts))
    return tuple(found)


class ChartsScreen(Sheet[bool]):
    """All charts of a run, one below the other."""

    def __init__(self, look: Look, run: int, dashboards: Sequence[Dashboard], project_dir: Path) -> None:
        hints = (("j k", "scroll"), ("Esc", "close"))
        super().__init__(look, title=((f"charts of run {run}", "accent_strong"),), hints=hints)
        self.dashboards = dashboards
        self.project_dir = project_dir

    def lines(self, width: int) -> tuple[Spans, ...]:
        from glue_tui.jobs.text_chart import text_chart

        lines: list[Spans] = []
        for board in self.dashboards:
            lines += [((board.title, "strong"), (f"  {board.node}", "muted"))]
            lines += [(("page ", "muted"), (str(self.project_dir / board.page), "link"))] if board.page else []
            for chart in board.charts:
                title, *rest = text_chart(chart, width=width).split("\n")
                lines += [(), ((title, "accent"),), *(((line, "text"),) for line in rest)]
            lines.append(())
        return tuple(lines)
