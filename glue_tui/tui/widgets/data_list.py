"""The Data view: the catalog's tables with their counts; Enter opens one to its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glue_tui.client.words import count, counted, size
from glue_tui.core.model import NodeId, node_name
from glue_tui.tui.format import age
from glue_tui.tui.paint import Span, Spans, columns, width_of
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.pane import ListPane

if TYPE_CHECKING:
    from glue_tui.catalog.read import TableEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRow:
    """A table, or a column of an open one."""

    table: str
    name: str
    notes: tuple[str, ...] = ()
    """The most telling first; the last ones give way where room is short."""
    facts: str = ""
    is_column: bool = False
    is_open: bool = False
    is_dim: bool = False


def data_rows(entries: Sequence[TableEntry], opened: frozenset[str], now: float) -> tuple[DataRow, ...]:
    """Return the rows: tables, and the columns of those in `opened`."""
    rows: list[DataRow] = []
    for entry in entries:
        is_open = entry.full_name in opened
        rows.append(_table(entry, is_open, now))
        if is_open:
            rows += [
                DataRow(table=entry.full_name, name=column.name, notes=(column.type,), facts=what, is_column=True)
                for column, what in (
                    *((column, column.reason or column.comment) for column in entry.table.columns),
                    *((column, "partition key") for column in entry.table.partition_keys),
                )
            ]
    return tuple(rows)


def _table(entry: TableEntry, is_open: bool, now: float) -> DataRow:
    updated = age(now - entry.updated_at)
    parts = [
        f"{count(entry.rows)} rows",
        counted(len(entry.table.columns) + len(entry.table.partition_keys), "column"),
        *([counted(entry.partitions, "partition")] if entry.partitions else []),
        *([size(entry.size_bytes)] if entry.size_bytes else []),
        entry.table.classification,
    ]
    return DataRow(
        table=entry.full_name,
        name=entry.full_name,
        notes=tuple(parts),
        facts=f"{node_name(NodeId(entry.written_by))}, {'just now' if updated == 'now' else updated + ' ago'}",
        is_open=is_open,
        is_dim=entry.is_deprecated,
    )


class DataList(ListPane[DataRow]):
    """Inside the view's frame."""

    is_framed = False

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(look, id=id)
        self.opened: frozenset[str] = frozenset()
        self._just_opened = ""

    def toggle(self) -> bool:
        """Open or close the table under the cursor; return whether there is one."""
        row = self.current
        if row is not None:
            self._just_opened = row.table if row.table not in self.opened else ""
            self.opened = self.opened ^ {row.table}
            self.cursor = next(index for index, one in enumerate(self.rows) if one.table == row.table)
        return row is not None

    def show_rows(self, rows: tuple[DataRow, ...], cursor: int | None = None) -> None:
        """Replace the rows; the columns of a table that was just opened are brought on screen."""
        super().show_rows(rows, cursor)
        last = max((at for at, row in enumerate(rows) if row.table == self._just_opened and row.is_column), default=-1)
        if last < 0:
            return
        self._just_opened = ""
        top = min(self.cursor, last - self.inner_height + 1)
        if top > self.top:
            self.top = top
            self.refresh()
            self.after_scroll()

    def empty_spans(self) -> Spans:
        return (("the catalog is empty: a crawler fills it", "muted"),)

    def row_spans(self, row: DataRow, width: int) -> Spans:
        if row.is_column:
            return ((f"     {row.name:<28} ", "text"), (f"{row.notes[0]:<16} ", "running"), (row.facts, "muted"))
        opener = self.look.glyph("open" if row.is_open else "closed")
        head: list[Span] = [(f" {opener} ", "faint+muted"), (f"{row.name:<26} ", "muted" if row.is_dim else "strong")]
        notes = list(row.notes)
        while len(notes) > 1 and width_of(head) + len(" · ".join(notes)) + len(row.facts) + 2 > width:
            notes.pop()
        return columns([*head, (" · ".join(notes), "text")], ((row.facts + " ", "muted"),), width, self.look)
