"""A project whose path is longer than a unix socket's may be: the socket lies in a private temporary folder."""

from __future__ import annotations

import json
import os
import signal
import stat
import tempfile
from pathlib import Path

import pytest

from glue_tui.engine.server import socket_path
from tests.conftest import DEADLINE_S, RunningEngine


def test_killed_engines_share_one_folder_and_the_last_one_removes_it(tmp_path: Path) -> None:
    project = tmp_path / ("deep" * 30)
    (project / "workflows").mkdir(parents=True)
    engine = RunningEngine(project)
    folders = set()
    for _ in range(2):
        engine.start()
        folders.add(Path(json.loads((engine.state_dir / "engine.json").read_text())["socket"]).parent)
        engine.kill()
    engine.start()
    (folder,) = folders
    assert folder.parent == Path(tempfile.gettempdir())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert engine.process is not None
    engine.process.send_signal(signal.SIGTERM)
    engine.process.wait(DEADLINE_S)
    assert not folder.exists()


def test_a_folder_that_others_may_enter_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    state_dir = tmp_path / ("deep" * 30)
    first = socket_path(state_dir).parent
    assert socket_path(state_dir).parent == first
    first.chmod(0o777)
    other = socket_path(state_dir).parent
    assert other != first
    assert stat.S_IMODE(other.stat().st_mode) == 0o700
    assert other.stat().st_uid == os.getuid()
