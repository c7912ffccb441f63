"""The stop of an attempt: asked for by a signal, raised in the user's code once, and never where it would do harm."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Stopped(BaseException):
    """The attempt was asked to end. No Exception, so that `except Exception` in a script does not swallow it."""

    def __init__(self) -> None:
        super().__init__("stopped while it ran")


class StopRequest:
    """Whether this attempt is to end, and who sees to it: the main thread, or another if that one does not come back.

    Exactly one of three happens: `ask` raises Stopped, the main thread has declared by `defer` that it ends by itself,
    or `force` has taken the matter out of its hands.
    """

    def __init__(self) -> None:
        self.was_asked = False
        self.clean_up: Callable[[], str] | None = None
        """Takes back what is half done and says so for the log; there while there is anything to take back."""
        self._claim = threading.Lock()
        self._is_forced = False

    def ask(self, *_: object) -> None:
        """Note the stop and raise Stopped, the first time and unless deferred. To be called in the main thread."""
        self.was_asked = True
        if self._claim.acquire(blocking=False):
            raise Stopped
        self._wait_if_forced()

    def defer(self) -> None:
        """Let a stop be noted from now on, no longer raised: for what must not be torn in the middle."""
        if not self._claim.acquire(blocking=False):
            self._wait_if_forced()

    def raise_if_asked(self) -> None:
        """Raise Stopped if a stop was asked for, also if a script caught it and went on."""
        if self.was_asked:
            raise Stopped

    def force(self) -> bool:
        """Take over from a main thread that is deep in a query; False if it sees to the stop itself."""
        if not self._claim.acquire(blocking=False):
            return False
        self.was_asked = self._is_forced = True
        return True

    def _wait_if_forced(self) -> None:
        if self._is_forced:
            threading.Event().wait()  # The process ends at any moment now.
