"""Where in a large CSV file the first value is that is not of a type: found by polars, not row by row in Python."""

from __future__ import annotations

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.readers.csv_files import is_plain, scan_csv_whole
from glue_tui.crawlers.csv_sorts import FILE, Sort, sort_of, sorts_of_kind
from glue_tui.crawlers.facts import CrawledFile
from glue_tui.crawlers.values import fits

BATCH_ROWS = 500_000
_ROW = "__glue_tui_row"


def first_misfit_far_in(file: CrawledFile, column: str, kind: str) -> tuple[int, str] | None:
    """Return line and value of the first value that is not of type `kind`, behind the rows that are known to be.

    None where there is none, or where rows are not lines, so that it can't be said this way.
    """
    file_format, listed = file.format, file.listed
    if not is_plain(file_format) or file_format.comment or file_format.lead_lines or file_format.blank_lines:
        return None
    try:
        options = listed.storage.polars_options(listed.absolute)
        lines = pl.scan_lines(listed.absolute, glob=False, **options)
        if lines.select(pl.len()).collect(engine="streaming").item() != file.rows + file_format.header:
            return None
        schema = {name: pl.String() for name in file_format.columns}
        rows = scan_csv_whole(file_format, [listed.absolute], schema, FILE, listed.storage).select(column)
        for start in range(file.facts[column].rows_before_misfit(kind), file.rows, BATCH_ROWS):
            some = rows.slice(start, BATCH_ROWS).with_row_index(_ROW, start)
            odd = some.filter(sort_of(pl.col(column), sorts_of_kind(kind)) == Sort.OTHER)
            for row, value in odd.collect(engine="streaming").iter_rows():
                if not fits(value, kind):
                    return row + 1 + file_format.header, value
    except (PolarsError, OSError):
        return None
    return None
