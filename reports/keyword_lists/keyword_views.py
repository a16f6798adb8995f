"""The keyword list: by product, searched and filtered; and the catalogue beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from connector.services import current_connection
from reports.keyword_lists.keywords import by_product, current_list, keywords_of, matcher_of
from reports.matching import Matcher
from reports.matching.normalise import fold, squeeze, squeeze_words
from reports.models import Keyword, KeywordList, LocalCopy, Product, ProductFamily
from reports.rights import may_download, may_edit_keywords

PAGE_SIZE = 200  # keywords, or products of the catalogue


@require_safe
def keywords(request: HttpRequest) -> HttpResponse:
    """Filter (?q=&product=&family=&kind=) and page (?after=, the number of a keyword) live in the address."""
    newest = current_list()
    versions = list(KeywordList.objects.select_related("author").newest_first()[:5])
    everything = sorted(keywords_of(newest), key=by_product)
    found = [keyword for keyword in everything if _fits(keyword, request.GET)]
    page, next_url = _page(found, request.GET)
    context = {
        "keyword_list": versions[0],
        "keywords": page,
        "keyword_count": len(everything),
        "found_count": len(found),
        "is_filtered": len(found) < len(everything),
        "products": sorted({keyword.product for keyword in everything} - {""}, key=str.casefold),
        "families": sorted({keyword.family for keyword in everything} - {""}, key=str.casefold),
        "kinds": KINDS,
        "chosen": request.GET,
        "pager": {
            "sentence": _count_words(len(page), len(found)),
            "first_url": reverse("keywords") if request.GET.get("after") else "",
            "next_url": next_url,
        },
        "versions": versions,
        "may_edit": may_edit_keywords(request.user),
        "may_download": may_download(request.user),
    }
    return render(request, "reports/keywords.html", context)


# What the filter offers: kinds of what finds something, and the two that take away.
KINDS = [*Keyword.Kind.choices, *Keyword.Polarity.choices[1:]]


def _fits(keyword: Keyword, chosen: QueryDict) -> bool:
    wanted = _comparable(chosen.get("q", "")[:200])
    texts = (keyword.text, keyword.product, keyword.family, keyword.note)
    kind = keyword.kind if keyword.polarity == Keyword.Polarity.POSITIVE else keyword.polarity
    return (
        chosen.get("product", "") in ("", keyword.product)
        and chosen.get("family", "") in ("", keyword.family)
        and chosen.get("kind", "") in ("", kind)
        and (not wanted or any(wanted in _comparable(text) for text in texts))
    )


def _comparable(text: str) -> str:
    """As keywords themselves are compared: "buerste" finds "Bürste", "cd 01" finds "CD-01"."""
    folded = fold(text).text
    return squeeze_words(folded, squeeze(folded)) or folded.strip()


def _page(found: Sequence[Keyword], chosen: QueryDict) -> tuple[Sequence[Keyword], str]:
    """One page, and the address of the next one."""
    after = chosen.get("after", "")
    start = next((place for place, keyword in enumerate(found, 1) if str(keyword.number) == after), 0)
    page = found[start : start + PAGE_SIZE]
    if start + PAGE_SIZE >= len(found):
        return page, ""
    following = chosen.copy()
    following["after"] = str(page[-1].number)
    return page, f"?{following.urlencode()}"


def _count_words(shown: int, found: int) -> str:
    return ngettext("%(shown)s of %(count)s keyword", "%(shown)s of %(count)s keywords", found) % {
        "shown": shown,
        "count": found,
    }


# --- The catalogue --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CatalogueLine:
    """A product or family of SuperOffice, and the products of the list that are found in its name."""

    name: str
    code: str
    family: str
    targets: tuple[str, ...]

    @property
    def keyword_text(self) -> str:
        """What a keyword for it would look for."""
        return self.code or self.name


@require_safe
def keyword_catalogue(request: HttpRequest) -> HttpResponse:
    """Families and products of SuperOffice with what the list makes of them (?without=1: products that it does not
    read; a family needs no keyword, its name is mostly a word that stands for anything)."""
    connection = current_connection()
    matcher = matcher_of(current_list())
    only_without = request.GET.get("without") == "1"
    families = _lines_of_families(ProductFamily.objects.filter(connection=connection), matcher)
    products = _lines_of_products(Product.objects.filter(connection=connection), matcher)
    without_count = sum(not line.targets for line in products)
    if only_without:
        families, products = [], [line for line in products if not line.targets]
    asked = request.GET.get("start", "")
    start = int(asked) if asked.isdecimal() and len(asked) < 10 else 0
    page = products[start : start + PAGE_SIZE]
    has_more = start + PAGE_SIZE < len(products)
    context = {
        "families": families if not start else [],
        "products": page,
        "without_count": without_count,
        "only_without": only_without,
        "copy": LocalCopy.objects.filter(connection=connection).first(),
        "pager": {
            "sentence": _("%(shown)s of %(count)s products") % {"shown": len(page), "count": len(products)},
            "first_url": f"?without={int(only_without)}" if start else "",
            "next_url": f"?without={int(only_without)}&start={start + PAGE_SIZE}" if has_more else "",
        },
        "may_edit": may_edit_keywords(request.user),
    }
    return render(request, "reports/keyword_catalogue.html", context)


def _lines_of_families(families: QuerySet[ProductFamily], matcher: Matcher) -> list[CatalogueLine]:
    names = [family.name for family in families.order_by("rank", "name")]
    results = matcher.match_many(names)
    return [
        CatalogueLine(name, "", name, tuple(match.product for match in result.matches))
        for name, result in zip(names, results, strict=True)
    ]


def _lines_of_products(products: QuerySet[Product], matcher: Matcher) -> list[CatalogueLine]:
    """As the lines of a quote are read: code and name together."""
    found = list(products.order_by("family_name", "name", "product_id"))
    results = matcher.match_many(f"{one.code} {one.name}".strip() for one in found)
    return [
        CatalogueLine(one.name, one.code, one.family_name, tuple(match.product for match in result.matches))
        for one, result in zip(found, results, strict=True)
    ]
