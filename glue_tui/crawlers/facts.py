"""What a crawl learns of files and their columns, whatever their format. No reading here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import NARROW_TYPES, NULL_TYPE

COUNTED = (*NARROW_TYPES, "digits")
"""Kinds of text values that are counted."""


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

    def fitting(self, kind: str) -> int:
        return self.fits[COUNTED.index(kind)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawledFile:
    listed: ListedFile
    format: FileFormat
    rows: int
    facts: dict[str, ColumnFacts]
    was_read: bool = True
    """False for a file that stands unchanged in the catalog."""


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
    """Return the counts of a column in all files together."""
    if not facts:
        return ColumnFacts()
    fits = tuple(map(sum, zip(*(item.fits for item in facts), strict=True)))
    return ColumnFacts(values=sum(item.values for item in facts), fits=fits)


def type_of(facts: Sequence[ColumnFacts]) -> str:
    """Return the narrowest type that holds for all counted values; NULL_TYPE if there is no value."""
    counts = total(facts)
    if counts.values == 0:
        return NULL_TYPE
    return next((kind for kind in NARROW_TYPES if counts.fitting(kind) == counts.values), "string")


def broken(listed: ListedFile, error: Exception, known: str = "") -> BrokenFile:
    """Return the file as one that can't be read: for the reason that is known, else the error's first line."""
    first_line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return BrokenFile(path=listed.path, reason=known or first_line)
