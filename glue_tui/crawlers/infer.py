"""What the files are and hold: each is classified, then those of one format are read together, by its module.

Small CSV files that begin with the same line are classified once and read in one go, as far as they are written alike;
so are small files of JSON lines with the same names.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from glue_tui.catalog.places import is_s3
from glue_tui.catalog.readers.lake_tables import lake_kind
from glue_tui.core.model import Classifier
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.classify import classify
from glue_tui.crawlers.csv_facts import read_counted, read_csv
from glue_tui.crawlers.csv_together import Pattern, count_together, first_line, pattern_of
from glue_tui.crawlers.excel_facts import read_excel
from glue_tui.crawlers.facts import BrokenFile, CrawledFile, Found, PassedOver
from glue_tui.crawlers.head import HEAD_BYTES, NoData, Unreadable
from glue_tui.crawlers.json_alike import Pattern as JsonPattern
from glue_tui.crawlers.json_alike import names_in, read_alike
from glue_tui.crawlers.json_alike import pattern_of as json_pattern_of
from glue_tui.crawlers.json_together import SMALL_BYTES as JSON_SMALL_BYTES
from glue_tui.crawlers.json_together import read_json_files
from glue_tui.crawlers.lake_facts import read_lake
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.log_facts import read_log
from glue_tui.crawlers.names import PARQUET_EXTENSIONS, extension_of
from glue_tui.crawlers.parquet_facts import ParquetFooters, read_parquet
from glue_tui.crawlers.typed_facts import read_avro, read_ipc

CHUNK_FILES = 5000
CHUNK_BYTES = 32 * 1024 * 1024
"""What is read together: enough to be fast, little enough to show progress and to be held."""

GROUPS_AT_ONCE = 2
"""Groups of files that begin alike: more would only hold more memory, for polars has all cores for each."""

PATTERNS_TRIED = 3
"""So many files are looked at for one that has nothing special about it, so that others can be like it."""

_TEXT_EXTENSIONS = frozenset({"csv", "tsv", "psv", "txt"})
"""Names of what may be CSV."""

_JSON_EXTENSIONS = frozenset({"json", "jsonl", "ndjson"})

_Small = tuple[ListedFile, bytes]
"""A file and all that is in it."""

_Formats = dict[FileFormat, list[ListedFile]]
"""Files that were classified, and wait to be read with others of their format."""


def read_files(files: Sequence[ListedFile], classifier: Classifier) -> Iterator[list[Found]]:
    """Yield what was found in the files, some at a time, so that progress can be shown: each file once, of a workbook
    each sheet."""
    reader = _Reader(classifier)
    chunk: list[ListedFile] = []
    size_bytes = 0
    for listed in files:
        chunk.append(listed)
        size_bytes += listed.size_bytes
        if len(chunk) == CHUNK_FILES or size_bytes >= CHUNK_BYTES:
            yield list(reader.read(chunk))
            chunk, size_bytes = [], 0
    if chunk:
        yield list(reader.read(chunk))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the files of one target: what it learnt of some helps with others."""

    classifier: Classifier
    footers: ParquetFooters = field(default_factory=ParquetFooters)
    patterns: dict[tuple[str, bytes], Pattern] = field(default_factory=dict)
    """By extension and first line."""
    json_patterns: dict[tuple[bytes, ...], list[JsonPattern]] = field(default_factory=lambda: defaultdict(list))
    """By the names in the first line."""

    def read(self, files: Sequence[ListedFile]) -> Iterator[Found]:
        alike: dict[tuple[str, bytes], list[_Small]] = defaultdict(list)
        alike_json: dict[tuple[bytes, ...], list[_Small]] = defaultdict(list)
        others: list[ListedFile] = []
        for listed in files:
            extension = extension_of(listed.name)
            if extension in PARQUET_EXTENSIONS and self.classifier.format in (None, "parquet"):
                if found := self.footers.read(listed):
                    yield found
                    continue
            elif extension in _TEXT_EXTENSIONS and (content := _small(listed, HEAD_BYTES)):
                alike[extension, first_line(content)].append((listed, content))
                continue
            elif lake_kind(listed.path):
                yield read_lake(listed)
                continue
            elif extension in _JSON_EXTENSIONS and (content := _small(listed, JSON_SMALL_BYTES)):
                alike_json[names_in(content)].append((listed, content))
                continue
            others.append(listed)
        formats: _Formats = defaultdict(list)
        for of_group, own in self._groups(alike, alike_json):
            yield from of_group
            for file_format, same in own.items():
                formats[file_format] += same
        for listed in others:
            yield from self._classified([listed], formats)
        for file_format, same in formats.items():
            yield from _read(same, file_format, self.classifier)

    def _groups(
        self,
        alike: Mapping[tuple[str, bytes], Sequence[_Small]],
        alike_json: Mapping[tuple[bytes, ...], Sequence[_Small]],
    ) -> Iterator[tuple[list[Found], _Formats]]:
        """Yield what was found in each group of files that begin alike, and its files that wait for others."""

        def csv(group: tuple[tuple[str, bytes], Sequence[_Small]]) -> tuple[list[Found], _Formats]:
            formats: _Formats = defaultdict(list)
            return list(self._read_alike(*group, formats)), formats

        def json(group: tuple[tuple[bytes, ...], Sequence[_Small]]) -> tuple[list[Found], _Formats]:
            formats: _Formats = defaultdict(list)
            return list(self._read_alike_json(*group, formats)), formats

        # No group knows of another: while polars looks through one, Python is at the next.
        with ThreadPoolExecutor(GROUPS_AT_ONCE) as threads:
            yield from threads.map(csv, alike.items())
            yield from threads.map(json, alike_json.items())

    def _read_alike(self, key: tuple[str, bytes], members: Sequence[_Small], formats: _Formats) -> Iterator[Found]:
        """Yield the files that are written as the first of them, or one before; add the others to their formats."""
        for listed, content in members[:PATTERNS_TRIED]:
            if key in self.patterns:
                break
            members = members[1:]
            own: _Formats = defaultdict(list)
            yield from self._classified([listed], own)
            for file_format in own:
                if pattern := pattern_of(content, file_format):
                    self.patterns[key] = pattern
                    members = [(listed, content), *members]
                else:
                    formats[file_format].append(listed)
        if pattern := self.patterns.get(key):
            counted = zip(members, count_together([content for _, content in members], pattern), strict=True)
            found = [(listed, one) for (listed, _), one in counted if one]
            yield from read_counted(found, pattern.format)
            sure = {listed.path for listed, _ in found}
            members = [member for member in members if member[0].path not in sure]
        # Files that hold the same, such as a header alone, are classified once; the name tells what may be JSON.
        same: dict[tuple[bytes, str], list[ListedFile]] = defaultdict(list)
        for listed, content in members:
            same[content, listed.name if content.lstrip().startswith((b"[", b"{")) else ""].append(listed)
        for of_content in same.values():
            yield from self._classified(of_content, formats)

    def _read_alike_json(
        self, names: tuple[bytes, ...], members: Sequence[_Small], formats: _Formats
    ) -> Iterator[Found]:
        """Yield the files that are written as some that were read before, or as the first of the others; add what is
        left to its formats."""
        patterns = self.json_patterns[names]
        for known in patterns:
            members = yield from _held_against(known, members)
        for _ in range(PATTERNS_TRIED):
            if not members or len(patterns) == PATTERNS_TRIED:
                break
            (listed, _), *members = members
            own: _Formats = defaultdict(list)
            yield from self._classified([listed], own)
            for file_format, same in own.items():
                for found in _read(same, file_format, self.classifier):
                    yield found
                    if isinstance(found, CrawledFile) and (pattern := json_pattern_of(found)):
                        patterns.append(pattern)
                        members = yield from _held_against(pattern, members)
        for listed, _ in members:
            yield from self._classified([listed], formats)

    def _classified(self, same: Sequence[ListedFile], formats: _Formats) -> Iterator[PassedOver | BrokenFile]:
        """Add files that hold the same, under names of one extension, to those of their format, or yield why they have
        none."""
        first = same[0]
        try:
            classified = classify(first.absolute, first.name, self.classifier, first.storage)
        except NoData as reason:
            yield from (PassedOver(path=listed.path, reason=str(reason)) for listed in same)
        except Unreadable as reason:
            yield from (BrokenFile(path=listed.path, reason=str(reason)) for listed in same)
        else:
            formats[classified.format] += same


def _held_against(pattern: JsonPattern, members: Sequence[_Small]) -> Generator[CrawledFile, None, list[_Small]]:
    """Yield what is like a pattern, and return the others."""
    sure = set()
    for found in read_alike(members, pattern):
        sure.add(found.listed.path)
        yield found
    return [member for member in members if member[0].path not in sure]


def _small(listed: ListedFile, bytes_max: int) -> bytes:
    """Return all that is in a small file of this machine; nothing of any other, or of one that can't be read or is no
    longer as long as it was listed."""
    if listed.size_bytes > bytes_max or is_s3(listed.absolute):
        return b""
    try:
        descriptor = os.open(listed.absolute, os.O_RDONLY)
        try:
            content = os.read(descriptor, listed.size_bytes + 1)
        finally:
            os.close(descriptor)
    except OSError:
        return b""
    return content if len(content) == listed.size_bytes else b""


def _read(files: Sequence[ListedFile], file_format: FileFormat, classifier: Classifier) -> Iterator[Found]:
    match file_format.classification:
        case "parquet":
            yield from map(read_parquet, files)
        case "json":
            yield from read_json_files(files, file_format)
        case "avro":
            yield from (read_avro(listed, file_format) for listed in files)
        case "ipc":
            yield from (read_ipc(listed, file_format) for listed in files)
        case "excel":
            for listed in files:
                yield from read_excel(listed, file_format, classifier)
        case "log":
            yield from (read_log(listed, file_format) for listed in files)
        case _:
            yield from read_csv(files, file_format)
