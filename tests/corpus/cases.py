"""All cases of the corpus. Another format has a module of its own here, with a list of small cases."""

from __future__ import annotations

from tests.corpus.case import Case
from tests.corpus.csv_basics import csv_basics
from tests.corpus.csv_dialects import csv_dialects
from tests.corpus.csv_headers import csv_headers
from tests.corpus.csv_said import csv_said
from tests.corpus.csv_types import csv_types
from tests.corpus.json_cases import json_cases
from tests.corpus.typed_cases import typed_cases

CASES: tuple[Case, ...] = (
    *csv_basics(),
    *csv_dialects(),
    *csv_headers(),
    *csv_types(),
    *csv_said(),
    *json_cases(),
    *typed_cases(),
)
