"""Saving a log as it is shown to a file of the person's choice. No widget."""

from __future__ import annotations

import asyncio
from pathlib import Path

from glue_tui.logs.read import LogSource

LINES_PER_STEP = 5_000


async def save_lines(source: LogSource, path: Path) -> int:
    """Write the lines to a new file and return how many; OSError where it exists or can't be written."""
    total = source.line_count
    with path.open("x", encoding="utf-8", errors="replace") as file:
        for start in range(0, total, LINES_PER_STEP):
            for line in source.lines(start, min(LINES_PER_STEP, total - start)):
                file.write(line + "\n")
            await asyncio.sleep(0)  # the screen goes on meanwhile
    return total
