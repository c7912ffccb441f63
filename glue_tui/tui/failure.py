"""A failed node in few lines: where, then the way out, then what happened. Pure."""

from __future__ import annotations

from rich.cells import cell_len

from glue_tui.protocol.views import NodeView, RunView
from glue_tui.tui.paint import Span, Spans, wrap_spans
from glue_tui.tui.theme import Look

FAILED = ("FAILED", "TIMEOUT", "ERROR")
MESSAGE_ROWS_MAX = 2
"""A longer message is cut here; the log has all of it."""
PATH_CELLS_MIN = 12


def failed_nodes(run: RunView | None) -> tuple[NodeView, ...]:
    """Return the nodes that failed in a run, in its order."""
    return tuple(node for node in run.nodes if node.state in FAILED) if run is not None else ()


def failure_lines(node: NodeView, look: Look, width: int, rows: int) -> list[Spans]:
    """Return `✗ node  file:line`, the hint and the message. Where and hint stand in the first two of `rows`.

    With one row only they share it; what is short enough shares it anyway.
    """
    error = node.error
    head: list[Span] = [(f"{look.glyph('failed')} {node.name}", "bad_strong")]
    if error is None:
        return [(*head, (f"  {node.reason}", "text"))] if node.reason else [tuple(head)]
    used = 2 + cell_len(node.name) + 2
    hint = error.hint
    is_beside = bool(hint) and used + cell_len(error.location) + 3 + cell_len(hint) <= width
    room = width - used
    if hint and rows == 1 and not is_beside:
        room, is_beside = max(PATH_CELLS_MIN, room - cell_len(hint) - 3), True
    if error.location:
        head += [("  ", ""), (cut_left(error.location, room, look), "link")]
    if is_beside:
        head += [("   ", ""), (hint, "warn")]
    message: Spans = ((f"{error.type}: ", "bad"), (error.message.split("\n")[0], "text"))
    lines: list[Spans] = [tuple(head)]
    if hint and not is_beside:
        lines.append(((hint, "warn"),))
    if rows <= len(lines) + 1:
        return [*lines, message]
    return [*lines, *wrap_spans(message, width)[:MESSAGE_ROWS_MAX]]


def cut_left(text: str, width: int, look: Look) -> str:
    """Return the end of a path in at most `width` cells: its file and line tell most."""
    if cell_len(text) <= width:
        return text
    kept = text
    while kept and cell_len(kept) > width - 1:
        kept = kept[1:]
    return look.glyph("cut") + kept
