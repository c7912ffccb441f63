"""The process that answers one query for the screen: `python -m glue_tui.catalog.answering`.

The screen itself never waits for a query and never loads polars. The request comes as one line of JSON on stdin, the
answer goes to stdout. Stdin stays open: at its end nobody waits any more, and the process ends in the middle of its
work. To cancel a query is to kill this process.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from glue_tui.catalog.answers import AnswerColumn, QueryAnswer, QueryRequest
from glue_tui.catalog.read import Catalog
from glue_tui.core.problem import GlueTuiError

VALUE_CHARS_MAX = 20_000
"""A longer value is cut, and says so."""
ANSWER_CHARS_MAX = 8_000_000
"""What the screen is given of wide or long rows, in all."""


def answer(request: QueryRequest, state_db: Path) -> QueryAnswer:
    """Return the answer to a query; its mistakes are part of the answer."""
    from glue_tui.catalog.result import query_result
    from glue_tui.catalog.save import save_rows

    project_dir = Path(request.project_dir)
    catalog = Catalog.open(state_db)
    began = time.monotonic()
    try:
        if request.save_to:
            path = project_dir / Path(request.save_to).expanduser()
            saved = save_rows(catalog, request.query, path, project_dir=project_dir, environment=os.environ)
            return QueryAnswer(saved_rows=saved, seconds=time.monotonic() - began)
        result = query_result(
            catalog, request.query, project_dir=project_dir, environment=os.environ, rows_max=request.rows_max
        )
    except GlueTuiError as error:
        return QueryAnswer(error=error.message, hint=error.hint, seconds=time.monotonic() - began)
    except (OSError, MemoryError) as error:
        return QueryAnswer(error=str(error) or type(error).__name__, seconds=time.monotonic() - began)
    rows, is_whole = _rows_of_text(result.rows)
    return QueryAnswer(
        columns=tuple(
            AnswerColumn(name=name, type=kind, is_numeric=is_numeric)
            for name, kind, is_numeric in zip(result.columns, result.types, result.numeric, strict=True)
        ),
        rows=rows,
        is_cut=result.is_cut or not is_whole,
        reads=tuple(str(one) for one in result.reads if one.files < one.of_files),
        seconds=time.monotonic() - began,
    )


def _rows_of_text(rows: Iterable[tuple[Any, ...]]) -> tuple[tuple[tuple[str | None, ...], ...], bool]:
    """Return the rows as texts, and whether all of them had room."""
    texts: list[tuple[str | None, ...]] = []
    room = ANSWER_CHARS_MAX
    for row in rows:
        text = tuple(_text(value) for value in row)
        room -= sum(len(value) for value in text if value)
        if room < 0 and texts:
            return tuple(texts), False
        texts.append(text)
    return tuple(texts), True


def _text(value: Any) -> str | None:
    """Return a value as text: numbers are not rounded."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case bytes():
            text = value.hex()
        case list() | dict():
            text = msgspec.json.encode(value).decode()
        case _:
            text = str(value)
    if len(text) <= VALUE_CHARS_MAX:
        return text
    return f"{text[:VALUE_CHARS_MAX]}… ({len(text)} characters)"


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    """Answer the request on stdin."""
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=QueryRequest)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    given = answer(request, Path(sys.argv[1]))
    sys.stdout.buffer.write(msgspec.json.encode(given))
    sys.stdout.buffer.flush()
    os._exit(0)  # polars' threads and the reader of stdin are not waited for


if __name__ == "__main__":
    main()
