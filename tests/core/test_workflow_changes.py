"""What differs between two definitions of a workflow, in the definition's own words."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from one_run import FAILED, OK, by_hand, crawler, job, node, when, workflow

from glue_tui.core.changes import Change, changed_lines, duration_text, workflow_changes
from glue_tui.core.job import Chart, DashboardWork, DatabaseSink, Job, PythonWork, SqlWork, TableSink
from glue_tui.core.model import Action, Connection, FileWatch, FolderTarget, NodeId, Property, Trigger, Workflow, job_id
from glue_tui.core.states import NodeState, OnOverlap, TriggerType, UpdateBehavior

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(NodeId, st.text().map(job_id))
ROOMY = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None
)


def told(before: Workflow, after: Workflow) -> list[str]:
    return [line(one) for one in workflow_changes(before, after)]


def line(change: Change) -> str:
    if change.is_text:
        return f"{change.where}: " + " | ".join(changed_lines(change.before, change.after))
    sides = " → ".join(side for side in (change.before, change.after) if side)
    return f"{change.kind} {change.where}: {sides}"


def of_job(before: Job, after: Job) -> list[str]:
    return told(workflow([before], by_hand(before.name)), workflow([after], by_hand(before.name)))


@ROOMY
@given(st.from_type(Workflow))
def test_equal_definitions_have_no_changes(one: Workflow) -> None:
    assert workflow_changes(one, replace(one)) == ()


@ROOMY
@given(st.from_type(Workflow), st.data())
def test_whatever_field_changes_shows_up(before: Workflow, data: st.DataObject) -> None:
    """Whatever the model gains is compared without being named in `core.changes`."""
    path = data.draw(st.sampled_from([path for path in _spots(before) if path[-1] != "query_file"]))
    after = _changed_at(before, path, data)
    assume(_unordered(getattr(before, path[0])) != _unordered(getattr(after, path[0])))
    changes = workflow_changes(before, after)
    assert changes
    assert all(re.split(r"[.\[]", change.where)[0] == path[0] for change in changes)
    assert all(change.before != change.after for change in changes)


def _unordered(value: object) -> object:
    """The order of jobs, triggers and the like in a file means nothing."""
    return sorted(map(repr, value)) if isinstance(value, tuple) else value


def _spots(value: Any, path: tuple[Any, ...] = ()) -> Any:
    """Yield the paths of all fields below `value`, through parts and tuples of parts."""
    if is_dataclass(value):
        for item in fields(value):
            yield (*path, item.name)
            yield from _spots(getattr(value, item.name), (*path, item.name))
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            yield from _spots(one, (*path, index))


def _changed_at(value: Any, path: tuple[Any, ...], data: st.DataObject) -> Any:
    name, *rest = path
    if isinstance(value, tuple):
        return (*value[:name], _changed_at(value[name], tuple(rest), data), *value[name + 1 :])
    old = getattr(value, name)
    if rest:
        return replace(value, **{name: _changed_at(old, tuple(rest), data)})
    new = data.draw(st.from_type(get_type_hints(type(value))[name]).filter(lambda one: one != old))
    return replace(value, **{name: new})


def test_durations_read_as_people_write_them() -> None:
    assert of_job(job("a", timeout_s=1800.0), job("a", timeout_s=600.0)) == ["changed jobs.a.timeout: 30m → 10m"]
    assert of_job(job("a"), job("a", retry_delay_s=90.0)) == ["changed jobs.a.retry_delay: 0s → 90s"]
    limit = (crawler("crawl", timeout_s=None), crawler("crawl", timeout_s=7200.0))
    before, after = (workflow([one], by_hand("crawl")) for one in limit)
    assert told(before, after) == ["changed crawlers.crawl.timeout: not set → 2h"]
    assert [duration_text(one) for one in (0.5, 3600, 5400, 172800, 61)] == ["0.5s", "1h", "90m", "48h", "61s"]


def test_what_the_workflow_itself_says() -> None:
    before = workflow(["a"], by_hand("a"))
    after = replace(before, max_concurrent_runs=2, on_overlap=OnOverlap.SKIP, timezone="Europe/Paris")
    assert told(before, after) == [
        "changed max_concurrent_runs: 0 → 2",
        'changed on_overlap: "queue" → "skip"',
        'changed timezone: "UTC" → "Europe/Paris"',
    ]
    assert all(change.node_ids == () for change in workflow_changes(before, after))


def test_nodes_and_triggers_come_and_go_and_the_order_of_a_file_is_nothing() -> None:
    before = workflow(["a", "b"], by_hand("a"), when("b_next", {"a": OK}, "b"))
    after = workflow(["a", "c"], by_hand("a"), when("c_next", {"a": OK}, "c"))
    assert told(before, after) == [
        'removed triggers.b_next: { type = "CONDITIONAL", actions = [{ job = "b" }], logical = "AND", '
        'conditions = [{ job = "a", state = "SUCCEEDED" }] }',
        'added triggers.c_next: { type = "CONDITIONAL", actions = [{ job = "c" }], logical = "AND", '
        'conditions = [{ job = "a", state = "SUCCEEDED" }] }',
        'removed jobs.b: { type = "command", command = ["true"] }',
        'added jobs.c: { type = "command", command = ["true"] }',
    ]
    assert told(before, replace(before, jobs=before.jobs[::-1], triggers=before.triggers[::-1])) == []


def test_arguments_properties_and_environment_are_told_key_by_key() -> None:
    old, new = {"--day": "1", "--unit": "EUR"}, {"--day": "2", "--all": "yes"}
    assert of_job(job("a", arguments=old), job("a", arguments=new)) == [
        'changed jobs.a.arguments.--day: "1" → "2"',
        'changed jobs.a.arguments.--unit: "EUR" → not set',
        'changed jobs.a.arguments.--all: not set → "yes"',
    ]
    before = workflow(["a"], by_hand("a"), properties=(Property(name="day", type="date", default="today"),))
    after = replace(before, properties=(Property(name="day", type="date"), Property(name="unit", default="EUR")))
    assert told(before, after) == [
        'changed properties.day.default: "today" → not set',
        'added properties.unit: { default = "EUR" }',
    ]


def test_conditions_and_actions_are_told_one_by_one() -> None:
    before = workflow(["a", "b", "c"], by_hand("a", "b"), when("ready", {"a": OK, "b": OK}, "c"))
    after = workflow(["a", "b", "c"], by_hand("a"), when("ready", {"a": OK, "b": FAILED}, "c"))
    assert told(before, after) == [
        'removed triggers.by_hand.actions[1]: { job = "b" }',
        'changed triggers.ready.conditions[1].state: "SUCCEEDED" → "FAILED"',
    ]
    assert [change.node_ids for change in workflow_changes(before, after)] == [
        (node("a"), node("b")),
        (node("c"),),
    ]


def test_a_stopped_crawl_is_cancelled_as_in_the_file() -> None:
    before = workflow(["crawl", "c"], by_hand("crawl"), when("ready", {"crawl": OK}, "c"))
    after = workflow(["crawl", "c"], by_hand("crawl"), when("ready", {"crawl": NodeState.STOPPED}, "c"))
    assert told(before, after) == ['changed triggers.ready.conditions[0].state: "SUCCEEDED" → "CANCELLED"']


def test_a_trigger_of_another_type_has_other_words() -> None:
    files = FileWatch(patterns=("in/*.csv",), batch_size=3, batch_window_s=60.0)
    actions = (Action(node_id=node("a")),)
    nightly = Trigger(name="t", type=TriggerType.SCHEDULED, actions=actions, schedule="cron(0 22 * * ? *)")
    arrived = Trigger(name="t", type=TriggerType.EVENT, actions=actions, watch=files)
    assert told(workflow(["a"], nightly), workflow(["a"], arrived)) == [
        'changed triggers.t.type: "SCHEDULED" → "EVENT"',
        'changed triggers.t.schedule: "cron(0 22 * * ? *)" → not set',
        'changed triggers.t.watch: not set → ["in/*.csv"]',
        "changed triggers.t.batch_size: not set → 3",
        "changed triggers.t.batch_window: not set → 1m",
    ]


def test_a_job_of_another_type_has_other_words() -> None:
    before, after = Job(name="a", work=PythonWork(script="jobs/a.py")), Job(name="a", work=SqlWork(query="SELECT 1"))
    assert of_job(before, after) == [
        'changed jobs.a.type: "python" → "sql"',
        'changed jobs.a.script: "jobs/a.py" → not set',
        'changed jobs.a.query: not set → "SELECT 1"',
    ]


def test_targets_and_charts_are_told_by_their_place() -> None:
    files, table = TableSink(table="marts.a", path="out/a"), DatabaseSink(connection="shop", table="a")
    assert of_job(job("a", targets=(files, table)), job("a", targets=(replace(files, format="csv"),))) == [
        'changed jobs.a.targets[0].format: "parquet" → "csv"',
        'removed jobs.a.targets[1]: { connection = "shop", table = "a" }',
    ]
    first, last = Chart(title="One", kind="bar", query="SELECT 1"), Chart(title="Two", kind="bar", query="SELECT 2")
    page = DashboardWork(output="page.html", charts=(first, last))
    assert of_job(Job(name="a", work=page), Job(name="a", work=replace(page, charts=(last,)))) == [
        'removed jobs.a.charts[0]: { title = "One", kind = "bar", query = "SELECT 1" }'
    ]


def test_the_words_that_a_definition_has_and_the_model_has_not() -> None:
    before = workflow([crawler("crawl")], by_hand("crawl"))
    changed = crawler("crawl", update_behavior=UpdateBehavior.LOG, recrawl="CRAWL_EVERYTHING")
    after = workflow([replace(changed, targets=(FolderTarget(path="in", exclude=("_*",)),))], by_hand("crawl"))
    assert told(before, after) == [
        'changed crawlers.crawl.targets[0].exclude: [] → ["_*"]',
        'changed crawlers.crawl.recrawl: "CRAWL_CHANGED" → "CRAWL_EVERYTHING"',
        'changed crawlers.crawl.schema_change.update: "UPDATE_IN_DATABASE" → "LOG"',
    ]


def test_a_query_is_told_by_its_lines() -> None:
    before = Job(name="a", work=SqlWork(query="SELECT day,\n  amount\nFROM clean.sales\n"))
    after = Job(name="a", work=SqlWork(query="SELECT day,\n  sum(amount)\nFROM clean.sales\nGROUP BY day\n"))
    assert of_job(before, after) == ["jobs.a.query: -   amount | +   sum(amount) | + GROUP BY day"]
    assert of_job(before, Job(name="a", work=replace(before.work, query_file="workflows/a.sql"))) == []


def test_a_long_text_says_how_many_lines_more() -> None:
    text = "\n".join(f"line {number}" for number in range(60))
    assert changed_lines("", text)[-2:] == ("+ line 19", "… 40 more lines")
    assert changed_lines(text, text + "\n") == ("+ ",)


def test_a_long_value_shows_the_piece_that_changed() -> None:
    words = tuple(f"word{number:03}" for number in range(30))
    before, after = Job(name="a", work=SqlWork(query="x" * 250)), Job(name="a", work=SqlWork(query="x" * 200 + "y"))
    assert of_job(before, after) == [f"jobs.a.query: - {'x' * 50} | + y"]
    changes = workflow_changes(
        workflow([job("a", targets=(TableSink(table="t.a", path="a", partition_by=words),))], by_hand("a")),
        workflow([job("a", targets=(TableSink(table="t.a", path="a", partition_by=words[:-1]),))], by_hand("a")),
    )
    assert [line(one) for one in changes] == ["jobs.a.targets[0].partition_by: - word029"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "postgresql://{{ env.U }}:{{ env.P }}@db/shop",
            "postgresql://{{ env.U }}:hush@db/shop",
            '"postgresql://{{ env.U }}:{{ env.P }}@db/shop" → "postgresql://{{ env.U }}:***@db/shop"',
        ),
        ("a://u:hush@db", "a://u:hushhush@db", '"a://u:***@db" → "a://u:***@db (another password)"'),
        ("a://db?user=u&password=hush", "a://db", '"a://db?user=u&password=***" → "a://db"'),
        ("a://u:hush@db/" + "x" * 200, "a://u:hush@db/y", None),
        ("sqlite:///shop.db", "sqlite:///new.db", '"sqlite:///shop.db" → "sqlite:///new.db"'),
    ],
)
def test_a_password_in_a_url_is_never_told(before: str, after: str, said: str | None) -> None:
    old, new = (
        workflow(["a"], by_hand("a"), connections=(Connection(name="shop", url=url),)) for url in (before, after)
    )
    text = told(old, new)[0]
    assert "hush" not in text
    assert "hush" not in "".join(told(workflow(["a"], by_hand("a")), new))
    if said is not None:
        assert text == f"changed connections.shop.url: {said}"
