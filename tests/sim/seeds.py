"""One seed, one world, one verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from unittest.mock import patch

from faults import plan_faults
from people import People
from random_workflows import random_workflow
from violation import require
from world import LIVENESS_S, LOOP_LIVENESS_S, World

from glue_tui.core import loops, missed_runs

MADE_UP_MAX = 4
GENERATIONS_MAX = 6
RUNS_MAX = 30


class SeedFailed(AssertionError):
    """A seed broke a rule; the message holds the command that replays it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What happened in a world, to see that the worlds are not idle."""

    runs: int
    steps: int
    crashes: int
    attempts: int
    files_taken: int
    resumed: int
    missed: int
    """Moments of schedules that runs made up for."""


def live_through(seed: int, say: Callable[[str], None] | None = None, database: Path | None = None) -> Tally:
    """Let the world of this seed live to its end. Raises SeedFailed."""
    random = Random(seed)
    plan = plan_faults(random)
    definitions = [random_workflow(random, f"w{number}") for number in range(random.choice((1, 1, 2)))]
    world = World(random, plan, definitions, slots=random.choice((1, 2, 3)), say=say, database=database)
    if say is not None:
        say(f"{plan}")
        for workflow in definitions:
            say(f"{workflow}")
    people = People(world)
    people.begin()
    if random.random() < 0.1:
        people.make_loops()

    def is_done() -> bool:
        late_s = world.true_s - plan.until_s - (LOOP_LIVENESS_S if world.has_loops else LIVENESS_S)
        if late_s > 0:
            going = [run.number for run in world.engine.kernel.runs.values()] if world.engine else []
            require(False, f"no end in sight: runs {going} go on, or files wait")
        return people.is_at_rest()

    try:
        # Worlds last minutes: what is a bound for months must be one for them.
        with (
            patch.object(missed_runs, "MADE_UP_MAX", MADE_UP_MAX),
            patch.object(loops, "GENERATIONS_MAX", GENERATIONS_MAX),
            patch.object(loops, "RUNS_MAX", RUNS_MAX),
        ):
            world.run(is_done)
        assert world.engine is not None
        world.checkers.at_end(world.engine.kernel)
    except Exception as error:
        where = f"python -m tests.sim --seed {seed} -v"
        raise SeedFailed(f"seed {seed} at {world.true_s:.2f} s: {type(error).__name__}: {error}\n{where}") from error
    finally:
        world.conn.close()
    runs = world.checkers.runs.values()
    return Tally(
        runs=len(runs),
        steps=world.steps,
        crashes=world.crashes,
        attempts=sum(len(node.attempts) for run in runs for node in run.nodes.values()),
        files_taken=sum(len(run.cause.files) for run in runs),
        resumed=sum(1 for run in runs if run.previous_run_id),
        missed=sum(run.cause.missed for run in runs if not run.previous_run_id),
    )
