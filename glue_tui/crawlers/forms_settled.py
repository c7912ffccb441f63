"""In which form the values of each column are written, decided over all files of a table. Pure.

A value such as 01/02/2025 does not say whether its day or its month comes first, nor 1,234 whether it is a thousand.
Another value of the column, another file of the table or another column of the file may; else it stays in doubt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec import structs

from glue_tui.catalog.forms import is_time
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.facts import ColumnFacts, CrawledFile, type_of
from glue_tui.crawlers.forms import day_first
from glue_tui.crawlers.values import NARROW_TYPES, NULL_TYPE


def settled(files: Sequence[CrawledFile]) -> list[CrawledFile]:
    """Return the files of a table with one form for each column, or the mark that it is ambiguous."""
    of_kinds = {id(file.facts): file.facts for file in files}
    if not any(facts.others for of_kind in of_kinds.values() for facts in of_kind.values()):
        return list(files)
    options = [{name: _options(facts, file.format) for name, facts in file.facts.items()} for file in files]
    by_column: dict[str, set[object]] = defaultdict(set)
    for file, found in zip(files, options, strict=True):
        for name, answer in _answers(file, found).items():
            by_column[name] |= answer
    shared: dict[FileFormat, FileFormat] = {}
    return [_settled_file(file, found, by_column, shared) for file, found in zip(files, options, strict=True)]


def _options(facts: ColumnFacts, file_format: FileFormat) -> tuple[ColumnFacts, ...]:
    """Return the forms that hold for every value of a column, none if the plain one does."""
    if not facts.others:
        return ()
    holding = tuple(item for item in facts.others if _is_allowed(item.form, file_format) and _holds(item))
    plain = type_of([facts])
    if file_format.decimal == "," and plain.startswith(("double", "decimal")):
        return holding
    return () if plain != "string" else holding


def _holds(facts: ColumnFacts) -> bool:
    return type_of([facts]) not in ("string", NULL_TYPE)


def _is_allowed(form: str, file_format: FileFormat) -> bool:
    """Return whether a form agrees with what was said of the file."""
    if not is_time(form):
        return not file_format.decimal or _answer(form) == file_format.decimal
    return file_format.day_first is None or day_first(form) in (None, file_format.day_first)


def _answer(form: str) -> object:
    """Return what a form says of the question that others of its kind leave open: the order of day and month, or the
    sign before the decimals."""
    return day_first(form) if is_time(form) else form[-3]


def _answers(file: CrawledFile, options: Mapping[str, tuple[ColumnFacts, ...]]) -> dict[str, frozenset[object]]:
    """Return what a file says by itself, by column."""
    known = {name: _answer(form) for name, form in file.format.forms}
    known |= {name: _answer(found[0].form) for name, found in options.items() if len(found) == 1}
    return {name: frozenset((answer,)) for name, answer in known.items() if answer is not None}


def _settled_file(
    file: CrawledFile,
    options: Mapping[str, tuple[ColumnFacts, ...]],
    by_column: Mapping[str, set[object]],
    shared: dict[FileFormat, FileFormat],
) -> CrawledFile:
    own = {answer for answers in _answers(file, options).values() for answer in answers}
    facts, forms = dict(file.facts), dict(file.format.forms)
    for name, before in file.facts.items():
        if not before.others:
            if "," in (own | by_column.get(name, set())) and _could_be_thousands(before, file.format):
                facts[name] = replace(before, fits=ColumnFacts().fits, is_ambiguous=True)
            continue
        found = _chosen(options[name], (by_column.get(name, set()), own))
        if found is not None:
            facts[name], forms[name] = found, found.form
        elif options[name]:
            facts[name] = replace(before, is_ambiguous=True)
        else:
            facts[name] = _nearest(before, file.format)
    if facts == file.facts:
        return file
    in_order = tuple((name, forms[name]) for name in file.format.columns if name in forms)
    file_format = replace(file.format, forms=in_order)
    return structs.replace(file, format=shared.setdefault(file_format, file_format), facts=facts)


def _could_be_thousands(facts: ColumnFacts, file_format: FileFormat) -> bool:
    """Return whether numbers such as 1.234, beside others with a decimal comma, may be thousands."""
    is_number = type_of([facts]).startswith(("double", "decimal"))
    return is_number and not file_format.decimal and facts.scale == 3 and facts.whole_digits <= 3


def _chosen(options: Sequence[ColumnFacts], evidence: Sequence[set[object]]) -> ColumnFacts | None:
    """Return the only form, or the only one that agrees with the first evidence that says anything; else None."""
    if len(options) < 2:
        return options[0] if options else None
    for known in evidence:
        agreeing = [item for item in options if _answer(item.form) in known]
        if agreeing:
            return agreeing[0] if len(agreeing) == 1 else None
    return None


def _nearest(facts: ColumnFacts, file_format: FileFormat) -> ColumnFacts:
    """Return the counts by the form that most values have: what is not of it is why the column is text."""
    allowed = [item for item in facts.others if _is_allowed(item.form, file_format)]
    compared = allowed if file_format.decimal == "," and allowed else [facts, *allowed]
    return max(compared, key=_fitting)


def _fitting(facts: ColumnFacts) -> int:
    return max(map(facts.fitting, NARROW_TYPES))
