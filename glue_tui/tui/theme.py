"""Colours and glyphs of the screen, chosen once at start: `Look`. Nothing here knows what a workflow is.

A `tone` is the meaning of a colour (`good`, `bad`, `muted`). Under `NO_COLOR` a tone keeps its weight (bold, dim,
reverse) and loses its colour; with `GLUE_TUI_ASCII=1` every glyph comes from ASCII.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style

BACKGROUND = "#16161e"
BAR = "#24283b"

TONES: dict[str, str] = {
    "text": "#c0caf5",
    "strong": "bold #dde4ff",
    "muted": "#737aa2",
    "faint": "#3b4261",
    "accent": "#7aa2f7",
    "accent_strong": "bold #7aa2f7",
    "running": "#7dcfff",
    "good": "#9ece6a",
    "bad": "#f7768e",
    "bad_strong": "bold #f7768e",
    "warn": "#e0af68",
    "trigger": "#bb9af7",
    "link": "underline #7dcfff",
    "badge": f"bold {BACKGROUND} on #7aa2f7",
    "supposed": f"bold {BACKGROUND} on #e0af68",
    "bar": f"on {BAR}",
    "cursor": "on #33394f",
    "cursor_idle": "on #232738",
    "caret": f"{BACKGROUND} on #c0caf5",
    "key": "bold #e0af68",
}

TONES_WITHOUT_COLOUR: dict[str, str] = {
    "text": "",
    "strong": "bold",
    "muted": "",
    "faint": "dim",
    "accent": "bold",
    "accent_strong": "bold",
    "running": "bold",
    "good": "",
    "bad": "bold",
    "bad_strong": "bold",
    "warn": "bold",
    "trigger": "",
    "link": "underline",
    "badge": "bold reverse",
    "supposed": "bold reverse",
    "bar": "",
    "cursor": "reverse",
    "cursor_idle": "underline",
    "caret": "reverse",
    "key": "bold",
}

OWN_GROUND = frozenset({"badge", "caret", "supposed"})
"""Tones that keep their background wherever they stand."""

GLYPHS: dict[str, str] = {
    "pending": "◌",
    "waiting": "◔",
    "starting": "◐",
    "running": "●",
    "stopping": "◑",
    "succeeded": "✓",
    "recovered": "↺",
    "failed": "✗",
    "timeout": "✗",
    "stopped": "■",
    "error": "‼",
    "skipped": "–",
    "never_run": "·",
    "broken": "!",
    "paused": "‖",
    "scheduled": "◷",
    "event": "≋",
    "conditional": "∧",
    "conditional_any": "∨",
    "on_demand": "▷",
    "open": "▾",
    "closed": "▸",
    "branch": "│",
    "last": "╰",
    "engine": "●",
    "engine_lost": "○",
    "crumb": "›",
    "bar_full": "━",
    "bar_empty": "─",
    "bar_wait": "┄",
    "bar_usual": "╋",
    "critical": "◆",
    "top_left": "╭",
    "top_right": "╮",
    "bottom_left": "╰",
    "bottom_right": "╯",
    "horizontal": "─",
    "vertical": "│",
    "thumb": "┃",
    "cut": "…",
    "above": "▲",
    "below": "▼",
    "dot": "·",
    "tick": "✓",
    "cross": "✗",
    "marked": "◆",
    **{f"level_{level}": bar for level, bar in enumerate("▁▂▃▄▅▆▇█", 1)},
}

ASCII_GLYPHS: dict[str, str] = {
    "pending": ".",
    "waiting": "~",
    "starting": ">",
    "running": "*",
    "stopping": "%",
    "succeeded": "+",
    "recovered": "o",
    "failed": "x",
    "timeout": "x",
    "stopped": "#",
    "error": "!",
    "skipped": "-",
    "never_run": ".",
    "broken": "!",
    "paused": "|",
    "scheduled": "@",
    "event": "~",
    "conditional": "&",
    "conditional_any": "|",
    "on_demand": ">",
    "open": "v",
    "closed": ">",
    "branch": "|",
    "last": "`",
    "engine": "*",
    "engine_lost": "o",
    "crumb": ">",
    "bar_full": "#",
    "bar_empty": "-",
    "bar_wait": ".",
    "bar_usual": "|",
    "critical": "=",
    "top_left": "+",
    "top_right": "+",
    "bottom_left": "+",
    "bottom_right": "+",
    "horizontal": "-",
    "vertical": "|",
    "thumb": "#",
    "cut": "~",
    "above": "^",
    "below": "v",
    "dot": "-",
    "tick": "+",
    "cross": "x",
    "marked": "=",
    **{f"level_{level}": bar for level, bar in enumerate("_.-:=+*#", 1)},
}

_TO_ASCII = str.maketrans(
    {
        "·": "-",
        "│": "|",
        "↑": "^",
        "↓": "v",
        "←": "<",
        "›": ">",
        "…": "~",
        "⏎": "/",
        "–": "-",
        "—": "-",
        "→": ">",
        "≤": "<",
        "×": "x",
        "“": '"',
        "”": '"',
    }
)


@dataclass(frozen=True, slots=True)
class Look:
    """How the screen is drawn: with or without colour, with or without glyphs beyond ASCII."""

    has_colour: bool = True
    is_ascii: bool = False

    def style(self, tone: str) -> Style:
        """Return the style of a tone; tones joined by `+` are laid over each other."""
        return _style(tone, self.has_colour)

    def glyph(self, name: str) -> str:
        """Return a glyph of one cell."""
        return (ASCII_GLYPHS if self.is_ascii else GLYPHS)[name]

    def plain(self, text: str) -> str:
        """Return our own text with its typographic signs replaced where only ASCII may be drawn."""
        return text.translate(_TO_ASCII) if self.is_ascii else text


def look_for(environ: Mapping[str, str]) -> Look:
    """Return the look that the environment asks for: NO_COLOR (set to anything) and GLUE_TUI_ASCII=1."""
    return Look(has_colour="NO_COLOR" not in environ, is_ascii=environ.get("GLUE_TUI_ASCII", "") not in ("", "0"))


@lru_cache(maxsize=256)
def _style(tone: str, has_colour: bool) -> Style:
    table = TONES if has_colour else TONES_WITHOUT_COLOUR
    ground = [Style.parse(f"on {BACKGROUND}")] if has_colour else [Style.null()]
    return Style.combine([*ground, *(Style.parse(table[part]) for part in tone.split("+") if table[part])])
