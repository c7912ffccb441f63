"""`glue-tui sql`: a query over the tables of the catalog, printed as a table, JSON or CSV. Here polars is loaded."""

from __future__ import annotations

import math
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from glue_tui.cli.output import harmless, paint, say, show, show_json, table_text
from glue_tui.cli.settings import Settings
from glue_tui.client.words import count

if TYPE_CHECKING:
    from glue_tui.catalog.result import QueryResult

ROWS_SHOWN = 200
"""Of a table for people. JSON and CSV are whole unless --limit is given."""


@click.command("sql")
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header line.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    help=f"At most so many rows; 0: all. Default: {ROWS_SHOWN} in a table, all in JSON and CSV.",
)
@click.pass_obj
def sql_command(settings: Settings, query: str, as_json: bool, as_csv: bool, limit: int | None) -> None:
    """Run a SELECT over the catalog's tables, written database.table. QUERY `-` is read from stdin.

    Rows that were left out are never left out silently: stderr says so.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    text = sys.stdin.read() if query == "-" else query
    rows_max = (limit or None) if limit is not None or as_json or as_csv else ROWS_SHOWN
    result = _result(settings, text, rows_max)
    if as_json:
        show_json(
            [{name: _json_value(value) for name, value in zip(result.columns, row, strict=True)} for row in result.rows]
        )
    elif as_csv:
        _print_csv(result)
    else:
        show(_result_text(result))
    if result.is_cut:
        say(f"cut after {_rows_text(len(result.rows))}; --limit 0 shows all", tone="warn")
    elif not as_json and not as_csv:
        say(_rows_text(len(result.rows)), tone="muted")


def _rows_text(rows: int) -> str:
    return f"{count(rows)} row{'' if rows == 1 else 's'}"


def _result(settings: Settings, query: str, rows_max: int | None) -> QueryResult:
    from glue_tui.catalog.result import query_result
    from glue_tui.cli.catalog import open_catalog

    project_dir = settings.project_dir()
    catalog = open_catalog(project_dir)
    return query_result(catalog, query, project_dir=project_dir, environment=os.environ, rows_max=rows_max)


def _result_text(result: QueryResult) -> str:
    right = [index for index, is_numeric in enumerate(result.numeric) if is_numeric]
    rows = [[_cell_text(value) for value in row] for row in result.rows]
    return table_text([harmless(name) for name in result.columns], rows, right=right)


def _cell_text(value: Any) -> str:
    """Return a value as text for people: nothing is rounded, and what is missing says so."""
    if value is None:
        return paint("null", "muted")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    return harmless(str(value))


def _json_value(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_json_value(one) for one in value]
    if isinstance(value, dict):
        return {key: _json_value(one) for key, one in value.items()}
    return value


def _print_csv(result: QueryResult) -> None:
    import csv

    import msgspec

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(result.columns)
    for row in result.rows:
        writer.writerow(
            msgspec.json.encode(value).decode() if isinstance(value, (list, dict)) else value for value in row
        )
