"""One function says where a sale stands and where its products come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.matching import Matcher
from reports.runs import funnel
from reports.runs.families import Catalogue, Families
from reports.runs.funnel import Placement, Subject, counted, place, place_many
from tests.reports.matching.examples import brief, keyword, read_keywords, read_rows, veto

KEYWORDS = [
    *read_keywords(),
    keyword("gebraucht", "OMNIE CD-01", id=900, kind="", polarity="veto"),
]
MATCHER = Matcher(KEYWORDS)


@dataclass(frozen=True)
class Line:
    name: str
    quantity: Decimal = Decimal(1)
    code: str = ""
    family_key: str = ""


def placed(heading: str, *lines: Line, texts: dict[str, str] | None = None, **options: Any) -> Placement:
    return place(Subject(heading, 7, "Muster GmbH", texts or {}, lines), MATCHER, **options)


def brief_of(placement: Placement) -> str:
    counts = (
        zip(placement.matches, placement.quantities.split("; "), strict=True) if placement.matches else ()
    )
    return "; ".join(f"{found.product}×{quantity}" for found, quantity in counts)


# --- Stages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", read_rows("headings.csv"), ids=lambda row: row["id"])
def test_without_quote_and_texts_the_heading_decides_as_specified(row: dict[str, str]) -> None:
    seen, alone = placed(row["heading"]), MATCHER.match(row["heading"])
    assert seen.result == alone
    if alone.status == "unmatched":
        assert seen.stage in ("negated", "unmatched")
    else:
        assert seen.stage == alone.status
    if alone.status == "matched":
        assert "; ".join([brief_of(seen), *(f"[{tag.product}]" for tag in seen.tags)]) == brief(alone)
    else:
        assert (seen.matches, seen.tags) == ((), ())


@pytest.mark.parametrize(
    ("company", "expected"),
    [((None, ""), "no_company"), ((7, ""), "company_unreadable"), ((7, "Muster"), "matched")],
)
def test_a_sale_without_a_company_is_only_counted(company: tuple[Any, str], expected: str) -> None:
    seen = place(Subject("2x CD-01", *company, lines=[Line("Akku")]), MATCHER)
    assert seen.stage == expected
    assert bool(seen.products) == (expected == "matched")
    assert seen.result.matches, "what is hidden is still there for the explanation"
    open_to_all = place(Subject("2x CD-01", *company), MATCHER, needs_company=False)
    assert (open_to_all.stage, open_to_all.products) == ("matched", "OMNIE CD-01")


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Angebot ohne Wartung", "negated"),
        ("Self Service Terminal", "negated"),
        ("CD-01 gebraucht", "negated"),
        ("Ohne Rabatt", "unmatched"),  # a tag is no product
        ("Kein Dummy", "unmatched"),  # nor is a veto
        ("CD-011 Sonderbau", "unmatched"),
        ("TEST bitte löschen CD-01", "excluded"),
        (" \u200b ", "empty_heading"),
        ("", "empty_heading"),
    ],
)
def test_why_nothing_counts(heading: str, expected: str) -> None:
    seen = placed(heading)
    assert (seen.stage, seen.source, seen.matches) == (expected, "", ())


# --- Quotes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "lines", "products", "source"),
    [
        ("2x CD-01", [Line("OMNIE CD-01", Decimal(2))], "OMNIE CD-01×2", "both"),
        ("CD-01", [Line("OMNIE CD-01", Decimal(2))], "OMNIE CD-01×2", "both"),
        ("2x CD-01", [Line("OMNIE CD-01", Decimal(3))], "OMNIE CD-01×3", "contradiction"),
        ("CD-02", [Line("OMNIE CD-01")], "OMNIE CD-01×1", "contradiction"),
        ("CD-01 mit Wartung", [Line("OMNIE CD-01")], "OMNIE CD-01×1", "contradiction"),
        ("CD-01", [Line("OMNIE CD-01"), Line("Akku", Decimal(2))], "OMNIE CD-01×1; Akku×2", "quote"),
        ("Omnie für Muster", [Line("OMNIE CD-01")], "OMNIE CD-01×1", "quote"),
        ("Omnie", [Line("OMNIE")], "OMNIE (unspecified)×1", "both"),
        ("Angebot", [Line("OMNIE CD-01")], "OMNIE CD-01×1", "quote"),
        ("", [Line("OMNIE CD-01")], "OMNIE CD-01×1", "quote"),
        ("Angebot ohne Wartung", [Line("OMNIE CD-01")], "OMNIE CD-01×1", "quote"),
        ("CD-01", [], "OMNIE CD-01×1", "heading"),
    ],
)
def test_products_come_from_the_quote_first(
    heading: str, lines: list[Line], products: str, source: str
) -> None:
    seen = placed(heading, *lines)
    assert (seen.stage, brief_of(seen), seen.source) == ("matched", products, source)


def test_a_code_is_read_like_a_name() -> None:
    assert brief_of(placed("", Line("Starker Roboter", code="CD-01"))) == "OMNIE CD-01×1"


def test_lines_of_one_product_add_up_and_credits_lessen_them() -> None:
    lines = [Line("Akku", Decimal(3)), Line("battery", Decimal("1.5")), Line("Akku", Decimal(-1))]
    assert brief_of(placed("", *lines)) == "Akku×3.5"
    assert placed("", Line("Akku"), Line("Akku", Decimal(-1))).stage == "empty_heading"


def test_a_line_that_no_keyword_reads_stands_under_its_own_name() -> None:
    line = Line("Filter; fein", Decimal(4), family_key="5")
    (found,) = placed("", line, families=Families({"5": "Zubehör"})).matches
    assert (found.product, found.family, found.kind) == ("Filter, fein", "Zubehör", "product")
    assert (found.keyword_number, found.quantity_source, found.spans) == (None, "quote", ())
    (nameless,) = placed("", Line("  ", code="F-77")).matches
    assert nameless.product == "F-77"
    assert placed("Angebot", Line("")).stage == "unmatched"


def test_a_product_without_a_family_of_its_own_takes_that_of_the_quote_line_then_of_the_catalogue() -> None:
    matcher = Matcher(
        [
            keyword("Akku", "Akku", id=1, family=""),
            keyword("Filter", "Filter", id=2, family=""),
            keyword("CD-01", "OMNIE CD-01", id=3, family="OMNIE", type="code"),
        ]
    )
    catalogue = Catalogue(
        families=(("5", "Zubehör"),),
        products=(
            ("AK-1 Akku 12 V", "Batterien"),
            ("Filter fein", "Luft"),
            ("Filter grob", "Staub"),  # two products of one name that do not agree
            ("CD-01 OMNIE CD-01", "Other"),
            ("CD-01 mit Akku", "Sets"),  # two products in one
        ),
    )
    families = catalogue.read_by(matcher)

    def of(heading: str, *lines: Line, texts: dict[str, str] | None = None) -> str:
        subject = Subject(heading, 7, "Muster GmbH", texts or {}, lines)
        (seen,) = place_many([subject], matcher, families=families)
        assert place(subject, matcher, families=families) == seen
        return seen.families

    assert of("Angebot", Line("Akku", family_key="5")) == "Zubehör"
    assert of("Angebot", Line("Akku", family_key="unknown")) == "Batterien"
    assert of("Angebot", Line("Akku"), Line("Akku", family_key="5")) == "Batterien"
    assert of("2x Akku") == "Batterien"
    assert of("Angebot", texts={"description": "ein Akku"}) == "Batterien"
    assert of("CD-01", Line("CD-01", family_key="5")) == "OMNIE"
    assert of("Filter") == ""


def test_a_discount_line_sells_nothing_and_a_test_line_neither() -> None:
    assert placed("CD-01", Line("Rabatt"), Line("Dummy Akku")).source == "heading"


def test_a_veto_on_the_sale_outweighs_its_quote() -> None:
    assert placed("Dummy", Line("OMNIE CD-01")).stage == "excluded"


def test_a_product_of_the_quote_is_shown_where_the_heading_names_it() -> None:
    heading = "2x Omnie CD-01"
    (found,) = placed(heading, Line("OMNIE CD-01", Decimal(2))).matches
    assert (found.field, [heading[slice(*span)] for span in found.spans]) == ("quote", ["CD-01"])


def test_only_a_quantity_that_nobody_wrote_is_assumed() -> None:
    assert placed("CD-01, 2 Akkus").assumed_count == 1
    assert placed("CD-01", Line("OMNIE CD-01")).assumed_count == 0


# --- Texts ----------------------------------------------------------------------------------------------


def test_texts_are_asked_when_quote_and_heading_name_nothing() -> None:
    texts = {"description": "wie besprochen", "udef:1": "3 Akkus", "udef:2": "CD-01"}
    seen = placed("Angebot", texts=texts)
    assert (seen.stage, seen.source, brief_of(seen)) == ("matched", "text", "Akku×3")
    (found,) = seen.matches
    assert (found.field, texts["udef:1"][slice(*found.spans[0])]) == ("udef:1", "Akkus")
    assert placed("CD-02", texts=texts).source == "heading"
    assert placed("", Line("CD-02"), texts=texts).source == "quote"


@pytest.mark.parametrize(
    ("heading", "text", "expected"),
    [
        ("", "wie besprochen", "empty_heading"),
        ("", "Dummy", "excluded"),
        ("Angebot", "ohne Wartung", "negated"),
        ("ohne Wartung", "wie besprochen", "negated"),
        ("ohne Wartung", "CD-01", "matched"),
    ],
)
def test_what_texts_say_where_they_name_nothing(heading: str, text: str, expected: str) -> None:
    assert placed(heading, texts={"description": text}).stage == expected


# --- What holds for any sale ----------------------------------------------------------------------------

_words = [one.text for one in KEYWORDS if one.type != "regex"]
_scraps = [
    "2x ",
    " 3 Stk ",
    "ohne ",
    ", ",
    " nicht enthalten",
    "x2",
    "",
    "Angebot ",
    "\u202e",
    "🤖",
    "\x00",
    ";",
]
texts = st.lists(st.sampled_from(_words + _scraps) | st.text(max_size=4), max_size=6).map("".join)
lines = st.builds(
    Line,
    name=texts,
    quantity=st.decimals(-3, 20, places=4),
    code=st.sampled_from(["", "CD-01", "B 50"]),
    family_key=st.sampled_from(["", "1", "x"]),
)
companies = st.sampled_from([(None, ""), (None, "Rest"), (7, ""), (7, "Muster GmbH")])
subjects = st.builds(
    lambda heading, company, found, offered: Subject(heading, company[0], company[1], found, offered),
    texts,
    companies,
    st.dictionaries(st.sampled_from(["description", "udef:1"]), texts),
    st.lists(lines, max_size=3),
)


def placements_of(sales: Sequence[Subject], matcher: Matcher) -> list[Placement]:
    families = Families({"1": "OMNIE"}, {"Akku": "Batterien"})
    placements = [place(sale, matcher, families=families) for sale in sales]
    assert list(place_many(sales, matcher, families=families)) == placements
    return placements


MATCHERS = [(Matcher(one), Matcher(one)) for one in (KEYWORDS, KEYWORDS[:7], [], [veto("x")])]


@given(st.lists(subjects, max_size=8), st.sampled_from(MATCHERS))
@settings(max_examples=150, deadline=None)  # a busy machine answers later
def test_every_sale_is_in_exactly_one_stage_and_the_sum_is_the_total(
    sales: list[Subject], matchers: tuple[Matcher, Matcher]
) -> None:
    placements = placements_of(sales, matchers[0])
    counts = counted(placements, counted([], {}))
    assert tuple(counts) == funnel.STAGES
    assert sum(counts.values()) == len(sales)
    for stage in funnel.STAGES:
        assert counts[stage] == sum(placement.stage == stage for placement in placements)
    assert placements == placements_of(sales, matchers[1])


@given(subjects)
@settings(max_examples=200, deadline=None)
def test_a_placement_fits_together(sale: Subject) -> None:
    seen = place(sale, MATCHER)
    assert (seen.stage == "matched") == bool(seen.matches) == bool(seen.source)
    products = seen.products.split("; ") if seen.matches else []
    assert len(products) == len(set(products)) == len(seen.matches)
    assert len(products) == len([one for one in seen.quantities.split("; ") if one])
    for found in seen.matches:
        assert found.quantity > 0
        text = sale.heading if found.field in ("heading", "quote") else sale.texts[found.field]
        assert all(0 <= start < end <= len(text) for start, end in found.spans)
    if seen.source in ("quote", "both", "contradiction"):
        assert {found.field for found in seen.matches} == {"quote"}
    if seen.source == "both":
        assert {match.product for match in seen.result.matches} == set(products)
