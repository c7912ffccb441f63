"""Whether a CSV file's first row holds names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from glue_tui.crawlers.values import is_text

HEADER_CELL_MAX = 150
"""Rule CL-5."""
TYPED_VALUES = 20
"""So many values of a column are looked at for one that is not text."""
_COLUMN_NAME = re.compile(r"#? ?[^\W\d][\w .:/()%#€$&+'?-]*")
_NO_VALUE = re.compile(r"[-–—.?*!\\_]+|\\N|[<(\[]?(?:null|nil|nan|na)[>)\]]?", re.IGNORECASE)
"""What rows write where they have no value: no column is called so."""
_TELLING_WORDS = re.compile(
    r"(?:id|key|code|name|type|date|day|month|year|time|timestamp|amount|price|cost|total|quantity|"
    r"qty|count|number|no|nr|status|state|city|town|country|region|address|street|zip|postcode|email|"
    r"mail|phone|url|description|comment|note|notes|label|category|product|customer|user|order|item|"
    r"store|shop|sku|currency|value|first|last|created|updated|at|title|group|class|level|from|"
    r"to|start|end|lat|lon|latitude|longitude|language|gender|color|colour|size|unit|text|file|path|"
    r"nom|prenom|prix|ville|pays|datum|preis|ort|stadt|land|menge|betrag|nummer|titel|strasse|plz)"
)
_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)
_WORDS = re.compile(r"[A-Z]?[^\W\dA-Z_]+|[A-Z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    is_there: bool
    tried: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def header_of(rows: list[list[str]], said: bool | None) -> Header:
    """Return whether the first row holds names (rule CL-5), also where all values are text, which Glue can't tell."""
    if said is not None:
        return Header(is_there=said, tried=("header: as said",))
    cells = [" ".join(cell.split()) for cell in rows[0]]
    body = rows[1:]
    columns = [[row[place] for row in body if place < len(row) and row[place] != ""] for place in range(len(cells))]
    years = _years(cells, columns)
    names = [cell for cell in cells if cell not in years]
    if reason := _no_names(names, len(cells)):
        return Header(is_there=False, tried=(f"no header: {reason}",))
    unusual = [name for name in names if name and not _COLUMN_NAME.fullmatch(name)]
    if years:
        doubt = f"a header that names years ({', '.join(years)}): say header = true or header = false"
        return Header(is_there=True, tried=("header: names and years",), doubts=(doubt,))
    typed = [cell for cell, values in zip(cells, columns, strict=True) if _is_typed(values)]
    if typed:
        cell = next((cell for cell in typed if cell not in unusual), typed[0])
        tried = f"header: {cell or 'its column'} is text, but not what stands below it"
        is_sure = cell not in unusual or any(map(_is_telling, cells))
        return Header(is_there=True, tried=(tried,), doubts=() if is_sure else (_unusual(unusual, "a header"),))
    if unusual:
        tried = f"no header: all is text, and {unusual[0]!r} of its first row is no usual name"
        doubts = (_unusual(unusual, "no header"),) if any(map(_is_telling, cells)) else ()
        return Header(is_there=False, tried=(tried,), doubts=doubts)
    return _of_text(cells, columns, len(body))


def telling_places(cells: Sequence[str]) -> tuple[int, ...]:
    """Return the places of the columns that make the cells above them a header, and no doubt about it, if not all that
    stands in the first `TYPED_VALUES` values of one of them is text."""
    if any(map(_is_telling, cells)):
        return tuple(range(len(cells)))
    return tuple(place for place, cell in enumerate(cells) if _COLUMN_NAME.fullmatch(cell))


def _is_typed(values: list[str]) -> bool:
    """Return whether what stands in a column is not mere text."""
    return bool(values) and not all(is_text(value.strip()) for value in values[:TYPED_VALUES])


def _unusual(names: list[str], what: str) -> str:
    return f"{what}, but {names[0]!r} is an unusual name: say header = true or header = false"


def _years(cells: list[str], columns: list[list[str]]) -> list[str]:
    """Return the cells that are years in a row, where what stands below them are none: columns of figures by year.

    A lone year counts where another cell is a name by what stands below it.
    """
    years = [(cell, values) for cell, values in zip(cells, columns, strict=True) if _YEAR.fullmatch(cell)]
    found = [cell for cell, _ in years]
    is_named = any(
        _COLUMN_NAME.fullmatch(cell) and _is_typed(values) for cell, values in zip(cells, columns, strict=True)
    )
    if (
        (len(found) < 2 and not is_named)
        or found != sorted(set(found))
        or all(_YEAR.fullmatch(item) for _, items in years for item in items)
    ):
        return []
    return found


def _of_text(cells: list[str], columns: list[list[str]], rows: int) -> Header:
    """Return whether a first row is a header where everything is text."""
    repeated = [cell for cell, values in zip(cells, columns, strict=True) if cell and cell in values]
    if repeated:
        return Header(is_there=False, tried=(f"no header: {repeated[0]!r} of the first row stands further down, too",))
    if len(set(cells)) < len(cells):
        return Header(is_there=False, tried=("no header: its cells are not unique",))
    tells = any(map(_is_telling, cells))
    votes = sum(map(_vote, cells, columns)) + 2 * tells
    # Without a word that names things, all columns must look otherwise than their first cells.
    is_there = votes > (0 if tells else len(cells))
    tried = f"{'header' if is_there else 'no header'}: all is text, its first row {_in_words(is_there, rows)}"
    if tells and is_there:
        return Header(is_there=True, tried=(tried,))
    doubt = f"{'a' if is_there else 'no'} header, but all is text: say header = true or header = false"
    return Header(is_there=is_there, tried=(tried,), doubts=(doubt,))


def _in_words(is_there: bool, rows: int) -> str:
    if not rows:
        return "is the only one, and " + ("looks like names" if is_there else "does not look like names")
    return "does not look like the others" if is_there else "looks like the others"


def _no_names(cells: list[str], width: int) -> str:
    """Return why the cells can't be names; nothing if they can."""
    names = [cell for cell in cells if cell]
    if not names or len(cells) - len(names) > max(1, width // 2):
        return "its first row has too many empty cells"
    for name in names:
        if len(name) >= HEADER_CELL_MAX:
            return f"a cell of its first row has {len(name)} letters"
        if not is_text(name) or _NO_VALUE.fullmatch(name):
            return f"{name!r} of its first row is no name"
    return ""


def _is_telling(cell: str) -> bool:
    """Return whether a cell holds a word that columns are called by."""
    return "_" in cell or any(_TELLING_WORDS.fullmatch(word.lower()) for word in _WORDS.findall(cell))


def _vote(cell: str, values: list[str]) -> int:
    """Return how much the look of one column of text speaks for its first cell being a name."""
    vote = 0
    lengths = {len(value) for value in values}
    if len(values) > 1 and len(lengths) == 1:
        vote += 1 if len(cell) not in lengths else -1
    if values and cell.islower() != any(value.islower() for value in values):
        vote += 1
    return vote
