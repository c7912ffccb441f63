"""All files of a project: what is in force while files come, go, turn bad and are mended."""

from __future__ import annotations

from pathlib import Path

from definition_files import MINIMAL, write_workflow

from glue_tui.definitions.project import DefinitionSet, find_project_dir, load_project

BROKEN = MINIMAL.replace('job = "load"', 'job = "laod"')
WITH_QUERY = """\
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "sum" }]

[jobs.sum]
type = "sql"
query_file = "sql/sum.sql"
targets = [{ table = "marts.sum", path = "out" }]
"""


def described(definitions: DefinitionSet, name: str = "night") -> str | None:
    """Return the description of the workflow in force."""
    item = definitions.get(name)
    assert item is not None
    return item.workflow.description if item.workflow else None


def test_the_last_good_version_stays_in_force_until_the_file_is_mended(tmp_path: Path) -> None:
    write_workflow(tmp_path, 'description = "one"\n' + MINIMAL)
    first = load_project(tmp_path)
    assert described(first) == "one"
    assert not first.is_broken

    write_workflow(tmp_path, 'description = "two"\n' + BROKEN)
    broken = first.reloaded(tmp_path)
    assert described(broken) == "one"
    assert broken.is_broken
    assert [str(problem) for problem in broken.problems] == [
        'workflows/night.toml:4: triggers.by_hand.actions[0].job: no job named "laod" (did you mean "load"?)'
    ]

    write_workflow(tmp_path, "not toml")
    assert described(broken.reloaded(tmp_path)) == "one"

    write_workflow(tmp_path, 'description = "three"\n' + MINIMAL)
    mended = broken.reloaded(tmp_path)
    assert described(mended) == "three"
    assert not mended.problems


def test_a_file_that_was_never_good_has_nothing_in_force(tmp_path: Path) -> None:
    write_workflow(tmp_path, BROKEN)
    definitions = load_project(tmp_path)
    assert described(definitions) is None
    assert definitions.workflows == ()


def test_nothing_changed_means_the_same_set(tmp_path: Path) -> None:
    path = write_workflow(tmp_path, MINIMAL)
    first = load_project(tmp_path)
    path.touch()
    assert first.reloaded(tmp_path) is first


def test_files_come_and_go_in_the_order_of_their_names(tmp_path: Path) -> None:
    write_workflow(tmp_path, MINIMAL)
    first = load_project(tmp_path)
    write_workflow(tmp_path, MINIMAL, name="day")
    both = first.reloaded(tmp_path)
    assert [workflow.name for workflow in both.workflows] == ["day", "night"]
    (tmp_path / "workflows" / "night.toml").unlink()
    assert [workflow.name for workflow in both.reloaded(tmp_path).workflows] == ["day"]


def test_a_query_file_is_part_of_the_definition(tmp_path: Path) -> None:
    write_workflow(tmp_path, WITH_QUERY)
    first = load_project(tmp_path)
    (tmp_path / "workflows" / "sql" / "sum.sql").write_text("SELECT 2 AS two")
    second = first.reloaded(tmp_path)
    assert second is not first
    assert "SELECT 2 AS two" in repr(second.workflows)
    (tmp_path / "workflows" / "sql" / "sum.sql").unlink()
    third = second.reloaded(tmp_path)
    assert third.is_broken
    assert "SELECT 2 AS two" in repr(third.workflows)


def test_a_script_that_appears_mends_its_workflow(tmp_path: Path) -> None:
    write_workflow(
        tmp_path, MINIMAL.replace('type = "command"\ncommand = ["true"]', 'type = "python"\nscript = "jobs/new.py"')
    )
    first = load_project(tmp_path)
    assert first.is_broken
    (tmp_path / "workflows" / "jobs" / "new.py").write_text("")
    assert not first.reloaded(tmp_path).is_broken


def test_hidden_and_temporary_files_are_left_alone(tmp_path: Path) -> None:
    write_workflow(tmp_path, MINIMAL)
    for name in (".night.toml", "#night.toml#", "~night.toml", "night.toml~", "night.toml.swp", "notes.txt"):
        (tmp_path / "workflows" / name).write_text("not toml")
    (tmp_path / "workflows" / "folder.toml").mkdir()
    assert [item.name for item in load_project(tmp_path).definitions] == ["night"]


def test_names_that_differ_in_case_alone_are_refused(tmp_path: Path) -> None:
    write_workflow(tmp_path, MINIMAL, name="Night")
    write_workflow(tmp_path, MINIMAL)
    definitions = load_project(tmp_path)
    assert [workflow.name for workflow in definitions.workflows] == ["Night"]
    assert [str(problem) for problem in definitions.problems] == [
        "workflows/night.toml:1: workflows/Night.toml has the same name but for case (rename one of them)"
    ]


def test_the_project_is_the_nearest_folder_with_workflows_or_state(tmp_path: Path) -> None:
    write_workflow(tmp_path, MINIMAL)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_project_dir(deep) == tmp_path
    (tmp_path / "a" / "workflows").mkdir()
    assert find_project_dir(deep) == tmp_path, "a workflows folder without a definition is no project"
    (tmp_path / "a" / ".glue_tui").mkdir()
    assert find_project_dir(deep) == tmp_path / "a"


def test_a_folder_without_workflows_is_an_empty_project(tmp_path: Path) -> None:
    assert load_project(tmp_path).definitions == ()
    assert load_project(tmp_path / "nowhere").definitions == ()
