"""The retry dialog: which nodes will run again, live, for the scope and the definition that are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual import events

from glue_tui.core.model import NodeId, node_name
from glue_tui.core.problem import GlueTuiError
from glue_tui.protocol.views import ResumePlanView, RunView
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


Plans = Mapping[RetryChoice, ResumePlanView | GlueTuiError]
"""What each choice comes to, or why it is refused."""


class RetryScreen(Sheet[RetryChoice]):
    """Two choices, and below them what they come to."""

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
            self._choice("d", "with today's definition", not self.as_it_ran, True),
            self._choice(" ", "as it ran: the definition this run was pinned to", self.as_it_ran, True),
            (),
        ]
        plan = self.plans[self.choice]
        if isinstance(plan, ResumePlanView):
            lines += self._node_list("runs again", plan.restart, "strong", width)
            lines += self._node_list("then, if triggers fire", plan.follow, "text", width)
            lines += self._node_list("stays as it is", plan.carried, "muted", width)
        else:
            lines += [((line, "warn"),) for line in wrap(str(plan), width)]
        twin = retry_twin(self.run.summary.number, self.choice.nodes, self.as_it_ran)
        return (*lines, (), (("$ ", "faint+muted"), (twin, "muted")), ())

    def _all_label(self) -> str:
        failed = len(self.run.summary.failed_nodes)
        return f"all that failed ({failed})" if failed else "what has not run, as the run was stopped"

    def _node_label(self) -> str:
        if not self.node_id:
            return "the selected node (none that has run)"
        return f"{node_name(NodeId(self.node_id))} and everything downstream"

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
            names = ", ".join(node_name(NodeId(one)) for one in node_ids)
            return [
                ((f"{head} ({len(node_ids)})", "muted"),),
                *(((f"  {line}", tone),) for line in wrap(names, width - 2)),
            ]
        return [((head, "muted"),), *(self._node_line(one, tone) for one in node_ids)]

    def _node_line(self, node_id: str, tone: str) -> Spans:
        node = node_in(self.run, node_id)
        look = node_look(node.state) if node else node_look("PENDING")
        spans: list[Span] = [(f"  {self.look.glyph(look.glyph)} ", look.tone), (node_name(NodeId(node_id)), tone)]
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
        self.fit_box(self.app.size)
