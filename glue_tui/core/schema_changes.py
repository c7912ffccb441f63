"""How a table's columns change: differences for people, and what a lock keeps. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from glue_tui.core.glue_types import type_parts
from glue_tui.core.schema import Column, Table

LOCKED_PARAMETER = "LOCKED_BY_USER"
"""Table parameter: crawls bring files and partitions, but leave the columns as they are."""

FOUND_PARAMETER = "FOUND_BY_CRAWLER"
"""Table parameter: columns and types (JSON) as the data has them, where the table says otherwise or not at all: a lock,
a policy or a person's hand stands between. Files that are not read again keep these types, not the table's."""

NULL_TYPE = "null"
"""What is found of a column without a single value."""
NO_VALUES = "no values yet"
"""Reason of a column that is called string only because something must be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference between two schemas."""

    kind: str
    """added | removed | retyped | moved | keys"""
    name: str
    """The column's; empty for `keys`."""
    before: str
    """Type before, or the partition keys; empty where it was not there."""
    after: str
    reason: str = ""
    """Why it has its new type, where a value forced it."""

    def __str__(self) -> str:
        because = f": {self.reason}" if self.reason else ""
        match self.kind:
            case "added":
                return f"new column {self.name} ({self.after})"
            case "removed":
                return f"column {self.name} ({self.before}) is gone"
            case "moved":
                return f"columns in another order: {self.after}"
            case "keys":
                return f"partition keys: {self.before or 'none'} → {self.after or 'none'}"
            case _:
                return f"column {self.name}: {self.before} → {self.after}{because}"


def differences(
    before: Sequence[Column], after: Sequence[Column], keys_before: Sequence[Column], keys_after: Sequence[Column]
) -> tuple[Difference, ...]:
    """Return how columns and partition keys differ: added or retyped ones first, then those that are gone."""
    old, new = {one.name: one for one in before}, {one.name: one for one in after}
    found = []
    for name, column in new.items():
        if name not in old:
            found.append(Difference(kind="added", name=name, before="", after=column.type, reason=column.reason))
        elif old[name].type != column.type:
            found.append(
                Difference(kind="retyped", name=name, before=old[name].type, after=column.type, reason=column.reason)
            )
    found += [
        Difference(kind="removed", name=name, before=column.type, after="")
        for name, column in old.items()
        if name not in new
    ]
    if not found and [*old] != [*new]:
        found.append(Difference(kind="moved", name="", before=", ".join(old), after=", ".join(new)))
    if _keys_text(keys_before) != _keys_text(keys_after):
        found.append(Difference(kind="keys", name="", before=_keys_text(keys_before), after=_keys_text(keys_after)))
    return tuple(found)


def _keys_text(keys: Sequence[Column]) -> str:
    return ", ".join(key.name if key.type == "string" else f"{key.name} ({key.type})" for key in keys)


def table_differences(before: Table, after: Table) -> tuple[Difference, ...]:
    """Return how the schemas of two tables differ."""
    return differences(before.columns, after.columns, before.partition_keys, after.partition_keys)


def with_locks(before: Table, found: Table) -> tuple[Table, tuple[str, ...]]:
    """Return `found` with what is locked in `before` left as it is, and for people what was found otherwise.

    A locked column keeps its name, type and comment, and stays where the data lacks it; a locked table keeps all its
    columns and gets no others.
    """
    if LOCKED_PARAMETER in before.parameters:
        unlike = differences(before.columns, found.columns, (), ())
        notes = tuple(f"{one} (not applied: the table is locked)" for one in unlike if one.kind != "moved")
        return replace(found, columns=before.columns), notes
    locked = {column.name: column for column in before.columns if column.is_locked}
    if not locked:
        return found, ()
    present = {column.name: column for column in found.columns}
    notes = tuple(
        f"column {name} is locked as {column.type}, found as {present[name].type}"
        + (f": {present[name].reason}" if present[name].reason else "")
        for name, column in locked.items()
        if name in present and _data_type(present[name]) not in (column.type, NULL_TYPE)
    ) + tuple(f"column {name} is locked and stays, though no file has it" for name in locked if name not in present)
    columns = [locked.get(column.name, column) for column in found.columns]
    return replace(found, columns=_placed(columns, before.columns, locked.keys() - present.keys())), notes


def _placed(columns: list[Column], order: Sequence[Column], missing: set[str]) -> tuple[Column, ...]:
    """Return the columns with the missing ones put in behind those that they stood behind before."""
    for place, column in enumerate(order):
        if column.name in missing:
            names = [one.name for one in columns]
            ahead = [names.index(one.name) for one in order[:place] if one.name in names]
            columns.insert(max(ahead, default=-1) + 1, column)
    return tuple(columns)


def merged(before: Table, found: Table) -> Table:
    """Return the table with what `found` has besides: columns, and fields of structs (rule SC-5).

    Nothing is taken away, nothing gets another type.
    """
    old = {column.name: column for column in before.columns}
    new = {column.name: column for column in found.columns}
    kept = tuple(
        replace(column, type=merged_type(column.type, new[name].type)) if name in new else column
        for name, column in old.items()
    )
    return replace(before, columns=(*kept, *(column for name, column in new.items() if name not in old)))


def merged_type(before: str, found: str) -> str:
    """Return a type with the fields that `found` has besides, at any depth."""
    if before.startswith("array<") and found.startswith("array<"):
        return f"array<{merged_type(before[6:-1], found[6:-1])}>"
    if not (before.startswith("struct<") and found.startswith("struct<")):
        return before
    fields, others = (
        {name: kind for name, _, kind in (part.partition(":") for part in type_parts(text[7:-1]))}
        for text in (before, found)
    )
    both = {name: merged_type(kind, others[name]) if name in others else kind for name, kind in fields.items()}
    both |= {name: kind for name, kind in others.items() if name not in both}
    return "struct<" + ",".join(f"{name}:{kind}" for name, kind in both.items()) + ">"


def in_order(columns: Sequence[Column], before: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns in the order that they had before, new ones behind them."""
    place = {column.name: number for number, column in enumerate(before)}
    return tuple(sorted(columns, key=lambda column: place.get(column.name, len(place))))


def data_types(table: Table) -> dict[str, str]:
    """Return the types of all columns as the data has them, those that the table leaves out too; see FOUND_PARAMETER.

    NULL_TYPE for a column without values.
    """
    return {**{column.name: _data_type(column) for column in table.columns}, **found_otherwise(table)}


def found_otherwise(table: Table) -> dict[str, str]:
    """Return the types that the data has otherwise than the table says, and of columns that it leaves out."""
    found: dict[str, str] = json.loads(table.parameters.get(FOUND_PARAMETER, "{}"))
    return found


def with_data_types(table: Table, types: Mapping[str, str]) -> Table:
    """Return the table with its FOUND_PARAMETER saying what of `types` its columns do not say."""
    said = {column.name: _data_type(column) for column in table.columns}
    found = {name: kind for name, kind in types.items() if said.get(name) != kind}
    parameters = {key: text for key, text in table.parameters.items() if key != FOUND_PARAMETER}
    if found:
        parameters[FOUND_PARAMETER] = json.dumps(found, ensure_ascii=False, sort_keys=True)
    return replace(table, parameters=parameters)


def _data_type(column: Column) -> str:
    return NULL_TYPE if column.reason == NO_VALUES else column.type
