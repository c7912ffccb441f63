"""A project whose jobs are small programs, and the certainty that no engine of it outlives its test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.client.engines import engine_pids

WORKFLOW = """\
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "first" }]

[triggers.first_done]
type = "CONDITIONAL"
conditions = [{ job = "first", state = "SUCCEEDED" }]
actions = [{ job = "second" }]

[jobs.first]
type = "command"
command = ["echo", "one"]

[jobs.second]
type = "command"
command = ["echo", "two"]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project folder; its engine, if a test leaves one, is ended and waited for."""
    monkeypatch.setenv("GLUE_TUI_SLOTS", "2")
    workflows = tmp_path / "workflows"
    workflows.mkdir()
    (workflows / "small.toml").write_text(WORKFLOW)
    yield tmp_path
    for pid in engine_pids(tmp_path):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            process.terminate()
            process.wait(20)
