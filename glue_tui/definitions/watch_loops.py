"""Loops through files: runs of a trigger write what another watches, whose runs write what the first watches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from glue_tui.core.globs import fixed_folder
from glue_tui.core.graph import WorkflowGraph, build_graph
from glue_tui.core.job import Job
from glue_tui.core.model import NodeId, Trigger, Workflow, node_name
from glue_tui.definitions.cycles import separate_cycles
from glue_tui.definitions.templates import has_template
from glue_tui.definitions.written import Written, may_match, written_by

HINT = "each run would start the next: write elsewhere, or say allow_loop = true on the trigger if that is meant"

TriggerKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One trigger of a loop: its runs write what the next trigger watches."""

    workflow: str
    trigger: str
    node_ids: tuple[NodeId, ...]
    """From what the trigger starts to the job that writes."""
    written: Written
    pattern: str
    """Of the next trigger."""


def find_loops(workflows: Iterable[Workflow], project_dir: Path) -> list[tuple[Link, ...]]:
    """Return loops that share no trigger, as far as definitions tell what is written.

    A trigger with `allow_loop` is in none.
    """
    watching = [
        (workflow, trigger)
        for workflow in workflows
        for trigger in workflow.triggers
        if trigger.watch is not None and not trigger.watch.allow_loop
    ]
    patterns = _Patterns(watching, project_dir)
    edges = {
        (workflow.name, trigger.name): dict(_links(workflow, trigger, patterns, project_dir))
        for workflow, trigger in watching
    }
    return [tuple(links) for _, links in separate_cycles(edges)]


class _Patterns:
    """What is watched, by the folders in which it can lie: of thousands of patterns few concern one place."""

    def __init__(self, watching: Iterable[tuple[Workflow, Trigger]], project_dir: Path) -> None:
        self._project_dir = project_dir
        self._at: dict[Path, list[tuple[TriggerKey, str]]] = {}
        self._below: dict[Path, list[tuple[TriggerKey, str]]] = {}
        for workflow, trigger in watching:
            for pattern in trigger.watch.patterns if trigger.watch else ():
                entry = ((workflow.name, trigger.name), pattern)
                folder = Path(os.path.normpath(project_dir / fixed_folder(pattern)))
                self._at.setdefault(folder, []).append(entry)
                for above in folder.parents:
                    self._below.setdefault(above, []).append(entry)

    def matching(self, written: Written) -> Iterator[tuple[TriggerKey, str]]:
        """Yield the triggers, each with its pattern, that may match what is written."""
        folder = written.folder
        while has_template(str(folder)):
            folder = folder.parent
        near = [one for above in (folder, *folder.parents) for one in self._at.get(above, ())]
        for key, pattern in (*near, *self._below.get(folder, ())):
            if may_match(pattern, written, self._project_dir):
                yield key, pattern


def _links(
    workflow: Workflow, trigger: Trigger, patterns: _Patterns, project_dir: Path
) -> Iterator[tuple[TriggerKey, Link]]:
    """Yield the triggers that watch what the runs of a trigger write."""
    graph = build_graph(workflow)
    for node_ids in _ways(graph, trigger.name):
        node = graph.nodes.get(node_ids[-1])
        if not isinstance(node, Job):
            continue
        for written in written_by(node, workflow.connections, project_dir):
            for key, pattern in patterns.matching(written):
                link = Link(
                    workflow=workflow.name,
                    trigger=trigger.name,
                    node_ids=node_ids,
                    written=written,
                    pattern=pattern,
                )
                yield key, link


def _ways(graph: WorkflowGraph, trigger: str) -> Iterator[tuple[NodeId, ...]]:
    """Yield a shortest way from a trigger to each node that its runs can reach."""
    todo: list[tuple[NodeId, ...]] = [(node_id,) for node_id in graph.nodes_started_by(trigger)]
    seen = {way[-1] for way in todo}
    while todo:
        way = todo.pop(0)
        yield way
        for name in graph.triggers_watching.get(way[-1], ()):
            fresh = [node_id for node_id in graph.nodes_started_by(name) if node_id not in seen]
            seen.update(fresh)
            todo += [(*way, node_id) for node_id in fresh]


def from_workflow(loop: tuple[Link, ...], workflow: str) -> tuple[Link, ...]:
    """Return the same loop, told from a workflow's first trigger in it."""
    start = next(index for index, link in enumerate(loop) if link.workflow == workflow)
    return loop[start:] + loop[:start]


def loop_text(loop: tuple[Link, ...]) -> str:
    """Return the loop step by step: triggers, nodes, places."""
    is_in_one = len({link.workflow for link in loop}) == 1
    names = [link.trigger if is_in_one else f"{link.workflow}.{link.trigger}" for link in loop]
    steps = [
        f"{name} → {' → '.join(node_name(node_id) for node_id in link.node_ids)} → {link.written.text}"
        for name, link in zip(names, loop, strict=True)
    ]
    return f"a loop through files: {' → '.join(steps)} → {names[0]}"
