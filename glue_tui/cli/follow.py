"""Follow a run by the engine's feed until it is over, and say on stderr what happens: line by line, or live."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from glue_tui.cli.output import error_text, node_facts, run_state, say, state_text, time_text
from glue_tui.client.words import duration
from glue_tui.core.problem import EngineUnavailable
from glue_tui.core.states import WorkflowRunStatus
from glue_tui.protocol.views import (
    FeedMessage,
    NodeProgress,
    NodeView,
    RunChanged,
    RunOpened,
    RunSummary,
    Snapshot,
)

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from glue_tui.client.api import EngineClient

_QUIET_STATES = ("PENDING", "STARTING")
_BAR_CELLS = 20
_REFRESH_HZ = 4
_ROWS_KEPT_FREE = 4


class RunState:
    """What the feed has told about one run."""

    def __init__(self, summary: RunSummary) -> None:
        self.summary = summary
        self.nodes: dict[str, NodeView] = {}

    @property
    def is_over(self) -> bool:
        return WorkflowRunStatus(self.summary.status).is_over

    def take(self, message: FeedMessage) -> tuple[NodeView, ...]:
        """Take in a message; return the nodes that it tells about."""
        run_id = self.summary.run_id
        nodes: tuple[NodeView, ...] = ()
        match message:
            case Snapshot(project=project):
                for run in project.runs:
                    if run.summary.run_id == run_id:
                        self.summary, nodes = run.summary, run.nodes
            case RunOpened(run=run) if run.summary.run_id == run_id:
                self.summary, nodes = run.summary, run.nodes
            case RunChanged(summary=summary, nodes=changed) if summary.run_id == run_id:
                self.summary, nodes = summary, changed
            case NodeProgress(run_id=told, node_id=node_id, progress=progress) if told == run_id:
                node = self.nodes.get(node_id)
                if node is not None:
                    nodes = (_with_progress(node, progress),)
            case _:
                pass
        self.nodes.update((node.node_id, node) for node in nodes)
        return nodes


class Reporter(Protocol):
    def watching(self, run: RunState) -> AbstractContextManager[object]:
        """Begin to show the run; the end of the context ends it."""

    def changed(self, run: RunState, nodes: tuple[NodeView, ...]) -> None: ...


async def follow_run(feed: AsyncIterator[FeedMessage], summary: RunSummary, reporter: Reporter) -> None:
    """Return when the run is over. `feed` must have been opened before the run began.

    Raises EngineUnavailable if the connection ends before the run does.
    """
    run = RunState(summary)
    with reporter.watching(run):
        async for message in feed:
            nodes = run.take(message)
            reporter.changed(run, nodes)
            if run.is_over:
                return
    raise EngineUnavailable(
        f"the engine went away while run {summary.number} was going",
        hint=f"`glue-tui engine start` lets the run go on; then `glue-tui status {summary.number}`",
    )


async def stop_and_wait(client: EngineClient, run: str) -> RunSummary:
    """Stop a run, and return when it is over. Raises EngineUnavailable if the connection ends before the run does."""
    feed = aiter(client.subscribe())
    await anext(feed)  # The snapshot: from here on nothing is missed.
    summary = await client.stop_workflow_run(run)
    if not summary.outcome:
        say(f"stopping run {summary.number} of {summary.workflow}", tone="muted")
        await follow_run(feed, summary, SilentReporter())
    return summary


def reporter_for_stderr() -> Reporter:
    """Return the live reporter on a terminal, else the plain one."""
    if sys.stderr.isatty():
        from rich.console import Console

        console = Console(stderr=True)
        if not console.is_dumb_terminal:
            return LiveReporter(console)
    return PlainReporter()


class SilentReporter:
    """Says nothing."""

    def watching(self, run: RunState) -> AbstractContextManager[object]:
        return nullcontext()

    def changed(self, run: RunState, nodes: tuple[NodeView, ...]) -> None:
        return None


class PlainReporter:
    """One line for every change of a node's state that people care about."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, int]] = {}
        self._is_waiting = False

    def watching(self, run: RunState) -> AbstractContextManager[object]:
        return nullcontext()

    def changed(self, run: RunState, nodes: tuple[NodeView, ...]) -> None:
        if not self._is_waiting and run_state(run.summary) == "QUEUED":
            self._is_waiting = True
            say(f"{time_text(time.time())}  waits for an earlier run of {run.summary.workflow} to end")
        for node in nodes:
            now = (node.state, node.attempt)
            if self._told.get(node.node_id) == now:
                continue
            self._told[node.node_id] = now
            is_first_wait = node.state == "WAITING" and node.attempt <= 1
            if node.state not in _QUIET_STATES and not is_first_wait:
                say(_transition_text(node))


def _transition_text(node: NodeView) -> str:
    facts = node_facts(node) if node.state != "RUNNING" else (f"try {node.attempt}" if node.attempt > 1 else "")
    failed = node.error
    if failed is None and node.state == "WAITING":
        failed = next((one.error for one in reversed(node.attempts) if one.error is not None), None)
    error = f"  {error_text(failed)}" if failed is not None else ""
    at = node.finished_at or (node.started_at if node.state == "RUNNING" else None) or time.time()
    return f"{time_text(at)}  {node.name}  {state_text(node.state)}  {facts}{error}".rstrip()


class LiveReporter:
    """A table of the nodes, redrawn in place and gone at the end: the tree of results takes its place."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def watching(self, run: RunState) -> AbstractContextManager[object]:
        from rich.live import Live

        return Live(
            get_renderable=lambda: self._drawn(run),
            console=self._console,
            transient=True,
            refresh_per_second=_REFRESH_HZ,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def changed(self, run: RunState, nodes: tuple[NodeView, ...]) -> None:
        return None  # The display looks at `run` by itself, a few times a second.

    def _drawn(self, run: RunState) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        now = time.time()
        nodes = list(run.nodes.values())
        room = max(3, self._console.height - _ROWS_KEPT_FREE)
        shown = nodes if len(nodes) <= room else sorted(nodes, key=_urgency)[:room]
        table = Table.grid(padding=(0, 2))
        for node in shown:
            table.add_row(
                Text.from_ansi(state_text(node.state)),
                Text(node.name),
                Text(_bar(node.progress) if node.progress is not None else ""),
                Text(node_facts(node, now=now), no_wrap=True, overflow="ellipsis"),
            )
        summary = run.summary
        took = duration(now - (summary.started_at or summary.queued_at))
        over = sum(1 for node in nodes if node.finished_at is not None or node.state == "SKIPPED")
        title = f"{summary.workflow}  run {summary.number}  {run_state(summary)}  {over} of {len(nodes)}  {took}"
        whole = Table.grid()
        whole.add_row(Text(title, style="bold"))
        whole.add_row(table)
        if len(shown) < len(nodes):
            whole.add_row(Text(f"… and {len(nodes) - len(shown)} more nodes", style="dim"))
        return whole


def _urgency(node: NodeView) -> int:
    order = ("FAILED", "TIMEOUT", "ERROR", "STOPPED", "RUNNING", "STOPPING", "STARTING", "WAITING")
    return order.index(node.state) if node.state in order else len(order) + (node.state == "PENDING")


def _bar(progress: float) -> str:
    full = round(min(1.0, max(0.0, progress)) * _BAR_CELLS)
    return "━" * full + "─" * (_BAR_CELLS - full) + f" {progress:4.0%}"


def _with_progress(node: NodeView, progress: float | None) -> NodeView:
    from msgspec.structs import replace

    return replace(node, progress=progress)
