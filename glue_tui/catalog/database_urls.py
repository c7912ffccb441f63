"""SQLite's files, the patterns that name tables, and the limits of talking to a database. No polars, no drivers."""

from __future__ import annotations

import re
from pathlib import Path

from glue_tui.core.database_urls import EXAMPLES, kind_of
from glue_tui.core.problem import InvalidInput

BUSY_TIMEOUT_S = 30.0
"""For a lock on an SQLite file."""
CONNECT_TIMEOUT_S = 10
BATCH_ROWS = 50_000
COMMITS_TABLE = "glue_tui_commits"
"""A table of ours in a database that is appended to; nobody's data."""


def sqlite_path(url: str, project_dir: Path = Path()) -> Path:
    """Return the file behind `sqlite:///relative.db` (from the project folder) or `sqlite:////absolute.db`.

    Raises InvalidInput for any other kind of URL.
    """
    if (kind := kind_of(url)) != "sqlite":
        raise InvalidInput(f"{kind} can't be written yet", hint=f"{EXAMPLES['sqlite']} can")
    path = url.partition("://")[2].split("?")[0]
    if not path.startswith("/") or path == "/":
        raise InvalidInput(f"connection URL {url!r} names no file", hint="three slashes: sqlite:///path/to/file.db")
    return project_dir / path[1:]


def is_like(pattern: str, schema: str, table: str) -> bool:
    """Tell whether a table is one that a target's `include` means: an SQL LIKE pattern, whatever the case.

    `%` is every table, `orders%` tables of any schema, `public.%` those of one schema; where there are schemas, Glue's
    own way of writing them, `database/schema/%`, is understood, too.
    """
    if not schema:
        return _like(pattern, table)
    if "/" in pattern:
        schema_pattern, _, table_pattern = pattern.rpartition("/")
        return _like(schema_pattern.rpartition("/")[2], schema) and _like(table_pattern, table)
    if "." in pattern:
        return _like(pattern, f"{schema}.{table}")
    return _like(pattern, table)


def _like(pattern: str, text: str) -> bool:
    parts = {"%": ".*", "_": "."}
    expression = "".join(parts.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL | re.IGNORECASE) is not None


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
