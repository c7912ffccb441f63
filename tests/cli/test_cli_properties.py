"""Run properties on the command line: every wrong one is told with its name, what was given and what is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from glue_tui.cli.app import cli
from glue_tui.cli.run import property_values
from glue_tui.core.problem import InvalidInput

TYPED = """
[properties]
name = "plain"
count = { type = "integer", default = 5 }
day = { type = "date", default = "yesterday" }
who = { type = "string" }

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "show" }]

[jobs.show]
type = "command"
command = ["echo", "{{ properties.who }}", "{{ properties.count }}"]
"""


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("who",), '"who" gives no value (write -p who=VALUE)'),
        (("=x",), '"=x" names no property (write -p NAME=x)'),
        (("who=a", "who=b"), "who is given twice (a property has one value: give it once)"),
    ],
)
def test_what_is_no_property_is_refused_before_an_engine_is_asked(texts: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        property_values(texts)
    assert str(raised.value) == message


def test_values_are_taken_as_they_stand() -> None:
    assert property_values(("who=a=b=c", "name=", "count= 5")) == {"who": "a=b=c", "name": "", "count": " 5"}


def test_a_run_says_what_is_wrong_with_each_property(tmp_path: Path) -> None:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "typed.toml").write_text(TYPED)
    wrong = ["-p", "count=five", "-p", "day=2026-02-30", "-p", "nmae=x"]
    said = (
        'no property named "nmae" (did you mean "name"?); count: "five" is not an integer, such as 5; '
        'day: "2026-02-30" is no day of the calendar: YYYY-MM-DD, today or yesterday; who is missing (text)'
    )
    result = CliRunner().invoke(cli, ["--project", str(tmp_path), "run", "--local", "typed", *wrong])
    assert result.exit_code == 2
    assert f"Error: {said}\n  Hint: give properties as NAME=VALUE, such as count=5\n" in result.stderr
    result = CliRunner().invoke(cli, ["--project", str(tmp_path), "run", "--local", "typed", "-p", "who=me"])
    assert result.exit_code == 0


def test_bytes_that_are_no_text_are_wrong_use() -> None:
    result = CliRunner().invoke(cli, ["run", "typed", "-p", "who=\udcff"])
    assert result.exit_code == 2
    assert 'Error: "who=?" holds bytes that are not text in UTF-8' in result.stderr
