"""A project for each test of a rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from one_project import Project


@pytest.fixture
def glue(tmp_path: Path) -> Iterator[Project]:
    """A project without definitions, at noon."""
    project = Project(tmp_path)
    yield project
    project.conn.close()
