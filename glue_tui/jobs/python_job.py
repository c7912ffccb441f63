"""A python job: the user's script, called through its `run(glue)` or run as a plain program."""

from __future__ import annotations

import ast
import concurrent.futures.thread
import linecache
import os
import sys
import threading
import types
from pathlib import Path

import glue_tui.jobs.for_scripts
from glue_tui.core.job import PythonWork
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.jobs.context import JobContext
from glue_tui.jobs.session import JobSession

FOR_SCRIPTS = str(Path(glue_tui.jobs.for_scripts.__file__).parent)
"""The folder that a script finds Glue's own modules in."""


def run_python(session: JobSession, work: PythonWork) -> None:
    """Run the script in the project folder, its own folder first on `sys.path`. What it raises comes out as it is."""
    path = session.project_dir / work.script
    source = _read(path, work.script)
    _keep_lines(source, path)
    tree, code = _compiled(source, path)
    os.chdir(session.project_dir)
    sys.path.insert(0, str(path.parent))
    sys.path.append(FOR_SCRIPTS)  # The last: Glue's whole library, where it is installed, comes before ours.
    sys.argv = [str(path), *glue_arguments(session)]
    try:
        if _defines_run(tree):
            module = _module(path.stem, path)
            exec(code, module.__dict__)
            module.__dict__["run"](JobContext(session))
        else:
            exec(code, _module("__main__", path).__dict__)
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
    _wait_for_threads()


def _wait_for_threads() -> None:
    """Wait for what the script left running and what belongs to its work: threads that are no daemons, and pools."""
    threading._shutdown()  # type: ignore[attr-defined]
    # Pools take this for the end of the process and refuse all work; publishing (S3, Iceberg) needs pools of its own.
    threading._SHUTTING_DOWN = False  # type: ignore[attr-defined]
    concurrent.futures.thread._shutdown = False
    if pools := sys.modules.get("pyiceberg.utils.concurrent"):
        pools.ExecutorFactory._instance = None  # It would keep the one that has just been ended.


def rehearse_python() -> None:
    """Go the way of a script that does nothing, but leave `sys` as it is."""
    tree, code = _compiled(b"import os\nclass A:\n    pass\ndef run(glue):\n    print(1)\n", Path("rehearsal.py"))
    _defines_run(tree)
    exec(code, {})


def takes_context(source: str, filename: str) -> bool:
    """Say whether a script has a `run` to be called with the context. Raises SyntaxError."""
    return _defines_run(ast.parse(source, filename=filename))


def _compiled(source: bytes, path: Path) -> tuple[ast.Module, types.CodeType]:
    tree = ast.parse(source, filename=str(path))
    return tree, compile(tree, str(path), "exec", dont_inherit=True)


def _keep_lines(source: bytes, path: Path) -> None:
    """Let a traceback show the lines that run, and not what is saved meanwhile."""
    text = source.decode("utf-8", "replace")
    linecache.cache[str(path)] = (len(source), None, text.splitlines(keepends=True), str(path))


def _read(path: Path, script: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        known = [file.name for file in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise EntityNotFound(f"no script {script}", hint=did_you_mean(path.name, known)) from None


def _module(name: str, path: Path) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    return module


def _defines_run(tree: ast.Module) -> bool:
    """Say whether the script has a `run` that takes the context; one without parameters is the script's own affair."""
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name="run", args=args):
                return bool(args.posonlyargs or args.args or args.vararg)
            case ast.ImportFrom(names=names) if any((alias.asname or alias.name) == "run" for alias in names):
                return True
            case _:
                continue
    return False


def glue_arguments(session: JobSession) -> list[str]:
    """Return the command line that Glue gives to a script; run properties are no part of it (rule JR-10)."""
    spec = session.spec
    tries_before = f"_attempt_{spec.key.attempt - 1}" if spec.key.attempt > 1 else ""
    pairs = {
        "--JOB_NAME": session.job.name,
        "--JOB_RUN_ID": f"jr_{spec.key.run_id.removeprefix('wr_')}_{session.job.name}{tries_before}",
        "--WORKFLOW_NAME": spec.workflow,
        "--WORKFLOW_RUN_ID": spec.key.run_id,
        **session.arguments,
    }
    return [part for pair in pairs.items() for part in pair]
