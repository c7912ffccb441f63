"""The objects of S3 below a folder, also beside keys that can't be named: with an empty segment, `.`, `..` or signs
that control a terminal. obstore ends a listing at the first of those; it is then listed around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Store

Lost = Callable[[str, str | None], None]
"""Takes a key that can't be named, and the folder of which other keys, those that come before it, may be missing with
it; None if there are none."""

PAGE_KEYS = 1000
_BAD_KEY = re.compile(r'Path "(.*?)"(?: contained empty path segment|:)', re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BEHIND_SLASH = chr(ord("/") + 1)


def bad_key(text: str) -> str:
    """Return the key that an error of obstore's is about; nothing if it is about something else."""
    found = _BAD_KEY.search(text)
    return found[1] if found else ""


def objects_below(store: S3Store, folder: str, lost: Lost) -> Iterator[ObjectMeta]:
    """Yield the objects below a folder (empty: of the bucket), ordered by the bytes of their keys; only where some
    can't be named, by folder. Whatever else fails raises obstore's error."""
    import obstore
    from obstore.exceptions import InvalidPathError

    last = ""
    try:
        if folder or not _is_any_led_by_slash(store):
            for item in _objects(store, folder, ""):
                # obstore takes the slash at the end of folders' marks away, by which they stand elsewhere.
                last = item["path"] if item["size"] else last
                yield item
            return
    except InvalidPathError:
        pass
    try:
        found = obstore.list_with_delimiter(store, folder or None)
    except InvalidPathError as error:
        yield from _objects_around(store, folder, bad_key(str(error)), last, lost)
        return
    yield from (item for item in found["objects"] if item["path"] > last)
    for below in found["common_prefixes"]:
        if not below:
            lost("/", None)
        elif f"{below}/" > last or last.startswith(f"{below}/"):
            yield from (item for item in objects_below(store, below, lost) if item["path"] > last)


def _is_any_led_by_slash(store: S3Store) -> bool:
    """Return whether keys begin with a slash: obstore takes it away, and names another object by what is left."""
    import obstore

    return "" in obstore.list_with_delimiter(store)["common_prefixes"]


def _objects(store: S3Store, folder: str, after: str) -> Iterator[ObjectMeta]:
    import obstore

    for page in obstore.list(store, prefix=folder or None, offset=after or None, chunk_size=PAGE_KEYS):
        yield from page


def _objects_around(store: S3Store, folder: str, bad: str, last: str, lost: Lost) -> Iterator[ObjectMeta]:
    """Yield the objects below a folder that holds a key that can't be named: those after it, and what else is known."""
    from obstore.exceptions import InvalidPathError

    while bad:
        after = _key_behind(bad)
        lost(bad, folder)
        bad = ""
        if (item := _object(store, after)) and after > last:
            yield item
        try:
            yield from (item for item in _objects(store, folder, after) if item["path"] > last)
        except InvalidPathError as error:
            bad = bad_key(str(error))


def _object(store: S3Store, key: str) -> ObjectMeta | None:
    import obstore

    try:
        return obstore.head(store, key)
    except FileNotFoundError:
        return None


def _key_behind(bad: str) -> str:
    """Return the first key that can be named behind all that begin as a bad one does, up to what is bad in it."""
    segments = bad.split("/")
    for number, segment in enumerate(segments):
        start = "".join(f"{above}/" for above in segments[:number])
        if segment in ("", ".", ".."):
            return start + segment + _BEHIND_SLASH
        if control := _CONTROL.search(segment):
            return start + segment[: control.start()] + (" " if control[0] < " " else "\x80")
    raise ValueError(f"{bad!r} can be named")
