"""The words of a notification: the definition's own templates, or ours, which fit a telephone."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from glue_tui.core.lengths import duration
from glue_tui.core.model import Notification
from glue_tui.core.states import Occasion
from glue_tui.jobs.templates import TextTemplates
from glue_tui.notify.facts import FAILED_SHOWN_MAX, Facts

TITLE_CHARS_MAX = 200
MESSAGE_CHARS_MAX = 8000
"""Some services take less and cut it themselves."""
_SHOW_LOGS = (Occasion.FAILED, Occasion.RECOVERED, Occasion.ERROR, Occasion.DELAYED)
_CAN_RETRY = (Occasion.FAILED, Occasion.RECOVERED, Occasion.ERROR, Occasion.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    title: str
    """One line."""
    message: str


def words_of(notification: Notification, facts: Facts, templates: TextTemplates, where: str) -> Words:
    """Return what to say. Raises InvalidInput for a template that can't be filled in; `where` names its place."""
    title = templates.text(notification.title, where=f"{where}: title") if notification.title else own_title(facts)
    message = (
        templates.text(notification.message, where=f"{where}: message") if notification.message else own_message(facts)
    )
    title = " ".join(title.split())
    return Words(title=_cut(title, TITLE_CHARS_MAX), message=_cut(message.strip(), MESSAGE_CHARS_MAX))


def own_title(facts: Facts) -> str:
    """Return e.g. `daily_sales FAILED (run 12)`."""
    return f"{facts.workflow} {facts.occasion} (run {facts.run_number})"


def own_message(facts: Facts) -> str:
    """Return what failed and why, how long it took, and the commands that show more and try again."""
    lines: list[str] = []
    failed = facts.failed if facts.occasion is not Occasion.DELAYED else ()
    for node in failed[:FAILED_SHOWN_MAX]:
        lines += [str(node), *(f"  {line}" for line in node.last_lines)]
        lines += [f"  Hint: {node.hint}"] if node.hint else []
    if (more := len(failed) - FAILED_SHOWN_MAX) > 0:
        lines.append(f"and {more} more")
    if facts.reason:
        lines.append(facts.reason)
    took = "for" if facts.finished_at is None else "took"
    lines.append(f"{took} {duration(facts.duration_s)}, started by {facts.trigger}")
    commands = [facts.logs] if facts.occasion in _SHOW_LOGS else []
    commands += [facts.retry] if facts.occasion in _CAN_RETRY else []
    lines += [" · ".join(commands)] if commands else []
    lines.append(f"{Path(facts.project_dir).name} on {socket.gethostname()}")
    return "\n".join(lines)


def _cut(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"
