"""Many headings at once give what each of them gives alone."""

import gc
from collections import deque
from collections.abc import Iterator
from itertools import cycle, islice
from tracemalloc import get_traced_memory, reset_peak, start, stop

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.matching import Keyword, Matcher, glances, matcher
from tests.reports.matching.examples import keyword, mask, read_keywords, read_rows, veto

LIST = [
    *read_keywords(),
    keyword("Bürste 07", "OTHER BRUSH", id=901, type="code"),
    keyword("ohne", "OHNE", id=902),
    keyword("Tellerbürste", "PLATE BRUSH", id=903, inflect="yes"),
    keyword("Dreck", "TAG", id=904, kind="tag"),
    keyword("water tank", "TANK", id=905, inflect="s"),
    keyword("BÜ-1", "UMLAUT CODE", id=906, type="code"),
    keyword("KIRA", "KIRA", id=907, generic=True, family="KIRA"),
    keyword("CD-01", "CONFLICT", id=908, type="code"),
    veto("defekt", product="Akku", id=909),
    mask("Akku Institut", id=910),
]
PLAIN_LIST = [one for one in LIST if one.type != "regex"]

_texts = [one.text for one in LIST if one.type != "regex"]
_scraps = [
    "2x", "2x ", "3 Stk ", " 3 Stk", "(", ")", ",", ", ", "-", " – ", "/", ".", " ", " ", " ", "  ", "\u00a0", "x2",
    " x 75", "ohne ", "statt ", "w/o ", "nicht enthalten", " not included", "davon 2 ", "2025", "10er Pack ", "€ 450",
    "ae", "ue", "ü", "u\u0308", "ß", "™", "²", "\u200b", "Ã¼", "01/02", "/02", "X-", "er", "n", "svertrag", "L", "\n",
    "\x00", "\ud800", "😀", "שלום", "\u202e", "zwei ", "und ", "5 ", "inkl. ", "Kira B50 ", "B-Ü-1", "Bu-1", "É",
]  # fmt: skip
heading = st.lists(st.sampled_from(_texts + _scraps) | st.text(max_size=3), max_size=9).map("".join)
words_apart = st.lists(
    st.sampled_from(
        [*_texts, "2x", "3 Stk", "zwei", "x 75", "5", "und", "+", "für", "Köln", "GmbH", "- 2 St."]
    ),
    max_size=7,
).map(" ".join)
any_heading = heading | words_apart | st.text(st.characters(exclude_categories=[]), max_size=30)


@given(
    st.lists(any_heading, max_size=12), st.lists(st.sampled_from(LIST), max_size=8, unique_by=lambda k: k.id)
)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_many_headings_give_what_each_gives_alone(headings: list[str], listed: list[Keyword]) -> None:
    one = Matcher(listed)
    assert list(one.match_many(headings)) == [one.match(heading) for heading in headings]


ALL, WITHOUT_EXPRESSIONS = Matcher(LIST), Matcher(PLAIN_LIST)


@given(st.lists(any_heading, min_size=8, max_size=40))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_whole_list_gives_the_same_either_way(headings: list[str]) -> None:
    for one in (ALL, WITHOUT_EXPRESSIONS):
        assert list(one.match_many(headings)) == [one.match(heading) for heading in headings]


@pytest.mark.parametrize("row", read_rows("headings.csv"), ids=lambda row: row["id"])
def test_every_worked_example_is_the_same_in_a_batch(row: dict[str, str]) -> None:
    before_and_after = ["Omnie", row["heading"], "CD-01"]
    assert list(ALL.match_many(before_and_after)) == [ALL.match(heading) for heading in before_and_after]


@pytest.mark.parametrize(
    "heading",
    [
        "Omnie CD-01 (2x), 3 Stk Akkus",
        "CD-01 2 Stk Bürste",
        "CD-01 2 Stk Bürste 3 Stk",
        "2x CD-01 3 Stk Tellerbürste ohne Akku",
        "CD-01 davon 2 Akku",
        "Akku Akku 2x Akkus",
        "Kira KIRA B 50, Kira",
        "Bürste: Tellerbürste, Bürstenset",
        "Erwartung und Wartung",
        "Akku-CD-01",
        "Bü-Akku-CD-01 X-CD-01",
        "2xTellerbürste x3",
        "water-tanks / w/o water tank",
        "ohne Dreck, kein Akku, Wartung entfällt",
        "CD-1 und CD-001, CD-01-02",
        "2XL Bürste, 3xBürste",
        "OmnieCD-01 OmnieAkku omnieakku",
    ],
)
def test_what_lies_close_together_is_the_same_in_a_batch(heading: str) -> None:
    doubled = [*LIST, keyword("CD-01", "CD-01", id=911, type="code"), keyword("Akkus", "Akku", id=912)]
    for one in (ALL, WITHOUT_EXPRESSIONS, Matcher(doubled)):
        assert list(one.match_many([heading])) == [one.match(heading)]


def test_what_is_remembered_of_other_headings_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glances, "_LIMIT", 2)
    headings = [
        "2x Akku",
        "Akkus",
        "12x Akku x3",
        "CD-01",
        "X-CD-01",
        "Omnie-CD-01",
        "Akku CD-01",
        "aAkku",
    ] * 2
    one = Matcher(LIST)
    assert [list(one.match_many([heading])) for heading in headings] == [[one.match(h)] for h in headings]


@pytest.mark.parametrize("is_enabled", [True, False])
def test_garbage_collection_is_afterwards_what_it_was(is_enabled: bool) -> None:
    was_enabled = gc.isenabled()
    (gc.enable if is_enabled else gc.disable)()
    try:
        next(ALL.match_many(["CD-01", "Akku"]))
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()


def test_headings_of_a_batch_do_not_touch() -> None:
    one = Matcher([keyword("docking station"), keyword("CD-01", type="code"), keyword("Akku")])
    headings = ["docking", "station", "CD-", "01", "Ak", "ku", "2x", "Akku", "ohne", "Akku", "Akku", "3 Stk"]
    assert list(one.match_many(headings)) == [one.match(heading) for heading in headings]
    assert [result.status for result in one.match_many(headings)].count("matched") == 3


def test_missing_and_blank_headings_are_empty_and_keep_their_places() -> None:
    results = ALL.match_many([None, "CD-01", "", "   ", " ", "CD-01", "\n"])
    assert [result.status for result in results] == [
        "empty_heading", "matched", "empty_heading", "empty_heading", "empty_heading", "matched", "empty_heading",
    ]  # fmt: skip


def test_headings_are_taken_as_they_are_asked_for() -> None:
    endless: Iterator[str] = cycle(["CD-01", "Akku", "nothing"])
    results = islice(ALL.match_many(endless), 10_000)
    assert sum(result.status == "matched" for result in results) == 6667


def test_list_without_keywords_matches_nothing_in_many() -> None:
    assert [result.status for result in Matcher([]).match_many(["Akku", "", "BÜ"])] == [
        "unmatched", "empty_heading", "unmatched",
    ]  # fmt: skip


def test_memory_does_not_grow_with_the_number_of_headings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher, "_BATCH", 100)
    monkeypatch.setattr(matcher, "_REMEMBERED", 300)

    def peak(count: int) -> int:
        reset_peak()
        before = get_traced_memory()[0]
        deque(
            ALL.match_many(
                f"Akkus und CD-01 {word} Halle {number}"
                for number, word in zip(range(count), cycle(["für", "fuer"]))
            ),
            maxlen=0,
        )
        return get_traced_memory()[1] - before

    start()
    try:
        peak(500)
        assert peak(4000) < 1.5 * peak(800)
    finally:
        stop()
