"""What kind of file this is, from its first bytes: format, encoding, compression, and for CSV delimiter and header."""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections import Counter
from dataclasses import dataclass

from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.values import is_text

HEAD_BYTES = 64 * 1024
SAMPLE_ROWS = 200
HEADER_CELL_MAX = 150
"""Rule CL-5."""

DATA_EXTENSIONS = frozenset({"csv", "tsv", "psv", "txt", "dat", "data", "json", "jsonl", "ndjson", "parquet", "pq"})
PARQUET_EXTENSIONS = frozenset({"parquet", "pq"})
DOCUMENT_EXTENSIONS = frozenset(
    {"md", "rst", "html", "htm", "pdf", "py", "sql", "sh", "toml", "yaml", "yml", "png", "jpg", "log", "crc", "tmp"}
)
EVENNESS_MIN = 0.8
"""Share of the rows that must be cut into the same number of cells, in a file whose name does not say CSV."""

DELIMITERS = (",", "|", "\t", ";", "\x01")
"""Rule CL-4."""

_MAGIC = (
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet"),
    (b"BZh", "compressed with bzip2"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"SQLite format 3\x00", "an SQLite database: crawl it through a connection"),
)

_COLUMN_NAME = re.compile(r"[^\W\d][\w .:/()%#€$&+-]*")
_TELLING_WORDS = re.compile(
    r"(?:id|key|code|name|type|date|day|month|year|time|timestamp|amount|price|cost|total|quantity|"
    r"qty|count|number|no|nr|status|state|city|country|region|address|street|zip|postcode|email|"
    r"mail|phone|url|description|comment|note|label|category|product|customer|user|order|item|"
    r"store|shop|sku|currency|value|first|last|created|updated|at|title|group|class|level|from|"
    r"to|start|end|lat|lon|latitude|longitude|language|gender|color|colour|size|unit)"
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


class Unreadable(Exception):
    """A file that should hold a table but can't be read, with the reason for people."""


class NoData(Exception):
    """A file that was never meant as data: a document, a script."""


@dataclass(frozen=True, slots=True)
class Head:
    content: bytes
    """The first bytes of the file, decompressed."""
    compression: str
    is_whole: bool


def classify(path: str, name: str) -> FileFormat:
    """Return how to read a file. Raises Unreadable or NoData.

    The content decides, the name only where the content can't: text in a file named .parquet was not meant as a table.
    Columns of parquet and JSON are not looked at here.
    """
    extension = name.lower().removesuffix(".gz").rpartition(".")[2]
    if extension in DOCUMENT_EXTENSIONS:
        raise NoData(f"a .{extension} file is no data")
    head = read_head(path)
    if not head.content.strip():
        raise Unreadable("the file is empty")
    if extension not in PARQUET_EXTENSIONS:
        return _classify_content(head, name, extension)
    try:
        found = _classify_content(head, name, extension)
    except (Unreadable, NoData) as error:
        raise Unreadable(f"not a parquet file: {error}") from None
    if found.classification == "csv":
        raise Unreadable("not a parquet file: it is text")
    return found


def _classify_content(head: Head, name: str, extension: str) -> FileFormat:
    content = head.content
    if content.startswith(b"PAR1"):
        return FileFormat(classification="parquet")
    for magic, what in _MAGIC:
        if content.startswith(magic):
            raise Unreadable(f"it is {what}, which is not read yet")
    if b"\x00" in content:
        raise Unreadable("it is binary, and no format that is known here")
    text, encoding = _decoded(head)
    if text.lstrip().startswith("{"):
        return FileFormat(classification="json", encoding=encoding, compression=head.compression)
    if text.lstrip().startswith("[") and name.lower().split(".", 1)[-1].startswith(("json", "ndjson")):
        raise Unreadable("it is one JSON array: write one object per line")
    return _classify_csv(text, extension, head, encoding)


def read_head(path: str) -> Head:
    """Return the first bytes of a file. Raises Unreadable if it can't be opened or decompressed."""
    try:
        with open(path, "rb") as file:
            raw = file.read(HEAD_BYTES)
            whole = not file.read(1)
    except OSError as error:
        raise Unreadable(f"it can't be opened: {error.strerror}") from error
    if not raw.startswith(b"\x1f\x8b"):
        return Head(raw, "", whole)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        return Head(unpacker.decompress(raw, HEAD_BYTES * 4), "gzip", whole and unpacker.eof)
    except zlib.error as error:
        raise Unreadable(f"its gzip compression is broken: {error}") from error


def _decoded(head: Head) -> tuple[str, str]:
    content = head.content.removeprefix(b"\xef\xbb\xbf")
    try:
        return content.decode("utf8"), "utf8"
    except UnicodeDecodeError as error:
        if not head.is_whole and error.start >= len(content) - 3:
            return content[: error.start].decode("utf8"), "utf8"
    return content.decode("latin1"), "latin1"


def _classify_csv(text: str, extension: str, head: Head, encoding: str) -> FileFormat:
    delimiter, rows, evenness = _split_best(text, head.is_whole)
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if extension not in ("csv", "tsv", "psv") and (width < 2 or evenness < EVENNESS_MIN):
        error = Unreadable if extension in DATA_EXTENSIONS else NoData
        raise error("no delimiter cuts its lines into columns, so it holds no table")
    header = has_header(rows)
    cells = rows[0] if header else [f"col{place}" for place in range(width)]
    return FileFormat(
        classification="csv",
        columns=column_names(cells),
        delimiter=delimiter,
        header=header,
        encoding=encoding,
        compression=head.compression,
    )


def _split_best(text: str, is_whole: bool) -> tuple[str, list[list[str]], float]:
    """Return the delimiter that cuts the rows most evenly, the rows of the sample, and the share of even rows."""
    best: tuple[float, int, str, list[list[str]]] = (-1.0, 0, ",", [])
    for delimiter in [item for item in DELIMITERS if item in text] or [","]:
        rows = _rows(text, delimiter, is_whole)
        width, count = Counter(map(len, rows)).most_common(1)[0]
        evenness = count / len(rows) if width > 1 else 0.0
        # A header that is cut otherwise than the rows speaks against a delimiter more than one odd row does.
        if len(rows[0]) != width:
            evenness /= 2
        if (evenness, width) > best[:2]:
            best = (evenness, width, delimiter, rows)
    return best[2], best[3], best[0]


def _rows(text: str, delimiter: str, is_whole: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    # The last line of a head that was cut off is not whole.
    return rows[:-1] if len(rows) > 1 and not is_whole and len(rows) <= SAMPLE_ROWS else rows or [[text]]


def has_header(rows: list[list[str]]) -> bool:
    """Return whether the first row holds names (rule CL-5), also where all values are text, which Glue can't tell."""
    cells = [cell.strip() for cell in rows[0]]
    if not _could_be_names(cells):
        return False
    body = rows[1:]
    columns = [[row[place] for row in body if place < len(row) and row[place] != ""] for place in range(len(cells))]
    if any(values and not all(map(is_text, values[:20])) for values in columns):
        return True
    if len(set(cells)) < len(cells) or any(cell in values for cell, values in zip(cells, columns, strict=True)):
        return False
    if not any(columns):
        return True
    return sum(_vote(cell, values) for cell, values in zip(cells, columns, strict=True)) > 0


def _could_be_names(cells: list[str]) -> bool:
    names = [cell for cell in cells if cell]
    if len(cells) - len(names) > 1 or not names:
        return False
    return all(len(name) < HEADER_CELL_MAX and _COLUMN_NAME.fullmatch(name) and is_text(name) for name in names)


def _vote(cell: str, values: list[str]) -> int:
    """Return how much one column of text speaks for its first cell being a name: a telling word, another look."""
    vote = 0
    words = {word.lower() for word in _WORDS.findall(cell)}
    if any(map(_TELLING_WORDS.fullmatch, words)) or "_" in cell:
        vote += 2
    lengths = {len(value) for value in values}
    if len(values) > 1 and len(lengths) == 1:
        vote += 1 if len(cell) not in lengths else -1
    if values and cell.islower() != any(value.islower() for value in values):
        vote += 1
    return vote


def column_names(cells: list[str]) -> tuple[str, ...]:
    """Return the cells of a header as column names: trimmed, an empty one numbered, a second one of a name too."""
    names: list[str] = []
    for place, cell in enumerate(cells):
        base = cell.strip() or f"col{place}"
        name, number = base, 1
        while name in names:
            number += 1
            name = f"{base}_{number}"
        names.append(name)
    return tuple(names)
