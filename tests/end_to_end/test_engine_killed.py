"""The engine of a working project, killed fifty times at random moments: its tables are as if nothing had happened."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.end_to_end.kill import live_through

KILLS = 50


@pytest.mark.timeout(600)
def test_fifty_kills_lose_no_row_and_double_none(tmp_path: Path) -> None:
    live_through(tmp_path, seed=random.SystemRandom().randrange(1_000_000), kills=KILLS)
