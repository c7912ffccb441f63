"""Whole worlds around the real kernel, each from one seed. A failure prints the command that replays it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from seeds import Tally, live_through

SEEDS_PER_TEST = 250


def _live_through_many(seeds: range) -> list[Tally]:
    return [live_through(seed) for seed in seeds]


@pytest.mark.parametrize("part", range(8))
def test_every_world_keeps_the_rules_and_comes_to_rest(part: int) -> None:
    """RS-1, WF-12, WF-14, TR-9, TR-16, EV-2, under crashes, failing commits and disobedient workers."""
    tallies = _live_through_many(range(part * SEEDS_PER_TEST, (part + 1) * SEEDS_PER_TEST))
    # The worlds are not idle: otherwise nothing was shown.
    assert sum(one.runs for one in tallies) > SEEDS_PER_TEST
    assert sum(one.crashes for one in tallies) > SEEDS_PER_TEST / 4
    assert sum(one.files_taken for one in tallies) > SEEDS_PER_TEST / 10
    assert sum(one.resumed for one in tallies) > SEEDS_PER_TEST / 50
    assert sum(one.missed for one in tallies) > SEEDS_PER_TEST / 5


def test_a_world_whose_engine_dies_finds_its_state_in_the_file_again(tmp_path: Path) -> None:
    crashes = 0
    for seed in range(5000, 5025):
        crashes += live_through(seed, database=tmp_path / f"{seed}.db").crashes
    assert crashes > 10


def test_a_seed_tells_the_same_story_whatever_the_hash_seed() -> None:
    root = Path(__file__).parents[2]
    seed = next(seed for seed in range(100) if live_through(seed).resumed)
    stories = [
        subprocess.run(
            [sys.executable, "-m", "tests.sim", "--seed", str(seed), "-v"],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert stories[0] == stories[1]
    assert "run started" in stories[0]
