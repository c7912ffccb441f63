"""The sample project as a user runs it: on the command line, compared with an independent recomputation."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from tests.conftest import wait_for
from tests.sample.recompute import (
    expected_clean,
    expected_daily_details,
    expected_daily_sales,
    expected_price_list,
    expected_rejects,
)

ROOT = Path(__file__).parents[2]


class Shell:
    """Runs `glue-tui` in a copy of the sample project."""

    def __init__(self, project_dir: Path) -> None:
        self.project_dir = project_dir

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "glue_tui", *words],
            cwd=self.project_dir,
            capture_output=True,
            text=True,
            timeout=90,
            stdin=subprocess.DEVNULL,
        )

    def json(self, *words: str) -> Any:
        done = self(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    project_dir = tmp_path / "sales-project"
    shutil.copytree(ROOT / "workflows", project_dir / "workflows")
    shutil.copytree(ROOT / "sample_data", project_dir / "sample_data")
    shell = Shell(project_dir)
    yield shell
    family: list[psutil.Process] = []
    engine_file = project_dir / ".glue_tui" / "engine.json"
    if engine_file.exists():
        engine = psutil.Process(json.loads(engine_file.read_text())["pid"])
        family = [engine, *engine.children(recursive=True)]
    assert shell("engine", "stop").returncode in (0, 3)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def cents(amount: float) -> Decimal:
    """Databases keep money as floating point with two places."""
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def nodes(run: Any) -> dict[str, Any]:
    return {node["name"]: node for node in run["nodes"]}


def states(run: Any) -> dict[str, str]:
    return {name: node["state"] for name, node in nodes(run).items()}


def test_validate_names_the_line_and_the_nearest_name_of_a_misspelt_job(shell: Shell) -> None:
    good = shell("validate")
    assert good.returncode == 0, good.stdout + good.stderr
    path = shell.project_dir / "workflows" / "daily_sales.toml"
    text = path.read_text()
    bad = text.replace('actions = [{ job = "aggregate_sales" }]', 'actions = [{ job = "agregate_sales" }]')
    assert bad != text
    path.write_text(bad)
    line = next(number for number, one in enumerate(bad.splitlines(), 1) if "agregate_sales" in one)
    done = shell("validate")
    assert done.returncode == 2
    assert f"workflows/daily_sales.toml:{line}: " in done.stdout
    assert 'did you mean "aggregate_sales"?' in done.stdout


def test_daily_sales_makes_tables_files_a_warehouse_and_a_dashboard_that_are_right(shell: Shell) -> None:
    done = shell("run", "daily_sales")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("landing_sales", "shop", "clean_sales", "aggregate_sales", "update_dashboard"):
        assert name in done.stderr + done.stdout

    clean = pl.read_parquet(shell.project_dir / "warehouse" / "clean_sales")
    expected = expected_clean(shell.project_dir)
    assert clean.height == len(expected)
    assert sorted(clean["order_id"].to_list()) == sorted(line.order_id for line in expected)
    rejects = shell.json("sql", "SELECT reason, lines FROM marts.data_quality")
    assert {row["reason"]: row["lines"] for row in rejects} == expected_rejects(shell.project_dir)

    want = expected_daily_sales(shell.project_dir)
    query = "SELECT sale_date, store, category, revenue, lines FROM marts.daily_sales"
    told = [tuple(row.values()) for row in shell.json("sql", query, "--limit", "100000")]
    assert {tuple(key): (cents(revenue), lines) for *key, revenue, lines in told} == want

    with closing(sqlite3.connect(shell.project_dir / "warehouse" / "warehouse.db")) as conn:
        query = "SELECT sale_date, store, category, revenue, lines, units, customers FROM daily_sales"
        rows = conn.execute(query).fetchall()
    assert {
        (day, store, category): (cents(revenue), lines) for day, store, category, revenue, lines, *_ in rows
    } == want
    details = expected_daily_details(shell.project_dir)
    assert {
        (day, store, category): (units, customers) for day, store, category, _, _, units, customers in rows
    } == details

    page = (shell.project_dir / "warehouse" / "daily_sales.html").read_text()
    assert "<svg" in page
    assert "Revenue by day" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page


def test_a_run_as_json_tells_every_node(shell: Shell) -> None:
    run = shell.json("run", "daily_sales")
    assert run["summary"]["outcome"] == "SUCCEEDED"
    assert states(run)["quarantine"] == "SKIPPED"
    clean = nodes(run)["clean_sales"]
    assert clean["attempt"] == 1
    assert clean["started_at"] <= clean["finished_at"]
    assert clean["rows_in"] > clean["rows_out"] > 0
    told = shell.json("status", "daily_sales")
    assert {key: told[key] for key in run} == run
    again = shell.json("run", "daily_sales")
    assert again["summary"]["outcome"] == "SUCCEEDED"
    count = shell.json("sql", "SELECT COUNT(*) AS n FROM clean.sales")
    assert count == [{"n": len(expected_clean(shell.project_dir))}]
    tables = {f"{one['database']}.{one['name']}" for one in shell.json("catalog")}
    assert {"raw.sales", "raw.products", "raw.customers", "clean.sales", "marts.daily_sales"} <= tables


def test_too_much_dirt_takes_the_failure_branch_and_still_updates_the_dashboard(shell: Shell) -> None:
    done = shell("run", "daily_sales", "-p", "max_rejected_percent=0", "--json")
    assert done.returncode == 1
    run = json.loads(done.stdout)
    assert run["summary"]["outcome"] == "RECOVERED"
    assert states(run) == {
        "landing_sales": "SUCCEEDED",
        "shop": "SUCCEEDED",
        "clean_sales": "FAILED",
        "aggregate_sales": "SKIPPED",
        "quarantine": "SUCCEEDED",
        "update_dashboard": "SUCCEEDED",
    }
    assert (shell.project_dir / "warehouse" / "daily_sales.html").exists()


def test_price_repair_fails_first_and_succeeds_by_retry_after_a_one_line_mend(shell: Shell) -> None:
    first = shell("run", "price_repair")
    assert first.returncode == 1
    status = shell.json("status", "price_repair")
    assert states(status) == {
        "price_lists": "SUCCEEDED",
        "collect_prices": "SUCCEEDED",
        "repair_prices": "FAILED",
        "publish_prices": "SKIPPED",
        "report_failure": "SUCCEEDED",
    }
    error = nodes(status)["repair_prices"]["error"]
    script = shell.project_dir / "workflows" / "jobs" / "repair_prices.py"
    lines = script.read_text().splitlines()
    line = next(number for number, one in enumerate(lines, 1) if "unit_pirce" in one)
    assert error["location"] == f"workflows/jobs/repair_prices.py:{line}"
    assert "unit_pirce" in error["message"]
    assert "unit_price" in error["hint"]
    assert (shell.project_dir / "warehouse" / "price_repair_failed.txt").exists()

    script.write_text(script.read_text().replace("unit_pirce", "unit_price"))
    second = shell("retry", "--json")
    assert second.returncode == 0, second.stdout + second.stderr
    run = json.loads(second.stdout)
    assert states(run)["report_failure"] == "SKIPPED"
    assert {name for name, node in nodes(run).items() if node["attempts"]} == {"repair_prices", "publish_prices"}
    with closing(sqlite3.connect(shell.project_dir / "warehouse" / "warehouse.db")) as conn:
        rows = conn.execute("SELECT product_id, supplier, unit_price, repaired FROM price_list").fetchall()
    want = expected_price_list(shell.project_dir)
    assert {
        (product, supplier): (Decimal(str(price)), bool(repaired)) for product, supplier, price, repaired in rows
    } == {key: (price, repaired) for key, (price, repaired) in want.items()}


def test_a_delivery_that_lands_starts_stock_watch_once_and_is_named(shell: Shell) -> None:
    assert shell("engine", "start").returncode == 0
    shutil.copy(
        shell.project_dir / "sample_data" / "spare" / "stock_delivery_0001.csv",
        shell.project_dir / "sample_data" / "incoming" / "stock" / "stock_delivery_0001.csv",
    )

    def finished() -> Any:
        runs = shell.json("runs", "stock_watch")
        return runs if runs and runs[0]["outcome"] else None

    (run,) = wait_for(finished)
    assert run["outcome"] == "SUCCEEDED"
    assert run["event_files"] == ["sample_data/incoming/stock/stock_delivery_0001.csv"]
    assert "stock_delivery_0001.csv" in shell("status", "stock_watch").stdout
    files = shell.json("sql", "SELECT DISTINCT files FROM marts.stock_alerts")
    assert files == [{"files": "sample_data/incoming/stock/stock_delivery_0001.csv"}]
