"""A project of glue-tui that makes of a chain's sales what `retail.py` knows the truth of."""

from __future__ import annotations

import shutil
from pathlib import Path

PIPELINES = Path(__file__).parent / "pipelines"
SCRIPTS = ("clean_retail.py", "total_retail.py", "retail_steps.py")

CRAWL = """
[connections.shop]
url = "sqlite:///data/shop.db"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ crawler = "files" }, { crawler = "shop" }]

[crawlers.files]
database = "raw"
targets = [{ path = "data/sales" }, { path = "data/products.jsonl" }]

[crawlers.shop]
database = "raw"
targets = [{ connection = "shop" }]
"""

SALES = """
[connections.ware]
url = "sqlite:///out/ware.db"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "clean" }]

[triggers.cleaned]
type = "CONDITIONAL"
conditions = [{ job = "clean", state = "SUCCEEDED" }]
actions = [{ job = "totals" }]

[jobs.clean]
type = "python"
script = "jobs/clean_retail.py"

[jobs.totals]
type = "python"
script = "jobs/total_retail.py"
"""


def write_retail_project(project_dir: Path) -> None:
    """Write workflows `crawl` and `sales` into a project whose data lie in `data`; it writes into `out`."""
    jobs_dir = project_dir / "workflows" / "jobs"
    jobs_dir.mkdir(parents=True)
    (project_dir / "workflows" / "crawl.toml").write_text(CRAWL)
    (project_dir / "workflows" / "sales.toml").write_text(SALES)
    for name in SCRIPTS:
        shutil.copy(PIPELINES / name, jobs_dir)
