"""The engine's own log does not grow for ever."""

from __future__ import annotations

import os
from pathlib import Path

from glue_tui.logs.engine_log import keep_short


def test_a_log_that_grew_too_long_is_moved_aside_and_written_on(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    with path.open("ab", buffering=0) as log:
        log.write(b"old\n" * 30)
        assert not keep_short(log.fileno(), path, bytes_max=120)
        log.write(b"more\n")
        assert keep_short(log.fileno(), path, bytes_max=120)
        log.write(b"new\n")
    assert path.read_bytes() == b"new\n"
    assert (tmp_path / "engine.log.1").read_bytes() == b"old\n" * 30 + b"more\n"


def test_a_log_that_goes_elsewhere_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_bytes(b"old\n" * 30)
    reader, writer = os.pipe()
    try:
        assert not keep_short(writer, path, bytes_max=1)
    finally:
        os.close(reader)
        os.close(writer)
    assert not keep_short(99_999, path, bytes_max=1)
    assert path.read_bytes() == b"old\n" * 30
