"""Files that arrive: taken only once settled, once per version, and never lost, whatever looks see and when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.core import arrivals
from glue_tui.core.arrivals import FileFact, LookTime, Queue, SeenFile, Stage, due_batch
from glue_tui.core.model import FileWatch
from glue_tui.core.states import FileChange

SETTLE_S = 2.0
CREATED, MODIFIED, DELETED = FileChange.CREATED, FileChange.MODIFIED, FileChange.DELETED
ONE = FileWatch(patterns=("*",), settle_s=SETTLE_S)


class Inbox:
    """What a trigger remembers, and the batches it made."""

    def __init__(self, watch: FileWatch, *there: str) -> None:
        self.watch = watch
        self.now = 1000.0
        self.versions = 0
        self.batches: list[tuple[tuple[str, ...], str]] = []
        self.taken: list[tuple[str, int, FileChange]] = []
        self.disk: dict[str, tuple[int, float]] = dict.fromkeys(there, (0, self.now))
        """Version and time of the last change, by path."""
        self.removed_at: dict[str, float] = {}
        self.seen = {path: arrivals.first_seen(self.fact(path), self.now) for path in there}

    def fact(self, path: str, *, is_open: bool = False) -> FileFact:
        return FileFact(path=path, size_bytes=1, mtime_ns=self.disk[path][0], is_open=is_open)

    def write(self, path: str) -> None:
        self.versions += 1
        self.disk[path] = (self.versions, self.now)

    def remove(self, path: str) -> None:
        if self.disk.pop(path, None):
            self.removed_at[path] = self.now

    def look(self, *facts: FileFact) -> None:
        """Look at everything, or take in these facts alone."""
        for fact in facts or [self.fact(path) for path in self.disk]:
            self.seen[fact.path] = arrivals.found(
                self.seen.get(fact.path), fact, self.watch, LookTime(self.now, self.now)
            )
        for path in [path for path in self.seen if path not in self.disk]:
            after = arrivals.gone(self.seen.pop(path), self.watch, LookTime(self.now, self.now))
            if after is not None:
                self.seen[path] = after
        self.take()

    @property
    def waiting(self) -> Queue:
        queue = Queue()
        for seen in self.seen.values():
            if seen.stage is Stage.PENDING:
                queue.put(seen.path, seen.since)
        return queue

    def take(self) -> None:
        while True:
            paths, fired_by = due_batch(self.waiting, self.watch, self.now)
            if not paths:
                return
            self.batches.append((paths, fired_by))
            for path in paths:
                seen = self.seen.pop(path)
                self._check_held(seen)
                self.taken.append((path, seen.mtime_ns, seen.change))
                after = arrivals.taken(seen, "wr_1", self.now)
                if after is not None:
                    self.seen[path] = after

    def _check_held(self, seen: SeenFile) -> None:
        if seen.is_deleted:
            assert seen.path in self.disk or self.now - self.removed_at[seen.path] >= self.watch.settle_s
        elif seen.path in self.disk and self.disk[seen.path][0] == seen.mtime_ns:
            assert self.now - self.disk[seen.path][1] >= self.watch.settle_s


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("abcd")),
        st.tuples(st.just("remove"), st.sampled_from("abcd")),
        st.tuples(st.just("pass"), st.sampled_from([0.1, 0.7, 2.0, 5.0])),
        st.tuples(st.just("look"), st.none()),
    ),
    max_size=40,
)
EVENTS = st.sets(st.sampled_from([CREATED, MODIFIED, DELETED]), min_size=1)


@given(ACTS, st.integers(1, 4), st.sampled_from([0.0, 3.0, 30.0]), st.sampled_from([0.0, SETTLE_S]), EVENTS)
def test_every_last_version_is_taken_once_after_it_has_settled(
    acts: list[tuple[str, object]], batch_size: int, window_s: float, settle_s: float, events: set[FileChange]
) -> None:
    """EV-1 to EV-3, and EV-5 mended: nothing is delivered twice or lost, and nothing of a kind that nobody wants."""
    watch = FileWatch(
        patterns=("*",), batch_size=batch_size, batch_window_s=window_s, settle_s=settle_s, events=tuple(events)
    )
    inbox = Inbox(watch, "a")
    for act, value in acts:
        match act, value:
            case "write", str(path):
                inbox.write(path)
            case "remove", str(path):
                inbox.remove(path)
            case "pass", float(seconds):
                inbox.now += seconds
            case _:
                inbox.look()
    for _ in range(3):
        inbox.now += max(settle_s, window_s, 1.0)
        inbox.look()
    versions = [(path, version) for path, version, change in inbox.taken if change is not DELETED]
    assert len(versions) == len(set(versions))
    assert {change for _, _, change in inbox.taken} <= events
    assert all(seen.before is None and not seen.stage.is_open for seen in inbox.seen.values())
    assert set(inbox.seen) == set(inbox.disk)
    for path, (version, _) in inbox.disk.items():
        seen = inbox.seen[path]
        was_there = path == "a" and version == 0
        assert seen.mtime_ns == version
        assert ((path, version) in versions) == (seen.stage is Stage.TAKEN)
        assert (seen.stage is Stage.UNSELECTED) <= (seen.change not in events)
        assert (seen.stage is Stage.BASELINE) == was_there
    for path in "abcd":
        # Who is told of every kind hears of it in turn: a file is there or it is not.
        told = [change for taken, _, change in inbox.taken if taken == path]
        if events == {CREATED, MODIFIED, DELETED}:
            is_there = path == "a"
            for change in told:
                assert (change is CREATED) != is_there
                is_there = change is not DELETED
            assert is_there == (path in inbox.disk)
    assert all(len(files) <= batch_size for files, _ in inbox.batches)
    assert all(fired_by == "window" or len(files) == batch_size for files, fired_by in inbox.batches)


def test_a_batch_fires_by_size_or_when_its_window_is_over_and_then_counts_anew() -> None:
    """EV-2, EV-3: the window opens with the first settled file."""
    inbox = Inbox(FileWatch(patterns=("*",), batch_size=2, batch_window_s=60, settle_s=0))
    inbox.write("a")
    inbox.look()
    inbox.now += 59
    inbox.take()
    assert inbox.batches == []
    inbox.now += 1
    inbox.take()
    assert inbox.batches == [(("a",), "window")]
    for path in "bcd":
        inbox.write(path)
    inbox.look()
    assert inbox.batches[1:] == [(("b", "c"), "size")]
    assert inbox.waiting.first(9) == ("d",)


def test_without_batching_every_file_is_a_batch_of_its_own() -> None:
    """EV-1: size 1, and 900 s where only a size is given."""
    watch = FileWatch(patterns=("*",))
    assert (watch.batch_size, watch.batch_window_s) == (1, 900)
    inbox = Inbox(replace(watch, settle_s=0))
    inbox.write("a")
    inbox.write("b")
    inbox.look()
    assert inbox.batches == [(("a",), "size"), (("b",), "size")]


def test_a_file_rewritten_while_it_waits_settles_anew_and_is_taken_once() -> None:
    inbox = Inbox(FileWatch(patterns=("*",), batch_size=2, batch_window_s=60, settle_s=SETTLE_S))
    inbox.write("a")
    inbox.look()
    inbox.now += SETTLE_S
    inbox.look()
    inbox.write("a")
    inbox.now += 100
    inbox.look()
    assert inbox.batches == []
    inbox.now += SETTLE_S
    inbox.look()
    inbox.now += 60
    inbox.take()
    assert inbox.taken == [("a", 2, CREATED)]


def test_a_clock_set_back_while_a_file_settles_begins_to_count_again() -> None:
    inbox = Inbox(ONE)
    inbox.write("a")
    inbox.look()
    inbox.now -= 3600
    inbox.disk["a"] = (1, inbox.now)
    inbox.look()
    assert inbox.batches == []
    inbox.now += SETTLE_S
    inbox.look()
    assert inbox.taken == [("a", 1, CREATED)]


def test_a_file_that_some_program_has_open_does_not_count_however_long_it_holds() -> None:
    inbox = Inbox(ONE)
    inbox.write("a")
    for _ in range(4):
        inbox.look(inbox.fact("a", is_open=True))
        inbox.now += SETTLE_S
    assert inbox.taken == []
    inbox.look(inbox.fact("a"))
    assert inbox.taken == [("a", 1, CREATED)]


def test_a_file_renamed_into_place_counts_at_once_unless_it_is_open() -> None:
    open_still = FileFact(path="a", size_bytes=1, mtime_ns=1, is_open=True, is_renamed=True)
    look = LookTime(1000.0, 1000.0)
    settling = arrivals.found(None, open_still, ONE, look)
    assert settling.stage is Stage.SETTLING
    assert (
        arrivals.found(settling, replace(open_still, is_open=False), ONE, LookTime(1000.0, 1000.0)).stage
        is Stage.PENDING
    )


@pytest.mark.parametrize("events", [(CREATED,), (MODIFIED,), (DELETED,), (CREATED, MODIFIED, DELETED)])
def test_only_the_selected_kinds_of_changes_start_something(events: tuple[FileChange, ...]) -> None:
    inbox = Inbox(replace(ONE, events=events), "there")
    for act in (inbox.write, inbox.write, inbox.remove):
        act("new")
        inbox.look()
        inbox.now += SETTLE_S
        inbox.look()
    inbox.write("there")
    inbox.look()
    inbox.now += SETTLE_S
    inbox.look()
    told = [("new", CREATED), ("new", MODIFIED), ("new", DELETED), ("there", MODIFIED)]
    assert [(path, change) for path, _, change in inbox.taken] == [one for one in told if one[1] in events]


def test_a_file_that_is_deleted_and_made_again_at_once_was_modified() -> None:
    """So some editors save."""
    inbox = Inbox(replace(ONE, events=(CREATED, MODIFIED, DELETED)), "a")
    inbox.remove("a")
    inbox.look()
    inbox.now += 0.1
    inbox.write("a")
    inbox.look()
    inbox.now += SETTLE_S
    inbox.look()
    assert [change for _, _, change in inbox.taken] == [MODIFIED]


def test_a_deleted_file_that_comes_again_before_its_batch_was_modified() -> None:
    inbox = Inbox(replace(ONE, events=(CREATED, MODIFIED, DELETED), batch_size=3, batch_window_s=60), "a")
    inbox.remove("a")
    inbox.look()
    inbox.now += SETTLE_S
    inbox.look()
    assert inbox.waiting.first(1) == ("a",)
    inbox.write("a")
    inbox.look()
    inbox.now += SETTLE_S
    inbox.look()
    inbox.now += 60
    inbox.take()
    assert [change for _, _, change in inbox.taken] == [MODIFIED]


def test_a_version_that_is_away_for_a_moment_is_no_news() -> None:
    inbox = Inbox(replace(ONE, events=(CREATED, MODIFIED, DELETED)), "a")
    version = inbox.disk["a"]
    inbox.remove("a")
    inbox.look()
    inbox.now += 1
    inbox.disk["a"] = version
    inbox.look()
    inbox.now += SETTLE_S
    inbox.look()
    assert inbox.taken == []
    assert inbox.seen["a"].stage is Stage.BASELINE


def test_a_file_made_and_deleted_before_its_batch_is_no_news() -> None:
    inbox = Inbox(replace(ONE, events=(CREATED, MODIFIED, DELETED), batch_size=2, batch_window_s=60))
    inbox.write("a")
    inbox.look()
    inbox.now += SETTLE_S
    inbox.look()
    inbox.remove("a")
    inbox.look()
    inbox.now += 100
    inbox.look()
    assert inbox.taken == []
    assert inbox.seen == {}


def test_a_dropped_version_starts_nothing_and_the_next_one_does() -> None:
    inbox = Inbox(ONE)
    inbox.write("a")
    inbox.look()
    dropped = arrivals.dropped(inbox.seen["a"], inbox.now)
    assert dropped is not None
    inbox.seen["a"] = dropped
    inbox.now += SETTLE_S
    inbox.look()
    assert inbox.taken == []
    inbox.write("a")
    inbox.look()
    inbox.now += SETTLE_S
    inbox.look()
    assert inbox.taken == [("a", 2, MODIFIED)]


def test_other_definitions_take_effect_on_what_waits() -> None:
    inbox = Inbox(replace(ONE, batch_size=9), "changed", "gone")
    inbox.write("new")
    inbox.write("changed")
    inbox.look()
    inbox.now += SETTLE_S
    inbox.look()
    new, changed = inbox.seen["new"], inbox.seen["changed"]
    assert arrivals.under(new, ONE) is new
    assert (arrivals.under(new, replace(ONE, events=(MODIFIED,))) or new).stage is Stage.UNSELECTED
    assert arrivals.under(new, replace(ONE, patterns=("other",))) is None
    before = arrivals.under(changed, replace(ONE, patterns=("other",)))
    assert before is not None
    assert (before.stage, before.mtime_ns) == (Stage.BASELINE, 0)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.one_of(st.none(), st.integers(0, 9))), max_size=40))
def test_a_queue_is_in_the_order_of_its_moments(acts: list[tuple[str, int | None]]) -> None:
    queue, model = Queue(), dict[str, float]()
    for path, at in acts:
        if at is None:
            queue.remove(path)
            model.pop(path, None)
        else:
            queue.put(path, at)
            model[path] = at
    ordered = sorted(model, key=lambda path: (model[path], path))
    assert queue.first(len(queue)) == tuple(ordered)
    assert queue.first_at == min(model.values(), default=None)
    assert queue.until(4) == tuple(path for path in ordered if model[path] <= 4)


def test_what_a_slow_look_saw_counts_from_its_end_and_has_held_until_its_beginning() -> None:
    watch = replace(ONE, settle_s=2.0)
    file = FileFact(path="a", size_bytes=1, mtime_ns=1)
    seen = arrivals.found(None, file, watch, LookTime(1000.0, 1003.0))
    assert seen.since == 1003.0  # it may have come just before
    assert arrivals.found(seen, file, watch, LookTime(1004.0, 1006.0)) is seen  # it may have changed just after 1004
    settled = arrivals.found(seen, file, watch, LookTime(1005.0, 1006.0))
    assert (settled.stage, settled.since) == (Stage.PENDING, 1006.0)
    deleted = arrivals.gone(replace(seen, stage=Stage.TAKEN), watch, LookTime(1010.0, 1013.0))
    assert deleted is not None
    assert deleted.since == 1013.0
