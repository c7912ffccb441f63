"""Filling `{{ env.NAME }}` into the URL of a database table, at the moment it is read: the catalog keeps no secret."""

from __future__ import annotations

from collections.abc import Mapping

from glue_tui.core.problem import InvalidInput


def filled_in(url: str, environment: Mapping[str, str]) -> str:
    """Return the URL with its templates filled in. Raises InvalidInput for a variable that is not set."""
    if "{{" not in url:
        return url
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    try:
        return ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(url).render(env=environment)
    except TemplateError as error:
        raise InvalidInput(
            f"connection {url!r}: {error.message}", hint="set the variable where the engine is started"
        ) from error
