"""The judge of batches itself: what is right passes, and each fault that an engine could have is found."""

from __future__ import annotations

import pytest

from tests.end_to_end.arrivals_check import Found, Run, violations
from tests.end_to_end.arrivals_project import EMPTY, Watching, line, version_of
from tests.end_to_end.arrivals_writers import Deed

PATH, OTHER = "in/a/x.dat", "in/a/y.dat"
ONE = Watching(name="one", folders=("a",), batch_size=1, window_s=900, settle_s=0.5)
PAIRS = Watching(name="pairs", folders=("a",), batch_size=2, window_s=3, settle_s=0.5)
EDITS = Watching(
    name="edits", folders=("a",), batch_size=1, window_s=900, settle_s=0.5, events=frozenset({"modified", "deleted"})
)


def wrote(
    version: str, at: float, *, path: str = PATH, event: str = "", whole: bool = False, slow_s: float = 0
) -> Deed:
    return Deed(
        path=path,
        version=version,
        event=event,
        touched_at=at - slow_s,
        complete_at=at,
        is_whole_at_once=whole,
        mtime_ns=int(at * 1e9),
    )


def ran(
    at: float, version: str, *paths: str, number: int = 0, by: str = "size", mtime_at: float = 0, **more: object
) -> Run:
    files = paths or (PATH,)
    found = {path: Found(version=version, mtime_ns=int(mtime_at * 1e9)) for path in files}
    return Run(number=number or int(at * 10), trigger="one", at=at, fired_by=by, files=files, found=found)


def told(deeds: list[Deed], runs: list[Run], trigger: Watching = ONE) -> str:
    of_trigger = [Run(**{**_fields(run), "trigger": trigger.name}) for run in runs]  # type: ignore[arg-type]
    return "\n".join(violations(deeds, of_trigger, (trigger,)))


def _fields(run: Run) -> dict[str, object]:
    return {name: getattr(run, name) for name in Run.__slots__}


FIRST = [wrote("v.1", 10, event="created")]
BOTH = [*FIRST, wrote("v.2", 20, event="modified")]


@pytest.mark.parametrize(
    ("deeds", "runs"),
    [
        (FIRST, [ran(11, "v.1", mtime_at=10)]),
        (BOTH, [ran(11, "v.1", mtime_at=10), ran(21, "v.2", mtime_at=20)]),
        # The job came late and found the next version, which had a batch of its own.
        (BOTH, [ran(19, "v.2", mtime_at=20), ran(21, "v.2", mtime_at=20)]),
        # Overwritten before it settled: it may be missing.
        ([*FIRST, wrote("v.2", 10.2)], [ran(11, "v.2", mtime_at=10.2)]),
        (
            [wrote("v.1", 10, whole=True), wrote("v.2", 10.2, whole=True)],
            [ran(10.1, "v.1", mtime_at=10), ran(10.3, "v.2", mtime_at=10.2)],
        ),
        ([*FIRST, wrote("", 12, event="deleted")], [ran(11, "v.1", mtime_at=10)]),
        # Killed four times before it could look.
        (FIRST, [Run(number=1, trigger="one", at=11, fired_by="size", files=(PATH,))]),
    ],
)
def test_what_is_right_passes(deeds: list[Deed], runs: list[Run]) -> None:
    assert told(deeds, runs) == ""


@pytest.mark.parametrize(
    ("deeds", "runs", "why"),
    [
        (FIRST, [], "its last version is in no batch"),
        (BOTH, [ran(11, "v.1", mtime_at=10)], "its last version is in no batch"),
        (FIRST, [ran(11, "v.1", mtime_at=10), ran(12, "v.1", mtime_at=10)], "in a batch twice"),
        # Twice the first and none of the second, though the second job found the second.
        (BOTH, [ran(11, "v.1", mtime_at=10), ran(19, "v.2", mtime_at=20)], "its last version is in no batch"),
        (
            BOTH,
            [ran(11, "v.1", mtime_at=10), ran(19, "v.2", mtime_at=20), ran(21, "v.2", mtime_at=20)],
            "in a batch twice",
        ),
        # Half-written: before it was complete.
        ([wrote("v.1", 10, slow_s=3)], [ran(9, ""), ran(11, "v.1", mtime_at=10)], "too early"),
        # Counted although it stood for a moment only.
        ([*FIRST, wrote("v.2", 10.2)], [ran(10.1, "v.1", mtime_at=10), ran(11, "v.2", mtime_at=10.2)], "too early"),
        ([wrote("v.1", 10, whole=True)], [ran(11, "")], "was found torn"),
        (FIRST, [ran(11, "v.1", mtime_at=7)], "a time that it never had"),
        ([], [ran(11, "v.1")], "for nothing"),
    ],
)
def test_each_fault_is_found(deeds: list[Deed], runs: list[Run], why: str) -> None:
    assert why in told(deeds, runs)


def test_batches_keep_to_size_and_window() -> None:
    deeds = [wrote("v.1", 10, event="created"), wrote("w.1", 12, path=OTHER, event="created")]
    assert told(deeds, [ran(13, "", PATH, OTHER)], PAIRS) == ""
    assert told(deeds, [ran(13.5, "", PATH, by="window"), ran(15.5, "", OTHER, by="window")], PAIRS) == ""
    assert "fired by size with 1" in told(deeds, [ran(11, "", PATH), ran(15.5, "", OTHER, by="window")], PAIRS)
    assert "fired by window with 2" in told(deeds, [ran(13.5, "", PATH, OTHER, by="window")], PAIRS)
    early = told(deeds, [ran(11, "", PATH, by="window"), ran(15.5, "", OTHER, by="window")], PAIRS)
    assert "1.000 s after its first file" in early
    assert "fired by ''" in told(deeds, [ran(13, "", PATH, OTHER, by="")], PAIRS)


def test_events_that_a_trigger_does_not_select_start_nothing_and_those_it_does_must() -> None:
    deeds = [*FIRST, wrote("v.2", 20, event="modified"), wrote("", 30, event="deleted")]
    gone = Run(number=999, trigger="edits", at=31, fired_by="size", files=(), deleted_files=(PATH,))
    modified = ran(21, "v.2", mtime_at=20)
    assert told(deeds, [modified, gone], EDITS) == ""
    assert "in no batch" in told(deeds, [modified], EDITS)
    assert "for nothing" in told(deeds, [ran(11, "v.1", mtime_at=10), modified, gone], EDITS)
    assert "for nothing" in told(deeds, [ran(11, "v.1", mtime_at=10), modified, gone], ONE)


def test_a_version_is_known_by_its_text_and_a_mixture_is_none() -> None:
    lines = [line("v", number) for number in (1, 2, 3)]
    assert version_of("".join(lines)) == "v.3"
    assert version_of(lines[0]) == "v.1"
    assert version_of("") == EMPTY
    for torn in ("".join(lines)[:-1], lines[1], lines[0] + lines[2], lines[0] + line("w", 2), "x\n" + lines[0]):
        assert version_of(torn) == "", torn
