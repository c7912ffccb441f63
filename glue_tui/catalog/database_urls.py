"""What a connection URL means, and the limits of talking to a database."""

from __future__ import annotations

import re
from pathlib import Path

from glue_tui.core.problem import InvalidInput

BUSY_TIMEOUT_S = 30.0
BATCH_ROWS = 50_000
COMMITS_TABLE = "glue_tui_commits"
"""A table of ours in a database that is appended to; nobody's data."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


def sqlite_path(url: str, project_dir: Path = Path()) -> Path:
    """Return the file behind `sqlite:///relative.db` (from the project folder) or `sqlite:////absolute.db`.

    Raises InvalidInput for any other kind of URL.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise InvalidInput(f"connection URL {url!r} names no kind of database", hint="sqlite:///path/to/file.db")
    if scheme[1].lower() != "sqlite":
        raise InvalidInput(f"connections to {scheme[1]} are not supported yet", hint="sqlite:///path/to/file.db works")
    path = url[scheme.end() :].split("?")[0]
    if not path.startswith("/") or path == "/":
        raise InvalidInput(f"connection URL {url!r} names no file", hint="three slashes: sqlite:///path/to/file.db")
    return project_dir / path[1:]


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
