"""What the log of calls says about a span of time: how many calls, which failed, which were slow."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Func, IntegerField, Max, Min, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connector.models import ApiCall, ApiCallQuerySet

MOST_GROUPS = 50
MOST_MEASURED = 20_000  # the newest calls are enough to tell what is slow
MOST_SLOW = 8
MOST_OF_A_STORY = 100  # calls before, and as many after


# --- The check of the rights ----------------------------------------------------------------------------

# Jobs that ask what may be refused: the refusal is the answer they look for.
_CHECKS = ("probe-", "trial-")
OF_CHECKS = Q(job__startswith=_CHECKS[0]) | Q(job__startswith=_CHECKS[1])


def is_of_check(call: ApiCall) -> bool:
    """Whether the check of the rights, or its trial, asked it."""
    return call.job.startswith(_CHECKS)


# --- Spans of time ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """How far a page looks back, and how wide a bar of its chart is."""

    label: Promise
    length: timedelta
    step: timedelta


SPANS = {
    "30m": Span(_("Last 30 minutes"), timedelta(minutes=30), timedelta(minutes=1)),
    "3h": Span(_("Last 3 hours"), timedelta(hours=3), timedelta(minutes=6)),
    "24h": Span(_("Last 24 hours"), timedelta(hours=24), timedelta(hours=1)),
    "7d": Span(_("Last 7 days"), timedelta(days=7), timedelta(hours=6)),
    "30d": Span(_("Last 30 days"), timedelta(days=30), timedelta(days=1)),
    "90d": Span(_("Last 90 days"), timedelta(days=90), timedelta(days=3)),
}
USUAL_SPAN = "30m"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """A span that ends now: `count` steps from `since` (UTC), a round time of the local day."""

    since: datetime
    step: timedelta
    count: int

    def moments(self) -> list[datetime]:
        return [self.since + number * self.step for number in range(self.count)]


def window(span: Span, now: datetime) -> Window:
    """The steps that cover `span` before `now`; the first one begins a little earlier, so that it is whole."""
    first = now - span.length
    if span.step > timedelta(hours=1):
        local = timezone.localtime(first)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        since = midnight + (local - midnight) // span.step * span.step
    else:
        since = first - (first - _EPOCH) % span.step
    # In UTC from here on: a sum of local times would ignore a change of daylight saving.
    since = since.astimezone(UTC)
    return Window(since, span.step, (now - since) // span.step + 1)


# --- Figures ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the chart."""

    at: datetime
    count: int
    failed_count: int


@dataclass(frozen=True, slots=True)
class Group:
    """Failures of one operation with one outcome, `check_count` of them the rights check's; `newest` is the last."""

    method: str
    operation: str
    outcome: str
    count: int
    check_count: int
    first_at: datetime
    last_at: datetime
    newest: ApiCall


@dataclass(frozen=True, slots=True)
class Speed:
    """How long one operation takes, in milliseconds: on average, and in the slowest of 20 calls."""

    method: str
    operation: str
    count: int
    average: int
    percentile_95: int


class StepNumber(Func):
    """The number of the step that a moment falls into, counted in the database."""

    output_field = IntegerField()

    def __init__(self, expression: str, window: Window) -> None:
        super().__init__(
            expression, since=int(window.since.timestamp()), seconds=int(window.step.total_seconds())
        )

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Without its fraction, which SQLite would round.
        second = "CAST(strftime('%%%%s', substr(%(expressions)s, 1, 19)) AS INTEGER)"
        template = f"(({second} - %(since)d) / %(seconds)d)"
        return super().as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "FLOOR((EXTRACT(EPOCH FROM %(expressions)s) - %(since)d) / %(seconds)d)::integer"
        return super().as_sql(compiler, connection, template=template, **context)


def steps(calls: ApiCallQuerySet, window: Window) -> list[Step]:
    """All steps of the window, empty ones too. One query."""
    counted = calls.filter(at__gte=window.since).annotate(step=StepNumber("at", window)).values("step")
    counted = counted.annotate(count=Count("pk"), failed_count=Count("pk", filter=~Q(outcome="ok")))
    found = {row["step"]: row for row in counted.order_by()}
    nothing = {"count": 0, "failed_count": 0}
    return [
        Step(at, **{name: found.get(number, nothing)[name] for name in nothing})
        for number, at in enumerate(window.moments())
    ]


def groups(calls: ApiCallQuerySet) -> list[Group]:
    """Failures by operation and outcome, the most frequent first; at most 50. Two queries."""
    figures = {
        "count": Count("pk"),
        "check_count": Count("pk", filter=OF_CHECKS),
        "first_at": Min("at"),
        "last_at": Max("at"),
        "newest": Max("pk"),
    }
    found = calls.failed().values("method", "operation", "outcome").annotate(**figures)
    rows: list[dict[str, Any]] = list(found.order_by("-count", "-newest")[:MOST_GROUPS])
    newest = ApiCall.objects.in_bulk([row["newest"] for row in rows])
    return [Group(**{**row, "newest": newest[row["newest"]]}) for row in rows if row["newest"] in newest]


def slowest(calls: ApiCallQuerySet) -> list[Speed]:
    """The operations that take longest, measured on the newest calls. One query."""
    measured: dict[tuple[str, str], list[int]] = {}
    rows = calls.order_by("-at").values_list("method", "operation", "milliseconds")
    for method, operation, milliseconds in rows[:MOST_MEASURED]:
        measured.setdefault((method, operation), []).append(milliseconds)
    speeds = [_speed(*key, values) for key, values in measured.items()]
    return sorted(speeds, key=lambda speed: (-speed.percentile_95, speed.operation))[:MOST_SLOW]


def _speed(method: str, operation: str, values: list[int]) -> Speed:
    values.sort()
    count = len(values)
    return Speed(method, operation, count, round(sum(values) / count), values[math.ceil(0.95 * count) - 1])


# --- One call -----------------------------------------------------------------------------------------


def story(call: ApiCall) -> list[ApiCall]:
    """The calls of the same job in order, this one among them: at most 100 up to it and 100 after. Two queries."""
    if not call.job:
        return [call]
    same = ApiCall.objects.filter(job=call.job, connection=call.connection_id)
    before = list(same.filter(pk__lte=call.pk).order_by("-pk")[:MOST_OF_A_STORY])
    return before[::-1] + list(same.filter(pk__gt=call.pk).order_by("pk")[:MOST_OF_A_STORY])


def next_attempt(call: ApiCall, story: Iterable[ApiCall]) -> ApiCall | None:
    """The repetition of a call within its story; None when there was none."""
    for other in story:
        if other.pk <= call.pk or (other.method, other.operation) != (call.method, call.operation):
            continue
        return other if other.attempt == call.attempt + 1 else None
    return None
