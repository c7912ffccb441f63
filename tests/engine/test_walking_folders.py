"""Which files a look at everything finds, how they are named, and what it says where there is too much."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from glue_tui.engine.folders import Area, Places, Walk


def walked(folder: Path, *patterns: str, files_max: int = 1000) -> tuple[list[str], Walk]:
    area = Area(str(folder), patterns)
    walk = Walk(area=area, places=Places(area), files_max=files_max)
    return sorted(path for path, _ in walk.everything()), walk


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.csv", "in/b.csv", "in/x/c.csv", "in/x/y/d.csv", "in/.hidden/e.csv", "in/f.csv.tmp", "other/g.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (("*.csv",), ["a.csv"]),
        (("in/*.csv",), ["in/b.csv"]),
        (("in/*/*.csv",), ["in/x/c.csv"]),
        (("in/**/*.csv",), ["in/b.csv", "in/x/c.csv", "in/x/y/d.csv"]),
        (("in/**/*.csv", "in/x/*"), ["in/b.csv", "in/x/c.csv", "in/x/y/d.csv"]),
        (("in/x/y/*", "in/*.csv", "other/*"), ["in/b.csv", "in/x/y/d.csv", "other/g.csv"]),
        (("in/.hidden/*.csv", "in/*"), ["in/.hidden/e.csv", "in/b.csv"]),
        (("{in,other}/*.csv",), ["in/b.csv", "other/g.csv"]),
        (("none/*.csv",), []),
    ],
)
def test_files_are_found_once_by_the_name_that_their_pattern_gives_them(
    tree: Path, patterns: tuple[str, ...], found: list[str]
) -> None:
    assert walked(tree, *patterns)[0] == found
    assert walked(Path("/"), *(f"{tree}/{one}" for one in patterns))[0] == [f"{tree}/{one}" for one in found]


def test_a_walk_goes_no_deeper_than_its_patterns(tree: Path) -> None:
    area = Area(str(tree), ("in/*.csv",))
    assert not area.goes_into("in", "in/x")
    assert Area(str(tree), ("in/*/*.csv",)).goes_into("in", "in/x")
    assert not Area(str(tree), ("in/*/*.csv",)).goes_into("in", "in/x/y")
    assert Area(str(tree), ("in/**",)).goes_into("in", "in/x/y")


def test_a_walk_that_finds_too_many_files_says_so_and_claims_nothing_about_the_rest(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(5):
        (tmp_path / "in" / f"{number}.csv").write_text("x")
    found, whole = walked(tmp_path, "in/*.csv", files_max=5)
    assert (len(found), whole.unreadable, whole.is_full) == (5, [], False)
    found, cut = walked(tmp_path, "in/*.csv", files_max=3)
    assert (len(found), cut.unreadable, cut.is_full) == (3, ["in"], True)


def test_a_folder_that_can_not_even_be_looked_at_costs_the_others_nothing(tree: Path) -> None:
    too_long = "x" * 300
    found, walk = walked(tree, f"{too_long}/*.csv", "in/*.csv")
    assert found == ["in/b.csv"]
    assert walk.missing == {too_long: f"can't be looked at ({os.strerror(errno.ENAMETOOLONG)})"}
