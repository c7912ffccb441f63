"""A job that publishes and is killed before it can say so."""

from __future__ import annotations

KILLED_BEFORE_ITS_RESULT = """
import os, signal, sys

def kill_before_the_result(event, arguments):
    if event == "open" and str(arguments[0]).endswith("result.json"):
        os.kill(os.getpid(), signal.SIGKILL)

def die_unless_mended(glue):
    if not (glue.project_dir / "mended").exists():
        sys.addaudithook(kill_before_the_result)
"""
"""The beginning of a script: `die_unless_mended(glue)` kills its attempt at its end, until there is a file `mended`."""
