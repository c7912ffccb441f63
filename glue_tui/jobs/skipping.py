"""The end of an attempt that found nothing to do."""

from __future__ import annotations


class Skipped(BaseException):
    """The job is to end here. No Exception, so that `except Exception` in a script does not swallow it.

    Why, the session knows: it holds also where a script caught this, or raised it in a thread.
    """
