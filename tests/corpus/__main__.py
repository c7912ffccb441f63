"""`python -m tests.corpus [PIECE …]`: crawl the corpus of messy files, print what is wrong and how many are right.

With names, or pieces of names, only the cases that they fit.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.corpus.case import Truth
from tests.corpus.cases import CASES
from tests.corpus.score import Verdict, score

LINE_CHARACTERS_MAX = 400
ASPECTS = ("format", "delimiter", "header", "names", "types", "rows", "values", "doubt", "refused", "left out")


def main(pieces: list[str]) -> int:
    cases = [case for case in CASES if not pieces or any(piece in case.name for piece in pieces)]
    with tempfile.TemporaryDirectory() as folder:
        verdicts = list(score(cases, Path(folder)))
    for verdict in verdicts:
        for line in verdict.wrong:
            print(f"{verdict.case.name}: {line[:LINE_CHARACTERS_MAX]}")
    _print_shares(verdicts)
    return 1 if any(verdict.wrong for verdict in verdicts) else 0


def _print_shares(verdicts: list[Verdict]) -> None:
    right = sum(not verdict.wrong for verdict in verdicts)
    ambiguous = [item for item in verdicts if isinstance(item.case.truth, Truth) and item.case.truth.doubts]
    warned = sum(not any(line.startswith("doubt") for line in item.wrong) for item in ambiguous)
    print(f"{right} of {len(verdicts)} cases are all right ({right / max(len(verdicts), 1):.1%})")
    print(f"{warned} of {len(ambiguous)} ambiguous ones carry their doubt")
    for aspect in ASPECTS:
        wrong = sum(any(line.startswith(aspect) for line in verdict.wrong) for verdict in verdicts)
        if wrong:
            print(f"  {aspect}: wrong in {wrong}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
