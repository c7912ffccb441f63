"""Glue's transforms of frames, as far as DynamicFrame has them; the others say what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from glue_tui_spark import NotHere

from .dynamicframe import DynamicFrame


class ApplyMapping:
    @staticmethod
    def apply(frame: DynamicFrame, mappings: Iterable[Sequence[str]], *args: Any, **options: Any) -> DynamicFrame:
        return frame.apply_mapping(mappings)


class SelectFields:
    @staticmethod
    def apply(frame: DynamicFrame, paths: Iterable[str], *args: Any, **options: Any) -> DynamicFrame:
        return frame.select_fields(paths)


class DropFields:
    @staticmethod
    def apply(frame: DynamicFrame, paths: Iterable[str], *args: Any, **options: Any) -> DynamicFrame:
        return frame.drop_fields(paths)


class RenameField:
    @staticmethod
    def apply(frame: DynamicFrame, old_name: str, new_name: str, *args: Any, **options: Any) -> DynamicFrame:
        return frame.rename_field(old_name, new_name)


class _Instead:
    def __init__(self, name: str, way: str) -> None:
        self._name = name
        self._way = way

    def apply(self, *args: Any, **options: Any) -> NoReturn:
        raise NotHere(self._name, f"with Spark's frame, frame.toDF(): {self._way}")

    __call__ = apply


Filter = _Instead("Filter", ".where(…)")
Map = _Instead("Map", ".select(…), or a function of pyspark.sql.functions.udf")
FlatMap = _Instead("FlatMap", ".select(F.explode(…))")
Join = _Instead("Join", ".join(…)")
Union = _Instead("Union", ".unionByName(…)")
DropNullFields = _Instead("DropNullFields", ".drop(…)")
FillMissingValues = _Instead("FillMissingValues", ".fillna(…)")
Relationalize = _Instead("Relationalize", '.select("record.*"), .select(F.explode(…))')
UnnestFrame = _Instead("UnnestFrame", '.select("record.*")')
ResolveChoice = _Instead("ResolveChoice", ".withColumn(…, F.col(…).cast(…)); columns of the catalog have one type each")
SelectFromCollection = _Instead("SelectFromCollection", "take the frame that you want")
SplitFields = _Instead("SplitFields", ".select(…)")
SplitRows = _Instead("SplitRows", ".where(…)")
Spigot = _Instead("Spigot", 'glue.write(frame.sample(0.1), "database.table", path="…")')
EvaluateDataQuality = _Instead("EvaluateDataQuality", "`checks` of a target, or glue.write(…, checks=[…])")

__all__ = [
    "ApplyMapping",
    "DropFields",
    "DropNullFields",
    "EvaluateDataQuality",
    "FillMissingValues",
    "Filter",
    "FlatMap",
    "Join",
    "Map",
    "Relationalize",
    "RenameField",
    "ResolveChoice",
    "SelectFields",
    "SelectFromCollection",
    "Spigot",
    "SplitFields",
    "SplitRows",
    "Union",
    "UnnestFrame",
]
