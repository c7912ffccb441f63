"""On which line each key of a TOML document stands. Only for documents that tomllib accepted.

tree-sitter reads the places, tomllib judges validity: so no broken file ever reaches native code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

KeyPath = tuple[str | int, ...]

_HEADERS = ("table", "table_array_element")
_KEYS = ("bare_key", "quoted_key", "dotted_key")


def locate(text: str) -> dict[KeyPath, int]:
    """Return the line (from 1) of every key, table header and list element of a valid document.

    A table that is opened more than once (`[a.b]`, `[a.c]` for `a`) stands where it is named first.
    """
    lines: dict[KeyPath, int] = {}
    array_lengths: dict[KeyPath, int] = {}
    for node in _parser().parse(text.encode()).root_node.named_children:
        if node.type in _HEADERS:
            header, *pairs = [child for child in node.named_children if child.type != "comment"]
            prefix = _open_table(node, list(_key_parts(header)), lines, array_lengths)
            for pair in pairs:
                _read_pair(pair, prefix, lines)
        elif node.type == "pair":
            _read_pair(node, (), lines)
    return lines


@cache
def _parser() -> Parser:
    import tree_sitter_toml
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_toml.language()))


def _open_table(node: Node, keys: list[str], lines: dict[KeyPath, int], array_lengths: dict[KeyPath, int]) -> KeyPath:
    """Return the path that a header opens; inside an array of tables it means the array's last element."""
    line = node.start_point[0] + 1
    path: KeyPath = ()
    for depth, key in enumerate(keys):
        path = (*path, key)
        lines.setdefault(path, line)
        is_last = depth == len(keys) - 1
        if node.type == "table_array_element" and is_last:
            array_lengths[path] = array_lengths.get(path, 0) + 1
        if path in array_lengths:
            path = (*path, array_lengths[path] - 1)
            lines.setdefault(path, line)
    lines[path] = line
    return path


def _read_pair(pair: Node, prefix: KeyPath, lines: dict[KeyPath, int]) -> None:
    key, value = [child for child in pair.named_children if child.type != "comment"]
    path = prefix
    for part in _key_parts(key):
        path = (*path, part)
        lines.setdefault(path, key.start_point[0] + 1)
    _read_value(value, path, lines)


def _read_value(value: Node, path: KeyPath, lines: dict[KeyPath, int]) -> None:
    if value.type == "inline_table":
        for pair in value.named_children:
            if pair.type == "pair":
                _read_pair(pair, path, lines)
    elif value.type == "array":
        elements = [child for child in value.named_children if child.type != "comment"]
        for index, element in enumerate(elements):
            lines[(*path, index)] = element.start_point[0] + 1
            _read_value(element, (*path, index), lines)


def _key_parts(node: Node) -> Iterator[str]:
    """Yield the parts of a key from left to right; the grammar nests dotted keys to the left."""
    pending = [node]
    while pending:
        key = pending.pop()
        if key.type == "dotted_key":
            pending.extend(child for child in reversed(key.named_children) if child.type in _KEYS)
            continue
        raw = (key.text or b"").decode()
        yield next(iter(tomllib.loads(f"{raw} = 0"))) if key.type == "quoted_key" else raw
