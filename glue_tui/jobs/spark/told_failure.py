"""A failure that happened in another process, as that one told it."""

from __future__ import annotations


class ToldFailure(Exception):
    """`location` is `path:line` with a path relative to the project folder; `story` is what the log shows below it."""

    def __init__(
        self,
        type: str,
        message: str,
        *,
        location: str = "",
        hint: str = "",
        story: str = "",
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.type = type
        self.location = location
        self.hint = hint
        self.story = story
        self.exit_code = exit_code
