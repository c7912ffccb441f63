"""JSON in all its layouts, with values of all kinds, and files that are broken."""

from __future__ import annotations

import bz2
import gzip
import json
from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest
from crawl_project import Project

from glue_tui.core.model import Classifier, FolderTarget
from glue_tui.core.problem import InvalidInput
from glue_tui.core.states import RecrawlBehavior

RECORDS = [{"id": 1, "town": "Orléans"}, {"id": 2, "town": "Köln"}]
ROWS = [(1, "Orléans"), (2, "Köln")]
LINES = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS)
ARRAY = json.dumps(RECORDS, ensure_ascii=False)


def said(path: str, **classifier: object) -> FolderTarget:
    return FolderTarget(path=path, classifier=Classifier(**classifier))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", LINES),
        ("a.json", LINES.replace("\n", "\r\n")),
        ("a.json", "\n\n" + LINES.replace("\n", "\n  \n")),
        ("a.json", LINES.rstrip()),
        ("a.json", b"\xef\xbb\xbf" + LINES.encode()),
        ("a.json", ARRAY),
        ("a.json", json.dumps(RECORDS, indent=4)),
        ("array_of_another_name", ARRAY),
        ("a.json", b"\xef\xbb\xbf" + ARRAY.encode()),
        ("a.json", "\n".join(json.dumps(record, indent=2) for record in RECORDS)),
        ("a.json", "".join(json.dumps(record) for record in RECORDS)),
        ("a.json.gz", gzip.compress(LINES.encode(), mtime=0)),
        ("a.json.gz", gzip.compress(ARRAY.encode(), mtime=0)),
        ("a.json.bz2", bz2.compress(LINES.encode())),
    ],
)
def test_every_layout_has_the_same_rows(project: Project, name: str, content: str | bytes) -> None:
    project.write(f"in/{name}", content)
    assert project.crawl("in").problems == ()
    assert project.types("raw.in") == {"id": "bigint", "town": "string"}
    assert project.rows("raw.in") == ROWS
    assert project.scan("raw.in").filter(id=2).select("town").collect().rows() == [("Köln",)]


def test_cl_9_the_only_array_of_objects_in_an_object_is_the_records(project: Project) -> None:
    answer = {"page": 1, "data": {"tags": ["a"], "rows": RECORDS}}
    project.write("pretty/a.json", json.dumps(answer, indent=1))
    project.write("line/a.json", json.dumps({"total": 2, "data": RECORDS}))
    project.write("large/a.json", json.dumps({"page": 1, "data": {"rows": RECORDS * 3000}}, indent=1))
    for name in ("pretty", "line", "large"):
        project.crawl(name, name=name)
        rows = project.rows(f"raw.{name}")
        assert rows[:2] == ROWS
        found = project.catalog.table(f"raw.{name}").table.formats[0]
        assert "$" in found.records
        assert 'say records = "$"' in found.doubts[0]


def test_cl_9_where_the_records_are_can_be_said(project: Project) -> None:
    document = {
        "a": RECORDS,
        "b": [{"x": 1, "c": [{"y": 1}, {"y": 2}]}, {"x": 2, "c": None}, {"x": 3, "c": [{"y": 3}]}],
    }
    project.write("in/a.json", json.dumps(document, indent=1))
    for path, rows in {
        "$.a[*]": ROWS,
        "$['b'][*].c[*]": [(1,), (2,), (3,)],
        "$.none[*]": None,
        "$.a": None,
    }.items():
        if rows is None:
            with pytest.raises(InvalidInput):
                project.crawl(said("in", records=path), recrawl=RecrawlBehavior.CRAWL_EVERYTHING)
        else:
            project.crawl(said("in", records=path), recrawl=RecrawlBehavior.CRAWL_EVERYTHING)
            assert project.rows("raw.in") == rows
    project.crawl(said("in", records="$"), recrawl=RecrawlBehavior.CRAWL_EVERYTHING)
    assert project.types("raw.in")["a"] == "array<struct<id:bigint,town:string>>"


def test_an_object_in_a_line_is_a_record_though_it_holds_an_array(project: Project) -> None:
    project.write("in/a.json", '{"order": 1, "items": [{"sku": "a"}]}\n')
    project.crawl("in")
    assert project.rows("raw.in") == [(1, [{"sku": "a"}])]


def test_nested_values_nulls_and_missing_members(project: Project) -> None:
    project.write(
        "in/a.jsonl",
        '{"id": 1, "who": {"name": "Ann", "age": 7}, "n": null}\n'
        '{"id": 2, "who": {"name": null, "age": null, "tags": ["x", "y"]}, "extra": true}\n'
        '{"id": 3}\n',
    )
    project.crawl("in")
    assert project.types("raw.in") == {
        "id": "bigint",
        "who": "struct<name:string,age:bigint,tags:array<string>>",
        "n": "string",
        "extra": "boolean",
    }
    assert project.rows("raw.in") == [
        (1, {"name": "Ann", "age": 7, "tags": None}, None, None),
        (2, {"name": None, "age": None, "tags": ["x", "y"]}, None, True),
        (3, None, None, None),
    ]


def test_dates_in_text_are_dates_and_codes_stay_text(project: Project) -> None:
    project.write(
        "in/a.jsonl",
        '{"day": "2025-03-01", "at": "2025-03-01T10:00:00Z", "zip": "00501", "some": "2025-03-01"}\n'
        '{"day": null, "at": "2025-03-02 11:30:00.5", "zip": "10001", "some": ""}\n',
    )
    project.crawl("in")
    assert project.types("raw.in") == {"day": "date", "at": "timestamp", "zip": "string", "some": "string"}
    assert project.rows("raw.in") == [
        (date(2025, 3, 1), datetime(2025, 3, 1, 10), "00501", "2025-03-01"),
        (None, datetime(2025, 3, 2, 11, 30, 0, 500000), "10001", ""),
    ]


def test_mixed_values_are_text_as_they_stand_and_the_line_is_named(project: Project) -> None:
    project.write(
        "in/a.jsonl",
        '{"id": 1, "v": 1.10, "w": {"b": 1}, "l": [1, 2]}\n'
        '{"id": 2, "v": 2, "w": {"b": 2.50}, "l": ["x", 1.0]}\n'
        '{"id": 3, "v": "n/a", "w": "none", "l": []}\n'
        '{"id": 4, "v": true, "w": null, "l": null}\n',
    )
    project.crawl("in")
    assert project.types("raw.in") == {"id": "bigint", "v": "string", "w": "string", "l": "array<string>"}
    assert project.rows("raw.in") == [
        (1, "1.10", '{"b": 1}', ["1", "2"]),
        (2, "2", '{"b": 2.50}', ["x", "1.0"]),
        (3, "n/a", "none", []),
        (4, "true", None, None),
    ]
    assert project.reason("raw.in", "w") == "'none' in in/a.jsonl:3 is no object, as most values are"


def test_numbers_in_text_and_text_in_numbers_across_files(project: Project) -> None:
    project.write("in/a.jsonl", '{"id": 1, "v": 10}\n{"id": 2, "v": 11}\n')
    project.write("in/b.jsonl", '{"id": 3, "v": "n/a"}\n')
    project.crawl("in")
    assert project.types("raw.in") == {"id": "bigint", "v": "string"}
    assert project.reason("raw.in", "v") == "'n/a' in in/b.jsonl:1 is no bigint"
    assert project.rows("raw.in") == [(1, "10"), (2, "11"), (3, "n/a")]


def test_big_numbers_keep_their_digits(project: Project) -> None:
    project.write("long/a.jsonl", '{"n": 12345678901234567890123, "s": {"m": 18446744073709551616}}\n{"n": 1}\n')
    project.write("mixed/a.jsonl", '{"n": 9007199254740993}\n{"n": 2.5}\n')
    project.write("huge/a.jsonl", '{"n": 1' + "0" * 50 + "}\n")
    project.write("double/a.jsonl", '{"n": 9007199254740992}\n{"n": 0.30000000000000004}\n')
    for name in ("long", "mixed", "huge", "double"):
        project.crawl(name, name=name)
    assert project.types("raw.long") == {"n": "decimal(38,0)", "s": "struct<m:decimal(38,0)>"}
    assert project.rows("raw.long") == [
        (Decimal("12345678901234567890123"), {"m": Decimal("18446744073709551616")}),
        (Decimal(1), None),
    ]
    assert project.rows("raw.mixed") == [("9007199254740993",), ("2.5",)]
    assert project.rows("raw.huge") == [("1" + "0" * 50,)]
    assert project.rows("raw.double") == [(9007199254740992.0,), (0.30000000000000004,)]


def test_a_key_that_comes_twice_is_told(project: Project) -> None:
    project.write("in/a.jsonl", '{"id": 1, "id": 2}\n{"id": 3}\n')
    project.crawl("in")
    assert project.rows("raw.in") == [(2,), (3,)]
    (doubt,) = project.catalog.table("raw.in").table.formats[0].doubts
    assert "'id' comes twice" in doubt


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jsonl", '{"a": 1}\n\n{"a": 2\n{"a": 3}\n', "line 3 is no JSON object: "),
        ("a.jsonl", '{"a": 1}\n{"a": 2', "line 2 is no JSON object: "),
        ("a.jsonl", '{"a": 1}\n{"a": NaN}\n', "line 2 is no JSON object: "),
        ("a.jsonl", '{"a": 1}\n[1, 2]\n', "line 2 is no JSON object: '[1, 2]'"),
        ("a.json", '[\n{"a": 1},\n{"a": 2}', "line 3: expected ',', found the end"),
        ("a.json", '[\n{"a": 1},\n{"a": 2,}]', "line 3 is no JSON: "),
        ("a.json", '[\n{"a": 1},\n{"a": "x', "line 3: the file is cut off: "),
        ("a.json", '[{"a": 1}\n] and more', "line 2 "),
        ("a.json", '[{"a": 1},\n 5]', "line 2 is no JSON object: '5'"),
        ("a.json", "[1, 2, 3]", "line 1 is no JSON object: '1'"),
        ("a.json", '{\n"a": 1,\n"b" 2}', "line 3 "),
        ("a.json", '[{"a": NaN}]', "line 1: NaN is no JSON value"),
        ("a.json", "[]", "it holds no record"),
        ("a.jsonl", b'{"a": "\xe9"}\n{"a": "\xff\xfe"}\n' + b'{"a": "x"}' * 2, "line 3 is no JSON object: "),
        ("a.json", "[" * 100_000, "line 1"),
        ("a.json.gz", gzip.compress(LINES.encode() * 9999, mtime=0)[:-9], "its gzip compression is cut off"),
    ],
)
def test_a_broken_file_is_left_out_whole_with_its_line(
    project: Project, name: str, content: str | bytes, reason: str
) -> None:
    project.write("in/good.csv", "id,name\n1,a\n")
    project.write(f"in/{name}", content)
    (problem,) = project.crawl("in").problems
    assert problem.startswith(f"in/{name}: {reason}")


def test_a_long_array_is_read_piece_by_piece(project: Project) -> None:
    records = [
        {"id": number, "text": "x" * 100 + str(number), "inner": [{"n": [number] * 3}]} for number in range(9000)
    ]
    project.write("in/a.json", json.dumps(records, indent=1))
    report = project.crawl("in")
    assert report.rows == 9000
    last = project.scan("raw.in").filter(id=8999).collect().rows()
    assert last == [(8999, "x" * 100 + "8999", [{"n": [8999] * 3}])]


def test_small_files_side_by_side_with_booleans_and_numbers_in_one_field_are_text(project: Project) -> None:
    for number in range(4):
        project.write(f"in/{number}.jsonl", '{"id": 1, "v": true}\n{"id": 2, "v": 1}\n')
    project.crawl("in")
    assert project.types("raw.in") == {"id": "bigint", "v": "string"}
    assert sorted(project.rows("raw.in")) == [(1, "true")] * 4 + [(2, "1")] * 4


def test_a_number_whose_whole_digits_a_double_would_lose_stays_as_it_stands(project: Project) -> None:
    project.write("in/a.jsonl", '{"v": 1.5, "w": 0.1}\n{"v": 12345678901234567.89, "w": 0.30000000000000004}\n')
    project.crawl("in")
    assert project.types("raw.in") == {"v": "string", "w": "double"}
    assert project.rows("raw.in") == [("1.5", 0.1), ("12345678901234567.89", 0.30000000000000004)]
    assert project.reason("raw.in", "v") == "'12345678901234567.89' in in/a.jsonl:2 would lose digits as a double"


def test_a_condition_on_the_first_rows_looks_at_no_later_file(project: Project) -> None:
    for number in range(3):
        project.write(f"in/{number}.json", json.dumps([{"n": 10 * number + place} for place in range(3)]))
    project.crawl("in")
    first = project.scan("raw.in").head(4)
    assert first.filter(pl.col("n") >= 2).select("n").collect().rows() == [(2,), (10,)]
    assert first.filter(pl.col("n") >= 11).collect().rows() == []


def test_numbers_keep_their_digits_as_text_for_the_sake_of_another_file(project: Project) -> None:
    project.write("in/a.jsonl", '{"v": 1.50, "w": {"x": 1.0}, "l": [2.00], "s": {"m": 3.10}}\n')
    project.write("in/b.jsonl", '{"v": "n/a", "w": 7, "l": ["x"], "s": {"m": "y"}}\n')
    project.crawl("in")
    assert project.types("raw.in") == {"v": "string", "w": "string", "l": "array<string>", "s": "struct<m:string>"}
    rows = [("1.50", '{"x": 1.0}', ["2.00"], {"m": "3.10"}), ("n/a", "7", ["x"], {"m": "y"})]
    assert sorted(project.rows("raw.in"), key=str) == rows


def test_a_file_that_is_not_read_again_keeps_its_digits_when_another_makes_its_column_text(project: Project) -> None:
    project.write("in/a.jsonl", '{"v": 1.50}\n')
    project.crawl("in")
    assert project.types("raw.in") == {"v": "double"}
    project.write("in/b.jsonl", '{"v": "n/a"}\n')
    assert project.crawl("in").files_read == 1
    assert sorted(project.rows("raw.in")) == [("1.50",), ("n/a",)]


@pytest.mark.parametrize("great", [9007199254740993, 12345678901234567890123])
def test_a_great_whole_number_beside_fractions_of_another_file_is_text(project: Project, great: int) -> None:
    project.write("in/a.jsonl", f'{{"v": 1, "few": 1, "s": [{{"m": {great}}}]}}\n{{"v": {great}, "few": 2}}\n')
    project.write("in/b.jsonl", '{"v": 0.50, "few": 0.5, "s": [{"m": 1}]}\n')
    project.crawl("in")
    found = project.types("raw.in")
    assert (found["v"], found["few"]) == ("string", "double")
    assert project.reason("raw.in", "v") == (
        f"'{great}' in in/a.jsonl:2 would lose digits as a double, as other files need it"
    )
    assert sorted(project.scan("raw.in").select("v").collect().rows()) == [("0.50",), ("1",), (str(great),)]
    assert project.scan("raw.in").select("s").collect()["s"].to_list()[0][0]["m"] == great


def test_a_great_whole_number_is_remembered_until_fractions_come(project: Project) -> None:
    project.write("in/a.json", '[{"v": 9007199254740993}]')
    project.crawl("in")
    assert project.types("raw.in") == {"v": "bigint"}
    project.write("in/b.json", '[{"v": 0.25}]')
    assert project.crawl("in").files_read == 1
    assert sorted(project.rows("raw.in")) == [("0.25",), ("9007199254740993",)]
    assert "in/a.json would lose digits as a double" in project.reason("raw.in", "v")


@pytest.mark.parametrize("number", ["1e400", "-1E+999", "1e-400"])
def test_a_number_that_is_no_double_is_text_with_the_reason(project: Project, number: str) -> None:
    project.write("in/a.jsonl", f'{{"v": 1.5}}\n{{"v": {number}}}\n')
    project.crawl("in")
    assert project.types("raw.in") == {"v": "string"}
    assert project.rows("raw.in") == [("1.5",), (number,)]
    assert project.reason("raw.in", "v") == f"'{number}' in in/a.jsonl:2 is neither a double nor a decimal(38,0)"


def test_the_first_misfit_is_found_in_every_layout(project: Project) -> None:
    project.write("in/a.json", json.dumps([{"d": "2025-01-01"}, {"d": "2025-01-02"}, {"d": "2025-01-03"}]))
    project.write("in/b.json", '[{"d": "2025-01-04"},\n{"d": "soon"}]')
    project.crawl("in")
    assert project.reason("raw.in", "d") == "'soon' in in/b.json:2 is no date"


def test_many_fields_stand_in_the_order_in_which_they_are_written(project: Project) -> None:
    wide = {f"c{number}": number for number in range(40)}
    project.write("in/a.jsonl", json.dumps(wide | {"s": {"l": [wide]}}) + "\n")
    for number in range(3):
        project.write(f"in/small{number}.jsonl", json.dumps(wide | {"s": {"l": [wide]}, "late": 1.5}) + "\n")
    project.write("array/a.json", json.dumps([wide, wide | {"late": 1}]))
    project.crawl("in")
    project.crawl("array", name="array")
    types = project.types("raw.in")
    assert list(types) == [*wide, "s", "late"]
    assert types["s"] == f"struct<l:array<struct<{','.join(f'{name}:bigint' for name in wide)}>>>"
    assert list(project.types("raw.array")) == [*wide, "late"]
    assert len(project.catalog.table("raw.in").table.formats) == 2
