"""Sending by a URL of Apprise, and what Apprise says of a failure in words that a person understands."""

from __future__ import annotations

import logging
import re

from glue_tui.core.problem import InvalidInput
from glue_tui.core.states import Occasion
from glue_tui.logs.write import Secrets
from glue_tui.notify.words import Words

INSTALL_APPRISE = "pip install 'glue-tui[notify]'"
_SECRET_CHARS_MIN = 6
"""Of a part of a URL: shorter ones are words like `hook`."""
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+|localhost")
_OS_ERROR = re.compile(r"\[Errno -?\d+\] ([A-Za-z][^\"')\]]*)")
_KINDS = {
    Occasion.SUCCEEDED: "success",
    Occasion.RECOVERED: "warning",
    Occasion.FAILED: "failure",
    Occasion.ERROR: "failure",
    Occasion.STOPPED: "warning",
    Occasion.DELAYED: "warning",
}


class NotSent(Exception):
    """The service could not be reached or did not take it; another try may go better."""


def send_to_url(url: str, words: Words, occasion: Occasion, secrets: Secrets) -> None:
    """Send by one URL, every part of which is masked from now on.

    Raises NotSent; InvalidInput where no other try would go better.
    """
    if not url.strip():
        raise InvalidInput("the URL is empty")
    _hide(url, secrets)
    try:
        import apprise
    except ImportError as error:
        raise InvalidInput(f"Apprise can't be imported ({error})", hint=INSTALL_APPRISE) from error
    told = _Told()
    logger = logging.getLogger("apprise")
    logger.addHandler(told)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    services = apprise.Apprise()
    if not services.add(url) or not len(services):
        why = told.reason()
        hint = "apprise's documentation has the form of each service's URL; a webhook is json://host/path"
        raise InvalidInput(f"Apprise does not take the URL{f': {why}' if why else ''}", hint=hint)
    if len(services) > 1:
        raise InvalidInput(
            f"{len(services)} URLs in one", hint="write a [[notifications]] for each: so each is tried on its own"
        )
    kind = apprise.NotifyType(_KINDS[occasion])
    format_ = apprise.NotifyFormat.TEXT
    if not services.notify(body=words.message, title=words.title, notify_type=kind, body_format=format_):
        raise NotSent(told.reason() or "Apprise could not send it and gave no reason")


class _Told(logging.Handler):
    """Keeps what Apprise says: warnings, and the cause of a broken connection, which it only tells in passing."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            self._lines.append(text.rstrip("."))
        elif "Exception" in text:
            self._lines.append(_cause(text))

    def reason(self) -> str:
        return ": ".join(dict.fromkeys(line for line in self._lines if line))


def _cause(text: str) -> str:
    """Return the innermost cause of `Socket Exception: …`, which is several exceptions in one another."""
    if found := _OS_ERROR.findall(text):
        return str(found[-1]).strip()
    for mark, words in (
        ("timed out", "no answer in time"),
        ("CERTIFICATE_VERIFY_FAILED", "its certificate can't be verified"),
        ("SSLError", "no secure connection could be made"),
    ):
        if mark in text:
            return words
    return text.partition("Exception: ")[2] or text


def _hide(url: str, secrets: Secrets) -> None:
    """Mask the URL and all of its parts but the name of a host: exceptions and services repeat them one by one."""
    secrets.add(url)
    _, _, rest = url.partition("://")
    login, _, place = rest.rpartition("@")
    for part in re.split(r"[:@]", login):
        secrets.add(part)
    for part in re.split(r"[/?&=#:,;\s]+", place):
        if len(part) >= _SECRET_CHARS_MIN and _HOST.fullmatch(part) is None:
            secrets.add(part)
