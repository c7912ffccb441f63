"""A sql job: one query over catalog tables, its answer written to the job's targets."""

from __future__ import annotations

from glue_tui.core.job import SqlWork
from glue_tui.jobs.session import JobSession
from glue_tui.logs.write import counted

_ROWS_SHOWN = 10


def run_sql_job(session: JobSession, work: SqlWork) -> None:
    """Run the query and write its answer; without targets its first rows are shown in the log."""
    answer = session.query(work.query, where=f"jobs.{session.job.name}.query")
    if session.job.targets:
        session.write_all(answer, session.job.targets)
        return
    frame = answer.collect(engine="streaming")
    session.rows_out = frame.height
    session.log.info(f"{counted(frame.height, 'row')}, and no targets to write them to\n{frame.head(_ROWS_SHOWN)}")
