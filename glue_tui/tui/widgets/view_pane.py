"""The pane of the selected workflow or run: the graph and its other views, tabs in the border, the detail below."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import tzinfo
from typing import TYPE_CHECKING, Protocol, assert_never

from textual import events
from textual.message import Message

from glue_tui.client.forecast import Forecast, forecast, usual_seconds
from glue_tui.protocol.inbox_views import InboxView
from glue_tui.protocol.usual_views import UsualView
from glue_tui.protocol.views import RunSummary, StoryLine
from glue_tui.tui.asked import Asked
from glue_tui.tui.detail import ROWS_MAX, detail_lines, run_title
from glue_tui.tui.format import left_text
from glue_tui.tui.graph.drawing import Shape
from glue_tui.tui.graph.widget import GraphView
from glue_tui.tui.model import Connection, is_over
from glue_tui.tui.paint import Spans, wrap_spans
from glue_tui.tui.run_facts import run_detail
from glue_tui.tui.selection import Looked
from glue_tui.tui.theme import Look
from glue_tui.tui.views import View, tab_at, tab_spans
from glue_tui.tui.widgets.data_view import DataSource, DataView
from glue_tui.tui.widgets.event_list import EventList
from glue_tui.tui.widgets.frame import RULE_FROM_LINES, Frame
from glue_tui.tui.widgets.run_history import RunHistory, known_runs
from glue_tui.tui.widgets.timeline import Timeline, timeline_axis, timeline_rows

if TYPE_CHECKING:
    from glue_tui.client.compare import DefinitionChanges


DETAIL_LINES = 5
"""Below a graph, the rule included."""


DETAIL_LINES_LOW = 2
"""Below a graph that needs the lines, in a low pane."""


RUN_ROWS = 5
"""About the run under the history's cursor."""


RUN_ROWS_LOW = 3
"""The same in a low pane."""


class Source(DataSource, Protocol):
    """Where the views get what the feed does not bring."""

    time_zone: tzinfo | None

    def history(self, workflow: str, limit: int) -> Awaitable[tuple[RunSummary, ...]]: ...

    def changes_between(self, before_id: str, after_id: str) -> Awaitable[DefinitionChanges]: ...

    def story(self, run_id: str) -> Awaitable[tuple[StoryLine, ...]]: ...

    def inboxes(self, workflow: str) -> Awaitable[tuple[InboxView, ...]]: ...

    def usual(self, workflow: str) -> Awaitable[tuple[UsualView, ...]]: ...


class ViewPane(Frame):
    """Shows one of its views; fills only that one."""

    class TabClicked(Message):
        """A tab in the border was clicked."""

        def __init__(self, view: View) -> None:
            super().__init__()
            self.view = view

    def __init__(self, look: Look, asked: Asked, source: Source) -> None:
        self.graph = GraphView(look, id=View.GRAPH)
        self.timeline = Timeline(look, id=View.TIMELINE)
        self.history = RunHistory(look, id=View.RUNS)
        self.data = DataView(look, asked, source, id=View.DATA)
        self.events = EventList(look, id=View.EVENTS)
        super().__init__(look, self.graph, self.timeline, self.history, self.data, self.events, id="view")
        self.asked = asked
        self.source = source

    def fill(self, looked: Looked, now: float) -> None:
        """Bring titles, the view that is up, and the detail below it to what is selected now."""
        view = looked.selection.view
        catalog: Spans = (("Data catalog", "strong"), ("  of the whole project", "muted"))
        usual_s = self._usual(looked)
        ahead = forecast(looked.run, usual_s, now) if looked.run is not None else Forecast()
        left = left_text(ahead.ends_at, now)
        title = catalog if view is View.DATA else run_title(looked, self.look, now, self.size.width - 6, left)
        self.set_titles(title, tab_spans(view))
        self.set_border("warn" if looked.what_if is not None else "")
        match view:
            case View.GRAPH:
                picked = looked.selection.node_id or looked.selection.trigger
                self.graph.show(looked.run, looked.workflow, picked, ahead.path)
            case View.TIMELINE:
                rows = timeline_rows(looked.run, now, usual_s, ahead)
                index = next((at for at, row in enumerate(rows) if row.node_id == looked.selection.node_id), None)
                self.timeline.show(rows, index, timeline_axis(looked.run, rows, now, ahead))
            case View.RUNS:
                self._fill_history(looked, now)
            case View.DATA:
                self._fill_data(looked, now)
            case View.EVENTS:
                self._fill_events(looked, now)
            case _:
                assert_never(view)
        self.show_text(self._detail(looked, now))

    def on_click(self, event: events.Click) -> None:
        view = tab_at(event.x - self.bottom_spans_x) if event.y == self.size.height - 1 else None
        if view is not None:
            self.post_message(self.TabClicked(view))

    def text_height(self, inside: int) -> int:
        """Leave the graph the lines in which it stands as boxes, and the text `DETAIL_LINES` at least."""
        wanted = super().text_height(inside)
        if not self.graph.display:
            return wanted
        drawing = self.graph.drawing
        if drawing is None:
            return min(len(self.text) + (inside >= RULE_FROM_LINES), inside)
        if inside < RULE_FROM_LINES:
            return min(wanted, max(DETAIL_LINES_LOW, inside - drawing.height))
        if drawing.shape is not Shape.BOXES:
            return min(wanted, DETAIL_LINES)
        return min(wanted, max(DETAIL_LINES, inside - drawing.height))

    def _usual(self, looked: Looked) -> dict[str, float]:
        """Return how long the nodes usually take, where that is shown: asked again when a run of theirs has ended."""
        run = looked.run
        if run is None or looked.model.connection is not Connection.LIVE:
            return {}
        if is_over(run) and looked.selection.view is not View.TIMELINE:
            return {}
        name = run.summary.workflow
        ended = (
            one.summary.number for one in looked.model.runs.values() if one.summary.workflow == name and is_over(one)
        )
        return usual_seconds(self.asked.answer("usual", name, max(ended, default=0), lambda: self.source.usual(name)))

    def _fill_history(self, looked: Looked, now: float) -> None:
        workflow = looked.selection.workflow
        self.history.open_workflow(workflow)
        fetched = self._history_of(workflow)
        shown = looked.run.summary.run_id if looked.run else ""
        self.history.show_runs(known_runs(fetched, looked.model, workflow), shown, now)
        if self.history.wants_more(len(fetched)):
            self._history_of(workflow)

    def _history_of(self, workflow: str) -> tuple[RunSummary, ...]:
        limit = self.history.limit
        return (
            self.asked.answer("runs", workflow, limit, lambda: self.source.history(workflow, limit)) if workflow else ()
        )

    def _fill_data(self, looked: Looked, now: float) -> None:
        runs = looked.model.runs
        stamp = (len(runs), sum(run.summary.statistics.succeeded for run in runs.values()))
        self.data.fill(stamp, now)

    def _fill_events(self, looked: Looked, now: float) -> None:
        inboxes: tuple[InboxView, ...] = ()
        workflow, run = looked.workflow, looked.run
        if workflow is not None and any(trigger.watch for trigger in workflow.triggers):
            name = workflow.name
            inboxes = self.asked.answer("inboxes", name, looked.model.inbox_news, lambda: self.source.inboxes(name))
        story: tuple[StoryLine, ...] = ()
        if run is not None:
            run_id = run.summary.run_id
            stamp = (run.summary.status, tuple((node.state, node.attempt) for node in run.nodes))
            story = self.asked.answer("story", run_id, stamp, lambda: self.source.story(run_id))
        self.events.show(looked, inboxes, story, now, self.source.time_zone)
        self.events.after_change = lambda: self.show_text(self._detail(looked, now))

    def _detail(self, looked: Looked, now: float) -> tuple[Spans, ...]:
        if looked.model.connection is Connection.STOPPED:
            way_out: Spans = (("glue-tui engine start", "key"), (" goes on with unfinished runs", "text"))
            return ((("engine stopped", "strong"), ("   ", ""), *way_out),)
        if looked.model.connection is Connection.LOST:
            return tuple(
                row
                for line in looked.model.lost_because.splitlines()
                for row in wrap_spans(((line.strip(), "bad_strong"),), self.inner_width - 2)
            )
        if looked.selection.view is View.RUNS:
            return self._detail_of_row(looked, now)
        if looked.selection.view is View.EVENTS:
            return self.events.below()
        if looked.selection.view not in (View.GRAPH, View.TIMELINE):
            return ()
        rows = ROWS_MAX if self.inner_height >= RULE_FROM_LINES else self.text_rows_max(self.inner_height)
        return detail_lines(looked, self.look, now, self.inner_width - 2, rows)

    def _detail_of_row(self, looked: Looked, now: float) -> tuple[Spans, ...]:
        """Return what there is to tell of the run under the cursor of the history."""
        run = self.history.current_run
        if run is None:
            return ()
        rows = RUN_ROWS if self.inner_height >= RULE_FROM_LINES else min(RUN_ROWS_LOW, self.inner_height // 3)
        whole = looked.model.runs.get(run.run_id)
        return run_detail(run, whole, self.look, now, self.inner_width - 2, rows)
