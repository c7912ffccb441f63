"""Forms in which dates, times and numbers of text files may be written, as people say them. Pure."""

from __future__ import annotations

import re

from glue_tui.core.problem import InvalidInput

COMMA_NUMBER = "1.234,56"
POINT_NUMBER = "1,234.56"

_CODE = re.compile(r"%([-_0#]?)([.:3-9]*)([A-Za-z%+])")
_CODES = frozenset("YCyqmbBhdejaAuwUWVGgDFxvHkIlMSfRTXrpPzZsc+tn%")
_DATES = frozenset("FDxcs+v")
"""Codes that say a whole date."""
_YEARS, _MONTHS, _DAYS = frozenset("Yy"), frozenset("mbBh"), frozenset("de")
_ELSEWHERE = (
    (r"[yY]{4}", "%Y"),
    (r"[yY]{2}", "%y"),
    (r"(?<=:)(?:mm|MM)", "%M"),
    (r"MMM+", "%b"),
    (r"mm|MM", "%m"),
    (r"dd|DD", "%d"),
    (r"HH|hh", "%H"),
    (r"ss|SS", "%S"),
)
"""How Java and spreadsheets write the same."""


def check_form(form: str) -> None:
    """Raise InvalidInput, with the way out, for a form in which no date, time or number can be read."""
    if form in (COMMA_NUMBER, POINT_NUMBER):
        return
    if "%" not in form:
        raise InvalidInput(f'"{form}" is no form of dates or times', hint=_as_strptime(form))
    rest = _CODE.sub("", form)
    unknown = [found[0] for found in _CODE.finditer(form) if found[3] not in _CODES]
    if unknown or "%" in rest:
        what = unknown[0] if unknown else "%"
        raise InvalidInput(f'"{form}": {what} is no code', hint=_example())
    codes = {found[3] for found in _CODE.finditer(form)}
    if codes & _DATES:
        return
    if not codes & _YEARS:
        raise InvalidInput(
            f'"{form}" says no year',
            hint="only whole dates and times can be read: leave it out, and the column is text",
        )
    if "j" not in codes and not (codes & _MONTHS and codes & _DAYS):
        raise InvalidInput(f'"{form}" says no {"day" if codes & _MONTHS else "month"}', hint=_example())


def _as_strptime(form: str) -> str:
    """Return what the form is called here, where it is written as elsewhere."""
    said = form
    for pattern, code in _ELSEWHERE:
        said = re.sub(pattern, code, said)
    return f'here: "{said}"' if said != form else f'{_example()}, or an example of a number: "{COMMA_NUMBER}"'


def _example() -> str:
    return 'such as "%d.%m.%Y" or "%Y-%m-%d %H:%M:%S"'
