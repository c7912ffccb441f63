"""Log files from end to end: their last lines, following one, several as one by time; for the command line."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from glue_tui.logs.read import STAMP_BYTES, LogFile, parse

FOLLOW_WAIT_S = 0.2


def tail(path: str | Path, count: int) -> list[str]:
    """Return the last lines of a file, clean; nothing if it does not exist."""
    log = LogFile(path)
    try:
        while log.poll() and log.is_behind:
            pass
        return log.lines(max(0, log.line_count - count), count)
    finally:
        log.close()


def follow(path: str | Path, stop: Callable[[], bool], *, count: int = 10) -> Iterator[str]:
    """Yield the last `count` lines, then every new line once it is whole, until `stop()` says so.

    The rest of the file is yielded before the end, an unfinished last line too.
    """
    log = LogFile(path)
    try:
        while log.poll() and log.is_behind:
            pass
        line, generation = max(0, log.line_count - count), log.generation
        while True:
            stopping = stop()
            log.poll()
            if log.generation != generation:
                line, generation = 0, log.generation
            whole = log.line_count if stopping and not log.is_behind else log.ended_line_count
            while line < whole:
                new = log.lines(line, min(500, whole - line))
                yield from new
                line += max(1, len(new))
            if stopping and not log.is_behind:
                return
            if not log.is_behind:
                time.sleep(FOLLOW_WAIT_S)
    finally:
        log.close()


def merged(paths: Iterable[str | Path]) -> Iterator[tuple[str, str]]:
    """Yield (path, line) of several files ordered by time; a raw line stays behind the line that it follows."""
    for _, path, line in heapq.merge(*(_stamped(path) for path in paths), key=lambda item: item[0]):
        yield path, line


def _stamped(path: str | Path) -> Iterator[tuple[str, str, str]]:
    log = LogFile(path)
    stamp = ""
    try:
        while log.poll() and log.is_behind:
            pass
        for start in range(0, log.line_count, 500):
            for line in log.lines(start, 500):
                if parse(line).at is not None:
                    stamp = line[:STAMP_BYTES]
                yield stamp, str(path), line
    finally:
        log.close()
