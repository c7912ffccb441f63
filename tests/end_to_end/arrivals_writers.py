"""Programs that write into watched folders in the ways there are, and log what they did. Standard library only.

`python -m tests.end_to_end.arrivals_writers FOLDER KIND SEED NUMBER SPAN_S FILES` is one of them. Each writes to
paths that no other touches, and at its end leaves its log as JSON lines of `Deed` in `wrote/`.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.end_to_end.arrivals_project import EMPTY, GONE, TAKEN, TRIGGERS, Watching, is_known, known_paths, line, mark

WROTE = "wrote"
ODD_NAMES = ("", "", "", " b", "é\u0301", "\n", "[1]", "'\"", "{{ x }}")
"""Ends of names."""
SHORT_S = 0.2
"""A pause that lets no file settle: less than any trigger's `settle`."""
LONG_S = 1.2
"""A pause in which every file settles that is not held open."""


@dataclass(slots=True, kw_only=True)
class Deed:
    """A path as it was from one moment on: a version of a file, or nothing any more.

    Each moment is taken on the side of it that makes the check forgiving: a process may be halted between the two.
    """

    path: str
    version: str
    """Empty: the file is gone."""
    event: str
    """created | modified | deleted; empty where it depends on what had been seen of the file before."""
    touched_at: float
    """Just after the path stopped being what it was before."""
    complete_at: float
    """Just before it became this."""
    is_whole_at_once: bool = False
    """Renamed into place: it needs no time to settle."""
    size_bytes: int = 0
    mtime_ns: int = 0


class Pen:
    """What all writers do, with its log."""

    def __init__(self, folder: Path, kind: str, seed: int, number: int, patience_s: float) -> None:
        self.folder = folder
        self.kind = kind
        self.name = f"{kind}-{number}"
        self.patience_s = patience_s
        """So long it waits for a file to come to its triggers."""
        self.random = random.Random(f"{self.name} {seed}")
        self.deeds: list[Deed] = []
        self._last: dict[str, Deed] = {}
        self._known = known_paths(kind, number)
        """Not yet written to."""
        self._taken = set(self._known)
        """Files of which every trigger has had what they are now, or has known it from the beginning."""
        self._bases = 0

    def known_or_new_path(self) -> tuple[str, bool]:
        """Return a path, and whether it was there before the triggers were."""
        if self._known and self.random.random() < 0.3:
            return self._known.pop(), True
        return self.new_path(self.kind), False

    def new_path(self, folder: str) -> str:
        self._bases += 1
        return f"in/{folder}/{self.name}-{self._bases}{self.random.choice(ODD_NAMES)}.dat"

    def new_lines(self, count: int | None = None) -> list[str]:
        self._bases += 1
        count = count or self.random.randint(1, 40)
        return [line(f"{self.name}-{self._bases:05}", number) for number in range(1, count + 1)]

    def pieces(self, lines: Sequence[str]) -> list[str]:
        """Return the text of these lines in a few pieces, cut anywhere."""
        text = "".join(lines)
        cuts = sorted(self.random.randrange(len(text)) for _ in range(self.random.randint(1, 4)))
        return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if b > a]

    def write(
        self, path: str, lines: Sequence[str], pause_s: Callable[[], float] = lambda: 0.0, mode: str = "w"
    ) -> None:
        """Write in place; with pauses in which the file stays open. `mode` is w (cut first), r+ (over it) or a."""
        target = self.folder / path
        before = _lines_of(target) if mode == "a" else []
        with open(target, mode) as file:
            touched_at = time.time() if mode == "w" else 0.0
            for number, piece in enumerate(pieces := self.pieces(lines)):
                if number:
                    time.sleep(pause_s())
                complete_at = time.time()
                file.write(piece)
                file.flush()
                touched_at = touched_at or time.time()
            assert pieces
        self._log(path, [*before, *lines], touched_at, complete_at)

    def rename(self, source: Path, path: str, lines: Sequence[str]) -> None:
        """Bring a finished file into place."""
        complete_at = time.time()
        source.replace(self.folder / path)
        self._log(path, lines, time.time(), complete_at, is_whole_at_once=True)

    def swap(self, path: str, lines: Sequence[str]) -> None:
        """Write under another name and rename: beside the file, under a passing name, or in a folder nobody watches."""
        target = self.folder / path
        passing = self.random.choice((target.with_name(f".{target.name}"), target.with_name(f"{target.name}.tmp")))
        source = self.random.choice((passing, self.folder / WROTE / target.name))
        with open(source, "w") as file:
            for piece in self.pieces(lines):
                file.write(piece)
                file.flush()
                time.sleep(self.random.uniform(0, SHORT_S / 4))
        self.rename(source, path, lines)

    def remove(self, path: str) -> None:
        for one in TRIGGERS:
            (self.folder / TAKEN / one.name / mark(path, GONE)).unlink(missing_ok=True)
        complete_at = time.time()
        (self.folder / path).unlink()
        self.log_gone(path, complete_at)

    def log_gone(self, path: str, complete_at: float) -> None:
        """A path is free now: its file was removed or renamed."""
        event = "deleted" if path in self._taken else ""
        deed = Deed(path=path, version="", event=event, touched_at=time.time(), complete_at=complete_at)
        self._add(deed)

    def log_whole(self, path: str, lines: Sequence[str], complete_at: float) -> None:
        """A file came into place in some other way, whole at once."""
        self._log(path, lines, time.time(), complete_at, is_whole_at_once=True)

    def await_taken(self, *paths: str) -> None:
        """Wait until the last version of each of these files has come to every trigger that watches it."""
        end = time.monotonic() + self.patience_s
        for path in paths:
            last = self._last[path]
            version = last.version or GONE
            marks = [self.folder / TAKEN / one.name / mark(path, version) for one in TRIGGERS if _must_have(one, last)]
            while not all(one.exists() for one in marks):
                assert time.monotonic() < end, f"{path} was never taken by {[m for m in marks if not m.exists()]}"
                time.sleep(0.02)
            self._taken.add(path)

    def pause(self, longest_s: float = SHORT_S) -> float:
        return self.random.uniform(0, longest_s)

    def _log(
        self, path: str, lines: Sequence[str], touched_at: float, complete_at: float, is_whole_at_once: bool = False
    ) -> None:
        stat = (self.folder / path).stat()
        is_certain = path in self._taken and (path not in self._last or bool(self._last[path].version))
        event = "modified" if is_certain else "" if path in self._last else "created"
        version = f"{lines[-1].split(' ', 1)[0]}.{len(lines)}" if lines else EMPTY
        self._add(
            Deed(
                path=path,
                version=version,
                event=event,
                touched_at=touched_at,
                complete_at=complete_at,
                is_whole_at_once=is_whole_at_once,
                size_bytes=stat.st_size,
                mtime_ns=stat.st_mtime_ns,
            )
        )

    def _add(self, deed: Deed) -> None:
        self.deeds.append(deed)
        self._last[deed.path] = deed
        self._taken.discard(deed.path)


def _lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def _must_have(trigger: Watching, deed: Deed) -> bool:
    """Tell whether a trigger takes this version for certain."""
    return trigger.watches(deed.path) and (
        deed.event in trigger.events
        if deed.event and ("created" in trigger.events or is_known(deed.path))
        else bool(deed.version) and trigger.events >= {"created", "modified"}
    )


# The ways to write


def grow(pen: Pen) -> None:
    """Files that grow: held open or not, with pauses shorter than the time to settle, and longer ones."""
    path = pen.new_path("grown")
    lines = pen.new_lines()
    match pen.random.choice(("slowly", "held", "steps", "empty first", "mode", "old")):
        case "slowly":
            pen.write(path, lines, pen.pause)
        case "held":
            pen.write(path, lines, lambda: pen.pause(LONG_S))
        case "steps":
            base = pen.new_lines(6)
            pen.write(path, base[:1])
            for one in base[1:]:
                time.sleep(pen.pause())
                pen.write(path, [one], mode="a")
        case "empty first":
            complete_at = time.time()
            (pen.folder / path).touch()
            pen._log(path, [], time.time(), complete_at)
            time.sleep(pen.pause(LONG_S))
            pen.write(path, lines, pen.pause, mode="a")
        case "mode":
            # A change of mode moves the same time of the inode as a rename does, and the file is not whole yet.
            half = len(lines) // 2 + 1
            pen.write(path, lines[:half])
            (pen.folder / path).chmod(0o640)
            time.sleep(pen.pause())
            if lines[half:]:
                pen.write(path, lines[half:], mode="a")
        case "old":
            # As `cp -p` and `tar` do: the time of the file is set back after its last byte.
            pen.write(path, lines, pen.pause)
            long_ago_ns = time.time_ns() - 7 * 86_400 * 10**9
            os.utime(pen.folder / path, ns=(long_ago_ns, long_ago_ns))
            pen.deeds[-1].mtime_ns = long_ago_ns
    if pen.random.random() < 0.3:
        pen.await_taken(path)


def swap(pen: Pen) -> None:
    """Files renamed into place, new ones and over others; linked; moved on under another name."""
    path = pen.new_path("swapped")
    pen.swap(path, pen.new_lines())
    for _ in range(pen.random.randrange(4)):
        if pen.random.random() < 0.6:
            pen.await_taken(path)
        else:
            time.sleep(pen.pause(LONG_S))
        match pen.random.choice(("over", "over", "on", "linked")):
            case "over":
                pen.swap(path, pen.new_lines())
            case "on":
                lines, other = _lines_of(pen.folder / path), pen.new_path("swapped")
                complete_at = time.time()
                (pen.folder / path).rename(pen.folder / other)
                pen.log_gone(path, complete_at)
                pen.log_whole(other, lines, complete_at)
                path = other
            case "linked":
                lines, path = pen.new_lines(), pen.new_path("swapped")
                source = pen.folder / WROTE / Path(path).name
                source.write_text("".join(lines))
                complete_at = time.time()
                (pen.folder / path).hardlink_to(source)
                source.unlink()
                pen.log_whole(path, lines, complete_at)


def edit(pen: Pen) -> None:
    """One file, over and over in place: cut and written anew, at once or slowly, written over, and appended to."""
    path, is_there = pen.known_or_new_path()
    if not is_there:
        pen.write(path, pen.new_lines(20))
    for _ in range(pen.random.randint(1, 3)):
        if is_there:
            is_there = False
        elif pen.random.random() < 0.7:
            pen.await_taken(path)
        else:
            time.sleep(pen.pause(LONG_S))
        match pen.random.choice(("anew", "anew slowly", "over", "more")):
            case "anew":
                pen.write(path, pen.new_lines())
            case "anew slowly":
                pen.write(path, pen.new_lines(), lambda: pen.pause(LONG_S / 2))
            case "over":
                # The same number of lines and bytes: no reader finds it cut.
                pen.write(path, pen.new_lines(len(_lines_of(pen.folder / path))), pen.pause, mode="r+")
            case "more":
                base, number = _lines_of(pen.folder / path)[-1].split(" ")[:2]
                pen.write(path, [line(base, int(number) + 1)], mode="a")


def nest(pen: Pen) -> None:
    """Folders that come with files in them: made just before, renamed into place with all, removed and made again."""
    top = f"new/{pen.name}-{len(pen.deeds)}"
    folder = f"{top}/a/b" if pen.random.random() < 0.5 else top
    (pen.folder / "in" / folder).mkdir(parents=True)
    paths = [pen.new_path(folder) for _ in range(3)]
    for path in paths:
        pen.write(path, pen.new_lines(), lambda: pen.pause(SHORT_S / 4))
    if pen.random.random() < 0.5:
        pen.await_taken(*paths)
        complete_at = time.time()
        shutil.rmtree(pen.folder / "in" / top)
        for path in paths:
            pen.log_gone(path, complete_at)
        time.sleep(pen.pause(LONG_S))
        aside = pen.folder / WROTE / top.replace("/", "-")
        below = aside.joinpath(*Path(folder).parts[len(Path(top).parts) :])
        below.mkdir(parents=True)
        texts = {path: pen.new_lines() for path in paths}
        for path, lines in texts.items():
            (below / Path(path).name).write_text("".join(lines))
        complete_at = time.time()
        aside.rename(pen.folder / "in" / top)
        for path, lines in texts.items():
            pen.log_whole(path, lines, complete_at)


def vanish(pen: Pen) -> None:
    """Files that are deleted, and some that come again, soon or late."""
    path, is_there = pen.known_or_new_path()
    if not is_there:
        pen.write(path, pen.new_lines())
        if pen.random.random() < 0.7:
            pen.await_taken(path)
        else:
            time.sleep(pen.pause(LONG_S))
    pen.remove(path)
    if pen.random.random() < 0.3:
        pen.await_taken(path)
    if pen.random.random() < 0.6:
        time.sleep(pen.pause(SHORT_S) if pen.random.random() < 0.5 else pen.pause(2 * LONG_S))
        if pen.random.random() < 0.5:
            pen.swap(path, pen.new_lines())
        else:
            pen.write(path, pen.new_lines(), pen.pause)


def move(pen: Pen) -> None:
    """A folder that is renamed away with all that is in it, and back, soon or late."""
    folder = f"moved/{pen.name}-{len(pen.deeds)}"
    (pen.folder / "in" / folder).mkdir()
    texts = {pen.new_path(folder): pen.new_lines() for _ in range(2)}
    for path, lines in texts.items():
        pen.swap(path, lines)
    if pen.random.random() < 0.7:
        pen.await_taken(*texts)
    aside = pen.folder / WROTE / folder.replace("/", "-")
    complete_at = time.time()
    (pen.folder / "in" / folder).rename(aside)
    for path in texts:
        pen.log_gone(path, complete_at)
    time.sleep(pen.pause(SHORT_S) if pen.random.random() < 0.5 else pen.pause(2 * LONG_S))
    complete_at = time.time()
    aside.rename(pen.folder / "in" / folder)
    for path, lines in texts.items():
        pen.log_whole(path, lines, complete_at)


def disturb(pen: Pen) -> None:
    """What is no file to be counted, under names that match: no trigger may take it, or be held up by it."""
    kind = pen.random.choice([one for one in WAYS if one != "odd"])
    target = pen.folder / "in" / kind / f"{pen.name}-{pen.random.randrange(10**9)}.dat"
    match pen.random.choice(("pipe", "socket", "folder", "nowhere", "circle", "passing", "bytes")):
        case "pipe":
            os.mkfifo(target)
        case "socket":
            os.chdir(target.parent)  # The path of a socket may only be short.
            with socket.socket(socket.AF_UNIX) as one:
                one.bind(target.name)
        case "folder":
            target.mkdir()
        case "nowhere":
            target.symlink_to("nowhere")
        case "circle":
            target.symlink_to(".")
        case "passing":
            target.with_name(f".{target.name}").write_text("x")
            target.with_name(f"{target.name}.part").write_text("x")
        case "bytes":
            (target.parent / os.fsdecode(b"\xff\xfe" + os.fsencode(target.name))).write_text("x")
    time.sleep(pen.pause(LONG_S))


def burst(pen: Pen, files: int) -> None:
    """Many small files as fast as they can be made, in a folder of their own."""
    folder = f"burst/{pen.name}-{len(pen.deeds)}"
    (pen.folder / "in" / folder).mkdir()
    began = time.monotonic()
    for _ in range(files):
        path, text = pen.new_path(folder), pen.new_lines(1)
        complete_at = time.time()
        with open(pen.folder / path, "w") as file:
            file.write(text[0])
        pen._log(path, text, complete_at, complete_at)
    print(f"burst: {files} files in {time.monotonic() - began:.2f} s", file=sys.stderr)


WAYS: dict[str, Callable[[Pen], None]] = {
    "grown": grow,
    "swapped": swap,
    "edited": edit,
    "new": nest,
    "gone": vanish,
    "moved": move,
    "odd": disturb,
}


def main() -> None:
    folder, kind, seed, number, span_s, files, patience_s = sys.argv[1:]
    pen = Pen(Path(folder), kind, int(seed), int(number), float(patience_s))
    end = time.monotonic() + float(span_s)
    while time.monotonic() < end:
        if kind == "burst":
            time.sleep(pen.pause(float(span_s) / 2))
            burst(pen, int(files))
        else:
            WAYS[kind](pen)
            time.sleep(pen.pause())
    log = Path(folder) / WROTE / f"{pen.name}.jsonl"
    log.write_text("".join(json.dumps(asdict(deed)) + "\n" for deed in pen.deeds))


if __name__ == "__main__":
    main()
