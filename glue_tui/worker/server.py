"""The fork server: one process that has everything imported and makes a child of itself for every attempt.

Nothing here may ever run a query: a fork after polars has started its threads hangs the child without a word. It is
single-threaded for the same reason. When its standard input ends, the engine is gone and so is every attempt.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import select
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec
import psutil

from glue_tui.core.attempt import EXIT_WITHOUT_RESULT, AttemptKey, AttemptSpec
from glue_tui.core.codec import from_data
from glue_tui.core.model import NodeId, RunId
from glue_tui.jobs.out_of_memory import killed_since, kills_so_far
from glue_tui.protocol.worker import (
    Answer,
    Exited,
    Ready,
    Started,
    decode_head,
    decode_start,
    encode_answer,
)
from glue_tui.worker.descendants import adopt_orphans, child_pids, kill_descendants, kill_group, kill_tree
from glue_tui.worker.lifeline import die_with
from glue_tui.worker.progress import RSS_UNIT_BYTES, ProgressPipe
from glue_tui.worker.stop_signal import StopListener

RunAttempt = Callable[[AttemptSpec, ProgressPipe, StopListener], int]

_READ_BYTES = 256 * 1024
_SPARES_MAX = 2
"""Children made ahead: one may be taken while the other is still being made."""
_END_DEADLINE_S = 3.0
"""Shorter than the engine waits for this process to end."""


def main() -> None:
    """Serve until standard input ends."""
    gc.disable()  # All that is imported now stays: looking for garbage among it costs a fifth of the start.
    from glue_tui.worker.attempt import rehearse, run_attempt

    requests_fd, answers_fd = _take_over_pipes()
    faulthandler.enable(2)  # For the children: a fault in native code names the script's line in their logs.
    rehearse()  # Fills caches that every child then has.
    gc.freeze()
    gc.enable()
    ForkServer(requests_fd, answers_fd, run_attempt, rehearse).serve()


@dataclass(frozen=True, slots=True)
class _Spare:
    """A child that is made already and waits for its attempt: a fork costs most of what starting an attempt costs."""

    pid: int
    process_started_at: float
    spec_fd: int
    """It reads its spec from the other end, up to the end of the pipe."""
    own_session_fd: int
    """Ends when the child leads a process group of its own."""

    def is_waiting(self) -> bool:
        """Tell whether nobody has killed it; returns once it leads its own group, without which it can't be killed."""
        os.read(self.own_session_fd, 1)
        poll = select.poll()
        poll.register(self.spec_fd, 0)
        return not poll.poll(0)

    def begin(self, line: bytes) -> None:
        with contextlib.suppress(BrokenPipeError), open(self.spec_fd, "wb", closefd=False) as pipe:
            pipe.write(line)
        self.close()

    def close(self) -> None:
        os.close(self.spec_fd)
        os.close(self.own_session_fd)


class ForkServer:
    """Starts attempts as they are asked for on one pipe and tells on the other what became of them."""

    def __init__(
        self, requests_fd: int, answers_fd: int, run_attempt: RunAttempt, rehearse: Callable[[], None]
    ) -> None:
        self._requests_fd = requests_fd
        self._answers_fd = answers_fd
        self._run_attempt = run_attempt
        self._rehearse = rehearse
        self._spares: deque[_Spare] = deque()
        self._spares_wanted = _SPARES_MAX
        self._memory_kills = kills_so_far()
        self._keys: dict[int, AttemptKey] = {}
        self._request_bytes = b""
        self._outbox: deque[bytes] = deque()
        self._wake_r, self._wake_w = os.pipe()
        self._lifeline_r, self._lifeline_w = os.pipe()
        """The write end is this process's alone: children see it hang up when this process is gone."""

    def serve(self) -> None:
        """Answer requests until the engine's end of the pipe is closed, then kill every attempt."""
        for fd in (self._answers_fd, self._wake_r, self._wake_w):
            os.set_blocking(fd, False)
        adopt_orphans()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)
        try:
            self._tell(Ready())
            while self._turn():
                pass
        except BrokenPipeError:
            pass
        finally:
            self._kill_all()

    def _turn(self) -> bool:
        lacks_spare = len(self._spares) < self._spares_wanted
        readable, writable, _ = select.select(
            [self._requests_fd, self._wake_r],
            [self._answers_fd] if self._outbox else [],
            [],
            0 if lacks_spare else None,
        )
        if lacks_spare and not readable and not writable:
            self._make_spare()
        if self._wake_r in readable:
            os.read(self._wake_r, _READ_BYTES)
            self._reap()
        if self._requests_fd in readable:
            data = os.read(self._requests_fd, _READ_BYTES)
            if not data:
                return False
            *lines, self._request_bytes = (self._request_bytes + data).split(b"\n")
            for line in lines:
                self._start(line)
        self._flush()
        return True

    def _start(self, line: bytes) -> None:
        try:
            head = decode_head(line).spec
        except msgspec.MsgspecError as error:
            self._tell(Exited(key=_key_in(line), reason=f"the request to start does not fit: {error}"))
            return
        try:
            child = self._next_child()
        except OSError as error:
            self._tell(Exited(key=head.key, reason=f"no process could be started: {error}"))
            return
        self._keys[child.pid] = head.key
        child.begin(line)
        self._tell(Started(key=head.key, pid=child.pid, process_started_at=child.process_started_at))
        self._spares_wanted = _SPARES_MAX

    def _next_child(self) -> _Spare:
        """Return a child that waits for its attempt, a new one if there is none. Raises OSError."""
        while self._spares:
            spare = self._spares.popleft()
            if spare.is_waiting():
                return spare
            spare.close()
        new = self._fork()
        new.is_waiting()
        return new

    def _make_spare(self) -> None:
        """Have one more child ready. Without any the next attempt only takes longer to start."""
        if not self._keys:
            self._memory_kills = kills_so_far()
        try:
            self._spares.append(self._fork())
        except OSError:
            self._spares_wanted = 0

    def _fork(self) -> _Spare:
        own_session_r, own_session_w = os.pipe()
        spec_r, spec_w = os.pipe()
        try:
            pid = os.fork()
            if pid == 0:
                os.close(spec_w)
                self._be_child(spec_r, own_session_w)
        except OSError:
            os.close(spec_w)
            os.close(own_session_r)
            raise
        finally:
            os.close(own_session_w)
            os.close(spec_r)
        return _Spare(pid, _started_at(pid), spec_w, own_session_r)

    def _be_child(self, spec_r: int, own_session_w: int) -> NoReturn:
        exit_code = EXIT_WITHOUT_RESULT
        try:
            signal.set_wakeup_fd(-1)
            os.setsid()
            os.close(own_session_w)
            adopt_orphans()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for fd in (self._lifeline_w, self._wake_r, self._wake_w):
                os.close(fd)
            for other in self._spares:
                other.close()  # It waits for the end of its pipe, which must not be held open here.
            die_with(self._requests_fd, self._lifeline_r)
            self._rehearse()
            listener = StopListener()
            with open(spec_r, "rb") as pipe:
                line = pipe.read()
            if not line:
                os._exit(0)
            head = decode_head(line).spec
            pipe_to_engine = ProgressPipe(self._answers_fd, head.key)
            try:
                _log_to(head.log_path)
            except OSError as error:
                pipe_to_engine.not_begun(f"the log can't be written: {error}")
                os._exit(EXIT_WITHOUT_RESULT)
            spec: AttemptSpec = from_data(AttemptSpec, decode_start(line).spec)
            exit_code = self._run_attempt(spec, pipe_to_engine, listener)
            if exit_code >= 0:
                pipe_to_engine.finished(exit_code)
        except BaseException:
            # Only our own mistakes come here, and standard error is the log by now or our parent's.
            import traceback

            os.write(2, traceback.format_exc().encode("utf-8", "backslashreplace"))
        finally:
            if exit_code < 0:
                signal.signal(-exit_code, signal.SIG_DFL)
                os.kill(os.getpid(), -exit_code)
            os._exit(exit_code)

    def _reap(self) -> None:
        while (ended := _next_ended()) is not None:
            # Looked at before it is reaped: its pid can't be given to another process yet, so that what is left of
            # its group can be killed without hitting a stranger.
            kill_group(ended)
            pid, status, usage = os.wait4(ended, 0)
            for spare in [one for one in self._spares if one.pid == pid]:
                spare.close()
                self._spares.remove(spare)
                self._spares_wanted = 0  # Whatever ended it may end the next one too: none until somebody needs it.
            key = self._keys.pop(pid, None)
            if key is None:
                continue
            code = os.waitstatus_to_exitcode(status)
            self._tell(
                Exited(
                    key=key,
                    exit_code=code if code >= 0 else None,
                    signal=-code if code < 0 else None,
                    out_of_memory=self._was_out_of_memory(code),
                    peak_memory_bytes=usage.ru_maxrss * RSS_UNIT_BYTES,
                    cpu_s=round(usage.ru_utime + usage.ru_stime, 3),
                )
            )
        self._kill_orphans()

    def _was_out_of_memory(self, code: int) -> bool | None:
        if code != -signal.SIGKILL:
            return False
        is_known = killed_since(self._memory_kills)
        if is_known and self._memory_kills is not None:
            self._memory_kills += 1  # The next one may be another worker of ours.
        return is_known

    def _kill_orphans(self) -> None:
        """Kill what came to this process because its worker is dead; its end brings the next ones, if there are any."""
        own = {*self._keys, *(spare.pid for spare in self._spares)}
        for pid in child_pids():
            if pid not in own:
                kill_tree(pid)

    def _tell(self, answer: Answer) -> None:
        self._outbox.append(encode_answer(answer))
        self._flush()

    def _flush(self) -> None:
        while self._outbox:
            try:
                # All of a line or nothing: lines are short enough, and children write theirs into the same pipe.
                os.write(self._answers_fd, self._outbox[0])
            except BlockingIOError:
                return
            self._outbox.popleft()

    def _kill_all(self) -> None:
        for pid in child_pids():
            kill_tree(pid)
        kill_descendants(_END_DEADLINE_S)


def _key_in(line: bytes) -> AttemptKey:
    """Return the key in a request that does not fit, empty if even that is missing."""
    with contextlib.suppress(msgspec.MsgspecError):
        return msgspec.convert(decode_start(line).spec.get("key"), AttemptKey)
    return AttemptKey(run_id=RunId(""), node_id=NodeId(""), attempt=0)


def _next_ended() -> int | None:
    """Return a child that ended and was not waited for."""
    try:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return ended.si_pid if ended else None


def _started_at(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _log_to(path: str) -> None:
    """Let standard output and standard error be the log from now on. Raises OSError."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    log_fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for target in (1, 2):
        os.dup2(log_fd, target)
    os.close(log_fd)


def _take_over_pipes() -> tuple[int, int]:
    """Return the engine's pipes under other numbers; a stray print of some library then lands on standard error."""
    requests_fd, answers_fd = os.dup(0), os.dup(1)
    null_fd = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null_fd, 0)
    os.close(null_fd)
    os.dup2(2, 1)
    return requests_fd, answers_fd
