"""Moments and sizes as people type them after an option: `2h`, `2026-11-20`, `yesterday`, `1GB`."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

import click

_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_UNIT_BYTES = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)


class Moment(click.ParamType[float]):
    """`2h`, `3d`: so long ago; `today`, `yesterday`, `2026-11-20`, `2026-11-20T08:30`: then, in local time."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value)
        age = _AGE.fullmatch(text)
        if age is not None:
            return time.time() - _seconds(age)
        today = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
        if text in ("today", "yesterday"):
            return (today if text == "today" else today - timedelta(days=1)).timestamp()
        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            self.fail(f'"{text}" is no moment: write 2h, 3d, yesterday, 2026-11-20 or 2026-11-20T08:30', param, ctx)


class Age(click.ParamType[float]):
    """`90d`, `12h`: a length of time, in seconds."""

    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        age = _AGE.fullmatch(str(value))
        if age is None:
            self.fail(f'"{value}" is no length of time: write 90d, 12w or 36h', param, ctx)
        return _seconds(age)


class Size(click.ParamType[int]):
    """`500MB`, `1GB`: a size in bytes."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _SIZE.fullmatch(str(value))
        if found is None:
            self.fail(f'"{value}" is no size: write 500MB or 1GB', param, ctx)
        return int(float(found[1]) * _UNIT_BYTES[found[2].upper()])


def _seconds(age: re.Match[str]) -> float:
    return float(age[1]) * _UNIT_S[age[2]]
