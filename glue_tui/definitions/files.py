"""Read the files that a definition rests on, within limits, and tell by a digest whether any of them has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FILE_BYTES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file beside the TOML: a query, which becomes part of the workflow, or a script, which only has to exist."""

    path: Path
    is_read: bool

    def look(self) -> bytes | str:
        """Return what the definition takes from it: its content, or whether it is there."""
        return read_file(self.path) if self.is_read else str(is_file(self.path))


def read_file(path: Path) -> bytes | str:
    """Return the content, or in words why it can't be had."""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            return "can't be read: it is no regular file"
        with open(path, "rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        return f"can't be read: {error.strerror}"
    return content if len(content) <= FILE_BYTES_MAX else f"larger than {FILE_BYTES_MAX} bytes"


def is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def digest_of(contents: Iterable[bytes | str]) -> str:
    """Return a digest of what was read, in its order."""
    digest = hashlib.sha256()
    for content in contents:
        data = content if isinstance(content, bytes) else content.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
