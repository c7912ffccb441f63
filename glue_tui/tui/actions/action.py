"""One verb of the product: key, words, when it is possible, what it does, its command-line twin.

Keys, footer, help and palette are made from the table of these. What an action does with the engine is in `verbs`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from glue_tui.tui import refusals
from glue_tui.tui.host import Host
from glue_tui.tui.place import Place
from glue_tui.tui.selection import Looked

Perform = Callable[[Host, Looked], Coroutine[None, None, None] | None]
"""What only moves things on screen is done when it returns; what asks or calls the engine returns a coroutine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One verb of the product."""

    name: str
    keys: tuple[str, ...]
    """Textual's names of the keys."""
    shown: str
    """The key as people read it."""
    label: str
    help: str
    group: str
    perform: Perform
    refusal: Callable[[Looked], str] = refusals.never
    """Why it is not possible now; empty where it is."""
    cli: Callable[[Looked], str] | None = None
    """The same on the command line, for what is selected."""
    in_footer: bool = False
    place: Place | None = None
    """Where its keys mean this, before what they mean everywhere; None: everywhere."""
