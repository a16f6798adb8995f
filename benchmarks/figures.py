"""One measured figure, and how the best of several runs is taken."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` and `yardstick` in `unit`; `ratio` is value / yardstick, and `goal` the ratio not to exceed."""

    name: str
    value: float
    unit: str
    yardstick: float
    goal: float

    @property
    def ratio(self) -> float:
        return self.value / self.yardstick

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "yardstick": round(self.yardstick, 3),
            "ratio": round(self.ratio, 2),
            "goal": self.goal,
            "met": self.ratio <= self.goal,
        }


def best_seconds(measured: Callable[[], object], *, rounds: int = 5) -> float:
    """The shortest of `rounds` runs in seconds: the one that the machine disturbed least."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        measured()
        times.append(time.perf_counter() - started)
    return min(times)


def best_seconds_of_each(
    measured: Callable[[], object], yardstick: Callable[[], object], *, rounds: int
) -> tuple[float, float]:
    """As `best_seconds` for both, in turn: a machine that gets slower gets slower for both."""
    pairs = [(best_seconds(measured, rounds=1), best_seconds(yardstick, rounds=1)) for _ in range(rounds)]
    return min(value for value, _ in pairs), min(value for _, value in pairs)
