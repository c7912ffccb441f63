"""Files that arrive: taken only once settled, once per version, and never lost, whatever scans see and when."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from glue_tui.core.arrivals import (
    FileFact,
    SeenFile,
    Stage,
    due_batch,
    look_again_at,
    observe,
    pending,
    window_closes_at,
)
from glue_tui.core.model import FileWatch

SETTLE_S = 2.0


class Inbox:
    """What a trigger remembers, and the batches it made."""

    def __init__(self, watch: FileWatch, *there: str) -> None:
        self.watch = watch
        self.now = 1000.0
        self.seen: dict[str, SeenFile] | None = None
        self.batches: list[tuple[tuple[str, ...], str]] = []
        self.taken: list[tuple[str, int]] = []
        self.disk: dict[str, tuple[int, float]] = {}
        """Version and time of the last change, by path."""
        for path in there:
            self.disk[path] = (0, self.now)
        self.scan()

    def write(self, path: str) -> None:
        self.disk[path] = (self.disk.get(path, (0, 0.0))[0] + 1, self.now)

    def scan(self) -> None:
        facts = [FileFact(path=path, size_bytes=1, mtime_ns=version) for path, (version, _) in self.disk.items()]
        seen = observe(self.seen, facts, self.watch.settle_s, self.now)
        after = {path: one for path, one in (self.seen or {}).items() if path not in seen.gone}
        self.seen = {**after, **{one.path: one for one in seen.changed}}
        self.take()

    def take(self) -> None:
        assert self.seen is not None
        while batch := due_batch(self.seen, self.watch, self.now):
            self.batches.append((tuple(one.path for one in batch.files), batch.fired_by))
            for one in batch.files:
                held_s = self.now - self.disk[one.path][1] if one.path in self.disk else None
                if held_s is not None and one.mtime_ns == self.disk[one.path][0]:
                    assert held_s >= self.watch.settle_s
                self.taken.append((one.path, one.mtime_ns))
                self.seen[one.path] = replace(one, stage=Stage.TAKEN)


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("abcd")),
        st.tuples(st.just("remove"), st.sampled_from("abcd")),
        st.tuples(st.just("pass"), st.sampled_from([0.1, 0.7, 2.0, 5.0])),
        st.tuples(st.just("scan"), st.none()),
    ),
    max_size=40,
)


@given(ACTS, st.integers(1, 4), st.sampled_from([0.0, 3.0, 30.0]), st.sampled_from([0.0, SETTLE_S]))
def test_every_last_version_is_taken_once_after_it_has_settled(
    acts: list[tuple[str, object]], batch_size: int, window_s: float, settle_s: float
) -> None:
    """EV-1 to EV-3, and EV-5 mended: nothing is delivered twice or lost."""
    inbox = Inbox(FileWatch(patterns=("*",), batch_size=batch_size, batch_window_s=window_s, settle_s=settle_s), "a")
    removed: set[str] = set()
    for act, value in acts:
        match act, value:
            case "write", str(path):
                inbox.write(path)
            case "remove", str(path):
                removed |= {path} if inbox.disk.pop(path, None) else set()
            case "pass", float(seconds):
                inbox.now += seconds
            case _:
                inbox.scan()
    for _ in range(3):
        inbox.now += max(settle_s, window_s, 1.0)
        inbox.scan()
    never_removed = [one for one in inbox.taken if one[0] not in removed]
    assert len(never_removed) == len(set(never_removed))
    for path, (version, _) in inbox.disk.items():
        if path not in removed:
            was_there = path == "a" and version == 0
            assert ((path, version) in inbox.taken) is not was_there
    assert all(len(files) <= batch_size for files, _ in inbox.batches)
    assert all(fired_by == "window" or len(files) == batch_size for files, fired_by in inbox.batches)


def test_a_batch_fires_by_size_or_when_its_window_is_over_and_then_counts_anew() -> None:
    """EV-2, EV-3: the window opens with the first settled file."""
    inbox = Inbox(FileWatch(patterns=("*",), batch_size=2, batch_window_s=60, settle_s=0))
    inbox.write("a")
    inbox.scan()
    inbox.scan()
    assert window_closes_at(inbox.seen or {}, inbox.watch) == inbox.now + 60
    inbox.now += 59
    inbox.take()
    assert inbox.batches == []
    inbox.now += 1
    inbox.take()
    assert inbox.batches == [(("a",), "window")]
    for path in "bcd":
        inbox.write(path)
    inbox.scan()
    inbox.scan()
    assert inbox.batches[1:] == [(("b", "c"), "size")]
    assert [one.path for one in pending(inbox.seen or {})] == ["d"]


def test_without_batching_every_file_is_a_batch_of_its_own() -> None:
    """EV-1: size 1, and 900 s where only a size is given."""
    watch = FileWatch(patterns=("*",))
    assert (watch.batch_size, watch.batch_window_s) == (1, 900)
    inbox = Inbox(replace(watch, settle_s=0))
    inbox.write("a")
    inbox.write("b")
    inbox.scan()
    inbox.scan()
    assert inbox.batches == [(("a",), "size"), (("b",), "size")]


def test_a_file_rewritten_while_it_waits_settles_anew_and_is_taken_once() -> None:
    inbox = Inbox(FileWatch(patterns=("*",), batch_size=2, batch_window_s=60, settle_s=SETTLE_S))
    inbox.write("a")
    inbox.scan()
    inbox.now += SETTLE_S
    inbox.scan()
    inbox.write("a")
    inbox.now += 100
    inbox.scan()
    assert inbox.batches == []
    assert look_again_at(inbox.seen or {}, SETTLE_S) == inbox.now + SETTLE_S
    inbox.now += SETTLE_S
    inbox.scan()
    inbox.now += 60
    inbox.take()
    assert inbox.taken == [("a", 2)]


def test_a_clock_set_back_while_a_file_settles_begins_to_count_again() -> None:
    inbox = Inbox(FileWatch(patterns=("*",), settle_s=SETTLE_S))
    inbox.write("a")
    inbox.scan()
    inbox.now -= 3600
    inbox.disk["a"] = (1, inbox.now)
    inbox.scan()
    assert inbox.batches == []
    inbox.now += SETTLE_S
    inbox.scan()
    assert inbox.taken == [("a", 1)]


def test_a_folder_that_cant_be_listed_for_a_moment_makes_no_file_new() -> None:
    """Nothing is known of what lies below it, so nothing of it is gone, and nothing fires again when it is back."""
    taken = SeenFile(path="in/a.csv", size_bytes=1, mtime_ns=1, stage=Stage.TAKEN, since=0.0, run_id="wr_1")
    inbox = {taken.path: taken}
    blind = observe(inbox, (), 0.5, 10.0, ("in",))
    assert blind.gone == ()
    assert observe(inbox, (), 0.5, 10.0, ("other",)).gone == ("in/a.csv",)
    back = observe(inbox, (FileFact(path="in/a.csv", size_bytes=1, mtime_ns=1),), 0.5, 11.0)
    assert back.changed == ()
