"""Where in a file something is: the first value that is not of a type, the first row that is too long.

Read again in plain Python, but only for the one file that is known to hold it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable

from glue_tui.catalog.readers.csv_rows import csv_rows, csv_text
from glue_tui.catalog.readers.json_records import json_records
from glue_tui.catalog.readers.json_values import json_object, json_text
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.json_kinds import Kinds
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import fits, widened

VALUE_CHARACTERS_MAX = 60


def first_misfit(
    listed: ListedFile, file_format: FileFormat, column: str, kind: str, form: str = ""
) -> tuple[int, str] | None:
    """Return line and value of the first value in a CSV or JSON column that is not of type `kind`, if there is one.

    `form` is how the values of a CSV column are written, where not plainly (see forms.py).
    """
    if file_format.classification == "json":
        return _first_json_misfit(listed, file_format, column, kind)
    return _first_value(listed, file_format, column, lambda value: not fits(value, kind, form))


def first_beyond_double(listed: ListedFile, file_format: FileFormat, column: str) -> tuple[int, str] | None:
    """Return line and text of the first value in a JSON column with a whole number that a double may not hold."""
    return _first_json_value(listed, file_format, column, lambda value: value.is_beyond_double)


def first_value(listed: ListedFile, file_format: FileFormat, column: str) -> tuple[int, str] | None:
    """Return line and value of the first value in a CSV column, if there is one."""
    return _first_value(listed, file_format, column, lambda _: True)


def ragged_row(listed: ListedFile, file_format: FileFormat) -> str:
    """Return what is wrong with the first row of a CSV file that has too many values or ends nowhere; or nothing."""
    width = len(file_format.columns)

    def excess(row: list[str]) -> str | None:
        too_many = len(row) > width and not (file_format.trailing and len(row) == width + 1 and not row[-1])
        return str(len(row)) if too_many else None

    try:
        found = _first_row(listed, file_format, excess)
    except (csv.Error, UnicodeError) as error:
        return str(error)
    return f"line {found[0]} has {found[1]} values, but the file {width} columns" if found else ""


def blank_line_count(listed: ListedFile, file_format: FileFormat) -> int:
    """Return how many lines of a CSV file hold nothing at all, those before its header aside."""
    with csv_text(listed.absolute, file_format, listed.storage) as lines:
        return sum(
            number > file_format.lead_lines and line in ("\n", "\r\n", "\r") for number, line in enumerate(lines, 1)
        )


def shortened(value: str) -> str:
    """Return a value as it is shown to people: quoted, and not too long."""
    return repr(value if len(value) <= VALUE_CHARACTERS_MAX else value[: VALUE_CHARACTERS_MAX - 1] + "…")


def _first_value(
    listed: ListedFile, file_format: FileFormat, column: str, is_sought: Callable[[str], bool]
) -> tuple[int, str] | None:
    place = file_format.columns.index(column)

    def sought(row: list[str]) -> str | None:
        value = row[place] if place < len(row) else ""
        return value if value and value not in file_format.nulls and is_sought(value) else None

    try:
        return _first_row(listed, file_format, sought)
    except (csv.Error, UnicodeError, EOFError, OSError):
        return None


def _first_row(
    listed: ListedFile, file_format: FileFormat, found: Callable[[list[str]], str | None]
) -> tuple[int, str] | None:
    with csv_text(listed.absolute, file_format, listed.storage) as text:
        rows = csv_rows(text, file_format)
        if file_format.header:
            next(rows, None)
        for line, row in rows:
            value = found(row)
            if value is not None:
                return line, value
    return None


def _first_json_misfit(listed: ListedFile, file_format: FileFormat, column: str, kind: str) -> tuple[int, str] | None:
    def is_sought(value: Kinds) -> bool:
        if kind in ("date", "timestamp") and value.type == "string":
            return not fits(value.firsts["string"][1], kind)
        return widened(value.type, kind) != kind

    return _first_json_value(listed, file_format, column, is_sought)


def _first_json_value(
    listed: ListedFile, file_format: FileFormat, column: str, is_sought: Callable[[Kinds], bool]
) -> tuple[int, str] | None:
    """Return line and text of the first value of a field, null aside, that is sought; each is given as kinds of one."""
    try:
        for line, record in json_records(listed.absolute, file_format, listed.storage):
            if (value := json_object(record.encode()).get(column)) is None:
                continue
            kinds = Kinds()
            kinds.add(value, line)
            if kinds.counts and is_sought(kinds):
                return line, json_text(value)
    except (ValueError, OSError):
        pass  # the file changed since it was read
    return None
