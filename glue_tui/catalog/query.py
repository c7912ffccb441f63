"""SQL over catalog tables, written `database.table`, as a polars LazyFrame."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl
from polars.exceptions import ColumnNotFoundError, PolarsError

from glue_tui.catalog.pruning import Trace
from glue_tui.catalog.read import Catalog
from glue_tui.catalog.scan import scan
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean

_QUERY_WORDS = ("SELECT", "WITH", "SHOW", "EXPLAIN")
_FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*([^\s(;]*)", re.DOTALL)
"""Past blanks, comments and parentheses."""
_NO_RELATION = re.compile(r"relation '([^']*)' was not found")
_NO_COLUMN = re.compile(r'unable to find column "([^"]*)"; valid columns: \[(.*?)\]')


def run_sql(
    catalog: Catalog, query: str, *, project_dir: Path, environment: Mapping[str, str], trace: Trace | None = None
) -> pl.LazyFrame:
    """Return the result of one query in polars' SQL, not yet computed.

    Raises InvalidInput for a query that is wrong, EntityNotFound for an unknown table, with the nearest name.
    """
    _check_is_query(query)
    known = catalog.names()
    context = pl.SQLContext()
    for name in mentioned(query, known):
        context.register(name, scan(catalog, name, project_dir=project_dir, environment=environment, trace=trace))
    try:
        frame = context.execute(query)
        frame.collect_schema()
    except (PolarsError, pl.exceptions.PanicException) as error:
        raise explained(error, known) from error
    return frame


def _check_is_query(query: str) -> None:
    """Refuse what would change something: polars would do so in its own memory, and say that it succeeded."""
    found = _FIRST_WORD.match(query)
    word = found[1].upper() if found else ""
    if not word:
        raise InvalidInput("the query is empty", hint="write SELECT …")
    if word not in _QUERY_WORDS:
        raise InvalidInput(f"only queries: {word} is none", hint=did_you_mean(word, _QUERY_WORDS))


def mentioned(query: str, known: tuple[str, ...]) -> list[str]:
    """Return the known `database.table` names that occur in the query, quoted or not."""
    plain = query.replace('"', "").replace("`", "").lower()
    return [name for name in known if re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", plain)]


def explained(error: BaseException, known: tuple[str, ...]) -> InvalidInput | EntityNotFound:
    """Return polars' error about a query in our words, with the way out where there is one."""
    message = str(error).split("\n\nResolved plan until failure")[0].strip()
    if relation := _NO_RELATION.search(message):
        name = relation[1]
        same = [full for full in known if full.partition(".")[2] == name.lower()]
        hint = f'did you mean "{same[0]}"?' if same else did_you_mean(name, known)
        return EntityNotFound(f"no table {name} in the catalog", hint=hint or "run a crawler first")
    if isinstance(error, ColumnNotFoundError) and (column := _NO_COLUMN.search(message)):
        columns = re.findall(r'"([^"]*)"', column[2])
        return InvalidInput(f"no column {column[1]!r} in the query's tables", hint=did_you_mean(column[1], columns))
    return InvalidInput(f"the query is wrong: {message}")
