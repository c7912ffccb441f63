"""`why` tells the truth wherever Glue silently does nothing: the whole text of each situation is in `why_told.txt`.

UPDATE_SNAPSHOTS=1 with `-n 0` writes that file anew: read it as somebody would who is woken at three in the morning.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from one_project import SETTLE_S, Project, Run, jobs
from test_trigger_rules import AT_TEN, FILES, HOUR_S, start_of, when
from told import in_run, now, of_file, of_node, outcome, utc

from glue_tui.engine.inputs import DropAsked

__all__ = ["utc"]

TOLD = Path(__file__).with_name("why_told.txt")
Situation = Callable[[Project], tuple[str, ...]]
SITUATIONS: dict[str, Situation] = {}
A_SUCCEEDED = '{ job = "a", state = "SUCCEEDED" }'
A_FAILED = '{ job = "a", state = "FAILED" }'
B_SUCCEEDED = '{ job = "b", state = "SUCCEEDED" }'
THEN_B = '{ job = "b" }'
WORK = jobs("work")
A_WITH_RETRIES = '[jobs.a]\ntype = "command"\ncommand = ["true"]\nmax_retries = 2\nretry_delay = "10s"\n'


def situation(title: str) -> Callable[[Situation], Situation]:
    """Let a function make a situation and return what is told of it."""

    def keep(build: Situation) -> Situation:
        SITUATIONS[title] = build
        return build

    return keep


def told_before() -> dict[str, str]:
    """Return the texts by situation."""
    parts = re.split(r"^# (.+)\n\n", TOLD.read_text(), flags=re.MULTILINE)[1:] if TOLD.exists() else []
    return {title: text.rstrip("\n") for title, text in zip(parts[::2], parts[1::2], strict=True)}


def begun(project: Project, *names: str) -> Run:
    """Start a run and let the workers of these nodes start, a second later."""
    run = project.start()
    project.now += 1
    for name in names:
        run.begin(name)
    return run


def ends(run: Run, name: str, state: str = "SUCCEEDED") -> None:
    """Let two seconds pass and a node end."""
    run.project.now += 2
    run.finish(name, state)
    run.project.now += 0.5


# What a run has come to


@situation("WF-11: COMPLETED over a failed node to which nobody listens")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + when("next", A_SUCCEEDED, THEN_B) + jobs("a", "b"))
    run = begun(glue, "a")
    ends(run, "a", "FAILED")
    return outcome(run), in_run(run, "next"), of_node(run, "b")


@situation("WF-11: COMPLETED over a failed node that was handled")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + when("mend", A_FAILED, THEN_B) + jobs("a", "b"))
    run = begun(glue, "a")
    ends(run, "a", "FAILED")
    ends(run, "b")
    return outcome(run), in_run(run, "mend")


@situation("F-2: ANY_TERMINAL fires after a failure, and handles none")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + when("tell", '{ job = "a", state = "ANY_TERMINAL" }', THEN_B) + jobs("a", "b"))
    run = begun(glue, "a")
    ends(run, "a", "FAILED")
    ends(run, "b")
    return outcome(run), in_run(run, "tell")


@situation("TR-8: what listens for FAILED does not hear a TIMEOUT")
def _(glue: Project) -> tuple[str, ...]:
    a = '[jobs.a]\ntype = "command"\ncommand = ["true"]\ntimeout = "60s"\n'
    glue.write(start_of("a") + when("mend", A_FAILED, THEN_B) + a + jobs("b"))
    run = begun(glue, "a")
    glue.passes(70)
    ends(run, "a", "TIMEOUT")
    return outcome(run), in_run(run, "mend")


@situation("TR-8, F-2: a node in ERROR, for which nobody can listen")
def _(glue: Project) -> tuple[str, ...]:
    text = start_of("a") + when("next", A_SUCCEEDED, THEN_B) + when("mend", A_FAILED, '{ job = "c" }')
    glue.write(text + jobs("a", "b", "c"))
    run = begun(glue, "a")
    ends(run, "a", "ERROR")
    return outcome(run), in_run(run, "mend"), of_node(run, "a")


@situation("TR-9, F-3: an AND waits for more, then can't come true")
def _(glue: Project) -> tuple[str, ...]:
    both = when("mend", A_FAILED + ', { job = "c", state = "FAILED" }', THEN_B, 'logical = "AND"')
    glue.write(start_of("a", "c") + both + jobs("a", "b", "c"))
    run = begun(glue, "a", "c")
    ends(run, "a", "FAILED")
    waits = outcome(run), in_run(run, "mend"), of_node(run, "b")
    ends(run, "c")
    return *waits, outcome(run), in_run(run, "mend")


@situation("TR-16, F-4: an ANY had fired before a later condition held")
def _(glue: Project) -> tuple[str, ...]:
    any_of = when("next", f"{A_SUCCEEDED}, {B_SUCCEEDED}", '{ job = "c" }', 'logical = "ANY"')
    glue.write(start_of("a", "b") + any_of + jobs("a", "b", "c"))
    run = begun(glue, "a", "b")
    ends(run, "a")
    ends(run, "b")
    return (in_run(run, "next"),)


@situation("F-9: a node that two triggers start")
def _(glue: Project) -> tuple[str, ...]:
    text = start_of("a", "b") + when("first", A_SUCCEEDED, '{ job = "c" }')
    glue.write(text + when("second", B_SUCCEEDED, '{ job = "c" }') + jobs("a", "b", "c"))
    run = begun(glue, "a", "b")
    ends(run, "a")
    ends(run, "b")
    return in_run(run, "second"), of_node(run, "c")


@situation("JR-8, F-1: attempts fail and the last one succeeds")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + when("mend", A_FAILED, THEN_B) + A_WITH_RETRIES + jobs("b"))
    run = begun(glue, "a")
    ends(run, "a", "FAILED")
    waits = in_run(run, "mend"), of_node(run, "a")
    glue.passes(10)
    run.begin("a")
    glue.now += 1
    goes = in_run(run, "mend")
    ends(run, "a")
    return *waits, goes, in_run(run, "mend"), of_node(run, "a"), outcome(run)


@situation("JR-8: every attempt fails")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + when("mend", A_FAILED, THEN_B) + A_WITH_RETRIES + jobs("b"))
    run = begun(glue, "a")
    for _ in range(3):
        ends(run, "a", "FAILED")
        glue.passes(10)
    return in_run(run, "mend"), of_node(run, "a")


@situation("F-3: the cause lies some triggers further up")
def _(glue: Project) -> tuple[str, ...]:
    chain = when("t1", A_SUCCEEDED, THEN_B) + when("t2", B_SUCCEEDED, '{ job = "c" }')
    chain += when("t3", '{ job = "c", state = "SUCCEEDED" }', '{ job = "d" }')
    glue.write(start_of("a") + chain + jobs("a", "b", "c", "d"))
    run = begun(glue, "a")
    ends(run, "a", "FAILED")
    return in_run(run, "t3"), of_node(run, "d")


@situation("A node that found nothing to do")
def _(glue: Project) -> tuple[str, ...]:
    chain = when("t1", A_SUCCEEDED, THEN_B) + when("t2", B_SUCCEEDED, '{ job = "c" }')
    chain += when("over", '{ job = "a", state = "ANY_TERMINAL" }', '{ job = "d" }')
    glue.write(start_of("a") + chain + jobs("a", "b", "c", "d"))
    run = begun(glue, "a")
    ends(run, "a", "SKIPPED")
    return outcome(run), of_node(run, "a"), in_run(run, "t2"), of_node(run, "c"), in_run(run, "over")


@situation("TR-2, F-6: paused after one run began and before another")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + when("next", A_SUCCEEDED, THEN_B) + jobs("a", "b"))
    first = begun(glue, "a")
    glue.switch("next", enabled=False)
    second = glue.start()
    before = in_run(first, "next"), in_run(second, "next"), of_node(second, "b")
    glue.switch("next", enabled=True)
    return *before, in_run(second, "next")


@situation("WF-6, TR-12: another start trigger began the run")
def _(glue: Project) -> tuple[str, ...]:
    far = when("next", '{ job = "work", state = "SUCCEEDED" }', THEN_B)
    glue.write(start_of("a") + AT_TEN + far + jobs("a", "work", "b"))
    run = begun(glue, "a")
    return in_run(run, "at_ten"), of_node(run, "work"), of_node(run, "b"), in_run(run, "next")


@situation("RS-5, RS-6: a resume starts some nodes again and keeps the others")
def _(glue: Project) -> tuple[str, ...]:
    text = start_of("a", "kept") + when("next", A_SUCCEEDED, THEN_B)
    text += when("after_kept", '{ job = "kept", state = "SUCCEEDED" }', '{ job = "c" }')
    glue.write(text + jobs("a", "b", "kept", "c"))
    run = begun(glue, "a", "kept")
    ends(run, "kept")
    ends(run, "c")
    ends(run, "a", "FAILED")
    again = glue.resume(run)
    glue.now += 1
    again.begin("a")
    ends(again, "a")
    triggers = (in_run(again, "by_hand"), in_run(again, "after_kept"), in_run(again, "next"))
    return of_node(again, "a"), of_node(again, "kept"), *triggers


@situation("WF-5: a trigger was added, changed or taken out, the file removed since the run began")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + when("next", A_SUCCEEDED, THEN_B) + jobs("a", "b"))
    run = begun(glue, "a")
    later = when("later", A_SUCCEEDED, '{ job = "c" }')
    glue.write(start_of("a") + when("next", A_FAILED, THEN_B) + later + jobs("a", "b", "c"))
    found = [in_run(run, "later"), in_run(run, "next")]
    glue.write(start_of("a") + jobs("a"))
    found.append(in_run(run, "next"))
    glue.remove("night")
    return *found, in_run(run, "next")


@situation("RS-1: the run is being stopped, and was")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + when("next", A_SUCCEEDED, THEN_B) + jobs("a", "b"))
    run = begun(glue, "a")
    run.stop()
    before = in_run(run, "next"), outcome(run)
    ends(run, "a", "STOPPED")
    return *before, in_run(run, "next"), of_node(run, "b"), outcome(run)


# What a run or a node waits for


@situation("WF-14: a run waits for its turn")
def _(glue: Project) -> tuple[str, ...]:
    glue.write("max_concurrent_runs = 1\n" + start_of("a") + when("next", A_SUCCEEDED, THEN_B) + jobs("a", "b"))
    begun(glue, "a")
    run = glue.start()
    return outcome(run), in_run(run, "by_hand"), in_run(run, "next"), of_node(run, "a")


@situation("JR-3: a node waits for another run")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + jobs("a"))
    begun(glue, "a")
    run = glue.start()
    return outcome(run), of_node(run, "a")


@situation("WF-14, F-7: on_overlap = error and cancel_previous at the limit")
def _(glue: Project) -> tuple[str, ...]:
    found: list[str] = []
    for overlap in ("error", "cancel_previous"):
        glue.write(f'max_concurrent_runs = 1\non_overlap = "{overlap}"\n' + AT_TEN + WORK)
        run = begun(glue, "work")
        glue.passes(11 * HOUR_S)
        late = glue.runs()[-1]
        found += [outcome(late), in_run(late, "at_ten"), outcome(run)]
        run.stop() if run.status == "RUNNING" else None
        ends(run, "work", "STOPPED")
        found.append(outcome(run))
        glue.passes(HOUR_S)
    return tuple(found)


@situation("TR-3: a CONDITIONAL trigger of a workflow that never ran")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + when("next", A_SUCCEEDED, THEN_B) + jobs("a", "b"))
    return (now(glue, "next"),)


# Why a trigger that starts runs does not fire now


@situation("TR-3: an ON_DEMAND trigger waits for a hand, paused or not")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("a") + jobs("a"))
    before = now(glue, "by_hand")
    glue.switch("by_hand", enabled=False)
    return before, now(glue, "by_hand")


@situation("TR-2: a schedule that is not due, one that is paused, one without an engine, one of a held engine")
def _(glue: Project) -> tuple[str, ...]:
    glue.write('timezone = "Europe/Paris"\n' + AT_TEN + WORK)
    found = [now(glue, "at_ten"), now(glue, "at_ten", has_engine=False)]
    glue.switch("at_ten", enabled=False)
    found.append(now(glue, "at_ten"))
    glue.switch("at_ten", enabled=True)
    glue.passes(10 * HOUR_S)
    found.append(now(glue, "at_ten"))
    glue.kernel.is_held = True
    return *found, now(glue, "at_ten")


@situation("WF-14, F-7: a schedule at the limit of runs, with each on_overlap")
def _(glue: Project) -> tuple[str, ...]:
    found: list[str] = []
    begin = "max_concurrent_runs = 1\n" + AT_TEN + WORK
    glue.write(begin)
    found.append(now(glue, "at_ten"))
    glue.start()
    for overlap in ("queue", "skip", "cancel_previous", "error"):
        glue.write(f'on_overlap = "{overlap}"\n' + begin)
        found.append(now(glue, "at_ten"))
    return tuple(found)


@situation("TR-2: a schedule came due while it was paused")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(AT_TEN + WORK)
    glue.switch("at_ten", enabled=False)
    glue.passes(11 * HOUR_S)
    paused = now(glue, "at_ten")
    glue.switch("at_ten", enabled=True)
    return paused, now(glue, "at_ten")


@situation("WF-14, F-7: a schedule came due at the limit of runs and was skipped")
def _(glue: Project) -> tuple[str, ...]:
    glue.write('max_concurrent_runs = 1\non_overlap = "skip"\n' + AT_TEN + WORK)
    glue.start()
    glue.passes(11 * HOUR_S)
    return (now(glue, "at_ten"),)


@situation("A schedule came due while no engine ran, with each missed_runs")
def _(glue: Project) -> tuple[str, ...]:
    found: list[str] = []
    for missed_runs in ("run_once", "skip", "run_all"):
        glue.write(AT_TEN + f'missed_runs = "{missed_runs}"\n' + WORK, missed_runs)
    glue.now += 3 * 24 * HOUR_S
    glue.crash()
    for missed_runs in ("run_once", "skip", "run_all"):
        found += [in_run(run, "at_ten") for run in glue.runs() if run.it.workflow.name == missed_runs]
        found.append(now(glue, "at_ten", workflow=missed_runs))
    return tuple(found)


@situation("A schedule came due while the engine was held")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(AT_TEN + WORK)
    glue.kernel.is_held = True
    glue.passes(11 * HOUR_S)
    return (now(glue, "at_ten"),)


@situation("EV-2, TR-4: a batch that is not full, paused, without an engine, held")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(FILES + 'batch_size = 3\nbatch_window = "60s"\n' + WORK)
    found = [now(glue, "files")]
    glue.land("in/a.csv", "in/b.csv")
    found += [now(glue, "files"), now(glue, "files", has_engine=False)]
    glue.switch("files", enabled=False)
    found.append(now(glue, "files"))
    glue.switch("files", enabled=True)
    glue.kernel.is_held = True
    return *found, now(glue, "files")


@situation("F-7: a complete batch at the limit of runs with on_overlap = skip")
def _(glue: Project) -> tuple[str, ...]:
    glue.write('max_concurrent_runs = 1\non_overlap = "skip"\n' + FILES + WORK)
    glue.land("in/a.csv")
    glue.land("in/b.csv")
    return (now(glue, "files"),)


@situation("Runs that make the files that start them: doubted, then stopped")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(FILES + WORK)
    (glue.folder / "in").mkdir()
    lands_at(glue, "in/0.csv")
    settle(glue)
    doubted = ""
    while glue.trigger_state("files") == "ACTIVATED":
        going = [run for run in glue.runs() if run.status == "RUNNING"]
        if not going:
            doubted = doubted or now(glue, "files")
            glue.passes(60)
            continue
        going[0].begin("work")
        glue.now += 1
        lands_at(glue, f"in/{going[0].it.number}.csv")
        settle(glue)
        going[0].finish("work")
    return doubted, now(glue, "files")


@situation("A file with errors: its last good version is in force")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(start_of("work") + AT_TEN + WORK)
    glue.complaints(start_of("work") + AT_TEN.replace("22", "25") + WORK)
    told = now(glue, "at_ten"), now(glue, "by_hand")
    glue.complaints("[[[")
    return *told, now(glue, "at_ten")


# Why a file started nothing

FILES_OF_THREE = FILES + 'batch_size = 3\nbatch_window = "60s"\n' + WORK


@situation("A file that is not watched: another pattern, a folder below, capital letters, a hidden or temporary name")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(FILES + WORK)
    glue.land("in/a.txt", "in/below/a.csv", "in/A.CSV", "in/.a.csv", "in/.hidden/a.csv", "in/a.csv.part")
    glue.write(FILES.replace("in/*.csv", "in/**/*") + WORK)
    glue.load()
    hidden = [of_file(glue, path) for path in ("in/.a.csv", "in/.hidden/a.csv", "in/a.csv.part")]
    glue.write(FILES + WORK)
    return *(of_file(glue, path) for path in ("in/a.txt", "in/below/a.csv", "in/A.CSV")), *hidden


@situation("TR-3: a file that was there when the trigger first looked, and changes")
def _(glue: Project) -> tuple[str, ...]:
    (glue.folder / "in").mkdir()
    (glue.folder / "in" / "a.csv").write_text("before")
    os.utime(glue.folder / "in" / "a.csv", (glue.now, glue.now))
    glue.write(FILES + WORK)
    found = [of_file(glue, "in/a.csv")]
    os.utime(glue.folder / "in" / "a.csv", (glue.now + 5, glue.now + 5))
    return *found, of_file(glue, "in/a.csv")


@situation("A file that settles, waits in its batch, is taken, and changes again")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(FILES_OF_THREE)
    (glue.folder / "in").mkdir()
    lands_at(glue, "in/a.csv")
    glue.look()
    found = [of_file(glue, "in/a.csv")]
    glue.now += SETTLE_S
    glue.look()
    found += [of_file(glue, "in/a.csv"), of_file(glue, "in/a.csv", has_engine=False)]
    glue.passes(60)
    found.append(of_file(glue, "in/a.csv"))
    lands_at(glue, "in/a.csv")
    return *found, of_file(glue, "in/a.csv")


@situation("A file that waits at a paused trigger, and is dropped")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(FILES_OF_THREE)
    (glue.folder / "in").mkdir()
    lands_at(glue, "in/a.csv")
    settle(glue)
    glue.switch("files", enabled=False)
    found = [of_file(glue, "in/a.csv")]
    glue.step(DropAsked(workflow="night", trigger="files"))
    return *found, of_file(glue, "in/a.csv")


@situation("A file of a kind of change that is not selected, one that is deleted, and one by a batch of both")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(FILES + 'events = ["modified", "deleted"]\nbatch_size = 2\nbatch_window = "60s"\n' + WORK)
    (glue.folder / "in").mkdir()
    for name in ("a", "b"):
        lands_at(glue, f"in/{name}.csv")
    settle(glue)
    found = [of_file(glue, "in/a.csv")]
    (glue.folder / "in" / "a.csv").unlink()
    settle(glue)
    found.append(of_file(glue, "in/a.csv"))
    lands_at(glue, "in/b.csv")
    settle(glue)
    return *found, of_file(glue, "in/a.csv"), in_run(glue.runs()[0], "files")


@situation("A file that nobody has seen: none is there, it is a folder or a dead link, it came just now")
def _(glue: Project) -> tuple[str, ...]:
    glue.write(FILES + WORK)
    (glue.folder / "in" / "folder.csv").mkdir(parents=True)
    (glue.folder / "in" / "new.csv").write_text("new")
    new = of_file(glue, "in/new.csv", has_engine=False), of_file(glue, "in/new.csv")
    (glue.folder / "in" / "link.csv").symlink_to("elsewhere.csv")
    return *(of_file(glue, f"in/{name}.csv") for name in ("none", "folder", "link")), *new


def settle(project: Project) -> None:
    project.look()
    project.now += SETTLE_S
    project.look()


def lands_at(project: Project, path: str) -> None:
    """Write a file whose time is that of the project's clock."""
    (project.folder / path).write_text("x")
    os.utime(project.folder / path, (project.now, project.now))


@pytest.mark.parametrize("title", [pytest.param(title, id=title.replace(" ", "_")) for title in SITUATIONS])
def test_what_is_told(title: str, glue: Project) -> None:
    text = "\n\n".join(SITUATIONS[title](glue))
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        texts = {**told_before(), title: text}
        TOLD.write_text("\n\n".join(f"# {one}\n\n{texts[one]}" for one in SITUATIONS if one in texts) + "\n")
    assert text == told_before()[title]


def test_no_text_is_kept_of_a_situation_that_is_not_made_any_more() -> None:
    assert list(told_before()) == list(SITUATIONS)
