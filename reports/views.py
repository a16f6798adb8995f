"""Report pages and the keyword editor."""

from collections.abc import Iterator

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connector import roles
from connector.services import current_connection
from reports import services
from reports.export import COLUMNS, DIALECTS, Cell, csv_chunks
from reports.forms import FilterForm, KeywordForm, ReasonForm
from reports.highlight import highlighted
from reports.keywords import ListChanged, current_list, with_keyword, without_keyword
from reports.models import Keyword, KeywordList, Report, Row, RowQuerySet, Run, RunQuerySet

PAGE_ROWS = 50


# --- Reports and runs ---------------------------------------------------------------------------------


@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    found = Report.objects.with_newest_run(current_connection())
    return render(request, "reports/reports.html", {"reports": found, "may_run": may_run(request)})


@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest result of a report; without one, the page that says so and offers a run."""
    found = get_object_or_404(Report, pk=pk)
    newest = _newest_run(found)
    shown = newest
    if newest is not None and not newest.has_result:
        shown = _runs_to_show(found).with_result().first() or newest
    return _result_page(request, found, shown, newest=newest)


@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One particular run."""
    found = _run_or_404(pk)
    return _result_page(request, found.report, found, newest=_newest_run(found.report))


def _runs_to_show(report: Report) -> RunQuerySet:
    runs = report.runs.of_tenant(current_connection()).newest_first()
    return runs.select_related("keyword_list", "started_by")


def _newest_run(report: Report) -> Run | None:
    """The newest run over the tenant in use; only this one can be unfinished, the database sees to it."""
    return _runs_to_show(report).first()


def _run_or_404(pk: int) -> Run:
    """A run over the tenant in use; an earlier tenant's is as if it did not exist."""
    runs = Run.objects.of_tenant(current_connection()).select_related("report", "keyword_list", "started_by")
    return get_object_or_404(runs, pk=pk)


def _result_page(
    request: HttpRequest, report: Report, run: Run | None, *, newest: Run | None
) -> HttpResponse:
    form = FilterForm(request.GET)
    form.is_valid()  # what is invalid is left out of the filter and named beside the field
    wanted = form.cleaned_data
    rows = list(filtered_rows(run, wanted)[: PAGE_ROWS + 1]) if run else []
    has_more = len(rows) > PAGE_ROWS
    rows = rows[:PAGE_ROWS]
    context = {
        "report": report,
        "run": run,
        "newest": newest,
        "unfinished": newest if newest and not newest.is_finished else None,
        "form": form,
        "is_filtered": any(wanted.get(name) for name in ("q", "stage", "status")),
        "rows": [(row, highlighted(row)) for row in rows],
        "row_count": filtered_rows(run, {**wanted, "after": None}).count() if run else 0,
        "next_after": rows[-1].sale_number if has_more else None,
        "funnel": funnel_lines(run) if run else [],
        "list_version": KeywordList.objects.newest_first().values_list("version", flat=True).first(),
        "may_run": may_run(request),
        "may_draft": roles.is_approver(request.user) or roles.is_representative(request.user),
    }
    return render(request, "reports/report.html", context)


def may_run(request: HttpRequest) -> bool:
    """Everybody with a role but viewers: a run reads, but it costs SuperOffice calls."""
    return bool(roles.roles_of(request.user) - {roles.VIEWER})


def funnel_lines(run: Run) -> list[dict[str, object]]:
    """The stages with their numbers and shares (percent of the sales read); the numbers add up."""
    total = run.read_count or 1
    return [
        {"stage": stage, "label": stage.label, "count": count, "percent": round(100 * count / total)}
        for stage in Row.Stage
        for count in [int(run.funnel.get(stage.value, 0))]
    ]


def filtered_rows(run: Run, wanted: dict[str, object]) -> RowQuerySet:
    """The rows a table or a download shows, newest sale first: the same for both."""
    rows = Row.objects.filter(run=run).select_related("sale").prefetch_related("matches").newest_sale_first()
    rows = rows.filter(stage=wanted["stage"]) if wanted.get("stage") else rows.with_company()
    if wanted.get("status"):
        rows = rows.filter(sale__status=wanted["status"])
    if text := str(wanted.get("q") or "").strip():
        rows = rows.filter(
            Q(sale__heading__icontains=text)
            | Q(sale__company_name__icontains=text)
            | Q(sale__owner_name__icontains=text)
            | Q(products__icontains=text)
        )
    if after := wanted.get("after"):
        rows = rows.after(int(str(after)))
    return rows


@require_POST
def report_run(request: HttpRequest, pk: int) -> HttpResponse:
    if not may_run(request):
        raise PermissionDenied
    found = get_object_or_404(Report, pk=pk)
    started = services.start_run(report=found, by=roles.signed_in(request))
    if started is None:
        return redirect("report", pk)
    if not Run.objects.of_tenant(current_connection()).filter(pk=started.pk).exists():
        words = _("This report is still at work for a tenant that is not in use any more. Try again later.")
        messages.warning(request, words)
        return redirect("report", pk)
    return redirect("run", started.pk)


@require_safe
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment that a page with an unfinished run asks for every two seconds; done, it reloads the page."""
    found = _run_or_404(pk)
    response = render(request, "reports/_progress.html", {"run": found})
    if found.is_finished:
        response["HX-Redirect"] = reverse("run", args=[pk])
    return response


@require_POST
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    if not may_run(request):
        raise PermissionDenied
    found = _run_or_404(pk)
    if services.cancel_run(found.pk):
        messages.info(request, _("Run cancelled."))
    return redirect("run", pk)


@require_safe
def run_csv(request: HttpRequest, pk: int, dialect: str) -> HttpResponse | StreamingHttpResponse:
    """What is on the screen, all of it and not the page."""
    found = _run_or_404(pk)
    if dialect not in DIALECTS:
        raise Http404
    form = FilterForm(request.GET)
    form.is_valid()
    rows = filtered_rows(found, {**form.cleaned_data, "after": None}).prefetch_related(None)
    chunks = csv_chunks(_cells(rows), DIALECTS[dialect])
    response = StreamingHttpResponse(
        (chunk.encode() for chunk in chunks), content_type="text/csv; charset=utf-8"
    )
    filtered = any(form.cleaned_data.get(key) for key in ("q", "stage", "status"))
    parts = [slugify(found.report.name) or "report", str(found.pk), "filtered" if filtered else "", dialect]
    name = "-".join(part for part in parts if part) + ".csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _cells(rows: RowQuerySet) -> Iterator[tuple[Cell, ...]]:
    """One tuple of COLUMNS a row, read in batches."""
    assert len(COLUMNS) == 10
    for row in rows.iterator(chunk_size=2000):
        sale = row.sale
        yield (
            sale.sale_id,
            sale.company_name,
            sale.heading,
            row.products,
            row.quantities,
            sale.status_label(),
            sale.amount,
            sale.currency,
            sale.sold_on,
            sale.owner_name,
        )


# --- Keywords -----------------------------------------------------------------------------------------


def may_edit_keywords(request: HttpRequest) -> bool:
    return may_run(request)


@require_safe
def keywords(request: HttpRequest) -> HttpResponse:
    newest = current_list()
    context = {
        "keyword_list": newest,
        "keywords": newest.keywords.order_by("product", "text"),
        "versions": KeywordList.objects.select_related("author").newest_first()[:10],
        "may_edit": may_edit_keywords(request),
    }
    return render(request, "reports/keywords.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def keyword_add(request: HttpRequest) -> HttpResponse:
    return _edit(request, Keyword())


@require_http_methods(["GET", "HEAD", "POST"])
def keyword_edit(request: HttpRequest, number: int) -> HttpResponse:
    return _edit(request, get_object_or_404(current_list().keywords, number=number))


def _edit(request: HttpRequest, keyword: Keyword) -> HttpResponse:
    if not may_edit_keywords(request):
        raise PermissionDenied
    parent, is_stale = _seen_list(request)
    form = KeywordForm(request.POST or None, instance=keyword)
    if request.method == "POST" and form.is_valid() and not is_stale:
        try:
            saved = with_keyword(
                form.save(commit=False),
                parent=parent,
                author=roles.signed_in(request),
                reason=form.cleaned_data["reason"],
            )
        except ListChanged:
            is_stale = True
        else:
            messages.success(request, _("List version %(version)s saved.") % {"version": saved.version})
            return redirect("keywords")
    if is_stale:
        messages.warning(request, _stale_words())
    context = {"form": form, "keyword": keyword, "parent": current_list()}
    return render(request, "reports/keyword.html", context, status=409 if is_stale else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def keyword_remove(request: HttpRequest, number: int) -> HttpResponse:
    if not may_edit_keywords(request):
        raise PermissionDenied
    parent, is_stale = _seen_list(request)
    keyword = get_object_or_404(current_list().keywords, number=number)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and not is_stale:
        try:
            without_keyword(
                number, parent=parent, author=roles.signed_in(request), reason=form.cleaned_data["reason"]
            )
        except ListChanged:
            is_stale = True
        else:
            messages.success(request, _("“%(keyword)s” removed.") % {"keyword": keyword})
            return redirect("keywords")
    if is_stale:
        messages.warning(request, _stale_words())
    context = {"form": form, "keyword": keyword, "parent": current_list()}
    return render(request, "reports/keyword_remove.html", context, status=409 if is_stale else 200)


def _seen_list(request: HttpRequest) -> tuple[KeywordList, bool]:
    """The newest list, and whether the user's form was made from an older one."""
    newest = current_list()
    return newest, request.method == "POST" and request.POST.get("version") != str(newest.version)


def _stale_words() -> str:
    newest = current_list()
    who = newest.author.get_full_name() or newest.author.get_username() if newest.author else "–"
    return _(
        "%(who)s saved list version %(version)s at %(time)s (“%(reason)s”). Your input is kept: compare it with the "
        "list before you save again."
    ) % {
        "who": who,
        "version": newest.version,
        "time": f"{timezone.localtime(newest.created_at):%H:%M}",
        "reason": newest.reason,
    }
