"""What the end of a worker means for its attempt: the state, and an error that says the way out."""

from __future__ import annotations

from glue_tui.core.attempt import EXIT_WITHOUT_RESULT, NodeError
from glue_tui.core.run import Attempt
from glue_tui.core.states import NodeState
from glue_tui.core.stimuli import WorkerExited

_FAULTS = frozenset((4, 7, 8, 11))
"""SIGILL, SIGBUS, SIGFPE, SIGSEGV."""


def verdict(attempt: Attempt, exited: WorkerExited) -> tuple[NodeState, NodeError | None]:
    """Tell what an ended worker means. A complete result counts, even if a stop was on its way."""
    result = exited.result
    if result is not None and result.state in (NodeState.SUCCEEDED, NodeState.SKIPPED):
        return result.state, None
    if attempt.state is NodeState.STOPPING and attempt.stop_because is not None:
        return attempt.stop_because, stop_error(attempt)
    if result is not None and result.error is not None:
        return NodeState.FAILED, result.error
    if exited.signal is not None:
        return NodeState.FAILED, _signal_error(exited, exited.signal)
    if exited.exit_code in (None, EXIT_WITHOUT_RESULT):
        message = f"the worker ended with exit code {exited.exit_code} and could not report its result"
        hint = "the end of its log says why"
    else:
        message = f"the process ended with exit code {exited.exit_code} in the midst of its work; nothing is published"
        hint = "os._exit and the like do that: let the script come to its end, or call sys.exit"
    return NodeState.FAILED, NodeError(type="ExitCode", message=message, hint=hint)


def stop_error(attempt: Attempt) -> NodeError | None:
    """Return what a timeout is told as; a stop that somebody asked for is no error."""
    if attempt.stop_because is NodeState.TIMEOUT:
        message = f"ran longer than its timeout of {attempt.timeout_s:g} s"
        return NodeError(
            type="Timeout", message=message, hint="raise `timeout`, or make it faster; a timeout is not retried"
        )
    return None


def _signal_error(exited: WorkerExited, signal: int) -> NodeError:
    if exited.out_of_memory:
        held = f", which held {exited.peak_memory_bytes / 1e9:.1f} GB" if exited.peak_memory_bytes else ""
        return NodeError(
            type="OutOfMemory",
            message=f"the system was out of memory and killed the worker{held}",
            hint="read lazily or in parts, or let fewer nodes run at a time (GLUE_TUI_SLOTS)",
        )
    if signal == 9:
        told = exited.out_of_memory is not None
        hint = "by hand or by a program: the system has memory left" if told else "most often the system lacks memory"
        return NodeError(type="Signal", message="the worker was killed (signal 9)", hint=hint)
    if signal == 6:
        return NodeError(type="Signal", message="the worker aborted (signal 6)", hint="most often out of memory")
    hint = "a fault in native code: the end of its log names the line" if signal in _FAULTS else ""
    return NodeError(type="Signal", message=f"the worker was ended by signal {signal}", hint=hint)
