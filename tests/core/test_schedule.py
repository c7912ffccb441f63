"""Schedules fire when a plain reading of their fields, minute by minute, says so."""

from __future__ import annotations

import calendar
import itertools
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glue_tui.core.cron import FORM, BadSchedule
from glue_tui.core.schedule import fires as fires_after
from glue_tui.core.schedule import newest_fires, next_fire, parse_schedule

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
NAMES = dict(zip(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), range(1, 8), strict=True)) | dict(
    zip(MONTHS, range(1, 13), strict=True)
)


def holds(field: str, value: int, low: int, high: int) -> bool:
    """Read a field of numbers the slow way: by listing it."""
    listed: set[int] = set()
    for term in field.upper().split(","):
        span, _, step = term.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = NAMES.get(first) or int(first)
            end = (NAMES.get(last) or int(last)) if last else high if step else start
        values = [*range(start, high + 1), *range(low, end + 1)] if end < start else [*range(start, end + 1)]
        listed.update(values[:: int(step or 1)])
    return value in listed


def holds_day(dom: str, dow: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    weekday = day.isoweekday() % 7 + 1
    dow = dow.upper()
    if dow == "?":
        if dom.endswith("W"):
            target = last if dom == "LW" else int(dom[:-1])
            weekdays = [d for d in range(1, last + 1) if day.replace(day=d).isoweekday() <= 5]
            return target <= last and day.day == min(weekdays, key=lambda d: (abs(d - target), d))
        if dom.startswith("L"):
            return day.day == last - int(dom[2:] or 0)
        return holds(dom, day.day, 1, 31)
    if "#" in dow:
        name, nth = dow.split("#")
        return weekday == (NAMES.get(name) or int(name)) and (day.day - 1) // 7 + 1 == int(nth)
    if dow == "L":
        return weekday == 7
    if dow.endswith("L"):
        return weekday == (NAMES.get(dow[:-1]) or int(dow[:-1])) and day.day + 7 > last
    return holds(dow, weekday, 1, 7)


def plain_reading(expression: str, after: datetime, zone: str, days: int) -> Iterator[float]:
    """Yield every fire of the next `days` days, asking each minute of each day that fits."""
    minute, hour, dom, month, dow, year = expression.split()
    fits_day: dict[date, bool] = {}
    moment = after.astimezone(UTC).replace(second=0, microsecond=0)
    end = moment + timedelta(days=days)
    while moment < end:
        local = moment.astimezone(ZoneInfo(zone))
        day = local.date()
        if day not in fits_day:
            fits_day[day] = (
                holds(month, day.month, 1, 12) and holds(year, day.year, 1970, 2199) and holds_day(dom, dow, day)
            )
        if not fits_day[day]:
            # Every change of a clock in these zones lies on a quarter of an hour.
            moment += timedelta(minutes=15 - local.minute % 15)
            continue
        is_first_pass = hour.startswith("*") or not local.fold
        if is_first_pass and holds(minute, local.minute, 0, 59) and holds(hour, local.hour, 0, 23) and moment > after:
            yield moment.timestamp()
        moment += timedelta(minutes=1)


def fires(expression: str, after: datetime, zone: str, count: int) -> list[float]:
    schedule = parse_schedule(f"cron({expression})")
    times: list[float] = []
    at: float | None = after.timestamp()
    while len(times) < count and (at := next_fire(schedule, at, zone)) is not None:
        times.append(at)
    return times


ZONES = ("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Antarctica/Troll")


def number_fields(low: int, high: int, *, names: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Make fields of numbers in every form: lists of `*`, `a`, `a-b`, each with a step or none."""
    number = st.integers(low, high).map(lambda n: names[n - low] if names and n % 2 else str(n))
    span = st.tuples(st.integers(low, high), st.integers(low, high)).map(lambda ends: f"{min(ends)}-{max(ends)}")
    step = st.integers(1, high - low).map(lambda n: f"/{n}")
    term = number | span | st.builds(str.__add__, st.just("*") | number | span, step)
    return st.just("*") | number | st.lists(term, min_size=1, max_size=3).map(",".join)


def name_of(weekday: int) -> str:
    return ("SUN", "mon", "TUE", "Wed", "THU", "FRI", "sat")[weekday - 1]


WEEKDAY = st.integers(1, 7).map(str) | st.integers(1, 7).map(name_of)
DAYS = st.one_of(
    number_fields(1, 31),
    st.sampled_from(["L", "LW"]),
    st.integers(1, 30).map(lambda n: f"L-{n}"),
    st.integers(1, 31).map(lambda n: f"{n}W"),
).map(lambda day: (day, "?"))
WEEKDAYS = st.one_of(
    number_fields(1, 7),
    WEEKDAY,
    st.builds(lambda first, last: f"{name_of(first)}-{last}", st.integers(1, 7), st.integers(1, 7)),
    st.builds(lambda day, nth: f"{day}#{nth}", WEEKDAY, st.integers(1, 5)),
    WEEKDAY.map(lambda day: day + "L"),
    st.just("L"),
).map(lambda weekday: ("?", weekday))
EXPRESSIONS = st.builds(
    lambda minute, hour, days, month, year: f"{minute} {hour} {days[0]} {month} {days[1]} {year}",
    number_fields(0, 59),
    number_fields(0, 23),
    DAYS | WEEKDAYS,
    st.just("*") | number_fields(1, 12, names=MONTHS),
    st.sampled_from(["*", "*", "*", "2026-2199", "2025/2", "2026,2027"]),
)
MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 1, 31)) | st.sampled_from(
    [  # around the changes of the clock in these zones
        datetime(2026, 3, 29, 0, 40),
        datetime(2026, 10, 25, 0, 20),
        datetime(2026, 3, 8, 6, 30),
        datetime(2026, 11, 1, 5, 15),
        datetime(2026, 4, 4, 14, 50),
        datetime(2026, 10, 3, 15, 20),
        datetime(2026, 4, 23, 21, 30),
        datetime(2026, 10, 29, 20, 10),
    ]
)


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, st.sampled_from(ZONES), MOMENTS)
def test_any_schedule_fires_as_its_fields_read(expression: str, zone: str, after: datetime) -> None:
    """Also: strictly later, in order, none left out, and the newest are the last of them."""
    after = after.replace(tzinfo=UTC)
    expected = list(itertools.islice(plain_reading(expression, after, zone, 200), 8))
    assert fires(expression, after, zone, len(expected)) == expected
    schedule = parse_schedule(f"cron({expression})")
    assert next_fire(schedule, after.timestamp(), zone) == next(fires_after(schedule, after.timestamp(), zone), None)
    if expected:
        assert newest_fires(schedule, after.timestamp(), expected[-1], zone, 3) == tuple(expected[-3:])


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("0 12 29 2 ? *", "2026-11-22", "2028-02-29T12:00"),
        ("0 12 29 2 ? 2096-2110", "2026-11-22", "2096-02-29T12:00"),
        ("0 12 29 2 ? 2097-2110", "2026-11-22", "2104-02-29T12:00"),
        ("0 0 1 1 ? 2026/2", "2026-11-22", "2028-01-01T00:00"),
        ("59 23 31 12 ? 2199", "2026-11-22", "2199-12-31T23:59"),
        ("0 0 ? 2 1#5 *", "2026-11-22", "2032-02-29T00:00"),
        ("0 0 ? 2 2#5 *", "2026-11-22", "2044-02-29T00:00"),
        ("0 0 29 2 ? 2027,2196", "2026-11-22", "2196-02-29T00:00"),
        ("0 0 29 2 ? 2097-2103", "2026-11-22", None),
        ("0 0 31 2,4,6,9,11 ? *", "2026-11-22", None),
        ("0 0 30W 2 ? *", "2026-11-22", None),
        ("0 0 31 2 ? *", "2026-11-22", None),
        ("0 0 1 1 ? 2026", "2026-11-22", None),
        ("* * * * ? 2027", "2026-11-22", "2027-01-01T00:00"),
    ],
)
def test_rare_schedules_fire_years_ahead_or_never(expression: str, after: str, expected: str | None) -> None:
    fired = next_fire(
        parse_schedule(f"cron({expression})"), datetime.fromisoformat(after + "T00:00Z").timestamp(), "UTC"
    )
    assert (fired and datetime.fromtimestamp(fired, UTC).isoformat()[:16]) == expected


SCRAPS = ["0", "*", "?", "L", "W", "#", "/", "-", ",", "5", "MON", "2026", "cron(", ")", "rate("]
CLOCK_CHANGES = [
    ("Europe/Paris", datetime(2026, 3, 28, 12, tzinfo=UTC)),
    ("Europe/Paris", datetime(2026, 10, 24, 12, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 7, 12, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 10, 31, 12, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 0, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 0, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, 0, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 4, 4, 0, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "after"), CLOCK_CHANGES)
@pytest.mark.parametrize(
    "expression",
    [
        "30 2 * * ? *",
        "30 1 * * ? *",
        "0/30 * * * ? *",
        "0 0 * * ? *",
        "0 */2 * * ? *",
        "*/20 0-3 * * ? *",
        "45 1,2 ? * SUN *",
        "*/10 */3 * * ? *",
    ],
)
def test_a_clock_change_skips_what_is_not_there_and_repeats_nothing(
    expression: str, zone: str, after: datetime
) -> None:
    expected = list(plain_reading(expression, after, zone, 3))
    assert fires(expression, after, zone, len(expected)) == expected


def test_the_hour_that_is_skipped_does_not_fire_and_the_one_that_comes_twice_fires_once() -> None:
    def local_days(expression: str, after: datetime) -> list[str]:
        times = fires(expression, after, "America/New_York", 3)
        return [datetime.fromtimestamp(at, ZoneInfo("America/New_York")).isoformat() for at in times]

    assert local_days("30 2 * * ? *", datetime(2026, 3, 7, 0, tzinfo=UTC)) == [
        "2026-03-07T02:30:00-05:00",
        "2026-03-09T02:30:00-04:00",
        "2026-03-10T02:30:00-04:00",
    ]
    assert local_days("30 1 * * ? *", datetime(2026, 10, 31, 12, tzinfo=UTC)) == [
        "2026-11-01T01:30:00-04:00",
        "2026-11-02T01:30:00-05:00",
        "2026-11-03T01:30:00-05:00",
    ]


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS, st.sampled_from(ZONES), st.floats(1.7e9, 2.2e9))
def test_each_fire_is_later_than_asked_and_nothing_lies_between(expression: str, zone: str, after: float) -> None:
    schedule = parse_schedule(f"cron({expression})")
    fired = next_fire(schedule, after, zone)
    if fired is None:
        return
    assert fired > after
    assert next_fire(schedule, (after + fired) / 2, zone) == fired
    assert next_fire(schedule, fired - 0.001, zone) == fired


@pytest.mark.parametrize(
    ("text", "interval_s"), [("rate(5 minutes)", 300), ("rate(1 hour)", 3600), (" rate( 2  days ) ", 172800)]
)
def test_a_rate_counts_real_time(text: str, interval_s: int) -> None:
    schedule = parse_schedule(text)
    first = next_fire(schedule, 1_000_000_000.5, "Europe/Paris")
    assert first is not None
    assert 0 < first - 1_000_000_000.5 <= interval_s
    assert next_fire(schedule, first, "Europe/Paris") == first + interval_s


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no schedule"),
        ("every day", "no schedule"),
        ("cron()", "six fields"),
        ("cron(0 22 * * ?)", "six fields"),
        ("cron(0 0 22 * * ? *)", "six fields"),
        ("cron(0 22 * * * *)", "exactly one"),
        ("cron(0 22 ? * ? *)", "exactly one"),
        ("cron(0 22 1 * MON *)", "exactly one"),
        ("cron(60 22 * * ? *)", 'minutes: "60"'),
        ("cron(0 24 * * ? *)", 'hours: "24"'),
        ("cron(0 22 0 * ? *)", 'day-of-month: "0"'),
        ("cron(0 22 32 * ? *)", 'day-of-month: "32"'),
        ("cron(0 22 ? * 0 *)", 'day-of-week: "0"'),
        ("cron(0 22 ? * 8 *)", 'day-of-week: "8"'),
        ("cron(0 22 * 13 ? *)", 'month: "13"'),
        ("cron(0 22 * FOO ? *)", 'month: "FOO"'),
        ("cron(0 22 * * ? 1969)", 'year: "1969"'),
        ("cron(0 22 * * ? 2200)", 'year: "2200"'),
        ("cron(0 22 ? * 2#6 *)", "after # comes 1 to 5"),
        ("cron(0 22 ? * 2#0 *)", "after # comes 1 to 5"),
        ("cron(0 22 ? * 2#1,3#1 *)", "stands alone"),
        ("cron(0/0 22 * * ? *)", "step of 1 or more"),
        ("cron(0/x 22 * * ? *)", "step of 1 or more"),
        ("cron(a 22 * * ? *)", 'minutes: "A"'),
        ("cron(0 22 15WL * ? *)", "stand alone"),
        ("cron(0 22 1,L * ? *)", "stand alone"),
        ("cron(0 22 32W * ? *)", 'day-of-month: "32"'),
        ("cron(10-5 22 * * ? *)", "runs backwards"),
        ("cron(0 22-20 * * ? *)", "runs backwards"),
        ("cron(0, 22 * * ? *)", 'minutes: ""'),
        ("rate(5)", "a number and a unit"),
        ("rate(0 minutes)", "must be 1 to"),
        ("rate(9999999999 minutes)", "must be 1 to"),
        ("rate(1 minutes)", "rate(1 minute)"),
        ("rate(5 minute)", "rate(5 minutes)"),
        ("rate(5 weeks)", "minutes, hours or days"),
    ],
)
def test_a_wrong_schedule_is_refused_with_its_field(text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_schedule(text)
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0 22 * * *", "write cron(0 22 * * ? *)"),
        ("cron(0 22 * * 1-5)", "write cron(0 22 ? * MON-FRI *)"),
        ("cron(0 22 * * mon-fri)", "write cron(0 22 ? * MON-FRI *)"),
        ("cron(0 0 * * 6,0)", "write cron(0 0 ? * SUN,SAT *)"),
        ("cron(0 0 * * 5-7)", "write cron(0 0 ? * SUN,FRI,SAT *)"),
        ("cron(0 0 * * */2)", "write cron(0 0 ? * SUN,TUE,THU,SAT *)"),
        ("*/5 8 1,15 jan *", "write cron(*/5 8 1,15 JAN ? *)"),
        ("0 9 1 * 1", "five fields fire on either day: two triggers, cron(0 9 1 * ? *) and cron(0 9 ? * MON *)"),
        ("@Daily", "write cron(0 0 * * ? *)"),
        ("cron(0 0 22 * * ?)", "write cron(0 22 * * ? *): there are no seconds"),
        ("0 0 22 ? * MON *", "write cron(0 22 ? * MON *): there are no seconds"),
        ("0 22 * * ? *", "write cron(0 22 * * ? *)"),
        ("Cron(0 22 * * ? *)", "write cron(0 22 * * ? *)"),
        ("cron(0 22 * * * *)", "write cron(0 22 * * ? *)"),
        ("cron(0 22 ? * ? *)", "write cron(0 22 * * ? *)"),
        ("cron(0 22 * * FRI *)", "write cron(0 22 ? * FRI *)"),
        ("cron(0 22 1 * MON *)", "for either day, two triggers: cron(0 22 1 * ? *) and cron(0 22 ? * MON *)"),
        ("cron(0 22-6 * * ? *)", "over the end: 22-23,0-6"),
        ("cron(0 0 1 nov-feb ? *)", "over the end: NOV-DEC,JAN-FEB"),
        ("cron(0 22 ? * 0 *)", "Sunday is 1 or SUN, as in Glue"),
        ("cron(0 22 * *)", "cron(0 22 * * ? *) is every night at 22:00"),
        ("61 * * * *", "write cron(minutes hours day-of-month month day-of-week year) or rate(5 minutes)"),
        ("0 0 * * 8", "write cron(minutes hours day-of-month month day-of-week year) or rate(5 minutes)"),
        ("0 0 * * 5-3", "write cron(minutes hours day-of-month month day-of-week year) or rate(5 minutes)"),
        ("1 0 22 * * ?", "write cron(minutes hours day-of-month month day-of-week year) or rate(5 minutes)"),
        ("every night", "write cron(minutes hours day-of-month month day-of-week year) or rate(5 minutes)"),
    ],
)
def test_a_schedule_in_another_form_is_answered_with_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(BadSchedule) as raised:
        parse_schedule(text)
    assert raised.value.hint == hint
    for suggested in re.findall(r"cron\([^)]*\)", hint):
        if suggested != FORM:
            parse_schedule(suggested)


@given(st.text(max_size=30) | st.lists(st.sampled_from(SCRAPS)).map(" ".join))
def test_any_text_is_a_schedule_or_a_value_error(text: str) -> None:
    try:
        parse_schedule(text)
    except ValueError:
        return
