"""Which news of the feed the terminal rings for: each run that ends as its definition says, once a screen. Pure."""

from __future__ import annotations

from glue_tui.client.terminal_notice import delay_notice, run_notice
from glue_tui.core.states import Occasion
from glue_tui.protocol.views import FeedMessage, RunChanged, RunOpened, RunView
from glue_tui.tui.model import UiModel, is_over, node_in


def notices(before: UiModel, message: FeedMessage, after: UiModel) -> tuple[tuple[str, str], ...]:
    """Return titles and texts to ring for. A Snapshot never rings: what it tells may have been told long ago."""
    match message:
        case RunOpened(run=RunView(summary=summary)) | RunChanged(summary=summary):
            pass
        case _:
            return ()
    old, new = before.runs.get(summary.run_id), after.runs.get(summary.run_id)
    if new is None or (isinstance(message, RunChanged) and old is None):
        return ()
    found: list[tuple[str, str]] = []
    if summary.outcome in summary.rings_on and is_over(new) and (old is None or not is_over(old)):
        found.append(run_notice(new))
    if Occasion.DELAYED in summary.rings_on and isinstance(message, RunChanged):
        for node in message.nodes:
            known = node_in(old, node.node_id)
            if node.warning and known is not None and not known.warning:
                found.append(delay_notice(summary, node.name, node.warning))
    return tuple(found)
