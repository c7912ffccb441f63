"""How the command line prints: narration, tables, JSON, and states, times and numbers as people read them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime

import click
import msgspec

from glue_tui.client.run_times import RunTimes
from glue_tui.client.terminal_notice import terminal_sequence
from glue_tui.client.words import duration, figures
from glue_tui.protocol.views import ErrorView, NodeView, RunSummary

_TONES = {"good": "green", "bad": "red", "warn": "yellow", "running": "cyan", "muted": "bright_black"}

_GLYPHS = {
    "PENDING": ("◌", "."),
    "WAITING": ("◔", "~"),
    "QUEUED": ("◔", "~"),
    "STARTING": ("◐", ">"),
    "RUNNING": ("●", "*"),
    "STOPPING": ("◑", "%"),
    "SUCCEEDED": ("✓", "+"),
    "RECOVERED": ("↺", "o"),
    "FAILED": ("✗", "x"),
    "TIMEOUT": ("✗", "x"),
    "STOPPED": ("■", "#"),
    "ERROR": ("‼", "!"),
    "SKIPPED": ("–", "-"),
    "BROKEN": ("!", "!"),
    "NEVER RUN": ("·", "."),
}
_STATE_TONES = {
    "SUCCEEDED": "good",
    "FAILED": "bad",
    "TIMEOUT": "bad",
    "ERROR": "bad",
    "RECOVERED": "warn",
    "STOPPED": "warn",
    "BROKEN": "warn",
    "WAITING": "warn",
    "QUEUED": "warn",
    "STARTING": "running",
    "RUNNING": "running",
    "STOPPING": "warn",
    "PENDING": "muted",
    "SKIPPED": "muted",
    "NEVER RUN": "muted",
}
_ASCII = str.maketrans("│├└─·—→…–⏎▁▂▃▄▅▆▇█", "||`--->~-/_.-:=+*#")


def say(text: str, *, tone: str = "") -> None:
    """Print narration: to stderr, so that stdout holds data only."""
    click.echo(paint(plain(text, sys.stderr), tone), err=True)


def ring(title: str, text: str) -> bool:
    """Tell the terminal behind stderr, by its bell and a notice; return whether there is one that can be told."""
    sequence = terminal_sequence(title, text, os.environ) if sys.stderr.isatty() else ""
    sys.stderr.write(sequence)
    sys.stderr.flush()
    return bool(sequence)


def show(text: str) -> None:
    """Print data for people: to stdout."""
    click.echo(plain(text, sys.stdout))


def show_json(data: object) -> None:
    """Print data for programs: views as they are, indented."""
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


def paint(text: str, tone: str) -> str:
    """Return the text in the colour of a tone; click takes colours away where no terminal would show them."""
    return click.style(text, fg=_TONES[tone]) if tone else text


def draws_ascii(stream: object) -> bool:
    """Return whether only ASCII may be drawn: GLUE_TUI_ASCII=1, or an encoding that has no box characters."""
    if os.environ.get("GLUE_TUI_ASCII", "") not in ("", "0"):
        return True
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        "✓│◌".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def plain(text: str, stream: object) -> str:
    """Return our own text with typographic signs replaced where only ASCII may be drawn."""
    return text.translate(_ASCII) if draws_ascii(stream) else text


def state_text(state: str) -> str:
    """Return a state as glyph, word and colour."""
    glyph = _GLYPHS.get(state, ("?", "?"))[1 if draws_ascii(sys.stdout) else 0]
    return paint(f"{glyph} {state}", tone_of(state))


def tone_of(state: str) -> str:
    """Return the tone of a state; none for a word that is no state."""
    return _STATE_TONES.get(state, "")


def run_state(summary: RunSummary) -> str:
    """Return the word for a run: its outcome once it is over, QUEUED, RUNNING or STOPPING before."""
    if summary.outcome:
        return summary.outcome
    if summary.status == "RUNNING" and summary.started_at is None:
        return "QUEUED"
    return summary.status


def bars_text(times: RunTimes) -> str:
    """Return the last runs as a line of bars, one that did not succeed as the sign of its outcome."""
    column = 1 if draws_ascii(sys.stderr) else 0
    return "".join("▁▂▃▄▅▆▇█"[bar.level - 1] if bar.level else _GLYPHS[bar.outcome][column] for bar in times.bars)


def error_text(error: ErrorView) -> str:
    """Return an error on one line: type, the first line of its message, and the user's own line of code."""
    location = f" — {harmless(error.location)}" if error.location else ""
    first = error.message.strip().partition("\n")[0]
    return f"{harmless(error.type)}: {harmless(first)}{location}"


def error_lines(error: ErrorView) -> list[str]:
    """Return an error whole: what `error_text` gives, the rest of its message, the user's line, the way out."""
    rest = error.message.strip().split("\n")[1:]
    hint = [f"Hint: {harmless(error.hint)}"] if error.hint else []
    code = [f"    {harmless(line)}" for line in error.line.splitlines()]
    return [error_text(error), *(f"  {harmless(line)}" for line in rest), *code, *hint]


def harmless(text: str) -> str:
    """Return foreign text on one line, without anything that a terminal would obey."""
    from glue_tui.logs.clean import clean

    return clean(text.replace("\r\n", "\n").replace("\n", " ⏎ "))


def node_facts(node: NodeView, *, now: float | None = None, with_reason: bool = True) -> str:
    """Return what is worth saying beside a node's state: try, time, rows, memory, processor time, exit code, reason."""
    facts: list[str] = []
    if node.attempt > 1 or (node.max_attempts > 1 and node.attempt):
        facts.append(f"try {node.attempt} of {node.max_attempts}")
    if node.started_at is not None:
        end = node.finished_at if node.finished_at is not None else (now if now is not None else time.time())
        facts.append(duration(end - node.started_at))
    facts += figures(node)
    says_code = node.state == "SKIPPED" or (node.error is not None and node.error.type == "ExitCode")
    if node.exit_code and not says_code:
        facts.append(f"exit {node.exit_code}")
    if node.warning:
        facts.append(node.warning)
    facts += node.checks
    if node.left_out:
        facts.append(f"{node.left_out} left out, as its log says")
    if node.carried_from:
        facts.append("carried over")
    elif node.reason and with_reason:
        facts.append(harmless(node.reason))
    return " · ".join(facts)


def table_text(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return an aligned table; columns listed in `right` are set to the right. Nothing is cut."""
    widths = [
        max(cell_width(headers[index]), *(cell_width(row[index]) for row in rows))
        if rows
        else cell_width(headers[index])
        for index in range(len(headers))
    ]

    def line(cells: Sequence[str]) -> str:
        parts = [
            " " * (widths[i] - cell_width(cell)) + cell if i in right else cell + " " * (widths[i] - cell_width(cell))
            for i, cell in enumerate(cells)
        ]
        return "  ".join(parts).rstrip()

    return "\n".join([paint(line(headers), "muted"), *(line(row) for row in rows)])


def cell_width(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    plain_text = click.unstyle(text)
    if plain_text.isascii():
        return len(plain_text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in plain_text)


def time_text(at: float | None, *, now: float | None = None) -> str:
    """Return a moment in local time: the time alone if it is today, else the date too."""
    if at is None:
        return "–"
    moment = datetime.fromtimestamp(at)
    today = datetime.fromtimestamp(now if now is not None else time.time()).date()
    return moment.strftime("%H:%M:%S" if moment.date() == today else "%Y-%m-%d %H:%M:%S")
