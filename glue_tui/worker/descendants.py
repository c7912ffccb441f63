"""The processes below this one, also those that left its group and session: nothing of an attempt may outlive it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS_MAX = 10
_POLL_S = 0.005
_PYTHONS_OWN = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
"""Processes that Python starts beside a script's: nobody wants to be told of them."""

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def adopt_orphans() -> None:
    """Become the parent of every process below whose own parent ends; without it they would go to the system's first.

    Only Linux can do this. A child that is forked does not inherit it.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def child_pids() -> list[int]:
    """Return the processes whose parent this one is, those that ended and were not waited for as well."""
    try:
        lists = [file.read_text() for file in Path("/proc/self/task").glob("*/children")]
    except OSError:
        lists = []
    if lists:
        return [int(pid) for text in lists for pid in text.split()]
    return [process.pid for process in psutil.Process().children()]


def kill_group(pid: int) -> None:
    """Kill what is left of a process group, if there is one of that number."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def kill_tree(pid: int) -> None:
    """Kill a child of this process with its group and all that is below it."""
    below: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        below = psutil.Process(pid).children(recursive=True)
    kill_group(pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
    for process in below:
        with contextlib.suppress(psutil.Error):
            process.kill()


def die_with_all() -> None:
    """Kill this process's own group, and all that is below it.

    Nobody dies before all stand still: else new ones would be missed, and another thread of this process would see its
    program die and report that as the program's failure.
    """
    try:
        for pid in _standing_still():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(pid) != os.getpgid(0):
                    os.kill(pid, signal.SIGKILL)
    finally:
        os.killpg(0, signal.SIGKILL)


def kill_below() -> bool:
    """Kill all that is below this process and tell whether there was anything; whoever waits for it sees its end."""
    below = _standing_still()
    for pid in below:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return bool(below)


def _standing_still() -> set[int]:
    """Halt all that is below this process, also what is forked meanwhile, and return it."""
    still: set[int] = set()
    for _ in range(_ROUNDS_MAX):
        moving = {process.pid for process in psutil.Process().children(recursive=True)} - still
        if not moving:
            break
        for pid in moving:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGSTOP)
        still |= moving
    return still


def kill_descendants(deadline_s: float) -> list[str]:
    """Kill and reap all that is below this process, and return who was alive: `sleep (1234)`.

    Gives up after `deadline_s`: there are processes that can't be killed just now, or not by us.
    """
    give_up_s = time.monotonic() + deadline_s
    killed: dict[int, str] = {}
    while _has_children():
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and not _is_pythons_own(process):
                    killed.setdefault(process.pid, f"{process.name()} ({process.pid})")
                process.kill()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if time.monotonic() > give_up_s:
            break
        time.sleep(_POLL_S)
    return list(killed.values())


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _is_pythons_own(process: psutil.Process) -> bool:
    command = " ".join(process.cmdline())
    return any(name in command for name in _PYTHONS_OWN)
