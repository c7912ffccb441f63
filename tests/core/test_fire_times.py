"""The table of fire times in `fire_times.txt`: what each schedule does, across clock changes, months and years."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from glue_tui.core.schedule import newest_fires, next_fire, parse_schedule

BLOCKS = re.findall(
    r"^=== (cron\(.+?\)) in (\S+) after (\S+ \S+)Z.*\n((?:.+\n)*)",
    (Path(__file__).parent / "fire_times.txt").read_text(),
    re.MULTILINE,
)


def local_text(at: float, zone: str) -> str:
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    return f"{local:%a %Y-%m-%d %H:%M} {local.isoformat()[-6:]}"


@pytest.mark.parametrize(("text", "zone", "after", "times"), BLOCKS)
def test_a_schedule_fires_as_the_table_says(text: str, zone: str, after: str, times: str) -> None:
    schedule = parse_schedule(text)
    start = at = datetime.fromisoformat(after + "+00:00").timestamp()
    expected = times.splitlines()
    found: list[str] = []
    while len(found) < len(expected):
        fired = next_fire(schedule, at, zone)
        found.append("never again" if fired is None else local_text(fired, zone))
        if fired is None:
            break
        at = fired
    assert found == expected
    fires = [line for line in expected if line != "never again"]
    assert [local_text(one, zone) for one in newest_fires(schedule, start, at, zone, len(fires))] == fires


def test_the_table_holds_sixty_schedules_and_more_and_eight_zones_with_clock_changes() -> None:
    assert len({(text, zone) for text, zone, _, _ in BLOCKS}) > 60
    changing = {zone for _, zone, _, times in BLOCKS if len({line[-6:] for line in times.splitlines()}) > 1}
    assert len(changing) >= 8
