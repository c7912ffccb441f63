"""One entry of a log, whole: a line and its raw lines. JSON is drawn out, frames of libraries are folded. No widget."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import chop_cells

from glue_tui.client.words import counted
from glue_tui.logs.clean import clean
from glue_tui.logs.read import LogSource, parse
from glue_tui.tui.paint import Spans, wrap_spans

ENTRY_LINES_MAX = 2_000
ENTRY_BYTES_MAX = 256 * 1024
"""Of one line, so much is shown here."""
LINES_ABOVE_MAX = 500
WORDS_CHARS_MAX = 2_000
"""A longer line is broken wherever the edge is, not at blanks."""
FRAMES_SHOWN = 2
"""So many frames of Java at the beginning of a trace are not folded."""

_PYTHON_FRAME = re.compile(r'\s*File "(?P<path>[^"]+)", line \d+')
_JAVA_FRAME = re.compile(r"\s+(at [\w.$/<>-]+\(|\.\.\. \d+ more)")
_LIBRARY = re.compile(r"[/\\](site-packages|dist-packages|lib[/\\]python3[^/\\]*)[/\\]|^<frozen ")
_JSON_PART = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>true|false|null)|(?P<number>-?\d[\d.eE+-]*)'
)
_JSON_TONES = {"key": "key", "text": "good", "word": "warn", "number": "accent"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line with its raw lines: `first` and `last` in the log, and the texts without time and level."""

    first: int
    last: int
    at: float | None
    level: str
    texts: tuple[str, ...]
    label: str = ""
    is_cut: bool = False
    """Whether there is more of it than is held here."""

    @property
    def text(self) -> str:
        """The whole of it, to be copied."""
        return "\n".join(self.texts)


def entry_at(source: LogSource, line: int) -> Entry:
    """Return the entry that a line belongs to."""
    first_seen = max(0, line - LINES_ABOVE_MAX)
    above = source.lines(first_seen, line - first_seen + 1)
    first = next((first_seen + at for at in range(len(above) - 1, -1, -1) if parse(above[at]).at is not None), line)
    whole = source.whole(first, ENTRY_BYTES_MAX)
    head = parse(whole)
    below: list[str] = []
    following = source.lines(first + 1, ENTRY_LINES_MAX + 1) if head.at is not None else []
    for text in following:
        if parse(text).at is not None:
            break
        below.append(text)
    return Entry(
        first=first,
        last=first + len(below),
        at=head.at,
        level=head.level,
        texts=(head.text, *below),
        label=next(iter(source.labels(first, 1)), ""),
        is_cut=len(below) > ENTRY_LINES_MAX or len(whole) >= ENTRY_BYTES_MAX,
    )


def entry_rows(entry: Entry, width: int, *, is_folded: bool) -> Iterator[Spans]:
    """Yield the rows of an entry, at most `width` cells wide."""
    pretty = drawn_out(entry.texts[0]) if len(entry.texts) == 1 else None
    if pretty is not None:
        for text in pretty.split("\n"):
            indent = _indent(text)
            for number, part in enumerate(_broken(clean(text), max(8, width - indent))):
                yield ((" " * (indent if number else 0), ""), *_coloured(part))
    else:
        tone = "bad" if entry.level == "ERROR" else "text"
        for text, hidden in _folded(entry.texts) if is_folded else ((text, 0) for text in entry.texts):
            if hidden:
                yield ((f"    … {counted(hidden, 'frame')} of libraries", "muted"), ("  f shows them", "faint"))
            else:
                yield from _rows(text, tone, width)
    if entry.is_cut:
        yield (("… and more: S in the log saves all of it to a file", "warn"),)


def drawn_out(text: str) -> str | None:
    """Return JSON over several lines; None for other texts."""
    import msgspec

    if text[:1] + text[-1:] not in ("{}", "[]"):
        return None
    try:
        msgspec.json.decode(text)
        return msgspec.json.format(text, indent=2)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def has_libraries(entry: Entry) -> bool:
    """Return whether there is something to fold."""
    return any(hidden for _, hidden in _folded(entry.texts))


def _coloured(text: str) -> Spans:
    spans: list[tuple[str, str]] = []
    end = 0
    for match in _JSON_PART.finditer(text):
        spans += [(text[end : match.start()], "muted"), (match[0], _JSON_TONES[match.lastgroup or "text"])]
        end = match.end()
    return (*spans, (text[end:], "muted"))


def _rows(text: str, tone: str, width: int) -> list[Spans]:
    if len(text) > WORDS_CHARS_MAX:
        return [((part, tone),) for part in _broken(text, width)]
    indent = min(_indent(text), width // 2)
    return wrap_spans(((text, tone),), width, indent)


def _broken(text: str, width: int) -> list[str]:
    return chop_cells(text, width) or [""]


def _folded(texts: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Yield the lines; in place of each run of frames of libraries, an empty one and how many frames it stands for."""
    hidden, java_frames = 0, 0
    library_indent = -1  # how far in the frame of a library stands that the lines now belong to; -1: none
    for text in texts:
        python, is_java = _PYTHON_FRAME.match(text), _JAVA_FRAME.match(text) is not None
        java_frames = java_frames + 1 if is_java else 0
        if python is not None:
            library_indent = _indent(text) if _LIBRARY.search(python["path"]) else -1
            hidden += library_indent >= 0
        elif _indent(text) <= library_indent:
            library_indent = -1
        if is_java and java_frames > FRAMES_SHOWN:
            hidden += 1
        elif library_indent < 0:
            if hidden:
                yield "", hidden
            hidden = 0
            yield text, 0
    if hidden:
        yield "", hidden


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
