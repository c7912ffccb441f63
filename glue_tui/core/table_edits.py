"""What people change of a catalog table by hand, and what the table is like afterwards. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from glue_tui.core.glue_types import spelled_type
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.schema import Column, Table
from glue_tui.core.schema_changes import LOCKED_PARAMETER, data_types, with_data_types

COMMENT_CHARS_MAX = 255
"""As in Glue."""


class EditKind(StrEnum):
    LOCK = "lock"
    UNLOCK = "unlock"
    COMMENT = "comment"
    RETYPE = "retype"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEdit:
    """One change of a table by a person."""

    kind: EditKind
    table: str
    """`database.table`."""
    columns: tuple[str, ...] = ()
    """Of LOCK and UNLOCK: none is the table itself, and of UNLOCK all its columns. Of COMMENT and RETYPE: one."""
    text: str = ""
    """The comment or the type."""
    version: int = 0
    """The one to restore."""
    by: str = ""
    """Name of the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A table as it is after an edit."""

    table: Table
    notes: tuple[str, ...]
    """For the person who asked, and for the table's versions; empty where everything was so before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A former schema of a table."""

    columns: tuple[Column, ...]
    partition_keys: tuple[Column, ...]


def edited(table: Table, written_by: str, edit: TableEdit, then: Version | None) -> Edited:
    """Return the table after the edit; `then` is the version that RESTORE names, `written_by` the table's last writer.

    Raises EntityNotFound (no such column or version) or InvalidInput.
    """
    match edit.kind:
        case EditKind.LOCK | EditKind.UNLOCK:
            _refuse_written_by_job(edit, written_by)
            after, notes = _locked(table, edit, is_locked=edit.kind is EditKind.LOCK)
        case EditKind.COMMENT:
            if len(edit.text) > COMMENT_CHARS_MAX:
                raise InvalidInput(f"a comment has at most {COMMENT_CHARS_MAX} letters, this one has {len(edit.text)}")
            after, notes = _changed(table, edit, comment=edit.text, note=f"comment of {{}}: {edit.text or 'none'}")
        case EditKind.RETYPE:
            _refuse_written_by_job(edit, written_by)
            kind = spelled_type(edit.text)
            before = next((one.type for one in table.columns if one.name in edit.columns), "")
            note = f"column {{}}: {before} → {kind}, and locked"
            after, notes = _changed(table, edit, type=kind, is_locked=True, reason=f"said by {edit.by}", note=note)
        case EditKind.RESTORE:
            _refuse_written_by_job(edit, written_by)
            after, notes = _restored(table, edit, then)
    return Edited(table=with_data_types(after, data_types(table)), notes=notes)


def _refuse_written_by_job(edit: TableEdit, written_by: str) -> None:
    if written_by.startswith("job:"):
        raise InvalidInput(
            f"{edit.table} is written by a job: its columns are what {written_by[4:]} writes",
            hint="change the job instead",
        )


def _names(table: Table, edit: TableEdit) -> tuple[str, ...]:
    """Return the columns that the edit names, as they are written in the table."""
    known = {column.name.lower(): column.name for column in table.columns}
    for name in edit.columns:
        if name.lower() in known:
            continue
        if name.lower() in (key.name.lower() for key in table.partition_keys):
            raise InvalidInput(
                f"{name} is a partition key of {edit.table}: its name and type follow the folders",
                hint="only columns can be changed",
            )
        raise EntityNotFound(f"{edit.table} has no column {name}", hint=did_you_mean(name, [*known.values()]))
    return tuple(known[name.lower()] for name in edit.columns)


def _locked(table: Table, edit: TableEdit, *, is_locked: bool) -> tuple[Table, tuple[str, ...]]:
    """Lock or unlock the named columns; without names the table, and of an unlocked one all columns."""
    word = edit.kind.value + "ed"
    notes = []
    parameters = dict(table.parameters)
    if not edit.columns and (LOCKED_PARAMETER in parameters) is not is_locked:
        if is_locked:
            parameters[LOCKED_PARAMETER] = "true"
        else:
            del parameters[LOCKED_PARAMETER]
        notes.append(f"{word}: crawls {'leave its columns alone' if is_locked else 'change its columns again'}")
    is_of_all = not edit.columns and not is_locked
    names = {column.name for column in table.columns} if is_of_all else set(_names(table, edit))
    changing = [one.name for one in table.columns if one.name in names and one.is_locked is not is_locked]
    if changing:
        notes.append(f"{word}: {', '.join(changing)}")
    columns = tuple(
        replace(column, is_locked=is_locked) if column.name in names else column for column in table.columns
    )
    return replace(table, columns=columns, parameters=parameters), tuple(notes)


def _changed(table: Table, edit: TableEdit, *, note: str, **values: object) -> tuple[Table, tuple[str, ...]]:
    """Return the table with these values on the one column that the edit names."""
    (name,) = _names(table, edit)
    columns = tuple(
        replace(column, **values) if column.name == name else column  # type: ignore[arg-type]
        for column in table.columns
    )
    return replace(table, columns=columns), () if columns == table.columns else (note.format(name),)


def _restored(table: Table, edit: TableEdit, then: Version | None) -> tuple[Table, tuple[str, ...]]:
    if then is None:
        raise EntityNotFound(
            f"{edit.table} has no version {edit.version}", hint=f"`glue-tui catalog {edit.table}` lists them"
        )
    if _key_names(then.partition_keys) != _key_names(table.partition_keys):
        raise InvalidInput(
            f"version {edit.version} of {edit.table} had other partition keys: {_key_names(then.partition_keys)}",
            hint="its files have values for today's keys only",
        )
    now = {column.name: column for column in table.columns}
    # What a person has said since of a column that is in both stays.
    columns = tuple(
        replace(column, comment=now[column.name].comment, is_locked=now[column.name].is_locked)
        if column.name in now
        else column
        for column in then.columns
    )
    notes = () if columns == table.columns else (f"restored from version {edit.version}",)
    # Else the next crawl would take it back: the data is as it was.
    locked, locked_notes = _locked(replace(table, columns=columns), replace(edit, kind=EditKind.LOCK), is_locked=True)
    return locked, (*notes, *locked_notes)


def _key_names(keys: Sequence[Column]) -> str:
    return ", ".join(key.name for key in keys) or "none"
