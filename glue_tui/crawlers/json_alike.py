"""Small files of JSON lines that are written alike: one is read in full, others are only held against its pattern.

A pattern is made of the types of a file's fields. A file whose lines are all of the pattern holds these fields in this
order and values of these types; a line that tells (no value is missing, none could be of a narrower type) proves that
it holds nothing narrower. About a file without such a line, or with any other, nothing is said: it is read for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import polars as pl
from msgspec import structs
from polars.exceptions import PolarsError

from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_sorts import PATTERNS, Sort
from glue_tui.crawlers.facts import ColumnFacts, CrawledFile
from glue_tui.crawlers.json_facts import PLAIN_NAME
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import NULL_TYPE, struct_fields

LEAVES_MAX = 100
"""A pattern of more values would cost more than it saves."""

FIRST_LINES = 4
"""Most files tell what they are in so many lines, if at all."""

_FILE, _LINE = "__glue_tui_file", "line"
_NAME = re.compile(rb'"(\w+)"\s*:')

_BLANK = "[ \\t]*"
_ESCAPED = r'\\["\\/bfnrt]|\\u(?:[0-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2})'
_LETTER = rf'(?:[^"\\\x00-\x1f]|{_ESCAPED})'
_NO_DIGIT = rf'(?:[^"\\\x00-\x1f0-9]|{_ESCAPED})'
_NO_DASH = rf'(?:[^"\\\x00-\x1f-]|{_ESCAPED})'
_TEXT = f'"{_LETTER}*"'
_NO_MOMENT = f'"(?:[0-9]{{0,3}}(?:{_NO_DIGIT}{_LETTER}*)?|[0-9]{{4}}(?:{_NO_DASH}{_LETTER}*)?)"'
"""A text that does not begin as dates and timestamps do."""
_DAY = PATTERNS[Sort.DAY]
_CLOCK = r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?Z?"
_WHOLE = "-?(?:0|[1-9][0-9]{0,14})"
"""Digits that a double keeps."""

_VALUES = {
    "string": (_TEXT, _TEXT),
    "boolean": ("true|false", "true|false"),
    "bigint": (_WHOLE, _WHOLE),
    "double": (rf"{_WHOLE}(?:\.[0-9]+)?", rf"{_WHOLE}\.[0-9]+"),
    "date": (f'"{_DAY}"', f'"{_DAY}"'),
    "timestamp": (f'"{_DAY}(?:{_CLOCK})?"', f'"{_DAY}{_CLOCK}"'),
    NULL_TYPE: ("null", "null"),
}
"""By type: any value of it, and one that could be of no narrower type."""

_GREAT = ("-?(?:0|[1-9][0-9]{0,17}|[1-8][0-9]{18})", "-?(?:[1-9][0-9]{16,17}|[1-8][0-9]{18})")
"""The same of whole numbers of which a double may not hold all."""

Small = tuple[ListedFile, bytes]
"""A file and all that is in it."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a file that was read in full says of others like it."""

    file: CrawledFile
    any_line: str
    telling_line: str


def names_in(content: bytes) -> tuple[bytes, ...]:
    """Return what looks like names in a file's first line: files of which these differ are not alike."""
    return tuple(_NAME.findall(content, 0, content.find(b"\n") + 1 or len(content)))


def pattern_of(file: CrawledFile) -> Pattern | None:
    """Return a file that was read in full as a pattern for others; None if there is anything special about it."""
    plain = FileFormat(classification="json", shape="lines")
    types = {name: facts.type for name, facts in file.facts.items()}
    names = [*types, *chain.from_iterable(map(_names_within, types.values()))]
    if (
        replace(file.format, columns=(), beyond_double=()) != plain
        or len(names) > LEAVES_MAX
        or any(facts.is_beyond_double and facts.type != "bigint" for facts in file.facts.values())
        or not all(map(PLAIN_NAME.fullmatch, names))
    ):
        return None
    try:
        any_line, telling_line = _line_patterns(file.facts)
    except KeyError:
        return None
    return Pattern(file, any_line, telling_line)


def read_alike(files: Sequence[Small], pattern: Pattern) -> Iterator[CrawledFile]:
    """Yield what those of the files hold that are surely like the pattern."""
    contents = [content if content.endswith(b"\n") else content + b"\n" for _, content in files]
    rows = [content.count(b"\n") for content in contents]
    text = b"".join(contents)
    if not text.startswith(b"{"):
        return
    try:
        lines = pl.scan_lines(text, name=_LINE, glob=False).collect()
        if lines.height != sum(rows):
            return
        numbers = pl.Series(_FILE, range(len(rows)), dtype=pl.UInt32).to_frame()
        of_lines = numbers.select(pl.col(_FILE).repeat_by(pl.Series(rows)).explode(empty_as_null=False)).to_series()
        sure = _alike(lines.with_columns(of_lines), pattern)
    except PolarsError:
        return
    # Alone in a file, an object with records within may be the answer of a service.
    is_answer = any("array<struct<" in facts.type for facts in pattern.file.facts.values())
    for number in sure:
        if rows[number] > 1 or not is_answer:
            yield structs.replace(pattern.file, listed=files[number][0], rows=rows[number], is_settled=True)


def _alike(lines: pl.DataFrame, pattern: Pattern) -> list[int]:
    """Return the numbers of the files whose lines are all of the pattern, one of them telling."""
    is_odd = ~_of_pattern(lines, pattern.any_line)
    if is_odd.any():
        lines = lines.filter(~lines[_FILE].is_in(lines[_FILE].filter(is_odd).unique().implode()))
    is_first = (lines[_FILE] != lines[_FILE].shift(FIRST_LINES)).fill_null(value=True)
    first = lines.filter(is_first)
    telling = first[_FILE].filter(_of_pattern(first, pattern.telling_line)).unique()
    rest = lines.filter(~is_first & ~lines[_FILE].is_in(telling.implode()))
    late = rest[_FILE].filter(_of_pattern(rest, pattern.telling_line)).unique()
    return sorted((*telling, *late))


def _of_pattern(lines: pl.DataFrame, pattern: str) -> pl.Series:
    # Streamed, for then every core looks at some of the lines.
    found = lines.lazy().select(pl.col(_LINE).str.contains(pattern))
    return found.collect(engine="streaming").to_series()


def _line_patterns(facts: Mapping[str, ColumnFacts]) -> Iterator[str]:
    """Yield the patterns of any line, and of one that tells. Raises KeyError for a type whose values have none."""
    members = {name: _patterns(item.type, is_great=item.is_beyond_double) for name, item in facts.items()}
    for name, item in facts.items():
        if item.type == "string":
            members[name] = (members[name][0], _NO_MOMENT)
    for place in (0, 1):
        yield f"^{_object({name: pair[place] for name, pair in members.items()})}$"


def _patterns(kind: str, *, is_great: bool = False) -> tuple[str, str]:
    """Return the patterns of any value of a type, and of one that tells it."""
    if kind.startswith("array<"):
        item, telling = _patterns(kind[6:-1])
        more = f"(?:{_BLANK},{_BLANK}{item})*{_BLANK}\\]"
        return f"(?:\\[{_BLANK}(?:\\]|{item}{more})|null)", f"\\[{_BLANK}{telling}{more}"
    if kind.startswith("struct<"):
        fields = {name: _patterns(inner) for name, inner in struct_fields(kind).items()}
        item, telling = (_object({name: pair[place] for name, pair in fields.items()}) for place in (0, 1))
        return f"(?:{item}|null)", telling
    item, telling = _GREAT if is_great else _VALUES[kind]
    return f"(?:{item}|null)", f"(?:{telling})"


def _object(members: Mapping[str, str]) -> str:
    pairs = (f'"{re.escape(name)}"{_BLANK}:{_BLANK}{value}' for name, value in members.items())
    return rf"\{{{_BLANK}" + f"{_BLANK},{_BLANK}".join(pairs) + rf"{_BLANK}\}}"


def _names_within(kind: str) -> Iterator[str]:
    if kind.startswith("array<"):
        yield from _names_within(kind[6:-1])
    if kind.startswith("struct<"):
        for name, inner in struct_fields(kind).items():
            yield name
            yield from _names_within(inner)
