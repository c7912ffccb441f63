"""Which file systems tell of changes: those whose files other machines or programs change behind the kernel do not."""

from __future__ import annotations

import os
import re
import select
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MOUNTS_FILE = "/proc/self/mountinfo"
"""Linux alone has it. Elsewhere every folder counts as one that tells."""
SILENT = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "fuse", "gfs2", "glusterfs", "gpfs", "kafs"}
    | {"lustre", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"}
)
"""`fuse.NAME` belongs to them too: what stands behind it is mostly another machine."""

LINKS_MAX = 40
"""Symbolic links on the way to one file: the system follows no more either."""

_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    folder: str
    kind: str
    """The type of its file system: `ext4`, `nfs4`, `fuse.sshfs`."""
    device: int
    """As in `st_dev` of its files."""
    source: str = ""
    """What is mounted: `server:/export`, `/dev/sda1`, for some types a mere word."""

    @property
    def is_silent(self) -> bool:
        return self.kind in SILENT or self.kind.startswith("fuse.")


def read_mounts(text: str) -> tuple[Mount, ...]:
    """Return what is mounted, from the text of `/proc/self/mountinfo`; a later mount covers an earlier one."""
    found: dict[str, Mount] = {}
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, source) = before.split(" "), (*after.split(" "), "")[:2]
        if len(fields) > 4 and kind:
            folder = _unescaped(fields[4])
            major, _, minor = fields[2].partition(":")
            device = os.makedev(int(major), int(minor))
            found[folder] = Mount(folder=folder, kind=kind, device=device, source=_unescaped(source))
    return tuple(found.values())


def silent_mount(folder: str, mounts: Iterable[Mount], *, is_deep: bool = True) -> Mount | None:
    """Return the mount in which a folder (absolute, without links) lies, or one below it, if it tells of no changes.

    `is_deep`: what lies below the folder counts too.
    """
    own = mount_of(folder, mounts)
    if own is not None and own.is_silent:
        return own
    below = (one for one in mounts if is_deep and one.is_silent and _is_within(one.folder, folder))
    return next(below, None)


def real_place(path: str, mounts: Iterable[Mount]) -> str:
    """Return where an absolute path really lies, with links followed. Nothing on a file system that tells of no changes
    is touched: what a network's folder leads to is not asked, it may never answer.
    """
    mounts = tuple(mounts)
    here, todo, links = "/", [*reversed(path.split("/"))], 0
    while todo:
        step = os.path.normpath(f"{here}/{todo.pop()}")
        own = mount_of(step, mounts)
        if own is not None and own.is_silent:
            return os.path.normpath("/".join((step, *reversed(todo))))
        target = _link(step)
        if target and links < LINKS_MAX:
            links += 1
            here = "/" if target.startswith("/") else here
            todo += reversed(target.split("/"))
        else:
            here = step
    return here


def _link(path: str) -> str:
    """Return where a link leads; nothing if it is none, or can't be looked at."""
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""


class MountWatch:
    """Knows when something is mounted or unmounted."""

    def __init__(self) -> None:
        try:
            self._file: int | None = os.open(MOUNTS_FILE, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = None
        self._poll = select.poll()
        if self._file is not None:
            self._poll.register(self._file, select.POLLPRI)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def has_changed(self) -> bool:
        """Tell whether something was mounted or unmounted since this was asked last."""
        return self._file is not None and bool(self._poll.poll(0))


def mounts_now() -> tuple[Mount, ...]:
    """Return what is mounted, nothing where the system does not tell."""
    try:
        # Bytes of names that are no UTF-8 come through as they are: the escapes in the file are bytes, too.
        return read_mounts(Path(MOUNTS_FILE).read_text("latin-1"))
    except OSError:
        return ()


def mount_of(path: str, mounts: Iterable[Mount]) -> Mount | None:
    """Return the mount in which a path (absolute, without links) lies; None where the system does not tell."""
    above = [one for one in mounts if _is_within(path, one.folder)]
    return max(above, key=lambda one: len(one.folder), default=None)


def _unescaped(name: str) -> str:
    return os.fsdecode(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), name).encode("latin-1"))


def _is_within(path: str, folder: str) -> bool:
    return path == folder or folder == "/" or path.startswith(f"{folder}/")
