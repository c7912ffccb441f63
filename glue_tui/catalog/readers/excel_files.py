"""Sheets of Excel and OpenDocument workbooks, every cell as its text. Needs the extra `excel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.types import parse
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import FileFormat

if TYPE_CHECKING:
    from fastexcel import ExcelReader


def open_workbook(path: str, storage: Storage = LOCAL) -> ExcelReader:
    """Return a workbook. Raises InvalidInput without the package for it, OSError if it can't be read."""
    try:
        import fastexcel
    except ImportError as error:
        raise InvalidInput(
            "workbooks need a package that is not installed", hint="pip install 'glue-tui[excel]'"
        ) from error
    content = storage.read(path)
    try:
        return fastexcel.read_excel(content)
    except fastexcel.FastExcelError as error:
        raise OSError(f"not a whole workbook: {str(error).splitlines()[0]}") from error


def sheet_texts(workbook: ExcelReader, sheet: str) -> tuple[pl.DataFrame, bool]:
    """Return all filled rows of a sheet as text, its columns numbered from 0, and whether the sheet is hidden.

    An empty cell is null. Raises OSError if the sheet can't be read.
    """
    from fastexcel import FastExcelError

    try:
        loaded = workbook.load_sheet(sheet, header_row=None, dtypes="string")
    except FastExcelError as error:
        raise OSError(f"its sheet {sheet} is broken: {str(error).splitlines()[0]}") from error
    frame: pl.DataFrame = loaded.to_polars()
    frame.columns = [str(place) for place in range(frame.width)]
    return frame, loaded.visible != "visible"


def excel_frame(path: str, file_format: FileFormat, schema: dict[str, pl.DataType], storage: Storage) -> pl.DataFrame:
    """Return the rows of a file's sheet under the names and dtypes of `schema`."""
    texts, _ = sheet_texts(open_workbook(path, storage), file_format.sheet)
    rows = texts.slice(file_format.lead_lines + int(file_format.header))
    rows = rows.filter(pl.any_horizontal(pl.all().is_not_null()))
    rows = rows.head(max(rows.height - file_format.footer_lines, 0))
    named = rows.select(pl.nth(place).alias(name) for place, name in enumerate(file_format.columns))
    return named.select(_typed(name, dtype) for name, dtype in schema.items())


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    # Every day of a workbook is a moment at midnight.
    return parse(column.str.head(10) if dtype == pl.Date() else column, dtype).alias(name)
