"""Java's stack traces: which lines are one's, and which of them say nothing to those who wrote the job."""

from __future__ import annotations

import re

_GOES_ON = re.compile(r"\s*\.\.\. \d+ more|Caused by: |\s+at [\w.$]+[\w$<>/]+")
_OTHERS = (r"org\.apache\.", r"scala\.", "java/", r"javax?\.", r"java\.\w+/", r"jdk\.", r"sun\.", r"py4j\.", r"io\.")
_NOT_THE_USERS = re.compile(rf"\s+at ({'|'.join(_OTHERS)})|\s*\.\.\. \d+ more")


def goes_on(line: str) -> bool:
    """Say whether a line belongs to the trace of the entry above."""
    return _GOES_ON.match(line) is not None


def is_others(line: str) -> bool:
    """Say whether a line of a trace is about Spark, Scala or Java themselves."""
    return _NOT_THE_USERS.match(line) is not None


def left_out(lines: int) -> str:
    """Return what stands in the place of so many lines."""
    return f"({lines} lines inside Spark and Java left out)"


def shortened(text: str) -> str:
    """Return a text without the lines of traces that are about Spark, Scala or Java themselves."""
    lines = text.split("\n")
    kept = [line for line in lines if not is_others(line)]
    return "\n".join(kept if len(kept) == len(lines) else (*kept, left_out(len(lines) - len(kept))))
