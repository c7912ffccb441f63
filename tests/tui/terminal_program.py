"""The screen on a scripted engine as a program of its own, for tests through a real pseudo-terminal."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from sales_project import busy_engine

from glue_tui.tui.app import run_terminal

if __name__ == "__main__":
    run_terminal(busy_engine().connect, Path("/home/ann/sales-project"))
