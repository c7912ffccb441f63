"""The first bytes of a file: unpacked, and as text."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.readers.unpacked import WORKBOOK_MEMBERS, Damaged, compression_of, members, unpacked

HEAD_BYTES = 64 * 1024


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


def _is_workbook(path: str, compression: str, storage: Storage) -> bool:
    """Return whether a zip archive is one of Excel or OpenDocument."""
    if compression != "zip":
        return False
    with storage.open(path) as file:
        return not WORKBOOK_MEMBERS.isdisjoint(members(file))


def decoded(head: Head) -> tuple[str, str]:
    """Return the head as text, and its encoding."""
    content = head.content.removeprefix(b"\xef\xbb\xbf")
    try:
        return content.decode("utf8"), "utf8"
    except UnicodeDecodeError as error:
        if not head.is_whole and error.start >= len(content) - 3:
            return content[: error.start].decode("utf8"), "utf8"
    return content.decode("latin1"), "latin1"
