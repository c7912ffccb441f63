"""Writing Delta tables: data files that lie in their folder already become part of the table by one commit."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from glue_tui.catalog.places import Storage
from glue_tui.catalog.pruning import NULL_PARTITION
from glue_tui.catalog.readers.lake_log import read_log_of
from glue_tui.catalog.readers.lake_tables import DELTA_LOG, delta_options
from glue_tui.core.problem import InvalidInput
from glue_tui.jobs.targets.lake_commit import Lake, LakeCommit

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable


class DeltaLake:
    """Delta tables, by the package of the extra `delta`."""

    def find(self, location: str, storage: Storage) -> Lake | None:
        """Return the table at a location as it is now; None: there is none. Raises InvalidInput without the package."""
        table = _opened(location, storage)
        if table is None:
            return None
        return Lake(
            log=f"{location}/{DELTA_LOG}/{table.version():020}.json",
            schema=pl.scan_delta(table).collect_schema(),
            partition_by=tuple(table.metadata().partition_columns),
        )

    def has_taken(self, location: str, storage: Storage, marks: Sequence[str]) -> bool:
        """Return whether a commit that carries one of these marks is part of the table."""
        table = _opened(location, storage)
        if table is None:
            return False
        return any(table.transaction_version(mark) is not None for mark in marks)

    def commit(self, commit: LakeCommit) -> None:
        """Let rows appear, in one commit; new columns come in one ahead of it. Raises InvalidInput if others were at
        the same rows, and where the table refuses."""
        from deltalake import CommitProperties, DeltaTable, Schema, Transaction
        from deltalake.exceptions import DeltaError

        schema = Schema.from_arrow(commit.schema)
        properties = CommitProperties(
            app_transactions=[Transaction(commit.mark, 1)], custom_metadata={"written_by": commit.written_by}
        )
        try:
            table = _opened(commit.location, commit.storage) or DeltaTable.create(
                commit.location,
                schema=schema,
                partition_by=list(commit.sink.partition_by),
                storage_options=delta_options(commit.location, commit.storage),
            )
            if commit.sink.mode != "overwrite":
                known = {field.name for field in table.schema().fields}
                if fresh := [field for field in schema.fields if field.name not in known]:
                    table.alter.add_columns(fresh)
            if commit.sink.mode == "upsert":
                _merge(table, commit, properties)
            else:
                table.create_write_transaction(
                    [*_removals(table, commit), *_additions(commit)],
                    "overwrite" if commit.sink.mode == "overwrite" else "append",
                    schema,
                    list(commit.sink.partition_by),
                    commit_properties=properties,
                )
        except DeltaError as error:
            raise InvalidInput(f"{commit.sink.table}: its Delta table refuses the rows: {error}") from error


def _opened(location: str, storage: Storage) -> DeltaTable | None:
    """Return the table at a location; None: there is none."""
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError
    except ImportError as error:
        hint = "pip install 'glue-tui[delta]'"
        raise InvalidInput("Delta tables need a package that is not installed", hint=hint) from error
    try:
        return DeltaTable(location, storage_options=delta_options(location, storage))
    except TableNotFoundError:
        return None


def _additions(commit: LakeCommit) -> list[Any]:
    from deltalake.transaction import AddAction

    return [
        AddAction(
            path=path,
            size=size_bytes,
            partition_values={
                key: None if value == NULL_PARTITION else value
                for key, value in zip(commit.sink.partition_by, file.partition_values, strict=True)
            },
            modification_time=int(time.time() * 1000),
            data_change=True,
            stats=json.dumps({"numRecords": file.rows}),
        )
        for path, (size_bytes, file) in commit.files.items()
    ]


def _removals(table: DeltaTable, commit: LakeCommit) -> list[Any]:
    """Return what takes the partitions away that are replaced."""
    from deltalake.transaction import RemoveAction

    if commit.sink.mode != "overwrite_partitions" or not table.file_uris():
        return []
    log = f"{commit.location}/{DELTA_LOG}/{table.version():020}.json"
    added = read_log_of(log, commit.storage)
    if added.files and added.keys != commit.sink.partition_by:
        raise InvalidInput(f"{commit.sink.table}: its partitions can't be told apart by {commit.sink.partition_by}")
    return [
        RemoveAction(
            file.path.removeprefix(f"{commit.location}/"),
            True,
            int(time.time() * 1000),
            file.size_bytes,
            {key: value or None for key, value in zip(added.keys, file.values, strict=True)},
        )
        for file in added.files
        if tuple(value or NULL_PARTITION for value in file.values) in commit.partitions
    ]


def _merge(table: DeltaTable, commit: LakeCommit, properties: CommitProperties) -> None:
    same = " AND ".join(f"t.`{key}` = s.`{key}`" for key in commit.sink.keys)
    rows: Any = commit.staged_rows().collect_batches(maintain_order=False, lazy=True)
    merge = table.merge(rows, predicate=same, source_alias="s", target_alias="t", commit_properties=properties)
    merge.when_matched_update_all().when_not_matched_insert_all().execute()
