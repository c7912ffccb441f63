"""The Data view: the catalog, one table of it in its facets, and the answers to queries; each a grid with a cursor.

Queries are answered by a process of their own (`tui.query`); what the keys mean is in `actions.data`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Hashable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, assert_never

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message

from glue_tui.tui.asked import Asked
from glue_tui.tui.paint import Spans, segments
from glue_tui.tui.query import QueryHistory
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.data_grid import Grid, GridRow, header_spans, last_first, row_spans
from glue_tui.tui.widgets.data_pages import (
    Facet,
    answer_grid,
    catalog_facts,
    catalog_grid,
    columns_grid,
    partitions_grid,
    table_facts,
    uses_grid,
    versions_grid,
)
from glue_tui.tui.widgets.data_prompt import DataPrompt, Question
from glue_tui.tui.widgets.data_queries import Queries, error_grid, null_counts, query_facts, waiting_grid
from glue_tui.tui.widgets.pane import ListPane

if TYPE_CHECKING:
    from glue_tui.catalog.read import TableEntry
    from glue_tui.client.catalog_views import TableDetails


class Level(Enum):
    CATALOG = "catalog"
    TABLE = "table"
    QUERY = "query"


class DataSource(Protocol):
    """Where the view gets its tables."""

    project_dir: Path

    def tables(self) -> Awaitable[tuple[TableEntry, ...]]: ...

    def table(self, full_name: str) -> Awaitable[tuple[TableDetails, ...]]:
        """Return all that is known of one table, as the only element."""


class DataView(ListPane[GridRow]):
    """Inside the view's frame. The first lines say where one is; rows and cursor are the grid's."""

    is_framed = False

    class Opened(Message):
        """The row under the cursor was clicked again; of the catalog any row, at once."""

    def __init__(self, look: Look, asked: Asked, source: DataSource, *, id: str) -> None:
        super().__init__(look, id=id)
        self.asked = asked
        self.source = source
        self.level = Level.CATALOG
        self.table = ""
        self.facet = Facet.COLUMNS
        self.base = 0
        """The version that others are compared with; 0: each with what was noted of it."""
        self.filter = ""
        self.folded: frozenset[str] = frozenset()
        self.grid = Grid()
        self.first = 0
        """The first column on screen."""
        self.entries: tuple[TableEntry, ...] = ()
        self.details: TableDetails | None = None
        self.queries = Queries(source.project_dir, self._run_query, self.rebuild)
        self.prompt: DataPrompt | None = None
        self.history = QueryHistory(source.project_dir)
        self._stamp: Hashable = None
        self._now = 0.0
        self._grid_of: Hashable = None
        self._head: object = None
        """What the first lines say."""
        self._left: dict[Hashable, tuple[int, int, int]] = {}
        """Of pages left: cursor, top, first column."""

    # What there is to show

    def fill(self, stamp: Hashable, now: float) -> None:
        """Show the catalog as of `stamp`: it is asked again for each new one."""
        self._stamp, self._now = stamp, now
        self.rebuild()

    def rebuild(self) -> None:
        """Bring grid and lines up to what is looked at."""
        self.entries = self.asked.answer("tables", "", self._stamp, self.source.tables)
        if self.table:
            name = self.table
            told = self.asked.answer("table", name, self._stamp, lambda: self.source.table(name))
            self.details = told[0] if told else None
        of = self._about()
        if of != self._grid_of:
            self._grid_of = of
            before, self.grid = self.grid, self._made_grid()
            self.show_rows(self.grid.rows)
            if (before.columns, before.widths) != (self.grid.columns, self.grid.widths):
                self.first = min(self.first, last_first(self.grid, self.inner_width))
                self.refresh()
        head = (self._path(), self._facts(), self.prompt)
        if head != self._head or self.prompt is not None:
            self._head = head
            self.refresh(Region(0, 0, self.size.width, self.lines_above))

    def _about(self) -> Hashable:
        """Return everything that the grid is made of."""
        state = (self.level, self.table, self.facet, self.base, self.filter, self.folded, self.inner_width)
        return (*state, id(self.entries), id(self.details), int(self._now // 60), self.queries.generation)

    def _made_grid(self) -> Grid:
        match self.level:
            case Level.CATALOG:
                return catalog_grid(self.entries, self.folded, self.filter, self._now)
            case Level.TABLE:
                return self._table_grid()
            case Level.QUERY:
                return self._answer_grid("sql")
            case _:
                assert_never(self.level)

    def _table_grid(self) -> Grid:
        details = self.details
        if details is None:
            return waiting_grid("reading the catalog")
        match self.facet:
            case Facet.COLUMNS:
                nulls = null_counts(self.queries.answers.get(f"nulls {self.table}"))
                return columns_grid(details, nulls, self.filter)
            case Facet.ROWS:
                self.queries.sample(self.table, details.table.updated_at)
                return self._answer_grid(f"rows {self.table}")
            case Facet.PARTITIONS:
                return partitions_grid(details, self.filter)
            case Facet.VERSIONS:
                return versions_grid(details, self.base, self._now)
            case Facet.USES:
                return uses_grid(details, self._now)
            case _:
                assert_never(self.facet)

    def _answer_grid(self, about: str) -> Grid:
        answer = self.queries.answers.get(about)
        if answer is None:
            running = self.queries.running == about
            return waiting_grid("" if running else "ended before there was an answer")
        if answer.error:
            return error_grid(answer, max(20, self.inner_width - 2))
        return answer_grid(answer)

    def _run_query(self, work: Awaitable[None]) -> None:
        """Run a query's work; the one before is ended."""
        self.run_worker(work, exclusive=True, group="query", exit_on_error=True)

    # Going about

    def _go(self, level: Level, table: str, facet: Facet) -> None:
        self._left[(self.level, self.table, self.facet)] = (self.cursor, self.top, self.first)
        page = (level, table, facet)
        if page != (self.level, self.table, self.facet):
            self.filter = ""
        if table != self.table:
            self.details, self.base = None, 0
        self.level, self.table, self.facet = page
        self.queries.arrive()
        cursor, top, self.first = self._left.get(page, (0, 0, 0))
        self.rows, self.cursor, self.top = (), cursor, top
        self._grid_of = None
        self.rebuild()
        self.cursor = max(0, min(cursor, len(self.rows) - 1))
        self._keep_cursor_visible()
        self.refresh()

    def open_table(self, full_name: str) -> None:
        """Show one table in its facets."""
        self._go(Level.TABLE, full_name, self.facet if self.level is Level.TABLE else Facet.COLUMNS)

    def show_answer(self) -> None:
        """Show the answer to the query asked last."""
        self._go(Level.QUERY, self.table, self.facet)

    def next_facet(self, step: int) -> None:
        """Show the table's next facet, around the end."""
        if self.level is Level.TABLE:
            facets = list(Facet)
            self._go(Level.TABLE, self.table, facets[(facets.index(self.facet) + step) % len(facets)])

    def back(self) -> None:
        """End what is running; else let go of a filter, of a marked version; else go up: query, table, catalog."""
        if self.queries.running:
            self.workers.cancel_group(self, "query")
            self.queries.ended()
        elif self.filter or self.base:
            self.filter, self.base = "", 0
            self.rebuild()
        elif self.level is Level.QUERY and self.table:
            self._go(Level.TABLE, self.table, self.facet)
        elif self.level is not Level.CATALOG:
            self._go(Level.CATALOG, "", Facet.COLUMNS)

    def fold(self, database: str) -> None:
        """Hide or show a database's tables."""
        self.folded ^= {database}
        self.rebuild()

    def mark_version(self) -> None:
        """Compare the other versions with the one under the cursor, or let go of it."""
        if self.level is Level.TABLE and self.facet is Facet.VERSIONS and self.current is not None:
            version = int(self.current.key)
            self.base = 0 if self.base == version else version
            self.rebuild()

    def slide(self, where: str) -> None:
        """Move sideways by a column: left, right."""
        first = max(0, min(self.first + (1 if where == "right" else -1), last_first(self.grid, self.inner_width)))
        if first != self.first:
            self.first = first
            self.refresh()

    # What is asked

    def begin(self, question: Question, text: str = "") -> None:
        """Ask for a text in the first line."""
        self.prompt = DataPrompt(question, text, self.history.queries, self.entries)
        self.refresh(Region(0, 0, self.size.width, self.lines_above))

    def take_key(self, event: events.Key) -> bool:
        if self.prompt is None:
            return False
        match event.key:
            case "escape":
                question, self.prompt = self.prompt.question, None
                self._filter_by("" if question is Question.FILTER else self.filter)
            case "enter":
                prompt, self.prompt = self.prompt, None
                self._answered(prompt)
            case _:
                self.prompt.take(event.key, event.character)
                self._filter_by(self.prompt.text if self.prompt.question is Question.FILTER else self.filter)
        return True

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if self.prompt is not None:
            self.prompt.paste(event.text)
            self._filter_by(self.prompt.text if self.prompt.question is Question.FILTER else self.filter)

    def _filter_by(self, text: str) -> None:
        if text != self.filter:
            self.filter, self.cursor, self.top = text, 0, 0
            self.rebuild()
            if text and self.level is Level.CATALOG:
                self.move(1)  # from the database to the first table found
        self.rebuild()

    def _answered(self, prompt: DataPrompt) -> None:
        text = prompt.text.strip()
        match prompt.question:
            case Question.SQL if text:
                self.queries.ask(text, self.history)
                self.show_answer()
            case Question.SAVE if text:
                self.queries.save(self.shown_query, text)
        self.rebuild()

    @property
    def shown_query(self) -> str:
        """The query whose rows are shown; empty elsewhere."""
        if self.level is Level.QUERY:
            return self.queries.text
        return self.queries.sample_text(self.table) if self.level is Level.TABLE and self.facet is Facet.ROWS else ""

    # Drawing

    @property
    def lines_above(self) -> int:
        """Where one is, what is known of it, the names of the columns; where lines are few, not the second."""
        return 3 if self.size.height >= 8 else 2

    @property
    def inner_height(self) -> int:
        return max(0, self.size.height - self.lines_above)

    def content(self, y: int) -> list[Segment]:
        width = self.inner_width
        if y >= self.lines_above:
            return super().content(y - self.lines_above)
        if y == 0:
            asked = self.prompt
            return segments(asked.spans(width) if asked is not None else (((" ", ""), *self._path())), width, self.look)
        if y == self.lines_above - 1:
            return segments(header_spans(self.grid, self.first, self.look), width, self.look)
        return segments(((" ", ""), *self._facts()), width, self.look)

    def _path(self) -> Spans:
        crumb = f" {self.look.glyph('crumb')} "
        tail: Spans = (("   / ", "key"), (self.filter, "strong")) if self.filter else ()
        match self.level:
            case Level.CATALOG:
                return (("tables", "accent_strong"), *tail)
            case Level.TABLE:
                spans: Spans = ((self.table, "strong"), (crumb, "muted"))
                for facet in Facet:
                    tone = "accent_strong" if facet is self.facet else "muted"
                    spans = (*spans, (f"{facet.value}{self._count(facet)}", tone), ("  ", ""))
                return (*spans, *tail)
            case Level.QUERY:
                return (("SQL", "accent_strong"), (crumb, "muted"), (self.queries.text, "strong"))
            case _:
                assert_never(self.level)

    def _count(self, facet: Facet) -> str:
        known = self.details
        if known is None or facet is Facet.ROWS:
            return ""
        counts = {
            Facet.COLUMNS: len(known.table.columns) + len(known.table.partition_keys),
            Facet.PARTITIONS: len(known.partitions),
            Facet.VERSIONS: len(known.versions),
            Facet.USES: len(known.uses),
        }
        return f" {counts[facet]}"

    def _facts(self) -> Spans:
        if self.prompt is not None:
            return self.prompt.help_spans()
        if self.queries.status:
            return self.queries.status
        if self.shown_query:
            return query_facts(
                self.queries, "sql" if self.level is Level.QUERY else f"rows {self.table}", self.shown_query
            )
        if self.level is Level.TABLE:
            return table_facts(self.details, self._now) if self.details is not None else ()
        return catalog_facts(self.entries)

    def empty_spans(self) -> Spans:
        return ((self.grid.empty, "muted"),)

    def row_spans(self, row: GridRow, width: int) -> Spans:
        return row_spans(self.grid, row, self.first, width, self.look)

    def thumb(self) -> tuple[int, int]:
        return (0, 0)  # the frame's border tells what is off the screen

    def on_resize(self) -> None:
        self.rebuild()
        super().on_resize()

    def on_click(self, event: events.Click) -> None:
        index = self.top + event.y - self.lines_above
        if event.y >= self.lines_above and index < len(self.rows):
            is_again = index == self.cursor or self.level is Level.CATALOG
            self.move_to(index)
            self.post_message(self.Clicked(self))
            if is_again:
                self.post_message(self.Opened())

    def _refresh_row(self, index: int) -> None:
        y = index - self.top
        if 0 <= y < self.inner_height:
            self.refresh(Region(0, y + self.lines_above, self.size.width, 1))
