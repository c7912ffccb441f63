"""The screen on a scripted engine whose clock stands, as a program of its own: two of them show the same."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

from sales_project import busy_engine

from glue_tui.tui.app import GlueTuiApp

if __name__ == "__main__":
    engine = busy_engine()
    app = GlueTuiApp(engine.connect, Path("/home/ann/sales-project"), now=lambda: engine.now, time_zone=ZoneInfo("UTC"))
    asyncio.run(app.run_async())
