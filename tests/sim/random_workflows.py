"""Random workflows, and random edits of them as a person would save them. Valid as far as the rules need it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from schedule_checks import INTERVALS_S

from glue_tui.core.job import CommandWork, Job
from glue_tui.core.model import (
    Action,
    Condition,
    Crawler,
    FileWatch,
    FolderTarget,
    NodeId,
    Notification,
    Predicate,
    Trigger,
    Workflow,
    crawler_id,
    job_id,
    node_type,
)
from glue_tui.core.states import FileChange, Logical, MissedRuns, NodeState, NodeType, Occasion, OnOverlap, TriggerType

_JOB_STATES = (NodeState.SUCCEEDED,) * 6 + (NodeState.FAILED,) * 3 + (NodeState.TIMEOUT, NodeState.STOPPED)
_CRAWLER_STATES = (NodeState.SUCCEEDED,) * 4 + (NodeState.FAILED, NodeState.STOPPED)
_EVENTS = (FileWatch(patterns=()).events,) * 2 + (
    (FileChange.CREATED,),
    (FileChange.MODIFIED,),
    (FileChange.DELETED,),
    tuple(FileChange),
    tuple(FileChange),
)
_SCHEDULES = tuple(INTERVALS_S)
NOTIFICATIONS = (
    Notification(on=tuple(Occasion), command=("true",)),
    Notification(on=(Occasion.FAILED, Occasion.RECOVERED, Occasion.DELAYED), url="json://localhost"),
    Notification(on=(Occasion.SUCCEEDED,), terminal=True),
)


def random_workflow(random: Random, name: str) -> Workflow:
    """Return a workflow of 1 to 7 nodes in which nodes are started by triggers over earlier nodes."""
    crawlers = tuple(_crawler(random, f"crawl{n}") for n in range(random.choice((0, 0, 1, 2))))
    jobs = tuple(_job(random, f"job{n}") for n in range(random.randint(1, 5)))
    node_ids = [*(crawler_id(one.name) for one in crawlers), *(job_id(one.name) for one in jobs)]
    first = random.randint(1, len(node_ids))
    starters = _start_triggers(random, name, node_ids[:first])
    return Workflow(
        name=name,
        source=f"workflows/{name}.toml",
        max_concurrent_runs=random.choice((0, 1, 1, 2)),
        on_overlap=random.choice(tuple(OnOverlap)),
        triggers=(*starters, *_conditionals(random, node_ids, first)),
        crawlers=crawlers,
        jobs=jobs,
        notifications=NOTIFICATIONS,
    )


def _crawler(random: Random, name: str) -> Crawler:
    return Crawler(
        name=name,
        database="raw",
        targets=(FolderTarget(path="in"),),
        timeout_s=random.choice((20.0, 40.0)),
        max_retries=random.choice((0, 1)),
        retry_delay_s=random.choice((0.0, 3.0)),
    )


def _job(random: Random, name: str) -> Job:
    return Job(
        name=name,
        work=CommandWork(command=("true",)),
        max_retries=random.choice((0, 0, 1, 2)),
        retry_delay_s=random.choice((0.0, 2.0, 9.0)),
        backoff=random.choice((1.0, 2.0)),
        timeout_s=random.choice((8.0, 25.0, 60.0)),
        arguments={"--a": "1"},
        non_overridable_arguments=random.choice(({}, {}, {"--a": "fixed"})),
        max_concurrent_runs=random.choice((1, 1, 2, 0)),
        notify_delay_after_s=random.choice((None, None, 2.0, 15.0)),
    )


def _actions(random: Random, node_ids: list[NodeId]) -> tuple[Action, ...]:
    return tuple(
        Action(node_id=one, timeout_s=random.choice((None, None, 15.0)), arguments=random.choice(({}, {"--a": "2"})))
        for one in node_ids
    )


def _start_triggers(random: Random, workflow: str, node_ids: list[NodeId]) -> tuple[Trigger, ...]:
    triggers: list[Trigger] = []
    for number in range(random.choice((1, 1, 2, 3))):
        some = [one for one in node_ids if number == 0 or random.random() < 0.7] or node_ids[:1]
        actions = _actions(random, some)
        match random.choice(("hand", "schedule", "files")):
            case "hand":
                triggers.append(Trigger(name=f"by_hand{number}", type=TriggerType.ON_DEMAND, actions=actions))
            case "schedule":
                schedule, name = random.choice(_SCHEDULES), f"timer{number}"
                timer = Trigger(name=name, type=TriggerType.SCHEDULED, actions=actions, schedule=schedule)
                triggers.append(replace(timer, missed_runs=random.choice(tuple(MissedRuns))))
            case _:
                watch = FileWatch(
                    patterns=(f"in/{workflow}/{random.choice('ab')}/*.csv",),
                    batch_size=random.choice((1, 1, 2, 3)),
                    batch_window_s=random.choice((1.0, 10.0, 30.0)),
                    settle_s=random.choice((0.0, 0.5, 2.0)),
                    events=random.choice(_EVENTS),
                )
                triggers.append(Trigger(name=f"files{number}", type=TriggerType.EVENT, actions=actions, watch=watch))
    return tuple(triggers)


def _conditionals(random: Random, node_ids: list[NodeId], first: int) -> tuple[Trigger, ...]:
    triggers: list[Trigger] = []
    for at in range(first, len(node_ids)):
        for number in range(random.choice((1, 1, 1, 2))):
            watched = random.sample(node_ids[:at], random.randint(1, min(at, 3)))
            conditions = tuple(_condition(random, one) for one in watched)
            if random.random() < 0.15:
                conditions = (*conditions, _condition(random, watched[0]))
            also = [one for one in node_ids[at + 1 :] if random.random() < 0.15]
            triggers.append(
                Trigger(
                    name=f"after{at}_{number}",
                    type=TriggerType.CONDITIONAL,
                    actions=_actions(random, [node_ids[at], *also]),
                    enabled=random.random() < 0.93,
                    predicate=Predicate(
                        logical=random.choice((Logical.AND, Logical.AND, Logical.ANY)), conditions=conditions
                    ),
                )
            )
    return tuple(triggers)


def _condition(random: Random, node_id: NodeId) -> Condition:
    if random.random() < 0.12:
        return Condition(node_id=node_id, state=None)
    states = _JOB_STATES if node_type(node_id) is NodeType.JOB else _CRAWLER_STATES
    return Condition(node_id=node_id, state=random.choice(states))


def edited(random: Random, workflow: Workflow) -> Workflow:
    """Return the workflow after somebody saved a change to it."""
    match random.choice(("limit", "overlap", "triggers", "watch", "jobs", "same")):
        case "limit":
            turned = workflow.notifications[::-1]
            return replace(workflow, max_concurrent_runs=random.choice((0, 1, 2)), notifications=turned)
        case "overlap":
            return replace(workflow, on_overlap=random.choice(tuple(OnOverlap)))
        case "triggers":
            return replace(workflow, triggers=tuple(_retimed(random, one) for one in workflow.triggers))
        case "watch":
            return replace(workflow, triggers=tuple(_rewatched(random, one) for one in workflow.triggers))
        case "jobs":
            jobs = tuple(replace(one, timeout_s=random.choice((8.0, 25.0)), max_retries=1) for one in workflow.jobs)
            return replace(workflow, jobs=jobs)
        case _:
            return workflow


def _retimed(random: Random, trigger: Trigger) -> Trigger:
    if trigger.schedule is not None and random.random() < 0.5:
        missed_runs = random.choice((trigger.missed_runs, *MissedRuns))
        return replace(trigger, schedule=random.choice(_SCHEDULES), missed_runs=missed_runs)
    return replace(trigger, enabled=not trigger.enabled) if random.random() < 0.3 else trigger


def _rewatched(random: Random, trigger: Trigger) -> Trigger:
    if trigger.watch is None:
        return trigger
    folder = trigger.watch.patterns[0].rsplit("/", 2)[0]
    watch = replace(
        trigger.watch,
        patterns=tuple(f"{folder}/{one}/*.csv" for one in random.choice(("a", "b", "ab", "ba"))),
        events=random.choice((trigger.watch.events, *_EVENTS)),
        batch_size=random.choice((1, 2)),
        settle_s=random.choice((0.5, 1.0)),
    )
    return replace(trigger, watch=watch)
