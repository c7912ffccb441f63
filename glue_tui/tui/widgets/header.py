"""The line at the top: project, engine, and how many runs go, failed, and files are broken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from textual.strip import Strip
from textual.widget import Widget

from glue_tui.protocol.views import EngineView
from glue_tui.tui.format import age
from glue_tui.tui.model import Connection, UiModel, is_over
from glue_tui.tui.paint import Span, Spans, columns, strip, width_of
from glue_tui.tui.theme import Look

_VARIANTS = (
    (3, True, True, True),
    (2, True, True, True),
    (2, False, True, True),
    (1, False, True, True),
    (1, False, False, True),
    (1, False, False, False),
)
"""Gap, engine's age, project's name, words beside the counts: from roomy to narrow."""
HELD = "held after crashes: H releases"
"""Schedules and files start nothing then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderFacts:
    """What the header says, so that it is painted only when that changes."""

    project: str = ""
    connection: Connection = Connection.CONNECTING
    engine_up: str = ""
    message: str = ""
    running: int = 0
    failed: int = 0
    broken: int = 0
    clock: str = ""


def header_facts(model: UiModel, project: str, now: float, clock: str) -> HeaderFacts:
    """Return what the header says of the model."""
    last_runs = [run for workflow in model.workflows if (run := model.last_run(workflow.name)) is not None]
    return HeaderFacts(
        project=PurePath(project).name or project,
        connection=model.connection,
        engine_up=age(now - model.engine.started_at) if model.engine else "",
        message=_message(model.engine) if model.engine else "",
        running=sum(1 for run in model.runs.values() if not is_over(run)),
        failed=sum(1 for run in last_runs if run.summary.outcome in ("FAILED", "ERROR")),
        broken=sum(1 for workflow in model.workflows if workflow.is_broken),
        clock=clock,
    )


def _message(engine: EngineView) -> str:
    """Return what hinders the engine, and the key where there is one."""
    return HELD if engine.is_held and engine.message.startswith("held") else engine.message


class Header(Widget):
    """One line; never has the focus."""

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(id=id)
        self.look = look
        self.facts = HeaderFacts()

    def show(self, facts: HeaderFacts) -> None:
        if facts != self.facts:
            self.facts = facts
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        clock: Spans = ((self.facts.clock + " ", "muted"),)
        room = width - width_of(clock) - 1
        variants = [self._left(*one) for one in _VARIANTS]
        left = next((one for one in variants if width_of(one) <= room), variants[-1])
        return strip(columns(left, clock, width, self.look), width, self.look, "bar")

    def _left(self, gap: int, has_age: bool, has_project: bool, has_words: bool) -> Spans:
        """Return everything but the clock."""
        space = " " * gap
        spans: list[Span] = [(" glue-tui ", "badge"), (space, "text")]
        if has_project:
            spans.append((f"{self.facts.project}{space}", "text"))
        spans += self._engine(has_age)
        if self.facts.connection is Connection.LIVE:
            spans += self._counts(space, has_words)
        return tuple(spans)

    def _engine(self, has_age: bool) -> Spans:
        facts = self.facts
        match facts.connection:
            case Connection.CONNECTING:
                return ((self.look.glyph("engine_lost") + " engine ", "warn"), (self.look.plain("starting…"), "muted"))
            case Connection.LOST:
                said = self.look.plain("engine lost, reconnecting…")
                return ((self.look.glyph("engine_lost") + " ", "bad"), (said, "bad_strong"))
            case Connection.STOPPED:
                return ((self.look.glyph("engine_lost") + " engine stopped", "warn"),)
            case Connection.LIVE:
                up = "just started" if facts.engine_up == "now" else f"up {facts.engine_up}"
                spans: list[Span] = [(self.look.glyph("engine") + " engine", "good")]
                if has_age:
                    spans.append((f" {up}", "muted"))
                if facts.message:
                    spans.append((f" {facts.message}", "warn"))
                return tuple(spans)

    def _counts(self, space: str, has_words: bool) -> list[Span]:
        spans: list[Span] = []
        for number, glyph, word, tone in (
            (self.facts.running, "running", "running", "running"),
            (self.facts.failed, "failed", "failed", "bad"),
            (self.facts.broken, "broken", "broken", "warn"),
        ):
            if number:
                spans.append((f"{space}{self.look.glyph(glyph)} {number}" + (f" {word}" if has_words else ""), tone))
        return spans
