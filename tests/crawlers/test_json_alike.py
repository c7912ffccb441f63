"""JSON files that are held against the pattern of another are said to hold what each is said to hold alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from glue_tui.core.model import Classifier
from glue_tui.crawlers.facts import CrawledFile, Found
from glue_tui.crawlers.infer import read_files
from glue_tui.crawlers.json_alike import pattern_of, read_alike
from glue_tui.crawlers.listing import ListedFile

wholes = st.one_of(st.integers(-5, 5), st.sampled_from([0, 10**14, 10**15, 2**53 + 1, -(10**17), 10**18, 2**63 - 1]))
doubles = st.one_of(wholes, st.sampled_from([0.5, -1.25, 1e300, 0.30000000000000004, 2.0]))
texts = st.sampled_from(["", "a", 'say "x"\\', "ü\t", "2025", "2025-", "20250101", "2025-01-31", "2025-02-30", "😀"])
moments = st.sampled_from(
    ["2025-01-31", "2025-01-31T10:00:00Z", "2025-01-31 10:00:00.123456789", "2025-02-30", "2025-01-31 24:00:00", "soon"]
)
odd = st.sampled_from([None, True, 7, "x", [], {}])


def mostly(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.integers(0, 30).flatmap(lambda chance: values if chance else odd)


fields = {
    "n": mostly(wholes),
    "v": mostly(doubles),
    "t": mostly(texts),
    "at": mostly(moments),
    "on": mostly(st.booleans()),
    "none": st.none(),
    "s": mostly(st.fixed_dictionaries({"x": doubles, "l": st.lists(mostly(texts), max_size=2)})),
    "l": mostly(st.lists(st.fixed_dictionaries({"d": wholes}), max_size=2)),
}
shapes = st.sets(st.sampled_from(sorted(fields)), min_size=1, max_size=4)
endings = st.sampled_from(["\n", "", "\n\n", "\r\n"])


def listed(path: Path) -> ListedFile:
    return ListedFile(
        path=path.name, absolute=str(path), folders=(), name=path.name, size_bytes=path.stat().st_size, mtime_ns=0
    )


def found_in(files: list[ListedFile]) -> dict[str, Found]:
    results = [found for some in read_files(files, Classifier()) for found in some]
    return {one.listed.path if isinstance(one, CrawledFile) else one.path: unsettled(one) for one in results}


def unsettled(found: Found) -> Found:
    return structs.replace(found, is_settled=False) if isinstance(found, CrawledFile) else found


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_json_files_like_a_pattern_say_what_each_says_alone(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("json")
    names = sorted(data.draw(shapes))
    record = st.fixed_dictionaries({name: fields[name] for name in names})
    files = []
    for number, records in enumerate(data.draw(st.lists(st.lists(record, min_size=1, max_size=4), max_size=6))):
        path = folder / f"{number}.json"
        is_ascii = data.draw(st.booleans())
        text = "\n".join(json.dumps(item, ensure_ascii=is_ascii) for item in records)
        path.write_text(text + data.draw(endings), encoding="utf8", newline="")
        files.append(listed(path))
    alone = {path: found for file in files for path, found in found_in([file]).items()}
    assert found_in(files) == alone


def test_files_of_one_kind_are_held_against_the_first(tmp_path: Path) -> None:
    record = {"id": 1, "price": 2.5, "at": "2025-01-31 10:00:00", "zip": "00501", "place": {"near": ["a"]}, "x": None}
    contents = {
        "like": [record, record | {"zip": None, "price": 3, "place": None}],
        "whole": [record | {"price": 3}],
        "narrower": [record | {"zip": "2025-01-31"}],
        "day": [record | {"at": None}, record | {"at": "2024-02-29"}, record | {"at": "2024-02-29T23:59:59.5Z"}],
        "days": [record | {"at": "2024-02-29"}],
        "no_day": [record | {"at": "2025-02-29 10:00:00"}],
        "no_moment": [record, record | {"at": "never"}],
        "other_order": [dict(reversed(record.items()))],
        "text": [record, record | {"id": "n/a"}],
    }
    files = {}
    for name, records in contents.items():
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(item) + "\n" for item in records))
        files[name] = (listed(path), path.read_bytes())
    first = found_in([files["like"][0]])["like.jsonl"]
    assert isinstance(first, CrawledFile)
    pattern = pattern_of(first)
    assert pattern is not None
    assert [found.listed.path for found in read_alike(list(files.values()), pattern)] == ["like.jsonl", "day.jsonl"]
