"""Why a file started no run by an EVENT trigger, or which one. Pure: what is known of it in, words out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from glue_tui.client.explained import Explanation, Line, Verdict, listed, muted, text
from glue_tui.client.why_start import Surroundings, trigger_now
from glue_tui.client.words import clock_text, counted, size
from glue_tui.core.arrivals import Stage
from glue_tui.core.globs import glob_pattern, is_passing
from glue_tui.core.states import FileChange
from glue_tui.protocol.inbox_views import InboxFile
from glue_tui.protocol.views import RunSummary, TriggerView


class Lying(Enum):
    """What lies at a path."""

    NOTHING = "nothing"
    FILE = "file"
    FOLDER = "folder"
    OTHER = "other"
    """A pipe, a device, a socket."""
    DEAD_LINK = "dead link"
    """It leads to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDisk:
    lying: Lying
    size_bytes: int = 0
    mtime: float = 0.0


def file_at_trigger(
    around: Surroundings,
    trigger: TriggerView,
    path: str,
    *,
    known: InboxFile | None,
    on_disk: OnDisk,
    taken_by: RunSummary | None,
) -> Explanation:
    """Explain what became of one file. `path` as the trigger knows it; `known`: what the state says of it."""
    if known is None:
        lines: list[Line] = []
        verdict, answer = _unknown(around, trigger, path, on_disk)
        if taken_by is not None and on_disk.lying is Lying.NOTHING:
            verdict, answer = Verdict.DONE, f"It is gone by now. It started {_run_text(taken_by)}."
        elif taken_by is not None:
            lines.append(text(f"an earlier version of it started {_run_text(taken_by)}"))
    else:
        verdict, answer = _known(around, trigger, known, taken_by)
        lines = _other_version(known, on_disk, around)
        if known.stage in (Stage.SETTLING, Stage.PENDING):
            lines += trigger_now(around, trigger).lines
    return Explanation(
        subject=f"{path}  at {trigger.name} of {trigger.workflow}",
        verdict=verdict,
        answer=answer,
        lines=(*lines, *(_notes(trigger) if known is None else ()), *_what_is_watched(trigger, known)),
        workflow=trigger.workflow,
        trigger=trigger.name,
        run_id=taken_by.run_id if taken_by is not None else "",
        run_number=taken_by.number if taken_by is not None else 0,
        file=path,
    )


# What the trigger has never seen


def _unknown(around: Surroundings, trigger: TriggerView, path: str, on_disk: OnDisk) -> tuple[Verdict, str]:
    if not _is_watched(trigger, path):
        return Verdict.NEVER, f"It is not watched: {_why_not_watched(trigger, path)}."
    passing = next((part for part in path.split("/") if part.startswith(".") and part not in (".", "..")), "")
    name = path.rpartition("/")[2]
    if passing or is_passing(name):
        what = f"{passing or name} is a hidden or temporary name"
        return Verdict.NEVER, f"It does not count: {what}. It counts once it is renamed to its real name."
    if not _is_text(path):
        return Verdict.NEVER, "It does not count: its name is no UTF-8. It counts once it is renamed."
    match on_disk.lying:
        case Lying.NOTHING:
            return Verdict.NEVER, "There is no such file, and none is remembered."
        case Lying.DEAD_LINK:
            return Verdict.WAITS, "It is a link that leads to nothing. It counts once what it leads to is there."
        case Lying.FOLDER:
            return Verdict.NEVER, "It is a folder; files count."
        case Lying.OTHER:
            return Verdict.NEVER, "It is no regular file; pipes, sockets and devices don't count."
    if not around.has_engine:
        return Verdict.BLOCKED, (
            "It came while no engine ran. The next one finds it, and it counts: `glue-tui engine start`."
        )
    return Verdict.WAITS, "The engine has not seen it yet: it came just now, or its folder tells of no changes."


def _is_watched(trigger: TriggerView, path: str) -> bool:
    return any(glob_pattern(pattern).match(path) for pattern in trigger.watch)


def _why_not_watched(trigger: TriggerView, path: str) -> str:
    which = f"it matches none of {listed(trigger.watch, 'or')}" if len(trigger.watch) > 1 else ""
    which = which or f"it does not match {trigger.watch[0]}"
    for pattern in trigger.watch:
        folder, _, name = pattern.rpartition("/")
        below = f"{folder}/**/{name}" if folder else f"**/{name}"
        if glob_pattern(below).match(path):
            return f"{which}, which does not look into folders below: {below} does"
        if glob_pattern(pattern.lower()).match(path.lower()):
            return f"{which}: capital and small letters differ"
    return which


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


# What it knows


def _known(
    around: Surroundings, trigger: TriggerView, known: InboxFile, taken_by: RunSummary | None
) -> tuple[Verdict, str]:
    at, is_gone = clock_text(known.since, around.now), known.change == FileChange.DELETED
    match Stage(known.stage):
        case Stage.BASELINE:
            return Verdict.NEVER, (
                f"It was there when the trigger first looked, {at}: reading a workflow file fires nothing."
                " It counts once it changes: `touch` is enough."
            )
        case Stage.SETTLING:
            why = known.note or f"it was last seen to change {at}"
            return Verdict.WAITS, f"It has not settled yet: {why}. It counts once its size and time have held."
        case Stage.PENDING:
            settled = f"It was deleted, which settled {at} and waits" if is_gone else f"It settled {at} and waits"
            return trigger_now(around, trigger).verdict, f"{settled}. {_batch_answer(around, trigger)}"
        case Stage.TAKEN:
            return Verdict.DONE, f"It {_came_how(known)} and started {_run_text(taken_by)}, {at}."
        case Stage.DROPPED:
            return (
                Verdict.NEVER,
                f"It was dropped by hand, {at}: this version starts nothing. It counts once it changes.",
            )
        case Stage.UNSELECTED:
            how = _came_how(known)
            selects = f"the trigger selects {listed(trigger.events, 'or')} files only (`events`)"
            return Verdict.NEVER, f"It {how}, {at}, and {selects}: it starts nothing."


def _batch_answer(around: Surroundings, trigger: TriggerView) -> str:
    """Return what the trigger of the file waits for, by its name: `It` is the file here."""
    said = trigger_now(around, trigger).answer
    return f"{trigger.name} {said.removeprefix('It ')}" if said.startswith("It ") else said


def _came_how(known: InboxFile) -> str:
    return {"created": "came", "modified": "changed", "deleted": "was deleted"}[known.change]


def _run_text(run: RunSummary | None) -> str:
    if run is None:
        return "a run that is not in the history any more"
    came = run.outcome or ("which waits for its turn" if run.started_at is None else run.status)
    others = len(run.event_files) - 1
    with_others = f", with {counted(others, 'other file')}" if others > 0 else ""
    return f"run {run.number} ({came}){with_others}"


def _other_version(known: InboxFile, on_disk: OnDisk, around: Surroundings) -> list[Line]:
    """Return how the file on the disk differs from the version that is known."""
    if on_disk.lying is not Lying.FILE:
        return [] if known.change == FileChange.DELETED else [text("it is not there any more")]
    if known.change != FileChange.DELETED and (known.size_bytes, known.mtime) == (on_disk.size_bytes, on_disk.mtime):
        return []
    what = f"{size(on_disk.size_bytes)}, changed {clock_text(on_disk.mtime, around.now)}"
    when = "is looked at at once" if around.has_engine else "is found by the next engine"
    return [text(f"on the disk lies a later version ({what}): it counts by itself and {when}")]


def _notes(trigger: TriggerView) -> list[Line]:
    return [text(note) for note in trigger.notes]


def _what_is_watched(trigger: TriggerView, known: InboxFile | None) -> list[Line]:
    has_said = known is not None and known.stage in (Stage.SETTLING, Stage.PENDING)
    return [] if has_said else [muted(f"{trigger.name} watches {listed(trigger.watch)}")]
