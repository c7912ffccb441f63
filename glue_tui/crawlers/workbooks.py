"""Workbooks with several sheets: what lies in sheets of one name is grouped by itself, for each sheet is a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from glue_tui.crawlers.facts import CrawledFile
from glue_tui.crawlers.group import GroupedTable, Grouping, group


def group_by_sheet(files: Sequence[CrawledFile], target_name: str, grouping: Grouping) -> list[GroupedTable]:
    """Return the tables that the files of one target make up; no table has a file twice.

    Of a workbook with several sheets each is a table `file_sheet`; where workbooks lie side by side that have a sheet
    of the same name and are alike, `folder_sheet`.
    """
    several = {path for path, sheets in Counter(file.listed.path for file in files).items() if sheets > 1}
    if not several:
        return group(files, target_name, grouping) if files else []
    names = {file.format.sheet for file in files if file.listed.path in several}
    layers: dict[str, list[CrawledFile]] = defaultdict(list)
    for file in files:
        # A workbook with one sheet goes with those that have this among others.
        sheet = file.format.sheet
        layers[sheet if sheet in names else ""].append(file)
    return [
        _of_sheet(table, sheet) if sheet else table
        for sheet, members in layers.items()
        for table in group(members, target_name, grouping)
    ]


def _of_sheet(table: GroupedTable, sheet: str) -> GroupedTable:
    """Return the table under a name that tells it from those of the other sheets."""
    name, is_alone = table.name, len(table.files) == 1 and not table.keys
    if is_alone:
        file_name = table.files[0][0].listed.name
        name = file_name.rpartition(".")[0] or file_name
    why = f"sheet {sheet!r} of {'a workbook' if is_alone else 'workbooks'} with several"
    return replace(table, name=f"{name}_{sheet}", single_file=is_alone, why=f"{why}; {table.why}" if table.why else why)
