"""`glue-tui` and `python -m glue_tui`: nothing but the way into the command line."""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from glue_tui.cli.app import run_command_line

    run_command_line()


if __name__ == "__main__":
    main()
