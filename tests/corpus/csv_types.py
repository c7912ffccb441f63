"""CSV types: numbers, dates and times in the forms that people write, codes, placeholders, and what is ambiguous."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from tests.corpus.case import Case, Truth, one_file


def column(
    name: str,
    kind: str,
    texts: Sequence[str],
    values: Sequence[object],
    *doubts: str,
    delimiter: str = ";",
    **said: object,
) -> Case:
    """Return a case of a file with numbered rows and one column `v` of these texts, which mean these values."""
    lines = "".join(f"{place}{delimiter}{text}\n" for place, text in enumerate(texts))
    truth = Truth(
        delimiter=delimiter,
        header=True,
        columns={"id": "bigint", "v": kind},
        rows=list(enumerate(values)),
        doubts=doubts,
    )
    return one_file(name, f"id{delimiter}v\n" + lines, truth, **said)


def texts(name: str, values: Sequence[str], *doubts: str, **said: object) -> Case:
    """Return a case of a column that stays text."""
    return column(name, "string", values, [value or None for value in values], *doubts, **said)  # type: ignore[arg-type]


def csv_types() -> Iterator[Case]:
    yield from numbers()
    yield from dates()
    yield from times()
    yield from tables()


def numbers() -> Iterator[Case]:
    yield column("booleans", "boolean", ["true", "FALSE", "", "True"], [True, False, None, True])
    yield texts("booleans_in_words", ["yes", "no", "yes"])
    yield column("whole_zero_one", "bigint", ["0", "1", "1", "0"], [0, 1, 1, 0])
    yield column("whole_extreme", "bigint", [str(-(2**63)), str(2**63 - 1)], [-(2**63), 2**63 - 1])
    yield column("whole_huge", "decimal(38,0)", [str(2**63), "1", "-5"], [Decimal(2**63), Decimal(1), Decimal(-5)])
    yield texts("whole_beyond_all", ["1" * 39, "2", "3"])
    yield texts("codes_with_leading_zeros", ["007", "010", "123"])
    yield texts("phone_numbers", ["+33 1 23 45", "+44 20 7946", "+1 555 0100"])
    yield texts("versions", ["1.2.3", "1.2.4", "1.10.0"])
    yield texts("addresses_of_machines", ["10.0.0.1", "10.0.0.2", "192.168.1.1"])
    yield column("money", "double", ["12.30", "7.05", "1000.00"], [12.3, 7.05, 1000.0])
    yield column("fractions", "double", [".5", "-0.25", "1e-3", "2E5"], [0.5, -0.25, 0.001, 200000.0])
    yield column("doubles_in_full", "double", ["0.30000000000000004", "2.718281828459045", "1.0"],
        [0.30000000000000004, 2.718281828459045, 1.0])  # fmt: skip
    yield column("decimals_beyond_doubles", "decimal(38,2)", ["12345678901234567890.12", "0.50", "-3"],
        [Decimal("12345678901234567890.12"), Decimal("0.50"), Decimal("-3.00")])  # fmt: skip
    yield column("decimals_of_many_places", "decimal(38,20)", ["0.12345678901234567891", "1.5"],
        [Decimal("0.12345678901234567891"), Decimal("1.50000000000000000000")])  # fmt: skip
    yield texts("decimals_too_long", ["12345678901234567890.12345678901234567891", "1.5"])
    yield column(
        "not_numbers", "double", ["NaN", "1.5", "inf", "-inf"], [float("nan"), 1.5, float("inf"), float("-inf")]
    )
    yield column("decimal_commas", "double", ["1,5", "2", "-3,25", ""], [1.5, 2.0, -3.25, None])
    yield column("decimal_commas_thousands", "double", ["1.234,56", "12,5", "1.234.567"], [1234.56, 12.5, 1234567.0])
    yield column("decimal_commas_spaces", "double", ["1 234,56", "12,5", "1\u00a0234"], [1234.56, 12.5, 1234.0])
    yield column("decimal_commas_beyond_doubles", "decimal(38,2)", ["12.345.678.901.234.567,89", "1,5"],
        [Decimal("12345678901234567.89"), Decimal("1.50")])  # fmt: skip
    yield column("thousands", "double", ["1,234.56", "12.5", "1,234,567"], [1234.56, 12.5, 1234567.0])
    yield column("thousands_quoted", "double", ['"1,234.56"', "12.5"], [1234.56, 12.5], delimiter=",")
    yield column("thousands_apostrophes", "double", ["1'234.50", "12.5"], [1234.5, 12.5])
    yield column("thousands_whole", "bigint", ["1,234,567", "12", "1,000"], [1234567, 12, 1000])
    yield texts("thousands_or_decimals", ["1,234", "5,678"], 'say decimal = "."')
    yield column("points_or_thousands", "double", ["1.234", "12.500"], [1.234, 12.5], 'say decimal = "."')
    yield column("points_before_any_decimals", "double", ["1.234", "0.500"], [1.234, 0.5])
    yield column("points_said", "double", ["1.234", "12.500"], [1.234, 12.5], decimal=".")
    yield column("points_between_commas", "double", ["1.234", "12.500"], [1.234, 12.5], delimiter=",")
    yield texts("currency_signs", ["€12.30", "€7.05"])
    yield texts("percent", ["12%", "7%"])
    yield texts("mixed_signs_of_decimals", ["1,5", "2.5", "3,5"])
    yield texts("placeholders", ["1", "n/a", "3", "4"])
    yield column("placeholders_said", "bigint", ["1", "n/a", "3", "-"], [1, None, 3, None], nulls=("n/a", "-"))
    yield texts("text_with_spaces", ["a b", " c", "d "])
    yield column("numbers_with_spaces", "bigint", [" 1", " 22", " 3"], [1, 22, 3])
    yield column("all_empty", "string", ["", "", ""], [None, None, None])
    yield texts("numbers_that_are_words", ["one", "two", "3"])
    yield texts("hexadecimal", ["0x1F", "0xA0"])
    yield texts("uuids", ["6f1c2e0a-0000-4000-8000-000000000001", "6f1c2e0a-0000-4000-8000-000000000002"])


def dates() -> Iterator[Case]:
    new_year = [date(2025, 12, 31), None, date(2026, 1, 1)]
    written = {
        "iso": ["2025-12-31", "", "2026-01-01"],
        "dots": ["31.12.2025", "", "01.01.2026"],
        "dots_short": ["31.12.25", "", "1.1.26"],
        "slashes_day_first": ["31/12/2025", "", "01/01/2026"],
        "slashes_month_first": ["12/31/2025", "", "1/1/2026"],
        "slashes_short_year": ["12/31/25", "", "01/01/26"],
        "dashes_day_first": ["31-12-2025", "", "01-01-2026"],
        "year_first_slashes": ["2025/12/31", "", "2026/01/01"],
        "month_names": ["31 Dec 2025", "", "1 Jan 2026"],
        "month_names_dashes": ["31-Dec-2025", "", "01-Jan-2026"],
        "month_names_full": ["31 December 2025", "", "1 January 2026"],
        "month_names_first": ["Dec 31, 2025", "", "Jan 1, 2026"],
    }
    for name, found in written.items():
        yield column(f"dates_{name}", "date", found, new_year)
    yield column("dates_without_separators", "bigint", ["20251231", "20260101"], [20251231, 20260101])
    yield texts("dates_day_or_month", ["01/02/2025", "03/04/2025"], "day_first")
    yield texts("dates_day_or_month_dashes", ["01-02-2025", "03-04-2025"], "day_first")
    yield column(
        "dates_said_day_first",
        "date",
        ["01/02/2025", "03/04/2025"],
        [date(2025, 2, 1), date(2025, 4, 3)],
        day_first=True,
    )
    yield column(
        "dates_said_month_first",
        "date",
        ["01/02/2025", "03/04/2025"],
        [date(2025, 1, 2), date(2025, 3, 4)],
        day_first=False,
    )
    yield texts("dates_that_do_not_exist", ["2025-02-30", "2025-02-28"])
    yield texts("dates_in_two_forms", ["2025-12-31", "31.12.2025"])
    yield texts("dates_said_wrong", ["31/12/2025", "30/12/2025"], day_first=False)
    yield column("dates_in_a_form_that_was_said", "date", ["2025 365", "2025 001"],
        [date(2025, 12, 31), date(2025, 1, 1)], forms=(("v", "%Y %j"),))  # fmt: skip
    late = [f"{day:02}/{month:02}/2025" for month in range(1, 13) for day in range(1, 13)] * 100
    days = [date(2025, int(text[3:5]), int(text[:2])) for text in late]
    yield column("dates_settled_late", "date", [*late, "31/12/2025"], [*days, date(2025, 12, 31)])
    yield Case(
        name="dates_settled_by_another_column",
        files={"data.csv": b"ordered,sent\n01/02/2025,13/02/2025\n03/02/2025,14/02/2025\n"},
        truth=Truth(
            columns={"ordered": "date", "sent": "date"},
            rows=[(date(2025, 2, 1), date(2025, 2, 13)), (date(2025, 2, 3), date(2025, 2, 14))],
        ),
    )
    yield Case(
        name="dates_settled_by_another_file",
        files={"a.csv": b"id,day\n1,01/02/2025\n", "b.csv": b"id,day\n2,13/02/2025\n"},
        truth=Truth(columns={"id": "bigint", "day": "date"}, rows=[(1, date(2025, 2, 1)), (2, date(2025, 2, 13))]),
    )
    yield Case(
        name="dates_of_two_forms_in_two_files",
        files={"a.csv": b"id,day\n1,2025-02-28\n", "b.csv": b"id,day\n2,28.02.2025\n"},
        truth=Truth(columns={"id": "bigint", "day": "date"}, rows=[(1, date(2025, 2, 28)), (2, date(2025, 2, 28))]),
    )


def times() -> Iterator[Case]:
    at = datetime(2025, 3, 1, 14, 5, 9)
    written = {
        "iso_t": "2025-03-01T14:05:09",
        "iso_space": "2025-03-01 14:05:09",
        "iso_z": "2025-03-01T14:05:09Z",
        "iso_offset": "2025-03-01T16:05:09+02:00",
        "iso_offset_short": "2025-03-01 09:05:09-0500",
        "dots": "01.03.2025 14:05:09",
        "am_pm": "13/03/2025 02:05:09 PM",
        "slashes_year_first": "2025/03/01 14:05:09",
    }
    for name, text in written.items():
        value = at.replace(day=13) if name == "am_pm" else at
        yield column(f"times_{name}", "timestamp", [text, ""], [value, None])
    minutes = at.replace(second=0)
    yield column("times_iso_minutes", "timestamp", ["2025-03-01 14:05", ""], [minutes, None])
    yield column(
        "times_dots_minutes", "timestamp", ["01.03.2025 14:05", "31.12.2025 9:00"], [minutes, datetime(2025, 12, 31, 9)]
    )
    yield column(
        "times_american", "timestamp", ["3/1/2025 2:05 PM", "12/31/2025 12:00 AM"], [minutes, datetime(2025, 12, 31)]
    )
    yield column(
        "times_decimals",
        "timestamp",
        ["2025-03-01 14:05:09.25", "2025-03-01 14:05:09"],
        [at.replace(microsecond=250000), at],
    )
    yield column("times_decimal_comma", "timestamp", ["2025-03-01 14:05:09,250"], [at.replace(microsecond=250000)])
    yield column("times_nanoseconds", "timestamp", ["2025-03-01 14:05:09.123456789"], [at.replace(microsecond=123456)])
    yield column("times_and_dates", "timestamp", ["2025-03-01", "2025-03-01 14:05:09"], [datetime(2025, 3, 1), at])
    yield column("times_z_and_offset", "timestamp", ["2025-03-01T14:05:09Z", "2025-03-01T15:05:09+01:00"], [at, at])
    yield texts("times_day_or_month", ["01/02/2025 10:00", "03/04/2025 11:00"], "day_first")
    yield texts("times_of_day", ["10:00", "11:30"])
    yield column("seconds_since_1970", "bigint", ["1740837909", "1740837910"], [1740837909, 1740837910])


def tables() -> Iterator[Case]:
    yield Case(
        name="types_widen_over_files",
        files={"a.csv": b"id,v\n1,2\n", "b.csv": b"id,v\n2,2.5\n", "c.csv": b"id,v\n3,\n"},
        truth=Truth(columns={"id": "bigint", "v": "double"}, rows=[(1, 2.0), (2, 2.5), (3, None)]),
    )
    yield Case(
        name="types_conflict_over_files",
        files={"a.csv": b"id,v\n1,2\n", "b.csv": b"id,v\n2,x\n"},
        truth=Truth(columns={"id": "bigint", "v": "string"}, rows=[(1, "2"), (2, "x")]),
    )
    yield Case(
        name="decimals_over_files",
        files={"a.csv": b"id,v\n1,12345678901234567890.5\n", "b.csv": b"id,v\n2,2.255\n"},
        truth=Truth(
            columns={"id": "bigint", "v": "decimal(38,3)"},
            rows=[(1, Decimal("12345678901234567890.500")), (2, Decimal("2.255"))],
        ),
    )
    yield one_file("decimal_commas_beside_thousands", "id;price;weight\n1;2,50;1.234\n2;3,75;2.500\n", Truth(
        columns={"id": "bigint", "price": "double", "weight": "string"},
        rows=[(1, 2.5, "1.234"), (2, 3.75, "2.500")], doubts=('say decimal = "."',),
    ))  # fmt: skip
    yield Case(
        name="decimal_commas_in_another_file",
        files={"a.csv": b"id;v\n1;1.234\n", "b.csv": b"id;v\n2;2,5\n"},
        truth=Truth(
            columns={"id": "bigint", "v": "string"}, rows=[(1, "1.234"), (2, "2,5")], doubts=('say decimal = "."',)
        ),
    )
    yield Case(
        name="decimal_points_in_another_file",
        files={"a.csv": b"id;v\n1;1.25\n", "b.csv": b"id;v\n2;2,5\n"},
        truth=Truth(columns={"id": "bigint", "v": "double"}, rows=[(1, 1.25), (2, 2.5)]),
    )
    german = "Nr;Datum;Preis;Ort\n1;31.12.2025;1.234,50;Köln\n2;01.01.2026;0,99;München\n"
    yield one_file(
        "german_export",
        german.encode("cp1252"),
        Truth(
            delimiter=";",
            header=True,
            columns={"Nr": "bigint", "Datum": "date", "Preis": "double", "Ort": "string"},
            rows=[(1, date(2025, 12, 31), 1234.5, "Köln"), (2, date(2026, 1, 1), 0.99, "München")],
        ),
    )
