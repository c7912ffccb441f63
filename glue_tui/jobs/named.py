"""Texts by their names, as scripts ask for them: a name that is not there is answered with the nearest that is."""

from __future__ import annotations

from collections.abc import Iterable

from glue_tui.core.problem import EntityNotFound, did_you_mean


class NameNotFound(EntityNotFound, KeyError):
    """A KeyError for the script that catches one, which says what was meant."""

    @property
    def code(self) -> str:
        return EntityNotFound.__name__


class Named(dict[str, str]):
    """A dict whose KeyError is a NameNotFound."""

    def __init__(self, what: str, values: Iterable[tuple[str, str]]) -> None:
        """`what`: the word for one of them in an error."""
        super().__init__(values)
        self._what = what

    def __missing__(self, name: str) -> str:
        raise not_found(self._what, name, self)


def not_found(what: str, name: str, known: Iterable[str]) -> NameNotFound:
    """Return the error for a name that is not among `known`."""
    names = list(known)
    return NameNotFound(f'no {what} "{name}"', hint=did_you_mean(name, names) or ("" if names else "there is none"))
