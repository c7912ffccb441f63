"""Files that are packed (gzip, zstd, bz2, zip) or not in UTF-8: known by their first bytes, unpacked in pieces.

Nothing here holds more of a file in memory than a piece, however much an archive unpacks to.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO

from glue_tui.catalog.places import LOCAL, Storage

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE_BYTES = 1024 * 1024

GROWTH_MAX = 2000
"""An archive that unpacks to more times its size (and to more than GROWTH_FREE_BYTES) is meant to do harm."""
GROWTH_FREE_BYTES = 1024 * 1024 * 1024

_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bz2"), (b"PK\x03\x04", "zip"))

_DAMAGE = (EOFError, OSError, ValueError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile)
"""What the unpackers raise for an archive that is cut, damaged or locked."""


WORKBOOK_MEMBERS = frozenset({"[Content_Types].xml", "mimetype"})
"""A zip archive with one of these is an Excel or OpenDocument workbook."""


class Damaged(OSError):
    """An archive that can't be unpacked, with the reason for people."""


def compression_of(start: bytes) -> str:
    """Return gzip, zstd, bz2 or zip by the first bytes of a file; empty for any other file."""
    return next((name for magic, name in _MAGIC if start.startswith(magic)), "")


@contextmanager
def unpacked(path: str, compression: str, storage: Storage = LOCAL) -> Iterator[IO[bytes]]:
    """Open a file to read its unpacked bytes, from the beginning to the end.

    Reading raises Damaged where the archive is cut, broken or locked, or holds not exactly one file (zip).
    """
    with storage.open(path) as file:
        if not compression:
            yield file
            return
        size_bytes = file.seek(0, io.SEEK_END)
        file.seek(0)
        try:
            opened = _unpacker(file, compression)
        except _DAMAGE as error:
            raise _damaged(compression, error) from error
        yield io.BufferedReader(_Watched(opened, compression, size_bytes), PIECE_BYTES)


@contextmanager
def as_utf8_file(path: str, compression: str, encoding: str, storage: Storage = LOCAL) -> Iterator[str]:
    """Give the path of a file with the same text, unpacked and in UTF-8 without a byte order mark.

    That is a temporary file, gone afterwards, or `path` itself where nothing has to be changed. Raises Damaged; and
    UnicodeDecodeError for bytes that are none of the encoding.
    """
    is_utf8 = codecs.lookup(encoding).name == "utf-8"
    with unpacked(path, compression, storage) as file:
        start = file.read(PIECE_BYTES)
        has_mark = is_utf8 and start.startswith(codecs.BOM_UTF8)
        if is_utf8 and not compression and not has_mark:
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="glue-tui-") as folder:
            target = Path(folder) / "text"
            with target.open("wb") as written:
                if is_utf8:
                    written.write(start.removeprefix(codecs.BOM_UTF8))
                    shutil.copyfileobj(file, written, PIECE_BYTES)
                else:
                    decoder = codecs.getincrementaldecoder(encoding)()
                    while start:
                        written.write(decoder.decode(start).encode())
                        start = file.read(PIECE_BYTES)
                    written.write(decoder.decode(b"", final=True).encode())
            yield str(target)


def members(file: IO[bytes]) -> list[str]:
    """Return the names of the files in a zip archive, without what systems add for themselves. Raises Damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [item.filename for item in archive.infolist() if not item.is_dir()]
    except _DAMAGE as error:
        raise _damaged("zip", error) from error
    return [name for name in names if not name.startswith("__MACOSX/") and not PurePosixPath(name).name.startswith(".")]


def _unpacker(file: BinaryIO, compression: str) -> IO[bytes] | io.BufferedIOBase:
    match compression:
        case "gzip":
            return gzip.GzipFile(fileobj=file)
        case "zstd":
            return zstd.ZstdFile(file)
        case "bz2":
            return bz2.BZ2File(file)
        case _:
            names = members(file)
            if len(names) != 1:
                named = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
                what = f"{len(names)} files ({named})" if names else "no file"
                raise Damaged(
                    f"it is a zip archive of {what}, only one with a single file can be read: unpack it into a folder"
                    " of the target and take it away, or pack each file by itself"
                )
            return zipfile.ZipFile(file).open(names[0])


class _Watched(io.RawIOBase):
    """An unpacker's bytes; what goes wrong is told in our words, and what grows without end is stopped."""

    def __init__(self, file: IO[bytes] | io.BufferedIOBase, compression: str, packed_bytes: int) -> None:
        self._file = file
        self._compression = compression
        self._packed_bytes = packed_bytes
        self._bytes_left = max(GROWTH_FREE_BYTES, packed_bytes * GROWTH_MAX)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        place = memoryview(buffer)
        try:
            piece = self._file.read(len(place))
        except _DAMAGE as error:
            raise _damaged(self._compression, error) from error
        self._bytes_left -= len(piece)
        if self._bytes_left < 0:
            raise Damaged(
                f"its {self._packed_bytes:,} bytes unpack to more than {GROWTH_MAX:,} times as much:"
                " if that is no trap, unpack it yourself"
            )
        place[: len(piece)] = piece
        return len(piece)


def _damaged(compression: str, error: BaseException) -> Damaged:
    if isinstance(error, Damaged):
        return error
    if isinstance(error, EOFError):
        return Damaged(f"its {compression} compression is cut off: the file is not whole")
    if "password" in str(error) or "encrypted" in str(error):
        return Damaged(f"its {compression} archive is locked with a password")
    return Damaged(f"its {compression} compression is broken: {error}")
