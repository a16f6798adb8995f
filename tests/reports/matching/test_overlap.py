"""Negations, masks, vetoes, and keywords that want the same characters."""

import pytest

from reports.matching import Matcher
from tests.reports.matching.examples import brief, found, keyword, mask, rules, veto

SERVICE = keyword("Service", kind="service", compound="start")
BOX = keyword("Box", id=2, family="BOX", generic=True)
BOX_9 = keyword("BX-9", id=3, type="code", family="BOX")


@pytest.mark.parametrize(
    "heading",
    [
        "ohne Service",
        "Ohne jährlichen Service",
        "kein Service",
        "keine Service",
        "nicht Service",
        "exkl. Service",
        "exkl Service",
        "excl. Service",
        "without Service",
        "w/o Service",
        "statt Service",
        "anstatt Service",
        "ohne 2x Service",
        "ohne Wartung/Service",
        "Service nicht enthalten",
        "Service (nicht enthalten)",
        "Service: entfällt",
        "Service entfaellt",
        "Service not included",
        "Service nicht inklusive",
        "Service ist nicht enthalten",
        "Servicevertrag nicht enthalten",
        "Service 2 Stk nicht enthalten",
    ],
)
def test_negated_product_is_recorded_and_not_counted(heading: str) -> None:
    result = Matcher([SERVICE]).match(heading)
    assert (result.status, rules(result)) == ("unmatched", ["negated"])


@pytest.mark.parametrize(
    "heading",
    [
        "Service",
        "nicht nur Service",
        "ohne Wartung, Service",
        "ohne Wartung - Service",
        "ohne Wartung + Service",
        "ohne (Wartung) Service",
        "ohne große rote Kiste Service",
        "Werkstatt Service",
        "Sohne Service",
        "Service enthalten",
        "Service und Wartung nicht enthalten",
    ],
)
def test_negation_reaches_two_words_and_stays_in_its_clause(heading: str) -> None:
    assert found(SERVICE, heading) == "Service×1"


def test_mention_elsewhere_counts_although_one_is_negated() -> None:
    result = Matcher([SERVICE]).match("2x Service, Halle B ohne Service")
    assert brief(result) == "Service×2"
    assert rules(result) == ["negated"]


@pytest.mark.parametrize("heading", ["Service Provider", "SERVICE-PROVIDER", "Service\u200b  Provider"])
def test_mask_is_normalised_like_a_keyword(heading: str) -> None:
    assert found([SERVICE, mask("service provider")], heading) == ""


def test_mask_takes_only_what_it_overlaps() -> None:
    assert found([SERVICE, mask("service provider")], "Service Provider, 2x Service") == "Service×2"


def test_mask_inside_a_compound_hides_the_keyword_there() -> None:
    wartung = keyword("Wartung", compound="end")
    erwartung = mask("Erwartung", compound="end")
    assert found(wartung, "Markterwartung") == "Wartung×1"
    assert found([wartung, erwartung], "Markterwartung und Fernwartung") == "Wartung×1"
    assert found([wartung, erwartung], "Markterwartung") == ""


def test_mask_with_options_hides_inflected_words() -> None:
    assert found([SERVICE, mask("Servicepartner", inflect="yes")], "Servicepartnern") == ""


@pytest.mark.parametrize(
    ("veto_for", "expected"),
    [
        ({}, "EXCLUDED"),
        ({"product": "BX-9"}, "Service×1; Box×1"),
        ({"family": "BOX"}, "Service×1"),
        ({"product": "elsewhere"}, "Service×1; BX-9×1"),
    ],
)
def test_veto_removes_what_it_names(veto_for: dict[str, object], expected: str) -> None:
    keywords = [SERVICE, BOX, BOX_9, veto("Muster", **veto_for)]
    assert found(keywords, "Muster: Service, Box BX-9") == expected


def test_veto_of_everything_leaves_the_sale_unmatched_with_its_reason() -> None:
    result = Matcher([BOX_9, veto("Muster", product="BX-9")]).match("Muster BX-9")
    assert (result.status, rules(result)) == ("unmatched", ["vetoed"])


def test_longest_keyword_wins_and_the_other_is_kept_in_the_log() -> None:
    result = Matcher([SERVICE, keyword("Service Plus", id=5)]).match("Service Plus")
    assert brief(result) == "Service Plus×1"
    assert [(reason.rule, reason.keyword_id) for reason in result.rejected] == [("shadowed", 1)]


def test_longer_of_two_keywords_that_share_a_word_wins() -> None:
    both = [keyword("Haus Boot"), keyword("Boot Steg Neu", id=2)]
    assert found(both, "Haus Boot Steg Neu") == "Boot Steg Neu×1"


def test_negated_longer_keyword_does_not_leave_the_shorter_one() -> None:
    both = [keyword("Omnie"), keyword("RR-02-OMNIE", type="code", id=2)]
    assert found(both, "ohne RR-02-OMNIE") == ""


def test_alias_inside_an_alias_of_the_same_product_is_one_mention() -> None:
    result = Matcher([keyword("Lade", "L"), keyword("Lade Station", "L", id=2)]).match("2x Lade Station")
    assert (brief(result), result.rejected) == ("L×2", ())


def test_same_span_for_two_products_is_a_conflict_and_both_count() -> None:
    keywords = [keyword("Akku", "A"), keyword("AKKU", "B", id=2)]
    for order in (keywords, keywords[::-1]):
        result = Matcher(order).match("3x Akku")
        assert brief(result) == "A×3; B×3"
        assert result.flags == ("conflict",)


def test_same_keyword_twice_for_one_product_is_no_conflict() -> None:
    result = Matcher([keyword("Akku", "A"), keyword("AKKU", "A", id=2)]).match("Akku")
    assert (brief(result), result.flags) == ("A×1", ())


def test_generic_is_subsumed_only_by_a_specific_of_its_family_that_counts() -> None:
    assert found([BOX, BOX_9], "Box und BX-9") == "BX-9×1"
    assert found([BOX, BOX_9], "Box ohne BX-9") == "Box×1"
    assert found([BOX, keyword("BX-9", type="code", family="FOX", id=3)], "Box BX-9") == "Box×1; BX-9×1"
    service = keyword("Boxenservice", id=4, family="BOX", kind="service")
    assert found([BOX, service], "Box, Boxenservice") == "Box×1; Boxenservice×1"


def test_tag_alone_does_not_match() -> None:
    result = Matcher([keyword("Demo", kind="tag")]).match("Demo")
    assert (result.status, result.matches, result.tags[0].product) == ("unmatched", (), "Demo")
