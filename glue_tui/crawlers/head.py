"""The first bytes of a file: unpacked, and as text."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.readers.unpacked import WORKBOOK_MEMBERS, Damaged, compression_of, members, unpacked

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 4 * 1024


class Unreadable(Exception):
    """A file that should hold a table but can't be read, with the reason for people."""


class NoData(Exception):
    """A file that was never meant as data: a document, a script."""


@dataclass(frozen=True, slots=True)
class Head:
    content: bytes
    """The first bytes of the file, unpacked."""
    compression: str
    is_whole: bool


def read_head(path: str, storage: Storage = LOCAL) -> Head:
    """Return the first bytes of a file. Raises Unreadable if it can't be opened or unpacked."""
    try:
        content = storage.read(path, 0, HEAD_BYTES + 1)
        compression = compression_of(content)
        if compression and not _is_workbook(path, compression, storage):
            with unpacked(path, compression, storage) as file:
                content = file.read(HEAD_BYTES + 1)
        else:
            compression = ""
    except Damaged as error:
        raise Unreadable(str(error)) from error
    except OSError as error:
        raise Unreadable(f"it can't be opened: {error.strerror}") from error
    return Head(content[:HEAD_BYTES], compression, len(content) <= HEAD_BYTES)


def read_tail(path: str, storage: Storage = LOCAL) -> bytes:
    """Return the last bytes of a file that is not packed; nothing if it can't be opened any more."""
    try:
        return storage.read(path, max(storage.status(path).size_bytes - TAIL_BYTES, 0), TAIL_BYTES)
    except OSError:
        return b""


def _is_workbook(path: str, compression: str, storage: Storage) -> bool:
    """Return whether a zip archive is one of Excel or OpenDocument."""
    if compression != "zip":
        return False
    with storage.open(path) as file:
        return not WORKBOOK_MEMBERS.isdisjoint(members(file))


def by_first_bytes(content: bytes, extension: str) -> str:
    """Return the classification of a binary file by how it begins; empty for any other."""
    for magic, classification in _MAGIC:
        if content.startswith(magic):
            return classification
    return "ipc" if extension in _IPC_EXTENSIONS and content.startswith(_IPC_STREAM) else ""


_MAGIC = (
    (b"Obj\x01", "avro"),
    (b"ARROW1", "ipc"),
    (b"PK\x03\x04", "excel"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel"),
)
_IPC_STREAM = b"\xff\xff\xff\xff"
_IPC_EXTENSIONS = frozenset({"arrow", "arrows", "ipc", "feather"})
