"""Filling `{{ env.NAME }}` into the URL of a database table, at the moment it is read: the catalog keeps no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from glue_tui.core.problem import InvalidInput

_MARK = "\0"
_VARIABLE = re.compile(r"\benv\.(\w+)")
_FILLED = re.compile(f"{_MARK}([^{_MARK}]*){_MARK}")


class _Encoded(str):
    """A value that its template encoded itself: `{{ env.PASSWORD | urlencode }}`."""


def filled_in(url: str, environment: Mapping[str, str]) -> str:
    """Return the URL with its templates filled in. Raises InvalidInput for a variable that is not set.

    A user or password is encoded on the way in, so that it may hold `@`, `/` or `%` as it is.
    """
    if "{{" not in url:
        return url
    from jinja2 import StrictUndefined, TemplateError, UndefinedError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined, finalize=_marked)
    jinja.filters["urlencode"] = lambda value: _Encoded(quote(str(value), safe=""))
    try:
        text = jinja.from_string(url).render(env=environment)
    except TemplateError as error:
        unset = [name for name in _VARIABLE.findall(url) if name not in environment]
        if isinstance(error, UndefinedError) and unset:
            raise InvalidInput(
                f"variable {unset[0]} is not set, but a connection's url asks for it",
                hint="set it where the command is run; for runs of a workflow, where the engine is started",
            ) from None
        raise InvalidInput(f"connection {url!r}: {error.message}") from error
    before_host = _FILLED.sub("", text).rpartition("@")[0]
    ends_user = text.rfind("@") if "://" in before_host else -1
    return _FILLED.sub(lambda found: quote(found[1], safe="") if found.end() <= ends_user else found[1], text)


def _marked(value: object) -> object:
    return value if isinstance(value, _Encoded) else f"{_MARK}{value}{_MARK}"
