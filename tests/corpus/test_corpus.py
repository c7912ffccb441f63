"""The corpus: every messy file is read right, left out with its reason, or read with the doubt that it leaves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.corpus.case import Truth
from tests.corpus.cases import CASES
from tests.corpus.score import score


def test_every_file_is_read_right_or_its_doubt_is_told(tmp_path: Path) -> None:
    wrong = {verdict.case.name: verdict.wrong for verdict in score(CASES, tmp_path) if verdict.wrong}
    assert wrong == {}


def test_the_corpus_is_large_and_each_of_its_cases_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
    assert len(CASES) >= 150
    assert sum(isinstance(case.truth, Truth) and bool(case.truth.doubts) for case in CASES) >= 5
