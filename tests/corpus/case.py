"""A case of the corpus: some bytes in a folder, and what a crawl of that folder must find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from glue_tui.core.model import Classifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a folder of files of one table holds. What is None is not asked for."""

    format: str = "csv"
    delimiter: str | None = None
    header: bool | None = None
    columns: Mapping[str, str]
    """Names with their Glue types, in order."""
    rows: Sequence[tuple[object, ...]] | int
    """All rows with their values as a query returns them, or only their number."""
    doubts: tuple[str, ...] = ()
    """What the crawl must warn of, each by a piece of its text; without any it must not warn."""
    left_out: str = ""
    """A piece of the reason for which one of the files must be left out; empty: none may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The file holds no table: the crawl must say why."""

    reason: str
    """A piece of the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    """Unique; lower case, digits and underscores: the folder and the table are called so."""
    files: Mapping[str, bytes]
    """By their names within the folder."""
    truth: Truth | Refused
    classifier: Classifier = field(default_factory=Classifier)


def one_file(name: str, content: str | bytes, truth: Truth | Refused, **said: object) -> Case:
    """Return a case of one CSV file; `said` is what its target's classifier says."""
    raw = content.encode() if isinstance(content, str) else content
    return Case(name=name, files={"data.csv": raw}, truth=truth, classifier=Classifier(**said))  # type: ignore[arg-type]
