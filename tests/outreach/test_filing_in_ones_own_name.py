"""What a representative sends is filed in their own name, once they have signed in at SuperOffice."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from connector.demo.people import API_USER_ID
from connector.models import Connection, PersonalSignIn, Representative
from outreach.models import Message
from tests.connector.signing_in import CALLBACK, Browser
from tests.outreach.desk import JONAS, SABINE, Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(desk: Desk, client: Client) -> PersonalSignIn:
    """Sabine's sign-in; the connection itself acts as the API user."""
    Connection.objects.update(redirect_uri=CALLBACK)
    client.force_login(desk.people.sabine)
    browser = Browser(client)
    browser.come_back(browser.approve(browser.begin(reverse("my_sign_in_begin")), "Sabine Kranz"))
    return PersonalSignIn.objects.get()


def _creator(desk: Desk, message: Message) -> int:
    (card,) = [
        one.card for one in desk.documents() if one.card.document_id == desk.fresh(message).document_id
    ]
    return card.created_by


def test_the_document_is_made_by_the_representative(desk: Desk, own: PersonalSignIn) -> None:
    theirs = desk.in_state("sent", sale_of=SABINE)
    others = desk.in_state("sent", sale_of=JONAS)
    assert desk.archive(theirs)
    assert desk.archive(others)
    assert (_creator(desk, theirs), _creator(desk, others)) == (SABINE, API_USER_ID)


def test_a_lost_sign_in_is_told_to_its_owner_and_holds_nothing_up(
    desk: Desk, own: PersonalSignIn, client: Client
) -> None:
    PersonalSignIn.objects.update(refresh_token="revoked", access_token="")
    message = desk.in_state("sent", sale_of=SABINE)
    assert desk.archive(message)
    assert _creator(desk, message) == API_USER_ID
    own.refresh_from_db()
    assert own.problem_code == "needs_consent"
    assert desk.fresh(desk.connection).problem_code == ""
    page = client.get(reverse("my_sign_in")).content.decode()
    assert "Your own sign-in at SuperOffice is not valid any more." in page
    assert "Your own sign-in at SuperOffice is not valid any more." in client.get("/").content.decode()


def test_a_user_who_may_not_file_leaves_it_to_the_connection(desk: Desk, own: PersonalSignIn) -> None:
    desk.tenant.faults.answer_status("/Document/default", 403, "{}", times=1)
    message = desk.in_state("sent", sale_of=SABINE)
    assert desk.archive(message)
    assert _creator(desk, message) == API_USER_ID
    own.refresh_from_db()
    assert own.problem_code == ""  # one refusal about one record says nothing about the sign-in


def test_an_administrators_mistake_does_not_cost_the_representatives_sign_in(
    desk: Desk, own: PersonalSignIn
) -> None:
    PersonalSignIn.objects.update(access_token="")
    right = desk.connection.client_secret
    message = desk.in_state("sent", sale_of=SABINE)
    desk.set(desk.connection, client_secret="a-typing-error", access_token="")
    assert not desk.archive(message)
    own.refresh_from_db()
    assert own.problem_code == ""
    desk.set(desk.connection, client_secret=right)
    assert desk.archive(message)
    assert _creator(desk, message) == SABINE


def test_ones_own_sign_in_proves_nothing_about_the_connections(desk: Desk, own: PersonalSignIn) -> None:
    message = desk.in_state("sent", sale_of=SABINE)
    desk.set(desk.connection, problem_code="needs_consent")
    assert desk.archive(message)
    assert _creator(desk, message) == SABINE
    assert desk.fresh(desk.connection).problem_code == "needs_consent"
    filed = message.draft.events.get(action="archived")
    assert filed.detail["in_own_name"] is True


@pytest.mark.parametrize("change", ["deactivated", "another number"])
def test_a_sign_in_does_not_outlive_its_owner(desk: Desk, own: PersonalSignIn, change: str) -> None:
    message = desk.in_state("sent", sale_of=SABINE)
    if change == "deactivated":
        User.objects.filter(pk=own.user_id).update(is_active=False)
    else:
        Representative.objects.filter(user_id=own.user_id).update(associate_id=9)
    assert desk.archive(message)
    assert _creator(desk, message) == API_USER_ID


def test_a_card_that_they_may_not_see_is_not_made_a_second_time(desk: Desk, own: PersonalSignIn) -> None:
    message = desk.in_state("sent", sale_of=SABINE)
    PersonalSignIn.objects.update(problem_code="needs_consent")
    desk.tenant.faults.answer_status("/Document/", 500, "{}", times=None, method="PUT")
    assert not desk.archive(message)  # the card is there, made by the connection, and empty
    desk.tenant.faults.clear()
    PersonalSignIn.objects.update(problem_code="")
    desk.tenant.faults.answer_status("/Document/", 404, "{}", times=2)
    assert desk.archive(message)
    assert _creator(desk, message) == API_USER_ID
    assert len(desk.documents()) == 1
