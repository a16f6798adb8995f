"""Where a keyword may begin and end."""

import pytest

from reports.matching import Matcher
from tests.reports.matching.examples import brief, found, keyword, rules

OMNIE = keyword("Omnie")
CD = [keyword(f"CD-0{number}", type="code", id=number) for number in (1, 2, 3)]
MIETE = keyword("Miete", compound="start", inflect="yes")


@pytest.mark.parametrize("heading", ["Omnie", "(Omnie)", "a_Omnie", "Ä-Omnie!", "日 Omnie", "+Omnie&"])
def test_b1_text_edges_and_signs_are_boundaries(heading: str) -> None:
    assert found(OMNIE, heading) == "Omnie×1"


@pytest.mark.parametrize("heading", ["NeuOmnie", "OmnieCD-01", "äOmnieÄ"])
def test_b2_change_from_lower_to_upper_is_a_boundary(heading: str) -> None:
    assert found(OMNIE, heading) == "Omnie×1"


@pytest.mark.parametrize("heading", ["NEUOMNIE", "neuomnie", "OMNIECD", "Omnie2", "2Omnie", "日Omnie"])
def test_other_changes_are_no_boundary(heading: str) -> None:
    assert found(OMNIE, heading) == ""


@pytest.mark.parametrize(
    ("heading", "count"), [("2xOmnie", 2), ("12XOMNIE", 12), ("a 3xomnie", 3), ("2×Omnie", 2)]
)
def test_b3_quantity_may_be_glued_on_the_left(heading: str, count: int) -> None:
    assert found(OMNIE, heading) == f"Omnie×{count}"


@pytest.mark.parametrize("heading", ["a2xomnie", "12345xomnie", "xomnie", "1x2xomnie"])
def test_b3_wants_a_number_of_its_own(heading: str) -> None:
    assert found(OMNIE, heading) == ""


@pytest.mark.parametrize("heading", ["2XL Mopp", "2xl", "3XS", "2XXL Mopp"])
def test_b3_a_size_is_no_quantity(heading: str) -> None:
    sizes = [keyword(text, id=number) for number, text in enumerate(["L", "XL", "S", "L Mopp", "XL Mopp"])]
    assert found(sizes, heading) == ""


def test_b3_and_b4_do_not_read_dimensions() -> None:
    assert found(keyword("800", type="code"), "Platte 1200x800") == ""
    assert found(keyword("1200", type="code"), "Platte 1200x800") == ""


@pytest.mark.parametrize(("heading", "count"), [("CD-01x2", 2), ("CD-01X10 neu", 10), ("CD01x3", 3)])
def test_b4_quantity_may_be_glued_on_the_right(heading: str, count: int) -> None:
    assert found(CD, heading) == f"CD-01×{count}"


@pytest.mark.parametrize("heading", ["CD-01x", "CD-01x2a", "CD-01x12345"])
def test_b4_wants_a_number_of_its_own(heading: str) -> None:
    assert found(CD, heading) == ""


@pytest.mark.parametrize("heading", ["CD-01-1", "CD-01.5", "CD-01/5", "CD-01/123", "CD-01–2", "CD-01/02-3"])
def test_code_followed_by_more_digits_is_another_code(heading: str) -> None:
    result = Matcher(CD).match(heading)
    assert (brief(result), rules(result)) == ("", ["longer_code"])


@pytest.mark.parametrize("heading", ["CD-01-Set", "CD-01/neu", "CD-01.", "CD-01 - 5 Jahre", "CD-01 2025"])
def test_code_may_be_followed_by_words(heading: str) -> None:
    assert found(CD, heading) == "CD-01×1"


@pytest.mark.parametrize(
    "heading", ["X-CD-01", "AB.CD-01", "T1/CD-01", "2025-CD-01", "12_CD-01", "MODELL5-CD-01"]
)
def test_code_after_a_short_or_numbered_prefix_is_another_code(heading: str) -> None:
    result = Matcher(CD).match(heading)
    assert (brief(result), rules(result)) == ("", ["prefixed_code"])


@pytest.mark.parametrize("heading", ["OMNIE-CD-01", "Roboter/CD-01", "X CD-01", "AG - CD-01", "7, CD-01"])
def test_code_may_follow_a_word(heading: str) -> None:
    assert found(CD, heading) == "CD-01×1"


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("CD-01/02/03", "CD-01×1; CD-02×1; CD-03×1"),
        ("CD-02/01", "CD-02×1; CD-01×1"),
        ("CD-09/03", "CD-03×1"),
        ("2x CD 01/02", "CD-01×2; CD-02×2"),
        ("ohne CD-01/02", ""),
        ("CD-01/02A", ""),
        ("X-CD-01/02", ""),
        ("ABCD-01/02", ""),
        ("CD-1/02", ""),
        ("01/02", ""),
        ("AB-01/02", ""),
    ],
)
def test_slash_list_names_each_code(heading: str, expected: str) -> None:
    assert found(CD, heading) == expected


def test_slash_list_highlights_the_number_that_stands_for_the_code() -> None:
    result = Matcher(CD).match("Neu: CD-01/02")
    assert [match.spans for match in result.matches] == [((5, 10),), ((11, 13),)]
    assert [match.text for match in result.matches] == ["CD-01", "02"]


@pytest.mark.parametrize("ending", ["", "e", "n", "en", "er", "ern", "es", "s"])
def test_inflection_allows_german_endings(ending: str) -> None:
    assert found(keyword("Modul", inflect="yes"), f"Modul{ending}") == "Modul×1"
    assert found(keyword("Modul", inflect="none"), f"Modul{ending}") == ("" if ending else "Modul×1")
    assert found(keyword("Modul", inflect="s"), f"Modul{ending}") == (
        "Modul×1" if ending in ("", "s") else ""
    )


@pytest.mark.parametrize("heading", ["Modulares", "Modulens", "Modult"])
def test_inflection_allows_nothing_else(heading: str) -> None:
    assert found(keyword("Modul", inflect="yes"), heading) == ""


def test_span_has_the_ending_but_not_the_rest_of_the_compound() -> None:
    one = keyword("Bürste", inflect="yes", compound="any")
    texts = [
        Matcher([one]).match(heading).matches[0].text
        for heading in ("4 Bürsten", "Tellerbürsten", "Bürstenset")
    ]
    assert texts == ["Bürsten", "bürsten", "Bürste"]


@pytest.mark.parametrize(
    "heading", ["Mietvertrag", "Mietenkonto", "Mietroboter", "Mieteinnahmen", "Mieterhöhung"]
)
def test_compound_start_allows_letters_after_keyword_or_stem(heading: str) -> None:
    assert found(MIETE, heading) == "Miete×1"


@pytest.mark.parametrize(
    "heading",
    ["Mieter", "Mietern", "Mieters", "Mieterin", "Mieterinnen", "Mieterschutz", "Miet", "Vermiete", "Mietx"],
)
def test_compound_start_does_not_read_other_words(heading: str) -> None:
    assert found(MIETE, heading) == ""


@pytest.mark.parametrize(
    ("tail", "is_match"), [("tausch", True), ("set", True), ("ab", False), ("2000", False)]
)
def test_compound_start_wants_three_letters_after_it(tail: str, is_match: bool) -> None:
    assert bool(found(keyword("Akku", compound="start"), f"Akku{tail}")) is is_match


@pytest.mark.parametrize(
    ("head", "is_match"),
    [("Fern", True), ("Jahres", True), ("2xFern", True), ("Teller", True), ("Er", False), ("Ver", False)]
    + [(head, False) for head in ("Ent", "Miss", "Uner", "Zer", "Ab", "3D", "A1Fern")],
)
def test_compound_end_wants_a_head_that_is_a_word(head: str, is_match: bool) -> None:
    assert bool(found(keyword("Wartung", compound="end"), f"{head}wartung")) is is_match


def test_compound_options_are_not_mixed_up() -> None:
    assert found(keyword("Wartung", compound="start"), "Fernwartung") == ""
    assert found(keyword("Wartung", compound="end"), "Wartungsplan") == ""
    assert found(keyword("Wartung", compound="none"), "Fernwartungsplan") == ""
    assert found(keyword("Wartung", compound="any"), "Fernwartungsplan") == "Wartung×1"
    assert found(keyword("Wartung", compound="any"), "Erwartungshaltung") == ""


def test_digraph_belongs_to_the_keyword_that_has_the_umlaut() -> None:
    assert Matcher([keyword("Menü", compound="start")]).match("Menuekarte").matches[0].text == "Menue"
    assert Matcher([keyword("Akku", compound="start")]).match("Akkuersatz").matches[0].text == "Akku"
    assert found(keyword("Menü"), "Menue, neu") == "Menü×1"
