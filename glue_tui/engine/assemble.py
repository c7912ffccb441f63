"""Putting an engine together: lock, database, recovery, host. Used by the process and by the in-process client."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import secrets
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from glue_tui.catalog.write import MIGRATIONS as CATALOG_MIGRATIONS
from glue_tui.core.model import RunId
from glue_tui.core.problem import EngineUnavailable, StoreFailed
from glue_tui.definitions.project import STATE_FOLDER, last_good
from glue_tui.engine.definition_files import load_settled
from glue_tui.engine.fork_servers import ForkServers
from glue_tui.engine.host import Host
from glue_tui.engine.inputs import DefinitionsLoaded
from glue_tui.engine.intake import as_lost
from glue_tui.engine.kernel import Kernel
from glue_tui.engine.recovery import forget_crashes, leftovers, note_start, take_fence
from glue_tui.engine.results import forget_results, move_slices, remove_replaced
from glue_tui.store import ledger
from glue_tui.store.database import Connection, migrate, open_database, reading
from glue_tui.store.event_log import MIGRATIONS as RUN_MIGRATIONS
from glue_tui.store.history import open_history

SLOTS_VARIABLE = "GLUE_TUI_SLOTS"


class LockHeld(EngineUnavailable):
    """Another engine works on this project."""


@contextmanager
def assembled(
    project_dir: Path, note: Callable[[str], None], fork_servers: ForkServers, *, is_for_one_command: bool = False
) -> Iterator[Host]:
    """Yield a host that owns the project's state, ready to run; let go of everything afterwards, `fork_servers` too.

    One that lives for one command starts nothing by itself: it would end in the middle of it. What comes due meanwhile
    waits for the next engine.

    Raises LockHeld, StoreFailed, FenceHeld, OSError (the state folder can't be written).
    """
    state_dir = project_dir / STATE_FOLDER
    with contextlib.ExitStack() as resources:
        resources.callback(fork_servers.close)
        fence_fd = fork_servers.open_fence()
        lock_fd = _lock(state_dir / "engine.lock")
        resources.callback(os.close, lock_fd)
        conn = resources.enter_context(contextlib.closing(_open_state(state_dir)))
        now = time.time()
        was_stopped = not ledger.has_engine_starts(conn)
        is_held = note_start(conn, now) or is_for_one_command
        kernel = Kernel(conn=conn, slots=slots(), new_run_id=new_run_id, is_held=is_held)
        with reading():
            for unreadable in kernel.open():
                note(unreadable)
        take_fence(fence_fd, kernel.runs.values())
        definitions = load_settled(project_dir, last_good(ledger.read_good_definitions(conn)))
        # In force before the first step, so that runs that wait for their turn know their workflow's limit.
        lost = leftovers(kernel.runs.values(), state_dir, was_stopped=was_stopped)
        loaded = DefinitionsLoaded(workflows=definitions.workflows)
        try:
            step = kernel.step((loaded, *lost), now)
        except StoreFailed:
            raise
        except Exception as error:
            note(f"our own fault, please report: {traceback.format_exc()}")
            step = kernel.step((loaded, *(as_lost(one, error) or one for one in lost)), now)
        forget_results(lost, state_dir)
        move_slices(step.renamed, state_dir)
        for problem in remove_replaced(step.published, project_dir):
            note(problem)
        for one in lost:
            note(f"recovered: {type(one.report).__name__} {one.report.key.node_id} of {one.report.key.run_id}")
        for text in step.notes:
            note(text)
        history = resources.enter_context(contextlib.closing(open_history(state_dir / "state.db")))
        yield Host(
            project_dir=project_dir,
            state_dir=state_dir,
            kernel=kernel,
            history=history,
            definitions=definitions,
            fork_servers=fork_servers,
            note=note,
            is_owner=partial(_is_same_file, lock_fd, state_dir / "engine.lock"),
        )
        forget_crashes(conn)


@contextmanager
def owned_state(project_dir: Path) -> Iterator[Connection]:
    """Yield the project's state for writing, without an engine: nothing is recovered or started.

    Raises LockHeld, StoreFailed, OSError.
    """
    state_dir = project_dir / STATE_FOLDER
    lock_fd = _lock(state_dir / "engine.lock")
    try:
        with contextlib.closing(_open_state(state_dir)) as conn:
            yield conn
    finally:
        os.close(lock_fd)


def _open_state(state_dir: Path) -> Connection:
    conn = open_database(state_dir / "state.db")
    try:
        migrate(conn, "runs", RUN_MIGRATIONS)
        migrate(conn, "catalog", CATALOG_MIGRATIONS)
    except BaseException:
        conn.close()
        raise
    return conn


def slots() -> int:
    """Return how many workers may run at a time: GLUE_TUI_SLOTS, or one per processor and at least two."""
    given = os.environ.get(SLOTS_VARIABLE, "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return max(2, os.cpu_count() or 1)


def new_run_id() -> RunId:
    return RunId(f"wr_{secrets.token_hex(8)}")


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _lock(path: Path) -> int:
    """Take the engine's lock. Raises LockHeld if another engine has it.

    A client that asks whether an engine lives shares the lock for a moment: that is waited for. Where it can't even
    be shared, an engine has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            pass
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise LockHeld(
                "another engine works on this project", hint="`glue-tui engine status` tells which"
            ) from None
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        time.sleep(random.uniform(0.0001, 0.002))  # Two engines that start together must not keep step.
