"""Runs many seeds (`python -m tests.sim --seeds 200000 [--from N]`), or replays one (`--seed N -v`)."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from seeds import SeedFailed, Tally, live_through

TOLD = ("runs", "steps", "crashes", "attempts", "files_taken", "resumed", "missed")
PROGRESS_SEEDS = 10_000


def main() -> int:
    """Return 0 if every seed held."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many worlds")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--processes", type=int, help="how many at a time; one a processor where not said")
    parser.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("-v", action="store_true", dest="is_verbose", help="tell the story")
    parser.add_argument("--keep-going", action="store_true", help="do not end at the first failure")
    options = parser.parse_args()
    if options.seed is not None:
        live_through(options.seed, print if options.is_verbose else None)
        return 0
    begun = time.perf_counter()
    kinds: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    seeds = range(options.first, options.first + options.seeds)
    with multiprocessing.Pool(options.processes) as pool:
        for number, result in enumerate(pool.imap(_verdict, seeds, chunksize=20), start=1):
            if isinstance(result, str):
                kinds[_kind(result)] += 1
                print(result, flush=True)
                if not options.keep_going:
                    return 1
            else:
                totals.update({name: getattr(result, name) for name in TOLD})
            if number % PROGRESS_SEEDS == 0:
                print(f"{number} of {options.seeds}, {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    took_s = time.perf_counter() - begun
    print(f"{options.seeds} seeds in {took_s:.1f} s: {', '.join(f'{n} {name}' for name, n in totals.items())}")
    for kind, count in kinds.most_common():
        print(f"{count:6} {kind}")
    return 1 if kinds else 0


def _verdict(seed: int) -> Tally | str:
    """Return what happened in the world of a seed, or what went wrong and how to replay it."""
    try:
        return live_through(seed)
    except SeedFailed as error:
        return str(error)


def _kind(failure: str) -> str:
    return " ".join(word for word in failure.split("\n")[0].split(": ", 1)[1].split() if word.isalpha())


if __name__ == "__main__":
    sys.exit(main())
