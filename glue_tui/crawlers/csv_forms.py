"""In which other forms the values of CSV columns could be written, and how many of them are (see forms.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import polars as pl

from glue_tui.catalog.forms import is_time
from glue_tui.core.schema import FileFormat
from glue_tui.core.value_forms import COMMA_NUMBER
from glue_tui.crawlers.csv_counter import Counts, FileCounts
from glue_tui.crawlers.csv_counts import facts_from, marks_in_form, number_in_form, sums_of
from glue_tui.crawlers.facts import ColumnFacts, type_of
from glue_tui.crawlers.forms import forms_like

_NUMBER = "__glue_tui_number_"
Key = TypeVar("Key", bound=Hashable)
"""What files are told apart by in a frame that holds the rows of several."""

Forms = Mapping[str, Sequence[str]]
"""By column: the forms in which its odd values could be written."""


def other_forms(counts: FileCounts, file_format: FileFormat) -> Forms:
    """Return the forms other than the plain one in which columns of a file could be written."""
    if file_format.decimal != "," and not any(item.odd for item in counts.columns):
        return {}
    forms = {}
    said = dict(file_format.forms)
    for name, item in zip(file_format.columns, counts.columns, strict=True):
        if (item.odd or file_format.decimal == ",") and name not in said and (found := _forms(item, file_format)):
            forms[name] = found
    return forms


def _forms(counts: Counts, file_format: FileFormat) -> tuple[str, ...]:
    found = dict.fromkeys(form for value in counts.odd for form in forms_like(value))
    if file_format.decimal == ",":
        found[COMMA_NUMBER] = None
    may_differ = found and type_of([counts.facts]).startswith(("string", "double", "decimal"))
    return tuple(found) if may_differ else ()


def with_other_forms(
    facts: Mapping[Key, dict[str, ColumnFacts]], forms: Mapping[Key, Forms], rows: pl.LazyFrame, by: str
) -> dict[Key, dict[str, ColumnFacts]]:
    """Return the facts of files, those of columns that could be written in other forms counted in each of them, too.

    `rows` are those of all files for which there are `forms`; its column `by` says of which file each is.
    """
    asked: dict[str, dict[str, None]] = defaultdict(dict)
    for of_file in forms.values():
        for name, found in of_file.items():
            asked[name].update(dict.fromkeys(found))
    keys = {(name, form): f"{place}" for place, (name, form) in enumerate((n, f) for n in asked for f in asked[n])}
    # Made once, and then looked at: a mark of its own would make it for itself.
    numbers = {key: number_in_form(pl.col(name), form) for (name, form), key in keys.items() if not is_time(form)}
    marks = [
        mark
        for (name, form), key in keys.items()
        for mark in marks_in_form(key, pl.col(name), form, pl.col(f"{_NUMBER}{key}") if key in numbers else None)
    ]
    rows = rows.with_columns(number.alias(f"{_NUMBER}{key}") for key, number in numbers.items())
    counted = rows.select(by, *marks).group_by(by).agg(*sums_of(marks)).collect(engine="streaming")
    found_facts = dict(facts)
    for row in counted.iter_rows(named=True):
        of_file = forms[row[by]]
        found_facts[row[by]] = facts[row[by]] | {
            name: replace(
                facts[row[by]][name], others=tuple(facts_from(row, keys[name, form], form) for form in of_file[name])
            )
            for name in of_file
        }
    return found_facts
