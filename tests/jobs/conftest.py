from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from publishing import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project.make(tmp_path)
    yield project
    os.close(project.log_fd)
