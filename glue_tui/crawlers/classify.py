"""What kind of file this is, from its first bytes: format, encoding, compression, and for CSV delimiter and header."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.readers.csv_rows import python_encoding
from glue_tui.core.model import Classifier
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_dialect import classify_csv
from glue_tui.crawlers.csv_footer import footer_doubts
from glue_tui.crawlers.encodings import decoded
from glue_tui.crawlers.head import Head, NoData, Unreadable, by_first_bytes, read_head, read_tail
from glue_tui.crawlers.names import DOCUMENT_EXTENSIONS, PARQUET_EXTENSIONS, without_packing
from glue_tui.crawlers.text_formats import json_or_log

_MAGIC = (
    (b"ORC", "an ORC file, which is not read yet"),
    (b"SQLite format 3\x00", "an SQLite database: crawl it through a connection"),
    (b"\xfd7zXZ\x00", "packed by xz, which is not read: unpack it, or pack it with gzip or zstd"),
)

_TAR_PLACE = 257
"""Where a tar archive says what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """How to read a file, and why so."""

    format: FileFormat
    tried: tuple[str, ...] = ()
    """What was looked at and what came of it, in order, in words for people. The format keeps the doubts."""


def classify(path: str, name: str, classifier: Classifier, storage: Storage = LOCAL) -> Classified:
    """Return how to read a file; what `classifier` says is taken as said. Raises Unreadable or NoData.

    The content decides, the name only where the content can't: text in a file named .parquet was not meant as a table.
    Columns of parquet and JSON are not looked at here.
    """
    extension = without_packing(name).rpartition(".")[2]
    if extension in DOCUMENT_EXTENSIONS and classifier.format is None:
        raise NoData(f"a .{extension} file is no data")
    head = read_head(path, storage)
    if not head.content.strip():
        raise Unreadable("the file is empty")
    if extension not in PARQUET_EXTENSIONS:
        return _by_content(head, name, extension, classifier, lambda: read_tail(path, storage))
    try:
        found = _by_content(head, name, extension, classifier, bytes)
    except (Unreadable, NoData) as error:
        raise Unreadable(f"not a parquet file: {error}") from None
    if found.format.classification == "csv":
        raise Unreadable("not a parquet file: it is text")
    return found


def _by_content(head: Head, name: str, extension: str, classifier: Classifier, tail: Callable[[], bytes]) -> Classified:
    """Return how to read a file with this head; `tail` is asked for its end where the head is not all of it."""
    content = head.content
    tried = (f"compression: {head.compression}, by its first bytes",) if head.compression else ()
    if known := by_first_bytes(content, extension):
        return Classified(format=FileFormat(classification=known), tried=(f"{known}: by its first bytes",))
    if content.startswith(b"PAR1"):
        return Classified(format=FileFormat(classification="parquet"), tried=("parquet: by its first bytes",))
    for magic, what in _MAGIC:
        if content.startswith(magic):
            raise Unreadable(f"it is {what}")
    if content[_TAR_PLACE:].startswith(b"ustar"):
        raise Unreadable("it is a tar archive of files: unpack it")
    found = decoded(head, classifier.encoding)
    if not found.text.strip():
        raise Unreadable("the file is empty")
    tried = (*tried, found.tried)
    if other := json_or_log(found, head, name, classifier):
        return Classified(format=other.format, tried=(*tried, other.tried))
    dialect = classify_csv(head, found, extension, classifier)
    found_format = dialect.format
    if not found_format.footer_lines and (head.is_whole or not head.compression):
        end = found.text if head.is_whole else tail().decode(python_encoding(found_format.encoding), errors="replace")
        doubts = (*found_format.doubts, *footer_doubts(end, found_format.delimiter))
        found_format = replace(found_format, doubts=doubts)
    return Classified(format=found_format, tried=(*tried, *dialect.tried))
