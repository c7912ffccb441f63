"""The levels that a line of a log may have."""

from __future__ import annotations

DEBUG, INFO, WARN, ERROR = LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
"""From the least on."""
