"""What differs between two definitions of a workflow, in the words and values of a definition file. Pure.

Generic over the model's dataclasses: a field that the model gains is compared and told without a line here. What a
connection's URL says in place of a password is never told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from glue_tui.core.job import Job, SqlWork
from glue_tui.core.model import (
    Condition,
    Crawler,
    FileWatch,
    NodeId,
    Trigger,
    Workflow,
    crawler_id,
    job_id,
    node_name,
    node_type,
)
from glue_tui.core.predicate import condition_text

CHANGED_LINES_MAX = 20
"""Of one text; how many more there are is said."""
LINE_CHARS_MAX = 100
"""A longer value is compared piece by piece, as a text of many lines is."""
INLINE_CHARS_MAX = 120
INLINE_STRING_CHARS_MAX = 40

_WORDS = {
    (Crawler, "update_behavior"): "schema_change.update",
    (Crawler, "delete_behavior"): "schema_change.delete",
    (FileWatch, "patterns"): "watch",
}
"""Where a definition has another word than the model; besides, it has no `_s` for seconds."""
_NOTHING_SAID = frozenset({(SqlWork, "query_file")})
"""What only says where a text stood that is compared itself; runs of older versions do not have it either."""
_TEMPLATES_ONLY = re.compile(r"(\{\{[^{}]*\}\})*")
_SECRET_PARAMETER = re.compile(r"([?&][^=&]*(?:pass|pwd|secret|token|key)[^=&]*=)([^&]*)", re.IGNORECASE)


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference."""

    kind: ChangeKind
    where: str
    """`jobs.clean_sales.timeout`."""
    before: str = ""
    after: str = ""
    is_text: bool = False
    """`before` and `after` are whole texts of one or more lines: see `changed_lines`."""
    node_ids: tuple[NodeId, ...] = ()
    """The jobs and crawlers it concerns; empty: the workflow as a whole."""


class _Unsaid:
    """Stands for what one of two definitions does not say."""


_UNSAID = _Unsaid()


def workflow_changes(before: Workflow, after: Workflow) -> tuple[Change, ...]:
    """Return what differs, in the order of the model; the order of jobs, triggers and the like in a file is nothing."""
    found: list[Change] = []
    for item in fields(Workflow):
        old, new = getattr(before, item.name), getattr(after, item.name)
        if old == new:
            continue
        if not _has_parts(old, new):
            found.append(_leaf(_word(Workflow, item.name), item.name, old, new))
            continue
        if not all(hasattr(one, "name") for one in (*old, *new)):
            found += _list_changes(item.name, old, new)
            continue
        for name, one, other in _by_name(old, new):
            where = f"{item.name}.{name}"
            concerned = tuple(dict.fromkeys((*_concerned(one), *_concerned(other))))
            found += [replace(change, node_ids=concerned) for change in _item_changes(where, one, other)]
    return tuple(found)


def changed_lines(before: str, after: str, limit: int = CHANGED_LINES_MAX) -> tuple[str, ...]:
    """Return the lines that went (`- …`) and came (`+ …`), and how many more there are beyond `limit`."""
    old, new = _pieces(before), _pieces(after)
    lines: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(a=old, b=new).get_opcodes():
        if tag != "equal":
            lines += [f"- {line}" for line in old[a:b]]
            lines += [f"+ {line}" for line in new[c:d]]
    more = len(lines) - limit
    return (*lines[:limit], f"… {more} more line{'s' if more > 1 else ''}") if more > 0 else tuple(lines)


def _by_name(old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[tuple[str, Any, Any]]:
    """Yield pairs of one name, None where a side has none of it."""
    sides: tuple[dict[tuple[str, int], Any], dict[tuple[str, int], Any]] = ({}, {})
    for side, items in zip(sides, (old, new), strict=True):
        for item in items:
            times = sum(1 for name, _ in side if name == item.name)
            side[item.name, times] = item
    for key in dict.fromkeys((*sides[0], *sides[1])):
        yield key[0], sides[0].get(key), sides[1].get(key)


def _concerned(item: object) -> tuple[NodeId, ...]:
    match item:
        case Job(name=name):
            return (job_id(name),)
        case Crawler(name=name):
            return (crawler_id(name),)
        case Trigger(actions=actions):
            return tuple(action.node_id for action in actions)
        case _:
            return ()


# Comparing


def _item_changes(where: str, old: Any, new: Any) -> Iterator[Change]:
    """Compare two items of a list or section; None: there is none."""
    if old is None:
        yield Change(kind=ChangeKind.ADDED, where=where, after=_inline(new))
    elif new is None:
        yield Change(kind=ChangeKind.REMOVED, where=where, before=_inline(old))
    else:
        yield from _field_changes(where, old, new)


def _field_changes(where: str, old: Any, new: Any) -> Iterator[Change]:
    """Compare two values of one class, field by field. Where one is None, tell what the other says."""
    cls = type(new if old is None else old)
    for item in fields(cls):
        if (cls, item.name) in _NOTHING_SAID:
            continue
        sides = [_UNSAID if one is None else _said(one, item.name) for one in (old, new)]
        if sides[0] != sides[1] and not _is_default(item, sides):
            yield from _value_changes(where, cls, item.name, *sides)


def _value_changes(where: str, cls: type, name: str, old: Any, new: Any) -> Iterator[Change]:
    path = f"{where}.{_word(cls, name)}"
    if _is_part(old) or _is_part(new):
        yield from _part_changes(where, path, old, new)
    elif _has_parts(old, new):
        yield from _list_changes(path, _items(old), _items(new))
    elif isinstance(old, dict) or isinstance(new, dict):
        old, new = dict(_items(old)), dict(_items(new))
        for key in dict.fromkeys((*old, *new)):
            if old.get(key, _UNSAID) != new.get(key, _UNSAID):
                yield _leaf(f"{path}.{key}", "", old.get(key, _UNSAID), new.get(key, _UNSAID))
    else:
        yield _leaf(path, name, old, new)


def _part_changes(where: str, path: str, old: Any, new: Any) -> Iterator[Change]:
    """Compare what the model keeps in a part of its own and a definition beside the rest: a job's work, a predicate."""
    if type(old) is type(new):
        yield from _field_changes(where, old, new)
        return
    found: list[Change] = []
    if _is_part(old) and _is_part(new):
        found.append(_leaf(f"{where}.type", "", _kind_word(old), _kind_word(new)))
    found += _field_changes(where, old, None) if _is_part(old) else ()
    found += _field_changes(where, None, new) if _is_part(new) else ()
    yield from found or (_leaf(path, "", old, new),)


def _list_changes(path: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[Change]:
    """Compare lists of nameless items: what stands between equal ones is paired while it is of one kind."""
    matcher = SequenceMatcher(a=[repr(one) for one in old], b=[repr(one) for one in new], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        while a < b or c < d:
            if a < b and c < d and _is_pair(old[a], new[c]):
                yield from _field_changes(f"{path}[{c}]", old[a], new[c])
                a, c = a + 1, c + 1
            elif a < b:
                yield from _item_changes(f"{path}[{a}]", old[a], None)
                a += 1
            else:
                yield from _item_changes(f"{path}[{c}]", None, new[c])
                c += 1


def _is_pair(old: Any, new: Any) -> bool:
    return type(old) is type(new) and getattr(old, "node_id", None) == getattr(new, "node_id", None)


def _leaf(path: str, name: str, old: Any, new: Any) -> Change:
    """Return the change of one value: on one line, or as a text where it does not fit there."""
    if name == "url" and isinstance(old, str) and isinstance(new, str):
        old, new = _without_password(old), _without_password(new)
        new += " (another password)" if old == new else ""
    texts = _whole_text(old), _whole_text(new)
    if any(len(text) > LINE_CHARS_MAX or "\n" in text for text in texts):
        return Change(kind=ChangeKind.CHANGED, where=path, before=texts[0], after=texts[1], is_text=True)
    return Change(kind=ChangeKind.CHANGED, where=path, before=_text(name, old), after=_text(name, new))


def _whole_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "\n".join(value) if isinstance(value, tuple) and sum(map(len, value)) > LINE_CHARS_MAX else ""


def _pieces(text: str) -> list[str]:
    return [
        line[start : start + LINE_CHARS_MAX]
        for line in (text.split("\n") if text else ())
        for start in range(0, max(1, len(line)), LINE_CHARS_MAX)
    ]


# The model's values


def _is_part(value: Any) -> bool:
    return is_dataclass(value)


def _has_parts(*sides: Any) -> bool:
    return any(isinstance(side, tuple) and any(is_dataclass(one) for one in side) for side in sides)


def _items(value: Any) -> Any:
    return () if isinstance(value, _Unsaid) else value


def _said(owner: Any, name: str) -> Any:
    """Return a field's value as a definition says it: a stopped crawl is CANCELLED there."""
    if isinstance(owner, Condition) and name == "state":
        return condition_text(owner).rsplit(" ", 1)[1]
    return getattr(owner, name)


def _is_default(item: Any, sides: Iterable[Any]) -> bool:
    """Tell whether only one of the sides says anything, and that what goes without saying."""
    said = [one for one in sides if not isinstance(one, _Unsaid)]
    default = item.default_factory() if item.default_factory is not MISSING else item.default
    return len(said) == 1 and default is not MISSING and bool(said[0] == default)


def _word(cls: type, name: str) -> str:
    return _WORDS.get((cls, name), name.removesuffix("_s"))


def _kind_word(part: Any) -> str:
    """Return the definition's word for a kind of work: `python` for PythonWork."""
    return type(part).__name__.removesuffix("Work").lower()


# Values as users write them


def _text(name: str, value: Any) -> str:
    match value:
        case None | _Unsaid():
            return "not set"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return duration_text(value) if name.endswith("_s") else repr(value).removesuffix(".0")
        case str():
            return json.dumps(_without_password(value) if name == "url" else value, ensure_ascii=False)
        case tuple():
            return "[" + ", ".join(_text("", one) for one in value) + "]"
        case dict():
            return _table((key, _text("", one)) for key, one in value.items())
        case _:
            return _inline(value)


def duration_text(seconds: float) -> str:
    """Return a duration in the largest unit that needs no fraction: `90s`, `30m`, `48h`, `0.5s`."""
    if seconds != int(seconds) or abs(seconds) > 1e9:
        return f"{seconds!r}s"
    whole = int(seconds)
    if whole and whole % 3600 == 0:
        return f"{whole // 3600}h"
    return f"{whole // 60}m" if whole and whole % 60 == 0 else f"{whole}s"


def _inline(item: Any) -> str:
    """Return an item as an inline table of what it says beyond the defaults; its name stands elsewhere."""
    return _cut(_table(_inline_pairs(item)), INLINE_CHARS_MAX)


def _inline_pairs(item: Any) -> Iterator[tuple[str, str]]:
    for one in fields(item):
        value = _said(item, one.name)
        if one.name == "name" or _is_default(one, (value, _UNSAID)):
            continue
        if one.name == "node_id":
            yield node_type(value).value.lower(), json.dumps(node_name(value), ensure_ascii=False)
        elif _is_part(value):
            if one.name == "work":
                yield "type", json.dumps(_kind_word(value))
            yield from _inline_pairs(value)
        else:
            short = _cut(value, INLINE_STRING_CHARS_MAX) if isinstance(value, str) and one.name != "url" else value
            yield _word(type(item), one.name), _text(one.name, short)


def _table(pairs: Iterable[tuple[str, str]]) -> str:
    inside = ", ".join(f"{key} = {text}" for key, text in pairs)
    return f"{{ {inside} }}" if inside else "{}"


def _cut(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"


def _without_password(url: str) -> str:
    """Return a URL as authored, with `***` for a password that stands there itself instead of a template."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        return url
    login, at, place = rest.rpartition("@")
    user, mark, password = login.partition(":")
    hidden = f"{user}{mark}{_hidden(password)}" if mark else login
    place = _SECRET_PARAMETER.sub(lambda found: found[1] + _hidden(found[2]), place)
    return f"{scheme}{colon}{hidden}{at}{place}"


def _hidden(secret: str) -> str:
    return secret if _TEMPLATES_ONLY.fullmatch(secret) else "***"
