"""Glue's context of a PySpark script: the catalog's tables as frames. Glue's own ways of reading and writing files and
databases are not here: each is answered with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from glue_tui_spark import NotHere, glue

from .dynamicframe import DynamicFrame

_WRITE = "from glue_tui_spark import glue; "
_READ = "a crawler that makes a table of it, then create_dynamic_frame.from_catalog, or spark.read for what is no table"


class GlueContext:
    """What is Spark's (`sql`, `read`, `table`, `createDataFrame`) is that of the session of this job."""

    def __init__(self, sparkContext: object = None, **options: object) -> None:
        self.spark_session = glue.spark
        self.create_dynamic_frame = _Reader(is_dynamic=True)
        self.create_data_frame = _Reader(is_dynamic=False)
        self.write_dynamic_frame = self.write_data_frame = _Writer()

    def get_logger(self) -> _Logger:
        return _Logger()

    def create_dynamic_frame_from_catalog(self, *args: Any, **options: Any) -> Any:
        return self.create_dynamic_frame.from_catalog(*args, **options)

    def create_data_frame_from_catalog(self, *args: Any, **options: Any) -> Any:
        return self.create_data_frame.from_catalog(*args, **options)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and hasattr(glue.spark, name):
            return getattr(glue.spark, name)
        if name.startswith(("write", "getSink", "purge", "transition")):
            hint = _WRITE + 'glue.write(frame, "database.table", path="…"), or glue.write_database(frame, …)'
        elif name.startswith("create") or name == "getSource":
            hint = _READ
        else:
            hint = "from glue_tui_spark import glue, or Spark's own way: glueContext.spark_session"
        raise NotHere(f"GlueContext.{name}", hint)


class _Reader:
    """`create_dynamic_frame` and `create_data_frame`."""

    def __init__(self, *, is_dynamic: bool) -> None:
        self._is_dynamic = is_dynamic

    def from_catalog(
        self,
        database: str = "",
        table_name: str = "",
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Return a table of the catalog; of a job with a bookmark what is new of it.

        The predicate, also as `catalogPartitionPredicate`, is a condition over its rows. Raises NotHere for an option
        that would change what is read.
        """
        more = dict(additional_options or {})
        predicates = [push_down_predicate, more.pop("catalogPartitionPredicate", "")]
        if unknown := [
            *more,
            *(name for name in options if name not in ("catalog_id", "name_space", "useSparkDataSource")),
        ]:
            is_key = unknown[0].startswith("jobBookmark")
            hint = "bookmark_keys in the job's definition" if is_key else "leave it out, or say it of .toDF()"
            raise NotHere(f"the option {unknown[0]} of from_catalog", hint)
        frame = glue.table(f"{database}.{table_name}", transformation_ctx=transformation_ctx)
        for predicate in filter(None, predicates):
            frame = frame.where(predicate)
        return DynamicFrame(frame, None, transformation_ctx or table_name) if self._is_dynamic else frame

    def __getattr__(self, name: str) -> NoReturn:
        raise NotHere(f"create_dynamic_frame.{name}", _READ)


class _Writer:
    """`write_dynamic_frame` and `write_data_frame`: told how it is written here, with the words of the call."""

    def from_catalog(self, frame: Any = None, database: str = "", table_name: str = "", **options: Any) -> NoReturn:
        name = f"{database}.{table_name}"
        hint = f'{_WRITE}glue.write(frame, "{name}", path="…", mode="append"), or glue.write_targets(frame)'
        raise NotHere("write_dynamic_frame.from_catalog", hint)

    def from_options(
        self,
        frame: Any = None,
        connection_type: str = "",
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,
        **options: Any,
    ) -> NoReturn:
        said = dict(connection_options or {})
        path = said.get("path", "…")
        more = f', format="{format}"' if format not in (None, "parquet", "glueparquet") else ""
        if keys := said.get("partitionKeys"):
            more += f", partition_by={list(keys)}"
        way = f'glue.write(frame, "database.table", path="{path}"{more}, mode="append")'
        if connection_type not in ("", "s3"):
            way = f'glue.write_database(frame, connection="…", table="{said.get("dbtable", "…")}", mode="append")'
        raise NotHere("write_dynamic_frame.from_options", _WRITE + way)

    def __getattr__(self, name: str) -> NoReturn:
        hint = _WRITE + 'glue.write(frame, "database.table", path="…"), or glue.write_database(frame, …)'
        raise NotHere(f"write_dynamic_frame.{name}", hint)


class _Logger:
    """Glue's words for the levels of a line in the log."""

    def info(self, text: object) -> None:
        glue.log.info(text)

    def warn(self, text: object) -> None:
        glue.log.warning(text)

    warning = warn

    def error(self, text: object) -> None:
        glue.log.error(text)

    def debug(self, text: object) -> None:
        glue.log.debug(text)
