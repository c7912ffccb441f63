"""Which kind of job does what: the one entrance to this room for the worker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import assert_never

from glue_tui.core.attempt import AttemptSpec
from glue_tui.core.job import CommandWork, DashboardWork, Job, PythonWork, ScalaWork, SparkWork, SqlWork
from glue_tui.jobs.command_job import run_command
from glue_tui.jobs.dashboard import run_dashboard
from glue_tui.jobs.means import give_means
from glue_tui.jobs.python_job import rehearse_python, run_python
from glue_tui.jobs.session import JobReport, JobSession
from glue_tui.jobs.skipping import Skipped
from glue_tui.jobs.spark.run import run_spark
from glue_tui.jobs.sql_job import run_sql_job
from glue_tui.jobs.stopping import StopRequest
from glue_tui.jobs.templates import Templates
from glue_tui.logs.write import LogWriter


def run_job(
    spec: AttemptSpec,
    job: Job,
    *,
    log: LogWriter,
    templates: Templates,
    progress: Callable[[float, float], None],
    stop: StopRequest,
) -> JobReport:
    """Do a job's work and publish what it made, all or nothing. Whatever it raises is the user's failure, or Stopped.

    What is complete when the stop comes is published; of a job that found nothing to do nothing is.
    """
    give_means(job)
    session = JobSession(spec, job, log=log, templates=templates, progress=progress)
    stop.clean_up = session.take_back
    try:
        try:
            with contextlib.suppress(Skipped):
                _do(session, stop)
            if not session.skip_reason:
                session.prepare()
            stop.defer()
            stop.raise_if_asked()
        except BaseException:
            stop.defer()
            session.bookmark.let_go()
            if stop.was_asked:
                log.warning(session.take_back())
            raise
        return session.skipped() if session.skip_reason else session.publish()
    finally:
        session.discard()


def rehearse_job(spec: AttemptSpec, job: Job, *, log: LogWriter, templates: Templates) -> None:
    """Go the way of a python job without a script: for a worker that waits for its work."""
    session = JobSession(spec, job, log=log, templates=templates, progress=lambda done, total: None)
    rehearse_python()
    session.publish()
    session.discard()


def _do(session: JobSession, stop: StopRequest) -> None:
    match session.job.work:
        case PythonWork() as work:
            run_python(session, work)
        case SqlWork() as work:
            if work.spark is None:
                run_sql_job(session, work)
            else:
                run_spark(session, work, work.spark, stop)
        case SparkWork() | ScalaWork() as work:
            run_spark(session, work, work.spark, stop)
        case CommandWork() as work:
            run_command(session, work, stop)
        case DashboardWork() as work:
            run_dashboard(session, work)
        case _:
            assert_never(session.job.work)
