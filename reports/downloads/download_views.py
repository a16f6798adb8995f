"""Taking a result away: CSV and small workbooks at once, large workbooks when the worker has made them."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from connector import roles
from connector.services import current_connection
from reports import rights
from reports.downloads.download_files import Extract, RowsGone, names_of
from reports.downloads.download_info import empty_reason
from reports.downloads.preparing import (
    KEPT_FOR,
    MOST_KEPT,
    MOST_ROWS_INLINE,
    MOST_UNFINISHED,
    QueryTooLong,
    TooManyFiles,
    cancel_download,
    has_file,
    path_of,
    prepare,
    seen_by,
)
from reports.downloads.transfers import Transfer, csv_transfer, prepared_transfer, workbook_transfer
from reports.export import CSV_TYPE, DIALECTS, XLSX_TYPE, TooManyRows, content_disposition
from reports.models import Download, Report, Run
from reports.templatetags.download_words import FORMAT_COOKIE
from reports.viewer.filters import Filter
from reports.viewer.result_table import address

PAGE_ROWS = 50
_REMEMBERED_SECONDS = 365 * 24 * 3600


# --- Of a run ---------------------------------------------------------------------------------------------


@require_GET
def run_csv(request: HttpRequest, pk: int, dialect: str) -> HttpResponseBase:
    """All rows of the screen as CSV: `dialect` is "excel" or "data".

    `raw=1` in the address, with "data" only, leaves texts as they are, those that look like formulas too: for
    programs that read them, never for a spreadsheet.
    """
    run = _run_to_take(request, pk)
    if dialect not in DIALECTS:
        raise Http404
    wanted = Filter.of(request.GET)
    try:
        extract = Extract(run, wanted)
        if not extract.count:
            return _nothing_to_take(request, run, wanted)
        is_raw = dialect == Download.Format.DATA and request.GET.get("raw") == "1"
        transfer = csv_transfer(extract, dialect=dialect, by=roles.signed_in(request), raw=is_raw)
    except RowsGone:
        return _rows_gone(request, run)
    return _answer(transfer, extract.names(dialect), CSV_TYPE, remember=dialect)


@require_GET
def run_xlsx(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All rows of the screen as a workbook, where that takes a second; a large one has to be prepared."""
    run = _run_to_take(request, pk)
    wanted = Filter.of(request.GET)
    try:
        extract = Extract(run, wanted)
        if extract.workbook_row_count > MOST_ROWS_INLINE:
            words = _(
                "So large a workbook is prepared in the background: choose it in the menu for downloads."
            )
            messages.info(request, words)
            return redirect(address(reverse("run", args=[pk]), wanted, "rows"))
        transfer = workbook_transfer(extract, by=roles.signed_in(request))
    except RowsGone:
        return _rows_gone(request, run)
    return _answer(transfer, extract.names("xlsx"), XLSX_TYPE, remember=Download.Format.XLSX)


@require_POST
def download_prepare(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Have the worker make the workbook of the screen; its progress is on the page of the run."""
    run = _run_to_take(request, pk)
    wanted = Filter.of(request.GET)
    try:
        language = get_language() or settings.LANGUAGE_CODE
        prepare(Extract(run, wanted), by=roles.signed_in(request), language=language)
    except RowsGone:
        return _rows_gone(request, run)
    except TooManyRows as error:
        messages.error(request, str(error))
    except TooManyFiles as refusal:
        messages.error(request, _kept_words() if refusal.are_kept else _waiting_words())
    except QueryTooLong:
        messages.error(request, _("There are too many filters to be kept for later. Remove some of them."))
    answer = redirect(address(reverse("run", args=[pk]), wanted))
    return _remembering(answer, Download.Format.XLSX)


def _waiting_words() -> str:
    words = ngettext(
        "%(count)s workbook is being prepared for you already. Wait for it, or cancel it under “Downloads”.",
        "%(count)s workbooks are being prepared for you already. Wait for one, or cancel one under “Downloads”.",
        MOST_UNFINISHED,
    )
    return words % {"count": MOST_UNFINISHED}


def _kept_words() -> str:
    words = ngettext(
        "%(count)s prepared workbook is kept for you already, for %(days)s days. A CSV can be taken any time.",
        "%(count)s prepared workbooks are kept for you already, each for %(days)s days. A CSV can be taken any time.",
        MOST_KEPT,
    )
    return words % {"count": MOST_KEPT, "days": KEPT_FOR.days}


def _run_to_take(request: HttpRequest, pk: int) -> Run:
    """A finished run of the tenant in use, of a report that this user may see and download."""
    runs = Run.objects.of_tenant(current_connection()).filter(
        report__in=Report.objects.visible_to(request.user)
    )
    run = get_object_or_404(runs.select_related("report", "keyword_list"), pk=pk)
    if not rights.may_download(request.user):
        raise PermissionDenied
    if not run.is_finished:
        raise Http404
    return run


def _nothing_to_take(request: HttpRequest, run: Run, wanted: Filter) -> HttpResponse:
    """A CSV without rows would not say why: the page does, and so does the workbook."""
    words = _("%(reason)s A CSV would be nothing but its header; the Excel workbook tells the reason.")
    messages.warning(request, words % {"reason": empty_reason(run, wanted)})
    return redirect(address(reverse("run", args=[run.pk]), wanted, "rows"))


def _rows_gone(request: HttpRequest, run: Run) -> HttpResponse:
    messages.warning(request, _("The sales of this run are no longer kept, so there is no file of them."))
    return redirect("run", run.pk)


def _answer(
    transfer: Transfer, names: tuple[str, str], content_type: str, *, remember: str
) -> HttpResponseBase:
    response = StreamingHttpResponse(transfer, content_type=content_type)
    response["Content-Disposition"] = content_disposition(names)
    if transfer.size is not None:
        response["Content-Length"] = str(transfer.size)
    return _remembering(response, remember)


def _remembering(response: HttpResponseBase, format: str) -> HttpResponseBase:
    """What was chosen last is offered first."""
    response.set_cookie(
        FORMAT_COOKIE,
        format,
        max_age=_REMEMBERED_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


# --- What was taken and prepared --------------------------------------------------------------------------


@require_safe
def downloads(request: HttpRequest) -> HttpResponse:
    """One's own downloads, for administrators all: who took what and when, and the files that still wait."""
    found = seen_by(request.user).select_related("run").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE_ROWS + 1])
    has_more = len(rows) > PAGE_ROWS
    shown = rows[:PAGE_ROWS]
    context = {
        "lines": [(row, has_file(row)) for row in shown],
        "waiting": [row for row in shown if row.is_prepared and not row.is_finished],
        "linked_runs": _linked(request, shown),
        "is_first": not before,
        "next_url": f"?before={shown[-1].pk}" if has_more else "",
        "is_administrator": roles.is_administrator(request.user),
        "may_download": rights.may_download(request.user),
    }
    return render(request, "reports/downloads.html", context)


def _linked(request: HttpRequest, rows: list[Download]) -> set[int]:
    """The runs among these that this user can open."""
    runs = Run.objects.of_tenant(current_connection()).filter(
        report__in=Report.objects.visible_to(request.user)
    )
    return set(runs.filter(pk__in={row.run_id for row in rows}).values_list("pk", flat=True))


@require_safe
def download_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment that asks for itself until the workbook is ready, and then offers it."""
    found = get_object_or_404(_prepared(request), pk=pk)
    return render(request, "reports/_download_progress.html", {"download": found, "is_answer": True})


@require_POST
def download_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(_prepared(request), pk=pk)
    if cancel_download(found.pk):
        messages.info(request, _("Preparation cancelled."))
    return redirect("downloads")


@require_GET
def download_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A workbook that was prepared: for whom it was made for, and for administrators."""
    found = get_object_or_404(_prepared(request).select_related("run__keyword_list"), pk=pk)
    if not rights.may_download(request.user):
        raise PermissionDenied
    if found.run is None or found.run_id not in _linked(request, [found]):
        raise Http404
    try:
        file = path_of(found).open("rb") if has_file(found) else None
    except FileNotFoundError:
        file = None
    if file is None:
        messages.warning(request, _("This file is no longer kept. It can be prepared again."))
        return redirect("run", found.run_id)
    transfer = prepared_transfer(found, file, by=roles.signed_in(request))
    with override(found.language):
        names = names_of(found.run, Filter.of_text(found.query), "xlsx")
    return _answer(transfer, names, XLSX_TYPE, remember=Download.Format.XLSX)


def _prepared(request: HttpRequest) -> QuerySet[Download]:
    return seen_by(request.user).filter(is_prepared=True)
