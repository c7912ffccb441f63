"""`glue-tui logs`: what the nodes of a run printed, read from the log files; needs no engine."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from glue_tui.cli.history import project_history, run_ref, say_if_at_a_standstill
from glue_tui.cli.output import paint, run_state, say, show
from glue_tui.cli.settings import Settings
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.core.states import FINAL_NODE_STATES, NodeState, WorkflowRunStatus
from glue_tui.logs.levels import DEBUG, LEVELS
from glue_tui.protocol.views import AttemptView, NodeView, RunView

if TYPE_CHECKING:
    from glue_tui.store.history import History

FOLLOW_WAIT_S = 0.2
"""Between two looks at growing files."""
STATE_WAIT_S = 1.0
"""Between two looks at the run's state."""
LINES_PER_READ = 500
TAIL_LINES_ALL = 2**62
_RUNS_LOOKED_AT = 5


@click.command("logs")
@click.argument("run", metavar="[RUN|WORKFLOW]", default="")
@click.argument("node", default="")
@click.option("-f", "--follow", "is_follow", is_flag=True, help="Go on until the run, or the node, is over.")
@click.option("--attempt", type=click.IntRange(min=1), help="This try, not the last one.")
@click.option("-a", "--all", "is_all", is_flag=True, help="All nodes of the run, in the order of time.")
@click.option("-n", "--lines", type=click.IntRange(min=1), help="Only the last lines of each log.")
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    help="Only lines of this level and above, and their raw lines.",
)
@click.pass_obj
def logs_command(
    settings: Settings,
    run: str,
    node: str,
    is_follow: bool,
    attempt: int | None,
    is_all: bool,
    lines: int | None,
    level: str | None,
) -> None:
    """Print the log of NODE in a run; without NODE, those of the nodes that failed, or of all where none failed.

    RUN is a number or an id; a WORKFLOW means its last run; without either, the newest run. Lines of several nodes are
    put in the order of time, each behind the name of its node. Lines longer than 16 kB end in an ellipsis.
    """
    project_dir = settings.project_dir()
    history = project_history(project_dir)
    try:
        found = history.run(run_ref(history, run))
    except EntityNotFound as error:
        if not node and (whose := _workflow_with(history, run)):
            raise EntityNotFound(error.message, hint=f"{run} is a node: `glue-tui logs {whose} {run}`") from None
        raise
    if is_follow:
        say_if_at_a_standstill(project_dir, found.summary)
        _follow(history, found.summary.run_id, node, attempt, lines, level)
    else:
        _print(found, node, attempt, is_all=is_all, lines=lines, level=level)


def _print(run: RunView, node: str, attempt: int | None, *, is_all: bool, lines: int | None, level: str | None) -> None:
    from glue_tui.logs.select import LevelKeeping

    nodes = (find_node(run, node),) if node else _nodes_to_print(run, is_all=is_all)
    logs = {one.attempts[0].log_path: one.name for one in (_with_attempt(n, attempt) for n in nodes) if one.attempts}
    if not logs:
        what = f"{node} has not run" if node else "no node has run yet"
        if node and (kept := nodes[0].carried_from):
            what = f"{node} was carried over: `glue-tui logs {kept} {node}`"
        say(f"run {run.summary.number} of {run.summary.workflow}: {what}")
        return
    say(f"run {run.summary.number} of {run.summary.workflow} {run_state(run.summary)}: {', '.join(logs.values())}")
    if len(logs) == 1 or lines is not None:
        from glue_tui.logs.tail import tail

        for path, name in logs.items():
            found = tail(path, TAIL_LINES_ALL if level else lines or TAIL_LINES_ALL)
            if level:
                keeping = LevelKeeping(level)
                found = [line for line in found if keeping.keeps(line)][-(lines or 0) :]
            _print_lines(found, name if len(logs) > 1 else "", _width(logs.values()))
    else:
        from glue_tui.logs.tail import merged

        width = _width(logs.values())
        keepings = {path: LevelKeeping(level or DEBUG) for path in logs}
        for path, line in merged(logs):
            if not keepings[path].keeps(line):
                continue
            _print_lines((line,), logs[path], width)


def _workflow_with(history: History, node: str) -> str:
    """Return the workflow of the newest run that has a node of this name, of the last few; empty: none has."""
    for summary in history.runs(limit=_RUNS_LOOKED_AT):
        if any(one.name == node for one in history.run(summary.run_id).nodes):
            return summary.workflow
    return ""


def find_node(run: RunView, name: str) -> NodeView:
    """Return a node of a run by name or id. Raises EntityNotFound with the nearest name."""
    for node in run.nodes:
        if name in (node.name, node.node_id):
            return node
    hint = did_you_mean(name, tuple(node.name for node in run.nodes))
    raise EntityNotFound(f'no node "{name}" in run {run.summary.number} of {run.summary.workflow}', hint=hint)


def _nodes_to_print(run: RunView, *, is_all: bool) -> tuple[NodeView, ...]:
    failed = tuple(node for node in run.nodes if NodeState(node.state).is_failure)
    return run.nodes if is_all or not failed else failed


def _with_attempt(node: NodeView, attempt: int | None) -> NodeView:
    """Return the node with only the wanted attempt, the last one where none is named; none if it has not run."""
    from msgspec.structs import replace

    chosen = [one for one in node.attempts if attempt is None or one.attempt == attempt]
    if attempt is not None and not chosen:
        raise EntityNotFound(f"{node.name} has no try {attempt}", hint=f"it had {len(node.attempts)}")
    return replace(node, attempts=tuple(chosen[-1:]))


def _width(names: Iterable[str]) -> int:
    return max((len(name) for name in names), default=0)


def _print_lines(lines: Sequence[str], name: str, width: int) -> None:
    if not name:
        for line in lines:
            click.echo(line)
        return
    head = paint(f"{name:<{width}} │ ", "muted")
    for line in lines:
        show(head + line)


class LogTail:
    """How far a growing log has been printed."""

    def __init__(self, path: str, name: str, lines: int | None, level: str | None = None) -> None:
        from glue_tui.logs.read import LogFile
        from glue_tui.logs.select import LevelKeeping

        self.name = name
        self._log = LogFile(Path(path))
        self._lines_first = lines
        self._keeping = LevelKeeping(level) if level else None
        self._next: int | None = None
        self._generation = 0

    def new_lines(self, *, is_over: bool) -> list[str]:
        """Return what came since the last call: whole lines, and at the end an unfinished one too."""
        log = self._log
        while log.poll() and log.is_behind:
            pass
        whole = log.line_count if is_over else log.ended_line_count
        is_first = self._next is None
        if self._next is None:
            self._next = 0 if self._lines_first is None or self._keeping else max(0, whole - self._lines_first)
        if log.generation != self._generation:
            self._generation, self._next = log.generation, 0
        found: list[str] = []
        while self._next < whole:
            lines = log.lines(self._next, min(LINES_PER_READ, whole - self._next))
            if not lines:
                break
            found += [line for line in lines if self._keeping is None or self._keeping.keeps(line)]
            self._next += len(lines)
        return found[-self._lines_first :] if is_first and self._lines_first is not None else found

    def close(self) -> None:
        self._log.close()


def _follow(
    history: History, run_id: str, node: str, attempt: int | None, lines: int | None, level: str | None
) -> None:
    """Print what the nodes write until the run, or the one node, is over."""
    tails: dict[str, LogTail] = {}
    state_due = 0.0
    run = history.run(run_id)
    width = _width([one.name for one in run.nodes])
    if node:
        find_node(run, node)
    say(f"following run {run.summary.number} of {run.summary.workflow}; Ctrl-C ends this, not the run")
    try:
        while True:
            if time.monotonic() >= state_due:
                run = history.run(run_id)
                state_due = time.monotonic() + STATE_WAIT_S
                for one, log in _logs_of(run, node, attempt):
                    tails.setdefault(log.log_path, LogTail(log.log_path, one.name, lines, level))
            # Asked before the files are read: what was written until then is printed before the end.
            is_over = _is_over(run, node, attempt)
            for tail in tails.values():
                _print_lines(tail.new_lines(is_over=is_over), "" if node else tail.name, width)
            if is_over:
                break
            time.sleep(FOLLOW_WAIT_S)
    finally:
        for tail in tails.values():
            tail.close()
    say(f"run {run.summary.number} of {run.summary.workflow} {run_state(run.summary)}")


def _logs_of(run: RunView, node: str, attempt: int | None) -> list[tuple[NodeView, AttemptView]]:
    return [
        (one, log)
        for one in run.nodes
        if not node or node in (one.name, one.node_id)
        for log in one.attempts
        if attempt is None or log.attempt == attempt
    ]


def _is_over(run: RunView, node: str, attempt: int | None) -> bool:
    if WorkflowRunStatus(run.summary.status).is_over:
        return True
    if not node:
        return False
    one = find_node(run, node)
    if attempt is not None and one.attempt > attempt:
        return True
    return NodeState(one.state) in FINAL_NODE_STATES
