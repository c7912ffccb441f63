"""Positions and syntax errors of TOML as people write it."""

from __future__ import annotations

from glue_tui.definitions.locate import locate
from glue_tui.definitions.syntax import read_toml

TEXT = """\
# a comment = [1]
title = '''
jobs = "not a key"
'''
a . "b.c" . d = 1   # spaced, quoted, dotted
[jobs]
[jobs.x] # a comment
list = [
  # a comment
  { job = "a", args = { "--x" = "1" } }, { job = "b" },
  "c",
]
[triggers."odd name"]
'literal key' = 1979-05-27T07:32:00Z
[[charts]]
title = "one"
[[charts.axes]]
x = 1
[[charts.axes]]
x = 2
[charts.style]
color = "red"
[[charts]]
title = "two"
[[charts.axes]]
x = 3
[jobs.x.env]
KEY = \"\"\"a
b\"\"\"
LAST = true"""

PLACES = {
    ("title",): 2,
    ("a",): 5,
    ("a", "b.c"): 5,
    ("a", "b.c", "d"): 5,
    ("jobs",): 6,
    ("jobs", "x"): 7,
    ("jobs", "x", "list"): 8,
    ("jobs", "x", "list", 0): 10,
    ("jobs", "x", "list", 0, "job"): 10,
    ("jobs", "x", "list", 0, "args"): 10,
    ("jobs", "x", "list", 0, "args", "--x"): 10,
    ("jobs", "x", "list", 1): 10,
    ("jobs", "x", "list", 1, "job"): 10,
    ("jobs", "x", "list", 2): 11,
    ("triggers",): 13,
    ("triggers", "odd name"): 13,
    ("triggers", "odd name", "literal key"): 14,
    ("charts",): 15,
    ("charts", 0): 15,
    ("charts", 0, "title"): 16,
    ("charts", 0, "axes"): 17,
    ("charts", 0, "axes", 0): 17,
    ("charts", 0, "axes", 0, "x"): 18,
    ("charts", 0, "axes", 1): 19,
    ("charts", 0, "axes", 1, "x"): 20,
    ("charts", 0, "style"): 21,
    ("charts", 0, "style", "color"): 22,
    ("charts", 1): 23,
    ("charts", 1, "title"): 24,
    ("charts", 1, "axes"): 25,
    ("charts", 1, "axes", 0): 25,
    ("charts", 1, "axes", 0, "x"): 26,
    ("jobs", "x", "env"): 27,
    ("jobs", "x", "env", "KEY"): 28,
    ("jobs", "x", "env", "LAST"): 30,
}


def test_every_way_of_writing_a_key_has_its_line() -> None:
    assert locate(TEXT) == PLACES
    assert locate(TEXT.replace("\n", "\r\n")) == PLACES


def test_an_empty_document_has_no_places() -> None:
    assert locate("") == locate("# nothing\n\n") == {}


def test_a_statement_after_a_broken_one_is_judged_for_itself() -> None:
    document, problems = read_toml(
        "w.toml", 'a = tru\n\nb = [\n  1,\n  x,\n]\nc = 1\nd = """\nopen\n\nnot reached = \n'
    )
    assert document is None
    assert [problem.line for problem in problems] == [1, 5, 8]


def test_a_file_that_is_no_toml_at_all_does_not_fill_the_screen() -> None:
    _, problems = read_toml("w.toml", "<html>\n" * 500)
    assert len(problems) == 20


def test_deep_nesting_and_long_numbers_are_problems_not_crashes() -> None:
    for text in ("a = " + "[" * 5000, "a = " + "9" * 5000, "a = " + "{x=" * 3000):
        document, problems = read_toml("w.toml", text)
        assert document is None
        assert problems


def test_quotes_that_never_end_are_found_far_above_the_end_of_a_long_file() -> None:
    text = "[jobs.a]\n" + "".join(f"key{n} = {n}\n" for n in range(300)) + 'open = """\n' + "more = 1\n" * 20_000
    _, problems = read_toml("w.toml", text)
    assert [problem.line for problem in problems] == [302]
