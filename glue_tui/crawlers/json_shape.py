"""How JSON is laid out in a file: an object a line, an array, one object, objects one after the other (rule CL-9)."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from glue_tui.core.json_path import json_path
from glue_tui.core.model import Classifier
from glue_tui.core.schema import FileFormat

_ENVELOPE = frozenset(
    {"count", "cursor", "error", "errors", "limit", "links", "_links", "message", "meta", "metadata", "more", "next"}
    | {"next_page", "offset", "ok", "page", "pages", "pagination", "paging", "per_page", "prev", "previous", "size"}
    | {"status", "success", "timestamp", "took", "total", "total_count", "type", "version"}
)
"""Keys that stand beside the records of an answer, and tell nothing of a record."""

_DECODER = json.JSONDecoder()
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]')


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonShape:
    format: FileFormat
    tried: str
    doubts: tuple[str, ...] = ()


def classify_json(text: str, *, is_whole: bool, name: str, said: Classifier, base: FileFormat) -> JsonShape:
    """Return how the JSON in a file is laid out, from its first letters; `base` has its encoding and compression."""
    text = text.lstrip()
    if said.records is not None:
        first = "an array" if text.startswith("[") else "an object"
        found = replace(base, shape=first.split()[1], records=said.records)
        return JsonShape(format=found, tried=f"json: {first}, its records at {said.records} as was said")
    if text.startswith("["):
        return JsonShape(format=replace(base, shape="array"), tried="json: one array, its elements are the records")
    try:
        members, end = _DECODER.raw_decode(text, 0)
    except json.JSONDecodeError:
        return _cut_off(text, is_whole=is_whole, name=name, base=base)
    doubled = _doubled_key(text[:end])
    doubts = (f"the key {doubled!r} comes twice in one object: its last value counts",) if doubled else ()
    base = replace(base, exact=bool(doubled))
    behind = text[end:].lstrip(" \t\r")
    is_one_line = "\n" not in text[:end]
    if behind.startswith("\n") or not behind:
        alone = not behind.strip()
        way = _records_within(members) if alone and is_whole else None
        if is_one_line and not _is_answer(way, [key for key in members if not way or key != way[0]], name):
            return JsonShape(format=replace(base, shape="lines"), tried="json: one object a line", doubts=doubts)
        if way:
            return _envelope(base, way, doubts)
    return JsonShape(format=replace(base, shape="object"), tried="json: objects one after the other", doubts=doubts)


def looks_like_json(text: str, name: str, said: Classifier) -> bool:
    """Return whether a text is to be read as JSON: by its first letter, an array also by the first of its elements."""
    if said.format is not None:
        return said.format == "json"
    start = text.lstrip()
    is_named = ".json" in name.lower() or ".ndjson" in name.lower()
    return start.startswith("{") or (start.startswith("[") and (is_named or start[1:].lstrip().startswith("{")))


def json_encoding(content: bytes, encoding: str) -> str:
    """Return the encoding that JSON is to be read with: polars takes a byte order mark for a broken value."""
    return "utf-8-sig" if encoding == "utf8" and content.startswith(codecs.BOM_UTF8) else encoding


def _cut_off(text: str, *, is_whole: bool, name: str, base: FileFormat) -> JsonShape:
    """Return how JSON is laid out whose first value does not end, or is broken: its reader will say where."""
    first_line, _, rest = text.partition("\n")
    is_one_line = first_line.rstrip().endswith("}") if rest else is_whole or len(first_line) > 1
    found, others = _open_array(text)
    if not is_whole and found and (not is_one_line or _is_answer(found, others, name)):
        return _envelope(base, found, ())
    if is_one_line:
        return JsonShape(format=replace(base, shape="lines"), tried="json: one object a line")
    return JsonShape(format=replace(base, shape="object"), tried="json: an object over many lines")


def _envelope(base: FileFormat, way: tuple[str, ...], doubts: tuple[str, ...]) -> JsonShape:
    path = json_path((*way, None))
    doubt = (
        f"its one object holds one array of objects, {path}, whose elements are taken for the rows:"
        ' say records = "$" if the object itself is the row'
    )
    found = replace(base, shape="object", records=path)
    return JsonShape(format=found, tried=f"json: one object, its records at {path}", doubts=(*doubts, doubt))


def _open_array(text: str) -> tuple[tuple[str, ...], set[str]]:
    """Return the keys that lead to the array of objects in which a text is cut off, and the other keys above all."""
    brackets: list[tuple[str, str]] = []
    keys: set[str] = set()
    key = last = ""
    for token in _TOKEN.findall(text):
        match token:
            case "{" | "[":
                brackets.append((token, key))
                key = ""
            case "}" | "]" if brackets:
                brackets.pop()
            case ",":
                key = ""
            case ":":
                key = last[1:-1] if "\\" not in last else ""
                if len(brackets) == 1 and key:
                    keys.add(key)
        last = token
    outer = [bracket for bracket, _ in brackets]
    place = outer.index("[") if "[" in outer else 0
    if not place or outer[place + 1 : place + 2] != ["{"]:
        return (), keys
    way = tuple(name for _, name in brackets[1 : place + 1])
    return way, keys - {way[0]}


def _records_within(members: dict[str, object]) -> tuple[str, ...] | None:
    """Return the keys that lead to the only array of objects in an object, itself not within an array; if there is."""
    found: list[tuple[str, ...]] = []

    def look(value: object, way: tuple[str, ...]) -> None:
        if isinstance(value, dict):
            for key, member in value.items():
                look(member, (*way, key))
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            found.append(way)

    look(members, ())
    return found[0] if len(found) == 1 else None


def _is_answer(way: tuple[str, ...] | None, others: Iterable[str], name: str) -> bool:
    """Return whether an object in one line is the answer of a service, its records within, and not itself a record."""
    if name.lower().rpartition(".")[2] in ("jsonl", "ndjson"):
        return False
    return bool(way) and all(key.lower() in _ENVELOPE for key in others)


def _doubled_key(text: str) -> str:
    found: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        found.extend(name for name in names if names.count(name) > 1)
        return dict(pairs)

    json.JSONDecoder(object_pairs_hook=look).raw_decode(text)
    return found[0] if found else ""
