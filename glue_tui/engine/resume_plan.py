"""What a resume would do and what changed since the run: gathers runs and definitions."""

from __future__ import annotations

from glue_tui.core.changes import workflow_changes
from glue_tui.core.model import RunId, Workflow, crawler_id
from glue_tui.core.problem import InvalidInput
from glue_tui.core.resume import plan_resume
from glue_tui.core.run import WorkflowRun
from glue_tui.definitions.scripts import scripts_saved_since
from glue_tui.engine.host import Host
from glue_tui.engine.starts import workflow_again
from glue_tui.protocol.plan import resume_plan_view
from glue_tui.protocol.plan_views import ResumePlanView
from glue_tui.protocol.requests import PlanResume


def plan_view(host: Host, ask: PlanResume) -> ResumePlanView:
    """Return the plan for one choice of nodes and definition. Raises what the resume itself would be refused with."""
    run = run_of(host, ask.run)
    if ask.as_it_ran:
        chosen, refused_now = run.workflow, _problem_now(host, run)
    else:
        chosen, refused_now = workflow_now(host, run), ""
    plan = plan_resume(run, chosen, ask.nodes)
    return resume_plan_view(
        run,
        plan,
        as_it_ran=ask.as_it_ran,
        changes=() if refused_now else workflow_changes(run.workflow, workflow_now(host, run)),
        scripts=scripts_saved_since(run, chosen, (*plan.restart, *plan.follow), host.project_dir),
        refused_now=refused_now,
    )


def run_of(host: Host, ref: str) -> WorkflowRun:
    """Return the run that an id, a number or a workflow's name means, going or not. Raises EntityNotFound."""
    run_id = host.history.run_id(ref)
    return host.kernel.runs.get(RunId(run_id)) or host.history.core_run(run_id)


def workflow_now(host: Host, run: WorkflowRun) -> Workflow:
    """Return the workflow of a run as its file says now, never the version before the file's last mistakes.

    Raises InvalidInput where the file is broken or gone.
    """
    if problem := _problem_now(host, run):
        raise InvalidInput(
            f"run {run.number} can't be resumed with the definition of now: {problem}",
            hint="put the file right, or resume the run as it ran (--as-it-ran)",
        )
    return workflow_again(host.kernel.workflow(run.workflow.name), run)


def _problem_now(host: Host, run: WorkflowRun) -> str:
    """Return what is wrong with the file of a run's workflow; empty where it can be used."""
    definition = host.definitions.get(run.workflow.name)
    if definition is not None and definition.is_broken:
        return next(str(problem) for problem in definition.problems if not problem.is_warning)
    workflow = host.kernel.workflows.get(run.workflow.name)
    if workflow is None:
        return f"{run.workflow.source} is gone"
    crawler = run.cause.crawler
    is_there = not crawler or workflow.node(crawler_id(crawler)) is not None
    return "" if is_there else f"there is no crawler {crawler} in {workflow.source} any more"
