"""All cases of the corpus. Another format has a module of its own here, with a list of small cases."""

from __future__ import annotations

from tests.corpus.case import Case
from tests.corpus.csv_basics import csv_basics

CASES: tuple[Case, ...] = (*csv_basics(),)
