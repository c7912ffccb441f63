"""`glue-tui sql`: values of every type on the screen, as JSON and as CSV, row by row, and what is told of a query."""

from __future__ import annotations

import csv
import io
import json
import os
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest

from glue_tui.core.schema import Column, DataFile, FileFormat, Table
from tests.catalog.test_catalog_write_read import change, make_catalog, store
from tests.cli.shell import Shell

VALUES = pl.DataFrame(
    {
        "id": [1, 2],
        "price": [Decimal("12.50"), None],
        "huge": [2**63 - 1, 0],
        "ratio": [0.1, float("nan")],
        "text": ['日本 ⏎ \x00\x1b[31m\n"q", é', ""],
        "data": [b"\x00\xff", None],
        "tags": [["a", None], []],
        "place": [{"city": "Köln", "at": date(2024, 1, 2)}, {"city": None, "at": None}],
        "at": [datetime(2024, 1, 2, 3, 4, 5, 600000), datetime(2024, 1, 2)],
        "is_new": [True, None],
    },
    schema_overrides={"price": pl.Decimal(10, 2)},
)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("values")
    for name in ("workflows", ".glue_tui", "lake"):
        (folder / name).mkdir()
    VALUES.write_parquet(folder / "lake/values.parquet")
    (folder / "lake/2024.csv").write_text("ID\n" + "\n".join(map(str, range(300))) + "\n")
    types = ["bigint", "decimal(10,2)", "bigint", "double", "string", "binary", "array<string>"]
    types += ["struct<city:string,at:date>", "timestamp", "boolean"]
    tables = [
        (
            Table(
                database="raw",
                name="values",
                classification="parquet",
                location="lake",
                columns=tuple(Column(name=name, type=kind) for name, kind in zip(VALUES.columns, types, strict=True)),
                formats=(FileFormat(classification="parquet", columns=tuple(VALUES.columns)),),
            ),
            "lake/values.parquet",
            2,
        ),
        (
            Table(
                database="raw",
                name="2024_csv",
                classification="csv",
                location="lake",
                columns=(Column(name="ID", type="bigint"),),
                formats=(FileFormat(classification="csv", columns=("ID",)),),
            ),
            "lake/2024.csv",
            300,
        ),
    ]
    with closing(make_catalog(folder / ".glue_tui/state.db")) as conn:
        for table, path, rows in tables:
            found = (folder / path).stat()
            file = DataFile(path=path, size_bytes=found.st_size, mtime_ns=found.st_mtime_ns, rows=rows)
            store(conn, change(table, file))
    return Shell(folder)


def test_json_keeps_every_value(shell: Shell) -> None:
    first, second = shell.json("sql", "SELECT * FROM raw.values")
    assert first == {
        "id": 1,
        "price": "12.50",
        "huge": 2**63 - 1,
        "ratio": 0.1,
        "text": VALUES["text"][0],
        "data": "AP8=",
        "tags": ["a", None],
        "place": {"city": "Köln", "at": "2024-01-02"},
        "at": "2024-01-02T03:04:05.600000",
        "is_new": True,
    }
    assert (second["ratio"], second["price"], second["text"], second["tags"]) == (None, None, "", [])


def test_csv_keeps_every_value_that_csv_can_hold(shell: Shell) -> None:
    text = shell("sql", "SELECT * FROM raw.values", "--csv").stdout
    header, first, second = csv.reader(io.StringIO(text))
    assert header == VALUES.columns
    assert dict(zip(header, first, strict=True)) == {
        "id": "1",
        "price": "12.50",
        "huge": str(2**63 - 1),
        "ratio": "0.1",
        "text": VALUES["text"][0],
        "data": "00ff",
        "tags": '["a",null]',
        "place": '{"city":"Köln","at":"2024-01-02"}',
        "at": "2024-01-02 03:04:05.600",
        "is_new": "true",
    }
    assert second[header.index("at")] == "2024-01-02 00:00:00"


def test_people_see_every_value_on_one_line_without_anything_that_a_terminal_obeys(shell: Shell) -> None:
    lines = shell("sql", "SELECT text, data, tags, place, price, is_new FROM raw.values").stdout.splitlines()
    assert len(lines) == 3
    assert "\x1b" not in lines[1]
    assert "\x00" not in lines[1]
    for seen in ("日本", "00ff", '["a",null]', '{"city":"Köln","at":"2024-01-02"}', "12.50", "true"):
        assert seen in lines[1]
    assert lines[2].split() == ["null", "[]", '{"city":null,"at":null}', "null", "null"]


def test_a_long_value_is_cut_on_the_screen_alone_and_that_is_said(shell: Shell) -> None:
    query = "SELECT REPLACE('x,,,,,,,,,,', ',', 'xxxxxxxxxxxxxxxxxxxxxxxxx') AS long FROM raw.values LIMIT 1"
    done = shell("sql", query)
    assert max(map(len, done.stdout.splitlines())) < 200
    assert "values are cut after" in done.stderr
    assert len(shell.json("sql", query)[0]["long"]) == 251


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_rows_are_left_out_only_as_asked_and_said(shell: Shell, form: str) -> None:
    done = shell("sql", 'SELECT "ID" FROM raw."2024_csv"', form, "-n", "7")
    rows = len(json.loads(done.stdout)) if form == "--json" else len(done.stdout.splitlines()) - 1
    assert rows == 7
    assert "cut after 7 rows" in done.stderr
    whole = shell("sql", 'SELECT "ID" FROM raw."2024_csv"', form, "-n", "300")
    assert "cut" not in whole.stderr
    assert shell("sql", 'SELECT "ID" FROM raw."2024_csv" WHERE "ID" < 0', form).stdout.split() in (["[]"], ["ID"])


def test_names_that_need_it_are_quoted_and_the_hint_shows_how(shell: Shell) -> None:
    done = shell("sql", "SELECT count(*) FROM raw.2024_csv")
    assert done.returncode == 2
    assert 'raw."2024_csv"' in done.stderr
    assert 'did you mean "ID"?' in shell("sql", 'SELECT id FROM raw."2024_csv"').stderr
    assert "glue-tui catalog raw.values" in shell("sql", "DESCRIBE raw.values").stderr


def test_a_name_in_a_text_or_comment_is_no_table(shell: Shell) -> None:
    query = "SELECT 'raw.values' AS a -- raw.\n, /* raw.values */ 'it''s raw.values' AS b"
    assert shell.json("sql", query) == [{"a": "raw.values", "b": "it's raw.values"}]


def test_show_tables_and_explain(shell: Shell) -> None:
    assert [row["name"] for row in shell.json("sql", "SHOW TABLES")] == ["raw.2024_csv", "raw.values"]
    plan = shell("sql", "EXPLAIN SELECT id FROM raw.values WHERE id = 1").stdout
    assert "raw.values: 1 of 1 files, 100% of the bytes" in plan
    assert "SELECTION" in plan


def test_a_file_that_changed_since_its_crawl_is_named_when_it_no_longer_fits(shell: Shell) -> None:
    path = shell.project_dir / "lake/2024.csv"
    before, times = path.read_bytes(), path.stat()
    try:
        path.write_text("ID\nn/a\n")
        done = shell("sql", 'SELECT sum("ID") AS s FROM raw."2024_csv"')
        assert done.returncode == 2
        assert "lake/2024.csv has changed since the catalog learnt of it" in done.stderr
        assert "`glue-tui crawl landing` brings" in done.stderr
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_who_has_read_enough_ends_the_query_cleanly(shell: Shell) -> None:
    query = 'SELECT a."ID" FROM raw."2024_csv" AS a CROSS JOIN raw."2024_csv" AS b CROSS JOIN raw.values AS c'
    process = shell.start("sql", query, "--csv")
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        assert process.stdout.readline() == "ID\n"
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_rows_are_saved_to_a_new_file_by_its_ending(shell: Shell, ending: str) -> None:
    path = shell.project_dir / f"saved.{ending}"
    query = "SELECT id, price, text FROM raw.values"
    told = shell("sql", query, "--output", str(path))
    assert (told.returncode, told.stdout) == (0, "")
    assert "2 rows saved to" in told.stderr
    read = {"csv": pl.read_csv, "json": pl.read_json, "parquet": pl.read_parquet}[ending]
    assert read(path)["id"].to_list() == [1, 2]
    again = shell("sql", query, "--output", str(path))
    assert again.returncode == 2
    assert "exists" in again.stderr
    assert [one.name for one in shell.project_dir.glob(".saved*")] == []
