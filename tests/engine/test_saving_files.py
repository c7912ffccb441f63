"""Every way in which editors save: what is on disk comes into force whole, and no trigger goes for a moment only."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from glue_tui.definitions.project import DefinitionSet, last_good, load_project
from glue_tui.engine.definition_files import LOOK_EVERY_S, DefinitionFiles, load_settled
from glue_tui.engine.watcher import Watcher

TEXT = """\
description = "first"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "load" }]

[jobs.load]
type = "sql"
query_file = "sql/load.sql"
targets = [{ table = "marts.load", path = "warehouse/load" }]
# half of it
[triggers.nightly]
type = "SCHEDULED"
schedule = "cron(0 22 * * ? *)"
actions = [{ job = "load" }]
"""
HALF, REST = TEXT.split("# half of it\n")
PAUSE_S = 0.2
"""Of a slow writer; shorter than a file that says less has to hold."""


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workflows = folder / "workflows"
        self.night = self.workflows / "night.toml"
        self.query = self.workflows / "sql" / "load.sql"
        self.query.parent.mkdir(parents=True)
        self.query.write_text("SELECT 1 AS one")
        self.night.write_text(TEXT)

    def text(self, description: str) -> str:
        return TEXT.replace("first", description)

    def is_in_force(self, definitions: DefinitionSet) -> bool:
        return shown(definitions) == shown(load_project(self.folder))

    def states_while(
        self, save: Callable[[], object], until: Callable[[DefinitionSet], bool] | None = None
    ) -> list[DefinitionSet]:
        """Follow the files while `save` is at work; return what came into force, the last of it what is on disk.

        Sooner than the look that comes by itself: the hints are at work.
        """
        is_done = until or self.is_in_force

        async def follow() -> list[DefinitionSet]:
            states: list[DefinitionSet] = []

            async def put_into_force(before: DefinitionSet, fresh: DefinitionSet) -> None:
                states.append(fresh)

            watcher = Watcher(print, is_deep=False)
            files = DefinitionFiles(self.folder, load_project(self.folder), watcher, put_into_force, print)
            following = asyncio.gather(watcher.run(), files.follow())
            try:
                await files.caught_up()
                await asyncio.to_thread(save)
                end = time.monotonic() + LOOK_EVERY_S - 1
                while not is_done(files.in_force):
                    assert time.monotonic() < end, f"in force: {shown(files.in_force)}"
                    await asyncio.sleep(0.01)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
            return states

        return asyncio.run(follow())


def shown(definitions: DefinitionSet) -> list[object]:
    """Return what a person sees: the workflow in force where its file is good, else what is wrong with the file."""
    return [(one.source, one.problems if one.is_broken else one.workflow) for one in definitions.definitions]


def descriptions(states: list[DefinitionSet], name: str = "night") -> list[str | None]:
    found = [definitions.get(name) for definitions in states]
    return [one.workflow.description if one and one.workflow else None for one in found]


def assert_no_trigger_was_missing(states: list[DefinitionSet]) -> None:
    for definitions in states:
        night = definitions.get("night")
        assert night is not None
        assert night.workflow is not None
        assert len(night.workflow.triggers) == 2


@pytest.fixture
def one(tmp_path: Path) -> Project:
    return Project(tmp_path)


def in_place(one: Project) -> None:
    one.night.write_text(one.text("second"))


def in_place_slowly(one: Project) -> None:
    """Truncate, wait, write a half that is valid TOML, wait long, write the rest: one open file all along."""
    half, rest = one.text("second").split("# half of it\n")
    with one.night.open("w") as file:
        for part in ("", half, rest):
            file.write(part)
            file.flush()
            time.sleep(3 * PAUSE_S)


def in_steps(one: Project) -> None:
    """The same by three programs: between them nobody has the file open."""
    half, rest = one.text("second").split("# half of it\n")
    for part in ("", half, half + rest):
        one.night.write_text(part)
        time.sleep(PAUSE_S)


def by_rename(one: Project) -> None:
    new = one.night.with_name("night.toml.tmp.4913")
    new.write_text(one.text("second"))
    new.replace(one.night)


def by_backup(one: Project) -> None:
    """Vim's `backupcopy=no`: the old file becomes the backup, a new one is written."""
    one.night.rename(one.night.with_name("night.toml~"))
    one.night.write_text(one.text("second"))


def deleted_and_written_anew(one: Project) -> None:
    one.night.unlink()
    time.sleep(0.1)
    one.night.write_text(one.text("second"))


def folder_renamed(one: Project) -> None:
    """The whole folder is exchanged for another one."""
    new = shutil.copytree(one.workflows, one.folder / "new")
    (new / "night.toml").write_text(one.text("second"))
    one.workflows.rename(one.folder / "old")
    new.rename(one.workflows)


@pytest.mark.parametrize(
    "save",
    [in_place, in_place_slowly, in_steps, by_rename, by_backup, deleted_and_written_anew, folder_renamed],
    ids=lambda save: save.__name__,
)
def test_a_save_takes_effect_once_and_whole(one: Project, save: Callable[[Project], None]) -> None:
    states = one.states_while(lambda: save(one))
    assert descriptions(states) == ["second"]
    assert_no_trigger_was_missing(states)


EMACS_SCRIPT = """(progn (find-file (pop command-line-args-left)) (search-forward "first")
                  (replace-match "second") (save-buffer))"""


def edited(one: Project, *command: str, script: str = "") -> list[DefinitionSet]:
    """Let a real program replace `first` by `second`."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here")

    def edit() -> None:
        result = subprocess.run(
            [*command, str(one.night)],
            input=script,
            text=True,
            timeout=20,
            capture_output=True,
            check=False,
            env={**os.environ, "HOME": str(one.folder), "TERM": "dumb"},
        )
        assert result.returncode == 0, result.stderr

    return one.states_while(edit)


@pytest.mark.parametrize(
    "command",
    [
        ("vim", "-N", "-u", "NONE", "-es", "-c", "%s/first/second/", "-c", "wq"),
        ("vim", "-N", "-u", "NONE", "-es", "-c", "set backup backupcopy=no", "-c", "%s/first/second/", "-c", "wq"),
        ("vim", "-N", "-u", "NONE", "-es", "-c", "set backup backupcopy=yes", "-c", "%s/first/second/", "-c", "wq"),
        ("sed", "-i", "s/first/second/"),
        ("sed", "-i.orig", "s/first/second/"),
        ("perl", "-pi", "-e", "s/first/second/"),
        ("emacs", "-Q", "--batch", "--eval", EMACS_SCRIPT),
    ],
    ids=["vim", "vim-backup-renamed", "vim-backup-copied", "sed", "sed-backup", "perl", "emacs"],
)
def test_a_real_editor_saves(one: Project, command: tuple[str, ...]) -> None:
    states = edited(one, *command)
    assert descriptions(states) == ["second"]
    assert_no_trigger_was_missing(states)


def test_ed_saves(one: Project) -> None:
    states = edited(one, "ed", "-s", script="g/first/s//second/\nw\nq\n")
    assert descriptions(states) == ["second"]
    assert_no_trigger_was_missing(states)


def test_vim_saves_through_a_link(one: Project) -> None:
    elsewhere = one.folder / "elsewhere" / "night-of-the-team.toml"
    elsewhere.parent.mkdir()
    one.night.rename(elsewhere)
    one.night.symlink_to("../elsewhere/night-of-the-team.toml")
    states = edited(one, "vim", "-N", "-u", "NONE", "-es", "-c", "%s/first/second/", "-c", "wq")
    assert descriptions(states) == ["second"]
    assert elsewhere.read_text() == one.text("second")


def test_git_switches_ten_files_in_one_reload(one: Project) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=one")
        command = ("git", *identity, *arguments)
        subprocess.run(command, cwd=one.folder, check=True, capture_output=True, timeout=20)

    def write(description: str) -> None:
        for number in range(10):
            (one.workflows / f"night{number}.toml").write_text(one.text(description))
        git("add", ".")
        git("commit", "-m", description)

    git("init")
    write("first")
    git("checkout", "-b", "two")
    write("second")
    git("checkout", "one")
    states = one.states_while(lambda: git("checkout", "two"))
    assert [descriptions(states, f"night{number}") for number in range(10)] == [["second"]] * 10


def test_a_linked_file_takes_effect_where_its_target_is_saved(one: Project) -> None:
    one.night.unlink()
    target = one.folder / "elsewhere" / "x.toml"
    target.parent.mkdir()
    target.write_text(TEXT)
    (one.folder / "middle").symlink_to("elsewhere")
    one.night.symlink_to("../middle/x.toml")
    assert descriptions(one.states_while(lambda: target.write_text(one.text("second")))) == ["second"]
    assert descriptions(one.states_while(target.unlink)) == ["second"], "a link that leads nowhere is a broken file"


def test_a_linked_folder_can_be_exchanged_and_is_followed_afterwards(one: Project) -> None:
    one.workflows.rename(one.folder / "release1")
    one.workflows.symlink_to("release1")
    second = shutil.copytree(one.folder / "release1", one.folder / "release2")
    (second / "night.toml").write_text(one.text("second"))
    exchange = ("ln", "-sfn", "release2", str(one.workflows))

    def save() -> None:
        subprocess.run(exchange, check=True, timeout=10)
        time.sleep(2 * PAUSE_S)
        (second / "night.toml").write_text(one.text("third"))

    states = one.states_while(save)
    assert descriptions(states) == ["second", "third"]
    assert_no_trigger_was_missing(states)


def test_a_folder_out_of_reach_keeps_its_workflows_in_force_and_says_so(one: Project) -> None:
    """As when what it is a link to is unmounted; or may not be read any more, where that holds for this user."""
    one.workflows.rename(one.folder / "elsewhere")
    one.workflows.symlink_to("elsewhere")
    away = one.folder / "away"
    states = one.states_while(lambda: (one.folder / "elsewhere").rename(away), lambda now: now.is_broken)
    assert_no_trigger_was_missing(states)
    assert [str(problem) for problem in states[-1].problems] == [
        "workflows/night.toml:1: can't be read: No such file or directory"
    ]
    assert one.states_while(lambda: away.rename(one.folder / "elsewhere"))[-1].problems == ()


def test_permission_lost_and_regained(one: Project) -> None:
    one.query.chmod(0)
    if os.access(one.query, os.R_OK):
        pytest.skip("this user may read everything")
    one.query.chmod(0o600)
    states = one.states_while(lambda: one.night.chmod(0))
    assert_no_trigger_was_missing(states)
    assert states[-1].is_broken
    assert one.states_while(lambda: one.night.chmod(0o600))[-1].problems == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"  \n# all gone\n", b"nonsense", b'description = "\xff"\n', b"#" * 1_000_001],
    ids=["empty", "comment", "nonsense", "no-utf-8", "too-large"],
)
def test_a_file_turned_bad_keeps_its_triggers_and_shows_what_is_wrong(one: Project, content: bytes) -> None:
    states = one.states_while(lambda: one.night.write_bytes(content))
    assert_no_trigger_was_missing(states)
    assert [definitions.is_broken for definitions in states] == [True]


def test_what_a_query_says_and_whether_a_script_exists_take_effect(one: Project) -> None:
    job = '[jobs.show]\ntype = "python"\nscript = "../scripts/show.py"\n'
    script = one.folder / "scripts" / "show.py"
    script.parent.mkdir()
    script.touch()
    one.night.write_text(TEXT + job)
    states = one.states_while(lambda: one.query.write_text("SELECT 2 AS two"))
    assert "SELECT 2 AS two" in repr(states[-1].workflows)
    states = one.states_while(script.unlink)
    assert_no_trigger_was_missing(states)
    assert [str(problem) for problem in states[-1].problems] == [
        "workflows/night.toml:18: jobs.show.script: no such file: scripts/show.py "
        "(it is looked for beside the workflow file)"
    ]
    assert one.states_while(script.touch)[-1].problems[0].is_warning


def test_deleting_a_trigger_or_a_file_takes_effect_when_it_has_held(one: Project) -> None:
    states = one.states_while(lambda: one.night.write_text(HALF))
    assert [len(definitions.workflows[0].triggers) for definitions in states] == [1]
    assert one.states_while(one.night.unlink)[-1].definitions == ()
    assert descriptions(one.states_while(lambda: one.night.write_text(TEXT))) == ["first"]
    assert one.states_while(lambda: shutil.rmtree(one.workflows))[-1].definitions == ()


def test_a_file_that_never_holds_still_stops_neither_itself_nor_others_for_long(one: Project) -> None:
    other = one.workflows / "other.toml"

    def save() -> None:
        other.write_text(TEXT)
        end = time.monotonic() + 2.0
        while time.monotonic() < end:
            one.night.write_text(one.text(f"{time.monotonic()}"))
            time.sleep(0.02)

    states = one.states_while(save)
    assert len(states) >= 2, "it came into force while it was changing"
    assert descriptions(states, "other")[0] == "first"
    assert_no_trigger_was_missing(states)


def test_a_broken_file_that_never_holds_still_keeps_no_other_file_waiting(one: Project) -> None:
    other = one.workflows / "other.toml"

    def save() -> None:
        other.write_text(TEXT)
        end = time.monotonic() + 2.0
        while time.monotonic() < end:
            one.night.write_text(f"nonsense {time.monotonic()}")
            time.sleep(0.02)

    states = one.states_while(save)
    assert [definitions.is_broken for definitions in states] == [False, True]
    assert descriptions(states, "other") == ["first", "first"]
    assert_no_trigger_was_missing(states)


def test_whoever_asks_for_a_reload_waits_until_it_is_in_force(one: Project) -> None:
    async def ask() -> list[object]:
        async def put_into_force(before: DefinitionSet, fresh: DefinitionSet) -> None:
            await asyncio.sleep(0)

        files = DefinitionFiles(
            one.folder, load_project(one.folder), Watcher(print, is_deep=False), put_into_force, print
        )
        following = asyncio.create_task(files.follow())
        seen: list[object] = []
        for text in (one.text("second"), one.text("third"), "nonsense", one.text("fourth")):
            one.night.write_text(text)
            await files.caught_up()
            seen += [files.in_force.is_broken or files.in_force.workflows[0].description]
        following.cancel()
        return seen

    assert asyncio.run(ask()) == ["second", "third", True, "fourth"]


def test_an_engine_that_starts_while_a_file_is_being_written_waits_for_it(one: Project) -> None:
    in_force = load_project(one.folder)
    good = last_good({item.source: item.workflow for item in in_force.definitions if item.workflow})
    assert load_settled(one.folder, good).workflows == in_force.workflows
    with ThreadPoolExecutor(1) as threads:
        one.night.write_text("")
        writing = threads.submit(lambda: (time.sleep(PAUSE_S), one.night.write_text(one.text("second"))))
        assert descriptions([load_settled(one.folder, good)]) == ["second"]
        writing.result()
    one.night.unlink()
    assert load_settled(one.folder, good).definitions == (), "a file that stays away was meant to go"


def test_a_file_that_somebody_keeps_open_for_writing_counts_all_the_same(one: Project) -> None:
    with one.night.open("r+") as file:
        states = one.states_while(lambda: (file.write("nonsense"), file.flush()))
        assert [definitions.is_broken for definitions in states] == [True]
