from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.logs.levels import INFO
from glue_tui.logs.write import LogStream, LogWriter, Secrets, pump, split_lines

_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO |WARN |ERROR) (.*)")


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    path = tmp_path / "attempt.log"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    yield fd, path
    os.close(fd)


def texts(path: Path) -> list[str]:
    found = [_LINE.fullmatch(line) for line in path.read_text().splitlines()]
    return [f"{match[1].strip()} {match[2]}" for match in found if match]


def test_each_level_has_its_word(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    log = LogWriter(fd)
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error(4)
    assert texts(path) == ["DEBUG a", "INFO b", "WARN c", "ERROR 4"]


def test_further_lines_of_an_entry_follow_indented(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    LogWriter(fd).info("first\n  second\nthird\n")
    first, *others = path.read_text().splitlines()
    assert first.endswith("Z INFO  first")
    assert others == ["      second", "    third"]


def test_secrets_are_masked_in_every_spelling(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    secrets = Secrets()
    secrets.add("p@ss wörd/'x")
    secrets.add("p@ss")
    secrets.add("on")
    log = LogWriter(fd, secrets=secrets)
    log.info("url postgresql://me:p%40ss%20w%C3%B6rd%2F%27x@db, form p%40ss+w%C3%B6rd%2F%27x")
    log.info(f"on {['p@ss wörd/']!r} p@ss wörd/'x p@ss")
    assert texts(path) == ["INFO url postgresql://me:***@db, form ***", "INFO on ['*** wörd/'] *** ***"]


def test_a_full_log_says_so_once_and_still_takes_the_end(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    log = LogWriter(fd, bytes_max=200)
    for number in range(20):
        log.info(f"line {number}")
    log.line("ERROR", "how it ended", always=True)
    assert texts(path)[-2:] == [
        "WARN log limit of 200 bytes reached: further output of this attempt is not kept",
        "ERROR how it ended",
    ]
    assert path.read_text().count("log limit") == 1


def test_threads_write_whole_lines(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    stream = LogStream(LogWriter(fd), INFO, fd)

    def talk(name: str) -> None:
        for number in range(200):
            print(name, number, file=stream)

    threads = [threading.Thread(target=talk, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(texts(path)) == sorted(f"INFO {name} {number}" for name in "abcd" for number in range(200))


def test_a_printed_line_is_written_when_it_is_whole(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    stream = LogStream(LogWriter(fd), INFO, fd)
    print("a", "b", end="", file=stream, flush=True)
    assert path.read_text() == ""
    print("c\nd\n", end="", file=stream)
    stream.buffer.write("é\n".encode())
    print("last", end="", file=stream)
    stream.finish()
    assert texts(path) == ["INFO a bc", "INFO d", "INFO é", "INFO last"]


def test_a_printed_line_of_json_has_the_level_that_it_says(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    stream = LogStream(LogWriter(fd), INFO, fd)
    lines = [
        '{"level": "error", "msg": "no"}',
        '{"severity": "Warning", "message": "hm"}',
        '{"levelname": "DEBUG", "event": "x", "n": 1}',
        '{"level": 50, "message": "y"}',
        '{"level": "error"}',
        '{"level": "error", "msg": "cut',
        "[" * 5000 + "]" * 5000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        '{"level": "error", "msg": "\ud800"}',
    ]
    stream.write("".join(line + "\n" for line in lines))
    levels = [line[25:30].rstrip() for line in path.read_text(errors="replace").splitlines()]
    assert levels[:6] == ["ERROR", "WARN", "DEBUG", "INFO", "INFO", "INFO"]
    assert len(levels) == len(lines)


def test_a_progress_bar_leaves_its_last_state(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    stream = LogStream(LogWriter(fd), INFO, fd)
    for percent in range(101):
        stream.write(f"\r{percent}%")
    stream.write("\r\nnext\r\n")
    assert texts(path) == ["INFO 100%", "INFO next"]


def test_what_can_not_be_encoded_is_escaped(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    LogWriter(fd).info("half \ud83d")
    assert texts(path) == ["INFO half \\ud83d"]


def test_a_pump_copies_lines_as_they_come_and_keeps_the_last(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    read_fd, write_fd = os.pipe()
    last: list[str] = []
    pumping = threading.Thread(target=pump, args=(read_fd, LogWriter(fd)), kwargs={"last_lines": last, "keep": 2})
    pumping.start()
    for piece in (b"one\ntw", "o é".encode()[:-1], "é".encode()[-1:] + b"\n\n", b"bad \xff\nthe end"):
        os.write(write_fd, piece)
    os.close(write_fd)
    pumping.join(30)
    os.close(read_fd)
    assert texts(path) == ["INFO one", "INFO two é", "INFO ", "INFO bad \\xff", "INFO the end"]
    assert last == ["bad \\xff", "the end"]


@given(st.lists(st.text(alphabet="ab\n\r"), max_size=8))
def test_lines_do_not_depend_on_how_the_text_was_cut(pieces: list[str]) -> None:
    whole, rest = [], ""
    for piece in pieces:
        lines, rest = split_lines(rest + piece)
        whole += lines
    lines, _ = split_lines("".join(pieces))
    assert whole == lines


def test_a_full_disk_costs_lines_and_raises_nothing(log_file: tuple[int, Path]) -> None:
    fd, path = log_file
    log_fd = os.open("/dev/full", os.O_WRONLY)
    log = LogWriter(log_fd)
    log.info("lost")
    log.lines(INFO, ("lost", "too"))
    os.dup2(fd, log_fd)
    log.info("there is room again")
    os.close(log_fd)
    assert texts(path) == ["WARN 3 lines of this log could not be written", "INFO there is room again"]
