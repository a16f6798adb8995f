"""From what was seen in one heading to what counts."""

from collections.abc import Iterator, Sequence
from itertools import compress

from reports.matching.boundaries import Hit, Miss
from reports.matching.conclude import split_tags
from reports.matching.context import is_negated, may_negate
from reports.matching.findings import Findings
from reports.matching.normalise import Folded
from reports.matching.overlap import (
    carry_quantities,
    drop_masked,
    drop_shadowed,
    excludes_sale,
    has_conflict,
    is_subsumed,
    is_vetoed,
    overlaps,
    specific_families,
)
from reports.matching.quantity import (
    Quantity,
    add_up,
    assign_quantities,
    assign_quantity,
    mentions_part,
)
from reports.matching.results import Match, Reason, Result

Reasons = list[tuple[Hit | Miss, str]]


def resolve(folded: Folded, findings: Findings) -> Result:
    """Decide what counts. The order is masks, overlaps, quantities, negations, vetoes, generic products."""
    if not findings.is_disputed and not may_negate(folded.text):
        return resolve_hits(folded, findings.hits)
    text = folded.text
    hits, masked = drop_masked(findings.hits, findings.masks)
    standing, shadowed = drop_shadowed(hits)
    quantities = assign_quantities(text, standing)
    carry_quantities(text, standing, quantities)
    reasons = _near_misses(findings, standing)
    reasons += [(hit, "masked") for hit in masked] + [(hit, "shadowed") for hit in shadowed]

    vetoes = _drop_negated_vetoes(text, findings.vetoes, reasons)
    excluded = any(map(excludes_sale, vetoes))
    reasons += [(veto, "vetoed") for veto in vetoes if excludes_sale(veto)]

    counted = list(_counted(text, standing, quantities, vetoes, reasons))
    result = _conclude(folded, [hit for hit, _ in counted], [quantity for _, quantity in counted], reasons)
    return result._replace(status="excluded") if excluded else result


def resolve_hits(folded: Folded, hits: list[Hit]) -> Result:
    """What `resolve` comes to for hits of positive keywords, when nothing else was seen and nothing is negated."""
    text = folded.text
    if len(hits) == 1:
        return _conclude_one(folded, hits[0], assign_quantity(text, hits[0]))
    standing, shadowed = drop_shadowed(hits)
    quantities = assign_quantities(text, standing)
    carry_quantities(text, standing, quantities)
    reasons: Reasons = [(hit, "shadowed") for hit in shadowed] if shadowed else []
    return _conclude(folded, standing, quantities, reasons)


def _conclude_one(folded: Folded, hit: Hit, quantity: Quantity) -> Result:
    """As `_conclude` for one hit that stands and no reasons."""
    keyword, (value, source, _, _, _) = hit.pattern.keyword, quantity
    span = (hit.start, hit.end) if folded.starts is None else folded.span(hit.start, hit.end)
    text = folded.original[span[0] : span[1]]
    match = Match(keyword.id, keyword.product, keyword.family, keyword.kind, value, source, (span,), text)
    flags = ("davon",) if source != "default" and mentions_part(folded.text) else ()
    if folded.repaired:
        flags = (*flags, "mojibake_repaired")
    if keyword.kind == "tag":
        return Result("unmatched", (), (match,), (), flags)
    return Result("matched", (match,), (), (), flags)


def _conclude(folded: Folded, hits: list[Hit], quantities: Sequence[Quantity], reasons: Reasons) -> Result:
    """The result from what counts and, for the others, why not; generic products may still go."""
    for hit in hits:
        if hit.pattern.keyword.generic and len(hits) > 1:
            hits, quantities = _drop_subsumed(hits, quantities, reasons)
            break
    flags: tuple[str, ...] = ("conflict",) if has_conflict(hits) else ()
    for quantity in quantities:
        if quantity.source != "default" and mentions_part(folded.text):
            flags += ("davon",)
            break
    if folded.repaired:
        flags += ("mojibake_repaired",)
    products, tags = _gather(folded, hits, quantities)
    rejected = _explain(folded, reasons) if reasons else ()
    return Result("matched" if products else "unmatched", products, tags, rejected, flags)


def _near_misses(findings: Findings, standing: Sequence[Hit]) -> Reasons:
    """Failed candidates, without those at a place where the same product was found after all."""
    reasons: Reasons = []
    for miss in findings.misses:
        product = miss.pattern.keyword.product
        if not any(hit.product == product and overlaps(hit, miss) for hit in standing):
            reasons.append((miss, miss.rule))
    for hint in findings.hints:
        if not any(overlaps(hit, hint) for hit in standing):
            reasons.append((hint, "leading_zero"))
    return reasons


def _drop_negated_vetoes(text: str, vetoes: list[Hit], reasons: Reasons) -> list[Hit]:
    """Vetoes that hold; "kein Dummy" is none."""
    negated = [veto for veto in vetoes if is_negated(text, veto.anchor, veto.outer_end)]
    reasons += [(veto, "negated") for veto in negated]
    return [veto for veto in vetoes if veto not in negated]


def _counted(
    text: str,
    standing: Sequence[Hit],
    quantities: Sequence[Quantity],
    vetoes: Sequence[Hit],
    reasons: Reasons,
) -> Iterator[tuple[Hit, Quantity]]:
    """Hits neither negated nor vetoed, with their quantities."""
    check_negation = may_negate(text)
    for hit, quantity in zip(standing, quantities, strict=True):
        start = quantity.start if quantity.source == "before" else hit.anchor
        end = quantity.end if quantity.source == "after" else hit.outer_end
        if check_negation and is_negated(text, start, end):
            reasons.append((hit, "negated"))
        elif vetoes and is_vetoed(hit, vetoes):
            reasons.append((hit, "vetoed"))
        else:
            yield hit, quantity


def _drop_subsumed(
    hits: list[Hit], quantities: Sequence[Quantity], reasons: Reasons
) -> tuple[list[Hit], list[Quantity]]:
    """Those that are not generic beside a specific product of the same family."""
    families = specific_families(hits)
    subsumed = [is_subsumed(hit, families) for hit in hits]
    reasons += [(hit, "subsumed") for hit, goes in zip(hits, subsumed, strict=True) if goes]
    stays = [not goes for goes in subsumed]
    return list(compress(hits, stays)), list(compress(quantities, stays))


def _gather(
    folded: Folded, hits: Sequence[Hit], quantities: Sequence[Quantity]
) -> tuple[tuple[Match, ...], tuple[Match, ...]]:
    """One match per product, in order of appearance: those that count, and tags."""
    found: dict[str, Match] = {}
    repeated = False
    for hit, quantity in zip(hits, quantities, strict=True):
        keyword = hit.pattern.keyword
        if keyword.product in found:
            repeated = True
            continue
        span = (hit.start, hit.end) if folded.starts is None else folded.span(hit.start, hit.end)
        found[keyword.product] = Match(
            keyword.id, keyword.product, keyword.family, keyword.kind, quantity.value, quantity.source,
            (span,), folded.original[span[0] : span[1]],
        )  # fmt: skip
    if repeated:
        found = {product: _add_up(folded, match, hits, quantities) for product, match in found.items()}
    return split_tags(found.values())


def _add_up(folded: Folded, match: Match, hits: Sequence[Hit], quantities: Sequence[Quantity]) -> Match:
    """`match` with all the places and quantities of its product."""
    mine = [hit.product == match.product for hit in hits]
    value, source = add_up(folded.text, list(compress(quantities, mine)))
    spans = tuple([folded.span(hit.start, hit.end) for hit in compress(hits, mine)])
    return match._replace(quantity=value, quantity_source=source, spans=spans)


def _explain(folded: Folded, reasons: Sequence[tuple[Hit | Miss, str]]) -> tuple[Reason, ...]:
    """Reasons in order of appearance."""
    explained = []
    for seen, rule in sorted(reasons, key=lambda reason: (reason[0].start, reason[0].end)):
        start, end = folded.span(seen.start, seen.end)
        keyword = seen.pattern.keyword
        explained.append(Reason(keyword.id, keyword.product, rule, start, end, folded.original[start:end]))
    return tuple(explained)
