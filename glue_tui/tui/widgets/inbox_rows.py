"""The files of EVENT triggers as rows: what waits, by trigger and, where they are many, by folder. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from glue_tui.client.words import count, counted, size
from glue_tui.protocol.inbox_views import InboxFile, InboxView
from glue_tui.protocol.views import TriggerView
from glue_tui.tui.format import trigger_glyph, whole_duration
from glue_tui.tui.paint import Span, Spans, wrap

GROUPED_FROM = 13
"""So many files of one trigger stand by folder, each closed until somebody opens it."""
FILES_MAX = 200
"""So many files of a folder get rows; a filter finds the others."""
ENDED = "//ended"
"""Stands for the folder of the files that wait no more; no path has two slashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxHead:
    """A trigger: its batch, or that nothing waits."""

    trigger: str
    glyph: str
    tone: str
    said: Spans
    patterns: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxNote:
    """One line of what the watcher or the engine has to say of a trigger, or that there is more than is shown."""

    trigger: str
    text: str
    tone: str = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRow:
    """Files of one trigger that stand together."""

    trigger: str
    folder: str
    name: str
    is_open: bool
    said: str
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file."""

    trigger: str
    path: str
    name: str
    depth: int
    glyph: str
    state: str
    tone: str
    size: str
    when: str
    run_id: str = ""
    waits: bool = True


InboxRow = InboxHead | InboxNote | FolderRow | FileRow

_STAGES: dict[str, tuple[str, str, str]] = {
    "SETTLING": ("starting", "settling", "running"),
    "PENDING": ("tick", "ready", "good"),
    "TAKEN": ("crumb", "taken", "muted"),
    "DROPPED": ("cross", "dropped", "muted"),
    "UNSELECTED": ("skipped", "ignored", "muted"),
}
"""Glyph, word and tone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLook:
    """How rows are made: the time, the width, and what the person has chosen."""

    now: float
    time_zone: tzinfo | None
    width: int
    opened: frozenset[tuple[str, str]] = frozenset()
    """Trigger and folder of those that somebody has opened."""
    filter_text: str = ""


def waiting_in(inbox: InboxView) -> tuple[int, int]:
    """Return how many files have settled, and how many settle."""
    settled = sum(one.stage == "PENDING" for one in inbox.files)
    return settled, len(inbox.files) - settled


def inbox_rows(inboxes: Iterable[InboxView], triggers: Sequence[TriggerView], look: InboxLook) -> Iterator[InboxRow]:
    """Yield the rows of a workflow's EVENT triggers, those where something waits first."""
    views = {one.name: one for one in triggers}
    for inbox in sorted(inboxes, key=lambda one: not one.files):
        if (trigger := views.get(inbox.trigger)) is None:
            continue
        yield _head(inbox, trigger, look.now)
        for note in trigger.notes:
            yield from (InboxNote(trigger=inbox.trigger, text=line) for line in wrap(note, max(20, look.width - 8)))
        yield from _waiting(inbox, look)
        yield from _ended(inbox, trigger, look)


def _head(inbox: InboxView, trigger: TriggerView, now: float) -> InboxHead:
    settled, settling = waiting_in(inbox)
    is_paused = trigger.state == "DEACTIVATED"
    said: list[Span] = []
    if is_paused:
        said.append(("paused", "warn"))
    if settled or settling:
        said.append((f"{settled}/{inbox.batch_size}", "running" if settled else "muted"))
    if settled and inbox.window_closes_at is not None and not is_paused:
        gone_s = max(0.0, min(inbox.batch_window_s, inbox.batch_window_s - (inbox.window_closes_at - now)))
        said.append((f"{whole_duration(gone_s)} of {whole_duration(inbox.batch_window_s)}", "text"))
    if settling:
        said.append((f"{count(settling)} settling", "text"))
    if not inbox.files:
        said.append(("no file waits", "muted"))
    joined: list[Span] = []
    for part in said:
        joined += [(" · ", "muted"), part] if joined else [part]
    return InboxHead(
        trigger=inbox.trigger,
        glyph="paused" if is_paused else trigger_glyph(trigger.type),
        tone="muted" if is_paused else "trigger",
        said=tuple(joined),
        patterns=", ".join(inbox.patterns),
    )


def _waiting(inbox: InboxView, look: InboxLook) -> Iterator[InboxRow]:
    if len(inbox.files) < GROUPED_FROM:
        yield from (_file(inbox.trigger, one, one.path, 1, look) for one in inbox.files if _matches(one, look))
        return
    folders: dict[str, list[InboxFile]] = {}
    for one in inbox.files:
        if _matches(one, look):
            folders.setdefault(one.path.rpartition("/")[0], []).append(one)
    for folder, files in folders.items():
        settled = sum(one.stage == "PENDING" for one in files)
        tally = ((settled, "ready"), (len(files) - settled, "settling"))
        said = " · ".join(f"{count(number)} {word}" for number, word in tally if number)
        files.sort(key=lambda one: one.stage == "PENDING")  # What is not ready yet is what one looks for.
        yield from _folder(inbox.trigger, folder, f"{folder}/" if folder else "./", said, files, look)


def _ended(inbox: InboxView, trigger: TriggerView, look: InboxLook) -> Iterator[InboxRow]:
    """Yield what waits no more, below a line that is closed until somebody opens it."""
    files = [one for one in inbox.ended if _matches(one, look)]
    if not files:
        return
    words = [_STAGES[one.stage][1] for one in files]
    tally = {word: f"{count(words.count(word))} {word}" for word in words}
    if last := max((one.run_number for one in files), default=0):
        tally["taken"] += f", the last by run {last}"
    said = " · ".join(tally.values())
    selects = " and ".join(trigger.events)
    for row in _folder(inbox.trigger, ENDED, "lately", said, files, look):
        if isinstance(row, FileRow) and row.state == "ignored":
            row = replace(row, state=f"ignored: only {selects} count")
        yield row


def _folder(
    trigger: str, folder: str, name: str, said: str, files: Sequence[InboxFile], look: InboxLook
) -> Iterator[InboxRow]:
    is_open = bool(look.filter_text) or (trigger, folder) in look.opened
    total_bytes = sum(one.size_bytes for one in files if one.change != "deleted")
    yield FolderRow(
        trigger=trigger,
        folder=folder,
        name=name,
        is_open=is_open,
        said=said,
        size="" if folder == ENDED else size(total_bytes),
    )
    if not is_open:
        return
    for one in files[:FILES_MAX]:
        yield _file(trigger, one, one.path if folder == ENDED else one.path.rpartition("/")[2], 2, look)
    if len(files) > FILES_MAX:
        more = f"and {counted(len(files) - FILES_MAX, 'more file')}: / finds them by name"
        yield InboxNote(trigger=trigger, text=more, tone="muted")


def _file(trigger: str, file: InboxFile, name: str, depth: int, look: InboxLook) -> FileRow:
    glyph, word, tone = _STAGES[file.stage]
    waits = file.stage in ("SETTLING", "PENDING")
    if waits:
        state, when = f"{word} {whole_duration(max(0.0, look.now - file.since))}", file.note
    else:
        state, when = word, clock(file.since, look.now, look.time_zone)
        if file.stage == "TAKEN":
            state = f"run {file.run_number}" if file.run_number else "taken"
    return FileRow(
        trigger=trigger,
        path=file.path,
        name=name,
        depth=depth,
        glyph=glyph,
        state=state,
        tone=tone,
        size="deleted" if file.change == "deleted" else size(file.size_bytes),
        when=when,
        run_id=file.run_id,
        waits=waits,
    )


def _matches(file: InboxFile, look: InboxLook) -> bool:
    return is_wanted(f"{file.path} {_STAGES[file.stage][1]}", look.filter_text)


def is_wanted(text: str, filter_text: str) -> bool:
    """Return whether a line is shown under a filter: it has the text, or with `!` in front has it not."""
    is_inverse = filter_text.startswith("!")
    wanted = filter_text.removeprefix("!").casefold()
    return not wanted or (wanted in text.casefold()) is not is_inverse


def clock(at: float, now: float, time_zone: tzinfo | None) -> str:
    """Return a moment as on the wall, with its day where that is not today."""
    moment, today = datetime.fromtimestamp(at, time_zone), datetime.fromtimestamp(now, time_zone)
    return f"{moment:%H:%M:%S}" if moment.date() == today.date() else f"{moment.day} {moment:%b %H:%M}"
