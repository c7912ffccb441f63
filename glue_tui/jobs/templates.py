"""`{{ properties.day }}` and the like in arguments, queries, paths, URLs: filled in by the worker, who has secrets."""

from __future__ import annotations

import datetime
import decimal
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from glue_tui.core.attempt import AttemptSpec
from glue_tui.core.problem import InvalidInput, did_you_mean
from glue_tui.logs.write import Secrets

PropertyValue = str | int | float | bool | datetime.date
"""Of a run property, by its type: string, integer, number, boolean, date."""


class TextTemplates:
    """Fills in templates as plain text, with what is known of a run, and with the environment."""

    def __init__(self, names: Mapping[str, object], secrets: Secrets) -> None:
        """`names`: values by their names; a mapping is a name with members, `run.id`."""
        self.environment: Mapping[str, str] = _Environment(secrets)
        """Variables of the environment; each that is looked up here is masked from then on."""
        self._names: dict[str, object] = {
            name: _Names(name, value) if isinstance(value, Mapping) else value
            for name, value in {**names, "env": self.environment}.items()
        }

    def text(self, template: str, *, where: str) -> str:
        """Return `template` filled in, values as plain text; `where` names its place in an error.

        Raises InvalidInput for a template that is wrong or names what does not exist.
        """
        return self._fill_in(_text_environment, template, where, self._names)

    def _fill_in(
        self, environment: SandboxedEnvironment, template: str, where: str, names: Mapping[str, object]
    ) -> str:
        if "{" not in template:
            return template
        try:
            return environment.from_string(template).render(names)
        except TemplateError as error:
            raise InvalidInput(f"{where}: {error.message}", hint=self._hint(error.message or "")) from None
        except Exception as error:
            # A template is a small program of the user's: it can fail in any way that Python can.
            raise InvalidInput(f"{where}: {error}", hint=f"in the template {template.strip()[:80]!r}") from None

    def _hint(self, message: str) -> str:
        name, _, member = message.split(" ", 1)[0].partition(".")
        known = self._names.get(name)
        if member and isinstance(known, _Names):
            return known.missing(member)[1]
        others = "".join(f", {one}" for one, value in self._names.items() if not isinstance(value, _Names))
        return (
            "known: properties.NAME, run.id, run.number, run.scheduled_at, event.files, event.deleted_files, env.NAME"
            + others
        )


class Templates(TextTemplates):
    """Fills in templates with what one attempt knows: its run, properties, event files and the environment."""

    def __init__(self, spec: AttemptSpec, secrets: Secrets) -> None:
        run = run_names(spec.key.run_id, spec.run_number, spec.scheduled_at)
        event = event_names(spec.event_files, spec.deleted_files)
        super().__init__({"properties": spec.properties, "run": run, "event": event}, secrets)
        typed = _ForQueries(spec.properties, spec.property_types)
        self._sql_names = self._names | {"properties": _Names("properties", typed)}

    def sql(self, template: str, *, where: str, for_spark: bool = False) -> str:
        """Return a query filled in, each value as a SQL literal of its type and never as raw text.

        Raises InvalidInput as `text` does, and for a property whose value is not of its type.
        """
        environment = _spark_sql_environment if for_spark else _sql_environment
        return self._fill_in(environment, template, where, self._sql_names)


def run_names(run_id: str, number: int, scheduled_at: str) -> dict[str, object]:
    """Return what a template knows of a run; `scheduled_at` is empty where no schedule started it."""
    facts: dict[str, object] = {"id": run_id, "number": number}
    return facts | {"scheduled_at": scheduled_at} if scheduled_at else facts


def event_names(files: tuple[str, ...], deleted_files: tuple[str, ...]) -> dict[str, object]:
    """Return what a template knows of the event that started a run."""
    return {"files": _Files(files), "deleted_files": _Files(deleted_files)}


def plain_text(text: str) -> str:
    """Return a text as SQL quotes it."""
    return "'" + text.replace("'", "''") + "'"


def spark_text(text: str) -> str:
    """Return a text as Spark's SQL quotes it: a backslash means something in it, and two quotes are none everywhere."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def sql_literal(value: object, text: Callable[[str], str] = plain_text) -> str:
    """Return `value` as SQL writes it: `'O''Hara'`, `12`, `(-12)`, `NULL`, `('a', 'b')` for a list.

    `text` quotes a text.
    """
    match value:
        case None:
            return "NULL"
        case StrictUndefined():
            return str(value)  # Raises what is undefined.
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float() | decimal.Decimal():
            # A minus after another one would begin a comment.
            return f"({value})" if value < 0 else str(value)
        case _Day():
            return f"DATE '{value}'"
        case datetime.date() | datetime.time():
            return f"'{value.isoformat()}'"
        case list() | tuple() | set() | frozenset():
            return "(" + (", ".join(sql_literal(item, text) for item in value) or "NULL") + ")"
        case _:
            return text(str(value))


class _Names:
    """What stands before the dot of a template; knows its members, to name the nearest of them."""

    def __init__(self, name: str, members: Mapping[str, Any]) -> None:
        self._name = name
        self._members = members

    def __getitem__(self, member: str) -> Any:
        return self._members[member]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def missing(self, member: str) -> tuple[str, str]:
        if isinstance(self._members, _Environment):
            return f"env.{member} is not set", f"set {member} in the environment in which the engine is started"
        if (self._name, member) == ("run", "scheduled_at"):
            hint = "for such runs: {% if run.scheduled_at is defined %} … {% endif %}"
            return "run.scheduled_at is not defined: no schedule started this run", hint
        return f"{self._name}.{member} is not defined", did_you_mean(member, list(self._members))


class _Day(str):
    """A date as text, so that a template can cut and compare it, and yet a date in a query."""

    __slots__ = ()


class TypedProperties(Mapping[str, PropertyValue]):
    """Run properties as values of the types that the workflow declares, made when they are asked for.

    Raises InvalidInput for one whose text is not of its type.
    """

    def __init__(self, properties: Mapping[str, str], types: Mapping[str, str]) -> None:
        self._properties = properties
        self._types = types

    def __getitem__(self, name: str) -> PropertyValue:
        text = self._properties[name]
        kind = self._types.get(name, "string")
        try:
            match kind:
                case "integer":
                    return int(text)
                case "number":
                    return float(text)
                case "boolean":
                    return {"true": True, "false": False}[text]
                case "date":
                    return datetime.date.fromisoformat(text)
                case _:
                    return text
        except (ValueError, KeyError):
            # A job may have set it to anything.
            raise InvalidInput(f'properties.{name} is "{text}", which is no {kind}') from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._properties)

    def __len__(self) -> int:
        return len(self._properties)


class _ForQueries(TypedProperties):
    """The same as a template of a query needs them."""

    def __getitem__(self, name: str) -> PropertyValue:
        value = super().__getitem__(name)
        return _Day(value) if isinstance(value, datetime.date) else value


_PLACES = re.compile(r"AWS_(DEFAULT_)?REGION|AWS_PROFILE|AWS_ENDPOINT_URL\w*|AWS_\w+_FILE")
"""Variables that say where something is, which errors have to name, and nothing that is secret."""


class _Environment(Mapping[str, str]):
    """Environment variables; whatever is read from here, but for names of places, is a secret from then on."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def __getitem__(self, name: str) -> str:
        value = os.environ[name]
        if _PLACES.fullmatch(name) is None:
            self._secrets.add(value)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Files(tuple[str, ...]):
    """The files of an event: a list in a query and in a loop, separated by commas in plain text."""

    __slots__ = ()

    def __str__(self) -> str:
        return ",".join(self)


class _Missing(StrictUndefined):
    """An undefined name whose error says what was meant."""

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, _Names):
            return self._undefined_obj.missing(str(self._undefined_name))[0]
        return str(super()._undefined_message)


def _environment(**options: Any) -> SandboxedEnvironment:
    return SandboxedEnvironment(undefined=_Missing, keep_trailing_newline=True, autoescape=False, **options)


_text_environment = _environment()
_sql_environment = _environment(finalize=lambda value: sql_literal(value))
_spark_sql_environment = _environment(finalize=lambda value: sql_literal(value, spark_text))
