"""Where in a file something is: the first value that is not of a type, the first row that is too long.

Read again in plain Python, but only for the one file that is known to hold it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from glue_tui.catalog.readers.unpacked import unpacked
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import fits, widened

VALUE_CHARACTERS_MAX = 60


def first_misfit(listed: ListedFile, file_format: FileFormat, column: str, kind: str) -> tuple[int, str] | None:
    """Return line and value of the first value in a CSV or JSON column that is not of type `kind`, if there is one."""
    if file_format.classification == "json":
        return _first_json_misfit(listed, file_format, column, kind)
    place = file_format.columns.index(column)
    return _first_row(
        listed,
        file_format,
        lambda row: row[place] if place < len(row) and row[place] and not fits(row[place], kind) else None,
    )


def ragged_row(listed: ListedFile, file_format: FileFormat) -> str:
    """Return `line 7 has 5 values, the file 4 columns` for the first row of a CSV file that is too long; or nothing."""
    width = len(file_format.columns)
    found = _first_row(listed, file_format, lambda row: str(len(row)) if len(row) > width else None)
    return f"line {found[0]} has {found[1]} values, but the file {width} columns" if found else ""


def broken_json_line(listed: ListedFile, file_format: FileFormat) -> str:
    """Return `line 7 is no JSON object: Expecting value at column 9` for the first such line of a file; or nothing."""
    try:
        with _opened(listed, file_format) as file:
            for number, line in enumerate(file, start=1):
                try:
                    if line.strip() and not isinstance(json.loads(line), dict):
                        return f"line {number} is no JSON object: {shortened(line.strip())}"
                except json.JSONDecodeError as error:
                    return f"line {number} is no JSON object: {error.msg} at column {error.colno}"
    except (ValueError, EOFError, OSError):
        pass
    return ""


def shortened(value: str) -> str:
    """Return a value as it is shown to people: quoted, and not too long."""
    return repr(value if len(value) <= VALUE_CHARACTERS_MAX else value[: VALUE_CHARACTERS_MAX - 1] + "…")


def _first_row(
    listed: ListedFile, file_format: FileFormat, found: Callable[[list[str]], str | None]
) -> tuple[int, str] | None:
    with _opened(listed, file_format) as file:
        rows = csv.reader(file, delimiter=file_format.delimiter)
        try:
            if file_format.header:
                next(rows, None)
            for row in rows:
                value = found(row)
                if value is not None:
                    return rows.line_num, value
        except (csv.Error, ValueError, EOFError, OSError):
            return None
    return None


def _first_json_misfit(listed: ListedFile, file_format: FileFormat, column: str, kind: str) -> tuple[int, str] | None:
    with _opened(listed, file_format) as file:
        for number, line in enumerate(file, start=1):
            try:
                value = json.loads(line).get(column) if line.strip() else None
            except (ValueError, AttributeError):
                return None
            if value is not None and widened(_json_type(value), kind) != kind:
                return number, value if isinstance(value, str) else json.dumps(value)
    return None


def _json_type(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "bigint"
        case float():
            return "double"
        case _:
            return "string"


@contextmanager
def _opened(listed: ListedFile, file_format: FileFormat) -> Iterator[io.TextIOBase]:
    encoding = "latin1" if file_format.encoding == "latin1" else "utf-8-sig"
    with unpacked(listed.absolute, file_format.compression, listed.storage) as file:
        yield io.TextIOWrapper(file, encoding=encoding, newline="")
