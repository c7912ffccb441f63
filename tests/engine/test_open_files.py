"""Whether a file is open for writing somewhere, asked of the system."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from glue_tui.engine.open_files import is_open_for_writing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


def test_a_file_is_open_as_long_as_any_process_can_write_to_it(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("x")
    assert is_open_for_writing(str(path)) is False
    writer = subprocess.Popen(
        [sys.executable, "-c", "import sys; f = open(sys.argv[1], 'a'); print('open', flush=True); input()", path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        assert is_open_for_writing(str(path)) is True
    assert is_open_for_writing(str(path)) is False


def test_one_that_is_only_read_is_not_open_for_writing_and_one_mapped_for_writing_is(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("some text")
    with path.open("rb"):
        assert is_open_for_writing(str(path)) is False
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
    assert is_open_for_writing(str(path)) is True
    mapped.close()
    assert is_open_for_writing(str(path)) is False


def test_nothing_is_known_of_what_is_no_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none", "/dev/null"):
        assert is_open_for_writing(str(path)) is None, path


def test_a_writer_that_comes_while_it_is_asked_is_not_harmed_and_nor_are_we(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("")
    code = "import sys\nfor _ in range(20000):\n    with open(sys.argv[1], 'a') as file:\n        file.write('x')\n"
    writer = subprocess.Popen([sys.executable, "-c", code, path])
    answers = set()
    while writer.poll() is None:
        answers.add(is_open_for_writing(str(path)))
    assert writer.returncode == 0
    assert path.stat().st_size == 20_000
    assert answers <= {True, False}
    assert signal.getsignal(signal.SIGURG) == signal.SIG_DFL
