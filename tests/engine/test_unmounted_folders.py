"""A watched folder that is not mounted looks empty: its files stay known, and none starts a run again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from watching import Watching, watch_files

from glue_tui.core.states import FileChange
from glue_tui.engine import looks
from glue_tui.engine.file_systems import Mount, read_mounts

FLAT = ("in/*.csv",)
NOTE = "in is empty: tmpfs server:/export is not mounted there: what is known of its files stays"
DELETED_TOO = (FileChange.CREATED, FileChange.MODIFIED, FileChange.DELETED)


def call(*command: str | Path) -> None:
    subprocess.run(command, check=True, timeout=20)


def export(folder: Path, source: str, name: str) -> None:
    """Make a file system that can be mounted at `in`, and unmounted, as often as wanted."""
    (folder / name).mkdir()
    call("mount", "-t", "tmpfs", source, folder / name)


def mount(folder: Path, name: str = "export") -> None:
    call("mount", "--bind", folder / name, folder / "in")


def unmount(folder: Path) -> None:
    call("umount", "-l", folder / "in")


def is_unmounted_and_mounted(folder: Path) -> None:
    async def story(watching: Watching) -> None:
        (folder / "in/a.csv").write_text("a")
        await watching.sees("in/a.csv")
        for name in ("b", "c"):
            unmount(folder)
            await watching.until(lambda: watching.notes == (NOTE,))
            mount(folder)
            await watching.until(lambda: watching.notes == ())
            (folder / f"in/{name}.csv").write_text(name)
            await watching.until(lambda name=name: f"in/{name}.csv" in watching.files)
        await watching.sees("in/a.csv", "in/b.csv", "in/c.csv")
        assert watching.deleted == []

    watch_files(folder, FLAT, story, events=DELETED_TOO)


def is_not_mounted_when_the_engine_starts(folder: Path) -> None:
    async def before(watching: Watching) -> None:
        (folder / "in/a.csv").write_text("a")
        await watching.sees("in/a.csv")

    async def unmounted(watching: Watching) -> None:
        assert watching.notes == (NOTE,)

    async def mounted(watching: Watching) -> None:
        assert watching.notes == (NOTE,)
        mount(folder)
        await watching.until(lambda: watching.notes == ())
        (folder / "in/b.csv").write_text("b")
        await watching.sees("in/b.csv")
        assert watching.deleted == []

    watch_files(folder, FLAT, before, events=DELETED_TOO)
    unmount(folder)
    watch_files(folder, FLAT, unmounted, events=DELETED_TOO)
    watch_files(folder, FLAT, mounted, events=DELETED_TOO)


def is_another_with_files(folder: Path) -> None:
    export(folder, "server:/other", "other")

    async def story(watching: Watching) -> None:
        (folder / "in/a.csv").write_text("a")
        await watching.sees("in/a.csv")
        unmount(folder)
        await watching.until(lambda: watching.notes == (NOTE,))
        mount(folder, "other")
        seen = len(watching.looks)
        await watching.until(lambda: any(look.is_whole for look in watching.looks[seen:]))
        assert (watching.notes, watching.deleted) == ((NOTE,), [])
        (folder / "in/b.csv").write_text("b")
        await watching.until(lambda: watching.notes == () and watching.deleted == ["in/a.csv"])
        await watching.sees("in/a.csv", "in/b.csv")
        (folder / "in/b.csv").unlink()
        await watching.until(lambda: watching.deleted == ["in/a.csv", "in/b.csv"])
        assert watching.notes == ()

    watch_files(folder, FLAT, story, events=DELETED_TOO)


STORIES: list[Callable[[Path], None]] = [
    is_unmounted_and_mounted,
    is_not_mounted_when_the_engine_starts,
    is_another_with_files,
]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is mounted where")
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_folder_that_was_mounted(story: Callable[[Path], None], tmp_path: Path) -> None:
    code = (
        f"import sys\nfrom pathlib import Path\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_unmounted_folders as stories\nfolder = Path(sys.argv[1])\n"
        "stories.export(folder, 'server:/export', 'export')\n(folder / 'in').mkdir()\nstories.mount(folder)\n"
        f"print('it can mount')\nstories.{story.__name__}(folder)\nprint('it has happened')\n"
    )
    done = subprocess.run(
        ["unshare", "-Urm", sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=90
    )
    if "it can mount" not in done.stdout and ("unshare:" in done.stderr or "mount:" in done.stderr):
        pytest.skip("this machine lets nobody mount")
    assert "it has happened" in done.stdout, done.stderr[-3000:]


@pytest.mark.parametrize("is_known", [True, False], ids=["mounts are known", "mounts are not known"])
def test_a_folder_that_is_emptied_tells_of_every_file_also_of_one_that_went_while_no_engine_ran(
    is_known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_known:
        monkeypatch.setattr(looks, "mounts_now", lambda: ())
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"in/{name}.csv").write_text(name)

    async def some_go(watching: Watching) -> None:
        (tmp_path / "in/a.csv").unlink()
        await watching.until(lambda: watching.deleted == ["in/a.csv"])

    async def all_went(watching: Watching) -> None:
        await watching.until(lambda: watching.deleted == ["in/b.csv"])
        assert watching.notes == ()

    watch_files(tmp_path, FLAT, some_go, events=DELETED_TOO)
    (tmp_path / "in/b.csv").unlink()
    watch_files(tmp_path, FLAT, all_went, events=DELETED_TOO)


def test_nothing_is_gone_by_a_look_during_which_the_folder_was_unmounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.csv").write_text("a")
    local = "1 1 0:1 / / rw - ext4 d rw"
    network = f"{local}\n2 1 0:2 / {tmp_path.resolve()}/in rw - nfs4 server:/in rw"
    tables = [local, network]

    def in_turn() -> tuple[Mount, ...]:
        tables.reverse()
        return read_mounts(tables[0])

    async def story(watching: Watching) -> None:
        monkeypatch.setattr(looks, "mounts_now", in_turn)
        (tmp_path / "in/a.csv").unlink()
        (tmp_path / "in/b.csv").write_text("b")
        await watching.until(lambda: "in/b.csv" in watching.files)
        assert watching.deleted == []
        monkeypatch.setattr(looks, "mounts_now", lambda: read_mounts(local))
        (tmp_path / "in/c.csv").write_text("c")
        await watching.until(lambda: watching.deleted == ["in/a.csv"])

    watch_files(tmp_path, FLAT, story, events=DELETED_TOO)
