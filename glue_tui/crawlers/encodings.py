"""In which encoding a file's text is written: by its byte order mark, as UTF-8, or by what its letters would be."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from glue_tui.catalog.readers.unpacked import unpacked
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.head import Head, Unreadable
from glue_tui.crawlers.listing import ListedFile

_MARKS = (
    (codecs.BOM_UTF8, "utf8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF8_LETTERS = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøœùúûüýÿßÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØŒÙÚÛÜ€£§°²³µ·«»‘’“”„–—…•®©™ºª¿¡\u00a0")
_QUOTED_WITHIN = re.compile(r"(?<=[^\W\d_])[„“”](?=[^\W\d_])")
"""Quotation marks within a word, of which there are none: so DOS's ä and ö look as cp1252."""
_WESTERN_MIN = 0.9
"""Share of the letters beyond ASCII that must be usual in Western Europe for a text to be taken for cp1252."""
_ADJACENT_MAX = 0.3
"""Share of such letters that may follow one another: words of nothing else are of another alphabet."""
_SAMPLE_BYTES = 1024 * 1024

GUESSED = 'its encoding is no UTF-8 and was guessed: say encoding = "cp1251", "cp850", "shift_jis" …'
BROKEN_UTF8 = "bytes that are no UTF-8 stand in its text and are read as �: mend them, or say encoding"
NO_MARK = 'it looks like UTF-16 but has no byte order mark: say encoding = "utf-16-le" or "utf-16-be"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The head of a file as text."""

    text: str
    encoding: str
    """As FileFormat has it."""
    tried: str
    doubts: tuple[str, ...] = ()


def decoded(head: Head, said: str | None) -> Text:
    """Return the head as text. Raises Unreadable for bytes that are no text, or not of the encoding that was said."""
    content = head.content
    if said is not None:
        return _as_said(head, said)
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            text = _text(content, "utf-8-sig" if encoding == "utf8" else encoding, head.is_whole)
            if text is not None:
                return Text(text=text, encoding=encoding, tried=f"encoding {encoding}: by its byte order mark")
    if b"\x00" in content:
        return _utf16_without_mark(head)
    text = _text(content, "utf-8", head.is_whole)
    if text is not None:
        return Text(text=text, encoding="utf8", tried="encoding utf8: all bytes are UTF-8")
    encoding, doubts = guessed(content)
    errors = "replace" if encoding == "utf8-lossy" else "strict"
    codec = "utf-8" if encoding == "utf8-lossy" else encoding
    text = _text(content, codec, head.is_whole, errors) or ""
    return Text(text=text, encoding=encoding, tried=f"encoding {encoding}: not all bytes are UTF-8", doubts=doubts)


def encoding_of_file(listed: ListedFile, file_format: FileFormat) -> tuple[str, tuple[str, ...]]:
    """Return the encoding of a file that begins like UTF-8 but is none, and the doubts about it."""
    return guessed(b"".join(_lines_beyond_ascii(listed, file_format)))


def guessed(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the encoding of a text that is not UTF-8 throughout, and the doubts about it."""
    letters = sum(len(found) for found in _UTF8_LETTERS.findall(content))
    high = len(_HIGH.findall(content))
    if letters > high - letters:
        return "utf8-lossy", (BROKEN_UTF8,)
    if _NOT_CP1252.search(content):
        return "latin1", (GUESSED,)
    text = content.decode("cp1252")
    beyond = [place for place, letter in enumerate(text) if letter > "\x7f"]
    western = sum(text[place] in _WESTERN for place in beyond) - len(_QUOTED_WITHIN.findall(text))
    adjacent = sum(place + 1 == after for place, after in pairwise(beyond))
    is_sure = western >= _WESTERN_MIN * len(beyond) and adjacent <= _ADJACENT_MAX * len(beyond)
    return "cp1252", () if is_sure else (GUESSED,)


def _as_said(head: Head, said: str) -> Text:
    name = codecs.lookup(said).name
    encoding = "utf8" if name in ("utf-8", "utf-8-sig") else said
    text = _text(head.content, "utf-8-sig" if encoding == "utf8" else name, head.is_whole)
    if text is None:
        raise Unreadable(f"its bytes are not {said}, as encoding says")
    return Text(text=text, encoding=encoding, tried=f"encoding {said}: as said")


def _utf16_without_mark(head: Head) -> Text:
    content = head.content
    for encoding, place in (("utf-16-le", 1), ("utf-16-be", 0)):
        half = content[place::2]
        if half.count(0) > 0.5 * len(half) and content.count(0) - half.count(0) <= 0.01 * len(half):
            text = _text(content, encoding, head.is_whole)
            if text is not None:
                return Text(
                    text=text, encoding=encoding, tried=f"encoding {encoding}: every other byte is 0", doubts=(NO_MARK,)
                )
    line = content[: content.index(0)].count(b"\n") + 1
    control = len(re.findall(rb"[\x01-\x08\x0e-\x1f]", content))
    if control > 0.05 * len(content) or _text(content.replace(b"\0", b""), "utf-8", head.is_whole) is None:
        raise Unreadable("it is binary, and no format that is known here")
    raise Unreadable(f"line {line} has a NUL byte, which is no text: the file is broken, or was not written to its end")


def _text(content: bytes, codec: str, is_whole: bool, errors: str = "strict") -> str | None:
    """Return the text of a head, without a letter that is cut off at its end; None if it is not of this encoding."""
    try:
        return codecs.getincrementaldecoder(codec)(errors).decode(content, is_whole)
    except UnicodeDecodeError:
        return None


def _lines_beyond_ascii(listed: ListedFile, file_format: FileFormat) -> Iterator[bytes]:
    size = 0
    with unpacked(listed.absolute, file_format.compression, listed.storage) as file:
        for line in file:
            if not line.isascii():
                size += len(line)
                yield line
            if size > _SAMPLE_BYTES:
                return
