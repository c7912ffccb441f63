"""SQL over catalog tables, written `database.table`, as a polars LazyFrame."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import polars as pl
from polars.exceptions import ColumnNotFoundError, PolarsError

from glue_tui.catalog.changed_files import gone_file, way_out
from glue_tui.catalog.lineage import mentioned
from glue_tui.catalog.places import absolute_path, as_os_error, bucket_and_key, is_s3
from glue_tui.catalog.pruning import Trace
from glue_tui.catalog.read import Catalog
from glue_tui.catalog.scan import scan
from glue_tui.catalog.sql_misread import refuse_misread
from glue_tui.catalog.table_part import TablePart
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean

_QUERY_WORDS = ("SELECT", "WITH", "FROM", "VALUES", "SHOW", "EXPLAIN")
_FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*([^\s(;]*)", re.DOTALL)
"""Past blanks, comments and parentheses."""
_NO_RELATION = re.compile(r"relation '([^']*)' was not found")
_NO_OBJECT = re.compile(r"Object at location (.+?) not found:|no such object: 's3://[^/]+/(.+?)'")
_S3_PATH = re.compile(r"\(path: (s3://[^)\n]+)\)")
_NO_COLUMN = re.compile(r'unable to find column "([^"]*)"; valid columns: \[(.*?)\]')


def run_sql(
    catalog: Catalog,
    query: str,
    *,
    project_dir: Path,
    environment: Mapping[str, str],
    trace: Trace | None = None,
    parts: Mapping[str, TablePart] | None = None,
) -> pl.LazyFrame:
    """Return the result of one query in polars' SQL, not yet computed.

    `trace` learns which files are read; of a table in `parts`, by name, only that part is read. EXPLAIN gives the plan,
    and how many files of each table the query would open. Raises InvalidInput for a query that is wrong or
    that polars would answer wrongly, EntityNotFound for an unknown table, with the nearest name.
    """
    known = catalog.names()
    match _first_word(query):
        case "SHOW", _:
            context = pl.SQLContext({name: pl.LazyFrame() for name in known})
            return _executed(context, query, known)
        case "EXPLAIN", rest:
            rehearsal = Trace(is_rehearsal=True)
            answer = partial(run_sql, catalog, rest, project_dir=project_dir, environment=environment, parts=parts)
            answer(trace=rehearsal).collect()
            plan = answer().explain()
            return pl.LazyFrame({"plan": [*map(str, rehearsal.reads), *plan.splitlines()]})
        case _:
            refuse_misread(query)
            context = pl.SQLContext()
            for name in mentioned(query, known):
                part = parts.get(name) if parts else None
                frame = scan(catalog, name, project_dir=project_dir, environment=environment, trace=trace, part=part)
                context.register(name, frame)
            return _executed(context, query, known)


def _executed(context: pl.SQLContext[pl.LazyFrame], query: str, known: tuple[str, ...]) -> pl.LazyFrame:
    try:
        frame = context.execute(query)
        frame.collect_schema()
    except (PolarsError, OSError, pl.exceptions.PanicException) as error:
        if refused := refused_by_s3(error):
            raise refused from error
        if isinstance(error, OSError):
            raise
        raise explained(error, known, query) from error
    return frame


def only_queries(query: str) -> None:
    """Raise InvalidInput for a statement that is no query."""
    _first_word(query)


def _first_word(query: str) -> tuple[str, str]:
    """Return the word that says what a query does, and what follows it. Raises InvalidInput for what would change
    something: polars would do so in its own memory, and say that it succeeded.
    """
    found = _FIRST_WORD.match(query)
    word = found[1].upper() if found else ""
    if not found or not word:
        raise InvalidInput("the query is empty", hint="write SELECT …")
    if word in ("DESCRIBE", "DESC"):
        name = query[found.end() :].strip(" ;") or "database.table"
        raise InvalidInput(f"only queries: {word} is none", hint=f"`glue-tui catalog {name}` shows a table")
    if word not in _QUERY_WORDS:
        raise InvalidInput(f"only queries: {word} is none", hint=did_you_mean(word, _QUERY_WORDS))
    return word, query[found.end() :]


def explained(error: BaseException, known: tuple[str, ...], query: str) -> InvalidInput | EntityNotFound:
    """Return polars' error about a query in our words, with the way out where there is one."""
    message = str(error).split("\n\nResolved plan until failure")[0].strip()
    if relation := _NO_RELATION.search(message):
        name = relation[1]
        same = [full for full in known if full.partition(".")[2] == name.lower()]
        hint = f'did you mean "{same[0]}"?' if same else did_you_mean(name, known)
        return EntityNotFound(f"no table {name} in the catalog", hint=hint or "run a crawler first")
    if isinstance(error, ColumnNotFoundError) and (column := _NO_COLUMN.search(message)):
        columns = [name for name in re.findall(r'"([^"]*)"', column[2]) if not name.startswith("__glue_tui_")]
        same = [name for name in columns if name.lower() == column[1].lower()]
        hint = f'did you mean "{same[0]}"?' if same else did_you_mean(column[1], columns)
        return InvalidInput(f"no column {column[1]!r} in the query's tables", hint=hint)
    digits = [name for name in mentioned(query, known) if "parser error" in message and re.search(r"\.\d", name)]
    if digits:
        database, _, name = digits[0].partition(".")
        hint = f'a name that begins with a digit is quoted: {database}."{name}"'
        return InvalidInput(f"the query is wrong: {message}", hint=hint)
    return InvalidInput(f"the query is wrong: {message}")


def changed_file(catalog: Catalog, query: str, project_dir: Path) -> InvalidInput | None:
    """Return what to say of a query that failed because a local file it reads is not as its crawler saw it."""
    for full_name in mentioned(query, catalog.names()):
        entry, files = catalog.file_rows(full_name)
        for path, size_bytes, mtime_ns, *_ in () if is_s3(entry.table.location) else files:
            try:
                found = os.stat(absolute_path(path, project_dir))  # noqa: PTH116 -- there may be 100,000 of them
            except OSError:
                continue
            if (found.st_size, found.st_mtime_ns) != (size_bytes, mtime_ns):
                return InvalidInput(
                    f"{full_name}: {path} has changed since the catalog learnt of it", hint=way_out(entry)
                )
    return None


def refused_by_s3(error: BaseException) -> InvalidInput | None:
    """Return what to say of a query that failed because S3 refused to answer, or did not answer."""
    text = str(error)
    if not isinstance(error, Exception) or "object-store error" not in text:
        return None
    found = _S3_PATH.search(text)
    path = found[1] if found else "an object of S3"
    told = as_os_error(error, path)
    hint = "is the endpoint running, and can this machine reach it?" if isinstance(told, ConnectionError) else ""
    return InvalidInput(f"{path} can't be read: {told.strerror}", hint=hint)


def gone_object(catalog: Catalog, query: str, error: BaseException) -> InvalidInput | None:
    """Return what to say of a query that failed because an object of S3 that it reads is gone."""
    found = _NO_OBJECT.search(str(error))
    if found is None:
        return None
    key = found[1] or found[2]
    for full_name in mentioned(query, catalog.names()):
        entry, files = catalog.file_rows(full_name)
        if is_s3(entry.table.location):
            for path, *_ in files:
                if bucket_and_key(path)[1] == key:
                    return gone_file(entry, path)
    return None
