"""What the pages of a comparison and of a recount show: numbers by cause and kind, and one page of sales."""

from collections.abc import Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reports.explaining.comparison import Difference, Kind, Tally, differences, page_of, tally_of
from reports.explaining.comparison_causes import Cause
from reports.explaining.recount import Recounted, recount_tally, recounted
from reports.explaining.snapshots import Outcome, Snapshot
from reports.models import KeywordList, Row, Run, status_label
from reports.templatetags.report_words import day, grouped

PAGE_ROWS = 50
# The fields of `snapshots.Data` that are shown, in the order of the page.
_FIELDS: dict[str, Promise] = {
    "heading": gettext_lazy("Heading"),
    "company_name": gettext_lazy("Customer"),
    "person_name": gettext_lazy("Person"),
    "owner_name": gettext_lazy("Owner"),
    "amount": gettext_lazy("Amount"),
    "currency": gettext_lazy("Currency"),
    "status": gettext_lazy("Status"),
    "sold_on": gettext_lazy("Sale date"),
}
Change = tuple[str, str, str]  # label, before, after


def number_of(text: str) -> int | None:
    """A number from an address, or None."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


# --- Two runs ---------------------------------------------------------------------------------------------


def differences_context(request: HttpRequest, before: Run, after: Run) -> dict[str, Any]:
    """The table of causes, and one page of the sales that were chosen in it."""
    kind, cause = _chosen(request, Kind, "kind"), _chosen(request, Cause, "cause")
    tally, above = tally_of(before, after), number_of(request.GET.get("after", ""))
    found = differences(before, after, above=-1 if above is None else above)
    page, has_more = page_of(found, PAGE_ROWS, kind=kind, cause=cause)
    chosen = {name: value.value for name, value in (("kind", kind), ("cause", cause)) if value}
    return {
        "tally": tally,
        "causes": _cause_lines(tally),
        "kinds": [(one, tally.of(kind=one)) for one in Kind],
        "total": tally.of(),
        "kind": kind,
        "cause": cause,
        "rows": [_shown(one) for one in page],
        "sum_sentence": _sum_sentence(before, after, tally),
        "clear_url": "?" if chosen else "",
        "pager": _pager(
            [one.number for one in page], tally.of(kind=kind, cause=cause), chosen, above, has_more=has_more
        ),
    }


def _chosen(request: HttpRequest, choices: Any, name: str) -> Any:
    """A member of `choices` from the address, or None."""
    value = request.GET.get(name, "")
    return choices(value) if value in choices.values else None


def _cause_lines(tally: Tally) -> list[dict[str, Any]]:
    """One line a cause that there is: its numbers by kind, each with its kind and the address of its sales."""
    return [
        {
            "cause": cause,
            "count": tally.of(cause=cause),
            "url": f"?{urlencode({'cause': cause.value})}#rows",
            "cells": [
                (
                    kind,
                    tally.of(kind=kind, cause=cause),
                    f"?{urlencode({'kind': kind.value, 'cause': cause.value})}#rows",
                )
                for kind in Kind
            ],
        }
        for cause in Cause
        if tally.of(cause=cause)
    ]


def _sum_sentence(before: Run, after: Run, tally: Tally) -> str:
    """Gained and lost sales lead from the one number of sales with a product to the other."""
    had, has = (int(run.funnel.get(Row.Stage.MATCHED, 0)) for run in (before, after))
    words = _(
        "Before %(had)s sales with a product, now %(has)s: %(gained)s newly found, %(lost)s no longer found. "
        "%(same)s are the same."
    )
    return words % {
        "had": grouped(had),
        "gained": grouped(tally.of(kind=Kind.GAINED)),
        "lost": grouped(tally.of(kind=Kind.LOST)),
        "has": grouped(has),
        "same": grouped(tally.same_count),
    }


def _shown(one: Difference) -> dict[str, Any]:
    """A line of the table: the sale, the cause, and what differs as (label, before, after)."""
    sides = (one.before, one.after)
    heading = next(side.data.heading for side in reversed(sides) if side)
    return {
        "number": one.number,
        "kind": one.kind,
        "cause": one.cause,
        "keyword": one.keyword,
        "heading": heading,
        "changes": _changes(*sides),
    }


def _changes(before: Snapshot | None, after: Snapshot | None) -> list[Change]:
    """What differs, in words; where one run lacks the sale, its result in the other."""
    label = _("Result")
    if before is None or after is None:
        had, has = (result_words(side.outcome) if side else _("not in the run") for side in (before, after))
        return [(label, had, has)]
    changes = []
    if before.outcome != after.outcome:
        changes.append((label, result_words(before.outcome), result_words(after.outcome)))
    for name, title in _FIELDS.items():
        old, new = getattr(before.data, name), getattr(after.data, name)
        if old != new:
            changes.append((str(title), _value_words(name, old), _value_words(name, new)))
    return changes


def _value_words(name: str, value: Any) -> str:
    if name == "amount":
        return str(number_format(value, decimal_pos=2, use_l10n=True, force_grouping=True))
    if name == "sold_on":
        return day(value)
    return (status_label(value) if name == "status" else str(value)) or "–"


def result_words(outcome: Outcome) -> str:
    """ "2 × OMNIE CD-01; 1 × Wartung (Quote)", or the stage of a sale without a product."""
    if outcome.stage != Row.Stage.MATCHED:
        return str(Row.Stage(outcome.stage).label)
    pairs = zip(outcome.quantities.split("; "), outcome.products.split("; "), strict=False)
    words = "; ".join(f"{quantity} × {product}" for quantity, product in pairs)
    if outcome.source in (Row.Source.HEADING, ""):
        return words
    return f"{words} ({Row.Source(outcome.source).label})"


def _pager(
    numbers: Sequence[int], total: int, chosen: dict[str, str], above: int | None, *, has_more: bool
) -> dict[str, str]:
    last = numbers[-1] if numbers else 0
    words = ngettext("%(shown)s of %(count)s sale", "%(shown)s of %(count)s sales", total)
    return {
        "sentence": words % {"shown": grouped(len(numbers)), "count": grouped(total)},
        "first_url": f"?{urlencode(chosen)}#rows" if above is not None else "",
        "next_url": f"?{urlencode({**chosen, 'after': last})}#rows" if has_more else "",
    }


# --- One run with other keywords --------------------------------------------------------------------------


def recount_context(request: HttpRequest, run: Run, newest: KeywordList) -> dict[str, Any]:
    """The numbers, and one page of the sales that today's keywords see differently."""
    kind, tally = _chosen(request, Kind, "kind"), recount_tally(run, newest)
    above = number_of(request.GET.get("after", ""))
    found = recounted(run, newest, above=-1 if above is None else above)
    changed = (row for row in found if row.is_changed and kind in (None, row.kind))
    page = list(islice(changed, PAGE_ROWS + 1))
    shown = page[:PAGE_ROWS]
    total = tally.kinds.get(kind, 0) if kind else tally.changed_count
    chosen = {"kind": kind.value} if kind else {}
    return {
        "tally": tally,
        "kinds": [(one, tally.kinds.get(one, 0), f"?kind={one.value}#rows") for one in Kind],
        "kind": kind,
        "clear_url": "?" if kind else "",
        "stages": [
            (stage.label, int(run.funnel.get(stage.value, 0)), tally.funnel[stage.value])
            for stage in Row.Stage
        ],
        "rows": [_shown_again(row) for row in shown],
        "pager": _pager(
            [row.before.number for row in shown], total, chosen, above, has_more=len(page) > PAGE_ROWS
        ),
    }


def _shown_again(row: Recounted) -> dict[str, Any]:
    assert row.after is not None
    words = (_("Result"), result_words(row.before.outcome), result_words(row.after))
    return {
        "number": row.before.number,
        "kind": row.kind,
        "keyword": row.keyword,
        "heading": row.before.data.heading,
        "changes": [words],
    }
