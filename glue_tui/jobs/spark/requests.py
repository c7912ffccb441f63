"""What a program of Spark asks its worker for while it runs: rows to be written, tables, secrets, properties."""

from __future__ import annotations

import datetime
import json
import os
import selectors
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from glue_tui.core.problem import GlueTuiError, InvalidInput
from glue_tui.jobs.context import JobContext
from glue_tui.jobs.session import JobSession
from glue_tui.jobs.skipping import Skipped
from glue_tui.jobs.spark.output import DriverOutput
from glue_tui.jobs.spark.tables import SparkTables

_CHUNK_BYTES = 64 * 1024


class Requests:
    """Two named pipes in the folder of the exchange, `asked` and `answered`: one JSON object a line."""

    def __init__(self, session: JobSession, folder: Path, tables: SparkTables, output: DriverOutput) -> None:
        self._context = JobContext(session)
        self._session = session
        self._frames = folder / "frames"
        self._tables = tables
        self._output = output
        self._unfinished = self._unsent = b""
        for name in ("asked", "answered"):
            os.mkfifo(folder / name, 0o600)
        # Read and written here: so nobody waits to open them, and who waits for an answer hears of this one's end.
        self._asked_fd = os.open(folder / "asked", os.O_RDWR)
        # A program that is killed reads its answer no more: who writes must not wait for it.
        self._answered_fd = os.open(folder / "answered", os.O_RDWR | os.O_NONBLOCK)
        self._asking, self._answering = selectors.DefaultSelector(), selectors.DefaultSelector()
        self._asking.register(self._asked_fd, selectors.EVENT_READ)
        self._answering.register(self._answered_fd, selectors.EVENT_WRITE)

    def answer(self, timeout_s: float) -> None:
        """Go on with the answer, or do what was asked for; wait for that as long as said."""
        if self._unsent:
            if self._answering.select(timeout_s):
                self._unsent = self._unsent[os.write(self._answered_fd, self._unsent) :]
            return
        if not self._asking.select(timeout_s):
            return
        *whole, self._unfinished = (self._unfinished + os.read(self._asked_fd, _CHUNK_BYTES)).split(b"\n")
        for line in whole:
            self._unsent += json.dumps(self._answer(json.loads(line))).encode() + b"\n"

    def close(self) -> None:
        self._asking.close()
        self._answering.close()
        os.close(self._asked_fd)
        os.close(self._answered_fd)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"value": self._do(**request)}
        except GlueTuiError as error:
            return {"error": {"type": error.code, "message": error.message, "hint": error.hint}}
        except Exception as error:
            return {"error": {"type": type(error).__name__, "message": str(error), "hint": ""}}

    def _do(self, do: str, **what: Any) -> object:
        match do:
            case "write" | "write_database" | "write_targets" | "reject":
                return self._write(do, **what)
            case "table":
                return self._tables.make_known(what["name"])
            case "typed_property":
                value = self._context.typed_properties[what["name"]]
                return {"date": value.isoformat()} if isinstance(value, datetime.date) else value
            case "progress":
                self._output.shows_stages = False
                self._context.progress(what["done"], what["total"])
            case "skip":
                try:
                    self._context.skip(what["reason"])
                except Skipped:
                    pass  # The program ends by itself, then the job.
            case "secret" | "connection" | "set_property" | "count_rows_in":
                return getattr(self._context, do)(**what)
            case _:
                raise InvalidInput(f"no request {do}")
        return None

    def _write(self, do: str, frame: str, how: dict[str, Any]) -> int:
        folder = self._frames / frame
        write: Callable[..., int] = getattr(self._context, do)
        try:
            return write(frame_of(folder), **how)
        finally:
            shutil.rmtree(folder)


def frame_of(folder: Path) -> pl.LazyFrame:
    """Return the rows that Spark wrote, in its order; moments are without a zone, as everywhere in the catalog."""
    files = sorted(folder.glob("part-*.parquet"))
    if not files:
        raise InvalidInput(f"Spark wrote no parquet into {folder.name}", hint="frame.write.parquet(…)")
    frame = pl.scan_parquet(files, glob=False, hive_partitioning=False)
    zoned = [name for name, dtype in frame.collect_schema().items() if getattr(dtype, "time_zone", None)]
    return frame.with_columns(pl.col(name).dt.convert_time_zone("UTC").dt.replace_time_zone(None) for name in zoned)
