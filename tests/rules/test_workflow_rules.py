"""WF-1 to WF-19: what a workflow and a run of it are. Each docstring says where Glue does otherwise, if it does."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from one_project import Project, crawlers, jobs

from glue_tui.core.problem import ConcurrentRunsExceeded, EntityNotFound
from glue_tui.definitions.check import COMPONENTS_MAX
from glue_tui.protocol.present import edges
from tests.conftest import RunningEngine

SALES = (
    """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ crawler = "landing" }, { crawler = "shop" }]

[triggers.crawled]
type = "CONDITIONAL"
logical = "AND"
conditions = [{ crawler = "landing", state = "SUCCEEDED" }, { crawler = "shop", state = "SUCCEEDED" }]
actions = [{ job = "clean" }]

[triggers.cleaned]
type = "CONDITIONAL"
conditions = [{ job = "clean", state = "SUCCEEDED" }]
actions = [{ job = "load" }]

[triggers.not_cleaned]
type = "CONDITIONAL"
conditions = [{ job = "clean", state = "FAILED" }]
actions = [{ job = "repair" }]
"""
    + crawlers("landing", "shop")
    + jobs("clean", "load", "repair")
)
TWO_STEPS = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "first" }]

[triggers.first_done]
type = "CONDITIONAL"
conditions = [{ job = "first", state = "SUCCEEDED" }]
actions = [{ job = "second" }]
""" + jobs("first", "second")
ONE = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ job = "work" }]\n' + jobs("work")
EVERY_HOUR = '[triggers.hourly]\ntype = "SCHEDULED"\nschedule = "rate(1 hour)"\nactions = [{ job = "work" }]\n'


# The graph


def test_wf_1_the_graph_is_what_the_triggers_say(glue: Project) -> None:
    """A node that no trigger names is on its own; Glue would not count it as part of the workflow, we warn."""
    two_steps = edges(glue.write(TWO_STEPS))
    assert [(one.source, one.destination) for one in two_steps] == [
        ("trigger:by_hand", "job:first"),
        ("job:first", "trigger:first_done"),
        ("trigger:first_done", "job:second"),
    ]
    assert glue.complaints(TWO_STEPS + jobs("alone")) == ["16: warning: jobs.alone: no trigger starts it"]
    glue.load()
    assert edges(glue.kernel.workflow("night")) == two_steps
    run = glue.start()
    assert (run.state("alone"), run.reason("alone")) == ("SKIPPED", "not reached from trigger by_hand")


def test_wf_2_edges_lead_from_watched_nodes_to_triggers_and_from_triggers_to_what_they_start(glue: Project) -> None:
    found = {(edge.source, edge.destination) for edge in edges(glue.write(SALES))}
    assert found == {
        ("trigger:by_hand", "crawler:landing"),
        ("trigger:by_hand", "crawler:shop"),
        ("crawler:landing", "trigger:crawled"),
        ("crawler:shop", "trigger:crawled"),
        ("trigger:crawled", "job:clean"),
        ("job:clean", "trigger:cleaned"),
        ("trigger:cleaned", "job:load"),
        ("job:clean", "trigger:not_cleaned"),
        ("trigger:not_cleaned", "job:repair"),
    }


def test_wf_3_a_node_appears_once_however_many_triggers_point_at_it(glue: Project) -> None:
    glue.write(SALES.replace('actions = [{ job = "repair" }]', 'actions = [{ job = "load" }, { job = "repair" }]'))
    assert [node.name for node in glue.start().view.nodes] == ["landing", "shop", "clean", "load", "repair"]


def test_wf_4_a_run_shows_the_design_it_began_with_and_the_workflow_its_latest(glue: Project) -> None:
    began_with = edges(glue.write(TWO_STEPS))
    run = glue.start()
    latest = glue.write(
        TWO_STEPS.replace('{ job = "second" }', '{ job = "second" }, { job = "third" }') + jobs("third")
    )
    assert [job.name for job in latest.jobs] == ["first", "second", "third"]
    assert list(run.states()) == ["first", "second"]
    assert run.view.edges == began_with
    first, second = run.view.nodes
    assert first.attempts
    assert (second.state, second.attempts, second.started_at, second.glue_state) == ("PENDING", (), None, "")


def test_wf_5_a_run_keeps_the_triggers_and_the_jobs_it_began_with(glue: Project) -> None:
    """Glue pins the triggers alone: there an edit to a job that is still to come changes the run that is going."""
    glue.write(TWO_STEPS.replace("[jobs.second]", '[jobs.second]\nmax_retries = 1\narguments = { "--level" = "old" }'))
    run = glue.start()
    glue.write(ONE)
    run.finish("first")
    assert run.attempts("second")[0].arguments == {"--level": "old"}
    run.finish("second", "FAILED")
    run.finish("second")
    assert run.outcome == "SUCCEEDED"
    assert list(glue.start().states()) == ["work"]


# Who starts what


def test_wf_6_a_workflow_may_have_several_start_triggers_and_a_run_has_one(glue: Project) -> None:
    """Glue allows one start trigger a workflow. A trigger belongs to one workflow here as there."""
    text = """
[triggers.morning]
type = "ON_DEMAND"
actions = [{ job = "load" }]
[triggers.evening]
type = "ON_DEMAND"
actions = [{ job = "report" }]
"""
    glue.write(text + jobs("load", "report"))
    glue.write(text + jobs("load", "report"), "other")
    run = glue.start(trigger="evening")
    assert run.states() == {"load": "SKIPPED", "report": "STARTING"}
    assert run.reason("load") == "not reached from trigger evening"
    assert run.why_never("morning") == "this run was started by evening"
    glue.switch("evening", enabled=False)
    assert glue.trigger_state("evening") == "DEACTIVATED"
    assert glue.trigger_state("evening", "other") == "CREATED"


def test_wf_7_jobs_of_one_name_in_two_workflows_are_two_jobs_that_may_share_a_script(glue: Project) -> None:
    """In Glue a job lives outside workflows, and an edit to it meets all of them."""
    (glue.folder / "workflows" / "clean.py").write_text("print(1)")
    text = '[triggers.t]\ntype = "ON_DEMAND"\nactions = [{ job = "clean" }]\n[jobs.clean]\ntype = "python"\n'
    glue.write(text + 'script = "clean.py"\n')
    glue.write(text + 'script = "clean.py"\nmax_retries = 3\n', "other")
    glue.switch("t", enabled=False)
    run, other = glue.start(), glue.start("other")
    run.finish("clean", "FAILED")
    assert run.outcome == "FAILED"
    assert other.state("clean") == "STARTING"
    other.finish("clean", "FAILED")
    assert other.state("clean") == "STARTING"


def test_wf_8_what_ends_outside_a_run_moves_no_trigger_inside_it(glue: Project) -> None:
    glue.write(TWO_STEPS)
    glue.write(ONE.replace("work", "first"), "outside")
    run, outside = glue.start(), glue.start("outside")
    outside.finish("first")
    assert outside.outcome == "SUCCEEDED"
    assert run.states() == {"first": "STARTING", "second": "PENDING"}


def test_wf_9_what_ends_inside_a_run_moves_only_the_triggers_of_that_run(glue: Project) -> None:
    glue.write(TWO_STEPS)
    glue.write(TWO_STEPS, "other")
    run, later, other = glue.start(), glue.start(), glue.start("other")
    run.finish("first")
    assert run.state("second") == "STARTING"
    for outside in (later, other):
        assert (outside.trigger("first_done"), outside.state("second")) == ("WAITING", "PENDING")


# How a run goes and ends


def test_wf_10_a_run_is_running_then_completed_or_stopping_then_stopped_or_in_error_if_it_could_not_start(
    glue: Project,
) -> None:
    glue.write('max_concurrent_runs = 1\non_overlap = "error"\n' + EVERY_HOUR + ONE)
    first = glue.start()
    assert first.status == "RUNNING"
    glue.passes(3600)
    refused = glue.runs()[1]
    assert (refused.status, refused.outcome) == ("ERROR", "ERROR")
    assert refused.view.summary.message == "Concurrent runs exceeded for workflow: night."
    first.finish("work")
    assert first.status == "COMPLETED"
    second = glue.start()
    second.stop()
    assert second.status == "STOPPING"
    second.finish("work", "STOPPED")
    assert second.status == "STOPPED"


def test_wf_11_a_run_whose_job_failed_is_completed_and_its_outcome_failed(glue: Project) -> None:
    """Glue says COMPLETED and no more."""
    glue.write(TWO_STEPS)
    run = glue.start()
    run.finish("first", "FAILED")
    assert (run.status, run.outcome) == ("COMPLETED", "FAILED")
    assert run.view.summary.failed_nodes == ("first",)


def test_wf_12_a_run_is_over_when_nothing_runs_and_nothing_can_fire_any_more(glue: Project) -> None:
    glue.write(SALES)
    run = glue.start()
    run.finish("landing", "FAILED")
    assert (run.status, run.state("clean")) == ("RUNNING", "SKIPPED")
    run.finish("shop")
    assert run.status == "COMPLETED"
    assert run.states() == {
        "landing": "FAILED",
        "shop": "SUCCEEDED",
        "clean": "SKIPPED",
        "load": "SKIPPED",
        "repair": "SKIPPED",
    }


def test_wf_13_statistics_count_every_node_once(glue: Project) -> None:
    """Glue has no word for nodes that never ran: there they are what is missing from the total."""
    glue.write(SALES)
    run = glue.start()
    statistics = run.view.summary.statistics
    assert (statistics.total, statistics.running) == (5, 2)
    run.finish("landing")
    run.finish("shop")
    run.finish("clean", "FAILED")
    run.finish("repair", "ERROR")
    statistics = run.view.summary.statistics
    assert (statistics.succeeded, statistics.failed, statistics.errored, statistics.skipped) == (2, 1, 1, 1)
    assert (statistics.running, statistics.waiting, statistics.timeout, statistics.stopped) == (0, 0, 0, 0)


# Several runs at once


def test_wf_14_without_a_limit_runs_go_side_by_side(glue: Project) -> None:
    glue.write(ONE)
    assert [glue.start().it.started_at for _ in range(5)] == [glue.now] * 5


def test_wf_14_at_the_limit_a_start_waits_for_its_turn(glue: Project) -> None:
    """Glue queues nothing: there this start is refused."""
    glue.write("max_concurrent_runs = 1\n" + EVERY_HOUR + ONE)
    first, second = glue.start(), glue.start()
    glue.passes(3600)
    by_schedule = glue.runs()[2]
    assert [run.it.is_queued for run in (first, second, by_schedule)] == [False, True, True]
    first.finish("work")
    assert [run.it.is_queued for run in (second, by_schedule)] == [False, True]
    second.finish("work")
    by_schedule.finish("work")
    assert by_schedule.outcome == "SUCCEEDED"


def test_wf_14_in_glues_way_a_start_by_hand_at_the_limit_is_refused(glue: Project) -> None:
    glue.write('max_concurrent_runs = 1\non_overlap = "error"\n' + TWO_STEPS)
    run = glue.start()
    with pytest.raises(ConcurrentRunsExceeded) as refused:
        glue.start()
    assert refused.value.message == "Concurrent runs exceeded for workflow: night."
    assert "max_concurrent_runs" in refused.value.hint
    run.finish("first", "FAILED")
    glue.start()
    with pytest.raises(ConcurrentRunsExceeded):
        glue.resume(run)
    assert len(glue.runs()) == 2


def test_wf_14_a_start_can_be_skipped_at_the_limit(glue: Project) -> None:
    glue.write('max_concurrent_runs = 1\non_overlap = "skip"\n' + EVERY_HOUR + ONE)
    glue.start()
    with pytest.raises(ConcurrentRunsExceeded, match="on_overlap is skip"):
        glue.start()
    glue.passes(3600)
    assert len(glue.runs()) == 1


def test_wf_14_a_start_can_take_the_place_of_the_oldest_run(glue: Project) -> None:
    glue.write('max_concurrent_runs = 2\non_overlap = "cancel_previous"\n' + ONE)
    first, second, third = (glue.start() for _ in range(3))
    assert [run.status for run in (first, second)] == ["STOPPING", "RUNNING"]
    assert "on_overlap" in first.it.message
    assert third.it.is_queued
    first.finish("work", "STOPPED")
    assert not third.it.is_queued


# Run properties


def test_wf_15_a_run_has_the_default_properties_those_it_was_given_and_those_its_jobs_set(glue: Project) -> None:
    glue.write('[properties]\ncurrency = "EUR"\nregion = "north"\n' + TWO_STEPS)
    run = glue.start(currency="USD")
    assert run.it.properties == {"currency": "USD", "region": "north"}
    run.finish("first", rows="12", region="south")
    assert run.it.properties == {"currency": "USD", "region": "south", "rows": "12"}
    assert glue.start().it.properties == {"currency": "EUR", "region": "north"}


def test_wf_15_a_failed_attempt_sets_no_property(glue: Project) -> None:
    glue.write(ONE)
    run = glue.start()
    run.finish("work", "FAILED", rows="12")
    assert run.it.properties == {}


def test_wf_16_jobs_know_workflow_and_run_and_templates_are_filled_in(glue: Project, engine: RunningEngine) -> None:
    """In Glue a job fetches the run's properties itself, and a definition can't refer to them."""
    (glue.folder / "workflows" / "show.py").write_text("import sys\nprint(' '.join(sys.argv[1:]))\n")
    glue.write(
        """
[properties]
day = "2026-11-18"
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "show", arguments = { "--day" = "{{ properties.day }}" } }]
[jobs.show]
type = "python"
script = "show.py"
"""
    )
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("night", properties={"day": "2026-11-17"}))
    run = engine.finished(1)
    log = Path(run.nodes[0].attempts[0].log_path).read_text()
    assert f"--WORKFLOW_NAME night --WORKFLOW_RUN_ID {run.summary.run_id} --day 2026-11-17" in log


# History and size


def test_wf_17_and_f_13_history_is_kept_until_somebody_prunes_it(glue: Project) -> None:
    """Glue forgets runs after 90 days or a year: its pages don't agree."""
    glue.write(TWO_STEPS)
    run = glue.start()
    run.finish("first")
    run.finish("second", "FAILED")
    glue.passes(3 * 365 * 86400.0)
    glue.crash()
    assert run.outcome == "FAILED"
    assert "second FAILED, attempt 1: ValueError: no good" in run.story()
    assert glue.resume(run).states() == {"first": "SUCCEEDED", "second": "STARTING"}


def test_wf_18_a_workflow_of_more_than_a_hundred_parts_is_nothing_special(glue: Project) -> None:
    """Glue advises against it: there stopping and resuming may fail."""
    names = [f"j{number}" for number in range(120)]
    text = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ job = "j0" }]\n' + jobs(*names)
    for before, after in pairwise(names):
        text += f'[triggers.after_{before}]\ntype = "CONDITIONAL"\n'
        text += f'conditions = [{{ job = "{before}", state = "SUCCEEDED" }}]\nactions = [{{ job = "{after}" }}]\n'
    glue.write(text)
    run = glue.start()
    run.finish("j0", "FAILED")
    assert set(run.states().values()) == {"FAILED", "SKIPPED"}
    again = glue.resume(run)
    again.finish("j0")
    again.stop()
    again.finish("j1", "STOPPED")
    assert again.status == "STOPPED"


def test_wf_18_the_limit_of_parts_is_told(glue: Project) -> None:
    names = [f"j{number}" for number in range(COMPONENTS_MAX)]
    (told,) = glue.complaints('[triggers.t]\ntype = "ON_DEMAND"\nactions = [{ job = "j0" }]\n' + jobs(*names))
    assert told.startswith(f"1: {COMPONENTS_MAX + 1} jobs, crawlers and triggers, more than {COMPONENTS_MAX}")


@pytest.mark.parametrize("key", ["depends_on", "DependsOn"])
def test_wf_19_depends_on_is_refused_and_shown_as_the_trigger_that_says_it(glue: Project, key: str) -> None:
    """Glue's blueprints make triggers of `DependsOn`; here one writes them."""
    (told,) = glue.complaints(ONE + f'[jobs.load]\ntype = "command"\ncommand = ["true"]\n{key} = ["work"]\n')
    assert told.startswith(f"10: jobs.load.{key}: unknown key (")
    assert 'type = "CONDITIONAL"' in told
    assert 'actions = [{ job = "load" }]' in told
    (told,) = glue.complaints(ONE + crawlers("shop") + f'{key} = "work"\n')
    assert 'actions = [{ crawler = "shop" }]' in told


def test_a_workflow_that_is_not_there_is_refused_with_the_nearest_name(glue: Project) -> None:
    glue.write(ONE)
    with pytest.raises(EntityNotFound, match=r'no workflow "nihgt" \(did you mean "night"\?\)'):
        glue.start("nihgt")
