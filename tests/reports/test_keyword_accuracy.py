"""The gate at saving: a list that reads labelled headings less well needs a tick and a reason of its own."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connector.models import Connection
from reports.keyword_lists.keywords import (
    copy_of,
    current_list,
    keywords_of,
    matcher_of,
    save_version,
    with_keyword,
)
from reports.keyword_lists.list_changes import LOSS_LENGTH, REASON_LENGTH, Costly, save_list
from reports.keyword_lists.loss_words import accuracy_words
from reports.models import Keyword, KeywordList, Sale
from reports.preview.corpus import current_corpus
from reports.suggesting.accuracy import Accuracy, accuracy_of
from reports.suggesting.labels import Score, Truths, evaluate, label, labels_of
from tests.conftest import People
from tests.reports.keyword_sales import add_catalogue, fill_copy, whole_copy
from tests.reports.test_keyword_views import typed, words

pytestmark = pytest.mark.once

CODE, AKKU = "OMNIE CD-01", "Akku"


@pytest.fixture
def by(db: None) -> User:
    return User.objects.create(username="somebody")


def say(sale: Sale, by: User, *, is_right: bool = True, truth: str = "") -> None:
    result = matcher_of(current_list()).match(sale.heading)
    label(sale=sale, result=result, is_right=is_right, truth=truth, by=by)


def compared(connection: Connection, keywords: list[Keyword]) -> Accuracy:
    found = accuracy_of(current_corpus(), connection, current_list(), keywords)
    assert found is not None
    return found


def without(*texts: str) -> list[Keyword]:
    return [keyword for keyword in keywords_of(current_list()) if keyword.text not in texts]


# --- Which figures --------------------------------------------------------------------------------------


def test_nobody_has_looked_so_nothing_is_measured(connection: Connection) -> None:
    whole_copy(connection)  # quotes alone are no labels
    assert accuracy_of(current_corpus(), connection, current_list(), without("Akku")) is None


def test_a_list_that_misses_what_was_right_has_a_lower_recall(connection: Connection, by: User) -> None:
    sales = fill_copy(connection, ["CD-01", "Akku", "CD-01 mit Akku", "Gespräch"], first_id=1)
    for sale in sales:
        say(sale, by)
    found = compared(connection, without("Akku"))
    assert (found.before, found.after) == (Score(right=4), Score(right=2, missed=2))
    assert found.is_lower
    assert [(one.label.sale.sale_id, one.before, one.after) for one in found.worse] == [
        (3, f"{CODE}; {AKKU}", CODE),
        (2, AKKU, ""),
    ]
    assert next(iter(accuracy_words(found))) == (
        "In the 4 headings that somebody looked at, the keywords get less accurate: "
        "right of what is found 100% as before; found of what is there 100% → 50%."
    )
    assert "“Akku” (sale 2): Akku → no product" in list(accuracy_words(found))


def test_a_list_that_finds_too_much_has_a_lower_precision(connection: Connection, by: User) -> None:
    (sale,) = fill_copy(connection, ["CD-01 für Halle"], first_id=1)
    say(sale, by)
    greedy = with_keyword(keywords_of(current_list()), Keyword(text="Halle", product="Hallenreinigung"))
    found = compared(connection, greedy)
    assert (found.before, found.after) == (Score(right=1), Score(right=1, wrong=1))
    assert [one.after for one in found.worse] == [f"{CODE}; Hallenreinigung"]


def test_a_better_list_and_one_that_says_the_same_are_not_lower(connection: Connection, by: User) -> None:
    same, missed = fill_copy(connection, ["CD-01", "Fegbesen"], first_id=1)
    say(same, by)
    say(missed, by, is_right=False, truth="Besen")
    better = with_keyword(keywords_of(current_list()), Keyword(text="Fegbesen", product="Besen"))
    found = compared(connection, better)
    assert (found.before, found.after) == (Score(right=1, missed=1), Score(right=2))
    assert (found.is_lower, found.worse) == (False, [])
    assert not compared(connection, list(keywords_of(current_list()))).is_lower


def test_each_family_has_its_own_figures(connection: Connection, by: User) -> None:
    add_catalogue(connection)  # it has a family for Akku, which the list has not
    for sale in fill_copy(connection, ["CD-01", "CD-02", "Akku"], first_id=1):
        say(sale, by)
    found = compared(connection, without("Akku"))
    assert found.families == {"OMNIE": (Score(right=3), Score(right=2, missed=1))}
    assert list(found.lower_families) == ["OMNIE"]


def test_the_figures_are_those_of_the_whole_list_once_it_is_saved(connection: Connection, by: User) -> None:
    whole_copy(connection)
    headings: dict[str, Sale] = {sale.heading: sale for sale in Sale.objects.order_by("-sale_id")}
    for place, sale in enumerate(list(headings.values())[:150]):
        say(sale, by, is_right=bool(place % 3), truth=("", "OMNIE (ohne Typ); Akku")[place % 2])
    first = current_list()
    edits = [without(keyword.text) for keyword in keywords_of(first)[:5]]
    edits.append(with_keyword(keywords_of(first), Keyword(text="CD", product="Alle", type="code")))
    for keywords in edits:
        found = compared(connection, keywords)
        parent = current_list()
        saved = save_version([copy_of(one) for one in keywords], parent=parent, author=None, reason="?")
        truths = Truths(current_corpus(), [], labels_of(connection))
        assert found.after == evaluate(saved, truths).total
        save_version([copy_of(one) for one in keywords_of(first)], parent=saved, author=None, reason="back")


def test_shares_that_differ_by_little_do_not_look_equal() -> None:
    near = Accuracy(Score(right=996, missed=4), Score(right=995, missed=5), {}, [], 1000)
    assert "found of what is there 99.6% → 99.5%" in next(iter(accuracy_words(near)))


# --- The gate -------------------------------------------------------------------------------------------


def test_a_list_that_reads_labelled_headings_worse_is_saved_with_a_reason_only(
    connection: Connection, by: User
) -> None:
    fill_copy(connection, ["CD-02"] * 40, first_id=100)  # beside them, one lost sale needs no reason
    for sale in fill_copy(connection, ["CD-01", "Akku"], first_id=1):
        if sale.sale_id < 100:
            say(sale, by)
    first, rest = current_list(), without("Akku")
    for reason in ("", "   "):
        with pytest.raises(Costly) as refusal:
            save_list(rest, parent=first, author=by, reason="Gone", loss_reason=reason)
        assert not refusal.value.preview.is_costly
    assert KeywordList.objects.count() == 1
    saved = save_list(rest, parent=first, author=by, reason="Gone", loss_reason="sold no more")
    assert saved.reason == "Gone (found 100→50%: sold no more)"


def test_the_longest_reasons_are_stored_whole(connection: Connection, by: User) -> None:
    for sale in fill_copy(connection, ["Akku"] * 30 + ["CD-01"] * 2, first_id=1):
        say(sale, by)
    greedy = with_keyword(without("Akku"), Keyword(text="CD-01", product="Wagen", type="code"))
    why = "y" * LOSS_LENGTH
    saved = save_list(greedy, parent=current_list(), author=by, reason="x" * REASON_LENGTH, loss_reason=why)
    assert saved.reason.endswith(f": {why})")
    assert "right 100→" in saved.reason


def test_the_form_says_which_headings_and_asks_for_a_tick_and_a_reason(
    client: Client, people: People, connection: Connection
) -> None:
    whole_copy(connection)
    (sale,) = fill_copy(connection, ["Akku"], first_id=9001)
    say(sale, people.jonas)
    client.force_login(people.jonas)
    akku = current_list().keywords.get(text="Akku")
    edit = typed(text="Akkumulator", product="Akku", number=str(akku.number), reason="longer")
    preview = client.post("/keywords/preview/", edit, headers={"HX-Request": "true"})
    refused = client.post(f"/keywords/{akku.number}/", edit)
    assert "Edit keyword “Akku”" in words(refused.content)  # it is still called so
    for page in (preview, refused):
        said = words(page.content)
        assert "found of what is there 100% → 0%" in said
        assert f"“Akku” (sale {sale.sale_id}): Akku → no product" in said
    assert "data-costly" in preview.content.decode()
    assert "Tick that you have seen it, and say why it is right." in said
    assert KeywordList.objects.count() == 1
    accepted = edit | {"knows_loss": "on", "loss_reason": "nobody writes Akku"}
    assert client.post(f"/keywords/{akku.number}/", accepted).status_code == 302
    assert "nobody writes Akku" in current_list().reason


def test_a_list_that_reads_no_label_worse_asks_for_nothing(
    client: Client, people: People, connection: Connection
) -> None:
    for sale in fill_copy(connection, ["CD-01"] * 3, first_id=1):
        say(sale, people.jonas)
    client.force_login(people.jonas)
    assert (
        client.post("/keywords/add/", typed(text="Besen", product="Besen", reason="New")).status_code == 302
    )
