import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.core.checks import Condition, NotNull, RowCount, Unique, parse_check


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("unique order_id", Unique(columns=("order_id",))),
        ('UNIQUE store , "Order Id"', Unique(columns=("store", "Order Id"))),
        ("unique größe", Unique(columns=("größe",))),
        ("customer_id not null", NotNull(column="customer_id")),
        ('"Customer Id" IS NOT NULL', NotNull(column="Customer Id")),
        ("rows >= 1", RowCount(comparison=">=", number=1)),
        ("rows<1000", RowCount(comparison="<", number=1000)),
        ("amount >= 0", Condition(sql="amount >= 0")),
        ("a not null and b not null", Condition(sql="a not null and b not null")),
        ("unique_id > 3", Condition(sql="unique_id > 3")),
        ("unique a b", Condition(sql="unique a b")),
        ("rows >= minimum", Condition(sql="rows >= minimum")),
    ],
)
def test_a_check_is_taken_for_what_it_says(text: str, parsed: object) -> None:
    assert parse_check(text) == parsed


@given(st.sampled_from([">=", "<=", "=", ">", "<"]), st.integers(0, 20), st.integers(0, 20))
def test_a_number_of_rows_is_compared_as_it_reads(sign: str, number: int, rows: int) -> None:
    parsed = parse_check(f"rows {sign} {number}")
    assert isinstance(parsed, RowCount)
    assert parsed.holds_for(rows) is eval(f"{rows} {'==' if sign == '=' else sign} {number}")
