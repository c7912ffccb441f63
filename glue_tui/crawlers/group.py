"""Which files make up one table: folders to tables and partitions (rules GR-1 to GR-5 and GR-7). Pure.

Below a target folder, `key=value` folders are partitions of one table, other folders if what they hold is similar;
otherwise each is a table of its own. Every table carries why it is one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from urllib.parse import unquote

from glue_tui.crawlers.facts import CrawledFile
from glue_tui.crawlers.similarity import (
    COMPARED_MAX,
    SIMILAR_ABOVE,
    Shape,
    Shapes,
    clusters,
    is_drift,
    is_drift_of_folder,
    is_similar,
    least_similarity,
    similarity,
)

CLUSTERS_MAX = 5
"""Rule GR-1: where folders hold more kinds of schemas than these, each is a table of its own."""
FOLDER_SHARE = 0.8
"""If so many of a folder's files are alike, their table has the folder's name in spite of the others."""

_VALUE_FOLDER = re.compile(r"[\d_.T:-]*\d[\d_.T:-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """What the user says of grouping, and what the catalog knows."""

    is_combining: bool = False
    """Rule GR-3: what is compatible is one table, however unlike."""
    table_depth: int | None = None
    """Rule GR-4: tables are the folders so far below the target."""
    tables_before: frozenset[tuple[str, ...]] = frozenset()
    """Folders, from the target down, that are tables in the catalog: they stay so when unlike files or folders come."""


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


def group(files: Sequence[CrawledFile], target_name: str, grouping: Grouping | None = None) -> list[GroupedTable]:
    """Return the tables that the files of one target make up."""
    grouper = _Grouper(grouping or Grouping(), Shapes())
    if grouper.rules.table_depth is not None:
        return grouper.tables_at_level(list(files), target_name, grouper.rules.table_depth)
    return grouper.tables_at((), list(files), target_name)


@dataclass(frozen=True, slots=True)
class _Grouper:
    rules: Grouping
    shapes: Shapes

    def tables_at(self, folders: tuple[str, ...], files: list[CrawledFile], name: str) -> list[GroupedTable]:
        depth = len(folders)
        direct = [file for file in files if len(file.listed.folders) == depth]
        if len(direct) == len(files):
            return self._with_direct_files(folders, name, [], direct)
        hive: dict[str, dict[str, list[CrawledFile]]] = defaultdict(lambda: defaultdict(list))
        plain: dict[str, list[CrawledFile]] = defaultdict(list)
        for file in files:
            if len(file.listed.folders) > depth:
                child = file.listed.folders[depth]
                key = child.partition("=")[0].strip().lower() if "=" in child else ""
                (hive[key][child] if key else plain[child]).append(file)
        tables = [table for key, below in hive.items() for table in self._hive_tables(folders, below, name, key)]
        children = {child: self.tables_at((*folders, child), members, child) for child, members in plain.items()}
        tables += self._merged(folders, name, children)
        return self._with_direct_files(folders, name, tables, direct)

    def tables_at_level(self, files: list[CrawledFile], target_name: str, depth: int) -> list[GroupedTable]:
        """Return a table for each folder so deep below the target; what lies above is grouped by itself (rule GR-4)."""
        roots: dict[tuple[str, ...], list[CrawledFile]] = defaultdict(list)
        above: dict[tuple[str, ...], list[CrawledFile]] = defaultdict(list)
        for file in files:
            is_above = len(file.listed.folders) < depth
            (above if is_above else roots)[file.listed.folders[:depth]].append(file)
        tables = [
            table
            for root, members in roots.items()
            for table in self._whole_table(root, members, root[-1] if root else target_name, "table_level says so")
        ]
        for folders, members in above.items():
            name = folders[-1] if folders else target_name
            for table in self._with_direct_files(folders, name, [], members):
                tables.append(replace(table, why="its files lie above table_level" + _and(table.why)))
        return tables

    def _hive_tables(
        self, folders: tuple[str, ...], below: dict[str, list[CrawledFile]], name: str, key: str
    ) -> list[GroupedTable]:
        """Return one table for all `key=…` folders; one for each format that they mix."""
        by_format: dict[str, dict[str, list[CrawledFile]]] = defaultdict(dict)
        for child, members in below.items():
            for classification, same in _by_format(members).items():
                by_format[classification][child] = same
        ordered = sorted(by_format.items(), key=lambda item: -sum(map(len, item[1].values())))
        tables: list[GroupedTable] = []
        for place, (classification, parts) in enumerate(ordered):
            ending = f"_{classification}" if place else ""
            tables += self._hive_tables_of_format(folders, parts, name, key, ending)
        return tables

    def _hive_tables_of_format(
        self, folders: tuple[str, ...], below: dict[str, list[CrawledFile]], name: str, key: str, ending: str
    ) -> list[GroupedTable]:
        """Return one table of most folders that are alike, and one of each of the others (rule GR-3)."""
        described = [(child, self._commonest(members)) for child, members in below.items()]
        found = clusters(described, _is_compatible if self.rules.is_combining else is_drift)
        together: set[str] = set()
        tables: list[GroupedTable] = []
        if len(found) == 1 or (len(found) <= CLUSTERS_MAX and len(found[0]) > 1):
            together = {child for child, _ in found[0]}
            files = [file for child, members in below.items() if child in together for file in members]
            tables += self._whole_table(folders, files, name + ending, f"folders {key}=… are its partitions")
        is_few = len(found) <= CLUSTERS_MAX
        for child, members in below.items():
            if child not in together:
                beside = [one for one in described if one[0] == child or one[0] in together] if together else described
                kinds = f"its folders hold {len(found)} kinds of columns, more than {CLUSTERS_MAX}"
                why = f"not a partition of {name}: {self._nearest_text(child, beside) if is_few else kinds}"
                tables += self._whole_table((*folders, child), members, child + ending, why)
        return tables

    def _whole_table(
        self, folders: tuple[str, ...], files: list[CrawledFile], name: str, why: str
    ) -> list[GroupedTable]:
        """Return all files below a folder as one table, or as one for each format that they mix."""
        tables: list[GroupedTable] = []
        by_format = _by_format(files)
        for classification, members in sorted(by_format.items(), key=lambda item: -len(item[1])):
            of_folders = {
                below: _partition_values(below[len(folders) :])
                for below in {file.listed.folders: 0 for file in members}
            }
            keys = tuple(dict.fromkeys(key for values in of_folders.values() for key in values))
            values_of = {below: tuple(one.get(key, "") for key in keys) for below, one in of_folders.items()}
            mixed = f"; its {classification} files, apart from those of other formats" if len(by_format) > 1 else ""
            tables.append(
                GroupedTable(
                    folders=folders,
                    name=name if not tables else f"{name}_{classification}",
                    keys=keys,
                    files=tuple((file, values_of[file.listed.folders]) for file in members),
                    why=why + self._least_text(members) + mixed,
                )
            )
        return tables

    def _merged(
        self, folders: tuple[str, ...], name: str, children: dict[str, list[GroupedTable]]
    ) -> list[GroupedTable]:
        """Return the tables of sub-folders, similar ones as partitions of one table (rules GR-1 and GR-2)."""
        whole = {
            child: tables[0]
            for child, tables in children.items()
            if len(tables) == 1 and tables[0].folders == (*folders, child) and not tables[0].single_file
        }
        described = [(child, self._commonest([file for file, _ in table.files])) for child, table in whole.items()]
        found = clusters(described, _is_compatible if self.rules.is_combining else is_similar)
        is_partition = len(children) > 1 or all(_VALUE_FOLDER.fullmatch(child) for child in children)
        together: set[str] = set()
        if found and is_partition:
            is_all = len(found) == 1 and len(whole) == len(children)
            if is_all or self._is_majority(folders, found, len(children)):
                together = {child for child, _ in found[0]}
        tables = [table for child in children if child not in together for table in children[child]]
        if len(described) > 1:
            shape_of = dict(described)
            tables = [
                replace(table, why=f"{table.why}; {self._nearest_text(table.folders[-1], described)}")
                if len(table.folders) == len(folders) + 1 and table.folders[-1] in shape_of
                else table
                for table in tables
            ]
        if not together:
            return tables
        return [
            self._partitioned(folders, name, {child: whole[child] for child in whole if child in together}),
            *tables,
        ]

    def _partitioned(self, folders: tuple[str, ...], name: str, parts: dict[str, GroupedTable]) -> GroupedTable:
        """Return one table whose partitions are the tables of sub-folders; a missing level has an empty value."""
        keys = max((table.keys for table in parts.values()), key=len)
        all_keys = dict.fromkeys((*keys, *(key for table in parts.values() for key in table.keys)))
        files = []
        for child, table in parts.items():
            places = [table.keys.index(key) if key in table.keys else -1 for key in all_keys]
            files += [
                (file, (child, *(values[place] if place >= 0 else "" for place in places)))
                for file, values in table.files
            ]
        several = f"its {len(parts)} folders hold" if len(parts) > 1 else f"its folder {next(iter(parts))} holds"
        return GroupedTable(
            folders=folders,
            name=name,
            keys=("partition_0", *(_next_unnamed(key) for key in all_keys)),
            files=tuple(files),
            why=f"{several} the same columns and {'are its partitions' if len(parts) > 1 else 'is its partition'}"
            + self._least_text([file for file, _ in files]),
        )

    def _is_majority(self, folders: tuple[str, ...], found: list[list[tuple[str, Shape]]], children: int) -> bool:
        """Return whether the largest set of folders makes a table without the others: where it was one before, or all
        names are plainly values of a partition."""
        is_partitioned = folders in self.rules.tables_before or all(
            _VALUE_FOLDER.fullmatch(child) for one in found for child, _ in one
        )
        return is_partitioned and len(found) <= CLUSTERS_MAX and len(found[0]) * 2 > children

    def _with_direct_files(
        self, folders: tuple[str, ...], name: str, tables: list[GroupedTable], direct: list[CrawledFile]
    ) -> list[GroupedTable]:
        """Add the files that lie beside the folders: to a table of this folder that they are like, else as tables."""
        is_alike = _is_compatible if self.rules.is_combining else is_drift_of_folder
        found = clusters([(file, self.shapes.of(file)) for file in direct], is_alike)
        if folders in self.rules.tables_before:
            # The folder's table stays that of the files that it had.
            found.sort(key=lambda members: -sum(not file.was_read for file, _ in members))
        made: list[GroupedTable] = []
        for place, members in enumerate(found):
            files = sorted((file for file, _ in members), key=lambda file: file.listed.path)
            own = GroupedTable(folders=folders, name=name, keys=(), files=tuple((file, ()) for file in files))
            home = next((table for table in tables if table.folders == folders and self._belongs(own, table)), None)
            if home is not None:
                empty = ("",) * len(home.keys)
                files_of_home = (*home.files, *((file, empty) for file in files))
                beside = f"; {_counted(files)} beside the folders have no partition"
                tables[tables.index(home)] = replace(home, files=files_of_home, why=home.why + beside)
                continue
            is_folder = place == 0 and not tables and self._is_of_folder(folders, len(files), len(direct))
            if is_folder:
                why = "it is one file" if len(direct) == 1 else "its files are alike" + self._least_text(files)
                made.append(replace(own, why=why))
            else:
                why = self._unlike_text(members[0][1], found, place, tables)
                made.append(replace(own, name=_cluster_name(files), single_file=len(files) == 1, why=why))
        return tables + made

    def _is_of_folder(self, folders: tuple[str, ...], alike: int, files: int) -> bool:
        """Return whether the first set of a folder's files is the folder's own table."""
        return folders in self.rules.tables_before or alike >= files * FOLDER_SHARE

    def _belongs(self, own: GroupedTable, table: GroupedTable) -> bool:
        is_alike = _is_compatible if self.rules.is_combining else is_drift_of_folder
        return is_alike(*(self._commonest([file for file, _ in one.files]) for one in (table, own)))

    def _commonest(self, files: Sequence[CrawledFile]) -> Shape:
        if len(files) == 1:
            return self.shapes.of(files[0])
        return self.shapes.counted(files)[0]

    # Words

    def _least_text(self, files: Sequence[CrawledFile]) -> str:
        if len(files) == 1:
            return ""
        shapes = self.shapes.counted(files)
        return f" (similarity {least_similarity(shapes):.2f} or more)" if len(shapes) > 1 else ""

    def _nearest_text(self, child: str, described: Sequence[tuple[str, Shape]]) -> str:
        """Return how alike the nearest of the other folders is."""
        own = next(shape for name, shape in described if name == child)
        beside = [(name, shape) for name, shape in described[:COMPARED_MAX] if name != child]
        figure, name = max(((similarity(own, shape), name) for name, shape in beside), key=lambda item: item[0])
        if own.classification not in [shape.classification for _, shape in beside]:
            return f"the folders beside it have another format than {own.classification}"
        verdict = "" if figure > SIMILAR_ABOVE else f", not above {SIMILAR_ABOVE}"
        return f"similarity to {name} is {figure:.2f}{verdict}"

    def _unlike_text(
        self, own: Shape, found: Sequence[Sequence[tuple[CrawledFile, Shape]]], place: int, tables: list[GroupedTable]
    ) -> str:
        """Return why files are no part of the table of their folder (rule GR-5)."""
        others = [one[0][1] for number, one in enumerate(found) if number != place]
        others += [self._commonest([file for file, _ in table.files]) for table in tables]
        same = [shape for shape in others if shape.classification == own.classification]
        if not others:
            return "its files are alike"
        if not same:
            return f"beside it lie other formats than {own.classification}"
        what = "folders and files" if tables else "files"
        return f"unlike the {what} beside it: similarity {max(similarity(own, shape) for shape in same):.2f} at most"


def _by_format(files: list[CrawledFile]) -> dict[str, list[CrawledFile]]:
    """Return the files by the classification of their formats, in the order in which these come."""
    formats = {id(file.format): file.format for file in files}
    if len({file_format.classification for file_format in formats.values()}) == 1:
        return {files[0].format.classification: files}
    by_format: dict[str, list[CrawledFile]] = defaultdict(list)
    for file in files:
        by_format[file.format.classification].append(file)
    return by_format


def _is_compatible(one: Shape, other: Shape) -> bool:
    return one.classification == other.classification


def _partition_values(folders: Sequence[str]) -> dict[str, str]:
    """Return the partition keys and values that folders say, in their order (rule GR-7)."""
    values: dict[str, str] = {}
    unnamed = 0
    for folder in folders:
        key, equals, value = folder.partition("=")
        key = key.strip().lower()
        if equals and key and key not in values:
            values[key] = unquote(value)
        else:
            values[f"partition_{unnamed}"] = folder
            unnamed += 1
    return values


def _next_unnamed(key: str) -> str:
    number = re.fullmatch(r"partition_(\d+)", key)
    return f"partition_{int(number[1]) + 1}" if number else key


def _counted(files: Sequence[CrawledFile]) -> str:
    return f"{len(files)} files" if len(files) > 1 else f"file {files[0].listed.name}"


def _cluster_name(files: list[CrawledFile]) -> str:
    """Return what the names of the files have in common, without the digits of a date or number at the end."""
    stems = [file.listed.name.partition(".")[0] for file in files]
    if len(stems) == 1:
        return stems[0]
    first, last = min(stems), max(stems)
    common = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return re.sub(r"[\d_\W]+$", "", common) or stems[0]


def _and(text: str) -> str:
    return f"; {text}" if text else ""
