"""Text to the clipboard of the terminal, by OSC 52; also from within tmux and screen. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

CLIPBOARD_BYTES_MAX = 74_994
"""What terminals are sure to take: 100,000 characters of base64."""


def clipboard_sequence(text: str, environ: Mapping[str, str]) -> str | None:
    """Return what to write to the terminal so that `text` is on its clipboard; None where it is too long."""
    data = text.encode()
    if len(data) > CLIPBOARD_BYTES_MAX:
        return None
    plain = f"\x1b]52;c;{b64encode(data).decode()}\x07"
    if environ.get("TMUX"):  # passed through where tmux allows it, taken by tmux itself where set-clipboard is on
        escaped = plain.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{escaped}\x1b\\{plain}"
    if environ.get("STY"):
        return f"\x1bP{plain}\x1b\\"
    return plain
