"""Cases of files as events that Glue's pages leave open, decided: what counts as new, and what outlives a change."""

from __future__ import annotations

from pathlib import Path

from one_project import SETTLE_S, Project, jobs

from glue_tui.core.loops import GENERATIONS_MAX, PROBES_MAX

FILES = '[triggers.files]\ntype = "EVENT"\nwatch = ["in/*.csv"]\nactions = [{ job = "work" }]\n'
KINDS = FILES + 'events = ["created", "modified", "deleted"]\n' + jobs("work")


def causes(glue: Project) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(run.it.cause.files, run.it.cause.deleted_files) for run in glue.runs()]


def settled(glue: Project) -> None:
    glue.look()
    glue.passes(SETTLE_S)
    glue.look()


def test_f_14_a_deletion_settles_too_and_a_file_that_comes_again_after_it_is_new(glue: Project) -> None:
    glue.write(KINDS)
    glue.land("in/a.csv")
    file = glue.folder / "in/a.csv"
    file.unlink()
    glue.look()
    assert len(glue.runs()) == 1
    glue.passes(SETTLE_S)
    glue.look()
    glue.land("in/a.csv")
    assert causes(glue) == [(("in/a.csv",), ()), ((), ("in/a.csv",)), (("in/a.csv",), ())]
    assert glue.runs()[1].story()[0] == "run 2 of night asked for: in/a.csv deleted (files)"


def test_f_14_a_file_that_is_replaced_by_deleting_it_first_was_modified(glue: Project) -> None:
    glue.write(FILES + 'events = ["modified"]\n' + jobs("work"))
    glue.land("in/a.csv")
    assert glue.runs() == []
    file = glue.folder / "in/a.csv"
    file.unlink()
    glue.look()
    file.write_text("another version")
    settled(glue)
    assert causes(glue) == [(("in/a.csv",), ())]


def test_f_15_a_workflow_file_under_a_new_name_goes_on_with_its_files_and_paused_triggers(glue: Project) -> None:
    glue.write(KINDS)
    glue.switch("files", enabled=False)
    glue.land("in/a.csv")
    (glue.folder / "workflows/night.toml").rename(glue.folder / "workflows/day.toml")
    glue.crash()
    assert glue.trigger_state("files", workflow="day") == "DEACTIVATED"
    glue.switch("files", enabled=True, workflow="day")
    assert causes(glue) == [(("in/a.csv",), ())]


def test_f_15_with_another_pattern_what_waits_goes_on_to_wait_and_what_it_alone_matches_was_there(
    glue: Project,
) -> None:
    Path(glue.folder / "more").mkdir()
    (glue.folder / "more/old.csv").write_text("x")
    glue.write(FILES + "batch_size = 2\n" + jobs("work"))
    glue.land("in/a.csv")
    both = FILES.replace('"in/*.csv"', '"in/*.csv", "more/*.csv"')
    assert both != FILES
    glue.write(both + "batch_size = 2\n" + jobs("work"))
    glue.land("more/b.csv")
    assert causes(glue) == [(("in/a.csv", "more/b.csv"), ())]


def test_f_16_runs_that_make_the_files_that_start_the_next_ones_are_stopped(glue: Project) -> None:
    glue.write(FILES + jobs("work"))
    glue.land("in/0.csv")
    for _ in range(200):
        run = glue.runs()[-1]
        glue.passes(1)
        if not run.it.status.is_over:
            glue.land(f"in/{len(glue.runs())}.csv")
            run.finish("work")
    assert glue.trigger_state("files") == "DEACTIVATED"
    assert [one.it.cause.generation for one in glue.runs()] == list(range(GENERATIONS_MAX + PROBES_MAX))
