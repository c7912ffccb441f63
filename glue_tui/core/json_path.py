"""Where the records of a JSON document are: `$.items[*]` and its like (rule CL-9)."""

from __future__ import annotations

import re

from glue_tui.core.problem import InvalidInput

Step = str | None
"""The value of a key, or each element of an array: None."""

_STEP = re.compile(r"\.([^.\[\]'\"\s]+)|\[\*\]()|\['([^']+)'\]|\[\"([^\"]+)\"\]")


def json_steps(path: str) -> tuple[Step, ...]:
    """Return the steps from a document to its records. Raises InvalidInput for what is no such path."""
    steps: list[Step] = []
    place = 1
    while place < len(path) and path[0] == "$" and (found := _STEP.match(path, place)):
        steps.append(None if found[2] is not None else found[1] or found[3] or found[4])
        place = found.end()
    if not path.startswith("$") or place < len(path):
        raise InvalidInput(f"{path!r} leads to no records", hint="such as $[*], $.items[*], $.data['my rows'][*]")
    return tuple(steps)


def json_path(steps: tuple[Step, ...]) -> str:
    """Return the path that `json_steps` reads."""
    return "$" + "".join(
        "[*]" if step is None else f".{step}" if re.fullmatch(r"\w+", step) else f"['{step}']" for step in steps
    )
