"""`luigi_graph.py chain|fan|diamond N`: nodes that do nothing, two workers, luigi's own scheduler in the process.

A node's target is a file, as luigi has it: there is no record of a run beside them.
"""

import sys
import tempfile
from pathlib import Path

import luigi
from shapes import edges

FOLDER = tempfile.TemporaryDirectory()
BEFORE = edges(sys.argv[1], int(sys.argv[2]))


class Node(luigi.Task):
    name = luigi.Parameter()

    def requires(self):
        return [Node(name=before) for before in BEFORE[self.name]]

    def output(self):
        return luigi.LocalTarget(Path(FOLDER.name) / self.name)

    def run(self):
        Path(self.output().path).touch()


if __name__ == "__main__":
    last = list(BEFORE)[-1]
    done = luigi.build([Node(name=last)], workers=2, local_scheduler=True, log_level="ERROR", detailed_summary=True)
    assert done.scheduling_succeeded, done.summary_text
