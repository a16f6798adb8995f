"""The local copy for people: how old and complete it is, a search in it, and one sale with all we know of it."""

from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from connector.models import Connection
from connector.problems import Trouble, problem_code
from connector.services import NotConfigured, current_connection, open_client, remember
from connector.superoffice.errors import NotFound, SuperOfficeError
from reports.keyword_lists.keywords import current_list, matcher_of
from reports.local_copy.raw_entity import RawEntity
from reports.local_copy.raw_entity import lines_of as raw_lines_of
from reports.local_copy.sync_views import progress_context
from reports.matching import Match, Matcher
from reports.models import KeywordList, LocalCopy, QuoteLine, Report, Row, Run, Sale, Sync
from reports.models.sales import SaleQuerySet
from reports.rights import may_run
from reports.runs import funnel
from reports.runs.evaluation import lines_of
from reports.runs.families import catalogue_of
from reports.runs.funnel import Placement, Subject
from reports.runs.highlight import pieces
from reports.viewer.disagreement import disagreement

PAGE_SALES = 50
SHOWN_READINGS = 10
Pieces = list[tuple[str, Match | None]]


class SaleSearchForm(forms.Form):
    q = forms.CharField(label=_("Search number, heading, customer"), required=False, max_length=100)
    after = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


# --- The copy -----------------------------------------------------------------------------------------


@require_safe
def sales(request: HttpRequest) -> HttpResponse:
    """State of the copy, its last readings, and the sales in it."""
    connection = current_connection()
    readings = list(_readings(connection))
    newest = readings[0] if readings else None
    unfinished = newest if newest and not newest.is_finished else None
    last = next((one for one in readings if one.is_finished), None)
    context = {
        "connection": connection,
        "copy": LocalCopy.objects.filter(connection=connection).first(),
        "readings": readings,
        "unfinished": unfinished,
        "last": last,
        "may_run": may_run(request.user),
        **_found_sales(request, connection),
        **(_quote_counts(connection) if connection else {}),
        **(progress_context(request, unfinished) if unfinished else {}),
    }
    return render(request, "reports/sales.html", context)


def _readings(connection: Connection | None) -> "list[Sync]":
    found = Sync.objects.of_tenant(connection).newest_first().select_related("started_by")
    return list(found[:SHOWN_READINGS])


def _quote_counts(connection: Connection) -> dict[str, int]:
    """Sales that have a quote, and those among them of which we hold lines."""
    present = Sale.objects.of_tenant(connection).present()
    with_lines = QuoteLine.objects.filter(sale__connection=connection, sale__removed_at=None)
    return {
        "with_quote_count": present.filter(has_quote=True).count(),
        "with_lines_count": with_lines.aggregate(count=Count("sale", distinct=True))["count"],
    }


def _found_sales(request: HttpRequest, connection: Connection | None) -> dict[str, Any]:
    """One page of the sales that fit the search, by falling number."""
    form = SaleSearchForm(request.GET)
    form.is_valid()  # what is invalid is left out
    text, after = str(form.cleaned_data.get("q") or "").strip(), form.cleaned_data.get("after")
    found = matching_sales(Sale.objects.of_tenant(connection), text)
    page = found.filter(sale_id__lt=after) if after else found
    rows = list(page.order_by("-sale_id")[: PAGE_SALES + 1])
    has_more = len(rows) > PAGE_SALES
    rows = rows[:PAGE_SALES]
    return {
        "q": text,
        "rows": rows,
        "row_count": found.count(),
        "after": after,
        "next_after": rows[-1].sale_id if has_more else None,
    }


def matching_sales(sales: SaleQuerySet, text: str) -> SaleQuerySet:
    """Those whose number is `text`, or whose heading or company contains it. SQLite takes capital letters for
    others outside of ASCII, so that a text with umlauts is looked for in several spellings.
    """
    if not text:
        return sales
    fits = Q(number=text)
    if text.isascii() and text.isdigit() and len(text) < 19:
        fits |= Q(sale_id=int(text))
    spellings = {text} if text.isascii() else {text, text.lower(), text.upper(), text.capitalize()}
    for spelling in spellings:
        fits |= Q(heading__icontains=spelling) | Q(company_name__icontains=spelling)
    return sales.filter(fits)


# --- One sale -----------------------------------------------------------------------------------------


class Text(NamedTuple):
    """A further text of a sale with what keywords find in it."""

    label: str
    pieces: Pieces


class Standing(NamedTuple):
    """Where a sale stands in the newest run of a report; no `row`: the report does not look at it."""

    run: Run
    row: Row | None


def _sale_or_404(sale_id: int) -> Sale:
    """A sale of the tenant in use; an earlier tenant's is as if it did not exist."""
    return get_object_or_404(Sale.objects.of_tenant(current_connection()), sale_id=sale_id)


@require_safe
def sale(request: HttpRequest, sale_id: int) -> HttpResponse:
    return _sale_page(request, _sale_or_404(sale_id))


def _sale_page(request: HttpRequest, found: Sale, **raw: object) -> HttpResponse:
    keyword_list = current_list()
    lines = list(found.quote_lines.order_by("rank", "line_id"))
    placement = _place(found, keyword_list)
    quoted = {one.product: one.quantity for one in placement.matches if one.field == funnel.QUOTE}
    context = {
        "sale": found,
        "keyword_list": keyword_list,
        "placement": placement,
        "stage": Row.Stage(placement.stage),
        "disagreement": disagreement(placement.result, quoted, matcher_of(keyword_list)) if quoted else "",
        "heading": _marked(found.heading, placement),
        "texts": _texts(found, matcher_of(keyword_list)),
        "lines": lines,
        "standings": _standings(request, found),
        "may_run": may_run(request.user),
        **raw,
    }
    return render(request, "reports/sale.html", context)


def _place(found: Sale, keyword_list: KeywordList) -> Placement:
    """What the current keywords make of the sale: its quote first, then its heading."""
    subject = Subject.of(found, lines=lines_of([found]).get(found.pk, ()))
    matcher = matcher_of(keyword_list)
    return funnel.place(subject, matcher, families=catalogue_of(found.connection).read_by(matcher))


def _marked(text: str, placement: Placement) -> Pieces:
    found = (*placement.result.matches, *placement.result.tags)
    return pieces(text, ((span, match) for match in found for span in match.spans))


def _texts(found: Sale, matcher: Matcher) -> list[Text]:
    """The description and the user-defined texts, with what keywords would find there."""
    copy = LocalCopy.objects.filter(connection=found.connection_id).first()
    labels = {column["name"]: column["label"] for column in copy.text_columns} if copy else {}
    texts = [(str(_("Description")), found.description)]
    texts += [(labels.get(name) or name, str(text)) for name, text in found.texts.items()]
    shown = []
    for label, text in texts:
        if text:
            result = matcher.match(text)
            marks = ((span, one) for one in (*result.matches, *result.tags) for span in one.spans)
            shown.append(Text(label, pieces(text, marks)))
    return shown


def _standings(request: HttpRequest, found: Sale) -> list[Standing]:
    """Where the sale stands in the newest result of each report that this user may see. Two queries."""
    reports = Report.objects.visible_to(request.user)
    with_result = Run.objects.with_result().filter(report__in=reports, rows_removed_at=None)
    newest: dict[int, Run] = {}
    runs = (
        with_result.of_tenant(found.connection)
        .select_related("report")
        .only("report__name", "status", "finished_at")
    )
    for run in runs.order_by("-pk")[:500]:
        newest.setdefault(run.report_id, run)
    rows = {row.run_id: row for row in Row.objects.filter(run__in=newest.values(), sale_number=found.sale_id)}
    standings = [Standing(run, rows.get(run.pk)) for run in newest.values()]
    return sorted(standings, key=lambda one: one.run.report.name)


@require_safe
def sale_raw(request: HttpRequest, sale_id: int) -> HttpResponse:
    """Everything that SuperOffice tells of the sale right now; a part of the sale's page, or the page with it."""
    if not may_run(request.user):
        raise PermissionDenied
    found = _sale_or_404(sale_id)
    raw, problem = _ask(found)
    if getattr(request, "htmx", False):
        return render(request, "reports/_raw_entity.html", {"sale": found, "raw": raw, "problem": problem})
    return _sale_page(request, found, raw=raw, problem=problem, is_raw_shown=True)


def _ask(found: Sale) -> tuple[RawEntity | None, Trouble | None]:
    """The entity in lines, or why there is none. That one record is gone is no trouble of the connection."""
    copy = LocalCopy.objects.filter(connection=found.connection_id).first()
    labels = {column["name"]: column["label"] for column in copy.text_columns} if copy else {}
    try:
        with open_client(found.connection) as client:
            return raw_lines_of(client.sale_entity(found.sale_id), labels), None
    except NotFound as error:
        return None, Trouble(problem_code(error), error.detail)
    except (SuperOfficeError, NotConfigured) as error:
        return None, remember(found.connection, error)
