"""What a scan of watched folders finds, and what it says where there is too much."""

from __future__ import annotations

from pathlib import Path

from glue_tui.engine.folders import scan


def test_a_scan_that_finds_too_many_files_says_so_and_claims_nothing_about_the_rest(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(5):
        (tmp_path / "in" / f"{number}.csv").write_text("x")
    whole = scan(tmp_path, ("in/*.csv",), files_max=5)
    assert (len(whole.files), whole.unreadable, whole.is_full) == (5, (), False)
    cut = scan(tmp_path, ("in/*.csv",), files_max=3)
    assert [fact.path for fact in cut.files] == ["in/0.csv", "in/1.csv", "in/2.csv"]
    assert (cut.unreadable, cut.is_full) == (("in",), True)
