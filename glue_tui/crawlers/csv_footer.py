"""Whether the last rows of a CSV file are none: sums, and notes such as `-- 3 rows --`. That can only be a doubt."""

from __future__ import annotations

import re
from itertools import takewhile

FOOTER_LINES_MAX = 5
_SIGNS = " \t\"'*#=-–—([<"
_FOOTER = re.compile(
    rf"[{re.escape(_SIGNS)}]*(?:(?:grand |sub-?|overall )?totals?|sum|summe|gesamt(?:summe)?|zwischensumme|"
    r"total général|totale|suma|end of (?:file|report|data|list)|ende der liste|eof|"
    r"\d+ (?:rows?|records?|lines?|entries|zeilen|datensätze|lignes|filas)(?: (?:selected|affected|exported))?)"
    r"(?![\w-])",
    re.IGNORECASE,
)


def is_footer(line: str, delimiter: str) -> bool:
    """Return whether a row looks like a sum or a note, by the first of its values."""
    return _FOOTER.match(line.lstrip(delimiter)) is not None


def may_be_footer(line: str, delimiter: str) -> bool:
    """Return whether a last row looks like a sum or a note, or has nothing in it, so that the row above it may."""
    return is_footer(line, delimiter) or not line.strip(_SIGNS + "\r\n" + delimiter)


def footer_doubts(tail: str, delimiter: str) -> tuple[str, ...]:
    """Return the doubt about the last rows of a file; nothing if they look like the others.

    `tail` is how the file ends, after a line that is not looked at: its header, or half a row.
    """
    lines = [line for line in tail.splitlines()[1:] if line.strip(_SIGNS + delimiter)]
    looks = [is_footer(line, delimiter) for line in lines]
    footers = sum(1 for _ in takewhile(bool, reversed(looks)))
    # Rows of sums among the others are data.
    if not footers or footers > FOOTER_LINES_MAX or sum(looks) > footers:
        return ()
    what = "its last row looks" if footers == 1 else f"its last {footers} rows look"
    return (f"{what} like a sum or a note: say skip_footer_lines = {footers} to leave that out",)
