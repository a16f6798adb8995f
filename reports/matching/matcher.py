"""Find the keywords of a list in headings: search, examine, resolve, count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reports.matching.boundaries import Hit, Miss, examine
from reports.matching.code_lists import find_in_lists, index_by_number
from reports.matching.context import is_negated, may_negate
from reports.matching.keywords import Keyword, compile_patterns, validate
from reports.matching.normalise import Folded, View, code_view, fold, squeeze, squeeze_words, word_view
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
from reports.matching.quantity import Quantity, add_up, assign_quantities, mentions_part
from reports.matching.results import Match, Reason, Result
from reports.matching.search import Automaton, Expressions, Found

_EMPTY = Result("empty_heading")
_UNMATCHED = Result("unmatched")


@dataclass(slots=True)
class _Findings:
    """Everything seen in one heading before it is decided what counts."""

    hits: list[Hit] = field(default_factory=list)
    misses: list[Miss] = field(default_factory=list)
    hints: list[Hit] = field(default_factory=list)
    ends: set[int] = field(default_factory=set)

    def add(self, folded: Folded, view: View, found: list[Found]) -> None:
        """Examine what the automaton found, in the order of the ends."""
        for patterns, first, last in found:
            for pattern in patterns:
                seen = examine(folded, view, pattern, first, last, ends=self.ends)
                if isinstance(seen, Miss):
                    if seen.rule and not pattern.stem and not pattern.zeros:
                        self.misses.append(seen)
                elif pattern.zeros:
                    self.hints.append(seen)
                else:
                    self.hits.append(seen)
                    self.ends.add(seen.outer_end)

    def of(self, polarity: str) -> list[Hit]:
        """The hits of keywords with this polarity."""
        return [hit for hit in self.hits if hit.pattern.keyword.polarity == polarity]


class Matcher:
    """A keyword list made ready. Build it once and use it for many headings.

    Raises ValueError when `validate` finds a problem in one of the keywords.
    """

    def __init__(self, keywords: Sequence[Keyword]) -> None:
        problems = [
            f"keyword {keyword.id}: {problem}" for keyword in keywords for problem in validate(keyword)
        ]
        if problems:
            raise ValueError("; ".join(problems))
        patterns = [pattern for keyword in keywords for pattern in compile_patterns(keyword)]
        codes = [pattern for pattern in patterns if pattern.is_code]
        self._all = Automaton(patterns)
        self._codes = Automaton(codes)
        self._words = Automaton(pattern for pattern in patterns if not pattern.is_code)
        self._expressions = Expressions([keyword for keyword in keywords if keyword.type == "regex"])
        self._numbered = index_by_number(codes)

    def match(self, heading: str | None) -> Result:
        """What is in the heading, and what nearly was. Takes any text."""
        folded = fold(heading or "")
        if not folded.text or folded.text.isspace():
            return _EMPTY
        findings = self._find(folded)
        if findings.hits or findings.misses or findings.hints:
            return _resolve(folded, findings)
        return Result("unmatched", flags=("mojibake_repaired",)) if folded.repaired else _UNMATCHED

    def _find(self, folded: Folded) -> _Findings:
        findings = _Findings(self._expressions.find(folded.text))
        text = folded.text
        squeezed = squeeze(text)
        words = squeeze_words(text, squeezed)
        if words == squeezed:  # one view serves both kinds
            if found := self._all.find(squeezed):
                findings.add(folded, code_view(text, squeezed), found)
        else:
            if found := self._words.find(words):
                findings.add(folded, word_view(text), found)
            if found := self._codes.find(squeezed):
                findings.add(folded, code_view(text, squeezed), found)
        if "/" in text and self._numbered:
            findings.hits += find_in_lists(folded, code_view(text, squeezed), self._numbered, findings.ends)
        return findings


def _resolve(folded: Folded, findings: _Findings) -> Result:
    """Decide what counts. The order is masks, overlaps, quantities, negations, vetoes, generic products."""
    text = folded.text
    hits, masked = drop_masked(findings.of("positive"), findings.of("mask"))
    standing, shadowed = drop_shadowed(hits)
    quantities = assign_quantities(text, standing)
    carry_quantities(text, standing, quantities)
    reasons = _near_misses(findings, standing)
    reasons += [(hit, "masked") for hit in masked] + [(hit, "shadowed") for hit in shadowed]

    vetoes = _drop_negated_vetoes(text, findings.of("veto"), reasons)
    excluded = any(map(excludes_sale, vetoes))
    reasons += [(veto, "vetoed") for veto in vetoes if excludes_sale(veto)]

    counted = list(_counted(text, standing, quantities, vetoes, reasons))
    families = specific_families([hit for hit, _ in counted])
    reasons += [(hit, "subsumed") for hit, _ in counted if is_subsumed(hit, families)]
    counted = [(hit, quantity) for hit, quantity in counted if not is_subsumed(hit, families)]

    matches = _gather(folded, counted)
    products = tuple(match for match in matches if match.kind != "tag")
    status = "excluded" if excluded else "matched" if products else "unmatched"
    return Result(
        status=status,
        matches=products,
        tags=tuple(match for match in matches if match.kind == "tag"),
        rejected=_explain(folded, reasons),
        flags=_flags(folded, counted),
    )


def _near_misses(findings: _Findings, standing: Sequence[Hit]) -> list[tuple[Hit | Miss, str]]:
    """Failed candidates, without those at a place where the same product was found after all."""
    reasons: list[tuple[Hit | Miss, str]] = []
    for miss in findings.misses:
        product = miss.pattern.keyword.product
        if not any(hit.product == product and overlaps(hit, miss) for hit in standing):
            reasons.append((miss, miss.rule))
    for hint in findings.hints:
        if not any(overlaps(hit, hint) for hit in standing):
            reasons.append((hint, "leading_zero"))
    return reasons


def _drop_negated_vetoes(text: str, vetoes: list[Hit], reasons: list[tuple[Hit | Miss, str]]) -> list[Hit]:
    """Vetoes that hold; "kein Dummy" is none."""
    negated = [veto for veto in vetoes if is_negated(text, veto.anchor, veto.outer_end)]
    reasons += [(veto, "negated") for veto in negated]
    return [veto for veto in vetoes if veto not in negated]


def _counted(
    text: str,
    standing: Sequence[Hit],
    quantities: Sequence[Quantity],
    vetoes: Sequence[Hit],
    reasons: list[tuple[Hit | Miss, str]],
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


def _gather(folded: Folded, counted: Sequence[tuple[Hit, Quantity]]) -> list[Match]:
    """One match per product, in order of appearance."""
    groups: dict[str, list[tuple[Hit, Quantity]]] = {}
    for hit, quantity in counted:
        groups.setdefault(hit.product, []).append((hit, quantity))
    return [_to_match(folded, group) for group in groups.values()]


def _to_match(folded: Folded, group: Sequence[tuple[Hit, Quantity]]) -> Match:
    keyword = group[0][0].pattern.keyword
    spans = tuple(folded.span(hit.start, hit.end) for hit, _ in group)
    value, source = add_up(folded.text, [quantity for _, quantity in group])
    return Match(
        keyword_id=keyword.id,
        product=keyword.product,
        family=keyword.family,
        kind=keyword.kind,
        quantity=value,
        quantity_source=source,
        spans=spans,
        text=folded.original[slice(*spans[0])],
    )


def _explain(folded: Folded, reasons: Sequence[tuple[Hit | Miss, str]]) -> tuple[Reason, ...]:
    """Reasons in order of appearance."""
    explained = []
    for seen, rule in sorted(reasons, key=lambda reason: (reason[0].start, reason[0].end)):
        start, end = folded.span(seen.start, seen.end)
        keyword = seen.pattern.keyword
        explained.append(Reason(keyword.id, keyword.product, rule, start, end, folded.original[start:end]))
    return tuple(explained)


def _flags(folded: Folded, counted: Sequence[tuple[Hit, Quantity]]) -> tuple[str, ...]:
    flags = []
    if has_conflict([hit for hit, _ in counted]):
        flags.append("conflict")
    if any(quantity.is_explicit for _, quantity in counted) and mentions_part(folded.text):
        flags.append("davon")
    if folded.repaired:
        flags.append("mojibake_repaired")
    return tuple(flags)
