"""What a workbook holds: the sheets that are tables, their headers, and the types of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl
from msgspec import structs
from polars.exceptions import PolarsError

from glue_tui.catalog.readers.excel_files import open_workbook, sheet_texts
from glue_tui.catalog.types import TIMESTAMP_FORMAT
from glue_tui.core.column_names import column_names
from glue_tui.core.model import Classifier
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import UNSETTLED_TAG, FileFormat
from glue_tui.crawlers.facts import BrokenFile, ColumnFacts, CrawledFile, Found, broken
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import NULL_TYPE, PATTERNS, is_text

FORCED_SHARE = 0.2
_MIDNIGHT = r"^\d{4}-\d{2}-\d{2} 00:00:00$"


def read_excel(listed: ListedFile, file_format: FileFormat, classifier: Classifier) -> list[Found]:
    """Return what is in the sheet that was said, or in each that is filled and to be seen: each is a table's file.

    Where sheets are left out, because they are hidden or broken, that is told.
    """
    try:
        workbook = open_workbook(listed.absolute, listed.storage)
        names = workbook.sheet_names
    except InvalidInput as error:
        hint = f": {error.hint}" if error.hint else ""
        return [BrokenFile(path=listed.path, reason=f"{error}{hint}")]
    except OSError as error:
        return [broken(listed, error)]
    read = _Sheets([], [], [])
    for name in names if classifier.sheet is None else [one for one in names if one == classifier.sheet]:
        try:
            texts, is_hidden = sheet_texts(workbook, name)
        except (OSError, PolarsError) as error:
            read.broken.append(broken(listed, error))
            continue
        if texts.height:
            sheet = _read_sheet(listed, replace(file_format, sheet=name), texts, classifier)
            (read.hidden if is_hidden else read.shown).append(sheet)
    return read.found(listed, names, classifier)


@dataclass(frozen=True, slots=True)
class _Sheets:
    """The sheets of a workbook that have rows."""

    shown: list[CrawledFile]
    hidden: list[CrawledFile]
    broken: list[BrokenFile]

    def found(self, listed: ListedFile, names: Sequence[str], classifier: Classifier) -> list[Found]:
        sheets = self.shown or self.hidden
        if classifier.sheet is not None:
            sheets = [*self.shown, *self.hidden]
            if not sheets and not self.broken:
                reason = f"it has no sheet {classifier.sheet!r} with rows, but: {', '.join(names)}"
                return [BrokenFile(path=listed.path, reason=reason)]
        elif not sheets and not self.broken:
            return [BrokenFile(path=listed.path, reason="all its sheets are empty")]
        elif self.shown and self.hidden:
            left_out = ", ".join(one.format.sheet for one in self.hidden)
            doubt = f"hidden sheets are left out: {left_out}; sheet = {self.hidden[0].format.sheet!r} reads one alone"
            sheets = [structs.replace(one, format=replace(one.format, doubts=(doubt,))) for one in sheets]
        if self.broken:
            # Taken for changed next time, so that its broken sheets are told again.
            unsettled = structs.replace(listed, tag=UNSETTLED_TAG)
            sheets = [structs.replace(one, listed=unsettled) for one in sheets]
        return [*self.broken, *sheets]


def _read_sheet(
    listed: ListedFile, file_format: FileFormat, texts: pl.DataFrame, classifier: Classifier
) -> CrawledFile:
    lead = _lead_rows(texts) if classifier.skip_lines is None else classifier.skip_lines
    head = texts.row(lead) if lead < texts.height else ()
    has_header = classifier.header if classifier.header is not None else _is_header(head)
    names = _names(head if has_header else (None,) * texts.width, classifier)
    footer = classifier.skip_footer_lines or 0
    read_as = replace(file_format, lead_lines=lead, footer_lines=footer, header=has_header, columns=names)
    first_row = lead + int(has_header)
    rows = texts.slice(first_row).with_row_index("row", first_row + 1)
    rows = rows.filter(pl.any_horizontal(pl.exclude("row").is_not_null()))
    rows = rows.head(max(rows.height - read_as.footer_lines, 0))
    facts = {
        name: _facts(rows.get_column(str(place)), rows.get_column("row"), f"{listed.path}, sheet {file_format.sheet}")
        for place, name in enumerate(names)
    }
    return CrawledFile(listed=listed, format=read_as, rows=rows.height, facts=facts)


def _lead_rows(texts: pl.DataFrame) -> int:
    """Return how many rows stand before the table: titles and notes fill fewer than half of the columns."""
    for number, row in enumerate(texts.head(50).iter_rows()):
        if sum(cell is not None for cell in row) * 2 > len(row):
            return number
    return 0


def _is_header(row: tuple[str | None, ...]) -> bool:
    """Return whether a row names the columns: all cells but a few trailing ones are words, none comes twice."""
    cells = [cell for cell in row if cell is not None]
    return bool(cells) and all(map(is_text, cells)) and len(set(cells)) == len(cells) and row[0] is not None


def _names(row: tuple[str | None, ...], classifier: Classifier) -> tuple[str, ...]:
    said = classifier.columns
    return column_names([said[place] if place < len(said) else cell or "" for place, cell in enumerate(row)])


def _facts(column: pl.Series, rows: pl.Series, where: str) -> ColumnFacts:
    """Return a column's type: the narrowest that holds for all values, and what forces it to be text."""
    filled = column.is_not_null() & (column != "")
    values, rows = column.filter(filled), rows.filter(filled)
    if not len(values):
        return ColumnFacts(type=NULL_TYPE)
    fits = {
        "boolean": values.str.contains(PATTERNS["boolean"]),
        "bigint": values.str.contains(PATTERNS["bigint"]) & values.cast(pl.Int64, strict=False).is_not_null(),
        "double": values.str.contains(PATTERNS["double"]),
        "date": values.str.contains(_MIDNIGHT),
        "timestamp": values.str.to_datetime(TIMESTAMP_FORMAT, strict=False).is_not_null(),
    }
    for kind, fitting in fits.items():
        if fitting.all():
            return ColumnFacts(type=kind)
    best = max(fits, key=lambda kind: fits[kind].sum())
    if fits[best].mean() < FORCED_SHARE:  # type: ignore[operator]
        return ColumnFacts(type="string")
    misfit = (~fits[best]).arg_max() or 0
    return ColumnFacts(type="string", reason=f"{values[misfit]!r} in {where}:{rows[misfit]} is no {best}")
