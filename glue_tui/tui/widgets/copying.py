"""Copying a text by way of the terminal, and what is said of it."""

from __future__ import annotations

import os

from textual.app import App

from glue_tui.tui.widgets.clipboard import CLIPBOARD_BYTES_MAX, clipboard_sequence


def copy_text(app: App[object], text: str) -> tuple[str, bool]:
    """Put a text on the terminal's clipboard; return what to say, and whether it went well."""
    sequence = clipboard_sequence(text, os.environ)
    if sequence is None:
        return f"more than {CLIPBOARD_BYTES_MAX // 1000} kB: too much for the clipboard", False
    if app._driver is not None:
        app._driver.write(sequence)
    return "copied", True
