"""A large CSV file is read some MiB at a time; it is what reading it whole says, and odd values have their lines."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from crawl_project import Project
from hypothesis import given, settings
from hypothesis import strategies as st

from glue_tui.catalog.readers import csv_pieces
from glue_tui.catalog.readers.csv_files import scan_csv_whole
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers import csv_large


@pytest.fixture
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_pieces, "PIECE_BYTES", 10_000)
    monkeypatch.setattr(csv_large, "LARGE_BYTES", 1)


def large(odd_rows: dict[int, str], end: str = "\n") -> str:
    # Longer than what is looked at when files are classified.
    rows = [odd_rows.get(number, f"{number},name {number},{number}.5") for number in range(6_000)]
    return end.join(["id,name,price", *rows, ""])


@pytest.mark.usefixtures("_small_pieces")
def test_an_odd_value_far_behind_is_named_with_its_line(project: Project) -> None:
    project.write("in/a.csv", large({5_000: "n/a,x,1.5", 5_001: "-,x,?"}))
    report = project.crawl("in")
    assert report.rows == 6_000
    assert project.types("raw.in") == {"id": "string", "name": "string", "price": "string"}
    assert "'n/a' in in/a.csv:5002 " in project.reason("raw.in", "id")
    assert "'?' in in/a.csv:5003 " in project.reason("raw.in", "price")


@pytest.mark.usefixtures("_small_pieces")
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.bz2"])
def test_lines_within_values_and_other_line_ends_do_not_shift_the_line_that_is_named(
    project: Project, name: str
) -> None:
    pack = {"gz": gzip.compress, "bz2": bz2.compress}.get(name.rpartition(".")[2], bytes)
    text = "\ufeff" + large({10: '10,"two\nlines",1.5', 4500: "4500,,", 5_000: "n/a,x,1.5"}, "\r\n")
    project.write("in/" + name, pack(text.encode()))
    assert project.crawl("in").rows == 6_000
    assert f"'n/a' in in/{name}:5003 " in project.reason("raw.in", "id")


@pytest.mark.usefixtures("_small_pieces")
@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_what_leads_a_large_file_and_how_it_is_encoded_does_not_matter(project: Project, encoding: str) -> None:
    text = "# Prices, all\n# of them\n" + large({7: "7,Grüße,1.5", 5_000: "n/a,x,1.5"})
    project.write("in/a.csv", text.encode(encoding))
    assert project.crawl("in").rows == 6_000
    assert "'n/a' in in/a.csv:5004 " in project.reason("raw.in", "id")


@pytest.mark.usefixtures("_small_pieces")
def test_short_rows_of_a_large_file_are_told_with_the_first_ones_line(project: Project) -> None:
    project.write("in/a.csv", large({3000: '3000,"a, b",', 4000: "4000,x", 5_500: "5500"}))
    project.crawl("in")
    assert any("2 rows have fewer values" in line and "line 4002 is the first" in line for line in project.log)


@pytest.mark.usefixtures("_small_pieces")
def test_values_of_another_form_are_counted_in_it_through_a_large_file(project: Project) -> None:
    days = [f"{number},{1 + number % 28:02d}.{1 + number % 12:02d}.2025" for number in range(6_000)]
    project.write("in/a.csv", "\n".join(["id,day", *days, ""]))
    project.crawl("in")
    assert project.types("raw.in") == {"id": "bigint", "day": "date"}
    project.write("in/a.csv", "\n".join(["id,day", *days[:5_500], "1,soon", ""]))
    project.crawl("in")
    assert "'soon' in in/a.csv:5502 " in project.reason("raw.in", "day")


cells = st.one_of(st.sampled_from(["", "1", "2.5", "x\x01", "a b", "#", " "]), st.text(',;"\n\r #aé', max_size=6))
rows = st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=12)


@given(rows, st.sampled_from(["\n", "\r\n"]), st.integers(1, 40), st.booleans(), st.sampled_from(["", "#"]))
@settings(max_examples=60, deadline=None)
def test_a_file_cut_anywhere_holds_what_the_whole_does(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    end: str,
    piece_bytes: int,
    has_end: bool,
    comment: str,
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator=end)
    writer.writerow(["n", "m"])
    for row in rows:
        written.write(f'{comment} "quoted, in part{end}' if comment and row[0] else "")
        writer.writerow([f"c{row[0]}" if comment else row[0], row[1]])
    # Of a last line without end polars takes the second letter for its first when it looks for comments.
    text = written.getvalue() if has_end or comment else written.getvalue().removesuffix(end)
    path = tmp_path_factory.getbasetemp() / "cut.csv"
    Path(path).write_bytes(text.encode())
    file_format = FileFormat(classification="csv", columns=("n", "m"), comment=comment)
    schema = {"n": pl.String(), "m": pl.String()}
    whole = scan_csv_whole(file_format, [str(path)], schema, "path").drop("path")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_pieces, "PIECE_BYTES", piece_bytes)
        pieces = list(csv_pieces.csv_pieces(str(path), file_format))
        assert b"".join(pieces) == text.encode()
        after = len(pieces[0])
        later = b"".join(csv_pieces.csv_pieces(str(path), file_format, start_bytes=after))
        assert later == text.encode()[after:]
    frames = [
        csv_pieces.scan_piece(piece, number, file_format, schema).collect() for number, piece in enumerate(pieces)
    ]
    assert pl.concat(frames).equals(whole.collect())
