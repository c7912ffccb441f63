"""Spark's driver of a sql or PySpark job: started by spark-submit, in a Python that needs to have pyspark alone.

What it is to do stands in the plan, a JSON file. What `glue` is asked for, the worker does meanwhile; a failure is
written down for it, with the words in which it is to be told.
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
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

# This file's own folder comes first on the path of modules, and would hide those of the user's that have like names.
sys.path[:] = [folder for folder in sys.path if Path(folder) != Path(__file__).parent]
_FOR_SCRIPTS = str(Path(__file__).parent.parent / "for_scripts")
# The last: Glue's whole library, where it is installed, comes before ours.
sys.path.append(_FOR_SCRIPTS)

import glue_tui_spark  # noqa: E402
from glue_tui_spark import JobError, Skipped, SparkJobContext, Worker  # noqa: E402
from pyspark import SparkConf, SparkContext  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

_NOT_THE_USERS = ("site-packages", "dist-packages", ".venv", os.environ["SPARK_HOME"], _FOR_SCRIPTS, __file__)
_FRAME = re.compile(r'^\s*File "([^"]+)", line (\d+)', re.MULTILINE)
_SUGGESTED = re.compile(r"Did you mean one of the following\? \[`(.*?)`[],]")
_SPARK_ADDS = re.compile(r"\s*SQLSTATE: \w{5}.*", re.DOTALL)
_LINE_OF_QUERY = re.compile(r"\bline (\d+),? pos(?:ition)? \d+")
_CAUSES_MAX = 20


def main(plan_path: str) -> int:
    """Do what the plan says and return the exit code of the program."""
    plan: dict[str, Any] = json.loads(Path(plan_path).read_text(encoding="utf-8"))
    spark = None
    try:
        _leave_out_queries_that_failed()
        spark = SparkSession.builder.getOrCreate()
        print(f"Spark {spark.version} has started, application {spark.sparkContext.applicationId}", flush=True)
        for statement in plan["statements"]:
            spark.sql(statement)
        context = SparkJobContext(spark, plan, Worker(Path(plan["folder"])))
        if plan["query"]:
            context.write_targets(spark.sql(plan["query"]))
        else:
            _run_script(plan, context)
        return 0
    except Skipped:
        return 0
    except SystemExit as end:
        if end.code in (None, 0):
            return 0
        code = end.code if isinstance(end.code, int) else 1
        message = f"the script ended with exit code {code}" if isinstance(end.code, int) else str(end.code)
        _tell_failure(plan, "SystemExit", message, end)
        return code
    except BaseException as error:
        kind, message = _words(error)
        if spark is None:
            first, *_ = message.split("\n")
            message = f"Spark does not start on {plan['master']}: {first}"
        _tell_failure(plan, kind, message, error)
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
    sys.argv = [str(path), *plan["argv"]]
    # Its functions go to the executors by value, as those of a program: no executor could import the script.
    module = types.ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    glue_tui_spark.glue = context
    _let_scripts_make_a_context(context)
    if plan["calls_run"]:
        module.__dict__["__name__"] = path.stem
        exec(code, module.__dict__)
        answer = module.__dict__["run"](context)
        if inspect.iscoroutine(answer):
            asyncio.run(answer)
        elif inspect.isgenerator(answer) or inspect.isasyncgen(answer):
            message = "run(glue) has a `yield`, so that nothing of it has run"
            raise JobError("InvalidInput", message, "leave out the `yield`")
    else:
        exec(code, module.__dict__)


def _let_scripts_make_a_context(context: SparkJobContext) -> None:
    """Give a script that makes a SparkContext, as one for Glue does, the one that is there: there can be no second."""
    there = SparkContext.getOrCreate()

    def take(self: SparkContext, *args: Any, conf: SparkConf | None = None, **options: Any) -> None:
        settings = dict(there.getConf().getAll())
        for name, value in conf.getAll() if conf is not None else ():
            if name != "spark.app.name" and settings.get(name) != value:
                try:
                    context.spark.conf.set(name, value)
                except Exception:
                    context.log.warning(f"{name} can't be set any more: say it in the definition, conf = {{ … }}")

    SparkContext.__new__ = lambda cls, *args, **options: there
    SparkContext.__init__ = take


def _leave_out_queries_that_failed() -> None:
    """Keep pyspark from printing an error and its Java trace as one line of JSON: it is told in our words."""
    with suppress(ImportError):  # Before 4.0 it did not.
        from pyspark.logger import PySparkLogger

        for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
            PySparkLogger.getLogger(name).disabled = True


def _words(error: BaseException) -> tuple[str, str]:
    """Return the type and message of the failure at its bottom."""
    if isinstance(error, JobError):
        return error.type, str(error)
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
    message = _SPARK_ADDS.sub("", text).strip() or type(error).__name__
    place = _LINE_OF_QUERY.search(text)
    return type(error).__name__, f"{message} (line {place[1]} of the query)" if place else message


def _tell_failure(plan: Mapping[str, Any], kind: str, message: str, error: BaseException) -> None:
    told = traceback.TracebackException.from_exception(error)
    _only_users_frames(told, set())
    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        frames.append((error.filename, error.lineno))
    frames += [(name, int(line)) for name, line in _FRAME.findall(str(error))]
    own = [place for place in frames if _is_users(place[0]) and place[0].startswith(plan["project_dir"] + os.sep)]
    failure = {
        "type": kind,
        "message": message,
        "file": own[-1][0] if own else "",
        "line": own[-1][1] if own else 0,
        "hint": _hint(error),
        "story": "".join(told.format()).rstrip("\n") if own or plan["query"] is None else "",
    }
    Path(plan["folder"], "failure.json").write_text(json.dumps(failure), encoding="utf-8")


def _hint(error: BaseException) -> str:
    if isinstance(error, JobError):
        return str(error.hint)
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        if package == "awsglue":
            return "of Glue's library there are utils, context, job, dynamicframe and transforms; else Spark's own way"
        return f"{sys.executable} -m pip install {package}"
    if "[DATATYPE_MISSING_SIZE]" in str(error):
        return "STRING is text without a limit, for Spark and for polars"
    suggested = _SUGGESTED.search(str(error))
    return f'did you mean "{suggested[1]}"?' if suggested else ""


def _only_users_frames(told: traceback.TracebackException, seen: set[int]) -> None:
    if id(told) in seen:
        return
    seen.add(id(told))
    told.stack[:] = [frame for frame in told.stack if _is_users(frame.filename)]
    for other in (told.__cause__, told.__context__):
        if other is not None:
            _only_users_frames(other, seen)


def _is_users(filename: str) -> bool:
    return not any(part in filename for part in _NOT_THE_USERS)


if __name__ == "__main__":
    sys.exit(main(os.environ["GLUE_TUI_SPARK_PLAN"]))
