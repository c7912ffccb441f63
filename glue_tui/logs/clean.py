"""Making foreign text harmless for a terminal: what a job prints is data, it is shown and never obeyed.

Not here: reading files (`logs.read`), styles (`tui`).
"""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
TAB_WIDTH = 8

ESCAPES = re.compile(
    "\x1b(?:"
    r"\[[0-?]*[ -/]*(?:[@-~]|$)"  # CSI: colours, cursor, erase; also one cut off at the end
    "|[]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\|$)?"  # OSC, DCS, SOS, PM, APC with their terminator, or what there is
    r"|[ -/]+[0-~]"  # character sets and the like
    r"|[0-Z\\^-~]"  # two-character ones, such as ESC c
    ")?"
)

_DROPPED_RANGES = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),  # Mongolian selectors
    (0x200B, 0x200F),  # zero-width space, joiners, direction marks
    (0x2028, 0x202E),  # line separators, bidi embeddings and overrides
    (0x2060, 0x206F),  # word joiner, bidi isolates
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),  # interlinear annotation
    (0x1F3FB, 0x1F3FF),  # skin tones
    (0xE0000, 0xE0FFF),  # tags, variation selectors supplement
)

COMBINING_MARKS_MAX = 2
EXCESS_MARKS = re.compile(
    f"([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{{{COMBINING_MARKS_MAX}}})[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)


def _replacements() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for first, last in _DROPPED_RANGES:
        table.update(dict.fromkeys(range(first, last + 1)))
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF):
        table[code] = REPLACEMENT
    for letter in range(26):  # flags differ between terminals: show them as their letters
        table[0x1F1E6 + letter] = chr(ord("A") + letter)
    return table


class _Table(dict[int, str | None]):
    """`str.translate` asks for every character; those not in the table stay as they are."""

    def __missing__(self, code: int) -> str:
        return chr(code)


_TABLE = _Table(_replacements())
_CONTROLS = dict.fromkeys((*range(0x20), 0x7F), REPLACEMENT)


def clean(text: str) -> str:
    """Return one line of foreign text without anything that a terminal would obey or measure differently.

    Escape sequences go, other control characters become U+FFFD, a progress bar drawn with carriage returns shows its
    last part, tabs become spaces, and what joins or reorders characters goes, so that the width in cells is certain.
    """
    if text.isascii() and text.isprintable():
        return text
    if "\x1b" in text:
        text = ESCAPES.sub("", text)
    if "\r" in text:
        text = next((part for part in reversed(text.split("\r")) if part), "")
    if "\t" in text:
        text = text.expandtabs(TAB_WIDTH)
    if text.isascii():
        return text if text.isprintable() else text.translate(_CONTROLS)
    return EXCESS_MARKS.sub(r"\1", text.translate(_TABLE))


def clean_bytes(line: bytes) -> str:
    """Return the clean text of one line of a file; broken UTF-8 shows as U+FFFD."""
    return clean(line.decode("utf-8", "replace"))
