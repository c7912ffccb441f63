"""The engine's unix socket: one task per connection, frames as `protocol.requests` has them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from glue_tui import __version__
from glue_tui.engine.handlers import answer
from glue_tui.engine.host import Host
from glue_tui.protocol.requests import (
    FRAME_BYTES_MAX,
    PROTOCOL_VERSION,
    Feed,
    Hello,
    Refused,
    Subscribe,
    decode_call,
    encode,
)

SOCKET_PATH_BYTES_MAX = 100
"""The system refuses a unix socket's path beyond 107 bytes (Linux) or 103 (macOS)."""
CALLS_AT_ONCE_MAX = 64


def socket_path(state_dir: Path) -> Path:
    """Return where to listen: in the state folder, or in a private temporary one where that path is too long."""
    path = state_dir / "engine.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX:
        return path
    # One folder a project and user, so that engines that are killed do not leave one each.
    project = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"glue-tui-{os.getuid()}-{project}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
        return folder / "engine.sock"
    # Somebody else was there first, and could listen in our place.
    return Path(tempfile.mkdtemp(prefix="glue-tui-")) / "engine.sock"


class Server:
    def __init__(self, host: Host, path: Path) -> None:
        self._host = host
        self._path = path
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self, stop: asyncio.Event, listening: Callable[[], None]) -> None:
        """Listen until `stop` is set, then end every connection and remove the socket."""
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._connected, self._path, limit=FRAME_BYTES_MAX)
        finally:
            os.umask(mask)
        try:
            listening()
            await stop.wait()
        finally:
            server.close()
            for task in list(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            if self._host.is_owner():
                self._remove_socket()

    def _remove_socket(self) -> None:
        self._path.unlink(missing_ok=True)
        if self._path.parent != self._host.state_dir:
            with contextlib.suppress(OSError):
                self._path.parent.rmdir()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await _Connection(self._host, reader, writer).talk()
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            pass  # A client that went away, or an engine that ends: neither is anybody's fault.
        finally:
            self._connections.discard(task)
            writer.close()


class _Connection:
    def __init__(self, host: Host, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host = host
        self._reader = reader
        self._writer = writer
        self._slots = asyncio.Semaphore(CALLS_AT_ONCE_MAX)

    async def talk(self) -> None:
        """Greet, then answer calls, several at a time, until the client goes."""
        await self._send(encode(Hello(protocol=PROTOCOL_VERSION, version=__version__, pid=os.getpid())))
        try:
            async with asyncio.TaskGroup() as tasks:
                while line := await self._reader.readline():
                    await self._slots.acquire()
                    tasks.create_task(self._answer(line, tasks)).add_done_callback(lambda _: self._slots.release())
                # The client is gone: its subscription would wait for ever.
                raise ConnectionResetError
        except* ConnectionError:
            pass
        except* ValueError:
            pass  # A line without end: not one of our clients.

    async def _answer(self, line: bytes, tasks: asyncio.TaskGroup) -> None:
        try:
            call = decode_call(line)
        except msgspec.MsgspecError as error:
            refused = Refused(number=0, code="InvalidInput", message=f"not a request of this protocol: {error}")
            await self._send(encode(refused))
            return
        await self._send(encode(await answer(self._host, call)))
        if isinstance(call.request, Subscribe):
            tasks.create_task(self._follow())

    async def _follow(self) -> None:
        with self._host.feed.subscribe() as subscription:
            async for messages in subscription.batches():
                await self._send(encode(Feed(messages=messages)))

    async def _send(self, frame: bytes) -> None:
        # One write call: frames of several tasks don't mix.
        self._writer.write(frame + b"\n")
        await self._writer.drain()
