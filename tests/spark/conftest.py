from __future__ import annotations

from collections.abc import Iterator

import pytest
from spark_project import Cluster, SparkProject

from glue_tui.core.problem import EntityNotFound
from glue_tui.jobs.spark.submit import find_spark


@pytest.fixture(scope="session", autouse=True)
def _spark_is_there() -> None:
    try:
        find_spark()
    except EntityNotFound as error:
        pytest.skip(f"{error}: {error.hint}")


@pytest.fixture(scope="session", autouse=True)
def _java_starts_fast() -> Iterator[None]:
    """Short jobs take half the processor time where Java compiles less; what it makes of them is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto")
        yield


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkProject:
    """The sample, after a run of its own workflow."""
    project = SparkProject.make(tmp_path_factory.mktemp("spark_project"))
    assert project.run("daily_sales").run["summary"]["outcome"] == "SUCCEEDED"
    return project


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("spark_cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
