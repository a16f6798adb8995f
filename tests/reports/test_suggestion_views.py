"""Suggestions, headings by owner and labels in the browser: what each page shows, refuses and stores."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connector.models import Connection
from reports.keyword_lists.keywords import current_list, keywords_of
from reports.models import Label, Product, Sale, TextVerdict
from reports.preview.corpus import corpus_of
from reports.suggesting.labels import found_words
from reports.suggesting.standing import standing_of
from reports.suggesting.suggestion_views import known_at_the_end
from reports.suggesting.suggestions import suggestions_for
from tests.conftest import People
from tests.reports.keyword_sales import fill_copy, touch_copy, whole_copy

pytestmark = pytest.mark.once  # words and pages: the same on every database

PAGES = [
    "/keywords/suggestions/", "/keywords/suggestions/?tab=headings", "/keywords/suggestions/?tab=headings&sort=amount",
    "/keywords/suggestions/?tab=ignored", "/keywords/suggestions/?tab=no_product", "/keywords/headings/",
    "/keywords/headings/?owner=none", "/keywords/labels/",
]  # fmt: skip
ODD = [
    "/keywords/suggestions/?tab=<x>&start=-1", "/keywords/suggestions/?tab=headings&start=99999",
    "/keywords/headings/?owner=%00&start=x", "/keywords/headings/?owner=4711",
]  # fmt: skip
POST_ONLY = [
    "/keywords/suggestions/ignore/", "/keywords/suggestions/no-product/", "/keywords/suggestions/undo/",
    "/keywords/labels/10000/right/", "/keywords/labels/10000/wrong/", "/keywords/labels/10000/skip/",
    "/keywords/labels/10000/remove/",
]  # fmt: skip


@pytest.fixture
def copy(connection: Connection) -> None:
    """The demo's sales, and some with a product that nobody knows."""
    whole_copy(connection)
    headings = ["Fegemax 3000"] * 4 + ["CD-O1 neu"] * 2 + ["Fegemax 3000 + CD-01", "Rabatt"]
    fill_copy(connection, headings, first_id=10_000)
    Sale.objects.filter(sale_id__gte=10_000).update(
        company_id=7, company_name="Kranz AG", owner_id=5, owner_name="Jonas Weber"
    )
    Sale.objects.filter(sale_id__lt=10_000, sale_id__gte=300).update(owner_id=6, owner_name="Sabine Kranz")
    touch_copy(connection)
    current_list()


@pytest.fixture
def editor(client: Client, people: People, copy: None) -> Client:
    client.force_login(people.jonas)
    return client


@pytest.fixture
def viewer(people: People, copy: None) -> Client:
    client = Client()
    client.force_login(people.viewer)
    return client


def words(content: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", content.decode()).split())


# --- Who may do what ------------------------------------------------------------------------------------


def test_an_editor_sees_every_page(editor: Client) -> None:
    assert {page: editor.get(page).status_code for page in PAGES + ODD} == dict.fromkeys(PAGES + ODD, 200)


def test_a_viewer_may_look_and_finds_no_button(viewer: Client) -> None:
    for page in PAGES:
        response = viewer.get(page)
        assert response.status_code == 200
        main = response.content.split(b"<main", 1)[1].split(b"</main>", 1)[0]
        assert b'method="post"' not in main
        assert b"/keywords/add/" not in main


def test_pages_stand_an_empty_copy(client: Client, people: People, connection: Connection) -> None:
    client.force_login(people.jonas)
    assert {page: client.get(page).status_code for page in PAGES} == dict.fromkeys(PAGES, 200)


def test_a_viewer_may_not_decide(viewer: Client, editor: Client) -> None:
    for page in POST_ONLY:
        assert viewer.post(page, {"text": "fegemax"}).status_code == 403
        assert editor.get(page).status_code == 405
    assert (TextVerdict.objects.count(), Label.objects.count()) == (0, 0)


def test_nobody_gets_in_without_signing_in(db: None) -> None:
    for page in PAGES:
        assert Client().get(page).status_code == 302
    for page in POST_ONLY:
        assert Client().post(page).status_code == 302


# --- Suggestions ----------------------------------------------------------------------------------------


def test_a_suggestion_says_what_it_would_win_and_leads_into_the_editor(editor: Client) -> None:
    response = editor.get("/keywords/suggestions/")
    text = words(response.content)
    assert "Fegemax 3000" in text
    assert "4 sales" in text
    assert "1 × OMNIE CD-01" in text
    first = next(one for one in response.context["suggestions"] if one.suggestion.key == "fegemax3000")
    query = parse_qs(urlsplit(first.add_url).query)
    assert (query["text"], query["product"]) == (["Fegemax 3000"], ["Fegemax 3000"])
    form = editor.get(first.add_url).context["form"]
    assert (form["text"].value(), form["product"].value(), form["type"].value()) == (
        "Fegemax 3000", "Fegemax 3000", "code",
    )  # fmt: skip


def test_a_compound_that_ends_with_a_known_product_is_offered_as_that_product(
    editor: Client, connection: Connection
) -> None:
    Sale.objects.filter(heading="Fegemax 3000").update(heading="Ersatzakku")
    touch_copy(connection)
    page = editor.get("/keywords/suggestions/")
    (one,) = [one for one in page.context["suggestions"] if one.suggestion.key == "ersatzakku"]
    asked = parse_qs(urlsplit(one.add_url).query)
    assert (asked["text"], asked["product"]) == (["Ersatzakku"], ["Akku"])
    keywords = keywords_of(current_list())
    assert known_at_the_end("Akku", keywords) is None
    assert known_at_the_end("Fegemax", keywords) is None


def test_a_look_alike_leads_into_the_editor_for_the_product_that_was_meant(editor: Client) -> None:
    response = editor.get("/keywords/suggestions/")
    (close,) = [one for one in response.context["look_alikes"] if one.gain.found.text == "CD-O1"]
    query = parse_qs(urlsplit(close.add_url).query)
    assert (query["text"], query["product"], query["family"]) == (["CD-O1"], ["OMNIE CD-01"], ["OMNIE"])
    assert "letters that look like digits" in words(response.content)


def test_the_page_says_how_much_is_covered_and_when_that_was_worked_out(
    editor: Client, connection: Connection
) -> None:
    found = suggestions_for(connection)
    text = words(editor.get("/keywords/suggestions/").content)
    assert f"Matched: {100 * found.coverage.sale_share:.0f}% of the sales" in text
    assert f"would bring that to {100 * found.coverage_after.sale_share:.0f}%" in text
    assert "for version 1" in text


def test_a_text_can_be_ignored_and_suggested_again(editor: Client, people: People) -> None:
    response = editor.post("/keywords/suggestions/ignore/", {"text": "Fegemax 3000"}, follow=True)
    assert "fegemax3000" not in {one.suggestion.key for one in response.context["suggestions"]}
    verdict = TextVerdict.objects.get()
    assert (verdict.text, verdict.verdict, verdict.decided_by) == ("fegemax3000", "ignored", people.jonas)
    assert "fegemax3000" in words(editor.get("/keywords/suggestions/?tab=ignored").content)
    response = editor.post("/keywords/suggestions/undo/", {"text": verdict.text}, follow=True)
    assert response.redirect_chain[-1][0].endswith("?tab=ignored")
    assert TextVerdict.objects.count() == 0
    keys = {one.suggestion.key for one in editor.get("/keywords/suggestions/").context["suggestions"]}
    assert "fegemax3000" in keys


def test_a_decision_is_told_in_the_words_of_its_row(editor: Client) -> None:
    response = editor.post("/keywords/suggestions/no-product/", {"text": "fegemax3000"}, follow=True)
    assert "“Fegemax 3000” is no product." in words(response.content)


def test_only_what_is_suggested_can_be_decided_about(editor: Client) -> None:
    response = editor.post("/keywords/suggestions/ignore/", {"text": "Wartung aller Dinge"}, follow=True)
    assert "“Wartung aller Dinge” is not among the suggestions" in words(response.content)
    assert not TextVerdict.objects.exists()


def test_an_empty_list_of_suggestions_tells_of_what_was_decided(
    client: Client, people: People, connection: Connection
) -> None:
    fill_copy(connection, ["Fegemax 3000"] * 4 + ["CD-O1"] * 2)
    client.force_login(people.jonas)
    while found := client.get("/keywords/suggestions/").context["suggestions"]:
        client.post("/keywords/suggestions/ignore/", {"text": found[0].suggestion.key})
    text = words(client.get("/keywords/suggestions/").content)
    assert "Nothing more to suggest:" in text
    assert "No phrase stands in two or more headings" not in text
    TextVerdict.objects.all().delete()
    Sale.objects.all().delete()
    touch_copy(connection)
    assert "No phrase stands in two or more headings" in words(client.get("/keywords/suggestions/").content)


def test_the_newest_verdict_counts(editor: Client) -> None:
    editor.post("/keywords/suggestions/ignore/", {"text": "fegemax3000"})
    editor.post("/keywords/suggestions/no-product/", {"text": "fegemax3000"})
    assert TextVerdict.objects.get().verdict == "no_product"


def test_a_verdict_about_nothing_is_not_stored(editor: Client) -> None:
    for text in ("", "   ", "-", "\x00"):
        assert editor.post("/keywords/suggestions/ignore/", {"text": text}).status_code == 302
        assert editor.post("/keywords/suggestions/undo/", {"text": text}).status_code == 302
    assert TextVerdict.objects.count() == 0


def test_headings_without_a_product_are_listed_with_their_sales(editor: Client) -> None:
    response = editor.get("/keywords/suggestions/?tab=headings")
    counts = [one.sale_count for one, _amounts in response.context["headings"]]
    assert counts == sorted(counts, reverse=True)
    assert ("Fegemax 3000", 4) in {(one.heading, one.sale_count) for one, _ in response.context["headings"]}


def test_the_keyword_page_leads_to_the_suggestions(editor: Client) -> None:
    assert b'href="/keywords/suggestions/"' in editor.get("/keywords/").content


# --- Headings by owner ----------------------------------------------------------------------------------


def test_counts_per_owner_are_the_unmatched_sales(editor: Client, connection: Connection) -> None:
    standing = standing_of(current_list(), corpus_of(connection))
    unmatched = [standing.corpus.sales[place].sale_id for place in standing.places("unmatched")]
    response = editor.get("/keywords/headings/")
    lines = response.context["owners"]
    assert len(lines) == 3
    for line in lines:
        mine = Sale.objects.filter(owner_id=line.owner_id, sale_id__in=unmatched)
        assert line.unread_count == mine.count() > 0
    assert sum(line.unread_count for line in lines) == len(unmatched)
    assert response.context["unread_count"] == len(unmatched)


def test_a_representative_sees_the_own_headings_first_with_their_reasons(editor: Client) -> None:
    response = editor.get("/keywords/headings/")
    assert response.context["chosen"].name == "Jonas Weber"
    headings = {one.sale.heading for one, _rule in response.context["sales"]}
    assert headings == {"Fegemax 3000", "CD-O1 neu", "Rabatt"}
    assert "No keyword stands in it." in words(response.content)
    assert "Only a tag stands in it: Nachlass." in words(response.content)
    others = words(editor.get("/keywords/headings/?owner=none").content)
    assert "“CD-01” is nearly there, but it is written with other leading zeros." in others
    assert "it is part of a longer code" in others


def test_the_queries_of_the_owners_page_do_not_grow_with_the_headings(
    editor: Client, connection: Connection
) -> None:
    def count() -> int:
        editor.get("/keywords/headings/")
        with CaptureQueriesContext(database) as queries:
            editor.get("/keywords/headings/")
        return len(queries)

    before = count()
    fill_copy(connection, ["Unbekannt"] * 30, first_id=20_000)
    Sale.objects.filter(sale_id__gte=20_000).update(
        company_id=7, company_name="Kranz AG", owner_id=5, owner_name="Jonas Weber"
    )
    touch_copy(connection)
    assert count() == before


# --- Labels ---------------------------------------------------------------------------------------------


def shown(client: Client) -> dict[str, str]:
    """What the form for the heading in question sends."""
    current = client.get("/keywords/labels/").context["current"]
    return {
        "sale": str(current["sale"].sale_id),
        "heading": current["sale"].heading,
        "products": current["words"],
    }


def answer(client: Client, name: str, sent: dict[str, str], **more: str) -> str:
    response = client.post(f"/keywords/labels/{sent['sale']}/{name}/", {**sent, **more}, follow=True)
    assert response.status_code == 200
    return words(response.content)


def test_a_heading_is_looked_at_and_the_next_one_follows(editor: Client, people: People) -> None:
    first = shown(editor)
    answer(editor, "right", first)
    second = shown(editor)
    assert second["sale"] != first["sale"]
    answer(editor, "wrong", second, truth="Akku; 2 × Bürste")
    labels = {str(label.sale.sale_id): label for label in Label.objects.select_related("sale")}
    assert (labels[first["sale"]].is_right, labels[first["sale"]].products) == (True, first["products"])
    assert (labels[second["sale"]].is_right, labels[second["sale"]].truth) == (False, "Akku; 2 × Bürste")
    assert labels[first["sale"]].labelled_by == people.jonas
    assert "2 of 200 looked at" in words(editor.get("/keywords/labels/").content)


def test_the_answer_just_given_is_named_and_can_be_undone_in_place(editor: Client) -> None:
    first = shown(editor)
    assert "is noted as wrong. Undo" in answer(editor, "wrong", first)
    assert editor.get(f"/keywords/labels/?last={first['sale']}").context["last"].heading == first["heading"]
    assert "noted as" not in words(editor.get("/keywords/labels/?last=x").content)


def test_a_product_that_does_not_exist_is_no_truth(editor: Client, connection: Connection) -> None:
    page = answer(editor, "wrong", shown(editor), truth="akku; Gibtsnicht; 2 × Auchnicht")
    assert "There is no product “Gibtsnicht; Auchnicht”, so nothing was noted." in page
    assert not Label.objects.exists()
    sent = shown(editor)
    back = editor.post(f"/keywords/labels/{sent['sale']}/wrong/", {**sent, "truth": "Gibtsnicht"})
    assert "#" not in back["Location"]  # a fragment would keep the focus from the field
    field = editor.get(back["Location"]).content.decode().split('id="label-truth"')[1].split(">")[0]
    assert 'value="Gibtsnicht"' in field
    assert "autofocus" in field
    assert "label-truth-error" in field
    Product.objects.create(connection=connection, product_id=99, name="Nur im Katalog")
    answer(editor, "wrong", shown(editor), truth="2 × akku; nur im katalog")
    assert Label.objects.get().truth == "2 × Akku; Nur im Katalog"


def test_skipping_asks_another_one_and_stores_nothing(editor: Client) -> None:
    first = shown(editor)
    answer(editor, "skip", first)
    assert shown(editor)["sale"] != first["sale"]
    assert Label.objects.count() == 0


def test_an_answer_can_be_taken_back(editor: Client) -> None:
    first = shown(editor)
    answer(editor, "right", first)
    answer(editor, "remove", first)
    assert Label.objects.count() == 0
    assert shown(editor)["sale"] == first["sale"]


@pytest.mark.parametrize("changed", [{"heading": "another"}, {"products": "Another"}, {"heading": ""}])
def test_an_answer_about_what_is_no_longer_so_is_not_stored(editor: Client, changed: dict[str, str]) -> None:
    first = shown(editor)
    assert "has changed. Look at it again." in answer(editor, "right", {**first, **changed})
    assert Label.objects.count() == 0


def test_line_breaks_of_a_browser_do_not_change_a_heading(editor: Client) -> None:
    sale = Sale.objects.get(heading="Omnie\nCD-01\tx2")
    result = standing_of(current_list(), corpus_of(sale.connection)).matcher.match(sale.heading)
    sent = {"sale": str(sale.sale_id), "heading": "Omnie\r\nCD-01\tx2", "products": found_words(result)}
    answer(editor, "right", sent)
    assert Label.objects.get().heading == sale.heading


def test_a_sale_that_is_not_there_cannot_be_labelled(editor: Client) -> None:
    assert editor.post("/keywords/labels/99999999/right/").status_code == 404


def test_the_figures_stand_on_the_page(editor: Client) -> None:
    text = words(editor.get("/keywords/labels/").content)
    assert "By product" in text
    assert "By version of the list" in text
    assert "limits between which it lies with 95 % certainty" in text
