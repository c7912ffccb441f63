"""Find the engine of a project, or start one as a detached process and wait until it says hello."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
from pathlib import Path

from glue_tui.client.find import engine_log, is_lock_held, read_engine_file, state_dir
from glue_tui.client.socket import SocketClient
from glue_tui.core.problem import EngineUnavailable

CONNECT_TIMEOUT_S = 20.0
"""Long enough for an engine that first has to recover many unfinished runs."""
NO_ENGINE_EXIT_CODE = 3
"""How an engine ends that finds another one holding the lock, or a state that it can't open."""
_LAUNCHES_MAX = 3
"""So many engines that give up at once are not a race for the lock any more."""
_POLL_S = 0.01
"""Between two looks for the socket of an engine that is starting: there is nothing to wait on before it exists."""
_LOG_LINES_IN_ERROR = 8


async def connect(project_dir: Path, *, start: bool = True, timeout_s: float = CONNECT_TIMEOUT_S) -> SocketClient:
    """Return a client of the project's engine; start one where none runs, unless `start` is False.

    However many clients do this at once, one engine remains: the lock decides. Raises EngineUnavailable.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + timeout_s
    engine: subprocess.Popen[bytes] | None = None
    has_started = False
    launches = 0
    log_offset = 0
    while True:
        client = await _open(project_dir)
        if client is not None:
            client.started_engine = has_started
            return client
        if engine is None and not is_lock_held(project_dir):
            if not start:
                raise EngineUnavailable("no engine runs for this project", hint="`glue-tui engine start` starts one")
            log_offset = _size_bytes(engine_log(project_dir))
            engine = start_engine(project_dir)
            has_started = True
            launches += 1
        exit_code = engine.poll() if engine is not None else None
        if exit_code == NO_ENGINE_EXIT_CODE and (launches < _LAUNCHES_MAX or is_lock_held(project_dir)):
            # Another engine has the lock: wait for that one to listen, or to be gone.
            engine, has_started = None, False
        elif exit_code is not None:
            raise EngineUnavailable(
                f"the engine ended with exit code {exit_code} while it started"
                + _log_tail(engine_log(project_dir), log_offset),
                hint=f"whole log: {engine_log(project_dir)}; `glue-tui engine run` starts it in this terminal",
            )
        if clock() >= deadline:
            raise _no_answer(project_dir, timeout_s)
        await asyncio.sleep(_POLL_S)


async def connect_again(project_dir: Path, *, timeout_s: float = CONNECT_TIMEOUT_S) -> SocketClient:
    """Return a client after a connection was lost: of the engine that runs, or of a new one if the last one died.

    An engine that was stopped stays stopped: it takes its `engine.json` away, one that dies leaves it behind.
    """
    try:
        return await connect(project_dir, start=False, timeout_s=timeout_s)
    except EngineUnavailable:
        if is_lock_held(project_dir) or read_engine_file(project_dir) is None:
            raise
    return await connect(project_dir, timeout_s=timeout_s)


def engine_command(project_dir: Path) -> list[str]:
    """Return the command line of a project's engine. `-P`: the user's folder must not shadow modules of ours."""
    return [sys.executable, "-P", "-m", "glue_tui.engine", "--project", str(project_dir)]


def start_engine(project_dir: Path) -> subprocess.Popen[bytes]:
    """Start an engine in a session of its own, so that no terminal's end and no Ctrl-C reaches it."""
    try:
        state_dir(project_dir).mkdir(exist_ok=True)
        with open(engine_log(project_dir), "ab") as log:
            engine = subprocess.Popen(
                engine_command(project_dir),
                cwd=project_dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as error:
        raise EngineUnavailable(
            f"the engine can't be started: {error}", hint=f"is {state_dir(project_dir)} writable?"
        ) from error
    # A screen outlives engines: whoever starts one must also take its exit code, or it stays behind as a zombie.
    threading.Thread(target=engine.wait, name="glue-tui engine reaper", daemon=True).start()
    return engine


async def _open(project_dir: Path) -> SocketClient | None:
    file = read_engine_file(project_dir)
    if file is None:
        return None
    with contextlib.suppress(OSError):
        return await SocketClient.open(Path(file.socket))
    return None


def _no_answer(project_dir: Path, timeout_s: float) -> EngineUnavailable:
    file = read_engine_file(project_dir)
    pid = f" (pid {file.pid})" if file is not None else ""
    return EngineUnavailable(
        f"the engine{pid} lives but has not answered for {timeout_s:.0f} s",
        hint=f"its log: {engine_log(project_dir)}; `glue-tui engine stop` ends it",
    )


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _log_tail(path: Path, offset: int) -> str:
    """Return what this start wrote to the log, its last lines only, to be put after an error's first line."""
    try:
        with open(path, "rb") as log:
            log.seek(offset)
            lines = log.read().decode(errors="replace").splitlines()[-_LOG_LINES_IN_ERROR:]
    except OSError:
        return ""
    return "".join(f"\n  {line}" for line in lines)
