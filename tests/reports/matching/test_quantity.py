"""How many, and why that many."""

import pytest

from reports.matching import Matcher
from tests.reports.matching.examples import brief, found, keyword

AKKU = keyword("Akku", inflect="yes")
BOX = keyword("Box", id=2)


def counted(matcher: Matcher, heading: str) -> list[tuple[str, int, str]]:
    return [(one.product, one.quantity, one.quantity_source) for one in matcher.match(heading).matches]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("2x", 2),
        ("2 x", 2),
        ("2 X", 2),
        ("2×", 2),
        ("2 *", 2),
        ("5 Stk", 5),
        ("5 Stk.", 5),
        ("5Stck", 5),
        ("5 Stück", 5),
        ("5 Stueck", 5),
        ("5 STÜCK", 5),
        ("5 St.", 5),
        ("5 pcs", 5),
        ("5 pce", 5),
        ("5 units of", 5),
        ("5 ea", 5),
        ("5 mal", 5),
        ("5 Geräte", 5),
        ("5 Geraete", 5),
        ("5 Einheiten à", 5),
        ("5 Stück von", 5),
        ("1.200 Stück", 1200),
        ("2000 Stk", 2000),
        ("ein", 1),
        ("Eine", 1),
        ("zwei", 2),
        ("fünf", 5),
        ("FUENF", 5),
        ("zwölf", 12),
        ("zwoelf Stück", 12),
        ("ten", 10),
        ("dreimal", 3),
        ("10er Pack", 10),
        ("10er-Set", 10),
        ("6er Paket", 6),
        ("2x 10er Pack", 20),
        ("7", 7),
        ("99", 99),
        ("neu +3", 3),
        ("neu; 3", 3),
        ("neu, 3", 3),
        ("neu / 3", 3),
        ("neu (3", 3),
        ("neu & 3", 3),
        ("neu und 3", 3),
        ("new and 3", 3),
        ("Umbau für 3", 3),
        ("Umbau fuer 3", 3),
        ("rebuild for 3", 3),
        ("5 Teile davon 3", 3),
    ],
)
def test_quantity_before_is_read(words: str, count: int) -> None:
    assert counted(Matcher([AKKU]), f"{words} Akkus") == [("Akku", count, "before")]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (" x2", 2),
        (" x 2", 2),
        (" ×2", 2),
        (" (x2)", 2),
        (" (2x)", 2),
        (" [2 x]", 2),
        (" 2x", 2),
        (", 2x; neu", 2),
        (" 2 Stk", 2),
        (" 2 Stk.", 2),
        (", 2 Stück", 2),
        (": 2 Stück", 2),
        (" (2 Stueck)", 2),
        (" - 2 pcs", 2),
        (" 1.200 Stück à 3 EUR", 1200),
        ("x2", 2),
    ],
)
def test_quantity_after_is_read(words: str, count: int) -> None:
    assert counted(Matcher([AKKU]), f"Akku{words}") == [("Akku", count, "after")]


@pytest.mark.parametrize(
    "heading",
    [
        "Akku",
        "1200x800 Akku",
        "Akku 1200x800",
        "24x7 Akku",
        "24/7 Akku",
        "Akku 24x7",
        "2024 Akku",
        "Akku 2024",
        "2024 x Akku",
        "Akku x 2024",
        "36 x 450 EUR Akku",
        "Akku 36 x 450 EUR",
        "Akku x 450 EUR",
        "Akku x 1.200,00 €",
        "Akku x 1.200 EUR",
        "Akku 3 x 99,90",
        "EUR 450 x Akku",
        "€ 450 x Akku",
        "2 Jahre Akku",
        "Akku x 2 Jahre",
        "Akku x 36 Monate",
        "Akku x 24 months",
        "10 % Akku",
        "10% Akku",
        "Akku x 10 %",
        "2XL Akku",
        "2,5 Akku",
        "2.5 x Akku",
        "1/2 Akku",
        "Akku x 2,5",
        "1. Akku",
        "03.12. Akku",
        "Akku 12V",
        "Akku x 50 cm",
        "Projekt 7 Akku",
        "Los 3 - Akku",
        "100 Akku",
        "0 x Akku",
        "AB-2 x Akku",
        "Akku 2 mal jährlich",
        "Akku 2x pro Jahr",
        "Akku 10er Pack",
        "kein Problem: Akku",
    ],
)
def test_what_is_no_quantity_is_not_read(heading: str) -> None:
    assert counted(Matcher([AKKU]), heading) == [("Akku", 1, "default")]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("2 Stk Akku 3 Stk Box", "Akku×2; Box×3"),
        ("Akku 2 Stk Box 3 Stk", "Akku×2; Box×3"),
        ("Akku 2 Stk, Box", "Akku×2; Box×1"),
        ("Akku, 2 Stk Box", "Akku×1; Box×2"),
        ("Akku x2 Box x3", "Akku×2; Box×3"),
        ("2x Akku 3x Box", "Akku×2; Box×3"),
        ("Akku x 2 Box", "Akku×2; Box×1"),
        ("2 Akku/3 Box", "Akku×2; Box×3"),
        ("3 Akku Box", "Akku×3; Box×1"),
    ],
)
def test_number_between_two_products_serves_one_of_them(heading: str, expected: str) -> None:
    assert found([AKKU, BOX], heading) == expected


def test_number_of_a_name_is_no_quantity() -> None:
    both = [keyword("Scrubber 75", type="code"), BOX]
    assert found(both, "Scrubber 75 x Box") == "Scrubber 75×1; Box×1"


@pytest.mark.parametrize(
    ("heading", "count", "source"),
    [
        ("1x Akku, 3x Akku", 4, "sum"),
        ("Akku / Akku", 1, "default"),
        ("2x Akku, der Akku", 2, "before"),
        ("Akku, später 2x Akku", 2, "before"),
        ("ein Akku und noch ein Akku", 2, "sum"),
        ("10 Akkus, davon 4 Akkus rot", 10, "before"),
        ("10 Akkus, davon 4 Akkus rot und 6 Akkus blau", 10, "before"),
        ("20 Akkus (2x 10er Pack)", 20, "before"),
    ],
)
def test_mentions_of_one_product_come_to_one_quantity(heading: str, count: int, source: str) -> None:
    assert counted(Matcher([AKKU]), heading) == [("Akku", count, source)]


def test_one_match_has_all_its_places() -> None:
    heading = "1x Akku, 3x Akkus"
    match = Matcher([AKKU]).match(heading).matches[0]
    assert [heading[start:end] for start, end in match.spans] == ["Akku", "Akkus"]
    assert match.text == "Akku"


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("2x Omnie CD-01", [("OMNIE CD-01", 2, "carried")]),
        ("2x Omnie (CD-01)", [("OMNIE CD-01", 2, "carried")]),
        ("2x Omnie-CD-01", [("OMNIE CD-01", 2, "carried")]),
        ("2x Omnie 3x CD-01", [("OMNIE CD-01", 3, "before")]),
        ("2x Omnie CD-01 x3", [("OMNIE CD-01", 3, "after")]),
        ("2x Omnie mit CD-01", [("OMNIE CD-01", 1, "default")]),
        ("2x Omnie CD-01, CD-02", [("OMNIE CD-01", 2, "carried"), ("OMNIE CD-02", 1, "default")]),
        ("2x Omnie Akku", [("OMNIE (unspecified)", 2, "before"), ("Akku", 1, "default")]),
    ],
)
def test_quantity_of_a_family_name_goes_to_the_product_right_behind_it(
    matcher: Matcher, heading: str, expected: list[tuple[str, int, str]]
) -> None:
    assert counted(matcher, heading) == expected


def test_part_of_a_larger_quantity_flags_the_row(matcher: Matcher) -> None:
    assert matcher.match("5 Omnie, davon 2 CD-02").flags == ("davon",)
    assert matcher.match("5 Omnie, 2 CD-02").flags == ()
    assert brief(matcher.match("5 Omnie, davon 2 CD-02")) == "OMNIE CD-02×2"
