"""What a run is given meets the defaults and types of its workflow."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.core.model import Property, Workflow
from glue_tui.core.problem import InvalidInput
from glue_tui.core.properties import TOLD_MAX, VALUE_CHARS_MAX, resolve, told_properties, value_problem

TODAY = date(2026, 3, 1)
CURRENCY = Property(name="currency", default="EUR")
DAY = Property(name="day", type="date", default="yesterday")
LIMIT = Property(name="limit", type="integer")
SHARE = Property(name="share", type="number", default="0.5")
FULL = Property(name="full", type="boolean", default="false")
REGION = Property(name="region", default="north", choices=("north", "south"))
EVERY = (CURRENCY, DAY, LIMIT, SHARE, FULL, REGION)


def test_defaults_hold_unless_the_run_says_otherwise() -> None:
    assert resolve(EVERY, {"limit": "5", "currency": "USD"}, TODAY) == {
        "currency": "USD",
        "day": "2026-02-28",
        "limit": "5",
        "share": "0.5",
        "full": "false",
        "region": "north",
    }


@pytest.mark.parametrize(
    ("given_day", "expected"), [("today", "2026-03-01"), ("yesterday", "2026-02-28"), ("2024-02-29", "2024-02-29")]
)
def test_a_day_may_be_named_or_written(given_day: str, expected: str) -> None:
    assert resolve((DAY,), {"day": given_day}, TODAY) == {"day": expected}


def test_everything_wrong_is_said_at_once() -> None:
    wrong = {"curency": "EUR", "day": "2026-02-30", "share": "half", "full": "yes", "region": "west"}
    with pytest.raises(InvalidInput) as raised:
        resolve(EVERY, wrong, TODAY)
    assert raised.value.message.split("; ") == [
        'no property named "curency" (did you mean "currency"?)',
        'day: "2026-02-30" is no day of the calendar: YYYY-MM-DD, today or yesterday',
        "limit is missing (an integer, such as 5)",
        'share: "half" is not a number, such as 0.5',
        'full: "yes" is not true or false',
        'region: "west" is not among its choices: north, south',
    ]
    assert raised.value.hint == "give properties as NAME=VALUE, such as day=yesterday"


@pytest.mark.parametrize(
    ("item", "text", "problem"),
    [
        (LIMIT, "", "is empty; it takes an integer, such as 5"),
        (LIMIT, "-" + "9" * 19, f'"-{"9" * 19}" has more than 18 digits'),
        (LIMIT, "x" * 100, f'"{"x" * 59}…" is not an integer, such as 5'),
        (SHARE, "1,5", '"1,5" is not a number, such as 0.5'),
        (FULL, "TRUE", '"TRUE" is not true or false'),
        (DAY, "tomorrow", '"tomorrow" is not a date: YYYY-MM-DD, today or yesterday'),
        (REGION, "North", '"North" is not among its choices: north, south'),
        (CURRENCY, "", ""),
        (CURRENCY, "a=b=c", ""),
        (REGION, "\x1b[2J", '"\\x1b[2J" is not among its choices: north, south'),
    ],
)
def test_a_wrong_value_is_told_with_what_is_wanted(item: Property, text: str, problem: str) -> None:
    assert value_problem(item, text) == problem


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (LIMIT, ""),
        (LIMIT, "1.0"),
        (LIMIT, "1_000"),
        (LIMIT, "٣"),
        (LIMIT, "9" * 30),
        (SHARE, "nan"),
        (SHARE, "inf"),
        (SHARE, "."),
        (SHARE, " 1"),
        (FULL, "True"),
        (DAY, "20260301"),
        (DAY, "2026-03-01T00:00"),
        (DAY, "tomorrow"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(item: Property, text: str) -> None:
    with pytest.raises(InvalidInput, match=item.name):
        resolve((item,), {item.name: text}, TODAY)


@pytest.mark.parametrize(
    ("item", "text"), [(LIMIT, "-3"), (LIMIT, "+007"), (SHARE, "1e-3"), (SHARE, ".5"), (SHARE, "2."), (CURRENCY, "")]
)
def test_a_value_of_the_right_type_is_kept_as_written(item: Property, text: str) -> None:
    assert resolve((item,), {item.name: text}, TODAY) == {item.name: text}


@given(st.sampled_from(EVERY), st.text(max_size=12))
def test_any_text_is_taken_or_refused(item: Property, text: str) -> None:
    try:
        values = resolve((item,), {item.name: text}, TODAY)
    except InvalidInput:
        return
    assert values.keys() == {item.name}
    if item is LIMIT:
        int(values["limit"])
    if item is SHARE:
        float(values["share"])


def test_a_property_names_data_and_does_not_carry_it() -> None:
    assert resolve((CURRENCY,), {"currency": "x" * VALUE_CHARS_MAX}, TODAY)
    with pytest.raises(InvalidInput, match=r"currency: 10,001 characters, of 10,000 at most: put data into a file"):
        resolve((CURRENCY,), {"currency": "x" * (VALUE_CHARS_MAX + 1)}, TODAY)


def test_a_line_of_the_history_tells_what_is_not_the_default() -> None:
    workflow = Workflow(name="w", source="w.toml", properties=EVERY, timezone="Europe/Paris")
    late = datetime(2026, 2, 28, 23, 30, tzinfo=UTC).timestamp()
    """Already the first of March in Paris."""
    values = {"currency": "EUR", "day": "2026-02-28", "limit": "5", "share": "0.5", "full": "true", "set_by_job": "x"}
    assert told_properties(workflow, values, late) == {"limit": "5", "full": "true", "set_by_job": "x"}
    assert told_properties(workflow, {"day": "2026-02-27"}, late) == {"day": "2026-02-27"}
    many = {f"name_{number}": "x" * 500 for number in range(20)}
    told = told_properties(workflow, many, late)
    assert (len(told), {len(value) for value in told.values()}) == (TOLD_MAX, {60})
