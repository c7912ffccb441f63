"""A resume with the definition of now or as the run ran, on a real engine: what is told beforehand and what is done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from glue_tui.core.problem import InvalidInput
from glue_tui.protocol.plan_views import ResumePlanView
from glue_tui.protocol.views import ResumedView
from tests.conftest import RunningEngine, wait_for

FLOW = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "prepare" }, { job = "clean" }]

[triggers.cleaned]
type = "CONDITIONAL"
conditions = [{ job = "clean", state = "SUCCEEDED" }]
actions = [{ job = "publish" }]

[jobs.prepare]
type = "command"
command = ["true"]

[jobs.clean]
type = "python"
script = "jobs/clean.py"
timeout = "30m"
arguments = { "--word" = "old" }

[jobs.publish]
type = "command"
command = ["true"]
"""
FAILS = "import sys\nprint(sys.argv)\nraise SystemExit(3)\n"
TELLS = "import sys\nfrom pathlib import Path\nPath('said.txt').write_text(' '.join(sys.argv[1:]))\n"


def write(project: Path, text: str) -> None:
    (project / "workflows" / "flow.toml").write_text(text)


def write_long_ago(path: Path, text: str) -> None:
    path.write_text(text)
    os.utime(path, (1_700_000_000, 1_700_000_000))


@pytest.fixture
def failed(project: Path, engine: RunningEngine) -> RunningEngine:
    """An engine with one run, of which `clean` failed."""
    write_long_ago(project / "workflows" / "jobs" / "clean.py", FAILS)
    write(project, FLOW)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("flow"))
    assert engine.finished(1).summary.failed_nodes == ("clean",)
    return engine


def plan(engine: RunningEngine, *nodes: str, as_it_ran: bool = False) -> ResumePlanView:
    engine.ask(lambda client: client.reload())
    return engine.ask(lambda client: client.plan_resume("1", nodes=nodes, as_it_ran=as_it_ran))


def resumed(engine: RunningEngine, *, as_it_ran: bool) -> None:
    engine.ask(lambda client: client.resume_workflow_run("1", as_it_ran=as_it_ran))
    engine.finished(2)


def story(engine: RunningEngine, ref: str) -> str:
    return engine.ask(lambda client: client.story(ref))[0].text


def test_nothing_has_changed_and_the_resumed_run_says_so(project: Path, failed: RunningEngine) -> None:
    view = plan(failed)
    assert (view.restart, view.follow, view.carried) == (("job:clean",), ("job:publish",), ("job:prepare",))
    assert (view.run_number, view.changes, view.scripts, view.as_it_ran) == (1, (), (), False)
    resumed(failed, as_it_ran=False)
    assert failed.run(2).summary.resumed == ResumedView(number=1, as_it_ran=False, changes=0)
    assert "resumes run 1 with the definition of now (nothing changed)" in story(failed, "2")
    assert failed.ask(lambda client: client.runs())[0].resumed == failed.run(2).summary.resumed


def test_the_changes_that_concern_what_runs_again_come_first_in_both_choices(
    project: Path, failed: RunningEngine
) -> None:
    changed = FLOW.replace('["true"]', '["echo", "hi"]', 1).replace("30m", "10m").replace("old", "new")
    write(project, f"max_concurrent_runs = 3\n{changed}")
    for as_it_ran in (False, True):
        view = plan(failed, as_it_ran=as_it_ran)
        assert [(one.concerns, one.where, one.before, one.after) for one in view.changes] == [
            ("again", "jobs.clean.timeout", "30m", "10m"),
            ("again", "jobs.clean.arguments.--word", '"old"', '"new"'),
            ("workflow", "max_concurrent_runs", "0", "3"),
            ("others", "jobs.prepare.command", '["true"]', '["echo", "hi"]'),
        ]
        assert (view.as_it_ran, view.changes_total) == (as_it_ran, 4)


@pytest.mark.parametrize(("as_it_ran", "said"), [(False, "--word new"), (True, "--word old")])
def test_the_chosen_definition_is_used_and_recorded_and_the_script_is_the_one_of_now(
    project: Path, failed: RunningEngine, as_it_ran: bool, said: str
) -> None:
    write(project, FLOW.replace("old", "new"))
    (project / "workflows" / "jobs" / "clean.py").write_text(TELLS)
    view = plan(failed, as_it_ran=as_it_ran)
    (script,) = view.scripts
    assert (script.path, script.node_ids) == ("workflows/jobs/clean.py", ("job:clean",))
    assert script.saved_at is not None
    resumed(failed, as_it_ran=as_it_ran)
    assert said in (project / "said.txt").read_text()
    assert failed.run(2).summary.outcome == "SUCCEEDED"
    assert failed.run(2).summary.resumed == ResumedView(number=1, as_it_ran=as_it_ran, changes=0 if as_it_ran else 1)
    how = "as it ran" if as_it_ran else "with the definition of now (1 change)"
    assert f"resumes run 1 {how}; first started by by_hand" in story(failed, "2")


def test_a_trigger_that_was_paused_since_is_a_change(project: Path, failed: RunningEngine) -> None:
    failed.ask(lambda client: client.set_trigger_enabled("flow", "cleaned", False))
    (change,) = plan(failed).changes
    assert (change.where, change.before, change.after) == ("triggers.cleaned.enabled", "true", "false")
    assert plan(failed, as_it_ran=True).changes == (change,)


def test_of_a_command_the_first_file_of_the_project_is_its_script(project: Path, engine: RunningEngine) -> None:
    script = project / "tools.sh"
    write_long_ago(script, "date > out.txt; exit 3")
    write_long_ago(project / "workflows" / "jobs" / "clean.py", TELLS)
    (project / "out.txt").touch()
    write(project, FLOW.replace('["true"]', '["sh", "tools.sh", "out.txt"]', 1))
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("flow"))
    assert engine.finished(1).summary.failed_nodes == ("prepare",)
    assert plan(engine).scripts == ()
    script.write_text("exit 0")
    assert [script.path for script in plan(engine).scripts] == ["tools.sh"]


def test_a_script_that_is_gone_is_told(project: Path, failed: RunningEngine) -> None:
    write(project, FLOW.replace("jobs/clean.py", "jobs/new.py"))
    (project / "workflows" / "jobs" / "clean.py").rename(project / "workflows" / "jobs" / "new.py")
    assert plan(failed).scripts == ()
    (script,) = plan(failed, as_it_ran=True).scripts
    assert (script.path, script.saved_at) == ("workflows/jobs/clean.py", None)


def test_a_broken_file_refuses_the_definition_of_now_and_leaves_the_one_that_ran(
    project: Path, failed: RunningEngine
) -> None:
    write(project, FLOW.replace('"publish" }]', '"publsh" }]'))
    with pytest.raises(InvalidInput, match=r'flow.toml:9: .* no job named "publsh".*--as-it-ran'):
        plan(failed)
    with pytest.raises(InvalidInput, match="--as-it-ran"):
        failed.ask(lambda client: client.resume_workflow_run("1"))
    view = plan(failed, as_it_ran=True)
    assert 'no job named "publsh"' in view.refused_now
    assert view.changes == ()
    resumed(failed, as_it_ran=True)
    assert failed.run(2).summary.failed_nodes == ("clean",)


def test_a_workflow_whose_file_is_gone_is_resumed_as_it_ran(project: Path, failed: RunningEngine) -> None:
    (project / "workflows" / "flow.toml").unlink()
    with pytest.raises(InvalidInput, match=r"workflows/flow.toml is gone \(.*--as-it-ran"):
        plan(failed)
    assert plan(failed, as_it_ran=True).refused_now == "workflows/flow.toml is gone"
    resumed(failed, as_it_ran=True)
    wait_for(lambda: failed.run(2).summary.outcome == "FAILED")


def test_a_node_that_is_gone_is_told_and_can_only_run_as_it_ran(project: Path, failed: RunningEngine) -> None:
    without = FLOW.split("[triggers.cleaned]")[0] + FLOW[FLOW.index("[jobs.prepare]") : FLOW.index("[jobs.publish]")]
    write(project, without)
    view = plan(failed)
    assert (view.restart, view.follow, view.gone) == (("job:clean",), (), ("job:publish",))
    assert [(one.kind, one.where) for one in view.changes] == [
        ("removed", "triggers.cleaned"),
        ("removed", "jobs.publish"),
    ]
    assert plan(failed, as_it_ran=True).follow == ("job:publish",)
    write(project, FLOW.replace("clean", "wash").replace("jobs/wash.py", "jobs/clean.py"))
    with pytest.raises(InvalidInput, match=r"clean of run 1 is no longer in workflows/flow.toml"):
        plan(failed)
