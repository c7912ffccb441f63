"""Which ways of quoting a CSV file may be written in, and what to make of quotes that do not come out even."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from glue_tui.core.model import Classifier
from glue_tui.crawlers.csv_cut import Cut
from glue_tui.crawlers.head import Unreadable

_IN_DOUBT = 'quotes mean nothing, though some values stand in quotes ({}): mend that, or say quote = ""'


def quotings(text: str, delimiter: str, classifier: Classifier) -> Iterator[tuple[str, str, bool]]:
    """Yield the ways of quoting that the text makes possible, the usual first: quote, escape, spaces around values."""
    mark = re.escape(delimiter)
    escape = classifier.escape or ""
    spaced = delimiter != " " and re.search(mark + " +[\"']", text) is not None
    if classifier.quote is not None:
        quotes = [classifier.quote]
    else:
        quotes = ['"']
        if re.search(rf"(?:^|{mark}) *'(?:[^'\n]|'')*' *(?:{mark}|\r|$)", text, re.MULTILINE):
            quotes.append("'")
        if '"' in text:
            quotes.append("")
    for quote in quotes:
        yield quote, escape, spaced and quote != ""
        if classifier.escape is None and quote and f"\\{quote}" in text:
            yield quote, "\\", spaced


def quote_doubts(text: str, cuts: Sequence[Cut], classifier: Classifier) -> tuple[str, ...]:
    """Return the doubt that is left where the best of the cuts takes quotes for nothing, though some are quotes.

    Raises Unreadable where most of them are: then what is wrong is one row, and not the idea that quotes are quotes.
    """
    best = cuts[0].format
    if best.quote or classifier.quote is not None:
        return ()
    mark = re.escape(best.delimiter)
    opened = len(re.findall(rf'(?:^|{mark})"', text, re.MULTILINE))
    closed = len(re.findall(rf'(?:^|{mark})"(?:[^"\n]|"")*"(?={mark}|\r|$)', text, re.MULTILINE))
    if not closed:
        return ()
    rival = next(item for item in cuts if item.format.quote == '"' and item.format.delimiter == best.delimiter)
    if rival.error and closed * 2 >= opened:
        raise Unreadable(rival.error)
    return (_IN_DOUBT.format(rival.error or "with them, the rows do not come out even"),)
