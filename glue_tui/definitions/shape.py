"""Plain data of a document into the Structs of `authored`, going on after every mistake, to tell all at once."""

from __future__ import annotations

import re
import types
from datetime import date, datetime, time
from difflib import get_close_matches
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from glue_tui.core.problem import did_you_mean
from glue_tui.definitions.authored import Authored
from glue_tui.definitions.report import KeyPath, Report

T = TypeVar("T", bound=Authored)


class _Unreadable:
    """Stands for a value that was reported and has to be left out."""


_UNREADABLE = _Unreadable()


def read_shape(cls: type[T], raw: dict[str, Any], path: KeyPath, report: Report) -> T:
    """Return `raw` as `cls`; what does not fit is reported and takes its default."""
    hints = _hints(cls)
    values: dict[str, Any] = {}
    for key, item in raw.items():
        if said := cls.ELSEWHERE.get(_snake_case(key)):
            report.unreadable((*path, key), "unknown key", said.format(name=path[-1]))
        elif isinstance(item, str) and (said := cls.ELSEWHERE.get(f"{key}={item}")):
            report.unreadable((*path, key), f'no such value: "{item}"', said)
        elif key not in hints:
            report.problem((*path, key), "unknown key", nearest(key, tuple(hints)))
        else:
            value = _read(hints[key], item, (*path, key), report)
            if value is not _UNREADABLE:
                values[key] = value
    for key in cls.REQUIRED:
        if key not in raw:
            report.unreadable((*path, key), "missing", f"every {cls.WORD} needs `{key}`")
    return cls(**values)


def _snake_case(key: str) -> str:
    """Return Glue's `DependsOn` as `depends_on`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()


def nearest(word: str, known: tuple[str, ...]) -> str:
    """Return `did you mean "x"?`, also for a word in the wrong case, or the known words, or nothing."""
    folded = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return f'did you mean "{folded[near[0]]}"?' if near else did_you_mean(word, known)


@cache
def _hints(cls: type[Authored]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {item.name: hints[item.name] for item in msgspec.structs.fields(cls)}


def _members(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in (types.UnionType, Union):
        return tuple(member for member in get_args(hint) if member is not type(None))
    return (hint,)


def _read(hint: Any, raw: Any, path: KeyPath, report: Report) -> Any:
    members = _members(hint)
    for member in members:
        if _is_of_kind(member, raw):
            return _read_member(member, raw, path, report)
    expected = " or ".join(dict.fromkeys(_expected(member) for member in members))
    report.unreadable(path, f"expected {expected}, found {_found(raw)}", _way_out(members, raw))
    return _UNREADABLE


def _is_of_kind(member: Any, raw: Any) -> bool:
    """Tell whether `raw` has the outer form of `member`; its inside is read afterwards."""
    origin = get_origin(member) or member
    if origin is dict or (isinstance(origin, type) and issubclass(origin, msgspec.Struct)):
        return isinstance(raw, dict)
    if origin is float:
        return isinstance(raw, (int, float)) and not isinstance(raw, bool)
    if origin is int:
        return isinstance(raw, int) and not isinstance(raw, bool)
    if origin is date:
        return isinstance(raw, date) and not isinstance(raw, datetime)
    if isinstance(origin, type) and issubclass(origin, Enum):
        return isinstance(raw, str)
    return isinstance(raw, origin)


def _read_member(member: Any, raw: Any, path: KeyPath, report: Report) -> Any:
    origin = get_origin(member) or member
    if origin is list:
        items = [_read(get_args(member)[0], item, (*path, index), report) for index, item in enumerate(raw)]
        return [_stand_in(member) if item is _UNREADABLE else item for item in items]
    if origin is dict:
        pairs = {key: _read(get_args(member)[1], item, (*path, key), report) for key, item in raw.items()}
        return {key: item for key, item in pairs.items() if item is not _UNREADABLE}
    if issubclass(origin, Authored):
        return read_shape(origin, raw, path, report)
    if issubclass(origin, Enum):
        return _read_enum(origin, raw, path, report)
    return float(raw) if origin is float else raw


def _stand_in(list_hint: Any) -> Any:
    """Return an element that keeps the places of its neighbours; its path is known to be unreadable."""
    member = _members(get_args(list_hint)[0])[0]
    return next(iter(member)) if issubclass(member, Enum) else member()


def _read_enum(cls: type[Enum], raw: str, path: KeyPath, report: Report) -> Any:
    values = tuple(str(member.value) for member in cls)
    if raw in values:
        return cls(raw)
    report.unreadable(
        path,
        f'no such value: "{raw}"',
        f"{nearest(raw, values)} Known: {', '.join(values)}"
        if nearest(raw, values).startswith("did")
        else f"known: {', '.join(values)}",
    )
    return _UNREADABLE


def _expected(member: Any) -> str:
    origin = get_origin(member) or member
    if origin is dict or issubclass(origin, msgspec.Struct):
        return "a table"
    if issubclass(origin, Enum):
        return "text"
    return {list: "a list", bool: "true or false", int: "an integer", float: "a number", date: "a date"}.get(
        origin, "text"
    )


def _found(raw: Any) -> str:
    match raw:
        case bool():
            return "true" if raw else "false"
        case int():
            return "an integer"
        case float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a table"
        case date() | time():
            return "a date or time"
    raise AssertionError(f"tomllib gave a {type(raw).__name__}")


def _way_out(members: tuple[Any, ...], raw: Any) -> str:
    wants = {get_origin(member) or member for member in members}
    if str in wants and isinstance(raw, (bool, int, float, date, time)):
        text = str(raw).lower() if isinstance(raw, bool) else str(raw)
        return f'write it in quotes: "{text[:40]}"'
    if list in wants and isinstance(raw, (str, dict)):
        return "put it in brackets: [ … ]"
    if wants == {int} and isinstance(raw, str) and raw.strip().isdigit():
        return f"write it without quotes: {raw.strip()[:20]}"
    if wants == {bool} and isinstance(raw, str) and raw.lower() in ("true", "false"):
        return f"write it without quotes: {raw.lower()}"
    return ""
