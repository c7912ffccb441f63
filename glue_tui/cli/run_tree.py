"""A run as a tree: what started what, how it ended, and the last words of what failed."""

from __future__ import annotations

from glue_tui.cli.output import error_lines, error_text, node_facts, paint, run_state, state_text
from glue_tui.cli.tree import TRIGGER_PREFIX, children_of, tree_lines
from glue_tui.protocol.views import NodeView, RunView, TriggerRunView

LOG_LINES_OF_FAILED = 10


def run_tree_text(run: RunView, *, with_logs: bool = True, head: str = "") -> str:
    """Return the tree of a run: from the trigger that started it down; nodes no trigger reached come last.

    `head` stands above it in place of the run's number and state.
    """
    summary = run.summary
    nodes = {node.node_id: node for node in run.nodes}
    triggers = {TRIGGER_PREFIX + trigger.name: trigger for trigger in run.triggers}
    children = {
        vertex: [below for below in lower if _is_shown(below, triggers)]
        for vertex, lower in children_of(run.edges).items()
    }

    def label(vertex: str, again: bool) -> list[str]:
        if vertex in triggers:
            return [_trigger_text(triggers[vertex], again, is_over=bool(summary.outcome))]
        node = nodes[vertex]
        if again:
            return [f"{node.name} {paint('(above)', 'muted')}"]
        return _node_lines(node, with_logs=with_logs)

    root = TRIGGER_PREFIX + summary.trigger
    lines = tree_lines([root], children, label) if root in triggers else []
    reached = _reachable(root, children)
    rest = [node_id for node_id in nodes if node_id not in reached]
    lines += tree_lines(rest, {}, label)
    head = head or f"{summary.workflow}  run {summary.number}  {state_text(run_state(summary))}"
    return "\n".join([head, *lines])


def log_tail(node: NodeView, count: int = LOG_LINES_OF_FAILED) -> list[str]:
    """Return the last lines of a node's newest log, harmless for a terminal."""
    from glue_tui.logs.tail import tail

    return tail(node.attempts[-1].log_path, count) if node.attempts and node.attempts[-1].log_path else []


def _node_lines(node: NodeView, *, with_logs: bool) -> list[str]:
    # Of a skipped node that never ran, the trigger above it says why.
    facts = node_facts(node, with_reason=node.state != "SKIPPED" or bool(node.attempts))
    lines = [f"{node.name}  {state_text(node.state)}" + (f"  {paint(facts, 'muted')}" if facts else "")]
    for earlier in node.attempts[:-1]:
        if earlier.error is not None:
            lines.append(paint(f"try {earlier.attempt}: {error_text(earlier.error)}", "muted"))
    if node.error is not None:
        lines += [paint(line, "bad") for line in error_lines(node.error)]
    if with_logs and node.error is not None:
        lines += [paint(f"│ {line}", "muted") for line in log_tail(node)]
    return lines


def _trigger_text(trigger: TriggerRunView, again: bool, *, is_over: bool) -> str:
    if again:
        return f"{trigger.name} {paint('(above)', 'muted')}"
    waits = "had not fired" if is_over else "waits"
    facts = {"FIRED": "fired", "NEVER": "did not fire"}.get(trigger.state, waits)
    if trigger.total and trigger.state == "WAITING" and not is_over:
        facts += f", {trigger.met} of {trigger.total} conditions hold"
    if trigger.reason:
        facts += f": {trigger.reason}"
    return f"{paint(trigger.name, 'running')}  {paint(f'{trigger.type} {facts}', 'muted')}"


def _is_shown(vertex: str, triggers: dict[str, TriggerRunView]) -> bool:
    """A trigger that never fired explains the skipped nodes below it, so every vertex of the run's branch is shown."""
    return vertex not in triggers or triggers[vertex].type == "CONDITIONAL"


def _reachable(root: str, children: dict[str, list[str]]) -> set[str]:
    found = {root}
    todo = [root]
    while todo:
        fresh = [below for below in children.get(todo.pop(), ()) if below not in found]
        found.update(fresh)
        todo.extend(fresh)
    return found
