"""The Events view: what waits at the workflow's EVENT triggers, then the story of the run on show, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from rich.cells import cell_len

from glue_tui.client.words import counted
from glue_tui.protocol.inbox_views import InboxView
from glue_tui.protocol.views import RunView, StoryLine
from glue_tui.tui.model import is_over
from glue_tui.tui.paint import Span, Spans, columns, wrap
from glue_tui.tui.selection import Looked
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.filtered import FilteredList
from glue_tui.tui.widgets.inbox_rows import (
    FileRow,
    FolderRow,
    InboxHead,
    InboxLook,
    InboxNote,
    InboxRow,
    inbox_rows,
    is_wanted,
)

_NOTIFICATION_TONES = {
    "NotificationSent": "muted",
    "NotificationPending": "warn",
    "NotificationFailed": "bad",
    "NotificationMissed": "warn",
}
"""Their texts name the outcome that they tell, which is not theirs."""
_TONES = {
    "TriggerFired": "trigger",
    "TriggerRuledOut": "muted",
    "NodeSkipped": "muted",
    "PropertiesPut": "muted",
    "DelayNoticed": "warn",
    "DeadlinesShifted": "warn",
}

TIME_CELLS = 12
TEXT_CELLS_MIN = 20
PROMPT_CELLS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One event or, without a time, the rest of a long one, with everything that is drawn."""

    time: str
    text: str
    tone: str
    node_id: str = ""
    attempt: int = 0
    index: int = 0
    """Of the event in its run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryHead:
    """Where the story begins: which run, and how much of it is shown."""

    text: str
    note: str


Row = InboxRow | StoryHead | EventRow


def event_rows(
    story: Iterable[StoryLine],
    time_zone: tzinfo | None,
    width: int,
    *,
    began_at: float | None = None,
    filter_text: str = "",
    node_id: str = "",
) -> tuple[EventRow, ...]:
    """Return the rows, as many for an event as its text takes in `width` cells.

    Times as on the wall or, where `began_at` is given, since then. With `node_id` only what happened to that node;
    `filter_text` is looked for in the text and in the name of the event.
    """
    return tuple(
        EventRow(
            time="" if part else _time(line.at, time_zone, began_at),
            text=text,
            tone=_tone(line),
            node_id=line.node_id,
            attempt=line.attempt,
            index=index,
        )
        for index, line in enumerate(story)
        if node_id in ("", line.node_id) and is_wanted(f"{line.text} {line.kind}", filter_text)
        for part, text in enumerate(wrap(line.text, max(TEXT_CELLS_MIN, width - TIME_CELLS - 4)))
    )


def _time(at: float, time_zone: tzinfo | None, began_at: float | None) -> str:
    if began_at is not None:
        return f"{at - began_at:+.3f} s"
    return datetime.fromtimestamp(at, time_zone).strftime("%H:%M:%S.%f")[:-3]


def _tone(line: StoryLine) -> str:
    if line.kind in _NOTIFICATION_TONES:
        return _NOTIFICATION_TONES[line.kind]
    if any(word in line.text for word in ("FAILED", "ERROR", "TIMEOUT", "lost")):
        return "bad"
    return _TONES.get(line.kind, "good" if "SUCCEEDED" in line.text else "text")


class EventList(FilteredList[Row]):
    """Inside the view's frame. Keeps what it was given, so that a filter that is typed needs nothing new."""

    is_framed = False

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(look, id=id)
        self.inboxes: tuple[InboxView, ...] = ()
        self.node_id = ""
        """Only the events of this node are shown; empty: all."""
        self.is_relative = False
        self._opened: frozenset[tuple[str, str]] = frozenset()
        self._has_moved = False
        """Whether somebody has put the cursor somewhere; until then it is on the first row, whatever comes."""
        self._looked: Looked | None = None
        self._story: tuple[StoryLine, ...] = ()
        self._now = 0.0
        self._time_zone: tzinfo | None = None

    def show(
        self,
        looked: Looked,
        inboxes: tuple[InboxView, ...],
        story: tuple[StoryLine, ...],
        now: float,
        time_zone: tzinfo | None,
    ) -> None:
        """Show a workflow's inboxes and the story of the run on show."""
        if _run_id(self._looked) != _run_id(looked):
            self.node_id = ""
        if self._looked is None or self._looked.selection.workflow != looked.selection.workflow:
            self._has_moved = False
        self._looked, self.inboxes, self._story = looked, inboxes, story
        self._now, self._time_zone = now, time_zone
        self.rebuild()

    def rebuild(self) -> None:
        """Make the rows anew. The cursor stays on its row; on the last event of a run that goes on, at the end."""
        if self._looked is None:
            return
        before, run = self.current, self._looked.run
        was_last = bool(self.rows) and self.cursor == len(self.rows) - 1 and isinstance(before, EventRow)
        rows = (*self._inbox_rows(self._looked), *self._story_rows(run))
        if was_last and run is not None and not is_over(run):
            self.show_rows(rows, len(rows) - 1)
            return
        key = _key(before) if before is not None and self._has_moved else None
        at = next((at for at, row in enumerate(rows) if _key(row) == key), None) if key else 0
        self.show_rows(rows, at)
        current = self.current
        if current is not None and not self.is_selectable(current):
            super().move_to(self.cursor, 1)

    def on_resize(self) -> None:
        """Wrap the texts anew; a view that comes up has no width before."""
        self.rebuild()
        super().on_resize()

    def move_to(self, index: int, direction: int = -1) -> None:
        self._has_moved = True
        super().move_to(index, direction)

    def _inbox_rows(self, looked: Looked) -> Iterable[InboxRow]:
        look = InboxLook(
            now=self._now,
            time_zone=self._time_zone,
            width=self.inner_width,
            opened=self._opened,
            filter_text=self.filter_text,
        )
        return inbox_rows(self.inboxes, looked.workflow.triggers if looked.workflow else (), look)

    def _story_rows(self, run: RunView | None) -> Iterable[StoryHead | EventRow]:
        if run is None:
            return ()
        summary = run.summary
        began_at = (summary.started_at or summary.queued_at) if self.is_relative else None
        rows = event_rows(
            self._story,
            self._time_zone,
            self.inner_width,
            began_at=began_at,
            filter_text=self.filter_text,
            node_id=self.node_id,
        )
        shown = len({row.index for row in rows})
        told = counted(len(self._story), "event")
        note = f"{shown} of {told}" if shown < len(self._story) else told
        return (StoryHead(text=f"run {summary.number}", note=note), *rows)

    def has_settling_files(self) -> bool:
        """Return whether rows that are on screen tell for how many seconds files have been settling."""
        return self.display and any(one.stage == "SETTLING" for inbox in self.inboxes for one in inbox.files)

    # What somebody chooses

    def toggle(self) -> None:
        """Open or close the folder under the cursor."""
        if isinstance(row := self.current, FolderRow):
            self._opened ^= {(row.trigger, row.folder)}
            self.rebuild()

    def toggle_times(self) -> None:
        """Show times of the wall, or since the run began."""
        self.is_relative = not self.is_relative
        self.rebuild()

    def toggle_node(self) -> bool:
        """Show only the events of the cursor's node, or all again; return whether there is a node to choose."""
        if self.node_id:
            self.node_id = ""
        elif isinstance(row := self.current, EventRow) and row.node_id:
            self.node_id = row.node_id
        else:
            return False
        self.rebuild()
        self.after_change()
        return True

    def let_go(self) -> None:
        """Show everything again."""
        self.node_id = ""
        self.filter_by("")

    def filter_by(self, text: str) -> None:
        self.filter_text = text
        self.rebuild()
        self.after_change()

    # What is drawn

    def below(self) -> tuple[Spans, ...]:
        """Return what stands below the list: the filter, or that there is one."""
        if self._prompt is not None:
            return ((*self._prompt.spans(PROMPT_CELLS), ("  in names, states and events; !text: all others", "muted")),)
        chosen: list[Span] = []
        if self.filter_text:
            chosen += [("/", "key"), (self.filter_text, "strong"), ("  ", "")]
        if self.node_id:
            chosen += [("only ", "muted"), (self.node_id.partition(":")[2], "strong"), ("  ", "")]
        return ((*chosen, ("Esc", "key"), (" shows all", "muted")),) if chosen else ()

    def empty_spans(self) -> Spans:
        return (("no run, no events", "muted"),)

    def is_selectable(self, row: Row) -> bool:
        return not isinstance(row, StoryHead | InboxNote)

    def row_spans(self, row: Row, width: int) -> Spans:
        match row:
            case EventRow():
                return ((f" {row.time:<{TIME_CELLS}}  ", "muted"), (row.text, row.tone))
            case StoryHead():
                return self._rule(row, width)
            case InboxHead():
                left = ((f" {self.look.glyph(row.glyph)} ", row.tone), (row.trigger, "strong"), ("  ", ""), *row.said)
                room = width - sum(cell_len(text) for text, _ in left) - 2
                return columns(
                    left, ((row.patterns + " ", "muted"),) if len(row.patterns) < room else (), width, self.look
                )
            case InboxNote():
                return ((f"     {row.text}", row.tone),)
            case FolderRow():
                opener = self.look.glyph("open" if row.is_open else "closed")
                said, how_large = f"  {row.said}", f"  {row.size} "
                name = tail_of(row.name, width - cell_len(said) - cell_len(how_large) - 6, self.look)
                left = ((f"   {opener} ", "faint+muted"), (name, "text"), (said, "muted"))
                return columns(left, ((how_large, "muted"),), width, self.look)
            case FileRow():
                return self._file(row, width)

    def _rule(self, row: StoryHead, width: int) -> Spans:
        dash = self.look.glyph("horizontal")
        head = f" {dash} {row.text} "
        tail = f" {row.note} {dash} "
        return (
            (head[:3], "faint"),
            (head[3:], "strong"),
            (dash * max(0, width - len(head) - len(tail)), "faint"),
            (tail[:-2], "muted"),
            (tail[-2:], "faint"),
        )

    def _file(self, row: FileRow, width: int) -> Spans:
        left = ((f"{'  ' * row.depth} {self.look.glyph(row.glyph)} ", row.tone), (f"{row.state:<14} ", row.tone))
        when = f"{row.when:>9}" if row.when else ""
        right: list[Span] = [(f"  {row.size:>8}", "muted"), (f"  {when} ", "warn" if row.waits else "muted")]
        room = width - sum(cell_len(text) for text, _ in (*left, *right)) - 1
        return columns((*left, (tail_of(row.name, room, self.look), "text")), right, width, self.look)


def tail_of(path: str, width: int, look: Look) -> str:
    """Return the end of a path in `width` cells: what is cut away is its first folders, and its name stays."""
    if cell_len(path) <= width or width < 4:
        return path
    kept = path[-(width - 1) :]
    while cell_len(kept) > width - 1:
        kept = kept[1:]
    return look.glyph("cut") + kept


def _run_id(looked: Looked | None) -> str:
    return looked.run.summary.run_id if looked is not None and looked.run is not None else ""


def _key(row: Row) -> tuple[object, ...]:
    """Return what a row is about, whatever is told of it now."""
    match row:
        case EventRow():
            return ("event", row.index, row.time == "")
        case StoryHead():
            return ("story",)
        case InboxHead():
            return ("head", row.trigger)
        case InboxNote():
            return ("note", row.trigger, row.text)
        case FolderRow():
            return ("folder", row.trigger, row.folder)
        case FileRow():
            return ("file", row.trigger, row.path, row.waits)
