"""Small CSV files that are written alike: one is classified in full, all are read in one go and compared with it.

A file is written like another if nothing in it could have decided otherwise: the same header, every row cut into as
many cells, no sign of another quoting, encoding or delimiter. A file about which that is not sure is classified.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_counter import Counter, FileCounts, Texts, numbers_of_files
from glue_tui.crawlers.csv_cut import SAMPLE_ROWS
from glue_tui.crawlers.csv_dialect import DELIMITERS
from glue_tui.crawlers.csv_footer import may_be_footer
from glue_tui.crawlers.csv_forms import other_forms, with_other_forms
from glue_tui.crawlers.csv_header import TYPED_VALUES, telling_places
from glue_tui.crawlers.csv_spaces import are_surely_meant
from glue_tui.crawlers.facts import ColumnFacts
from glue_tui.crawlers.values import NARROW_TYPES

LAST_LINE_BYTES = 80
"""So much of it tells whether it is a sum or a note."""
_FILE = "__glue_tui_file"
HALVED_MIN = 32
"""So few files that can't be read together are read one by one."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A file that was classified in full, and that others may be like."""

    format: FileFormat
    delimiter: bytes
    odd_value: str
    """The regular expression of values that could mean that a file is written otherwise, after all."""
    telling: tuple[int, ...]
    """The places of the columns that make the first line a header if one of them is not text."""


@dataclass(frozen=True, slots=True)
class CountedFile:
    rows: int
    facts: dict[str, ColumnFacts]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Files that begin alike, read in one go."""

    pattern: Pattern
    contents: Sequence[bytes]
    text: bytes
    """All that stands below the headers."""
    frame: pl.DataFrame
    counted: Sequence[FileCounts]
    texts: Sequence[Texts]

    @property
    def rows(self) -> list[int]:
        """How many rows each file has."""
        return [counts.rows for counts in self.counted]


def first_line(content: bytes) -> bytes:
    """Return a file's first line, with its end; all of it if it has no second."""
    return content[: content.find(b"\n") + 1] or content


def pattern_of(content: bytes, file_format: FileFormat) -> Pattern | None:
    """Return a classified file as a pattern for others; None if there is anything special about it."""
    line = first_line(content)
    plain = FileFormat(
        classification="csv",
        columns=file_format.columns,
        delimiter=file_format.delimiter,
        decimal=file_format.decimal,
        day_first=file_format.day_first,
        nulls=file_format.nulls,
        forms=file_format.forms,
        header_names=file_format.header_names,
    )
    delimiter = file_format.delimiter.encode()
    others = [item for item in DELIMITERS if item != file_format.delimiter]
    cells = line.rstrip(b"\r\n").split(delimiter)
    if (
        file_format != plain
        or len(cells) != len(file_format.columns)
        or len(cells) < 2
        or not all(cell and cell == cell.strip() for cell in cells)
        or any(sign in line for sign in (b'"', b"'", b"\\", *(item.encode() for item in others)))
        or line.startswith((b"#", b"\xef\xbb\xbf"))
        or b"\r" in line.removesuffix(b"\r\n")
        or any(null != null.strip() or not {*"\"'#"}.isdisjoint(null) for null in file_format.nulls)
    ):
        return None
    ends = re.escape("".join(others))
    # Quotes, also within a value or behind spaces; signs of comments; other white space than spaces; other delimiters.
    odd_value = rf"[\"\\]|^ *(?:['#]|[^\S ]|$)|{re.escape(file_format.delimiter)} *'|[^\S ] *$|[{ends}] *$"
    if file_format.delimiter == "|":
        odd_value += "|-{5}|={5}"  # a line between rows
    return Pattern(file_format, delimiter, odd_value, telling_places([cell.decode() for cell in cells]))


def count_together(contents: Sequence[bytes], pattern: Pattern) -> list[CountedFile | None]:
    """Return what whole files hold that begin with the pattern's first line; None for one that may be otherwise.

    Such a file has to be classified and read for itself.
    """
    start = len(first_line(contents[0])) if contents else 0
    bodies = [_body(content, start) for content in contents]
    rows = [body.count(b"\n") for body in bodies]
    found: list[CountedFile | None] = [None] * len(bodies)
    filled = [place for place, count in enumerate(rows) if count]
    if not filled:
        return found
    text = b"".join(bodies)
    rows = [rows[place] for place in filled]
    frame = _parsed(text, pattern)
    if frame is None or frame.height != sum(rows):
        if len(contents) <= HALVED_MIN:
            return found
        middle = len(contents) // 2
        return count_together(contents[:middle], pattern) + count_together(contents[middle:], pattern)
    file_format = pattern.format
    counter = Counter(file_format.columns, dict(file_format.forms), is_keeping_texts=True)
    counted = counter.count(frame, rows)
    batch = _Batch(pattern, [contents[place] for place in filled], text, frame, counted, counter.texts)
    doubtful = _doubtful(batch)
    sure = {
        number: counts
        for number, counts in enumerate(counted)
        if number not in doubtful and not counts.empty and _has_types(counts, pattern)
    }
    for number, facts in _facts(batch, sure).items():
        found[filled[number]] = CountedFile(rows[number], facts)
    return found


def _facts(batch: _Batch, sure: Mapping[int, FileCounts]) -> dict[int, dict[str, ColumnFacts]]:
    """Return the facts of files, by their numbers."""
    file_format = batch.pattern.format
    columns = file_format.columns
    # Files of which the same was found share it: what comes of it is worked out once.
    shared: dict[tuple[int, ...], dict[str, ColumnFacts]] = {}
    facts: dict[int, dict[str, ColumnFacts]] = {}
    for number, counts in sure.items():
        key = tuple(map(id, counts.columns))
        if key not in shared:
            shared[key] = {name: item.facts for name, item in zip(columns, counts.columns, strict=True)}
        facts[number] = shared[key]
    forms = {number: some for number, counts in sure.items() if (some := other_forms(counts, file_format))}
    if not forms:
        return facts
    rows = batch.frame.lazy().with_columns(numbers_of_files(batch.rows).alias(_FILE))
    return with_other_forms(facts, forms, rows.filter(pl.col(_FILE).is_in(list(forms))), _FILE)


def _doubtful(batch: _Batch) -> set[int]:
    """Return the numbers of the files that may be written otherwise: by odd values, or signs where none should be."""
    pattern, text, contents = batch.pattern, batch.text, batch.contents
    doubtful: set[int] = set()
    within: dict[int, int] = {}
    if batch.texts:
        texts = _texts(batch)
        value = pl.col("value")
        doubtful.update(texts.filter(value.str.contains(pattern.odd_value))["file"].unique())
        doubtful.update(_with_odd_spaces(batch, texts.filter(value.str.contains("^ | $"))))
        within = _delimiters_within(texts, pattern) if b'"' in text else {}
    between = len(pattern.format.columns) - 1
    # No row has more delimiters than it should: if none is missing in all of the text, none is in any file.
    if pattern.format.nulls or text.count(pattern.delimiter) != batch.frame.height * between + sum(within.values()):
        doubtful.update(
            number
            for number, (content, counts) in enumerate(zip(contents, batch.counted, strict=True))
            if content.count(pattern.delimiter) != (counts.rows + 1) * between + within.get(number, 0)
        )
    doubtful.update(
        number
        for number, content in enumerate(contents)
        if may_be_footer(_last_line(content), pattern.format.delimiter)
    )
    if b"\0" in text:
        doubtful.update(number for number, content in enumerate(contents) if b"\0" in content)
    if b"\r" in text:
        doubtful.update(
            number for number, content in enumerate(contents) if content.count(b"\r") != content.count(b"\r\n")
        )
    return doubtful


def _texts(batch: _Batch) -> pl.DataFrame:
    """Return the values in which anything may stand, with the numbers of their columns and files."""
    return pl.concat(
        pl.DataFrame({"file": files, "value": values}).with_columns(place=place)
        for place, (values, files) in batch.texts
    )


def _with_odd_spaces(batch: _Batch, spaced: pl.DataFrame) -> Iterator[int]:
    """Yield the numbers of the files in which spaces around values may be no part of them."""
    places: dict[int, list[int]] = defaultdict(list)
    for file, place in spaced.select("file", "place").unique().iter_rows():
        places[file].append(place)
    if not places:
        return
    columns = batch.frame.get_columns()
    starts = list(accumulate(batch.rows, initial=0))
    for number, of_file in places.items():
        counts = batch.counted[number]
        sample = [columns[place].slice(starts[number], min(counts.rows, SAMPLE_ROWS)).to_list() for place in of_file]
        # The header's cells, and what is surely in the rows that classifying looks at.
        behind = len(columns) - 1 + sum(_values_in_sample(item.facts, counts.rows) for item in counts.columns[1:])
        if not are_surely_meant(sample, behind):
            yield number


def _values_in_sample(facts: ColumnFacts, rows: int) -> int:
    """Return how many values of a column at least stand in the rows that classifying looks at."""
    return max(facts.values - max(rows - SAMPLE_ROWS, 0), 0)


def _delimiters_within(texts: pl.DataFrame, pattern: Pattern) -> dict[int, int]:
    """Return how many delimiters the values of files hold, by the number of the file."""
    found = pl.col("value").str.count_matches(pattern.delimiter.decode(), literal=True)
    return dict(texts.group_by("file").agg(found.sum()).filter(pl.col("value") > 0).iter_rows())


def _has_types(counts: FileCounts, pattern: Pattern) -> bool:
    """Return whether a column holds other values than text where they say that the file has a header."""
    return any(_is_typed(counts.columns[place].facts, counts.rows, pattern) for place in pattern.telling)


def _is_typed(facts: ColumnFacts, rows: int, pattern: Pattern) -> bool:
    """Return whether the first values of a column surely are not all text, wherever in it those that are may stand."""
    if facts.form:
        return False  # which nothing but what was said may know
    # What stands for no value is text there.
    misfits = (rows if pattern.format.nulls else facts.values) - max(facts.fits[: len(NARROW_TYPES)])
    return misfits < min(TYPED_VALUES, _values_in_sample(facts, rows))


def _last_line(content: bytes) -> str:
    return content[content.rfind(b"\n", 0, -1) + 1 :][:LAST_LINE_BYTES].decode(errors="replace")


def _body(content: bytes, start: int) -> bytes:
    body = content[start:]
    return body if body.endswith(b"\n") or not body else body + b"\n"


def _parsed(text: bytes, pattern: Pattern) -> pl.DataFrame | None:
    file_format = pattern.format
    try:
        return pl.scan_csv(
            b"\n" + text,  # which may begin as packed files do
            has_header=False,
            skip_lines=1,
            separator=file_format.delimiter,
            null_values=list(file_format.nulls) or None,
            schema={name: pl.String() for name in file_format.columns},
            glob=False,
        ).collect()
    except PolarsError:
        return None
