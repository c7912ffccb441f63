"""A real engine with real workers: runs, failures, retries, stops, triggers and reloads."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from glue_tui.core.problem import EntityNotFound, IllegalWorkflowState, InvalidInput
from glue_tui.protocol.views import TriggerView
from tests.conftest import RunningEngine, wait_for

BRANCHES = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "prepare" }]

[triggers.prepared]
type = "CONDITIONAL"
conditions = [{ job = "prepare", state = "SUCCEEDED" }]
actions = [{ job = "work" }]

[triggers.worked]
type = "CONDITIONAL"
conditions = [{ job = "work", state = "SUCCEEDED" }]
actions = [{ job = "publish" }]

[triggers.failed]
type = "CONDITIONAL"
conditions = [{ job = "work", state = "FAILED" }]
actions = [{ job = "report" }]

[jobs.prepare]
type = "command"
command = ["sh", "-c", "echo prepared >> trace.txt"]

[jobs.work]
type = "command"
command = ["sh", "-c", "echo worked >> trace.txt; test -e mended"]

[jobs.publish]
type = "command"
command = ["sh", "-c", "echo published >> trace.txt"]

[jobs.report]
type = "command"
command = ["sh", "-c", "echo reported >> trace.txt"]
"""


WATCH = """
[triggers.arrived]
type = "EVENT"
watch = ["incoming/**/*.csv"]
actions = [{ job = "show" }]
[jobs.show]
type = "command"
command = ["true"]
"""


def only_trigger(engine: RunningEngine) -> TriggerView:
    return engine.ask(lambda client: client.project()).workflows[0].triggers[0]


def states(engine: RunningEngine, ref: str | int) -> dict[str, str]:
    return {node.name: node.state for node in engine.run(ref).nodes}


def write(project: Path, name: str, text: str) -> None:
    (project / "workflows" / f"{name}.toml").write_text(text)


def test_a_failed_node_takes_its_failure_branch_and_a_retry_runs_only_it_and_what_follows(
    project: Path, engine: RunningEngine
) -> None:
    """Rules TR-9, RS-4, RS-5, RS-6: and the run is told RECOVERED, not just COMPLETED (WF-11)."""
    write(project, "branches", BRANCHES)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("branches"))
    first = engine.finished(1)
    assert (first.summary.status, first.summary.outcome) == ("COMPLETED", "RECOVERED")
    assert states(engine, 1) == {"prepare": "SUCCEEDED", "work": "FAILED", "publish": "SKIPPED", "report": "SUCCEEDED"}
    assert engine.node(1, "work").error is not None
    assert engine.node(1, "work").exit_code == 1

    (project / "mended").touch()
    plan = engine.ask(lambda client: client.plan_resume("branches"))
    assert plan.restart == ("job:work",)
    assert plan.follow == ("job:publish", "job:report")
    assert plan.carried == ("job:prepare",)
    engine.ask(lambda client: client.resume_workflow_run("branches"))
    second = engine.finished(2)
    assert second.summary.outcome == "SUCCEEDED"
    assert second.summary.previous_run_id == first.summary.run_id
    assert states(engine, 2) == {
        "prepare": "SUCCEEDED",
        "work": "SUCCEEDED",
        "publish": "SUCCEEDED",
        "report": "SKIPPED",
    }
    assert engine.node(2, "prepare").carried_from == first.summary.run_id
    trace = (project / "trace.txt").read_text().split()
    assert trace == ["prepared", "worked", "reported", "worked", "published"]


def test_a_job_with_nothing_to_do_is_skipped_and_a_retry_leaves_it_alone(project: Path, engine: RunningEngine) -> None:
    text = BRANCHES.replace("test -e mended", "exit 99").replace("[jobs.work]", "[jobs.work]\nskip_codes = [99]")
    with_other = text + '[jobs.other]\ntype = "command"\ncommand = ["test", "-e", "mended"]\n'
    write(project, "branches", with_other.replace('[{ job = "prepare" }]', '[{ job = "prepare" }, { job = "other" }]'))
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("branches"))
    first = engine.finished(1)
    assert first.summary.outcome == "FAILED"
    assert first.summary.failed_nodes == ("other",)
    work, publish = engine.node(1, "work"), engine.node(1, "publish")
    assert (work.state, work.reason, work.exit_code) == ("SKIPPED", "exit code 99", 99)
    assert (publish.state, publish.reason) == ("SKIPPED", "worked can't fire: work was skipped: exit code 99")
    (project / "mended").touch()
    engine.ask(lambda client: client.resume_workflow_run("branches"))
    second = engine.finished(2)
    assert (second.summary.outcome, engine.node(2, "work").state) == ("SUCCEEDED", "SKIPPED")
    assert (project / "trace.txt").read_text().split() == ["prepared", "worked"]


def test_jr_6_and_jr_8_retries_follow_each_other_and_only_the_last_attempt_counts(
    project: Path, engine: RunningEngine
) -> None:
    """Rules JR-6 and JR-8."""
    retried = BRANCHES.replace("[jobs.work]", "[jobs.work]\nmax_retries = 2").replace(
        "test -e mended", "test $(grep -c worked trace.txt) -ge 3"
    )
    write(project, "branches", retried)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("branches"))
    run = engine.finished(1)
    assert run.summary.outcome == "SUCCEEDED"
    work = engine.node(1, "work")
    assert [attempt.state for attempt in work.attempts] == ["FAILED", "FAILED", "SUCCEEDED"]
    assert len({attempt.log_path for attempt in work.attempts}) == 3
    assert states(engine, 1)["report"] == "SKIPPED"


def test_rs_1_stop_ends_workers_with_their_grandchildren_and_starts_nothing_more(
    project: Path, engine: RunningEngine
) -> None:
    """Rule RS-1; the shell and what it started ignore TERM, so the grace ends with KILL."""
    hanging = BRANCHES.replace(
        "echo worked >> trace.txt; test -e mended",
        "trap '' TERM; (trap '' TERM; sleep 600) & echo $! > child.pid; sleep 600",
    )
    write(project, "branches", hanging)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("branches"))
    pid = int(wait_for(lambda: (project / "child.pid").exists() and (project / "child.pid").read_text().strip()))
    engine.ask(lambda client: client.stop_workflow_run("1"))
    run = engine.finished(1)
    assert (run.summary.status, run.summary.outcome) == ("STOPPED", "STOPPED")
    assert states(engine, 1) == {"prepare": "SUCCEEDED", "work": "STOPPED", "publish": "SKIPPED", "report": "SKIPPED"}
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    (attempt,) = engine.node(1, "work").attempts
    assert Path(attempt.log_path).read_text().endswith("killed by the engine: it had been asked to end, and went on\n")
    with pytest.raises(IllegalWorkflowState):
        engine.ask(lambda client: client.stop_workflow_run("1"))


def test_jr_5_and_jr_6_a_timeout_ends_the_attempt_and_is_not_retried(project: Path, engine: RunningEngine) -> None:
    """Rules JR-5 and JR-6."""
    slow = BRANCHES.replace("echo worked >> trace.txt; test -e mended", "exec sleep 600").replace(
        "[jobs.work]", '[jobs.work]\ntimeout = "1s"\nmax_retries = 3'
    )
    write(project, "branches", slow)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("branches"))
    engine.finished(1)
    work = engine.node(1, "work")
    assert work.state == "TIMEOUT"
    assert len(work.attempts) == 1
    assert work.error is not None
    assert work.error.type == "Timeout"


def test_wf_14_a_second_start_waits_for_its_turn(project: Path, engine: RunningEngine) -> None:
    write(
        project,
        "one",
        """
max_concurrent_runs = 1
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "hold" }]
[jobs.hold]
type = "command"
command = ["sh", "-c", "until test -e go; do sleep 0.05; done"]
""",
    )
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("one"))
    engine.ask(lambda client: client.start_workflow_run("one"))
    wait_for(lambda: engine.node(1, "hold").state == "RUNNING")
    assert engine.run(2).summary.started_at is None
    (project / "go").touch()
    first, second = engine.finished(1), engine.finished(2)
    assert first.summary.finished_at is not None
    assert second.summary.started_at is not None
    assert second.summary.started_at >= first.summary.finished_at


def test_a_request_sent_twice_makes_one_run(project: Path, engine: RunningEngine) -> None:
    write(project, "branches", BRANCHES)
    engine.start()
    first = engine.ask(lambda client: client.start_workflow_run("branches", request_id="r-1"))
    second = engine.ask(lambda client: client.start_workflow_run("branches", request_id="r-1"))
    assert first.run_id == second.run_id
    assert len(engine.ask(lambda client: client.runs())) == 1


def test_ev_4_a_file_that_lands_starts_one_run_with_its_name(project: Path, engine: RunningEngine) -> None:
    """What was there before starts nothing; a hidden or temporary file never counts."""
    (project / "incoming").mkdir()
    (project / "incoming" / "old.csv").write_text("a\n1\n")
    write(
        project,
        "watch",
        """
[triggers.arrived]
type = "EVENT"
watch = ["incoming/*.csv"]
actions = [{ job = "show" }]
[jobs.show]
type = "command"
command = ["sh", "-c", "echo got $0", "{{ event.files }}"]
""",
    )
    engine.start()
    (project / "incoming" / ".half.csv").write_text("a\n")
    partial = project / "incoming" / "new.csv.part"
    partial.write_text("a\n2\n")
    partial.rename(project / "incoming" / "new.csv")
    run = engine.finished(wait_for(lambda: engine.ask(lambda client: client.runs())[:1])[0].number)
    assert run.summary.event_files == ("incoming/new.csv",)
    assert run.summary.trigger == "arrived"
    assert "incoming/new.csv" in Path(run.nodes[0].attempts[0].log_path).read_text()
    assert len(engine.ask(lambda client: client.runs())) == 1


def test_files_that_landed_while_no_engine_ran_are_found_at_the_next_start(
    project: Path, engine: RunningEngine
) -> None:
    (project / "incoming").mkdir()
    write(project, "watch", WATCH)
    engine.start()
    assert only_trigger(engine).state == "ACTIVATED"
    engine.stop()
    (project / "incoming" / "deep").mkdir()
    (project / "incoming" / "deep" / "late.csv").write_text("a\n")
    engine.start()
    wait_for(lambda: engine.ask(lambda client: client.runs()))
    assert engine.finished(1).summary.event_files == ("incoming/deep/late.csv",)


def test_tr_4_a_paused_event_trigger_keeps_its_files_and_remembers_across_a_restart(
    project: Path, engine: RunningEngine
) -> None:
    """Glue can't pause an EVENT trigger at all (rule TR-4)."""
    (project / "incoming").mkdir()
    write(project, "watch", WATCH)
    engine.start()
    engine.ask(lambda client: client.set_trigger_enabled("watch", "arrived", False))
    (project / "incoming" / "a.csv").write_text("a\n")
    wait_for(lambda: only_trigger(engine).batch_files == 1)
    engine.stop()
    engine.start()
    assert only_trigger(engine).state == "DEACTIVATED"
    wait_for(lambda: only_trigger(engine).batch_files == 1)
    assert engine.ask(lambda client: client.runs()) == ()
    engine.ask(lambda client: client.set_trigger_enabled("watch", "arrived", True))
    wait_for(lambda: engine.ask(lambda client: client.runs()))
    assert engine.finished(1).summary.event_files == ("incoming/a.csv",)


def test_saving_a_definition_reloads_it_and_a_bad_one_keeps_the_last_good_version(
    project: Path, engine: RunningEngine
) -> None:
    watched = '[triggers.files]\ntype = "EVENT"\nwatch = ["incoming/*"]\nactions = [{ job = "prepare" }]\n'
    write(project, "branches", BRANCHES + watched)
    engine.start()
    view = lambda: engine.ask(lambda client: client.project()).workflows[0]  # noqa: E731
    path = project / "workflows" / "branches.toml"
    temporary = path.with_name("branches.toml.new")
    temporary.write_text('description = "better"\n' + BRANCHES + watched)
    temporary.replace(path)
    wait_for(lambda: view().description == "better")

    path.write_text((BRANCHES + watched).replace('{ job = "work" }', '{ job = "wrok" }'))
    broken = wait_for(lambda: view().is_broken and view())
    assert broken.problems[0].line == 9
    assert '"work"' in broken.problems[0].hint
    assert len(broken.nodes) == 4
    with pytest.raises(InvalidInput, match=r"branches\.toml:9"):
        engine.ask(lambda client: client.start_workflow_run("branches"))
    (project / "incoming").mkdir(exist_ok=True)
    (project / "incoming" / "a.csv").write_text("a")
    wait_for(lambda: engine.ask(lambda client: client.runs()))
    assert engine.finished(1).summary.outcome == "RECOVERED", "schedules and files go on with the last good version"

    engine.stop()
    engine.start()
    assert view().is_broken
    assert len(view().nodes) == 4, "the last good version is kept across a restart, too"

    path.write_text(BRANCHES)
    wait_for(lambda: not view().is_broken)
    path.unlink()
    wait_for(lambda: not engine.ask(lambda client: client.project()).workflows)
    with pytest.raises(EntityNotFound):
        engine.ask(lambda client: client.start_workflow_run("branches"))
