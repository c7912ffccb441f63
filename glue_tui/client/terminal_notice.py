"""Telling a terminal that a run ended: the bell, and the sequence by which terminals pop up a notice. Pure.

OSC 9 (`ESC ] 9 ; text`) is understood by iTerm2, kitty, WezTerm, Ghostty and others, OSC 777
(`ESC ] 777 ; notify ; title ; text`) by urxvt, foot and those built on VTE. Terminals that know neither ignore them.
"""

from __future__ import annotations

from collections.abc import Mapping

from glue_tui.logs.clean import clean
from glue_tui.protocol.views import RunSummary, RunView

QUIET_VARIABLE = "GLUE_TUI_QUIET"
BELL = "\x07"
TEXT_CHARS_MAX = 200
_KNOWS_777 = ("foot", "rxvt")
"""How `TERM` begins there; VTE says so by a variable of its own."""
_BELL_ONLY = ("linux", "screen", "cons", "vt")
"""Consoles that might print what they don't understand, and GNU screen, which keeps it to itself."""


def terminal_sequence(title: str, text: str, environment: Mapping[str, str]) -> str:
    """Return what to write to the terminal of this environment; nothing where it is to stay quiet, or is dumb.

    In tmux it goes through to the terminal outside, if tmux is told to let it (`set -g allow-passthrough on`).
    """
    term = environment.get("TERM", "")
    if environment.get(QUIET_VARIABLE, "") not in ("", "0") or term in ("", "dumb", "unknown"):
        return ""
    in_tmux = bool(environment.get("TMUX"))
    if not in_tmux and term.startswith(_BELL_ONLY):
        return BELL
    if environment.get("VTE_VERSION") or term.startswith(_KNOWS_777):
        notice = f"\x1b]777;notify;{_harmless(title)};{_harmless(text)}\x07"
    else:
        # With a word in front: some terminals take `4;…` for another command.
        notice = f"\x1b]9;{_harmless(f'glue-tui: {title}: {text}' if text else f'glue-tui: {title}')}\x07"
    if in_tmux:
        doubled = notice.replace("\x1b", "\x1b\x1b")
        notice = f"\x1bPtmux;{doubled}\x1b\\"
    return notice + BELL


def run_notice(run: RunView) -> tuple[str, str]:
    """Return title and text about a run that has ended: `daily_sales FAILED`, `run 12: clean_sales ValueError: …`."""
    summary = run.summary
    return f"{summary.workflow} {summary.outcome}", f"run {summary.number}{_why(run)}"


def delay_notice(summary: RunSummary, node_name: str, warning: str) -> tuple[str, str]:
    """Return title and text about a job that takes long."""
    return f"{summary.workflow} DELAYED", f"run {summary.number}: {node_name} {warning}"


def _why(run: RunView) -> str:
    for node in run.nodes:
        if node.error is not None and node.name in run.summary.failed_nodes:
            first = node.error.message.strip().partition("\n")[0]
            return f": {node.name} {node.error.type}: {first}"
    failed = ", ".join(run.summary.failed_nodes)
    return f": {failed} failed" if failed else ""


def _harmless(text: str) -> str:
    """Return foreign text that ends no sequence and begins none; `;` separates the parts of one."""
    return clean(" ".join(text.split())).replace(";", ",")[:TEXT_CHARS_MAX]
