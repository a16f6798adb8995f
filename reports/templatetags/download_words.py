"""The menu for downloads, what became of those that take long, and their troubles in one sentence each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.downloads.download_files import without_product_count
from reports.downloads.preparing import KEPT_FOR, MOST_ROWS_INLINE, has_file
from reports.models import Download, Run
from reports.viewer.filters import Filter

register = template.Library()

FORMAT_COOKIE = "desk-download"  # the format taken last
_FAILURE_SHOWN_FOR = timedelta(hours=12)
_MOST_LINES = 3
_TROUBLES: dict[str, Promise] = {
    "reader_gone": gettext_lazy("Broken off: the browser or program that read it went away."),
    "rows_differ": gettext_lazy("Broken off: the sales of the run were removed meanwhile. Take a newer run."),
    "rows_gone": gettext_lazy("The sales of this run are no longer kept, so there is no file of them."),
    "too_many_rows": gettext_lazy("Excel cannot open so many rows. Filter them, or take them as CSV."),
    "disk": gettext_lazy("The server's disk did not take the file. An administrator has to act."),
    "interrupted": gettext_lazy("Broken off: the server stopped meanwhile. Try again."),
    "keeps_stopping": gettext_lazy(
        "The worker stopped several times while it made the file. Filter the rows, or take them as CSV."
    ),
}
_UNEXPECTED = gettext_lazy("Something unexpected happened, and the file is not whole. Try again.")


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to take the rows; `is_prepared` in the background, after a POST."""

    format: str
    label: str
    url: str
    is_prepared: bool = False


@register.filter
def download_trouble(download: Download) -> str:
    """Why a download failed; empty for one that did not."""
    code = download.problem_code
    return str(_TROUBLES.get(code, _UNEXPECTED)) if code else ""


@register.filter
def kept_until(download: Download) -> datetime | None:
    """When the file of a prepared download is removed; None where there is none."""
    return download.finished_at + KEPT_FOR if download.finished_at and has_file(download) else None


@register.simple_tag
def again(download: Download) -> str:
    """Where the same rows can be taken in the same format once more; empty where the run has none any more."""
    run = download.run
    if run is None or not run.is_finished or not run.has_rows:
        return ""
    tail = f"?{download.query}" if download.query else ""
    if download.format == Download.Format.XLSX:
        return reverse("run_xlsx", args=[run.pk]) + tail
    return reverse("run_csv", args=[run.pk, download.format]) + tail


@register.inclusion_tag("reports/_download_menu.html", takes_context=True)
def download_menu(context: Context) -> dict[str, Any]:
    """The ways to take what `run` shows under `filter`; the one taken last comes first.

    Without a row that is the workbook, which tells the reason; the page tells it instead of a CSV.
    """
    run, selection = context["run"], context.get("selection")
    count = selection.count if selection else 0
    entries = _entries(run, selection.filter if selection else Filter(), count)
    last = context["request"].COOKIES.get(FORMAT_COOKIE, "") if count else ""
    entries.sort(key=lambda entry: entry.format != (last or Download.Format.XLSX))
    return {"first": entries[0], "others": entries[1:]}


def _entries(run: Run, wanted: Filter, count: int) -> list[Entry]:
    query = wanted.changed(layout="", measure="", finds={}).query()
    tail = f"?{query}" if query else ""
    is_large = count + without_product_count(run) > MOST_ROWS_INLINE
    if is_large:
        url = reverse("download_prepare", args=[run.pk]) + tail
        workbook = Entry("xlsx", _("Excel workbook, prepared in the background"), url, is_prepared=True)
    else:
        workbook = Entry("xlsx", str(Download.Format.XLSX.label), reverse("run_xlsx", args=[run.pk]) + tail)
    formats = (Download.Format.EXCEL, Download.Format.DATA)
    files = [
        Entry(one.value, str(one.label), reverse("run_csv", args=[run.pk, one.value]) + tail)
        for one in formats
    ]
    return [workbook, *files]


@register.inclusion_tag("reports/_download_lines.html", takes_context=True)
def download_lines(context: Context) -> dict[str, Any]:
    """What this user had prepared of `run` and has not taken yet. One query."""
    request, run = context["request"], context["run"]
    found = _untaken(run, request.user.pk, timezone.now()) if run else []
    return {"downloads": found, "request": request}


def _untaken(run: Run, user_pk: int, now: datetime) -> list[Download]:
    mine = run.downloads.filter(started_by=user_pk, format=Download.Format.XLSX).newest_first()
    shown: list[Download] = []
    taken: set[str] = set()
    for download in mine[:50]:
        if not download.is_prepared:
            taken.add(download.query)
        elif download.query not in taken and _is_news(download, now):
            shown.append(download)
    return shown[:_MOST_LINES]


def _is_news(download: Download, now: datetime) -> bool:
    if download.status == Download.Status.FAILED:
        return bool(download.finished_at and now - download.finished_at < _FAILURE_SHOWN_FOR)
    return not download.is_finished or has_file(download)
