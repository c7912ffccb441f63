"""The retry dialog: which nodes run again, live, for the chosen scope and definition, and what changed since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual import events

from glue_tui.client.resume_words import SCRIPTS_RULE, change_text, more_text, script_text, since_text
from glue_tui.core.model import NodeId, node_name
from glue_tui.core.problem import GlueTuiError
from glue_tui.protocol.plan_views import ResumePlanView
from glue_tui.protocol.views import RunView
from glue_tui.tui.cli_twins import retry as retry_twin
from glue_tui.tui.format import node_look
from glue_tui.tui.model import node_in
from glue_tui.tui.paint import Span, Spans, wrap
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.theme import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryChoice:
    """What the dialog answers."""

    nodes: tuple[str, ...]
    """Empty: all that failed."""
    as_it_ran: bool


_LINE_TONES = {"+": "good", "-": "bad"}

Plans = Mapping[RetryChoice, ResumePlanView | GlueTuiError]
"""What each choice comes to, or why it is refused."""


class RetryScreen(Sheet[RetryChoice]):
    """Two choices, below them what they come to, and what changed since the run."""

    def __init__(self, look: Look, run: RunView, node_id: str, plans: Plans) -> None:
        number = run.summary.number
        super().__init__(
            look,
            title=((f"retry run {number} of {run.summary.workflow}", "accent_strong"),),
            hints=(
                ("Enter", "run them again"),
                ("a", "all failed"),
                ("n", "this node"),
                ("d", "definition"),
                ("Esc", ""),
            ),
        )
        self.run = run
        self.node_id = node_id
        """The selected node, if it has run."""
        self.plans = plans
        self.can_all = any(not one.nodes and isinstance(plan, ResumePlanView) for one, plan in plans.items())
        self.only_node = not self.can_all and bool(node_id)
        self.as_it_ran = False

    @property
    def choice(self) -> RetryChoice:
        return RetryChoice(nodes=(self.node_id,) if self.only_node else (), as_it_ran=self.as_it_ran)

    def lines(self, width: int) -> tuple[Spans, ...]:
        lines: list[Spans] = [
            (),
            self._choice("a", self._all_label(), not self.only_node, self.can_all),
            self._choice("n", self._node_label(), self.only_node, bool(self.node_id)),
            (),
            (*self._choice("d", "as it is now", not self.as_it_ran, True), *self._since()),
            self._choice(" ", f"as it ran: the definition of run {self.run.summary.number}", self.as_it_ran, True),
            (),
        ]
        plan = self.plans[self.choice]
        if isinstance(plan, ResumePlanView):
            lines += self._node_list("runs again", plan.restart, "strong", width)
            lines += self._node_list("then, if triggers fire", plan.follow, "text", width)
            lines += _names_line("stays as it is", map(self._carried, plan.carried), "muted", width)
            lines += _names_line("not there any more", map(_name, plan.gone), "warn", width)
        else:
            lines += _wrapped(str(plan), "warn", width)
        if (told := self._telling_plan()) is not None:
            lines += change_lines(told, width, are_left_out=self.as_it_ran)
        twin = retry_twin(self.run.summary.number, self.choice.nodes, self.as_it_ran)
        return (*lines, (), (("$ ", "faint+muted"), (twin, "muted")), ())

    def _telling_plan(self) -> ResumePlanView | None:
        """Return the plan that tells what changed: the chosen one or, where that is refused, the other."""
        both = (self.as_it_ran, not self.as_it_ran)
        plans = (self.plans[RetryChoice(nodes=self.choice.nodes, as_it_ran=one)] for one in both)
        return next((one for one in plans if isinstance(one, ResumePlanView)), None)

    def _since(self) -> Spans:
        plan = self._telling_plan()
        if plan is None:
            return ()
        if plan.refused_now:
            return ((": it can't be used", "warn"),)
        return ((f": {since_text(plan)}", "text" if plan.changes else "muted"),)

    def _carried(self, node_id: str) -> str:
        node = node_in(self.run, node_id)
        is_plain = node is None or node.state == "SUCCEEDED"
        return _name(node_id) if node is None or is_plain else f"{_name(node_id)} ({node_look(node.state).word})"

    def _all_label(self) -> str:
        failed = len(self.run.summary.failed_nodes)
        return f"all that failed ({failed})" if failed else "what has not run, as the run was stopped"

    def _node_label(self) -> str:
        if not self.node_id:
            return "the selected node (none that has run)"
        return f"{_name(self.node_id)} and everything downstream"

    def _choice(self, key: str, label: str, is_chosen: bool, is_possible: bool) -> Spans:
        mark = "(" + (self.look.glyph("running") if is_chosen else " ") + ")"
        tone = "strong" if is_chosen else "text" if is_possible else "faint+muted"
        return (
            (f"{key} ", "key" if is_possible else "faint+muted"),
            (mark, "accent" if is_chosen else tone),
            (f" {label}", tone),
        )

    def _node_list(self, head: str, node_ids: tuple[str, ...], tone: str, width: int) -> list[Spans]:
        if not node_ids:
            return []
        if len(node_ids) > 6:
            names = ", ".join(map(_name, node_ids))
            return [
                ((f"{head} ({len(node_ids)})", "muted"),),
                *(((f"  {line}", tone),) for line in wrap(names, width - 2)),
            ]
        return [((head, "muted"),), *(self._node_line(one, tone) for one in node_ids)]

    def _node_line(self, node_id: str, tone: str) -> Spans:
        node = node_in(self.run, node_id)
        look = node_look(node.state) if node else node_look("PENDING")
        spans: list[Span] = [(f"  {self.look.glyph(look.glyph)} ", look.tone), (_name(node_id), tone)]
        if node is not None:
            spans.append((f"  {look.word}", "muted"))
        return tuple(spans)

    def take_key(self, event: events.Key) -> None:
        match event.key:
            case "enter":
                if isinstance(self.plans[self.choice], ResumePlanView):
                    self.dismiss(self.choice)
                return
            case "a" if self.can_all:
                self.only_node = False
            case "n" if self.node_id:
                self.only_node = True
            case "d":
                self.as_it_ran = not self.as_it_ran
            case _:
                super().take_key(event)
                return
        self.box.top = 0
        self.fit_box(self.app.size)


def change_lines(plan: ResumePlanView, width: int, *, are_left_out: bool) -> list[Spans]:
    """Return what changed since the run, what concerns the nodes that run again first; nothing where nothing did."""
    lines: list[Spans] = []
    if plan.changes:
        lines += [(), ((since_text(plan) + (", left out" if are_left_out else ""), "muted"),)]
    for change in plan.changes:
        is_aside = change.concerns == "others" and not are_left_out
        tone = "muted" if is_aside or are_left_out else "text"
        note = "  (stays as it is)" if is_aside else ""
        lines += _wrapped(change_text(change) + note, tone, width, indent=2)
        for line in change.lines:
            lines += _wrapped(line, _LINE_TONES.get(line[:1], "muted"), width, indent=6)
    if more := more_text(plan):
        lines.append(((f"  {more}", "muted"),))
    if plan.refused_now and are_left_out:
        lines += [(), *_wrapped(since_text(plan), "warn", width)]
    if plan.scripts:
        lines.append(())
    for script in plan.scripts:
        lines += _wrapped(script_text(script, plan.run_number), "text", width)
    return lines + (_wrapped(SCRIPTS_RULE, "muted", width) if plan.scripts else [])


def _names_line(head: str, names: Iterable[str], tone: str, width: int) -> list[Spans]:
    listed = ", ".join(names)
    return _wrapped(f"{head}: {listed}", tone, width) if listed else []


def _wrapped(text: str, tone: str, width: int, indent: int = 0) -> list[Spans]:
    """Return a text in lines of this width; those after the first stand two cells further in."""
    first, *others = wrap(text, width - indent - 2)
    return [((" " * indent + first, tone),), *(((" " * (indent + 2) + line, tone),) for line in others)]


def _name(node_id: str) -> str:
    return node_name(NodeId(node_id))
