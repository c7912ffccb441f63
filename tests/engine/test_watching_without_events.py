"""Folders of whose changes the system tells nothing are polled, and the trigger says so; with events it goes back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from watching import Watching, watch_files

from glue_tui.engine import eye, watcher
from glue_tui.engine.file_systems import read_mounts

LIMITS = Path("/proc/sys/user")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    return tmp_path / "in"


def put(path: Path) -> None:
    path.write_text("x")


def test_a_definition_may_ask_for_it(inbox: Path) -> None:
    async def story(watching: Watching) -> None:
        await watching.until(lambda: watching.notes == ("polled every 0.2 s, as `poll` says",))
        looks = len(watching.looks)
        await watching.until(lambda: sum(look.is_whole for look in watching.looks) > looks + 2)
        put(inbox / "a.csv")
        await watching.sees("in/a.csv")

    watch_files(inbox.parent, ("in/*.csv",), story, poll_s=0.2)


def test_a_network_folder_is_polled_until_something_else_is_mounted_there(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = [f"1 1 0:1 / / rw - ext4 d rw\n2 1 0:2 / {os.path.realpath(inbox)} rw - nfs4 server:/in rw"]
    mounts = lambda: read_mounts(table[0])  # noqa: E731
    monkeypatch.setattr(watcher, "mounts_now", mounts)
    monkeypatch.setattr(watcher, "SAME_FOLDERS_MS", 50)
    monkeypatch.setattr(eye, "POLL_S", 0.2)
    changed: list[bool] = []
    monkeypatch.setattr(watcher.MountWatch, "has_changed", lambda _: bool(changed and changed.pop()))

    async def story(watching: Watching) -> None:
        assert watching.notes == ("polled every 0.2 s: nfs4 tells of no changes",)
        put(inbox / "a.csv")
        put(inbox / "deep" / "b.csv")
        await watching.sees("in/a.csv", "in/deep/b.csv")
        table[0] = "1 1 0:1 / / rw - ext4 d rw"
        changed.append(True)
        await watching.until(lambda: watching.notes == ())
        put(inbox / "c.csv")
        await watching.sees("in/a.csv", "in/c.csv", "in/deep/b.csv")

    watch_files(inbox.parent, ("in/**/*.csv",), story)


LIMITED = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from watching import Watching, watch_files
from glue_tui.engine import eye, watcher

folder, limit, too_few = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
watcher.RETRY_S = eye.POLL_S = 0.2
limit.write_text(too_few)

def put(name):
    (folder / "in" / name).write_text("x")

async def story(watching):
    print(watching.notes)
    put("a.csv")
    await watching.sees("in/a.csv")
    limit.write_text("1000")
    await watching.until(lambda: watching.notes == ())
    put("deep/b.csv")
    await watching.sees("in/a.csv", "in/deep/b.csv")

watch_files(folder, ("in/**/*.csv",), story)
print("back to events")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
@pytest.mark.parametrize(
    ("limit", "too_few", "words"),
    [("max_inotify_instances", "0", "no more watchers"), ("max_inotify_watches", "1", "no more folders")],
)
def test_where_the_system_has_no_more_watches_folders_are_polled_until_it_has(
    inbox: Path, limit: str, too_few: str, words: str
) -> None:
    arguments = [str(Path(__file__).parent), str(inbox.parent), str(LIMITS / limit), too_few]
    done = subprocess.run(
        ["unshare", "-Ur", sys.executable, "-c", LIMITED, *arguments], capture_output=True, text=True, timeout=60
    )
    if done.returncode and "unshare" in done.stderr:
        pytest.skip("this machine lets nobody set limits of his own")
    assert words in done.stdout, done.stderr[-2000:]
    assert "polled every 0.2 s" in done.stdout
    assert "back to events" in done.stdout, done.stderr[-2000:]


UNREADABLE = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from watching import Watching, watch_files
from glue_tui.engine import eye, watcher

folder = Path(sys.argv[2])
watcher.RETRY_S = eye.POLL_S = 0.2

def put(name):
    (folder / "in" / name).write_text("x")

def shut(name, mode):
    (folder / "in" / name).chmod(mode)

async def story(watching):
    put("shut/a.csv")
    await watching.sees("in/shut/a.csv")
    shut("shut", 0)
    await watching.until(lambda: any("in/shut can't be looked into" in one for one in watching.notes))
    put("b.csv")
    await watching.sees("in/b.csv", "in/shut/a.csv")
    shut("shut", 0o700)
    await watching.until(lambda: watching.notes == ())
    put("shut/c.csv")
    await watching.sees("in/b.csv", "in/shut/a.csv", "in/shut/c.csv")

watch_files(folder, ("in/**/*.csv",), story)
print("seen again")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="rights of Linux")
def test_a_folder_that_can_not_be_read_any_more_keeps_what_is_known_of_it(inbox: Path) -> None:
    (inbox / "shut").mkdir()
    program = [sys.executable, "-c", UNREADABLE, str(Path(__file__).parent), str(inbox.parent)]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may read everything, and can't give that up here")
        program = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *program]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60)
    assert "seen again" in done.stdout, done.stderr[-2000:]
