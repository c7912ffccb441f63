"""`glue-tui catalog lock`, `comment`, `retype`, `restore` and `diff`, with an engine and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    project_dir: Path = tmp_path_factory.mktemp("edited")
    shell = Shell(project_dir)
    assert shell("init", str(project_dir)).returncode == 0
    done = shell.process("run", "hello", "--local")
    assert done.returncode == 0, done.stdout + done.stderr
    yield shell
    shell("engine", "stop")


def columns(shell: Shell) -> dict[str, dict[str, object]]:
    return {column["name"]: column for column in shell.json("catalog", "raw.orders")["table"]["columns"]}


def test_a_table_is_changed_by_hand_without_an_engine(shell: Shell) -> None:
    assert "one version" in shell("catalog", "diff", "raw.orders").stderr
    done = shell("catalog", "retype", "raw.orders", "quantity", "Double")
    assert (done.returncode, done.stderr) == (0, "raw.orders: column quantity: bigint → double, and locked\n")
    assert columns(shell)["quantity"]["type"] == "double"
    assert "double locked" in shell("catalog", "raw.orders").stdout
    (found,) = shell.json("catalog", "diff", "raw.orders")["differences"]
    assert [found[key] for key in ("kind", "name", "before", "after")] == ["retyped", "quantity", "bigint", "double"]
    assert "said by" in shell("catalog", "diff", "raw.orders", "1", "2").stdout
    assert "it is so already" in shell("catalog", "lock", "raw.orders", "quantity").stderr
    wrong = shell("catalog", "retype", "raw.orders", "quantity", "dubble")
    assert (wrong.returncode, 'did you mean "double"?' in wrong.stderr) == (2, True)
    assert shell("catalog", "diff", "raw.orders", "7").returncode == 2


def test_a_table_is_changed_by_hand_through_the_engine_that_runs(shell: Shell) -> None:
    assert shell.process("engine", "start").returncode == 0
    assert shell("catalog", "comment", "RAW.orders", "product", "as on the label").returncode == 0
    assert columns(shell)["product"]["comment"] == "as on the label"
    told = "raw.orders: restored from version 1\nraw.orders: locked: crawls leave its columns alone\n"
    assert shell("catalog", "restore", "raw.orders", "1").stderr == told
    assert columns(shell)["quantity"]["type"] == "bigint"
    unknown = shell("catalog", "unlock", "raw.ordres")
    assert (unknown.returncode, 'did you mean "raw.orders"?' in unknown.stderr) == (2, True)


def test_what_is_locked_outlives_a_run(shell: Shell) -> None:
    shell("catalog", "retype", "raw.orders", "quantity", "string")
    (shell.project_dir / "data" / "orders" / "late.csv").write_text(
        (next((shell.project_dir / "data" / "orders").glob("*.csv"))).read_text()
    )
    assert shell.process("run", "hello").returncode in (0, 1), "the job may not like the type"
    assert columns(shell)["quantity"]["type"] == "string"
    assert columns(shell)["product"]["comment"] == "as on the label"
    assert shell.json("catalog", "raw.orders")["table"]["files"] == 4
    assert "the data has it otherwise: quantity bigint" in shell("catalog", "raw.orders").stdout
    assert shell("catalog", "lock", "raw.orders").returncode == 0
    assert "locked: crawls leave its columns alone" in shell("catalog", "raw.orders").stdout
