"""How well the keywords read headings, and the headings that somebody should look at."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connector import roles
from connector.services import current_connection
from reports.keyword_lists.keywords import current_list, keywords_of
from reports.keyword_lists.list_saving import check_may_edit
from reports.matching import Match
from reports.models import KeywordList, Label, Product, Sale
from reports.preview.corpus import corpus_of
from reports.rights import may_edit_keywords
from reports.runs.highlight import pieces
from reports.suggesting import labels
from reports.suggesting.accuracy import family_names
from reports.suggesting.labels import WANTED, Evaluation, Truths, found_words, truths_of, waiting
from reports.suggesting.standing import Standing, standing_of

_SKIPPED = "label_skipped"  # sales passed over in this session
_MOST_SKIPPED = 500
_NEWEST = 10  # labels shown for correction
_WORST = 5  # products in sight; the others are folded


@require_safe
def keyword_labels(request: HttpRequest) -> HttpResponse:
    """The next heading to look at, and the figures of the current list and of the versions before it."""
    connection = current_connection()
    newest = current_list()
    corpus = corpus_of(connection)
    standing = standing_of(newest, corpus)
    truths = truths_of(corpus, connection)
    versions = labels.trend(truths)
    lines = _lines(versions[0][1])
    typed = request.GET.get("truth", "").replace("\0", " ")[:500]
    _truth, unknown = labels.named_products(typed, _products_there_are() if typed else ())
    context = {
        "current": _next_heading(request, standing, truths),
        "label_count": len(truths.labels),
        "wanted": WANTED,
        "evaluation": versions[0][1],
        "worst_lines": lines[:_WORST],
        "other_lines": lines[_WORST:],
        "family_lines": _family_lines(versions[0][1], standing),
        "last": _last_label(request, truths),
        "trend": [(version, seen, seen.total) for version, seen in versions],
        "newest_labels": sorted(truths.labels, key=lambda label: label.labelled_at, reverse=True)[:_NEWEST],
        "typed": typed,
        "unknown": "; ".join(unknown),
        "known_products": _known_products(newest),
        "may_edit": may_edit_keywords(request.user),
    }
    return render(request, "reports/labels.html", context)


def _next_heading(request: HttpRequest, standing: Standing, truths: Truths) -> dict[str, object] | None:
    """The heading to look at with what is found in it; None for those who may not say, and when all are done."""
    if not may_edit_keywords(request.user):
        return None
    skipped = set(request.session.get(_SKIPPED, []))
    numbers = (standing.corpus.sales[place] for place in waiting(standing, truths.labels))
    sale = next((sale for sale in numbers if sale.sale_id not in skipped), None)
    if sale is None:
        return None
    result = standing.matcher.match(sale.heading)
    marks: list[tuple[tuple[int, int], Match]] = [
        (span, match) for match in result.matches for span in match.spans
    ]
    return {
        "sale": sale,
        "pieces": pieces(sale.heading, marks),
        "words": found_words(result),
        "matches": result.matches,
    }


def _lines(seen: Evaluation) -> list[tuple[str, labels.Score]]:
    """By product, those with the most wrong and missed first; the product that nobody named comes last."""
    return sorted(
        seen.products.items(),
        key=lambda item: (not item[0], -item[1].wrong - item[1].missed, item[0].casefold()),
    )


def _family_lines(seen: Evaluation, standing: Standing) -> list[tuple[str, labels.Score]]:
    """By product family and its name, products without one last; empty where there is no family at all."""
    known = standing.corpus.catalogue.read_by(standing.matcher)
    families = seen.by_family(family_names(standing.matcher.keywords.values(), known.of))
    if not any(families):
        return []
    return sorted(families.items(), key=lambda item: (not item[0], item[0].casefold()))


def _last_label(request: HttpRequest, truths: Truths) -> Label | None:
    """The answer that was just given (?last=, the number of its sale), as long as it stands."""
    asked = request.GET.get("last", "")
    return next((label for label in truths.labels if str(label.sale.sale_id) == asked), None)


def _known_products(newest: KeywordList) -> list[str]:
    return sorted({keyword.product for keyword in keywords_of(newest)} - {""}, key=str.casefold)


def _products_there_are() -> set[str]:
    """What a heading can be about: the products of the list in use, and those of the catalogue."""
    catalogue = Product.objects.filter(connection=current_connection()).exclude(name="")
    return {*_known_products(current_list()), *catalogue.values_list("name", flat=True)}


# --- Saying what is right -------------------------------------------------------------------------------


@require_POST
def label_right(request: HttpRequest, sale_id: int) -> HttpResponse:
    return _label(request, sale_id, is_right=True)


@require_POST
def label_wrong(request: HttpRequest, sale_id: int) -> HttpResponse:
    """POST truth may say which products are in the heading, "A; B"."""
    return _label(request, sale_id, is_right=False)


def _label(request: HttpRequest, sale_id: int, *, is_right: bool) -> HttpResponse:
    """Store it for what was shown: a heading or a result that changed meanwhile is shown again instead."""
    check_may_edit(request)
    sale = _sale(sale_id)
    standing = standing_of(current_list(), corpus_of(current_connection()))
    result = standing.matcher.match(sale.heading)
    seen = request.POST.get("heading"), request.POST.get("products")
    # A browser sends line breaks as CR LF, and only these can differ from what was shown.
    if (_one_line(seen[0] or ""), seen[1]) != (_one_line(sale.heading), found_words(result)):
        messages.warning(request, _("This heading, or what is found in it, has changed. Look at it again."))
        return _back()
    typed = "" if is_right else request.POST.get("truth", "").replace("\0", " ")[:500]
    truth, unknown = labels.named_products(typed, _products_there_are())
    if unknown:
        return _back(typed=typed)  # the page says at the field what is wrong with it
    labels.label(sale=sale, result=result, is_right=is_right, truth=truth, by=roles.signed_in(request))
    return _back(last=sale_id)


def _one_line(text: str) -> str:
    return " ".join(text.split())


@require_POST
def label_skip(request: HttpRequest, sale_id: int) -> HttpResponse:
    """Pass over this heading until the next sign-in."""
    check_may_edit(request)
    skipped = [number for number in request.session.get(_SKIPPED, []) if number != sale_id]
    request.session[_SKIPPED] = [*skipped, sale_id][-_MOST_SKIPPED:]
    return _back()


@require_POST
def label_remove(request: HttpRequest, sale_id: int) -> HttpResponse:
    """Forget what was said about this heading: it is asked again."""
    check_may_edit(request)
    Label.objects.filter(sale=_sale(sale_id)).delete()
    messages.success(request, _("Label of sale %(number)s removed.") % {"number": sale_id})
    return _back()


def _sale(sale_id: int) -> Sale:
    sales = Sale.objects.of_tenant(current_connection()).present()
    return get_object_or_404(sales, sale_id=sale_id)


def _back(*, last: int | None = None, typed: str = "") -> HttpResponse:
    """To the next heading: `last` is the sale that was just answered, `typed` what goes into the field again.

    Without a fragment where something was typed: the field takes the focus then, which a fragment would keep.
    """
    asked = {name: value for name, value in {"last": last, "truth": typed}.items() if value}
    place = "" if typed else "#label"
    return redirect(f"{reverse('keyword_labels')}{'?' if asked else ''}{urlencode(asked)}{place}")
