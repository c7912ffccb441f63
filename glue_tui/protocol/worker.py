"""What the engine and the fork server say to each other: one JSON object a line, `kind` names the shape.

The engine writes `Start`; the fork server answers `Ready` once, then `Started`, `Progress`, `Finished` and `Exited` per
attempt.
The end of the engine's pipe is itself a message: every attempt is killed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from glue_tui.core.attempt import AttemptKey, AttemptSpec
from glue_tui.core.codec import to_data

LINE_BYTES_MAX = 4096
"""Longest line of an answer: no more than a pipe takes in one piece, as several processes write into it."""
_REASON_CHARS_MAX = 500


class Start(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="start"):
    spec: dict[str, Any]
    """`to_data` of an AttemptSpec."""


class StartHead(msgspec.Struct, frozen=True):
    """What the fork server itself must know of an attempt; the rest of its spec is read by the child."""

    key: AttemptKey
    log_path: str


class _HeadOfStart(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="start"):
    spec: StartHead


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="ready"):
    pass


class Started(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="started"):
    key: AttemptKey
    pid: int
    """Also the number of its process group and of its session."""
    process_started_at: float
    """As `psutil.Process(pid).create_time()` says it: another process with the same pid is not mistaken for it."""


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="progress"):
    key: AttemptKey
    fraction: float
    """0 to 1."""


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="finished"):
    """The work is done and its result written: told by the attempt itself, so that nobody waits for its process to end.

    `Exited` follows all the same; an attempt that was stopped or killed has `Exited` only.
    """

    key: AttemptKey
    exit_code: int
    peak_memory_bytes: int


class Exited(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="exited"):
    key: AttemptKey
    """All fields empty when the request named none."""
    exit_code: int | None = None
    signal: int | None = None
    """Neither exit code nor signal: the attempt never began, see `reason`."""
    out_of_memory: bool | None = None
    """Whether the system killed it for want of memory; None where that is not known."""
    peak_memory_bytes: int = 0
    cpu_s: float | None = None
    reason: str = ""


Answer = Ready | Started | Progress | Finished | Exited

_encoder = msgspec.json.Encoder()
decode_start = msgspec.json.Decoder(Start).decode
"""Line to `Start`; raises msgspec.MsgspecError."""
decode_head = msgspec.json.Decoder(_HeadOfStart).decode
"""Line to the head of a `Start`; raises msgspec.MsgspecError."""
decode_answer = msgspec.json.Decoder(Answer).decode
"""Line to one of the answers; raises msgspec.MsgspecError."""


def encode_start(spec: AttemptSpec) -> bytes:
    """Return the line that starts an attempt, line feed included."""
    return _encoder.encode(Start(spec=to_data(spec))) + b"\n"


def encode_answer(answer: Answer) -> bytes:
    """Return the line of an answer, line feed included and no longer than LINE_BYTES_MAX."""
    if isinstance(answer, Exited) and len(answer.reason) > _REASON_CHARS_MAX:
        answer = msgspec.structs.replace(answer, reason=answer.reason[:_REASON_CHARS_MAX] + "…")
    line = _encoder.encode(answer) + b"\n"
    assert len(line) <= LINE_BYTES_MAX, "an answer must fit into one write to a pipe"
    return line
