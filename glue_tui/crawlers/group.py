"""Which files make up one table: folders to tables and partitions (rules GR-1 to GR-7, in a plain form). Pure.

Below a target folder, `key=value` folders are partitions of one table. Other folders are partitions of one table if
what they hold is alike, otherwise each is a table of its own. Unlike files side by side are tables of their own.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from urllib.parse import unquote

from glue_tui.crawlers.facts import CrawledFile, type_of

ALIKE_OVERLAP = 0.7
"""Share of the columns of the narrower file that the wider one must have (rule GR-1: the figure, not the formula)."""
ALIKE_JACCARD = 0.5

_VALUE_FOLDER = re.compile(r"[\d_.T:-]*\d[\d_.T:-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedTable:
    folders: tuple[str, ...]
    """The table's folder, from the target folder down; `location` below is the file where the table is one file."""
    name: str
    """Of the folder or file, before it is made a catalog name."""
    keys: tuple[str, ...]
    files: tuple[tuple[CrawledFile, tuple[str, ...]], ...]
    """Each with its partition values."""
    single_file: bool = False
    """One of several tables of a folder, and made of one file."""
    why: str = ""


def group(files: Sequence[CrawledFile], target_name: str) -> list[GroupedTable]:
    """Return the tables that the files of one target make up."""
    return _tables_at((), list(files), target_name)


def _tables_at(folders: tuple[str, ...], files: list[CrawledFile], name: str) -> list[GroupedTable]:
    depth = len(folders)
    direct = [file for file in files if len(file.listed.folders) == depth]
    hive: dict[str, list[CrawledFile]] = defaultdict(list)
    plain: dict[str, list[CrawledFile]] = defaultdict(list)
    for file in files:
        if len(file.listed.folders) > depth:
            child = file.listed.folders[depth]
            key = child.partition("=")[0].lower()
            (hive[key] if "=" in child else plain[child]).append(file)
    tables = [table for key, members in hive.items() for table in _hive_tables(folders, members, name, key)]
    children = {child: _tables_at((*folders, child), members, child) for child, members in plain.items()}
    merged = _merged(folders, name, children)
    tables += [merged] if merged else [table for tables in children.values() for table in tables]
    return _with_direct_files(folders, name, tables, direct)


def _hive_tables(folders: tuple[str, ...], files: list[CrawledFile], name: str, key: str) -> list[GroupedTable]:
    """Return one table for all files below `key=…` folders, or one for each format that they mix."""
    tables: list[GroupedTable] = []
    by_format: dict[str, list[CrawledFile]] = defaultdict(list)
    for file in files:
        by_format[file.format.classification].append(file)
    for classification, members in sorted(by_format.items(), key=lambda item: -len(item[1])):
        of_folders = {
            below: _partition_values(below[len(folders) :]) for below in {file.listed.folders: 0 for file in members}
        }
        below = [of_folders[file.listed.folders] for file in members]
        keys = tuple(dict.fromkeys(key for values in of_folders.values() for key in values))
        tables.append(
            GroupedTable(
                folders=folders,
                name=name if not tables else f"{name}_{classification}",
                keys=keys,
                files=tuple(
                    (file, tuple(values.get(key, "") for key in keys))
                    for file, values in zip(members, below, strict=True)
                ),
                why=f"folders {key}=… are its partitions",
            )
        )
    return tables


def _partition_values(folders: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    unnamed = 0
    for folder in folders:
        key, equals, value = folder.partition("=")
        if equals:
            values[key.lower()] = unquote(value)
        else:
            values[f"partition_{unnamed}"] = folder
            unnamed += 1
    return values


def _merged(folders: tuple[str, ...], name: str, children: dict[str, list[GroupedTable]]) -> GroupedTable | None:
    """Return the sub-folders as partitions of one table, if each holds one table and all are alike (rule GR-2)."""
    if not children or any(len(tables) != 1 for tables in children.values()):
        return None
    if len(children) == 1 and not all(_VALUE_FOLDER.fullmatch(child) for child in children):
        return None
    tables = [tables[0] for tables in children.values()]
    first = tables[0]
    if any(table.keys != first.keys or not _alike(table, first) for table in tables):
        return None
    keys = ("partition_0", *(_next_unnamed(key) for key in first.keys))
    return GroupedTable(
        folders=folders,
        name=name,
        keys=keys,
        files=tuple((file, (child, *values)) for child, tables in children.items() for file, values in tables[0].files),
        why=f"its {len(children)} folders hold the same columns and are its partitions",
    )


def _next_unnamed(key: str) -> str:
    number = re.fullmatch(r"partition_(\d+)", key)
    return f"partition_{int(number[1]) + 1}" if number else key


def _with_direct_files(
    folders: tuple[str, ...], name: str, tables: list[GroupedTable], direct: list[CrawledFile]
) -> list[GroupedTable]:
    """Add the files that lie beside the folders: to a table of this folder that they are like, else as tables."""
    clusters = _clusters(direct)
    made: list[GroupedTable] = []
    for cluster in clusters:
        own = GroupedTable(folders=folders, name=name, keys=(), files=tuple((file, ()) for file in cluster))
        home = next(
            (place for place, table in enumerate(tables) if table.folders == folders and _alike(table, own)), None
        )
        if home is not None:
            table = tables[home]
            empty = ("",) * len(table.keys)
            tables[home] = replace(table, files=(*table.files, *((file, empty) for file in cluster)))
        elif len(clusters) == 1 and not tables:
            made.append(replace(own, why="its files are alike"))
        else:
            single = len(cluster) == 1
            made.append(
                replace(
                    own, name=_cluster_name(cluster), single_file=single, why="unlike the other files of its folder"
                )
            )
    return tables + made


def _clusters(files: list[CrawledFile]) -> list[list[CrawledFile]]:
    """Return the files as sets of alike ones, the largest first; each is compared with the commonest shape of a set."""
    shapes: dict[tuple[str, frozenset[str]], list[CrawledFile]] = defaultdict(list)
    for file in files:
        shapes[(file.format.classification, _signature(file))].append(file)
    clusters: list[tuple[tuple[str, frozenset[str]], list[CrawledFile]]] = []
    for shape, members in sorted(shapes.items(), key=lambda item: -len(item[1])):
        for other, cluster in clusters:
            if other[0] == shape[0] and _similar(other[1], shape[1]):
                cluster.extend(members)
                break
        else:
            clusters.append((shape, list(members)))
    return [sorted(cluster, key=lambda file: file.listed.path) for _, cluster in clusters]


def _alike(one: GroupedTable, other: GroupedTable) -> bool:
    return one.files[0][0].format.classification == other.files[0][0].format.classification and _similar(
        _commonest_signature(one), _commonest_signature(other)
    )


def _commonest_signature(table: GroupedTable) -> frozenset[str]:
    return Counter(_signature(file) for file, _ in table.files).most_common(1)[0][0]


def _signature(file: CrawledFile) -> frozenset[str]:
    """Return a file's columns. Without a header their names say nothing, so their types are added."""
    if file.format.header:
        return frozenset(file.format.columns)
    return frozenset(f"{name}:{facts.type or type_of([facts])}" for name, facts in file.facts.items())


def _similar(one: frozenset[str], other: frozenset[str]) -> bool:
    common = len(one & other)
    if not one or not other:
        return True
    return common / min(len(one), len(other)) >= ALIKE_OVERLAP and common / len(one | other) >= ALIKE_JACCARD


def _cluster_name(files: list[CrawledFile]) -> str:
    """Return what the names of the files have in common, without the digits of a date or number at the end."""
    stems = [file.listed.name.partition(".")[0] for file in files]
    if len(stems) == 1:
        return stems[0]
    first, last = min(stems), max(stems)
    common = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return re.sub(r"[\d_\W]+$", "", common) or stems[0]
