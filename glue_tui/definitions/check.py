"""The graph as a whole: cycles, nodes nothing reaches, conditions that can't come true, loops through watched files."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from glue_tui.core.graph import build_graph
from glue_tui.core.model import Condition, NodeId, Predicate, Trigger, Workflow, job_id, node_name, node_type
from glue_tui.core.schedule import newest_fires, next_fire, parse_schedule
from glue_tui.core.states import Logical, TriggerType
from glue_tui.definitions.cycles import separate_cycles
from glue_tui.definitions.report import KeyPath
from glue_tui.definitions.scope import Scope
from glue_tui.definitions.watch_loops import HINT, find_loops, loop_text

COMPONENTS_MAX = 2000
"""Jobs, crawlers and triggers of one workflow, a thousand nodes in any shape; Glue advises 100 (rule WF-18)."""

Facts = frozenset[Condition]


def check_graph(workflow: Workflow, scope: Scope) -> None:
    """Report what is wrong with the whole. Warnings are given only where the parts are in order, lest they mislead."""
    components = len(workflow.jobs) + len(workflow.crawlers) + len(workflow.triggers)
    if components > COMPONENTS_MAX:
        hint = "split it into several workflows"
        scope.report.problem((), f"{components} jobs, crawlers and triggers, more than {COMPONENTS_MAX}", hint)
        return
    _check_cycles(workflow, scope)
    _check_contradictions(workflow, scope)
    _check_loops(workflow, scope)
    if not scope.report.has_errors:
        _check_schedules(workflow, scope)
        _check_ignored_arguments(workflow, scope)
        _check_defaults(workflow, scope)
        _check_reach(workflow, scope)
        _check_joins(workflow, scope)


def _check_cycles(workflow: Workflow, scope: Scope) -> None:
    edges: dict[NodeId, dict[NodeId, str]] = {}
    for trigger in workflow.triggers:
        for condition in _conditions(trigger):
            for action in trigger.actions:
                if action.node_id != condition.node_id:
                    edges.setdefault(condition.node_id, {}).setdefault(action.node_id, trigger.name)
    for cycle, triggers in separate_cycles(edges):
        steps = [f"{node_name(node_id)} → ({name})" for node_id, name in zip(cycle, triggers, strict=True)]
        scope.report.problem(
            scope.action_paths[triggers[-1], cycle[0]],
            f"a cycle: {' → '.join(steps)} → {node_name(cycle[0])}",
            "each node runs once in a run: take one of these triggers away",
        )


def _check_contradictions(workflow: Workflow, scope: Scope) -> None:
    for trigger in workflow.triggers:
        is_and_meant = not scope.report.is_broken(("triggers", trigger.name, "logical"))
        if trigger.predicate and trigger.predicate.logical is Logical.AND and is_and_meant:
            states: dict[NodeId, str] = {}
            for condition in trigger.predicate.conditions:
                if condition.state is None:
                    continue
                if condition.node_id in states:
                    path = scope.condition_paths[trigger.name, condition.node_id]
                    message = f"can never come true: {_named(condition.node_id)} ends in one state, not in two"
                    scope.report.problem(path, message, 'use logical = "ANY", or two triggers')
                    break
                states[condition.node_id] = condition.state


def _check_loops(workflow: Workflow, scope: Scope) -> None:
    for loop in find_loops((workflow,), scope.project_dir):
        first = loop[0]
        match first.written.key:
            case ("targets", int(index), word):
                path: KeyPath = (*scope.target_paths[first.written.job][index], word)
            case key:
                path = ("jobs", first.written.job, *key)
        message = (
            f'writes where trigger {first.trigger} watches ("{first.pattern}")' if len(loop) == 1 else loop_text(loop)
        )
        scope.report.problem(path, message, HINT)


def _check_schedules(workflow: Workflow, scope: Scope) -> None:
    """Warn of schedules that name no moment to come: Glue takes them, and nothing ever happens (rule CN-9)."""
    for trigger in workflow.triggers:
        if trigger.schedule is None:
            continue
        schedule = parse_schedule(trigger.schedule)
        if next_fire(schedule, scope.now, workflow.timezone) is not None:
            continue
        path = ("triggers", trigger.name, "schedule")
        past = newest_fires(schedule, 0.0, scope.now, workflow.timezone, 1)
        if past:
            last = datetime.fromtimestamp(past[0], ZoneInfo(workflow.timezone))
            scope.report.warning(path, f"never fires any more: the last time was {last:%a %Y-%m-%d %H:%M}")
        elif next_fire(schedule, scope.now, "UTC") is not None:
            skipped = f"never fires: in {workflow.timezone} the clock is put forward past every time that it names"
            scope.report.warning(path, skipped, "choose a time of day that the change of the clock does not skip")
        else:
            scope.report.warning(path, "never fires: there is no such day or time", "the last day of a month is L")


def _check_ignored_arguments(workflow: Workflow, scope: Scope) -> None:
    """Warn of arguments that the job's own non-overridable ones put out of force (rules JR-10, TR-15)."""
    hint = "it is one of the job's non_overridable_arguments"
    for job in workflow.jobs:
        for name in job.non_overridable_arguments:
            if name in job.arguments:
                scope.report.warning(("jobs", job.name, "arguments", name), "is ignored", hint)
            for trigger in workflow.triggers:
                for action in trigger.actions:
                    if action.node_id == job_id(job.name) and name in action.arguments:
                        here = scope.action_paths[trigger.name, action.node_id][:-1]
                        scope.report.warning((*here, "arguments", name), "is ignored", hint)


def _check_defaults(workflow: Workflow, scope: Scope) -> None:
    """Warn of properties that a run must be given where a schedule or files start it: nobody is there to give them."""
    alone = [trigger.name for trigger in workflow.triggers if trigger.schedule is not None or trigger.watch is not None]
    for item in workflow.properties:
        if alone and item.default is None:
            message = f"has no default: every run that {' or '.join(alone)} starts will end in ERROR"
            scope.report.warning(("properties", item.name), message, "say default = …")


def _check_reach(workflow: Workflow, scope: Scope) -> None:
    """Warn of nodes that never run, and of starts that some AND waits for in vain."""
    starters = [trigger for trigger in workflow.triggers if trigger.type.starts_runs]
    if not starters:
        message = "nothing starts this workflow"
        scope.report.warning(("triggers",), message, "add a SCHEDULED, EVENT or ON_DEMAND trigger")
        return
    conditional = _in_flow_order(workflow)
    reached_at_all: set[NodeId] = set()
    for starter in starters:
        reached = _reached(starter, conditional)
        reached_at_all |= reached
        for trigger in conditional:
            _warn_of_waiting(trigger, starter, reached, scope)
    started = {action.node_id for trigger in workflow.triggers for action in trigger.actions}
    for kind, nodes in (("crawlers", workflow.crawlers), ("jobs", workflow.jobs)):
        for node in nodes:
            node_id = NodeId(f"{kind.removesuffix('s')}:{node.name}")
            if node_id not in started:
                scope.report.warning((kind, node.name), "no trigger starts it")
            elif node_id not in reached_at_all:
                scope.report.warning((kind, node.name), "no start trigger leads to it")


def _warn_of_waiting(trigger: Trigger, starter: Trigger, reached: set[NodeId], scope: Scope) -> None:
    assert trigger.predicate is not None
    if trigger.predicate.logical is Logical.ANY:
        return
    missing = [condition.node_id for condition in trigger.predicate.conditions if condition.node_id not in reached]
    if missing and len(missing) < len(trigger.predicate.conditions):
        scope.report.warning(
            scope.condition_paths[trigger.name, missing[0]],
            f"never true in a run started by {starter.name}: nothing there starts {_named(missing[0])}",
            f'start it from {starter.name}, too, or use logical = "ANY"',
        )


def _reached(starter: Trigger, conditional: list[Trigger]) -> set[NodeId]:
    """Return what a start by `starter` can bring about, if every state comes out as wished."""
    reached = {action.node_id for action in starter.actions}
    waiting = conditional
    while True:
        fired = [trigger for trigger in waiting if trigger.predicate and _can_hold(trigger.predicate, reached)]
        if not fired:
            return reached
        reached.update(action.node_id for trigger in fired for action in trigger.actions)
        waiting = [trigger for trigger in waiting if trigger not in fired]


def _can_hold(predicate: Predicate, reached: set[NodeId]) -> bool:
    quantifier = all if predicate.logical is Logical.AND else any
    return quantifier(condition.node_id in reached for condition in predicate.conditions)


def _check_joins(workflow: Workflow, scope: Scope) -> None:
    """Warn of an AND over branches that exclude each other: one after a success, one after the same node's failure."""
    needs: dict[NodeId, Facts] = {}
    conditional = _in_flow_order(workflow)
    for trigger in workflow.triggers:
        if trigger.type.starts_runs:
            needs.update((action.node_id, frozenset()) for action in trigger.actions)
    is_settled = False
    while not is_settled:
        is_settled = True
        for trigger in conditional:
            facts = _facts_needed(trigger, needs)
            for action in trigger.actions if facts is not None else ():
                before = needs.get(action.node_id, facts)
                after = before & facts if before is not None and facts is not None else frozenset()
                if action.node_id not in needs or after != before:
                    needs[action.node_id] = after
                    is_settled = False
    for trigger in conditional:
        _warn_of_exclusion(trigger, _facts_needed(trigger, needs), scope)


def _facts_needed(trigger: Trigger, needs: dict[NodeId, Facts]) -> Facts | None:
    """Return what must have happened before `trigger` can fire; None while that is not known."""
    assert trigger.predicate is not None
    each = [
        needs[condition.node_id] | ({condition} if condition.state is not None else frozenset())
        for condition in _conditions(trigger)
        if condition.node_id in needs
    ]
    if trigger.predicate.logical is Logical.AND:
        return frozenset(chain.from_iterable(each)) if len(each) == len(trigger.predicate.conditions) else None
    return frozenset.intersection(*each) if each else None


def _warn_of_exclusion(trigger: Trigger, facts: Facts | None, scope: Scope) -> None:
    states: dict[NodeId, set[str]] = {}
    for fact in facts or ():
        assert fact.state is not None
        states.setdefault(fact.node_id, set()).add(fact.state)
    for node_id, wanted in sorted(states.items()):
        if len(wanted) > 1:
            path: KeyPath = ("triggers", trigger.name, "conditions")
            message = f"can never come true: it needs {_named(node_id)} to end {' and '.join(sorted(wanted))}"
            scope.report.warning(path, message, 'use logical = "ANY", or two triggers')
            return


def _in_flow_order(workflow: Workflow) -> list[Trigger]:
    """Return the CONDITIONAL triggers such that what can fire earlier mostly stands earlier."""
    place = {node_id: index for index, node_id in enumerate(build_graph(workflow).node_ids)}
    conditional = [trigger for trigger in workflow.triggers if trigger.type is TriggerType.CONDITIONAL]
    return sorted(conditional, key=lambda trigger: max(place[item.node_id] for item in _conditions(trigger)))


def _conditions(trigger: Trigger) -> tuple[Condition, ...]:
    return trigger.predicate.conditions if trigger.predicate else ()


def _named(node_id: NodeId) -> str:
    return f"{node_type(node_id).lower()} {node_name(node_id)}"
