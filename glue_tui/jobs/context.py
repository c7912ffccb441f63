"""`JobContext`: what the script of a python job is given. Its names are a promise to users."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

import polars as pl

from glue_tui.core.job import DatabaseSink, SideTable, TableSink
from glue_tui.core.problem import InvalidInput, did_you_mean
from glue_tui.jobs.checks import REASON, checks_of, side_table
from glue_tui.jobs.session import JobSession
from glue_tui.jobs.targets.target import Frame
from glue_tui.jobs.templates import PropertyValue, TypedProperties
from glue_tui.logs.write import LogWriter

_TABLE_FORMATS = ("parquet", "csv", "json", "ipc", "delta", "iceberg")
_TABLE_MODES = ("overwrite", "append", "overwrite_partitions", "upsert")
_DATABASE_MODES = ("overwrite", "append", "overwrite_partitions", "upsert")


class JobContext:
    """Tables in, tables out, the log, progress and the run's properties, for `def run(glue: JobContext)`."""

    def __init__(self, session: JobSession) -> None:
        self._session = session
        self._pid = os.getpid()

    def _own(self, what: str) -> JobSession:
        """Return the session, for what must be known to the attempt. Raises InvalidInput in a forked process."""
        if os.getpid() != self._pid:
            hint = "hand the rows back and do it there; processes that use polars must be spawned, not forked"
            raise InvalidInput(f"glue.{what} in a process that the script has forked: only its own one may", hint=hint)
        return self._session

    def table(self, name: str, *, transformation_ctx: str = "", bookmark: bool | None = None) -> pl.LazyFrame:
        """Return the catalog table `database.table`. Raises EntityNotFound with the nearest name.

        Of a job with a bookmark only what is new of it, unless `bookmark` is False; `transformation_ctx` is what the
        bookmark calls it, if not by its name.
        """
        return self._own("table").table(name, transformation_ctx, bookmark)

    def write(
        self,
        frame: Frame,
        table: str,
        *,
        path: str,
        format: str = "parquet",
        mode: str = "overwrite",
        partition_by: Sequence[str] = (),
        keys: Sequence[str] = (),
        connection: str = "",
        checks: Sequence[str | Mapping[str, str]] = (),
        rejects: Mapping[str, str] | None = None,
    ) -> int:
        """Write the files of one table below `path`, a folder or `s3://bucket/folder`, and return the number of rows.

        They appear all at once, and the table in the catalog, when the attempt succeeds; if it fails nothing appears.
        `keys` are those of an upsert; `connection` says how `s3://` is reached, where the environment does not.
        `checks` and `rejects` are written as in a definition: `"unique id"`, or
        `{"check": "amount >= 0", "on_failure": "divert"}`, and `{"table": "rejects.sales", "path": "lake/rejects"}`.
        """
        _check("format", format, _TABLE_FORMATS)
        _check("mode", mode, _TABLE_MODES)
        sink = TableSink(
            table=table,
            path=str(path),
            connection=connection,
            format=format,
            mode=mode,
            partition_by=_names(partition_by),
            keys=_names(keys),
            checks=checks_of(checks),
            rejects=side_table(rejects),
        )
        return self._own("write").write(_frame(frame), sink)

    def write_database(
        self,
        frame: Frame,
        *,
        connection: str,
        table: str,
        mode: str = "overwrite",
        keys: Sequence[str] = (),
        partition_by: Sequence[str] = (),
        checks: Sequence[str | Mapping[str, str]] = (),
        rejects: Mapping[str, str] | None = None,
    ) -> int:
        """Write rows into a table behind a connection; return their number. `checks` and `rejects` as for `write`.

        They appear when the attempt succeeds, in one transaction of that database; if it fails nothing appears.
        """
        _check("mode", mode, _DATABASE_MODES)
        sink = DatabaseSink(
            connection=connection,
            table=table,
            mode=mode,
            keys=_names(keys),
            partition_by=_names(partition_by),
            checks=checks_of(checks),
            rejects=side_table(rejects),
        )
        return self._own("write_database").write(_frame(frame), sink)

    def reject(self, frame: Frame, table: str, *, path: str, reason: str) -> int:
        """Add rows to a side table, each with this reason, the job, the run and the time; return their number."""
        rows = _frame(frame).lazy().with_columns(pl.lit(reason).alias(REASON))
        return self._own("reject").write_rejected(rows, SideTable(table=table, path=str(path)))

    def write_targets(self, frame: Frame) -> int:
        """Write the same rows to every target of the job's definition; return their number."""
        targets = self._session.job.targets
        if not targets:
            raise InvalidInput(f'job "{self.job}" has no targets', hint="add `targets = [...]` to its definition")
        return self._own("write_targets").write_all(_frame(frame), targets)

    def skip(self, reason: str = "nothing to do") -> NoReturn:
        """End the job here as SKIPPED, with the reason: nothing that it wrote is published, no property is set.

        What waits for its success is skipped, too. Never returns.
        """
        self._own("skip").skip(str(reason) or "nothing to do")

    def secret(self, name: str) -> str:
        """Return the variable `name` of the engine's environment; its value is masked from now on.

        Raises EntityNotFound where it is not set.
        """
        return self._session.secret(name)

    def connection(self, name: str) -> str:
        """Return the URL of a connection of the workflow, with its secrets filled in; they are masked.

        Raises EntityNotFound with the nearest name.
        """
        return self._session.connection(name)

    def progress(self, done: float, total: float) -> None:
        """Show that `done` of `total` is done."""
        self._session.progress(done, total)

    def set_property(self, name: str, value: object) -> None:
        """Set a run property, as text, for the nodes that start after this one, if this one succeeds.

        Raises InvalidInput for a value that holds a secret: properties are stored and shown.
        """
        self._own("set_property").set_property(name, str(value))

    def count_rows_in(self, rows: int) -> None:
        """Add to the rows read, for what does not come from `table`."""
        self._own("count_rows_in").count_rows_in(rows)

    @property
    def log(self) -> LogWriter:
        """`info`, `warning`, `error`, `debug`: a line with time and level."""
        return self._session.log

    @property
    def arguments(self) -> dict[str, str]:
        """`--name` to value, as the trigger and the job gave them; a KeyError names the nearest."""
        return self._session.arguments

    @property
    def properties(self) -> Mapping[str, str]:
        """Run properties as text, with those set by this job; a KeyError names the nearest."""
        return MappingProxyType(self._session.properties)

    @property
    def typed_properties(self) -> Mapping[str, PropertyValue]:
        """The same as values of their declared types: int, float, bool, `datetime.date`, else str."""
        return TypedProperties(self._session.properties, self._session.spec.property_types)

    @property
    def event_files(self) -> tuple[str, ...]:
        """Files that started the run, relative to the project folder: those that are there."""
        return self._session.spec.event_files

    @property
    def deleted_files(self) -> tuple[str, ...]:
        """Files whose deletion started the run, where its trigger selects `deleted` events."""
        return self._session.spec.deleted_files

    @property
    def scheduled_at(self) -> datetime | None:
        """The moment that the schedule meant, in the workflow's time zone; None if no schedule started the run."""
        text = self._session.spec.scheduled_at
        return datetime.fromisoformat(text) if text else None

    @property
    def run_id(self) -> str:
        return self._session.spec.key.run_id

    @property
    def run_number(self) -> int:
        return self._session.spec.run_number

    @property
    def workflow(self) -> str:
        return self._session.spec.workflow

    @property
    def job(self) -> str:
        return self._session.job.name

    @property
    def attempt(self) -> int:
        """1 for the first try."""
        return self._session.spec.key.attempt

    @property
    def project_dir(self) -> Path:
        return self._session.project_dir


def _frame(value: object) -> Frame:
    if isinstance(value, pl.DataFrame | pl.LazyFrame):
        return value
    what = "None" if value is None else f"a {type(value).__module__}.{type(value).__name__}".replace("builtins.", "")
    raise InvalidInput(
        f"a DataFrame or LazyFrame of polars is needed, this is {what}",
        hint="pl.DataFrame(rows), pl.from_pandas(frame), pl.from_arrow(table) or series.to_frame() makes one",
    )


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidInput(f'no {name} "{value}"', hint=did_you_mean(value, known))


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
