"""RS-1 to RS-8: stopping a run, and resuming one that is over. Docstrings say where Glue does otherwise."""

from __future__ import annotations

import pytest
from one_project import Project, jobs

from glue_tui.core.problem import EntityNotFound, IllegalWorkflowState, InvalidInput
from glue_tui.core.wanted import STOP_GRACE_S, StopWorker

CHAIN = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "fetch" }, { job = "check" }]
[triggers.fetched]
type = "CONDITIONAL"
logical = "AND"
conditions = [{ job = "fetch", state = "SUCCEEDED" }, { job = "check", state = "SUCCEEDED" }]
actions = [{ job = "clean" }]
[triggers.cleaned]
type = "CONDITIONAL"
conditions = [{ job = "clean", state = "SUCCEEDED" }]
actions = [{ job = "load" }]
[triggers.not_cleaned]
type = "CONDITIONAL"
conditions = [{ job = "clean", state = "FAILED" }]
actions = [{ job = "repair" }]
""" + jobs("fetch", "check", "clean", "load", "repair")


# Stop


def test_rs_1_a_stop_ends_what_runs_starts_nothing_more_and_rolls_nothing_back(glue: Project) -> None:
    glue.write(CHAIN)
    run = glue.start()
    run.finish("fetch")
    run.begin("check")
    run.stop()
    assert (run.status, glue.being_stopped(), glue.at_work()) == ("STOPPING", ["check"], [])
    run.finish("check", "STOPPED")
    assert (run.status, run.outcome) == ("STOPPED", "STOPPED")
    assert run.states() == {
        "fetch": "SUCCEEDED",
        "check": "STOPPED",
        "clean": "SKIPPED",
        "load": "SKIPPED",
        "repair": "SKIPPED",
    }


def test_rs_1_work_that_was_done_before_the_stop_reached_it_counts_but_nothing_follows(glue: Project) -> None:
    glue.write(CHAIN)
    run = glue.start()
    run.finish("fetch")
    run.stop()
    run.finish("check")
    assert (run.status, run.state("check"), run.state("clean")) == ("STOPPED", "SUCCEEDED", "SKIPPED")


def test_rs_1_a_worker_that_does_not_end_in_time_is_killed(glue: Project) -> None:
    """Glue allows itself about a minute."""
    glue.write(CHAIN)
    run = glue.start()
    run.finish("fetch")
    run.stop()
    assert [one.is_kill for one in glue.kernel.wanted() if isinstance(one, StopWorker)] == [False]
    glue.passes(STOP_GRACE_S)
    assert [one.is_kill for one in glue.kernel.wanted() if isinstance(one, StopWorker)] == [True]


def test_rs_1_a_run_that_is_over_is_not_stopped_and_one_that_is_stopping_goes_on_with_it(glue: Project) -> None:
    glue.write(CHAIN)
    run = glue.start()
    run.stop()
    before = run.events()
    run.stop()
    assert run.events() == before
    run.finish("fetch", "STOPPED")
    run.finish("check", "STOPPED")
    with pytest.raises(IllegalWorkflowState, match=r"run 1 is already STOPPED \(there is nothing to stop\)"):
        run.stop()


def test_rs_1_what_waits_is_stopped_at_once_a_whole_run_too(glue: Project) -> None:
    text = CHAIN.replace("[jobs.check]\n", '[jobs.check]\nmax_retries = 1\nretry_delay = "1h"\n')
    glue.write("max_concurrent_runs = 1\n" + text)
    run, queued = glue.start(), glue.start()
    queued.stop()
    assert (queued.status, set(queued.states().values())) == ("STOPPED", {"SKIPPED"})
    run.finish("check", "FAILED")
    run.finish("fetch")
    run.stop()
    assert (run.status, run.state("check"), len(run.attempts("check"))) == ("STOPPED", "STOPPED", 2)


# Resume


def test_rs_2_every_run_that_is_over_can_be_resumed(glue: Project) -> None:
    """Glue resumes only COMPLETED runs: one that was stopped is lost there."""
    glue.write(CHAIN)
    stopped = glue.start()
    with pytest.raises(IllegalWorkflowState, match="run 1 is still RUNNING"):
        glue.resume(stopped)
    stopped.finish("fetch")
    stopped.stop()
    with pytest.raises(IllegalWorkflowState, match="run 1 is still STOPPING"):
        glue.resume(stopped)
    stopped.finish("check", "STOPPED")
    again = glue.resume(stopped)
    for name in ("check", "clean", "load"):
        again.finish(name)
    assert again.outcome == "SUCCEEDED"

    failed = glue.start()
    failed.finish("fetch", "FAILED")
    failed.finish("check")
    assert failed.status == "COMPLETED"
    glue.resume(failed).finish("fetch")

    in_error = glue.start()
    in_error.finish("check")
    in_error.finish("fetch", "ERROR")
    assert (in_error.status, in_error.outcome) == ("COMPLETED", "ERROR")
    again = glue.resume(in_error)
    assert (again.state("check"), again.state("fetch")) == ("SUCCEEDED", "STARTING")


def test_rs_2_a_run_without_anything_to_run_again_is_refused_with_the_way_out(glue: Project) -> None:
    glue.write("max_concurrent_runs = 1\n" + CHAIN)
    run, queued = glue.start(), glue.start()
    queued.stop()
    with pytest.raises(IllegalWorkflowState, match=r"run 2 never came to its nodes \(start the workflow anew\)"):
        glue.resume(queued)
    for name in ("fetch", "check", "clean", "load"):
        run.finish(name)
    with pytest.raises(IllegalWorkflowState, match=r"nothing failed in run 1 \(name the nodes .* with --node\)"):
        glue.resume(run)


def test_rs_3_only_nodes_that_ran_can_be_chosen(glue: Project) -> None:
    glue.write(CHAIN)
    run = glue.start()
    run.finish("fetch")
    run.finish("check", "FAILED")
    with pytest.raises(InvalidInput, match=r"clean never ran in run 1 \(choose a node that ran"):
        glue.resume(run, "clean")
    for trigger_or_nothing in ("fetched", "ceck"):
        with pytest.raises(EntityNotFound, match=f'no node "{trigger_or_nothing}" in run 1'):
            glue.resume(run, trigger_or_nothing)
    assert len(glue.runs()) == 1


def test_rs_4_a_resume_is_a_new_run_that_names_the_one_before_and_can_be_resumed(glue: Project) -> None:
    glue.write(CHAIN)
    first = glue.start()
    first.finish("fetch")
    first.finish("check", "FAILED")
    second = glue.resume(first)
    second.finish("check", "FAILED")
    third = glue.resume(second)
    third.finish("check")
    assert [run.it.previous_run_id for run in glue.runs()] == ["", first.run_id, second.run_id]
    assert (first.outcome, second.outcome, third.status) == ("FAILED", "FAILED", "RUNNING")
    assert third.it.nodes[third.node_id("fetch")].carried_from == first.run_id


def test_rs_5_chosen_nodes_and_all_downstream_run_and_what_lies_downstream_of_another_waits_its_turn(
    glue: Project,
) -> None:
    glue.write(CHAIN)
    run = glue.start()
    for name, state in (("fetch", "SUCCEEDED"), ("check", "SUCCEEDED"), ("clean", "FAILED"), ("repair", "SUCCEEDED")):
        run.finish(name, state)
    again = glue.resume(run, "repair", "check")
    assert again.it.restart_node_ids == ("job:check",)
    assert again.states() == {
        "fetch": "SUCCEEDED",
        "check": "STARTING",
        "clean": "PENDING",
        "load": "PENDING",
        "repair": "PENDING",
    }
    for name in ("check", "clean", "load"):
        again.finish(name)
    assert (again.outcome, again.state("repair")) == ("SUCCEEDED", "SKIPPED")


def test_rs_6_nodes_that_do_not_run_again_are_taken_over_and_their_success_counts(glue: Project) -> None:
    glue.write(CHAIN)
    run = glue.start()
    run.finish("fetch")
    run.finish("check", "FAILED")
    again = glue.resume(run)
    fetch = again.view.nodes[0]
    assert (fetch.name, fetch.state, fetch.carried_from, fetch.attempts) == ("fetch", "SUCCEEDED", run.run_id, ())
    assert again.trigger("fetched") == "WAITING"
    again.finish("check")
    assert (again.trigger("fetched"), again.state("clean")) == ("FIRED", "STARTING")


def test_rs_7_and_f_10_properties_are_those_the_run_before_ended_with(glue: Project) -> None:
    """Undocumented in Glue. What attempts wrote before is left alone, as there."""
    glue.write('[properties]\nday = "1"\n' + CHAIN)
    run = glue.start(day="2")
    run.finish("fetch", rows="12")
    run.finish("check", "FAILED")
    assert glue.resume(run).it.properties == {"day": "2", "rows": "12"}


def test_rs_8_a_run_can_be_started_from_any_node_of_an_earlier_one(glue: Project) -> None:
    """Glue has no start from a node. Here, too, no node is skipped, and none marked a success that it was not."""
    glue.write(CHAIN)
    run = glue.start()
    for name in ("fetch", "check", "clean", "load"):
        run.finish(name)
    again = glue.resume(run, "clean")
    assert again.states() == {
        "fetch": "SUCCEEDED",
        "check": "SUCCEEDED",
        "clean": "STARTING",
        "load": "PENDING",
        "repair": "PENDING",
    }
