"""From files that belong together to a catalog table: formats, columns, and for each column its type and why."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from glue_tui.core.schema import Column, DataFile, FileFormat, Table
from glue_tui.core.schema_changes import NO_VALUES, data_types
from glue_tui.crawlers.evidence import first_misfit, shortened
from glue_tui.crawlers.facts import ColumnFacts, CrawledFile, total, type_of
from glue_tui.crawlers.group import GroupedTable
from glue_tui.crawlers.values import NARROW_TYPES, NULL_TYPE, widened

FORCED_SHARE = 0.2
"""A type needs a reason if so many of the values would have fitted a narrower one."""

_UNNAMED = re.compile(r"partition_\d+")

OWNER_PARAMETER = "UPDATED_BY_CRAWLER"
"""Rule GR-10: the crawler that a table belongs to."""
FORMAT_PARAMETERS = ("delimiter", "skip.header.line.count", "compressionType")
"""Parameters that a crawler sets for some formats only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftTable:
    """What a crawl found, before it is compared with the catalog."""

    table: Table
    files: tuple[DataFile, ...]
    why: str
    read: int
    """How many of the files were read in this crawl."""
    notes: tuple[str, ...] = ()
    """What a person has to know of it, whatever the catalog says."""


def draft(grouped: GroupedTable, *, database: str, name: str, location: str, crawler: str) -> DraftTable:
    """Return the table that the grouped files make up."""
    files = [file for file, _ in grouped.files]
    formats = _formats(files)
    found = _column_names(formats)
    keys = _keys(grouped.keys, found)
    key_of = {key.lower(): key for key in keys}
    columns = tuple(_column(column, files) for column in found if column.lower() not in key_of)
    first = formats[0]
    numbers = {file_format: number for number, file_format in enumerate(formats)}
    place = {identity: numbers[found] for identity, found in {id(file.format): file.format for file in files}.items()}
    return DraftTable(
        table=Table(
            database=database,
            name=name,
            classification=first.classification,
            location=location,
            columns=columns,
            partition_keys=tuple(Column(name=key, type="string") for key in keys),
            formats=formats,
            parameters=_parameters(first, crawler),
        ),
        files=tuple(
            DataFile(
                path=file.listed.path,
                size_bytes=file.listed.size_bytes,
                mtime_ns=file.listed.mtime_ns,
                rows=file.rows,
                partition_values=values,
                format=place[id(file.format)],
                tag=file.listed.tag,
            )
            for file, values in sorted(grouped.files, key=lambda item: item[0].listed.path)
        ),
        why=grouped.why,
        read=sum(file.was_read for file in files),
        notes=tuple(
            f"column {column} of the files gives way to the partition key {key_of[column.lower()]}"
            for column in found
            if column.lower() in key_of
        ),
    )


def _keys(keys: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Return the partition keys; one that no folder names has another name than any column."""
    taken = {column.lower() for column in columns}
    return tuple(f"{key}_of_folder" if _UNNAMED.fullmatch(key) and key in taken else key for key in keys)


def known_facts(table: Table, file_format: FileFormat) -> dict[str, ColumnFacts]:
    """Return what the catalog knows of the columns of a file that is not read again."""
    types = data_types(table)
    return {name: ColumnFacts(type=types.get(name, NULL_TYPE)) for name in file_format.columns}


def _parameters(first: FileFormat, crawler: str) -> dict[str, str]:
    """Return Glue's table parameters (rule GR-10); counts are not among them, they are summed from the files."""
    parameters = {"classification": first.classification, "typeOfData": "file", OWNER_PARAMETER: crawler}
    if first.classification == "csv":
        parameters["delimiter"] = first.delimiter
        if first.header:
            parameters["skip.header.line.count"] = "1"
    if first.classification != "parquet":
        parameters["compressionType"] = first.compression or "none"
    return parameters


def _formats(files: Sequence[CrawledFile]) -> tuple[FileFormat, ...]:
    """Return the formats of the files, the commonest first, then in the order of the files."""
    # Files that were read together share the object, which is compared and hashed faster than what it holds.
    objects = {id(file.format): file.format for file in files}
    counts: Counter[FileFormat] = Counter()
    for identity, times in Counter(id(file.format) for file in files).items():
        counts[objects[identity]] += times
    return tuple(file_format for file_format, _ in counts.most_common())


def _column_names(formats: Sequence[FileFormat]) -> tuple[str, ...]:
    """Return all columns: those of the commonest format first, then what the others add."""
    return tuple(dict.fromkeys(name for file_format in formats for name in file_format.columns))


def _column(name: str, files: Sequence[CrawledFile]) -> Column:
    holding = [file for file in files if name in file.facts]
    facts = [file.facts[name] for file in holding]
    counted = [item for item in facts if not item.type]
    kind = NULL_TYPE if not counted else type_of(counted)
    for other in dict.fromkeys(item.type for item in facts):
        kind = widened(kind, other or NULL_TYPE)
    if kind == NULL_TYPE:
        return Column(name=name, type="string", reason=NO_VALUES)
    return Column(name=name, type=kind, reason=_reason(name, kind, holding))


def _reason(name: str, kind: str, files: Sequence[CrawledFile]) -> str:
    """Return why a column is no narrower than `kind`: the file, line and value that forced it; or nothing."""
    given = [facts.reason for file in files if (facts := file.facts[name]).reason and facts.type == kind]
    if given:
        return given[0]
    narrower = _expected_type(name, files)
    if narrower in ("", kind) or kind.startswith(("struct<", "array<")):
        return ""
    for file in sorted(files, key=lambda file: file.listed.path):
        facts = file.facts[name]
        if not _contradicts(facts, narrower) or not file.was_read:
            continue
        if file.format.classification == "parquet":
            return f"{file.listed.path} has {facts.type}, most files {narrower}"
        found = first_misfit(file.listed, file.format, name, "bigint" if narrower == "digits" else narrower)
        if found is None:
            return f"{file.listed.path} has {facts.type or 'other values'}, most files {narrower}"
        line, value = found
        where = f"{shortened(value)} in {file.listed.path}:{line}"
        if value.lstrip("-").isdecimal() and value.lstrip("-").startswith("0"):
            return f"{where} has a leading zero, which a number would lose"
        return f"{where} is no {'bigint' if narrower == 'digits' else narrower}"
    return ""


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


def comments_kept(columns: Sequence[Column], stored: Mapping[str, Column]) -> tuple[Column, ...]:
    """Return the columns with the comments, and where nothing new was learnt the reasons, of the stored ones."""
    kept = []
    for column in columns:
        before = stored.get(column.name)
        if before is None:
            kept.append(column)
            continue
        same = before.type == column.type and not column.reason and before.reason != NO_VALUES
        comment = before.comment or column.comment
        kept.append(replace(column, comment=comment, reason=before.reason if same else column.reason))
    return tuple(kept)
