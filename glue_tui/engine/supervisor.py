"""Worker processes: started and stopped as the kernel wants, their ends reported back. Knows no rules.

Workers are children of a fork server (`python -m glue_tui.worker`) that has polars imported. All of them hold the
fence: a lock that a new engine must get before it starts anything, so that no worker of a dead engine is still at work.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from glue_tui.core.attempt import AttemptKey, AttemptResult, AttemptSpec
from glue_tui.core.stimuli import WorkerExited, WorkerLost, WorkerStarted
from glue_tui.core.wanted import Command, StartWorker, StopWorker
from glue_tui.engine.fork_servers import ForkServers
from glue_tui.logs.levels import ERROR
from glue_tui.logs.write import append_line
from glue_tui.protocol.worker import Answer, Exited, Finished, Progress, Ready, Started, decode_answer, encode_start

RESTART_PAUSE_S = 1.0
"""Before a fork server that died is started again."""
END_TIMEOUT_S = 5.0
"""Longer than a fork server takes to end all its workers."""
_decode_result = msgspec.json.Decoder(AttemptResult).decode

Report = WorkerStarted | WorkerExited | WorkerLost


@dataclass(slots=True)
class _Worker:
    result_path: str
    log_path: str
    pid: int | None = None
    was_termed: bool = False
    was_killed: bool = False
    has_finished: bool = False
    """Its end is reported."""
    has_exited: bool = False
    """Its process is gone. It is remembered until the kernel has heard of its end: it must not start once more."""
    told_early: Finished | None = None
    """It was done before the fork server came to say that it had started."""


class _AnswerPipe(asyncio.Protocol):
    """What the fork server says, line by line."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self.ended = asyncio.Event()
        self._hear = hear
        self._bytes = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._bytes = (self._bytes + data).split(b"\n")
        for line in lines:
            self._hear(line)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()


class Supervisor:
    """Keeps the fork server running and the workers as wanted. Everything happens on the event loop."""

    def __init__(
        self,
        *,
        fork_servers: ForkServers,
        spec_of: Callable[[AttemptKey], AttemptSpec],
        report: Callable[[Report], None],
        progress: Callable[[AttemptKey, float], None],
        note: Callable[[str], None],
    ) -> None:
        self._fork_servers = fork_servers
        self._spec_of = spec_of
        self._report = report
        self._progress = progress
        self._note = note
        self._workers: dict[AttemptKey, _Worker] = {}
        self._server: subprocess.Popen[bytes] | None = None
        self._requests: asyncio.WriteTransport | None = None
        """To the fork server; None while there is none."""
        self._wanted: tuple[Command, ...] = ()

    async def run(self) -> None:
        """Keep a fork server alive until cancelled; then close it, which ends every worker."""
        try:
            while True:
                try:
                    self._server = server = self._fork_servers.next()
                except OSError as error:
                    self._note(f"no process that starts workers could be started: {error}; trying again")
                    await asyncio.sleep(RESTART_PAUSE_S)
                    continue
                answers = _AnswerPipe(self._hear)
                loop = asyncio.get_running_loop()
                await loop.connect_read_pipe(lambda: answers, server.stdout)  # noqa: B023
                self._requests, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, server.stdin)
                self.reconcile(self._wanted)
                await answers.ended.wait()
                self._hang_up()
                exit_code = await asyncio.to_thread(server.wait)
                self._note(f"the fork server ended with {exit_code}; starting another")
                self._server = None
                self._declare_all_lost("the process that starts workers died")
                await asyncio.sleep(RESTART_PAUSE_S)
        finally:
            await self._close()

    def reconcile(self, wanted: Iterable[Command]) -> None:
        """Bring the workers to what is wanted; one that nobody wants is killed."""
        self._wanted = tuple(wanted)
        if self._requests is None:
            return
        keys: set[AttemptKey] = set()
        for command in self._wanted:
            match command:
                case StartWorker(key=key):
                    keys.add(key)
                    if key not in self._workers:
                        self._start(key)
                case StopWorker(key=key, is_kill=is_kill):
                    keys.add(key)
                    self._stop(key, is_kill)
                case _:
                    pass
        for key in [key for key in self._workers if key not in keys]:
            if self._workers[key].has_exited:
                del self._workers[key]
            elif not self._workers[key].has_finished:
                self._stop(key, is_kill=True)

    # The fork server

    def _hear(self, line: bytes) -> None:
        try:
            self._take(decode_answer(line))
        except Exception as error:
            # One line that can't be taken in must not cost the ones after it.
            self._note(f"the fork server's {line[:200]!r} can't be taken in: {error!r}")

    def _take(self, answer: Answer) -> None:
        match answer:
            case Ready():
                self._note("the fork server is ready")
            case Started():
                self._started(answer)
            case Progress(key=key, fraction=fraction):
                self._progress(key, fraction)
            case Finished():
                self._finished(answer)
            case Exited():
                self._exited(answer)

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        self._hang_up()
        ending = asyncio.create_task(asyncio.to_thread(server.wait))
        await asyncio.wait({ending}, timeout=END_TIMEOUT_S)
        if not ending.done():
            server.kill()
            await ending
        for worker in self._workers.values():
            _kill_group(worker.pid)

    def _hang_up(self) -> None:
        requests, self._requests = self._requests, None
        # The loop may have seen by itself that nobody reads any more; a transport that is closed can't be aborted.
        if requests is not None and not requests.is_closing():
            requests.abort()

    # Workers

    def _start(self, key: AttemptKey) -> None:
        assert self._requests is not None
        spec = self._spec_of(key)
        self._workers[key] = _Worker(result_path=spec.result_path, log_path=spec.log_path)
        self._requests.write(encode_start(spec))

    def _stop(self, key: AttemptKey, is_kill: bool) -> None:
        worker = self._workers.get(key)
        if worker is None:
            self._report(WorkerLost(key=key, reason="it had not begun"))
            return
        if worker.pid is None:
            return  # It is gone, or its start is on the way and the next reconciliation stops it.
        if is_kill and not worker.was_killed:
            worker.was_killed = True
            _kill_tree(worker.pid)
        elif not is_kill and not worker.was_termed:
            worker.was_termed = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(worker.pid, signal.SIGTERM)

    def _started(self, answer: Started) -> None:
        worker = self._workers.get(answer.key)
        if worker is None or worker.has_exited:
            _kill_group(answer.pid)
            return
        worker.pid = answer.pid
        self._report(WorkerStarted(key=answer.key, pid=answer.pid, process_started_at=answer.process_started_at))
        if worker.told_early is not None:
            self._finished(worker.told_early)

    def _finished(self, answer: Finished) -> None:
        worker = self._workers.get(answer.key)
        result = read_result(worker.result_path) if worker else None
        if worker is None or worker.has_finished or result is None:
            return
        if worker.pid is None:
            worker.told_early = answer
            return
        worker.has_finished = True
        self._report(
            WorkerExited(
                key=answer.key,
                result=result,
                exit_code=answer.exit_code,
                peak_memory_bytes=answer.peak_memory_bytes,
            )
        )

    def _exited(self, answer: Exited) -> None:
        worker = self._workers.get(answer.key)
        if worker is None:
            return
        worker.has_exited, worker.pid = True, None
        if worker.has_finished:
            return
        worker.has_finished = True
        if answer.exit_code is None and answer.signal is None:
            self._report(WorkerLost(key=answer.key, reason=answer.reason))
            return
        result = read_result(worker.result_path)
        if result is None and answer.signal is not None:
            append_line(worker.log_path, ERROR, _how_it_was_killed(worker, answer))
        self._report(
            WorkerExited(
                key=answer.key,
                result=result,
                exit_code=answer.exit_code,
                signal=answer.signal,
                out_of_memory=answer.out_of_memory,
                peak_memory_bytes=answer.peak_memory_bytes,
                cpu_s=answer.cpu_s,
            )
        )

    def _declare_all_lost(self, reason: str) -> None:
        for key, worker in self._workers.items():
            _kill_group(worker.pid)
            if worker.has_finished:
                continue
            result = read_result(worker.result_path)
            if result is not None:
                self._report(WorkerExited(key=key, result=result))
            else:
                self._report(WorkerLost(key=key, reason=reason))
        self._workers.clear()
        # Until the kernel has heard of it: the next fork server must not start the lost attempts once more.
        self._wanted = ()


def _how_it_was_killed(worker: _Worker, answer: Exited) -> str:
    """Return the last words of a log whose worker could not say them."""
    if worker.was_killed:
        return "killed by the engine" + (": it had been asked to end, and went on" if worker.was_termed else "")
    if answer.out_of_memory:
        return "killed by the system, which was out of memory"
    return f"the worker was ended by signal {answer.signal}"


def read_result(path: str) -> AttemptResult | None:
    """Return what a worker left as its last act; None if it never came to that."""
    try:
        return _decode_result(Path(path).read_bytes())
    except (OSError, msgspec.MsgspecError, ValueError):
        return None


def _kill_group(pid: int | None) -> None:
    if pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _kill_tree(pid: int) -> None:
    """Kill a worker's process group, and those descendants that left it."""
    descendants: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        descendants = psutil.Process(pid).children(recursive=True)
    _kill_group(pid)
    for process in descendants:
        with contextlib.suppress(psutil.Error):
            process.kill()
