"""Globs of file paths: by table, and against `fnmatch` part by part."""

from __future__ import annotations

import warnings
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.core.globs import fixed_folder, glob_pattern, plain_glob


def _matches(glob: str, path: str) -> bool:
    return glob_pattern(glob).match(path) is not None


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("in/*.csv", ["in/a.csv", "in/.csv"], ["in/a.csv2", "in/x/a.csv", "xin/a.csv", "in/a.CSV"]),
        ("in/**/*.csv", ["in/a.csv", "in/x/a.csv", "in/x/y/a.csv"], ["a.csv", "inx/a.csv"]),
        ("in/**", ["in/a", "in/x/a.csv"], ["in", "inx/a"]),
        ("**/*.csv", ["a.csv", "x/y/a.csv"], ["a.txt"]),
        ("in/a?.csv", ["in/ab.csv"], ["in/a.csv", "in/a/.csv", "in/abc.csv"]),
        ("in/[ab].csv", ["in/a.csv", "in/b.csv"], ["in/c.csv", "in/ab.csv"]),
        ("in/[!ab].csv", ["in/c.csv"], ["in/a.csv"]),
        ("in[!a]x", ["in-x"], ["in/x", "inax"]),
        ("in[+-9]x", ["in5x"], ["in/x"]),
        ("in/[^a].csv", ["in/^.csv", "in/a.csv"], ["in/b.csv"]),
        ("in/[]a].csv", ["in/].csv", "in/a.csv"], ["in/b.csv"]),
        ("in/[a-c].csv", ["in/b.csv"], ["in/d.csv"]),
        ("in/[z-a].csv", [], ["in/a.csv", "in/z.csv"]),
        ("in/[a.csv", ["in/[a.csv"], ["in/a.csv"]),
        ("in/*.{csv,json}", ["in/a.csv", "in/a.json"], ["in/a.parquet", "in/a."]),
        ("in/{x,{y,z}}/a", ["in/x/a", "in/z/a"], ["in/w/a"]),
        ("in/{a", ["in/{a"], ["in/a"]),
        ("in/{[}]", ["in/{}"], ["in/"]),
        ("in/a}", ["in/a}"], ["in/a"]),
        ("in/a,b", ["in/a,b"], ["in/a"]),
        (r"in/\*.csv", ["in/*.csv"], ["in/a.csv"]),
        ("in/a+b(1).csv", ["in/a+b(1).csv"], ["in/aab1.csv"]),
        ("in/**/a\nb", ["in/x\ny/a\nb"], ["in/ab"]),
        ("/data/*.csv", ["/data/a.csv"], ["data/a.csv"]),
    ],
)
def test_a_glob_matches_whole_paths(glob: str, yes: list[str], no: list[str]) -> None:
    """GR-9."""
    assert [path for path in yes if not _matches(glob, path)] == []
    assert [path for path in no if _matches(glob, path)] == []


@pytest.mark.parametrize(
    ("glob", "folder"),
    [
        ("in/*.csv", "in"),
        ("in/x/**/*.csv", "in/x"),
        ("in/x*/a.csv", "in"),
        ("*.csv", "."),
        ("a.csv", "."),
        ("/data/in/*.csv", "/data/in"),
        ("/*.csv", "/"),
        ("in/{a,b}/*.csv", "in"),
    ],
)
def test_every_match_lies_in_the_fixed_folder(glob: str, folder: str) -> None:
    assert fixed_folder(glob) == folder


@pytest.mark.parametrize(
    ("glob", "plain"),
    [
        ("in/*.csv", "in/*.csv"),
        ("./in//x/./*.csv", "in/x/*.csv"),
        ("//data///*.csv", "/data/*.csv"),
        ("in/.x/**/", "in/.x/**"),
        ("in/[.]/{a,./b}", "in/[.]/{a,./b}"),
        (".", ""),
        ("/", "/"),
    ],
)
def test_a_glob_is_written_as_the_paths_that_it_shall_match(glob: str, plain: str) -> None:
    assert plain_glob(glob) == plain


PARTS = st.text(st.sampled_from("ab*?.[]!-^&~|\\{},x"), min_size=1, max_size=6)
NAMES = st.text(st.sampled_from("abx.-^!&~|[]"), min_size=1, max_size=4)


@given(st.lists(PARTS, min_size=1, max_size=3), st.lists(NAMES, min_size=1, max_size=3))
def test_what_fnmatch_knows_means_the_same_in_every_part(globs: list[str], names: list[str]) -> None:
    glob, path = "/".join(globs), "/".join(names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = _matches(glob, path)
    if any(char in glob for char in "{}\\,") or "**" in glob:
        return
    assert found == (len(globs) == len(names) and all(map(fnmatchcase, names, globs)))


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_a_glob(glob: str, path: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        glob_pattern.__wrapped__(glob).match(path)
