"""Shows that the simulator and the core's tests see planted bugs: each mutation changes one line in a copy of the tree.

Not part of the suite; run it from the checkout after work on the rules: `python tests/sim/mutations.py [--seeds 400]`.
For each mutation it prints by what it was caught, or SURVIVED; the exit code is the number of survivors.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    what: str
    path: str
    old: str
    new: str


CONTROL = Mutation(what="(nothing changed)", path="core/decide.py", old="def decide(", new="def decide(")
MUTATIONS = (
    Mutation(
        what="a trigger fires again after it has fired",
        path="core/decide.py",
        old="return self.run.triggers[trigger].state is TriggerRunState.WAITING",
        new="return self.run.triggers[trigger].state is not TriggerRunState.NEVER",
    ),
    Mutation(
        what="AND is judged like ANY",
        path="core/predicate.py",
        old="if all(truth is Truth.TRUE for truth in truths):",
        new="if any(truth is Truth.TRUE for truth in truths):",
    ),
    Mutation(
        what="an attempt's end counts before its retries",
        path="core/predicate.py",
        old="is_final = node.finished_at is not None or bool(node.carried_from)",
        new="is_final = bool(node.attempts) or bool(node.carried_from)",
    ),
    Mutation(
        what="one retry too many",
        path="core/decide.py",
        old="return tries <= node.max_retries",
        new="return tries <= node.max_retries + 1",
    ),
    Mutation(
        what="a stop leaves waiting attempts alone",
        path="core/decide.py",
        old="            if last.state is NodeState.WAITING:\n                self.add(AttemptFinished",
        new="            if last.state is NodeState.PENDING:\n                self.add(AttemptFinished",
    ),
    Mutation(
        what="a late report is taken for the present attempt",
        path="core/decide.py",
        old="return last if last and last.attempt == key.attempt and last.state in states else None",
        new="return last if last and last.state in states else None",
    ),
    Mutation(
        what="a kill never comes",
        path="core/wanted.py",
        old="is_kill = last.is_to_be_killed(now, STOP_GRACE_S)",
        new="is_kill = False",
    ),
    Mutation(
        what="one slot too many",
        path="core/admission.py",
        old="while lines and len(granted) < free:",
        new="while lines and len(granted) <= free:",
    ),
    Mutation(
        what="one run too many",
        path="core/admission.py",
        old="if limit == 0 or going[name] < limit:",
        new="if limit == 0 or going[name] <= limit:",
    ),
    Mutation(
        what="a file counts at its second look",
        path="core/arrivals.py",
        old="not (fact.is_renamed or look.begun_at - settling.since >= watch.settle_s)",
        new="not (fact.is_renamed or at > settling.since)",
    ),
    Mutation(
        what="files of a batch are not marked as taken",
        path="core/arrivals.py",
        old="_closed(known, Stage.TAKEN, at)",
        new="_closed(known, Stage.BASELINE, at)",
    ),
    Mutation(
        what="a request is remembered in memory only",
        path="engine/kernel.py",
        old="batch.write(lambda conn: ledger.remember_request(conn, request_id, run_id, batch.now))",
        new="pass",
    ),
    Mutation(
        what="a failed commit is adopted all the same",
        path="engine/kernel.py",
        old="self.inboxes, self.schedules, self._settings, self.stop_reasons, self._loaded = before\n",
        new="_, _, self._settings, self.stop_reasons, self._loaded = before\n",
    ),
    Mutation(
        what="events are appended outside the transaction",
        path="engine/kernel.py",
        old="            with transaction(self.conn):\n                batch.save(self.conn)",
        new="            batch.save(self.conn)",
    ),
    Mutation(
        what="the first step after a crash forgets the lost workers' budget",
        path="core/decide.py",
        old="if times > LOST_ATTEMPTS_MAX or",
        new="if",
    ),
    Mutation(
        what="a resumed run does not judge what was carried over",
        path="core/decide.py",
        old="        self._to_judge.update(dict.fromkeys(self.run.triggers))\n",
        new="",
    ),
    Mutation(
        what="a job may run once more at a time than it says",
        path="core/admission.py",
        old="                if len(first) < limit:",
        new="                if len(first) <= limit:",
    ),
    Mutation(
        what="a crawler may crawl twice at a time",
        path="core/model.py",
        old="        return 1\n    return node.max",
        new="        return 2\n    return node.max",
    ),
    Mutation(
        what="a later run goes first at a job",
        path="core/admission.py",
        old="        for run in self._runs_of[workflow]:\n",
        new="        for run in reversed(self._runs_of[workflow]):\n",
    ),
    Mutation(
        what="a job at its limit still gets a slot",
        path="core/admission.py",
        old=" and lines.before(run, node_id) is None:",
        new=":",
    ),
    Mutation(
        what="a slot goes to the run with the most nodes at work",
        path="core/admission.py",
        old="        (count, run.number, _may_start(",
        new="        (-count, run.number, _may_start(",
    ),
    Mutation(
        what="a run takes every free slot that it can use",
        path="core/admission.py",
        old="heapq.heappush(lines, (count + 1, number, line))",
        new="heapq.heappush(lines, (count - 1, number, line))",
    ),
    Mutation(
        what="a node that waits for another run says that it waits for a slot",
        path="core/waiting.py",
        old="lines.before(run, node_id)",
        new="None",
    ),
    Mutation(
        what="a node says nothing of its delay",
        path="core/waiting.py",
        old="    if not last.is_due(now):",
        new="    if last.is_due(now + 1e6) is None:",
    ),
    Mutation(
        what="a queued run says nothing of its turn",
        path="core/waiting.py",
        old="        if run.is_queued:\n            name",
        new="        if run.is_queued and run.previous_run_id:\n            name",
    ),
    Mutation(
        what="ANY_TERMINAL holds for a skipped node",
        path="core/model.py",
        old="return state is not NodeState.SKIPPED",
        new="return True",
    ),
    Mutation(
        what="a node that found nothing to do has succeeded",
        path="core/verdict.py",
        old="        return result.state, None",
        new="        return NodeState.SUCCEEDED, None",
    ),
    Mutation(
        what="why a node found nothing to do is forgotten",
        path="core/run.py",
        old='skip_reason=event.reason if event.state is NodeState.SKIPPED else ""',
        new='skip_reason=""',
    ),
    Mutation(
        what="a resume forgets that a node had found nothing to do",
        path="core/resume.py",
        old="                skip_reason=node.skip_reason,\n",
        new="",
    ),
    Mutation(
        what="ANY_TERMINAL does not hold for a node in ERROR",
        path="core/model.py",
        old="return state is not NodeState.SKIPPED",
        new="return state not in (NodeState.SKIPPED, NodeState.ERROR)",
    ),
    Mutation(
        what="a crawl that timed out has not FAILED",
        path="core/states.py",
        old="return NodeState.FAILED if node_type is NodeType.CRAWLER and",
        new="return NodeState.FAILED if node_type is NodeType.JOB and",
    ),
    Mutation(
        what="ANY_TERMINAL counts as handling a failure",
        path="core/outcome.py",
        old="one.node_id == node_id and one.state and one.holds_for(state)",
        new="one.node_id == node_id and one.holds_for(state)",
    ),
    Mutation(
        what="a trigger overrides what a job has fixed",
        path="core/decide.py",
        old="{**own, **given, **fixed}",
        new="{**own, **fixed, **given}",
    ),
    Mutation(
        what="a delay is noticed again at every look",
        path="core/deadlines.py",
        old=" or last.delay_noticed_at is not None",
        new="",
    ),
    Mutation(
        what="nothing wakes the engine for a notice",
        path="core/wanted.py",
        old="if notice_at is not None:",
        new="if notice_at is not None and last.timeout_s is None:",
    ),
    Mutation(
        what="a step of the clock moves no deadline",
        path="engine/kernel.py",
        old="                    batch.feed(run.run_id, one)\n",
        new="                    pass\n",
    ),
    Mutation(
        what="a step of the clock moves deadlines the wrong way",
        path="core/run.py",
        old="else at + by_s",
        new="else at - by_s",
    ),
    Mutation(
        what="a step of the clock ends the grace of a stop",
        path="core/run.py",
        old="            stop_requested_at=moved(self.stop_requested_at),\n",
        new="",
    ),
    Mutation(
        what="a step of the clock makes delays long or short",
        path="core/run.py",
        old="            not_before=moved(self.not_before),\n",
        new="",
    ),
    Mutation(
        what="what a schedule has fired is remembered in memory only",
        path="engine/schedules.py",
        old="update(changed)\n            batch.write(lambda conn: schedule_marks.write_marks(conn, changed))",
        new="update(changed)",
    ),
    Mutation(
        what="schedules begin anew with every engine",
        path="engine/schedules.py",
        old="        self.marks = schedule_marks.read_marks(conn)",
        new="        self.marks = {}",
    ),
    Mutation(
        what="a schedule is taken care of though its starts wait for room",
        path="engine/schedules.py",
        old="                break\n",
        new="                mark = replace(mark, done_until=start.at)\n                break\n",
    ),
    Mutation(
        what="what was missed is met on time",
        path="core/missed_runs.py",
        old="if now - at >= ON_TIME_S]",
        new="if now - at >= 10 * ON_TIME_S]",
    ),
    Mutation(
        what="one run for all that was missed stands for the oldest",
        path="core/missed_runs.py",
        old="DueStart(at=missed[-1], missed=",
        new="DueStart(at=missed[0], missed=",
    ),
    Mutation(
        what="all that was missed runs without a bound",
        path="core/missed_runs.py",
        old="for at in missed[-MADE_UP_MAX:])",
        new="for at in missed)",
    ),
    Mutation(
        what="the moment after a fire is counted from the clock",
        path="engine/schedules.py",
        old="            mark = replace(mark, done_until=start.at)\n        notes",
        new="            mark = replace(mark, done_until=batch.now + 1.0)\n        notes",
    ),
    Mutation(
        what="a clock that was far in the future silences schedules",
        path="engine/schedules.py",
        old="mark.done_until > batch.now + CLOCK_SET_BACK_S",
        new="mark.done_until > batch.now + 1e9",
    ),
    Mutation(
        what="nothing wakes the engine for a schedule",
        path="engine/schedules.py",
        old="at := self.coming_fire(key, stepped_at)) is not None]",
        new="at := self.coming_fire(key, stepped_at)) is not None and at % 120]",
    ),
    Mutation(
        what="a trigger that is no longer paused makes up for its pause",
        path="engine/schedules.py",
        old="            batch.write(lambda conn: schedule_marks.forget_marks(conn, gone))",
        new="            pass",
    ),
    Mutation(
        what="a step of the clock is noticed again and again",
        path="engine/clock.py",
        old="before, self._offset_s = self._offset_s, wall_s - monotonic_s\n        by_s = self._offset_s - before",
        new="by_s = wall_s - monotonic_s - self._offset_s",
    ),
    Mutation(
        what="an end is not put into the outbox with its commit",
        path="engine/batch.py",
        old="            outbox.put(conn, self.runs[run_id], events, self.now)\n",
        new="",
    ),
    Mutation(
        what="every outcome is told, chosen or not",
        path="core/notices.py",
        old="if told.occasion in one.on and one.way",
        new="if one.way",
    ),
    Mutation(
        what="a file counts while its writer has it open",
        path="core/arrivals.py",
        old="if fact.is_open or not (",
        new="if not (",
    ),
    Mutation(
        what="a deletion counts at once",
        path="core/arrivals.py",
        old="    if look.begun_at - deleted.since < watch.settle_s:\n        return deleted\n",
        new="",
    ),
    Mutation(
        what="a version that was away for a moment is new",
        path="core/arrivals.py",
        old="    if before.is_version(fact):",
        new="    if before.is_version(fact) and known is before:",
    ),
    Mutation(
        what="every kind of change starts something",
        path="core/arrivals.py",
        old="    if settling.change in watch.events:",
        new="    if settling.change is not FileChange.DELETED:",
    ),
    Mutation(
        what="what waits is not asked whether its kind is still selected",
        path="core/arrivals.py",
        old="if known.stage is Stage.PENDING and known.change not in watch.events:",
        new="if known.is_deleted and known.change not in watch.events:",
    ),
    Mutation(
        what="dropped files are forgotten",
        path="core/arrivals.py",
        old="return None if known.is_deleted else _closed(known, Stage.DROPPED, at)",
        new="return None",
    ),
    Mutation(
        what="with other patterns everything was there before",
        path="engine/inbox.py",
        old="return any(glob_pattern(one).match(path) for one in self.looked_at or ())",
        new="return self.looked_at == self.watch.patterns and self.watch.matches(path)",
    ),
    Mutation(
        what="a failed step leaves the inbox as it made it",
        path="engine/inbox.py",
        old="        for path, file in self._undo.items():\n            self._place(path, file)\n",
        new="",
    ),
    Mutation(
        what="files do not move along when their workflow is renamed",
        path="store/ledger.py",
        old='"watches", "seen_files", "schedule_marks"',
        new='"watches", "schedule_marks"',
    ),
    Mutation(
        what="a run by hand leaves the files that it was given in the inbox",
        path="engine/inboxes.py",
        old="            inbox.take(paths, run_id, batch.now)",
        new="            inbox.take((), run_id, batch.now)",
    ),
    Mutation(
        what="a loop is never stopped",
        path="core/loops.py",
        old="if probes >= PROBES_MAX:",
        new="if probes >= PROBES_MAX + 1e9:",
    ),
    Mutation(
        what="a fast source is taken for a loop",
        path="core/loops.py",
        old="if self._origin(key, newest) == OUTSIDE:",
        new="if self._origin(key, newest).generation < 0:",
    ),
)

KERNEL_TESTS = ("tests/sim/test_kernel_steps.py", "tests/sim/test_kernel_files_and_clock.py")
CHECKS = (
    ("simulator", ["-m", "tests.sim", "--seeds", "{seeds}"]),
    ("tests", ["-m", "pytest", "-n", "0", "-q", "-x", "tests/core", "tests/rules", *KERNEL_TESTS]),
)


def main() -> int:
    """Return how many mutations nobody noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--only", default="", help="mutations whose text holds this")
    options = parser.parse_args()
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        assert not _caught_by(tree, CONTROL, options.seeds), "something fails without any mutation"
        for mutation in MUTATIONS:
            if options.only not in mutation.what:
                continue
            caught = _caught_by(tree, mutation, options.seeds)
            survivors += not caught
            print(f"{', '.join(caught) or 'SURVIVED':18} {mutation.what}", flush=True)
    return survivors


def _caught_by(tree: Path, mutation: Mutation, seeds: int) -> list[str]:
    shutil.rmtree(tree / "glue_tui", ignore_errors=True)
    shutil.copytree(ROOT / "glue_tui", tree / "glue_tui", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests", tree / "tests", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    shutil.copy(ROOT / "pyproject.toml", tree)
    path = tree / "glue_tui" / mutation.path
    text = path.read_text()
    assert text.count(mutation.old) == 1, f"{mutation.what}: its line is not in {mutation.path} once"
    path.write_text(text.replace(mutation.old, mutation.new))
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    caught: list[str] = []
    for name, command in CHECKS:
        arguments = [sys.executable, *(part.format(seeds=seeds) for part in command)]
        ended = subprocess.run(arguments, cwd=tree, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            caught.append(name)
    return caught


if __name__ == "__main__":
    sys.exit(main())
