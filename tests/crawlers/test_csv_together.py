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
from glue_tui.crawlers.csv_counts import counts_as_written, facts_from
from glue_tui.crawlers.csv_dialect import DELIMITERS
from glue_tui.crawlers.csv_facts import read_csv
from glue_tui.crawlers.csv_sorts import FITTING, SMALL_ROWS, Sort, is_of, sort_in_python
from glue_tui.crawlers.csv_together import pattern_of
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
        row = pl.DataFrame({"a": values}).select(*counts_as_written("0", pl.col("a"))).row(0, named=True)
        assert counts.columns[0].facts == facts_from(row, "0", "")


@given(values)
@example("-00.5")
@example("2024-02-29")
@example("1900-02-29 00:00:00")
@example("May 3, 2025")
@settings(max_examples=200, deadline=None)
def test_a_value_of_a_sort_fits_what_is_said_of_the_sort(value: str) -> None:
    column = pl.Series("a", [value])
    row = column.to_frame().select(*counts_as_written("0", pl.col("a"))).row(0, named=True)
    of_polars = [sort for sort in Sort if is_of(column, sort).all()]
    assert sort_in_python(value) == (of_polars[0] if of_polars else None)
    for sort in of_polars:
        assert {kind for kind in COUNTED if row[f"0:{kind}"]} == set(FITTING[sort])


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


@given(st.lists(texts, min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_files_read_together_say_what_each_says_alone(
    tmp_path_factory: pytest.TempPathFactory, texts: Sequence[str]
) -> None:
    folder = tmp_path_factory.mktemp("alike")
    files = [_written(folder / f"{number}.csv", text.encode()) for number, text in enumerate(texts)]
    together = {_path(item): _unsettled(item) for found in read_files(files, Classifier()) for item in found}
    for listed in files:
        assert together[listed.path] == _alone(listed)


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
        assert found[listed.path] == _alone(listed), listed.path
    assert isinstance(found["latin.csv"], CrawledFile)
    assert found["latin.csv"].format.encoding == "cp1252"


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


def _alone(listed: ListedFile) -> Found:
    try:
        file_format = classify(listed.absolute, listed.name, Classifier()).format
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
