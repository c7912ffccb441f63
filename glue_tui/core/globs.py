"""Globs of file paths: `*` within a folder, `**` across folders, `?`, `[abc]`, `[!a]`, `{a,b}` (rule GR-9)."""

from __future__ import annotations

import re
from functools import cache

_WILD = re.compile(r"[*?\[{]")
_PASSING = ("~", ".tmp", ".part", ".partial", ".crdownload", ".swp")


@cache
def glob_pattern(glob: str) -> re.Pattern[str]:
    """Return the pattern that matches whole paths with `/` between folders."""
    try:
        return re.compile(_translate(glob, has_braces=True) + r"\Z", re.DOTALL)
    except re.error:  # A brace that is never closed stands for itself.
        return re.compile(_translate(glob, has_braces=False) + r"\Z", re.DOTALL)


def is_wild(glob: str) -> bool:
    """Tell whether a glob may match several paths: any other names one file."""
    return _WILD.search(glob) is not None


def fixed_folder(glob: str) -> str:
    """Return the folder that every match lies in: `data/in` for `data/in/**/*.csv`; `.` where the first part varies."""
    wild = _WILD.search(glob)
    fixed = glob[: wild.start()] if wild else glob
    return fixed.rpartition("/")[0] or ("/" if glob.startswith("/") else ".")


def plain_glob(glob: str) -> str:
    """Return the glob as the paths that it shall match are written: without `./` and doubled slashes."""
    start = "/" if glob.startswith("/") else ""
    return start + "/".join(part for part in glob.split("/") if part not in ("", "."))


def is_passing(name: str) -> bool:
    """Tell whether a file name is one that programs write under on their way to the real one."""
    return name.startswith(".") or name.endswith(_PASSING)


def _translate(glob: str, *, has_braces: bool) -> str:
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
        if char == "[" and (end := _bracket_end(glob, at)):
            parts.append(_one_of(glob[at + 1 : end]))
            at = end + 1
            continue
        if char == "\\" and at + 1 < len(glob):
            parts.append(re.escape(glob[at + 1]))
            at += 2
            continue
        if char == "{" and has_braces and glob.find("}", at) > 0:
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


def _bracket_end(glob: str, at: int) -> int:
    """Return where the bracket that opens at `at` closes; 0 where it doesn't within its folder."""
    first = at + 2 if glob[at + 1 : at + 2] == "!" else at + 1
    end = glob.find("]", first + 1)
    return end if end > 0 and "/" not in glob[at:end] else 0


def _one_of(inner: str) -> str:
    """Return the pattern for what stands in brackets: characters and ranges, never a `/`."""
    is_not = inner.startswith("!")
    rest = inner[1:] if is_not else inner
    members: list[str] = []
    while rest:
        if len(rest) >= 3 and rest[1] == "-":
            members += [f"{re.escape(rest[0])}-{re.escape(rest[2])}"] if rest[0] <= rest[2] else []
            rest = rest[3:]
        else:
            members.append(re.escape(rest[0]))
            rest = rest[1:]
    if not members:
        return "[^/]" if is_not else "(?!)"
    return f"(?!/)[{'^' if is_not else ''}{''.join(members)}]"
