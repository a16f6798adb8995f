"""Keyword lists: versions never change, nobody overwrites another's change unseen."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection as database

from connector.models import Connection
from reports.export import read_csv
from reports.keyword_lists.keywords import (
    DEFAULT_LIST,
    ListChanged,
    checksum,
    copy_of,
    current_list,
    keywords_of,
    matcher_of,
    save_version,
    with_keyword,
    without_keyword,
    without_product,
)
from reports.keyword_lists.list_changes import Costly, NothingChanged, save_list
from reports.models import Keyword, KeywordList, Sale
from tests.conftest import People
from tests.reports.keyword_sales import fill_copy, touch_copy

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
    new = Keyword(text="Wischmopp", product="Mopp", type="word")
    second = save_list(
        with_keyword(keywords_of(first), new), parent=first, author=people.jonas, reason="New product"
    )
    assert (second.version, second.parent, second.author) == (2, first, people.jonas)
    assert second.checksum != first.checksum
    assert [*first.keywords.order_by("number").values()] == before
    assert matcher_of(second).match("3 Wischmopp").matches[0].quantity == 3
    assert matcher_of(first).match("3 Wischmopp").status == "unmatched"


def test_a_keyword_keeps_its_number_and_no_number_is_given_twice(people: People) -> None:
    first = current_list()
    edited = copy_of(first.keywords.get(text="CD-02"), note="looked at")
    second = save_list(
        with_keyword(keywords_of(first), edited), parent=first, author=people.jonas, reason="Note"
    )
    assert second.keywords.get(text="CD-02").number == edited.number
    highest = max(first.keywords.values_list("number", flat=True))
    rest = without_keyword(keywords_of(second), highest)
    third = save_list(rest, parent=second, author=people.jonas, reason="Gone")
    new = Keyword(text="neu", product="Neu")
    fourth = save_list(with_keyword(rest, new), parent=third, author=people.jonas, reason="New")
    assert fourth.keywords.get(text="neu").number == highest + 1


def test_a_change_to_an_outdated_list_is_refused(people: People) -> None:
    first = current_list()
    one, two = (Keyword(text=text, product=text) for text in ("eins", "zwei"))
    save_list(with_keyword(keywords_of(first), one), parent=first, author=people.jonas, reason="1")
    with pytest.raises(ListChanged) as caught:
        save_list(with_keyword(keywords_of(first), two), parent=first, author=people.sabine, reason="2")
    assert caught.value.newest.version == 2
    assert KeywordList.objects.count() == 2


def test_a_list_without_a_difference_makes_no_version(people: People) -> None:
    first = current_list()
    with pytest.raises(NothingChanged):
        save_list(keywords_of(first), parent=first, author=people.jonas, reason="?")
    assert KeywordList.objects.count() == 1


def test_a_change_that_loses_many_sales_is_refused_without_a_reason_of_its_own(
    people: People, connection: Connection
) -> None:
    fill_copy(connection, ["Akku", "CD-01", "CD-02"] * 20)
    first = current_list()
    akku = first.keywords.get(text="Akku")
    rest = without_keyword(keywords_of(first), akku.number)
    for reason in ("", "   "):
        with pytest.raises(Costly):
            save_list(rest, parent=first, author=people.jonas, reason="Gone", loss_reason=reason)
    assert KeywordList.objects.count() == 1
    saved = save_list(rest, parent=first, author=people.jonas, reason="Gone", loss_reason="No batteries")
    assert saved.reason.startswith("Gone (−")


@pytest.mark.parametrize(("matched", "is_refused"), [(19, True), (40, False)])
def test_a_change_that_loses_one_sale_in_twenty_is_refused_in_a_small_copy_too(
    people: People, connection: Connection, matched: int, is_refused: bool
) -> None:
    fill_copy(connection, ["Akku", *["CD-01"] * (2 * matched)])
    first = current_list()
    rest = without_keyword(keywords_of(first), first.keywords.get(text="Akku").number)
    if not is_refused:
        save_list(rest, parent=first, author=people.jonas, reason="Gone")
        return
    Sale.objects.filter(sale_id__gt=15).delete()
    touch_copy(connection)
    with pytest.raises(Costly):
        save_list(rest, parent=first, author=people.jonas, reason="Gone")


def test_what_an_heir_has_already_is_not_given_to_it_twice(db: None) -> None:
    keywords = [
        Keyword(number=1, text="Pad", product="Alt", generic=True, family="ALT"),
        Keyword(number=2, text="Scheibe", product="Alt", family="ALT"),
        Keyword(number=3, text="Pad", product="Neu", family="NEU"),
    ]
    moved = without_product(keywords, "Alt", heir="Neu")
    assert [(one.number, one.text, one.product, one.family, one.generic) for one in moved] == [
        (3, "Pad", "Neu", "NEU", False),
        (2, "Scheibe", "Neu", "NEU", False),
    ]
    assert [one.number for one in without_product(keywords, "Alt")] == [3]


def test_the_checksum_depends_on_the_keywords_and_not_on_their_order(db: None) -> None:
    keywords = list(current_list().keywords.all())
    assert checksum(keywords) == checksum(reversed(keywords)) == current_list().checksum
    keywords[0].note += "!"
    assert checksum(keywords) != current_list().checksum


def test_the_examples_hold_with_the_stored_list(db: None) -> None:
    matcher = matcher_of(current_list())
    for row in read_csv(HEADINGS.read_text(encoding="utf-8")):
        expected = row["expected"].replace("(unspecified)", "(ohne Typ)")
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


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_one_is_saved_and_the_other_refused() -> None:
    first = current_list()
    barrier = Barrier(4)

    def change(number: int) -> str:
        keywords = [copy_of(one, note=str(number)) for one in keywords_of(first)]
        barrier.wait()
        try:
            save_version(keywords, parent=first, author=None, reason=str(number))
        except ListChanged as refusal:
            return f"refused for {refusal.newest.version}"
        else:
            return "saved"
        finally:
            database.close()

    with ThreadPoolExecutor(4) as threads:
        outcomes = sorted(threads.map(change, range(4)))
    assert outcomes == ["refused for 2"] * 3 + ["saved"]
    assert KeywordList.objects.filter(version=2).count() == 1
