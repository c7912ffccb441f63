"""A job of Spark, from its definition to its rows: sql with `engine = "spark"`, a PySpark script, Scala."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never

from glue_tui.catalog.lineage import mentioned, named_in
from glue_tui.catalog.query import only_queries
from glue_tui.core.job import ScalaWork, SparkSettings, SparkWork, SqlWork
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.jobs.context import JobContext
from glue_tui.jobs.python_job import glue_arguments, takes_context
from glue_tui.jobs.session import JobSession
from glue_tui.jobs.skipping import Skipped
from glue_tui.jobs.spark.exchange import Exchange
from glue_tui.jobs.spark.failures import failure
from glue_tui.jobs.spark.output import LOG_LEVEL, DriverOutput
from glue_tui.jobs.spark.requests import Requests, frame_of
from glue_tui.jobs.spark.scala_script import pieces
from glue_tui.jobs.spark.submit import (
    Installation,
    check_mode,
    checked_for_sql,
    environment,
    filled_in,
    find_spark,
    properties,
    write_private,
    write_properties,
)
from glue_tui.jobs.spark.tables import SparkTables
from glue_tui.jobs.stopping import StopRequest
from glue_tui.logs.levels import INFO, WARN

_OWN_FOLDER = Path(__file__).parent
_DRAIN_S = 2.0
"""How long output is waited for after the program has ended."""
_DRAIN_STOPPED_S = 0.2
"""The same after a stop, whose grace is short."""
_STOP_PATIENCE_S = 3.0
"""How long a driver may take to end its application after a stop: less than the engine's grace."""
_LOOK_S = 0.05
"""So often it is looked whether the driver has ended."""

SparkKind = SqlWork | SparkWork | ScalaWork


def run_spark(session: JobSession, work: SparkKind, settings: SparkSettings, stop: StopRequest) -> None:
    """Let spark-submit do the work, then write what it handed back to the targets, as any other job's rows.

    Raises ToldFailure where the driver says what failed, EntityNotFound without Spark or Java, Stopped after a stop.
    """
    spark = find_spark()
    settings = filled_in(session, settings)
    check_mode(settings)
    exchange = Exchange(session)
    scratch = exchange.folder
    take_back = stop.clean_up

    def clean_up() -> str:
        exchange.close()
        return take_back() if take_back else ""

    stop.clean_up = clean_up
    try:
        case_matters = settings.conf.get("spark.sql.caseSensitive", "false").lower() == "true"
        tables = SparkTables(session, scratch / "tables", case_matters=case_matters)
        plan = _plan(session, work, settings, tables, scratch)
        _submit(session, work, settings, spark, plan, tables, scratch, stop)
        if name := tables.written_into():
            raise InvalidInput(f"rows were written into {name}, which is there for reading", hint="glue.write(…)")
        if session.skip_reason:
            raise Skipped
        _take_targets(session, scratch)
    finally:
        exchange.close()


def _plan(
    session: JobSession, work: SparkKind, settings: SparkSettings, tables: SparkTables, scratch: Path
) -> dict[str, Any]:
    """Return all that the driver has to know; the tables that the work names are ready for it."""
    spec = session.spec
    query, script, calls_run, code = "", "", False, ""
    match work:
        case SqlWork():
            checked_for_sql(settings)
            query = session.templates.sql(work.query, where=f"jobs.{session.job.name}.query", for_spark=True)
            only_queries(query)
        case SparkWork():
            script = str(session.project_dir / work.script)
            code = _read(session, work.script)
            calls_run = takes_context(code, work.script)
        case ScalaWork() if work.script:
            script = Path(work.script).name
            code = _read(session, work.script)
        case ScalaWork():
            if not (session.project_dir / work.jar).is_file():
                raise EntityNotFound(f"no jar {work.jar}", hint="it is relative to the project folder")
        case _:
            assert_never(work)
    known = session.catalog.names()
    more = "\n".join((*session.arguments.values(), *_texts_of(settings.py_files)))
    named = mentioned(query, known) if query else named_in(f"{code}\n{more}", known)
    return {
        "folder": str(scratch),
        "statements": [statement for name in named for statement in tables.make_known(name)],
        "query": query.rstrip().removesuffix(";") or None,
        "script": script,
        "calls_run": calls_run,
        "pieces": [{"line": one.line, "code": one.code} for one in pieces(code)] if isinstance(work, ScalaWork) else [],
        "main_class": work.main_class if isinstance(work, ScalaWork) else "",
        "argv": glue_arguments(session),
        "arguments": session.arguments,
        "properties": session.properties,
        "event_files": spec.event_files,
        "deleted_files": spec.deleted_files,
        "scheduled_at": spec.scheduled_at,
        "run_id": spec.key.run_id,
        "run_number": spec.run_number,
        "workflow": spec.workflow,
        "job": session.job.name,
        "attempt": spec.key.attempt,
        "project_dir": str(session.project_dir),
        "master": settings.master,
    }


def _texts_of(files: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(Path(file).read_text(errors="replace") for file in files if file.endswith(".py") and "://" not in file)


def _read(session: JobSession, script: str) -> str:
    path = session.project_dir / script
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = [file.name for file in path.parent.glob(f"*{path.suffix}")] if path.parent.is_dir() else []
        raise EntityNotFound(f"no script {script}", hint=did_you_mean(path.name, known)) from None


def _submit(
    session: JobSession,
    work: SparkKind,
    settings: SparkSettings,
    spark: Installation,
    plan: dict[str, Any],
    tables: SparkTables,
    scratch: Path,
    stop: StopRequest,
) -> None:
    """Run the driver to its end, in the attempt's own process group: a stop reaches it, and it ends its application."""
    write_private(scratch / "plan.json", json.dumps(plan))
    if isinstance(work, ScalaWork) and work.jar:
        settings = replace(settings, jars=(str(session.project_dir / work.jar), *settings.jars))
    pairs = properties(session, spark, settings, scratch=scratch, targets=scratch / "frames" / "targets")
    write_properties(scratch / "spark.properties", pairs)
    common = ["--properties-file", str(scratch / "spark.properties")]
    if isinstance(work, ScalaWork):
        program = "spark-shell"
        command = [*common, "-i", str(_OWN_FOLDER / "glue.scala"), "-i", str(_OWN_FOLDER / "run.scala")]
    else:
        program = "spark-submit"
        command = [*common, str(_OWN_FOLDER / "driver.py")]
    level = dict(pairs).get("spark.log.level", LOG_LEVEL).upper()
    output = DriverOutput(session.log, session.progress, level=level)
    session.log.info(f"{program}, master {settings.master}, of {spark.home}")
    requests = Requests(session, scratch, tables, output)
    stop.defer()
    stop.raise_if_asked()
    try:
        code = _run(
            [spark.program(program), *command],
            {**environment(spark, settings), "GLUE_TUI_SPARK_PLAN": str(scratch / "plan.json")},
            session.project_dir,
            output,
            requests,
            stop,
        )
    finally:
        requests.close()
    stop.raise_if_asked()
    if code != 0:
        raise failure(session, work, scratch, output, code)


def _run(
    command: list[str],
    environment: dict[str, str],
    cwd: Path,
    output: DriverOutput,
    requests: Requests,
    stop: StopRequest,
) -> int:
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    if stop.was_asked:
        process.send_signal(signal.SIGTERM)  # It may have begun too late for the signal to the group.
    assert process.stdout is not None
    assert process.stderr is not None
    pumps = [
        threading.Thread(target=output.pump, args=(pipe.fileno(), level), daemon=True)
        for pipe, level in ((process.stdout, INFO), (process.stderr, WARN))
    ]
    for pump in pumps:
        pump.start()
    code = _serve(process, requests, stop)
    for pump in pumps:
        pump.join(_DRAIN_STOPPED_S if stop.was_asked else _DRAIN_S)
    return code


def _serve(process: subprocess.Popen[bytes], requests: Requests, stop: StopRequest) -> int:
    """Do what the driver asks for until it has ended, and return its exit code.

    One that takes its time after a stop is killed: the engine would kill the worker as well, and nobody would be left
    to clean up.
    """
    asked_at: float | None = None
    while (code := process.poll()) is None:
        requests.answer(_LOOK_S)
        if stop.was_asked:
            asked_at = asked_at or time.monotonic()
            if time.monotonic() - asked_at >= _STOP_PATIENCE_S:
                process.kill()
    return code


def _take_targets(session: JobSession, scratch: Path) -> None:
    """Write what lies in the targets' folder; a program that asked for nothing may have put it there."""
    if (scratch / "frames" / "targets").exists():
        JobContext(session).write_targets(frame_of(scratch / "frames" / "targets"))
