"""`glue-tui classify`: a file explained, with and without what a crawler says of it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from glue_tui.cli.app import cli

WORKFLOW = """
[triggers.start]
type = "ON_DEMAND"
actions = [{ crawler = "landing" }]

[crawlers.landing]
database = "raw"
targets = [{ path = "in", classifier = { day_first = true } }]
"""


def test_a_file_is_explained_and_a_crawler_settles_its_doubt(tmp_path: Path) -> None:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows/flow.toml").write_text(WORKFLOW)
    file = tmp_path / "in/a.csv"
    file.parent.mkdir()
    file.write_text("id;day\n1;01/02/2025\n2;03/04/2025\n")
    plain = CliRunner().invoke(cli, ["classify", str(file)])
    assert plain.exit_code == 0, plain.output
    assert "csv, 2 rows, 2 columns" in plain.output
    assert '";" cuts 3 of 3 rows into 2' in plain.output
    assert "in doubt: column day is text" in plain.output
    in_project = ["--project", str(tmp_path), "classify", str(file)]
    said = CliRunner().invoke(cli, [*in_project, "--crawler", "landing", "--json"])
    (found,) = json.loads(said.output)
    assert found["doubts"] == []
    assert [(column["name"], column["type"]) for column in found["columns"]] == [("id", "bigint"), ("day", "date")]
    wrong = CliRunner().invoke(cli, [*in_project, "--crawler", "landin"])
    assert wrong.exit_code != 0
    assert 'did you mean "landing"?' in wrong.output


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\n1,a\n2,b,c\n")
    (tmp_path / "b.csv").write_text("id,name\n1,a\n")
    found = CliRunner().invoke(cli, ["classify", str(tmp_path)])
    assert found.exit_code == 2
    assert "line 3 has 3 values, but the file 2 columns" in found.output
    assert "csv, 1 rows" in found.output or "csv, 1 row," in found.output
