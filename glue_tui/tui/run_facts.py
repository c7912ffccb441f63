"""What the history tells of a run besides its row: the lines below the list, and the words a filter looks in. Pure."""

from __future__ import annotations

from glue_tui.client.words import clock_text, counted, late_text
from glue_tui.protocol.views import RunSummary, RunView
from glue_tui.tui.format import run_look, trigger_glyph
from glue_tui.tui.paint import Span, Spans, wrap_spans
from glue_tui.tui.theme import Look

_COUNTS = (
    ("succeeded", "good"),
    ("failed", "bad"),
    ("timeout", "bad"),
    ("errored", "bad"),
    ("stopped", "warn"),
    ("running", "running"),
    ("waiting", "warn"),
    ("skipped", "muted"),
)
_WORDS = {"timeout": "timed out", "errored": "in error"}


def is_wanted(run: RunSummary, text: str) -> bool:
    """Return whether a run has every word of the filter, and none of those with `!` before them."""
    told = _searched(run)
    return all(
        (word.removeprefix("!") in told) is not word.startswith("!") for word in text.lower().split() if word != "!"
    )


def _searched(run: RunSummary) -> str:
    words = [
        f"#{run.number}",
        run_look(run).word,
        run.trigger,
        run.trigger_type,
        run.crawler,
        *run.failed_nodes,
        *(f"{name}={value}" for name, value in run.properties.items()),
        *run.event_files,
        *run.deleted_files,
        run.message,
        "retry" if run.previous_run_id else "",
    ]
    return "\n".join(words).lower()


def run_detail(
    run: RunSummary, whole: RunView | None, look: Look, now: float, width: int, rows: int
) -> tuple[Spans, ...]:
    """Return exactly `rows` lines about a run, so that the list above keeps its height.

    `whole`: the run itself where it is known; it has all its properties.
    """
    properties = run.properties if whole is None else whole.properties
    given = "  ".join(f"{name}={value}" for name, value in properties.items())
    files = (*run.event_files, *run.deleted_files)
    facts: list[Spans] = [
        _started(run, look, now),
        _nodes(run),
        (("properties  ", "muted"), (given, "text")) if given else (),
        ((f"{counted(len(files), 'file')}  ", "muted"), (", ".join(files), "text")) if files else (),
        ((run.message, "muted"),) if run.message else (),
    ]
    lines = [line for fact in facts if fact for line in wrap_spans(fact, width)]
    return (*lines[:rows], *([()] * (rows - len(lines))))


def _started(run: RunSummary, look: Look, now: float) -> Spans:
    began = run.started_at if run.started_at is not None else run.queued_at
    parts: list[Span] = [
        (f"run {run.number}", "strong"),
        (f"  {'queued' if run.started_at is None else 'began'} {clock_text(began, now)} by ", "muted"),
        (f"{look.glyph(trigger_glyph(run.trigger_type))} {run.trigger}", "trigger"),
    ]
    if late := late_text(run):
        parts.append((f"  {late}", "warn"))
    if run.crawler:
        parts.append((f"  crawler {run.crawler} alone", "muted"))
    if run.resumed is not None:
        changed = f", {counted(run.resumed.changes, 'change')} since" if run.resumed.changes else ""
        parts.append(
            (f"  retry of run {run.resumed.number}{' as it ran' if run.resumed.as_it_ran else changed}", "text")
        )
    return tuple(parts)


def _nodes(run: RunSummary) -> Spans:
    counts = run.statistics
    if not counts.total:
        return ()
    parts: list[Span] = [(f"{counted(counts.total, 'node')}: ", "muted")]
    for name, tone in _COUNTS:
        if number := getattr(counts, name):
            parts.append(("" if len(parts) == 1 else "  ", ""))
            parts.append((f"{number} {_WORDS.get(name, name)}", tone))
    if run.failed_nodes:
        parts.append((f"  {', '.join(run.failed_nodes)}", "bad_strong"))
    return tuple(parts)
