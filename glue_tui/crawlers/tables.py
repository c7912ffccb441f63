"""From files that belong together to a catalog table: formats, columns, and for each column its type and why."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from glue_tui.core.schema import LAKE_VERSION, Column, DataFile, FileFormat, Table
from glue_tui.core.schema_changes import data_types
from glue_tui.crawlers.columns import column_of, names_one_of
from glue_tui.crawlers.facts import AMBIGUOUS, ColumnFacts, CrawledFile, one_of_each_kind, type_in_file
from glue_tui.crawlers.forms_settled import settled
from glue_tui.crawlers.group import GroupedTable
from glue_tui.crawlers.json_exact import kept_exact
from glue_tui.crawlers.values import NULL_TYPE

_UNNAMED = re.compile(r"partition_\d+")

OWNER_PARAMETER = "UPDATED_BY_CRAWLER"
"""Rule GR-10: the crawler that a table belongs to."""
FORMAT_PARAMETERS = ("delimiter", "skip.header.line.count", "compressionType", LAKE_VERSION)
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
    doubts: tuple[str, ...] = ()
    """What the files could also mean, each with the key of a classifier that settles it."""


def draft(
    grouped: GroupedTable,
    *,
    database: str,
    name: str,
    location: str,
    crawler: str,
    said_types: Mapping[str, str] | None = None,
    before: Sequence[Column] = (),
) -> DraftTable:
    """Return the table that the grouped files make up; `said_types` are those that columns have if their values do,
    `before` are the columns as the catalog has them."""
    in_order = sorted(grouped.files, key=lambda item: item[0].listed.path)
    files = settled([file for file, _ in in_order])
    kinds = one_of_each_kind(files)
    formats = _formats(files)
    found = _column_names(formats)
    keys = _keys(grouped.keys, found)
    key_of = {key.lower(): key for key in keys}
    said = said_types or {}
    unread = [file.listed.path for file in files if not file.was_read]
    known = {column.name: column for column in before if names_one_of(column.reason, unread)}
    typed = [
        column_of(column, kinds, said.get(column, ""), known.get(column))
        for column in found
        if column.lower() not in key_of
    ]
    columns = tuple(column for column, _ in typed)
    files = kept_exact(files, {column.name: column.type for column in columns})
    formats = _formats(files)
    first = formats[0]
    table = Table(
        database=database,
        name=name,
        classification=first.classification,
        location=location,
        columns=columns,
        partition_keys=(
            *(Column(name=key, type="string") for key in keys),
            *(key for file in files if file.lake for key in file.lake.keys),
        ),
        formats=formats,
        parameters=_parameters(files[0], first, crawler),
    )
    return DraftTable(
        table=table,
        files=tuple(_data_files(table, files, [values for _, values in in_order], said)),
        why=grouped.why,
        read=sum(file.was_read for file in files),
        notes=tuple(
            f"column {column} of the files gives way to the partition key {key_of[column.lower()]}"
            for column in found
            if column.lower() in key_of
        ),
        doubts=(*_doubts_of_files(files), *(doubt for _, doubt in typed if doubt), *_unknown(said, columns)),
    )


def _data_files(
    table: Table, files: Sequence[CrawledFile], values: Sequence[tuple[str, ...]], said: Mapping[str, str]
) -> Iterator[DataFile]:
    """Yield the files as the catalog keeps them; behind the log of a lake its data files."""
    numbers = {file_format: number for number, file_format in enumerate(table.formats)}
    place = {identity: numbers[found] for identity, found in {id(file.format): file.format for file in files}.items()}
    types = types_of_files(table, files, said)
    for file, own in zip(files, values, strict=True):
        listed = file.listed
        yield DataFile(
            path=listed.path,
            size_bytes=listed.size_bytes,
            mtime_ns=listed.mtime_ns,
            rows=file.rows,
            partition_values=own,
            format=place[id(file.format)],
            tag=listed.tag,
            types=types[id(file.facts)],
        )
        if file.lake:
            yield from (replace(one, format=place[id(file.format)]) for one in file.lake.files)


def _keys(keys: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Return the partition keys; one that no folder names has another name than any column."""
    taken = {column.lower() for column in columns}
    return tuple(f"{key}_of_folder" if _UNNAMED.fullmatch(key) and key in taken else key for key in keys)


def types_of_files(
    table: Table, files: Sequence[CrawledFile], said: Mapping[str, str]
) -> dict[int, tuple[tuple[str, str], ...]]:
    """Return, by the id of their facts, the columns of files that have another type there than over all files.

    With them a later crawl knows what type is left when the file that widened a column is gone.
    """
    types = data_types(table)
    # What many files hold in a column is often one object: it is looked at once.
    kinds: dict[tuple[str, int], str] = {}
    found: dict[int, tuple[tuple[str, str], ...]] = {}
    for identity, facts in {id(file.facts): file.facts for file in files}.items():
        own = []
        for name, item in facts.items():
            key = (name, id(item))
            if (kind := kinds.get(key)) is None:
                kind = kinds[key] = type_in_file(item, said.get(name, ""))
            if kind != types.get(name, NULL_TYPE):
                own.append((name, kind))
        found[identity] = tuple(own)
    return found


def known_facts(table: Table, file_format: FileFormat, own: Sequence[tuple[str, str]]) -> dict[str, ColumnFacts]:
    """Return what the catalog knows of the columns of a file that is not read again; `own` are its DataFile.types."""
    types = {**data_types(table), **dict(own)}
    known = {name: types.get(name, NULL_TYPE) for name in file_format.columns}
    great = file_format.beyond_double
    return {
        name: ColumnFacts(type="string", is_ambiguous=True)
        if kind == AMBIGUOUS
        else ColumnFacts(type=kind, is_beyond_double=name in great)
        for name, kind in known.items()
    }


def _parameters(file: CrawledFile, first: FileFormat, crawler: str) -> dict[str, str]:
    """Return Glue's table parameters (rule GR-10); counts are not among them, they are summed from the files."""
    parameters = {"classification": first.classification, "typeOfData": "file", OWNER_PARAMETER: crawler}
    if first.classification == "csv":
        parameters["delimiter"] = first.delimiter
        if first.header:
            parameters["skip.header.line.count"] = "1"
    if file.lake and file.lake.version:
        parameters[LAKE_VERSION] = file.lake.version
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


def _doubts_of_files(files: Sequence[CrawledFile]) -> Iterator[str]:
    """Yield what is in doubt of the files themselves, each once, with the number of files and the first of them."""
    concerned: dict[str, list[str]] = defaultdict(list)
    for file in files:
        for doubt in file.format.doubts:
            concerned[doubt].append(file.listed.path)
    for doubt, paths in concerned.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield f"{min(paths)}{more}: {doubt}"


def _unknown(said: Mapping[str, str], columns: Sequence[Column]) -> Iterator[str]:
    known = {column.name for column in columns}
    for name in said:
        if name not in known:
            yield f"types names {name}, which is no column: there are {', '.join(sorted(known))}"


def comments_kept(columns: Sequence[Column], stored: Mapping[str, Column]) -> tuple[Column, ...]:
    """Return the columns with the comments of the stored ones."""
    return tuple(
        replace(column, comment=before.comment or column.comment)
        if (before := stored.get(column.name)) is not None
        else column
        for column in columns
    )
