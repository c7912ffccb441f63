"""What a failure says to the user: their own line, not ours, and the way out where one can be guessed."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import polars as pl

from glue_tui.core.attempt import NodeError
from glue_tui.core.job import SqlWork
from glue_tui.core.problem import GlueTuiError
from glue_tui.jobs.command_job import CommandFailed
from glue_tui.jobs.spark.told_failure import ToldFailure
from glue_tui.jobs.stopping import Stopped
from glue_tui.worker.user_lines import is_ours, is_pythons, line_at, line_of_query, package_of, user_line
from glue_tui.worker.way_out import hint_for, missing_column

MESSAGE_CHARS_MAX = 2000
_LINE_CHARS_MAX = 200
_EXPRESSION = "This error occurred in the following expression:\n"


def describe(
    error: BaseException, project_dir: Path, mask: Callable[[str], str], query: SqlWork | None = None
) -> NodeError:
    """Return an exception as the result file tells it; `query` is what the job asked."""
    kind, message, hint = _words(error)
    if query is not None:
        place = line_of_query(message, query, project_dir)
    elif isinstance(error, ToldFailure):
        place = line_at(error.location, project_dir)
    else:
        place = user_line(error, project_dir, name=missing_column(error))
    return NodeError(
        type=kind,
        message=mask(message[:MESSAGE_CHARS_MAX]),
        location=place.location if place else "",
        line="\n".join(line[:_LINE_CHARS_MAX] for line in mask(place.text).splitlines()) if place else "",
        hint=mask(hint[:MESSAGE_CHARS_MAX]),
    )


def exit_code_of(error: BaseException) -> int | None:
    """Return the exit code that a failed program or script has as its own; None for one that has none."""
    match error:
        case CommandFailed() | ToldFailure():
            return error.exit_code
        case SystemExit():
            # As the system tells it: one byte, and 1 for a text.
            return error.code & 0xFF if isinstance(error.code, int) else 1
        case _:
            return None


def story(error: BaseException, told: NodeError) -> str:
    """Return what the log says: the user's line, and the traceback without frames of this program below that line."""
    match error:
        case ToldFailure():
            head = _head(told, told.message.partition("\n")[0] if error.story else str(error))
            return "\n".join((*head, error.story) if error.story else head)
        case CommandFailed() | GlueTuiError() if not _user_frames(error.__traceback__):
            place = f"{told.location}: " if told.location else ""
            return "\n".join((f"{place}{told.type}: {error}", *(f"    {line}" for line in told.line.splitlines())))
        case _:
            pass
    head = _head(told, told.message.partition("\n")[0])
    trace = traceback.TracebackException.from_exception(error)
    packages: list[str] = []
    _shorten(trace, packages, set())
    note = f"\n({len(packages)} lines inside {', '.join(sorted(set(packages)))} left out)" if packages else ""
    return "\n".join((*head, "".join(trace.format()).rstrip("\n") + note))


def _head(told: NodeError, message: str) -> list[str]:
    """Return the user's line, what went wrong in it, and the way out."""
    head = [f"{told.location}: {told.type}: {message}" if told.location else f"{told.type}: {message}"]
    head += [f"    {line}" for line in told.line.splitlines()]
    return [*head, told.hint] if told.hint else head


def _words(error: BaseException) -> tuple[str, str, str]:
    match error:
        case CommandFailed():
            return error.type, str(error), ""
        case GlueTuiError():
            return error.code, error.message, error.hint
        case ToldFailure():
            return error.type, str(error), error.hint
        case Stopped():
            return "Stopped", str(error), ""
        case SystemExit():
            code = error.code
            message = f"the script ended with exit code {code}" if isinstance(code, int) else str(code)
            return "SystemExit", message, ""
        case MemoryError():
            return "MemoryError", str(error) or "the machine has no memory left for this job", "read less at once"
        case KeyboardInterrupt():
            return "KeyboardInterrupt", "the script was interrupted", ""
        case SyntaxError():
            return type(error).__name__, error.msg, ""
        case _:
            return type(error).__name__, _message(error), hint_for(error)


def _message(error: BaseException) -> str:
    """Return the message without what polars adds to it, but for the expression: its whole plan, above all."""
    if isinstance(error, pl.exceptions.StructFieldNotFoundError):
        return f'no field "{error}" in the struct'
    first, *more = _text(error).split("\n\n")
    message = first.strip() or type(error).__name__
    expressions = [part.removeprefix(_EXPRESSION).strip() for part in more if part.startswith(_EXPRESSION)]
    return f"{message}, in {expressions[0]}" if expressions else message


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as failed:  # It is any code of the user's.
        return f"(its text can't be had: {type(failed).__name__} in {type(error).__name__}.__str__)"


def _user_frames(trace: TracebackType | None) -> bool:
    return any(not is_ours(frame.filename) for frame in traceback.extract_tb(trace))


def _shorten(told: traceback.TracebackException, packages: list[str], seen: set[int]) -> None:
    """Leave out our own frames and what they called, and installed packages below the user's last line.

    Tell which packages.
    """
    if id(told) in seen:
        return
    seen.add(id(told))
    frames: list[traceback.FrameSummary] = []
    within_ours = True
    for frame in told.stack:
        package = package_of(frame.filename)
        within_ours = is_ours(frame.filename) or (within_ours and bool(package or is_pythons(frame.filename)))
        if not within_ours:
            frames.append(frame)
        elif package:
            packages.append(package)
    users = [place for place, frame in enumerate(frames) if not package_of(frame.filename)]
    if users:
        packages += [package_of(frame.filename) for frame in frames[users[-1] + 1 :]]
        del frames[users[-1] + 1 :]
    told.stack[:] = frames
    for other in (told.__cause__, told.__context__, *(told.exceptions or ())):
        if other is not None:
            _shorten(other, packages, seen)
