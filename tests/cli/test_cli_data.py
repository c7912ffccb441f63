"""The starter project as `init` makes it, run without an engine, and what its tables look like on the command line."""

from __future__ import annotations

import csv
import io

import pytest

from glue_tui.cli.init import starter_files
from tests.cli.shell import Shell


def expected_orders() -> list[dict[str, str]]:
    texts = [text for path, text in starter_files().items() if path.endswith(".csv")]
    return [row for text in texts for row in csv.DictReader(io.StringIO(text))]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    project_dir = tmp_path_factory.mktemp("starter")
    shell = Shell(project_dir)
    assert shell("init", str(project_dir)).returncode == 0
    done = shell.process("run", "hello", "--local")
    assert done.returncode == 0, done.stdout + done.stderr
    return shell


def test_the_catalog_lists_what_the_starter_made(shell: Shell) -> None:
    tables = {f"{table['database']}.{table['name']}": table for table in shell.json("catalog")}
    assert set(tables) == {"raw.orders", "clean.orders", "marts.revenue_by_day"}
    assert tables["raw.orders"]["rows"] == len(expected_orders())
    assert tables["raw.orders"]["files"] == 3
    text = shell("catalog").stdout
    assert "raw.orders" in text
    assert "by" in text.splitlines()[0]
    only = shell.json("catalog", "marts")
    assert [table["name"] for table in only] == ["revenue_by_day"]


def test_one_table_shows_its_columns_and_where_it_lies(shell: Shell) -> None:
    text = shell("catalog", "raw.orders").stdout
    assert "data/orders" in text
    columns = {line.split()[0]: line.split()[1] for line in text.splitlines() if len(line.split()) >= 2}
    assert columns["quantity"] == "bigint"
    assert columns["product"] == "string"
    details = shell.json("catalog", "raw.orders")
    assert details["table"]["columns"][0]["name"] == "order_id"
    unknown = shell("catalog", "raw.ordres")
    assert unknown.returncode == 2
    assert 'did you mean "raw.orders"?' in unknown.stderr
    assert 'did you mean "clean.orders"?' in shell("catalog", "orders").stderr
    assert shell("catalog", "mars").returncode == 2


def test_sql_agrees_with_a_recomputation_and_keeps_types(shell: Shell) -> None:
    kept = [row for row in expected_orders() if int(row["quantity"]) > 0]
    want = {
        day: (sum(int(r["quantity"]) * float(r["unit_price"]) for r in rows), len(rows))
        for day in sorted({row["ordered_at"][:10] for row in kept})
        for rows in [[row for row in kept if row["ordered_at"].startswith(day)]]
    }
    got = shell.json("sql", "SELECT * FROM marts.revenue_by_day ORDER BY day")
    assert [row["day"] for row in got] == list(want)
    assert {row["day"]: (row["revenue"], row["orders"]) for row in got} == {
        day: (pytest.approx(revenue), orders) for day, (revenue, orders) in want.items()
    }
    as_csv = list(csv.DictReader(io.StringIO(shell("sql", "SELECT * FROM clean.orders", "--csv").stdout)))
    assert len(as_csv) == len(kept)
    table = shell("sql", "SELECT day, orders FROM marts.revenue_by_day ORDER BY day")
    assert table.stdout.splitlines()[0].split() == ["day", "orders"]
    assert "3 rows" in table.stderr


def test_rows_are_never_cut_silently(shell: Shell) -> None:
    query = "SELECT order_id FROM raw.orders"
    cut = shell("sql", query, "--limit", "5")
    assert len(cut.stdout.splitlines()) == 6
    assert "cut after 5 rows" in cut.stderr
    assert "cut" not in shell("sql", query, "--limit", "36").stderr
    assert len(shell("sql", query, "--limit", "0").stdout.splitlines()) == 37
    assert len(shell.json("sql", query)) == 36


def test_values_that_look_alike_are_told_apart(shell: Shell) -> None:
    query = "SELECT NULL AS missing, '' AS empty, 'a\x1b[31mb' AS hostile FROM raw.orders LIMIT 1"
    table = shell("sql", query).stdout
    assert "null" in table
    assert "\x1b[31mb" not in table
    assert shell.json("sql", query) == [{"missing": None, "empty": "", "hostile": "a\x1b[31mb"}]


@pytest.mark.parametrize("query", ["SELECT nothing FROM raw.orders", "SELEC 1", "SELECT * FROM raw.ordres", ""])
def test_a_wrong_query_is_wrong_use_without_a_traceback(shell: Shell, query: str) -> None:
    done = shell("sql", query)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert "glue-tui itself" not in done.stderr
