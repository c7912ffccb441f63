"""A query of the screen: a process of its own answers it, so that the screen stays light and a query can be ended."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import msgspec

from glue_tui.catalog.answers import QueryAnswer, QueryRequest, part_path
from glue_tui.client.find import state_db, state_dir
from glue_tui.core.problem import InvalidInput

ROWS_MAX = 1000
"""So many rows of a query the screen shows."""
HISTORY_QUERIES = 200
_ERROR_CHARS = 400

_decode = msgspec.json.Decoder(QueryAnswer).decode
_decode_history = msgspec.json.Decoder(list[str]).decode


async def answer_of(project_dir: Path, query: str, *, rows_max: int = ROWS_MAX, save_to: str = "") -> QueryAnswer:
    """Return the answer to a query; `save_to` writes its rows to that file instead.

    To cancel it kills the process that answers, before CancelledError goes on.
    """
    request = QueryRequest(project_dir=str(project_dir), query=query, rows_max=rows_max, save_to=save_to)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "glue_tui.catalog.answering", str(state_db(project_dir))),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.stdin.write(msgspec.json.encode(request) + b"\n")
        # Stdin stays open: its end would tell the process that nobody waits.
        told, complaint = await asyncio.gather(process.stdout.read(), process.stderr.read())
    except asyncio.CancelledError:
        process.kill()
        raise
    finally:
        await process.wait()
        if save_to:
            _remove_part(project_dir, save_to, process.pid)
    if not told:
        last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2][:_ERROR_CHARS]
        return QueryAnswer(error=last or f"the query's process ended with {process.returncode}")
    return _decode(told)


def _remove_part(project_dir: Path, save_to: str, pid: int) -> None:
    part_path(project_dir / Path(save_to).expanduser(), pid).unlink(missing_ok=True)


class QueryHistory:
    """The queries of a project, the last one last; kept beside its state."""

    def __init__(self, project_dir: Path) -> None:
        self._path = state_dir(project_dir) / "queries.json"
        self._queries: list[str] | None = None

    @property
    def queries(self) -> list[str]:
        """All queries, read at first use; none where the file can't be read."""
        if self._queries is None:
            try:
                self._queries = _decode_history(self._path.read_bytes())
            except (OSError, msgspec.MsgspecError):
                self._queries = []
        return self._queries

    def add(self, query: str) -> None:
        """Remember a query as the last one. Raises InvalidInput if it can't be kept."""
        self._queries = [*(one for one in self.queries if one != query), query][-HISTORY_QUERIES:]
        try:
            self._path.parent.mkdir(exist_ok=True)
            part = self._path.with_suffix(".part")
            part.write_bytes(msgspec.json.format(msgspec.json.encode(self._queries), indent=1))
            part.rename(self._path)
        except OSError as error:
            raise InvalidInput(f"the query is not kept: {self._path}: {error.strerror}") from error
