"""Keyword lists: versions never change, nobody overwrites another's change unseen."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection as database

from reports.export import read_csv
from reports.keywords import (
    DEFAULT_LIST,
    ListChanged,
    checksum,
    current_list,
    matcher_of,
    with_keyword,
    without_keyword,
)
from reports.models import Keyword, KeywordList
from tests.conftest import People

HEADINGS = Path(__file__).parent / "matching" / "headings.csv"


def test_a_new_installation_starts_with_the_default_list(db: None) -> None:
    first = current_list()
    assert (first.version, first.author) == (1, None)
    assert first.keywords.count() == len(read_csv(DEFAULT_LIST.read_text(encoding="utf-8")))
    assert current_list() == first


def test_the_stored_list_finds_what_the_specification_promises(db: None) -> None:
    matcher = matcher_of(current_list())
    result = matcher.match("2xOmnie CD-01 mit Nachlass")
    assert [(match.product, match.quantity) for match in result.matches] == [("OMNIE CD-01", 2)]
    assert [tag.product for tag in result.tags] == ["Nachlass"]


def test_a_change_makes_the_next_version_and_leaves_the_old_one_alone(people: People) -> None:
    first = current_list()
    before = [*first.keywords.order_by("number").values()]
    second = with_keyword(
        Keyword(text="Wischmopp", product="Mopp", type="word"),
        parent=first,
        author=people.jonas,
        reason="New product",
    )
    assert (second.version, second.parent, second.author) == (2, first, people.jonas)
    assert second.checksum != first.checksum
    assert [*first.keywords.order_by("number").values()] == before
    assert matcher_of(second).match("3 Wischmopp").matches[0].quantity == 3
    assert matcher_of(first).match("3 Wischmopp").status == "unmatched"


def test_a_keyword_keeps_its_number_and_no_number_is_given_twice(people: People) -> None:
    first = current_list()
    edited = first.keywords.get(text="CD-02")
    edited.note = "looked at"
    second = with_keyword(edited, parent=first, author=people.jonas, reason="Note")
    assert second.keywords.get(text="CD-02").number == edited.number
    highest = max(first.keywords.values_list("number", flat=True))
    third = without_keyword(highest, parent=second, author=people.jonas, reason="Gone")
    fourth = with_keyword(Keyword(text="neu", product="Neu"), parent=third, author=people.jonas, reason="New")
    assert fourth.keywords.get(text="neu").number == highest + 1


def test_a_change_to_an_outdated_list_is_refused(people: People) -> None:
    first = current_list()
    with_keyword(Keyword(text="eins", product="Eins"), parent=first, author=people.jonas, reason="1")
    with pytest.raises(ListChanged) as caught:
        with_keyword(Keyword(text="zwei", product="Zwei"), parent=first, author=people.sabine, reason="2")
    assert caught.value.newest.version == 2
    assert KeywordList.objects.count() == 2


def test_the_checksum_depends_on_the_keywords_and_not_on_their_order(db: None) -> None:
    keywords = list(current_list().keywords.all())
    assert checksum(keywords) == checksum(reversed(keywords)) == current_list().checksum
    keywords[0].note += "!"
    assert checksum(keywords) != current_list().checksum


def test_the_examples_hold_with_the_stored_list(db: None) -> None:
    matcher = matcher_of(current_list())
    for row in read_csv(HEADINGS.read_text(encoding="utf-8")):
        expected = row["expected"]
        if "×" in expected:
            found = "; ".join(f"{m.product}×{m.quantity}" for m in matcher.match(row["heading"]).matches)
            wanted = [part for part in expected.split("; ") if not part.startswith("[")]
            assert sorted(found.split("; ")) == sorted(wanted), json.dumps(row, ensure_ascii=False)


@pytest.mark.django_db(transaction=True)
def test_two_first_uses_at_once_make_one_list() -> None:
    KeywordList.objects.all().delete()
    barrier = Barrier(4)

    def first_use(_number: int) -> int:
        barrier.wait()
        try:
            return current_list().pk
        finally:
            database.close()

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(first_use, range(4)))) == 1
    assert KeywordList.objects.count() == 1
