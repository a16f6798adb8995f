"""How far a reading is, how fast, and how long it will take."""

from dataclasses import dataclass

from reports.models import Sync


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
