"""A command job: any program, its output line by line in the log as it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

from glue_tui.core.job import CommandWork
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.jobs.out_of_memory import killed_since, kills_so_far
from glue_tui.jobs.session import JobSession
from glue_tui.jobs.stopping import StopRequest
from glue_tui.logs.levels import INFO
from glue_tui.logs.write import pump

_LAST_LINES = 5
_DRAIN_S = 2.0
"""How long output is waited for after the program has ended: what it left behind may hold the pipe open for ever."""
_DRAIN_STOPPED_S = 0.2
"""The same after a stop, whose grace is short."""


class CommandFailed(Exception):
    """The program ended with another exit code than `success_codes`, or by a signal; `type` is the word for which."""

    def __init__(self, type: str, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.type = type
        self.exit_code = exit_code


def run_command(session: JobSession, work: CommandWork, stop: StopRequest) -> None:
    """Run the program to its end, in the attempt's own process group, so that a stop reaches all that it starts.

    A stop is the program's affair, it gets the same signal: its own end is waited for. Raises CommandFailed with the
    last lines of its output if it fails, Stopped if it ended after a stop, Skipped if its exit code says so.
    """
    where = f"jobs.{session.job.name}"
    command = [session.templates.text(word, where=f"{where}.command") for word in work.command]
    cwd = session.project_dir / session.templates.text(work.cwd, where=f"{where}.cwd")
    if not cwd.is_dir():
        raise InvalidInput(f"{where}.cwd: no folder {work.cwd}", hint="it is relative to the project folder")
    last_lines: list[str] = []
    kills_before = kills_so_far()
    stop.defer()
    stop.raise_if_asked()
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=_environment(session, work, where),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except FileNotFoundError:
        raise EntityNotFound(f"{where}.command: no program {command[0]}", hint="is it installed and on PATH?") from None
    except PermissionError:
        raise InvalidInput(
            f"{where}.command: {command[0]} may not be executed", hint=f"chmod +x {command[0]}"
        ) from None
    if stop.was_asked:
        process.terminate()  # It may have begun too late for the signal to the group.
    assert process.stdout is not None
    output_fd = process.stdout.fileno()
    pumping = threading.Thread(
        target=lambda: pump(output_fd, session.log, INFO, last_lines=last_lines, keep=_LAST_LINES), daemon=True
    )
    pumping.start()
    code = _wait(process)
    pumping.join(_DRAIN_STOPPED_S if stop.was_asked else _DRAIN_S)
    if pumping.is_alive():
        session.log.warning(
            "the program has ended, but something that it started goes on writing: killed with the attempt"
        )
    if stop.was_asked:
        session.log.info(f"the program ended {_how(code)} after it was asked to")
        stop.raise_if_asked()
    session.exit_code = code if code >= 0 else None
    if code in work.skip_codes:
        session.skip(f"exit code {code}")
    if code not in work.success_codes:
        raise _failure(code, last_lines, for_want_of_memory=code == -signal.SIGKILL and killed_since(kills_before))


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for the program. On Linux what it leaves without a parent comes to us, and may end in great number."""
    if sys.platform == "linux":
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)) and ended.si_pid != process.pid:
            os.waitpid(ended.si_pid, 0)
    return process.wait()


def _environment(session: JobSession, work: CommandWork, where: str) -> dict[str, str]:
    own = {
        name: session.templates.text(value, where=f"{where}.environment.{name}")
        for name, value in work.environment.items()
    }
    return {
        **os.environ,
        "GLUE_WORKFLOW_NAME": session.spec.workflow,
        "GLUE_RUN_ID": session.spec.key.run_id,
        "GLUE_JOB_NAME": session.job.name,
        "GLUE_PROJECT_DIR": str(session.project_dir),
        **own,
    }


def _failure(code: int, last_lines: list[str], *, for_want_of_memory: bool | None) -> CommandFailed:
    end = "".join(f"\n{line}" for line in last_lines)
    if for_want_of_memory:
        return CommandFailed("OutOfMemory", f"the system was out of memory and killed the program{end}")
    if code < 0:
        return CommandFailed("Signal", f"the program was ended by signal {-code}{end}")
    return CommandFailed("ExitCode", f"the program ended {_how(code)}{end}", code)


def _how(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"
