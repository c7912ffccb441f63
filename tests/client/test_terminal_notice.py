"""What a terminal is told, by what it is; and that no name of anybody's gets anything past it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.client.terminal_notice import terminal_sequence

OSC_9 = "\x1b]9;glue-tui: daily FAILED: run 7\x07"
OSC_777 = "\x1b]777;notify;daily FAILED;run 7\x07"
BELL = "\x07"


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"TERM": "xterm-256color"}, OSC_9 + BELL),
        ({"TERM": "xterm-kitty"}, OSC_9 + BELL),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, OSC_777 + BELL),
        ({"TERM": "foot"}, OSC_777 + BELL),
        ({"TERM": "rxvt-unicode-256color"}, OSC_777 + BELL),
        ({"TERM": "linux"}, BELL),
        ({"TERM": "screen.xterm-256color"}, BELL),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, f"\x1bPtmux;\x1b{OSC_9}\x1b\\" + BELL),
        ({"TERM": "screen", "TMUX": "/tmp/tmux-0/default,1,0"}, f"\x1bPtmux;\x1b{OSC_9}\x1b\\" + BELL),
        ({"TERM": "dumb"}, ""),
        ({}, ""),
        ({"TERM": "xterm-256color", "GLUE_TUI_QUIET": "1"}, ""),
        ({"TERM": "xterm-256color", "GLUE_TUI_QUIET": "0"}, OSC_9 + BELL),
    ],
)
def test_each_terminal_is_told_in_its_way(environment: dict[str, str], told: str) -> None:
    assert terminal_sequence("daily FAILED", "run 7", environment) == told


@given(st.text(), st.text(), st.sampled_from(["xterm", "foot"]))
def test_no_text_ends_the_sequence_or_begins_another(title: str, text: str, term: str) -> None:
    sequence = terminal_sequence(title + "\x1b]0;owned\x07\x9c\x1b\\", text, {"TERM": term})
    body = sequence.removeprefix("\x1b]").removesuffix("\x07\x07")
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in body)
    assert body.count(";") == (1 if term == "xterm" else 3)
