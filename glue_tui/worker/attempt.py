"""One attempt, inside its own process: do the work of a job or crawler, write what became of it, say so in the log."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import assert_never

import msgspec

from glue_tui.catalog.read import Catalog
from glue_tui.core.attempt import EXIT_WITHOUT_RESULT, AttemptKey, AttemptResult, AttemptSpec
from glue_tui.core.codec import from_data, to_data
from glue_tui.core.job import Job, PythonWork, SqlWork, job_type
from glue_tui.core.model import Crawler, RunId, job_id
from glue_tui.core.schema import ChangeKind
from glue_tui.core.states import NodeState
from glue_tui.crawlers.crawl import crawl
from glue_tui.jobs.run import rehearse_job, run_job
from glue_tui.jobs.stopping import Stopped, StopRequest
from glue_tui.jobs.templates import Templates
from glue_tui.logs.levels import ERROR, INFO, WARN
from glue_tui.logs.write import LogStream, LogWriter, Secrets, counted, write_all
from glue_tui.worker.descendants import kill_below, kill_descendants
from glue_tui.worker.failure import MESSAGE_CHARS_MAX, describe, exit_code_of, story
from glue_tui.worker.memory import MemoryWatch, OutOfMemory, cpu_s
from glue_tui.worker.stop_signal import StopListener

Progress = Callable[[float, float], None]

_SCRIPT_PATIENCE_S = 3.0
"""How long a script's query may go on after a stop, so that its own `finally` comes to run before the engine kills."""
_QUERY_PATIENCE_S = 0.2
"""The same where there is no script."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_KILL_DEADLINE_S = 1.0
_DISK_IS_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FULL_DISK_RETRY_S = 1.0
_CRAWL_STOPPED = "stopped; the catalog stays as it was"


def run_attempt(spec: AttemptSpec, progress: Progress, listener: StopListener) -> int:
    """Run one attempt to its end and return the exit code: 0 succeeded or was skipped, 1 failed, and the result file
    says the rest.

    EXIT_WITHOUT_RESULT where that file could not be written.
    A negative number names the signal by which the process is to end: it was stopped.
    """
    ending = _Ending(spec)
    log, stop = ending.log, ending.stop
    log.info(f"attempt {spec.key.attempt} of {spec.max_attempts}: {_what_runs(spec)}, worker {os.getpid()}")
    ending.memory.start()
    try:
        try:
            listener.tell(stop, patience_s=_patience_s(spec), end=ending.by_force)
            result = _work(spec, log, ending.secrets, progress, stop)
        finally:
            stop.defer()
    except BaseException as error:
        ending.finish_streams()
        failed = ending.excess or _failed(error, spec, ending.secrets)
        if not ending.excess and not isinstance(error, Stopped) and failed.error:
            log.line(ERROR, story(error, failed.error), always=True)
        elif not ending.excess and stop.clean_up is None:
            log.line(WARN, _CRAWL_STOPPED, always=True)
        return ending.with_result(failed, -signal.SIGTERM if stop.was_asked else 1)
    return ending.with_result(result, 0)


class _Ending:
    """How an attempt comes to its end: by itself, by a stop that nobody else sees to, for want of memory."""

    def __init__(self, spec: AttemptSpec) -> None:
        """Take over standard output and error for the log."""
        self._spec = spec
        self._started_s = time.monotonic()
        self._limit_bytes = spec.node.memory_bytes_max if isinstance(spec.node, Job) else None
        self.secrets = Secrets()
        self.log = LogWriter(os.dup(1), secrets=self.secrets)  # A script may close 1 and open something else there.
        self._streams = LogStream(self.log, INFO, 1), LogStream(self.log, WARN, 2)
        sys.stdout, sys.stderr = self._streams
        self.stop = StopRequest()
        self.excess: AttemptResult | None = None
        """What an attempt ends as that held more than its job may."""
        self.memory = MemoryWatch(self._limit_bytes, self.for_memory)

    def finish_streams(self) -> None:
        for stream in self._streams:
            stream.finish()

    def with_result(self, result: AttemptResult, exit_code: int) -> int:
        """Write what became of the attempt, and return its exit code."""
        self.finish_streams()
        if left := kill_descendants(_KILL_DEADLINE_S):
            self.log.line(WARN, f"left running, killed with the attempt: {', '.join(left)}", always=True)
        was_stopped = self.stop.was_asked and not self.excess
        _log_end(self.log, result, time.monotonic() - self._started_s, was_stopped=was_stopped)
        result = replace(result, cpu_s=cpu_s(), peak_memory_bytes=self.memory.peak_bytes)
        try:
            _write_result_when_there_is_space(self._spec.result_path, result, self.log)
        except OSError as error:
            self.log.line(ERROR, f"the result could not be written: {_reason(error)}", always=True)
            return EXIT_WITHOUT_RESULT
        return exit_code

    def by_force(self) -> None:
        """End the process: it was stopped, and its main thread does not see to it. For another thread."""
        self.log.line(WARN, self.stop.clean_up() if self.stop.clean_up else _CRAWL_STOPPED, always=True)
        self.with_result(_failed(Stopped(), self._spec, self.secrets), 1)
        os.kill(os.getpid(), signal.SIGKILL)

    def for_memory(self, held_bytes: int) -> None:
        """End what holds too much: the process, or the program that its main thread waits for. For another thread."""
        is_forced = self.stop.force()
        if not is_forced and not kill_below():
            return  # It publishes.
        if not self.excess:
            error = OutOfMemory(self._spec.node.name, held_bytes, self._limit_bytes or 0)
            self.excess = _failed(error, self._spec, self.secrets)
            self.log.line(ERROR, f"{error.code}: {error}", always=True)
        if is_forced:
            if self.stop.clean_up:
                self.log.line(WARN, self.stop.clean_up(), always=True)
            self.with_result(self.excess, 1)
            os.kill(os.getpid(), signal.SIGKILL)


def rehearse() -> None:
    """Touch what an attempt will touch, so that the memory of this process is its own before there is any hurry.

    Runs nothing of the user's, leaves no trace, and no query either: user code may want to fork in its turn.
    """
    job = Job(name="rehearsal", work=PythonWork(script=""))
    spec = AttemptSpec(
        key=AttemptKey(run_id=RunId(""), node_id=job_id(job.name), attempt=1),
        run_number=0,
        workflow="",
        node=job,
        connections=(),
        project_dir=os.curdir,
        catalog_path=os.devnull,
        log_path=os.devnull,
        result_path=os.devnull,
    )
    spec = from_data(AttemptSpec, json.loads(json.dumps(to_data(spec))))
    null_fd = os.open(os.devnull, os.O_WRONLY)
    secrets = Secrets()
    log = LogWriter(null_fd, secrets=secrets)
    print("rehearsal", file=LogStream(log, INFO, null_fd))
    rehearse_job(spec, job, log=log, templates=Templates(spec, secrets))
    log.info(_what_runs(spec))
    _log_end(log, AttemptResult(state=NodeState.SUCCEEDED), 0.0, was_stopped=False)
    kill_descendants(_KILL_DEADLINE_S)
    _write_result(os.devnull, AttemptResult(state=NodeState.SUCCEEDED))
    os.close(null_fd)


def _work(spec: AttemptSpec, log: LogWriter, secrets: Secrets, progress: Progress, stop: StopRequest) -> AttemptResult:
    templates = Templates(spec, secrets)
    match spec.node:
        case Job() as job:
            report = run_job(spec, job, log=log, templates=templates, progress=progress, stop=stop)
            return AttemptResult(
                state=NodeState.SKIPPED if report.skip_reason else NodeState.SUCCEEDED,
                reason=secrets.mask(report.skip_reason)[:MESSAGE_CHARS_MAX],
                rows_in=report.rows_in,
                rows_out=report.rows_out,
                bytes_in=report.bytes_in,
                bytes_out=report.bytes_out,
                tables_read=report.tables_read,
                tables_written=report.tables_written,
                table_changes=report.table_changes,
                outputs=tuple(secrets.mask(output) for output in report.outputs),
                bookmark=report.bookmark,
                properties=report.properties,
                checks=report.checks,
                exit_code=report.exit_code,
            )
        case Crawler() as crawler:
            return _crawl(spec, crawler, log, templates, progress)
        case _:
            assert_never(spec.node)


def _crawl(
    spec: AttemptSpec, crawler: Crawler, log: LogWriter, templates: Templates, progress: Progress
) -> AttemptResult:
    report = crawl(
        crawler,
        {connection.name: connection for connection in spec.connections},
        Catalog.open(spec.catalog_path),
        project_dir=Path(spec.project_dir),
        log=log.line,
        progress=progress,
        environment=templates.environment,
    )
    return AttemptResult(
        state=NodeState.SUCCEEDED,
        rows_in=report.rows,
        left_out=len(report.problems),
        bytes_in=report.size_bytes if report.files else None,
        table_changes=report.table_changes,
        outputs=tuple(
            change.table.full_name for change in report.table_changes if change.kind is not ChangeKind.UNCHANGED
        ),
    )


def _failed(error: BaseException, spec: AttemptSpec, secrets: Secrets) -> AttemptResult:
    work = spec.node.work if isinstance(spec.node, Job) else None
    query = work if isinstance(work, SqlWork) else None
    return AttemptResult(
        state=NodeState.FAILED,
        error=describe(error, Path(spec.project_dir), secrets.mask, query),
        exit_code=exit_code_of(error),
    )


def _patience_s(spec: AttemptSpec) -> float:
    is_script = isinstance(spec.node, Job) and isinstance(spec.node.work, PythonWork)
    return _SCRIPT_PATIENCE_S if is_script else _QUERY_PATIENCE_S


def _what_runs(spec: AttemptSpec) -> str:
    node = spec.node
    match node:
        case Job():
            what = f"{job_type(node)} job {node.name}"
        case Crawler():
            what = f"crawler {node.name}"
        case _:
            assert_never(node)
    trigger = f", started by {spec.started_by}" if spec.started_by else ""
    return f"{what} of {spec.workflow} #{spec.run_number}{trigger}"


def _log_end(log: LogWriter, result: AttemptResult, seconds: float, *, was_stopped: bool) -> None:
    rows = "".join(
        f", {counted(count, 'row')} {way}"
        for count, way in ((result.rows_in, "in"), (result.rows_out, "out"))
        if count is not None
    )
    end, level = str(result.state) + (f": {result.reason}" if result.reason else ""), INFO
    if result.state is NodeState.FAILED:
        # Whether the engine asked because of a stop or of the timeout, it alone knows.
        end, level = ("ended as it was asked to", WARN) if was_stopped else (end, ERROR)
    log.line(level, f"{end}{rows}, {seconds:.2f} s", always=True)


def _write_result_when_there_is_space(path: str, result: AttemptResult, log: LogWriter) -> None:
    """Wait on a full disk, as the engine does: what is published already must not count as failed, and be done again.

    A stop and the node's timeout end it all the same. Raises OSError for anything else.
    """
    while True:
        try:
            return _write_result(path, result)
        except OSError as error:
            if error.errno not in _DISK_IS_FULL:
                raise
        log.line(WARN, "no space left for the result: free disk space, it is tried again", always=True)
        time.sleep(_FULL_DISK_RETRY_S)  # Nothing tells when there is space again.


def _write_result(path: str, result: AttemptResult) -> None:
    """Write the result in one go, under its own name: what a kill cuts off is no JSON and counts for nothing.

    Not synced: a power failure loses the attempt.
    """
    try:
        data = msgspec.json.encode(result)
    except (TypeError, UnicodeEncodeError):
        # A script's text is of a class of its own, or has half of a pair, which is no character: a reader refuses it.
        text = json.dumps(to_data(result), ensure_ascii=False)
        data = _SURROGATE.sub(lambda half: f"\\\\u{ord(half[0]):04x}", text).encode()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(fd, data)
    except OSError:
        Path(path).unlink()
        raise
    finally:
        os.close(fd)


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]
