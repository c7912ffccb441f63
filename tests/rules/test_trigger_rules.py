"""TR-1 to TR-17 and EV-1 to EV-5: what triggers are and when they fire. Docstrings say where Glue does otherwise."""

from __future__ import annotations

import pytest
from one_project import SETTLE_S, Project, Run, crawlers, jobs

from glue_tui.core.events import StartCause, TriggerFired
from glue_tui.core.model import Workflow
from glue_tui.core.problem import EntityNotFound, IllegalWorkflowState, InvalidInput
from glue_tui.core.states import TriggerType
from glue_tui.definitions.build_triggers import CONDITIONS_MAX

BY_HAND = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ job = "work" }]\n'
AT_TEN = '[triggers.at_ten]\ntype = "SCHEDULED"\nschedule = "cron(0 22 * * ? *)"\nactions = [{ job = "work" }]\n'
FILES = '[triggers.files]\ntype = "EVENT"\nwatch = ["in/*.csv"]\nactions = [{ job = "work" }]\n'
HOUR_S = 3600.0


def when(name: str, conditions: str, starts: str, *further: str) -> str:
    """Return a CONDITIONAL trigger; `conditions` and `starts` are what stands between the brackets."""
    lines = ['type = "CONDITIONAL"', f"conditions = [{conditions}]", f"actions = [{starts}]", *further]
    return f"[triggers.{name}]\n" + "\n".join(lines) + "\n"


def start_of(*names: str) -> str:
    actions = ", ".join(f'{{ job = "{name}" }}' for name in names)
    return f'[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{actions}]\n'


def fires(run: Run) -> list[str]:
    return [event.trigger for event in run.events() if isinstance(event, TriggerFired)]


# What triggers there are


@pytest.mark.parametrize(
    ("kind", "lacks"), [("SCHEDULED", "schedule"), ("CONDITIONAL", "conditions"), ("EVENT", "watch")]
)
def test_tr_1_each_type_needs_its_own_words_and_every_trigger_actions(glue: Project, kind: str, lacks: str) -> None:
    trigger = f'[triggers.t]\ntype = "{kind}"\n'
    told = glue.complaints(trigger + 'actions = [{ job = "work" }]\n' + jobs("work"))
    assert told[0] == f"1: triggers.t.{lacks}: missing (every {kind} trigger needs `{lacks}`)"
    told = glue.complaints(trigger + jobs("work"))
    assert told[0] == "1: triggers.t.actions: missing (every trigger needs `actions`)"
    told = glue.complaints(BY_HAND + 'schedule = "rate(1 hour)"\n' + jobs("work"))
    assert told == ["4: triggers.by_hand.schedule: belongs to a trigger of type SCHEDULED; this one is ON_DEMAND"]


@pytest.mark.parametrize(
    ("line", "way_out"),
    [
        ("StartOnCreation = true", "leave it out: a trigger is active from the start; enabled = false pauses it"),
        ("EventBatchingCondition = { BatchSize = 3 }", "here: batch_size and batch_window of the trigger itself"),
        ('Predicate = { Logical = "AND" }', "here: logical and conditions of the trigger itself"),
        ('WorkflowName = "night"', "leave it out: a trigger belongs to the file it stands in"),
    ],
)
def test_tr_1_glues_own_words_are_answered_with_ours(glue: Project, line: str, way_out: str) -> None:
    key = line.split(" ")[0]
    assert glue.complaints(BY_HAND + line + "\n" + jobs("work")) == [
        f"4: triggers.by_hand.{key}: unknown key ({way_out})"
    ]


def test_tr_1_saving_a_trigger_replaces_the_whole_of_it_its_type_too(glue: Project) -> None:
    """In Glue a trigger keeps the type it was made with."""
    glue.write(AT_TEN + jobs("work"))
    workflow = glue.write(FILES.replace("files", "at_ten") + jobs("work"))
    trigger = workflow.trigger("at_ten")
    assert trigger is not None
    assert (trigger.type, trigger.schedule) == (TriggerType.EVENT, None)
    glue.passes(24 * HOUR_S)
    assert glue.runs() == []


def test_tr_2_only_an_activated_trigger_fires_and_what_it_missed_stays_missed(glue: Project) -> None:
    glue.write(AT_TEN + jobs("work"))
    assert glue.trigger_state("at_ten") == "ACTIVATED"
    glue.switch("at_ten", enabled=False)
    assert glue.trigger_state("at_ten") == "DEACTIVATED"
    glue.passes(11 * HOUR_S)
    glue.crash()
    assert glue.trigger_state("at_ten") == "DEACTIVATED"
    glue.switch("at_ten", enabled=True)
    assert (glue.trigger_state("at_ten"), glue.runs()) == ("ACTIVATED", [])
    glue.passes(23 * HOUR_S)
    (run,) = glue.runs()
    assert run.it.cause.trigger == "at_ten"


def test_tr_2_a_conditional_trigger_that_is_not_activated_fires_in_no_run(glue: Project) -> None:
    glue.write(
        start_of("a")
        + when("t", '{ job = "a", state = "SUCCEEDED" }', '{ job = "b" }', "enabled = false")
        + jobs("a", "b")
    )
    run = glue.start()
    run.finish("a")
    assert (run.state("b"), run.outcome) == ("SKIPPED", "SUCCEEDED")
    glue.switch("t", enabled=True)
    run = glue.start()
    run.finish("a")
    assert run.state("b") == "STARTING"


def test_tr_3_an_on_demand_trigger_is_created_and_waits_for_a_hand(glue: Project) -> None:
    """Reading a file fires nothing, as in Glue; there some tools fire one when they make it."""
    glue.write(BY_HAND + jobs("work"))
    assert (glue.trigger_state("by_hand"), glue.runs()) == ("CREATED", [])
    run = glue.start(trigger="by_hand")
    assert run.state("work") == "STARTING"
    assert glue.trigger_state("by_hand") == "CREATED"


def test_tr_4_an_event_trigger_can_be_paused_and_fired_by_hand(glue: Project) -> None:
    """In Glue it can neither be started nor stopped: one deletes it. Here its files wait while it is paused, and a run
    that is started by hand takes them along.
    """
    glue.write(FILES + jobs("work"))
    assert glue.trigger_state("files") == "ACTIVATED"
    glue.switch("files", enabled=False)
    glue.land("in/a.csv")
    assert glue.runs() == []
    by_hand = glue.start(trigger="files")
    assert by_hand.it.cause == StartCause(
        trigger="files", trigger_type=TriggerType.EVENT, files=("in/a.csv",), fired_by="hand"
    )
    glue.land("in/b.csv")
    glue.switch("files", enabled=True)
    (_, run) = glue.runs()
    assert run.it.cause.files == ("in/b.csv",)


def test_tr_5_firing_a_start_trigger_starts_a_run(glue: Project) -> None:
    glue.write(
        BY_HAND + AT_TEN + when("t", '{ job = "work", state = "FAILED" }', '{ job = "mend" }') + jobs("work", "mend")
    )
    assert glue.start(trigger="by_hand").it.cause.trigger == "by_hand"
    assert glue.start(trigger="at_ten").it.cause.trigger == "at_ten"
    with pytest.raises(InvalidInput, match="CONDITIONAL: it fires inside a run"):
        glue.start(trigger="t")
    with pytest.raises(EntityNotFound, match='no trigger "by_hnd" in night \\(did you mean "by_hand"\\?\\)'):
        glue.start(trigger="by_hnd")


# Predicates


def test_tr_6_more_than_one_condition_needs_its_logical_and_500_are_the_most(glue: Project) -> None:
    two = '{ job = "a", state = "SUCCEEDED" }, { job = "b", state = "SUCCEEDED" }'
    text = start_of("a", "b") + when("t", two, '{ job = "c" }') + jobs("a", "b", "c")
    assert glue.complaints(text) == ['4: triggers.t.logical: missing (with more than one condition say "AND" or "ANY")']
    names = [f"j{number}" for number in range(CONDITIONS_MAX + 1)]
    conditions = [f'{{ job = "{name}", state = "SUCCEEDED" }}' for name in names]
    head = start_of(*names) + jobs(*names, "c")
    for number, told in ((500, []), (501, ["at most 500 conditions"])):
        text = head + when("t", ", ".join(conditions[:number]), '{ job = "c" }', 'logical = "AND"')
        assert [one.rsplit(": ", 1)[1] for one in glue.complaints(text)] == told


def test_tr_7_a_condition_needs_no_operator_and_one_that_is_written_is_refused_with_the_way_out(glue: Project) -> None:
    """Glue has one operator, EQUALS, calls it optional, and refuses a condition without it."""
    text = start_of("a") + when("t", '{ job = "a", state = "SUCCEEDED" }', '{ job = "b" }') + jobs("a", "b")
    assert glue.complaints(text) == []
    assert glue.complaints(text.replace("state", 'logical_operator = "EQUALS", state')) == [
        "6: triggers.t.conditions[0].logical_operator: unknown key "
        "(leave it out: a node ends in the state or it does not)"
    ]


def test_tr_8_a_crawler_that_timed_out_has_failed_for_what_listens(glue: Project) -> None:
    """Glue's CrawlState has no TIMEOUT, as its crawlers have no timeout."""
    start = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ crawler = "landing" }]\n'
    mend = when("mend", '{ crawler = "landing", state = "FAILED" }', '{ job = "a" }')
    glue.write(start + mend + crawlers("landing") + 'timeout = "60s"\n' + jobs("a"))
    run = glue.start()
    run.begin("landing")
    glue.passes(61)
    run.finish("landing", "TIMEOUT")
    assert run.trigger("mend") == "FIRED"
    run.begin("a")
    run.finish("a")
    assert run.outcome == "RECOVERED"


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "TIMEOUT"])
def test_tr_8_a_trigger_listens_for_how_a_job_ended(glue: Project, state: str) -> None:
    text = start_of("a") + when("t", f'{{ job = "a", state = "{state}" }}', '{ job = "b" }') + jobs("b", "a")
    glue.write(text + 'timeout = "5s"\n')
    for ends in ("SUCCEEDED", "FAILED", "TIMEOUT"):
        run = glue.start()
        run.begin("a")
        if ends == "TIMEOUT":
            glue.passes(5)
        run.finish("a", ends)
        assert run.state("b") == ("STARTING" if ends == state else "SKIPPED")


def test_tr_8_a_stopped_job_is_heard_where_a_resumed_run_carries_it_over(glue: Project) -> None:
    """A node is stopped only together with its run, in which nothing starts any more (RS-1)."""
    heard = when("t", '{ job = "a", state = "STOPPED" }', '{ job = "c" }')
    glue.write(start_of("a", "b") + heard + jobs("a", "b", "c"))
    run = glue.start()
    run.finish("b", "FAILED")
    run.stop()
    run.finish("a", "STOPPED")
    assert run.states() == {"a": "STOPPED", "b": "FAILED", "c": "SKIPPED"}
    assert glue.resume(run, "b").state("c") == "STARTING"


@pytest.mark.parametrize("state", ["ERROR", "EXPIRED", "WAITING", "CANCELLED", "succeeded"])
def test_tr_8_what_can_not_be_listened_for_in_a_job_is_refused_with_what_can(glue: Project, state: str) -> None:
    text = start_of("a") + when("t", f'{{ job = "a", state = "{state}" }}', '{ job = "b" }') + jobs("a", "b")
    (told,) = glue.complaints(text)
    assert told.startswith(f'6: triggers.t.conditions[0].state: a job can\'t be watched for "{state}", only for ')
    for known in ("SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT"):
        assert known in told


def test_tr_8_a_crawler_is_listened_for_in_its_own_words(glue: Project) -> None:
    text = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ crawler = "a" }]\n' + crawlers("a") + jobs("b")
    for state in ("SUCCEEDED", "FAILED", "CANCELLED"):
        assert glue.complaints(text + when("t", f'{{ crawler = "a", state = "{state}" }}', '{ job = "b" }')) == []
    (told,) = glue.complaints(text + when("t", '{ crawler = "a", state = "STOPPED" }', '{ job = "b" }'))
    assert told.endswith('(did you mean "CANCELLED"?)')


def test_tr_9_and_waits_for_every_condition_and_any_for_one(glue: Project) -> None:
    two = '{ job = "a", state = "SUCCEEDED" }, { job = "b", state = "SUCCEEDED" }'
    both = when("all", two, '{ job = "both" }', 'logical = "AND"')
    either = when("any", two, '{ job = "either" }', 'logical = "ANY"')
    glue.write(start_of("a", "b") + both + either + jobs("a", "b", "both", "either"))
    run = glue.start()
    run.finish("b")
    assert (run.state("both"), run.state("either")) == ("PENDING", "STARTING")
    run.finish("a")
    assert run.state("both") == "STARTING"
    run = glue.start()
    run.finish("a", "FAILED")
    assert (run.state("both"), run.state("either")) == ("SKIPPED", "PENDING")
    run.finish("b", "FAILED")
    assert run.state("either") == "SKIPPED"
    assert run.why_never("any") == "a is FAILED, not SUCCEEDED; b is FAILED, not SUCCEEDED"


def test_tr_9_and_may_ask_for_one_success_and_one_failure(glue: Project) -> None:
    mixed = '{ job = "a", state = "SUCCEEDED" }, { job = "b", state = "FAILED" }'
    glue.write(start_of("a", "b") + when("t", mixed, '{ job = "c" }', 'logical = "AND"') + jobs("a", "b", "c"))
    run = glue.start()
    run.finish("b", "FAILED")
    run.finish("a")
    assert run.state("c") == "STARTING"
    run = glue.start()
    run.finish("b")
    assert run.state("c") == "SKIPPED"


def test_tr_10_one_trigger_may_listen_for_several_ends_of_one_job_by_any_but_not_by_and(glue: Project) -> None:
    """Glue's console allows one state a job and trigger, so that a clean-up needs two triggers there."""
    ends = '{ job = "a", state = "SUCCEEDED" }, { job = "a", state = "FAILED" }'
    text = start_of("a") + when("done", ends, '{ job = "tidy" }', 'logical = "{}"') + jobs("a", "tidy")
    glue.write(text.replace("{}", "ANY"))
    for state in ("SUCCEEDED", "FAILED"):
        run = glue.start()
        run.finish("a", state)
        run.finish("tidy")
        assert run.states() == {"a": state, "tidy": "SUCCEEDED"}
    (told,) = glue.complaints(text.replace("{}", "AND"))
    assert told.endswith(
        'can never come true: job a ends in one state, not in two (use logical = "ANY", or two triggers)'
    )


def test_tr_11_a_job_may_not_be_watched_and_started_by_one_trigger(glue: Project) -> None:
    text = start_of("a") + when("t", '{ job = "a", state = "FAILED" }', '{ job = "a" }') + jobs("a")
    (told,) = glue.complaints(text)
    assert told == (
        "7: triggers.t.actions[0].job: is both watched and started by this trigger "
        "(a run of it would start the next, for ever)"
    )


def test_tr_12_what_the_start_trigger_of_a_run_does_not_lead_to_never_runs_in_it(glue: Project) -> None:
    """In Glue, too, a chain has to descend from one start trigger; what else happens to it is not said there."""
    other = start_of("b").replace("by_hand", "other")
    after = when("after_b", '{ job = "b", state = "SUCCEEDED" }', '{ job = "c" }')
    glue.write(start_of("a") + other + after + jobs("a", "b", "c"))
    run = glue.start(trigger="by_hand")
    assert run.states() == {"a": "STARTING", "b": "SKIPPED", "c": "SKIPPED"}
    assert run.why_never("after_b") == "b is SKIPPED, not SUCCEEDED"
    run.finish("a")
    assert run.outcome == "SUCCEEDED"


# Actions


def test_tr_13_all_actions_of_a_trigger_start_together_and_a_crawler_takes_no_arguments(glue: Project) -> None:
    many = '{ job = "b" }, { crawler = "c" }, { job = "d", arguments = { "--x" = "1" }, timeout = "5m" }'
    text = start_of("a") + when("t", '{ job = "a", state = "SUCCEEDED" }', many) + jobs("a", "b", "d") + crawlers("c")
    glue.write(text)
    run = glue.start()
    run.finish("a")
    assert glue.at_work() == ["b", "c", "d"]
    for word in ('arguments = { "--x" = "1" }', 'timeout = "5m"'):
        (told,) = glue.complaints(text.replace('{ crawler = "c" }', f'{{ crawler = "c", {word} }}'))
        assert told.endswith(": a crawler takes none (rule of Glue: only jobs do)")


def test_tr_14_a_trigger_may_start_as_many_crawlers_and_jobs_as_it_likes(glue: Project) -> None:
    """Glue allows two crawlers and fifty jobs a trigger."""
    names = [f"j{number}" for number in range(60)]
    watched = [f"c{number}" for number in range(5)]
    actions = [f'{{ job = "{name}" }}' for name in names] + [f'{{ crawler = "{name}" }}' for name in watched]
    glue.write(start_of().replace("[]", f"[{', '.join(actions)}]") + jobs(*names) + crawlers(*watched))
    glue.start()
    assert glue.at_work() == [*names, *watched]


def test_tr_15_arguments_of_an_action_go_over_those_of_the_job_and_its_timeout_too(glue: Project) -> None:
    action = '{ job = "work", arguments = { "--level" = "full", "--new" = "1" }, timeout = "7s" }'
    text = BY_HAND.replace('{ job = "work" }', action) + jobs("work")
    glue.write(text + 'timeout = "1h"\nmax_retries = 1\narguments = { "--level" = "fast", "--own" = "2" }\n')
    run = glue.start()
    run.finish("work", "FAILED")
    for attempt in run.attempts("work"):
        assert attempt.arguments == {"--level": "full", "--own": "2", "--new": "1"}
        assert attempt.timeout_s == 7


def test_tr_16_and_f_4_a_conditional_trigger_fires_at_most_once_in_a_run(glue: Project) -> None:
    two = '{ job = "a", state = "SUCCEEDED" }, { job = "b", state = "SUCCEEDED" }'
    glue.write(start_of("a", "b") + when("t", two, '{ job = "c" }', 'logical = "ANY"') + jobs("a", "b", "c"))
    run = glue.start()
    run.finish("a")
    run.finish("c")
    run.finish("b")
    assert fires(run) == ["by_hand", "t"]
    assert len(run.attempts("c")) == 1


def test_tr_17_what_is_gone_already_can_be_deleted_again(glue: Project) -> None:
    """A workflow is deleted with its file; its runs go on and stay in the history, and Glue's would too."""
    glue.write(BY_HAND + jobs("work"))
    run = glue.start()
    glue.remove("night")
    glue.remove("night")
    with pytest.raises(EntityNotFound):
        glue.start()
    run.finish("work", "FAILED")
    assert run.outcome == "FAILED"
    glue.crash()
    assert [one.outcome for one in glue.runs()] == ["FAILED"]
    with pytest.raises(IllegalWorkflowState):
        run.stop()
    with pytest.raises(EntityNotFound):
        glue.resume(run)
    assert glue.resume(run, as_it_ran=True).state("work") == "STARTING"


# Files as events


def watch_of(workflow: Workflow) -> tuple[int, float]:
    watch = workflow.triggers[0].watch
    assert watch is not None
    return watch.batch_size, watch.batch_window_s


def test_ev_1_a_batch_has_1_to_100_files_and_a_window_of_1_to_900_seconds(glue: Project) -> None:
    assert watch_of(glue.write(FILES + jobs("work"))) == (1, 900)
    assert watch_of(glue.write(FILES + "batch_size = 5\n" + jobs("work"))) == (5, 900)
    for window, seconds in (("60", 60), ('"2m"', 120)):
        both = FILES + f"batch_size = 100\nbatch_window = {window}\n" + jobs("work")
        assert watch_of(glue.write(both)) == (100, seconds)
    for word, told in (
        ("batch_size = 0", "batch_size: must be 1 to 100, not 0"),
        ("batch_size = 101", "batch_size: must be 1 to 100, not 101"),
        ("batch_window = 901", "batch_window: must be 1 to 900, not 901"),
        ('batch_window = "500ms"', "batch_window: must be 1 to 900, not 0.5"),
    ):
        assert glue.complaints(FILES + word + "\n" + jobs("work")) == [f"5: triggers.files.{told}"]


def test_ev_2_a_batch_starts_a_run_by_size_or_when_its_window_is_over_and_counting_begins_anew(glue: Project) -> None:
    """The window opens with the first file that has settled."""
    glue.write(FILES + "batch_size = 2\nbatch_window = 60\n" + jobs("work"))
    glue.land("in/a.csv")
    glue.passes(59)
    assert glue.runs() == []
    glue.passes(1)
    assert [run.it.cause.files for run in glue.runs()] == [("in/a.csv",)]
    glue.land("in/b.csv", "in/c.csv")
    assert [run.it.cause.files for run in glue.runs()[1:]] == [("in/b.csv", "in/c.csv")]
    glue.land("in/d.csv")
    glue.passes(59)
    assert len(glue.runs()) == 2
    glue.passes(1)
    assert [run.it.cause.files for run in glue.runs()[2:]] == [("in/d.csv",)]


def test_ev_3_a_run_records_whether_size_or_window_started_it(glue: Project) -> None:
    glue.write(FILES + "batch_size = 2\nbatch_window = 60\n" + jobs("work"))
    glue.land("in/a.csv", "in/b.csv", "in/c.csv")
    glue.passes(60)
    assert [run.it.cause.fired_by for run in glue.runs()] == ["size", "window"]


def test_ev_4_a_run_names_the_files_of_its_batch(glue: Project) -> None:
    """Glue gives a run the ids of its events, from which nobody can tell the files."""
    glue.write(FILES + "batch_size = 2\n" + jobs("work"))
    glue.land("in/a.csv", "in/b.csv")
    (run,) = glue.runs()
    assert run.view.summary.event_files == ("in/a.csv", "in/b.csv")
    assert run.story()[0] == "run 1 of night asked for: 2 files (files)"
    run.finish("work", "FAILED")
    assert glue.resume(run).view.summary.event_files == ("in/a.csv", "in/b.csv")


def test_ev_5_a_file_starts_one_run_however_often_it_is_seen_and_whatever_crashes(glue: Project) -> None:
    """Glue may deliver an event twice, or not at all."""
    glue.write(FILES + jobs("work"))
    glue.land("in/a.csv")
    glue.look()
    glue.crash()
    glue.look()
    (glue.folder / "in/late.csv").write_text("landed while no engine ran")
    glue.crash()
    glue.passes(SETTLE_S)
    glue.look()
    assert [run.it.cause.files for run in glue.runs()] == [("in/a.csv",), ("in/late.csv",)]
    (glue.folder / "in/a.csv").write_text("a new version of the file is news")
    glue.look()
    glue.passes(SETTLE_S)
    glue.look()
    assert [run.it.cause.files for run in glue.runs()[2:]] == [("in/a.csv",)]
