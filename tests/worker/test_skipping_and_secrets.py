"""Jobs that find nothing to do, exit codes that have a meaning, and secrets that a script asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from forking import ServerUnderTest, make_spec, script

from glue_tui.core.attempt import AttemptResult, AttemptSpec
from glue_tui.core.job import CommandWork, Job
from glue_tui.core.model import Connection
from glue_tui.core.states import NodeState

URL = "postgresql://me:{{ env.GLUE_TEST_TOKEN }}@db.example:5432/shop?sslpassword=0pen"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest(GLUE_TEST_TOKEN="s3cret/wörd", GLUE_TEST_PIN="12", GLUE_TEST_EMPTY="")
    yield server
    server.close()


def spec_of(folder: Path, text: str) -> AttemptSpec:
    spec = make_spec(folder, script(folder, "job", dedent(text)))
    return replace(spec, connections=(Connection(name="shop", url=URL), Connection(name="lake", url="s3://lake")))


def log_of(spec: AttemptSpec) -> str:
    return Path(spec.log_path).read_text()


def test_a_script_that_skips_publishes_nothing_and_says_what_that_is(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
    import polars as pl
    def run(glue):
        glue.write(pl.DataFrame({"n": [1]}), "marts.n", path="out/n")
        glue.write_database(pl.DataFrame({"n": [1]}), connection="one", table="t")
        glue.set_property("rows", 1)
        glue.skip("no new rows")
        raise AssertionError
    """
    spec = spec_of(tmp_path, text)
    result = server.run(replace(spec, connections=(Connection(name="one", url="sqlite:///one.db"),)))
    assert (result.state, result.reason, result.error) == (NodeState.SKIPPED, "no new rows", None)
    assert (result.table_changes, result.properties, result.outputs, result.rows_out) == ((), {}, (), None)
    assert list((tmp_path / "out").iterdir()) == []
    assert not (tmp_path / "one.db").exists()
    log = log_of(spec)
    for said in (
        "not published, as the job was skipped: out/n",
        "skipped: one:t",
        "not set, as the job was skipped: rows",
    ):
        assert said in log
    assert " INFO  SKIPPED: no new rows, " in log


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    glue.skip()\nexcept BaseException:\n    pass",
        "import threading\nthreading.excepthook = lambda args: None\n"
        "one = threading.Thread(target=glue.skip)\none.start()\none.join()",
        "try:\n    glue.skip('')\nfinally:\n    print('tidied')",
    ],
)
def test_a_skip_that_a_script_swallows_holds_all_the_same(server: ServerUnderTest, tmp_path: Path, text: str) -> None:
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    result = server.run(spec_of(tmp_path, f"def run(glue):\n{lines}"))
    assert (result.state, result.reason) == (NodeState.SKIPPED, "nothing to do")


def test_a_script_that_fails_after_it_skipped_has_failed(server: ServerUnderTest, tmp_path: Path) -> None:
    text = "def run(glue):\n    try:\n        glue.skip()\n    finally:\n        1 / 0\n"
    result = server.run(spec_of(tmp_path, text))
    assert (result.state, result.error and result.error.type) == (NodeState.FAILED, "ZeroDivisionError")


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        (0, NodeState.FAILED, ""),
        (3, NodeState.SUCCEEDED, ""),
        (99, NodeState.SKIPPED, "exit code 99"),
        (1, NodeState.FAILED, ""),
    ],
)
def test_jr_2_exit_codes_mean_what_the_definition_says(
    server: ServerUnderTest, tmp_path: Path, code: int, state: NodeState, reason: str
) -> None:
    work = CommandWork(command=("sh", "-c", f"exit {code}"), success_codes=(3, 4), skip_codes=(98, 99))
    result: AttemptResult = server.run(make_spec(tmp_path, Job(name="load", work=work)))
    assert (result.state, result.reason, result.exit_code) == (state, reason, code)


def test_a_secret_and_a_connection_are_given_and_masked_wherever_they_turn_up(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    text = """
    import pathlib
    def run(glue):
        url = glue.connection("shop")
        pathlib.Path("seen").write_text(glue.secret("GLUE_TEST_TOKEN") + " " + url + " " + glue.connection("lake"))
        print(glue.secret("GLUE_TEST_TOKEN"), url, glue.secret("GLUE_TEST_PIN"))
        glue.skip("as " + glue.secret("GLUE_TEST_TOKEN") + " says")
    """
    spec = spec_of(tmp_path, text)
    result = server.run(spec)
    assert (tmp_path / "seen").read_text() == (
        "s3cret/wörd postgresql://me:s3cret/wörd@db.example:5432/shop?sslpassword=0pen s3://lake"
    )
    assert result.reason == "as *** says"
    log = log_of(spec)
    assert "*** postgresql://me:***@db.example:5432/shop?sslpassword=*** 12" in log
    assert "GLUE_TEST_PIN is shorter than 4 characters, and not masked" in log
    assert "s3cret" not in log + Path(spec.result_path).read_text()


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        ("secret('GLUE_NO_SUCH')", "the variable GLUE_NO_SUCH is not set", "in which the engine is started"),
        ("secret('GLUE_TEST_EMPTY')", "the variable GLUE_TEST_EMPTY is empty", "in which the engine is started"),
        ("connection('shpo')", 'no connection named "shpo"', 'did you mean "shop"?'),
    ],
)
def test_a_secret_or_connection_that_is_not_there_is_told(
    server: ServerUnderTest, tmp_path: Path, call: str, message: str, hint: str
) -> None:
    error = server.run(spec_of(tmp_path, f"def run(glue):\n    glue.{call}\n")).error
    assert error is not None
    assert (error.type, error.message, error.location) == ("EntityNotFound", message, "job.py:2")
    assert hint in error.hint


@pytest.mark.parametrize(
    "value", ["'Bearer ' + glue.secret('GLUE_TEST_TOKEN')", "glue.connection('shop')", "glue.arguments['--token']"]
)
def test_a_secret_can_not_be_kept_in_a_property(server: ServerUnderTest, tmp_path: Path, value: str) -> None:
    spec = spec_of(tmp_path, f"def run(glue):\n    glue.set_property('token', {value})\n")
    error = server.run(replace(spec, arguments={"--token": "{{ env.GLUE_TEST_TOKEN }}"})).error
    assert error is not None
    assert (error.type, error.message) == ("InvalidInput", "property token would hold a secret")
