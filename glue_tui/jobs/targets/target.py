"""What every kind of target does for one attempt, and what it is given to do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import polars as pl

from glue_tui.catalog.read import Catalog
from glue_tui.core.attempt import AttemptKey
from glue_tui.core.model import RunId
from glue_tui.core.schema import TableChange
from glue_tui.logs.write import LogWriter

Frame = pl.DataFrame | pl.LazyFrame
SinkT = TypeVar("SinkT", contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Whose rows they are, and where they may go."""

    key: AttemptKey
    run_number: int
    project_dir: Path
    catalog: Catalog
    log: LogWriter
    connection_urls: Mapping[str, str]
    """By name, with all that was left open in them filled in: holds secrets."""
    connections: Mapping[str, str] = field(default_factory=dict)
    """The same as their definition has them, templates unfilled: what a catalog may keep."""
    environment: Mapping[str, str]
    unfinished_in: tuple[RunId, ...] = ()
    """Earlier runs whose attempts of this node may have published without having said so."""


class Target(Protocol[SinkT]):
    """The targets of one kind. Every step is for all that was staged; the order of the steps is that below.

    Raises InvalidInput, in any of the first three steps, where the place or the rows are refused.
    """

    @property
    def bytes_staged(self) -> int | None:
        """Size of the files that were staged; None where there are no files."""

    def stage(self, frame: Frame, sink: SinkT) -> int:
        """Write the rows where nobody sees them and return their number."""

    def prepare(self) -> None:
        """Do all that may still be refused; nothing appears yet."""

    def publish(self) -> tuple[TableChange, ...]:
        """Let everything appear and return what the catalog should say of it."""

    @property
    def appeared(self) -> tuple[str, ...]:
        """What has appeared and can't be taken back, by names that the user knows."""

    def take_back(self) -> None:
        """Let `discard` remove what has appeared, as far as that can be: another target failed to."""

    def give_up(self) -> int:
        """As `discard`, from another thread than that which may be staging: the job is stopped."""

    def discard(self) -> int:
        """Remove what was staged and has not appeared, let go of everything, and return how many places that were."""
