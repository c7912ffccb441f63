"""Each mistake is told with its file, line and key, and a way out; all mistakes of a file at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from definition_files import MINIMAL, complaints, load_text

SECTION = re.compile(r"^=== (above|below|alone): (.*)\n((?:.*\n)*?)---\n((?:(?!===).+\n)*)", re.MULTILINE)
CASES = {
    name: ({"above": text + MINIMAL, "below": MINIMAL + text, "alone": text}[where], expected.splitlines())
    for where, name, text, expected in SECTION.findall(Path(__file__).with_name("wrong_files.txt").read_text())
}


def test_the_table_is_read_whole() -> None:
    assert len(CASES) == Path(__file__).with_name("wrong_files.txt").read_text().count("\n=== ") >= 60
    assert all(expected for _, expected in CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_told(name: str, tmp_path: Path) -> None:
    text, expected = CASES[name]
    loaded = load_text(tmp_path, text)
    assert complaints(loaded) == expected
    has_only_warnings = all(line.split(":")[1] == " warning" for line in expected)
    assert (loaded.workflow is not None) == has_only_warnings


@pytest.mark.parametrize("name", CASES)
def test_the_line_holds_the_key_or_the_table_that_lacks_it(name: str, tmp_path: Path) -> None:
    text, _ = CASES[name]
    for problem in load_text(tmp_path, text).problems:
        line = text.splitlines()[problem.line - 1]
        *_, parent, key = ["", "", *re.findall(r'"[^"]*"|[^.\[\]]+|\[\d+\]', problem.key)]
        if problem.message == "missing":
            assert not re.search(rf"\b{key} =", line)
            key = parent
        # An element of a list has no key of its own: its line is its own, and tested with the positions.
        assert key.startswith("[") or key.strip('"') in line, problem


def test_all_problems_of_a_file_come_at_once_and_in_its_order(tmp_path: Path) -> None:
    text = "".join(text for text, _ in CASES.values() if text.endswith(MINIMAL)).replace(MINIMAL, "")
    text = re.sub(r"(?m)^(\w+) = (?=(?:.*\n)*?\1 = )", r"unknown_\1 = ", text) + MINIMAL.replace("load", "laod", 1)
    loaded = load_text(tmp_path, text)
    assert len(loaded.problems) > 5
    assert [problem.line for problem in loaded.problems] == sorted(problem.line for problem in loaded.problems)
    assert str(loaded.problems[-1]).endswith('no job named "laod" (did you mean "load"?)')


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, b'description = "a"\ntimezone = "\xff"\n')
    assert complaints(loaded) == ["2: not text in UTF-8"]


def test_a_file_that_can_not_be_read_is_a_problem(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, MINIMAL)
    path = tmp_path / "workflows" / "night.toml"
    path.unlink()
    path.mkdir()
    from glue_tui.definitions.load import load_file

    assert [str(problem) for problem in load_file(path, tmp_path).problems] == [
        "workflows/night.toml:1: can't be read: Is a directory"
    ]
    assert loaded.workflow is not None


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "#" * 1_000_001)
    assert complaints(loaded) == ["1: larger than 1000000 bytes"]


def test_a_name_that_can_not_be_a_workflow_is_a_problem(tmp_path: Path) -> None:
    from definition_files import write_workflow

    from glue_tui.definitions.load import load_file

    path = write_workflow(tmp_path, MINIMAL, name="my night")
    (problem,) = load_file(path, tmp_path).problems
    assert problem.message == '"my night" can\'t name a workflow'


def test_a_flood_of_mistakes_is_cut_off(tmp_path: Path) -> None:
    actions = "".join(f'  {{ job = "load{n}" }},\n' for n in range(2000))
    loaded = load_text(tmp_path, MINIMAL.replace('[{ job = "load" }]', f"[\n{actions}]"))
    assert loaded.workflow is None
    assert len(loaded.problems) == 200
