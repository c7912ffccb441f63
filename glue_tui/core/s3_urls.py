"""The URL of a connection to S3 or what speaks like it: `s3://bucket?endpoint=…&access_key=…`. Pure.

It is taken apart before templates are filled in: a secret may hold any letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

S3_SCHEME = "s3://"
S3_SETTINGS = ("endpoint", "region", "access_key", "secret_key", "session_token", "anonymous")
S3_SECRETS = ("secret_key", "session_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Url:
    bucket: str
    """Empty: any."""
    settings: dict[str, str]
    """By the names of S3_SETTINGS; templates are unfilled."""


def is_s3(path: str) -> bool:
    return path.startswith(S3_SCHEME)


def parse_s3_url(url: str) -> S3Url:
    """Return the parts of a connection's URL. Raises ValueError with what is wrong, without repeating a value."""
    place, _, query = url.removeprefix(S3_SCHEME).partition("?")
    bucket, slash, rest = place.partition("/")
    if slash and rest:
        raise ValueError("names a folder: that belongs into the target's path")
    settings: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name in S3_SETTINGS and not value:
            raise ValueError(f"{name} is empty")
        if name not in S3_SETTINGS:
            raise ValueError(f"{name[:20]!r} is none of {', '.join(f'{one}=…' for one in S3_SETTINGS)}")
        settings[name] = value if "{{" in value else unquote(value)
    endpoint = settings.get("endpoint", "")
    if endpoint and "{{" not in endpoint and not endpoint.startswith(("http://", "https://")):
        raise ValueError("the endpoint begins with neither http:// nor https://")
    if ("access_key" in settings) != ("secret_key" in settings):
        raise ValueError("access_key and secret_key need each other")
    return S3Url(bucket=bucket, settings=settings)
