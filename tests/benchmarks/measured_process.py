"""A program from exec to exit: how long it took, and the most memory that it and all it started held at once."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from glue_tui.client.find import read_engine_file

LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    took_s: float
    peak_bytes: int


def spent(command: list[str], *, cwd: Path, deadline_s: float) -> Spent:
    """Run a program, which must succeed, and return what it took; the engine of the project in `cwd` is counted in.

    Memory is looked at ten times a second, as the shares of all processes: what several of them have in common counts
    once.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    over = threading.Event()
    peaks: list[int] = [0]

    def look() -> None:
        while not over.wait(LOOK_EVERY_S):
            peaks.append(sum(map(_share_bytes, _family(process.pid, cwd))))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        output, _ = process.communicate(timeout=deadline_s)
        took_s = time.perf_counter() - began
    finally:
        process.kill()
        process.wait()
        over.set()
        looking.join()
    assert process.returncode == 0, f"{command} ended with {process.returncode}:\n{output}"
    return Spent(took_s=took_s, peak_bytes=max(peaks))


def _family(pid: int, project_dir: Path) -> set[psutil.Process]:
    """Return the program, the engine, and all below them, each once: an engine may have been started by the program."""
    engine = read_engine_file(project_dir)
    family = set()
    for root in (pid, *([engine.pid] if engine else [])):
        with suppress(psutil.Error):
            process = psutil.Process(root)
            family |= {process, *process.children(recursive=True)}
    return family


def _share_bytes(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", memory.rss))
    return 0
