"""The starter project as `init` makes it, run without an engine, and what its tables look like on the command line."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path

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


def uses(shell: Shell, table: str) -> list[tuple[str, str, str, str, int]]:
    return [
        (one["access"], one["workflow"], one["type"], one["node"], one["run_number"])
        for one in shell.json("catalog", table)["uses"]
    ]


def test_a_table_names_who_writes_and_who_reads_it(shell: Shell) -> None:
    assert uses(shell, "raw.orders") == [
        ("writes", "hello", "crawler", "orders", 1),
        ("reads", "hello", "job", "clean_orders", 1),
    ]
    assert uses(shell, "clean.orders") == [
        ("writes", "hello", "job", "clean_orders", 1),
        ("reads", "hello", "job", "revenue_by_day", 1),
    ]
    text = shell("catalog", "raw.orders").stdout
    assert "written by crawler orders of hello, run 1," in text
    assert "read by job clean_orders of hello, run 1," in text
    assert "read by nothing so far" in shell("catalog", "marts.revenue_by_day").stdout


def test_who_will_read_a_table_is_known_before_it_has_run_and_who_no_longer_does_is_marked(shell: Shell) -> None:
    later = shell.project_dir / "workflows" / "later.toml"
    later.write_text(
        '[jobs.board]\ntype = "dashboard"\noutput = "board.html"\n'
        'charts = [{ title = "a", kind = "table", query = "SELECT * FROM marts.revenue_by_day" }]\n'
        '[jobs.copy]\ntype = "sql"\nquery = "SELECT \'marts.revenue_by_day\' AS a"\n'
        'targets = [{ table = "marts.revenue_by_day", path = "x" }]\n'
        '[triggers.go]\ntype = "ON_DEMAND"\nactions = [{ job = "board" }, { job = "copy" }]\n'
    )
    hello = shell.project_dir / "workflows" / "hello.toml"
    before = hello.read_text()
    try:
        assert uses(shell, "marts.revenue_by_day") == [
            ("writes", "hello", "job", "revenue_by_day", 1),
            ("writes", "later", "job", "copy", 0),
            ("reads", "later", "job", "board", 0),
        ]
        assert "read by job board of later, not yet" in shell("catalog", "marts.revenue_by_day").stdout
        renamed = before.replace("revenue_by_day]", "by_day]").replace('job = "revenue_by_day"', 'job = "by_day"')
        hello.write_text(renamed)
        assert "(its workflow has it no longer)" in shell("catalog", "marts.revenue_by_day").stdout
    finally:
        later.unlink()
        hello.write_text(before)


def test_a_table_of_a_database_names_the_job_that_writes_it_there(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with closing(sqlite3.connect(tmp_path / "shop.db")) as conn, conn:
        conn.executescript("CREATE TABLE Orders (n INTEGER); INSERT INTO Orders VALUES (1); CREATE TABLE other (n);")
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "load.toml").write_text(
        '[connections.shop]\nurl = "sqlite:///shop.db"\n'
        '[crawlers.shop]\ndatabase = "raw"\ntargets = [{ connection = "shop", include = "%" }]\n'
        '[jobs.fill]\ntype = "sql"\nquery = "SELECT n + 1 AS n FROM raw.orders"\n'
        'targets = [{ connection = "shop", table = "Orders", mode = "append" }]\n'
        '[triggers.go]\ntype = "ON_DEMAND"\nactions = [{ crawler = "shop" }]\n'
        '[triggers.then]\ntype = "CONDITIONAL"\nconditions = [{ crawler = "shop", state = "SUCCEEDED" }]\n'
        'actions = [{ job = "fill" }]\n'
    )
    done = shell.process("run", "load", "--local")
    assert done.returncode == 0, done.stdout + done.stderr
    assert uses(shell, "raw.orders") == [
        ("writes", "load", "crawler", "shop", 1),
        ("writes", "load", "job", "fill", 1),
        ("reads", "load", "job", "fill", 1),
    ]
    assert uses(shell, "raw.other") == [("writes", "load", "crawler", "shop", 1)]
    assert "a job has written it since" in shell("catalog", "raw.orders").stdout
    assert "a job has written it since" not in shell("catalog", "raw.other").stdout


def test_parts_of_a_table_are_listed_whole(shell: Shell) -> None:
    files = shell.json("catalog", "raw.orders", "--files")
    assert len(files) == 3
    assert all(one["rows"] and one["path"].startswith("data/orders/") for one in files)
    assert "data/orders/" in shell("catalog", "raw.orders", "--files").stdout
    assert [one["version"] for one in shell.json("catalog", "raw.orders", "--versions")] == [1]
    assert len(shell.json("catalog", "clean.orders", "--sample", "3")) == 3
    assert "no partition keys" in shell("catalog", "raw.orders", "--partitions").stderr
    assert shell("catalog", "raw", "--files").returncode == 2


def test_tables_and_columns_are_found_by_a_part_of_their_names(shell: Shell) -> None:
    assert {(one["table"], one["column"]) for one in shell.json("catalog", "find", "REVENUE")} == {
        ("marts.revenue_by_day", ""),
        ("marts.revenue_by_day", "revenue"),
    }
    assert "order_id" in shell("catalog", "find", "order_").stdout
    nothing = shell("catalog", "find", "nowhere")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert 'has "nowhere" in its name' in nothing.stderr


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lists_fit_the_terminal(shell: Shell, width: int) -> None:
    narrow = Shell(shell.project_dir, COLUMNS=str(width))
    lines = [*narrow("catalog").stdout.splitlines(), *narrow("catalog", "raw.orders").stdout.splitlines()]
    assert max(map(len, lines)) <= width
    assert ("columns" in lines[0]) == (width == 120)


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
