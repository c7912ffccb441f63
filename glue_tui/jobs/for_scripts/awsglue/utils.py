"""Glue's way of reading a job's arguments, for scripts that were written for it (rule JR-10)."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

_OPTIONAL = ("TempDir", "RedshiftTempDir", "JOB_ID", "JOB_RUN_ID", "SECURITY_CONFIGURATION", "encryption-type")
"""In every answer, None where the job has them not."""
_MAY_BE_ASKED_FOR = ("TempDir", "RedshiftTempDir")
_BOOKMARK = "job-bookmark-option"
_BOOKMARK_OPTIONS = ("job-bookmark-enable", "job-bookmark-disable", "job-bookmark-pause")
_BOOKMARK_RANGE = ("job-bookmark-from", "job-bookmark-to")


class GlueArgumentError(Exception):
    """An argument that was asked for is missing, or has no value."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Iterable[str]) -> dict[str, Any]:
    """Return the values of the arguments in `options`, whose names stand there without `--`; `args` is `sys.argv`.

    Dashes within a name are underscores in the answer, which also holds what Glue adds for itself. Raises
    GlueArgumentError for one that is missing, RuntimeError for a name that is Glue's own.
    """
    asked = list(dict.fromkeys(options))
    own = [*(name for name in _OPTIONAL if name not in _MAY_BE_ASKED_FOR), _BOOKMARK, *_BOOKMARK_RANGE]
    for name in own:
        if name in asked:
            raise RuntimeError(f"Using reserved arguments --{name}")
    # Glue takes `--day` for `day_from`, too, if nothing else begins so: a wrong value, and not a word about it.
    parser = _Parser(add_help=False, allow_abbrev=False)
    for name in (*_OPTIONAL, *_BOOKMARK_RANGE):
        parser.add_argument(f"--{name}")
    parser.add_argument(f"--{_BOOKMARK}", choices=_BOOKMARK_OPTIONS, default="job-bookmark-disable")
    for name in asked:
        if name not in _MAY_BE_ASKED_FOR:
            parser.add_argument(f"--{name}", required=True)
    found = vars(parser.parse_known_args(list(args[1:]))[0])
    found["TempDir"] = found["RedshiftTempDir"] = found["TempDir"] or found["RedshiftTempDir"]
    _check_range(found)
    return found


def _check_range(found: dict[str, Any]) -> None:
    """Rule BK-3: a pause has both ends of a range or neither, and nothing else has any."""
    missing = [name for name in _BOOKMARK_RANGE if found[name.replace("-", "_")] is None]
    if found["job_bookmark_option"] != "job-bookmark-pause":
        if not missing:
            raise RuntimeError("Invalid option(s) " + " ".join(f"--{name}" for name in _BOOKMARK_RANGE))
    elif len(missing) == 1:
        raise RuntimeError(f"Missing option or value for --{missing[0]}")
