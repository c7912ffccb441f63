"""What is counted fast, and for many files at once, is what the long way says of each file alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from glue_tui.core.model import Classifier
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.classify import classify
from glue_tui.crawlers.csv_counter import Counter
from glue_tui.crawlers.csv_counts import facts_from, marks_as_written, sums_of
from glue_tui.crawlers.csv_dialect import DELIMITERS
from glue_tui.crawlers.csv_facts import read_csv
from glue_tui.crawlers.csv_sorts import FITTING, SMALL_ROWS, Sort, is_of, sort_in_python
from glue_tui.crawlers.csv_together import count_together, pattern_of
from glue_tui.crawlers.facts import COUNTED, BrokenFile, CrawledFile, Found, PassedOver
from glue_tui.crawlers.head import NoData, Unreadable
from glue_tui.crawlers.infer import read_files
from glue_tui.crawlers.listing import ListedFile

PLAIN = ["1", "0", "-17", "007", "-0", "00", "-01", "123456789012345", "1234567890123456", "12.5", "-0.25", "1.", ".5"]
PLAIN += [
    "1e5",
    "-1e400",
    "true",
    "False",
    "TRUE",
    "NaN",
    "nan",
    "-inf",
    "inf",
    "2025-01-31",
    "2025-02-30",
    "2025-01-31 10:00:00",
]
PLAIN += ["2025-01-31T10:00:00Z", "2025-01-31 25:00:00", "word", "two words", "n/a", "Jan 3, 2025", "01/02/2025", "1,5"]
PLAIN += ["", " ", "9999999999.12345678", "Grüße", "ünder", "tea", "fact", "information", "2025-01-31 10:00:00.5"]

values = st.one_of(
    st.sampled_from(PLAIN), st.from_regex(r"\A[-0-9.:T ]{0,20}\Z"), st.text("abtfNn0-9,.; '", max_size=6)
)


@given(st.lists(st.lists(values, min_size=1, max_size=12), min_size=1, max_size=4), st.sampled_from([1, SMALL_ROWS]))
@settings(max_examples=60, deadline=None)
def test_values_counted_by_their_sort_are_counted_as_the_long_way_counts_them(
    files: list[list[str]], times: int
) -> None:
    files = [values * times for values in files]
    frame = pl.DataFrame({"a": [value for values in files for value in values]})
    counted = Counter(("a",), {}).count(frame, [len(values) for values in files])
    for values, counts in zip(files, counted, strict=True):
        row = _the_long_way(pl.Series("a", values))
        assert counts.columns[0].facts == facts_from(row, "0", "")


@given(values)
@example("-00.5")
@example("2024-02-29")
@example("1900-02-29 00:00:00")
@example("May 3, 2025")
@settings(max_examples=200, deadline=None)
def test_a_value_of_a_sort_fits_what_is_said_of_the_sort(value: str) -> None:
    column = pl.Series("a", [value])
    row = _the_long_way(column)
    of_polars = [sort for sort in Sort if is_of(column, sort).all()]
    assert sort_in_python(value) == (of_polars[0] if of_polars else None)
    for sort in of_polars:
        assert {kind for kind in COUNTED if row[f"0:{kind}"]} == set(FITTING[sort])


def _the_long_way(column: pl.Series) -> dict[str, Any]:
    marks = list(marks_as_written("0", pl.col("a")))
    return column.to_frame().select(*marks).select(*sums_of(marks)).row(0, named=True)


@given(values)
@settings(max_examples=100, deadline=None)
def test_no_way_of_writing_csv_shows_in_a_word(value: str) -> None:
    if sort_in_python(value) is Sort.WORD:
        pattern = pattern_of(b"id,name\n1,a\n", FileFormat(classification="csv", columns=("id", "name")))
        assert pattern is not None
        assert not pl.Series([value]).str.contains(pattern.odd_value).any()
        assert not any(delimiter in value for delimiter in DELIMITERS)


ODD = [
    "1",
    "2.5",
    "007",
    "true",
    "2025-01-31",
    "",
    "a",
    "b c",
    '"x, y"',
    "n/a",
    " pad",
    "it's",
    "'q'",
    'in"ch',
    '"two\nlines"',
]
ODD += ['""', '"say ""hi"""', "a;b", "5;", "\\", '\\"', "# no", "1,5", "x|y", "Ende\t", "ü"]

DIRT = [
    " 1",
    " 12.5 ",
    "12 ",
    " x",
    "\t1",
    "n/a",
    " n/a",
    "-",
    "#N/A",
    "two",
    "€5",
    "5 EUR",
    '"12,5"',
    '"1.234,5"',
    " ",
    "",
]
DIRT += ["01/02/2025", "31.12.2025 10:00", "2025-02-30", "2025-01-31T10:00:00", '"Jan 3, 2025"', "\u00a07", '" 3"']
DIRT += ["\"x, 'y'\"", "\"a,'b',c\"", "'q'", '"say ""hi"""', "Total", "-----", "5;", "99999999999999999999", "1e5", "٣"]

cells = st.sampled_from(ODD)
usual = st.sampled_from(["1", "2.5", "a", "", "2025-01-31", "b c"])
lines = st.one_of(
    st.lists(usual, min_size=3, max_size=3).map(",".join),
    st.lists(st.one_of(usual, cells), min_size=2, max_size=4).map(",".join),
    st.sampled_from(["", "# comment", " ", ",,", "a;b;c"]),
)
texts = st.tuples(
    st.sampled_from(["id,name,day", "id,name,day", "id;name,day", "1,2,3"]),
    st.lists(st.one_of(st.lists(usual, min_size=3, max_size=3).map(",".join), lines), max_size=8),
    st.sampled_from(["\n", "\n", "\n", "\r\n"]),
    st.sampled_from(["", "\n"]),
).map(lambda parts: parts[2].join([parts[0], *parts[1]]) + parts[3])


dirty_columns = st.tuples(
    st.lists(st.sampled_from(["1", "2.5", "2025-01-31", "007", "b", "x"]), min_size=1, max_size=2),
    st.lists(st.sampled_from(DIRT), min_size=1, max_size=4),
    st.integers(0, 9),
)
"""What most values of a column are, what others are, and of ten values how many."""


@st.composite
def dirty_texts(draw: st.DrawFn, header: str) -> str:
    """Return a file of which most values are plain, some are dirty, and some have spaces around them."""
    columns = [draw(dirty_columns) for _ in header.split(",")]
    rows = draw(st.integers(1, 30)) * draw(st.sampled_from([1, 1, 1, 9]))
    chance = draw(st.randoms(use_true_random=False))

    def row() -> str:
        return ",".join(
            chance.choice(dirt if chance.randrange(10) < share else usual) for usual, dirt, share in columns
        )

    return "".join(line + "\n" for line in (header, *(row() for _ in range(rows))))


def _say_alone_what_they_say_together(folder: Path, texts: Sequence[str], classifier: Classifier) -> None:
    files = [_written(folder / f"{number}.csv", text.encode()) for number, text in enumerate(texts)]
    together = {_path(item): _unsettled(item) for found in read_files(files, classifier) for item in found}
    for listed in files:
        assert together[listed.path] == _alone(listed, classifier)


def _surely_alike(texts: Sequence[str]) -> list[int]:
    """Return the places of the files that need not be looked at one by one, by the first."""
    contents = [text.encode() for text in texts]
    columns = tuple(texts[0].partition("\n")[0].split(","))
    pattern = pattern_of(contents[0], FileFormat(classification="csv", columns=columns))
    assert pattern is not None
    return [place for place, found in enumerate(count_together(contents, pattern)) if found]


@given(st.lists(texts, min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_files_read_together_say_what_each_says_alone(
    tmp_path_factory: pytest.TempPathFactory, texts: Sequence[str]
) -> None:
    _say_alone_what_they_say_together(tmp_path_factory.mktemp("alike"), texts, Classifier())


@given(
    st.sampled_from(["id,name,day", "a,b", "x@y,bar,z@y"]).flatmap(
        lambda header: st.lists(dirty_texts(header), min_size=2, max_size=5).map(
            lambda texts: [f"{header}\n{','.join('123'[: header.count(',') + 1])}\n", *texts]
        )
    ),
    st.sampled_from([(), (), ("n/a",), ("#N/A", " -")]),
)
@settings(max_examples=40, deadline=None)
def test_dirty_files_read_together_say_what_each_says_alone(
    tmp_path_factory: pytest.TempPathFactory, texts: Sequence[str], nulls: tuple[str, ...]
) -> None:
    _say_alone_what_they_say_together(tmp_path_factory.mktemp("dirty"), texts, Classifier(nulls=nulls))


def test_a_file_that_begins_alike_but_is_written_otherwise_is_classified_for_itself(tmp_path: Path) -> None:
    texts = {
        "plain": "id,name\n1,a\n2,b\n",
        "other": "id,name\n3,c\n",
        "latin": "id,name\n4,Gr\xfc\xdfe\n",
        "quotes": "id,name\n5,'x'\n6,'y, z'\n",
        "lines": 'id,name\n7,"a\nb"\n',
        "ragged": "id,name\n8,a,b\n",
        "none": "id,name\n",
        "nul": "id,name\n9,\x00\n",
    }
    files = [_written(tmp_path / f"{name}.csv", text.encode("latin1")) for name, text in texts.items()]
    found = {_path(item): _unsettled(item) for chunk in read_files(files, Classifier()) for item in chunk}
    for listed in files:
        assert found[listed.path] == _alone(listed, Classifier()), listed.path
    assert isinstance(found["latin.csv"], CrawledFile)
    assert found["latin.csv"].format.encoding == "cp1252"


def test_files_that_are_read_in_one_go_may_be_written_otherwise_all_the_same(tmp_path: Path) -> None:
    texts = [
        "id,name\n1,a\n2,b\n",
        "id,name\n3,c\n4,n/a\n",
        "id,name\n1,a\n2,b\n3,c\n4,d\n5, 5\n",  # spaces that are part of values
        "id,name\n6,\"x, 'y'\"\n",  # quotes behind spaces
        "id,name\n7,a\nTotal,7\n-,*\n",  # a sum above a line of nothing
        "id,name\n7, a\n8, b\n9,c\n",  # spaces that are not meant
        "id,name\n1,1\n2,2\n3,3\n4,4\n5, 5\n",  # numbers behind spaces
    ]
    assert _surely_alike(texts) == [0, 1, 2]
    _say_alone_what_they_say_together(tmp_path, texts, Classifier())
    texts = ["id|name|at\n1|a|2\n", "id|name|at\n1|b|2\n-----||\n2|c|3\n"]  # a line between rows
    _say_alone_what_they_say_together(tmp_path, texts, Classifier())


def test_a_header_of_unusual_names_is_told_by_the_columns_of_the_others(tmp_path: Path) -> None:
    texts = ["foo,b@r\n1,x\n2,y\n", "foo,b@r\na,1\nb,2\n", "foo,b@r\n1,x\nn/a,y\n3,z\n"]
    assert _surely_alike(texts) == [0, 2]
    _say_alone_what_they_say_together(tmp_path, texts, Classifier())


@pytest.mark.parametrize("header", ["c{}", '"c {}"'])
def test_a_column_more_does_not_mean_a_query_more(tmp_path: Path, header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each query over a wide frame takes time for all of its columns: one for each column is their square.
    columns = range(100)
    lines = [[header.format(c) for c in columns], *([cell] * 100 for cell in ("1", "2025-01-31T10:00:00Z", "x-3"))]
    listed = _written(tmp_path / "wide.csv", "".join(",".join(line) + "\n" for line in lines).encode())
    queries: list[pl.LazyFrame] = []
    for name in ("collect", "collect_batches"):
        monkeypatch.setattr(pl.LazyFrame, name, _counted(getattr(pl.LazyFrame, name), queries))
    ((found,),) = list(read_files([listed], Classifier()))
    assert isinstance(found, CrawledFile)
    assert len(found.facts) == 100
    assert 0 < len(queries) < 50


def _counted(ask: Callable[..., Any], queries: list[pl.LazyFrame]) -> Callable[..., Any]:
    def counted(frame: pl.LazyFrame, **options: Any) -> Any:
        queries.append(frame)
        return ask(frame, **options)

    return counted


def _written(path: Path, content: bytes) -> ListedFile:
    path.write_bytes(content)
    return ListedFile(
        path=path.name, absolute=str(path), folders=(), name=path.name, size_bytes=len(content), mtime_ns=0
    )


def _alone(listed: ListedFile, classifier: Classifier) -> Found:
    try:
        file_format = classify(listed.absolute, listed.name, classifier).format
    except NoData as error:
        return PassedOver(path=listed.path, reason=str(error))
    except Unreadable as error:
        return BrokenFile(path=listed.path, reason=str(error))
    (found,) = read_csv([listed], file_format)
    return found


def _unsettled(found: Found) -> Found:
    return structs.replace(found, is_settled=False) if isinstance(found, CrawledFile) else found


def _path(found: Found) -> str:
    return found.listed.path if isinstance(found, CrawledFile) else found.path
