"""Glue's `getResolvedOptions`, as scripts written for Glue call it."""

from __future__ import annotations

import pytest

from glue_tui.jobs.for_scripts.awsglue.utils import GlueArgumentError, getResolvedOptions

ARGV = ["job.py", "--JOB_NAME", "load", "--JOB_RUN_ID", "jr_1", "--day", "2026-11-22", "--min-rows=3", "--empty", ""]


def test_jr_10_arguments_are_answered_by_name_dashes_as_underscores() -> None:
    found = getResolvedOptions(ARGV, ["JOB_NAME", "day", "min-rows", "empty"])
    assert (found["JOB_NAME"], found["day"], found["min_rows"], found["empty"]) == ("load", "2026-11-22", "3", "")
    assert (found["JOB_RUN_ID"], found["JOB_ID"], found["TempDir"]) == ("jr_1", None, None)
    assert found["job_bookmark_option"] == "job-bookmark-disable"


def test_an_argument_that_is_missing_is_named_and_the_beginning_of_another_one_is_not_taken() -> None:
    with pytest.raises(GlueArgumentError, match="arguments are required: --month, --da"):
        getResolvedOptions(ARGV, ["day", "month", "da"])
    with pytest.raises(GlueArgumentError, match="arguments are required: --day_from"):
        getResolvedOptions(ARGV, ["day_from"])
    with pytest.raises(GlueArgumentError, match="--day: expected one argument"):
        getResolvedOptions(["job.py", "--day"], ["day"])


@pytest.mark.parametrize("name", ["job-bookmark-option", "JOB_RUN_ID", "job-bookmark-from", "encryption-type"])
def test_a_name_of_glues_own_can_not_be_asked_for(name: str) -> None:
    with pytest.raises(RuntimeError, match=f"reserved arguments --{name}"):
        getResolvedOptions(ARGV, [name])


def test_temp_dir_has_two_names_and_may_be_missing() -> None:
    found = getResolvedOptions([*ARGV, "--TempDir", "tmp"], ["TempDir", "day"])
    assert (found["TempDir"], found["RedshiftTempDir"]) == ("tmp", "tmp")


def test_a_range_belongs_to_a_pause_and_has_two_ends() -> None:
    both = ["--job-bookmark-from", "jr_1", "--job-bookmark-to", "jr_2"]
    pause = ["--job-bookmark-option", "job-bookmark-pause"]
    assert getResolvedOptions([*ARGV, *pause, *both], [])["job_bookmark_to"] == "jr_2"
    with pytest.raises(RuntimeError, match="value for --job-bookmark-to"):
        getResolvedOptions([*ARGV, *pause, *both[:2]], [])
    with pytest.raises(RuntimeError, match="Invalid option"):
        getResolvedOptions([*ARGV, *both], [])
    with pytest.raises(GlueArgumentError, match="invalid choice"):
        getResolvedOptions([*ARGV, "--job-bookmark-option", "yes"], [])
