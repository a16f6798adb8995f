"""Months or years for all charts and the pivot of a page: one step for all of them, empty ones among them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reports.viewer.facet_panel import month_label, value_label
from reports.viewer.filters import STEPS, YEAR

MOST_MONTHS = (
    24  # of the calendar, from the first to the last: more become years unless somebody wants months
)
_MOST_STEPS = 120  # more are no picture: a mistyped year would draw centuries of nothing


@dataclass(frozen=True, slots=True)
class Step:
    """A month or a year: its words, and the months of it that have sales; "" is no date."""

    label: str
    months: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """`steps` in order, no date last. `has_choice`: months and years would both do."""

    is_by_year: bool
    has_choice: bool
    steps: tuple[Step, ...]


def axis_of(months: Iterable[str], wanted: str = "") -> Axis:
    """The steps from the first to the last of these months ("2026-03", "" for no date).

    `wanted` is one of STEPS; without it, and where months are too many, the span of the calendar decides.
    """
    present = set(months)
    known = {_number(month): month for month in sorted(present - {""})}
    first, last = (min(known), max(known)) if known else (0, -1)
    has_months = last - first < _MOST_STEPS
    is_by_year = last - first >= MOST_MONTHS if wanted not in STEPS else wanted == YEAR
    is_by_year = is_by_year or not has_months
    steps = [_step(numbers, known) for numbers in _ranges(first, last, known, 12 if is_by_year else 1)]
    if "" in present:
        steps.append(Step(value_label("month", ""), ("",)))
    return Axis(is_by_year, has_months and first // 12 < last // 12, tuple(steps))


def _number(month: str) -> int:
    """Months since the year 0."""
    year, _dash, number = month.partition("-")
    return int(year) * 12 + int(number) - 1


def _ranges(first: int, last: int, known: Iterable[int], size: int) -> list[range]:
    """Steps of `size` months from the first to the last; only those with sales where these would be too many."""
    places = range(first // size, last // size + 1)
    if len(places) > _MOST_STEPS:
        return [range(place * size, (place + 1) * size) for place in sorted({one // size for one in known})]
    return [range(place * size, (place + 1) * size) for place in places]


def _step(numbers: range, known: Mapping[int, str]) -> Step:
    year, month = divmod(numbers[0], 12)
    label = month_label(f"{year:04}-{month + 1:02}") if len(numbers) == 1 else f"{year}"
    return Step(label, tuple(known[number] for number in numbers if number in known))
