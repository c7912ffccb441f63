"""`glue-tui` as a process of its own: exit code, stdout and stderr as a shell sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

TIMEOUT_S = 60


class Shell:
    def __init__(self, project_dir: Path, **environment: str) -> None:
        self.project_dir = project_dir
        self.environment = {**os.environ, "GLUE_TUI_SLOTS": "2", **environment}

    def __call__(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=self.project_dir,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command and leave it running, in a process group of its own as a shell does."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.project_dir,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def json(self, *words: str) -> Any:
        done = self(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def engine_family(self) -> list[psutil.Process]:
        """The engine and all that it started."""
        try:
            engine = psutil.Process(json.loads((self.project_dir / ".glue_tui" / "engine.json").read_text())["pid"])
            return [engine, *engine.children(recursive=True)]
        except (OSError, psutil.NoSuchProcess):
            return []

    @staticmethod
    def command(*words: str) -> list[str]:
        return [sys.executable, "-m", "glue_tui", *words]
