"""Every rule of Glue and every case it leaves open is told in the README and proved by a test that bears its id."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTION = "## Glue's rules and ours"
COUNTS = {"WF": 19, "TR": 17, "EV": 5, "CN": 9, "JR": 13, "RS": 8, "BK": 7, "CR": 2, "F": 16}
"""Runs of workflows, triggers, events, schedules, runs of jobs, stop and resume, bookmarks, busy crawlers; F: open."""
CRAWLERS = {
    "CR-6",
    "CR-8",
    "CR-9",
    "CR-10",
    "CR-12",
    *(f"GR-{number}" for number in range(1, 8)),
    "GR-9",
    "CL-3",
    "CL-4",
    "CL-5",
    "CL-6",
    "CL-7",
    "CL-8",
    "CL-9",
    "CL-11",
    *(f"SC-{number}" for number in range(1, 8)),
    "CT-2",
    "CT-3",
}
"""Of the many rules of crawlers and the catalog, those that we say something of."""
RULES = {f"{kind}-{number}" for kind, count in COUNTS.items() for number in range(1, count + 1)} | CRAWLERS


def told() -> list[str]:
    """Return the ids in the README's tables of rules."""
    text = (ROOT / "README.md").read_text()
    section = text[text.index(SECTION) :].removeprefix("##").split("\n## ", 1)[0]
    return re.findall(r"^\| ([A-Z]+-\d+) \| ", section, re.MULTILINE)


def ids_in(name: str) -> list[str]:
    """Return the rules that the name of a test bears: `test_jr_8_and_f_1_only_…` bears JR-8 and F-1."""
    kinds = "|".join({rule.partition("-")[0] for rule in RULES}).lower()
    found = re.match(rf"test((?:_(?:and_)?(?:{kinds})_\d+)+)_", name)
    return [f"{kind.upper()}-{number}" for kind, number in re.findall(r"([a-z]+)_(\d+)", found[1])] if found else []


def rules_with_a_test() -> dict[str, str]:
    """Return each id with a test that bears it."""
    return {
        rule: f"{path.relative_to(ROOT)}::{node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        for rule in ids_in(node.name)
    }


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("test_wf_11_a_run", ["WF-11"]),
        ("test_jr_8_and_f_1_only_the_last", ["JR-8", "F-1"]),
        ("test_what_became_of_3_runs", []),
        ("test_wf_without_a_number", []),
    ],
)
def test_ids_are_read_from_names(name: str, ids: list[str]) -> None:
    assert ids_in(name) == ids


def test_the_readme_tells_each_rule_once() -> None:
    assert sorted(told()) == sorted(RULES)


def test_every_rule_has_a_test_that_bears_its_id_and_no_test_the_id_of_none() -> None:
    found = rules_with_a_test()
    assert RULES - found.keys() == set(), "name a test of each test_<kind>_<number>_…"
    assert {rule: test for rule, test in found.items() if rule not in RULES} == {}
