"""A real pseudo-terminal with a program in it: press keys, read the screen as a person would."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

DEADLINE_S = 30.0
KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
}
UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")
"""Private sequences on which pyte stumbles; none of them draws anything."""


class Terminal:
    """Runs `command` in a terminal of `columns` by `rows`; a context manager that leaves no process behind."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        columns: int = 120,
        rows: int = 36,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._status: int | None = None
        self.written = b""
        """All that the program has written, as it is."""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                variables = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
                # The size is the terminal's, not that of the one the tests were started in.
                inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
                os.execvpe(command[0], list(command), {**inherited, **variables, **(environment or {})})
            finally:
                os._exit(127)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)

    def press(self, *keys: str) -> None:
        """Send keys by name (`enter`, `escape`, `tab`, `up` …) or as they are."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode())
            # A key right behind Escape would be taken for Alt and that key.
            self.read(0.2 if key == "escape" else 0.02)

    def read(self, seconds: float = 0.0) -> str:
        """Take what the program wrote, for so long, and return the screen."""
        end = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self._fd], [], [], max(end - time.monotonic(), 0))
            if not ready:
                return self.text
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return self.text  # The program is gone and its terminal with it.
            if not data:
                return self.text
            self.written += data
            self._answer(data)
            self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", data))

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, *texts: str, deadline_s: float = DEADLINE_S) -> str:
        """Wait until all texts are on screen and return it."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            if all(text in self.read(0.05) for text in texts):
                return self.text
        raise AssertionError(f"{texts} never came on screen:\n{self.text}")

    def wait_for_end(self, deadline_s: float = DEADLINE_S) -> int:
        """Wait until the program ended by itself and return its exit code."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            self.read(0.02)
            code = self.poll()
            if code is not None:
                return code
        raise AssertionError(f"the program did not end:\n{self.text}")

    def poll(self) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size, as a person does with the mouse."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Close the line as a lost connection does."""
        os.kill(self.pid, signal.SIGHUP)

    def _answer(self, data: bytes) -> None:
        """A modern terminal answers when it is asked for synchronized output."""
        for _ in range(data.count(b"\x1b[?2026$p")):
            os.write(self._fd, b"\x1b[?2026;2$y")
