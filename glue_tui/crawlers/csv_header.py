"""Whether a CSV file's first row holds names, and which column names that makes."""

from __future__ import annotations

import re

from glue_tui.crawlers.values import is_text

HEADER_CELL_MAX = 150
"""Rule CL-5."""

_COLUMN_NAME = re.compile(r"[^\W\d][\w .:/()%#€$&+-]*")
_TELLING_WORDS = re.compile(
    r"(?:id|key|code|name|type|date|day|month|year|time|timestamp|amount|price|cost|total|quantity|"
    r"qty|count|number|no|nr|status|state|city|country|region|address|street|zip|postcode|email|"
    r"mail|phone|url|description|comment|note|label|category|product|customer|user|order|item|"
    r"store|shop|sku|currency|value|first|last|created|updated|at|title|group|class|level|from|"
    r"to|start|end|lat|lon|latitude|longitude|language|gender|color|colour|size|unit)"
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def has_header(rows: list[list[str]]) -> bool:
    """Return whether the first row holds names (rule CL-5), also where all values are text, which Glue can't tell."""
    cells = [cell.strip() for cell in rows[0]]
    if not _could_be_names(cells):
        return False
    body = rows[1:]
    columns = [[row[place] for row in body if place < len(row) and row[place] != ""] for place in range(len(cells))]
    if any(values and not all(map(is_text, values[:20])) for values in columns):
        return True
    if len(set(cells)) < len(cells) or any(cell in values for cell, values in zip(cells, columns, strict=True)):
        return False
    if not any(columns):
        return True
    return sum(_vote(cell, values) for cell, values in zip(cells, columns, strict=True)) > 0


def _could_be_names(cells: list[str]) -> bool:
    names = [cell for cell in cells if cell]
    if len(cells) - len(names) > 1 or not names:
        return False
    return all(len(name) < HEADER_CELL_MAX and _COLUMN_NAME.fullmatch(name) and is_text(name) for name in names)


def _vote(cell: str, values: list[str]) -> int:
    """Return how much one column of text speaks for its first cell being a name: a telling word, another look."""
    vote = 0
    words = {word.lower() for word in _WORDS.findall(cell)}
    if any(map(_TELLING_WORDS.fullmatch, words)) or "_" in cell:
        vote += 2
    lengths = {len(value) for value in values}
    if len(values) > 1 and len(lengths) == 1:
        vote += 1 if len(cell) not in lengths else -1
    if values and cell.islower() != any(value.islower() for value in values):
        vote += 1
    return vote


def column_names(cells: list[str]) -> tuple[str, ...]:
    """Return the cells of a header as column names: trimmed, an empty one numbered, a second one of a name too."""
    names: list[str] = []
    for place, cell in enumerate(cells):
        base = cell.strip() or f"col{place}"
        name, number = base, 1
        while name in names:
            number += 1
            name = f"{base}_{number}"
        names.append(name)
    return tuple(names)
