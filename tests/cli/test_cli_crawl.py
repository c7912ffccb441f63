"""`glue-tui crawl NAME`: a run of one crawler; with --dry-run what would change and why, with nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from glue_tui.store.database import open_database
from tests.cli.shell import Shell

WORKFLOW = """\
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ crawler = "land" }]

[crawlers.land]
database = "raw"
targets = [{ path = "in" }]
"""
SHOP = """\
[connections.shop]
url = "postgresql://ann:{{ env.SHOP_PASSWORD }}@127.0.0.1:1/shop"
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ crawler = "shop" }]
[crawlers.shop]
database = "raw"
targets = [{ connection = "shop" }]
"""


def write(folder: Path, path: str, text: str) -> None:
    """Write a file that is old enough for a crawl to trust its time of modification."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)
    os.utime(folder / path, (time.time() - 60,) * 2)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    write(tmp_path, "workflows/daily.toml", WORKFLOW)
    write(tmp_path, "in/sales/day=1/a.csv", "id,price\n1,2.5\n2,n/a\n3,1\n4,1\n5,1\n")
    write(tmp_path, "in/sales/day=1/broken.csv", "\x00\x01\x02")
    write(tmp_path, "in/stock.json", '{"sku": "a", "left": 3}\n')
    return Shell(tmp_path)


def test_a_preview_tells_all_that_a_crawl_would_do_and_leaves_no_trace(shell: Shell) -> None:
    done = shell("crawl", "land", "--dry-run", "--exit-code")
    assert done.returncode == 1, "something would change"
    for told in (
        "+ raw.sales CREATED: csv, 5 rows, 2 columns, 1 file, 1 partition by day",
        "a table because: folders day=… are its partitions",
        "column price is string: 'n/a' in in/sales/day=1/a.csv:3 is no double",
        "+ raw.stock CREATED: json",
    ):
        assert told in done.stdout
    assert "left out in/sales/day=1/broken.csv" in done.stderr
    assert "2 tables CREATED; 2 files read, 0 unchanged, 1 refused; nothing was written" in done.stderr
    assert sorted(path.name for path in shell.project_dir.iterdir()) == ["in", "workflows"]


def test_what_is_in_doubt_of_a_column_is_said_once(shell: Shell) -> None:
    write(shell.project_dir, "in/sales/day=1/a.csv", "id,at\n1,01/02/2025\n2,03/04/2025\n")
    told = shell("crawl", "land", "--dry-run").stdout
    assert (told.count("say day_first"), "column at is text: '01/02/2025'" in told) == (1, True)


@pytest.mark.parametrize("words", [("catalog",), ("crawl", "land", "--dry-run"), ("runs",)])
def test_on_a_full_disk_what_reads_the_state_says_what_to_do(shell: Shell, words: tuple[str, ...]) -> None:
    state = shell.project_dir / ".glue_tui/state.db"
    state.parent.mkdir()
    open_database(state).close()  # Readers must make the file anew that they share with writers.
    full = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *shell.command(*words))
    done = subprocess.run(full, cwd=shell.project_dir, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert "state.db: disk I/O error" in done.stderr
    assert "Hint: free disk space" in done.stderr


def test_a_preview_of_a_crawl_that_was_compares_with_it_in_the_words_of_its_log(shell: Shell) -> None:
    ran = shell.process("run", "daily", "--local")
    assert ran.returncode == 0, ran.stderr
    assert "1 left out, as its log says" in ran.stdout
    same = shell("crawl", "land", "--dry-run", "--exit-code")
    assert (same.returncode, "= raw.sales UNCHANGED" in same.stdout) == (0, True)
    write(shell.project_dir, "in/sales/day=2/a.csv", "id,price,till\n3,1.5,T1\n")
    (shell.project_dir / "in/stock.json").unlink()
    preview = shell.json("crawl", "land", "--dry-run")
    tables = {table["table"]: table for table in preview["tables"]}
    sales = tables["raw.sales"]
    assert (preview["would_change"], preview["files_read"]) == (True, 1)
    assert (sales["kind"], sales["partitions_added"], sales["files_added"]) == ("UPDATED", ["2"], 1)
    assert [one["name"] for one in sales["differences"]] == ["till"]
    assert tables["raw.stock"]["kind"] == "DEPRECATED"
    text = shell("crawl", "land", "--dry-run").stdout
    assert shell.process("run", "daily", "--local").returncode == 0
    log = shell("logs", "daily", "land").stdout
    for line in ("raw.sales UPDATED: csv, 6 rows, 3 columns, 2 files (1 new), 2 partitions by day", "new column till"):
        assert line in text
        assert line in log


def test_a_crawl_for_good_is_a_run_of_the_crawler_alone_whose_log_is_told(shell: Shell) -> None:
    after = '[triggers.after]\ntype = "CONDITIONAL"\nconditions = [{ crawler = "land", state = "SUCCEEDED" }]\n'
    job = 'actions = [{ job = "never" }]\n[jobs.never]\ntype = "command"\ncommand = ["false"]\n'
    write(shell.project_dir, "workflows/daily.toml", WORKFLOW + after + job)
    done = shell("crawl", "land", "--local")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("daily run 1 by crawl land\n")
    assert " INFO  raw.sales CREATED: csv, 5 rows" in done.stderr
    assert " WARN  left out in/sales/day=1/broken.csv" in done.stderr
    assert " INFO  SUCCEEDED, 6 rows in" in done.stderr
    assert "land  ✓ SUCCEEDED" in done.stdout
    assert "1 left out, as its log says" in done.stdout
    assert "never" not in done.stdout
    assert [table["name"] for table in shell.json("catalog", "raw")] == ["sales", "stock"]
    (told,) = shell.json("runs")
    assert (told["crawler"], told["trigger"], told["outcome"]) == ("land", "crawl land", "SUCCEEDED")
    assert "it is the crawler land by itself" in shell("why", "1", "after").stdout
    (shell.project_dir / "in").rename(shell.project_dir / "elsewhere")
    failed = shell.process("crawl", "land", "--local", "--json")
    assert failed.stdout, failed.stderr
    assert (failed.returncode, json.loads(failed.stdout)["nodes"][0]["state"]) == (1, "FAILED")


def test_names_of_crawlers_are_looked_up(shell: Shell) -> None:
    write(shell.project_dir, "workflows/daily.toml", WORKFLOW.replace("actions", "action"))
    done = shell("crawl", "land", "--local")
    assert (done.returncode, "no crawler named land" in done.stderr) == (2, True)
    write(shell.project_dir, "workflows/daily.toml", WORKFLOW)
    for words in (("--detach", "--local"), ("--dry-run", "--local"), ("--exit-code",)):
        assert shell("crawl", "land", *words).returncode == 2
    assert 'did you mean "land"?' in shell("crawl", "lnad", "--dry-run").stderr
    assert "no workflow named dayly" in shell("crawl", "land", "--workflow", "dayly", "--dry-run").stderr
    write(shell.project_dir, "workflows/other.toml", WORKFLOW)
    assert "several workflows have a crawler land: daily, other" in shell("crawl", "land", "--dry-run").stderr
    assert shell("crawl", "land", "--workflow", "other", "--dry-run").returncode == 0
    write(shell.project_dir, "workflows/other.toml", "[")
    assert "other.toml can't be read" in shell("crawl", "nothing", "--dry-run").stderr


def test_a_preview_takes_secrets_from_the_environment_and_never_shows_them(shell: Shell) -> None:
    write(shell.project_dir, "workflows/shop.toml", SHOP)
    shell.environment["SHOP_PASSWORD"] = "hunter2secret"
    done = shell("crawl", "shop", "--dry-run")
    assert done.returncode != 0
    assert "hunter2secret" not in done.stdout + done.stderr
