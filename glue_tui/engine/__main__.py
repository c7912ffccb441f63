"""`python -m glue_tui.engine --project DIR`: the engine as a process, until it is told to stop or has nothing to do.

Exit codes: 0 stopped as asked, 3 another engine holds the lock or the state can't be opened.
"""

from __future__ import annotations

import argparse
import gc
import os
from pathlib import Path

from glue_tui.engine.fork_servers import ForkServers


def main() -> int:
    parser = argparse.ArgumentParser(prog="glue-tui engine run")
    parser.add_argument("--project", type=Path, required=True)
    project_dir: Path = parser.parse_args().project.resolve()
    fork_servers = ForkServers(project_dir)
    fork_servers.start_early()
    gc.disable()  # All that is imported now stays: looking for garbage among it costs a seventh of the start.
    # Only now: it takes about as long as the fork server takes to import polars.
    from glue_tui.engine.process import serve

    gc.freeze()
    gc.enable()
    return serve(project_dir, fork_servers)


if __name__ == "__main__":
    code = main()
    # Everything is closed by now. A thread whose look hangs in a network's folder would keep the process from ending.
    os._exit(code)
