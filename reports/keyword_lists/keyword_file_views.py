"""Import of a keyword file: checked and shown first, then saved as one version or not at all."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from reports.export import BadTable, WrongEncoding, decode_upload
from reports.keyword_lists.import_rules import fit_into
from reports.keyword_lists.keyword_files import LineProblem, ReadFile, merged, read_keywords
from reports.keyword_lists.keyword_forms import ImportForm, ReasonForm
from reports.keyword_lists.keywords import current_list, keywords_of
from reports.keyword_lists.list_saving import check_may_edit, save, seen_list, show_preview, status_of
from reports.keyword_lists.list_versions import difference
from reports.models import Keyword, KeywordList
from reports.rights import may_download, may_use_expressions

MOST_SHOWN = 200  # keywords in a table of what an import changes


@require_safe
def keyword_import(request: HttpRequest) -> HttpResponse:
    check_may_edit(request)
    return _input_page(request, ImportForm())


@require_POST
def keyword_import_check(request: HttpRequest) -> HttpResponse:
    """The dry run: nothing is stored; the text goes on in the page, so that exactly this text is saved."""
    check_may_edit(request)
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _input_page(request, form)
    try:
        text = _text_of(form.cleaned_data)
        read = read_keywords(text)
    except (WrongEncoding, BadTable) as error:
        form.add_error("file" if form.cleaned_data["file"] else "text", str(error))
        return _input_page(request, form)
    mode = form.cleaned_data["mode"]
    parent = current_list()
    _fit(request, read, parent, mode)
    if read.problems:
        return _input_page(request, form, read)
    return _checked_page(request, parent, ReasonForm(), text=text, mode=mode, read=read.keywords)


@require_POST
def keyword_import_save(request: HttpRequest) -> HttpResponse:
    """The same text again, checked again, and saved as one version."""
    check_may_edit(request)
    parent, is_stale = seen_list(request)
    checked = ImportForm(request.POST)
    form = ReasonForm(request.POST)
    if not checked.is_valid():
        return _input_page(request, checked)
    text, mode = checked.cleaned_data["text"], checked.cleaned_data["mode"]
    try:
        read = read_keywords(text)
    except BadTable as error:
        read = ReadFile(problems=[LineProblem(error.line or 0, error.column or "", str(error))])
    keywords = _fit(request, read, parent, mode)
    if read.problems:
        return _input_page(request, checked, read)
    if form.is_valid() and not is_stale and save(request, form, keywords, parent):
        return redirect("keywords")
    return _checked_page(request, parent, form, text=text, mode=mode, read=read.keywords)


def _fit(request: HttpRequest, read: ReadFile, parent: KeywordList, mode: str) -> list[Keyword]:
    """The list after the import; `read` has the problems that come from the list or from who imports."""
    return fit_into(
        read,
        keywords_of(parent),
        replace=mode == ImportForm.REPLACE,
        may_use_expressions=may_use_expressions(request.user),
    )


def _text_of(cleaned: dict[str, Any]) -> str:
    """The text of the file, or what was pasted. Raises WrongEncoding."""
    if cleaned["file"]:
        return decode_upload(cleaned["file"].read())
    return str(cleaned["text"])


def _input_page(request: HttpRequest, form: ImportForm, read: ReadFile | None = None) -> HttpResponse:
    context = {
        "form": form,
        "read": read,
        "parent": current_list(),
        "may_download": may_download(request.user),
    }
    return render(request, "reports/keyword_import.html", context)


def _checked_page(
    request: HttpRequest, parent: KeywordList, form: ReasonForm, *, text: str, mode: str, read: list[Keyword]
) -> HttpResponse:
    keywords = merged(keywords_of(parent), read, replace=mode == ImportForm.REPLACE)
    found = difference(keywords_of(parent), keywords)
    context = {
        "form": form,
        "text": text,
        "mode": mode,
        "read_count": len(read),
        "parent": current_list(),
        "difference": found,
        "most_shown": MOST_SHOWN,
        "shown": show_preview(parent, keywords) if found.count else None,
    }
    return render(
        request, "reports/keyword_import_checked.html", context, status=status_of_check(request, parent)
    )


def status_of_check(request: HttpRequest, parent: KeywordList) -> int:
    """A dry run brings no version of its own; saving does."""
    return status_of(request, parent) if "version" in request.POST else 200
