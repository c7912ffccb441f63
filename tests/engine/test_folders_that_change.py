"""Whatever becomes of watched folders, each version of a file is seen once: real folders, the real watcher."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from watching import Watching, watch_files

from glue_tui.core.states import FileChange
from glue_tui.engine import eye
from glue_tui.engine import inbox as engine_inbox
from glue_tui.engine.looks import Look

DEEP = ("in/**/*.csv",)
FLAT = ("in/*.csv",)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def put(path: Path, text: str = "some text") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def move(path: Path, to: Path) -> None:
    path.rename(to)


def link(path: Path, to: Path | str) -> None:
    path.symlink_to(to)


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("patterns", [DEEP, FLAT])
def test_files_are_seen_once_each_and_those_that_were_there_before_not_at_all(
    inbox: Path, patterns: tuple[str, ...]
) -> None:
    put(inbox / "before.csv")

    async def story(watching: Watching) -> None:
        put(inbox / "a.csv")
        put(inbox / "a.txt")
        put(inbox / ".hidden.csv")
        await watching.sees("in/a.csv")
        put(inbox / "before.csv", "changed")
        await watching.sees("in/a.csv", "in/before.csv")

    watch_files(inbox.parent, patterns, story)


def test_a_folder_may_come_later_with_folders_in_it(tmp_path: Path) -> None:
    async def story(watching: Watching) -> None:
        assert watching.notes == ("data/in is not there: what is known of its files stays",)
        put(tmp_path / "data" / "in" / "2024" / "01" / "a.csv")
        await watching.sees("data/in/2024/01/a.csv")
        assert watching.notes == ()
        put(tmp_path / "data" / "in" / "2024" / "02" / "03" / "b.csv")
        put(tmp_path / "data" / "in" / "2024" / "01" / "c.csv")
        await watching.sees("data/in/2024/01/a.csv", "data/in/2024/01/c.csv", "data/in/2024/02/03/b.csv")

    watch_files(tmp_path, ("data/in/**/*.csv",), story)


@pytest.mark.parametrize("patterns", [DEEP, FLAT])
def test_a_watched_folder_that_is_renamed_away_and_back_fires_only_for_what_is_new(
    inbox: Path, patterns: tuple[str, ...]
) -> None:
    put(inbox / "old.csv")
    away = inbox.with_name("away")

    async def story(watching: Watching) -> None:
        put(inbox / "a.csv")
        await watching.sees("in/a.csv")
        move(inbox, away)
        await watching.until(lambda: watching.notes)
        put(away / "b.csv")
        move(away, inbox)
        await watching.sees("in/a.csv", "in/b.csv")
        put(inbox / "c.csv")
        await watching.sees("in/a.csv", "in/b.csv", "in/c.csv")
        assert watching.notes == ()

    watch_files(inbox.parent, patterns, story)


def test_a_watched_folder_that_is_replaced_by_another_is_followed(inbox: Path) -> None:
    async def story(watching: Watching) -> None:
        put(inbox.with_name("new") / "a.csv")
        move(inbox, inbox.with_name("old"))
        move(inbox.with_name("new"), inbox)
        await watching.sees("in/a.csv")
        put(inbox.with_name("old") / "not seen.csv")
        put(inbox / "b.csv")
        await watching.sees("in/a.csv", "in/b.csv")

    watch_files(inbox.parent, DEEP, story)


def test_folders_below_come_go_and_change_their_names(inbox: Path) -> None:
    async def story(watching: Watching) -> None:
        put(inbox / "x" / "y" / "a.csv")
        await watching.sees("in/x/y/a.csv")
        move((inbox / "x"), inbox / "z")
        await watching.sees("in/x/y/a.csv", "in/z/y/a.csv")
        put(inbox / "z" / "y" / "b.csv")
        await watching.sees("in/x/y/a.csv", "in/z/y/a.csv", "in/z/y/b.csv")
        shutil.rmtree(inbox / "z")
        await watching.until(lambda: watching.deleted == ["in/x/y/a.csv", "in/z/y/a.csv", "in/z/y/b.csv"])
        # A folder of the same name with a file of the same name is a new one.
        put(inbox / "z" / "y" / "b.csv", "other text")
        await watching.until(lambda: watching.files.count("in/z/y/b.csv") == 2)

    watch_files(inbox.parent, DEEP, story, events=tuple(FileChange))


def test_a_folder_that_is_moved_here_full_is_looked_through(inbox: Path) -> None:
    for number in range(50):
        put(inbox.with_name("full") / f"{number % 7}" / f"{number}.csv")

    async def story(watching: Watching) -> None:
        move(inbox.with_name("full"), inbox / "full")
        await watching.sees(*(f"in/full/{number % 7}/{number}.csv" for number in range(50)))
        put(inbox / "full" / "3" / "late.csv")
        await watching.until(lambda: "in/full/3/late.csv" in watching.files)

    watch_files(inbox.parent, DEEP, story)


def test_a_file_may_become_a_folder_and_a_folder_a_file(inbox: Path) -> None:
    async def story(watching: Watching) -> None:
        put(inbox / "a.csv")
        await watching.sees("in/a.csv")
        remove(inbox / "a.csv")
        put(inbox / "a.csv" / "b.csv")
        await watching.sees("in/a.csv", "in/a.csv/b.csv")
        shutil.rmtree(inbox / "a.csv")
        await watching.until(lambda: watching.deleted == ["in/a.csv", "in/a.csv/b.csv"])
        put(inbox / "a.csv")
        await watching.sees("in/a.csv", "in/a.csv", "in/a.csv/b.csv")

    watch_files(inbox.parent, DEEP, story, events=tuple(FileChange))


def test_a_file_in_the_place_of_the_watched_folder_is_told(tmp_path: Path) -> None:
    put(tmp_path / "in")

    async def story(watching: Watching) -> None:
        assert watching.notes == ("in is no folder: what is known of its files stays",)
        remove(tmp_path / "in")
        put(tmp_path / "in" / "a.csv")
        await watching.sees("in/a.csv")

    watch_files(tmp_path, FLAT, story)


def test_a_pattern_that_names_a_folder_and_no_files_is_told_as_long_as_it_does(inbox: Path) -> None:
    told = "in is a folder: write in/** for the files in it"

    async def story(watching: Watching) -> None:
        assert watching.notes == (told,)
        shutil.rmtree(inbox)
        await watching.until(lambda: not watching.notes)
        put(inbox)
        await watching.sees("in")
        remove(inbox)
        put(inbox / "a.csv")
        await watching.until(lambda: watching.notes == (told,))

    watch_files(inbox.parent, ("in", "other/*.csv"), story)


# Links


def test_a_watched_folder_may_be_a_link_that_is_swapped(tmp_path: Path) -> None:
    put(tmp_path / "v1" / "a.csv")
    put(tmp_path / "v2" / "a.csv", "another a")
    put(tmp_path / "v2" / "b.csv")
    (tmp_path / "in").symlink_to("v1")

    async def story(watching: Watching) -> None:
        put(tmp_path / "v1" / "c.csv")
        await watching.sees("in/c.csv")
        link((tmp_path / "new"), "v2")
        move((tmp_path / "new"), tmp_path / "in")  # As `ln -sfn` does it.
        await watching.sees("in/a.csv", "in/b.csv", "in/c.csv")
        put(tmp_path / "v2" / "d.csv")
        await watching.sees("in/a.csv", "in/b.csv", "in/c.csv", "in/d.csv")

    watch_files(tmp_path, FLAT, story)


def test_links_to_folders_are_followed_wherever_they_lead_and_when_they_are_swapped(inbox: Path) -> None:
    elsewhere = inbox.parent / "elsewhere"
    put(elsewhere / "one" / "before.csv")
    put(elsewhere / "two" / "b.csv")
    (inbox / "current").symlink_to(elsewhere / "one")

    async def story(watching: Watching) -> None:
        put(elsewhere / "one" / "deep" / "a.csv")
        await watching.sees("in/current/deep/a.csv")
        link((inbox / "new"), elsewhere / "two")
        await watching.sees("in/current/deep/a.csv", "in/new/b.csv")
        move((inbox / "new"), inbox / "current")
        await watching.sees("in/current/b.csv", "in/current/deep/a.csv", "in/new/b.csv")
        put(elsewhere / "two" / "c.csv")
        await watching.until(lambda: "in/current/c.csv" in watching.files)

    watch_files(inbox.parent, DEEP, story)


def test_a_folder_that_links_lead_to_in_several_ways_and_in_circles_counts_once(inbox: Path) -> None:
    put(inbox / "2024" / "a.csv")
    (inbox / "latest").symlink_to("2024")
    (inbox / "2024" / "up").symlink_to("..")
    (inbox / "self").symlink_to("self")
    (inbox.parent / "other").mkdir()
    (inbox / "b").symlink_to("../other")
    (inbox / "c").symlink_to("../other")
    (inbox.parent / "other" / "back").symlink_to("../in")

    async def story(watching: Watching) -> None:
        put(inbox / "2024" / "b.csv")
        put(inbox / "other.csv")
        put(inbox.parent / "other" / "c.csv")
        await watching.sees("in/2024/b.csv", "in/b/c.csv", "in/other.csv")
        put(inbox / "latest" / "d.csv")
        await watching.sees("in/2024/b.csv", "in/2024/d.csv", "in/b/c.csv", "in/other.csv")

    watch_files(inbox.parent, DEEP, story)


def test_a_link_to_a_file_shows_what_becomes_of_that_file(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eye, "LINKED_S", 0.1)
    put(inbox.parent / "store" / "a")
    (inbox / "a.csv").symlink_to("../store/a")

    async def story(watching: Watching) -> None:
        put(inbox.parent / "store" / "a", "changed")
        await watching.sees("in/a.csv")
        put(inbox.parent / "store" / "b", "another one")
        move((inbox.parent / "store" / "b"), inbox.parent / "store" / "a")
        await watching.sees("in/a.csv", "in/a.csv")
        put(inbox.parent / "store" / "c")
        link((inbox / "c.csv"), "../store/c")
        await watching.sees("in/a.csv", "in/a.csv", "in/c.csv")

    watch_files(inbox.parent, FLAT, story)


def test_a_link_that_leads_to_nothing_is_followed_once_something_is_there(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eye, "LINKED_S", 0.1)
    store = inbox.parent / "store"
    store.mkdir()
    (inbox / "before.csv").symlink_to("../store/before")
    (inbox / "later").symlink_to("../store/later")

    async def story(watching: Watching) -> None:
        link((inbox / "a.csv"), "../store/a")
        put(inbox / "b.csv")
        await watching.sees("in/b.csv")
        for name in ("before", "a", "later/c.csv"):
            put(store / name)
        await watching.sees("in/a.csv", "in/b.csv", "in/before.csv", "in/later/c.csv")
        move((store / "later"), store / "away")
        await watching.until(lambda: any("in/later/c.csv" in look.gone for look in watching.looks))
        put(store / "away" / "d.csv")
        move((store / "away"), store / "later")
        await watching.until(lambda: "in/later/d.csv" in watching.files)

    watch_files(inbox.parent, DEEP, story)


# Names


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_told_and_others_are_seen_all_the_same(inbox: Path) -> None:
    odd = inbox / os.fsdecode(b"caf\xe9.csv")

    async def story(watching: Watching) -> None:
        for number in range(5):
            put(odd, "x" * number)
            put(inbox / f"{number}.csv")
            await watching.until(lambda number=number: f"in/{number}.csv" in watching.files)  # type: ignore[misc]
        await watching.until(lambda: watching.notes == ("in/caf\\xe9.csv is not seen: its name is no UTF-8",))
        assert any("caf\\xe9.csv is not seen" in line for line in watching.log)
        remove(odd)
        await watching.until(lambda: watching.notes == ())
        await watching.sees(*(f"in/{number}.csv" for number in range(5)))

    watch_files(inbox.parent, DEEP, story)


def test_names_may_be_long_and_hold_anything(inbox: Path) -> None:
    names = ["new\nline.csv", "A.csv", "a.csv", "{}[]*?.csv", "näme 😀.csv", "'\";--.csv", "x" * 251 + ".csv"]
    deep = inbox.joinpath(*["d" * 200] * 15)

    async def story(watching: Watching) -> None:
        for name in names:
            put(inbox / name)
        put(deep / "a.csv")
        relative = str(deep.relative_to(inbox.parent) / "a.csv")
        await watching.sees(relative, *(f"in/{name}" for name in names))

    watch_files(inbox.parent, DEEP, story)


def test_a_path_that_is_too_long_for_the_system_keeps_nothing_else_from_being_seen(inbox: Path) -> None:
    def make_deep() -> None:
        here = os.open(inbox, os.O_RDONLY)
        for _ in range(30):
            os.mkdir("d" * 200, dir_fd=here)
            below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)

    async def story(watching: Watching) -> None:
        make_deep()
        put(inbox / "a.csv")
        await watching.sees("in/a.csv")
        put(inbox / "b.csv")
        await watching.sees("in/a.csv", "in/b.csv")

    try:
        watch_files(inbox.parent, DEEP, story)
    finally:
        shutil.rmtree(inbox)


# Many


def test_a_burst_is_seen_whole(inbox: Path) -> None:
    async def story(watching: Watching) -> None:
        def write() -> None:
            for number in range(3_000):
                put(inbox / f"{number % 10}" / f"{number}.csv")

        await asyncio.to_thread(write)
        await watching.sees(*(f"in/{number % 10}/{number}.csv" for number in range(3_000)))

    watch_files(inbox.parent, DEEP, story, batch_size=100)


def test_of_a_file_that_settles_when_its_folder_goes_nothing_is_concluded_until_that_is_back(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_inbox, "UNREADABLE_LOOK_S", 0.1)
    away = inbox.with_name("away")

    async def story(watching: Watching) -> None:
        put(inbox / "a.csv")
        await watching.sees("in/a.csv")
        put(inbox / "a.csv", "changed")
        await watching.until(lambda: watching.settling == 1)
        move(inbox, away)
        await watching.until(lambda: watching.notes == ("in is not there: what is known of its files stays",))
        looks = len(watching.looks)
        await watching.until(lambda: len(watching.looks) > looks + 5)
        assert [look.gone for look in watching.looks[looks:] if look.gone] == []
        assert watching.settling == 1
        move(away, inbox)
        await watching.sees("in/a.csv", "in/a.csv")
        assert watching.deleted == []

    watch_files(inbox.parent, DEEP, story, settle_s=0.5, events=tuple(FileChange))


def test_a_file_that_settles_and_becomes_a_link_in_a_circle_is_not_looked_at_without_end(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    look_at = eye.look_at

    def counted(*what: Any) -> Look:
        looked.append(what)
        return look_at(*what)

    monkeypatch.setattr(eye, "look_at", counted)

    async def story(watching: Watching) -> None:
        put(inbox / "a.csv")
        await watching.until(lambda: watching.settling == 1)
        remove(inbox / "a.csv")
        link(inbox / "a.csv", "a.csv")
        await watching.until(lambda: any("in/a.csv" in look.unreadable for look in watching.looks[-1:]))
        looked.clear()
        put(inbox / "b.csv")
        await watching.sees("in/b.csv")
        assert len(looked) < 8

    watch_files(inbox.parent, DEEP, story, settle_s=0.5)
