"""What every command shares: the global options, and the exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

EXIT_RUN_NOT_SUCCEEDED = 1
EXIT_WRONG_USE = 2
EXIT_ENGINE = 3
EXIT_INTERRUPTED = 130


class Settings(NamedTuple):
    """What the global options say."""

    project: Path | None

    def project_dir(self) -> Path:
        """Return the project folder: `--project`, or the nearest one at or above the working directory."""
        if self.project is not None:
            return self.project.resolve()
        from glue_tui.definitions.folder import find_project_dir

        found = find_project_dir(Path.cwd())
        if found is None:
            from glue_tui.core.problem import EntityNotFound

            raise EntityNotFound(
                f"no project at or above {Path.cwd()}: there is no workflows/*.toml",
                hint="`glue-tui init` makes one here; --project DIR names another folder",
            )
        return found
