"""JSON files that are read together are said to hold what each is said to hold alone."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.facts import CrawledFile, Found
from glue_tui.crawlers.json_facts import read_json
from glue_tui.crawlers.json_together import read_json_files
from glue_tui.crawlers.listing import ListedFile

FORMAT = FileFormat(classification="json", shape="lines")

values = st.sampled_from(
    [1, 2.5, 10**18, 12345678901234567, "2025-01-31", "2025-01-31T10:00:00Z", "text", "", None, True]
)
nested = st.one_of(values, values, st.fixed_dictionaries({"x": values}), st.lists(values, max_size=2))
records = st.dictionaries(st.sampled_from(["a", "b", "ü"]), nested, max_size=3)
lines = st.one_of(
    records.map(json.dumps), records.map(json.dumps), st.sampled_from(["", " ", "[1]", '{"a": 1', "{}{}", "7"])
)
texts = st.one_of(
    st.lists(st.fixed_dictionaries({"a": values, "b": values}).map(json.dumps), max_size=4),
    st.lists(lines, max_size=4),
).map("\n".join)


@given(st.lists(st.tuples(texts, st.sampled_from(["", "\n"])).map("".join), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_json_files_read_together_say_what_each_says_alone(
    tmp_path_factory: pytest.TempPathFactory, texts: Sequence[str]
) -> None:
    folder = tmp_path_factory.mktemp("json")
    files = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.jsonl"
        path.write_text(text)
        size = path.stat().st_size
        files.append(
            ListedFile(path=path.name, absolute=str(path), folders=(), name=path.name, size_bytes=size, mtime_ns=0)
        )
    together = {_path(found): found for found in read_json_files(files, FORMAT)}
    assert together == {listed.path: read_json(listed, FORMAT) for listed in files}


def _path(found: Found) -> str:
    return found.listed.path if isinstance(found, CrawledFile) else found.path
