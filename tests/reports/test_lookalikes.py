"""Spellings that may be meant as a keyword: forty pairs, and the same in headings."""

import pytest

from reports.matching import Keyword, Matcher
from reports.suggesting.lookalikes import kind_of, look_alikes, reach
from reports.suggesting.phrases import Rules, heading_of

pytestmark = pytest.mark.once

TYPO, SHAPE, ZERO, NONE = "typo", "look_alike", "leading_zero", ""
PAIRS = [
    # written, keyword, why it may be meant
    ("CD-O1", "CD-01", SHAPE),
    ("CD-0I", "CD-01", SHAPE),
    ("CD-0l", "CD-01", SHAPE),
    ("CD-OI", "CD-01", SHAPE),
    ("Kira B S0", "Kira B 50", SHAPE),
    ("Kira 8 50", "Kira B 50", SHAPE),
    ("0mnie", "Omnie", SHAPE),
    ("0MN1E", "OMNIE", SHAPE),
    ("Scrubber 7S", "Scrubber 75", SHAPE),
    ("RR-O2-O17-OMNIE", "RR-02-017-OMNIE", SHAPE),
    ("CD-02", "CD-01", NONE),
    ("CD-11", "CD-01", NONE),
    ("CD-10", "CD-01", NONE),
    ("CD-011", "CD-01", NONE),
    ("Scrubber 57", "Scrubber 75", NONE),
    ("Scrubber 76", "Scrubber 75", NONE),
    ("RR-02-018-OMNIE", "RR-02-017-OMNIE", NONE),
    ("RR-02-17-OMNIE", "RR-02-017-OMNIE", ZERO),
    ("CD-1", "CD-01", ZERO),
    ("CD-001", "CD-01", ZERO),
    ("CD 1", "CD-01", ZERO),
    ("Kira B 050", "Kira B 50", ZERO),
    ("DC-01", "CD-01", TYPO),
    ("VD-01", "CD-01", TYPO),
    ("X-CD-01", "CD-01", NONE),
    ("CD 01", "CD-01", NONE),
    ("Scruber 75", "Scrubber 75", TYPO),
    ("Scurbber 75", "Scrubber 75", TYPO),
    ("Scrbber75", "Scrubber 75", TYPO),
    ("Skruper 75", "Scrubber 75", NONE),
    ("Omine", "Omnie", TYPO),
    ("Omnei", "Omnie", TYPO),
    ("Ominie", "Omnie", TYPO),
    ("Omnia X", "Omnie", NONE),
    ("Warung", "Wartung", TYPO),
    ("Watrung", "Wartung", TYPO),
    ("Ladstaton", "Ladestation", TYPO),
    ("Ladestaion", "Ladestation", TYPO),
    ("Dokingstaton", "Dockingstation", TYPO),
    ("Ldstton", "Ladestation", NONE),
    ("Burste", "Bürste", NONE),
    ("Buerste", "Bürste", NONE),
    ("IBM", "IBN", NONE),
    ("", "Omnie", NONE),
]


@pytest.mark.parametrize(("written", "keyword", "expected"), PAIRS)
def test_pairs(written: str, keyword: str, expected: str) -> None:
    assert kind_of(written, keyword) == expected


def test_the_table_is_long_enough() -> None:
    assert len(PAIRS) >= 40
    assert {expected for *_pair, expected in PAIRS} == {TYPO, SHAPE, ZERO, NONE}


def test_longer_keywords_forgive_more() -> None:
    assert [reach(length) for length in (3, 4, 7, 8, 30)] == [0, 1, 1, 2, 2]


def keyword(number: int, text: str, kind: str = "word") -> Keyword:
    return Keyword(number, text, kind, "product", "positive", text, "", False, "none", "none")


LIST = [
    keyword(1, "CD-01", "code"),
    keyword(2, "CD-02", "code"),
    keyword(3, "Wartung"),
    keyword(4, "Wertung"),
]


def found_in(*headings: str, names: tuple[str, ...] = ()) -> dict[str, tuple[str, str, int]]:
    rules = Rules.of(names)
    found = look_alikes([(heading_of(heading, rules), 2) for heading in headings], LIST, rules)
    return {one.text: (one.keyword.text, one.kind, one.sale_count) for one in found}


def test_headings_are_searched_for_them() -> None:
    assert found_in("2x CD-O1 mit Rabatt", "Angebot CD-1", "Watrung für Halle 3", "cd-o1") == {
        "CD-O1": ("CD-01", SHAPE, 4),
        "CD-1": ("CD-01", ZERO, 2),
        "Watrung": ("Wartung", TYPO, 2),
    }


def test_another_keyword_and_another_number_are_never_offered() -> None:
    assert found_in("CD-02", "CD-03", "CD-12", "Wertung", "Wartung") == {}


def test_the_closest_keyword_is_offered() -> None:
    assert found_in("Wartunng")["Wartunng"][0] == "Wartung"
    assert found_in("Wertunng")["Wertunng"][0] == "Wertung"


def test_names_are_not_taken_for_typing_errors() -> None:
    assert found_in("Besuch Wartang", names=("Petra Wartang",)) == {}
    assert found_in("Besuch Wartang") == {"Wartang": ("Wartung", TYPO, 2)}


def test_what_matching_hints_at_as_a_leading_zero_is_offered() -> None:
    matcher = Matcher(LIST)
    for heading in ("CD-1 Angebot", "CD 001", "cd-2"):
        (reason,) = matcher.match(heading).rejected
        assert reason.rule == "leading_zero"
        assert [(meant, kind) for meant, kind, _count in found_in(heading).values()] == [
            (reason.product, ZERO)
        ]


def test_a_thousand_keywords_and_many_headings_take_no_time() -> None:
    keywords = [keyword(number, f"Wischgerät Modell{number:04}", "code") for number in range(1000)]
    rules = Rules()
    headings = [(heading_of(f"Wischgrät Modell{number:04} neu", rules), 1) for number in range(3000)]
    found = look_alikes(headings, keywords, rules)
    assert len(found) == 1000
    assert {one.kind for one in found} == {TYPO}
