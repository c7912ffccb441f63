"""Is there an engine for this project, and where does it listen? Nothing is started or asked here."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

STATE_DIR_NAME = ".glue_tui"
_PROBE_TIMEOUT_S = 1.0


class EngineFile(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine writes to `engine.json` once it listens. It may be left over from an engine that died."""

    socket: str
    pid: int
    started_at: float = 0.0
    version: str = ""


_decode_engine_file = msgspec.json.Decoder(EngineFile).decode


def state_dir(project_dir: Path) -> Path:
    """Return the folder in which the engine of a project keeps everything; it need not exist."""
    return project_dir / STATE_DIR_NAME


def state_db(project_dir: Path) -> Path:
    """Return the path of the engine's database; it need not exist."""
    return state_dir(project_dir) / "state.db"


def engine_log(project_dir: Path) -> Path:
    """Return the path of the engine's own log; it need not exist."""
    return state_dir(project_dir) / "engine.log"


def read_engine_file(project_dir: Path) -> EngineFile | None:
    """Return what `engine.json` says, or None where there is none or it can't be read."""
    try:
        return _decode_engine_file((state_dir(project_dir) / "engine.json").read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None


def is_lock_held(project_dir: Path) -> bool:
    """Return whether an engine of this project lives: it holds `engine.lock` from its first act to its last.

    To ask is to share the lock for a moment, which an engine that starts just then waits for.
    """
    try:
        descriptor = os.open(state_dir(project_dir) / "engine.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def is_listening(project_dir: Path) -> bool:
    """Return whether something accepts connections where `engine.json` says that the engine listens."""
    from socket import AF_UNIX, socket

    file = read_engine_file(project_dir)
    if file is None:
        return False
    with socket(AF_UNIX) as probe:
        probe.settimeout(_PROBE_TIMEOUT_S)
        try:
            probe.connect(file.socket)
        except OSError:
            return False
    return True
