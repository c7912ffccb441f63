"""What type a column has over all files of a table, why, and what is in doubt about it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence

from glue_tui.catalog.forms import is_time
from glue_tui.core.schema import Column
from glue_tui.core.schema_changes import NO_VALUES
from glue_tui.core.value_forms import COMMA_NUMBER
from glue_tui.crawlers.csv_far import first_misfit_far_in
from glue_tui.crawlers.evidence import first_beyond_double, first_misfit, first_value, shortened
from glue_tui.crawlers.facts import ColumnFacts, CrawledFile, is_held, narrow_kind, total, type_of
from glue_tui.crawlers.json_exact import becomes_inexact
from glue_tui.crawlers.values import NARROW_TYPES, NULL_TYPE, widened

FORCED_SHARE = 0.2
"""A type needs a reason if so many of the values would have fitted a narrower one."""

PLACEHOLDERS = frozenset(
    {"n/a", "na", "null", "none", "nil", "-", "--", "?", ".", "n.a.", "unknown", "missing", "\\n", "#n/a"}
)
"""Texts, in lower case, that may stand for no value."""

AS_SAID = "as types says"
"""Reason of a column whose type was said."""


def column_of(name: str, files: Sequence[CrawledFile], said: str, before: Column | None = None) -> tuple[Column, str]:
    """Return a column, and what is in doubt about it; `before` is how the catalog has it, if its reason holds."""
    holding = [file for file in files if name in file.facts]
    facts = [file.facts[name] for file in holding]
    # Many files share what was found in them.
    distinct = list({id(item): item for item in facts}.values())
    counted = [item for item in facts if not item.type]
    kind = NULL_TYPE if not counted else type_of(counted)
    for other in dict.fromkeys(item.type for item in distinct):
        kind = widened(kind, other or NULL_TYPE)
    if said:
        if is_held(said, distinct):
            return Column(name=name, type=said, reason=AS_SAID), ""
        reason = _still_true(before, "string") or _first_misfit(name, narrow_kind(said), holding)
        return Column(name=name, type="string", reason=reason), f"column {name} is no {said}, as types says: {reason}"
    if kind == NULL_TYPE:
        return Column(name=name, type="string", reason=NO_VALUES), ""
    if any(becomes_inexact(item, kind) for item in distinct):
        great = [file for file in holding if becomes_inexact(file.facts[name], kind)]
        reason = _still_true(before, "string") or _lost_digits(name, great)
        return Column(name=name, type="string", reason=reason), ""
    if kind == "string" and (reason := _said_form_misfit(name, holding)):
        return Column(name=name, type=kind, reason=reason), f"column {name} is text: {reason}"
    if kind == "string" and any(item.is_ambiguous for item in distinct):
        ambiguous = [file for file in holding if file.was_read and file.facts[name].is_ambiguous]
        if ambiguous:
            reason = _ambiguity(name, ambiguous)
            return Column(name=name, type=kind, reason=reason), f"column {name} is text: {reason}"
    reason = _still_true(before, kind) or _reason(name, kind, holding)
    return Column(name=name, type=kind, reason=reason), _thousands_in_doubt(name, kind, holding)


def _still_true(before: Column | None, kind: str) -> str:
    """Return the reason that the catalog has, if the column has the same type."""
    return before.reason if before is not None and before.type == kind else ""


def names_one_of(reason: str, paths: Sequence[str]) -> bool:
    """Return whether a column's reason is one of these files."""
    return reason != "" and any(
        path in reason and re.search(rf"(?:^| ){re.escape(path)}[: ]", reason) is not None for path in paths
    )


def _lost_digits(name: str, files: Sequence[CrawledFile]) -> str:
    """Return the whole number for which a column, beside fractions in other files, is no double."""
    file = min(files, key=lambda file: (not file.was_read, file.listed.path))
    found = first_beyond_double(file.listed, file.format, name) if file.was_read else None
    where = f"{shortened(found[1])} in {file.listed.path}:{found[0]}" if found else f"a number in {file.listed.path}"
    return f"{where} would lose digits as a double, as other files need it"


def _thousands_in_doubt(name: str, kind: str, files: Sequence[CrawledFile]) -> str:
    """Return the doubt about numbers such as 1.234 in files cut at semicolons, as is usual where commas are decimal."""
    if kind != "double" or not all(_could_be_thousands(file, name) for file in files):
        return ""
    if any(first_misfit(file.listed, file.format, name, "bigint", COMMA_NUMBER) for file in files):
        return ""
    file = min(files, key=lambda file: file.listed.path)
    found = first_value(file.listed, file.format, name)
    where = f"{shortened(found[1])} in {file.listed.path}:{found[0]}" if found else file.listed.path
    return f'column {name} is {kind}, but {where} and all others may be thousands: say decimal = "." or ","'


def _could_be_thousands(file: CrawledFile, name: str) -> bool:
    facts, file_format = file.facts[name], file.format
    return (
        file.was_read
        and (file_format.classification, file_format.delimiter, file_format.decimal) == ("csv", ";", "")
        and not facts.form
        and facts.scale == 3
        and 0 < facts.whole_digits <= 3
    )


def _said_form_misfit(name: str, files: Sequence[CrawledFile]) -> str:
    """Return the first value that is not of the form that was said of a column; nothing where there is none."""
    said = [file for file in files if file.was_read and file.format.forms]
    for file in sorted(said, key=lambda file: file.listed.path):
        form = dict(file.format.forms).get(name, "")
        if not form or type_of([file.facts[name]]) != "string":
            continue
        if found := first_misfit(file.listed, file.format, name, "timestamp", form):
            line, value = found
            return f"{shortened(value)} in {file.listed.path}:{line} is not of the form {form}, as forms says"
    return ""


def _ambiguity(name: str, files: Sequence[CrawledFile]) -> str:
    """Return why a column of dates or numbers stays text: they can be read in two ways."""
    file = min(files, key=lambda file: file.listed.path)
    found = first_value(file.listed, file.format, name)
    where = f"{shortened(found[1])} in {file.listed.path}:{found[0]}" if found else file.listed.path
    if any(is_time(item.form) for item in file.facts[name].others):
        return f"{where} and all others can begin with the day or the month: say day_first = true or false"
    return f'{where} and all others can be thousands or decimals: say decimal = "." or ","'


def _reason(name: str, kind: str, files: Sequence[CrawledFile]) -> str:
    """Return why a column is no narrower than `kind`: the file, line and value that forced it; or nothing."""
    given = [facts.reason for file in files if (facts := file.facts[name]).reason and facts.type == kind]
    if given:
        return given[0]
    narrower, plain = _expected_type(name, files), kind.partition("(")[0]
    if narrower == plain:
        narrower = _widened_from(plain, name, files)
    if not narrower or kind.startswith(("struct<", "array<")):
        return ""
    return _first_misfit(name, narrower, files)


def _widened_from(kind: str, name: str, files: Sequence[CrawledFile]) -> str:
    """Return the type within `kind` that a column would have but for some values; nothing where there is none.

    A file that is known to have it is enough; of values that were counted now, it takes half.
    """
    within = {"double": "bigint", "decimal": "bigint", "timestamp": "date"}.get(kind)
    if within is None:
        return ""
    counts = total([file.facts[name] for file in files if not file.facts[name].type])
    is_known = any(file.facts[name].type == within for file in files)
    return within if is_known or 0 < counts.values <= 2 * counts.fitting(within) else ""


def _first_misfit(name: str, narrower: str, files: Sequence[CrawledFile]) -> str:
    """Return the file, line and value that is not of a type; of a file that was not read again its type."""
    # Files that are alike share one object: few are looked at, and fewer ordered.
    kinds = {id(file.facts[name]): file.facts[name] for file in files}
    odd = {identity for identity, facts in kinds.items() if _contradicts(facts, narrower)}
    contradicting = [file for file in files if id(file.facts[name]) in odd]
    for file in sorted(contradicting, key=lambda file: (not file.was_read, file.listed.path)):
        facts = file.facts[name]
        if not file.was_read:
            return f"{file.listed.path} has {facts.type}, other files {_as_type(narrower)}"
        if file.format.classification == "parquet":
            lost = ": in a double, whole numbers beyond 15 digits lose the last" if facts.type == "double" else ""
            return f"{file.listed.path} has {facts.type}, other files {narrower}{lost}"
        sought = _as_type(narrower)
        found = first_misfit_far_in(file, name, sought) or first_misfit(
            file.listed, file.format, name, sought, facts.form
        )
        if found is None:
            return f"{file.listed.path} has {facts.type or 'other values'}, other files {_as_type(narrower)}"
        line, value = found
        where = f"{shortened(value)} in {file.listed.path}:{line}"
        if value.lstrip("-").isdecimal() and value.lstrip("-").startswith("0"):
            return f"{where} has a leading zero, which a number would lose"
        if value.lower() in PLACEHOLDERS and file.format.classification == "csv":
            return f"{where} is no {narrower}: if it stands for no value, say nulls = [{json.dumps(value)}]"
        return f"{where} is no {_as_type(narrower)}"
    return ""


def _as_type(kind: str) -> str:
    return "bigint" if kind == "digits" else kind


def _contradicts(facts: ColumnFacts, narrower: str) -> bool:
    if facts.type:
        return facts.type != NULL_TYPE and widened(facts.type, narrower) != narrower
    if narrower == "digits":
        return facts.values > facts.fitting("bigint")
    return narrower in NARROW_TYPES and facts.values > facts.fitting(narrower)


def _expected_type(name: str, files: Sequence[CrawledFile]) -> str:
    """Return the narrow type that most values of a column have; `digits` if they are numbers with leading zeros."""
    counts = total([file.facts[name] for file in files if not file.facts[name].type])
    typed: dict[str, int] = defaultdict(int)
    for file in files:
        facts = file.facts[name]
        if facts.type and facts.type != NULL_TYPE:
            typed[facts.type] += file.rows
    if sum(typed.values()) > counts.values:
        return max(typed, key=lambda kind: typed[kind])
    best = max((*NARROW_TYPES, "digits"), key=counts.fitting)
    share = counts.fitting(best) / counts.values if counts.values else 0.0
    return best if share >= FORCED_SHARE else ""
