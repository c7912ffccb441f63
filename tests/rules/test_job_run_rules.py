"""JR-1, 5, 6, 7, 8, 9, 12, 13: attempts of jobs and crawlers. Docstrings say where Glue does otherwise.

The other rules of jobs, about several runs at once and about arguments, stand in test_concurrency_rules.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from one_project import Project, crawlers, jobs

from glue_tui.core.events import AttemptQueued, TriggerFired
from glue_tui.core.job import job_type
from glue_tui.core.model import Workflow
from tests.conftest import RunningEngine, wait_for

WORK = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ job = "work" }]\n' + jobs("work")
BRANCHES = (
    """
[triggers.worked]
type = "CONDITIONAL"
conditions = [{ job = "work", state = "SUCCEEDED" }]
actions = [{ job = "publish" }]
[triggers.failed]
type = "CONDITIONAL"
conditions = [{ job = "work", state = "FAILED" }]
actions = [{ job = "report" }]
"""
    + jobs("publish", "report")
    + WORK
)


@pytest.mark.parametrize(
    ("ends", "passes_through"),
    [
        ("SUCCEEDED", ["STARTING", "RUNNING"]),
        ("FAILED", ["STARTING", "RUNNING"]),
        ("TIMEOUT", ["STARTING", "RUNNING", "STOPPING"]),
        ("STOPPED", ["STARTING", "RUNNING", "STOPPING"]),
        ("ERROR", ["STARTING", "RUNNING"]),
    ],
)
def test_jr_1_a_job_goes_from_starting_to_one_of_its_ends_in_glues_words(
    glue: Project, ends: str, passes_through: list[str]
) -> None:
    """Glue has EXPIRED as well, for sessions; here no job comes to it."""
    glue.write(WORK + 'timeout = "1m"\n')
    run = glue.start()
    seen = [run.view.nodes[0].glue_state]
    run.begin("work")
    seen.append(run.view.nodes[0].glue_state)
    if ends == "TIMEOUT":
        glue.passes(60)
    elif ends == "STOPPED":
        run.stop()
    if run.state("work") == "STOPPING":
        seen.append(run.view.nodes[0].glue_state)
    assert seen == passes_through
    run.finish("work", ends)
    assert run.view.nodes[0].glue_state == ends
    assert run.status in ("COMPLETED", "STOPPED")


def test_jr_1_a_job_that_can_not_start_yet_is_waiting(glue: Project) -> None:
    glue.write(WORK + 'max_retries = 1\nretry_delay = "10s"\n')
    run = glue.start()
    run.finish("work", "FAILED")
    assert (run.view.nodes[0].glue_state, glue.at_work()) == ("WAITING", [])
    glue.passes(10)
    assert (run.view.nodes[0].glue_state, glue.at_work()) == ("STARTING", ["work"])


def test_jr_1_a_crawler_tells_its_states_in_the_words_of_crawls(glue: Project) -> None:
    glue.write('[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ crawler = "c" }]\n' + crawlers("c"))
    run = glue.start()
    assert run.view.nodes[0].glue_state == "RUNNING"
    run.stop()
    assert run.view.nodes[0].glue_state == "CANCELLING"
    run.finish("c", "STOPPED")
    assert run.view.nodes[0].glue_state == "CANCELLED"


def test_jr_5_a_timeout_counts_from_the_start_of_the_worker_and_the_actions_goes_before_the_jobs(glue: Project) -> None:
    action = '{ job = "work", timeout = "30s" }'
    glue.write(WORK.replace('{ job = "work" }', action) + 'timeout = "2h"\nmax_retries = 1\nretry_delay = "1h"\n')
    run = glue.start()
    glue.passes(20)
    run.begin("work")
    glue.passes(29)
    assert run.state("work") == "RUNNING"
    run.finish("work", "FAILED")
    glue.passes(3600)
    run.begin("work")
    glue.passes(29)
    assert run.state("work") == "RUNNING"
    glue.passes(1)
    assert glue.being_stopped() == ["work"]
    run.finish("work", "TIMEOUT")
    error = run.attempts("work")[-1].error
    assert error is not None
    assert error.message == "ran longer than its timeout of 30 s"


def test_jr_5_a_job_without_a_timeout_gets_48_hours_and_a_crawler_none(glue: Project) -> None:
    """Glue's default is 48 hours or 8, by the version of the job; its longest a week, ours a year."""
    workflow = glue.write(WORK)
    assert workflow.jobs[0].timeout_s == 48 * 3600
    assert glue.write(WORK + 'timeout = "30d"\n').jobs[0].timeout_s == 30 * 86400
    assert glue.complaints(WORK + 'timeout = "0s"\n') == [
        "7: jobs.work.timeout: a timeout must be longer than nothing (leave it out for none of your own)"
    ]
    text = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ crawler = "c" }]\n' + crawlers("c")
    glue.write(text, "crawl")
    run = glue.start("crawl")
    run.begin("c")
    glue.passes(360 * 86400)
    assert run.state("c") == "RUNNING"


def test_jr_6_a_failed_job_is_tried_again_as_often_as_it_says_and_a_timeout_is_not(glue: Project) -> None:
    glue.write(WORK + 'max_retries = 2\ntimeout = "1m"\n')
    run = glue.start()
    for number in (1, 2, 3):
        assert [one.attempt for one in run.attempts("work")] == list(range(1, number + 1))
        run.finish("work", "FAILED")
    assert (run.state("work"), run.outcome) == ("FAILED", "FAILED")
    run = glue.start()
    run.begin("work")
    glue.passes(60)
    run.finish("work", "TIMEOUT")
    assert (run.state("work"), len(run.attempts("work")), run.outcome) == ("TIMEOUT", 1, "FAILED")
    assert glue.complaints(WORK + "max_retries = 11\n") == ["7: jobs.work.max_retries: must be 0 to 10, not 11"]


def test_jr_6_a_worker_that_vanished_is_tried_again_on_a_budget_of_our_own(glue: Project) -> None:
    """FAILED is the user's work, ERROR ours: what breaks here uses up no retry of the user's."""
    glue.write(WORK + "max_retries = 1\n")
    run = glue.start()
    run.vanish("work")
    run.finish("work", "FAILED")
    run.vanish("work")
    run.finish("work")
    assert [one.state for one in run.attempts("work")] == ["ERROR", "FAILED", "ERROR", "SUCCEEDED"]
    assert run.outcome == "SUCCEEDED"


def test_jr_6_a_node_that_was_given_up_after_lost_workers_had_no_more_tries_than_it_got(glue: Project) -> None:
    glue.write(WORK)
    run = glue.start()
    for _ in range(4):
        run.vanish("work")
    (node,) = run.view.nodes
    assert (node.state, node.attempt, node.max_attempts) == ("ERROR", 4, 4)


def test_jr_7_retries_are_attempts_of_one_node_with_a_delay_that_grows(glue: Project) -> None:
    """Each retry is a job run of its own in Glue, so that who watches the first sees FAILED; delays there are none."""
    glue.write(WORK + 'max_retries = 3\nretry_delay = "10s"\nbackoff = 3.0\n')
    run = glue.start()
    for delay_s in (10, 30, 90):
        run.finish("work", "FAILED")
        glue.passes(delay_s - 1)
        assert glue.at_work() == []
        glue.passes(1)
        assert glue.at_work() == ["work"]
    run.finish("work")
    (node,) = run.view.nodes
    assert (node.state, node.attempt, node.max_attempts) == ("SUCCEEDED", 4, 4)
    assert [one.state for one in node.attempts] == ["FAILED", "FAILED", "FAILED", "SUCCEEDED"]
    assert len({one.log_path for one in node.attempts}) == 4
    reasons = [event.reason for event in run.events() if isinstance(event, AttemptQueued)]
    assert reasons == ["", *(f"retry {number} of 3 after ValueError" for number in (1, 2, 3))]


def test_jr_8_and_f_1_only_the_last_attempt_counts_for_triggers(glue: Project) -> None:
    """Glue does not say whether a trigger that listens for FAILED fires on an attempt that is tried again."""
    glue.write(BRANCHES + "max_retries = 1\n")
    run = glue.start()
    run.finish("work", "FAILED")
    assert (run.trigger("failed"), run.state("report"), run.state("publish")) == ("WAITING", "PENDING", "PENDING")
    run.finish("work")
    assert (run.state("report"), run.state("publish")) == ("SKIPPED", "STARTING")
    run.finish("publish")
    run = glue.start()
    run.finish("work", "FAILED")
    run.finish("work", "FAILED")
    assert (run.state("report"), run.state("publish")) == ("STARTING", "SKIPPED")


def test_jr_9_a_node_names_the_trigger_that_started_it_and_that_the_nodes_that_made_it_fire(glue: Project) -> None:
    either = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "a" }, { job = "b" }]
[triggers.either]
type = "CONDITIONAL"
logical = "ANY"
conditions = [{ job = "a", state = "SUCCEEDED" }, { job = "b", state = "SUCCEEDED" }, { job = "b", state = "FAILED" }]
actions = [{ job = "c" }]
"""
    glue.write(either + jobs("a", "b", "c"))
    run = glue.start()
    run.finish("b", "FAILED")
    fired = {event.trigger: event.predecessors for event in run.events() if isinstance(event, TriggerFired)}
    assert fired == {"by_hand": (), "either": ("job:b",)}
    assert [node.started_by for node in run.view.nodes] == ["by_hand", "by_hand", "either"]


def test_jr_9_a_job_is_run_again_by_resuming_its_run_at_it(glue: Project) -> None:
    """Glue starts the job run again by its id."""
    glue.write(WORK)
    run = glue.start()
    run.finish("work")
    again = glue.resume(run, "work")
    assert (again.state("work"), again.it.previous_run_id) == ("STARTING", run.run_id)


def test_jr_12_each_attempt_has_one_log_of_all_it_says_readable_while_it_runs(
    project: Path, engine: RunningEngine
) -> None:
    """In Glue output and errors of a job, and crawls, lie in different groups, some only after the run."""
    said = "echo to output; echo to errors >&2; until test -e go; do sleep 0.05; done; echo at the end"
    (project / "say.sh").write_text(said)
    (project / "workflows" / "night.toml").write_text(WORK.replace('["true"]', '["sh", "say.sh"]'))
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("night"))
    wait_for(lambda: engine.node(1, "work").attempt)
    log = Path(engine.node(1, "work").attempts[0].log_path)
    wait_for(lambda: log.exists() and "to output" in log.read_text() and "to errors" in log.read_text())
    wait_for(lambda: engine.node(1, "work").state == "RUNNING", why="for the start to be told, which may come after it")
    assert "at the end" not in log.read_text()
    (project / "go").touch()
    engine.finished(1)
    assert "at the end" in log.read_text()


JOB_TYPES = """
[jobs.p]
type = "python"
script = "p.py"
[jobs.s]
type = "sql"
query = "SELECT 1 AS one"
targets = [{ table = "marts.one", path = "out/one" }]
[jobs.c]
type = "command"
command = ["true"]
[jobs.d]
type = "dashboard"
output = "out/d.html"
charts = [{ title = "One", kind = "table", query = "SELECT 1 AS one" }]
"""


def _types(workflow: Workflow) -> list[str]:
    return [job_type(job) for job in workflow.jobs]


def test_jr_13_a_job_is_python_sql_command_or_dashboard_and_saving_it_replaces_the_whole_of_it(glue: Project) -> None:
    (glue.folder / "workflows" / "p.py").touch()
    actions = '{ job = "p" }, { job = "s" }, { job = "c" }, { job = "d" }'
    by_hand = f'[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{actions}]\n'
    assert _types(glue.write(by_hand + JOB_TYPES)) == ["python", "sql", "command", "dashboard"]
    (job,) = glue.write(WORK + "max_retries = 3\n").jobs
    assert job.max_retries == 3
    (job,) = glue.write(WORK).jobs
    assert job.max_retries == 0


@pytest.mark.parametrize(
    ("word", "way_out"),
    [
        ("glueetl", 'here: type = "spark"'),
        ("pythonshell", 'here: type = "python"'),
        ("gluestreaming", 'here: type = "python" or "sql"'),
        ("glueray", 'here: type = "python" or "sql"'),
    ],
)
def test_jr_13_glues_names_of_job_types_are_answered_with_ours(glue: Project, word: str, way_out: str) -> None:
    assert glue.complaints(WORK.replace('"command"', f'"{word}"')) == [
        f'5: jobs.work.type: no such value: "{word}" ({way_out})'
    ]
