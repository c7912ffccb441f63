"""Lines that a program logs as JSON: their level, their message, and what else they say. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.logs.levels import DEBUG, ERROR, INFO, WARN

_MESSAGE_KEYS = ("message", "msg", "event")
_LEVEL_KEYS = ("level", "levelname", "severity", "lvl", "log.level")
_TIME_KEYS = ("timestamp", "time", "ts", "@timestamp", "asctime", "datetime")
_LEVEL_OF_WORD = {
    **dict.fromkeys(("trace", "debug"), DEBUG),
    **dict.fromkeys(("info", "information", "informational", "notice"), INFO),
    **dict.fromkeys(("warn", "warning"), WARN),
    **dict.fromkeys(("err", "error", "critical", "fatal", "panic", "alert", "emergency"), ERROR),
}


@dataclass(frozen=True, slots=True)
class Structured:
    """A line of JSON with a message. `level` is one of LEVELS, empty where it says none that is known."""

    level: str
    message: str
    fields: tuple[tuple[str, str], ...]
    """What else it says, but for its time: key, and value as JSON."""


def structured(text: str) -> Structured | None:
    """Return what a line of JSON says; None for other lines, and where it has no message."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    import msgspec

    try:
        said = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    message_key = next((key for key in _MESSAGE_KEYS if isinstance(said.get(key), str)), None)
    if message_key is None:
        return None
    level_key = next((key for key in _LEVEL_KEYS if _level_of(said.get(key))), None)
    told = {message_key, level_key, *_TIME_KEYS}
    return Structured(
        level=_level_of(said[level_key]) if level_key else "",
        message=said[message_key],
        fields=tuple((key, _value(value)) for key, value in said.items() if key not in told),
    )


def level_of(text: str, otherwise: str) -> str:
    """Return the level that a line of JSON says it has."""
    said = structured(text)
    return said.level or otherwise if said is not None else otherwise


def _level_of(value: object) -> str:
    return _LEVEL_OF_WORD.get(value.lower(), "") if isinstance(value, str) else ""


def _value(value: object) -> str:
    import msgspec

    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
