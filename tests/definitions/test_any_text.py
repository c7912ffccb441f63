"""Whatever lies in a definition file, reading it ends with a workflow or with problems."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import tomli_w
from definition_files import MINIMAL, write_workflow
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glue_tui.definitions.authored import AuthoredWorkflow
from glue_tui.definitions.load import Loaded, load_file
from glue_tui.definitions.locate import locate
from glue_tui.definitions.report import Report
from glue_tui.definitions.shape import read_shape

SAMPLE = (Path(__file__).parents[2] / "workflows" / "daily_sales.toml").read_text()
WORDS = sorted({word for word in SAMPLE.replace("=", " = ").split() if len(word) < 25})
CRUMBS = [
    *WORDS,
    "\n",
    "\n[jobs.x]\n",
    "[[a]]\n",
    '"""',
    "'''",
    "{",
    "}",
    "[",
    "]",
    "#",
    "1e400",
    "9" * 30,
    "{{",
    "{%",
    "é",
]

many = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_again(project: Path, content: bytes) -> Loaded:
    path = write_workflow(project, content)
    loaded = load_file(path, project)
    errors = [problem for problem in loaded.problems if not problem.is_warning]
    assert (loaded.workflow is None) == bool(errors)
    line_count = content.count(b"\n") + 1
    assert all(1 <= problem.line <= line_count and "\n" not in str(problem) for problem in loaded.problems)
    return loaded


@many
@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_raising(tmp_path: Path, content: bytes) -> None:
    read_again(tmp_path, content)


@many
@given(st.lists(st.sampled_from(CRUMBS), max_size=40).map(" ".join))
def test_crumbs_of_a_definition_are_read_without_raising(tmp_path: Path, text: str) -> None:
    read_again(tmp_path, text.encode())


@many
@given(st.data())
def test_a_damaged_definition_is_read_without_raising(tmp_path: Path, data: st.DataObject) -> None:
    text = SAMPLE
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 40))
        text = text[:start] + data.draw(st.sampled_from(["", *CRUMBS])) + text[start + length :]
    read_again(tmp_path, text.encode())


KEYS = st.one_of(
    st.sampled_from(["jobs", "triggers", "properties", "type", "actions", "targets", "a.b", "c d", "ü", ""]),
    st.text("abc-_\"'\\\n.", max_size=5),
)
SCALARS = st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.times())
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)


@many
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_document_is_read_without_raising(tmp_path: Path, document: dict[str, Any]) -> None:
    read_again(tmp_path, tomli_w.dumps(document).encode())


@many
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_every_key_is_found_on_a_line_that_holds_it(document: dict[str, Any]) -> None:
    text = tomli_w.dumps(document)
    lines = text.split("\n")
    places = locate(text)

    def walk(value: Any, path: tuple[str | int, ...]) -> None:
        if path:
            assert path in places
            key = path[-1]
            if isinstance(key, str) and key.isascii() and key.isalnum():
                assert key in lines[places[path] - 1]
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, (*path, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                walk(item, (*path, index))

    walk(tomllib.loads(text), ())


@many
@given(st.data())
def test_the_walker_and_msgspec_agree_on_what_fits(data: st.DataObject) -> None:
    document = tomllib.loads(MINIMAL)
    table: Any = document
    for key in data.draw(st.sampled_from([(), ("jobs",), ("jobs", "load"), ("triggers", "by_hand", "actions", 0)])):
        table = table[key]
    table[data.draw(KEYS)] = data.draw(VALUES)
    report = Report("w.toml", "")
    read_shape(AuthoredWorkflow, document, (), report)
    try:
        msgspec.convert(document, AuthoredWorkflow)
        fits = True
    except msgspec.ValidationError:
        fits = False
    assert fits == (not [item for item in report.problems if item.message != "missing"])
