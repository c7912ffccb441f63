"""What of a trigger survives when definitions are read again, also under a new name of its workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from glue_tui.core.model import Workflow
from glue_tui.engine.batch import TriggerKey

T = TypeVar("T")


def renames(before: Iterable[Workflow], now: Iterable[Workflow]) -> dict[str, str]:
    """Return what workflows were called before whose files have new names and say the same."""
    before, now = tuple(before), tuple(now)
    old_names, new_names = {one.name for one in before}, {one.name for one in now}
    gone = [one for one in before if one.name not in new_names]
    renamed: dict[str, str] = {}
    for workflow in now:
        if workflow.name in old_names:
            continue
        same = next((one for one in gone if replace(one, name=workflow.name, source=workflow.source) == workflow), None)
        if same is not None:
            gone.remove(same)
            renamed[workflow.name] = same.name
    return renamed


def moved(values: Mapping[TriggerKey, T], before: str, name: str) -> dict[TriggerKey, T]:
    """Return what is known of triggers once the workflow `before` is called `name`."""
    kept = {key: value for key, value in values.items() if key[0] != name}
    return {(name if key[0] == before else key[0], key[1]): value for key, value in kept.items()}
