"""Every benchmark can be run, in its smallest size, and yields rows. How fast anything is, no test asks."""

from __future__ import annotations

import pytest

from tests.benchmarks.__main__ import BENCHMARKS, measured
from tests.benchmarks.table import HEADINGS, merged, text_table


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_can_be_run(name: str) -> None:
    rows = list(measured(name, rounds=1, is_smallest=True))
    assert rows
    assert all(row.measured.values for row in rows)
    assert text_table(rows).startswith(HEADINGS[0])
    assert len(merged("", rows, "2026-01-01").splitlines()) == len(rows) + 2
