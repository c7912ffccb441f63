"""`[[notifications]]`: on what, by which one way, in what words."""

from __future__ import annotations

import re
from importlib.util import find_spec

from glue_tui.core.model import Notification
from glue_tui.core.notices import NOTICE_NAMES, WORDS_NAMES
from glue_tui.core.states import NotificationWay, Occasion
from glue_tui.definitions.authored import AuthoredNotification, AuthoredWorkflow
from glue_tui.definitions.report import KeyPath
from glue_tui.definitions.scope import Scope
from glue_tui.definitions.templates import has_template

NOTIFICATIONS_MAX = 20
APPRISE_MISSING = "sending to a URL needs Apprise, which is not installed"
INSTALL_APPRISE = "pip install 'glue-tui[notify]'"

_TOKEN_CHARS_MIN = 16
"""A part of a URL that is so long, of letters and digits mixed, is no name."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_ENV = re.compile(r"\{[{%][^{}]*\benv\b")


def build_notifications(authored: AuthoredWorkflow, scope: Scope) -> tuple[Notification, ...]:
    """Return what is to be told and how."""
    if len(authored.notifications) > NOTIFICATIONS_MAX:
        message = f"{len(authored.notifications)} notifications, more than {NOTIFICATIONS_MAX}"
        scope.report.problem(("notifications",), message, "one may name several outcomes")
        return ()
    is_never_delayed = not any(job.notify_delay_after is not None for job in authored.jobs.values())
    for index, item in enumerate(authored.notifications):
        if Occasion.DELAYED in item.on and is_never_delayed and not scope.report.is_broken(("jobs",)):
            path = ("notifications", index, "on", item.on.index(Occasion.DELAYED))
            hint = 'give a job one: notify_delay_after = "20m"'
            scope.report.warning(path, "never comes: no job has a notify_delay_after", hint)
    return tuple(
        _build_notification(item, ("notifications", index), scope) for index, item in enumerate(authored.notifications)
    )


def _build_notification(item: AuthoredNotification, path: KeyPath, scope: Scope) -> Notification:
    if not item.on:
        known = ", ".join(Occasion)
        scope.report.problem((*path, "on"), "names nothing to be told of", f"any of {known}")
    _check_ways(item, path, scope)
    if item.url is not None:
        _check_url(item.url, (*path, "url"), scope)
    if item.command is not None:
        _check_command(item.command, (*path, "command"), scope)
    for word, text in (("title", item.title), ("message", item.message)):
        if text is None:
            continue
        scope.text((*path, word), text, NOTICE_NAMES)
        if item.terminal:
            hint = "leave it out; a url or a command takes words of yours"
            scope.report.problem((*path, word), "a terminal is told in few words of our own", hint)
    return Notification(
        on=tuple(dict.fromkeys(item.on)),
        url=item.url or "",
        command=tuple(item.command or ()),
        terminal=bool(item.terminal),
        title=item.title or "",
        message=item.message or "",
    )


def _check_ways(item: AuthoredNotification, path: KeyPath, scope: Scope) -> None:
    given = [way.value for way in NotificationWay if getattr(item, way.value) is not None]
    if item.terminal is False:
        scope.report.problem((*path, "terminal"), "says nothing", "terminal = true, or leave it out")
    elif len(given) > 1:
        message = f"`{given[0]}` and `{given[1]}` in one notification"
        scope.report.problem((*path, given[1]), message, "write another [[notifications]] for it")
    elif not given and not any(scope.report.is_broken((*path, way.value)) for way in NotificationWay):
        hint = "terminal = true asks for nothing more"
        scope.report.problem(path, "needs one of `url`, `command` and `terminal`", hint)


def _check_url(url: str, path: KeyPath, scope: Scope) -> None:
    """The URL itself is never repeated in a message: it may hold a password."""
    scope.text(path, url, NOTICE_NAMES)
    scheme, colon, rest = url.partition("://")
    if not has_template(scheme) and (not colon or not rest or _SCHEME.fullmatch(scheme) is None):
        hint = 'such as "{{ env.NOTIFY_URL }}", "mailto://…", "json://localhost:8080/hook"'
        scope.report.problem(path, "not an Apprise URL", hint)
    elif _ENV.search(url) is None and _looks_secret(rest):
        hint = 'keep it in the environment: url = "{{ env.NOTIFY_URL }}"'
        scope.report.warning(path, "whoever reads this file can send in your name", hint)
    if find_spec("apprise") is None:
        scope.report.warning(path, APPRISE_MISSING, INSTALL_APPRISE)


def _looks_secret(rest: str) -> bool:
    """Tell whether what follows `scheme://` seems to hold a password or a token."""
    user, at, _ = rest.rpartition("@")
    if at and ":" in user:
        return True
    return any(
        len(part) >= _TOKEN_CHARS_MIN and re.search(r"\d", part) and re.search(r"[A-Za-z]", part)
        for part in re.split(r"[^A-Za-z0-9_-]+", rest)
    )


def _check_command(command: list[str], path: KeyPath, scope: Scope) -> None:
    if not command or not command[0].strip():
        scope.report.problem(path, "names no program", 'command = ["notify-send", "{{ title }}", "{{ message }}"]')
    for index, part in enumerate(command):
        scope.text((*path, index), part, (*NOTICE_NAMES, *WORDS_NAMES))
        if _ENV.search(part):
            hint = "leave it out: the program finds the variable in its environment"
            scope.report.warning((*path, index), "everybody on this machine can see the arguments of a program", hint)
