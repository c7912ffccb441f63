"""An engine in memory for the tests of the screen: canned views, and runs that play step by step.

It keeps the promises of `EngineClient`: a Snapshot first, changes in order, typed errors, ids that make a request safe
to repeat. `play` moves a run on; nothing moves by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
from plan_along_edges import plan_along_edges

from glue_tui.core.problem import EngineUnavailable, EntityNotFound, IllegalWorkflowState, InvalidInput
from glue_tui.protocol.inbox_views import InboxFile, InboxView
from glue_tui.protocol.plan_views import ResumePlanView
from glue_tui.protocol.usual_views import UsualView
from glue_tui.protocol.views import (
    AttemptView,
    EngineChanged,
    ErrorView,
    FeedMessage,
    NodeView,
    ProjectView,
    RunChanged,
    RunOpened,
    RunSummary,
    RunView,
    Snapshot,
    StatisticsView,
    StoryLine,
    TriggerRunView,
    TriggersChanged,
    WorkflowsChanged,
    WorkflowView,
)

CAUSES = {"SCHEDULED": "schedule", "EVENT": "3 files", "ON_DEMAND": "by hand"}
OVER = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "SKIPPED")


class ScriptedEngine:
    """The state that every `ScriptedClient` of one engine shares."""

    def __init__(self, project: ProjectView, *, now: float, history: Iterable[RunSummary] = ()) -> None:
        self.engine = project.engine
        self.workflows = {workflow.name: workflow for workflow in project.workflows}
        self.runs = {run.summary.run_id: run for run in project.runs}
        self.history = {summary.run_id: summary for summary in history}
        self.now = now
        self.calls: list[tuple[Any, ...]] = []
        self.is_up = True
        self.is_stopped = False
        self._feeds: list[asyncio.Queue[FeedMessage | None]] = []
        self._answers: dict[str, RunSummary] = {}
        self.since: dict[str, Any] = {}
        """What every resume plan tells besides the nodes: changes, scripts."""
        self.inboxes: tuple[InboxView, ...] | None = None
        """What every trigger of the project holds, where a test says so."""
        self.supposed = next(iter(self.runs.values()), None)
        """What every what-if comes to."""
        self.usual: tuple[UsualView, ...] = ()
        self.refused_now: InvalidInput | None = None
        """Why no run can be resumed with the definition of now."""

    async def connect(self) -> ScriptedClient:
        """Return a client, as the command line's connect function does."""
        if not self.is_up:
            raise EngineUnavailable("no engine answers")
        return ScriptedClient(self)

    def lose(self) -> None:
        """End every connection, as a killed engine does."""
        self.is_up = False
        for feed in self._feeds:
            feed.put_nowait(None)
        self._feeds.clear()

    def tell(self, *messages: FeedMessage) -> None:
        for feed in self._feeds:
            for message in messages:
                feed.put_nowait(message)

    def project(self) -> ProjectView:
        return ProjectView(engine=self.engine, workflows=tuple(self.workflows.values()), runs=tuple(self.runs.values()))

    def hold(self, is_held: bool) -> None:
        """Hold the engine as after a crash loop, or let it go on."""
        message = "held after repeated crashes: schedules and files start nothing" if is_held else ""
        self.engine = msgspec.structs.replace(self.engine, is_held=is_held, message=message)
        self.tell(EngineChanged(engine=self.engine))

    def set_workflows(self, *workflows: WorkflowView) -> None:
        """A file was saved, a workflow came or went."""
        self.workflows = {workflow.name: workflow for workflow in workflows}
        self.tell(WorkflowsChanged(workflows=tuple(workflows)))

    def set_trigger(self, workflow: str, trigger: str, **changes: Any) -> None:
        view = self.workflows[workflow]
        triggers = tuple(
            msgspec.structs.replace(one, **changes) if one.name == trigger else one for one in view.triggers
        )
        self.workflows[workflow] = msgspec.structs.replace(view, triggers=triggers)
        self.tell(TriggersChanged(triggers=tuple(one for one in triggers if one.name == trigger)))

    def find(self, run: str) -> RunView:
        for view in self.runs.values():
            if run in (view.summary.run_id, str(view.summary.number)):
                return view
        raise EntityNotFound(f"no run {run}")

    def open_run(
        self, workflow: str, trigger: str, properties: dict[str, str] | None = None, previous: str = ""
    ) -> RunView:
        """Start a run; its first trigger has fired, its nodes wait."""
        view = self.workflows.get(workflow)
        if view is None:
            raise EntityNotFound(f'no workflow named "{workflow}"')
        starters = [one for one in view.triggers if one.type != "CONDITIONAL"]
        by_hand = next((one for one in starters if one.type == "ON_DEMAND"), starters[0])
        starter = next((one for one in starters if one.name == trigger), by_hand)
        number = 1 + max((one.summary.number for one in self.runs.values()), default=0)
        triggers = tuple(
            TriggerRunView(
                name=one.name,
                type=one.type,
                state="FIRED" if one is starter else "WAITING" if one.type == "CONDITIONAL" else "NEVER",
                fired_at=self.now if one is starter else None,
                total=len(one.conditions),
                logical=one.logical,
            )
            for one in view.triggers
        )
        nodes = tuple(
            NodeView(
                node_id=one.node_id,
                name=one.name,
                kind=one.kind,
                state="WAITING" if one.node_id in starter.actions else "PENDING",
                max_attempts=one.max_attempts,
                started_by=starter.name if one.node_id in starter.actions else "",
            )
            for one in view.nodes
        )
        summary = RunSummary(
            run_id=f"wr_{number:016x}",
            number=number,
            workflow=workflow,
            status="RUNNING",
            outcome="",
            trigger=starter.name,
            trigger_type=starter.type,
            queued_at=self.now,
            started_at=self.now,
            previous_run_id=previous,
            message=f"{CAUSES[starter.type]} ({starter.name})",
            statistics=_statistics(nodes),
        )
        run = RunView(summary=summary, nodes=nodes, triggers=triggers, edges=view.edges, properties=properties or {})
        self.runs[summary.run_id] = run
        self.tell(RunOpened(run=run))
        return run

    def play(self, run_id: str, node_id: str, state: str, after_s: float = 1.0, **facts: Any) -> None:
        """Let a node reach a state `after_s` later; triggers and the run follow from it."""
        self.now += after_s
        run = self.runs[run_id]
        node = next(one for one in run.nodes if one.node_id == node_id)
        changes: dict[str, Any] = {"state": state, "glue_state": state, **facts}
        if state == "RUNNING" and node.started_at is None:
            changes |= {"started_at": self.now, "queued_at": self.now, "attempt": node.attempt + 1}
        if state in OVER:
            changes["finished_at"] = self.now
        node = msgspec.structs.replace(node, **changes)
        nodes = [node if one.node_id == node_id else one for one in run.nodes]
        triggers, nodes = _follow(run, nodes, self.workflows[run.summary.workflow], self.now)
        self._commit(run, tuple(nodes), tuple(triggers))

    def _commit(self, run: RunView, nodes: tuple[NodeView, ...], triggers: tuple[TriggerRunView, ...]) -> None:
        summary = msgspec.structs.replace(
            run.summary,
            statistics=_statistics(nodes),
            failed_nodes=tuple(one.name for one in nodes if one.state in ("FAILED", "TIMEOUT", "STOPPED", "ERROR")),
        )
        if all(one.state in OVER for one in nodes):
            stopped = summary.status == "STOPPING"
            handled = {edge.source for edge in run.edges if edge.label == "FAILED"}
            unhandled = [one for one in nodes if one.state in ("FAILED", "TIMEOUT") and one.node_id not in handled]
            failed = bool(summary.failed_nodes)
            outcome = "STOPPED" if stopped else "FAILED" if unhandled else "RECOVERED" if failed else "SUCCEEDED"
            summary = msgspec.structs.replace(
                summary, status="STOPPED" if stopped else "COMPLETED", outcome=outcome, finished_at=self.now
            )
        after = msgspec.structs.replace(run, summary=summary, nodes=nodes, triggers=triggers)
        self.runs[summary.run_id] = after
        changed_nodes = tuple(new for new, old in zip(nodes, run.nodes, strict=True) if new != old)
        changed_triggers = tuple(new for new, old in zip(triggers, run.triggers, strict=True) if new != old)
        self.tell(RunChanged(summary=summary, nodes=changed_nodes, triggers=changed_triggers))

    def stop(self, run: RunView) -> RunSummary:
        nodes = tuple(
            one if one.state in OVER else msgspec.structs.replace(one, state="STOPPED", finished_at=self.now)
            for one in run.nodes
        )
        stopping = msgspec.structs.replace(run, summary=msgspec.structs.replace(run.summary, status="STOPPING"))
        self._commit(stopping, nodes, run.triggers)
        return self.runs[run.summary.run_id].summary


class ScriptedClient:
    """`EngineClient` over a `ScriptedEngine`."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self.engine = engine

    def _called(self, *call: Any) -> None:
        if not self.engine.is_up:
            raise EngineUnavailable("the connection to the engine is lost")
        self.engine.calls.append(call)

    async def project(self) -> ProjectView:
        self._called("project")
        return self.engine.project()

    async def run(self, run: str) -> RunView:
        self._called("run", run)
        return self.engine.find(run)

    async def runs(self, workflow: str = "", limit: int = 50) -> tuple[RunSummary, ...]:
        self._called("runs", workflow)
        summaries = {**self.engine.history, **{key: run.summary for key, run in self.engine.runs.items()}}
        found = [one for one in summaries.values() if workflow in ("", one.workflow)]
        return tuple(sorted(found, key=lambda one: -one.number)[:limit])

    async def story(self, run: str) -> tuple[StoryLine, ...]:
        self._called("story", run)
        view = self.engine.find(run)
        lines = [StoryLine(at=view.summary.queued_at, kind="RunStarted", text="run started")]
        for node in view.nodes:
            told = (
                (node.started_at, "AttemptRunning", f"{node.name} runs"),
                (node.finished_at, "NodeFinished", f"{node.name} {node.state}"),
            )
            lines += [
                StoryLine(at=at, kind=kind, text=text, node_id=node.node_id, attempt=node.attempt)
                for at, kind, text in told
                if at is not None
            ]
        return tuple(sorted(lines, key=lambda line: line.at))

    async def usual(self, workflow: str) -> tuple[UsualView, ...]:
        self._called("usual", workflow)
        return self.engine.usual

    async def what_if(self, workflow: str, *, trigger: str = "", outcomes: dict[str, str] | None = None) -> RunView:
        self._called("what_if", workflow, trigger, outcomes)
        return self.engine.supposed

    async def start_workflow_run(
        self, workflow: str, *, trigger: str = "", properties: dict[str, str] | None = None, request_id: str = ""
    ) -> RunSummary:
        self._called("start_workflow_run", workflow, trigger, properties or {})
        if request_id not in self.engine._answers:
            self.engine._answers[request_id] = self.engine.open_run(workflow, trigger, properties).summary
        return self.engine._answers[request_id]

    async def start_crawler(self, workflow: str, crawler: str, *, request_id: str = "") -> RunSummary:
        raise AssertionError("no key starts a crawler by itself")

    async def plan_resume(self, run: str, *, nodes: tuple[str, ...] = (), as_it_ran: bool = False) -> ResumePlanView:
        before = self.engine.find(run)
        if not before.summary.outcome:
            raise IllegalWorkflowState(f"run {before.summary.number} is still RUNNING")
        if self.engine.refused_now is not None and not as_it_ran:
            raise self.engine.refused_now
        told = {"run_id": run, "run_number": before.summary.number, "as_it_ran": as_it_ran, **self.engine.since}
        if self.engine.refused_now is not None:
            told["refused_now"] = self.engine.refused_now.message
        return msgspec.structs.replace(plan_along_edges(before, nodes), **told)

    async def resume_workflow_run(
        self, run: str, *, nodes: tuple[str, ...] = (), as_it_ran: bool = False, request_id: str = ""
    ) -> RunSummary:
        self._called("resume_workflow_run", run, nodes, as_it_ran)
        before = self.engine.find(run)
        if not before.summary.outcome:
            raise IllegalWorkflowState(f"run {before.summary.number} is still RUNNING")
        return self.engine.open_run(before.summary.workflow, before.summary.trigger, previous=run).summary

    async def stop_workflow_run(self, run: str) -> RunSummary:
        self._called("stop_workflow_run", run)
        return self.engine.stop(self.engine.find(run))

    async def inboxes(self, workflow: str = "", trigger: str = "", path: str = "") -> tuple[InboxView, ...]:
        """Two files have settled at every trigger, and one is being written, unless the engine was given others."""
        self._called("inboxes", workflow, trigger, path)
        if self.engine.inboxes is not None:
            return tuple(
                msgspec.structs.replace(one, files=tuple(file for file in one.files if path in ("", file.path)))
                for one in self.engine.inboxes
            )
        files = tuple(
            InboxFile(
                path=f"in/{name}.csv",
                size_bytes=1200,
                mtime=self.engine.now,
                stage=stage,
                since=self.engine.now,
                change="created",
            )
            for name, stage in (("a", "PENDING"), ("b", "PENDING"), ("c", "SETTLING"))
        )
        return (
            InboxView(
                workflow=workflow, trigger=trigger, patterns=("in/*.csv",), batch_size=3, batch_window_s=60, files=files
            ),
        )

    async def drop_files(self, workflow: str, trigger: str, paths: tuple[str, ...] = ()) -> int:
        self._called("drop_files", workflow, trigger, paths)
        assert self.engine.inboxes is not None
        (inbox,) = self.engine.inboxes
        kept = tuple(one for one in inbox.files if paths and one.path not in paths)
        self.engine.inboxes = (msgspec.structs.replace(inbox, files=kept),)
        self.engine.set_trigger(workflow, trigger, batch_files=len(kept), settling_files=0)
        return len(inbox.files) - len(kept)

    async def set_trigger_enabled(self, workflow: str, trigger: str, enabled: bool) -> None:
        self._called("set_trigger_enabled", workflow, trigger, enabled)
        self.engine.set_trigger(workflow, trigger, state="ACTIVATED" if enabled else "DEACTIVATED")

    async def reload(self) -> ProjectView:
        self._called("reload")
        return self.engine.project()

    async def release_engine(self) -> None:
        self._called("release_engine")
        self.engine.hold(False)

    async def stop_engine(self) -> None:
        self._called("stop_engine")
        self.engine.lose()

    async def subscribe(self) -> AsyncIterator[FeedMessage]:
        feed: asyncio.Queue[FeedMessage | None] = asyncio.Queue()
        self.engine._feeds.append(feed)
        yield Snapshot(project=self.engine.project())
        while (message := await feed.get()) is not None:
            yield message

    async def close(self) -> None:
        pass


def _follow(
    run: RunView, nodes: list[NodeView], workflow: WorkflowView, now: float
) -> tuple[list[TriggerRunView], list[NodeView]]:
    """Fire the triggers whose conditions hold, rule out those that can't, skip what nothing starts any more."""
    triggers = list(run.triggers)
    changed = True
    while changed:
        changed = False
        states = {one.node_id: one.state for one in nodes}
        for index, trigger in enumerate(triggers):
            edges = [edge for edge in run.edges if edge.destination == f"trigger:{trigger.name}"]
            truths = [None if states[edge.source] not in OVER else states[edge.source] == edge.label for edge in edges]
            met = sum(1 for truth in truths if truth)
            if trigger.met != met:
                triggers[index] = trigger = msgspec.structs.replace(trigger, met=met)
            if trigger.state != "WAITING":
                continue
            definition = next(one for one in workflow.triggers if one.name == trigger.name)
            holds = any(truths) if definition.logical == "ANY" else all(truths)
            dead = all(one is False for one in truths) if definition.logical == "ANY" else False in truths
            if not holds and not dead:
                continue
            changed = True
            bad = next((edge for edge, truth in zip(edges, truths, strict=True) if truth is False), None)
            reason = f"{_name(bad.source)} is {states[bad.source]}, not {bad.label}" if bad and not holds else ""
            triggers[index] = msgspec.structs.replace(
                trigger, state="FIRED" if holds else "NEVER", fired_at=now if holds else None, reason=reason
            )
            if holds:
                nodes = [
                    msgspec.structs.replace(one, state="WAITING", started_by=trigger.name)
                    if one.node_id in definition.actions and one.state == "PENDING"
                    else one
                    for one in nodes
                ]
        states_of = {one.name: one.state for one in triggers}
        for index, node in enumerate(nodes):
            starters = [one.name for one in workflow.triggers if node.node_id in one.actions]
            if node.state == "PENDING" and all(states_of[name] == "NEVER" for name in starters):
                nodes[index] = msgspec.structs.replace(node, state="SKIPPED", reason="no trigger can start it any more")
                changed = True
    return triggers, nodes


def _name(node_id: str) -> str:
    return node_id.split(":", 1)[1]


def _statistics(nodes: Iterable[NodeView]) -> StatisticsView:
    states = [node.state for node in nodes]
    return StatisticsView(
        total=len(states),
        running=sum(states.count(one) for one in ("STARTING", "RUNNING", "STOPPING")),
        waiting=states.count("WAITING"),
        succeeded=states.count("SUCCEEDED"),
        failed=states.count("FAILED"),
        timeout=states.count("TIMEOUT"),
        stopped=states.count("STOPPED"),
        errored=states.count("ERROR"),
        skipped=states.count("SKIPPED"),
    )


def failure(type: str, message: str, location: str = "", hint: str = "") -> ErrorView:
    """Return an error for `play`."""
    return ErrorView(type=type, message=message, location=location, hint=hint)


def attempts(paths: Iterable[str], now: float) -> tuple[AttemptView, ...]:
    """Return attempts with these log files; the last one is the one that counts."""
    return tuple(
        AttemptView(attempt=number, state="FAILED", queued_at=now, started_at=now, log_path=path)
        for number, path in enumerate(paths, 1)
    )
