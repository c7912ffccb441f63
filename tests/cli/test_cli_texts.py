"""Tables, trees, times and choices of the command line: pure."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from glue_tui.cli.app import COMMANDS, SECTIONS, cli
from glue_tui.cli.init import starter_files
from glue_tui.cli.next import coming_fires
from glue_tui.cli.output import cell_width, error_lines, error_text, table_text
from glue_tui.cli.retry import last_failed
from glue_tui.cli.tree import children_of, roots_of, tree_lines
from glue_tui.client.words import count, duration, size, waiting_text
from glue_tui.protocol.views import EdgeView, ErrorView, RunSummary, TriggerView, WorkflowView

_words = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=("C", "M")), max_size=12)
_names = st.sampled_from([f"v{number}" for number in range(8)])


def summary(number: int, outcome: str, previous: int | None = None) -> RunSummary:
    return RunSummary(
        run_id=f"wr_{number}",
        number=number,
        workflow="w",
        status="COMPLETED",
        outcome=outcome,
        trigger="t",
        trigger_type="ON_DEMAND",
        queued_at=float(number),
        previous_run_id=f"wr_{previous}" if previous else "",
    )


@given(st.lists(st.tuples(_words, _words), max_size=6))
def test_columns_of_a_table_stand_under_each_other(rows: list[tuple[str, str]]) -> None:
    head, *lines = table_text(("one", "two", "end"), [(*row, "|") for row in rows], right=(1,)).split("\n")
    assert len(lines) == len(rows)
    assert {cell_width(line) for line in lines} <= {cell_width(head) - cell_width("end") + 1}


def test_wide_and_combining_characters_count_as_cells() -> None:
    assert cell_width("日本") == 4
    assert cell_width("é") == 1
    assert cell_width("\x1b[31mred\x1b[0m") == 3


@given(st.lists(st.tuples(_names, _names), max_size=20))
def test_a_tree_shows_every_vertex_and_ends_whatever_the_edges(pairs: list[tuple[str, str]]) -> None:
    edges = [EdgeView(source=source, destination=destination) for source, destination in pairs]
    vertices = sorted({vertex for pair in pairs for vertex in pair})
    children = children_of(edges)
    roots = roots_of(edges, vertices)
    lines = tree_lines(roots, children, lambda vertex, again: [vertex + (" (above)" if again else "")])
    reached = set(roots)
    todo = list(roots)
    while todo:
        for below in children.get(todo.pop(), ()):
            if below not in reached:
                reached.add(below)
                todo.append(below)
    names = [line.lstrip("│├└─ ") for line in lines]
    assert sorted(name for name in names if not name.endswith("(above)")) == sorted(reached)


def test_a_tree_draws_its_branches() -> None:
    children = {"a": ["b", "c"], "b": ["d"], "c": ["d"]}
    lines = tree_lines(
        ["a"], children, lambda vertex, again: [vertex + "!" * again, *(["more"] if vertex == "b" else [])]
    )
    assert lines == ["a", "├─ b", "│  │  more", "│  └─ d", "└─ c", "   └─ d!"]


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_durations_and_sizes_keep_to_a_few_characters(seconds: float, size_bytes: float) -> None:
    assert len(duration(seconds)) <= 10
    assert len(size(size_bytes)) <= 8


def test_durations_sizes_and_counts_read_like_this() -> None:
    assert [duration(s) for s in (0, 0.42, 9.94, 48, 72, 3 * 3600 + 300, 2 * 86400 + 4 * 3600)] == [
        "0.0s",
        "0.4s",
        "9.9s",
        "48s",
        "1m 12s",
        "3h 05m",
        "2d 4h",
    ]
    assert [size(s) for s in (840, 12_400, 312_000_000)] == ["840 B", "12.4 kB", "312 MB"]
    assert count(1_204_113) == "1 204 113"


def test_an_error_of_a_job_is_harmless_and_on_one_line() -> None:
    message, line = "bad\x1b[2J\nsecond\x07", "x = = 1\x1b\n    ^"
    error = ErrorView(type="ValueError", message=message, location="jobs/x.py:3", line=line, hint="mend it")
    assert error_text(error) == "ValueError: bad — jobs/x.py:3"
    lines = error_lines(error)
    assert [line.rstrip() for line in lines[2:]] == ["    x = = 1", "        ^", "Hint: mend it"]
    whole = "\n".join(lines)
    assert "second" in whole
    assert not {"\x1b", "\x07"} & set(whole)


def test_retry_takes_the_newest_failure_that_nobody_has_retried() -> None:
    failed, recovered, good = summary(1, "FAILED"), summary(2, "RECOVERED"), summary(3, "SUCCEEDED")
    assert last_failed((good, recovered, failed)) == recovered
    mended = summary(4, "SUCCEEDED", previous=2)
    assert last_failed((mended, good, recovered, failed)) == failed
    failed_again = summary(5, "FAILED", previous=2)
    assert last_failed((failed_again, good, recovered)) == failed_again
    going = summary(6, "")
    assert last_failed((going, good)) is None


def test_coming_fires_are_in_order_and_leave_out_what_is_disabled() -> None:
    def trigger(name: str, schedule: str, state: str = "ACTIVATED") -> TriggerView:
        return TriggerView(workflow="w", name=name, type="SCHEDULED", state=state, schedule=schedule)

    workflow = WorkflowView(
        name="w",
        source="workflows/w.toml",
        timezone="Europe/Paris",
        triggers=(
            trigger("nightly", "cron(0 22 * * ? *)"),
            trigger("often", "rate(5 minutes)"),
            trigger("off", "rate(1 minute)", "DEACTIVATED"),
            TriggerView(workflow="w", name="by_hand", type="ON_DEMAND", state="CREATED"),
        ),
    )
    fires = coming_fires((workflow,), 1_795_000_000.0, 3)
    assert [fire.trigger for fire in fires].count("nightly") == 3
    assert {fire.trigger for fire in fires} == {"nightly", "often"}
    assert all(before.at <= after.at for before, after in itertools.pairwise(fires))


def test_every_command_exists_and_stands_in_a_section_of_the_help() -> None:
    for name, entry in COMMANDS.items():
        assert entry.section in SECTIONS
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert command.name == name
        assert command.help


def test_the_starter_project_is_the_same_every_time() -> None:
    assert starter_files() == starter_files()
    assert sum(len(text) for text in starter_files().values()) < 10_000


def test_one_file_waits_and_more_wait() -> None:
    assert [waiting_text(files) for files in (0, 1, 1200)] == ["0 files wait", "1 file waits", "1 200 files wait"]
