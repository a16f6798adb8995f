"""After the session has ended: what was sent is not carried out, and its sender gets back to the form."""

import pytest
from django.test import Client

from tests.conftest import People

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("referer", "following"),
    [
        ("http://testserver/drafts/4/edit/", "/drafts/4/edit/"),
        ("http://testserver/reports/1/?q=Weber&stage=matched", "/reports/1/%3Fq%3DWeber%26stage%3Dmatched"),
        ("https://evil.example/drafts/4/", "/"),
        ("http://testserver//evil.example/", "/"),
        ("http://testserver", "/"),
        ("", "/"),
    ],
)
def test_whoever_sent_a_form_gets_back_to_it_after_the_sign_in(
    referer: str, following: str, client: Client
) -> None:
    answer = client.post("/drafts/4/approve/", headers={"Referer": referer} if referer else {})
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={following}&ended=1")


@pytest.mark.django_db
def test_whoever_opened_a_page_gets_to_that_page(client: Client) -> None:
    answer = client.get("/drafts/4/", headers={"Referer": "http://testserver/queue/"})
    assert answer["Location"] == "/login/?next=/drafts/4/"


@pytest.mark.django_db
def test_the_sign_in_says_that_nothing_was_changed(client: Client) -> None:
    page = client.post("/drafts/4/approve/", follow=True).content.decode()
    assert "Your session has ended" in page
    assert "nothing was changed" in page
    assert "Your session has ended" not in client.get("/queue/", follow=True).content.decode()


def test_an_address_only_for_forms_is_a_page_in_a_browser(client: Client, people: People) -> None:
    client.force_login(people.approver)
    answer = client.get("/drafts/4/approve/", headers=BROWSER)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    page = answer.content.decode()
    assert "This address cannot be opened" in page
    assert 'href="/drafts/4/"' in page
    answer = client.get("/sending/stop/", headers=BROWSER)
    assert answer.status_code == 405
    assert "To the page it belongs to" not in answer.content.decode()


def test_programs_get_the_bare_answer(client: Client, people: People) -> None:
    client.force_login(people.approver)
    answer = client.get("/drafts/4/approve/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer["Allow"], answer.content) == (405, "POST", b"")
