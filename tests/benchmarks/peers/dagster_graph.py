"""`dagster_graph.py in_process|multiprocess chain|fan|diamond N`: nodes that do nothing, a fresh instance on SQLite.

All in one process, or a process a node, two at a time, by dagster's own fork server.
"""

import os
import sys
import tempfile

from dagster import (
    DagsterInstance,
    DependencyDefinition,
    GraphDefinition,
    In,
    JobDefinition,
    MultiDependencyDefinition,
    NodeInvocation,
    Nothing,
    Out,
    execute_job,
    in_process_executor,
    multiprocess_executor,
    op,
    reconstructable,
)
from shapes import edges


@op(out=Out(Nothing))
def first() -> None:
    pass


@op(ins={"before": In(Nothing)}, out=Out(Nothing))
def other() -> None:
    pass


def job() -> JobDefinition:
    """Also called by the processes of the nodes, which get the same words."""
    executor, shape, size = os.environ["GRAPH"].split()
    dependencies = {
        NodeInvocation("other" if before else "first", alias=name): (
            {"before": MultiDependencyDefinition([DependencyDefinition(one) for one in before])} if before else {}
        )
        for name, before in edges(shape, int(size)).items()
    }
    definitions = [first, other] if len(dependencies) > 1 else [first]
    graph = GraphDefinition(name="graph", node_defs=definitions, dependencies=dependencies)
    executors = {
        "in_process": in_process_executor,
        "multiprocess": multiprocess_executor.configured({"max_concurrent": 2, "start_method": {"forkserver": {}}}),
    }
    return graph.to_job(executor_def=executors[executor])


if __name__ == "__main__":
    os.environ["GRAPH"] = " ".join(sys.argv[1:])
    with tempfile.TemporaryDirectory() as home:
        os.environ["DAGSTER_HOME"] = home
        os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
        with DagsterInstance.get() as instance:
            result = execute_job(reconstructable(job), instance=instance)
            sys.exit(0 if result.success else 1)
