"""What MySQL's and MariaDB's types are in Glue's words."""

from __future__ import annotations

import re

_INTEGERS = {
    "tinyint": ("tinyint", "smallint"),
    "smallint": ("smallint", "int"),
    "mediumint": ("int", "int"),
    "int": ("int", "bigint"),
    "bigint": ("bigint", "decimal(20,0)"),
}
"""Signed and unsigned."""
GEOMETRIES = ("geometry", "point", "linestring", "polygon", "multi", "geomcollection")
BINARIES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext")


def glue_type_of(declared: str) -> str:
    """Return Glue's type for one of MySQL's; `tinyint(1)` is what it calls a boolean."""
    word, in_brackets, rest = type_parts(declared)
    unsigned = "unsigned" in rest
    match word:
        case "tinyint" if in_brackets == "1" and not unsigned:
            return "boolean"
        case "decimal":
            precision, _, scale = in_brackets.partition(",")
            return "string" if is_too_wide(declared) else f"decimal({precision},{scale or 0})"
        case "bit":
            return "boolean" if in_brackets == "1" else "bigint" if int(in_brackets) < 64 else "decimal(20,0)"
        case "datetime" | "timestamp":
            return "timestamp"
        case "float" | "double" | "date":
            return word
        case "year":
            return "smallint"
        case _ if word in _INTEGERS:
            return _INTEGERS[word][unsigned]
        case _:
            return "binary" if word in BINARIES else "string"


def type_parts(declared: str) -> tuple[str, str, str]:
    """Return the type's name, what stands in brackets, and the rest: `int`, `10`, `unsigned`."""
    found = re.match(r"\s*(\w+)\s*(?:\(([^)]*)\))?(.*)", declared.lower(), re.DOTALL)
    return (found[1], (found[2] or "").replace(" ", ""), found[3]) if found else ("", "", "")


def is_too_wide(declared: str) -> bool:
    word, in_brackets, _ = type_parts(declared)
    return word == "decimal" and int(in_brackets.partition(",")[0]) > 38
