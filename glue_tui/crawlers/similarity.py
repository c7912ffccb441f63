"""How alike two schemas are (rule GR-1): Jaccard's index over pairs of column name and family of type. Pure.

Glue does not publish its formula; this one is told wherever it decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from glue_tui.crawlers.facts import ColumnFacts, CrawledFile
from glue_tui.crawlers.values import NULL_TYPE

SIMILAR_ABOVE = 0.7
"""Rule GR-1: schemas that are more alike than this are those of one table."""
DRIFT_FROM = 0.5
"""Where the place says that files belong together, columns may come and go: one schema need only have SIMILAR_ABOVE of
the names of the other. Files of one folder must be alike to this degree besides."""
COMPARED_MAX = 500
"""A schema is compared with so many others at most."""

UNKNOWN = "?"
"""Family of a column without values; and of text in a file that is not read again, where an odd value in another file
may have made text of it. It is like any."""

Signature = frozenset[tuple[str, str]]
"""Names of columns, each with a family."""

_FAMILIES = {
    "boolean": "boolean",
    "tinyint": "number",
    "smallint": "number",
    "int": "number",
    "bigint": "number",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "date": "time",
    "timestamp": "time",
    "string": "text",
    "char": "text",
    "varchar": "text",
    NULL_TYPE: UNKNOWN,
}
_COUNTED = (("number", "double"), ("number", "digits"), ("time", "timestamp"), ("boolean", "boolean"))

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Shape:
    """What the schema of a file is compared by."""

    classification: str
    pairs: Signature
    """Names with the families of their types."""
    names: Signature
    """Names alone (family empty); where there is no header, names say nothing, and this is `pairs`."""


class Shapes:
    """The shapes of files; those of files with the same facts are made once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, bool], tuple[CrawledFile, Shape]] = {}
        self._same: dict[Shape, Shape] = {}
        self._made: dict[tuple[str, bool, tuple[str, ...], tuple[str, ...]], Shape] = {}
        """By classification, header, columns and their families."""
        self._families: dict[tuple[int, bool], str] = {}

    def of(self, file: CrawledFile) -> Shape:
        key = (id(file.facts), id(file.format), file.was_read)
        known = self._known.get(key)
        if known is None:
            # The file is kept, too: while it is, nothing else has the ids of what it holds.
            known = self._known[key] = (file, self._shape(file))
        return known[1]

    def _shape(self, file: CrawledFile) -> Shape:
        families = []
        for facts in file.facts.values():
            key = (id(facts), file.was_read)
            if (kind := self._families.get(key)) is None:
                kind = self._families[key] = family(facts, was_read=file.was_read)
            families.append(kind)
        sort = (file.format.classification, file.format.header, tuple(file.facts), tuple(families))
        if sort not in self._made:
            pairs = frozenset(zip(file.facts, families, strict=True))
            names = frozenset((name, "") for name in file.facts) if file.format.header else pairs
            shape = Shape(file.format.classification, pairs, names)
            self._made[sort] = self._same.setdefault(shape, shape)
        return self._made[sort]

    def counted(self, files: Sequence[CrawledFile]) -> list[Shape]:
        """Return the shapes of files, each once, the commonest first."""
        shapes = list(map(self.of, files))
        # There is one object of each shape, which is counted faster than what it holds.
        objects = {id(shape): shape for shape in shapes}
        return [objects[identity] for identity, _ in Counter(map(id, shapes)).most_common()]


def family(facts: ColumnFacts, *, was_read: bool = True) -> str:
    """Return what a column mostly holds: number | time | boolean | text | binary | array | struct | map | ?"""
    if facts.type:
        word = facts.type.partition("<")[0].partition("(")[0]
        kind = _FAMILIES.get(word, word)
        return UNKNOWN if kind == "text" and not was_read else kind
    if not facts.values:
        return UNKNOWN
    return next((name for name, kind in _COUNTED if facts.fitting(kind) * 2 > facts.values), "text")


@lru_cache(maxsize=50_000)
def jaccard(one: Signature, other: Signature) -> float:
    """Return 0 (nothing in common) to 1 (the same): what both have, of all that either has."""
    both = _common(one, other)
    return both / (len(one) + len(other) - both) if one and other else 1.0


def similarity(one: Shape, other: Shape) -> float:
    """Return how alike two schemas are, 0 to 1; 0 for files of different formats, which are not compatible."""
    return jaccard(one.pairs, other.pairs) if one.classification == other.classification else 0.0


def is_similar(one: Shape, other: Shape) -> bool:
    """Return whether two schemas may be those of one table though nothing else says so (rule GR-1)."""
    return similarity(one, other) > SIMILAR_ABOVE


def is_drift(one: Shape, other: Shape) -> bool:
    """Return whether one schema may be the other at another time: columns have come, gone or other values."""
    if one.classification != other.classification:
        return False
    if not one.names or not other.names:
        return True
    return _common(one.names, other.names) / min(len(one.names), len(other.names)) >= SIMILAR_ABOVE


def is_drift_of_folder(one: Shape, other: Shape) -> bool:
    """Return whether two files of one folder are of one table."""
    return is_drift(one, other) and jaccard(one.names, other.names) >= DRIFT_FROM


def clusters(
    items: Sequence[tuple[Item, Shape]], is_alike: Callable[[Shape, Shape], bool]
) -> list[list[tuple[Item, Shape]]]:
    """Return the items in sets, the largest first; each is alike to some other of its set, not to every one."""
    if len(items) == 1:
        return [list(items)]
    of_shape: dict[Shape, list[tuple[Item, Shape]]] = {}
    for item in items:
        of_shape.setdefault(item[1], []).append(item)
    ordered = sorted(of_shape, key=lambda shape: -len(of_shape[shape]))
    sets: list[list[Shape]] = []
    for shape in ordered:
        near = [one for one in sets if any(is_alike(other, shape) for other in one[:COMPARED_MAX])]
        sets = [one for one in sets if one not in near]
        sets.append([other for one in near for other in one] + [shape])
    found = [[item for shape in one for item in of_shape[shape]] for one in sets]
    return sorted(found, key=len, reverse=True)


def least_similarity(shapes: Sequence[Shape]) -> float:
    """Return how alike the least alike is to the commonest of them, which stands first."""
    return min((similarity(shapes[0], shape) for shape in dict.fromkeys(shapes)), default=1.0)


def _common(one: Signature, other: Signature) -> int:
    """Return how many columns both have: of the same name and family, or of a family that is not known."""
    exact = one & other
    if len(exact) == min(len(one), len(other)):
        return len(exact)
    left, right = dict(one - exact), dict(other - exact)
    return len(exact) + sum(1 for name, kind in left.items() if name in right and UNKNOWN in (kind, right[name]))
