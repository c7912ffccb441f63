"""Checks of a target as a definition writes them, through the real program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import Shell

WORKFLOW = """\
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ crawler = "land" }]
[triggers.landed]
type = "CONDITIONAL"
conditions = [{ crawler = "land", state = "SUCCEEDED" }]
actions = [{ job = "clean" }]

[crawlers.land]
database = "raw"
targets = [{ path = "in" }]

[jobs.clean]
type = "sql"
query = "SELECT * FROM raw.orders"

[[jobs.clean.targets]]
table = "clean.orders"
path = "lake/orders"
checks = [
  "rows >= 1",
  { check = "unique id", on_failure = "divert" },
  { check = "amount >= 0", on_failure = "ACTION" },
]
rejects = { table = "rejects.orders", path = "lake/rejects" }
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "in" / "orders").mkdir(parents=True)
    (tmp_path / "in" / "orders" / "a.csv").write_text("id,amount\n1,5\n2,-1\n2,3\n3,4\n")
    return Shell(tmp_path)


def test_rows_that_warn_or_are_diverted_are_told_beside_the_node(shell: Shell) -> None:
    (shell.project_dir / "workflows").mkdir()
    (shell.project_dir / "workflows" / "night.toml").write_text(WORKFLOW.replace("ACTION", "warn"))
    done = shell("run", "night", "--local")
    assert done.returncode == 0, done.stderr
    for told in (
        "clean.orders: 1 of 4 rows fails `unique id`: gone to the side table",
        "clean.orders: 1 of 3 rows fails `amount >= 0`: published all the same",
    ):
        assert told in done.stdout
    assert json.loads(shell("sql", "SELECT id FROM clean.orders ORDER BY id", "--json").stdout) == [
        {"id": 1},
        {"id": 2},
        {"id": 3},
    ]
    (rejected,) = json.loads(shell("sql", "SELECT * FROM rejects.orders", "--json").stdout)
    assert (rejected["id"], rejected["amount"], rejected["reject_reason"]) == (2, 3, "unique id")
    assert rejected["rejected_by"] == "night/clean"


def test_rows_that_fail_a_check_fail_the_job_with_its_first_rows(shell: Shell) -> None:
    (shell.project_dir / "workflows").mkdir()
    (shell.project_dir / "workflows" / "night.toml").write_text(WORKFLOW.replace("ACTION", "fail"))
    done = shell("run", "night", "--local")
    assert done.returncode == 1
    told = "clean.orders: 1 of 3 rows fails the check `amount >= 0`, nothing is published"
    assert told in done.stdout
    assert "such as id = 2, amount = -1" in done.stdout
    assert not (shell.project_dir / "lake" / "orders").exists()
    assert not (shell.project_dir / "lake" / "rejects").exists()
