"""Glue's frame around one of Spark: as much of it as scripts need on their way to Spark's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from glue_tui_spark import JobError, NotHere


class DynamicFrame:
    """A frame of Spark, with the few of Glue's methods that have one meaning there."""

    def __init__(self, frame: Any, glue_ctx: object = None, name: str = "") -> None:
        self._frame = frame
        self.name = name

    @classmethod
    def fromDF(cls, dataframe: Any, glue_ctx: object = None, name: str = "", **options: Any) -> DynamicFrame:
        return cls(dataframe, glue_ctx, name)

    def toDF(self, options: object = None) -> Any:
        return self._frame

    def count(self) -> int:
        return int(self._frame.count())

    def show(self, num_rows: int = 20) -> None:
        self._frame.show(num_rows)

    def printSchema(self) -> None:
        self._frame.printSchema()

    def select_fields(self, paths: str | Iterable[str], *args: Any, **options: Any) -> DynamicFrame:
        return self._with(self._frame.select(*_list(paths)))

    def drop_fields(self, paths: str | Iterable[str], *args: Any, **options: Any) -> DynamicFrame:
        names = _list(paths)
        if nested := [name for name in names if "." in name]:
            raise NotHere(f"drop_fields of a field within a record ({nested[0]})", "frame.toDF() and Column.dropFields")
        return self._with(self._frame.drop(*names))

    def rename_field(self, oldName: str, newName: str, *args: Any, **options: Any) -> DynamicFrame:
        if oldName not in self._frame.columns:
            raise JobError("InvalidInput", f"rename_field: no column {oldName}", ", ".join(self._frame.columns))
        return self._with(self._frame.withColumnRenamed(oldName, newName))

    def apply_mapping(self, mappings: Iterable[Sequence[str]], *args: Any, **options: Any) -> DynamicFrame:
        """Return the columns named first in each mapping, cast to the type named last; (name, new name) keeps it."""
        from pyspark.sql import functions as F

        columns = []
        for one in mappings:
            match one:
                case (str(source), str(target)):
                    column = F.col(source)
                case (str(source), _, str(target), str(kind)):
                    column = F.col(source).cast(kind)
                case _:
                    raise JobError("InvalidInput", f"no mapping: {one!r}", '("name", "string", "new name", "long")')
            if "." in target.replace("`.`", ""):
                raise NotHere(f"a mapping that makes a record ({target})", "frame.toDF() and F.struct(…)")
            columns.append(column.alias(target.strip("`")))
        return self._with(self._frame.select(*columns))

    def _with(self, frame: Any) -> DynamicFrame:
        return DynamicFrame(frame, name=self.name)

    def __getattr__(self, name: str) -> Any:
        hint = "go on with Spark's frame: frame.toDF(), and DynamicFrame.fromDF(…) where Glue's is wanted"
        raise NotHere(f"DynamicFrame.{name}", hint)


def _list(names: str | Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)
