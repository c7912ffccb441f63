"""Sending by a program of the user's: the facts in its environment, and as JSON on its standard input."""

from __future__ import annotations

import os
import subprocess
from dataclasses import asdict
from tempfile import TemporaryFile
from typing import IO

import msgspec

from glue_tui.core.model import Notification
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.jobs.templates import TextTemplates
from glue_tui.notify.by_url import NotSent
from glue_tui.notify.facts import Facts
from glue_tui.notify.words import Words

_OUTPUT_BYTES_MAX = 400
"""The first that it said: most programs begin with what is wrong."""


def send_by_command(
    notification: Notification, facts: Facts, words: Words, templates: TextTemplates, where: str
) -> None:
    """Run the program in the project folder and wait for its end; the caller limits the time.

    Raises NotSent where it fails; EntityNotFound, InvalidInput where another try would fail as well.
    """
    command = [_passable(templates.text(part, where=f"{where}: command")) for part in notification.command]
    # Into a file, not a pipe: what the program leaves running may hold its output open for as long as it likes.
    with TemporaryFile() as output:
        code = _run(command, facts, words, output, where)
        if code != 0:
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            output.seek(0)
            said = output.read(_OUTPUT_BYTES_MAX).decode("utf-8", "replace").strip()
            raise NotSent(f"{command[0]} ended {how}{f': {said}' if said else ''}")


def _run(command: list[str], facts: Facts, words: Words, output: IO[bytes], where: str) -> int:
    try:
        return subprocess.run(
            command,
            cwd=facts.project_dir,
            env={**os.environ, **environment(facts, words)},
            input=json_text(facts, words),
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    except FileNotFoundError:
        raise EntityNotFound(
            f"{where}: command: no program {command[0]}", hint="is it installed and on PATH?"
        ) from None
    except PermissionError:
        hint = f"chmod +x {command[0]}"
        raise InvalidInput(f"{where}: command: {command[0]} may not be executed", hint=hint) from None


def environment(facts: Facts, words: Words) -> dict[str, str]:
    """Return what a program finds in its environment, besides the engine's own."""
    said = {
        "GLUE_WORKFLOW_NAME": facts.workflow,
        "GLUE_RUN_ID": facts.run_id,
        "GLUE_RUN_NUMBER": str(facts.run_number),
        "GLUE_PROJECT_DIR": facts.project_dir,
        "GLUE_OUTCOME": facts.occasion.value,
        "GLUE_TITLE": words.title,
        "GLUE_MESSAGE": words.message,
    }
    return {name: _passable(text) for name, text in said.items()}


def _passable(text: str) -> str:
    """Return a text as a program can be given it: what failed may have said anything, also null bytes."""
    return text.replace("\0", " ")


def json_text(facts: Facts, words: Words) -> bytes:
    """Return all facts as one JSON object; times in seconds since the epoch."""
    data = {
        "title": words.title,
        "message": words.message,
        "workflow": facts.workflow,
        "project_dir": facts.project_dir,
        "run_id": facts.run_id,
        "run_number": facts.run_number,
        "outcome": facts.occasion.value,
        "trigger": facts.trigger,
        "scheduled_at": facts.scheduled_at,
        "started_at": facts.started_at,
        "finished_at": facts.finished_at,
        "duration_s": facts.duration_s,
        "reason": facts.reason,
        "failed": [asdict(node) for node in facts.failed],
        "properties": dict(facts.properties),
        "event_files": list(facts.event_files),
        "deleted_files": list(facts.deleted_files),
        "logs": facts.logs,
        "retry": facts.retry,
    }
    return msgspec.json.encode(data)
