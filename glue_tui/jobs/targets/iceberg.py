"""Writing Iceberg tables that are their folder: the newest `metadata/vN.metadata.json` is the table, no catalog needed.

A commit is the next version's file, made only if there is none of that name: of two writers at once one has to begin
anew. A table that a catalog keeps is refused: it would not learn of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from glue_tui.catalog.places import Storage, is_s3
from glue_tui.catalog.pruning import typed_values
from glue_tui.catalog.readers.lake_tables import (
    ICEBERG_METADATA,
    newest_in,
    newest_version,
    open_iceberg,
    scan_lake,
    version_of,
)
from glue_tui.catalog.types import glue_type
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import Column
from glue_tui.jobs.targets.lake_commit import Lake, LakeCommit

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table, Transaction

_MARK = "glue-tui.mark"
"""Property of a snapshot."""
_TRIES_MAX = 50
"""Who loses a race begins anew from the version that won it, as Iceberg means it; each race has one winner."""
_OURS = re.compile(r"v\d+\.metadata\.json")


class IcebergLake:
    """Iceberg tables, by the packages of the extra `iceberg`."""

    def find(self, location: str, storage: Storage) -> Lake | None:
        """Return the table at a location as it is now; None: there is none. Raises InvalidInput without the packages,
        and for a table that a catalog keeps."""
        log = _newest(location, storage)
        if log is None:
            _require_packages()
            return None
        if not _OURS.fullmatch(log.rpartition("/")[2]):
            raise InvalidInput(
                f"{location} is an Iceberg table that a catalog keeps: it would not learn of what is written here",
                hint="write a table of your own, in another folder",
            )
        table = open_iceberg(log, storage)
        return Lake(
            log=log,
            schema=scan_lake(log, storage).collect_schema(),
            partition_by=tuple(field.name for field in table.spec().fields),
        )

    def has_taken(self, location: str, storage: Storage, marks: Sequence[str]) -> bool:
        """Return whether a commit that carries one of these marks is part of the table."""
        _fresh_threads()
        log = _newest(location, storage)
        snapshots = open_iceberg(log, storage).metadata.snapshots if log else ()
        return any(one.summary is not None and one.summary.get(_MARK) in marks for one in snapshots)

    def commit(self, commit: LakeCommit) -> None:
        """Let rows appear, in one commit, on top of whatever others have committed meanwhile.

        Raises InvalidInput if they do so again and again, or the table refuses.
        """
        from pyiceberg.exceptions import CommitFailedException

        _fresh_threads()
        for _ in range(_TRIES_MAX):
            try:
                return self._commit(commit)
            except (CommitFailedException, FileExistsError) as error:
                outrun = error
        raise InvalidInput(
            f"{commit.sink.table}: other programs commit to the table without a pause", hint="retry"
        ) from outrun

    def _commit(self, commit: LakeCommit) -> None:
        """Commit on top of the newest version. Raises CommitFailedException or FileExistsError if it was not that."""
        from pyiceberg.exceptions import CommitFailedException, ValidationError
        from pyiceberg.table import TableProperties

        table = _loaded(commit) or _created(commit)
        try:
            with table.transaction() as change:
                _fit_schema(change, commit)
                names = change.table_metadata.schema().name_mapping.model_dump_json()
                change.set_properties({TableProperties.DEFAULT_NAME_MAPPING: names})
                with change.update_snapshot({_MARK: commit.mark}).overwrite() as snapshot:
                    for old in _replaced(table, commit):
                        snapshot.delete_data_file(old)
                    for new in _data_files(change, commit):
                        snapshot.append_data_file(new)
        except CommitFailedException:
            raise
        except (ValidationError, ValueError) as error:
            raise InvalidInput(f"{commit.sink.table}: its Iceberg table refuses the rows: {error}") from error


def _require_packages() -> None:
    try:
        import pyarrow  # noqa: F401
        import pyiceberg  # noqa: F401
    except ImportError as error:
        hint = "pip install 'glue-tui[iceberg]'"
        raise InvalidInput("Iceberg tables need a package that is not installed", hint=hint) from error


def _fresh_threads() -> None:
    """Let pyiceberg make its pool of threads anew: it keeps one for good, and the end of a script has ended that."""
    from pyiceberg.utils.concurrent import ExecutorFactory

    ExecutorFactory._instance = None


def _newest(location: str, storage: Storage) -> str | None:
    if not is_s3(location):
        found = newest_in(location, ICEBERG_METADATA)
        return f"{location}/{found}" if found else None
    folder = f"{location}/{ICEBERG_METADATA}"
    names = [url.rpartition("/")[2] for url, _ in storage.list_objects(folder, lambda key, folder: None)]
    newest = newest_version(names)
    return f"{folder}/{newest}" if newest else None


def _loaded(commit: LakeCommit) -> Table | None:
    from pyiceberg.io import load_file_io
    from pyiceberg.table import Table

    log = _newest(commit.location, commit.storage)
    if log is None:
        return None
    return Table(
        identifier=("glue_tui", "table"),
        metadata=open_iceberg(log, commit.storage).metadata,
        metadata_location=log,
        io=load_file_io(commit.storage.iceberg_properties(log), log),
        catalog=_catalog(commit),
    )


def _catalog(commit: LakeCommit) -> Any:
    """Return what pyiceberg commits by: the table's own folder."""
    from pyiceberg.catalog.noop import NoopCatalog
    from pyiceberg.table import CommitTableResponse
    from pyiceberg.table.update import update_table_metadata

    class Folder(NoopCatalog):
        def load_table(self, identifier: Any) -> Table:
            table = _loaded(commit)
            assert table is not None
            return table

        def commit_table(self, table: Table, requirements: Any, updates: Any) -> CommitTableResponse:
            for requirement in requirements:
                requirement.validate(table.metadata)
            metadata = update_table_metadata(table.metadata, updates, False, table.metadata_location)
            version = (version_of(table.metadata_location.rpartition("/")[2]) or 0) + 1
            log = f"{commit.location}/{ICEBERG_METADATA}/v{version}.metadata.json"
            commit.storage.create(log, metadata.model_dump_json().encode())
            return CommitTableResponse.model_validate({"metadata": metadata, "metadata-location": log})

    return Folder("glue_tui")


def _created(commit: LakeCommit) -> Table:
    """Make a table without rows, and return it."""
    from pyiceberg.catalog import Catalog
    from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
    from pyiceberg.schema import assign_fresh_schema_ids
    from pyiceberg.table.metadata import new_table_metadata
    from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
    from pyiceberg.transforms import IdentityTransform

    schema = assign_fresh_schema_ids(Catalog._convert_schema_if_needed(_arrow(commit.schema)))
    fields = (
        PartitionField(schema.find_field(key).field_id, PARTITION_FIELD_ID_START + place, IdentityTransform(), key)
        for place, key in enumerate(commit.sink.partition_by)
    )
    metadata = new_table_metadata(schema, PartitionSpec(*fields), UNSORTED_SORT_ORDER, commit.location)
    folder = f"{commit.location}/{ICEBERG_METADATA}"
    if not is_s3(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    commit.storage.create(f"{folder}/v1.metadata.json", metadata.model_dump_json().encode())
    table = _loaded(commit)
    assert table is not None
    return table


def _arrow(schema: pl.Schema) -> Any:
    return pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema


def _fit_schema(change: Transaction, commit: LakeCommit) -> None:
    """Give the table the columns of the rows: besides its own, or with `overwrite` in their place."""
    wanted = _arrow(commit.schema)
    if commit.sink.mode == "overwrite":
        before = scan_lake(_newest(commit.location, commit.storage) or "", commit.storage).collect_schema()
        types = {name: glue_type(dtype) for name, dtype in commit.schema.items()}
        gone = [name for name, dtype in before.items() if types.get(name) != glue_type(dtype)]
        if gone:
            with change.update_schema(allow_incompatible_changes=True) as columns:
                for name in gone:
                    columns.delete_column(name)
    with change.update_schema() as columns:
        columns.union_by_name(wanted)


def _replaced(table: Table, commit: LakeCommit) -> Iterator[DataFile]:
    """Yield the data files of before that give way."""
    if commit.sink.mode == "append":
        return
    records = {_record(table.metadata, commit, values) for values in commit.partitions}
    for task in table.scan().plan_files():
        if commit.sink.mode == "overwrite" or task.file.partition in records:
            yield task.file


def _record(metadata: Any, commit: LakeCommit, values: tuple[str, ...]) -> Any:
    """Return a partition as Iceberg keeps it."""
    from pyiceberg.partitioning import partition_record_value
    from pyiceberg.typedef import Record

    keys = [Column(name=key, type=glue_type(commit.schema[key])) for key in commit.sink.partition_by]
    row = typed_values(keys, [values]).row(0) if keys else ()
    fields = metadata.spec().fields
    return Record(
        *(
            value if value is None else partition_record_value(field, value, metadata.schema())
            for field, value in zip(fields, row, strict=True)
        )
    )


def _data_files(change: Transaction, commit: LakeCommit) -> Iterator[DataFile]:
    import pyarrow.parquet
    from pyiceberg.io.pyarrow import (
        compute_statistics_plan,
        data_file_statistics_from_parquet_metadata,
        parquet_path_to_id_mapping,
    )
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat

    metadata = change.table_metadata
    schema = metadata.schema()
    plan = compute_statistics_plan(schema, metadata.properties)
    mapping = parquet_path_to_id_mapping(schema)
    for path, (size_bytes, file) in commit.files.items():
        statistics = data_file_statistics_from_parquet_metadata(
            parquet_metadata=pyarrow.parquet.read_metadata(file.path),
            stats_columns=plan,
            parquet_column_mapping=mapping,
        )
        yield DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=f"{commit.location}/{path}",
            file_format=FileFormat.PARQUET,
            partition=_record(metadata, commit, file.partition_values),
            file_size_in_bytes=size_bytes,
            sort_order_id=None,
            spec_id=metadata.default_spec_id,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )
