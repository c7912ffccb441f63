"""What Spark's driver prints, as lines of the log and as progress."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Callable

from glue_tui.logs.write import DEBUG, ERROR, INFO, LINE_CHARS_MAX, WARN, LogWriter

_LOG4J = re.compile(r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d (TRACE|DEBUG|INFO|WARN|ERROR|FATAL) (.*)")
"""As Spark's own pattern writes them."""
_LEVELS = {"TRACE": DEBUG, "DEBUG": DEBUG, "INFO": INFO, "WARN": WARN, "ERROR": ERROR, "FATAL": ERROR}
_RANKS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_CONTINUES = re.compile(r"\tat |\s*\.\.\. \d+ more|Caused by: |\s+at [\w.$]+[\w$<>]+\(")
"""Lines of a Java stack trace: they belong to the entry above."""
_STAGE = re.compile(r"\[Stage \d+:[=> ]*\((\d+) \+ \d+\) / (\d+)\]")
"""Spark's progress bar: tasks done, tasks at work, all tasks of a stage that is at work."""
_NOISE = (
    "Picked up ",
    "NOTE: Picked up ",
    "WARNING: Using incubator modules",
    "Using Spark's default log4j profile",
    "Setting default log level to",
    "Setting Spark log level to",
    "To adjust logging level use",
    "Spark context available as",
    "Spark session available as",
    "Spark context Web UI available at",
    "Type in expressions to have them evaluated",
    "Type :help for more information",
    "Using Scala version",
)
"""What every start says, and nobody needs to know."""
_NOISY_ENTRIES = ("NativeCodeLoader:", "jline:", "SparkConf: Note that spark.local.dir")
"""Loggers that warn on nearly every machine, of nothing that matters, and warnings of what is meant."""
_BANNER = ("Welcome to", "____              __", "/ __/__  ___ _____/ /__", "_\\ \\/ _ \\/ _ `/ __/  '_/", "/_/")
"""Spark's name as the Scala shell draws it."""
_BANNER_END = "/___/ .__/\\_,_/_/ /_/\\_\\   version"
_CHUNK_BYTES = 64 * 1024
_LAST_LINES = 12
LOG_LEVEL = "WARN"
"""Of Spark itself, where `spark.log.level` says no other: at INFO it writes hundreds of lines a second."""


class DriverOutput:
    """Passes on what the driver writes. Safe to be called from one thread for each pipe."""

    def __init__(self, log: LogWriter, progress: Callable[[float, float], None], *, level: str = LOG_LEVEL) -> None:
        """`level`: entries of Spark's own log below it are held back."""
        self._log = log
        self._progress = progress
        self._rank = _RANKS.index(level) if level in _RANKS else 0
        self._lock = threading.Lock()
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self.shows_stages = True
        """Not where the program itself says how far it is."""

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines that were passed on, without those of stack traces."""
        with self._lock:
            return tuple(self._last)

    def pump(self, fd: int, level: str) -> None:
        """Copy what comes out of a pipe until all its writers are gone; plain lines have the level `level`."""
        unfinished = b""
        entry_level: str | None = level
        while data := os.read(fd, _CHUNK_BYTES):
            *whole, unfinished = re.split(rb"[\r\n]", unfinished + data)
            if len(unfinished) > LINE_CHARS_MAX:
                whole.append(unfinished)
                unfinished = b""
            for line in whole:
                entry_level = self.line(line.decode("utf-8", "backslashreplace"), level, entry_level)
        if unfinished:
            self.line(unfinished.decode("utf-8", "backslashreplace"), level, entry_level)

    def line(self, text: str, level: str, entry_level: str | None) -> str | None:
        """Take one line and return the level of the entry that it belongs to, None of one that is held back.

        `level` is that of plain lines; `entry_level` what this method returned for the line above.
        """
        if stages := _STAGE.findall(text):
            if self.shows_stages:
                self._progress(sum(int(done) for done, _ in stages), sum(int(tasks) for _, tasks in stages))
            return entry_level
        plain = text.strip()
        if plain in ("", *_BANNER) or plain.startswith((_BANNER_END, *_NOISE)):
            return entry_level
        if _CONTINUES.match(text):
            if entry_level is not None:
                self._log.line(entry_level, text)
            return entry_level
        found = _LOG4J.fullmatch(text)
        if found is None:
            entry_level = level
        elif _RANKS.index(found[1]) < self._rank or found[2].startswith(_NOISY_ENTRIES):
            return None
        else:
            entry_level, text = _LEVELS[found[1]], found[2]
        self._log.line(entry_level, text)
        with self._lock:
            self._last.append(text)
        return entry_level
