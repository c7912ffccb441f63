"""What the machine can do with nothing of glue-tui in between: small programs that print the seconds they took."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROGRAMS = Path(__file__).parent
FORKS = str(_PROGRAMS / "forks.py")


def limit_s(program: str, *words: object) -> float:
    """Run one of the programs beside this file in an interpreter of its own and return what it measured, in seconds."""
    command = [sys.executable, "-P", str(_PROGRAMS / f"{program}.py"), *map(str, words)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
