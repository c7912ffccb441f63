"""The house keeps itself in order: who imports whom, how large files and functions grow, what a process loads."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "glue_tui"
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

FILES = sorted(PACKAGE.rglob("*.py"))


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(syntax(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_every_layer_imports_only_what_lies_below_it() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_no_file_grows_beyond_its_limit() -> None:
    long = {
        str(path.relative_to(ROOT)): n for path in FILES if (n := len(path.read_text().splitlines())) > FILE_LINES_MAX
    }
    assert long == {}


def test_no_function_grows_beyond_its_limit() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{one.name}": length
        for path in FILES
        for one in functions(path)
        if (length := (one.end_lineno or 0) - one.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_no_two_test_files_have_one_name() -> None:
    """pytest would leave one of them out: most folders of tests are no packages."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_module_says_what_lives_in_it() -> None:
    silent = [str(path.relative_to(ROOT)) for path in FILES if not ast.get_docstring(syntax(path))]
    assert silent == []


def test_the_core_knows_no_clock_no_chance_and_no_files() -> None:
    """Only the standard library, and of that only what is pure."""
    allowed = sys.stdlib_module_names - {
        "time",
        "random",
        "os",
        "pathlib",
        "socket",
        "asyncio",
        "sqlite3",
        "subprocess",
    }
    strange: list[str] = []
    for path in sorted((PACKAGE / "core").glob("*.py")):
        for node in ast.walk(syntax(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            strange += [
                f"{path.name}: {name}"
                for name in names
                if name.split(".")[0] not in allowed and not name.startswith("glue_tui.core")
            ]
    assert strange == []


HOMES = {
    "textual": {"tui"},
    "polars": {"catalog", "crawlers", "jobs", "worker"},
    "sqlite3": {"store", "catalog"},
    "watchfiles": {"engine"},
    "plotext": {"jobs", "tui"},
    "apprise": {"notify"},
    "jinja2": {"definitions", "jobs", "catalog"},
}


def test_heavy_dependencies_have_their_homes() -> None:
    strays: list[str] = []
    for path in FILES:
        room = path.relative_to(PACKAGE).parts[0]
        for node in ast.walk(syntax(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                homes = HOMES.get(name.split(".")[0])
                if homes is not None and room not in homes:
                    strays.append(f"{path.relative_to(ROOT)} imports {name}")
    assert strays == []


def test_no_name_of_a_file_is_taken_for_a_pattern() -> None:
    """Files may be called `a[1].csv`: whatever of polars would expand that has to be told not to."""
    expanding = {name for name in dir(pl) if name.startswith(("scan_", "read_")) and _has_glob(getattr(pl, name))}
    assert {"scan_csv", "scan_parquet", "scan_ipc"} <= expanding
    strays = [
        f"{path.relative_to(ROOT)}:{node.lineno}: pl.{node.func.attr}"
        for path in FILES
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in expanding
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "pl"
        if not any(one.arg == "glob" and ast.unparse(one.value) == "False" for one in node.keywords)
    ]
    assert strays == [], "pass glob=False"


def test_no_struct_is_given_to_the_replace_of_dataclasses() -> None:
    # It refuses them when it runs, and mypy does not see it: msgspec.structs.replace is theirs.
    structs = {
        node.name
        for path in FILES
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.ClassDef) and any("Struct" in ast.unparse(base) for base in node.bases)
    }
    wrong = [
        f"{path.name}:{call.lineno}"
        for path in FILES
        for function in functions(path)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("replace", "dataclasses.replace")
        if call.args and ast.unparse(call.args[0]) in _names_of(structs, function)
    ]
    assert not wrong


def _names_of(structs: set[str], function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return the names that a function's annotations, its loops over what is so annotated, and its calls show to be
    of these classes."""

    def is_of(annotation: ast.expr | None) -> bool:
        return annotation is not None and not structs.isdisjoint(re.findall(r"\w+", ast.unparse(annotation)))

    found = {
        argument.arg
        for argument in ast.walk(function.args)
        if isinstance(argument, ast.arg) and is_of(argument.annotation)
    }
    for node in ast.walk(function):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if is_of(annotation):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=made))) if made in structs:
                found.add(name)
            case ast.For() | ast.comprehension() if isinstance(node.target, ast.Name) and (
                isinstance(node.iter, ast.Name) and node.iter.id in found
            ):
                found.add(node.target.id)
    return found


def _has_glob(function: object) -> bool:
    return callable(function) and "glob" in inspect.signature(function).parameters


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("glue_tui.engine.__main__", ("polars", "textual", "rich", "jinja2", "click")),
        ("glue_tui.client.launch", ("polars", "textual", "rich", "sqlite3", "watchfiles")),
        ("glue_tui.cli.catalog", ("polars", "textual", "rich", "jinja2", "watchfiles")),
        ("glue_tui.tui.app", ("polars", "watchfiles", "click", "glue_tui.engine")),
    ],
)
def test_a_process_loads_only_what_it_needs(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
