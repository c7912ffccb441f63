"""CSV files of which the user says how to read them, right or wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from glue_tui.core.model import Classifier
from tests.corpus.case import Case, Truth, one_file


def csv_said() -> Iterator[Case]:
    two = {"id": "bigint", "name": "string"}
    rows = [(1, "Ann"), (2, "Bob")]
    for name, delimiter in {"tilde": "~", "colon": ":", "space": " ", "section": "§"}.items():
        text = "id,name\n1,Ann\n2,Bob\n".replace(",", delimiter)
        yield one_file(f"said_delimiter_{name}", text, Truth(
            delimiter=delimiter, header=True, columns=two, rows=rows
        ), delimiter=delimiter)  # fmt: skip
    yield one_file("said_delimiter_that_is_not_there", "id,name\n1,Ann\n2,Bob\n", Truth(
        delimiter="|", columns={"id,name": "string"}, header=True, rows=2,
        doubts=('delimiter "|" is said, but cuts nothing',),
    ), delimiter="|", header=True)  # fmt: skip
    yield one_file("said_quote", "id,name\n1,~a,b~\n2,c\n", Truth(
        header=True, columns=two, rows=[(1, "a,b"), (2, "c")]
    ), quote="~")  # fmt: skip
    yield one_file("said_no_quotes", 'id,name\n1,"a\n2,b"\n', Truth(
        header=True, columns=two, rows=[(1, '"a'), (2, 'b"')]
    ), quote="")  # fmt: skip
    yield one_file("said_escape", 'id,name\n1,"a^"b"\n2,c\n', Truth(
        header=True, columns=two, rows=[(1, 'a"b'), (2, "c")]
    ), escape="^")  # fmt: skip
    yield one_file("said_comment", "% made by hand\nid,name\n1,Ann\n% later\n2,Bob\n", Truth(
        header=True, columns=two, rows=rows
    ), comment="%")  # fmt: skip
    yield one_file("said_no_comment", "#id,name\n#1,Ann\n", Truth(
        header=True, columns={"id": "string", "name": "string"}, rows=[("#1", "Ann")]
    ), comment="", header=True)  # fmt: skip
    yield one_file("said_skip_lines", "x,y,z\nnotes,of,yesterday\nid,name\n1,Ann\n2,Bob\n", Truth(
        header=True, columns=two, rows=rows
    ), skip_lines=2)  # fmt: skip
    yield one_file("said_nulls", "id,name\n1,-\n-,Bob\n", Truth(
        header=True, columns=two, rows=[(1, None), (None, "Bob")]
    ), nulls=("-",))  # fmt: skip
    yield one_file("said_decimal_comma", "id;v\n1;1,234\n2;5\n", Truth(
        header=True, columns={"id": "bigint", "v": "double"}, rows=[(1, 1.234), (2, 5.0)]
    ), decimal=",")  # fmt: skip
    yield one_file("said_decimal_comma_thousands", "id;v\n1;1.234\n2;5\n", Truth(
        header=True, columns={"id": "bigint", "v": "bigint"}, rows=[(1, 1234), (2, 5)]
    ), decimal=",")  # fmt: skip
    yield one_file("said_decimal_point", "id;v\n1;1,234\n2;5\n", Truth(
        header=True, columns={"id": "bigint", "v": "bigint"}, rows=[(1, 1234), (2, 5)]
    ), decimal=".")  # fmt: skip
    yield one_file("said_decimal_that_is_not", "id;v\n1;1.5\n2;2.25\n", Truth(
        header=True, columns={"id": "bigint", "v": "string"}, rows=[(1, "1.5"), (2, "2.25")]
    ), decimal=",")  # fmt: skip
    typed = "id,code,price,day\n1,007,2,2025-01-01\n2,8,2.5,2025-01-02\n"
    yield one_file("said_types", typed, Truth(
        header=True, columns={"id": "string", "code": "bigint", "price": "decimal(10,2)", "day": "timestamp"}, rows=2
    ), types=(("id", "string"), ("code", "bigint"), ("price", "decimal(10,2)"), ("day", "timestamp")))  # fmt: skip
    yield one_file("said_types_small", "id,v\n1,2\n2,3\n", Truth(
        header=True, columns={"id": "int", "v": "float"}, rows=[(1, 2.0), (2, 3.0)]
    ), types=(("id", "int"), ("v", "float")))  # fmt: skip
    yield one_file("said_types_decimal", "id,v\n1,2.50\n2,3\n", Truth(
        header=True, columns={"id": "bigint", "v": "decimal(12,2)"}, rows=[(1, Decimal("2.50")), (2, Decimal("3.00"))]
    ), types=(("v", "decimal(12,2)"),))  # fmt: skip
    yield one_file("said_types_wrong", "id,v\n1,2\n2,x\n", Truth(
        header=True, columns={"id": "bigint", "v": "string"}, rows=[(1, "2"), (2, "x")],
        doubts=("column v is no bigint, as types says: 'x' in said_types_wrong/data.csv:3",),
    ), types=(("v", "bigint"),))  # fmt: skip
    yield one_file("said_types_too_large", "id,v\n1,2\n2,99999999999\n", Truth(
        header=True, columns={"id": "bigint", "v": "string"}, rows=2, doubts=("column v is no int",),
    ), types=(("v", "int"),))  # fmt: skip
    yield one_file("said_types_of_no_column", "id,v\n1,2\n", Truth(
        header=True, columns={"id": "bigint", "v": "bigint"}, rows=[(1, 2)],
        doubts=("types names w, which is no column",),
    ), types=(("w", "date"),))  # fmt: skip
    yield one_file("said_form", "id,at\n1,20251231\n2,20260101\n", Truth(
        header=True, columns={"id": "bigint", "at": "date"}, rows=[(1, date(2025, 12, 31)), (2, date(2026, 1, 1))]
    ), forms=(("at", "%Y%m%d"),))  # fmt: skip
    yield one_file("said_form_that_is_not", "id,at\n1,2025-12-31\n2,2026-01-01\n", Truth(
        header=True, columns={"id": "bigint", "at": "string"}, rows=2,
        doubts=("is not of the form %d.%m.%Y, as forms says",),
    ), forms=(("at", "%d.%m.%Y"),))  # fmt: skip
    yield Case(
        name="said_format_of_a_text_file",
        files={"notes.txt": b"alpha\nbeta\ngamma\n"},
        truth=Truth(header=False, columns={"col0": "string"}, rows=[("alpha",), ("beta",), ("gamma",)]),
        classifier=Classifier(format="csv", header=False),
    )
