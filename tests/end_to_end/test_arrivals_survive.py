"""Files that arrive in every way there is, and an engine that is killed and stopped meanwhile: no batch is wrong."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.end_to_end.arrivals import SHORT, live_through


@pytest.mark.timeout(300)
def test_every_settled_version_of_every_file_is_in_one_batch_of_each_trigger(tmp_path: Path) -> None:
    live_through(tmp_path / "project", seed=random.SystemRandom().randrange(1_000_000), trial=SHORT)
