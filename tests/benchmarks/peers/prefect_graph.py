"""`prefect_graph.py chain|fan|diamond N`: nodes that do nothing, two threads, prefect's ephemeral server on SQLite."""

import os
import sys
import tempfile
from typing import Any

HOME = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
os.environ.update(
    PREFECT_HOME=HOME.name,
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE="true",
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="120",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_LOGGING_LEVEL="ERROR",
    DO_NOT_TRACK="1",
)

from prefect import flow, task  # noqa: E402
from prefect.task_runners import ThreadPoolTaskRunner  # noqa: E402
from shapes import edges  # noqa: E402


@task
def node() -> None:
    pass


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def graph(shape: str, size: int) -> None:
    futures: dict[str, Any] = {}
    for name, before in edges(shape, size).items():
        futures[name] = node.submit(wait_for=[futures[one] for one in before])
    for future in futures.values():
        future.result()


if __name__ == "__main__":
    graph(sys.argv[1], int(sys.argv[2]))
