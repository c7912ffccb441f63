"""`glue-tui` as tests call it: as a process of its own, or within the test's, which costs no start of Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
from click.testing import CliRunner

from glue_tui.cli.app import cli
from glue_tui.client.find import state_db
from glue_tui.core.problem import EntityNotFound
from glue_tui.store.history import open_history

TIMEOUT_S = 60


class Shell:
    def __init__(self, project_dir: Path, **environment: str) -> None:
        self.project_dir = project_dir
        self.environment = {**os.environ, "GLUE_TUI_SLOTS": "2", **environment}

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in this process."""
        result = CliRunner().invoke(cli, ["--project", str(self.project_dir), *words], env=self.environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return subprocess.CompletedProcess(words, result.exit_code, result.stdout, result.stderr)

    def process(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a process, in the project folder."""
        return subprocess.run(
            self.command(*words),
            cwd=self.project_dir,
            env=self.environment,
            stdin=subprocess.DEVNULL,
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

    def node_state(self, run: str) -> str:
        """The state of a run's first node; nothing while there is no such run."""
        history = open_history(state_db(self.project_dir))
        try:
            return history.run(run).nodes[0].state
        except EntityNotFound:
            return ""
        finally:
            history.close()

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
