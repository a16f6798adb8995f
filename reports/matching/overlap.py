"""Which of the hits in one heading stand: masks, overlaps, vetoes, generic products."""

import re
from collections.abc import Collection, Sequence
from itertools import combinations
from operator import attrgetter

from reports.matching.boundaries import Hit, Miss
from reports.matching.quantity import Quantity

# "2x Omnie CD-01", "2x Omnie (CD-01": nothing but separators between the family name and the product.
_NEXT_TO = re.compile(r"[ \-_/.(:]{0,3}\Z")


_PLACE = attrgetter("start", "end", "pattern.keyword.id")


def overlaps(one: Hit | Miss, other: Hit | Miss) -> bool:
    """Whether the two share a character."""
    return one.start < other.end and other.start < one.end


def drop_masked(hits: Sequence[Hit], masks: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
    """Split into hits no mask touches, and masked ones."""
    if not masks:
        return list(hits), []
    masked = [hit for hit in hits if any(overlaps(hit, mask) for mask in masks)]
    return [hit for hit in hits if hit not in masked], masked


def drop_shadowed(hits: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
    """Split into standing hits, in order of appearance, and those in the shadow of a longer hit for another product.

    A second spelling of the same product at the same place is left out without a word. Equally long hits for different
    products both stand: that is a conflict of the list, and no order of the list decides it.
    """
    if not _overlap_in_order(hits):
        return list(hits), []
    ordered = sorted(hits, key=_PLACE)
    standing: list[Hit] = []
    shadowed: list[Hit] = []
    for hit in sorted(ordered, key=lambda hit: hit.start - hit.end):
        is_longest = True
        for other in standing:
            if hit.start < other.end and other.start < hit.end:
                if other.pattern.keyword.product == hit.pattern.keyword.product:
                    break
                is_longest = is_longest and other.end - other.start <= hit.end - hit.start
        else:
            (standing if is_longest else shadowed).append(hit)
    standing.sort(key=_PLACE)
    return standing, shadowed


def _overlap_in_order(hits: Sequence[Hit]) -> bool:
    """Whether a hit begins before the one before it ends."""
    end = 0
    for hit in hits:
        if hit.start < end:
            return True
        end = hit.end
    return False


def is_vetoed(hit: Hit, vetoes: Sequence[Hit]) -> bool:
    """Whether a veto removes this hit: a veto for its product, for its family, or for the whole sale."""
    mine = hit.pattern.keyword
    for veto in vetoes:
        keyword = veto.pattern.keyword
        if keyword.product:
            if keyword.product == mine.product:
                return True
        elif not keyword.family or keyword.family == mine.family:
            return True
    return False


def excludes_sale(veto: Hit) -> bool:
    """Whether the veto names neither a product nor a family, and so removes the whole sale."""
    return not veto.pattern.keyword.product and not veto.pattern.keyword.family


def specific_families(hits: Sequence[Hit]) -> set[str]:
    """Families of which a specific product was found."""
    keywords = [hit.pattern.keyword for hit in hits]
    return {one.family for one in keywords if one.family and one.kind == "product" and not one.generic}


def is_subsumed(hit: Hit, families: Collection[str]) -> bool:
    """Whether the hit is generic while its family has a specific product."""
    return hit.pattern.keyword.generic and hit.pattern.keyword.family in families


def carry_quantities(text: str, hits: Sequence[Hit], quantities: list[Quantity]) -> None:
    """Hand the quantity in front of a family name on to the specific product that follows directly (in place)."""
    for index in range(1, len(hits)):
        if quantities[index - 1].source != "before":
            continue
        name, hit, quantity = hits[index - 1], hits[index], quantities[index - 1]
        generic, specific = name.pattern.keyword, hit.pattern.keyword
        if (
            generic.generic
            and not specific.generic
            and generic.family == specific.family
            and not quantities[index].is_explicit
            and _NEXT_TO.match(text[name.outer_end : hit.anchor])
        ):
            quantities[index] = quantity._replace(source="carried")


def has_conflict(hits: Sequence[Hit]) -> bool:
    """Whether two different products or services claim the same characters. `hits` are in order of appearance."""
    if not _overlap_in_order(hits):
        return False
    counted = [hit for hit in hits if hit.pattern.keyword.kind != "tag"]
    return any(
        overlaps(one, other) and one.product != other.product for one, other in combinations(counted, 2)
    )
