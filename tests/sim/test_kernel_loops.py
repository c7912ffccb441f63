"""Single steps of the real kernel about runs that make the files that start the next ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from bench import PATTERNS, Bench, T, simple_workflow

from glue_tui.core.arrivals import FileFact
from glue_tui.core.loops import GENERATIONS_MAX, PROBES_MAX, QUIET_S
from glue_tui.core.model import FileWatch, Workflow
from glue_tui.core.states import TriggerState
from glue_tui.engine.inputs import DefinitionsLoaded, FolderScanned, TriggerSwitched

KEY = ("w", "files")


def watching(*, allow_loop: bool = False) -> Workflow:
    watch = FileWatch(patterns=PATTERNS, settle_s=0, allow_loop=allow_loop)
    return simple_workflow(
        triggers=tuple(replace(one, watch=watch) if one.watch else one for one in simple_workflow().triggers)
    )


class LoopBench(Bench):
    """A workflow whose job writes a file that its own trigger watches."""

    def __init__(self, *, allow_loop: bool = False) -> None:
        super().__init__()
        self.now, self.written = T, 0
        self.step(self.now, DefinitionsLoaded(workflows=(watching(allow_loop=allow_loop),)))
        self.step(self.now, FolderScanned(workflow="w", trigger="files", patterns=PATTERNS, files=(), is_whole=True))

    def write(self) -> None:
        """Let a file arrive."""
        self.written += 1
        fact = FileFact(path=f"in/{self.written}.csv", size_bytes=1, mtime_ns=int(self.now * 1e9))
        look = FolderScanned(
            workflow="w", trigger="files", patterns=PATTERNS, files=(fact,), is_whole=False, at=self.now
        )
        self.step(self.now, look)

    def work(self) -> bool:
        """Let the run that goes write a file and end; or let time pass until the kernel wants to be woken."""
        going = [run for run in self.kernel.runs.values() if run.started_at is not None]
        if going:
            self.now += 1.0
            self.write()
            self.now += 1.0
            self.ends(self.now, going[0].run_id)
            return True
        soon = [at for at in self.wakes() if at < self.now + 600]
        if soon:
            self.now = min(soon)
            self.step(self.now)
        return bool(soon)


@pytest.fixture
def bench() -> Iterator[LoopBench]:
    made = LoopBench()
    yield made
    made.conn.close()


def enabled(bench: Bench) -> bool:
    workflow = bench.kernel.workflow("w")
    trigger = workflow.trigger("files")
    assert trigger is not None
    return bench.kernel.trigger_state(workflow, trigger) is TriggerState.ACTIVATED


def test_a_loop_is_stopped_and_stays_so_after_a_crash_with_the_reason_until_a_person_enables_it(
    bench: LoopBench,
) -> None:
    bench.write()
    while enabled(bench):
        assert bench.work()
    generations = [run.cause.generation for run in bench.runs()]
    assert generations == list(range(GENERATIONS_MAX + PROBES_MAX))
    reason = bench.kernel.stop_reasons[KEY]
    counted = "23 runs in a row, the last 3 with nothing else at work"
    assert reason.startswith(f"looks like a loop: its runs make the files that start it ({counted}); allow_loop = true")
    bench.kernel = bench.opened()
    bench.step(bench.now + 1, DefinitionsLoaded(workflows=(watching(),)))
    assert not enabled(bench)
    assert bench.kernel.stop_reasons[KEY] == reason
    inbox = bench.kernel.inboxes.of(KEY)
    assert inbox is not None
    assert len(inbox.waiting) == 1

    bench.step(bench.now + 2, TriggerSwitched(workflow="w", trigger="files", enabled=True))
    assert bench.kernel.stop_reasons.get(KEY, "") == ""
    assert [run.cause.generation for run in bench.runs()[len(generations) :]] == [0]


def test_a_trigger_says_that_it_waits_for_a_quiet_moment_and_a_file_that_comes_in_it_lets_it_go_on(
    bench: LoopBench,
) -> None:
    bench.write()
    while not bench.kernel.inboxes.notes(KEY):
        assert bench.work()
    assert len(bench.runs()) == GENERATIONS_MAX
    worked_s = 2.0
    assert min(bench.wakes()) == bench.now + max(QUIET_S, 2 * worked_s)
    bench.now += QUIET_S / 2
    bench.write()
    assert bench.kernel.inboxes.notes(KEY) == ()
    assert [run.cause.generation for run in bench.runs()[GENERATIONS_MAX:]] == [0, 0]


def test_a_loop_that_is_allowed_goes_on() -> None:
    bench = LoopBench(allow_loop=True)
    bench.write()
    for _ in range(3 * GENERATIONS_MAX):
        assert bench.work()
    assert enabled(bench)
    assert {run.cause.generation for run in bench.runs()} == {0}
    bench.conn.close()
