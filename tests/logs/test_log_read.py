"""Log files read by offset: growing, cut, replaced, huge lines, hostile bytes, searching, merging."""

from __future__ import annotations

import random
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glue_tui.logs import read
from glue_tui.logs.clean import clean, clean_bytes
from glue_tui.logs.line_set import LineSet
from glue_tui.logs.read import BLOCK_BYTES, LINE_BYTES_MAX, LogFile, LogSource, parse
from glue_tui.logs.select import FilteredLog, LevelLog, MergedLog, line_of, place_of_line
from glue_tui.logs.tail import follow, merged, tail


def stamped(second: int, level: str = "INFO", text: str = "x") -> str:
    return f"2026-11-22T22:{second // 60:02d}:{second % 60:02d}.000Z {level:<5} {text}\n"


def catch_up(log: LogSource) -> None:
    log.poll()
    while log.is_behind:
        log.poll()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "attempt.log"


@pytest.fixture
def log(path: Path) -> Iterator[LogFile]:
    log = LogFile(path)
    yield log
    log.close()


def test_a_file_that_does_not_exist_yet_is_empty_until_it_does(path: Path, log: LogFile) -> None:
    assert log.poll() is False
    assert (log.line_count, log.lines(0, 10)) == (0, [])
    assert log.problem
    path.write_text("one\ntwo\n")
    assert log.poll() is True
    assert log.lines(0, 10) == ["one", "two"]
    assert log.problem == ""


def test_lines_are_taken_in_as_the_file_grows(path: Path, log: LogFile) -> None:
    with path.open("a") as file:
        file.write("one\ntw")
        file.flush()
        log.poll()
        assert log.lines(0, 10) == ["one", "tw"]
        assert (log.line_count, log.ended_line_count) == (2, 1)
        file.write("o\nthree\n")
        file.flush()
        assert log.poll() is True
        assert log.lines(0, 10) == ["one", "two", "three"]
        assert (log.line_count, log.ended_line_count) == (3, 3)
    assert log.poll() is False


def test_a_cut_file_starts_over(path: Path, log: LogFile) -> None:
    path.write_text("old\n" * 100)
    log.poll()
    path.write_text("new\n")
    assert log.poll() is True
    assert log.generation == 1
    assert log.lines(0, 10) == ["new"]


def test_a_file_rewritten_longer_than_before_starts_over(path: Path, log: LogFile) -> None:
    path.write_text("old\n")
    log.poll()
    path.write_text("another\n" * 10)
    log.poll()
    assert log.generation == 1
    assert log.lines(0, 1) == ["another"]


def test_a_rotated_file_starts_over_and_a_deleted_one_stays_readable(path: Path, log: LogFile) -> None:
    path.write_text("old\n")
    log.poll()
    path.rename(path.with_suffix(".1"))
    log.poll()
    assert log.lines(0, 10) == ["old"]
    path.write_text("new one\n")
    assert log.poll() is True
    assert (log.generation, log.lines(0, 10)) == (1, ["new one"])
    path.unlink()
    log.poll()
    assert log.lines(0, 10) == ["new one"]


def test_a_folder_in_place_of_the_file_is_a_problem_and_no_crash(path: Path, log: LogFile) -> None:
    path.mkdir()
    assert log.poll() is False
    assert log.problem == "not a regular file"


def test_a_huge_line_is_cut_when_shown_and_the_next_one_is_found(path: Path, log: LogFile) -> None:
    path.write_bytes(b"first\n" + b"x" * (5 * BLOCK_BYTES) + b"\nlast\n")
    catch_up(log)
    lines = log.lines(0, 10)
    assert [lines[0], lines[2]] == ["first", "last"]
    assert lines[1] == "x" * LINE_BYTES_MAX + "…"
    assert log.lines(2, 1) == ["last"]


def test_one_poll_reads_no_more_than_its_budget(path: Path, log: LogFile) -> None:
    path.write_bytes(b"0123456\n" * 40_000)
    log.poll(bytes_max=100_000)
    assert log.is_behind
    assert log.size_bytes == 100_000
    catch_up(log)
    assert log.line_count == 40_000
    assert not log.is_behind


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_window_of_any_file_read_in_any_steps_equals_the_file(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = random.Random(data.draw(st.integers(0, 10_000)))
    lines = [
        "y" * rng.choice([0, 1, 30, 100, 3000, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1])
        if rng.random() < 0.1
        else stamped(rng.randrange(3000), rng.choice(["INFO", "WARN", "ERROR"]), "z" * rng.randrange(200))[:-1]
        for _ in range(rng.randrange(1500))
    ]
    content = "\n".join(lines).encode() + (b"\n" if rng.random() < 0.5 else b"")
    path = tmp_path_factory.mktemp("logs") / "a.log"
    expected = content.decode().split("\n")
    if expected[-1] == "":
        expected.pop()
    log = LogFile(path)
    with path.open("ab") as file:
        start = 0
        while start < len(content):
            step = rng.choice([1, 10, 1000, 50_000, 200_000])
            file.write(content[start : start + step])
            file.flush()
            log.poll(bytes_max=rng.choice([500, 70_000, 10**7]))
            start += step
    catch_up(log)
    assert log.line_count == len(expected)
    assert log.errors == sum(parse(line).level == "ERROR" for line in expected)
    assert log.warnings == sum(parse(line).level == "WARN" for line in expected)
    assert list(log.error_lines()) == [n for n, line in enumerate(expected) if parse(line).level == "ERROR"]
    for _ in range(5):
        first, count = rng.randrange(len(expected) + 1), rng.randrange(60)
        shown = [line if len(line) <= LINE_BYTES_MAX else line[:LINE_BYTES_MAX] + "…" for line in expected]
        assert log.lines(first, count) == shown[first : first + count]
    log.close()


def test_a_million_lines_cost_little_memory(path: Path, log: LogFile) -> None:
    block = (stamped(1, "INFO", "y" * 80) * 99 + stamped(2, "ERROR", "bad")).encode()
    with path.open("wb") as file:
        for _ in range(10_000):
            file.write(block)
    tracemalloc.start()
    try:
        catch_up(log)
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert log.line_count == 1_000_000
    assert log.errors == 10_000
    assert kept_bytes < 2_000_000
    assert log.lines(999_999, 5) == [stamped(2, "ERROR", "bad")[:-1]]


def test_a_level_word_inside_a_text_is_not_counted(path: Path, log: LogFile) -> None:
    path.write_text(stamped(1, "INFO", "2026-11-22T22:00:01.000Z ERROR quoted") + "T22:00:01.000Z ERROR raw\n")
    log.poll()
    assert (log.errors, log.warnings) == (0, 0)


def test_find_goes_both_ways_in_steps_and_says_when_there_is_nothing(path: Path, log: LogFile) -> None:
    path.write_text("".join(f"line {number}\n" for number in range(10_000)))
    log.poll()
    pattern = re.compile("line 9999|LINE 5000", re.IGNORECASE)

    def found(start: int, direction: int) -> tuple[int | None, int]:
        steps, line = 0, start
        while True:
            steps += 1
            step = log.find(pattern, line, direction, bytes_max=1000)
            if step.line is not None or step.next_line is None:
                return step.line, steps
            line = step.next_line

    assert found(0, 1)[0] == 5000
    assert found(5001, 1)[0] == 9999
    assert found(9998, -1)[0] == 5000
    line, steps = found(4999, -1)
    assert line is None
    assert steps > 1


def test_find_sees_the_text_as_shown_not_the_escapes(path: Path, log: LogFile) -> None:
    path.write_bytes(b"plain\n\x1b[31mre\x1b[0md\n")
    log.poll()
    assert log.find(re.compile("red"), 0, 1).line == 1
    assert log.find(re.compile("31m"), 0, 1).line is None


def test_next_error_goes_on_beyond_the_positions_that_are_kept(
    path: Path, log: LogFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "PROBLEM_LINES_MAX", 2)
    levels = ["INFO", "ERROR", "ERROR", "INFO", "ERROR", "INFO"]
    path.write_text("".join(stamped(n, level) for n, level in enumerate(levels)))
    log.poll()
    assert log.errors == 3
    assert [log.next_error(line, 1).line for line in range(6)] == [1, 1, 2, 4, 4, None]
    assert [log.next_error(line, -1).line for line in range(6)] == [None, 1, 2, 2, 4, 4]


def test_parse_splits_a_line_and_leaves_a_raw_one_alone() -> None:
    line = parse("2026-11-22T22:04:10.123Z WARN  half full")
    assert (line.at, line.level, line.text) == (1795385050.123, "WARN", "half full")
    for raw in ("Traceback (most recent call last):", "2026-99-99T22:04:10.123Z INFO  x", ""):
        assert parse(raw) == read.LogLine(None, "", raw)


def test_a_filter_shows_matching_lines_as_they_come(path: Path, log: LogFile) -> None:
    path.write_text("keep 1\ndrop\nkeep 2\n")
    log.poll()
    kept = FilteredLog(log, re.compile("keep"))
    dropped = FilteredLog(log, re.compile("keep"), is_inverse=True)
    catch_up(kept)
    catch_up(dropped)
    assert (kept.lines(0, 9), dropped.lines(0, 9)) == (["keep 1", "keep 2"], ["drop"])
    with path.open("a") as file:
        file.write("keep 3\n" + stamped(1, "ERROR", "keep 4"))
    catch_up(kept)
    assert kept.lines(2, 9) == ["keep 3", stamped(1, "ERROR", "keep 4")[:-1]]
    assert list(kept.error_lines()) == [3]
    path.write_text("keep 9\n")
    catch_up(kept)
    assert (kept.generation, kept.lines(0, 9)) == (1, ["keep 9"])


def test_a_level_shows_its_lines_and_those_above_each_with_its_raw_lines(path: Path, log: LogFile) -> None:
    path.write_text(
        "raw first\n" + stamped(1, "DEBUG", "d") + "  of d\n" + stamped(2, "WARN", "w") + "  of w\n" + stamped(3)
    )
    warnings = LevelLog(log, "WARN")
    catch_up(warnings)
    assert [parse(line).text for line in warnings.lines(0, 9)] == ["raw first", "w", "  of w"]
    assert [line_of(FilteredLog(warnings, re.compile("")), 0), line_of(warnings, 2), place_of_line(warnings, 3)] == [
        0,
        4,
        1,
    ]
    with path.open("a") as file:
        file.write("  of x\n" + stamped(4, "ERROR", "e") + "  of e\n")
    catch_up(warnings)
    assert [parse(line).text for line in warnings.lines(3, 9)] == ["e", "  of e"]
    assert list(warnings.error_lines()) == [3]
    path.write_text(stamped(5) + "  of x\n")
    catch_up(warnings)
    assert (warnings.generation, warnings.line_count) == (1, 0)


@settings(deadline=None)
@given(numbers=st.sets(st.integers(0, 3000)), cut=st.integers(0, 3000), start=st.integers(0, 40))
def test_a_set_of_lines_is_like_a_sorted_list(numbers: set[int], cut: int, start: int) -> None:
    lines = LineSet()
    expected = sorted(numbers)
    for number in expected:
        lines.add(number)
    assert lines.slice(start, 7) == expected[start : start + 7]
    assert lines.place(cut) == sum(number < cut for number in expected)
    lines.cut(cut)
    expected = [number for number in expected if number < cut]
    assert (len(lines), lines.slice(0, 9999)) == (len(expected), expected)


def test_several_logs_are_merged_by_time_and_raw_lines_stay_with_theirs(tmp_path: Path) -> None:
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    one.write_text(stamped(1, text="a") + "raw of a\n" + stamped(5, "ERROR", text="c"))
    two.write_text(stamped(3, text="b") + stamped(6, text="d"))
    files = [LogFile(one), LogFile(two)]
    log = MergedLog([("one", files[0]), ("two", files[1])])
    catch_up(log)
    assert [parse(line).text for line in log.lines(0, 9)] == ["a", "raw of a", "b", "c", "d"]
    assert log.labels(0, 9) == ["one", "one", "two", "one", "two"]
    assert list(log.error_lines()) == [3]
    with two.open("a") as file:
        file.write(stamped(9, text="f"))
    catch_up(log)
    with one.open("a") as file:
        file.write(stamped(7, text="late") + stamped(10, "ERROR", text="g"))
    catch_up(log)
    assert [parse(line).text for line in log.lines(3, 9)] == ["c", "d", "late", "f", "g"]
    assert list(log.error_lines()) == [3, 7]
    assert log.find(re.compile("late"), 7, -1).line == 5
    assert [text[-2:].strip() for _, text in merged([one, two])][-2:] == ["f", "g"]
    for file in files:
        file.close()


@settings(max_examples=40, deadline=None)
@given(
    logs=st.lists(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=30), min_size=1, max_size=4),
    rng=st.randoms(use_true_random=False),
)
def test_a_merged_log_that_grew_by_chance_is_in_the_same_order_as_one_read_at_once(
    logs: list[list[tuple[int, bool]]], rng: random.Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("merged")
    contents = []
    for number, entries in enumerate(logs):
        times = sorted(second for second, _ in entries)
        lines = [
            stamped(second, text=f"{number}.{index}") if has_time else f"raw {number}.{index}\n"
            for index, (second, (_, has_time)) in enumerate(zip(times, entries, strict=True))
        ]
        contents.append(lines)
    paths = [folder / f"{number}.log" for number in range(len(logs))]
    files = [LogFile(path) for path in paths]
    grown = MergedLog([(path.name, file) for path, file in zip(paths, files, strict=True)])
    pattern = re.compile("[02468]$")
    seen = FilteredLog(grown, pattern)
    left = [list(lines) for lines in contents]
    while any(left):
        number = rng.choice([index for index, lines in enumerate(left) if lines])
        with paths[number].open("a") as file:
            file.write(left[number].pop(0))
        if rng.random() < 0.5:
            seen.poll()
    catch_up(seen)
    assert seen.lines(0, 999) == [line for line in grown.lines(0, 999) if pattern.search(line)]
    again = MergedLog([(path.name, file) for path, file in zip(paths, files, strict=True)])
    catch_up(again)
    assert grown.lines(0, 999) == again.lines(0, 999)
    assert len(grown.lines(0, 999)) == sum(len(lines) for lines in contents)
    for log in files:
        log.close()


def test_tail_gives_the_last_lines(path: Path) -> None:
    assert tail(path, 3) == []
    path.write_text("".join(f"{n}\n" for n in range(100)) + "half")
    assert tail(path, 3) == ["98", "99", "half"]


def test_follow_yields_what_is_written_until_told_to_stop(path: Path) -> None:
    path.write_text("old\n")
    done: list[bool] = []
    seen: list[str] = []

    def write() -> None:
        with path.open("a") as file:
            for number in range(50):
                file.write(f"new {number}\n")
                file.flush()
            file.write("half")
        done.append(True)

    writer = Thread(target=write)
    for line in follow(path, lambda: bool(done)):
        if not seen:
            writer.start()
        seen.append(line)
    writer.join()
    assert seen == ["old", *(f"new {number}" for number in range(50)), "half"]


NASTY = {
    "colours": ("\x1b[31mred\x1b[0m", "red"),
    "cursor": ("a\x1b[2J\x1b[10;5Hb\x1b[?1049l", "ab"),
    "reset": ("a\x1bcb", "ab"),
    "charset": ("a\x1b(0b", "ab"),
    "title": ("a\x1b]0;owned\x07b", "ab"),
    "link": ("\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\", "text"),
    "clipboard, never ended": ("a\x1b]52;c;aGFjaw==", "a"),
    "device control": ("a\x1bP1;2|payload\x1b\\b", "ab"),
    "cut off": ("a\x1b[12", "a"),
    "lone escape": ("a\x1b", "a"),
    "C1 sequence": ("a\x9b31mb", "a\ufffd31mb"),
    "bells": ("a\x07\x08b", "a\ufffd\ufffdb"),
    "NUL": ("a\x00b", "a\ufffdb"),
    "separators": ("a\x1c\x1d\x1e\x1f\x0b\x0c\x85b", "a" + "\ufffd" * 7 + "b"),
    "line separators": ("a\u2028b\u2029c", "abc"),
    "bidi": ("a\u202eevil\u202c\u2066x\u2069\u200fb", "aevilxb"),
    "joiner": ("\U0001f469\u200d\U0001f52c", "\U0001f469\U0001f52c"),
    "variation": ("\u2764\ufe0f!", "\u2764!"),
    "skin": ("\U0001f44d\U0001f3fd", "\U0001f44d"),
    "flag": ("\U0001f1eb\U0001f1f7", "FR"),
    "many marks": ("e" + "\u0301" * 50, "e\u0301\u0301"),
    "tab": ("a\tb", "a       b"),
    "progress": ("10%\r20%\r100%", "100%"),
    "progress that ended": ("10%\r100%\r", "100%"),
    "windows line": ("text\r", "text"),
    "markup": ("[red]x[/] [@click=app.quit]y[/]", "[red]x[/] [@click=app.quit]y[/]"),
    "wide": ("日本", "日本"),
    "surrogate": ("a\ud800b", "a\ufffdb"),
}


@pytest.mark.parametrize("kind", NASTY)
def test_what_a_job_prints_is_made_harmless(kind: str) -> None:
    nasty, harmless = NASTY[kind]
    assert clean(nasty) == harmless


def test_broken_utf8_shows_as_replacement() -> None:
    assert clean_bytes(b"a\xff\xfe\xc3(b") == "a\ufffd\ufffd\ufffd(b"


@given(st.text())
def test_clean_text_holds_nothing_that_a_terminal_obeys_and_stays_as_it_is(text: str) -> None:
    shown = clean(text)
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in shown)
    assert clean(shown) == shown
    shown.encode()


def test_a_line_of_escapes_alone_is_cleaned_in_linear_time() -> None:
    assert clean("\x1b]" * 200_000) == ""
    assert clean("\x1b[" * 100_000) == "[" * 99_999
