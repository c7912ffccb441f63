"""The README's table of figures: what ran takes the place of what stood there, the rest stays with its day."""

from __future__ import annotations

from tests.benchmarks.figures import Figure, Row
from tests.benchmarks.table import merged


def row(benchmark: str, seconds: float) -> Row:
    return Row(
        benchmark=benchmark,
        what="w",
        unit="s",
        measured=Figure(name="ours", values=(seconds,)),
        limit=None,
        goal=None,
    )


def test_rows_of_benchmarks_that_did_not_run_stay_with_their_day() -> None:
    first = merged("", [row("chain", 1), row("fan", 2)], "2026-01-01")
    after = merged(first, [row("fan", 3), row("burst", 4)], "2026-02-02").splitlines()
    assert [(line.split(" | ")[0], line.split(" | ")[4], line.split(" | ")[-1]) for line in after[2:]] == [
        ("| chain", "1.00 s", "2026-01-01 |"),
        ("| fan", "3.00 s", "2026-02-02 |"),
        ("| burst", "4.00 s", "2026-02-02 |"),
    ]
    assert len({line.count(" | ") for line in after}) == 1
