"""A copy of the sample project with jobs of Spark, run by the real program; and a cluster of this machine's own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from glue_tui.catalog.project_catalog import ProjectCatalog
from glue_tui.jobs.spark.submit import find_spark

DEADLINE_S = 600.0
ROOT = Path(__file__).parent.parent.parent
T = TypeVar("T")


def wait_for(what: Callable[[], T | None], why: str) -> T:
    """Return the first value of `what` that is true; fail after the deadline."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if value := what():
            return value
        time.sleep(0.1)
    raise AssertionError(f"waited {DEADLINE_S} s in vain {why}")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended: its nodes by name, as `--json` prints them."""

    run: dict[str, Any]
    logs: dict[str, str]

    def node(self, name: str) -> dict[str, Any]:
        return next(node for node in self.run["nodes"] if node["name"] == name)


@dataclass(frozen=True, slots=True)
class SparkProject:
    folder: Path

    @classmethod
    def make(cls, folder: Path) -> SparkProject:
        (folder / "workflows").mkdir()
        shutil.copytree(ROOT / "sample_data", folder / "sample_data")
        for name in ("daily_sales.toml", "jobs", "sql"):
            source, place = ROOT / "workflows" / name, folder / "workflows" / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, place)
        return cls(folder)

    def write(self, path: str, text: str) -> None:
        (self.folder / "workflows" / path).write_text(text)

    def start(self, workflow: str, **properties: str) -> subprocess.Popen[str]:
        """Start a run, to be waited for with `ended`."""
        command = [sys.executable, "-m", "glue_tui", "run", workflow, "--local", "--json"]
        for name, value in properties.items():
            command += ["-p", f"{name}={value}"]
        return subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def ended(self, process: subprocess.Popen[str]) -> Ran:
        output, narration = process.communicate(timeout=DEADLINE_S)
        assert output, narration
        run = json.loads(output)
        folder = self.folder / ".glue_tui" / "runs" / run["summary"]["run_id"]
        logs = {path.name.split(".")[1]: path.read_text() for path in sorted(folder.glob("*.log"))}
        assert self.exchanged() == [], "nothing is left of what went to and fro"
        return Ran(run, logs)

    def exchanged(self) -> list[Path]:
        place = self.folder / ".glue_tui" / "spark"
        return list(place.iterdir()) if place.exists() else []

    def run(self, workflow: str, **properties: str) -> Ran:
        return self.ended(self.start(workflow, **properties))

    @property
    def catalog(self) -> ProjectCatalog:
        return ProjectCatalog(self.folder)

    def drivers(self) -> list[psutil.Process]:
        """The Java processes that work for a job of this project."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.name() == "java" and any(str(self.folder) in word for word in process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found


@dataclass(slots=True)
class Cluster:
    """Spark's own master and two workers of one core each, on the loopback."""

    folder: Path
    url: str = ""
    page: str = ""
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        log = self._daemon("master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        self.url = self._told(log, r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
        self.page = "http://127.0.0.1:" + self._told(log, r"service 'MasterUI' on port (\d+)")
        # Its page is there before what it says as JSON is.
        wait_for(lambda: self._answer().startswith(b"{"), "for the master")
        for _ in range(2):
            options = ("--cores", "1", "--memory", "1g", "--host", "127.0.0.1", "--webui-port", "0")
            self._daemon("worker.Worker", *options, "--work-dir", str(self.folder / "work"), self.url)
        wait_for(lambda: len(self.state()["workers"]) == 2, "for two workers")

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self._answer())
        return state

    def applications(self) -> list[str]:
        return [one["name"] for one in self.state()["activeapps"]]

    def stop(self) -> None:
        for process in self._processes:
            children = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            process.wait(timeout=60)
            _, alive = psutil.wait_procs(children, timeout=30)
            assert not alive

    def _answer(self) -> bytes:
        with urllib.request.urlopen(f"{self.page}/json/", timeout=30) as answer:
            told: bytes = answer.read()
            return told

    def _daemon(self, name: str, *arguments: str) -> Path:
        log = self.folder / f"{len(self._processes)}.log"
        with open(log, "wb") as file:
            process = subprocess.Popen(
                [find_spark().program("spark-class"), f"org.apache.spark.deploy.{name}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "512m"},
                start_new_session=True,
            )
        self._processes.append(process)
        return log

    def _told(self, log: Path, pattern: str) -> str:
        return wait_for(lambda: re.search(pattern, log.read_text()), f"for {pattern} in {log}")[1]
