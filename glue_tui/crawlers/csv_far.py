"""Where in a large CSV file the first value is that is not of a type: found by polars, not row by row in Python."""

from __future__ import annotations

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.readers.csv_files import is_plain, scan_csv_whole
from glue_tui.crawlers.csv_sorts import odd_ones
from glue_tui.crawlers.facts import CrawledFile
from glue_tui.crawlers.values import fits

BATCH_ROWS = 500_000
_PATH = "__glue_tui_path"


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
        rows = scan_csv_whole(file_format, [listed.absolute], schema, _PATH, listed.storage).select(column)
        for start in range(file.facts[column].rows_before_misfit(kind), file.rows, BATCH_ROWS):
            some = rows.slice(start, BATCH_ROWS).collect(engine="streaming").to_series()
            for place in odd_ones(some, kind):
                if not fits(value := some[place], kind):
                    return start + place + 1 + file_format.header, value
    except (PolarsError, OSError):
        return None
    return None
