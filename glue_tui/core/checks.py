"""What a check of a target's rows says. Pure: the text is taken apart here, and held against rows elsewhere."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from glue_tui.core.counts import count, counted
from glue_tui.core.states import FailedCheck

_NAME = r'(?:[^\W\d]\w*|"[^"]+")'
_UNIQUE = re.compile(rf"unique\s+({_NAME}(?:\s*,\s*{_NAME})*)", re.IGNORECASE)
_NOT_NULL = re.compile(rf"({_NAME})\s+(?:is\s+)?not\s+null", re.IGNORECASE)
_ROW_COUNT = re.compile(r"rows\s*(>=|<=|=|>|<)\s*(\d{1,15})", re.IGNORECASE)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_ENDS = {FailedCheck.WARN: "published all the same", FailedCheck.DIVERT: "gone to the side table"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique:
    """No two rows have the same values in these columns. As in SQL, a row with a null among them is like no other."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNull:
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCount:
    """The target gets so many rows."""

    comparison: str
    number: int

    def holds_for(self, rows: int) -> bool:
        return _COMPARE[self.comparison](rows, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition in SQL over one row. As in SQL's own CHECK, a row for which it is neither true nor false passes."""

    sql: str


ParsedCheck = Unique | NotNull | RowCount | Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What became of one check of one target."""

    target: str
    """The catalog table, or the table and its connection."""
    check: str
    on_failure: FailedCheck
    rows_failed: int
    rows: int
    """Held against it."""

    @property
    def share(self) -> str:
        """`2 of 7 rows fail`."""
        verb = "fails" if self.rows_failed == 1 else "fail"
        return f"{count(self.rows_failed)} of {counted(self.rows, 'row')} {verb}"


def failed_texts(results: Iterable[CheckResult]) -> tuple[str, ...]:
    """Return a line for each check that rows have failed which did not end the job."""
    return tuple(
        f"{one.target}: {one.share} `{one.check}`: {_ENDS[one.on_failure]}"
        for one in results
        if one.rows_failed and one.on_failure in _ENDS
    )


def parse_check(text: str) -> ParsedCheck:
    """Return what a check says; what is none of our own forms is a condition in SQL."""
    if found := _UNIQUE.fullmatch(text):
        return Unique(columns=tuple(_plain(name) for name in re.findall(_NAME, found[1])))
    if found := _NOT_NULL.fullmatch(text):
        return NotNull(column=_plain(found[1]))
    if found := _ROW_COUNT.fullmatch(text):
        return RowCount(comparison=found[1], number=int(found[2]))
    return Condition(sql=text)


def _plain(name: str) -> str:
    return name[1:-1] if name.startswith('"') else name
