"""What may be done about an exception of a script, where that can be guessed: most often a name that was misspelt."""

from __future__ import annotations

import contextlib
import re
import sys
import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import polars as pl

_COLUMN = re.compile(
    r'unable to find column "(?P<name>[^"]*)"(?:; valid columns: \[(?P<known>[^\]]*)\])?|^"(?P<lone>[^"]*)" not found'
)
_COLUMNS_TOLD = 30


def missing_column(error: BaseException) -> str:
    """Return the name of the column or field that an error of polars misses; empty for other errors."""
    match error:
        case pl.exceptions.ColumnNotFoundError():
            found = _COLUMN.search(str(error))
            return (found["name"] or found["lone"] or "") if found else ""
        case pl.exceptions.StructFieldNotFoundError():
            return str(error)
        case _:
            return ""


def hint_for(error: BaseException) -> str:
    """Return the way out, or nothing."""
    match error:
        case pl.exceptions.ColumnNotFoundError():
            return _column_hint(error)
        case ModuleNotFoundError(name=str(name)):
            return _module_hint(name, error)
        case AttributeError(name=str(name), obj=owner) if owner is not None:
            return _nearest(name, _members(owner))
        case NameError(name=str(name)):
            return _nearest(name, _names_in_sight(error))
        case EOFError() if str(error) == "EOF when reading a line":
            return "nobody can answer a job: what it asks by input(), give it as an argument or property"
        case _:
            return ""


def _members(owner: object) -> list[str]:
    with contextlib.suppress(Exception):  # It may be any class of the user's.
        return [name for name in dir(owner) if not name.startswith("_")]
    return []


def _column_hint(error: Exception) -> str:
    found = _COLUMN.search(str(error))
    if found is None:
        return ""
    known = re.findall(r'"([^"]*)"', found["known"]) if found["known"] else _columns_in_sight(error)
    if near := _nearest(found["name"] or found["lone"], known):
        return near
    more = f" and {len(known) - _COLUMNS_TOLD} more" if len(known) > _COLUMNS_TOLD else ""
    return "columns: " + ", ".join(known[:_COLUMNS_TOLD]) + more if known else ""


def _columns_in_sight(error: BaseException) -> list[str]:
    """Return the columns of the frame in whose method the error was raised."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        owner = frame.f_locals.get("self")
        if isinstance(owner, pl.DataFrame):
            return owner.columns
    return []


def _names_in_sight(error: BaseException) -> list[str]:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [*frames[-1].f_locals, *frames[-1].f_globals, *frames[-1].f_builtins] if frames else []


def _module_hint(name: str, error: BaseException) -> str:
    package = name.partition(".")[0]
    if package == "awsglue":
        return (
            'a python job has getResolvedOptions of it alone: read and write with `glue`, or say type = "spark" for'
            " a script that needs Spark"
        )
    if package in ("pyspark", "glue_tui_spark"):
        return 'type = "spark" is for scripts that need Spark'
    folders = {Path(frame.f_code.co_filename).parent for frame, _ in traceback.walk_tb(error.__traceback__)}
    own = [file.stem for folder in folders for file in folder.glob("*.py") if folder.is_dir()]
    install = f"{sys.executable} -m pip install {package}"
    near = _nearest(name, own)
    return f"{near} Else: {install}" if near else install


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(dict.fromkeys(known)), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""
