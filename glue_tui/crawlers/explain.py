"""One file explained: what it was taken for, what was tried, what is in doubt, and what its columns are and why."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.core.model import Classifier
from glue_tui.core.schema import Column, FileFormat
from glue_tui.crawlers.classify import classify
from glue_tui.crawlers.facts import BrokenFile, CrawledFile, PassedOver
from glue_tui.crawlers.group import GroupedTable
from glue_tui.crawlers.head import NoData, Unreadable
from glue_tui.crawlers.infer import read_files
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.tables import draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a crawl would say of a file that lay alone in its folder."""

    path: str
    format: FileFormat | None
    """None for a file that can't be read or is no data."""
    tried: tuple[str, ...] = ()
    """What was looked at and what came of it, in order."""
    doubts: tuple[str, ...] = ()
    """What the file could also mean, each with the key of a classifier that settles it."""
    columns: tuple[Column, ...] = ()
    rows: int = 0
    problem: str = ""
    """Why it can't be read, or is no data."""


def explained(listed: ListedFile, classifier: Classifier) -> Explanation:
    """Classify a file and read it whole, as a crawl with this classifier does."""
    tried: tuple[str, ...] = ()
    try:
        tried = classify(listed.absolute, listed.name, classifier, listed.storage).tried
    except (NoData, Unreadable):
        pass  # read_files tells it, too: by its own words for the formats that it knows by name
    found = [one for some in read_files([listed], classifier) for one in some]
    files = [one for one in found if isinstance(one, CrawledFile)]
    if not files:
        reasons = [one.reason for one in found if isinstance(one, BrokenFile | PassedOver)]
        return Explanation(path=listed.path, format=None, tried=tried, problem="; ".join(reasons))
    if len(files) > 1:
        sheets = ", ".join(file.format.sheet for file in files)
        tried = (*tried, f"its sheets {sheets} are a table each, this is the first: classifier.sheet names another")
    grouped = GroupedTable(folders=(), name="", keys=(), files=((files[0], ()),))
    table = draft(grouped, database="", name="", location="", crawler="", said_types=dict(classifier.types))
    return Explanation(
        path=listed.path,
        format=table.table.formats[0],
        tried=tried,
        doubts=(*table.doubts, *files[0].notes),
        columns=table.table.columns,
        rows=sum(file.rows for file in table.files),
    )
