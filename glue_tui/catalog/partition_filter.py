"""Partitions of a table that fulfil an expression, as Glue's GetPartitions takes one (rule CT-3)."""

from __future__ import annotations

import polars as pl

from glue_tui.catalog.pruning import typed_values
from glue_tui.catalog.query import explained
from glue_tui.catalog.read import Catalog, PartitionEntry
from glue_tui.catalog.sql_misread import refuse_misread
from glue_tui.core.problem import InvalidInput

_PLACE = "__glue_tui_place"


def partitions_where(catalog: Catalog, full_name: str, expression: str) -> tuple[PartitionEntry, ...]:
    """Return the partitions for which the expression over the partition keys is true: what may stand behind WHERE.

    Raises EntityNotFound for an unknown table, InvalidInput for an expression that is wrong, or names other columns.
    """
    table, partitions = catalog.table(full_name).table, catalog.partitions(full_name)
    if not table.partition_keys:
        raise InvalidInput(f"{full_name} has no partition keys")
    refuse_misread(expression)
    values = typed_values(table.partition_keys, [one.values for one in partitions]).with_row_index(_PLACE)
    try:
        kept = pl.SQLContext({"partitions": values}).execute(f"SELECT * FROM partitions WHERE ({expression})")
        places = kept.select(_PLACE).collect().to_series()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise explained(error, (), "") from error
    return tuple(partitions[place] for place in places)
