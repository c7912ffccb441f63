"""`python -m tests.benchmarks [NAME …]`: measure against the goals, side by side with what the machine can do.

Without names all of them, `peers` only with `--python`. One table at the end; nothing is part of the test suite.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import glue_tui
from tests.benchmarks.figures import Row, Setting
from tests.benchmarks.table import text_table, write_json, write_readme

BENCHMARKS = (
    "chain",
    "parts",
    "fan",
    "layers",
    "diamond",
    "history",
    "screen",
    "arrival",
    "burst",
    "inbox",
    "idle",
    "reload",
    "crawl_csv",
    "crawl_parquet",
    "crawl_json",
    "crawl_big",
    "crawl_again",
    "crawl_database",
    "pipeline",
)
PEERS = "peers"
ROUNDS = 5
SLOTS = "2"
"""Workers at a time, as many as the limits and the peers have."""
PRIORITY = 10


def main() -> int:
    """Return 0 if all could be run and every goal was met, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[*BENCHMARKS, PEERS, []], metavar="NAME", help=", ".join(BENCHMARKS)
    )
    parser.add_argument("--runs", type=int, default=ROUNDS, help=f"rounds of each; default {ROUNDS}")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    parser.add_argument("--readme", action="store_true", help="write the rows into the table of README.md, too")
    parser.add_argument(
        "--python", action="append", default=[], help="an interpreter that has luigi, doit, duckdb … installed"
    )
    parser.add_argument("--rows", type=int, help="of the pipeline, in place of its two sizes")
    parser.add_argument("--first", action="store_true", help="go before all other work of the machine (needs root)")
    options = parser.parse_args()
    os.environ["GLUE_TUI_SLOTS"] = SLOTS
    # As pip does: where Python writes no bytecode by itself, every process would compile each changed module anew.
    compileall.compile_dir(Path(glue_tui.__file__).parent, quiet=1)
    if options.first:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    rows: list[Row] = []
    failed: list[str] = []
    for name in options.names or (*BENCHMARKS, *([PEERS] if options.python else [])):
        began = time.perf_counter()
        try:
            rows += measured(name, rounds=options.runs, peer_pythons=tuple(options.python), pipeline_rows=options.rows)
        except Exception:
            # One that can't be run must not cost the figures of the others.
            traceback.print_exc()
            failed.append(name)
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    load = os.getloadavg()[0]
    print(f"{machine()}; load average {load:.1f}; {options.runs} rounds, medians\n")
    print(text_table(rows))
    if options.json:
        write_json(options.json, rows, machine(), load)
    if options.readme:
        write_readme(rows, machine())
    if failed:
        print(f"could not be run: {', '.join(failed)}")
    return int(bool(failed) or any(row.is_met is False for row in rows))


def measured(
    name: str,
    *,
    rounds: int,
    is_smallest: bool = False,
    peer_pythons: tuple[str, ...] = (),
    pipeline_rows: int | None = None,
) -> Iterator[Row]:
    """Yield the rows of one benchmark; its files are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"glue-tui-{name}-") as scratch:
        setting = Setting(
            rounds=rounds,
            scratch=Path(scratch),
            is_smallest=is_smallest,
            peer_pythons=peer_pythons,
            pipeline_rows=pipeline_rows,
        )
        yield from import_module(f"tests.benchmarks.{name}").measure(setting)


def machine() -> str:
    """Return in general words what was measured on."""
    return f"{platform.system()}, {os.cpu_count()} processors, CPython {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
