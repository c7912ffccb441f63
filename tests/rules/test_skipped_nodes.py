"""A node that ran and found nothing to do: SKIPPED with its reason, and so is what only its success would start."""

from __future__ import annotations

import pytest
from one_project import Project, jobs
from test_trigger_rules import start_of, when

from glue_tui.core.problem import IllegalWorkflowState

FLOW = (
    start_of("fetch", "check")
    + when("fetched", '{ job = "fetch", state = "SUCCEEDED" }', '{ job = "load" }')
    + when("loaded", '{ job = "load", state = "SUCCEEDED" }', '{ job = "report" }')
    + when("checked", '{ job = "check", state = "SUCCEEDED" }', '{ job = "note" }')
    + when("fetch_over", '{ job = "fetch", state = "ANY_TERMINAL" }', '{ job = "tidy" }')
    + jobs("check", "load", "report", "note", "tidy")
    + '[jobs.fetch]\ntype = "command"\ncommand = ["true"]\nmax_retries = 3\n'
)


def test_a_node_with_nothing_to_do_ends_the_branch_with_its_reason_and_is_not_tried_again(glue: Project) -> None:
    glue.write(FLOW)
    run = glue.start()
    run.finish("fetch", "SKIPPED", rows="0")
    assert (run.state("fetch"), run.reason("fetch"), len(run.attempts("fetch"))) == ("SKIPPED", "exit code 99", 1)
    assert run.reason("load") == "fetched can't fire: fetch was skipped: exit code 99"
    assert run.reason("report") == "loaded can't fire: load is SKIPPED, not SUCCEEDED"
    assert run.reason("tidy") == "fetch_over can't fire: fetch was skipped: exit code 99"
    assert "rows" not in run.it.properties
    run.finish("check")
    run.finish("note")
    assert (run.status, run.outcome) == ("COMPLETED", "SUCCEEDED")
    assert (run.view.summary.statistics.skipped, run.view.summary.statistics.succeeded) == (4, 2)
    assert "fetch ended SKIPPED: exit code 99" in run.story()


def test_a_resume_repeats_no_node_that_was_skipped_and_remembers_why(glue: Project) -> None:
    glue.write(FLOW)
    run = glue.start()
    run.finish("fetch", "SKIPPED")
    run.finish("check", "FAILED")
    again = glue.resume(run)
    assert (again.state("fetch"), again.state("check"), again.state("load")) == ("SKIPPED", "STARTING", "SKIPPED")
    assert again.why_never("fetched") == "fetch was skipped: exit code 99"
    again.finish("check", "FAILED")
    third = glue.resume(again)
    assert third.it.nodes[third.node_id("fetch")].skip_reason == "exit code 99"
    third.finish("check")
    third.finish("note")
    with pytest.raises(IllegalWorkflowState, match="nothing failed"):
        glue.resume(third)
    by_name = glue.resume(third, "fetch")
    by_name.finish("fetch")
    assert (by_name.state("load"), by_name.state("check")) == ("STARTING", "SUCCEEDED")


def test_a_stop_that_came_too_late_finds_the_node_skipped(glue: Project) -> None:
    glue.write(FLOW)
    run = glue.start()
    run.stop()
    run.finish("fetch", "SKIPPED")
    run.finish("check", "STOPPED")
    assert (run.outcome, run.state("fetch"), run.state("load")) == ("STOPPED", "SKIPPED", "SKIPPED")
