"""`glue` of a PySpark script: `from glue_tui_spark import glue`. Needs no package but pyspark.

What `glue` is asked for, the worker does while the script waits: it goes through named pipes, one JSON object a line.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn


class JobError(Exception):
    """What the worker refused, or failed to do: `type` is its word for it, `hint` the way out."""

    def __init__(self, type: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.type = type
        self.hint = hint

    def __str__(self) -> str:
        return str(self.args[0])


class NameNotFound(JobError, KeyError):
    """A name that is not there, for the script that catches a KeyError."""


class NotHere(JobError, AttributeError):
    """Something of Glue's library that is not here; `hint` says what to write instead."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__("NotHere", f"{what} is not here", hint)


class Skipped(BaseException):
    """The script has said so; no Exception, so that `except Exception` does not swallow it."""


class Log:
    """`info`, `warning`, `error`, `debug`: a line of the attempt's log."""

    def info(self, text: object) -> None:
        print(text, flush=True)

    def warning(self, text: object) -> None:
        self._line("WARN", text)

    def error(self, text: object) -> None:
        self._line("ERROR", text)

    def debug(self, text: object) -> None:
        self._line("DEBUG", text)

    def _line(self, level: str, text: object) -> None:
        # As Spark's own log writes it: so the worker knows the level.
        print(f"00/00/00 00:00:00 {level} {text}", flush=True)


class Worker:
    """The process that started this one, as far as it can be asked. For any thread."""

    def __init__(self, folder: Path) -> None:
        self._asked = open(folder / "asked", "w", encoding="utf-8")  # noqa: SIM115 -- as long as the job
        self._answered = open(folder / "answered", encoding="utf-8")  # noqa: SIM115
        self._lock = threading.Lock()

    def ask(self, do: str, **what: Any) -> Any:
        """Return the worker's answer, which is made of what JSON has. Raises JobError with the worker's words."""
        request = json.dumps({"do": do, **what})
        with self._lock:
            self._asked.write(request + "\n")
            self._asked.flush()
            line = self._answered.readline()
        if not line:
            raise JobError("WorkerLost", "the worker of this job is gone")
        answer: dict[str, Any] = json.loads(line)
        if error := answer.get("error"):
            raise (NameNotFound if error["type"] == "EntityNotFound" else JobError)(**error)
        return answer["value"]


class SparkJobContext:
    """What `def run(glue)` of a PySpark script is given: that of a python job, with Spark's frames for polars'."""

    def __init__(self, spark: Any, plan: Mapping[str, Any], worker: Worker) -> None:
        self.spark = spark
        """The SparkSession that knows the catalog's tables."""
        self.log = Log()
        self.arguments = _Named("argument", plan["arguments"])
        self._properties = _Named("run property", plan["properties"])
        self.properties: Mapping[str, str] = MappingProxyType(self._properties)
        self.typed_properties: Mapping[str, Any] = _TypedProperties(self.properties, worker)
        self.event_files = tuple(plan["event_files"])
        self.deleted_files = tuple(plan["deleted_files"])
        self.scheduled_at = datetime.fromisoformat(plan["scheduled_at"]) if plan["scheduled_at"] else None
        self.run_id: str = plan["run_id"]
        self.run_number: int = plan["run_number"]
        self.workflow: str = plan["workflow"]
        self.job: str = plan["job"]
        self.attempt: int = plan["attempt"]
        self.project_dir = Path(plan["project_dir"])
        self._worker = worker
        self._folder = Path(plan["folder"])
        self._frames = 0

    def table(self, name: str, *, transformation_ctx: str = "", bookmark: bool | None = None) -> Any:
        """Return the catalog table `database.table` as Spark's DataFrame; of a job with a bookmark what is new of it.

        Raises NameNotFound with the nearest name. The bookmark calls the table by its name, whatever the script does,
        and which tables it follows the definition says.
        """
        if bookmark is not None:
            raise JobError("InvalidInput", "of Spark's tables the definition says it", "bookmark_tables = […]")
        for statement in self._worker.ask("table", name=name):
            self.spark.sql(statement)
        return self.spark.table(".".join(f"`{part}`" for part in name.split(".")))

    def write(self, frame: Any, table: str, *, path: str, **how: Any) -> int:
        """Write files and a catalog table, when the job succeeds, and return the rows; `how` as of a python job."""
        return self._write("write", frame, table=table, path=str(path), **how)

    def write_database(self, frame: Any, *, connection: str, table: str, **how: Any) -> int:
        """Write rows into a table behind a connection, when the job succeeds, and return their number."""
        return self._write("write_database", frame, connection=connection, table=table, **how)

    def reject(self, frame: Any, table: str, *, path: str, reason: str) -> int:
        """Add rows to a side table, each with this reason, when the job succeeds, and return their number."""
        return self._write("reject", frame, table=table, path=str(path), reason=reason)

    def write_targets(self, frame: Any) -> int:
        """Write the same rows to every target of the job's definition, when the job succeeds; return their number."""
        return self._write("write_targets", frame)

    def set_property(self, name: str, value: object) -> None:
        """Set a run property for the nodes that start after this one, if this one succeeds."""
        self._worker.ask("set_property", name=name, value=str(value))
        self._properties[name] = str(value)

    def secret(self, name: str) -> str:
        """Return a variable of the engine's environment; its value is masked from now on."""
        return str(self._worker.ask("secret", name=name))

    def connection(self, name: str) -> str:
        """Return the URL of a connection of the workflow, with its secrets filled in; they are masked."""
        return str(self._worker.ask("connection", name=name))

    def progress(self, done: float, total: float) -> None:
        """Show that `done` of `total` is done: instead of Spark's stages, from the first call on."""
        self._worker.ask("progress", done=done, total=total)

    def count_rows_in(self, rows: int) -> None:
        """Add to the rows read, for what is no table of the catalog."""
        self._worker.ask("count_rows_in", rows=rows)

    def skip(self, reason: str = "nothing to do") -> NoReturn:
        """End the job here as SKIPPED: nothing is published, no property is set."""
        self._worker.ask("skip", reason=str(reason))
        raise Skipped

    def _write(self, do: str, frame: Any, **how: Any) -> int:
        if hasattr(frame, "toDF") and not hasattr(frame, "write"):
            frame = frame.toDF()  # Glue's DynamicFrame.
        if not hasattr(frame, "write"):
            kind = f"{type(frame).__module__.partition('.')[0]}.{type(frame).__name__}"
            raise JobError("InvalidInput", f"glue.{do} takes a frame of Spark, not {kind}", "spark.createDataFrame(…)")
        self._frames += 1
        _without_void(frame).write.parquet(f"file://{self._folder}/frames/{self._frames}")
        return int(self._worker.ask(do, frame=str(self._frames), how=how))


def _without_void(frame: Any) -> Any:
    """Let a column of nothing but NULL be text: parquet has no type for it that others can read."""
    for field in frame.schema.fields:
        if field.dataType.typeName() == "void":
            from pyspark.sql.functions import lit

            frame = frame.withColumn(field.name, lit(None).cast("string"))
    return frame


class _Named(dict[str, str]):
    """Texts by their names; one that is not there is answered with the nearest that is."""

    def __init__(self, what: str, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self._what = what

    def __missing__(self, name: str) -> str:
        near: Iterable[str] = get_close_matches(name, list(self), n=1, cutoff=0.6)
        known = "known: " + ", ".join(self) if self else "there is none"
        hint = next((f'did you mean "{one}"?' for one in near), known)
        raise NameNotFound("EntityNotFound", f'no {self._what} "{name}"', hint)


class _TypedProperties(Mapping[str, Any]):
    """Run properties as values of the types that the workflow declares; the worker knows them."""

    def __init__(self, texts: Mapping[str, str], worker: Worker) -> None:
        self._texts = texts
        self._worker = worker

    def __getitem__(self, name: str) -> Any:
        answer = self._worker.ask("typed_property", name=name)
        return date.fromisoformat(answer["date"]) if isinstance(answer, dict) else answer

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


glue: SparkJobContext
"""Of the job that runs: set before the script begins."""


def __getattr__(name: str) -> Any:
    if name == "glue":
        raise ModuleNotFoundError("glue_tui_spark is there in jobs of Spark alone", name=__name__)
    raise AttributeError(name)
