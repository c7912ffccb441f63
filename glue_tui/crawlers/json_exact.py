"""What a table's types do to the values of its JSON files: numbers that become text stay as they are written. Pure.

A file alone may hold doubles where the table, for the sake of another file, has text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec import structs

from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.facts import ColumnFacts, CrawledFile
from glue_tui.crawlers.values import NULL_TYPE, struct_fields


def becomes_inexact(facts: ColumnFacts, kind: str) -> bool:
    """Return whether a column's whole numbers may lose digits where its table has another type."""
    return facts.is_beyond_double and _is_double_for_whole(facts.type, kind)


def kept_exact(files: Sequence[CrawledFile], types: Mapping[str, str]) -> list[CrawledFile]:
    """Return the files, those of JSON to be read value by value of which polars would write a value otherwise."""
    formats: dict[tuple[int, int], FileFormat] = {}
    shared: dict[FileFormat, FileFormat] = {}
    kept = []
    for file in files:
        if file.format.classification != "json" or file.format.exact:
            kept.append(file)
            continue
        # Files that were read together share both objects.
        key = id(file.format), id(file.facts)
        if key not in formats:
            is_rewritten = any(_is_rewritten(facts.type, types.get(name, "")) for name, facts in file.facts.items())
            read_as = replace(file.format, exact=True) if is_rewritten else file.format
            formats[key] = shared.setdefault(read_as, read_as)
        kept.append(file if formats[key] is file.format else structs.replace(file, format=formats[key]))
    return kept


def _is_rewritten(found: str, wanted: str) -> bool:
    """Return whether polars writes values of a type otherwise than they stand in the file: 1.50 as 1.5."""
    if wanted == "string":
        return found == "double" or found.startswith(("struct<", "array<"))
    return any(_is_rewritten(*pair) for pair in _pairs_within(found, wanted))


def _is_double_for_whole(found: str, wanted: str) -> bool:
    if wanted == "double":
        return found == "bigint" or found.startswith("decimal(")
    return any(_is_double_for_whole(*pair) for pair in _pairs_within(found, wanted))


def _pairs_within(found: str, wanted: str) -> list[tuple[str, str]]:
    """Return the types within two arrays or structs that belong together."""
    if found.startswith("array<") and wanted.startswith("array<"):
        return [(found[6:-1], wanted[6:-1])]
    if found.startswith("struct<") and wanted.startswith("struct<"):
        fields = struct_fields(wanted)
        return [(kind, fields.get(name, NULL_TYPE)) for name, kind in struct_fields(found).items()]
    return []
