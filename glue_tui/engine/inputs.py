"""What the kernel is told: requests of clients, reports about workers, files, definitions and the clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from glue_tui.core.arrivals import FileFact
from glue_tui.core.model import RunId, Workflow
from glue_tui.core.stimuli import ClockStepped, WorkerExited, WorkerLost, WorkerStarted
from glue_tui.store.seen_files import RootMount


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAsked:
    workflow: str
    trigger: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlAsked:
    """One crawler is to run by itself, outside its workflow's flow."""

    workflow: str
    crawler: str
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeAsked:
    run_id: str
    nodes: tuple[str, ...] = ()
    as_it_ran: bool = False
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAsked:
    run_id: str
    reason: str = "stopped by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSwitched:
    workflow: str
    trigger: str
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DropAsked:
    """Waiting files of a trigger, all where none is named, are to start nothing."""

    workflow: str
    trigger: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReported:
    report: WorkerStarted | WorkerExited | WorkerLost


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderScanned:
    """A look at what a trigger watches. Dropped if the trigger's patterns have changed meanwhile.

    A doubled, late or superfluous fact changes nothing: the kernel judges each against what it knows itself.
    """

    workflow: str
    trigger: str
    patterns: tuple[str, ...]
    files: tuple[FileFact, ...]
    """What was found where the look went and differs from what is stored, or is still settling; in a trigger's first
    look everything."""
    gone: tuple[str, ...] = ()
    """Paths that were looked for and are not there."""
    is_whole: bool
    """Everything that the trigger watches was looked at, not only some places."""
    unreadable: tuple[str, ...] = ()
    """Folders that could not be listed."""
    mounts: tuple[RootMount, ...] = ()
    """Of a look at everything: on which mounts the roots are, or were when they were last seen."""
    at: float | None = None
    """When the scan began (seconds since the epoch): a file has held only until then. None: now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionsLoaded:
    """The workflows in force: the last good version of each file."""

    workflows: tuple[Workflow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """Time passed."""


Input = (
    StartAsked
    | CrawlAsked
    | ResumeAsked
    | StopAsked
    | TriggerSwitched
    | DropAsked
    | WorkerReported
    | FolderScanned
    | DefinitionsLoaded
    | Ticked
    | ClockStepped
)

Answer = RunId | int | None
"""What an input leads to: the run that it made or concerned, how many files it dropped, nothing to tell."""
