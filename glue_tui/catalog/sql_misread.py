"""SQL that polars answers wrongly without a word, told from a query's text and refused.

`tests/catalog/test_sql_misread.py` holds every one of them against SQLite: what a later polars answers rightly need not
be refused any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from glue_tui.core.problem import InvalidInput

_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|(?P<quoted>'(?:[^']|'')*'|"[^"]*"|`[^`]*`)|(?P<said>\w+|[<>!]?=|<>|\S)""", re.DOTALL
)
_QUOTED = "''"
"""Stands for a text or a quoted name: whatever is in it is no word of SQL."""
_OPENING = ("(", "CASE")
_CLOSING = (")", "END")
_WEAKER = frozenset({"AND", "OR", "XOR", "=", "<>", "!=", "<", ">", "<=", ">=", "IS", "IN", "BETWEEN", "LIKE", "ILIKE"})
"""What ends the right side of IS DISTINCT FROM in SQL, and not in polars."""
_INEQUALITIES = frozenset({"<", ">", "<=", ">=", "BETWEEN"})
_JOINED_BY = frozenset({"ON", "USING", "JOIN"})
_PAST_IT = frozenset(
    {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "FETCH", "UNION", "INTERSECT", "EXCEPT", "WINDOW"}
    | {"QUALIFY", ",", ";", "THEN", "ELSE", "WHEN", "AS", "FROM", "JOIN", "ON", "USING", "ASC", "DESC", "NULLS"}
)
"""What can't be part of a comparison any more."""


def refuse_misread(query: str) -> None:
    """Raise InvalidInput for a query, or a condition, of which polars would make another one."""
    words = [
        _QUOTED if token["quoted"] else token["said"].upper()
        for token in _TOKEN.finditer(query)
        if token["quoted"] or token["said"]
    ]
    for place, word in enumerate(words):
        before = words[max(0, place - 3) : place]
        if word == "FROM" and _is_comparison(before):
            _refuse_swallowed(words[place + 1 :])
        elif word in ("TRUE", "FALSE") and before[-2:] == ["IS", "NOT"]:
            raise InvalidInput(
                f"IS NOT {word} would leave out null, which is not {word.lower()} either",
                hint=f"write (… IS DISTINCT FROM {word}), in brackets",
            )
    _refuse_where_without_from(words)
    for place, word in enumerate(words):
        if word == "JOIN":
            side = next((one for one in reversed(words[max(0, place - 2) : place]) if one != "OUTER"), "")
            _refuse_join(side, words[place + 1 :])


def _is_comparison(before: list[str]) -> bool:
    """Tell whether a FROM after these words is that of IS [NOT] DISTINCT FROM."""
    return before[-2:] == ["IS", "DISTINCT"] or before == ["IS", "NOT", "DISTINCT"]


def _refuse_swallowed(after: list[str]) -> None:
    """Refuse what polars takes as part of IS DISTINCT FROM's right side: `a IS DISTINCT FROM (b OR c)`."""
    for depth, word in _up_to(_PAST_IT, after):
        if depth == 0 and word in _WEAKER:
            raise InvalidInput(
                f"IS DISTINCT FROM would be compared with all that follows it, {word} too",
                hint=f"put the comparison in brackets: (… IS DISTINCT FROM …) {word} …",
            )


def _up_to(ends: frozenset[str], words: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the words before the first of `ends`, and in how many brackets or CASE … END each is; those within any are
    no end. The end of what is around all of the words is one."""
    depth = 0
    for word in words:
        depth -= word in _CLOSING
        if depth < 0 or (depth == 0 and word in ends):
            return
        yield depth, word
        depth += word in _OPENING


def _refuse_where_without_from(words: list[str]) -> None:
    """Refuse a condition that polars does not look at: there is one row all the same."""
    levels = [""]
    """Of each open bracket: whether SELECT came last, or FROM."""
    for place, word in enumerate(words):
        match word:
            case "(":
                levels.append("")
            case ")":
                levels = levels[:-1] or [""]
            case "UNION" | "INTERSECT" | "EXCEPT" | ";":
                levels[-1] = ""
            case "SELECT" if not levels[-1]:
                levels[-1] = word
            case "FROM" if not _is_comparison(words[max(0, place - 3) : place]):
                levels[-1] = word
            case "WHERE" if levels[-1] == "SELECT":
                raise InvalidInput(
                    "WHERE without FROM would be left out", hint="write SELECT … FROM (SELECT …) AS one WHERE …"
                )
            case _:
                pass


def _refuse_join(side: str, after: list[str]) -> None:
    """Refuse a join by USING whose column would be the left table's alone: null where only the right one has a row.
    And one by an inequality alone: polars' streaming engine then confuses the right table's columns.
    """
    rest = after[sum(1 for _ in _up_to(_JOINED_BY, after)) :]
    if rest[:1] == ["USING"] and side in ("RIGHT", "FULL"):
        raise InvalidInput(
            f"{side} JOIN … USING would lose values that only the right table has",
            hint="write ON one.key = other.key, and COALESCE(one.key, other.key) AS key",
        )
    condition = [word for _, word in _up_to(_PAST_IT, rest[1:])] if rest[:1] == ["ON"] else []
    if side == "LEFT" and not _INEQUALITIES.isdisjoint(condition) and not _compares_keys(condition):
        raise InvalidInput(
            "LEFT JOIN by an inequality alone would take the wrong column of the right table",
            hint="write AND 1 = 1 behind it: LEFT JOIN … ON one.day <= other.day AND 1 = 1",
        )


def _compares_keys(condition: list[str]) -> bool:
    """Tell whether columns of two tables are compared by `=`, or numbers, which helps as well."""
    for place, word in enumerate(condition):
        before, after = condition[max(0, place - 3) : place], condition[place + 1 : place + 4]
        if word == "=" and before[1:2] == after[1:2] == ["."] and before[0] != after[0]:
            return True
        if word == "=" and before[-1:] == after[:1] == ["1"]:
            return True
    return False
