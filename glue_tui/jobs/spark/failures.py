"""What to say of a driver that failed: what it told, else what can be read in its last lines."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from glue_tui.core.job import ScalaWork, SparkWork, SqlWork
from glue_tui.core.problem import did_you_mean
from glue_tui.jobs.session import JobSession
from glue_tui.jobs.spark.java_trace import shortened
from glue_tui.jobs.spark.output import DriverOutput
from glue_tui.jobs.spark.told_failure import ToldFailure

_LINES_TOLD = 5
_NO_TABLE = re.compile(r"table or view `(\w+)`\.`(\w+)` cannot be found", re.IGNORECASE)
_SCALA_ERROR = re.compile(r"(?P<file>\S+):(?P<line>\d+): error: (?P<message>.*)")
_UNCAUGHT = "Exception in thread"
_THROWN = re.compile(r'(?:Exception in thread "[^"]*"|Caused by:) (?:[\w$]+\.)*(?P<type>[\w$]+)(?:: (?P<message>.*))?')
_NO_START = re.compile(r"Spark does not start on \S+(?=: )")
_NO_MASTER = "All masters are unresponsive"
_WAYS_OUT = (
    ("UnsupportedClassVersionError", "Spark needs Java 17 or newer: set JAVA_HOME"),
    ("unresolved dependency", "packages come from Maven's repositories; without a network name their files in `jars`"),
    ("must be set in the environment", "set it in the environment in which the engine is started"),
    ("OutOfMemoryError", 'conf = { "spark.driver.memory" = "4g" } gives the driver more, or let it collect less'),
    (_NO_MASTER, "no master of Spark answers there: start it, or mend `master`"),
)
"""By words of the failure."""


def failure(
    session: JobSession,
    work: SqlWork | SparkWork | ScalaWork,
    exchanged: Path,
    output: DriverOutput,
    code: int,
) -> ToldFailure:
    """Return the failure of a driver that ended with `code`, a signal if negative; what it told is in `exchanged`."""
    last = output.last_lines
    try:
        told: dict[str, Any] = json.loads((exchanged / "failure.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _untold(last, code)
    message = str(told["message"])
    if told["type"] == "CompileError" and not message:
        errors = list(filter(None, map(_SCALA_ERROR.fullmatch, last)))
        message = errors[0]["message"] if errors else "the script can't be compiled"
        told["line"] = int(errors[0]["line"]) if errors else told["line"]
    no_start = _NO_START.match(message)
    if no_start and any(_NO_MASTER in line for line in last):
        # By what Spark fails once it has given up, differs from time to time.
        told["type"], message = "SparkException", f"{no_start[0]}: {_NO_MASTER}"
    location = ""
    if told["line"]:
        script = "" if isinstance(work, SqlWork) else work.script
        file = told.get("file") or str(session.project_dir / script)
        location = f"{os.path.relpath(file, session.project_dir)}:{told['line']}"
    hint = str(told.get("hint", "")) or _way_out(f"{told['type']}: {message}", *last)
    if missing := _NO_TABLE.search(message):
        hint = _missing_table(session, f"{missing[1]}.{missing[2]}".lower())
    return ToldFailure(
        str(told["type"]),
        message,
        location=location,
        hint=hint,
        story=shortened(str(told.get("story", ""))),
        exit_code=code if told["type"] == "SystemExit" else None,
    )


def _untold(last: tuple[str, ...], code: int) -> ToldFailure:
    """Return the failure of a driver that did not get as far as to tell: it did not start, or was killed."""
    places = [place for place, line in enumerate(last) if line.startswith(_UNCAUGHT)]
    thrown = [found for line in last[places[-1] :] if (found := _THROWN.match(line))] if places else []
    if thrown and code > 0:
        message = thrown[-1]["message"] or thrown[-1]["type"]
        return ToldFailure(thrown[-1]["type"], message, hint=_way_out(*last), exit_code=code)
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    message = "\n".join((f"Spark's driver {how}", *last[-_LINES_TOLD:]))
    kind = "Signal" if code < 0 else "ExitCode"
    return ToldFailure(kind, message, hint=_way_out(*last), exit_code=code if code > 0 else None)


def _way_out(*lines: str) -> str:
    return next((way for words, way in _WAYS_OUT if any(words in line for line in lines)), "")


def _missing_table(session: JobSession, name: str) -> str:
    known = session.catalog.names()
    if name in known:
        return f'glue.table("{name}"); in SQL Spark knows the tables whose names stand in the script, or in an argument'
    return did_you_mean(name, known) or "run a crawler first"
