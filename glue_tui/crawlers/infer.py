"""What the files are and hold: each is classified, then those of one format are read together, by its module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from glue_tui.catalog.readers.lake_tables import lake_kind
from glue_tui.core.model import Classifier
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.classify import classify
from glue_tui.crawlers.csv_facts import read_csv
from glue_tui.crawlers.excel_facts import read_excel
from glue_tui.crawlers.facts import BrokenFile, Found, PassedOver
from glue_tui.crawlers.head import NoData, Unreadable
from glue_tui.crawlers.json_facts import read_json
from glue_tui.crawlers.lake_facts import read_lake
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.names import PARQUET_EXTENSIONS, extension_of
from glue_tui.crawlers.parquet_facts import ParquetFooters, read_parquet
from glue_tui.crawlers.typed_facts import read_avro, read_ipc

CHUNK_FILES = 500
"""Files that are read together: enough to be fast, few enough to show progress."""


def read_files(files: Sequence[ListedFile], classifier: Classifier) -> Iterator[list[Found]]:
    """Yield what was found in the files, some at a time, so that progress can be shown: each file once."""
    footers = ParquetFooters()
    for start in range(0, len(files), CHUNK_FILES):
        yield list(_read_chunk(files[start : start + CHUNK_FILES], classifier, footers))


def _read_chunk(files: Sequence[ListedFile], classifier: Classifier, footers: ParquetFooters) -> Iterator[Found]:
    formats: dict[FileFormat, list[ListedFile]] = defaultdict(list)
    for listed in files:
        if lake_kind(listed.path):
            yield read_lake(listed)
            continue
        is_parquet = extension_of(listed.name) in PARQUET_EXTENSIONS and classifier.format in (None, "parquet")
        if is_parquet and (found := footers.read(listed)):
            yield found
            continue
        try:
            formats[classify(listed.absolute, listed.name, classifier, listed.storage).format].append(listed)
        except NoData as reason:
            yield PassedOver(path=listed.path, reason=str(reason))
        except Unreadable as reason:
            yield BrokenFile(path=listed.path, reason=str(reason))
    for file_format, members in formats.items():
        match file_format.classification:
            case "parquet":
                yield from map(read_parquet, members)
            case "json":
                yield from (read_json(listed, file_format) for listed in members)
            case "avro":
                yield from (read_avro(listed, file_format) for listed in members)
            case "ipc":
                yield from (read_ipc(listed, file_format) for listed in members)
            case "excel":
                yield from (read_excel(listed, file_format, classifier) for listed in members)
            case _:
                yield from read_csv(members, file_format)
