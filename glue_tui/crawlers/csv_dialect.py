"""How a CSV file is written, from its head: delimiter, quotes, what stands before the rows, and its header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from glue_tui.catalog.readers.csv_files import BYTE_LETTERS, LOOKS_PACKED
from glue_tui.core.column_names import column_names, header_names
from glue_tui.core.counts import counted
from glue_tui.core.model import Classifier
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_comments import MARK, Comments, comments_of, drawn_line_mark
from glue_tui.crawlers.csv_cut import SAMPLE_ROWS, Cut, cut
from glue_tui.crawlers.csv_header import header_of
from glue_tui.crawlers.csv_quotes import quote_doubts, quotings
from glue_tui.crawlers.csv_spaces import trimmed
from glue_tui.crawlers.encodings import Text
from glue_tui.crawlers.head import Head, NoData, Unreadable
from glue_tui.crawlers.names import DATA_EXTENSIONS
from glue_tui.crawlers.values import is_text

EVENNESS_MIN = 0.8
"""Share of the rows that must be cut into the same number of cells, in a file whose name does not say CSV."""

DELIMITERS = (",", "|", "\t", ";", "\x01")
"""Rule CL-4."""
DELIMITER_NAMES = {"\t": "tab", "\x01": "ctrl-A", " ": "space"}

_SEPARATOR_LINE = re.compile(r"\ufeff?sep=([^\r\n\"'])\r?(?:\n|$)", re.IGNORECASE)
"""What Excel takes from a first line, which then is no row."""
_MARKUP = re.compile(r"\s*<(?:!doctype|html|\?xml|head|body)\b", re.IGNORECASE)
_UNUSUAL_DELIMITERS = "~^§¦:"
_COLONS_OF_TEXT = re.compile(r"://|\d:\d")
"""Addresses and times."""

_CSV_EXTENSIONS = ("csv", "tsv", "psv")
_CLOSE_CALL = 0.02
"""A delimiter that cuts the lines as evenly as the chosen one but for this is worth a doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a CSV file is read, and why so."""

    format: FileFormat
    tried: tuple[str, ...]


def classify_csv(head: Head, found: Text, extension: str, classifier: Classifier) -> Dialect:
    """Return how to read a CSV file with this head. Raises Unreadable or NoData if it is none."""
    text = found.text
    if _MARKUP.match(text):
        raise Unreadable("it is HTML or XML, whatever its name says")
    if (separator := _SEPARATOR_LINE.match(text)) and classifier.skip_lines is None:
        classifier = replace(classifier, delimiter=classifier.delimiter or separator[1], skip_lines=1)
    base = FileFormat(
        classification="csv",
        encoding=found.encoding,
        compression=head.compression,
        quote='"' if classifier.quote is None else classifier.quote,
        escape=classifier.escape or "",
        comment=classifier.comment or "",
        lead_lines=classifier.skip_lines or 0,
        footer_lines=classifier.skip_footer_lines or 0,
        decimal=classifier.decimal or "",
        day_first=classifier.day_first,
        nulls=classifier.nulls,
    )
    cuts = _ranked_cuts(text, base, head.is_whole, classifier)
    comments = Comments()
    if classifier.comment is None and any(line.startswith(MARK) for line in text.splitlines()[:SAMPLE_ROWS]):
        without = _ranked_cuts(text, replace(base, comment=MARK), head.is_whole, classifier)
        comments = comments_of(text, (cuts[0].format, without[0].format), head.is_whole)
        cuts = without if comments.are_there else cuts
    if classifier.comment is None and not comments.are_there and (mark := drawn_line_mark(text)):
        drawn = _ranked_cuts(text, replace(base, comment=mark), head.is_whole, classifier)
        cuts = drawn if drawn[0].width > 1 else cuts
    best = cuts[0]
    if not best.rows:
        raise Unreadable(f"no row in it: {best.error}" if best.error else "it has no row: nothing but comments")
    tried, doubts = _compared(cuts, classifier)
    doubts += quote_doubts(text, cuts, classifier)
    is_said = classifier.format == "csv" or classifier.delimiter is not None
    if extension not in _CSV_EXTENSIONS and not is_said and (best.width < 2 or best.evenness < EVENNESS_MIN):
        error = Unreadable if extension in DATA_EXTENSIONS else NoData
        raise error("no delimiter cuts its lines into columns, so it holds no table")
    best = _unframed(trimmed(best))
    trailing = best.width > 1 and all(len(row) < best.width or not row[-1].strip() for row in best.rows)
    width = best.width - trailing
    header = header_of([row[:width] for row in best.rows], classifier.header)
    names, more_doubts = _names(best.rows[0] if header.is_there else [], width, classifier)
    file_format = replace(
        best.format,
        columns=names,
        header=header.is_there,
        header_names=_overruled(best.rows[0], width, names) if header.is_there else (),
        trailing=trailing,
        forms=tuple((name, form) for name, form in classifier.forms if name in names),
        doubts=(*found.doubts, *comments.doubts, *doubts, *header.doubts, *more_doubts),
    )
    return Dialect(
        format=replace(file_format, rewritten=_needs_rewriting(file_format, text, best)),
        tried=(*tried, *_about_lines(file_format), *header.tried),
    )


def _ranked_cuts(text: str, base: FileFormat, is_whole: bool, classifier: Classifier) -> list[Cut]:
    """Return the ways to cut the text into rows and cells, the best first."""
    return sorted(_cuts(text, base, is_whole, classifier), key=lambda item: item.rank, reverse=True)


def _cuts(text: str, base: FileFormat, is_whole: bool, classifier: Classifier) -> Iterator[Cut]:
    """Yield the ways to cut the text into rows and cells that are worth comparing."""
    said = classifier.delimiter
    for delimiter in [said] if said else [item for item in DELIMITERS if item in text] or [","]:
        file_format = replace(base, delimiter=delimiter)
        for quote, escape, trim in quotings(text, delimiter, classifier):
            yield cut(text, replace(file_format, quote=quote, escape=escape, trim=trim), is_whole, classifier)


def _compared(cuts: list[Cut], classifier: Classifier) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what the comparison of the cuts, the best first, says for people; and the doubt that it leaves."""
    best = cuts[0]
    if classifier.delimiter is not None:
        name = _name(classifier.delimiter)
        doubts = (
            () if best.width > 1 else (f"delimiter {name} is said, but cuts nothing: leave it out to have it found",)
        )
        return (f"delimiter {name}, as said; {best.in_words}",), doubts
    seen: dict[str, Cut] = {}
    for item in cuts:
        seen.setdefault(item.format.delimiter, item)
    tried = "; ".join(f"{_name(delimiter)} cuts {item.in_words}" for delimiter, item in seen.items())
    quote = best.format.quote
    if quote != '"' and any(item.format.quote == '"' for item in cuts):
        what = (
            f"quotes are {quote}" if quote else 'quotes mean nothing: with " as a quote the rows do not come out even'
        )
        tried = f"{tried}; {what}"
    rivals = [
        item
        for item in list(seen.values())[1:]
        if item.width > 1
        and item.evenness >= max(best.evenness - _CLOSE_CALL, EVENNESS_MIN)
        and item.typed > best.typed - 0.05
        and not item.format.lead_lines > best.format.lead_lines
        and not item.is_sentence
        and len(item.rows) > 1
    ]
    if best.width < 2:
        return (f"delimiter: {tried}",), _unusual_delimiter(best.rows)
    if not rivals:
        return (f"delimiter: {tried}",), ()
    others = " or ".join(_name(item.format.delimiter) for item in rivals)
    doubt = f'delimiter {_name(best.format.delimiter)}, but {others} cuts the lines as evenly: say delimiter = "…"'
    return (f"delimiter: {tried}",), (doubt,)


def _unusual_delimiter(rows: list[list[str]]) -> tuple[str, ...]:
    """Return the doubt about rows of one cell if a sign that some take for a delimiter is in all of them as often."""
    cells = [row[0] for row in rows]
    if len(cells) < 2 or not all(is_text(cell) and not _COLONS_OF_TEXT.search(cell) for cell in cells):
        return ()
    for sign in _UNUSUAL_DELIMITERS:
        if len({cell.count(sign) for cell in cells}) == 1 and sign in cells[0]:
            return (f'one column, but "{sign}" cuts the lines evenly: say delimiter = "{sign}" if it is meant so',)
    return ()


def _unframed(best: Cut) -> Cut:
    """Return the cut without the empty column before the first `|` of printed lists."""
    if best.format.delimiter != "|" or not best.is_framed or any(row[0].strip() for row in best.rows):
        return best
    rows = [row[1:] for row in best.rows]
    return replace(best, format=replace(best.format, leading=True), rows=rows, width=best.width - 1)


def _names(cells: list[str], width: int, classifier: Classifier) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns' names, and the doubt that said or written names leave that are not as many as columns."""
    found = header_names(cells, width)
    if not classifier.columns:
        if not cells or len(cells) >= width:
            return found, ()
        return found, (f"its header names {len(cells)} columns, its rows have {width}: say columns = […]",)
    said = classifier.columns
    names = column_names([*said[:width], *(name for name in found[len(said) :])])
    if len(said) == width:
        return names, ()
    return names, (f"columns names {len(said)} columns, the file has {width}: say as many",)


def _overruled(cells: list[str], width: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in the header, if the columns have got others."""
    found = header_names(cells, width)
    return found if found != names else ()


def _needs_rewriting(file_format: FileFormat, text: str, best: Cut) -> bool:
    """Return whether the fast reader would read the file otherwise than we do."""
    header_lines = best.header_lines if file_format.header else 1
    return (
        bool(file_format.escape)
        or file_format.leading
        or file_format.footer_lines > 0
        or file_format.trim
        or ("\r" in text and "\n" not in text)
        or not {file_format.delimiter, file_format.quote or '"'} <= BYTE_LETTERS
        or (file_format.lead_lines > 0 and (header_lines > 1 or best.has_gap_after_lead))
        or re.search(r"^[ \t]+\r?$", text, re.MULTILINE) is not None
        or best.is_blank_before_rows
        or text.startswith(LOOKS_PACKED)
    )


def _about_lines(file_format: FileFormat) -> Iterator[str]:
    if file_format.comment:
        yield f"lines that begin with {file_format.comment} are comments"
    if file_format.lead_lines:
        yield f"rows begin after line {file_format.lead_lines}"
    if file_format.footer_lines:
        yield f"the last {counted(file_format.footer_lines, 'row')} are none, as said"
    if file_format.leading:
        yield "rows begin with a delimiter before which no column comes"
    if file_format.trailing:
        yield "rows end with a delimiter after which no column comes"
    if file_format.trim:
        yield "spaces around values are not part of them"


def _name(delimiter: str) -> str:
    return DELIMITER_NAMES.get(delimiter, f'"{delimiter}"')
