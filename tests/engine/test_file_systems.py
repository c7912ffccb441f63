"""Which folders tell of changes, by what is mounted where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from glue_tui.engine.file_systems import Mount, MountWatch, mounts_now, read_mounts, silent_mount
from tests.conftest import wait_for

TABLE = r"""
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:50 / /data rw shared:1 - nfs4 server:/export rw,vers=4.2
41 40 0:51 / /data/fast rw - xfs /dev/vdb rw
42 27 0:52 / /home/me/my\040share rw - fuse.sshfs me@host:/ rw
43 27 0:53 / /srv/in rw - cifs //host/in rw
44 43 0:54 / /srv/in rw - tmpfs none rw
"""
MOUNTS = read_mounts(TABLE)


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/landing", ""),
        ("/data", "nfs4"),
        ("/data/in/deep", "nfs4"),
        ("/database", ""),
        ("/data/fast/in", ""),
        ("/home/me/my share/x", "fuse.sshfs"),
        ("/home/me", "fuse.sshfs"),
        ("/home", "fuse.sshfs"),
        ("/srv/in", ""),
    ],
)
def test_the_longest_mount_counts_and_those_below(folder: str, kind: str) -> None:
    found = silent_mount(folder, MOUNTS)
    assert (found.kind if found else "") == kind


def test_what_is_mounted_below_counts_only_where_one_looks_there() -> None:
    assert silent_mount("/home/me", MOUNTS, is_deep=False) is None
    assert silent_mount("/data", MOUNTS, is_deep=False) == Mount(
        folder="/data", kind="nfs4", device=os.makedev(0, 50), source="server:/export"
    )


def test_names_come_through_as_the_bytes_that_they_are() -> None:
    (one,) = read_mounts("1 1 0:1 / /a\\134b\\012c\xff rw - nfs h:/ rw")
    assert one.folder == "/a\\b\nc\udcff"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_mount_is_noticed(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom subprocess import check_call\n"
        "from glue_tui.engine.file_systems import MountWatch, mounts_now\n"
        "mounts = MountWatch()\nfirst = mounts.has_changed()\n"
        "check_call(['mount', '-t', 'tmpfs', 'none', sys.argv[1]])\n"
        "print(mounts.has_changed(), mounts.has_changed(), any(m.folder == sys.argv[1] for m in mounts_now()))\n"
    )
    done = subprocess.run(
        ["unshare", "-Urm", sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=20
    )
    if done.returncode and "Operation not permitted" in done.stderr:
        pytest.skip("this machine lets nobody mount")
    assert done.stdout.split() == ["True", "False", "True"], done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_table_of_this_machine_can_be_read() -> None:
    mounts = MountWatch()
    assert any(one.folder == "/" for one in mounts_now())
    wait_for(lambda: not mounts.has_changed())
    mounts.close()
    assert not mounts.has_changed()
