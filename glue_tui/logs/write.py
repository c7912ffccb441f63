"""Writing an attempt's log: time and level before each line, secrets masked, and a limit on the size.

A line on disk reads `2026-11-22T22:04:10.123Z INFO  text`; any other line belongs to the one above it.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
import time
from collections.abc import Iterable
from itertools import groupby
from urllib.parse import quote, quote_plus

from glue_tui.logs.levels import DEBUG, ERROR, INFO, WARN
from glue_tui.logs.structured import level_of

LOG_BYTES_MAX = 64 * 1024 * 1024
"""Log kept per attempt. A job that floods its log must not fill the disk."""
LINE_CHARS_MAX = 64 * 1024
"""A longer line is cut into pieces, so that a program that never ends a line can't fill the memory."""
SECRET_CHARS_MIN = 4
"""Shorter values are not masked: `1` would blacken every log without protecting anything."""
MASK = "***"
"""What stands in the place of a secret."""
_CHUNK_BYTES = 64 * 1024
_CONTINUATION = "    "


class Secrets:
    """Values that must not be seen, in the spellings in which they turn up: plain, quoted for a URL, by `repr`."""

    def __init__(self) -> None:
        self._spellings: tuple[str, ...] = ()

    def add(self, value: str) -> None:
        if len(value) < SECRET_CHARS_MIN:
            return
        spellings = {*self._spellings, value, quote(value, safe=""), quote_plus(value), repr(value)[1:-1]}
        self._spellings = tuple(sorted(spellings, key=lambda text: (-len(text), text)))

    def mask(self, text: str) -> str:
        """Return `text` with every secret replaced by MASK."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, MASK)
        return text


class LogWriter:
    """Writes lines to a log file open for appending. Any thread may call it.

    A full disk costs lines of the log and no more: a job does not fail because it says something. How many lines were
    lost is told as soon as there is room again.
    """

    def __init__(self, fd: int, *, secrets: Secrets | None = None, bytes_max: int = LOG_BYTES_MAX) -> None:
        self._fd = fd
        self.secrets = secrets or Secrets()
        self._bytes_max = bytes_max
        self._bytes = 0
        self._lock = threading.Lock()
        self._is_full = False
        self._lost = 0

    def info(self, text: object) -> None:
        self.line(INFO, str(text))

    def warning(self, text: object) -> None:
        self.line(WARN, str(text))

    def error(self, text: object) -> None:
        self.line(ERROR, str(text))

    def debug(self, text: object) -> None:
        self.line(DEBUG, str(text))

    def line(self, level: str, text: str, *, always: bool = False) -> None:
        """Write one entry; further lines of `text` follow indented. `always` writes past the limit: how it ended."""
        self.lines(level, (text,), always=always)

    def lines(self, level: str, texts: Iterable[str], *, always: bool = False) -> None:
        """Write several entries of the same moment in one piece."""
        head = f"{_timestamp()} {level:<5} "
        data = "".join(_entry(head, self.secrets.mask(text)) for text in texts).encode("utf-8", "backslashreplace")
        with self._lock:
            if not always and not self._has_room(len(data)):
                return
            self._bytes += len(data)
            self._write(data)

    def printed(self, level: str, lines: Iterable[str]) -> None:
        """Write lines that a program printed; one of JSON that says its level has that level."""
        for own_level, group in groupby(lines, key=lambda line: level_of(line, level)):
            self.lines(own_level, group)

    def _has_room(self, length: int) -> bool:
        if self._is_full:
            return False
        if self._bytes + length <= self._bytes_max:
            return True
        self._is_full = True
        text = f"log limit of {self._bytes_max:,} bytes reached: further output of this attempt is not kept"
        self._write(f"{_timestamp()} {WARN:<5} {text}\n".encode())
        return False

    def _write(self, data: bytes) -> None:
        try:
            if self._lost:
                text = f"{counted(self._lost, 'line')} of this log could not be written"
                write_all(self._fd, f"{_timestamp()} {WARN:<5} {text}\n".encode())
                self._lost = 0
            write_all(self._fd, data)
        except OSError:
            self._lost += data.count(b"\n")


class LogStream(io.TextIOBase):
    """Stands for `sys.stdout` or `sys.stderr`: what is printed becomes lines of the log.

    A carriage return starts its line afresh, as on a terminal, so that a progress bar leaves its last state only.
    Each thread has its own unfinished line.
    """

    def __init__(self, writer: LogWriter, level: str, fd: int) -> None:
        self._writer = writer
        self._level = level
        self._fd = fd
        self._unfinished: dict[int, str] = {}
        self._buffer = _LogBytes(self)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"

    @property
    def buffer(self) -> io.RawIOBase:
        return self._buffer

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._fd

    def write(self, text: str) -> int:
        thread = threading.get_ident()
        whole, rest = split_lines(self._unfinished.pop(thread, "") + text)
        if whole:
            self._writer.printed(self._level, whole)
        if rest:
            self._unfinished[thread] = rest
        return len(text)

    def finish(self) -> None:
        """Write the lines that nobody ended."""
        unfinished, self._unfinished = self._unfinished, {}
        for text in unfinished.values():
            self._writer.printed(self._level, [_after_return(text)])


class _LogBytes(io.RawIOBase):
    """The `buffer` of a LogStream, for scripts that write bytes."""

    def __init__(self, stream: LogStream) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raw = bytes(memoryview(data))  # type: ignore[arg-type]
        self._stream.write(raw.decode("utf-8", "backslashreplace"))
        return len(raw)


def pump(fd: int, writer: LogWriter, level: str = INFO, *, last_lines: list[str] | None = None, keep: int = 10) -> None:
    """Copy what a child program writes into `fd` to the log, line by line as it comes, until all its writers are gone.

    `last_lines` receives the `keep` last lines that are not blank.
    """
    unfinished = b""
    while data := os.read(fd, _CHUNK_BYTES):
        head, newline, tail = (unfinished + data).rpartition(b"\n")
        if newline:
            whole, _ = split_lines((head + newline).decode("utf-8", "backslashreplace"))
        elif len(tail) > LINE_CHARS_MAX:
            whole, tail = [tail.decode("utf-8", "backslashreplace")], b""
        else:
            whole = []
        unfinished = tail
        _pass_on(whole, writer, level, last_lines, keep)
    if unfinished:
        text = _after_return(unfinished.decode("utf-8", "backslashreplace"))
        _pass_on([text], writer, level, last_lines, keep)


def append_line(path: str, level: str, text: str) -> None:
    """Write one entry to the log of a process that is gone. Where that can't be done, the line is missing, no more."""
    with contextlib.suppress(OSError), open(path, "ab", buffering=0) as file:
        LogWriter(file.fileno()).line(level, text, always=True)


def counted(count: int, word: str) -> str:
    """Return `1 row`, `12,345 rows`: numbers as a log says them."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def split_lines(text: str) -> tuple[list[str], str]:
    """Return the whole lines of `text` and what follows the last line feed."""
    *whole, rest = text.split("\n")
    lines = [_after_return(line) for line in whole]
    if len(rest) > LINE_CHARS_MAX:
        lines.append(rest)
        rest = ""
    elif "\r" in rest:
        rest = _after_return(rest) + "\r" * rest.endswith("\r")
    return lines, rest


def _pass_on(lines: list[str], writer: LogWriter, level: str, last_lines: list[str] | None, keep: int) -> None:
    if not lines:
        return
    writer.printed(level, lines)
    if last_lines is not None:
        last_lines.extend(line for line in lines if line.strip())
        del last_lines[:-keep]


def _after_return(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]


def _entry(head: str, text: str) -> str:
    if "\n" not in text:
        return f"{head}{text}\n"
    first, *others = text.rstrip("\n").split("\n")
    return f"{head}{first}\n" + "".join(f"{_CONTINUATION}{line}\n" for line in others)


def _timestamp() -> str:
    milliseconds = time.time_ns() // 1_000_000
    seconds, rest = divmod(milliseconds, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03d}Z"


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`, in several calls where one does not take it. Raises OSError."""
    while data:
        data = data[os.write(fd, data) :]
