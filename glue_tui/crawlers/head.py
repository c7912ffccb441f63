"""The first bytes of a file: unpacked, and as text."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from glue_tui.catalog.places import LOCAL, Storage

HEAD_BYTES = 64 * 1024


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


def read_head(path: str, storage: Storage = LOCAL) -> Head:
    """Return the first bytes of a file. Raises Unreadable if it can't be opened or decompressed."""
    try:
        raw = storage.read(path, 0, HEAD_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"it can't be opened: {error.strerror}") from error
    raw, whole = raw[:HEAD_BYTES], len(raw) <= HEAD_BYTES
    if not raw.startswith(b"\x1f\x8b"):
        return Head(raw, "", whole)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        return Head(unpacker.decompress(raw, HEAD_BYTES * 4), "gzip", whole and unpacker.eof)
    except zlib.error as error:
        raise Unreadable(f"its gzip compression is broken: {error}") from error


def decoded(head: Head) -> tuple[str, str]:
    """Return the head as text, and its encoding."""
    content = head.content.removeprefix(b"\xef\xbb\xbf")
    try:
        return content.decode("utf8"), "utf8"
    except UnicodeDecodeError as error:
        if not head.is_whole and error.start >= len(content) - 3:
            return content[: error.start].decode("utf8"), "utf8"
    return content.decode("latin1"), "latin1"
