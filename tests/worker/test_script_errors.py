"""What a failed script is told: its own line and the way out, in the result and at the head of what the log says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from forking import ServerUnderTest, make_spec, script

from glue_tui.core.attempt import NodeError
from glue_tui.core.job import Job, SqlWork
from glue_tui.worker.user_lines import line_of_query


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest(GLUE_TEST_TOKEN="s3cret/wörd")
    yield server
    server.close()


class Failure:
    def __init__(self, server: ServerUnderTest, folder: Path, text: str) -> None:
        spec = make_spec(folder, script(folder, "bad", dedent(text)))
        spec = replace(spec, arguments={"--day": "2026-11-22"}, properties={"region": "EU"})
        error = server.run(spec).error
        assert error is not None
        self.error: NodeError = error
        self.log = Path(spec.log_path).read_text()

    @property
    def said_first(self) -> list[str]:
        """Return the lines of the log's entry, up to the traceback."""
        entry = self.log.partition(" ERROR ")[2]
        return [line.strip() for line in entry.partition("Traceback")[0].splitlines() if line.strip()]


LAZY = """
import polars as pl
def run(glue):
    prices = pl.LazyFrame({"unit_price": [1.0], "quantity": [2]})
    total = prices.with_columns(
        total=pl.col("quantity")
        * pl.col("unit_pirce"),
    )
    glue.write(total, "clean.prices", path="out/prices")
"""


def test_a_misspelt_column_of_a_lazy_frame_is_told_with_the_line_that_names_it(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    failure = Failure(server, tmp_path, LAZY)
    error = failure.error
    assert (error.type, error.location, error.line) == ("ColumnNotFoundError", "bad.py:7", '* pl.col("unit_pirce"),')
    assert error.hint == 'did you mean "unit_price"?'
    assert failure.said_first[0].startswith('bad.py:7: ColumnNotFoundError: unable to find column "unit_pirce"')
    assert failure.said_first[1:] == [error.line, error.hint]
    assert 'bad.py", line 9, in run' in failure.log, "where it was computed"
    assert "glue_tui/" not in failure.log


def test_what_only_a_docstring_names_is_no_place_to_mend(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
    import polars as pl
    def run(glue):
        '''Reads unit_pirce.'''
        pl.DataFrame({"unit_price": [1]}).select("unit_" + "pirce")
    """
    assert Failure(server, tmp_path, text).error.location == "bad.py:5"


def test_where_several_lines_name_the_column_the_one_that_failed_is_told(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    failure = Failure(server, tmp_path, LAZY.replace("    glue.write", '    print("unit_pirce")\n    glue.write'))
    assert failure.error.location == "bad.py:10"


@pytest.mark.parametrize(
    ("lines", "line", "hint"),
    [
        ('frame.filter(\n        pl.col("id") > 0).select(\n        "id",\n        "nmae",\n    )', 8, "name"),
        ("frame.select(pl.col.nmae)", 5, "name"),
        ('frame["nmae"]', 5, "name"),
        (
            'pl.SQLContext(t=frame).execute("""\n        SELECT id,\n            nmae FROM t\n    """).collect()',
            7,
            "name",
        ),
        ('frame.rename({"nmae": "x"})', 5, "name"),
        ("frame.slect('id')", 5, "select"),
        ("farme.select('id')", 5, "frame"),
        ('glue.arguments["--dya"]', 5, "--day"),
        ('glue.properties["regoin"]', 5, "region"),
        ('glue.typed_properties["regoin"]', 5, "region"),
        ("glue.tabel('raw.sales')", 5, "table"),
        ("import bda", 5, "bad"),
    ],
)
def test_what_was_misspelt_is_told_with_its_line_and_the_nearest_name(
    server: ServerUnderTest, tmp_path: Path, lines: str, line: int, hint: str
) -> None:
    head = 'import polars as pl\ndef run(glue):\n    frame = pl.DataFrame({"id": [1], "name": ["a"]})\n    wanted = 1\n'
    error = Failure(server, tmp_path, f"{head}    {lines}\n").error
    assert (error.location, error.hint.partition(" Else: ")[0]) == (f"bad.py:{line}", f'did you mean "{hint}"?')
    assert error.line == (head + "    " + lines).splitlines()[line - 1].strip()


def test_a_key_error_that_a_script_expects_is_one(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
    def run(glue):
        try:
            glue.arguments["--month"]
        except KeyError:
            raise ValueError(glue.arguments.get("--month", "none"), glue.properties.get("x"), "x" in glue.properties)
    """
    assert Failure(server, tmp_path, text).error.message == "('none', None, False)"


def test_wrong_syntax_is_shown_with_a_caret(server: ServerUnderTest, tmp_path: Path) -> None:
    failure = Failure(server, tmp_path, "def run(glue):\n    frame = = 1\n")
    assert (failure.error.type, failure.error.location) == ("SyntaxError", "bad.py:2")
    assert failure.error.line == "frame = = 1\n        ^"
    assert "ast.py" not in failure.log


def test_an_error_within_an_expression_of_polars_names_the_users_function_and_the_expression(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    text = """
    import polars as pl
    def share(count):
        return 1 / (count - 1)
    def run(glue):
        frame = pl.LazyFrame({"count": [1]}).select(pl.col("count").map_elements(share, return_dtype=pl.Float64))
        glue.write(frame, "x.y", path="out/y")
    """
    failure = Failure(server, tmp_path, text)
    assert failure.error.message == 'division by zero, in col("count").python_udf()'
    assert (failure.error.location, failure.error.line) == ("bad.py:4", "return 1 / (count - 1)")
    assert "polars/series" not in failure.log
    frame = "pl.DataFrame({'s': [{'city': 1}]}).select(pl.col('s').struct.field('town'))"
    failure = Failure(server, tmp_path, f"import polars as pl\ndef run(glue):\n    {frame}\n")
    assert failure.error.message == 'no field "town" in the struct'


def test_a_library_that_is_missing_is_told_with_the_command_that_brings_it(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    assert Failure(server, tmp_path, "import no_such_library.x\n").error.hint.endswith("-m pip install no_such_library")


def test_the_line_that_ran_is_shown_though_the_file_was_saved_since(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
    import pathlib
    def run(glue):
        pathlib.Path(__file__).write_text("# nothing like it\\n" * 9)
        raise ValueError("no good")
    """
    failure = Failure(server, tmp_path, text)
    assert (failure.error.location, failure.error.line) == ("bad.py:5", 'raise ValueError("no good")')


def test_a_secret_in_the_users_line_is_masked(server: ServerUnderTest, tmp_path: Path) -> None:
    text = "def run(glue):\n    glue.secret('GLUE_TEST_TOKEN')\n    raise ValueError('s3cret/wörd')\n"
    failure = Failure(server, tmp_path, text)
    assert (failure.error.message, failure.error.line) == ("***", "raise ValueError('***')")
    assert "s3cret" not in failure.log


_QUERY = """-- nmae in a comment
WITH one AS (
    SELECT id, name
    FROM raw.people
)
SELECT nmae FROM one
"""


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("no column 'nmae' in the query's tables", 6),
        ("no table raw.people in the catalog", 4),
        ("the query is wrong: sql parser error: found: ) at Line: 5, Column: 1", 5),
        ("A column with name `id` cannot be resolved", 3),
        ("[PARSE_SYNTAX_ERROR] Syntax error at or near 'FROM'. (line 4, pos 4)", 4),
        ("properties.name is not defined", 3),
        ("raw/people.csv, line 3: 'x' is no number", 0),
    ],
)
def test_an_error_about_a_query_names_the_line_of_its_file(tmp_path: Path, message: str, line: int) -> None:
    found = line_of_query(message, SqlWork(query=_QUERY, query_file="sql/people.sql"), tmp_path)
    assert (found.location if found else "") == (f"sql/people.sql:{line}" if line else "")
    assert found is None or found.text == _QUERY.splitlines()[line - 1].strip()
    assert line_of_query(message, SqlWork(query=_QUERY), tmp_path) is None


def test_a_misspelt_table_of_a_query_is_told_with_its_line(server: ServerUnderTest, tmp_path: Path) -> None:
    job = Job(name="people", work=SqlWork(query=_QUERY, query_file="sql/people.sql"))
    spec = make_spec(tmp_path, job)
    error = server.run(spec).error
    assert error is not None
    assert (error.location, error.line) == ("sql/people.sql:4", "FROM raw.people")
    assert "ERROR sql/people.sql:4: EntityNotFound: no table raw.people" in Path(spec.log_path).read_text()
