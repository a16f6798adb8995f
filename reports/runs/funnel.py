"""Where each sale went, and why: every sale in exactly one stage.

`place` is the only function that says so: runs, preview, explanations, commands and tests all ask it.
Products come from the lines of the sale's quote first, from its heading second, and from further texts third.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import NamedTuple, Protocol

from reports.matching import Match, Matcher, Result
from reports.runs.families import NO_FAMILIES, Families

NO_COMPANY, COMPANY_UNREADABLE, EMPTY_HEADING = "no_company", "company_unreadable", "empty_heading"
EXCLUDED, NEGATED, UNMATCHED, MATCHED = "excluded", "negated", "unmatched", "matched"
# In the order in which a sale is asked; the last one is the goal.
STAGES = (NO_COMPANY, COMPANY_UNREADABLE, EMPTY_HEADING, EXCLUDED, NEGATED, UNMATCHED, MATCHED)
# Where a sale stands before anything is searched in it.
WITHOUT_COMPANY = (NO_COMPANY, COMPANY_UNREADABLE)
HEADING, QUOTE, BOTH, CONTRADICTION, TEXT = "heading", "quote", "both", "contradiction", "text"
# Rules by which a product was found and does not count, see `matching.Reason`.
_TAKEN_AWAY = frozenset({"negated", "masked", "vetoed"})


class Line(Protocol):
    """A line of a quote: of the local copy, or as the connector read it."""

    @property
    def name(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def quantity(self) -> Decimal: ...
    @property
    def family_key(self) -> str: ...


class SaleLike(Protocol):
    """A sale: of the local copy, or as the connector read it."""

    @property
    def heading(self) -> str: ...
    @property
    def company_id(self) -> int | None: ...
    @property
    def company_name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sale is placed by.

    `texts` are the further texts to search ({"description" or SuperOffice's column: text}), `lines` the lines of the
    quote to take products from: both empty where a report does not ask for them.
    """

    heading: str
    company_id: int | None
    company_name: str
    texts: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[Line] = ()

    @classmethod
    def of(
        cls, sale: SaleLike, *, texts: Mapping[str, str] | None = None, lines: Sequence[Line] = ()
    ) -> "Subject":
        return cls(sale.heading, sale.company_id, sale.company_name, texts or {}, lines)


class Found(NamedTuple):
    """A product, service or tag of a sale: how many, why that many, and where.

    `quantity_source` is that of `matching.Match`, or "quote". `field` is "heading", "quote", or the name of a further
    text; `spans` are places in it. For a product of the quote they are the places where the heading names it too, if
    any. `keyword_number` is None for a line that no keyword reads.
    """

    product: str
    family: str
    kind: str
    quantity: Decimal
    quantity_source: str
    field: str
    spans: tuple[tuple[int, int], ...]
    keyword_number: int | None

    @property
    def is_assumed(self) -> bool:
        """Whether nobody wrote how many."""
        return self.quantity_source == "default"


class Placement(NamedTuple):
    """The stage of a sale, the products and services that count there, and where they come from.

    `matches` and `tags` are empty but for matched sales. `result` is what was seen in the heading, also where it does
    not count.
    """

    stage: str
    source: str
    matches: tuple[Found, ...]
    tags: tuple[Found, ...]
    result: Result

    @property
    def has_company(self) -> bool:
        return self.stage != NO_COMPANY

    @property
    def products(self) -> str:
        """ "A; B", in the order of the heading or of the quote."""
        return "; ".join(found.product for found in self.matches)

    @property
    def quantities(self) -> str:
        """ "2; 1", in the same order."""
        return "; ".join(plain(found.quantity) for found in self.matches)

    @property
    def families(self) -> str:
        """ "F; G", each once."""
        return "; ".join(dict.fromkeys(found.family for found in self.matches if found.family))

    @property
    def assumed_count(self) -> int:
        """Products whose quantity nobody wrote."""
        return sum(found.is_assumed for found in self.matches)


def plain(quantity: Decimal) -> str:
    """A quantity without zeros at its end: "2", "0.5"."""
    return f"{quantity.normalize():f}" if quantity else "0"


def place(
    subject: Subject,
    matcher: Matcher,
    *,
    families: Families = NO_FAMILIES,
    needs_company: bool = True,
) -> Placement:
    """Put a sale into its stage.

    `families` say of products whose keyword names no family what the tenant's catalogue says. Without
    `needs_company` a sale that has none, or none that can be read, is searched like the others. What a company's
    absence hides is still in `result`, for the explanation.
    """
    result = matcher.match(subject.heading)
    return _place(subject, result, matcher, families=families, needs_company=needs_company)


def place_many(
    subjects: Sequence[Subject],
    matcher: Matcher,
    *,
    families: Families = NO_FAMILIES,
    needs_company: bool = True,
) -> Iterator[Placement]:
    """What `place` says of each, in their order, several times as fast."""
    results = matcher.match_many(subject.heading for subject in subjects)
    for subject, result in zip(subjects, results, strict=True):
        yield _place(subject, result, matcher, families=families, needs_company=needs_company)


def _place(
    subject: Subject, result: Result, matcher: Matcher, *, families: Families, needs_company: bool
) -> Placement:
    if needs_company and subject.company_id is None:
        return Placement(NO_COMPANY, "", (), (), result)
    if needs_company and not subject.company_name:
        return Placement(COMPANY_UNREADABLE, "", (), (), result)
    if result.status == EXCLUDED:
        return Placement(EXCLUDED, "", (), (), result)
    tags = tuple(_found(tag, HEADING, NO_FAMILIES) for tag in result.tags)
    if quoted := _quoted(subject.lines, matcher, families):
        source = _source(result, quoted, matcher)
        return Placement(MATCHED, source, _with_places(quoted, result), tags, result)
    if result.matches:
        matches = tuple(_found(match, HEADING, families) for match in result.matches)
        return Placement(MATCHED, HEADING, matches, tags, result)
    return _place_by_texts(subject.texts, matcher, result, tags, families)


def _found(match: Match, field: str, families: Families) -> Found:
    return Found(
        match.product,
        families.of(match.product, match.family),
        match.kind,
        Decimal(match.quantity),
        match.quantity_source,
        field,
        match.spans,
        match.keyword_id,
    )


# --- Quotes ---------------------------------------------------------------------------------------------


def line_text(line: Line) -> str:
    """What the matcher is asked for a line."""
    return f"{line.code} {line.name}".strip()


def _quoted(lines: Sequence[Line], matcher: Matcher, families: Families) -> tuple[Found, ...]:
    """The products of a quote, each once with all its quantity, in the order of the lines; credits lessen it."""
    products: dict[str, Found] = {}
    for found in chain.from_iterable(_in_line(line, matcher, families) for line in lines):
        if known := products.get(found.product):
            family = known.family or found.family
            found = known._replace(quantity=known.quantity + found.quantity, family=family)  # noqa: PLW2901
        products[found.product] = found
    return tuple(found for found in products.values() if found.quantity > 0)


def _in_line(line: Line, matcher: Matcher, families: Families) -> Iterator[Found]:
    """What a line sells: what keywords read in it, else its own name. A line that is only a tag sells nothing."""
    result = matcher.match(line_text(line))
    if result.status == EXCLUDED:
        return
    for match in result.matches:
        family = families.of(match.product, match.family, key=line.family_key)
        yield Found(match.product, family, match.kind, line.quantity, QUOTE, QUOTE, (), match.keyword_id)
    # No product has a semicolon in its name: rows join them by it.
    name = (line.name.strip() or line.code.strip()).replace(";", ",")
    if name and not result.matches and not result.tags:
        family = families.of(name, "", key=line.family_key)
        yield Found(name, family, "product", line.quantity, QUOTE, QUOTE, (), None)


def _with_places(quoted: Iterable[Found], result: Result) -> tuple[Found, ...]:
    """The products of a quote with the places where the heading names them."""
    places = {match.product: match.spans for match in result.matches}
    return tuple(found._replace(spans=places.get(found.product, ())) for found in quoted)


def _source(result: Result, quoted: Sequence[Found], matcher: Matcher) -> str:
    """How the heading agrees with the quote.

    It contradicts when it names a product that the quote lacks, or another quantity than the quote has. The name
    of a family alone is no product.
    """
    quantities = {found.product: found.quantity for found in quoted}
    named = [match for match in result.matches if not matcher.keywords[match.keyword_id].generic]
    generic = [match for match in result.matches if matcher.keywords[match.keyword_id].generic]
    for match in named:
        if match.product not in quantities:
            return CONTRADICTION
    for match in result.matches:
        quantity = quantities.get(match.product, match.quantity)
        if match.quantity_source != "default" and match.quantity != quantity:
            return CONTRADICTION
    is_same = {match.product for match in (*named, *generic)} == quantities.keys()
    return BOTH if is_same else QUOTE


# --- Texts ----------------------------------------------------------------------------------------------


def _place_by_texts(
    texts: Mapping[str, str],
    matcher: Matcher,
    result: Result,
    tags: tuple[Found, ...],
    families: Families,
) -> Placement:
    """The stage of a sale whose heading names no product: the first text that names one decides."""
    results = [(name, matcher.match(text)) for name, text in texts.items()]
    for name, seen in results:
        if seen.matches and seen.status == MATCHED:
            matches = tuple(_found(match, name, families) for match in seen.matches)
            return Placement(MATCHED, TEXT, matches, tags, result)
    everything = [result, *(seen for _name, seen in results)]
    if any(seen.status == EXCLUDED for seen in everything):
        return Placement(EXCLUDED, "", (), (), result)
    if any(_was_taken_away(seen, matcher) for seen in everything):
        return Placement(NEGATED, "", (), (), result)
    return Placement(EMPTY_HEADING if result.status == EMPTY_HEADING else UNMATCHED, "", (), (), result)


def _was_taken_away(result: Result, matcher: Matcher) -> bool:
    """Whether a product was there and does not count, because the text says so or a keyword hides it."""
    for reason in result.rejected:
        keyword = matcher.keywords[reason.keyword_id]
        if reason.rule in _TAKEN_AWAY and keyword.polarity == "positive" and keyword.kind != "tag":
            return True
    return False


def counted(placements: Iterable[Placement], counts: Mapping[str, int]) -> dict[str, int]:
    """`counts` (by stage) with these placements too."""
    total = {stage: counts.get(stage, 0) for stage in STAGES}
    for placement in placements:
        total[placement.stage] += 1
    return total
