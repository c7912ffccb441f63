"""What a benchmark yields: figures taken in rounds, and rows that set one against a limit and a goal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a benchmark is to be run."""

    rounds: int
    scratch: Path
    """An empty folder of its own; taken away afterwards."""
    is_smallest: bool = False
    """Only to see that it can be run."""
    peer_pythons: tuple[str, ...] = ()
    """Interpreters that have other orchestrators, or other engines of data, installed."""
    pipeline_rows: int | None = None
    """In place of the sizes of its goals."""

    def size(self, full: int, smallest: int) -> int:
        return smallest if self.is_smallest else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing measured, a value per round."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    def times(self, factor: float) -> Figure:
        return Figure(name=self.name, values=tuple(value * factor for value in self.values))

    def plus(self, other: Figure, name: str) -> Figure:
        """Return the sums, round by round."""
        return Figure(name=name, values=tuple(a + b for a, b in zip(self.values, other.values, strict=True)))

    def minus(self, other: Figure, name: str) -> Figure:
        """Return the differences, round by round."""
        return self.plus(other.times(-1), name)

    def over(self, other: Figure) -> float:
        """Return how many times `other` this is: the median of the ratios, round by round.

        Both of a round were taken at nearly the same time, so that a busy minute of the machine hits both.
        """
        return median(a / b if b else float("inf") for a, b in zip(self.values, other.values, strict=True))


@dataclass(frozen=True, slots=True)
class AtMost:
    """The measured value may be so large, in the row's unit."""

    value: float


@dataclass(frozen=True, slots=True)
class TimesLimit:
    """The measured value may be so many times the limit."""

    factor: float


Goal = AtMost | TimesLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    benchmark: str
    what: str
    """Begins with the goal's number where it has one (P1 …)."""
    unit: str
    measured: Figure
    limit: Figure | None = None
    goal: Goal | None = None
    """None: told for comparison."""

    @property
    def ratio(self) -> float | None:
        return self.measured.over(self.limit) if self.limit is not None else None

    @property
    def is_met(self) -> bool | None:
        match self.goal:
            case None:
                return None
            case AtMost(value=value):
                return self.measured.median <= value
            case TimesLimit(factor=factor):
                assert self.ratio is not None, "a goal in limits needs a limit"
                return self.ratio <= factor


def in_rounds(cases: Mapping[str, Callable[[], float]], setting: Setting) -> dict[str, Figure]:
    """Call every case in turn, round after round, and return what they returned; the first round does not count."""
    warm_ups = setting.size(1, 0)
    values: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(warm_ups + setting.rounds):
        for name, case in cases.items():
            value = case()
            if number >= warm_ups:
                values[name].append(value)
    return {name: Figure(name=name, values=tuple(taken)) for name, taken in values.items()}
