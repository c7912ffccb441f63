"""What a crawl learns of files and their columns, whatever their format. No reading here."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec import structs

from glue_tui.core.schema import Column, DataFile, FileFormat
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import DECIMAL_DIGITS_MAX, NARROW_TYPES, NULL_TYPE

COUNTED = (*NARROW_TYPES, "digits")
"""Kinds of text values that are counted."""

AMBIGUOUS = "?"
"""Kept as the type of a column in a file that is read again with every new or changed file: that may settle it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file a row begins."""

    offset_bytes: int
    """In its text in UTF-8, unpacked."""
    line: int
    """The file's first is 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """What one column of one file holds: either a type that the format itself gives, or counts of its text values."""

    type: str = ""
    """Glue type, or empty where values were counted."""
    values: int = 0
    """Values that are neither null nor empty."""
    fits: tuple[int, ...] = (0,) * len(COUNTED)
    """How many of them are of each of NARROW_TYPES, and how many are nothing but digits."""
    reason: str = ""
    """Why `type` is no narrower, where the format's own module knows: file, line and value."""
    whole_digits: int = 0
    """The most digits that a number has before its point …"""
    scale: int = 0
    """… and after it."""
    form: str = ""
    """How the values are written that were counted so (see forms.py); empty: plainly."""
    others: tuple[ColumnFacts, ...] = ()
    """The same values counted by other forms, where they could be written so."""
    is_ambiguous: bool = False
    """Several of `others` hold for every value, and mean different things."""

    is_beyond_double: bool = False
    """A whole number within `type` is so great that a double may not hold it."""
    sure_until: tuple[Place | None, ...] = ()
    """For each kind, up to where a large file surely holds no value of another kind. None or empty: not known."""

    def fitting(self, kind: str) -> int:
        return self.fits[COUNTED.index(kind)]

    def sure_until_misfit(self, kind: str) -> Place | None:
        """Return up to where a large file surely holds no value that is not of a kind."""
        return self.sure_until[COUNTED.index(kind)] if self.sure_until else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeFiles:
    """The data files of one version of a Delta or Iceberg table."""

    keys: tuple[Column, ...]
    """Its partition keys, with the types that their values have."""
    files: tuple[DataFile, ...]
    """With values of these keys."""
    version: str = ""
    """As LAKE_VERSION has it."""


class CrawledFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a file holds. No dataclass: of these a crawl makes one for each file, in a tenth of the time."""

    listed: ListedFile
    format: FileFormat
    rows: int
    facts: dict[str, ColumnFacts]
    notes: tuple[str, ...] = ()
    """What the crawl's log warns of, though the file was read."""
    was_read: bool = True
    """False for a file that stands unchanged in the catalog."""
    lake: LakeFiles | None = None
    """Of the log of a Delta or Iceberg table, which has no rows itself: what its version consists of."""
    is_settled: bool = False
    """A file of this machine, read in one go, as long as it was listed: if it has changed since, the next listing shows
    that by its time of change. Whether another file has changed while it was read is still to be looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenFile:
    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A file that was never meant as data."""

    path: str
    reason: str


Found = CrawledFile | BrokenFile | PassedOver


def total(facts: Sequence[ColumnFacts]) -> ColumnFacts:
    """Return the counts of a column in all files together, and the most digits in any."""
    if len(facts) < 2:
        return facts[0] if facts else ColumnFacts()
    # Files that are alike share one object: a few are added up, not thousands.
    times = Counter(map(id, facts))
    distinct = [(item, times[key]) for key, item in {id(item): item for item in facts}.items()]
    return ColumnFacts(
        values=sum(item.values * count for item, count in distinct),
        fits=tuple(sum(item.fits[place] * count for item, count in distinct) for place in range(len(COUNTED))),
        whole_digits=max(item.whole_digits for item, _ in distinct),
        scale=max(item.scale for item, _ in distinct),
    )


def one_of_each_kind(files: Sequence[CrawledFile]) -> list[CrawledFile]:
    """Return files that say of columns what all of them say: of those that were found alike, and whose types their
    format gives, the first alone with the rows of all."""
    kinds: dict[tuple[int, int, bool], list[CrawledFile]] = defaultdict(list)
    for file in files:
        kinds[id(file.facts), id(file.format), file.was_read].append(file)
    typed = {
        id(alike[0].facts)
        for alike in kinds.values()
        if len(alike) > 1 and all(facts.type for facts in alike[0].facts.values())
    }
    # Those that stand for themselves stay in order: they lie in memory so.
    found = [file for file in files if id(file.facts) not in typed]
    for alike in kinds.values():
        if id(alike[0].facts) in typed:
            found.append(structs.replace(alike[0], rows=sum(file.rows for file in alike)))
    return found


def type_of(facts: Sequence[ColumnFacts]) -> str:
    """Return the narrowest type that holds for all counted values; NULL_TYPE if there is no value."""
    counts = total(facts)
    if counts.values == 0:
        return NULL_TYPE
    # The kinds are counted in the order of NARROW_TYPES.
    place = counts.fits.index(counts.values) if counts.values in counts.fits else len(NARROW_TYPES)
    kind = NARROW_TYPES[place] if place < len(NARROW_TYPES) else "string"
    if kind != "decimal":
        return kind
    # As many digits as there can be: the next file's may be more.
    is_too_long = counts.whole_digits + counts.scale > DECIMAL_DIGITS_MAX
    return "string" if is_too_long else f"decimal({DECIMAL_DIGITS_MAX},{counts.scale})"


def type_in_file(facts: ColumnFacts, said: str = "") -> str:
    """Return the narrowest type that holds for a column of one file by itself, or the one that was said if that does.

    AMBIGUOUS for a column whose values mean one thing or another, until another file says which.
    """
    if facts.is_ambiguous:
        return AMBIGUOUS
    if said and is_held(said, (facts,)):
        return said
    if facts.type or not facts.values:
        return facts.type or NULL_TYPE
    return type_of((facts,))


def narrow_kind(kind: str) -> str:
    """Return the one of NARROW_TYPES that values of a Glue type look like in text; string for every other type."""
    match kind.lower().partition("(")[0]:
        case "tinyint" | "smallint" | "int" | "integer" | "bigint":
            return "bigint"
        case "float" | "double":
            return "double"
        case "boolean" | "decimal" | "date" | "timestamp" as same:
            return same
        case _:
            return "string"


def is_held(kind: str, facts: Sequence[ColumnFacts]) -> bool:
    """Return whether all values of a column can be read as a Glue type that was said."""
    return all(_is_held(kind, item) for item in facts)


def _is_held(kind: str, facts: ColumnFacts) -> bool:
    narrow = narrow_kind(kind)
    if narrow == "string" or (facts.values == 0 and not facts.type):
        return True
    if facts.type:
        return facts.type in (kind, NULL_TYPE)
    # A number with leading zeros is one if that is said; so is a long one a double.
    fitting = max(facts.fitting(narrow), facts.fitting("digits") if narrow in ("bigint", "double", "decimal") else 0)
    if narrow == "double":
        fitting = max(fitting, facts.fitting("decimal"))
    whole_max, scale_max = _sizes(kind)
    return fitting == facts.values and facts.whole_digits <= whole_max and facts.scale <= scale_max


def _sizes(kind: str) -> tuple[int, int]:
    """Return the most digits that surely fit a number type before and after the point."""
    size = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", kind.lower())
    if size:
        return int(size[1]) - int(size[2]), int(size[2])
    return {"tinyint": 2, "smallint": 4, "int": 9, "integer": 9, "decimal": 10}.get(kind.lower(), 400), 400


def broken(listed: ListedFile, error: Exception, known: str = "") -> BrokenFile:
    """Return the file as one that can't be read: for the reason that is known, else the error's first line."""
    first_line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return BrokenFile(path=listed.path, reason=known or first_line)
