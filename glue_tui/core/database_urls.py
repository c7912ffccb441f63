"""What a database's connection URL means, and what of it may be shown. Pure; nothing connects here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

from glue_tui.core.problem import InvalidInput, did_you_mean

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SERVER = re.compile(
    r"(?:(?P<user>[^:/?#@]*)(?::(?P<password>.*))?@)?"  # a raw password may hold anything: the last @ ends it
    r"(?P<host>\[[^\]@]*\]|[^:/?#@]*)(?::(?P<port>\d+))?"
    r"(?:/(?P<database>[^?#@]*))?(?:\?(?P<options>[^@]*))?",
    re.DOTALL,
)
_KINDS = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "redshift": "redshift",
    "mysql": "mysql",
    "mariadb": "mysql",
}
EXAMPLES = {
    "sqlite": "sqlite:///path/to/file.db",
    "postgresql": "postgresql://user:{{ env.PASSWORD }}@host:5432/database",
    "redshift": "redshift://user:{{ env.PASSWORD }}@host:5439/database",
    "mysql": "mysql://user:{{ env.PASSWORD }}@host:3306/database",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUrl:
    """A database on a server. `str()` of it is for people: it has no password."""

    kind: str
    """postgresql | redshift | mysql"""
    user: str = ""
    password: str = field(default="", repr=False)
    host: str = ""
    port: int | None = None
    database: str = ""
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        place = self.host or dict(self.options).get("host", "") or dict(self.options).get("unix_socket", "")
        return f"{self.kind}://{user}{place}{port}/{self.database}"

    @property
    def passwords(self) -> tuple[str, ...]:
        """What nobody else may know: the one before the host, and those among the options: `sslpassword`, `passwd`."""
        return (self.password, *(value for key, value in self.options if _is_secret(key)))

    def without_password(self, text: str) -> str:
        """Return a driver's message with the password, as it is or encoded, taken out."""
        secrets = {
            self.password,
            quote(self.password, safe=""),
            *(value for key, value in self.options if "pass" in key),
        }
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def _is_secret(option: str) -> bool:
    return "password" in option.lower() or option.lower() == "passwd"


def kind_of(url: str) -> str:
    """Return what kind of database a URL names: sqlite, postgresql, redshift or mysql.

    Raises InvalidInput for any other.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise InvalidInput("a connection URL names no kind of database", hint=EXAMPLES["sqlite"])
    # SQLAlchemy's URLs name a driver, too: postgresql+psycopg.
    name = scheme[1].lower().partition("+")[0]
    if name != "sqlite" and name not in _KINDS:
        hint = did_you_mean(name, ("sqlite", *_KINDS)) or "sqlite, postgresql, redshift or mysql"
        raise InvalidInput(f"connections to {name} are not supported", hint=hint)
    return _KINDS.get(name, name)


def server_url(url: str) -> ServerUrl:
    """Return the parts of a server's URL. Raises InvalidInput, which never repeats the URL's text."""
    kind = kind_of(url)
    parts = _SERVER.fullmatch(url.partition("://")[2])
    if parts is None:
        raise InvalidInput(f"a {kind} URL is not understood", hint=EXAMPLES[kind])
    return ServerUrl(
        kind=kind,
        user=unquote(parts["user"] or ""),
        password=unquote(parts["password"] or ""),
        host=unquote(parts["host"].strip("[]")),
        port=int(parts["port"]) if parts["port"] else None,
        database=unquote(parts["database"] or ""),
        options=tuple(parse_qsl(parts["options"] or "")),
    )
