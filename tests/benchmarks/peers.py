"""Other orchestrators at the same no-op graphs: `python -m tests.benchmarks peers --python PATH [--python PATH]`.

PATH is an interpreter that has luigi, doit, dagster or prefect installed; those it hasn't are left out with a word. All
figures are from exec to exit: a chain, one of its nodes (less the same for a chain of one, where that is not lost in a
start that takes seconds), a fan 1 -> 200 -> 1, and a diamond from a cold start. Ours is `glue-tui run`, with an engine
up for chain and fan, with none for the diamond. What peers isolate and what they keep on record differs: their scripts,
under `peers/`, say it. A ratio below 1 means ours is quicker.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.engine_up import EngineUp, command_s, exec_to_exit_s, stop_engine
from tests.benchmarks.figures import Figure, Row, Setting, in_rounds
from tests.benchmarks.projects import chain, diamond, layers, write_project

PROGRAMS = Path(__file__).parent / "peers"
CHAIN = 100
SHORT_CHAIN = 20
FAN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    name: str
    package: str
    words: tuple[str, ...]
    """Its program and the first words for it."""
    is_slow: bool = False
    """A short chain, no fan, and no figure for a node: they would take minutes, and their starts vary by seconds."""

    @property
    def chain(self) -> int:
        return SHORT_CHAIN if self.is_slow else CHAIN


PEERS = (
    Peer(name="luigi, two workers", package="luigi", words=("luigi_graph.py",)),
    Peer(name="doit, two processes", package="doit", words=("doit_graph.py",)),
    Peer(name="dagster in process", package="dagster", words=("dagster_graph.py", "in_process")),
    Peer(name="dagster multiprocess", package="dagster", words=("dagster_graph.py", "multiprocess"), is_slow=True),
    Peer(name="prefect, two threads", package="prefect", words=("prefect_graph.py",), is_slow=True),
)


def measure(setting: Setting) -> Iterator[Row]:
    cold_dir = write_project(setting.scratch / "cold", {"diamond": diamond()})
    workflows = {"one": chain(1), "chain": chain(CHAIN), "short": chain(SHORT_CHAIN), "fan": layers([1, FAN, 1])}
    project_dir = write_project(setting.scratch / "project", workflows)

    def cold_s() -> float:
        try:
            return command_s(cold_dir, "run", "diamond")
        finally:
            stop_engine(cold_dir)

    ours: dict[str, Callable[[], float]] = {name: partial(command_s, project_dir, "run", name) for name in workflows}
    with EngineUp(project_dir, follows=False):
        for peer, python in _present(setting.peer_pythons):
            try:
                yield from _beside(peer, python, {**ours, "diamond": cold_s}, setting)
            except AssertionError as error:
                print(f"peers: {peer.name} failed: {error}", file=sys.stderr)


def _beside(peer: Peer, python: str, ours: dict[str, Callable[[], float]], setting: Setting) -> Iterator[Row]:
    def peer_s(shape: str, size: int) -> float:
        command = [python, str(PROGRAMS / peer.words[0]), *peer.words[1:], shape, str(size)]
        return exec_to_exit_s(command, cwd=setting.scratch)

    theirs = {
        "their chain": partial(peer_s, "chain", peer.chain),
        "their diamond": partial(peer_s, "diamond", 3),
    }
    if peer.is_slow:
        ours = {**ours, "chain": ours["short"]}
    else:
        theirs |= {"their one": partial(peer_s, "chain", 1), "their fan": partial(peer_s, "fan", FAN)}
    taken = in_rounds({**ours, **theirs}, setting)
    if "their one" in taken:
        node = taken["chain"].minus(taken["one"], "a node").times(1000 / (CHAIN - 1))
        their_node = taken["their chain"].minus(taken["their one"], peer.name).times(1000 / (CHAIN - 1))
        yield Row(benchmark="peers", what="a node of a chain", unit="ms", measured=node, limit=their_node)
    shapes = (("chain", f"chain of {peer.chain}"), ("fan", f"1 -> {FAN} -> 1"), ("diamond", "diamond, cold"))
    for shape, what in shapes:
        if f"their {shape}" in taken:
            limit = Figure(name=peer.name, values=taken[f"their {shape}"].values)
            yield Row(benchmark="peers", what=what, unit="s", measured=taken[shape], limit=limit)


def _present(pythons: tuple[str, ...]) -> Iterator[tuple[Peer, str]]:
    """Yield the peers that can be run, each with an interpreter that has it; say which ones can't."""
    for peer in PEERS:
        for python in pythons:
            code = f"import {peer.package}"
            if subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0:
                yield peer, python
                break
        else:
            print(f"peers: {peer.name} left out, no interpreter given has {peer.package}", file=sys.stderr)
