"""Whether runs that files start make the files that start the next ones. Pure: moments and time are given.

A run's *generation* counts how many such runs stand behind it, each begun by a file that changed while the one before
was at work. An outside source that is faster than its runs looks the same, so a high generation proves nothing yet: the
trigger then fires only after a quiet time. A file that comes while nothing is at work proves the outside source; three
runs in a row during which the next file came, and none in the quiet around them, prove the loop. A program that writes
its next file once it sees what a run has done is part of a loop, too: `allow_loop` says that it is meant.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from glue_tui.core.clock import was_set_back
from glue_tui.core.model import RunId
from glue_tui.core.run import WorkflowRun

GENERATIONS_MAX = 20
"""From this generation on, a trigger has to show that its files come from outside."""
RUNS_MAX = 100
"""So many runs may one have brought about, whatever their generations: runs that make two files each multiply."""
PROBES_MAX = 3
QUIET_S = 5.0
"""The shortest quiet time; twice as long as the trigger's last run was at work, where that is longer."""
GRACE_S = 2.0
"""After the end of a run, for what it wrote last and is noticed only then."""
SPANS_KEPT = 200
"""Runs that are over and still remembered."""

Key = tuple[str, str]
"""Workflow and trigger name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that a run which files started was at work."""

    run_id: RunId
    key: Key
    generation: int
    chain: str
    """The runs that one of them has brought about are a chain, named for that first one."""
    started_at: float
    ended_at: float = math.inf
    worked_s: float = 0.0
    """Of a run that is over: without the time in which its nodes only waited for a slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """When a file came about: when it was written, and when that was noticed."""

    written_at: float
    noticed_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a file was made by, as far as its time tells."""

    generation: int
    """Of a run that it starts; 0: it came from outside."""
    chain: str


OUTSIDE = Origin(generation=0, chain="")


@dataclass(frozen=True, slots=True, kw_only=True)
class MayFire:
    origin: Origin = OUTSIDE
    is_probe: bool = False
    """It tries whether the run makes the next file."""
    cleared_until: float | None = None
    """Files that came until then are shown to come from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MustWait:
    until: float | None
    """The end of the quiet time; None while runs are at work that have to be over first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsLoop:
    runs: int
    """In the chain."""


Verdict = MayFire | MustWait | IsLoop


@dataclass(frozen=True, slots=True, kw_only=True)
class Loops:
    """What is known of runs that files started; replaced as a whole with each change."""

    spans: tuple[Span, ...] = ()
    """In the order in which they began."""
    queued: Mapping[RunId, tuple[Key, str]] = field(default_factory=dict)
    """Runs that have not begun yet, with their chains."""
    chains: Mapping[str, int] = field(default_factory=dict)
    """How many runs are in each chain."""
    probes: Mapping[Key, int] = field(default_factory=dict)
    """Tries in a row, of triggers that may be part of a loop."""
    cleared: Mapping[Key, float] = field(default_factory=dict)
    """Until when files of a trigger are known to come from outside."""

    def saw(self, run: WorkflowRun) -> Loops:
        """Note that a run is there, has begun or is over, if files started it and a loop is not what is meant."""
        trigger = run.workflow.trigger(run.cause.trigger)
        if trigger is None or trigger.watch is None or trigger.watch.allow_loop:
            return self
        key = (run.workflow.name, trigger.name)
        _, chain = self.queued.get(run.run_id, (key, str(run.run_id)))
        if run.started_at is None:
            queued = {run_id: other for run_id, other in self.queued.items() if run_id != run.run_id}
            return replace(self, queued=queued if run.status.is_over else {**queued, run.run_id: (key, chain)})
        known = next((one for one in self.spans if one.run_id == run.run_id), None)
        span = Span(
            run_id=run.run_id,
            key=key,
            generation=known.generation if known else run.cause.generation,
            chain=known.chain if known else chain,
            started_at=run.started_at,
            ended_at=math.inf if run.finished_at is None else run.finished_at,
            worked_s=_worked_s(run, run.started_at),
        )
        return self if span == known else self._with(span)

    def judge(self, key: Key, batch: Sequence[Arrival], newest: Arrival, now: float) -> Verdict:
        """Decide whether a trigger may fire for the files of a batch; `newest` is the last that came at all."""
        origin = max((self._origin(key, one) for one in batch), key=_order, default=OUTSIDE) if self.spans else OUTSIDE
        if not self._is_suspicious(origin):
            return MayFire(origin=origin)
        if self._origin(key, newest) == OUTSIDE:
            return MayFire(cleared_until=newest.noticed_at)
        since = self._began(key, now)
        young = [one for one in self.spans if one.started_at >= since]
        is_quiet = all(one.ended_at < math.inf for one in young)
        if not is_quiet:
            # What began after these files can't have made them: to wait for it, too, might have no end.
            last_at = max(one.noticed_at for one in batch)
            young = [one for one in young if one.key == key or one.started_at <= last_at]
        ended_at = max((one.ended_at for one in young), default=-math.inf)
        if ended_at == math.inf or any(other == key for other, _ in self.queued.values()):
            return MustWait(until=None)
        until = ended_at + max(QUIET_S, 2 * max((one.worked_s for one in young if one.key == key), default=0.0))
        if now < until and not was_set_back(ended_at, now):
            return MustWait(until=until)
        probes = self.probes.get(key, 0)
        if probes and newest.noticed_at <= since:
            # The last probe made no file: what waits has another source.
            return MayFire(cleared_until=newest.noticed_at)
        if not is_quiet:
            # While others are at work a probe would prove nothing; a loop goes on slowly until they are not.
            return MayFire(origin=origin)
        if probes >= PROBES_MAX:
            return IsLoop(runs=max(self.chains.get(origin.chain, 0), origin.generation))
        return MayFire(origin=origin, is_probe=True)

    def fired(self, key: Key, run_id: RunId, verdict: MayFire) -> Loops:
        """Note that a trigger has fired."""
        chain = verdict.origin.chain or str(run_id)
        counted = {**self.chains, chain: self.chains.get(chain, 0) + 1}
        after = replace(self, queued={**self.queued, run_id: (key, chain)}, chains=counted)
        if verdict.is_probe:
            return replace(after, probes={**self.probes, key: self.probes.get(key, 0) + 1})
        probes = {one: count for one, count in self.probes.items() if one != key}
        if verdict.origin != OUTSIDE and verdict.cleared_until is None:
            return replace(after, probes=probes)
        # Its files come from outside: so what came while its runs were at work needs not be theirs.
        spans = tuple(_first_of_chain(one) if one.key == key else one for one in self.spans)
        cleared = self.cleared if verdict.cleared_until is None else {**self.cleared, key: verdict.cleared_until}
        return replace(after, spans=spans, probes=probes, cleared=cleared)

    def forgiven(self) -> Loops:
        """Begin to count anew: a person wants a trigger to go on."""
        return replace(self, spans=tuple(map(_first_of_chain, self.spans)), chains={}, probes={})

    def _with(self, span: Span) -> Loops:
        queued = {run_id: other for run_id, other in self.queued.items() if run_id != span.run_id}
        spans = [one for one in self.spans if one.run_id != span.run_id]
        spans.insert(bisect_right(spans, span.started_at, key=_start), span)
        over = sum(1 for one in spans if one.ended_at < math.inf)
        if over <= SPANS_KEPT:
            return replace(self, spans=tuple(spans), queued=queued)
        spans.remove(next(one for one in spans if one.ended_at < math.inf))
        going = {one.chain for one in spans} | {chain for _, chain in queued.values()}
        chains = {chain: count for chain, count in self.chains.items() if chain in going}
        return replace(self, spans=tuple(spans), queued=queued, chains=chains)

    def _is_suspicious(self, origin: Origin) -> bool:
        return origin.generation >= GENERATIONS_MAX or self.chains.get(origin.chain, 0) >= RUNS_MAX

    def _origin(self, key: Key, file: Arrival) -> Origin:
        """Return what has made a file, as far as its time tells.

        Runs that were at work before the trigger's own last one began are none of its consequences: otherwise a single
        long run would make a chain of whatever comes while it lasts.
        """
        if file.noticed_at <= self.cleared.get(key, -math.inf):
            return OUTSIDE
        return max((self._origin_at(key, at) for at in (file.written_at, file.noticed_at)), key=_order)

    def _origin_at(self, key: Key, at: float) -> Origin:
        """Return what was at work at a moment.

        Of several runs of the trigger itself it is the first: what comes in a burst, or while one run lasts long, is
        no chain of those that the burst has started.
        """
        end = bisect_left(self.spans, at, key=_start)
        first = next((one for one in islice(self.spans, end) if one.key == key and at <= one.ended_at), None)
        begin = bisect_left(self.spans, self._began(key, at), key=_start)
        makers = [one for one in self.spans[begin:end] if at <= one.ended_at + GRACE_S]
        if first is not None:
            makers = [first, *(one for one in makers if one.key != key)]
        origins = (Origin(generation=one.generation + 1, chain=one.chain) for one in makers)
        return max(origins, key=_order, default=OUTSIDE)

    def _began(self, key: Key, at: float) -> float:
        """Return when the trigger's last run before a moment began."""
        before = bisect_left(self.spans, at, key=_start)
        own = (self.spans[index].started_at for index in reversed(range(before)) if self.spans[index].key == key)
        return next(own, -math.inf)


def _worked_s(run: WorkflowRun, started_at: float) -> float:
    """Return how long a run that is over was at work, with parallel nodes one after another at most; 0 before."""
    if run.finished_at is None:
        return 0.0
    lasted_s = run.finished_at - started_at
    attempts = [one for node in run.nodes.values() for one in node.attempts if one.finished_at is not None]
    if not attempts:
        return lasted_s
    spells_s = ((one.finished_at or 0.0) - one.starting_at for one in attempts if one.starting_at is not None)
    return min(lasted_s, sum(spells_s))


def _order(origin: Origin) -> tuple[int, str]:
    return origin.generation, origin.chain


def _first_of_chain(span: Span) -> Span:
    is_first = span.generation == 0 and span.chain == span.run_id
    return span if is_first else replace(span, generation=0, chain=str(span.run_id))


def _start(span: Span) -> float:
    return span.started_at
