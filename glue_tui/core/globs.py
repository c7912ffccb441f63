"""Globs of file paths: `*` within a folder, `**` across folders, `?`, `[abc]`, `[!a]`, `{a,b}` (rule GR-9)."""

from __future__ import annotations

import re
from functools import cache

_WILD = re.compile(r"[*?\[{]")


@cache
def glob_pattern(glob: str) -> re.Pattern[str]:
    """Return the pattern that matches whole paths with `/` between folders."""
    return re.compile(_translate(glob) + r"\Z")


def fixed_folder(glob: str) -> str:
    """Return the folder that every match lies in: `data/in` for `data/in/**/*.csv`; `.` where the first part varies."""
    wild = _WILD.search(glob)
    fixed = glob[: wild.start()] if wild else glob
    return fixed.rpartition("/")[0] or ("/" if glob.startswith("/") else ".")


def _translate(glob: str) -> str:
    parts: list[str] = []
    at, depth = 0, 0
    while at < len(glob):
        char = glob[at]
        if glob.startswith("**/", at) and (at == 0 or glob[at - 1] == "/"):
            parts.append("(?:.*/)?")
            at += 3
            continue
        if glob.startswith("**", at):
            parts.append(".*")
            at += 2
            continue
        if char == "[" and (end := glob.find("]", at + 2)) > 0:
            inner = glob[at + 1 : end].replace("\\", "\\\\")
            parts.append(f"[{'^' + inner[1:] if inner[0] == '!' else inner}]")
            at = end + 1
            continue
        if char == "\\" and at + 1 < len(glob):
            parts.append(re.escape(glob[at + 1]))
            at += 2
            continue
        if char == "{" and glob.find("}", at) > 0:
            parts.append("(?:")
            depth += 1
        elif char == "}" and depth:
            parts.append(")")
            depth -= 1
        elif char == "," and depth:
            parts.append("|")
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char))
        at += 1
    return "".join(parts)
