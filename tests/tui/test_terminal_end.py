"""How the screen ends in a real terminal: left, told to end, hung up."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "terminal_program.py"
DEADLINE_S = 30.0
LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"


class Terminal:
    """A pseudo-terminal of 80×24 with the screen in it."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        environment = {**os.environ, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.output = b""

    def read_until(self, wanted: bytes) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while wanted not in self.output:
            assert time.monotonic() < deadline, self.output[-2000:]
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.output += os.read(self.master, 65536)
                except OSError:
                    break
        assert wanted in self.output

    def drain(self) -> None:
        """Read until the program is gone."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            if not select.select([self.master], [], [], 0.1)[0]:
                if self.process.poll() is not None:
                    return
                continue
            try:
                chunk = os.read(self.master, 65536)
            except OSError:
                return
            if not chunk:
                return
            self.output += chunk

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.master >= 0:
            os.close(self.master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    try:
        terminal.read_until(b"Workflows")
        yield terminal
    finally:
        terminal.close()


def test_q_restores_the_terminal_and_says_how_things_stand(terminal: Terminal) -> None:
    terminal.read_until(b"daily_sales")
    os.write(terminal.master, b"q")
    terminal.drain()
    assert terminal.process.wait(DEADLINE_S) == 0
    assert LEAVES_ALTERNATE_SCREEN in terminal.output
    said = terminal.output.split(LEAVES_ALTERNATE_SCREEN)[-1]
    assert b"the engine goes on" in said
    assert b"glue-tui engine stop" in said


def test_sigterm_restores_the_terminal_and_ends_with_143(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGTERM)
    terminal.drain()
    assert terminal.process.wait(DEADLINE_S) == 143
    assert LEAVES_ALTERNATE_SCREEN in terminal.output


def test_sighup_ends_with_129(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGHUP)
    terminal.drain()
    assert terminal.process.wait(DEADLINE_S) == 129


def test_a_terminal_that_goes_away_ends_the_screen(terminal: Terminal) -> None:
    os.close(terminal.master)
    terminal.master = -1
    assert terminal.process.wait(DEADLINE_S) == 129
