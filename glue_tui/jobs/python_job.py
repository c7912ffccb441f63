"""A python job: the user's script, called through its `run(glue)` or run as a plain program."""

from __future__ import annotations

import ast
import concurrent.futures.thread
import contextlib
import inspect
import linecache
import os
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import glue_tui.jobs.for_scripts
from glue_tui.core.job import PythonWork
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.jobs.context import JobContext
from glue_tui.jobs.session import JobSession
from glue_tui.logs.write import LogStream, LogWriter

FOR_SCRIPTS = str(Path(glue_tui.jobs.for_scripts.__file__).parent)
"""The folder that a script finds Glue's own modules in."""
_THREAD_OF_POLARS = "polars-0"
"""The first that a query starts."""


def run_python(session: JobSession, work: PythonWork) -> None:
    """Run the script in the project folder, its own folder first on `sys.path`. What it raises comes out as it is.

    Returns in the process that called it alone: one that the script has forked ends where the script ends.
    """
    path = session.project_dir / work.script
    source = _read(path, work.script)
    _keep_lines(source, path)
    tree, code = _compiled(source, path)
    os.chdir(session.project_dir)
    sys.path.insert(0, str(path.parent))
    sys.path.append(FOR_SCRIPTS)  # The last: Glue's whole library, where it is installed, comes before ours.
    sys.argv = [str(path), *glue_arguments(session)]
    _warn_of_forks(session.log)
    with _for_this_process():
        try:
            if _defines_run(tree):
                module = _module(_free_name(path.stem), path)
                exec(code, module.__dict__)
                _call(module.__dict__["run"], JobContext(session))
            else:
                _refuse_if_idle(tree, work.script)
                exec(code, _module("__main__", path).__dict__)
        except SystemExit as end:
            if end.code not in (None, 0):
                raise
        _wait_for_threads()


def _call(run: Callable[[JobContext], object], context: JobContext) -> None:
    """Call the script's `run`, and see that it has run when this returns."""
    answer = run(context)
    if inspect.iscoroutine(answer):
        import asyncio

        asyncio.run(answer)
    elif inspect.isgenerator(answer) or inspect.isasyncgen(answer):
        raise InvalidInput("run(glue) has a `yield`, so that nothing of it has run", hint="leave out the `yield`")


def _refuse_if_idle(tree: ast.Module, script: str) -> None:
    """Raise InvalidInput for a program that only says what its functions are, and calls none."""
    functions = [one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    if functions and all(map(_does_nothing, tree.body)):
        raise InvalidInput(
            f"{script} has no `run(glue)`, and calls none of its functions: {', '.join(functions)}",
            hint="a script with `def run(glue):` is given its tools; any other runs as a program, from top to bottom",
        )


def _does_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return not statement.decorator_list
        case ast.Assign(value=value) | ast.AnnAssign(value=value):
            return isinstance(value, ast.Constant | None)
        case ast.Expr(value=value):
            return isinstance(value, ast.Constant)
        case ast.Import() | ast.ImportFrom():
            return True
        case _:
            return False


@contextlib.contextmanager
def _for_this_process() -> Iterator[None]:
    """Let a process that the script forks within end at the end: what comes then, it is not to do a second time."""
    own = os.getpid()
    try:
        yield
    except BaseException as error:
        if os.getpid() == own:
            raise
        _end_fork(error)
    if os.getpid() != own:
        _end_fork(None)


def _end_fork(error: BaseException | None) -> None:
    """End a forked process as Python ends a program."""
    match error:
        case None | SystemExit(code=None):
            code = 0
        case SystemExit(code=int(number)):
            code = number & 0xFF
        case SystemExit():
            print(error, file=sys.stderr)
            code = 1
        case _:
            traceback.print_exception(error)
            code = 1
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, LogStream):
            stream.finish()
    os._exit(code)


def _warn_of_forks(log: LogWriter) -> None:
    """Have it said in time: polars hangs without a word in a process that is forked after its threads have begun.

    Only Linux tells of threads.
    """
    told: list[bool] = []

    def warn() -> None:
        if not told and any(_name_of(task) == _THREAD_OF_POLARS for task in Path("/proc/self/task").glob("*/comm")):
            told.append(True)
            log.warning(
                "the script forks, and polars has begun to work in it: a forked process that uses polars, too, hangs"
                ' (multiprocessing.get_context("spawn") makes processes that can)'
            )

    os.register_at_fork(before=warn)


def _name_of(thread: Path) -> str:
    with contextlib.suppress(OSError):  # It has ended.
        return thread.read_text().strip()
    return ""


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
    """Say whether a script has a `run` to be called with the context.

    Raises SyntaxError, and InvalidInput for one that would do nothing.
    """
    tree = ast.parse(source, filename=filename)
    if _defines_run(tree):
        return True
    _refuse_if_idle(tree, filename)
    return False


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


def _free_name(name: str) -> str:
    """Return a name for a script's module that takes none away: a script may be called as one of Python's is."""
    return f"{name}_script" if name in sys.modules else name


def _module(name: str, path: Path) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    return module


def _defines_run(tree: ast.Module) -> bool:
    """Say whether the script has a `run` that takes the context; one without parameters is the script's own affair."""
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name="run", args=args) | ast.AsyncFunctionDef(name="run", args=args):
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
