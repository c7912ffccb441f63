"""CSV headers: there or not, of files of mere text, with odd, empty or repeated names; and encodings of all of it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence

from tests.corpus.case import Case, Refused, Truth, one_file


def csv_headers() -> Iterator[Case]:
    yield from there_or_not()
    yield from names()
    yield from unusual_names()
    yield from encodings()


def text_table(header: bool | None, columns: Sequence[str], rows: Sequence[tuple[object, ...]], *doubts: str) -> Truth:
    return Truth(header=header, columns=dict.fromkeys(columns, "string"), rows=rows, doubts=doubts)


def there_or_not() -> Iterator[Case]:
    yield one_file("header_of_text_names", "customer_id,town\nC1,Lyon\nC2,Nice\n", text_table(
        True, ["customer_id", "town"], [("C1", "Lyon"), ("C2", "Nice")]
    ))  # fmt: skip
    yield one_file("header_of_text_words", "Country,Capital\nfrance,paris\nspain,madrid\n", text_table(
        True, ["Country", "Capital"], [("france", "paris"), ("spain", "madrid")]
    ))  # fmt: skip
    yield one_file("header_of_text_foreign", "Ort,Straße\nKöln,Domstraße\nUlm,Münsterplatz\n", text_table(
        True, ["Ort", "Straße"], [("Köln", "Domstraße"), ("Ulm", "Münsterplatz")]
    ))  # fmt: skip
    yield one_file("no_header_of_text_repeated", "paris,lyon\nnice,paris\nparis,lyon\n", text_table(
        False, ["col0", "col1"], [("paris", "lyon"), ("nice", "paris"), ("paris", "lyon")]
    ))  # fmt: skip
    yield one_file("header_or_not_of_text", "paris,lyon\nnice,lille\nmetz,brest\n", text_table(
        None, ["col0", "col1"], 3, "say header ="
    ))  # type: ignore[arg-type]  # fmt: skip
    yield one_file("header_or_not_of_one_row", "paris,lyon\n", text_table(
        None, ["col0", "col1"], [("paris", "lyon")], "say header ="
    ))  # fmt: skip
    yield one_file("header_said_of_text", "paris,lyon\nnice,lille\n", text_table(
        True, ["paris", "lyon"], [("nice", "lille")]
    ), header=True)  # fmt: skip
    yield one_file("no_header_said", "id,name\nx,y\n", text_table(
        False, ["col0", "col1"], [("id", "name"), ("x", "y")]
    ), header=False)  # fmt: skip
    yield one_file("no_header_of_numbers", "1,2\n3,4\n", Truth(
        header=False, columns={"col0": "bigint", "col1": "bigint"}, rows=[(1, 2), (3, 4)]
    ))  # fmt: skip
    yield one_file("no_header_of_dates", "a,2025-01-01\nb,2025-01-02\n", Truth(
        header=False, columns={"col0": "string", "col1": "date"}, rows=2
    ))  # fmt: skip
    yield one_file("header_only", "id,name,price\n", text_table(True, ["id", "name", "price"], []))
    yield one_file("header_only_no_end", "id,name,price", text_table(True, ["id", "name", "price"], []))
    yield one_file(
        "header_of_one_column", "email\na@b.c\nd@e.f\n", text_table(True, ["email"], [("a@b.c",), ("d@e.f",)])
    )
    yield one_file("header_of_years", "country,2023,2024\nFR,1,2\nDE,3,4\n", Truth(
        header=True, columns={"country": "string", "2023": "bigint", "2024": "bigint"},
        rows=[("FR", 1, 2), ("DE", 3, 4)], doubts=("say header =",),
    ))  # fmt: skip
    yield Case(
        name="header_in_some_files",
        files={"a.csv": b"id,name\n1,Ann\n2,Bob\n", "b.csv": b"id,name\n"},
        truth=Truth(header=True, columns={"id": "bigint", "name": "string"}, rows=[(1, "Ann"), (2, "Bob")]),
    )


UNUSUAL = (
    *("#", "%", "€", "1st", "3rd Quarter", "2023 Umsatz", "% change", "Wert [kg]", "T1 °C", "Betrag, EUR", "Name*"),
    *("(none)", "+/-", "@id", "$ref", "x=y"),
)


def unusual_names() -> Iterator[Case]:
    for number, name in enumerate(UNUSUAL):
        columns = {"name": "string", name: "bigint", "qty": "double"}
        yield one_file(f"names_unusual_{number}", f"name;{name};qty\nanna;5;1.5\nbob;6;2.5\n", Truth(
            header=True, columns=columns, rows=[("anna", 5, 1.5), ("bob", 6, 2.5)]
        ))  # fmt: skip
    yield one_file("names_unusual_first", "#;qty\n5;1\n6;2\n", Truth(
        header=True, columns={"#": "bigint", "qty": "bigint"}, rows=[(5, 1), (6, 2)]
    ))  # fmt: skip
    yield one_file("names_unusual_only", "%;[kg]\n5;1\n6;2\n", Truth(
        header=True, columns={"%": "bigint", "[kg]": "bigint"}, rows=[(5, 1), (6, 2)],
        doubts=("'%' is an unusual name: say header =",),
    ))  # fmt: skip
    yield one_file("names_unusual_over_text", "Name*;town\nanna;Ulm\nbob;Köln\n", text_table(
        None, ["col0", "col1"], 3, "'Name*' is an unusual name: say header ="
    ))  # fmt: skip
    yield one_file("names_one_year", "name;2024;qty\nanna;5;1\nbob;6;2\n", Truth(
        header=True, columns={"name": "string", "2024": "bigint", "qty": "bigint"},
        rows=[("anna", 5, 1), ("bob", 6, 2)], doubts=("say header =",),
    ))  # fmt: skip
    yield one_file("no_names_but_no_values", "-;Ulm\n5;Köln\n6;Bonn\n", Truth(
        header=False, columns={"col0": "string", "col1": "string"}, rows=3
    ))  # fmt: skip


def names() -> Iterator[Case]:
    yield one_file("names_repeated", "id,id,id\n1,2,3\n", Truth(
        header=True, columns={"id": "bigint", "id_2": "bigint", "id_3": "bigint"}, rows=[(1, 2, 3)]
    ))  # fmt: skip
    yield one_file("names_empty", "id,,price\n1,x,2\n", Truth(
        header=True, columns={"id": "bigint", "col1": "string", "price": "bigint"}, rows=[(1, "x", 2)]
    ))  # fmt: skip
    yield one_file("names_first_empty", ",name,price\n0,x,2\n1,y,3\n", Truth(
        header=True, columns={"col0": "bigint", "name": "string", "price": "bigint"}, rows=[(0, "x", 2), (1, "y", 3)]
    ))  # fmt: skip
    yield one_file("names_with_spaces", " order id , unit price (€) ,Größe\n1,2.5,3\n", Truth(
        header=True, columns={"order id": "bigint", "unit price (€)": "double", "Größe": "bigint"}, rows=[(1, 2.5, 3)]
    ))  # fmt: skip
    yield one_file("names_in_other_scripts", "番号,名前\n1,太郎\n2,花子\n", Truth(
        header=True, columns={"番号": "bigint", "名前": "string"}, rows=[(1, "太郎"), (2, "花子")]
    ))  # fmt: skip
    yield one_file("names_with_punctuation", "id,price/unit,a.b,is_ok?\n1,2.5,3,true\n", Truth(
        header=True, columns={"id": "bigint", "price/unit": "double", "a.b": "bigint", "is_ok?": "boolean"},
        rows=[(1, 2.5, 3, True)],
    ))  # fmt: skip
    yield one_file("names_said", "1,Ann\n2,Bob\n", Truth(
        header=False, columns={"id": "bigint", "name": "string"}, rows=[(1, "Ann"), (2, "Bob")]
    ), columns=("id", "name"))  # fmt: skip
    yield one_file("names_said_over_header", "a,b\n1,Ann\n2,Bob\n", Truth(
        header=True, columns={"id": "bigint", "name": "string"}, rows=[(1, "Ann"), (2, "Bob")]
    ), columns=("id", "name"))  # fmt: skip
    yield one_file("names_said_too_many", "1,Ann\n2,Bob\n", Truth(
        header=False, columns={"id": "bigint", "name": "string"}, rows=2,
        doubts=("columns names 3 columns, the file has 2",),
    ), columns=("id", "name", "price"))  # fmt: skip
    yield one_file("names_said_too_few", "1,Ann,2\n2,Bob,3\n", Truth(
        header=False, columns={"id": "bigint", "name": "string", "col2": "bigint"}, rows=2,
        doubts=("columns names 2 columns, the file has 3",),
    ), columns=("id", "name"))  # fmt: skip


def encodings() -> Iterator[Case]:
    text = "id,town\n1,Orléans\n2,Köln\n3,Łódź\n"
    western = "id,town,sum\n1,Orléans,5 €\n2,Köln,“7”\n"
    columns = {"id": "bigint", "town": "string"}
    rows = [(1, "Orléans"), (2, "Köln"), (3, "Łódź")]
    whole = Truth(header=True, columns=columns, rows=rows)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        yield one_file(f"encoded_{encoding.replace('-', '_')}", text.encode(encoding), whole)
    yield one_file("encoded_utf_16_be", codecs.BOM_UTF16_BE + text.encode("utf-16-be"), whole)
    yield one_file("encoded_utf_16_no_mark", text.encode("utf-16-le"), Truth(
        header=True, columns=columns, rows=rows, doubts=("byte order mark",)
    ))  # fmt: skip
    yield one_file("encoded_utf_16_said", text.encode("utf-16-le"), whole, encoding="utf-16-le")
    yield one_file("encoded_cp1252", western.encode("cp1252"), Truth(
        header=True, columns={**columns, "sum": "string"}, rows=[(1, "Orléans", "5 €"), (2, "Köln", "“7”")]
    ))  # fmt: skip
    latin = "id,town\n1,Orléans\n2,Köln\n"
    yield one_file("encoded_latin1", latin.encode("latin1"), Truth(header=True, columns=columns, rows=rows[:2]))
    yield one_file("encoded_latin2_said", text.encode("latin2", "replace"), Truth(
        header=True, columns=columns, rows=rows
    ), encoding="latin2")  # fmt: skip
    cyrillic = "id,town\n1,Москва\n2,Тверь\n"
    yield one_file("encoded_cp1251", cyrillic.encode("cp1251"), Truth(
        header=True, columns=columns, rows=2, doubts=("its encoding",)
    ))  # fmt: skip
    yield one_file("encoded_cp1251_said", cyrillic.encode("cp1251"), Truth(
        header=True, columns=columns, rows=[(1, "Москва"), (2, "Тверь")]
    ), encoding="cp1251")  # fmt: skip
    yield one_file("encoded_shift_jis_said", "id,town\n1,東京\n2,大阪\n".encode("shift_jis"), Truth(
        header=True, columns=columns, rows=[(1, "東京"), (2, "大阪")]
    ), encoding="shift_jis")  # fmt: skip
    yield one_file(
        "encoding_said_wrong", latin.encode("latin1"), Refused(reason="its bytes are not utf-8"), encoding="utf-8"
    )
    broken = text.encode().replace(b"Orl", b"Or\xffl")
    yield one_file("utf8_broken_by_one_byte", broken, Truth(
        header=True, columns=columns, rows=[(1, "Or\ufffdléans"), *rows[1:]], doubts=("bytes that are no UTF-8",)
    ))  # fmt: skip
    late = "id,town\n" + "1,Köln\n" * 12_000
    yield one_file("utf8_broken_late", late.encode() + b"2,K\xffln\n", Truth(
        header=True, columns=columns, rows=12_001, doubts=("bytes that are no UTF-8",)
    ))  # fmt: skip
    plain = "id,town\n" + "1,Nice\n" * 12_000
    yield one_file("latin1_late", plain.encode() + "2,Orléans\n".encode("latin1"), Truth(
        header=True, columns=columns, rows=[(1, "Nice")] * 12_000 + [(2, "Orléans")]
    ))  # fmt: skip
    yield one_file("nul_byte", "id,town\n1,Ni\x00ce\n2,Köln\n", Refused(reason="line 2 has a NUL byte"))
    yield one_file("nul_bytes_at_end", "id,town\n1,Nice\n" + "\x00" * 512, Refused(reason="line 3 has a NUL byte"))
    yield one_file("binary", bytes(range(256)) * 40, Refused(reason="it is binary"))
    yield one_file("empty", b"", Refused(reason="the file is empty"))
    yield one_file("only_spaces", b"  \n\n \n", Refused(reason="the file is empty"))
    yield one_file("only_a_mark", codecs.BOM_UTF8, Refused(reason="the file is empty"))
    yield one_file("only_comments", "# a\n# b\n", Refused(reason="nothing but comments"))
