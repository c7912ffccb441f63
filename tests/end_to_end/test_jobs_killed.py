"""A job that writes to targets of every kind, killed at random moments: whoever looks sees whole batches, each once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.end_to_end.kill_jobs import live_through

KILLS = 3
"""`python -m tests.end_to_end.kill_jobs` has fifty."""


@pytest.mark.timeout(300)
def test_a_killed_job_leaves_no_half_result_in_any_target(tmp_path: Path) -> None:
    _, reader = live_through(tmp_path / "project", seed=random.SystemRandom().randrange(1_000_000), kills=KILLS)
    assert all(reader.looks[name] for name in ("local.latest", "remote.latest", "ware.latest", "shop.latest"))
