"""Failures, as SuperOffice's developer portal shows them: grouped, over time, and each call with its story."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from connector import failures as figures
from connector.models import ApiCall, ApiCallQuerySet, Connection
from connector.roles import is_administrator
from connector.templatetags.call_words import advice, feature_of, outcome_label

PAGE_CALLS = 50
GROUP = ("method", "operation", "outcome")
Wanted = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the chart, and the address of what failed then."""

    label: str
    count: int
    failed_count: int
    url: str


class FailuresForm(forms.Form):
    """What the page looks at; its state lives in the address. `step` is a bar of the chart, in seconds since
    1970; method, operation and outcome name a group, `before` the last call that the previous page showed;
    `checks` counts the calls of the rights check too.
    """

    connection = forms.TypedChoiceField(label=_("Connection"), required=False, coerce=int, empty_value=None)
    environment = forms.ChoiceField(label=_("Environment"), required=False)
    range = forms.ChoiceField(label=_("Time"), required=False)
    step = forms.IntegerField(required=False, min_value=0, max_value=4_000_000_000)
    method = forms.CharField(required=False, max_length=8)
    operation = forms.CharField(required=False, max_length=200)
    outcome = forms.CharField(required=False, max_length=40)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    checks = forms.ChoiceField(
        required=False, choices=[("shown", _("Shown"))], widget=forms.HiddenInput(attrs={"id": None})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Connection.objects.order_by("name", "pk").only("name", "context_identifier")
        choices: dict[str, list[Any]] = {
            "connection": [("", _("All")), *((row.pk, str(row)) for row in rows)],
            "environment": [("", _("All")), *Connection.Environment.choices],
            "range": [(name, span.label) for name, span in figures.SPANS.items()],
        }
        for name, values in choices.items():
            self.fields[name].choices = values  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Wanted:
        """What was chosen, None or empty where nothing was; what makes no sense is left out and named beside
        its field.
        """
        self.is_valid()
        chosen = {name: self.cleaned_data.get(name) for name in self.fields}
        return {**chosen, "range": chosen["range"] or figures.USUAL_SPAN}


@require_safe
def failures(request: HttpRequest) -> HttpResponse:
    """Calls and failures of a span of time; with a group chosen, that group's calls."""
    if not is_administrator(request.user):
        raise PermissionDenied
    form = FailuresForm({"range": figures.USUAL_SPAN, **request.GET.dict()})
    wanted = form.wanted
    span = figures.SPANS[wanted["range"]]
    window = figures.window(span, timezone.now())
    chosen = _chosen_calls(wanted).filter(at__gte=window.since)
    calls = chosen if wanted["checks"] else chosen.exclude(figures.OF_CHECKS)
    bars = _bars(figures.steps(calls, window), wanted, span)
    context = {
        "form": form,
        "wanted": wanted,
        "span": span,
        "count": sum(bar.count for bar in bars),
        "failed_count": sum(bar.failed_count for bar in bars),
        "check_count": chosen.filter(figures.OF_CHECKS).count(),
        "checks_url": _address(wanted, checks=None if wanted["checks"] else "shown", before=None),
        "bars": bars,
        "chart": _chart(bars),
        "peak": _peak(bars),
        "chips": _chips(wanted, span),
        "slowest": figures.slowest(calls),
        "kept_days": settings.CALL_LOG_DAYS,
        "longer_url": _address({**dict.fromkeys(wanted), "range": "90d"}),
        **_failed_calls(_of_step(calls, wanted["step"], span), wanted),
    }
    return render(request, "connector/failures.html", context)


def _chosen_calls(wanted: Wanted) -> ApiCallQuerySet:
    calls = ApiCall.objects.all()
    if wanted["connection"]:
        calls = calls.filter(connection=wanted["connection"])
    if wanted["environment"]:
        calls = calls.filter(environment=wanted["environment"])
    return calls


def _of_step(calls: ApiCallQuerySet, step: int | None, span: figures.Span) -> ApiCallQuerySet:
    if step is None:
        return calls
    begin = datetime.fromtimestamp(step, UTC)
    return calls.filter(at__gte=begin, at__lt=begin + span.step)


def _failed_calls(calls: ApiCallQuerySet, wanted: Wanted) -> dict[str, Any]:
    """The groups of failures; with a group chosen, a page of its calls, newest first."""
    if not wanted["outcome"]:
        found = figures.groups(calls)
        groups = [(group, _address(wanted, **_name_of(group))) for group in found]
        return {"groups": groups, "most_groups": figures.MOST_GROUPS}
    chosen = calls.failed().filter(**{name: wanted[name] for name in GROUP})
    page = chosen.filter(pk__lt=wanted["before"]) if wanted["before"] else chosen
    rows = list(page.select_related("user").order_by("-pk")[: PAGE_CALLS + 1])
    has_more = len(rows) > PAGE_CALLS
    rows = rows[:PAGE_CALLS]
    return {
        "calls": rows,
        "call_count": chosen.count(),
        "first_url": _address(wanted, before=None) if wanted["before"] else "",
        "next_url": _address(wanted, before=rows[-1].pk) if has_more else "",
    }


def _name_of(group: figures.Group) -> dict[str, Any]:
    return {**{name: getattr(group, name) for name in GROUP}, "before": None}


def _address(wanted: Wanted, **changes: Any) -> str:
    """This page with other choices; whatever is chosen stays in the address."""
    chosen = {name: value for name, value in {**wanted, **changes}.items() if value not in (None, "")}
    return f"{reverse('failures')}?{urlencode(chosen)}#failed"


def _chips(wanted: Wanted, span: figures.Span) -> list[dict[str, object]]:
    """The bar and the group that were chosen, each with the address without it."""
    chips: list[dict[str, object]] = []
    if wanted["step"] is not None:
        words = _step_words(datetime.fromtimestamp(wanted["step"], UTC), span)
        chips.append({"label": words, "remove_url": _address(wanted, step=None, before=None)})
    if wanted["outcome"]:
        label = f"{wanted['method']} {wanted['operation']}: {outcome_label(wanted['outcome'])}"
        without = dict.fromkeys((*GROUP, "before"))
        chips.append({"label": label, "remove_url": _address(wanted, **without)})
    return chips


def _step_words(at: datetime, span: figures.Span) -> str:
    """When a step was, as short as the span allows."""
    local = timezone.localtime(at)
    if span.step < timedelta(hours=1):
        return date_format(local, "H:i")
    day = "d.m." if get_language() == "de" else "j M"
    if span.step < timedelta(days=1):
        return date_format(local, f"{day} H:i")
    # A day is named by its noon: after a change of daylight saving its beginning may lie in the day before.
    return date_format(local + timedelta(hours=12), day)


def _bars(steps: list[figures.Step], wanted: Wanted, span: figures.Span) -> list[Bar]:
    return [
        Bar(
            label=_step_words(step.at, span),
            count=step.count,
            failed_count=step.failed_count,
            url=_address(wanted, step=int(step.at.timestamp()), before=None),
        )
        for step in steps
    ]


def _peak(bars: list[Bar]) -> str:
    """When most calls failed, as a sentence; empty when none did."""
    worst = max(bars, key=lambda bar: bar.failed_count)
    if not worst.failed_count:
        return ""
    words = ngettext(
        "At the worst, %(when)s, %(failed)s of %(count)s call failed.",
        "At the worst, %(when)s, %(failed)s of %(count)s calls failed.",
        worst.count,
    )
    return words % {
        "when": worst.label,
        "failed": localize(worst.failed_count),
        "count": localize(worst.count),
    }


def _chart(bars: list[Bar]) -> dict[str, Any]:
    """What the script draws, a list each: the same numbers as in the table."""
    return {
        "labels": [bar.label for bar in bars],
        "urls": [bar.url for bar in bars],
        "failed": [bar.failed_count for bar in bars],
        "answered": [bar.count - bar.failed_count for bar in bars],
    }


@require_safe
def api_call(request: HttpRequest, pk: int) -> HttpResponse:
    """One call: what was asked, what came back, what to do, and what else its job asked."""
    if not is_administrator(request.user):
        raise PermissionDenied
    found = get_object_or_404(ApiCall.objects.select_related("connection", "user"), pk=pk)
    story = figures.story(found)
    next_attempt = figures.next_attempt(found, story)
    context = {
        "call": found,
        "why": advice(found, next_attempt) if found.outcome != "ok" else None,
        "feature": feature_of(found),
        "environment": dict(Connection.Environment.choices).get(found.environment, found.environment),
        "moment_utc": f"{found.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "story": story,
        "next_attempt": next_attempt,
    }
    return render(request, "connector/call.html", context)
