"""For benchmarks of watched folders: files that appear whole, and what watchfiles alone takes to tell of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

import watchfiles

TEXT = "store,amount\nnorth,12.50\n"
_NUMBERS = count()


def fill(folder: Path, files: int) -> None:
    """Put so many files into a new folder."""
    folder.mkdir(parents=True)
    for number in range(files):
        (folder / f"there-{number}.csv").write_text(TEXT)


def finished_files(beside: Path, files: int) -> list[Path]:
    """Write so many files whole in a folder beside the one that they shall appear in; return their paths."""
    outside = beside.parent / f"outside-{next(_NUMBERS)}"
    outside.mkdir()
    paths = [outside / f"{next(_NUMBERS)}.csv" for _ in range(files)]
    for path in paths:
        path.write_text(TEXT)
    return paths


def rename_into(folder: Path, paths: Sequence[Path]) -> float:
    """Let files appear whole in `folder`, one right after the other; return when the first did."""
    began = time.time()
    for path in paths:
        path.rename(folder / path.name)
    return began


def deliver(folder: Path) -> float:
    """Write a file under a passing name and rename it, as programs do; return when it got its name."""
    number = next(_NUMBERS)
    passing = folder / f".{number}.csv"
    passing.write_text(TEXT)
    at = time.time()
    passing.rename(folder / f"{number}.csv")
    return at


def first_line_at(project_dir: Path, run_id: str, job: str = "first") -> float:
    """Return the time that stands before the first line of the log of a run's job, to a millisecond."""
    line = (project_dir / ".glue_tui" / "runs" / run_id / f"job.{job}.1.log").read_text().split(" ", 1)[0]
    return datetime.fromisoformat(line).timestamp()


def watchfiles_s(folder: Path, files: int = 1, *, step_ms: int = 50, debounce_ms: int = 1600) -> float:
    """Return how long a watcher that does nothing else takes to tell of files that appear, all of them.

    By default it gathers changes as watchfiles does of itself.
    """
    ends: list[float] = []
    is_watching, is_over = threading.Event(), threading.Event()

    def look() -> None:
        told: set[str] = set()
        # It yields for nothing, too, after a first pause: then it is certain that it watches.
        watch = watchfiles.watch(
            folder,
            step=step_ms,
            debounce=debounce_ms,
            rust_timeout=100,
            yield_on_timeout=True,
            stop_event=is_over,
        )
        for changes in watch:
            is_watching.set()
            told.update(path for _, path in changes)
            if len(told) >= files:
                ends.append(time.time())
                return

    paths = finished_files(folder, files)
    thread = threading.Thread(target=look)
    thread.start()
    assert is_watching.wait(10)
    began = rename_into(folder, paths)
    thread.join(30)
    is_over.set()
    return ends[0] - began
