from __future__ import annotations

import datetime
import sqlite3
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from publishing import Project

from glue_tui.core.job import Job, SqlWork, TableSink
from glue_tui.core.problem import InvalidInput
from glue_tui.jobs.templates import Templates, sql_literal
from glue_tui.logs.write import Secrets


def templates(project: Project, secrets: Secrets | None = None, **properties: str) -> Templates:
    spec = project.spec(Job(name="x", work=SqlWork(query="")), **properties)
    return Templates(replace(spec, properties=properties), secrets or Secrets())


def test_text_holds_values_as_they_are(project: Project) -> None:
    filled = templates(project, day="2026-01-01").text(
        "{{ properties.day }} {{ run.id }} {{ run.number }} {{ event.files }}\n", where="x"
    )
    assert filled == "2026-01-01 wr_1 3 in/a.csv,in/o'b.csv\n"


def test_a_template_knows_the_moment_that_a_schedule_meant(project: Project) -> None:
    spec = project.spec(Job(name="x", work=SqlWork(query="")))
    scheduled = Templates(replace(spec, scheduled_at="2026-11-21T22:00:00+01:00"), Secrets())
    assert scheduled.text("{{ run.scheduled_at[:10] }} {{ run.scheduled_at }}", where="x").split() == [
        "2026-11-21",
        "2026-11-21T22:00:00+01:00",
    ]
    with pytest.raises(InvalidInput) as raised:
        Templates(spec, Secrets()).text("{{ run.scheduled_at }}", where="jobs.x.query")
    assert raised.value.message == "jobs.x.query: run.scheduled_at is not defined: no schedule started this run"
    assert Templates(spec, Secrets()).text("{{ 'no' if run.scheduled_at is not defined }}", where="x") == "no"


def test_a_query_holds_values_as_literals(project: Project) -> None:
    filled = templates(project, name="O'Hara; DROP TABLE x", least="5").sql(
        "a = {{ properties.name }} AND b > {{ properties.least | int }} AND c = {{ run.number }}"
        " AND f IN {{ event.files }}",
        where="x",
    )
    assert filled == "a = 'O''Hara; DROP TABLE x' AND b > 5 AND c = 3 AND f IN ('in/a.csv', 'in/o''b.csv')"


_TYPES = {"n": "integer", "x": "number", "flag": "boolean", "day": "date", "text": "string"}


def typed(project: Project, **properties: str) -> Templates:
    spec = project.spec(Job(name="x", work=SqlWork(query="")))
    return Templates(replace(spec, properties=properties, property_types=_TYPES), Secrets())


@pytest.mark.parametrize(
    ("name", "value", "literal"),
    [
        ("n", "+07", "7"),
        ("n", "-7", "(-7)"),
        ("x", "1.50", "1.5"),
        ("x", ".5", "0.5"),
        ("flag", "true", "TRUE"),
        ("flag", "false", "FALSE"),
        ("day", "2026-11-22", "DATE '2026-11-22'"),
        ("text", "7", "'7'"),
        ("undeclared", "7", "'7'"),
    ],
)
def test_a_typed_property_is_a_literal_of_its_type_in_a_query_and_text_elsewhere(
    project: Project, name: str, value: str, literal: str
) -> None:
    template = f"{{{{ properties.{name} }}}}"
    assert typed(project, **{name: value}).sql(template, where="x") == literal
    assert typed(project, **{name: value}).text(template, where="x") == value


def test_a_typed_property_is_used_in_a_template_as_what_it_is(project: Project) -> None:
    filled = typed(project, flag="false", day="2026-11-22", n="3").sql(
        "{% if properties.flag %}no{% endif %}{{ properties.day[:7] }} {{ properties.n + 1 }}", where="x"
    )
    assert filled == "'2026-11' 4"


def test_a_property_that_a_job_set_to_another_type_is_refused_in_a_query(project: Project) -> None:
    with pytest.raises(InvalidInput, match=r'here: properties\.n is "many", which is no integer'):
        typed(project, n="many").sql("{{ properties.n }}", where="here")


def test_typed_properties_meet_typed_columns(project: Project) -> None:
    days = [datetime.date(2026, 11, 21), datetime.date(2026, 11, 22)]
    frame = pl.DataFrame({"day": days, "n": [-1, 4], "x": [0.1, 0.5], "flag": [True, False]})
    project.write(frame, TableSink(table="t.typed", path="typed"))
    query = """
        SELECT n FROM t.typed
        WHERE day >= {{ properties.day }} AND n > 1-{{ properties.n }} AND x >= {{ properties.x }}
            AND flag = {{ properties.flag }} AND day <= {{ properties.day }} + INTERVAL '1 day'
    """
    job = Job(name="x", work=SqlWork(query=query), targets=(TableSink(table="t.out", path="out"),))
    spec = replace(
        project.spec(job),
        properties={"day": "2026-11-22", "n": "-2", "x": "0.5", "flag": "false"},
        property_types=_TYPES,
    )
    assert project.run_spec(spec).rows_out == 1


@given(st.text().filter(lambda text: "\0" not in text))
def test_any_text_comes_back_from_its_literal(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    conn = sqlite3.connect(":memory:")
    assert conn.execute(f"SELECT {sql_literal(text)}").fetchone() == (text,)
    conn.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="{}%# a.'|()[]properties", max_size=30))
def test_any_template_is_filled_in_or_refused(project: Project, template: str) -> None:
    try:
        templates(project).text(template, where="x")
    except InvalidInput:
        pass


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ properties.dya }}", 'here: properties.dya is not defined (did you mean "day"?)'),
        (
            "{{ env.NOT_SET_ANYWHERE }}",
            "here: env.NOT_SET_ANYWHERE is not set (set NOT_SET_ANYWHERE in the environment",
        ),
        ("{{ porperties.day }}", "here: 'porperties' is undefined (known: properties.NAME"),
        ("{{ properties.day", "here: unexpected end of template"),
        ("{{ ''.__class__.__mro__ }}", "here: access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ 1 / 0 }}", "here: division by zero"),
    ],
)
def test_a_wrong_template_says_where_and_what(project: Project, template: str, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        templates(project, day="x").text(template, where="here")
    assert str(raised.value).startswith(told)


def test_what_comes_from_the_environment_is_a_secret_from_then_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUE_TEST_TOKEN", "hunter22")
    secrets = Secrets()
    filled = templates(project, secrets).text("x://{{ env.GLUE_TEST_TOKEN }}@y", where="x")
    assert filled == "x://hunter22@y"
    assert secrets.mask(f"can't open {filled}") == "can't open x://***@y"
