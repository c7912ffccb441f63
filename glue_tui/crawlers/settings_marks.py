"""Marks on a table of the settings that it was crawled with: where they differ now, it is looked at anew."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from glue_tui.catalog.read import TableEntry
from glue_tui.core.model import Crawler, FolderTarget
from glue_tui.core.states import RecrawlBehavior

READING_VERSION = 2
"""Goes up when files are read better than before: what older versions found is then found anew."""

SETTINGS_PARAMETER = "CRAWLER_SETTINGS"
"""Table parameter: two marks, of how the crawler was told to read the files, and of all its settings."""


def settings_parameter(crawler: Crawler, target: FolderTarget) -> str:
    """Return the marks of a crawler's settings, for its tables: if they differ, a table is looked at anew."""
    return f"{reading_mark(target)}-{settings_mark(crawler, target)}"


def marks(entry: TableEntry) -> tuple[str, str]:
    """Return the marks that a table was given: of its reading, and of all settings."""
    reading, _, settings = entry.table.parameters.get(SETTINGS_PARAMETER, "").partition("-")
    return reading, settings


def reading_mark(target: FolderTarget) -> str:
    """Return a mark of how the files of a target are read."""
    return _mark(READING_VERSION, target.classifier)


def settings_mark(crawler: Crawler, target: FolderTarget) -> str:
    """Return a mark of all settings that decide what becomes of files, however they are read."""
    plain = replace(
        crawler,
        targets=(target,),
        recrawl=RecrawlBehavior.CRAWL_CHANGED,
        description="",
        timeout_s=None,
        max_retries=0,
        retry_delay_s=0.0,
    )
    return _mark(plain)


def _mark(*values: object) -> str:
    return hashlib.sha1(repr(values).encode(), usedforsecurity=False).hexdigest()[:10]
