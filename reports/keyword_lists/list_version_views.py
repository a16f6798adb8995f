"""The versions of the keyword list: look at them, compare any two, restore one, take one as a file."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from reports.export import CSV_TYPE, DIALECTS, content_disposition
from reports.keyword_lists.keyword_files import csv_of
from reports.keyword_lists.keyword_forms import ReasonForm
from reports.keyword_lists.keywords import by_product, copy_of, current_list, keywords_of
from reports.keyword_lists.list_saving import check_may_edit, save, seen_list, show_preview, status_of
from reports.keyword_lists.list_versions import difference, text_difference
from reports.models import KeywordList
from reports.rights import may_download, may_edit_keywords

PAGE_SIZE = 50
MOST_LINES = 2000  # of a text difference; a page with more helps nobody


@require_safe
def list_versions(request: HttpRequest) -> HttpResponse:
    """All versions, newest first; ?after= is the version after which a page begins."""
    newest = current_list()
    versions = KeywordList.objects.select_related("author", "parent").newest_first()
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 10:
        versions = versions.filter(version__lt=int(after))
    page = list(versions[: PAGE_SIZE + 1])
    has_more = len(page) > PAGE_SIZE
    context = {
        "versions": page[:PAGE_SIZE],
        "newest": newest,
        "may_compare": len(page) > 1,
        "pager": {
            "sentence": _("%(shown)s of %(count)s versions")
            % {"shown": len(page[:PAGE_SIZE]), "count": KeywordList.objects.count()},
            "first_url": "?" if after else "",
            "next_url": f"?after={page[PAGE_SIZE - 1].version}" if has_more else "",
        },
        "may_edit": may_edit_keywords(request.user),
    }
    return render(request, "reports/keyword_versions.html", context)


@require_safe
def list_version(request: HttpRequest, version: int) -> HttpResponse:
    """One version: its keywords, and what it changed."""
    found = _version_or_404(version)
    before = keywords_of(found.parent) if found.parent else ()
    context = {
        "version": found,
        "newest": current_list(),
        "keywords": sorted(keywords_of(found), key=by_product),
        "difference": difference(before, keywords_of(found)) if found.parent else None,
        "may_edit": may_edit_keywords(request.user),
        "may_download": may_download(request.user),
    }
    return render(request, "reports/keyword_version.html", context)


@require_safe
def list_version_csv(request: HttpRequest, version: int, dialect: str) -> HttpResponse:
    """The version as a file that can be imported again; what it is called says which version it is."""
    if not may_download(request.user):
        raise PermissionDenied
    found = _version_or_404(version)
    if dialect not in DIALECTS:
        raise Http404
    text = csv_of(keywords_of(found), DIALECTS[dialect])
    name = f"{'suchwoerter' if DIALECTS[dialect].is_for_people else 'keywords'}_v{found.version}.csv"
    response = HttpResponse(text.encode(), content_type=CSV_TYPE)
    response["Content-Disposition"] = content_disposition((name, f"UTF-8''{name}"))
    return response


@require_safe
def list_compare(request: HttpRequest) -> HttpResponse:
    """Any two versions beside each other (?old=&new=)."""
    old, new = (_version_or_404(_number(request.GET.get(name, ""))) for name in ("old", "new"))
    lines = text_difference(keywords_of(old), keywords_of(new))
    context = {
        "old": old,
        "new": new,
        "difference": difference(keywords_of(old), keywords_of(new)),
        "lines": lines[:MOST_LINES],
        "more_lines_count": max(0, len(lines) - MOST_LINES),
    }
    return render(request, "reports/keyword_compare.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def list_restore(request: HttpRequest, version: int) -> HttpResponse:
    """Make an old version the newest again: what that changes is shown first."""
    check_may_edit(request)
    parent, is_stale = seen_list(request)
    wanted = _version_or_404(version)
    keywords = [copy_of(keyword) for keyword in keywords_of(wanted)]
    form = ReasonForm(
        request.POST or None, initial={"reason": _("Back to version %(version)s") % {"version": version}}
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and not is_stale
        and save(request, form, keywords, parent)
    ):
        return redirect("list_versions")
    context = {
        "form": form,
        "version": wanted,
        "parent": current_list(),
        "difference": difference(keywords_of(parent), keywords),
        "shown": show_preview(parent, keywords),
    }
    return render(request, "reports/keyword_restore.html", context, status=status_of(request, parent))


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise Http404
    return int(text)


def _version_or_404(version: int) -> KeywordList:
    versions = KeywordList.objects.select_related("author", "parent")
    return get_object_or_404(versions, version=_number(str(version)))
