"""The form of one keyword: what it offers to whom, and what it makes of a whole heading."""

import pytest
from django.test import Client

from connector.models import Connection
from reports.keyword_lists.heading_words import words_of
from reports.keyword_lists.keyword_rules import problems_of
from reports.keyword_lists.keywords import current_list
from reports.models import Keyword, Sale
from tests.conftest import People
from tests.reports.keyword_sales import fill_copy
from tests.reports.test_keyword_views import typed, words

pytestmark = pytest.mark.once  # words and pages: the same on every database

APPROVERS = "Regular expressions are added, changed and removed by approvers and administrators."


@pytest.fixture
def editor(client: Client, people: People, connection: Connection) -> Client:
    """A representative."""
    fill_copy(connection, ["2x CD-01", "2x Fegemax Ultra, Kehrwalze – für Halle B"])
    current_list()
    client.force_login(people.jonas)
    return client


# --- Expressions ----------------------------------------------------------------------------------------


def test_a_type_is_offered_only_to_those_who_may_use_it(editor: Client, people: People) -> None:
    page = editor.get("/keywords/add/").content.decode()
    assert 'value="word"' in page
    assert 'value="regex"' not in page
    assert "the edge of a word" not in page
    editor.force_login(people.approver)
    page = editor.get("/keywords/add/").content.decode()
    assert 'value="regex"' in page
    assert "<br>Regular expression: a pattern" in page


def test_an_expression_is_only_to_be_read_by_those_who_may_not_change_it(
    editor: Client, people: People
) -> None:
    number = current_list().keywords.get(type="regex").number
    answer = editor.get(f"/keywords/{number}/")
    main = answer.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    assert APPROVERS in main
    assert "Save as a new version" not in main
    assert 'name="reason"' not in main
    assert f"/keywords/{number}/remove/" not in main
    assert all(answer.context["form"].fields[name].disabled for name in ("text", "type", "product"))
    form = typed(text="x", reason="because")
    assert APPROVERS in words(editor.post(f"/keywords/{number}/", form).content)
    editor.force_login(people.approver)
    answer = editor.get(f"/keywords/{number}/")
    assert APPROVERS not in words(answer.content)
    assert not answer.context["form"].fields["text"].disabled


def test_an_expression_goes_by_no_way_with_those_who_may_not_change_it(
    editor: Client, people: People
) -> None:
    before = current_list()
    expression = before.keywords.get(type="regex")
    for way in (f"{expression.number}/remove/", f"product/remove/?product={expression.product}&fate=remove"):
        gone = {
            "version": str(before.version),
            "reason": "because",
            "knows_loss": "on",
            "loss_reason": "because",
        }
        assert APPROVERS in words(editor.post(f"/keywords/{way}", gone).content)
        assert current_list() == before
    editor.force_login(people.approver)
    assert editor.post(f"/keywords/{expression.number}/remove/", gone).status_code == 302
    without = current_list()
    assert without.version == before.version + 1
    editor.force_login(people.jonas)
    back = gone | {"version": str(without.version)}
    assert APPROVERS in words(editor.post(f"/keywords/versions/{before.version}/restore/", back).content)
    assert current_list() == without


@pytest.mark.parametrize("expression", ["e", ".", r"\w", "[a-z]", r"\w+", ".+", r"\d", "abc|x"])
def test_an_expression_that_finds_a_single_character_is_refused(expression: str) -> None:
    keyword = Keyword(text=expression, type="regex", product="P", number=0)
    ((field, sentence),) = problems_of(keyword)
    assert (field, "already finds a single character" in sentence) == ("text", True)


@pytest.mark.parametrize("expression", ["..", r"\w{2,}", "...?"])
def test_an_expression_that_finds_anything_is_refused(expression: str) -> None:
    ((_field, sentence),) = problems_of(Keyword(text=expression, type="regex", product="P", number=0))
    assert "finds nearly any text" in sentence


@pytest.mark.parametrize("expression", [r"\blease|leasing\b", r"robo.?\d", "cd.?0[1-9]", r"\d{4}"])
def test_an_expression_for_a_product_is_taken(expression: str) -> None:
    assert problems_of(Keyword(text=expression, type="regex", product="P", number=0)) == []


# --- Whole headings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", ["", "&from_sale=1"])
def test_of_a_whole_heading_the_words_are_offered_and_not_the_heading(editor: Client, more: str) -> None:
    sale = Sale.objects.get(heading__contains="Fegemax")
    more = more.replace("=1", f"={sale.sale_id}")
    answer = editor.get(f"/keywords/add/?text=2x Fegemax Ultra, Kehrwalze – für Halle B{more}")
    assert not answer.context["form"]["text"].value()
    picks = {word: url for word, url, _is_picked in answer.context["picks"]}
    assert list(picks) == ["Fegemax", "Ultra", "Kehrwalze", "für", "Halle"]
    picked = editor.get(picks["Kehrwalze"])
    assert picked.context["form"]["text"].value() == "Kehrwalze"
    again = {word: is_picked for word, _url, is_picked in picked.context["picks"]}
    assert list(again) == list(picks)
    assert [word for word, is_picked in again.items() if is_picked] == ["Kehrwalze"]


def test_a_text_that_may_be_a_keyword_stays_in_the_form(editor: Client) -> None:
    answer = editor.get("/keywords/add/?text=Fegemax Ultra 3000")
    assert answer.context["form"]["text"].value() == "Fegemax Ultra 3000"
    assert editor.get("/keywords/add/").context["picks"] == []


def test_a_short_heading_is_no_keyword_either_unless_it_is_one_word(
    editor: Client, connection: Connection
) -> None:
    fill_copy(connection, ["Fegemax Angebot", "Fegemax 3000"], first_id=700)
    for heading, typed_in in (("Fegemax Angebot", None), ("Fegemax 3000", "Fegemax 3000")):
        number = Sale.objects.get(heading=heading).sale_id
        answer = editor.get(f"/keywords/add/?text={heading}&from_sale={number}")
        assert (answer.context["form"]["text"].value() or None) == typed_in


def test_words_are_different_and_without_quantities() -> None:
    assert words_of("2x CD-01 + 3 × Akku (akku) – 1,5 x") == ["CD-01", "Akku"]
