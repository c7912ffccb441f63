"""What the screen offers to the verbs: dialogs, notices, moving about, and the client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from glue_tui.client.api import EngineClient
from glue_tui.tui.place import Place
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.selection import Looked, WhatIf
from glue_tui.tui.theme import Look

if TYPE_CHECKING:
    from glue_tui.tui.widgets.log_desk import LogDesk
    from glue_tui.tui.widgets.log_pane import LogPane
    from glue_tui.tui.widgets.view_pane import ViewPane

AnswerT = TypeVar("AnswerT")


class Host(Protocol):
    """What the app offers to actions."""

    look: Look
    view: ViewPane

    @property
    def logs(self) -> LogPane:
        """The log pane that has the focus, or had it last."""

    @property
    def client(self) -> EngineClient: ...

    def now(self) -> float: ...

    async def ask(self, screen: Sheet[AnswerT]) -> AnswerT | None:
        """Show a dialog and return its answer; None when it was left."""

    def say(self, text: str, *, cli: str = "", tone: str = "good") -> None:
        """Tell what was done, and the command that does the same."""

    def move_cursor(self, where: str) -> None:
        """Move in the focused pane: up, down, page_up, page_down, top, bottom, left, right, enter."""

    def go_to_pane(self, pane: str) -> None: ...

    def go_to_place(self, place: Place) -> None:
        """Give a pane or a view the focus; a view is brought up."""

    def next_pane(self, step: int) -> None: ...

    def grow(self, step: int) -> None: ...

    @property
    def desk(self) -> LogDesk:
        """One log pane, or two."""

    def next_view(self, step: int) -> None: ...

    @property
    def project_dir(self) -> Path: ...

    def show_run(self, workflow: str, run_id: str) -> None: ...

    async def open_run(self, run_id: str) -> None:
        """Put a run of the selected workflow on show that the feed may not have brought."""

    def suppose(self, what_if: WhatIf | None) -> None:
        """Show a run that never was in place of the workflow's own; None: what is true."""

    def filter_tree(self) -> None: ...

    def go_to_node(self, workflow: str, node_id: str) -> None:
        """Put the tree's cursor on a node, whatever it was on."""

    async def edit(self, looked: Looked) -> None: ...

    async def show_help(self) -> None: ...

    async def show_palette(self) -> None: ...

    def leave(self) -> None: ...
