"""What runs at the same time, what waits and says for whom: JR-2 to JR-4, JR-10, JR-11, CR-1, CR-2, F-2, F-8, F-9.

Each docstring says where Glue does otherwise, if it does.
"""

from __future__ import annotations

import pytest
from one_project import Project, Run, crawlers, jobs

from glue_tui.core.problem import EntityNotFound
from glue_tui.core.waiting import NOTHING, waits
from glue_tui.store.outbox import deliveries

WORK = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ job = "work" }]\n'
CRAWL = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ crawler = "landing" }]\n' + crawlers("landing")


def command(name: str, *lines: str) -> str:
    """Return the definition of a job with some keys of its own."""
    return "\n".join([f"[jobs.{name}]", 'type = "command"', 'command = ["true"]', *lines]) + "\n"


def after(name: str, condition: str, starts: str) -> str:
    return f'[triggers.{name}]\ntype = "CONDITIONAL"\nconditions = [{condition}]\nactions = [{starts}]\n'


def why(run: Run, name: str) -> str:
    """Return what the engine says that a waiting node waits for."""
    project = run.project
    told = waits(project.kernel.runs.values(), project.now).get(run.run_id, NOTHING)
    return told.nodes.get(run.node_id(name), "")


# Jobs


def test_jr_2_a_triggered_job_over_its_limit_waits_and_does_not_fail(glue: Project) -> None:
    """Glue lets it FAIL, and with it what comes after."""
    glue.write(WORK + after("done", '{ job = "work", state = "SUCCEEDED" }', '{ job = "next" }') + jobs("work", "next"))
    first, second = glue.start(), glue.start()
    assert (first.state("work"), second.state("work")) == ("STARTING", "WAITING")
    first.finish("work")
    second.finish("work")
    assert (first.state("next"), second.state("next")) == ("STARTING", "WAITING")
    first.finish("next")
    second.finish("next")
    assert (first.outcome, second.outcome) == ("SUCCEEDED", "SUCCEEDED")


def test_jr_3_a_job_runs_once_at_a_time_over_all_runs_and_older_runs_go_first(glue: Project) -> None:
    glue.write(WORK + jobs("work"))
    runs = [glue.start() for _ in range(3)]
    assert [run.state("work") for run in runs] == ["STARTING", "WAITING", "WAITING"]
    runs[0].finish("work")
    assert [run.state("work") for run in runs] == ["SUCCEEDED", "STARTING", "WAITING"]


def test_jr_3_a_job_may_say_how_often_it_runs_at_a_time(glue: Project) -> None:
    glue.write(WORK + command("work", "max_concurrent_runs = 2"))
    assert [glue.start().state("work") for _ in range(3)] == ["STARTING", "STARTING", "WAITING"]


def test_jr_3_zero_is_unlimited(glue: Project) -> None:
    """In Glue the account's quota of 1,000 is the limit then; here the slots are."""
    glue.write(WORK + command("work", "max_concurrent_runs = 0"))
    assert {glue.start().state("work") for _ in range(5)} == {"STARTING"}


def test_jr_3_jobs_of_the_same_name_in_two_workflows_are_two_jobs(glue: Project) -> None:
    """In Glue a job is shared between workflows."""
    glue.write(WORK + jobs("work"))
    glue.write(WORK + jobs("work"), name="day")
    assert glue.start("night").state("work") == "STARTING"
    assert glue.start("day").state("work") == "STARTING"


def test_jr_3_a_crash_lets_no_second_run_have_the_job(glue: Project) -> None:
    glue.write(WORK + jobs("work"))
    first, second = glue.start(), glue.start()
    glue.crash()
    assert (first.state("work"), second.state("work")) == ("STARTING", "WAITING")


def test_jr_4_a_job_that_waits_says_for_whom(glue: Project) -> None:
    """Glue says why in StateDetail, and gives up after 15 minutes."""
    glue.write(WORK + jobs("work"))
    glue.start()
    second = glue.start()
    assert why(second, "work") == "waits for run 1: work runs once at a time"
    glue.passes(16 * 60)
    assert second.state("work") == "WAITING"


def test_jr_4_a_job_that_waits_for_a_slot_says_who_has_them(glue: Project) -> None:
    glue.kernel.slots = 1
    glue.write(WORK.replace('{ job = "work" }', '{ job = "work" }, { job = "more" }') + jobs("work", "more"))
    run = glue.start()
    assert why(run, "more") == "waits for the one slot, taken by run 1"
    run.finish("work")
    assert run.state("more") == "STARTING"
    assert why(run, "more") == ""


def test_jr_4_a_stop_does_not_wait(glue: Project) -> None:
    glue.write(WORK + jobs("work"))
    glue.start()
    second = glue.start()
    second.stop()
    assert (second.status, second.state("work")) == ("STOPPED", "STOPPED")


# Arguments


@pytest.mark.parametrize("name", ["--conf", "--debug", "--mode", "--JOB_NAME", "--WORKFLOW_NAME", "--WORKFLOW_RUN_ID"])
def test_jr_10_reserved_names_of_arguments_are_refused_with_the_reason(glue: Project, name: str) -> None:
    """Glue takes them and may do anything then. The last three we set ourselves."""
    (told,) = glue.complaints(WORK + command("work", f'arguments = {{ "{name}" = "x" }}'))
    assert told.startswith(f"7: jobs.work.arguments.{name}: is ")
    assert "set by glue-tui itself" in told or "reserved" in told
    assert told.endswith("(choose another name)")


def test_jr_10_arguments_of_a_trigger_go_over_the_jobs_and_those_that_are_fixed_over_both(glue: Project) -> None:
    fixed = 'non_overridable_arguments = { "--c" = "fixed" }'
    text = command("work", 'arguments = { "--a" = "job", "--b" = "job" }', "max_retries = 1", fixed)
    given = '{ job = "work", arguments = { "--b" = "trigger", "--c" = "trigger", "--d" = "trigger" } }'
    assert glue.complaints(WORK.replace('{ job = "work" }', given) + text) == [
        "3: warning: triggers.by_hand.actions[0].arguments.--c: is ignored "
        "(it is one of the job's non_overridable_arguments)"
    ]
    glue.load()
    run = glue.start()
    run.finish("work", "FAILED")
    expected = {"--a": "job", "--b": "trigger", "--c": "fixed", "--d": "trigger"}
    assert [one.arguments for one in run.attempts("work")] == [expected, expected]


# Notices of delay


def test_jr_11_a_job_that_is_still_at_work_after_its_notify_delay_is_told_once(glue: Project) -> None:
    """Glue sends an event; here it stands in the run's events and on the node."""
    glue.write(WORK + command("work", 'notify_delay_after = "10m"'))
    run = glue.start()
    glue.passes(599)
    assert run.view.nodes[0].warning == ""
    glue.passes(1)
    assert run.view.nodes[0].warning == "still at work after 600 s"
    glue.passes(3600)
    told = [line for line in run.story() if "notify_delay_after" in line]
    assert told == ["work is still at work after its notify_delay_after, attempt 1"]
    run.finish("work")
    assert (run.outcome, run.view.nodes[0].warning) == ("SUCCEEDED", "")


def test_jr_11_each_attempt_has_its_own_notice_and_waiting_is_not_counted(glue: Project) -> None:
    glue.write(WORK + command("work", 'notify_delay_after = "10m"', "max_retries = 1", 'retry_delay = "1h"'))
    run = glue.start()
    glue.passes(600)
    run.finish("work", "FAILED")
    glue.passes(3600)
    assert run.state("work") == "STARTING"
    glue.passes(599)
    assert len([line for line in run.story() if "notify_delay_after" in line]) == 1
    glue.passes(1)
    assert len([line for line in run.story() if "notify_delay_after" in line]) == 2


def test_jr_11_a_notification_is_sent_on_each_delay(glue: Project) -> None:
    slow = command("work", 'notify_delay_after = "10m"', "max_retries = 1")
    glue.write(WORK + slow + '[[notifications]]\non = ["DELAYED"]\ncommand = ["tell"]\n')
    run = glue.start()
    glue.passes(3600)
    run.finish("work", "FAILED")
    glue.passes(3600)
    run.finish("work")
    told = deliveries(glue.conn)
    assert [(one.number, one.occasion, one.node, one.state) for one in told] == [(1, "DELAYED", "work", "PENDING")] * 2


# Crawlers


def test_cr_1_a_crawler_runs_one_crawl_at_a_time_and_nothing_can_change_that(glue: Project) -> None:
    glue.write(CRAWL)
    assert [glue.start().state("landing") for _ in range(2)] == ["STARTING", "WAITING"]
    (told,) = glue.complaints(CRAWL + "max_concurrent_runs = 2\n")
    assert told.endswith("unknown key (leave it out: a crawler always runs one crawl at a time)")


def test_cr_1_a_crawler_by_itself_waits_for_its_busy_self_but_for_no_turn_of_its_workflow(glue: Project) -> None:
    """Glue refuses it while the crawler is at work; of a limit of runs of workflows, StartCrawler knows nothing."""
    limit = 'max_concurrent_runs = 1\non_overlap = "error"\n[properties]\nday = { type = "date" }\n'
    glue.write(
        limit + CRAWL + after("done", '{ crawler = "landing", state = "SUCCEEDED" }', '{ job = "next" }') + jobs("next")
    )
    flow, alone = glue.start(day="2026-11-22"), glue.crawl("landing")
    assert why(alone, "landing") == "waits for run 1: landing runs once at a time"
    flow.finish("landing")
    alone.finish("landing")
    assert (alone.outcome, alone.states()) == ("SUCCEEDED", {"landing": "SUCCEEDED"}), "nothing of its workflow follows"
    flow.finish("next")
    first = glue.crawl("landing")
    assert glue.start(day="2026-11-22").state("landing") == "WAITING", "it is in nobody's way but the crawler's"
    first.finish("landing", "FAILED")
    again = glue.resume(first)
    assert again.states() == {"landing": "WAITING"}
    with pytest.raises(EntityNotFound, match='no crawler "lading" in night'):
        glue.crawl("lading")


def test_cr_2_and_f_8_a_triggered_start_of_a_busy_crawler_waits_for_it(glue: Project) -> None:
    """Glue's crawl presumably ends in ERROR, as nobody can say for how long to wait."""
    glue.write(CRAWL)
    first, second = glue.start(), glue.start()
    assert why(second, "landing") == "waits for run 1: landing runs once at a time"
    first.finish("landing", "FAILED")
    assert second.state("landing") == "STARTING"


# What Glue leaves open


def test_f_9_a_node_that_two_triggers_start_runs_once_in_a_run(glue: Project) -> None:
    """In Glue the second start presumably fails at the job's limit, or at the busy crawler."""
    both = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = [{ job = "a" }, { job = "b" }]\n'
    text = both + jobs("a", "b", "c")
    for name in ("a", "b"):
        text += after(f"{name}_done", f'{{ job = "{name}", state = "SUCCEEDED" }}', '{ job = "c" }')
    glue.write(text)
    run = glue.start()
    for name in ("a", "b", "c"):
        run.finish(name)
    assert (run.trigger("a_done"), run.trigger("b_done")) == ("FIRED", "FIRED")
    assert len(run.attempts("c")) == 1
    assert run.outcome == "SUCCEEDED"


@pytest.mark.parametrize("end", ["SUCCEEDED", "FAILED", "TIMEOUT", "ERROR"])
def test_f_2_any_terminal_holds_however_a_node_ended(glue: Project, end: str) -> None:
    """Glue listens for SUCCEEDED, FAILED, STOPPED and TIMEOUT only: a node in ERROR strands what comes after it."""
    tidy = after("ended", '{ job = "work", state = "ANY_TERMINAL" }', '{ job = "tidy" }')
    glue.write(WORK + tidy + command("work", 'timeout = "1m"') + jobs("tidy"))
    run = glue.start()
    if end == "TIMEOUT":
        glue.passes(60)
    run.finish("work", end)
    assert (run.state("work"), run.state("tidy")) == (end, "STARTING")
    run.finish("tidy")
    assert run.outcome == {"SUCCEEDED": "SUCCEEDED", "ERROR": "ERROR"}.get(end, "FAILED")


def test_f_2_any_terminal_never_holds_for_a_node_that_was_skipped(glue: Project) -> None:
    text = WORK + after("failed", '{ job = "work", state = "FAILED" }', '{ job = "mend" }')
    text += after("ended", '{ job = "mend", state = "ANY_TERMINAL" }', '{ job = "tidy" }')
    glue.write(text + jobs("work", "mend", "tidy"))
    run = glue.start()
    run.finish("work")
    assert run.states() == {"work": "SUCCEEDED", "mend": "SKIPPED", "tidy": "SKIPPED"}
    assert run.why_never("ended") == "mend did not run"


def test_f_2_any_terminal_handles_no_failure(glue: Project) -> None:
    """Clearing up is not mending: only a trigger that listens for the failure makes a run RECOVERED."""
    text = WORK + after("ended", '{ job = "work", state = "ANY_TERMINAL" }', '{ job = "tidy" }')
    text += after("failed", '{ job = "work", state = "FAILED" }', '{ job = "mend" }')
    glue.write(text + jobs("work", "tidy", "mend"))
    run = glue.start()
    run.finish("work", "FAILED")
    run.finish("tidy")
    run.finish("mend")
    assert run.outcome == "RECOVERED"
    glue.write(text.replace('"FAILED"', '"TIMEOUT"') + jobs("work", "tidy", "mend"))
    again = glue.start()
    again.finish("work", "FAILED")
    again.finish("tidy")
    assert again.outcome == "FAILED"


def test_f_2_any_terminal_may_be_said_of_a_crawler(glue: Project) -> None:
    glue.write(
        CRAWL + after("ended", '{ crawler = "landing", state = "ANY_TERMINAL" }', '{ job = "tidy" }') + jobs("tidy")
    )
    run = glue.start()
    run.finish("landing", "FAILED")
    assert run.state("tidy") == "STARTING"
