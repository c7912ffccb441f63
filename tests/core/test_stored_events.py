"""What is stored for ever reads back: every kind of event, data of an older form, data of a newer one."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glue_tui.core.attempt import AttemptResult
from glue_tui.core.codec import from_data, to_data
from glue_tui.core.events import AttemptFinished, AttemptQueued, Event, RunFinished, RunQueued, StartCause
from glue_tui.core.model import NodeId, Workflow, job_id
from glue_tui.core.states import NodeState, Outcome, TriggerType, WorkflowRunStatus
from glue_tui.core.story import describe

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(min_value=-(2**53), max_value=2**53))
st.register_type_strategy(NodeId, st.text().map(job_id))
KINDS = get_args(Event)
ROOMY = settings(
    max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None
)


def _through_json(cls: type, value: object) -> object:
    return from_data(cls, msgspec.json.decode(msgspec.json.encode(to_data(value))))


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
@ROOMY
@given(st.data())
def test_every_event_reads_back_as_it_was_and_has_a_line_for_people(kind: type, data: st.DataObject) -> None:
    event = data.draw(st.from_type(kind))
    assert _through_json(kind, event) == event
    assert describe(event)


@ROOMY
@given(st.from_type(Workflow))
def test_a_pinned_workflow_reads_back_as_it_was(workflow: Workflow) -> None:
    """WF-5."""
    assert _through_json(Workflow, workflow) == workflow


@ROOMY
@given(st.from_type(AttemptResult))
def test_a_result_reads_back_as_it_was(result: AttemptResult) -> None:
    assert _through_json(AttemptResult, result) == result


def test_an_older_event_opens_with_the_defaults_of_fields_added_since() -> None:
    assert from_data(AttemptQueued, {"is": "AttemptQueued", "node_id": "job:a", "attempt": 1}) == AttemptQueued(
        node_id="job:a", attempt=1
    )
    stored = {
        "is": "RunQueued",
        "run_id": "wr_1",
        "number": 1,
        "workflow": {"is": "Workflow", "name": "w", "source": "workflows/w.toml"},
        "cause": {"is": "StartCause", "trigger": "t", "trigger_type": "ON_DEMAND"},
    }
    event = from_data(RunQueued, stored)
    assert event.cause == StartCause(trigger="t", trigger_type=TriggerType.ON_DEMAND)
    assert event.workflow == Workflow(name="w", source="workflows/w.toml")


def test_a_newer_event_opens_without_the_fields_nobody_knows_yet() -> None:
    data = {"is": "RunFinished", "status": "COMPLETED", "outcome": "FAILED", "cost": {"is": "Cost", "cents": 3}}
    assert from_data(RunFinished, data) == RunFinished(status=WorkflowRunStatus.COMPLETED, outcome=Outcome.FAILED)


@pytest.mark.parametrize(
    "data",
    [
        {"is": "AttemptFinished", "node_id": "job:a", "attempt": 1},
        {"is": "AttemptFinished", "node_id": "job:a", "attempt": 1, "state": "EXPLODED"},
        {"is": "AttemptFinished", "node_id": "job:a", "attempt": 1, "state": "FAILED", "outputs": 3},
        {"is": "AttemptFinished", "node_id": "job:a", "attempt": 1, "state": "FAILED", "error": []},
        [],
        "AttemptFinished",
    ],
)
def test_data_that_does_not_fit_is_refused(data: object) -> None:
    with pytest.raises(ValueError):
        from_data(AttemptFinished, data)


def test_defaults_are_left_out_and_enums_are_their_words() -> None:
    event = AttemptFinished(node_id="job:a", attempt=2, state=NodeState.TIMEOUT)
    assert to_data(event) == {"is": "AttemptFinished", "node_id": "job:a", "attempt": 2, "state": "TIMEOUT"}
