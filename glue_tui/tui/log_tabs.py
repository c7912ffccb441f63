"""Which logs the log pane offers for a run, and which of them is up. Pure."""

from __future__ import annotations

from glue_tui.protocol.views import NodeView, RunView
from glue_tui.tui.widgets.log_book import ALL, LogBook, LogTab


def log_tabs(run: RunView | None, node_id: str) -> tuple[LogTab, ...]:
    """Return one tab per node that has a log, in the run's order; every attempt of the selected node."""
    tabs: list[LogTab] = []
    for node in run.nodes if run else ():
        attempts = [attempt for attempt in node.attempts if attempt.log_path]
        for attempt in attempts if node.node_id == node_id else attempts[-1:]:
            label = f"{node.name} try {attempt.attempt}" if len(attempts) > 1 else node.name
            has_started = attempt.started_at is not None
            tabs.append(LogTab(label=label, path=attempt.log_path, has_started=has_started, node=node.node_id))
    return tuple(tabs)


def tabs_of_all_tries(run: RunView | None) -> tuple[LogTab, ...]:
    """Return one tab per attempt of every node, in the run's order."""
    nodes = run.nodes if run else ()
    return tuple(tab for node in nodes for tab in log_tabs(run, node.node_id) if tab.node == node.node_id)


def second_tab(tabs: tuple[LogTab, ...], book: LogBook) -> int:
    """Return the index of the log that is up in a book, also of another run; else of the merged log."""
    label = book.labels[book.active] if book.tabs else ""
    same = next((index for index, tab in enumerate(tabs) if tab.path == book.key), None)
    return next((index for index, tab in enumerate(tabs) if tab.label == label), len(tabs)) if same is None else same


def tab_beside(tabs: tuple[LogTab, ...], book: LogBook) -> int:
    """Return the index of what is worth seeing beside a log: the try before it, else the merged log; else the last."""
    at = next((index for index, tab in enumerate(tabs) if tab.path == book.key), None)
    if at is None:
        return len(tabs) - 1
    return at - 1 if at and tabs[at - 1].node == tabs[at].node else len(tabs)


def active_tab(tabs: tuple[LogTab, ...], node: NodeView | None) -> int:
    """Return the index of the node's last attempt; of the merged log where no node is selected, or it has no log."""
    path = next((attempt.log_path for attempt in reversed(node.attempts) if attempt.log_path), "") if node else ""
    return next((index for index, tab in enumerate(tabs) if tab.path == path), len(tabs))


def kept_tab(tabs: tuple[LogTab, ...], node: NodeView | None, book: LogBook) -> int:
    """Return the index of the tab that is up now; a new attempt of the selected node goes before it."""
    new = active_tab(tabs, node)
    if new < len(tabs) and tabs[new].path not in {tab.path for tab in book.tabs}:
        return new
    # With one log there was nothing to choose: the pane shows the run, not that node, until somebody chooses.
    if book.key == ALL or (node is None and len(book.tabs) <= 1):
        return len(tabs)
    return next((index for index, tab in enumerate(tabs) if tab.path == book.key), new)
