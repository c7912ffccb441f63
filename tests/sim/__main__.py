"""Runs many seeds (`python -m tests.sim --seeds 200000 [--from N]`), or replays one (`--seed N -v`)."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from seeds import SeedFailed, live_through


def main() -> int:
    """Return 0 if every seed held."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many worlds")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
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
    for seed in range(options.first, options.first + options.seeds):
        try:
            tally = live_through(seed)
        except SeedFailed as error:
            kinds[" ".join(word for word in str(error).split("\n")[0].split(": ", 1)[1].split() if word.isalpha())] += 1
            print(error, flush=True)
            if not options.keep_going:
                return 1
            continue
        for name in ("runs", "steps", "crashes", "attempts", "files_taken", "resumed"):
            totals[name] += getattr(tally, name)
    took_s = time.perf_counter() - begun
    print(f"{options.seeds} seeds in {took_s:.1f} s: {', '.join(f'{n} {name}' for name, n in totals.items())}")
    for kind, count in kinds.most_common():
        print(f"{count:6} {kind}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
