"""What the border of the log pane says, and what stands in place of lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from glue_tui.client.words import count
from glue_tui.logs.levels import ERROR
from glue_tui.logs.read import LogFile
from glue_tui.logs.select import LevelLog, MergedLog
from glue_tui.tui.paint import Span, Spans
from glue_tui.tui.widgets.log_book import LogBook
from glue_tui.tui.widgets.log_times import Times

TITLE_FRAME_CELLS = 16
TITLE_LEFT_CELLS = 3
"""Cells of the border before the title."""


def tab_spans(number: str, labels: Sequence[str], active: int, width: int) -> Spans:
    """Return the tabs, the active one always among those that fit."""
    spans: list[Span] = [(f"{number} Logs", "accent")]
    first = 0
    room = width - TITLE_FRAME_CELLS
    while first < active and sum(len(label) + 3 for label in labels[first : active + 1]) > room:
        first += 1
    if first:
        spans.append(("  …", "faint"))
    for index, label in enumerate(labels[first:], first):
        spans.append(("  " if index == first else " │ ", "faint"))
        spans.append((label, "accent_strong" if index == active else "muted"))
    return tuple(spans)


def tab_at(spans: Spans, labels: Sequence[str], x: int) -> int | None:
    """Return the tab whose label stands at column `x` of the pane."""
    position = TITLE_LEFT_CELLS
    for text, tone in spans:
        if tone in ("accent_strong", "muted") and position <= x < position + len(text):
            return labels.index(text)
        position += len(text)
    return None


def status_spans(book: LogBook, *, is_live: bool, has_focus: bool) -> Spans:
    """Return whether the end is followed or how to get back to it, counts, and the outcome of a search."""
    window = book.window
    if window is None:
        return ()
    source = window.source
    spans: list[Span] = []
    if book.note[0]:
        spans += [book.note, (" · ", "faint")]
    if book.hits_told:
        spans += [(book.hits_told, "key"), (" · ", "faint")]
    if book.filter_text:
        spans += [(f"& {book.filter_text}", "key"), (f" {count(source.line_count)} · ", "muted")]
    if book.least_level:
        spans += [
            (f"{book.least_level} and above" if book.least_level != ERROR else "ERROR only", "key"),
            (" · ", "faint"),
        ]
    if book.times is not Times.CLOCK:
        spans += [(str(book.times), "muted"), (" · ", "faint")]
    if isinstance(source, MergedLog) and source.is_full:
        spans.append((f"only the first {count(source.line_count)} lines · ", "warn"))
    if window.is_following:
        spans.append(("FOLLOW" if is_live else "END", "good" if is_live else "muted"))
    else:
        spans.append((f"{count(window.top + 1)}/{count(source.line_count)} · G follows", "warn"))
    if source.errors:
        spans += [(" · ", "faint"), (f"E {count(source.errors)}", "bad")]
    if source.warnings:
        spans += [(" · ", "faint"), (f"W {count(source.warnings)}", "warn")]
    if has_focus:
        spans.append((" · / find  & filter  e next error", "muted"))
    return tuple(spans)


def nothing_spans(book: LogBook, *, is_live: bool) -> Spans:
    """Return why there are no lines."""
    window = book.window
    if window is None:
        return (("no log: nothing has run", "muted"),)
    if book.filter_text:
        return (("no line matches; & and Enter with nothing typed shows all", "muted"),)
    if isinstance(window.source, LevelLog) and window.source.source.line_count:
        return ((f"no line of {book.least_level} or above; L goes on to all lines", "muted"),)
    if isinstance(window.source, LogFile) and window.source.problem and not is_live:
        tab = book.tabs[book.active]
        if not tab.has_started:
            return ((f"no log: {tab.label} never started", "muted"),)
        name = PurePath(window.source.path).name
        return ((f"no log: {name}: {window.source.problem.lower()}   {window.source.path}", "muted"),)
    return (("waiting for the first line" if is_live else "empty", "muted"),)
