"""What PostgreSQL refuses while it is written, in words that name the way out. No password comes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glue_tui.core.database_urls import ServerUrl
from glue_tui.core.problem import InvalidInput

if TYPE_CHECKING:
    from psycopg import Error

_DETAIL_CHARACTERS_MAX = 500
_HINTS = {
    "42501": "GRANT it, or connect as a user who may",
    "25006": "it only reads: the connection's url has to name the primary server",
    "55P03": "another session holds it locked: end that, then retry",
    "40P01": "two sessions waited for each other: retry",
    "40001": "another session wrote the same table: retry",
    "53100": "free disk space on the server, then retry",
    "53200": "the server has no memory left for this: retry later",
    "23502": "fill it in the query, or ALTER the column to DROP NOT NULL",
    "23505": 'mode "upsert" replaces rows with the same keys',
    "23503": "bring in the rows that it points to first",
    "22001": "ALTER the column to be longer",
    "22003": "ALTER the column's type",
    "42809": "name a table, not a view",
    "57014": "the statement was cancelled on the server",
    "57P01": "somebody ended the session on the server: retry",
}
"""By SQLSTATE."""
_CONNECTION_LOST = "the connection broke: is the server up? Nothing is there unless all of it is; retry"


def refused(error: Error, what: str, url: ServerUrl, hint: str = "") -> InvalidInput:
    """Return what the server says of `what`; `hint` is the way out where the user lacks a right."""
    state = error.sqlstate or ""
    lacks_right = state == "42501" and hint
    found = hint if lacks_right else _HINTS.get(state, "" if state else _CONNECTION_LOST)
    more = [error.diag.message_detail, error.diag.context]
    details = "".join(f" ({' '.join(text.split())[:_DETAIL_CHARACTERS_MAX]})" for text in more if text)
    message = f"{what} in {url} could not be written: {said(error, url)}{url.without_password(details)}"
    return InvalidInput(message, hint=found)


def said(error: Error, url: ServerUrl) -> str:
    """Return the server's own words, or the driver's where the server said none, without the password."""
    text = error.diag.message_primary or str(error).rpartition("FATAL:")[2] or "no reason given"
    return url.without_password(next((line.strip() for line in text.splitlines() if line.strip()), text))
