"""Triggers: which words belong to which type, and what may be watched and started (rules TR-1 to TR-15, EV-1)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from glue_tui.core.cron import BadSchedule
from glue_tui.core.globs import fixed_folder, plain_glob
from glue_tui.core.model import Action, Condition, FileWatch, NodeId, Predicate, Trigger, crawler_id, job_id, node_type
from glue_tui.core.schedule import parse_schedule
from glue_tui.core.states import (
    ANY_TERMINAL,
    LISTENABLE_CRAWLER_STATES,
    LISTENABLE_JOB_STATES,
    Logical,
    NodeState,
    NodeType,
    TriggerType,
)
from glue_tui.definitions.authored import AuthoredAction, AuthoredCondition, AuthoredTrigger
from glue_tui.definitions.folder import STATE_FOLDER, WORKFLOWS_FOLDER
from glue_tui.definitions.report import KeyPath
from glue_tui.definitions.scope import Scope, check_arguments
from glue_tui.definitions.shape import nearest

BATCH_SIZE_MAX = 100
BATCH_WINDOW_S_MAX = 900.0
POLL_S_MIN, POLL_S_MAX = 1.0, 86_400.0
"""Rule EV-1."""
CONDITIONS_MAX = 500
"""Rule TR-6."""

_NO_ESCAPE = re.compile(r"\\(?![*?{}\[\],!])|^[^/]+\\\*[^/]*$")
r"""A backslash before what is no wildcard, or before a `*` where no / stands: `in\*.csv`."""
_DRIVE = re.compile(r"[A-Za-z]:\\")

_OURS = {
    STATE_FOLDER: "the engine writes there with every run, and each run would start the next",
    WORKFLOWS_FOLDER: "a file saved there is a new version of a workflow, no data that has come",
}
"""Folders of ours in a project that no trigger watches, and why."""

_WORDS: dict[TriggerType, tuple[str, ...]] = {
    TriggerType.SCHEDULED: ("schedule", "missed_runs"),
    TriggerType.EVENT: ("watch", "batch_size", "batch_window", "settle", "events", "allow_loop", "poll"),
    TriggerType.CONDITIONAL: ("logical", "conditions"),
    TriggerType.ON_DEMAND: (),
}
_NEEDED: dict[TriggerType, str] = {
    TriggerType.SCHEDULED: "schedule",
    TriggerType.EVENT: "watch",
    TriggerType.CONDITIONAL: "conditions",
}
_JOB_STATES: dict[str, NodeState | None] = {
    **{state.value: state for state in LISTENABLE_JOB_STATES},
    ANY_TERMINAL: None,
}
_CRAWLER_STATES: dict[str, NodeState | None] = {
    **{"CANCELLED" if state is NodeState.STOPPED else state.value: state for state in LISTENABLE_CRAWLER_STATES},
    ANY_TERMINAL: None,
}


def build_trigger(name: str, authored: AuthoredTrigger, scope: Scope) -> Trigger | None:
    """Return the trigger with those of its parts that are in order."""
    path: KeyPath = ("triggers", name)
    actions = _build_actions(name, authored, scope)
    if authored.type is None:
        return None
    _check_words(authored, authored.type, path, scope)
    trigger = Trigger(
        name=name,
        type=authored.type,
        actions=actions,
        enabled=authored.enabled,
        description=authored.description,
    )
    match authored.type:
        case TriggerType.SCHEDULED:
            _check_schedule(authored.schedule, (*path, "schedule"), scope)
            missed_runs = authored.missed_runs or trigger.missed_runs
            return replace(trigger, schedule=authored.schedule, missed_runs=missed_runs)
        case TriggerType.EVENT:
            return replace(trigger, watch=_build_watch(authored, path, scope))
        case TriggerType.CONDITIONAL:
            predicate = _build_predicate(name, authored, scope)
            _check_not_watched_and_started(name, predicate, actions, scope)
            return replace(trigger, predicate=predicate)
        case TriggerType.ON_DEMAND:
            return trigger


def _check_words(authored: AuthoredTrigger, kind: TriggerType, path: KeyPath, scope: Scope) -> None:
    for owner, words in _WORDS.items():
        for word in words:
            if owner is not kind and getattr(authored, word) is not None:
                scope.report.problem((*path, word), f"belongs to a trigger of type {owner}; this one is {kind}")
    needed = _NEEDED.get(kind)
    if needed and not getattr(authored, needed):
        scope.report.problem((*path, needed), "missing", f"every {kind} trigger needs `{needed}`")


def _check_schedule(schedule: str | None, path: KeyPath, scope: Scope) -> None:
    if schedule:
        try:
            parse_schedule(schedule)
        except BadSchedule as error:
            scope.report.problem(path, error.message, error.hint)


def _build_watch(authored: AuthoredTrigger, path: KeyPath, scope: Scope) -> FileWatch:
    for index, pattern in enumerate(authored.watch or ()):
        _check_pattern(pattern, (*path, "watch", index), scope)
    # Two ways to write one place would be two files to whoever compares paths.
    patterns = tuple(plain_glob(one).removeprefix(f"{scope.project_dir}/") for one in authored.watch or ())
    if authored.batch_size is not None:
        scope.within((*path, "batch_size"), authored.batch_size, 1, BATCH_SIZE_MAX)
    window_s = 900.0
    if isinstance(authored.batch_window, int):
        window_s = float(min(authored.batch_window, 1_000_000))  # a bare number is seconds, as in Glue
    else:
        window_s = scope.duration((*path, "batch_window"), authored.batch_window, window_s)
    scope.within((*path, "batch_window"), window_s, 1, BATCH_WINDOW_S_MAX)
    default = FileWatch(patterns=patterns)
    events = default.events if authored.events is None else tuple(dict.fromkeys(authored.events))
    if not events:
        hint = 'events = ["created", "modified"], or "deleted" too'
        scope.report.problem((*path, "events"), "without any the trigger would never fire", hint)
    return FileWatch(
        patterns=patterns,
        batch_size=authored.batch_size or 1,
        batch_window_s=window_s,
        settle_s=scope.duration((*path, "settle"), authored.settle, default.settle_s),
        poll_s=_poll_s(authored, (*path, "poll"), scope),
        events=events,
        allow_loop=bool(authored.allow_loop),
    )


def _poll_s(authored: AuthoredTrigger, path: KeyPath, scope: Scope) -> float | None:
    if authored.poll is None:
        return None
    seconds = scope.duration(path, authored.poll, POLL_S_MIN)
    scope.within(path, seconds, POLL_S_MIN, POLL_S_MAX)
    return seconds


def _check_pattern(pattern: str, path: KeyPath, scope: Scope) -> None:
    scope.plain_text(path, pattern)
    plain = plain_glob(pattern).removeprefix(f"{scope.project_dir}/")
    if pattern.lower().startswith("s3://"):
        scope.report.problem(path, "not supported yet: s3:// paths", "watch a folder of this machine")
    elif not pattern.strip() or "\0" in pattern:
        scope.report.problem(path, "a pattern may not be empty")
    elif pattern.startswith("~") or ".." in PurePosixPath(pattern).parts:
        hint = "a folder outside the project is named by its absolute path"
        scope.report.problem(path, 'a pattern may not hold ".." or begin with "~"', hint)
    elif fixed_folder(plain) == "/":
        hint = "begin it with the folder that the files come to"
        scope.report.problem(path, "watches every folder of the machine", hint)
    elif pattern.endswith(("/", "/.")) or pattern == ".":
        folder = plain.removesuffix("**").rstrip("/")
        below = f"{folder}/**/*" if folder else "**/*"
        scope.report.problem(path, "names a folder, not files", f'write "{below}" for everything below it')
    elif (first := plain.partition("/")[0]) in _OURS:
        scope.report.problem(path, f"lies in {first}/: {_OURS[first]}", "watch a folder that data comes into")
    else:
        _warn_of_spelling(pattern, path, scope)


def _warn_of_spelling(pattern: str, path: KeyPath, scope: Scope) -> None:
    """Warn of what is a pattern, but hardly the one that was meant: such names of files are allowed, and rare."""
    if pattern != pattern.strip():
        message = "begins or ends with a blank, as hardly any file's name does"
        scope.report.warning(path, message, f'write "{pattern.strip()}"')
    if _NO_ESCAPE.search(pattern):
        hint = "write / between folders"
        if _DRIVE.match(pattern):
            hint += ", and the folder's path on this machine: there are no drives here"
        scope.report.warning(path, "a backslash separates no folders: it escapes a wildcard", hint)


def _build_actions(trigger: str, authored: AuthoredTrigger, scope: Scope) -> tuple[Action, ...]:
    path: KeyPath = ("triggers", trigger, "actions")
    if not authored.actions:
        scope.report.problem(path, "a trigger has to start something", 'actions = [{ job = "…" }]')
    actions: dict[NodeId, Action] = {}
    for index, item in enumerate(authored.actions):
        here: KeyPath = (*path, index)
        node_id = _node_of(item, here, scope)
        if node_type(node_id) is NodeType.CRAWLER if node_id else False:
            for word in ("arguments", "timeout"):
                if getattr(item, word):
                    scope.report.problem((*here, word), "a crawler takes none", "rule of Glue: only jobs do")
        check_arguments(item.arguments, (*here, "arguments"), scope)
        timeout_s = scope.timeout((*here, "timeout"), item.timeout, 1.0) if item.timeout is not None else None
        if node_id is None:
            continue
        if node_id in actions:
            scope.report.problem(here, "starts the same node a second time", "name it once")
            continue
        actions[node_id] = Action(node_id=node_id, arguments=dict(item.arguments), timeout_s=timeout_s)
        scope.action_paths[trigger, node_id] = _name_path(item, here)
    return tuple(actions.values())


def _node_of(item: AuthoredAction | AuthoredCondition, path: KeyPath, scope: Scope) -> NodeId | None:
    """Return the job or crawler that exactly one of the two words must name."""
    match item.job, item.crawler:
        case str(name), None:
            return job_id(name) if scope.known_name((*path, "job"), "job", name, scope.jobs) else None
        case None, str(name):
            return crawler_id(name) if scope.known_name((*path, "crawler"), "crawler", name, scope.crawlers) else None
        case None, None:
            scope.neither_nor(path, "job", "crawler")
        case _:
            scope.report.problem(path, "names a job and a crawler", "write one of them here, the other on its own")
    return None


def _name_path(item: AuthoredAction | AuthoredCondition, path: KeyPath) -> KeyPath:
    return (*path, "job" if item.job is not None else "crawler")


def _build_predicate(trigger: str, authored: AuthoredTrigger, scope: Scope) -> Predicate:
    path: KeyPath = ("triggers", trigger)
    written = authored.conditions or []
    if len(written) > CONDITIONS_MAX:
        scope.report.problem((*path, "conditions"), f"at most {CONDITIONS_MAX} conditions")
    if len(written) > 1 and authored.logical is None:
        scope.report.unreadable((*path, "logical"), "missing", 'with more than one condition say "AND" or "ANY"')
    conditions: dict[Condition, None] = {}
    for index, item in enumerate(written):
        here: KeyPath = (*path, "conditions", index)
        node_id = _node_of(item, here, scope)
        states = _JOB_STATES if item.job is not None or item.crawler is None else _CRAWLER_STATES
        if item.state not in states:
            _refuse_state(item.state, states, (*here, "state"), scope)
            continue
        if node_id is None:
            continue
        condition = Condition(node_id=node_id, state=states[item.state])
        if condition in conditions:
            scope.report.problem(here, "says the same as a condition above", "leave one of them out")
        conditions[condition] = None
        scope.condition_paths.setdefault((trigger, node_id), _name_path(item, here))
    return Predicate(logical=authored.logical or Logical.AND, conditions=tuple(conditions))


def _refuse_state(state: str, states: dict[str, NodeState | None], path: KeyPath, scope: Scope) -> None:
    """Report a state that no trigger can listen for (rule TR-8); Glue calls a stopped crawl CANCELLED."""
    kind = "job" if states is _JOB_STATES else "crawler"
    swapped = {"STOPPED": "CANCELLED", "CANCELLED": "STOPPED"}.get(state, "")
    hint = f'did you mean "{swapped}"?' if swapped in states else nearest(state, tuple(states))
    if state in NodeState.__members__ and NodeState[state].is_failure and swapped not in states:
        hint = f'did you mean "{ANY_TERMINAL}"? It holds however the {kind} ends'
    message = f'a {kind} can\'t be watched for "{state}", only for {", ".join(states)}'
    scope.report.problem(path, message, hint if hint.startswith("did") else "")


def _check_not_watched_and_started(
    trigger: str, predicate: Predicate, actions: tuple[Action, ...], scope: Scope
) -> None:
    """Rule TR-11."""
    watched = {condition.node_id for condition in predicate.conditions}
    for action in actions:
        if action.node_id in watched:
            path = scope.action_paths[trigger, action.node_id]
            message = "is both watched and started by this trigger"
            scope.report.problem(path, message, "a run of it would start the next, for ever")
