"""Two runs of a report beside each other: which sales they see differently, and one cause for each.

Both runs are read side by side by rising sale number, so memory does not grow with them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from reports.explaining.comparison_causes import Cause, Judge, Pair
from reports.explaining.snapshots import CHUNK, Snapshot, snapshots
from reports.models import LocalCopy, Run
from reports.runs import funnel


class Kind(models.TextChoices):
    """What became of a sale: its product was gained or lost, is another one, or it has none in either run."""

    GAINED = "gained", _("Newly found")
    LOST = "lost", _("No longer found")
    CHANGED = "changed", _("Changed")
    ELSEWHERE = "elsewhere", _("Before and after without a product")


class Difference(NamedTuple):
    """One sale that the runs see differently. `keyword` is the one behind it, where the list is the cause."""

    number: int
    kind: Kind
    cause: Cause
    keyword: str
    before: Snapshot | None
    after: Snapshot | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many differences there are of each (kind, cause), and how many sales are the same in both."""

    counts: dict[tuple[Kind, Cause], int]
    same_count: int

    def of(self, *, kind: Kind | None = None, cause: Cause | None = None) -> int:
        return sum(
            count
            for (one, other), count in self.counts.items()
            if kind in (None, one) and cause in (None, other)
        )


def differences(before: Run, after: Run, *, above: int = -1) -> Iterator[Difference]:
    """The sales with a number above `above` that differ, by rising number. Both runs have their rows."""
    judge = Judge(before, after)
    pairs = (pair for pair in _paired(before, after, above) if not _is_same(pair))
    while chunk := list(islice(pairs, CHUNK)):
        for pair, (cause, keyword) in zip(chunk, judge.causes(chunk), strict=True):
            yield Difference(pair.number, kind_of(pair), cause, keyword, pair.before, pair.after)


def _paired(before: Run, after: Run, above: int) -> Iterator[Pair]:
    """The rows of both runs in the order of their sale numbers, each sale once."""
    left, right = snapshots(before, after=above), snapshots(after, after=above)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.number < other.number):
            yield Pair(one, None)
            one = next(left, None)
        elif one is None or other.number < one.number:
            yield Pair(None, other)
            other = next(right, None)
        else:
            yield Pair(one, other)
            one, other = next(left, None), next(right, None)


def _is_same(pair: Pair) -> bool:
    return (
        pair.before is not None
        and pair.after is not None
        and pair.before.outcome == pair.after.outcome
        and pair.before.data == pair.after.data
    )


def kind_of(pair: Pair) -> Kind:
    had, has = (one is not None and one.outcome.stage == funnel.MATCHED for one in pair)
    if had and has:
        return Kind.CHANGED
    if not had and not has:
        return Kind.ELSEWHERE
    return Kind.GAINED if has else Kind.LOST


# --- Numbers and pages ----------------------------------------------------------------------------------


def tally_of(before: Run, after: Run) -> Tally:
    """All differences counted; remembered, since finished runs never change."""
    copy = LocalCopy.objects.filter(connection=after.connection_id).first()
    marks = (mark_of(before), mark_of(after), copy.revision if copy else 0)
    return _tally(before.pk, after.pk, marks)


def mark_of(run: Run) -> tuple[object, ...]:
    """What tells a finished run from another one that got its number after a restored backup."""
    return run.finished_at, run.checksum, run.read_count


@lru_cache(maxsize=16)
def _tally(before_pk: int, after_pk: int, _marks: tuple[object, ...]) -> Tally:
    runs = Run.objects.select_related("keyword_list", "connection", "report").in_bulk([before_pk, after_pk])
    before, after = runs[before_pk], runs[after_pk]
    counts = Counter((one.kind, one.cause) for one in differences(before, after))
    return Tally(dict(counts), _union_count(before, after) - counts.total())


def _union_count(before: Run, after: Run) -> int:
    """How many sales are in at least one of the runs."""
    numbers = before.rows.values("sale_number")
    return before.rows.count() + after.rows.exclude(sale_number__in=numbers).count()


def page_of(
    found: Iterable[Difference], size: int, *, kind: Kind | None = None, cause: Cause | None = None
) -> tuple[list[Difference], bool]:
    """The first `size` differences of this kind and cause, and whether there are more."""
    chosen = (one for one in found if kind in (None, one.kind) and cause in (None, one.cause))
    page = list(islice(chosen, size + 1))
    return page[:size], len(page) > size
