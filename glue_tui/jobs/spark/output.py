"""What Spark's driver prints, as lines of the log and as progress."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Callable

from glue_tui.jobs.spark.java_trace import goes_on, is_others, left_out
from glue_tui.logs.levels import DEBUG, ERROR, INFO, WARN
from glue_tui.logs.write import LINE_CHARS_MAX, LogWriter

_LOG4J = re.compile(r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d (TRACE|DEBUG|INFO|WARN|ERROR|FATAL) (.*)")
"""As Spark's own pattern writes them."""
_LEVELS = {"TRACE": DEBUG, "DEBUG": DEBUG, "INFO": INFO, "WARN": WARN, "ERROR": ERROR, "FATAL": ERROR}
_RANKS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
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
_NOISY_ENTRIES = (
    "NativeCodeLoader:",
    "jline:",
    "SparkConf: Note that spark.local.dir",
    "Utils: Your hostname",
    "Utils: Set SPARK_LOCAL_IP",
    "MetricsSystem: Stopping a MetricsSystem that is not running",
)
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
        """The last lines that were passed on; of stack traces the causes."""
        with self._lock:
            return tuple(self._last)

    def pump(self, fd: int, level: str) -> None:
        """Copy what comes out of a pipe until all its writers are gone; plain lines have the level `level`."""
        lines = _Lines(self, level)
        unfinished = b""
        while data := os.read(fd, _CHUNK_BYTES):
            *whole, unfinished = re.split(rb"[\r\n]", unfinished + data)
            if len(unfinished) > LINE_CHARS_MAX:
                whole.append(unfinished)
                unfinished = b""
            for line in whole:
                lines.take(line.decode("utf-8", "backslashreplace"))
        if unfinished:
            lines.take(unfinished.decode("utf-8", "backslashreplace"))
        lines.end_trace()

    def progress(self, done: int, tasks: int) -> None:
        """Show how many tasks of Spark's stages are done."""
        if self.shows_stages:
            self._progress(done, tasks)

    def entry(self, level: str, text: str) -> None:
        """Pass on the first line of an entry."""
        self._log.line(level, text)
        with self._lock:
            self._last.append(text)

    def trace(self, level: str, text: str) -> None:
        """Pass on a line of a stack trace."""
        self._log.line(level, text)
        if text.startswith("Caused by: "):
            with self._lock:
                self._last.append(text)

    def is_wanted(self, level: str) -> bool:
        """Say whether entries of Spark's own log at this level are passed on."""
        return _RANKS.index(level) >= self._rank

    @property
    def has_whole_traces(self) -> bool:
        """Of somebody who wants to know more of Spark than it says by default."""
        return self._rank < _RANKS.index(LOG_LEVEL)


class _Lines:
    """The lines of one pipe, one after the other."""

    def __init__(self, output: DriverOutput, level: str) -> None:
        self._output = output
        self._plain_level = level
        self._level: str | None = level
        """Of the entry that goes on; None: it is held back."""
        self._left_out = 0

    def take(self, text: str) -> None:
        if stages := _STAGE.findall(text):
            self._output.progress(sum(int(done) for done, _ in stages), sum(int(tasks) for _, tasks in stages))
            return
        plain = text.strip()
        if plain in ("", *_BANNER) or plain.startswith((_BANNER_END, *_NOISE)):
            return
        if goes_on(text):
            if self._level is None:
                return
            if is_others(text) and not self._output.has_whole_traces:
                self._left_out += 1
            else:
                self._output.trace(self._level, text)
            return
        self.end_trace()
        found = _LOG4J.fullmatch(text)
        if found is None:
            self._level = self._plain_level
        elif not self._output.is_wanted(found[1]) or found[2].startswith(_NOISY_ENTRIES):
            self._level = None
            return
        else:
            self._level, text = _LEVELS[found[1]], found[2]
        self._output.entry(self._level, text)

    def end_trace(self) -> None:
        """Say how much of a trace was left out."""
        if self._left_out and self._level is not None:
            self._output.trace(self._level, f"\t{left_out(self._left_out)}")
        self._left_out = 0
