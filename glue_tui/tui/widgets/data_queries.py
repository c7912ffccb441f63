"""The queries of the Data view: which one runs, the answers that there are, and what is said of them."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from glue_tui.client.words import count, counted, duration
from glue_tui.core.problem import InvalidInput
from glue_tui.tui.paint import Spans, wrap
from glue_tui.tui.query import QueryHistory, answer_of
from glue_tui.tui.widgets.data_grid import Grid, GridColumn, GridRow, grid

if TYPE_CHECKING:
    from glue_tui.catalog.answers import QueryAnswer
    from glue_tui.core.schema import Column

SAMPLE_ROWS = 100


class Queries:
    """One runs at a time. `run` starts its work and ends the one before; `changed` is called when something is new."""

    def __init__(self, project_dir: Path, run: Callable[[Awaitable[None]], None], changed: Callable[[], None]) -> None:
        self.project_dir = project_dir
        self.text = ""
        """The query asked last."""
        self.running = ""
        """What is asked for now: `sql`, `rows raw.sales`, `nulls raw.sales`, `save`."""
        self.answers: dict[str, QueryAnswer] = {}
        self.status: Spans = ()
        """News that stand before anything else, until the next query or key."""
        self.generation = 0
        """Rises with every change."""
        self._run = run
        self._changed = changed
        self._sampled: tuple[str, float] = ("", 0.0)

    def ask(self, text: str, history: QueryHistory) -> None:
        """Begin a query of the person's."""
        self.text = text
        self._begin("sql", text)
        try:
            history.add(text)
        except InvalidInput as error:
            self.status = ((str(error), "warn"),)

    def sample(self, table: str, updated_at: float) -> None:
        """Begin to read the first rows of a table, unless they are there as of that moment, or asked for."""
        if self._sampled != (table, updated_at):
            self._sampled = (table, updated_at)
            self._begin(f"rows {table}", self.sample_text(table))

    def sample_text(self, table: str) -> str:
        """Return the query for the first rows of a table."""
        return f"SELECT * FROM {_quoted(table)} LIMIT {SAMPLE_ROWS}"

    def count_nulls(self, table: str, columns: tuple[Column, ...]) -> None:
        """Begin to count the rows without a value, column by column."""
        self._begin(f"nulls {table}", nulls_query(table, columns))

    def save(self, query: str, path: str) -> None:
        """Begin to write all rows of a query to a file."""
        self._begin("save", query.removesuffix(f" LIMIT {SAMPLE_ROWS}"), save_to=path)

    def ended(self) -> None:
        """Take note that what was running has been ended."""
        self.status = (("ended", "warn"), ("  its process is gone", "muted"))
        self.running = ""
        self._tell()

    def arrive(self) -> None:
        """Let go of old news, and read first rows anew that were not read to their end: another page is looked at."""
        if not self.running:
            self.status = ()
            if f"rows {self._sampled[0]}" not in self.answers:
                self._sampled = ("", 0.0)

    def _begin(self, about: str, query: str, save_to: str = "") -> None:
        self.answers.pop(about, None)
        self.running = about
        word = {"nulls": "counting", "save": "saving"}.get(about.partition(" ")[0], "running")
        self.status = ((f"{word}…", "running"), ("  Esc ends it", "muted"))
        self.generation += 1
        self._run(self._work(about, query, save_to))

    async def _work(self, about: str, query: str, save_to: str) -> None:
        answer = await answer_of(self.project_dir, query, save_to=save_to)
        if self.running != about:
            return
        self.running = ""
        self.status = ()
        if answer.error and about.partition(" ")[0] in ("save", "nulls"):
            self.status = ((answer.error, "bad_strong"), (f"  {answer.hint}", "warn"))
        elif about == "save":
            twin = f"glue-tui sql {shlex.quote(query)} --output {shlex.quote(save_to)}"
            self.status = (
                (f"saved {counted(answer.saved_rows, 'row')} to {save_to}", "good"),
                (f"  $ {twin}", "muted"),
            )
        else:
            self.answers[about] = answer
        self._tell()

    def _tell(self) -> None:
        self.generation += 1
        self._changed()


def nulls_query(table: str, columns: tuple[Column, ...]) -> str:
    """Return the query that counts, column by column, the rows without a value."""
    counts = ", ".join(f"COUNT(*) - COUNT({_name(one.name)}) AS {_name(one.name)}" for one in columns)
    return f"SELECT {counts} FROM {_quoted(table)}"


def null_counts(answer: QueryAnswer | None) -> Mapping[str, str]:
    """Return the counts by column; none where they have not been counted."""
    if answer is None or not answer.rows:
        return {}
    return {column.name: count(int(cell or 0)) for column, cell in zip(answer.columns, answer.rows[0], strict=True)}


def query_facts(queries: Queries, about: str, query: str) -> Spans:
    """Return how many rows there are, how long they took, and the same on the command line."""
    answer = queries.answers.get(about)
    if answer is None or answer.error:
        return ()
    rows = count(len(answer.rows))
    told = f"the first {rows} rows, there are more" if answer.is_cut else counted(len(answer.rows), "row")
    reads = "".join(f" · read {one}" for one in answer.reads)
    twin = f"   $ glue-tui sql {shlex.quote(query)}"
    return ((told, "warn" if answer.is_cut else "good"), (f" · {duration(answer.seconds)}{reads}{twin}", "muted"))


def error_grid(answer: QueryAnswer, width: int) -> Grid:
    """Return why a query has no rows, and the way out."""
    column = GridColumn(name="", cells_max=width)
    lines = [*((line, "bad_strong") for line in wrap(answer.error, width)), ("", "")]
    lines += [(line, "warn") for line in wrap(answer.hint, width)] if answer.hint else []
    return grid((column,), (GridRow(cells=(text,), tone=tone) for text, tone in lines))


def waiting_grid(said: str) -> Grid:
    """Return a grid of nothing yet."""
    return grid((), (), said)


def _quoted(table: str) -> str:
    database, _, name = table.partition(".")
    return f"{_name(database)}.{_name(name)}"


def _name(name: str) -> str:
    """Return a name as it may stand in SQL, whatever it is."""
    return '"' + name.replace('"', '""') + '"'
