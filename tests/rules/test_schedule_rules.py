"""CN-1 to CN-9: when schedules fire. Docstrings say where Glue does otherwise, or says nothing."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from one_project import Project, crawlers, jobs

from glue_tui.core.schedule import fires, parse_schedule
from glue_tui.engine.overview import trigger_view

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86400.0


def scheduled(schedule: str, further: str = "", *, timezone: str = "UTC") -> str:
    """Return a workflow of one job and a schedule. Every project begins on Wednesday, 18 November 2026, at noon UTC."""
    trigger = f'[triggers.timer]\ntype = "SCHEDULED"\nschedule = "{schedule}"\nactions = [{{ job = "work" }}]\n'
    return f'timezone = "{timezone}"\n' + trigger + further + jobs("work")


def coming(glue: Project, schedule: str, count: int = 3, *, timezone: str = "UTC") -> list[str]:
    """Let the engine read a schedule and return its first fires, in local time with the weekday."""
    glue.write(scheduled(schedule, timezone=timezone))
    times = list(islice(fires(parse_schedule(schedule), glue.now, timezone), count))
    assert glue.kernel.schedules.next_fires["night", "timer"] == (times[0] if times else None)
    return [f"{datetime.fromtimestamp(at, ZoneInfo(timezone)):%a %d %b %H:%M}" for at in times]


def complaint(glue: Project, schedule: str) -> str:
    (told,) = glue.complaints(scheduled(schedule))
    return told.removeprefix("4: triggers.timer.schedule: ")


def test_cn_1_a_schedule_is_in_the_workflows_time_zone_and_may_fire_every_minute(glue: Project) -> None:
    """Glue: UTC only, and never within five minutes."""
    assert coming(glue, "cron(0 22 * * ? *)", 1) == ["Wed 18 Nov 22:00"]
    assert coming(glue, "cron(0 22 * * ? *)", 1, timezone="Asia/Tokyo") == ["Wed 18 Nov 22:00"]
    assert coming(glue, "cron(* * * * ? *)") == ["Wed 18 Nov 12:01", "Wed 18 Nov 12:02", "Wed 18 Nov 12:03"]
    glue.passes(MINUTE_S)
    glue.passes(MINUTE_S)
    assert [run.it.cause.trigger for run in glue.runs()] == ["timer", "timer"]


def test_cn_2_six_fields_have_their_values_and_signs(glue: Project) -> None:
    assert coming(glue, "cron(0,30 8-9 1 1/6 ? 2027-2199)") == [
        "Fri 01 Jan 08:00",
        "Fri 01 Jan 08:30",
        "Fri 01 Jan 09:00",
    ]
    assert coming(glue, "cron(59 23 ? JAN-DEC SUN,SAT *)", 2) == ["Sat 21 Nov 23:59", "Sun 22 Nov 23:59"]
    assert coming(glue, "cron(0 0 ? * 1 *)", 1) == ["Sun 22 Nov 00:00"]
    for field, wrong, said in [
        (0, "60", 'minutes: "60" is not one of 0-59'),
        (1, "24", 'hours: "24" is not one of 0-23'),
        (2, "0", 'day-of-month: "0" is not one of 1-31'),
        (3, "13", 'month: "13" is not one of 1-12 or JAN-DEC'),
        (5, "1969", 'year: "1969" is not one of 1970-2199'),
        (5, "2200", 'year: "2200" is not one of 1970-2199'),
    ]:
        fields = ["0", "22", "*", "*", "?", "*"]
        fields[field] = wrong
        assert complaint(glue, f"cron({' '.join(fields)})") == "cron: " + said
    assert complaint(glue, "cron(0 22 ? * 8 *)") == 'cron: day-of-week: "8" is not one of 1-7 or SUN-SAT'


def test_cn_3_of_the_two_day_fields_exactly_one_is_a_question_mark(glue: Project) -> None:
    said = "cron: exactly one of day-of-month and day-of-week must be ? "
    assert complaint(glue, "cron(0 22 * * * *)") == said + "(write cron(0 22 * * ? *))"
    assert complaint(glue, "cron(0 22 ? * ? *)") == said + "(write cron(0 22 * * ? *))"
    either = "(for either day, two triggers: cron(0 22 1 * ? *) and cron(0 22 ? * MON *))"
    assert complaint(glue, "cron(0 22 1 * MON *)") == said + either
    assert complaint(glue, "cron(0 22 * * 1-5)").endswith("(write cron(0 22 ? * MON-FRI *))")


def test_cn_4_a_step_counts_from_the_number_before_it_and_names_are_in_any_case(glue: Project) -> None:
    assert coming(glue, "cron(1/10 12 * * ? *)", 2) == ["Wed 18 Nov 12:01", "Wed 18 Nov 12:11"]
    assert coming(glue, "cron(0/15 * * * ? *)") == ["Wed 18 Nov 12:15", "Wed 18 Nov 12:30", "Wed 18 Nov 12:45"]
    assert coming(glue, "cron(0 6 ? dec Mon *)", 1) == ["Mon 07 Dec 06:00"]


def test_cn_5_l_is_the_last_day_of_the_month_or_saturday(glue: Project) -> None:
    """`L-3`, `LW`, `6L` and `FRIL` are Quartz's; Glue's page does not show them."""
    assert coming(glue, "cron(0 6 L * ? *)") == ["Mon 30 Nov 06:00", "Thu 31 Dec 06:00", "Sun 31 Jan 06:00"]
    assert coming(glue, "cron(0 6 ? * L *)", 2) == ["Sat 21 Nov 06:00", "Sat 28 Nov 06:00"]
    assert coming(glue, "cron(0 6 ? * 6L *)", 2) == ["Fri 27 Nov 06:00", "Fri 25 Dec 06:00"]
    assert coming(glue, "cron(0 6 ? * FRIL *)", 2) == ["Fri 27 Nov 06:00", "Fri 25 Dec 06:00"]
    assert coming(glue, "cron(0 6 LW * ? *)") == ["Mon 30 Nov 06:00", "Thu 31 Dec 06:00", "Fri 29 Jan 06:00"]
    assert coming(glue, "cron(0 6 L-3 * ? *)", 1) == ["Fri 27 Nov 06:00"]


def test_cn_6_w_is_the_weekday_nearest_to_the_day_within_its_month(glue: Project) -> None:
    """Glue's page: the n-th weekday. EventBridge's: as here."""
    assert coming(glue, "cron(0 6 28W * ? *)", 1) == ["Fri 27 Nov 06:00"]
    assert coming(glue, "cron(0 6 22W * ? *)", 1) == ["Mon 23 Nov 06:00"]
    assert coming(glue, "cron(0 6 1W 5,8 ? *)", 2) == ["Mon 03 May 06:00", "Mon 02 Aug 06:00"]


def test_cn_7_hash_and_rate_are_understood(glue: Project) -> None:
    """Glue documents neither; both are EventBridge's."""
    assert coming(glue, "cron(0 6 ? * 3#2 *)", 2) == ["Tue 08 Dec 06:00", "Tue 12 Jan 06:00"]
    assert coming(glue, "cron(0 6 ? * MON#5 *)", 2) == ["Mon 30 Nov 06:00", "Mon 29 Mar 06:00"]
    assert coming(glue, "rate(5 minutes)", 2) == ["Wed 18 Nov 12:05", "Wed 18 Nov 12:10"]
    assert coming(glue, "rate(1 day)", 2) == ["Thu 19 Nov 00:00", "Fri 20 Nov 00:00"]
    assert complaint(glue, "rate(1 minutes)") == 'rate: "1 minutes" (write rate(1 minute), as AWS does)'


def test_cn_8_a_crawler_is_scheduled_by_a_trigger(glue: Project) -> None:
    """Glue: also by a schedule of its own, which AWS advises against in workflows."""
    (told,) = glue.complaints(scheduled("rate(1 hour)") + crawlers("sales") + 'schedule = "cron(0 22 * * ? *)"\n')
    assert "a trigger says it" in told
    assert 'actions = [{ crawler = "sales" }]' in told


def test_cn_9_a_day_that_a_month_has_not_does_not_occur(glue: Project) -> None:
    assert coming(glue, "cron(0 6 31 * ? *)") == ["Thu 31 Dec 06:00", "Sun 31 Jan 06:00", "Wed 31 Mar 06:00"]
    assert complaint(glue, "cron(0 6 31 2,4 ? *)").startswith("4: warning: triggers.timer.schedule: never fires: ")
    assert complaint(glue, "cron(0 6 1 1 ? 2025)").endswith(
        "never fires any more: the last time was Wed 2025-01-01 06:00"
    )


def test_cn_9_a_local_time_that_the_clock_skips_does_not_fire_and_one_that_comes_twice_fires_once(
    glue: Project,
) -> None:
    """Glue knows no time zones; EventBridge Scheduler does as here."""
    glue.now = datetime(2026, 3, 28, tzinfo=ZoneInfo("Europe/Paris")).timestamp()
    assert coming(glue, "cron(30 2 * * ? *)", 2, timezone="Europe/Paris") == ["Sat 28 Mar 02:30", "Mon 30 Mar 02:30"]
    glue.now = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Paris")).timestamp()
    assert coming(glue, "cron(30 2 * * ? *)", 2, timezone="Europe/Paris") == ["Sun 25 Oct 02:30", "Mon 26 Oct 02:30"]
    every_hour = ["Sun 25 Oct 01:30", "Sun 25 Oct 02:30", "Sun 25 Oct 02:30", "Sun 25 Oct 03:30"]
    assert coming(glue, "cron(30 1/1 * * ? *)", 3, timezone="Europe/Paris") == every_hour[:2] + every_hour[3:]
    assert coming(glue, "cron(30 * * * ? *)", 5, timezone="Europe/Paris")[1:] == every_hour


# Missed moments


def nightly(missed_runs: str = "", further: str = "") -> str:
    """Return a workflow that runs at 22:00 in Paris; the first time nine hours after a project begins."""
    line = f'missed_runs = "{missed_runs}"\n' if missed_runs else ""
    return further + scheduled("cron(0 22 * * ? *)", line, timezone="Europe/Paris")


def causes(glue: Project) -> list[tuple[str, int]]:
    """Return of each run the moment that the schedule meant, and how many missed ones it stands for."""
    found = [run.it.cause for run in glue.runs()]
    return [
        (f"{datetime.fromtimestamp(one.scheduled_at or 0, ZoneInfo('Europe/Paris')):%a %d %b %H:%M}", one.missed)
        for one in found
    ]


def notes(glue: Project) -> tuple[str, ...]:
    workflow = glue.kernel.workflow("night")
    return trigger_view(glue.kernel, workflow, workflow.triggers[0]).notes


def test_cn_9_what_was_due_while_no_engine_ran_runs_once_and_says_for_how_many(glue: Project) -> None:
    glue.write(nightly())
    glue.now += 3 * DAY_S
    glue.crash()
    assert causes(glue) == [("Fri 20 Nov 22:00", 3)]
    (run,) = glue.runs()
    assert run.story()[0] == "run 1 of night asked for: schedule (timer), for 3 missed starts"
    glue.passes(DAY_S)
    assert causes(glue)[1:] == [("Sat 21 Nov 22:00", 1)]


def test_cn_9_a_moment_met_within_a_minute_is_on_time(glue: Project) -> None:
    glue.write(nightly("skip"))
    glue.now += 9 * HOUR_S + 59
    glue.crash()
    assert causes(glue) == [("Wed 18 Nov 22:00", 0)]


def test_cn_9_a_trigger_may_leave_out_what_was_missed_and_says_so(glue: Project) -> None:
    glue.write(nightly("skip"))
    glue.now += 2 * DAY_S
    glue.crash()
    assert causes(glue) == []
    said = 'left out 2 missed starts, the last due Thu 2026-11-19 22:00 +01:00 (missed_runs = "skip")'
    assert notes(glue) == (said,)
    glue.crash()
    assert notes(glue) == (said,)
    glue.passes(9 * HOUR_S)
    assert (causes(glue), notes(glue)) == ([("Fri 20 Nov 22:00", 0)], ())


def test_cn_9_a_trigger_may_run_for_each_moment_that_was_missed_one_after_the_other(glue: Project) -> None:
    glue.write(nightly("run_all", "max_concurrent_runs = 1\n"))
    glue.now += 3 * DAY_S
    glue.crash()
    assert causes(glue) == [("Wed 18 Nov 22:00", 1), ("Thu 19 Nov 22:00", 1), ("Fri 20 Nov 22:00", 1)]
    assert [run.it.started_at is not None for run in glue.runs()] == [True, False, False]


@pytest.mark.parametrize("on_overlap", ["skip", "cancel_previous", "error"])
def test_cn_9_what_was_missed_waits_for_room_whatever_on_overlap_says(glue: Project, on_overlap: str) -> None:
    limit = f'max_concurrent_runs = 1\non_overlap = "{on_overlap}"\n'
    glue.write(nightly("run_all", limit))
    glue.now += 3 * DAY_S
    glue.crash()
    for count in (1, 2, 3):
        assert len(causes(glue)) == count
        assert notes(glue) == {1: ("2 starts wait for room",), 2: ("1 start waits for room",)}.get(count, ())
        glue.crash()
        glue.runs()[-1].begin("work")
        glue.runs()[-1].finish("work")
    assert causes(glue) == [("Wed 18 Nov 22:00", 1), ("Thu 19 Nov 22:00", 1), ("Fri 20 Nov 22:00", 1)]
    assert [run.outcome for run in glue.runs()] == ["SUCCEEDED"] * 3


def test_cn_9_what_came_due_while_the_engine_was_held_counts_as_missed_when_it_is_released(glue: Project) -> None:
    glue.write(nightly())
    glue.kernel.is_held = True
    glue.passes(2 * DAY_S)
    assert (causes(glue), notes(glue)) == ([], ("2 starts came due while the engine is held",))
    glue.kernel.is_held = False
    glue.passes(0)
    assert (causes(glue), notes(glue)) == ([("Thu 19 Nov 22:00", 2)], ())


def test_cn_9_a_machine_that_slept_has_missed_what_was_due(glue: Project) -> None:
    glue.write(nightly())
    glue.passes(2 * DAY_S)
    assert causes(glue) == [("Thu 19 Nov 22:00", 2)]


def test_cn_9_another_schedule_or_time_zone_begins_anew_and_an_edit_of_anything_else_does_not(glue: Project) -> None:
    glue.write(nightly())
    glue.now += DAY_S
    glue.write(nightly().replace("Europe/Paris", "Europe/Berlin"))
    glue.now += DAY_S
    glue.write(nightly())
    assert causes(glue) == []
    glue.now += DAY_S
    glue.write(nightly("run_once", 'description = "edited"\n'))
    assert causes(glue) == [("Fri 20 Nov 22:00", 1)]


def test_tr_2_what_a_trigger_missed_while_it_was_paused_stays_missed_also_across_a_restart(glue: Project) -> None:
    glue.write(nightly())
    glue.switch("timer", enabled=False)
    glue.now += 2 * DAY_S
    glue.crash()
    glue.switch("timer", enabled=True)
    assert causes(glue) == []
    glue.passes(9 * HOUR_S)
    assert causes(glue) == [("Fri 20 Nov 22:00", 0)]


def test_cn_9_yesterday_is_the_day_before_the_moment_that_the_schedule_meant(glue: Project) -> None:
    day = '[properties]\nday = { type = "date", default = "yesterday" }\n'
    glue.write(scheduled("cron(30 0 * * ? *)", day, timezone="Asia/Tokyo"))
    glue.now += 2 * DAY_S
    glue.crash()
    (run,) = glue.runs()
    at = datetime.fromtimestamp(run.it.cause.scheduled_at or 0, ZoneInfo("Asia/Tokyo"))
    assert (f"{at:%F %H:%M}", run.it.properties) == ("2026-11-20 00:30", {"day": "2026-11-19"})
    glue.now += 3 * DAY_S
    run.begin("work")
    run.finish("work", "FAILED")
    again = glue.resume(run)
    assert (again.it.cause.scheduled_at, again.it.cause.missed) == (run.it.cause.scheduled_at, 2)
    assert again.it.properties == {"day": "2026-11-19"}


def test_cn_9_a_start_that_on_overlap_forbids_is_told_until_the_next_that_it_allows(glue: Project) -> None:
    glue.write(nightly("", 'max_concurrent_runs = 1\non_overlap = "skip"\n'))
    run = glue.start()
    glue.passes(9 * HOUR_S)
    said = "did not start the run due Wed 2026-11-18 22:00 +01:00: "
    assert notes(glue) == (said + "1 of 1 runs of night are going; on_overlap is skip",)
    run.begin("work")
    run.finish("work")
    glue.passes(DAY_S)
    assert (len(causes(glue)), notes(glue)) == (2, ())


def test_cn_9_a_clock_that_is_set_forward_by_a_year_starts_a_hundred_runs_at_most(glue: Project) -> None:
    glue.write(scheduled("rate(5 minutes)", 'missed_runs = "run_all"\n'))
    glue.now += 365 * DAY_S + 1
    glue.crash()
    assert [run.it.cause.missed for run in glue.runs()] == [1] * 100 + [0]
    (said,) = notes(glue)
    assert said.startswith("left out 1,000 or more missed starts, the last due Thu 2027-11-18 03:35 +00:00")


def test_cn_9_one_run_for_a_year_counts_no_further_than_a_thousand(glue: Project) -> None:
    glue.write(scheduled("rate(5 minutes)"))
    glue.now += 365 * DAY_S + 1
    glue.crash()
    assert [run.it.cause.missed for run in glue.runs()] == [1000, 0]
