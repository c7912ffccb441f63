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
from glue_tui.jobs.spark.told_failure import ToldFailure
from glue_tui.jobs.stopping import Stopped

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


def story(error: BaseException) -> str:
    """Return the traceback for the log: without frames of this program, and ending at the user's innermost line."""
    match error:
        case ToldFailure():
            return error.story
        case CommandFailed() | GlueTuiError() if not _user_frames(error.__traceback__):
            return f"{type(error).__name__ if isinstance(error, GlueTuiError) else error.type}: {error}"
        case _:
            pass
    told = traceback.TracebackException.from_exception(error)
    packages: list[str] = []
    _shorten(told, packages, set())
    note = f"\n({len(packages)} lines inside {', '.join(sorted(set(packages)))} left out)" if packages else ""
    return "".join(told.format()).rstrip("\n") + note


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
    if isinstance(error, ToldFailure):
        return error.location
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


def _shorten(told: traceback.TracebackException, packages: list[str], seen: set[int]) -> None:
    """Leave out our own frames, and those of installed packages below the user's last one; tell which packages."""
    if id(told) in seen:
        return
    seen.add(id(told))
    frames = [frame for frame in told.stack if not frame.filename.startswith(_OWN_FOLDER)]
    users = [place for place, frame in enumerate(frames) if not _package(frame.filename)]
    if users:
        packages += [_package(frame.filename) for frame in frames[users[-1] + 1 :]]
        del frames[users[-1] + 1 :]
    told.stack[:] = frames
    for other in (told.__cause__, told.__context__, *(told.exceptions or ())):
        if other is not None:
            _shorten(other, packages, seen)


def _package(filename: str) -> str:
    """Return the installed package that a source file belongs to; empty for the user's own and the standard library."""
    parts = Path(filename).parts
    for folder in _NOT_THE_USERS[:2]:
        if folder in parts[:-1]:
            return parts[parts.index(folder) + 1]
    return ""
