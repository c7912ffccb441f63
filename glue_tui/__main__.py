"""`glue-tui` and `python -m glue_tui`: joins the command line and the terminal, which do not know each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from glue_tui.client.api import EngineClient


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from glue_tui.cli.app import run_command_line

    run_command_line(open_terminal)


def open_terminal(project_dir: Path) -> None:
    """Open the screen on a project. An engine is started where none runs; one that is stopped meanwhile stays so."""
    from glue_tui.tui.start import open_screen

    has_connected = False

    async def connect() -> EngineClient:
        from glue_tui.client import launch

        nonlocal has_connected
        client = await (launch.connect_again if has_connected else launch.connect)(project_dir)
        has_connected = True
        return client

    open_screen(connect, project_dir)


if __name__ == "__main__":
    main()
