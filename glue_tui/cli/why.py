"""`glue-tui why`: why a trigger, a node or a file did or did not start something."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
import time
from pathlib import Path

import click

from glue_tui.cli.history import project_history, run_ref, say_if_at_a_standstill
from glue_tui.cli.inbox import project_path
from glue_tui.cli.offline import current_inboxes, current_project, current_run
from glue_tui.cli.output import harmless, paint, show, show_json
from glue_tui.cli.settings import Settings
from glue_tui.client import why
from glue_tui.client.explained import Explanation, Line, Role, Verdict, margins
from glue_tui.client.on_disk import what_lies_at
from glue_tui.client.why_file import file_at_trigger
from glue_tui.client.why_node import node_in_run
from glue_tui.client.why_start import Surroundings
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.protocol.views import ProjectView, RunSummary, RunView, TriggerView, WorkflowView
from glue_tui.store.history import History, RunFilter

RUNS_SEARCHED = 1000
"""Of a trigger, for the one that a file started."""
_TONES = {
    Verdict.DONE: "good",
    Verdict.WAITS: "warn",
    Verdict.BLOCKED: "bad",
    Verdict.NEVER: "bad",
    Verdict.FAILED: "bad",
    Role.TRUE: "good",
    Role.NOT_YET: "warn",
    Role.NEVER: "bad",
    Role.FALSE: "bad",
    Role.TEXT: "",
    Role.MUTED: "muted",
}
_TRIGGER_IN_FILE = re.compile(r"""^\s*\[\s*triggers\s*\.\s*(?:"([^"]+)"|'([^']+)'|([\w-]+))""", re.MULTILINE)


@click.command("why")
@click.argument("ref", metavar="[RUN|WORKFLOW]", default="")
@click.argument("trigger", default="")
@click.option("--node", metavar="NODE", default="", help="Why this job or crawler of the run ran or did not.")
@click.option("--file", "path", metavar="PATH", default="", help="Why this file started no run by the EVENT trigger.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanations as JSON.")
@click.pass_obj
def why_command(settings: Settings, ref: str, trigger: str, node: str, path: str, as_json: bool) -> None:
    """Explain why TRIGGER fired or did not: each condition as true, not yet, never or false.

    In a RUN (its number or id), or of a WORKFLOW as things stand now: then triggers that start runs are explained
    outside any run, CONDITIONAL ones in its last. Without TRIGGER: the outcome, and every trigger. Needs no engine.
    """
    if node and path:
        raise click.UsageError("--node and --file exclude each other: one asks about a run, the other about a file")
    if node and trigger:
        raise click.UsageError("TRIGGER and --node exclude each other: ask about one, then about the other")
    told = _Teller(settings.project_dir(), ref)
    found = told.asked_for(trigger, node, path)
    if as_json:
        show_json(found)
        return
    show("\n\n".join(explanation_text(one) for one in found))
    if told.run is not None:
        say_if_at_a_standstill(told.project_dir, told.run.summary)


class _Teller:
    """Looks up what the words of the command mean, and who can tell of it."""

    def __init__(self, project_dir: Path, ref: str) -> None:
        self.project_dir = project_dir
        self.now = time.time()
        self.history: History = project_history(project_dir)
        self.project: ProjectView = current_project(project_dir)
        self.named = next((one for one in self.project.workflows if one.name == ref), None)
        """The workflow, where it was named and not a run of it."""
        self.run: RunView | None = self._run(ref)
        name = self.run.summary.workflow if self.run is not None else ""
        self.workflow = self.named or next((one for one in self.project.workflows if one.name == name), None)

    def _run(self, ref: str) -> RunView | None:
        if self.named is not None and self.named.name not in self.history.last_run_ids():
            return None
        try:
            return current_run(self.project_dir, run_ref(self.history, ref))
        except EntityNotFound as error:
            names = tuple(one.name for one in self.project.workflows) if ref else ()
            raise EntityNotFound(error.message, hint=did_you_mean(ref, names) or error.hint) from None

    def asked_for(self, trigger: str, node: str, path: str) -> tuple[Explanation, ...]:
        if path:
            return (self.file(trigger, path),)
        if node:
            return (self.node(node),)
        return (self.trigger(trigger),) if trigger else self.everything()

    def trigger(self, name: str) -> Explanation:
        view = self._trigger_now(name)
        if self.named is not None and view is not None:
            return why.of_trigger(self._around(view), view, self.run)
        if self.run is not None and (view is not None or any(one.name == name for one in self.run.triggers)):
            return why.of_trigger_in_run(self.workflow, self.run, name, self.now)
        if self.workflow is not None and self.workflow.is_broken and name in self._written(self.workflow):
            return why.of_trigger_in_broken_file(self.workflow, name)
        known = [one.name for one in (self.workflow.triggers if self.workflow else ())]
        known += [one.name for one in (self.run.triggers if self.run else ())]
        where = f"run {self.run.summary.number}" if self.run is not None and self.named is None else ""
        of = where or (self.workflow.name if self.workflow else "")
        raise EntityNotFound(f'no trigger "{name}" in {of}', hint=did_you_mean(name, tuple(dict.fromkeys(known))))

    def node(self, name: str) -> Explanation:
        if self.run is None:
            assert self.named is not None
            raise InvalidInput(f"{self.named.name} has not run yet", hint=f"`glue-tui run {self.named.name}` runs it")
        ids = [one for one in self.run.nodes if name in (one.name, one.node_id)]
        if not ids:
            known = tuple(one.name for one in self.run.nodes)
            raise EntityNotFound(f'no node "{name}" in run {self.run.summary.number}', hint=did_you_mean(name, known))
        if len(ids) > 1:
            raise InvalidInput(
                f'"{name}" is a job and a crawler', hint=f"say {' or '.join(one.node_id for one in ids)}"
            )
        return node_in_run(self.run, ids[0], self.now)

    def file(self, name: str, path: str) -> Explanation:
        if self.workflow is None:
            assert self.run is not None
            raise EntityNotFound(f"{self.run.summary.workflow} has no file any more", hint="nothing watches for it")
        trigger = self._watching(self.workflow, name)
        known_as = project_path(self.project_dir, path)
        inboxes = current_inboxes(self.project_dir, self.workflow.name, trigger.name, known_as)
        known = next((one for inbox in inboxes for one in inbox.files if one.path == known_as), None)
        return file_at_trigger(
            self._around(trigger),
            trigger,
            known_as,
            known=known,
            on_disk=what_lies_at(self.project_dir / known_as),
            taken_by=self._taken_by(trigger, known_as, known.run_id if known is not None else ""),
        )

    def _taken_by(self, trigger: TriggerView, path: str, run_id: str) -> RunSummary | None:
        """Return the run that a file started: the known one, else the newest that names it, if it is not long ago."""
        runs = self.history.find_runs(RunFilter(workflow=trigger.workflow, trigger=trigger.name), RUNS_SEARCHED)
        if run_id:
            return next((one for one in runs if one.run_id == run_id), None)
        return next((one for one in runs if path in (*one.event_files, *one.deleted_files)), None)

    def _watching(self, workflow: WorkflowView, name: str) -> TriggerView:
        """Return the EVENT trigger of this name; without a name the only one there is."""
        watching = [one for one in workflow.triggers if one.watch]
        if not name and len(watching) == 1:
            return watching[0]
        names = tuple(one.name for one in watching)
        if not name:
            raise InvalidInput("say which trigger", hint=f"`glue-tui why {workflow.name} TRIGGER --file PATH`")
        found = next((one for one in watching if one.name == name), None)
        if found is None:
            raise EntityNotFound(
                f'no EVENT trigger "{name}" in {workflow.name}', hint=did_you_mean(name, names) or "none watches files"
            )
        return found

    def everything(self) -> tuple[Explanation, ...]:
        """Return the run, or the workflow as it stands: its start triggers now, the others in its last run."""
        if self.named is None:
            assert self.run is not None
            return why.of_run(self.workflow, self.run, self.now)
        starting = [one for one in self.named.triggers if one.type != "CONDITIONAL"]
        found = [why.of_trigger(self._around(one), one, None) for one in starting]
        if self.run is not None:
            of_run = why.of_run(self.workflow, self.run, self.now)
            names = {one.name for one in self.run.triggers if one.type == "CONDITIONAL"}
            found += [one for one in of_run if not one.trigger or one.trigger in names]
        in_run = {one.trigger for one in found}
        others = [one for one in self.named.triggers if one.name not in in_run]
        return (*found, *(why.of_trigger(self._around(one), one, self.run) for one in others))

    def _around(self, trigger: TriggerView) -> Surroundings:
        assert self.workflow is not None
        started = self.history.find_runs(RunFilter(workflow=self.workflow.name, trigger=trigger.name), 1)
        inboxes = current_inboxes(self.project_dir, self.workflow.name, trigger.name) if trigger.watch else ()
        return why.surroundings(
            self.project.engine,
            self.workflow,
            self.project.runs,
            self.now,
            last_started=started[0] if started else None,
            inbox=inboxes[0] if inboxes else None,
        )

    def _trigger_now(self, name: str) -> TriggerView | None:
        triggers = self.workflow.triggers if self.workflow is not None else ()
        return next((one for one in triggers if one.name == name), None)

    def _written(self, workflow: WorkflowView) -> set[str]:
        """Return the triggers that a file names, be it good TOML or not."""
        try:
            text = (self.project_dir / workflow.source).read_text(errors="replace")
        except OSError:
            return set()
        return {name for names in _TRIGGER_IN_FILE.findall(text) for name in names if name}


def explanation_text(explanation: Explanation) -> str:
    """Return an explanation for people, in the width of the terminal; unbroken lines where none is there."""
    lines = [click.style(harmless(explanation.subject), bold=True)]
    lines += [paint(row, _TONES[explanation.verdict]) for row in _rows(explanation.answer, "")]
    for (before, said), line in zip(margins(explanation.lines), explanation.lines, strict=True):
        lines += _painted(line, before, _rows(f"{said}  {line.note}" if line.note else said, before))
    return "\n".join(lines)


def _painted(line: Line, before: str, rows: list[str]) -> list[str]:
    tone = _TONES[line.role]
    if not line.role.is_judgement:
        return [paint(row, tone) for row in rows]
    return [paint(before, tone) + rows[0][len(before) :], *rows[1:]]


def _rows(said: str, before: str) -> list[str]:
    said = before + harmless(said)
    if not sys.stdout.isatty():
        return [said]
    width = shutil.get_terminal_size().columns
    return textwrap.wrap(said, width, subsequent_indent=" " * (len(before) + 2 if before else 0)) or [""]
