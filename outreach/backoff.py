"""When something outside is tried again: sooner at first, then patiently."""

from datetime import datetime, timedelta

MINUTES = (1, 5, 15, 60, 240)


def next_attempt(now: datetime, attempt_count: int) -> datetime:
    """The moment after the `attempt_count`-th attempt (from 1) has failed."""
    return now + timedelta(minutes=MINUTES[min(attempt_count, len(MINUTES)) - 1])
