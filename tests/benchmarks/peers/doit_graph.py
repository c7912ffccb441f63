"""`doit_graph.py chain|fan|diamond N`: nodes that do nothing, doit with two processes.

Its database of what is up to date is written when the run ends.
"""

import os
import sys
import tempfile

from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain
from shapes import edges

BEFORE = edges(sys.argv[1], int(sys.argv[2]))


def nothing():
    pass


def task_node():
    for name, before in BEFORE.items():
        yield {"name": name, "actions": [nothing], "task_dep": [f"node:{one}" for one in before]}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        module = {"task_node": task_node}
        code = DoitMain(ModuleTaskLoader(module)).run(["run", "--process", "2", "--reporter", "zero"])
    sys.exit(code)
