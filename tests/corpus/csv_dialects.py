"""CSV dialects: quotes and escapes, comments, titles, blank lines, spaces, trailing delimiters, ragged rows."""

from __future__ import annotations

from collections.abc import Iterator

from tests.corpus.case import Case, Refused, Truth, one_file

PLAIN = {"id": "bigint", "name": "string", "price": "double"}
ROWS: list[tuple[object, ...]] = [(1, "Ann", 2.5), (2, "Bob", 3.0), (3, "Cid", 4.25)]
TEXT = "id,name,price\n1,Ann,2.5\n2,Bob,3\n3,Cid,4.25\n"


def plain(delimiter: str = ",", *doubts: str, **more: object) -> Truth:
    return Truth(delimiter=delimiter, header=True, columns=PLAIN, rows=ROWS, doubts=doubts, **more)  # type: ignore[arg-type]


def quoted(*names: str | None) -> Truth:
    """Return the truth of a table of numbered notes."""
    return Truth(
        header=True,
        columns={"id": "bigint", "note": "string"},
        rows=[(place, name) for place, name in enumerate(names)],
    )


def csv_dialects() -> Iterator[Case]:
    yield from quotes()
    yield from lines()
    yield from delimiters()
    yield from unusual_delimiters()
    yield from ragged()


def quotes() -> Iterator[Case]:
    yield one_file("quotes_all", '"id","name","price"\n"1","Ann","2.5"\n"2","Bob","3"\n"3","Cid","4.25"\n', plain())
    yield one_file("quotes_doubled", 'id,note\n0,"a ""b"" c"\n1,""""\n2,"x,y"\n', quoted('a "b" c', '"', "x,y"))
    yield one_file(
        "quotes_escaped", 'id,note\n0,"a \\"b\\", c"\n1,"x, y"\n2,plain\n', quoted('a "b", c', "x, y", "plain")
    )
    yield one_file("quotes_single", "id,note\n0,'a, b'\n1,'c'\n2,'it''s, so'\n", quoted("a, b", "c", "it's, so"))
    yield one_file(
        "quotes_apostrophes", "id,note\n0,it's\n1,'tis\n2,rock 'n' roll\n", quoted("it's", "'tis", "rock 'n' roll")
    )
    yield one_file(
        "quotes_inches", 'id,note\n0,5" pipe\n1,7" pipe\n2,3 1/2" nail\n', quoted('5" pipe', '7" pipe', '3 1/2" nail')
    )
    yield one_file("quotes_inch_once", 'id,note\n0,5" pipe\n1,rod\n2,nail\n', quoted('5" pipe', "rod", "nail"))
    yield one_file("quotes_odd_within", 'id,note\n0,"5" pipe"\n1,rod\n2,nail\n', quoted('"5" pipe"', "rod", "nail"))
    yield one_file("quotes_line_breaks", 'id,note\n0,"a\nb"\n1,"c\r\nd"\n2,"\n"\n', quoted("a\nb", "c\r\nd", "\n"))
    yield one_file("quotes_empty", 'id,note\n0,""\n1,\n2,x\n', quoted("", None, "x"))
    yield one_file("quotes_backslash_path", "id,note\n0,C:\\temp\\\n1,D:\\\n2,x\n", quoted("C:\\temp\\", "D:\\", "x"))
    header = 'id,"the\nnote"\n'
    yield one_file(
        "quotes_header_line_break",
        header + "0,a\n1,b\n",
        Truth(header=True, columns={"id": "bigint", "the note": "string"}, rows=[(0, "a"), (1, "b")]),
    )
    long = "x" * 300_000
    yield one_file("quotes_huge_field", f'id,note\n0,a\n1,"{long}"\n2,b\n', quoted("a", long, "b"))
    yield one_file(
        "quotes_huge_line_breaks", 'id,note\n0,"' + "line\n" * 30_000 + '"\n1,b\n', quoted("line\n" * 30_000, "b")
    )
    yield one_file("quotes_in_one_row", '69962,"684,734.00",6833\n', Truth(
        header=False, columns={"col0": "bigint", "col1": "double", "col2": "bigint"}, rows=[(69962, 684734.0, 6833)]
    ))  # fmt: skip
    many = "id,a,b\n" + '1,"Ni","Köln"\n' * 50
    yield one_file(
        "quote_open_in_one_row",
        many + '51,"open,x\n' + '1,"Ni","Köln"\n' * 49,
        Refused(reason='line 52: something follows a closing quote (quote = "" in the classifier'),
    )
    yield one_file("quote_open_at_the_end", 'id,name\n1,"a"\n2,"b', Refused(reason="line 3: a quote is opened"))
    yield one_file(
        "quote_open_in_most_rows", 'id,note\n0,"a\n1,"b\n2,"c\n3,"d"\n', Truth(
            header=True, columns={"id": "bigint", "note": "string"}, rows=[(0, '"a'), (1, '"b'), (2, '"c'), (3, '"d"')],
            doubts=("quotes mean nothing, though some values stand in quotes (line 2",),
        )
    )  # fmt: skip
    yield one_file("quote_never_ends", 'id,note\n0,"a\n1,b\n2,c\n', quoted('"a', "b", "c"))
    late = "id,note\n" + "".join(f"{place},x\n" for place in range(20_000))
    yield one_file(
        "quote_never_ends_late", late + '20000,"a\n20001,b\n', Refused(reason="line 20002: a quote is opened")
    )
    yield one_file(
        "quote_inch_late",
        late + '20000,5" pipe\n20001,b\n',
        Truth(header=True, columns={"id": "bigint", "note": "string"}, rows=20_002),
    )


def lines() -> Iterator[Case]:
    yield one_file("lines_blank", TEXT.replace("2,Bob", "\n\n2,Bob") + "\n\n", plain())
    yield one_file("lines_blank_first", "\n\n" + TEXT, plain())
    yield one_file("lines_blank_crlf", TEXT.replace("2,Bob", "\n2,Bob").replace("\n", "\r\n") + "\r\n", plain())
    yield one_file("lines_of_spaces", TEXT.replace("2,Bob", "   \n2,Bob"), plain())
    yield one_file("lines_no_end", TEXT.rstrip("\n"), plain())
    yield one_file(
        "lines_of_delimiters",
        TEXT + ",,\n",
        Truth(header=True, columns=PLAIN, rows=[*ROWS, (None, None, None)]),
    )
    yield one_file(
        "lines_of_delimiters_and_blank",
        TEXT + "\n,,\n",
        Truth(header=True, columns=PLAIN, rows=[*ROWS, (None, None, None)]),
    )
    yield one_file("comments_first", "# made by hand\n# on Monday, late\n" + TEXT, plain())
    yield one_file("comments_between", TEXT.replace("2,Bob", "# a note, too\n#\n2,Bob"), plain())
    yield one_file("comments_with_quotes", '# it"s\n' + TEXT.replace("2,Bob", '#"\n2,Bob'), plain())
    yield one_file("comment_mark_of_header", "#" + TEXT, plain())
    yield one_file(
        "hash_in_rows",
        "code,name\n#1,a\n#2,b\n#3,c\n",
        Truth(header=True, columns={"code": "string", "name": "string"}, rows=[("#1", "a"), ("#2", "b"), ("#3", "c")]),
    )
    yield from marked_lines()
    yield one_file("title", "Sales of March\n" + TEXT, plain())
    yield one_file("title_and_blank", "Sales of March\n\nby shop\n\n" + TEXT, plain())
    yield one_file("title_semicolons", "Sales of March;;\n;;\n" + TEXT.replace(",", ";"), plain(";"))
    yield one_file("title_with_quote", 'The "big" report\n' + TEXT, plain())
    yield one_file("title_then_comment", "Sales of March\n# a note\n" + TEXT, plain())


def marked_lines() -> Iterator[Case]:
    orders = 'Name,Total,Item\n#1001,5.00,"T-Shirt\nblue"\n#1002,6.00,"Cap\nred"\n#1003,7.00,Socks\n'
    yield one_file("hash_in_rows_of_lines", orders, Truth(
        header=True, columns={"Name": "string", "Total": "double", "Item": "string"},
        rows=[("#1001", 5.0, "T-Shirt\nblue"), ("#1002", 6.0, "Cap\nred"), ("#1003", 7.0, "Socks")],
    ))  # fmt: skip
    tags = {"tag": "string", "n": "bigint"}
    yield one_file("hash_in_most_rows", "tag,n\n#blue,1\n#red,2\ngreen,3\n", Truth(
        header=True, columns=tags, rows=[("#blue", 1), ("#red", 2), ("green", 3)]
    ))  # fmt: skip
    yield one_file("hash_in_one_row", "tag,n\nblue,1\n#red,2\ngreen,3\npink,4\n", Truth(
        header=True, columns=tags, rows=[("blue", 1), ("#red", 2), ("green", 3), ("pink", 4)]
    ))  # fmt: skip
    yield one_file("hash_in_one_column", "colour_name\n#ff0000\ngreen\nblue\n", Truth(
        header=True, columns={"colour_name": "string"}, rows=[("#ff0000",), ("green",), ("blue",)],
        doubts=("lines that begin with # are rows",),
    ))  # fmt: skip
    yield one_file("comment_cut_like_rows", "# a, b\nid,v\n1,2\n", Truth(
        header=True, columns={"id": "bigint", "v": "bigint"}, rows=[(1, 2)]
    ))  # fmt: skip
    yield one_file("comment_of_text_between", "town,land\nUlm,DE\n# so far, so good\nNice,FR\n", Truth(
        columns={"town": "string", "land": "string"}, rows=3, doubts=("lines that begin with # are rows",)
    ))  # fmt: skip
    yield one_file("row_taken_out", "id,v\n1,2\n#2,3\n4,5\n", Truth(
        header=True, columns={"id": "bigint", "v": "bigint"}, rows=[(1, 2), (4, 5)],
        doubts=("lines that begin with # are comments, though some look like rows",),
    ))  # fmt: skip


def delimiters() -> Iterator[Case]:
    yield one_file("spaces_after_delimiters", TEXT.replace(",", ", "), plain())
    yield one_file("spaces_before_quotes", 'id, note\n0, "a, b"\n1, "c"\n', quoted("a, b", "c"))
    yield one_file(
        "spaces_padding",
        "id |name |price\n1  |Ann  |2.5  \n2  |Bob  |3    \n3  |Cid  |4.25 \n",
        plain("|"),
    )
    yield one_file("trailing_delimiter", "".join(line + ",\n" for line in TEXT.splitlines()), plain())
    yield one_file("trailing_delimiter_of_rows", TEXT.replace("\n", ",\n").replace("price,", "price"), plain())
    yield one_file("decimal_comma_no_header", "1,5;2,5\n3,1;4,2\n5,5;6,0\n", Truth(
        delimiter=";", header=False, columns={"col0": "double", "col1": "double"},
        rows=[(1.5, 2.5), (3.1, 4.2), (5.5, 6.0)],
    ))  # fmt: skip
    names = "id|full name|town\n1|Doe, John|Paris, France\n2|Roe, Jane|Rome, Italy\n"
    yield one_file("commas_in_text", names, Truth(
        delimiter="|", header=True, columns={"id": "bigint", "full name": "string", "town": "string"},
        rows=[(1, "Doe, John", "Paris, France"), (2, "Roe, Jane", "Rome, Italy")],
    ))  # fmt: skip
    yield one_file("commas_in_all_text", "first|second\nDoe, John|x, y\nRoe, Jane|z, t\n", Truth(
        delimiter="|", header=True, columns={"first": "string", "second": "string"},
        rows=[("Doe, John", "x, y"), ("Roe, Jane", "z, t")],
    ))  # fmt: skip
    yield one_file("semicolons_in_lists", "id,tags\n1,a;b\n2,c;d\n3,e;f\n", Truth(
        delimiter=",", header=True, columns={"id": "bigint", "tags": "string"},
        rows=[(1, "a;b"), (2, "c;d"), (3, "e;f")],
    ))  # fmt: skip
    yield one_file("two_delimiters_as_good", "a,b;c,d\ne,f;g,h\ni,j;k,l\n", Truth(
        columns={"col0": "string", "col1": "string", "col2": "string"}, rows=3, doubts=("delimiter",)
    ))  # fmt: skip
    yield one_file("times_are_no_columns", "at;name\n10:30:00;a\n11:30:00;b\n", Truth(
        delimiter=";", header=True, columns={"at": "string", "name": "string"},
        rows=[("10:30:00", "a"), ("11:30:00", "b")],
    ))  # fmt: skip
    yield Case(
        name="mixed_delimiters",
        files={
            "a.csv": TEXT.encode(),
            "b.csv": TEXT.replace(",", ";").encode(),
            "c.csv": TEXT.replace(",", "\t").encode(),
        },
        truth=Truth(header=True, columns=PLAIN, rows=ROWS * 3),
    )
    yield one_file("one_column", "code\nx1\ny2\nz3\n", Truth(
        header=True, columns={"code": "string"}, rows=[("x1",), ("y2",), ("z3",)]
    ))  # fmt: skip
    yield one_file(
        "one_column_of_numbers", "1\n2\n3\n", Truth(header=False, columns={"col0": "bigint"}, rows=[(1,), (2,), (3,)])
    )
    yield one_file("one_row", "1,2.5,x\n", Truth(
        header=False, columns={"col0": "bigint", "col1": "double", "col2": "string"}, rows=[(1, 2.5, "x")]
    ))  # fmt: skip
    wide = [f"c{place}" for place in range(400)]
    yield one_file(
        "wide", ",".join(wide) + "\n" + ",".join(map(str, range(400))) + "\n",
        Truth(header=True, columns=dict.fromkeys(wide, "bigint"), rows=[tuple(range(400))]),
    )  # fmt: skip


def unusual_delimiters() -> Iterator[Case]:
    yield one_file("separator_line", "sep=;\r\nid;name;price\r\n1;Ann;2.5\r\n2;Bob;3\r\n3;Cid;4.25\r\n", plain(";"))
    yield one_file("separator_line_of_odd_delimiter", "sep=~\n" + TEXT.replace(",", "~"), plain("~"))
    yield one_file("separator_line_decides", "sep=,\nid,v\n1,2;3\n2,4;5\n", Truth(
        delimiter=",", header=True, columns={"id": "bigint", "v": "string"}, rows=[(1, "2;3"), (2, "4;5")]
    ))  # fmt: skip
    for name, sign in {"tilde": "~", "broken_bar": "¦"}.items():
        yield one_file(f"delimiter_{name}_not_said", TEXT.replace(",", sign), Truth(
            columns={"col0": "string"}, rows=4, doubts=(f'say delimiter = "{sign}"',)
        ))  # fmt: skip
    yield one_file("delimiter_colon_not_said", TEXT.replace(",", ":"), Truth(
        columns={"id:name:price": "string"}, rows=3, doubts=('say delimiter = ":"',)
    ))  # fmt: skip
    yield from drawn_lines()
    yield one_file("colons_of_addresses", "url\nhttp://a.de\nhttp://b.de\n", Truth(
        header=True, columns={"url": "string"}, rows=[("http://a.de",), ("http://b.de",)]
    ))  # fmt: skip
    yield one_file("web_page", "<!DOCTYPE html>\n<html><body>a,b</body></html>\n", Refused(reason="it is HTML or XML"))
    yield one_file("xml", '<?xml version="1.0"?>\n<rows><row a="1"/></rows>\n', Refused(reason="it is HTML or XML"))


def drawn_lines() -> Iterator[Case]:
    """Lists as SAP and databases print them."""
    rule = "-" * 40 + "\n"
    rows = [(place, f"M{place}", place * 1000 + 234.5) for place in range(1, 10)]
    lines = "".join(f"|0{place} |M{place}  |{place}.234,50|\n" for place in range(1, 10))
    listed = Truth(
        delimiter="|", header=True, rows=[(f"0{place}", name, price) for place, name, price in rows],
        columns={"Mat": "string", "Text": "string", "Preis": "double"},
    )  # fmt: skip
    table = rule + "|Mat|Text|Preis   |\n" + rule + lines + rule
    yield one_file("list_of_sap", table, listed)
    yield one_file("list_of_sap_with_title", "Liste, vom 01.02.2024\n\n" + table, listed)
    printed = " id | name | price\n----+------+-------\n  1 | Ann  |   2.5\n  2 | Bob  |     3\n"
    yield one_file("table_of_psql", printed, Truth(
        delimiter="|", header=True, columns=PLAIN, rows=ROWS[:2]
    ))  # fmt: skip


def ragged() -> Iterator[Case]:
    yield one_file("ragged_short", TEXT + "4\n5,Eve\n", Truth(
        header=True, columns=PLAIN, rows=[*ROWS, (4, None, None), (5, "Eve", None)],
        doubts=("2 rows have fewer values than there are columns, null is read for the others: line 5 is the first",),
    ))  # fmt: skip
    yield one_file("ragged_long", TEXT + "4,Eve,5,6\n", Refused(reason="line 5 has 4 values, but the file 3 columns"))
    yield one_file("ragged_short_header", "id,name\n1,Ann,2.5\n2,Bob,3\n", Truth(
        header=True, columns={"id": "bigint", "name": "string", "col2": "double"},
        rows=[(1, "Ann", 2.5), (2, "Bob", 3.0)], doubts=("its header names 2 columns, its rows have 3",),
    ))  # fmt: skip
    good = {"good.csv": TEXT.encode()}
    yield Case(
        name="ragged_beside_good",
        files={**good, "bad.csv": (TEXT + "4,Eve,5,6\n").encode()},
        truth=plain(left_out="line 5"),
    )
    late = "id,name\n" + "1,x\n" * 20_000
    yield one_file("ragged_long_late", late + "1,x,y\n", Refused(reason="line 20002 has 3 values"))
    trailing = "id,name,\n" + "1,x,\n" * 20_000
    yield one_file("trailing_with_value_late", trailing + "1,x,y\n", Refused(reason="line 20002 has 3 values"))
