"""Ways to write dates, times and numbers that are not the plain one: which a value could be, and what it is then. Pure.

A form is what `FileFormat.forms` keeps: a strptime form for dates and times, an example for numbers.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from itertools import product

from glue_tui.catalog.forms import THOUSANDS
from glue_tui.core.value_forms import COMMA_NUMBER, POINT_NUMBER

NUMBER_FORMS = (COMMA_NUMBER, POINT_NUMBER)

_GAP = "[ \u00a0\u202f]"
NUMBER_PATTERNS = {
    COMMA_NUMBER: rf"^-?(?:0|[1-9][0-9]*|[1-9][0-9]{{0,2}}(?:(?:\.|{_GAP})[0-9]{{3}})+)(?:,[0-9]+)?$",
    POINT_NUMBER: rf"^-?(?:0|[1-9][0-9]*|[1-9][0-9]{{0,2}}(?:(?:[,']|{_GAP})[0-9]{{3}})+)(?:\.[0-9]+)?$",
}

_DATES = {
    "%d.%m.%Y": r"\d{1,2}\.\d{1,2}\.\d{4}",
    "%d.%m.%y": r"\d{1,2}\.\d{1,2}\.\d{2}",
    "%Y.%m.%d": r"\d{4}\.\d{1,2}\.\d{1,2}",
    "%Y/%m/%d": r"\d{4}/\d{1,2}/\d{1,2}",
    "%d/%m/%Y": r"\d{1,2}/\d{1,2}/\d{4}",
    "%m/%d/%Y": r"\d{1,2}/\d{1,2}/\d{4}",
    "%d/%m/%y": r"\d{1,2}/\d{1,2}/\d{2}",
    "%m/%d/%y": r"\d{1,2}/\d{1,2}/\d{2}",
    "%d-%m-%Y": r"\d{1,2}-\d{1,2}-\d{4}",
    "%m-%d-%Y": r"\d{1,2}-\d{1,2}-\d{4}",
    "%d %b %Y": r"\d{1,2} [A-Za-z]{3} \d{4}",
    "%d-%b-%Y": r"\d{1,2}-[A-Za-z]{3}-\d{4}",
    "%d-%b-%y": r"\d{1,2}-[A-Za-z]{3}-\d{2}",
    "%d %B %Y": r"\d{1,2} [A-Za-z]{3,9} \d{4}",
    "%b %d, %Y": r"[A-Za-z]{3} \d{1,2}, \d{4}",
    "%B %d, %Y": r"[A-Za-z]{3,9} \d{1,2}, \d{4}",
    "%Y-%m-%d": r"\d{4}-\d{2}-\d{2}",
}
_CLOCKS = {
    "": "",
    "%H:%M": r"\d{1,2}:\d{2}",
    "%H:%M:%S%.f": r"\d{1,2}:\d{2}:\d{2}(?:\.\d{1,9})?",
    "%H:%M:%S,%3f": r"\d{1,2}:\d{2}:\d{2},\d{3}",
    "%I:%M %p": r"\d{1,2}:\d{2} [AaPp][Mm]",
    "%I:%M:%S %p": r"\d{1,2}:\d{2}:\d{2} [AaPp][Mm]",
    "%H:%M:%S%.f%#z": r"\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})",
}
_PLAIN = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f")
"""What needs no form."""


def _time_forms() -> dict[str, re.Pattern[str]]:
    forms = {}
    for (date, date_pattern), (clock, clock_pattern), between in product(_DATES.items(), _CLOCKS.items(), " T"):
        form = date + between + clock if clock else date
        if form not in _PLAIN and (between == " " or date == "%Y-%m-%d"):
            forms[form] = re.compile(date_pattern + (between + clock_pattern if clock else ""), re.ASCII)
    return forms


_TIME_FORMS = _time_forms()
_NUMBERS = {form: re.compile(pattern, re.ASCII) for form, pattern in NUMBER_PATTERNS.items()}
_NEITHER = re.compile(r"[^\d]*|\d+", re.ASCII)
_BEGINS_AS_TIME = re.compile(r"\d{1,4}[./ -]|[A-Za-z]{3,9} \d", re.ASCII)
"""How a value of any form of dates and times begins: there are many, and most text is of none."""
MAY_HAVE_FORM = "^(?:-?[0-9]|[A-Za-z]{3,9} [0-9]{1,2},)"
"""How a value of any form begins, for polars, too."""
_TIME_CHARACTERS_MAX = 50
_DIGITS_ALIKE = str.maketrans("123456789", "0" * 9)
_DAY_FIRST, _MONTH_FIRST = re.compile("%d[/-]%m"), re.compile("%m[/-]%d")


def number_fits(value: str, form: str) -> bool:
    """Return whether a value is a number of this form."""
    return _NUMBERS[form].match(value) is not None and not value.endswith("\n")


def time_pattern(form: str) -> str:
    """Return the regular expression of the texts in a form of dates and times; one that was said has none."""
    return f"^(?:{_TIME_FORMS[form].pattern})$" if form in _TIME_FORMS else ""


def day_first(form: str) -> bool | None:
    """Return whether the day stands before the month, where both orders are in use; else None."""
    if _DAY_FIRST.match(form):
        return True
    return False if _MONTH_FIRST.match(form) else None


def possible_forms(value: str) -> tuple[str, ...]:
    """Return the forms in which a value could be written; none for plain numbers, ISO dates and other text."""
    found = forms_like(value)
    return found if found and found[0] in NUMBER_FORMS else tuple(form for form in found if moment(value, form))


def forms_like(value: str) -> tuple[str, ...]:
    """Return the forms that a value looks like, such as 31/02/2025, though there is no such day."""
    if _NEITHER.fullmatch(value):
        return ()
    if numbers := tuple(form for form, pattern in _NUMBERS.items() if pattern.match(value)):
        return numbers
    if len(value) > _TIME_CHARACTERS_MAX or not _BEGINS_AS_TIME.match(value):
        return ()
    # Names of months are short or long: only one of two forms is it.
    found = _time_forms_like(value.translate(_DIGITS_ALIKE))
    return tuple(form for form in found if "%b" not in form.lower() or moment(value, form))


@lru_cache(maxsize=10_000)
def _time_forms_like(value: str) -> tuple[str, ...]:
    return tuple(form for form, pattern in _TIME_FORMS.items() if pattern.fullmatch(value))


def plain_number(value: str, form: str) -> str:
    """Return a number of this form as programs write it."""
    bare = re.sub(THOUSANDS[form], "", value)
    return bare.replace(",", ".") if form == COMMA_NUMBER else bare


def moment(value: str, form: str) -> datetime | None:
    """Return what a date or time of this form says, one with an offset in UTC; None if it is no such value."""
    form = form.replace("%3f", "%f").replace("%#z", "%z")
    decimals = re.search(r"\.(\d+)(?=Z$|[+-]|$)", value) if "%.f" in form else None
    if decimals:
        value = value[: decimals.start(1) + 6] + value[decimals.end() :] if len(decimals[1]) > 6 else value
    try:
        found = datetime.strptime(value, form.replace("%.f", ".%f" if decimals else ""))
    except ValueError:
        return None
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)
