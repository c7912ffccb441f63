"""Durations, ages, sizes; cutting, wrapping, columns: what is drawn is never wider than its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from glue_tui.client.words import count, duration, size
from glue_tui.core.states import NodeState, Outcome
from glue_tui.tui.detail import _event_files
from glue_tui.tui.format import age, node_look, until, whole_duration
from glue_tui.tui.paint import columns, cut, fit, segments, wrap, wrap_spans
from glue_tui.tui.theme import ASCII_GLYPHS, GLYPHS, TONES, TONES_WITHOUT_COLOUR, Look
from glue_tui.tui.widgets.notice import Notice

LOOK = Look()
TEXTS = st.text(max_size=60)
SPANS = st.lists(st.tuples(TEXTS, st.sampled_from(["text", "muted", "bad", ""])), max_size=6).map(tuple)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.04s"),
        (0.4, "0.4s"),
        (9.96, "10s"),
        (48.2, "48s"),
        (59.7, "1m 00s"),
        (72, "1m 12s"),
        (3 * 3600 + 300, "3h 05m"),
        (200_000, "2d 7h"),
        (-1, "0.0s"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_running_time_has_no_fractions() -> None:
    assert [whole_duration(one) for one in (0.9, 9.99, 10.2, 61.0)] == ["0s", "9s", "10s", "1m 01s"]


def test_ages_and_what_is_ahead_are_told_by_the_minute() -> None:
    assert [age(one) for one in (5, 125, 7300, 200_000)] == ["now", "2m", "2h", "2d"]
    assert [until(one) for one in (-5, 30, 3300, 86_120, 300_000)] == [
        "now",
        "in 1m",
        "in 55m",
        "in 23h 56m",
        "in 3d 11h",
    ]


def test_sizes_and_counts() -> None:
    assert [size(one) for one in (840, 12_400, 312_000_000, 2.5e12)] == ["840 B", "12.4 kB", "312 MB", "2.5 TB"]
    assert count(1_204_113) == "1 204 113"


def test_every_state_has_its_glyph_word_and_tone_in_both_sets() -> None:
    looks = [node_look(state.value) for state in NodeState]
    assert len({look.word for look in looks}) == len(looks)
    assert {look.glyph for look in looks} <= set(GLYPHS)
    assert {look.tone for look in looks} <= set(TONES)
    assert set(GLYPHS) == set(ASCII_GLYPHS)
    assert set(TONES) == set(TONES_WITHOUT_COLOUR)
    assert all(cell_len(one) == 1 for one in (*GLYPHS.values(), *ASCII_GLYPHS.values()))
    assert all(one.isascii() for one in ASCII_GLYPHS.values())
    assert {outcome.value for outcome in Outcome} == {"SUCCEEDED", "RECOVERED", "FAILED", "STOPPED", "ERROR"}


@given(TEXTS, st.integers(0, 40))
def test_cut_text_fits_and_says_that_it_was_cut(text: str, width: int) -> None:
    shown = cut(text, width, LOOK)
    assert cell_len(shown) <= width


@given(SPANS, st.integers(0, 60))
def test_fitted_spans_fit(spans: tuple[tuple[str, str], ...], width: int) -> None:
    assert sum(cell_len(text) for text, _ in fit(spans, width, LOOK)) <= width


@given(SPANS, SPANS, st.integers(4, 80))
def test_a_drawn_line_has_exactly_its_width(
    left: tuple[tuple[str, str], ...], right: tuple[tuple[str, str], ...], width: int
) -> None:
    drawn = segments(columns(left, right, width, LOOK), width, LOOK)
    assert sum(segment.cell_length for segment in drawn) == width
    assert not any(ord(character) < 32 or character == "\x9b" for segment in drawn for character in segment.text)


@given(st.text(max_size=200), st.integers(4, 40))
def test_wrapped_text_fits_and_loses_no_word(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)


def test_wrapped_spans_break_at_blanks_and_indent_what_follows() -> None:
    rows = wrap_spans((("clean_sales is ", "text"), ("FAILED, not SUCCEEDED", "bad")), 20)
    assert ["".join(text for text, _ in row) for row in rows] == [
        "clean_sales is ",
        "    FAILED, not ",
        "    SUCCEEDED",
    ]


def test_a_run_that_files_started_names_the_first_of_them() -> None:
    files = ("in/orders_7.csv", "in/orders_8.csv", "in/orders_9.csv")
    assert _event_files(files) == ": orders_7.csv +2"
    assert _event_files(files[:1]) == ": orders_7.csv"
    assert _event_files(()) == ""


def test_a_notice_takes_one_line_where_that_is_enough() -> None:
    notice = Notice(Look(), id="notice")
    assert notice.rows(78) == ()
    notice.set_text("run 1 of daily_sales started", "glue-tui run daily_sales", "good")
    assert len(notice.rows(78)) == 1
    assert len(notice.rows(40)) == 2
