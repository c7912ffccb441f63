"""What the differ leaves on a real terminal is, cell for cell, what plain Textual leaves there."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import pytest

from tests.terminal import DEADLINE_S, Terminal

PROGRAM = Path(__file__).parent / "still_program.py"
KEYS = (*"jjjjkkhlGgg1234vvVV+-?:w", "tab", "tab", "escape", "escape", "enter", "down", "right", "left")
SIZES = ((120, 36), (80, 24), (56, 20), (40, 10), (200, 50), (101, 17))
ROUNDS = 12


def seen(terminal: Terminal) -> list[list[tuple[object, ...]]]:
    """Return what a person sees of each cell: on a blank, no foreground."""
    shown = []
    for y in range(terminal.screen.lines):
        row = [terminal.screen.buffer[y][x] for x in range(terminal.screen.columns)]
        shown.append(
            [(" ", one.bg) if one.data == " " and not one.underscore and not one.reverse else one for one in row]
        )
    return shown


def wait_for_the_same(ours: Terminal, plain: Terminal, after: object) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        ours.read(0.1)
        plain.read(0.1)
        if seen(ours) == seen(plain):
            return
        assert time.monotonic() < deadline, f"after {after}, ours:\n{ours.text}\n\nplain:\n{plain.text}"


@pytest.mark.parametrize("seed", [1, 2])
def test_random_keys_and_resizes_leave_the_picture_of_plain_textual(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    command = [sys.executable, str(PROGRAM)]
    with (
        Terminal(command, cwd=tmp_path) as ours,
        Terminal(command, cwd=tmp_path, environment={"GLUE_TUI_PLAIN_DISPLAY": "1"}) as plain,
    ):
        for terminal in (ours, plain):
            terminal.wait_for("daily_sales")
        wait_for_the_same(ours, plain, "the start")
        for _ in range(ROUNDS):
            if chance.random() < 0.3:
                step: tuple[object, ...] = chance.choice(SIZES)
                for terminal in (ours, plain):
                    terminal.resize(*step)
            else:
                step = tuple(chance.choices(KEYS, k=5))
                for terminal in (ours, plain):
                    terminal.press(*step)
            wait_for_the_same(ours, plain, step)
