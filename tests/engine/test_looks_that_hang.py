"""A folder of a network that does not answer keeps nothing waiting but the trigger that watches it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from glue_tui.engine import watcher
from glue_tui.engine.file_systems import read_mounts, real_place
from glue_tui.engine.folders import Area
from glue_tui.engine.looks import Watched, look_everywhere
from glue_tui.store import event_log, seen_files
from glue_tui.store.database import migrate, open_database, transaction


class _Hanging(Area):
    """An area in which every look hangs until it is told to go on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), ("in/*.csv",))
        self.hangs = threading.Event()
        self.goes_on = threading.Event()

    def has(self, path: str) -> bool:
        self.hangs.set()
        assert self.goes_on.wait(60)
        return super().has(path)


def test_the_log_of_the_database_does_not_grow_while_a_look_hangs(tmp_path: Path) -> None:
    state_db = tmp_path / "state.db"
    conn = open_database(state_db)
    migrate(conn, "runs", event_log.MIGRATIONS)
    with transaction(conn):
        seen_files.write_watch(conn, "w", "t", ("in/*.csv",))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("x")
    area = _Hanging(tmp_path)
    watched = Watched(key=("w", "t"), area=area, settle_s=1.0, state_db=state_db)
    look = threading.Thread(target=look_everywhere, args=(watched,))
    look.start()
    try:
        assert area.hangs.wait(60)
        with transaction(conn):
            seen_files.write_watch(conn, "w", "other", ("in/*.csv",))
        busy, _, _ = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        area.goes_on.set()
        look.join()
        conn.close()
    assert not busy


def test_a_network_folder_lets_no_watching_begin_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, local = tmp_path / "network", tmp_path / "local"
    network.mkdir()
    local.mkdir()
    mounts = read_mounts(f"1 1 0:1 / / rw - ext4 d rw\n2 1 0:2 / {os.path.realpath(network)} rw - nfs4 server:/ rw")
    monkeypatch.setattr(watcher, "mounts_now", lambda: mounts)
    monkeypatch.setattr(watcher, "RETRY_S", 0.0)
    monkeypatch.setattr(watcher.MountWatch, "has_changed", lambda _: False)

    async def tell() -> None:
        hints: asyncio.Queue[watcher.Hints] = asyncio.Queue()
        one = watcher.Watcher(lambda _: None, is_deep=True)
        one.share(hints.put_nowait).watch([str(network), str(local)])
        task = asyncio.create_task(one.run())
        async with asyncio.timeout(30):
            assert (await hints.get()).is_all
            await one.caught_up()
            for name in ("a", "b", "c"):
                (local / name).write_text("x")
                hint = await hints.get()
                while f"{local}/{name}" not in hint.paths:
                    assert not hint.is_all
                    hint = await hints.get()
        assert one.unwatched == {str(network): "nfs4 tells of no changes"}
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(tell())


HANGS = """
import ctypes, os, sys
from pathlib import Path

folder = Path(sys.argv[2])
fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0".encode()
if ctypes.CDLL(None, use_errno=True).mount(b"none", str(folder / "network").encode(), b"fuse", 0, options):
    sys.exit("can't mount: " + os.strerror(ctypes.get_errno()))
"""
"""A file system that nobody answers for: whoever asks it anything hangs, until `fuse` is closed."""

BEGINS_TO_WATCH = """
sys.path.insert(0, sys.argv[1])
from watching import watch_files
from glue_tui.engine import scout
scout.FIRST_LOOKS_S = 0.5

async def story(watching):
    try:
        await watching.scout._is_watched()
        print("it watches")
    finally:
        os.close(fuse)  # Who hangs gets an error.

watch_files(folder, ("network/link/*.csv", "in/*.csv", "link/in/*.csv"), story)
"""

STARTS_AND_ENDS = """
import signal, subprocess
patched = "from glue_tui.engine import scout; scout.FIRST_LOOKS_S = 0.5; import runpy;"
program = patched + "runpy.run_module('glue_tui.engine', run_name='__main__', alter_sys=True)"
engine = subprocess.Popen([sys.executable, "-c", program, "--project", str(folder)], stderr=subprocess.PIPE, text=True)
try:
    for line in engine.stderr:
        if "the engine is up" in line:
            engine.send_signal(signal.SIGTERM)
    print("it ended with", engine.wait(20))
finally:
    os.close(fuse)
    engine.kill()
"""

WATCHES_BOTH = """
[triggers.network]
type = "EVENT"
watch = ["network/*.csv", "in/*.csv"]
actions = [{ job = "work" }]

[jobs.work]
type = "command"
command = ["true"]
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a file system that hangs is made as Linux lets one do it")
@pytest.mark.parametrize(
    ("what", "said"), [(BEGINS_TO_WATCH, "it watches"), (STARTS_AND_ENDS, "it ended with 0")], ids=["watch", "engine"]
)
def test_a_folder_that_does_not_answer_holds_up_neither_watching_nor_the_engine(
    tmp_path: Path, what: str, said: str
) -> None:
    for name in ("network", "in", "workflows"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("network")
    (tmp_path / "workflows" / "files.toml").write_text(WATCHES_BOTH)
    program = [sys.executable, "-c", HANGS + what, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(["unshare", "-Urm", *program], capture_output=True, text=True, timeout=60)
    if done.returncode and ("unshare" in done.stderr or "can't mount" in done.stderr):
        pytest.skip("this machine lets nobody mount")
    assert said in done.stdout, done.stderr[-2000:]


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("in/deep", "in/deep"),
        ("links/in", "in"),
        ("links/up/in", "in"),
        ("links/chain/deep", "in/deep"),
        ("links/network/x/y", "network/x/y"),
        ("links/nowhere/x", "none/x"),
    ],
)
def test_links_are_followed_up_to_a_file_system_that_may_not_answer(tmp_path: Path, path: str, real: str) -> None:
    root = Path(os.path.realpath(tmp_path))
    for name in ("in/deep", "links", "network/x"):
        (root / name).mkdir(parents=True)
    for name, target in {"in": "../in", "up": "..", "chain": str(root / "links/in"), "network": "../network"}.items():
        (root / "links" / name).symlink_to(target)
    (root / "links" / "nowhere").symlink_to("../none")
    mounts = read_mounts(f"1 1 0:1 / / rw - ext4 d rw\n2 1 0:2 / {root}/network rw - nfs4 server:/in rw")
    assert real_place(f"{root}/{path}", mounts) == f"{root}/{real}"
