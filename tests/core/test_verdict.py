"""What the end of a worker without a result is told as."""

from __future__ import annotations

import pytest

from glue_tui.core.attempt import AttemptKey
from glue_tui.core.model import RunId, job_id
from glue_tui.core.run import Attempt
from glue_tui.core.states import NodeState
from glue_tui.core.stimuli import WorkerExited
from glue_tui.core.verdict import verdict


@pytest.mark.parametrize(
    ("exit_code", "signal", "message", "hint"),
    [
        (0, None, "the process ended with exit code 0 in the midst of its work", "os._exit"),
        (70, None, "could not report its result", "the end of its log says why"),
        (None, 11, "ended by signal 11", "the end of its log names the line"),
        (None, 15, "ended by signal 15", ""),
    ],
)
def test_a_worker_that_ends_without_a_result_has_failed_and_the_way_out_is_said(
    exit_code: int | None, signal: int | None, message: str, hint: str
) -> None:
    attempt = Attempt(attempt=1, state=NodeState.RUNNING, queued_at=0.0)
    key = AttemptKey(run_id=RunId("wr_1"), node_id=job_id("load"), attempt=1)
    state, error = verdict(attempt, WorkerExited(key=key, result=None, exit_code=exit_code, signal=signal))
    assert (state, error is not None) == (NodeState.FAILED, True)
    assert error is not None
    assert message in error.message
    assert hint in error.hint
