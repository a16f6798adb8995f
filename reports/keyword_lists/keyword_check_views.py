"""The page that looks the whole keyword list over."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from reports.keyword_lists.check_words import KINDS, sentence_of
from reports.keyword_lists.keyword_checks import KeywordFigures, checks_of
from reports.keyword_lists.keyword_languages import language_lines
from reports.keyword_lists.keywords import by_product, current_list, keywords_of
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


@require_safe
def keyword_checks(request: HttpRequest) -> HttpResponse:
    """Findings by kind, figures of each keyword (?sort=&start=), and the languages of each product."""
    keyword_list, corpus = current_list(), current_corpus()
    checks = checks_of(keyword_list, corpus)
    order = request.GET.get("sort", "")
    order = order if order in _ORDERS else "product"
    asked = request.GET.get("start", "")
    start = int(asked) if asked.isdecimal() and len(asked) < 10 else 0
    lines: list[KeywordFigures] = sorted(checks.figures, key=_ORDERS[order])
    context = {
        "keyword_list": keyword_list,
        "corpus": corpus,
        "sale_count": len(corpus.sales),
        "groups": [
            (label, [(found, sentence_of(found)) for found in checks.findings if found.kind == kind])
            for kind, label in KINDS.items()
        ],
        "finding_count": len(checks.findings),
        "figures": lines[start : start + PAGE_SIZE],
        "order": order,
        "next_start": start + PAGE_SIZE if start + PAGE_SIZE < len(lines) else 0,
        "start": start,
        "languages": language_lines(keywords_of(keyword_list)),
        "language": get_language(),
        "may_edit": may_edit_keywords(request.user),
    }
    return render(request, "reports/keyword_checks.html", context)


@require_safe
def keyword_check_count(request: HttpRequest) -> HttpResponse:
    """How much the checks found: a part that the keywords page asks for after it is shown."""
    count = len(checks_of(current_list(), current_corpus()).findings)
    return render(request, "reports/_keyword_check_count.html", {"count": count})
