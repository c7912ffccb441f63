"""When a file counts as written again."""

from __future__ import annotations

import pytest

from glue_tui.core.bookmarks import FileVersion, is_same_version


@pytest.mark.parametrize(
    ("size_bytes", "mtime_ns", "tag", "is_same"),
    [
        (1, 1, "a", True),
        (2, 1, "a", False),
        (1, 2, "a", False),
        (1, 1, "b", False),
        (1, 1, "", True),
    ],
)
def test_bk_5_a_file_is_another_by_size_time_or_a_tag_that_is_known(
    size_bytes: int, mtime_ns: int, tag: str, is_same: bool
) -> None:
    read = FileVersion(path="in/a.csv", size_bytes=1, mtime_ns=1, tag="a")
    now = FileVersion(path="in/a.csv", size_bytes=size_bytes, mtime_ns=mtime_ns, tag=tag)
    assert is_same_version(read, now) is is_same
    assert is_same_version(now, read) is is_same
