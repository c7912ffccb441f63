"""A project under the real kernel and a real database in memory. Workers, files and the clock are moved by hand.

Definitions are the text a user writes; what a test reads of a run is what is stored of it.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from glue_tui.catalog.write import MIGRATIONS as CATALOG_MIGRATIONS
from glue_tui.core.arrivals import FileFact
from glue_tui.core.attempt import AttemptKey, AttemptResult, NodeError
from glue_tui.core.events import Event
from glue_tui.core.invariants import check_run
from glue_tui.core.model import NodeId, RunId, Workflow, node_name
from glue_tui.core.problem import GlueTuiError
from glue_tui.core.run import Attempt, WorkflowRun
from glue_tui.core.states import NodeState
from glue_tui.core.stimuli import WorkerExited, WorkerLost, WorkerStarted
from glue_tui.core.story import describe
from glue_tui.core.wanted import StartWorker, StopWorker
from glue_tui.definitions.project import load_project
from glue_tui.engine.folders import Area, Places, Walk
from glue_tui.engine.inputs import (
    CrawlAsked,
    DefinitionsLoaded,
    FolderScanned,
    Input,
    ResumeAsked,
    StartAsked,
    StopAsked,
    Ticked,
    TriggerSwitched,
    WorkerReported,
)
from glue_tui.engine.kernel import Kernel
from glue_tui.protocol.present import run_view
from glue_tui.protocol.views import RunView
from glue_tui.store.database import migrate
from glue_tui.store.event_log import MIGRATIONS as RUN_MIGRATIONS
from glue_tui.store.event_log import read_events, read_run
from glue_tui.store.seen_files import read_paths_there

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC).timestamp()
"""Where the clock of every project begins."""
SETTLE_S = 1.0
"""Longer than the time after which a file counts as settled."""


def jobs(*names: str) -> str:
    """Return the definitions of jobs of which nothing but their names matters."""
    return "".join(f'[jobs.{name}]\ntype = "command"\ncommand = ["true"]\n' for name in names)


def crawlers(*names: str) -> str:
    """Return the definitions of crawlers of which nothing but their names matters."""
    return "".join(f'[crawlers.{name}]\ndatabase = "raw"\ntargets = [{{ path = "in" }}]\n' for name in names)


class Project:
    """A project folder and its engine's kernel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "workflows").mkdir()
        self.now = NOON
        self.conn = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.conn, "runs", RUN_MIGRATIONS)
        migrate(self.conn, "catalog", CATALOG_MIGRATIONS)
        self._ids = 0
        self.kernel = self._opened()

    def _opened(self) -> Kernel:
        kernel = Kernel(conn=self.conn, slots=1000, new_run_id=self._new_run_id)
        kernel.open()
        return kernel

    def _new_run_id(self) -> RunId:
        self._ids += 1
        return RunId(f"wr_{self._ids}")

    # Definitions

    def write(self, text: str, name: str = "night") -> Workflow:
        """Save a workflow file, which must be right, and let the engine read it."""
        assert self.complaints(text, name) == []
        self.load()
        return self.kernel.workflow(name)

    def complaints(self, text: str, name: str = "night") -> list[str]:
        """Save a workflow file and return what is said about it, as `line: key: message (hint)`; warnings too."""
        path = self.folder / "workflows" / f"{name}.toml"
        path.write_text(text)
        source = f"workflows/{name}.toml:"
        problems = [str(problem) for problem in load_project(self.folder).problems if problem.path == source[:-1]]
        return [problem.removeprefix(source) for problem in problems]

    def remove(self, name: str) -> None:
        """Delete a workflow file, which may be gone already, and let the engine see it."""
        (self.folder / "workflows" / f"{name}.toml").unlink(missing_ok=True)
        self.load()

    def load(self) -> None:
        self.step(DefinitionsLoaded(workflows=load_project(self.folder).workflows))
        self.look()

    # Requests

    def start(self, workflow: str = "night", trigger: str = "", **properties: str) -> Run:
        """Start a run by hand. Raises what the request is refused with."""
        return self._run(StartAsked(workflow=workflow, trigger=trigger, properties=properties))

    def crawl(self, crawler: str, workflow: str = "night") -> Run:
        """Let a crawler run by itself. Raises what the request is refused with."""
        return self._run(CrawlAsked(workflow=workflow, crawler=crawler))

    def resume(self, run: Run, *nodes: str, as_it_ran: bool = False) -> Run:
        """Resume a run. Raises what the request is refused with."""
        return self._run(ResumeAsked(run_id=run.run_id, nodes=nodes, as_it_ran=as_it_ran))

    def switch(self, trigger: str, *, enabled: bool, workflow: str = "night") -> None:
        self.step(TriggerSwitched(workflow=workflow, trigger=trigger, enabled=enabled))

    def trigger_state(self, name: str, workflow: str = "night") -> str:
        trigger = self.kernel.workflow(workflow).trigger(name)
        assert trigger is not None
        return self.kernel.trigger_state(self.kernel.workflow(workflow), trigger).value

    def _run(self, ask: Input) -> Run:
        answer = self.step(ask)
        assert isinstance(answer, str)
        return Run(self, RunId(answer))

    # The world

    def step(self, one: Input) -> RunId | None:
        """Give the kernel one input and return its answer. Raises what it is refused with.

        After every step what is kept in memory is what is stored, and breaks no invariant.
        """
        (answer,) = self.kernel.step((one,), self.now).answers
        for run in self.kernel.runs.values():
            assert read_run(self.conn, run.run_id) == run
            check_run(run)
        if isinstance(answer, GlueTuiError):
            raise answer
        return answer

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.step(Ticked())

    def land(self, *paths: str) -> None:
        """Let files arrive, all at once, and settle."""
        for path in paths:
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(path)
        self.look()
        self.now += SETTLE_S
        self.look()

    def look(self) -> None:
        """Scan what the EVENT triggers watch."""
        for workflow in tuple(self.kernel.workflows.values()):
            for trigger in workflow.triggers:
                if trigger.watch is not None:
                    patterns = trigger.watch.patterns
                    area = Area(str(self.folder), patterns)
                    walked = Walk(area=area, places=Places(area)).everything()
                    files = tuple(
                        FileFact(path=path, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
                        for path, status in sorted(walked, key=lambda one: one[0])
                    )
                    found = {one.path for one in files}
                    self.step(
                        FolderScanned(
                            workflow=workflow.name,
                            trigger=trigger.name,
                            patterns=patterns,
                            files=files,
                            gone=tuple(
                                path
                                for path in read_paths_there(self.conn, workflow.name, trigger.name)
                                if path not in found
                            ),
                            is_whole=True,
                        )
                    )

    def crash(self) -> None:
        """Let the engine die and another one take over: it has only what is stored."""
        self.kernel = self._opened()
        self.load()

    def runs(self) -> list[Run]:
        """Return every run there ever was, oldest first."""
        rows = self.conn.execute("SELECT run_id FROM runs ORDER BY number").fetchall()
        return [Run(self, RunId(run_id)) for (run_id,) in rows]

    def at_work(self) -> list[str]:
        """Return the nodes for which the engine wants a worker now, of all runs."""
        return [node_name(one.key.node_id) for one in self.kernel.wanted() if isinstance(one, StartWorker)]

    def being_stopped(self) -> list[str]:
        """Return the nodes whose workers the engine ends now."""
        return [node_name(one.key.node_id) for one in self.kernel.wanted() if isinstance(one, StopWorker)]


class Run:
    """One run of a project, as it is stored at the moment of asking."""

    def __init__(self, project: Project, run_id: RunId) -> None:
        self.project = project
        self.run_id = run_id

    @property
    def it(self) -> WorkflowRun:
        return read_run(self.project.conn, self.run_id)

    @property
    def status(self) -> str:
        return self.it.status.value

    @property
    def outcome(self) -> str:
        """Return the outcome, nothing while the run goes."""
        outcome = self.it.outcome
        return outcome.value if outcome else ""

    @property
    def view(self) -> RunView:
        return run_view(self.it, "/state")

    def events(self) -> list[Event]:
        return [event for _, event in read_events(self.project.conn, self.run_id)]

    def story(self) -> list[str]:
        return [describe(event) for event in self.events()]

    def node_id(self, name: str) -> NodeId:
        (node_id,) = [one for one in self.it.nodes if node_name(one) == name]
        return node_id

    def state(self, name: str) -> str:
        return self.it.nodes[self.node_id(name)].state.value

    def states(self) -> dict[str, str]:
        """Return the state of every node, in flow order."""
        run = self.it
        return {node_name(node_id): run.nodes[node_id].state.value for node_id in run.graph.node_ids}

    def reason(self, name: str) -> str:
        return self.it.nodes[self.node_id(name)].reason

    def attempts(self, name: str) -> tuple[Attempt, ...]:
        return self.it.nodes[self.node_id(name)].attempts

    def trigger(self, name: str) -> str:
        return self.it.triggers[name].state.value

    def why_never(self, trigger: str) -> str:
        return self.it.triggers[trigger].reason

    # What its workers do

    def begin(self, name: str) -> None:
        """Let the worker of a node start."""
        self._report(WorkerStarted(key=self._key(name), pid=1, process_started_at=self.project.now))

    def finish(self, name: str, state: str = "SUCCEEDED", **properties: str) -> None:
        """Let the worker of a node's last attempt end: well, badly, with nothing to do, by a stop or timeout, or by
        vanishing for good."""
        key = self._key(name)
        match NodeState(state):
            case NodeState.SUCCEEDED:
                result = AttemptResult(state=NodeState.SUCCEEDED, properties=properties)
                self._report(WorkerExited(key=key, result=result, exit_code=0))
            case NodeState.FAILED:
                error = NodeError(type="ValueError", message="no good")
                result = AttemptResult(state=NodeState.FAILED, error=error, properties=properties)
                self._report(WorkerExited(key=key, result=result, exit_code=1))
            case NodeState.SKIPPED:
                result = AttemptResult(state=NodeState.SKIPPED, reason="exit code 99", properties=properties)
                self._report(WorkerExited(key=key, result=result, exit_code=0))
            case NodeState.STOPPED | NodeState.TIMEOUT:
                assert self.state(name) == "STOPPING"
                self._report(WorkerExited(key=key, result=None, signal=15))
                assert self.state(name) == state
            case NodeState.ERROR:
                while self.state(name) != state:
                    self.vanish(name)
            case _:
                raise AssertionError(f"no worker ends as {state}")

    def vanish(self, name: str) -> None:
        """Let the worker of a node be gone, nobody knows how."""
        self._report(WorkerLost(key=self._key(name), reason="the fork server died"))

    def stop(self) -> None:
        self.project.step(StopAsked(run_id=self.run_id))

    def _key(self, name: str) -> AttemptKey:
        assert self.state(name) in ("STARTING", "RUNNING", "STOPPING"), f"{name} has no worker: {self.states()}"
        return self.it.key(self.node_id(name))

    def _report(self, report: WorkerStarted | WorkerExited | WorkerLost) -> None:
        self.project.step(WorkerReported(report=report))
