"""Glue's job object. The bookmark of a job moves on when the job succeeds, whether or not the script says `commit`."""

from __future__ import annotations

from collections.abc import Mapping


class Job:
    def __init__(self, glue_context: object) -> None:
        self._glue_context = glue_context

    def init(self, job_name: str, args: Mapping[str, object] | None = None) -> None:
        """Begin; there is nothing to do."""

    def commit(self) -> None:
        """End; what the script wrote is published when it has ended well."""
