"""What kind of file this is, from its first bytes: format, encoding, compression, and for CSV delimiter and header."""

from __future__ import annotations

from dataclasses import dataclass, replace

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.core.model import Classifier
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_dialect import classify_csv
from glue_tui.crawlers.head import Head, NoData, Unreadable, by_first_bytes, decoded, read_head
from glue_tui.crawlers.json_shape import classify_json, json_encoding, looks_like_json
from glue_tui.crawlers.names import DOCUMENT_EXTENSIONS, PARQUET_EXTENSIONS, without_packing

_MAGIC = (
    (b"ORC", "an ORC file"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"SQLite format 3\x00", "an SQLite database: crawl it through a connection"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """How to read a file, and why so."""

    format: FileFormat
    tried: tuple[str, ...] = ()
    """What was looked at and what came of it, in order, in words for people."""
    doubts: tuple[str, ...] = ()
    """What the file could also mean, each with the key that settles it; the crawl's log warns of them."""


def classify(path: str, name: str, classifier: Classifier, storage: Storage = LOCAL) -> Classified:
    """Return how to read a file; what `classifier` says is taken as said. Raises Unreadable or NoData.

    The content decides, the name only where the content can't: text in a file named .parquet was not meant as a table.
    Columns of parquet and JSON are not looked at here.
    """
    extension = without_packing(name).rpartition(".")[2]
    if extension in DOCUMENT_EXTENSIONS:
        raise NoData(f"a .{extension} file is no data")
    head = read_head(path, storage)
    if not head.content.strip():
        raise Unreadable("the file is empty")
    if extension not in PARQUET_EXTENSIONS:
        return Classified(format=_by_content(head, name, extension, classifier))
    try:
        found = _by_content(head, name, extension, classifier)
    except (Unreadable, NoData) as error:
        raise Unreadable(f"not a parquet file: {error}") from None
    if found.classification == "csv":
        raise Unreadable("not a parquet file: it is text")
    return Classified(format=found)


def _by_content(head: Head, name: str, extension: str, classifier: Classifier) -> FileFormat:
    content = head.content
    if known := by_first_bytes(content, extension):
        return FileFormat(classification=known)
    if content.startswith(b"PAR1"):
        return FileFormat(classification="parquet")
    for magic, what in _MAGIC:
        if content.startswith(magic):
            raise Unreadable(f"it is {what}, which is not read yet")
    if b"\x00" in content:
        raise Unreadable("it is binary, and no format that is known here")
    text, encoding = decoded(head)
    if looks_like_json(text, name, classifier):
        base = FileFormat(
            classification="json", encoding=json_encoding(head.content, encoding), compression=head.compression
        )
        found = classify_json(text, is_whole=head.is_whole, name=name, said=classifier, base=base)
        return replace(found.format, doubts=found.doubts)
    return classify_csv(text, extension, head, encoding, classifier)
