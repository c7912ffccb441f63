"""Endpoint and credentials of `s3://`: from the environment, as AWS's own tools do, or from a connection's URL."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser, Error
from pathlib import Path

from glue_tui.catalog.places import LOCAL, Storage, is_s3
from glue_tui.catalog.templates import filled_in
from glue_tui.core.problem import InvalidInput
from glue_tui.core.s3_urls import S3_SCHEME, S3Url, parse_s3_url

CONNECTION_URL_PARAMETER = "connectionUrl"
"""Of a table that was crawled through a connection: its URL, templates unfilled."""
REGION_DEFAULT = "us-east-1"


def storage_for(location: str, connection_url: str, environment: Mapping[str, str]) -> Storage:
    """Return how the files at a location are reached: without a connection by what the environment says.

    `environment` holds AWS_* variables and fills in the URL's templates. Raises InvalidInput for what is wrong there.
    """
    if not is_s3(location):
        return LOCAL
    url = S3Url(bucket="", settings={})
    if connection_url:
        whole = connection_url if connection_url.startswith(S3_SCHEME) else filled_in(connection_url, environment)
        try:
            url = parse_s3_url(whole)
        except ValueError:
            raise InvalidInput(
                f"the URL of the connection of {location} is none of S3", hint="s3://bucket?endpoint=…&access_key=…"
            ) from None
    said = {name: filled_in(text, environment) for name, text in url.settings.items()}
    profile = _profile(environment)
    endpoint = said.get("endpoint") or _first(
        environment.get("AWS_ENDPOINT_URL_S3"), environment.get("AWS_ENDPOINT_URL"), profile.get("endpoint_url")
    )
    region = said.get("region") or _first(
        environment.get("AWS_REGION"), environment.get("AWS_DEFAULT_REGION"), profile.get("region"), REGION_DEFAULT
    )
    access_key, secret_key, session_token = _credentials(said, environment, profile)
    return Storage(
        endpoint=endpoint,
        region=region,
        access_key=access_key,
        secret_key=secret_key,
        session_token=session_token,
        is_anonymous=said.get("anonymous") == "true",
    )


def _credentials(
    said: Mapping[str, str], environment: Mapping[str, str], profile: Mapping[str, str]
) -> tuple[str, str, str]:
    """Return access key, secret key and session token of the first place that has keys; all empty if none has."""
    places = (
        (said.get("access_key"), said.get("secret_key"), said.get("session_token")),
        (
            environment.get("AWS_ACCESS_KEY_ID"),
            environment.get("AWS_SECRET_ACCESS_KEY"),
            environment.get("AWS_SESSION_TOKEN"),
        ),
        (
            profile.get("aws_access_key_id"),
            profile.get("aws_secret_access_key"),
            profile.get("aws_session_token"),
        ),
    )
    return next(
        ((access, secret, token or "") for access, secret, token in places if access and secret),
        ("", "", ""),
    )


def _profile(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the profile in use. Raises InvalidInput where AWS_PROFILE names one that is nowhere."""
    name = environment.get("AWS_PROFILE") or "default"
    home = Path.home() / ".aws"
    settings: dict[str, str] = {}
    for path, section in (
        (environment.get("AWS_CONFIG_FILE") or home / "config", name if name == "default" else f"profile {name}"),
        (environment.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials", name),
    ):
        parser = ConfigParser(interpolation=None, default_section="")
        try:
            parser.read(Path(path).expanduser())
        except Error as error:
            raise InvalidInput(f"{path} can't be read: {error.message}") from error
        if parser.has_section(section):
            settings |= parser[section]
    if environment.get("AWS_PROFILE") and not settings:
        raise InvalidInput(f"AWS_PROFILE names {name!r}, but there is no such profile", hint=f"look into {home}")
    return settings


def _first(*texts: str | None) -> str:
    return next((text for text in texts if text), "")
