"""What a heading and the quote of its sale say differently: "heading: 1 × OMNIE CD-02 · quote: 3 × Akku"."""

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _

from reports.matching import Matcher, Result
from reports.templatetags.report_words import grouped

Counted = list[tuple[Decimal, str]]


def disagreement(result: Result, quoted: Mapping[str, Decimal], matcher: Matcher) -> str:
    """In words; empty where nothing differs. `result` is what was seen in the heading, `quoted` the pieces of each
    product in the quote. As in `funnel.place`, a number that nobody wrote and the name of a family differ from nothing.
    """
    said, sold = _sides(result, quoted, matcher)
    parts = [_("heading: %(products)s") % {"products": _counted(said)}] if said else []
    parts += [_("quote: %(products)s") % {"products": _counted(sold)}] if said and sold else []
    return " · ".join(parts)


def contradicting(result: Result, quoted: Mapping[str, Decimal], matcher: Matcher) -> list[str]:
    """The products with which the heading says something else than the quote."""
    said, _sold = _sides(result, quoted, matcher)
    return [product for _quantity, product in said]


def _sides(result: Result, quoted: Mapping[str, Decimal], matcher: Matcher) -> tuple[Counted, Counted]:
    """What the heading names, and what the quote has, without what they agree in."""
    agreed: set[str] = set()
    said: Counted = []
    for match in result.matches:
        quantity = quoted.get(match.product)
        if quantity is None and matcher.keywords[match.keyword_id].generic:
            continue
        if quantity == match.quantity or (quantity is not None and match.quantity_source == "default"):
            agreed.add(match.product)
        else:
            said.append((Decimal(match.quantity), match.product))
    return said, [(quantity, product) for product, quantity in quoted.items() if product not in agreed]


def _counted(products: Counted) -> str:
    return ", ".join(f"{grouped(quantity)} × {product}" for quantity, product in products)
