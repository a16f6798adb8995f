"""How far a reading is, how fast, and how long it will take."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reports.models import Sync

SILENT_AFTER = timedelta(seconds=15)  # a page of sales takes a second or two


@dataclass(frozen=True, slots=True)
class Progress:
    """`percent` of the current step, None while nobody knows how long the list is. `rate` in sales a second and
    `seconds_left` for the sales, None where there is no telling.
    """

    percent: int | None
    rate: float | None
    seconds_left: int | None


def progress_of(sync: Sync, *, before: int, seconds: float) -> Progress:
    """`before`: how many sales were read when the last `seconds` began.

    Numbers rise, and the highest one is known: how far the last one is on the way there tells more than the
    count, because numbers have gaps.
    """
    counts_numbers = sync.step in {Sync.Step.SALES, Sync.Step.COMPARISON}
    highest = sync.expected_count if counts_numbers else None
    share = min(sync.cursor / highest, 1.0) if highest else None
    read = sync.read_count - before
    rate = read / seconds if sync.step == Sync.Step.SALES and read > 0 and seconds > 0 else None
    left = None
    if rate and share:
        all_of_them = sync.read_count / share
        left = round((all_of_them - sync.read_count) / rate)
    return Progress(None if share is None else int(100 * share), rate, left)


def silent_since(sync: Sync, now: datetime) -> datetime | None:
    """Since when SuperOffice has not answered a reading that somebody works on; None while it answers.

    A worker that died is no silence of SuperOffice's: it says no word either, but loses its lease.
    """
    alive_at, lease_until = sync.alive_at, sync.lease_until
    if sync.status != Sync.Status.RUNNING or alive_at is None or lease_until is None or lease_until < now:
        return None
    return alive_at if now - alive_at > SILENT_AFTER else None
