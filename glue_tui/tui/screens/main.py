"""The screen with the panes: puts the model into them, moves the selection, runs actions. It decides nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.layout import Layout
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from glue_tui.client.api import EngineClient
from glue_tui.core.problem import GlueTuiError
from glue_tui.tui.actions.table import ACTIONS, BY_NAME, action_of
from glue_tui.tui.arrange import PANES, PaneLayout, Zoom
from glue_tui.tui.asked import Asked
from glue_tui.tui.graph.widget import GraphView
from glue_tui.tui.navigation import kept_open, parent_index, pick_node, pick_row, toggled, with_first_workflow, with_run
from glue_tui.tui.place import Place, place_of
from glue_tui.tui.screens.help import HelpScreen
from glue_tui.tui.screens.keyboard import Keyboard
from glue_tui.tui.screens.palette import PaletteScreen
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.selection import Looked, Selection, WhatIf, look_up
from glue_tui.tui.theme import Look
from glue_tui.tui.tree_rows import TreeRow, row_index, tree_rows
from glue_tui.tui.views import View, next_view
from glue_tui.tui.widgets.data_view import DataView
from glue_tui.tui.widgets.footer import Footer, Hint
from glue_tui.tui.widgets.header import Header, header_facts
from glue_tui.tui.widgets.log_desk import LogDesk
from glue_tui.tui.widgets.log_pane import LogPane
from glue_tui.tui.widgets.notice import Notice
from glue_tui.tui.widgets.pane import ListPane, Pane
from glue_tui.tui.widgets.run_history import RunHistory
from glue_tui.tui.widgets.timeline import Timeline
from glue_tui.tui.widgets.trigger_list import TriggerList, trigger_rows
from glue_tui.tui.widgets.view_pane import ViewPane
from glue_tui.tui.widgets.workflow_tree import WorkflowTree

if TYPE_CHECKING:
    from glue_tui.tui.app import GlueTuiApp

AnswerT = TypeVar("AnswerT")

NOTICE_S = 6.0
"""How long a notice stays; the next key takes it away sooner."""


class MainScreen(Screen[None]):
    """Header, four panes, footer. It is the `Host` of the actions."""

    def __init__(self, app: GlueTuiApp, look: Look) -> None:
        super().__init__()
        self.glue = app
        self.look = look
        self.selection = Selection()
        self.keyboard = Keyboard(self)
        self._notice_timer: Timer | None = None
        self.pane_layout = PaneLayout()
        self.header = Header(look, id="header")
        self.workflow_tree = WorkflowTree(look, id="workflows", title=(("1 Workflows", "accent"),))
        self.workflow_tree.on_filter = lambda text: self.select(replace(self.selection, tree_filter=text))
        self.triggers = TriggerList(look, id="triggers", title=(("2 Triggers", "accent"),))
        self.view = ViewPane(
            look, Asked(self.run_worker, self.show_model, lambda text: self.say(text, tone="bad")), app
        )
        self.view.history.after_change = self.show_model
        self.desk = LogDesk(look, id="logs", time_zone=app.time_zone)
        self.notice = Notice(look, id="notice")
        self.footer = Footer(look, id="footer")

    @property
    def layout(self) -> Layout:
        return self.pane_layout

    def compose(self) -> ComposeResult:
        yield from (self.header, self.workflow_tree, self.triggers, self.view, self.desk, self.footer, self.notice)

    def on_mount(self) -> None:
        self.workflow_tree.focus()

    def on_resize(self) -> None:
        self.pane_layout.graph_rows = 0
        self.call_after_refresh(self.show_model)

    @property
    def logs(self) -> LogPane:
        return self.desk.active

    # The model into the panes

    @property
    def looked(self) -> Looked:
        return look_up(self.glue.model, self.selection)

    def show_model(self) -> None:
        """Bring every pane up to the model and the selection; each paints only what differs."""
        model = self.glue.model
        now = self.glue.now() if model.lost_at is None else model.lost_at
        self.selection = with_first_workflow(model, self.selection)
        rows = tree_rows(model, self.selection, now)
        self.workflow_tree.connection = model.connection
        index = row_index(rows, self.selection)
        if rows:
            self.selection = kept_open(pick_row(self.selection, rows[index]), rows)
        self.workflow_tree.show_rows(rows, index)
        self.set_class(model.is_away, "lost")
        self._show_triggers(now)
        looked = self.looked
        self.header.show(header_facts(model, self.glue.project_name, now, self.glue.clock()))
        self._fit_graph(looked)
        self.view.fill(looked, now)
        self.desk.fill(looked)
        self._show_footer(looked)

    def _fit_graph(self, looked: Looked) -> None:
        before = self._boxes()
        self.pane_layout.hold(self.view.graph.box_rows(looked.run, looked.workflow, self.view.inner_width))
        self._arrange_unless(before)

    def _show_triggers(self, now: float) -> None:
        rows = trigger_rows(self.glue.model, self.selection, now)
        wanted = self.selection.listed_trigger
        if self.selection.pane != "triggers":
            wanted = (self.selection.workflow, self.selection.trigger or wanted[1])
        index = next((at for at, row in enumerate(rows) if (row.workflow, row.name) == wanted), 0)
        self.triggers.show_rows(rows, index)
        row = self.triggers.current
        if row is not None:
            self.selection = replace(self.selection, listed_trigger=(row.workflow, row.name))

    def _show_footer(self, looked: Looked) -> None:
        place = place_of(looked.selection)
        here = (action_of(one.keys[0], place) or one for one in ACTIONS if one.in_footer)
        hints = (Hint(one.shown, one.label, one.refusal(looked) == "") for one in here)
        self.footer.show(tuple(hints))

    def select(self, selection: Selection) -> None:
        """Take over a selection and show what it means."""
        if selection != self.selection:
            self.selection = selection
            self.show_model()

    # What the panes tell

    @on(Pane.Clicked)
    def _on_clicked(self, message: Pane.Clicked) -> None:
        self._take_cursor(message.pane)
        if isinstance(message.pane, RunHistory):
            self.move_cursor("enter")

    def _take_cursor(self, pane: Pane) -> None:
        match pane:
            case WorkflowTree() if (row := pane.current) is not None:
                self.select(pick_row(self.selection, row))
            case Timeline() if (attempt := pane.current) is not None:
                self.select(pick_node(self.glue.model, self.selection, attempt.node_id))
            case RunHistory():
                self.show_model()
            case TriggerList() if (listed := pane.current) is not None:
                self.select(replace(self.selection, listed_trigger=(listed.workflow, listed.name)))

    @on(DataView.Opened)
    def _on_opened(self, message: DataView.Opened) -> None:
        self.keyboard.perform(BY_NAME["open_data"])

    @on(LogPane.Said)
    def _on_said(self, message: LogPane.Said) -> None:
        self.say(message.text, tone=message.tone)

    @on(GraphView.NodeSelected)
    def _on_node_selected(self, message: GraphView.NodeSelected) -> None:
        self.select(pick_node(self.glue.model, self.selection, message.node_id))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        pane = next((one.id for one in event.widget.ancestors_with_self if one.id in PANES), None)
        if pane is not None and event.widget is self.focused:
            self._take_focus(pane)

    def _take_focus(self, pane: str) -> None:
        if pane == self.selection.pane:
            return
        before, self.pane_layout.focus = self._boxes(), pane
        self.selection = replace(self.selection, pane=pane)
        self._arrange_unless(before)
        self.show_model()

    def _arrange_unless(self, boxes: object) -> None:
        if self._boxes() == boxes:
            return
        self._clear_arrangement_cache()
        self.refresh(layout=True)
        self.call_after_refresh(self.show_model)

    def _boxes(self) -> object:
        return self.pane_layout.boxes(self.size)

    # Actions

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.keyboard.take(event)

    @property
    def client(self) -> EngineClient:
        self.keyboard.release(self)
        return self.glue.client

    @property
    def project_dir(self) -> Path:
        return self.glue.project_dir

    def now(self) -> float:
        return self.glue.now()

    async def ask(self, screen: Sheet[AnswerT]) -> AnswerT | None:
        screen.before_leaving = self.keyboard.hold
        answer: asyncio.Future[AnswerT | None] = asyncio.get_running_loop().create_future()
        self.glue.push_screen(screen, answer.set_result)
        self.keyboard.release(screen)
        return await answer

    def say(self, text: str, *, cli: str = "", tone: str = "good") -> None:
        self.notice.set_text(text, cli, tone)
        if self._notice_timer is not None:
            self._notice_timer.stop()
        self._notice_timer = self.set_timer(NOTICE_S, self.clear_notice)

    def clear_notice(self) -> None:
        """Take away what was said."""
        if self._notice_timer is not None:
            self._notice_timer.stop()
            self._notice_timer = None
            self.notice.set_text("", "", "")

    def go_to_pane(self, pane: str) -> None:
        panes: dict[str, Widget] = {"workflows": self.workflow_tree, "triggers": self.triggers, "logs": self.logs}
        self.set_focus(panes.get(pane, self.view.shown))
        self._take_focus(pane)

    def go_to_place(self, place: Place) -> None:
        if place.is_view:
            self._show_view(View(place))
        self.go_to_pane("view" if place.is_view else place)

    def next_pane(self, step: int) -> None:
        if self.selection.pane == "logs" and self.desk.next_half(step):
            return
        order = ("workflows", "triggers", "view", "logs")
        self.go_to_pane(order[(order.index(self.selection.pane) + step) % len(order)])

    def grow(self, step: int) -> None:
        self.pane_layout.zoom = Zoom(max(0, min(self.pane_layout.zoom + step, Zoom.FULL)))
        self._arrange_unless(None)

    def next_view(self, step: int) -> None:
        self._show_view(next_view(self.selection.view, step))

    @on(ViewPane.TabClicked)
    def _on_tab_clicked(self, message: ViewPane.TabClicked) -> None:
        self._show_view(message.view)

    def _show_view(self, view: View) -> None:
        self.view.show_child(view)
        self.select(replace(self.selection, view=view))

    def show_run(self, workflow: str, run_id: str) -> None:
        self.select(with_run(self.selection, workflow, run_id))

    def suppose(self, what_if: WhatIf | None) -> None:
        if what_if is not None and self.selection.view is not View.GRAPH:
            self._show_view(View.GRAPH)
        self.select(replace(self.selection, what_if=what_if))

    def filter_tree(self) -> None:
        self.workflow_tree.begin_filter()

    def go_to_node(self, workflow: str, node_id: str) -> None:
        self.go_to_pane("workflows")
        self.workflow_tree.tell_filter("")
        self.select(pick_node(self.glue.model, replace(self.selection, workflow=workflow, tree_filter=""), node_id))

    async def edit(self, looked: Looked) -> None:
        await self.glue.edit(looked)

    async def show_help(self) -> None:
        await self.ask(HelpScreen(self.look, ACTIONS, self.looked, place_of(self.selection)))

    async def show_palette(self) -> None:
        if (name := await self.ask(PaletteScreen(self.look, ACTIONS, self.looked))) is None:
            return
        if name.startswith("go "):
            self.select(replace(self.selection, workflow=name.removeprefix("go "), trigger="", node_id=""))
        elif (rest := self.keyboard.begin(BY_NAME[name])) is not None:
            await rest

    def leave(self) -> None:
        self.glue.leave()

    # The cursor

    def move_cursor(self, where: str) -> None:
        pane = self.focused
        if isinstance(pane, LogPane | GraphView):
            pane.move_cursor(where)
            return
        if not isinstance(pane, ListPane):
            return
        moves: dict[str, Callable[[], None]] = {
            "up": lambda: pane.move(-1),
            "down": lambda: pane.move(1),
            "page_up": lambda: pane.move(-pane.page()),
            "page_down": lambda: pane.move(pane.page()),
            "top": lambda: pane.move_to(0, 1),
            "bottom": lambda: pane.move_to(len(pane.rows) - 1),
        }
        if where in moves:
            moves[where]()
            self._take_cursor(pane)
            return
        match pane:
            case WorkflowTree() if (row := pane.current) is not None:
                self._move_in_tree(where, row)
            case RunHistory() if where == "enter" and (run := pane.current) is not None:
                self.run_worker(self.open_run(run.summary.run_id))
            case _ if where == "right":
                self.go_to_pane("logs")

    def _move_in_tree(self, where: str, row: TreeRow) -> None:
        match where:
            case "left" if not row.is_open:
                self.workflow_tree.move_to(parent_index(self.workflow_tree.rows, self.workflow_tree.cursor))
                self._take_cursor(self.workflow_tree)
            case "left":
                self.select(toggled(self.selection, row, False))
            case "right" if row.is_open is False:
                self.select(toggled(self.selection, row, True))
            case "enter" if row.is_open is not None:
                self.select(toggled(self.selection, row))
            case _:
                self.go_to_pane("logs")

    async def open_run(self, run_id: str) -> None:
        try:
            await self.glue.fetch_run(run_id)
        except GlueTuiError as error:
            self.say(str(error), tone="bad")
        else:
            self.show_run(self.selection.workflow, run_id)
