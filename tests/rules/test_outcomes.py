"""What becomes of a run and of each of its nodes is said at once and in words: outcomes, skipped nodes, stops."""

from __future__ import annotations

import pytest
from one_project import Project, crawlers, jobs

from glue_tui.cli.run import say_outcome
from glue_tui.core.problem import IllegalWorkflowState

FLOW = (
    """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "fetch" }, { job = "check" }]
[triggers.fetched]
type = "CONDITIONAL"
conditions = [{ job = "fetch", state = "SUCCEEDED" }]
actions = [{ job = "load" }]
[triggers.loaded]
type = "CONDITIONAL"
conditions = [{ job = "load", state = "SUCCEEDED" }]
actions = [{ job = "report" }]
[triggers.fetch_failed]
type = "CONDITIONAL"
conditions = [{ job = "fetch", state = "FAILED" }]
actions = [{ job = "mend" }]
[triggers.fetch_too_slow]
type = "CONDITIONAL"
conditions = [{ job = "fetch", state = "TIMEOUT" }]
actions = [{ job = "mend" }]
"""
    + jobs("fetch", "check", "load", "report", "mend")
    + 'timeout = "1h"\n'
)


@pytest.mark.parametrize(
    ("outcome", "ends"),
    [
        ("SUCCEEDED", {"fetch": "SUCCEEDED", "check": "SUCCEEDED", "load": "SUCCEEDED", "report": "SUCCEEDED"}),
        ("RECOVERED", {"fetch": "FAILED", "check": "SUCCEEDED", "mend": "SUCCEEDED"}),
        ("FAILED", {"fetch": "SUCCEEDED", "check": "FAILED", "load": "SUCCEEDED", "report": "SUCCEEDED"}),
        ("FAILED", {"fetch": "FAILED", "check": "FAILED", "mend": "SUCCEEDED"}),
        ("FAILED", {"fetch": "FAILED", "check": "SUCCEEDED", "mend": "FAILED"}),
        ("ERROR", {"fetch": "ERROR", "check": "SUCCEEDED"}),
        ("ERROR", {"fetch": "FAILED", "check": "ERROR", "mend": "SUCCEEDED"}),
    ],
)
def test_the_outcome_of_a_run_that_came_to_its_end(glue: Project, outcome: str, ends: dict[str, str]) -> None:
    """RECOVERED: for every node that failed, a trigger listening for that fired, and what it started went well."""
    glue.write(FLOW)
    run = glue.start()
    for name, state in ends.items():
        assert run.outcome == ""
        run.finish(name, state)
    assert (run.status, run.outcome) == ("COMPLETED", outcome)
    assert {name: state for name, state in run.states().items() if name not in ends} == {
        name: "SKIPPED" for name in run.states() if name not in ends
    }


def test_a_timeout_that_is_listened_for_is_recovered_too(glue: Project) -> None:
    glue.write(FLOW.replace("[jobs.fetch]", '[jobs.fetch]\ntimeout = "1m"'))
    run = glue.start()
    run.finish("check")
    run.begin("fetch")
    glue.passes(60)
    run.finish("fetch", "TIMEOUT")
    run.finish("mend")
    assert run.outcome == "RECOVERED"


def test_a_run_that_was_stopped_has_that_outcome_whatever_failed_before(glue: Project) -> None:
    glue.write(FLOW)
    run = glue.start()
    run.finish("fetch", "FAILED")
    run.stop()
    run.finish("check", "STOPPED")
    run.finish("mend", "STOPPED")
    assert (run.status, run.outcome) == ("STOPPED", "STOPPED")


def test_a_run_that_could_not_start_is_in_error_with_the_reason(glue: Project) -> None:
    day = '[properties]\nday = { type = "date" }\n'
    hourly = '[triggers.hourly]\ntype = "SCHEDULED"\nschedule = "rate(1 hour)"\nactions = [{ job = "fetch" }]\n'
    (told,) = glue.complaints(day + hourly + FLOW)
    assert "will end in ERROR" in told
    glue.load()
    glue.passes(3600)
    (run,) = glue.runs()
    assert (run.status, run.outcome) == ("ERROR", "ERROR")
    assert run.it.message == (
        "day is missing (a date: YYYY-MM-DD, today or yesterday); a run that starts by itself has only defaults"
    )
    assert glue.start(day="today").status == "RUNNING"


@pytest.mark.parametrize(
    ("fetch", "told", "way_out"),
    [
        ("SUCCEEDED", "run 1 of night SUCCEEDED after ", ""),
        ("FAILED", ": fetch failed, and what listens for that ran", "`glue-tui retry 1` tries again"),
        ("ERROR", ": fetch failed, by a fault of ours or of this machine, not of its work", "`glue-tui retry 1` tries"),
        (
            "STOPPED",
            ": stopped by hand; ended fetch; never started load, mend, report; kept what",
            "`glue-tui retry 1` goes",
        ),
    ],
)
def test_the_command_line_says_how_a_run_ended_and_what_can_be_done(
    glue: Project, capsys: pytest.CaptureFixture[str], fetch: str, told: str, way_out: str
) -> None:
    glue.write(FLOW)
    run = glue.start()
    run.finish("check")
    if fetch == "STOPPED":
        run.stop()
    run.finish("fetch", fetch)
    for name in ("load", "report", "mend"):
        if run.state(name) == "STARTING":
            run.finish(name)
    say_outcome(run.view)
    said = capsys.readouterr().err
    assert told in said
    assert (way_out in said) if way_out else ("Hint" not in said)


def test_the_command_line_sends_nobody_to_retry_a_run_that_never_began(
    glue: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    glue.write("max_concurrent_runs = 1\n" + FLOW)
    glue.start()
    queued = glue.start()
    queued.stop()
    say_outcome(queued.view)
    assert "`glue-tui run night` starts another one" in capsys.readouterr().err
    with pytest.raises(IllegalWorkflowState):
        glue.resume(queued)


def test_a_node_that_can_never_run_is_skipped_at_once_with_its_trigger_and_the_cause_while_the_rest_goes_on(
    glue: Project,
) -> None:
    glue.write(FLOW)
    run = glue.start()
    run.finish("fetch", "FAILED")
    assert run.states() == {
        "fetch": "FAILED",
        "check": "STARTING",
        "load": "SKIPPED",
        "mend": "STARTING",
        "report": "SKIPPED",
    }
    assert run.reason("load") == "fetched can't fire: fetch is FAILED, not SUCCEEDED"
    assert run.reason("report") == "loaded can't fire: load is SKIPPED, not SUCCEEDED"
    assert run.why_never("fetch_too_slow") == "fetch is FAILED, not TIMEOUT"
    assert "load skipped: fetched can't fire: fetch is FAILED, not SUCCEEDED" in run.story()


def test_a_node_that_another_trigger_may_still_start_is_not_skipped(glue: Project) -> None:
    after_check = '[triggers.check_failed]\ntype = "CONDITIONAL"\nconditions = [{ job = "check", state = "FAILED" }]\n'
    glue.write(FLOW + after_check + 'actions = [{ job = "load" }]\n')
    run = glue.start()
    run.finish("fetch", "FAILED")
    assert (run.trigger("fetched"), run.state("load")) == ("NEVER", "PENDING")
    run.finish("check", "FAILED")
    assert run.state("load") == "STARTING"


def test_a_node_that_ends_in_error_strands_nothing_in_silence(glue: Project) -> None:
    """ERROR is our own failure. Nothing but a clean-up listens for it, in Glue nothing at all."""
    glue.write(FLOW)
    run = glue.start()
    run.finish("fetch", "ERROR")
    assert {name: run.state(name) for name in ("load", "report", "mend")} == dict.fromkeys(
        ("load", "report", "mend"), "SKIPPED"
    )
    assert run.reason("load") == "fetched can't fire: fetch is ERROR, not SUCCEEDED"
    assert run.reason("mend").endswith("can't fire: fetch is ERROR, not TIMEOUT")
    run.finish("check")
    assert (run.outcome, run.view.summary.failed_nodes) == ("ERROR", ("fetch",))
    error = run.view.nodes[0].error
    assert error is not None
    assert (error.type, error.message) == ("WorkerLost", "the fork server died")
    again = glue.resume(run)
    assert (again.state("fetch"), again.state("load")) == ("STARTING", "PENDING")


# What a stop discards


def test_a_stop_says_which_nodes_it_ended_which_never_started_and_what_stays(glue: Project) -> None:
    glue.write(FLOW.replace("[jobs.check]\n", '[jobs.check]\nmax_retries = 1\nretry_delay = "1h"\n'))
    run = glue.start()
    run.finish("check", "FAILED")
    run.finish("fetch")
    run.stop()
    assert run.reason("check") == "stopped before it was tried again"
    run.finish("load", "STOPPED")
    assert run.it.message == ("stopped by hand; ended check, load; never started report; kept what fetch did")
    assert run.view.summary.message == run.it.message
    assert run.story()[-1] == f"run STOPPED, outcome STOPPED: {run.it.message}"
    assert run.reason("report") == "the run was stopped"
    assert run.reason("load") == "ended by the stop; what its program had written stays"
    assert run.reason("mend") == "fetch_too_slow can't fire: fetch is SUCCEEDED, not TIMEOUT"
    assert "load ended STOPPED: ended by the stop; what its program had written stays" in run.story()


def test_a_node_that_still_waited_for_a_slot_never_started(glue: Project) -> None:
    glue.kernel.slots = 1
    glue.write(FLOW)
    run = glue.start()
    assert (run.state("fetch"), run.state("check")) == ("STARTING", "WAITING")
    run.stop()
    run.finish("fetch", "STOPPED")
    assert run.it.message.startswith("stopped by hand; ended fetch; never started check, load")


def test_a_stop_tells_what_had_failed_and_what_was_being_tried_again(glue: Project) -> None:
    glue.write(FLOW.replace("[jobs.check]\n", "[jobs.check]\nmax_retries = 1\n"))
    run, waits = glue.start(), glue.start()
    run.finish("fetch", "FAILED")
    run.finish("check", "FAILED")
    run.stop()
    run.finish("check", "STOPPED")
    run.finish("mend", "STOPPED")
    assert run.reason("check") == "ended by the stop; what its program had written stays"
    assert run.it.message == "stopped by hand; fetch had failed; ended check, mend"
    assert waits.state("check") == "STARTING"
    later = glue.start()
    later.stop()
    assert (later.status, later.reason("check")) == ("STOPPED", "stopped before it began")


def test_a_crawler_or_job_that_publishes_at_its_end_loses_what_it_had_not_published(glue: Project) -> None:
    text = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ crawler = "landing" }, { job = "sum" }]\n'
    text += (
        '[jobs.sum]\ntype = "sql"\nquery = "SELECT 1 AS one"\ntargets = [{ table = "marts.one", path = "out/one" }]\n'
    )
    glue.write(text + crawlers("landing"))
    run = glue.start()
    run.begin("landing")
    run.stop()
    run.finish("landing", "STOPPED")
    run.finish("sum", "STOPPED")
    for name in ("landing", "sum"):
        assert run.reason(name) == "ended by the stop; what it had not published is discarded"


def test_a_stop_before_anything_ran_discards_nothing_and_says_so(glue: Project) -> None:
    glue.write("max_concurrent_runs = 1\n" + FLOW)
    glue.start()
    queued = glue.start()
    queued.stop()
    assert queued.it.message == "stopped by hand; never started fetch, check, load, mend, report"


def test_a_stop_of_many_nodes_names_the_first_and_counts_the_others(glue: Project) -> None:
    names = [f"j{number}" for number in range(8)]
    actions = ", ".join(f'{{ job = "{name}" }}' for name in names)
    glue.write(f'[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{actions}]\n' + jobs(*names))
    run = glue.start()
    run.stop()
    for name in names:
        run.finish(name, "STOPPED")
    assert run.it.message == "stopped by hand; ended j0, j1, j2, j3, j4 and 3 more"
