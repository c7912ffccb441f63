"""The one table of everything a key can do: key, words, when it is possible, what it does, its command-line twin.

Bindings, footer, help and palette are made from `ACTIONS`; nothing else calls the engine. What an action needs of the
screen it asks of `Host`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol, TypeVar

from glue_tui.client.api import EngineClient
from glue_tui.tui import cli_twins, refusals
from glue_tui.tui.screens.confirm import ConfirmScreen
from glue_tui.tui.screens.message import MessageScreen
from glue_tui.tui.screens.retry import RetryChoice, RetryScreen
from glue_tui.tui.screens.run_form import RunForm, needs_form
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.selection import Looked
from glue_tui.tui.theme import Look
from glue_tui.tui.why import why_lines

AnswerT = TypeVar("AnswerT")


class Host(Protocol):
    """What the app offers to actions."""

    look: Look

    @property
    def client(self) -> EngineClient: ...

    def now(self) -> float: ...

    async def ask(self, screen: Sheet[AnswerT]) -> AnswerT | None:
        """Show a dialog and return its answer; None when it was left."""

    def say(self, text: str, *, cli: str = "", tone: str = "good") -> None:
        """Tell what was done, and the command that does the same."""

    def move_cursor(self, where: str) -> None:
        """Move in the focused pane: up, down, page_up, page_down, top, bottom, left, right, enter."""

    def go_to_pane(self, pane: str) -> None: ...

    def next_pane(self, step: int) -> None: ...

    def grow(self, step: int) -> None: ...

    def next_view(self, step: int) -> None: ...

    def show_run(self, workflow: str, run_id: str) -> None: ...

    def find_in_logs(self) -> None: ...

    async def edit(self, looked: Looked) -> None: ...

    async def show_help(self) -> None: ...

    async def show_palette(self) -> None: ...

    def leave(self) -> None: ...


Perform = Callable[[Host, Looked], Coroutine[None, None, None] | None]
"""What only moves things on screen is done when it returns; what asks or calls the engine returns a coroutine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One verb of the product."""

    name: str
    keys: tuple[str, ...]
    """Textual's names of the keys."""
    shown: str
    """The key as people read it."""
    label: str
    help: str
    group: str
    perform: Perform
    refusal: Callable[[Looked], str] = refusals.never
    """Why it is not possible now; empty where it is."""
    cli: Callable[[Looked], str] | None = None
    """The same on the command line, for what is selected."""
    in_footer: bool = False


# Runs


async def start_run(host: Host, looked: Looked) -> None:
    """Start a run of the selected workflow, after its form where there is something to ask."""
    await _start(host, looked, trigger="")


async def fire_trigger(host: Host, looked: Looked) -> None:
    """Start a run by the selected trigger."""
    assert looked.trigger is not None
    await _start(host, looked, trigger=looked.trigger.name)


async def _start(host: Host, looked: Looked, trigger: str) -> None:
    name = looked.trigger.workflow if trigger and looked.trigger else looked.selection.workflow
    workflow = looked.model.workflow(name)
    assert workflow is not None
    properties: dict[str, str] | None = {}
    if needs_form(workflow.properties):
        properties = await host.ask(RunForm(host.look, workflow))
        if properties is None:
            return
    summary = await host.client.start_workflow_run(
        name, trigger=trigger, properties=properties, request_id=uuid.uuid4().hex
    )
    host.show_run(name, summary.run_id)
    verb = "queued" if summary.started_at is None and summary.queued_at is not None else "started"
    twin = cli_twins.fire(name, trigger, properties) if trigger else cli_twins.run(name, properties)
    host.say(f"run {summary.number} of {name} {verb}", cli=twin)


async def retry_run(host: Host, looked: Looked) -> None:
    """Ask what shall run again, then resume."""
    assert looked.run is not None
    run, workflow = looked.run, looked.workflow
    choice = await host.ask(RetryScreen(host.look, run, workflow, looked.selection.node_id))
    if choice is None:
        return
    await _resume(host, looked, choice)


async def _resume(host: Host, looked: Looked, choice: RetryChoice) -> None:
    assert looked.run is not None
    summary = await host.client.resume_workflow_run(
        looked.run.summary.run_id, nodes=choice.nodes, as_it_ran=choice.as_it_ran, request_id=uuid.uuid4().hex
    )
    host.show_run(summary.workflow, summary.run_id)
    host.say(
        f"run {summary.number} repeats run {looked.run.summary.number}",
        cli=cli_twins.retry(looked.run.summary.number, choice.nodes, choice.as_it_ran),
    )


async def stop_run(host: Host, looked: Looked) -> None:
    """Stop the run on show, after a question that names it."""
    assert looked.run is not None
    summary = looked.run.summary
    active = [node.name for node in looked.run.nodes if node.state in ("STARTING", "RUNNING", "STOPPING")]
    working = f"Now running: {', '.join(active)}. " if active else ""
    question = (
        f"Stop run {summary.number} of {summary.workflow}?",
        f"{working}Unfinished work is thrown away, nothing half-written is published. It can be retried later.",
    )
    if await host.ask(ConfirmScreen(host.look, question[0], question[1], verb="stop it")):
        await host.client.stop_workflow_run(summary.run_id)
        host.say(f"run {summary.number} is stopping", cli=cli_twins.stop(summary.number), tone="warn")


# Triggers


async def pause_trigger(host: Host, looked: Looked) -> None:
    """Pause the selected trigger, or let a paused one fire again."""
    assert looked.trigger is not None
    trigger = looked.trigger
    enable = trigger.state == "DEACTIVATED"
    await host.client.set_trigger_enabled(trigger.workflow, trigger.name, enable)
    said = (
        f"{trigger.name} may fire again"
        if enable
        else f"{trigger.name} is paused: it won't fire until space resumes it"
    )
    host.say(said, cli=cli_twins.pause(trigger.workflow, trigger.name, enable), tone="good" if enable else "warn")


async def explain(host: Host, looked: Looked) -> None:
    """Tell why the selected trigger or node did or did not start."""
    title, lines = why_lines(looked, host.now())
    await host.ask(MessageScreen(host.look, title, lines))


# Looking


def show_logs(host: Host, looked: Looked) -> None:
    host.move_cursor("right")


async def edit_file(host: Host, looked: Looked) -> None:
    await host.edit(looked)


def find(host: Host, looked: Looked) -> None:
    host.find_in_logs()


def next_view(host: Host, looked: Looked) -> None:
    host.next_view(1)


def previous_view(host: Host, looked: Looked) -> None:
    host.next_view(-1)


def show_last_run(host: Host, looked: Looked) -> None:
    host.show_run(looked.selection.workflow, "")


async def reload_files(host: Host, looked: Looked) -> None:
    project = await host.client.reload()
    broken = [workflow.source for workflow in project.workflows if workflow.is_broken]
    if broken:
        host.say(f"read again; broken: {', '.join(broken)}", cli="glue-tui validate", tone="warn")
    else:
        host.say(f"{len(project.workflows)} workflow files read again, none broken", cli="glue-tui validate")


# The screen itself


async def show_help(host: Host, looked: Looked) -> None:
    await host.show_help()


async def show_palette(host: Host, looked: Looked) -> None:
    await host.show_palette()


def leave(host: Host, looked: Looked) -> None:
    host.leave()


def _to_pane(pane: str) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.go_to_pane(pane)

    return perform


def _cursor(where: str) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.move_cursor(where)

    return perform


def _pane_step(step: int) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.next_pane(step)

    return perform


def _growth(step: int) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.grow(step)

    return perform


def _move(where: str, keys: tuple[str, ...], shown: str, help: str) -> Action:
    return Action(
        name=where,
        keys=keys,
        shown=shown,
        label=where.replace("_", " "),
        help=help,
        group="Moving",
        perform=_cursor(where),
    )


def _pane(number: str, pane: str, help: str) -> Action:
    return Action(
        name=f"pane_{pane}",
        keys=(number,),
        shown=number,
        label=f"{pane} pane",
        help=help,
        group="Screen",
        perform=_to_pane(pane),
    )


ACTIONS: tuple[Action, ...] = (
    Action(
        name="run",
        keys=("r",),
        shown="r",
        label="run",
        help="start a run of the workflow; asks for its properties where there is something to ask",
        group="Runs",
        perform=start_run,
        refusal=refusals.run,
        cli=lambda looked: cli_twins.run(looked.selection.workflow, None),
        in_footer=True,
    ),
    Action(
        name="retry",
        keys=("R",),
        shown="R",
        label="retry",
        help="run again what failed, or the selected node, with everything downstream; shows the list first",
        group="Runs",
        perform=retry_run,
        refusal=refusals.retry,
        cli=cli_twins.retry_of,
        in_footer=True,
    ),
    Action(
        name="stop",
        keys=("s",),
        shown="s",
        label="stop",
        help="stop the run on show",
        group="Runs",
        perform=stop_run,
        refusal=refusals.stop,
        cli=cli_twins.stop_of,
        in_footer=True,
    ),
    Action(
        name="last_run",
        keys=("o",),
        shown="o",
        label="last run",
        help="go back from an older run to the workflow's last one",
        group="Runs",
        perform=show_last_run,
        refusal=refusals.last_run,
        cli=lambda looked: cli_twins.status(looked.selection.workflow),
    ),
    Action(
        name="why",
        keys=("w",),
        shown="w",
        label="why",
        help="why a trigger fired or not: each condition as true, not yet or never",
        group="Triggers",
        perform=explain,
        refusal=refusals.why,
        cli=cli_twins.why_of,
        in_footer=True,
    ),
    Action(
        name="pause",
        keys=("space",),
        shown="space",
        label="pause",
        help="pause the trigger, or let it fire again",
        group="Triggers",
        perform=pause_trigger,
        refusal=refusals.pause,
        cli=cli_twins.pause_of,
        in_footer=True,
    ),
    Action(
        name="fire",
        keys=("f",),
        shown="f",
        label="fire",
        help="start a run by this trigger, now",
        group="Triggers",
        perform=fire_trigger,
        refusal=refusals.fire,
        cli=cli_twins.fire_of,
        in_footer=True,
    ),
    Action(
        name="logs",
        keys=("l",),
        shown="l",
        label="logs",
        help="go to the logs of the selected node; on a closed branch: open it",
        group="Looking",
        perform=show_logs,
        cli=cli_twins.logs_of,
        in_footer=True,
    ),
    Action(
        name="edit",
        keys=("e",),
        shown="e",
        label="edit",
        help="open the workflow's file or the node's script in $EDITOR, at the error's line",
        group="Looking",
        perform=edit_file,
        refusal=refusals.edit,
        in_footer=True,
    ),
    Action(
        name="find",
        keys=("slash",),
        shown="/",
        label="find",
        help="find in the logs",
        group="Looking",
        perform=find,
        in_footer=True,
    ),
    Action(
        name="next_view",
        keys=("right_square_bracket",),
        shown="]",
        label="next view",
        help="next view of the workflow",
        group="Looking",
        perform=next_view,
    ),
    Action(
        name="previous_view",
        keys=("left_square_bracket",),
        shown="[",
        label="previous view",
        help="previous view of the workflow",
        group="Looking",
        perform=previous_view,
    ),
    Action(
        name="reload",
        keys=("ctrl+r",),
        shown="ctrl+r",
        label="reload",
        help="read the workflow files again now; saving one does it by itself",
        group="Looking",
        perform=reload_files,
        refusal=refusals.engine,
        cli=lambda looked: "glue-tui validate",
    ),
    _move("up", ("k", "up"), "k ↑", "up; in the graph and the logs: scroll"),
    _move("down", ("j", "down"), "j ↓", "down"),
    _move("left", ("h", "left"), "h ←", "close the branch, or go to the one above; scroll left"),
    _move("right", ("right",), "→", "open the branch, or go to the logs; scroll right"),
    _move("page_up", ("pageup", "ctrl+u"), "PgUp", "a page up"),
    _move("page_down", ("pagedown", "ctrl+d"), "PgDn", "a page down"),
    _move("top", ("home",), "gg", "to the first line"),
    _move("bottom", ("G", "end"), "G", "to the last line"),
    _move("enter", ("enter",), "Enter", "open or close a branch; in the history: show that run"),
    _pane("1", "workflows", "to the workflows"),
    _pane("2", "triggers", "to the triggers"),
    _pane("3", "logs", "to the logs"),
    _pane("4", "view", "to the graph and the other views"),
    Action(
        name="next_pane",
        keys=("tab",),
        shown="Tab",
        label="next pane",
        help="to the next pane; shift+tab to the one before",
        group="Screen",
        perform=_pane_step(1),
    ),
    Action(
        name="previous_pane",
        keys=("shift+tab",),
        shown="S-Tab",
        label="previous pane",
        help="to the pane before",
        group="Screen",
        perform=_pane_step(-1),
    ),
    Action(
        name="grow",
        keys=("plus", "equals_sign"),
        shown="+",
        label="grow",
        help="grow the pane: half the screen, all of it",
        group="Screen",
        perform=_growth(1),
    ),
    Action(
        name="shrink",
        keys=("underscore", "minus"),
        shown="_",
        label="shrink",
        help="shrink the pane again",
        group="Screen",
        perform=_growth(-1),
    ),
    Action(
        name="palette",
        keys=("colon", "ctrl+p"),
        shown=":",
        label="commands",
        help="every command by name; ctrl+p does the same",
        group="Screen",
        perform=show_palette,
        in_footer=True,
    ),
    Action(
        name="help",
        keys=("question_mark",),
        shown="?",
        label="keys",
        help="this list",
        group="Screen",
        perform=show_help,
        in_footer=True,
    ),
    Action(
        name="leave",
        keys=("q",),
        shown="q",
        label="leave",
        help="leave the screen; engine and runs go on",
        group="Screen",
        perform=leave,
        in_footer=True,
    ),
)

BY_NAME: dict[str, Action] = {action.name: action for action in ACTIONS}
