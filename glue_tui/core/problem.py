"""What is wrong with a user's text, and errors that answer a wrong request."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a definition file; printed as `path:line: key: message (hint)`."""

    path: str
    """Relative to the project folder."""
    line: int
    """From 1."""
    key: str
    """`triggers.sources_ready.conditions[0].crawler`; empty where the file as a whole is meant."""
    message: str
    hint: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        key = f" {self.key}:" if self.key else ""
        warning = " warning:" if self.is_warning else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.path}:{self.line}:{warning}{key} {self.message}{hint}"


class GlueTuiError(Exception):
    """A request that can't be granted. `hint` says the way out."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def code(self) -> str:
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class EntityNotFound(GlueTuiError):
    """No workflow, run, node, trigger, table of that name."""


class InvalidInput(GlueTuiError):
    """The request itself is wrong: a property of the wrong type, a trigger that starts no runs."""


class IllegalWorkflowState(GlueTuiError):
    """The run is not in a state for this: stopping a finished run, resuming a running one."""


class ConcurrentRunsExceeded(GlueTuiError):
    """`max_concurrent_runs` is reached and `on_overlap` is `error`."""


class EngineUnavailable(GlueTuiError):
    """No engine answers, or it is busy stopping."""


class StoreFailed(GlueTuiError):
    """The state could not be saved: disk full, database locked or damaged."""


ERRORS: dict[str, type[GlueTuiError]] = {
    error.__name__: error
    for error in (
        EntityNotFound,
        InvalidInput,
        IllegalWorkflowState,
        ConcurrentRunsExceeded,
        EngineUnavailable,
        StoreFailed,
    )
}


def did_you_mean(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return `did you mean "x"?`, or the few names there are, or nothing."""
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f'did you mean "{near[0]}"?'
    if 0 < len(known) <= 8:
        return "known: " + ", ".join(sorted(known))
    return ""
