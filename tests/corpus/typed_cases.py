"""Formats that carry types, workbooks and logs: whole ones, and those that are cut or lie."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from datetime import date, datetime

import polars as pl
import xlsxwriter

from glue_tui.core.model import Classifier
from tests.corpus.case import Case, Refused, Truth

FRAME = pl.DataFrame(
    {
        "id": [1, 2],
        "town": ["Orléans", None],
        "day": [date(2025, 3, 1), None],
        "at": [datetime(2025, 3, 1, 10, 0, 0, 250000), None],
        "who": [{"a": 1}, {"a": None}],
        "ok": [True, None],
    }
)
COLUMNS = {
    "id": "bigint",
    "town": "string",
    "day": "date",
    "at": "timestamp",
    "who": "struct<a:bigint>",
    "ok": "boolean",
}
CODECS = {
    "avro": ("uncompressed", "snappy", "deflate"),
    "ipc": ("uncompressed", "lz4", "zstd"),
    "ipc_stream": ("uncompressed", "zstd"),
    "parquet": ("uncompressed", "snappy", "gzip", "zstd"),
}
LOGS = {
    "apache": '1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 12\n' * 3,
    "syslog": "Oct 11 22:14:15 host su[1]: message\n" * 3,
    "python": "2025-01-02 10:00:00,123 - app - INFO - text\n" * 3,
    "java": "2025-01-02 10:00:00.123 [main] INFO  com.x.Y - text\n" * 3,
    "application": "2025-01-02T10:00:00Z ERROR text\n" * 3,
}


def typed_cases() -> Iterator[Case]:
    for kind, codecs in CODECS.items():
        classification = "ipc" if kind == "ipc_stream" else kind
        truth = Truth(format=classification, columns=COLUMNS, rows=FRAME.rows())
        for codec in codecs:
            yield _case(f"{kind}_{codec}", "data.arrow", _written(kind, FRAME, codec), truth)
        whole = _written(kind, FRAME, codecs[0])
        yield _case(f"{kind}_cut", "data.arrow", whole[: len(whole) * 2 // 3], Refused(reason="not a whole"))
        empty = Truth(format=classification, columns=COLUMNS, rows=[])
        yield _case(f"{kind}_without_rows", "data.arrow", _written(kind, FRAME.clear(), codecs[0]), empty)
    yield from _workbooks()
    yield from _logs()


def _workbooks() -> Iterator[Case]:
    rows: list[list[object]] = [["id", "town", "day", "zip"], [1, "x", date(2025, 3, 1), "007"], [2, None, None, "010"]]
    columns = {"id": "bigint", "town": "string", "day": "date", "zip": "string"}
    right: list[tuple[object, ...]] = [(1, "x", date(2025, 3, 1), "007"), (2, None, None, "010")]
    truth = Truth(format="excel", header=True, columns=columns, rows=right)
    yield _case("excel", "data.xlsx", _workbook({"Sheet": rows}), truth)
    yield _case("excel_with_a_title", "data.xlsx", _workbook({"Sheet": [["Towns"], [], *rows]}), truth)
    yield _case(
        "excel_said_sheet", "data.xlsx", _workbook({"Notes": [["a", "b"]], "Sheet": rows}), truth, sheet="Sheet"
    )
    numbers = Truth(
        format="excel", header=False, columns={"col0": "bigint", "col1": "double"}, rows=[(1, 0.5), (2, 1.0)]
    )
    yield _case("excel_without_a_header", "data.xlsx", _workbook({"Sheet": [[1, 0.5], [2, 1]]}), numbers)
    told = Truth(format="excel", columns=columns, rows=right, doubts=("hidden sheets are left out: Other",))
    yield _case("excel_hidden_sheet", "data.xlsx", _workbook({"Sheet": rows, "Other": [["a"], [1]]}, "Other"), told)
    yield _case("excel_empty", "data.xlsx", _workbook({"Sheet": []}), Refused(reason="all its sheets are empty"))
    yield _case("excel_cut", "data.xlsx", _workbook({"Sheet": rows})[:3000], Refused(reason="broken"))


def _logs() -> Iterator[Case]:
    for name, text in LOGS.items():
        said = {"apache": 10, "syslog": 5, "python": 4, "java": 5, "application": 3}[name]
        for ending, content in (("log", text.encode()), ("log.gz", gzip.compress(text.encode()))):
            truth = Truth(format="log", columns=_log_columns(name), rows=3)
            assert len(truth.columns) == said
            yield _case(f"log_{name}_{ending.replace('.', '_')}", f"data.{ending}", content, truth)
    pattern = "%{IP:client} %{INT:bytes:long}"
    rows: list[tuple[object, ...]] = [("1.2.3.4", 5), ("::1", 6)]
    truth = Truth(format="log", columns={"client": "string", "bytes": "bigint"}, rows=rows)
    yield _case("log_said", "data.txt", b"1.2.3.4 5\n::1 6\n", truth, format="log", pattern=pattern)
    refused = Refused(reason="no line is of the pattern")
    yield _case("log_of_something_else", "data.txt", b"a\nb\n", refused, format="log", pattern=pattern)


def _log_columns(name: str) -> dict[str, str]:
    text = {"timestamp": "string", "level": "string", "message": "string"}
    match name:
        case "apache":
            names = ("client", "ident", "user", "timestamp", "verb", "request", "http_version", "raw_request")
            return {**dict.fromkeys(names, "string"), "status": "int", "bytes": "bigint"}
        case "syslog":
            return {"timestamp": "string", "host": "string", "program": "string", "pid": "int", "message": "string"}
        case "python":
            return {"timestamp": "string", "logger": "string", "level": "string", "message": "string"}
        case "java":
            names = ("timestamp", "thread", "level", "logger", "message")
            return dict.fromkeys(names, "string")
        case _:
            return text


def _written(kind: str, frame: pl.DataFrame, codec: str) -> bytes:
    packed = io.BytesIO()
    getattr(frame, f"write_{kind}")(packed, compression=codec)
    return packed.getvalue()


def _workbook(sheets: dict[str, list[list[object]]], hidden: str = "") -> bytes:
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, {"default_date_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        if name == hidden:
            sheet.hide()
    book.close()
    return packed.getvalue()


def _case(name: str, file: str, content: bytes, truth: Truth | Refused, **said: object) -> Case:
    return Case(name=name, files={file: content}, truth=truth, classifier=Classifier(**said))  # type: ignore[arg-type]
