"""Which file `e` opens, at which line, and the command that opens it."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from glue_tui.tui.selection import Looked

_TAKES_PLUS_LINE = frozenset(
    {
        "vi",
        "vim",
        "nvim",
        "view",
        "gvim",
        "nano",
        "pico",
        "emacs",
        "emacsclient",
        "kak",
        "joe",
        "jed",
        "mg",
        "ne",
        "mcedit",
        "vis",
    }
)
_TAKES_COLON_LINE = frozenset({"hx", "helix", "micro", "subl", "zed"})
_WITH_GOTO = frozenset({"code", "codium", "cursor"})
_LOCATION = re.compile(r"(.+):(\d+)$")
_KINDS_WITH_FILES = frozenset({"python", "spark", "scala", "sql"})


@dataclass(frozen=True, slots=True)
class Place:
    """A file and a line in it, from 1."""

    path: Path
    line: int = 1


def place_to_edit(looked: Looked, project_dir: Path) -> Place | None:
    """Return where to go: the error's line, the node's script, or the lines of the workflow's file that define it."""
    workflow = looked.workflow
    if workflow is None:
        return None
    source = project_dir / workflow.source
    if workflow.is_broken and workflow.problems:
        problem = next((one for one in workflow.problems if not one.is_warning), workflow.problems[0])
        return Place(project_dir / problem.path, problem.line)
    if looked.node is not None and looked.node.error is not None:
        found = _LOCATION.match(looked.node.error.location)
        if found and (path := _existing(found[1], source, project_dir)) is not None:
            return Place(path, int(found[2]))
    definition = looked.definition
    if definition is not None:
        is_file = definition.kind in _KINDS_WITH_FILES
        if is_file and (path := _existing(definition.source, source, project_dir)) is not None:
            return Place(path)
        table = "crawlers" if definition.kind == "crawler" else "jobs"
        return Place(source, table_line(source, table, definition.name))
    if looked.run is not None and not looked.selection.trigger:
        # The workflow itself is selected and its run failed: the first error is what there is to mend.
        for node in looked.run.nodes:
            found = _LOCATION.match(node.error.location) if node.error is not None else None
            if found and (path := _existing(found[1], source, project_dir)) is not None:
                return Place(path, int(found[2]))
    if looked.selection.trigger:
        return Place(source, table_line(source, "triggers", looked.selection.trigger))
    return Place(source)


def table_line(path: Path, table: str, name: str) -> int:
    """Return the line of `[jobs.NAME]` in a definition file; 1 where it is not found."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return 1
    header = re.compile(rf"""\s*\[\s*{table}\s*\.\s*["']?{re.escape(name)}["']?\s*\]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if header.match(line)), 1)


def _existing(name: str, source: Path, project_dir: Path) -> Path | None:
    """Return the path of a script or query, relative to the project folder or to that of the workflow's file."""
    try:
        return next((path for path in (project_dir / name, source.parent / name) if name and path.is_file()), None)
    except OSError:
        return None  # It is a query and no name.


def editor_command(place: Place, environ: Mapping[str, str]) -> list[str] | None:
    """Return the command of $VISUAL or $EDITOR, else of an editor that is there; None where there is none."""
    wanted = environ.get("VISUAL") or environ.get("EDITOR")
    if wanted:
        words = shlex.split(wanted)
    else:
        found = next((one for one in ("nano", "vim", "vi") if shutil.which(one)), None)
        if found is None:
            return None
        words = [found]
    name = Path(words[0]).name
    if name in _TAKES_PLUS_LINE:
        return [*words, f"+{place.line}", str(place.path)]
    if name in _TAKES_COLON_LINE:
        return [*words, f"{place.path}:{place.line}"]
    if name in _WITH_GOTO:
        return [*words, "--goto", f"{place.path}:{place.line}"]
    return [*words, str(place.path)]
