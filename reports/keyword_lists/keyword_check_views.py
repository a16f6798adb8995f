"""The page that looks the whole keyword list over, and what was decided about its findings."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connector import roles
from reports.keyword_lists.check_words import KINDS, sentence_of
from reports.keyword_lists.finding_verdicts import (
    Accepted,
    about,
    accept_findings,
    findings_about,
    open_count,
    reopen_findings,
    sift,
    subject_of,
)
from reports.keyword_lists.keyword_checks import Finding, KeywordFigures, checks_of
from reports.keyword_lists.keyword_languages import language_lines
from reports.keyword_lists.keywords import by_product, current_list, keywords_of
from reports.keyword_lists.list_saving import check_may_edit
from reports.models import FindingVerdict
from reports.preview.corpus import current_corpus
from reports.rights import may_edit_keywords

_ORDERS = {
    "keyword": lambda line: line.keyword.text.casefold(),
    "product": lambda line: by_product(line.keyword),
    "sales": lambda line: -line.sale_count,
    "unique": lambda line: -line.unique_count,
    "overlap": lambda line: -line.overlap_count,
    "conflict": lambda line: -line.conflict_count,
    "seen": lambda line: -line.seen_count,
}
PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class ShownFinding:
    finding: Finding
    sentence: str
    subject: str
    about: str


@dataclass(frozen=True, slots=True)
class ShownAccepted:
    verdict: FindingVerdict
    sentences: Sequence[str]
    about: str


@require_safe
def keyword_checks(request: HttpRequest) -> HttpResponse:
    """Findings by kind, figures of each keyword (?sort=&start=), and the languages of each product."""
    keyword_list, corpus = current_list(), current_corpus()
    checks = checks_of(keyword_list, corpus)
    sifted = sift(checks.findings)
    order = request.GET.get("sort", "")
    order = order if order in _ORDERS else "product"
    asked = request.GET.get("start", "")
    start = int(asked) if asked.isdecimal() and len(asked) < 10 else 0
    lines: list[KeywordFigures] = sorted(checks.figures, key=_ORDERS[order])
    context = {
        "keyword_list": keyword_list,
        "corpus": corpus,
        "sale_count": len(corpus.sales),
        "groups": _groups(sifted.open),
        "finding_count": len(sifted.open),
        "accepted": [_shown_accepted(one) for one in sifted.accepted],
        "accepted_count": sifted.accepted_count,
        "figures": lines[start : start + PAGE_SIZE],
        "order": order,
        "next_start": start + PAGE_SIZE if start + PAGE_SIZE < len(lines) else 0,
        "start": start,
        "languages": language_lines(keywords_of(keyword_list)),
        "language": get_language(),
        "may_edit": may_edit_keywords(request.user),
    }
    return render(request, "reports/keyword_checks.html", context)


def _groups(findings: Sequence[Finding]) -> list[tuple[Promise, list[ShownFinding]]]:
    return [
        (label, [_shown(found) for found in findings if found.kind == kind]) for kind, label in KINDS.items()
    ]


def _shown(finding: Finding) -> ShownFinding:
    return ShownFinding(finding, sentence_of(finding), subject_of(finding), about(finding))


def _shown_accepted(one: Accepted) -> ShownAccepted:
    return ShownAccepted(one.verdict, [sentence_of(found) for found in one.findings], about(one.findings[0]))


@require_safe
def keyword_check_count(request: HttpRequest) -> HttpResponse:
    """How much of what the checks found is open: a part that the keywords page asks for after it is shown."""
    count = open_count(checks_of(current_list(), current_corpus()).findings)
    return render(request, "reports/_keyword_check_count.html", {"count": count})


# --- Verdicts -------------------------------------------------------------------------------------------


@require_POST
def finding_accept(request: HttpRequest) -> HttpResponse:
    """Call a finding fine (POST kind, subject); it must be there now. Nothing changes when it is called so already."""
    check_may_edit(request)
    kind, subject = _posted(request)
    found = _found_now(kind, subject)
    if found:
        accept_findings(kind=kind, subject=subject, by=roles.signed_in(request))
        words = ngettext(
            "“%(text)s” is fine like this.",
            "“%(text)s” is fine like this, in %(count)s findings.",
            len(found),
        )
        messages.success(request, words % {"text": about(found[0]), "count": len(found)})
    else:
        _say_gone(request)
    return redirect("keyword_checks")


@require_POST
def finding_reopen(request: HttpRequest) -> HttpResponse:
    """Take back that a finding is fine (POST kind, subject); nothing changes when nobody said so."""
    check_may_edit(request)
    kind, subject = _posted(request)
    found = _found_now(kind, subject)
    if not found:
        _say_gone(request)
    elif reopen_findings(kind=kind, subject=subject):
        messages.success(request, _("“%(text)s” is among the findings again.") % {"text": about(found[0])})
    return redirect("keyword_checks")


def _posted(request: HttpRequest) -> tuple[str, str]:
    return request.POST.get("kind", ""), request.POST.get("subject", "")


def _found_now(kind: str, subject: str) -> list[Finding]:
    """Only what the checks find now is looked up in the database, so nothing odd that was sent gets there."""
    return findings_about(checks_of(current_list(), current_corpus()).findings, kind=kind, subject=subject)


def _say_gone(request: HttpRequest) -> None:
    messages.warning(
        request, _("This finding is not there any more: the keywords or the sales have changed.")
    )
