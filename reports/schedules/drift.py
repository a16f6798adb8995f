"""Far fewer sales than usual: before people act on a result, somebody has to look."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from reports.models import Report, Run, Sync

LEAST_SHARE = 0.7  # of the median; below it a result is held back
_COMPARED, _LEAST_COMPARED = 5, 3
# What a period of so many days holds does not swing by a third from one day to the next; "this month" begins empty.
_STEADY_PERIODS = {Report.Period.LAST_90_DAYS.value, Report.Period.LAST_365_DAYS.value}


@dataclass(frozen=True, slots=True)
class Shortfall:
    """`count` sales, where the results before had `usual` (their median)."""

    count: int
    usual: int


def shortfall_of(run: Run) -> Shortfall | None:
    """How far a finished run is below the five before it, or SuperOffice's last full reading below those before.

    Only runs that were asked the same over the same tenant are compared, at least three of them.
    """
    return _of_run(run) or _of_readings(run)


def _of_run(run: Run) -> Shortfall | None:
    if run.definition.get("scope") == Report.Scope.PERIOD and (
        run.definition.get("period") not in _STEADY_PERIODS
    ):
        return None
    earlier = Run.objects.with_result().newest_first().filter(report=run.report, connection=run.connection)
    same = [
        count
        for definition, count in earlier.filter(pk__lt=run.pk).values_list("definition", "read_count")[:20]
        if definition == run.definition
    ]
    return _shortfall(run.read_count, same[:_COMPARED])


def _of_readings(run: Run) -> Shortfall | None:
    """The full reading that the run's data began with, beside the full ones before it."""
    readings = (
        Sync.objects.with_result().newest_first().filter(connection=run.connection, kind=Sync.Kind.FULL)
    )
    if run.sync_id is not None:
        readings = readings.filter(pk__lte=run.sync_id)
    counts = list(readings.values_list("read_count", flat=True)[: _COMPARED + 1])
    return _shortfall(counts[0], counts[1:]) if counts else None


def _shortfall(count: int, before: Sequence[int]) -> Shortfall | None:
    if len(before) < _LEAST_COMPARED:
        return None
    usual = int(median(before))
    return Shortfall(count, usual) if count < LEAST_SHARE * usual else None
