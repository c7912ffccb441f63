"""Spark's driver of a sql or PySpark job: started by spark-submit, in a Python that needs to have pyspark alone.

What it is to do stands in the plan, a JSON file. What `glue` is asked to do is written down for the worker, which does
it when the job has ended well; and so is a failure, for the words in which it is told.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
import sys
import traceback
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

# This file's own folder comes first on the path of modules, and would hide those of the user's that have like names.
sys.path[:] = [folder for folder in sys.path if Path(folder) != Path(__file__).parent]

from pyspark.sql import SparkSession  # noqa: E402

_NOT_THE_USERS = ("site-packages", "dist-packages", ".venv", "/pyspark/", "pyspark.zip")
_FRAME = re.compile(r'^\s*File "([^"]+)", line (\d+)', re.MULTILINE)
_SUGGESTED = re.compile(r"Did you mean one of the following\? \[`(.*?)`[],]")
_SPARK_ADDS = re.compile(r"\s*SQLSTATE: \w{5}.*", re.DOTALL)
_CAUSES_MAX = 20


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


class _Skipped(BaseException):
    """The script has said so; no Exception, so that `except Exception` does not swallow it."""


class SparkJobContext:
    """What `def run(glue)` of a PySpark script is given: that of a python job, with Spark's frames for polars'."""

    def __init__(self, spark: Any, plan: Mapping[str, Any]) -> None:
        self.spark = spark
        """The SparkSession that knows the catalog's tables."""
        self.log = Log()
        self.arguments: dict[str, str] = plan["arguments"]
        self.properties: dict[str, str] = plan["properties"]
        self.event_files = tuple(plan["event_files"])
        self.deleted_files = tuple(plan["deleted_files"])
        self.scheduled_at = datetime.fromisoformat(plan["scheduled_at"]) if plan["scheduled_at"] else None
        self.run_id: str = plan["run_id"]
        self.run_number: int = plan["run_number"]
        self.workflow: str = plan["workflow"]
        self.job: str = plan["job"]
        self.attempt: int = plan["attempt"]
        self.project_dir = Path(plan["project_dir"])
        self._folder = Path(plan["folder"])
        self._has_targets: bool = plan["has_targets"]
        self._frames = 0

    def table(self, name: str) -> Any:
        """Return the catalog table `database.table` as Spark's DataFrame."""
        return self.spark.table(name)

    def write(self, frame: Any, table: str, *, path: str, **how: Any) -> None:
        """Write files and a catalog table, when the job succeeds; `how` as of a python job."""
        self._call("write", frame, {"table": table, "path": str(path), **how})

    def write_database(self, frame: Any, *, connection: str, table: str, **how: Any) -> None:
        """Write rows into a table behind a connection, when the job succeeds; `how` as of a python job."""
        self._call("write_database", frame, {"connection": connection, "table": table, **how})

    def reject(self, frame: Any, table: str, *, path: str, reason: str) -> None:
        """Add rows to a side table, each with this reason, when the job succeeds."""
        self._call("reject", frame, {"table": table, "path": str(path), "reason": reason})

    def write_targets(self, frame: Any) -> None:
        """Write the same rows to every target of the job's definition, when the job succeeds."""
        if not self._has_targets:
            raise ValueError(f'job "{self.job}" has no targets: add `targets = [...]` to its definition')
        self._call("write_targets", frame, {})

    def set_property(self, name: str, value: object) -> None:
        """Set a run property for the nodes that start after this one."""
        self.properties[name] = str(value)
        self._tell({"do": "set_property", "with": {"name": name, "value": str(value)}})

    def skip(self, reason: str = "nothing to do") -> NoReturn:
        """End the job here as SKIPPED: nothing is published, no property is set."""
        self._tell({"do": "skip", "with": {"reason": str(reason)}})
        raise _Skipped

    def _call(self, what: str, frame: Any, where: dict[str, Any]) -> None:
        self._frames += 1
        frame.write.parquet(f"file://{self._folder}/frames/{self._frames}")
        self._tell({"do": what, "frame": str(self._frames), "with": where})

    def _tell(self, what: dict[str, Any]) -> None:
        with open(self._folder / "calls.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(what) + "\n")


def main(plan_path: str) -> int:
    """Do what the plan says and return the exit code of the program."""
    plan: dict[str, Any] = json.loads(Path(plan_path).read_text(encoding="utf-8"))
    spark = None
    try:
        spark = SparkSession.builder.getOrCreate()
        for statement in plan["statements"]:
            spark.sql(statement)
        context = SparkJobContext(spark, plan)
        if plan["query"]:
            context.write_targets(spark.sql(plan["query"]))
        else:
            _run_script(plan, context)
        return 0
    except _Skipped:
        return 0
    except SystemExit as end:
        if end.code in (None, 0):
            return 0
        code = end.code if isinstance(end.code, int) else 1
        message = f"the script ended with exit code {code}" if isinstance(end.code, int) else str(end.code)
        _tell_failure(plan, "SystemExit", message, end)
        return code
    except BaseException as error:
        _tell_failure(plan, *_words(error), error)
        return 1
    finally:
        sys.stdout.flush()
        if spark is not None:
            spark.stop()


def _run_script(plan: Mapping[str, Any], context: SparkJobContext) -> None:
    path = Path(plan["script"])
    code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    os.chdir(plan["project_dir"])
    sys.path.insert(0, str(path.parent))
    sys.path.append(plan["for_scripts"])
    sys.argv = [str(path), *plan["argv"]]
    # Its functions go to the executors by value, as those of a program: no executor could import the script.
    module = types.ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    provided = types.ModuleType("glue_tui_spark")
    provided.__dict__["glue"] = context
    sys.modules["glue_tui_spark"] = provided
    if plan["calls_run"]:
        module.__dict__["__name__"] = path.stem
        exec(code, module.__dict__)
        run: Callable[[SparkJobContext], object] = module.__dict__["run"]
        answer = run(context)
        if inspect.iscoroutine(answer):
            asyncio.run(answer)
        elif inspect.isgenerator(answer):
            raise TypeError("run(glue) has a `yield`, so that nothing of it has run")
    else:
        exec(code, module.__dict__)


def _words(error: BaseException) -> tuple[str, str]:
    """Return the type and message of the failure at its bottom."""
    text = str(error)
    if "Traceback (most recent call last):" in text:
        # A function of the user's failed in an executor: its own last line says how.
        last = [line for line in text.splitlines() if re.match(r"[A-Za-z_][\w.]*(: |$)", line)]
        kind, _, message = (last[-1] if last else text).partition(": ")
        return kind.rpartition(".")[2], message or kind
    java = getattr(error, "java_exception", None)
    if java is not None:
        for _ in range(_CAUSES_MAX):
            if java.getCause() is None:
                break
            java = java.getCause()
        return java.getClass().getSimpleName(), str(java.getMessage())
    return type(error).__name__, _SPARK_ADDS.sub("", text).strip() or type(error).__name__


def _tell_failure(plan: Mapping[str, Any], kind: str, message: str, error: BaseException) -> None:
    told = traceback.TracebackException.from_exception(error)
    _only_users_frames(told, set())
    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        frames.append((error.filename, error.lineno))
    frames += [(name, int(line)) for name, line in _FRAME.findall(str(error))]
    own = [place for place in frames if _is_users(place[0]) and place[0].startswith(plan["project_dir"] + os.sep)]
    suggested = _SUGGESTED.search(str(error))
    failure = {
        "type": kind,
        "message": message,
        "file": own[-1][0] if own else "",
        "line": own[-1][1] if own else 0,
        "hint": f'did you mean "{suggested[1]}"?' if suggested else "",
        "story": "".join(told.format()).rstrip("\n") if own or plan["query"] is None else f"{kind}: {message}",
    }
    Path(plan["folder"], "failure.json").write_text(json.dumps(failure), encoding="utf-8")


def _only_users_frames(told: traceback.TracebackException, seen: set[int]) -> None:
    if id(told) in seen:
        return
    seen.add(id(told))
    told.stack[:] = [frame for frame in told.stack if _is_users(frame.filename)]
    for other in (told.__cause__, told.__context__):
        if other is not None:
            _only_users_frames(other, seen)


def _is_users(filename: str) -> bool:
    return filename != __file__ and not any(part in filename for part in _NOT_THE_USERS)


if __name__ == "__main__":
    sys.exit(main(os.environ["GLUE_TUI_SPARK_PLAN"]))
