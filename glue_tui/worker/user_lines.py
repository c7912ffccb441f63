"""Which line of the user's own files an error is about: where it was raised, or where a misspelt name stands."""

from __future__ import annotations

import ast
import linecache
import re
import sys
import sysconfig
import textwrap
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from glue_tui.core.job import SqlWork

_OWN_FOLDER = str(Path(__file__).parent.parent)
_STANDARD_LIBRARY = sysconfig.get_path("stdlib")
_LINE_OF_QUERY = re.compile(r"\bat Line: (\d+)|\bline (\d+),? pos \d+")
"""As polars numbers it, and Spark."""
_NAMED_IN_ERROR = re.compile(r"'([^']+)'|\"([^\"]+)\"|`([^`]+)`|no table (\S+)|(\w+\.\w+) is not")
_SQL_COMMENT = re.compile("--.*")
_NOT_THE_USERS = ("site-packages", "dist-packages", ".venv")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLine:
    file: str
    """Absolute."""
    path: str
    """Relative to the project folder."""
    line: int
    """From 1."""
    line_end: int
    """Of the expression that was being computed."""
    text: str = ""
    """As it is written, without indentation; of wrong syntax with a caret below."""

    @property
    def location(self) -> str:
        return f"{self.path}:{self.line}"


def user_line(error: BaseException, project_dir: Path, *, name: str = "") -> UserLine | None:
    """Return the line that an error is about; None if no line of the project had a part in it.

    `name`: a column that is not there. A lazy frame fails where it is computed: the line that names the column is the
    one to mend, where there is exactly one.
    """
    if isinstance(error, SyntaxError) and (wrong := _wrong_syntax(error, project_dir)):
        return wrong
    frames = list(_frames(error, project_dir))
    if not frames:
        return None
    innermost = frames[-1]
    named = list(_lines_that_name(name, project_dir, [frame.file for frame in frames])) if name else []
    for is_exact in (True, False):
        sure = [line for line, exact in named if exact is is_exact]
        here = [one for one in sure if one.file == innermost.file and innermost.line <= one.line <= innermost.line_end]
        if here:
            return here[0]
        if len({one.location for one in sure}) == 1:
            return sure[0]
    return innermost


def line_at(location: str, project_dir: Path) -> UserLine | None:
    """Return the line that `path:line` means, its path relative to the project folder; None for an empty text."""
    path, _, number = location.rpartition(":")
    return _line(str(project_dir / path), path, int(number), int(number)) if number.isdecimal() else None


def line_of_query(message: str, work: SqlWork, project_dir: Path) -> UserLine | None:
    """Return the line of a query's file that an error about the query means: the one it numbers, or the first that
    holds the name that it quotes. None: it means none, or the query stands in the definition.
    """
    lines = work.query.splitlines()
    numbered = _LINE_OF_QUERY.search(message)
    names = [re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)", re.IGNORECASE) for name in _quoted(message)]
    holding = (
        number
        for name in names
        for number, line in enumerate(lines, 1)
        if name.search(_SQL_COMMENT.sub("", line).replace('"', ""))
    )
    number = int(numbered[1] or numbered[2]) if numbered else next(holding, 0)
    if not work.query_file or not 0 < number <= len(lines):
        return None
    file = str(project_dir / work.query_file)
    text = lines[number - 1].strip()
    return UserLine(file=file, path=work.query_file, line=number, line_end=number, text=text)


def _quoted(message: str) -> list[str]:
    """Return what an error about a query names, qualified names also without what stands before the dot."""
    names = [name for groups in _NAMED_IN_ERROR.findall(message) for name in groups if name]
    return [*names, *(name.rpartition(".")[2] for name in names if "." in name)]


def is_ours(file: str) -> bool:
    """Say whether a source file is of this program."""
    return file.startswith(_OWN_FOLDER)


def is_pythons(file: str) -> bool:
    """Say whether a source file is of Python's own library."""
    return not package_of(file) and file.startswith((_STANDARD_LIBRARY, "<frozen"))


def package_of(file: str) -> str:
    """Return the installed package that a source file belongs to; empty for the user's own and the standard library."""
    parts = Path(file).parts
    for folder in _NOT_THE_USERS[:2]:
        if folder in parts[:-1]:
            return parts[parts.index(folder) + 1]
    return ""


def _wrong_syntax(error: SyntaxError, project_dir: Path) -> UserLine | None:
    path = _in_project(error.filename or "", project_dir)
    if not path or not error.lineno:
        return None
    told = "".join(traceback.TracebackException.from_exception(error).format_exception_only()).splitlines()
    text = textwrap.dedent("\n".join(line for line in told[1:] if line.startswith("    ")))
    return UserLine(file=error.filename or "", path=path, line=error.lineno, line_end=error.lineno, text=text)


def _frames(error: BaseException, project_dir: Path) -> Iterator[UserLine]:
    """Yield the lines of the project that were being carried out, the innermost last."""
    for frame in traceback.extract_tb(error.__traceback__):
        path = _in_project(frame.filename, project_dir)
        if path and frame.lineno:
            yield _line(frame.filename, path, frame.lineno, frame.end_lineno or frame.lineno)


def _line(file: str, path: str, line: int, line_end: int) -> UserLine:
    return UserLine(file=file, path=path, line=line, line_end=line_end, text=linecache.getline(file, line).strip())


def _in_project(file: str, project_dir: Path) -> str:
    """Return the path inside the project; empty for what is not of the user's making."""
    path = Path(file)
    if not path.is_relative_to(project_dir) or is_ours(file):
        return ""
    inside = path.relative_to(project_dir)
    return "" if any(part in _NOT_THE_USERS for part in inside.parts) else str(inside)


def _lines_that_name(name: str, project_dir: Path, files: list[str]) -> Iterator[tuple[UserLine, bool]]:
    """Yield the lines of the user's files in which a column is named, and whether that is all that the text says."""
    loaded = [str(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())]
    for file in dict.fromkeys((*files, *loaded)):
        path = _in_project(file, project_dir)
        if not path:
            continue
        try:
            tree = ast.parse("".join(linecache.getlines(file)))
        except (SyntaxError, ValueError):
            continue
        word = re.compile(rf"\b{re.escape(name)}\b")
        nodes = list(ast.walk(tree))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if id(node) in docstrings or (exact := _names(node, name, word)) is None:
                continue
            first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
            lines = [number for number in range(first, last + 1) if word.search(linecache.getline(file, number))]
            yield _line(file, path, *(2 * (lines or [first])[:1])), exact


def _names(node: ast.AST, name: str, word: re.Pattern[str]) -> bool | None:
    """Tell whether a piece of a script is the name (True), has it in a longer text such as SQL (False), or neither."""
    match node:
        case ast.Constant(value=str(text)):
            return True if text == name else False if word.search(text) else None
        case ast.Attribute(attr=attribute, value=ast.Name(id="col") | ast.Attribute(attr="col")) if attribute == name:
            return True
        case ast.keyword(arg=argument) if argument == name:
            return False
        case _:
            return None
