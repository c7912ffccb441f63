"""One log pane or two: side by side where there is room, else one above the other. What they show of a run."""

from __future__ import annotations

from datetime import tzinfo
from functools import partial

from textual.app import ComposeResult
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from glue_tui.tui.log_tabs import active_tab, kept_tab, log_tabs, second_tab, tab_beside, tabs_of_all_tries
from glue_tui.tui.model import is_over
from glue_tui.tui.selection import Looked
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.log_pane import LogPane
from glue_tui.tui.widgets.log_times import began_at

BESIDE_FROM_CELLS = 110
"""Narrower, the second pane stands below the first."""
LINES_MIN = 8
"""Lower and narrower, only the pane that has the focus is there."""


class _DeskLayout(Layout):
    name = "desk"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        assert isinstance(parent, LogDesk)
        regions = parent.regions(size.width, size.height)
        return [WidgetPlacement(regions[child], NULL_OFFSET, Spacing(), child) for child in children]


class LogDesk(Widget):
    """The first pane follows the cursor in the tree; the second stays with the log that was chosen there."""

    def __init__(self, look: Look, *, id: str, time_zone: tzinfo | None) -> None:
        super().__init__(id=id)
        self._desk_layout = _DeskLayout()
        self.first = LogPane(look, id="first_log", time_zone=time_zone)
        self.second = LogPane(look, id="second_log", time_zone=time_zone)
        self.second.display = False
        self.active = self.first
        self.is_locked = False
        """Whether the pane without the focus goes where the other one goes."""
        self._locked_at: tuple[bool, float | None] | None = None
        for pane in (self.first, self.second):
            pane.after_repaint = partial(self._keep_together, pane)
        self._shown = ("", "")
        self._looked: Looked | None = None

    @property
    def layout(self) -> Layout:
        return self._desk_layout

    def compose(self) -> ComposeResult:
        yield from (self.first, self.second)

    @property
    def is_split(self) -> bool:
        return bool(self.second.display)

    def regions(self, width: int, height: int) -> dict[Widget, Region]:
        """Return where each pane stands."""
        nowhere, everywhere = Region(0, 0, 0, 0), Region(0, 0, width, height)
        other = self.second if self.active is self.first else self.first
        if not self.is_split or (width < BESIDE_FROM_CELLS and height < LINES_MIN):
            return {self.active: everywhere, other: nowhere}
        if width >= BESIDE_FROM_CELLS:
            left = width // 2
            return {self.first: Region(0, 0, left, height), self.second: Region(left, 0, width - left, height)}
        top = height // 2
        return {self.first: Region(0, 0, width, top), self.second: Region(0, top, width, height - top)}

    def fill(self, looked: Looked) -> None:
        """Give the panes their tabs; one picked by hand stays until the cursor goes to another node or run."""
        self._looked = looked
        run = looked.run
        tabs = log_tabs(run, looked.selection.node_id)
        shown = (run.summary.run_id if run else "", looked.selection.node_id)
        if shown != self._shown:
            self._shown = shown
            self.first.show(tabs, active_tab(tabs, looked.node))
        elif tabs != self.first.book.tabs:
            self.first.show(tabs, kept_tab(tabs, looked.node, self.first.book))
        is_live = run is not None and not is_over(run)
        self.first.set_live(is_live)
        if self.is_split:
            tabs = tabs_of_all_tries(run)
            if tabs != self.second.book.tabs:
                self.second.show(tabs, second_tab(tabs, self.second.book))
            self.second.set_live(is_live)

    def toggle_split(self) -> None:
        """Put a second pane beside the first, with the try before; or take it away again."""
        if self.is_split:
            had_focus = self.has_focus_within
            self._activate(self.first)
            self.second.display = False
            self.second.show(())
            if had_focus:
                self.screen.set_focus(self.first)
        elif self._looked is not None:
            self.second.display = True
            tabs = tabs_of_all_tries(self._looked.run)
            self.second.show(tabs, tab_beside(tabs, self.first.book))
            self.fill(self._looked)
        self._arrange_anew()

    def toggle_lock(self) -> bool:
        """Let the panes go together by time, or no longer; return which."""
        self.is_locked = not self.is_locked
        self._locked_at = None
        self._keep_together(self.active)
        return self.is_locked

    def _keep_together(self, moved: LogPane) -> None:
        """Take the other pane to the time at which this one is: since the start between tries, else of the clock."""
        here = self.active.window
        other = self.second if self.active is self.first else self.first
        there = other.window
        if not (self.is_locked and self.is_split and moved is self.active) or here is None or there is None:
            return
        at = (here.is_following, None if here.is_following else here.moment())
        if at == self._locked_at:
            return
        self._locked_at = at
        moment = at[1]
        if moment is not None and self.active.book.node == other.book.node:
            moment += (began_at(there.source) or 0.0) - (began_at(here.source) or 0.0)
        if here.is_following or moment is not None:
            other.go_with(moment)

    def next_half(self, step: int) -> bool:
        """Give the focus to the other pane, if it is that way."""
        to = self.second if step > 0 else self.first
        if not self.is_split or self.active is to:
            return False
        self._activate(to)
        self.screen.set_focus(to)
        return True

    def on_descendant_focus(self) -> None:
        focused = self.screen.focused
        if isinstance(focused, LogPane):
            self._activate(focused)

    def _activate(self, pane: LogPane) -> None:
        if pane is not self.active:
            self.active = pane
            self._arrange_anew()

    def _arrange_anew(self) -> None:
        self._clear_arrangement_cache()
        self.refresh(layout=True)
