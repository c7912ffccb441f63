"""How much may be on its way to the terminal."""

from __future__ import annotations

from glue_tui.tui.display import ANSWER_WITHIN_S, ASK_AFTER_BYTES, UNDERWAY_BYTES_MAX, Line


def test_small_frames_go_without_a_question() -> None:
    line = Line()
    assert not line.send(ASK_AFTER_BYTES // 2, 0.0)
    assert line.is_free(0.0)
    assert line.send(ASK_AFTER_BYTES // 2, 0.0)
    assert not line.send(ASK_AFTER_BYTES // 2, 0.0)


def test_frames_wait_while_much_is_not_acknowledged() -> None:
    line = Line()
    line.send(UNDERWAY_BYTES_MAX, 0.0)
    assert not line.is_free(0.1)
    line.answered()
    assert line.is_free(0.1)


def test_an_answer_acknowledges_only_what_was_sent_before_its_question() -> None:
    line = Line()
    line.send(UNDERWAY_BYTES_MAX, 0.0)
    line.send(UNDERWAY_BYTES_MAX, 0.0)
    line.answered()
    assert not line.is_free(0.1)
    line.answered()
    assert line.is_free(0.1)


def test_a_lost_answer_holds_the_screen_up_for_no_longer_than_a_moment() -> None:
    line = Line()
    line.send(UNDERWAY_BYTES_MAX, 0.0)
    assert not line.is_free(ANSWER_WITHIN_S)
    assert line.is_free(ANSWER_WITHIN_S + 0.1)


def test_an_answer_nobody_asked_for_changes_nothing() -> None:
    line = Line()
    line.answered()
    line.send(UNDERWAY_BYTES_MAX, 0.0)
    assert not line.is_free(0.1)
