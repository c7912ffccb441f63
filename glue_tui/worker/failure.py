"""What a failure says to the user: their own line, not ours, and the way out where one can be guessed."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType

from glue_tui.core.attempt import NodeError
from glue_tui.core.problem import GlueTuiError
from glue_tui.jobs.command_job import CommandFailed

_MESSAGE_CHARS_MAX = 2000
_OWN_FOLDER = str(Path(__file__).parent.parent)
_NOT_THE_USERS = ("site-packages", "dist-packages", ".venv")
_COLUMN = re.compile(r'unable to find column "(?P<name>[^"]*)"(?:; valid columns: \[(?P<known>[^\]]*)\])?')


def describe(error: BaseException, project_dir: Path, mask: Callable[[str], str]) -> NodeError:
    """Return an exception as the result file tells it."""
    kind, message, hint = _words(error)
    return NodeError(
        type=kind,
        message=mask(message[:_MESSAGE_CHARS_MAX]),
        location=_location(error, project_dir),
        hint=mask(hint[:_MESSAGE_CHARS_MAX]),
    )


def story(error: BaseException) -> str:
    """Return the traceback for the log, without frames of this program."""
    match error:
        case CommandFailed() | GlueTuiError() if not _user_frames(error.__traceback__):
            return f"{type(error).__name__ if isinstance(error, GlueTuiError) else error.type}: {error}"
        case _:
            pass
    told = traceback.TracebackException.from_exception(error)
    _leave_out_own_frames(told, set())
    return "".join(told.format()).rstrip("\n")


def _words(error: BaseException) -> tuple[str, str, str]:
    match error:
        case CommandFailed():
            return error.type, str(error), ""
        case GlueTuiError():
            return error.code, error.message, error.hint
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
            # Polars adds its whole plan below the message.
            message = str(error).split("\n\n", 1)[0].strip()
            return type(error).__name__, message or type(error).__name__, _hint(str(error))


def _hint(message: str) -> str:
    found = _COLUMN.search(message)
    if found is None or not found["known"]:
        return ""
    known = re.findall(r'"([^"]*)"', found["known"])
    near = get_close_matches(found["name"], known, n=1, cutoff=0.5)
    return f'did you mean "{near[0]}"?' if near else "columns: " + ", ".join(known)


def _location(error: BaseException, project_dir: Path) -> str:
    """Return `path:line` of the innermost line that the user wrote."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        place = _in_project(error.filename, project_dir)
        if place:
            return f"{place}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        place = _in_project(frame.filename, project_dir)
        if place:
            return f"{place}:{frame.lineno}"
    return ""


def _in_project(filename: str, project_dir: Path) -> str:
    path = Path(filename)
    if not path.is_relative_to(project_dir) or filename.startswith(_OWN_FOLDER):
        return ""
    inside = path.relative_to(project_dir)
    return "" if any(part in _NOT_THE_USERS for part in inside.parts) else str(inside)


def _user_frames(trace: TracebackType | None) -> bool:
    return any(not frame.filename.startswith(_OWN_FOLDER) for frame in traceback.extract_tb(trace))


def _leave_out_own_frames(told: traceback.TracebackException, seen: set[int]) -> None:
    if id(told) in seen:
        return
    seen.add(id(told))
    told.stack[:] = [frame for frame in told.stack if not frame.filename.startswith(_OWN_FOLDER)]
    for other in (told.__cause__, told.__context__, *(told.exceptions or ())):
        if other is not None:
            _leave_out_own_frames(other, seen)
