"""`python -m glue_tui.worker`: the fork server, started by the engine."""

from glue_tui.worker.server import main

if __name__ == "__main__":
    main()
