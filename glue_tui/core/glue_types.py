"""Glue's column types as text: which there are, and their one spelling. Pure; `catalog.types` has those of polars."""

from __future__ import annotations

import re

from glue_tui.core.problem import InvalidInput, did_you_mean

PRIMITIVES = (
    "string",
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "date",
    "timestamp",
    "binary",
)
_SIZED = re.compile(r"(decimal)\((\d+),(\d+)\)|(char|varchar)\((\d+)\)")
_PRECISION_MAX = 38


def spelled_type(text: str) -> str:
    """Return a Glue type in the spelling of the catalog: lower case, no spaces, but for the names in a struct.

    Raises InvalidInput for what is none, with the nearest one.
    """
    outer = text.strip()
    lower = re.sub(r"\s+", "", outer).lower()
    if lower in PRIMITIVES:
        return lower
    if lower == "integer":
        return "int"
    if match := _SIZED.fullmatch(lower):
        if match[1] and not (1 <= int(match[2]) <= _PRECISION_MAX and int(match[3]) <= int(match[2])):
            raise InvalidInput(
                f"{text!r}: no such decimal", hint=f"1 to {_PRECISION_MAX} digits, and no more of them behind the point"
            )
        return lower
    kind, opened, inside = outer[:-1].partition("<")
    if opened and outer.endswith(">"):
        match kind.strip().lower(), type_parts(inside):
            case "array", [element]:
                return f"array<{spelled_type(element)}>"
            case "map", [key, value]:
                return f"map<{spelled_type(key)},{spelled_type(value)}>"
            case "struct", parts:
                fields = [part.partition(":") for part in parts]
                if all(name.strip() and inner.strip() for name, _, inner in fields):
                    return f"struct<{','.join(f'{name.strip()}:{spelled_type(inner)}' for name, _, inner in fields)}>"
    hint = did_you_mean(lower, PRIMITIVES)
    known = f"known: {', '.join(PRIMITIVES)}, decimal(p,s), array<T>, struct<name:T,…>, map<K,V>"
    raise InvalidInput(f"no column type {text!r}", hint=hint if hint.startswith("did") else known)


def type_parts(text: str) -> list[str]:
    """Return the parts between the commas that stand outside of brackets."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        if letter in "<(":
            depth += 1
        elif letter in ">)":
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]
