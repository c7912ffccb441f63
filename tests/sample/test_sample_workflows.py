"""The sample workflows as definitions: valid without a warning, and everything they write goes below warehouse/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from glue_tui.core.job import DashboardWork, Job, TableSink
from glue_tui.core.model import Connection, Workflow
from glue_tui.definitions.project import load_project

PROJECT = Path(__file__).resolve().parents[2]
NAMES = ("daily_sales", "price_repair", "stock_watch")


def load(name: str) -> Workflow:
    definition = load_project(PROJECT).get(name)
    assert definition is not None
    assert definition.workflow is not None
    return definition.workflow


def test_the_sample_has_three_workflows_and_not_even_a_warning() -> None:
    definitions = load_project(PROJECT)
    assert definitions.problems == ()
    assert tuple(workflow.name for workflow in definitions.workflows) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_everything_written_goes_below_the_warehouse_folder(name: str) -> None:
    workflow = load(name)
    written = [path for job in workflow.jobs for path in written_by(job, workflow.connections)]
    for script in (PROJECT / "workflows/jobs").glob("*.py"):
        written += re.findall(r'path="([^"]+)"', script.read_text(encoding="utf-8"))
    assert written
    assert [path for path in written if not path.startswith("warehouse/")] == []


def test_every_way_to_start_daily_sales_starts_both_crawlers_so_that_the_and_can_hold() -> None:
    starts = [trigger for trigger in load("daily_sales").triggers if trigger.predicate is None]
    assert [trigger.type.value for trigger in starts] == ["SCHEDULED", "ON_DEMAND", "EVENT"]
    for trigger in starts:
        assert {action.node_id for action in trigger.actions} == {"crawler:landing_sales", "crawler:shop"}


def written_by(job: Job, connections: tuple[Connection, ...]) -> list[str]:
    urls = {connection.name: connection.url for connection in connections}
    paths = [
        sink.path if isinstance(sink, TableSink) else urls[sink.connection].removeprefix("sqlite:///")
        for sink in job.targets
    ]
    return [*paths, job.work.output] if isinstance(job.work, DashboardWork) else paths
