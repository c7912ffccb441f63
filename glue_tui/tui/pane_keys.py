"""The keys that only one pane takes, for its help. The panes obey them themselves; a test compares."""

from __future__ import annotations

LOGS: tuple[tuple[str, str], ...] = (
    ("/", "find; n the next, N the one before; Esc lets go"),
    ("n N", "next and previous hit"),
    ("&", "show only lines that match; with ! in front, those that do not"),
    ("e E", "next and previous error"),
    ("G", "to the end, and follow"),
    ("< >", "the log before, the next one"),
    ("v", "choose lines; y copies them"),
    ("y", "copy what is chosen, or what is on screen"),
    ("S", "save the log as shown to a file"),
    ("z", "wrap all long lines, or only those of errors"),
)
VIEW: tuple[tuple[str, str], ...] = (
    ("h j k l", "pick the next node along the edges"),
    ("PgDn", "scroll a picture that is too big; PgUp back"),
)
OF_PANE: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {"logs": ("logs", LOGS), "view": ("graph", VIEW)}
"""By pane: what it is called, and its keys."""
