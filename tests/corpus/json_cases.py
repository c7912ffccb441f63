"""JSON: every layout with every compression, values of all kinds, and what is broken or ambiguous."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal

from glue_tui.catalog.readers.unpacked import zstd
from glue_tui.core.model import Classifier
from tests.corpus.case import Case, Refused, Truth

RECORDS = [
    {"id": 1, "town": "Orléans", "day": "2025-03-01", "price": 2.5, "tags": ["a", "b"]},
    {"id": 2, "town": 'the "old" {town}', "day": None, "price": -10, "tags": []},
    {"id": 3, "town": "Köln\nBonn", "day": "2024-02-29", "price": 0.1, "tags": None},
]
COLUMNS = {"id": "bigint", "town": "string", "day": "date", "price": "double", "tags": "array<string>"}
ROWS: list[tuple[object, ...]] = [
    (1, "Orléans", date(2025, 3, 1), 2.5, ["a", "b"]),
    (2, 'the "old" {town}', None, -10.0, []),
    (3, "Köln\nBonn", date(2024, 2, 29), 0.1, None),
]


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", content)
    return packed.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "bz2": bz2.compress,
    "zip": zipped,
}
ONE_A_LINE = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
LAYOUTS = {
    "lines": "\n".join(ONE_A_LINE) + "\n",
    "lines_crlf_and_blanks": "\r\n\r\n".join(ONE_A_LINE) + "\r\n \r\n",
    "lines_without_an_end": "\n".join(ONE_A_LINE),
    "lines_escaped": "\n".join(json.dumps(record) for record in RECORDS),
    "array": json.dumps(RECORDS, ensure_ascii=False),
    "array_over_lines": json.dumps(RECORDS, indent=2),
    "objects_over_lines": "\n".join(json.dumps(record, indent=2) for record in RECORDS),
    "objects_in_a_row": "".join(ONE_A_LINE),
}
BROKEN = {
    "a_line_is_cut": ('{"a": 1}\n{"a": 2\n{"a": 3}\n', "line 2"),
    "the_last_line_is_cut": ('{"a": 1}\n{"a": 2', "line 2"),
    "a_line_is_no_object": ('{"a": 1}\n"text"\n', "line 2"),
    "nan": ('{"a": 1}\n{"a": NaN}\n', "line 2"),
    "an_array_is_cut": ('[{"a": 1},\n{"a": 2}', "line 2"),
    "an_array_of_numbers": ("[1, 2]", "no JSON object"),
    "an_empty_array": ("[]", "no record"),
    "a_comma_too_much": ('[{"a": 1},\n{"a": 2},\n]', "line 3"),
    "single_quotes": ("{'a': 1}\n{'a': 2}\n", "line 1"),
    "a_number_with_leading_zero": ('{"a": 1}\n{"a": 007}\n', "line 2"),
}


def json_cases() -> Iterator[Case]:
    whole = Truth(format="json", columns=COLUMNS, rows=ROWS)
    for layout, text in LAYOUTS.items():
        for packer, packed in PACKERS.items():
            yield _case(f"{layout}_{packer}", packed(text.encode()), whole)
    for encoding in ("utf-8-sig", "utf-16"):
        name = encoding.replace("-", "_")
        yield _case(f"lines_{name}", LAYOUTS["lines"].encode(encoding), whole)
        yield _case(f"array_{name}", LAYOUTS["array_over_lines"].encode(encoding), whole)
    for name, (text, reason) in BROKEN.items():
        yield _case(name, text.encode(), Refused(reason=reason))
    yield from _values()
    yield from _across_files()
    yield from _records_within()


def _values() -> Iterator[Case]:
    yield _lines(
        "nested",
        ['{"a": {"b": 1, "c": {"d": "x"}}, "l": [{"e": 1.5}]}', '{"a": {"b": 2, "c": null}, "l": []}'],
        {"a": "struct<b:bigint,c:struct<d:string>>", "l": "array<struct<e:double>>"},
        [({"b": 1, "c": {"d": "x"}}, [{"e": 1.5}]), ({"b": 2, "c": None}, [])],
    )
    yield _lines(
        "missing_members",
        ['{"a": 1}', '{"b": "x"}', "{}"],
        {"a": "bigint", "b": "string"},
        [(1, None), (None, "x"), (None, None)],
    )
    yield _lines(
        "mixed_kinds_keep_their_text",
        ['{"v": 1.10}', '{"v": "x"}', '{"v": [1, 2]}', '{"v": true}', '{"v": {"a": 1.0}}', '{"v": null}'],
        {"v": "string"},
        [("1.10",), ("x",), ("[1, 2]",), ("true",), ('{"a": 1.0}',), (None,)],
    )
    yield _lines("late_mixture", ['{"v": 1}'] * 500 + ['{"v": "n/a"}'], {"v": "string"}, [("1",)] * 500 + [("n/a",)])
    yield _lines("late_double", ['{"v": 1}'] * 500 + ['{"v": 0.5}'], {"v": "double"}, [(1.0,)] * 500 + [(0.5,)])
    yield _lines("numbers_in_text", ['{"v": "1"}', '{"v": "2.50"}'], {"v": "string"}, [("1",), ("2.50",)])
    yield _lines("booleans_and_numbers", ['{"v": true}', '{"v": 1}'], {"v": "string"}, [("true",), ("1",)])
    yield _lines(
        "long_numbers",
        ['{"v": 12345678901234567890123}', '{"v": -1}'],
        {"v": "decimal(38,0)"},
        [(Decimal("12345678901234567890123"),), (Decimal(-1),)],
    )
    yield _lines(
        "long_numbers_among_doubles",
        ['{"v": 9007199254740993}', '{"v": 0.5}'],
        {"v": "string"},
        [("9007199254740993",), ("0.5",)],
    )
    yield _lines("beyond_doubles", ['{"v": 1e400}', '{"v": 0.50}'], {"v": "string"}, [("1e400",), ("0.50",)])
    yield _lines(
        "moments",
        ['{"at": "2025-03-01T10:00:00Z", "no": "2025-02-30"}', '{"at": "2025-03-01 10:00:00.25", "no": "2025-03-01"}'],
        {"at": "timestamp", "no": "string"},
        [(datetime(2025, 3, 1, 10), "2025-02-30"), (datetime(2025, 3, 1, 10, 0, 0, 250000), "2025-03-01")],
    )
    yield _lines("codes", ['{"zip": "00501"}', '{"zip": "10001"}'], {"zip": "string"}, [("00501",), ("10001",)])
    yield _lines("escapes", ['{"a\\u00e9": "\\ud83d\\ude00\\t"}'], {"aé": "string"}, [("😀\t",)])
    yield _lines("only_nulls", ['{"a": null, "b": 1}'], {"a": "string", "b": "bigint"}, [(None, 1)])
    columns = {"o": "bigint", "l": "array<struct<s:string>>"}
    yield _lines("a_record_with_an_array", ['{"o": 1, "l": [{"s": "a"}]}'], columns, [(1, [{"s": "a"}])])
    doubled = Truth(format="json", columns={"a": "bigint"}, rows=[(2,), (3,)], doubts=("comes twice",))
    yield _case("a_key_twice", b'{"a": 1, "a": 2}\n{"a": 3}\n', doubled)


def _across_files() -> Iterator[Case]:
    yield Case(
        name="json_digits_kept_as_text_for_another_file",
        files={"a.jsonl": b'{"v": 1.50, "w": [2.00]}\n', "b.jsonl": b'{"v": "n/a", "w": ["x"]}\n'},
        truth=Truth(
            format="json",
            columns={"v": "string", "w": "array<string>"},
            rows=[("1.50", ["2.00"]), ("n/a", ["x"])],
        ),
    )
    yield Case(
        name="json_great_numbers_beside_fractions_of_another_file",
        files={"a.jsonl": b'{"v": 9007199254740993}\n', "b.jsonl": b'{"v": 0.50}\n'},
        truth=Truth(format="json", columns={"v": "string"}, rows=[("9007199254740993",), ("0.50",)]),
    )


def _records_within() -> Iterator[Case]:
    found = Truth(format="json", columns=COLUMNS, rows=ROWS, doubts=("$.data.rows[*]",))
    answer = {"page": 1, "data": {"rows": RECORDS}}
    yield _case("records_within", json.dumps(answer, indent=1).encode(), found)
    said = Truth(format="json", columns=COLUMNS, rows=ROWS)
    two = {"a": RECORDS, "b": [{"x": 1}]}
    yield _case("records_said", json.dumps(two).encode(), said, records="$.a[*]")
    deep = Truth(format="json", columns={"x": "bigint"}, rows=[(1,), (1,)])
    yield _case("records_said_deep", json.dumps({"a": [two, two]}).encode(), deep, records="$.a[*].b[*]")
    itself = Truth(format="json", columns={"page": "bigint", "data": "struct<rows:array<struct<id:bigint>>>"}, rows=1)
    yield _case("the_object_itself", b'{"page": 1,\n "data": {"rows": [{"id": 1}]}}', itself, records="$")


def _lines(name: str, lines: list[str], columns: dict[str, str], rows: list[tuple[object, ...]]) -> Case:
    text = "".join(f"{line}\n" for line in lines)
    return _case(name, text.encode(), Truth(format="json", columns=columns, rows=rows))


def _case(name: str, content: bytes, truth: Truth | Refused, **said: object) -> Case:
    classifier = Classifier(**said)  # type: ignore[arg-type]
    return Case(name=f"json_{name}", files={"data.json": content}, truth=truth, classifier=classifier)
