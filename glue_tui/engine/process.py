"""The engine as a process: up until it is told to stop or has nothing to do, reachable by its socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from functools import partial
from pathlib import Path

import msgspec

from glue_tui import __version__
from glue_tui.core.problem import GlueTuiError
from glue_tui.core.states import TriggerType
from glue_tui.engine.assemble import assembled
from glue_tui.engine.fork_servers import ForkServers
from glue_tui.engine.host import Host
from glue_tui.engine.recovery import FenceHeld
from glue_tui.engine.server import Server, socket_path
from glue_tui.logs.engine_log import keep_short

EXIT_NO_ENGINE = 3
IDLE_EXIT_S = 15 * 60.0
"""An engine ends by itself after so long with no run, no client, and no trigger that could start a run by itself."""
CHECK_S = 2.0
"""Between two looks whether it is still of use, and the folder still its own."""


def serve(project_dir: Path, fork_servers: ForkServers) -> int:
    """Be the engine of a project and return the exit code of the process."""
    try:
        with assembled(project_dir, note, fork_servers) as host:
            asyncio.run(_run(host))
    except (GlueTuiError, FenceHeld, OSError) as error:
        note(f"the engine can't start: {error}")
        return EXIT_NO_ENGINE
    return 0


def note(text: str) -> None:
    """Write one line to the engine's own log, standard error. On a full disk the line is lost, not the engine."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    with contextlib.suppress(OSError):
        os.write(2, f"{now}Z [{os.getpid()}] {text}\n".encode("utf-8", "backslashreplace"))


async def _run(host: Host) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, host.is_stopping.set)
    # A hang-up of the terminal it was started from is no reason to stop unattended work.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    path = socket_path(host.state_dir)
    engine_file = host.state_dir / "engine.json"
    server = Server(host, path)
    serving: list[asyncio.Task[None]] = []

    def ready() -> None:
        listening = partial(_announce, host, path, engine_file)
        serving.append(loop.create_task(server.serve(host.is_stopping, listening)))
        serving.append(loop.create_task(_end_when_useless(host)))
        for task in serving:
            # An engine that nobody can reach, nor stop, is of no use.
            task.add_done_callback(lambda _: host.is_stopping.set())

    try:
        await host.run(ready)
    finally:
        host.is_stopping.set()
        if host.is_owner():
            engine_file.unlink(missing_ok=True)
        for task in serving[1:]:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        note("the engine stopped")
    for task in serving:
        if not task.cancelled():
            task.result()  # Raises what ended the engine, if it was not asked to.


def _announce(host: Host, socket: Path, engine_file: Path) -> None:
    """Write `engine.json`, whole or not at all: clients look there for the socket."""
    said = {"socket": str(socket), "pid": os.getpid(), "started_at": host.started_at, "version": __version__}
    temporary = engine_file.with_name(f"{engine_file.name}.{os.getpid()}")
    temporary.write_bytes(msgspec.json.encode(said))
    temporary.replace(engine_file)
    note(f"the engine is up for {host.project_dir}, {host.kernel.slots} slots")


async def _end_when_useless(host: Host) -> None:
    while True:
        await asyncio.sleep(CHECK_S)
        if keep_short(2, host.state_dir / "engine.log"):
            note("the log grew too long: what stood here is in engine.log.1")
        if not host.is_owner():
            note(f"{host.state_dir} was removed or replaced: the engine ends")
            host.is_stopping.set()
        if host.idle_s >= IDLE_EXIT_S and not _starts_by_itself(host):
            note("nothing to do for a while: the engine ends")
            host.is_stopping.set()


def _starts_by_itself(host: Host) -> bool:
    return any(
        trigger.enabled and trigger.type in (TriggerType.SCHEDULED, TriggerType.EVENT)
        for workflow in host.kernel.workflows.values()
        for trigger in workflow.triggers
    )
