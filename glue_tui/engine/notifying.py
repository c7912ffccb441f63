"""Sending what stands in the outbox, each in a process of its own; what failed is tried again. No run waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from glue_tui.core.codec import to_data
from glue_tui.core.model import Workflow
from glue_tui.core.problem import StoreFailed
from glue_tui.core.states import DeliveryState
from glue_tui.engine.fork_servers import worker_environment
from glue_tui.protocol.deliveries import DeliveryOrder, DeliveryResult
from glue_tui.store import outbox
from glue_tui.store.database import Connection, reading
from glue_tui.store.outbox import Pending

PLACES = 4
"""Sent at a time: a service that hangs holds up one of them only."""
PAUSES_S = (10.0, 60.0, 300.0, 900.0, 2400.0)
"""Between one try and the next: six tries in about an hour, then it is given up."""
NEWS_FOR_S = 24 * 3600.0
"""What an engine finds that is older when it starts is nobody's news any more."""
SEND_TIMEOUT_S = 30.0
END_TIMEOUT_S = 5.0
"""After that the sending process, which ends itself in time, is killed."""
LONGEST_SLEEP_S = 60.0
"""The clock is looked at so often: it may have been set."""
SAVE_RETRY_S = 1.0
STOP_GRACE_S = 3.0
"""For what is to be sent at once when the engine is asked to end; the next engine sends the rest."""


class Notifier:
    """Sends on behalf of an engine. The connection is the only writer's; `told` hears what came of each try."""

    def __init__(
        self,
        conn: Connection,
        project_dir: Path,
        state_dir: Path,
        *,
        note: Callable[[str], None],
        told: Callable[[Pending, DeliveryState, str], None],
        pauses_s: tuple[float, ...] = PAUSES_S,
        timeout_s: float = SEND_TIMEOUT_S,
    ) -> None:
        self._conn = conn
        self._project_dir = project_dir
        self._state_db = state_dir / "state.db"
        self._note = note
        self._told = told
        self._pauses_s = pauses_s
        self._timeout_s = timeout_s
        self._under_way: set[int] = set()
        self._bell = asyncio.Event()
        self._is_quiet = asyncio.Event()
        self.has_pending = False
        """As of the last look."""

    def look(self) -> None:
        """Look soon whether there is anything to send."""
        self._bell.set()

    async def run(self) -> None:
        """Send until cancelled. What is under way then is cut short and stays pending."""
        self._give_up_old()
        async with asyncio.TaskGroup() as tasks:
            while True:
                wait_s = self._start_due(tasks)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._bell.wait()
                self._bell.clear()

    async def finish(self) -> None:
        """Return when everything that is to be sent now has been tried, or after STOP_GRACE_S."""
        self._is_quiet.clear()
        self.look()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_GRACE_S):
                await self._is_quiet.wait()

    async def send_sample(self, workflow: Workflow, position: int) -> DeliveryResult:
        """Send one of a workflow's notifications now, about a run that never was, and return what came of it."""
        order = DeliveryOrder(
            project_dir=str(self._project_dir),
            state_db=str(self._state_db),
            timeout_s=self._timeout_s,
            position=position,
            occasion=workflow.notifications[position].on[0].value,
            sample_workflow=to_data(workflow),
        )
        return await self._carry_out(order)

    def try_again(self, run_id: str = "") -> int:
        """Send once more what failed or was missed, of one run or of all; return how many. Raises StoreFailed."""
        count = outbox.try_again(self._conn, run_id, time.time())
        self.look()
        return count

    def _give_up_old(self) -> None:
        now = time.time()
        try:
            missed = outbox.mark_missed(self._conn, before=now - NEWS_FOR_S, at=now, reason="no engine ran for a day")
        except StoreFailed as error:
            self._note(f"old notifications could not be given up: {error}")
            return
        if missed:
            self._note(f"{missed} notifications are older than a day and are not sent: `glue-tui notify retry` does")

    def _start_due(self, tasks: asyncio.TaskGroup) -> float | None:
        """Start what is due while there are places; return how long to wait then, None for as long as it takes."""
        try:
            with reading():
                first = outbox.pending(self._conn, PLACES + len(self._under_way) + 1)
        except StoreFailed as error:
            self._note(f"notifications wait: {error}")
            return LONGEST_SLEEP_S
        self.has_pending = bool(first)
        now = time.time()
        waiting = [one for one in first if one.row not in self._under_way]
        for one in waiting:
            if len(self._under_way) == PLACES:
                return None
            # No pause is so long that this could be: the clock was set back.
            is_too_far = one.next_try_at > now + max(self._pauses_s, default=0.0)
            if one.next_try_at > now and not is_too_far:
                self._say_quiet()
                return min(one.next_try_at - now, LONGEST_SLEEP_S)
            self._under_way.add(one.row)
            tasks.create_task(self._send(one))
        self._say_quiet()
        return None

    def _say_quiet(self) -> None:
        if not self._under_way:
            self._is_quiet.set()

    async def _send(self, one: Pending) -> None:
        order = DeliveryOrder(
            project_dir=str(self._project_dir),
            state_db=str(self._state_db),
            timeout_s=self._timeout_s,
            position=one.notice.position,
            occasion=one.notice.occasion.value,
            run_id=one.run_id,
            node_id=one.notice.node_id or "",
            attempt=one.notice.attempt,
        )
        try:
            await self._record(one, await self._carry_out(order))
        finally:
            self._under_way.discard(one.row)
            self.look()

    async def _record(self, one: Pending, result: DeliveryResult) -> None:
        """Write down what came of a try, however often it takes: forgotten, it would be sent once more."""
        tries, now = one.tries + 1, time.time()
        state, next_try_at = DeliveryState.SENT, None
        if not result.is_sent:
            is_last = result.is_final or tries > len(self._pauses_s)
            state = DeliveryState.FAILED if is_last else DeliveryState.PENDING
            next_try_at = None if is_last else now + self._pauses_s[tries - 1]
        while True:
            try:
                outbox.record(
                    self._conn,
                    one.row,
                    state,
                    tries=tries,
                    at=now,
                    reason=result.reason,
                    next_try_at=next_try_at,
                )
                break
            except StoreFailed as error:
                self._note(f"what became of a notification could not be saved: {error}")
                await asyncio.sleep(SAVE_RETRY_S)
        if state is DeliveryState.FAILED:
            times = f"{tries} tries" if tries > 1 else "one try"
            self._note(f"a notification about {one.run_id} is given up after {times}: {result.reason}")
        self._told(one, state, result.reason)

    async def _carry_out(self, order: DeliveryOrder) -> DeliveryResult:
        """Let a process of its own do it. It can neither hang for ever nor outlive the engine."""
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "glue_tui.notify"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._project_dir,
                env=worker_environment(),
                start_new_session=True,
            )
        except OSError as error:
            return DeliveryResult(is_sent=False, reason=f"the sending process can't be started: {error}")
        stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
        assert stdin is not None
        assert stdout is not None
        assert stderr is not None
        result = DeliveryResult(is_sent=False, reason=f"no end after {order.timeout_s:g} s")
        try:
            async with asyncio.timeout(order.timeout_s + END_TIMEOUT_S):
                stdin.write(msgspec.json.encode(order) + b"\n")  # And left open: it ends with the engine.
                said, complaint = await asyncio.gather(stdout.read(), stderr.read())
            result = self._understood(said, complaint)
        except TimeoutError:
            pass
        finally:
            if not result.is_sent:
                # With what a command has started: a try that failed leaves nothing behind.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            stdin.close()
            await process.wait()
        return result

    def _understood(self, said: bytes, complaint: bytes) -> DeliveryResult:
        try:
            return msgspec.json.decode(said, type=DeliveryResult)
        except msgspec.MsgspecError:
            last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
            self._note(f"our own fault, please report: the sending process ended without a result: {last}")
            return DeliveryResult(is_sent=False, reason="the sending process ended without a result: see engine.log")
