"""`glue-tui sql`: a query over the tables of the catalog, printed as a table, JSON or CSV. Here polars is loaded."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from glue_tui.catalog.read import Catalog
from glue_tui.cli.output import harmless, paint, say, show, show_json, table_text
from glue_tui.cli.settings import Settings
from glue_tui.client.find import state_db
from glue_tui.client.words import count

if TYPE_CHECKING:
    from glue_tui.catalog.result import QueryResult, QueryStream

CELL_CHARS_MAX = 120
ROWS_SHOWN = 200
"""Of a table for people. JSON and CSV are whole unless --limit is given."""


@click.command("sql")
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects; with --output, what was written.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header line.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    help=f"At most so many rows; 0: all. Default: {ROWS_SHOWN} in a table, all in JSON and CSV.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the rows to this new file: CSV, JSON or Parquet, by its ending.",
)
@click.pass_obj
def sql_command(
    settings: Settings, query: str, as_json: bool, as_csv: bool, limit: int | None, output: Path | None
) -> None:
    """Run a SELECT over the catalog's tables, written database.table. QUERY `-` is read from stdin.

    EXPLAIN before it tells which files it would open; of a table with partition keys only those that its condition
    leaves. SHOW TABLES lists the tables.

    Rows that were left out are never left out silently: stderr says so.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    if output is not None and as_csv:
        raise click.UsageError("--output writes CSV by the file's ending; --csv prints it")
    text = sys.stdin.read() if query == "-" else query
    if output is not None:
        _save(settings, text, output, limit or None, as_json=as_json)
        return
    rows_max = (limit or None) if limit is not None or as_json or as_csv else ROWS_SHOWN
    print_rows(settings, text, rows_max, as_json=as_json, as_csv=as_csv)


def _save(settings: Settings, query: str, path: Path, rows_max: int | None, *, as_json: bool) -> None:
    from glue_tui.catalog.save import save_rows

    project_dir = settings.project_dir()
    catalog = Catalog.open(state_db(project_dir))
    rows = save_rows(catalog, query, path, project_dir=project_dir, environment=os.environ, rows_max=rows_max)
    if as_json:
        show_json({"path": str(path), "rows": rows})
    else:
        say(f"{_rows_text(rows)} saved to {harmless(str(path))}")


def print_rows(
    settings: Settings, query: str, rows_max: int | None = None, *, as_json: bool = False, as_csv: bool = False
) -> None:
    """Run a query and print its rows, `rows_max` at most, and say what was left out and which files were read."""
    if as_json or as_csv:
        stream = _stream(settings, query, rows_max)
        for chunk in stream.csv() if as_csv else stream.json():
            sys.stdout.write(chunk)
        sys.stdout.flush()
        _say_if_cut(stream.rows, stream.is_cut)
        return
    result = _result(settings, query, rows_max)
    show(_result_text(result))
    if not result.is_cut:
        say(_rows_text(len(result.rows)), tone="muted")
    _say_if_cut(len(result.rows), result.is_cut)
    for read in result.reads:
        if read.files < read.of_files:
            say(f"read {read}", tone="muted")


def _say_if_cut(rows: int, is_cut: bool) -> None:
    if is_cut:
        say(f"cut after {_rows_text(rows)}; --limit 0 shows all", tone="warn")


def _rows_text(rows: int) -> str:
    return f"{count(rows)} row{'' if rows == 1 else 's'}"


def _result(settings: Settings, query: str, rows_max: int | None) -> QueryResult:
    from glue_tui.catalog.result import query_result

    project_dir = settings.project_dir()
    catalog = Catalog.open(state_db(project_dir))
    return query_result(catalog, query, project_dir=project_dir, environment=os.environ, rows_max=rows_max)


def _stream(settings: Settings, query: str, rows_max: int | None) -> QueryStream:
    from glue_tui.catalog.result import query_stream

    project_dir = settings.project_dir()
    catalog = Catalog.open(state_db(project_dir))
    return query_stream(catalog, query, project_dir=project_dir, environment=os.environ, rows_max=rows_max)


def _result_text(result: QueryResult) -> str:
    right = [index for index, is_numeric in enumerate(result.numeric) if is_numeric]
    rows = [[_cell_text(value) for value in row] for row in result.rows]
    if any(len(cell) > CELL_CHARS_MAX for row in rows for cell in row):
        say(f"values are cut after {CELL_CHARS_MAX} characters; --json and --csv have them whole", tone="warn")
    return table_text([harmless(name) for name in result.columns], rows, right=right)


def _cell_text(value: Any) -> str:
    """Return a value as text for people: numbers are not rounded, and what is missing says so."""
    match value:
        case None:
            return paint("null", "muted")
        case bool():
            return "true" if value else "false"
        case bytes():
            text = value.hex()
        case list() | dict():
            text = harmless(msgspec.json.encode(value).decode())
        case _:
            text = harmless(str(value))
    return text if len(text) <= CELL_CHARS_MAX else text[:CELL_CHARS_MAX] + "…"
