"""The records of JSON files of every shape, one after the other: lines, arrays, objects, and arrays within objects.

A file is never held whole: of an array of a gigabyte only the record at hand is in memory.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glue_tui.catalog.places import LOCAL, Storage, is_s3
from glue_tui.catalog.readers.unpacked import unpacked
from glue_tui.core.json_path import Step, json_steps
from glue_tui.core.schema import FileFormat

PIECE_CHARACTERS = 1024 * 1024
RECORD_CHARACTERS_MAX = 256 * 1024 * 1024
"""A single value that is longer is refused: no line of data is, but a file whose brackets never close."""

SHOWN_MAX = 60

_NEAR_THE_END = 16
"""An error so near the end of what was read may be only that the rest was not read yet."""


class BrokenJson(ValueError):
    """What is wrong in a JSON file, with its line, in words for people."""


def is_read_by_polars(file_format: FileFormat) -> bool:
    """Return whether polars reads such files itself, as they lie: one object a line, in UTF-8."""
    return (
        file_format.shape in ("", "lines")
        and file_format.encoding == "utf8"
        and file_format.compression in ("", "gzip", "zstd")
    )


def is_read_in_place(path: str, file_format: FileFormat) -> bool:
    """Return whether polars reads this file as it lies. It would take `*` in the name of an object for a pattern."""
    return is_read_by_polars(file_format) and not (is_s3(path) and set(path) & set("*?[{"))


def json_records(path: str, file_format: FileFormat, storage: Storage = LOCAL) -> Iterator[tuple[int, str]]:
    """Yield the records of a file, each with the line it begins in (from 1) and its text, without line breaks.

    Each begins with `{`; whether the rest is JSON is seen by who reads it. Raises BrokenJson, Damaged.
    """
    encoding = "utf-8-sig" if file_format.encoding == "utf8" else file_format.encoding
    with unpacked(path, file_format.compression, storage) as file:
        text = io.TextIOWrapper(file, encoding=encoding, newline="\n")
        try:
            found = _lines(text) if file_format.shape in ("", "lines") else _within(text, _steps(file_format))
            for line, record in found:
                if not record.startswith("{"):
                    raise BrokenJson(f"line {line} is no JSON object: {shown(record)}")
                yield line, record
        except UnicodeDecodeError as error:
            raise BrokenJson(f"it is not in {file_format.encoding}: {error.reason}") from error


@contextmanager
def as_json_lines(path: str, file_format: FileFormat, storage: Storage = LOCAL) -> Iterator[str]:
    """Give the path of a file with the same records, one a line, in UTF-8: `path` itself, or a passing file.

    Raises BrokenJson, Damaged.
    """
    if is_read_in_place(path, file_format):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="glue-tui-") as folder:
        target = Path(folder) / "lines.jsonl"
        with target.open("w", encoding="utf8", newline="\n") as file:
            file.writelines(record + "\n" for _, record in json_records(path, file_format, storage))
        yield str(target)


def shown(text: str) -> str:
    """Return a text as it is shown to people: quoted, and not too long."""
    return repr(text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…")


def _steps(file_format: FileFormat) -> tuple[Step, ...]:
    return json_steps(file_format.records or ("$[*]" if file_format.shape == "array" else "$"))


def _lines(file: io.TextIOBase) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(file, start=1):
        if record := line.strip():
            yield number, record


def _within(file: io.TextIOBase, steps: tuple[Step, ...]) -> Iterator[tuple[int, str]]:
    document = _Document(file)
    while document.next_letter():
        yield from _walk(document, steps)


def _walk(document: _Document, steps: tuple[Step, ...]) -> Iterator[tuple[int, str]]:
    """Yield the values that the steps lead to from the value that comes next; all of it is behind us afterwards."""
    if not steps:
        yield document.value()
        return
    step, rest = steps[0], steps[1:]
    opening, closing = ("[", "]") if step is None else ("{", "}")
    if document.next_letter() != opening:
        line, text = document.value()
        if text != "null":
            wanted = "array" if step is None else f"object with {step!r}"
            raise BrokenJson(f"line {line} has no {wanted} where the records should be: {shown(text)}")
        return
    document.take(opening)
    if document.next_letter() == closing:
        document.take(closing)
        return
    while True:
        if step is None:
            yield from _walk(document, rest)
        else:
            _, key = document.value()
            document.take(":")
            if json.loads(key) == step:
                yield from _walk(document, rest)
            else:
                document.value()
        if document.next_letter() == closing:
            document.take(closing)
            return
        document.take(",")


def _no_constant(name: str) -> None:
    raise BrokenJson(f"{name} is no JSON value")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


class _Document:
    """JSON text, read in pieces from a file, taken value by value."""

    def __init__(self, file: io.TextIOBase) -> None:
        self._file = file
        self._text = ""
        self._place = 0
        self._line = 1
        self._is_over = False

    def next_letter(self) -> str:
        """Return the next letter that is not blank, and stand before it; empty at the end."""
        while True:
            start = self._place
            rest = len(self._text)
            while start < rest and self._text[start] in " \t\n\r":
                start += 1
            self._advance(start)
            if start < rest:
                return self._text[start]
            if self._is_over:
                return ""
            self._read_on()

    def take(self, letter: str) -> None:
        """Pass over a letter that has to come. Raises BrokenJson if it does not."""
        found = self.next_letter()
        if found != letter:
            raise BrokenJson(f"line {self._line}: expected {letter!r}, found {f'{found!r}' if found else 'the end'}")
        self._advance(self._place + 1)

    def value(self) -> tuple[int, str]:
        """Return the next value as text in one line, and the line it begins in. Raises BrokenJson."""
        if not self.next_letter():
            raise BrokenJson(f"line {self._line}: the file is cut off: a value has to follow")
        while True:
            try:
                _, end = _DECODER.raw_decode(self._text, self._place)
                if end < len(self._text) or self._is_over:
                    break
            except json.JSONDecodeError as error:
                if self._is_over or self._is_certain(error):
                    raise self._broken(error) from error
            except (BrokenJson, RecursionError) as error:
                why = "its values are nested too deeply" if isinstance(error, RecursionError) else str(error)
                raise BrokenJson(f"line {self._line}: {why}") from error
            self._read_on()
        line, text = self._line, self._text[self._place : end]
        self._advance(end)
        return line, text.replace("\r", " ").replace("\n", " ") if "\n" in text or "\r" in text else text

    def _is_certain(self, error: json.JSONDecodeError) -> bool:
        is_open = error.msg.startswith("Unterminated string")
        return error.pos < len(self._text) - _NEAR_THE_END and not is_open

    def _broken(self, error: json.JSONDecodeError) -> BrokenJson:
        line = self._line + self._text.count("\n", self._place, error.pos)
        is_open = error.msg.startswith("Unterminated string")
        if self._is_over and (is_open or error.pos >= len(self._text.rstrip())):
            return BrokenJson(f"line {line}: the file is cut off: {error.msg}")
        column = error.pos - self._text.rfind("\n", 0, error.pos)
        return BrokenJson(f"line {line} is no JSON: {error.msg} at column {column}")

    def _advance(self, place: int) -> None:
        self._line += self._text.count("\n", self._place, place)
        self._place = place

    def _read_on(self) -> None:
        rest = self._text[self._place :]
        if len(rest) > RECORD_CHARACTERS_MAX:
            raise BrokenJson(f"line {self._line}: a value longer than {RECORD_CHARACTERS_MAX:,} letters begins here")
        piece = self._file.read(max(PIECE_CHARACTERS, len(rest)))
        self._is_over = not piece
        self._text, self._place = rest + piece, 0
