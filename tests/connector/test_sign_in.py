"""Signing in with SuperOffice in the browser, as SuperOffice, a stranger and an attacker would see it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from connector.demo.tenant import DemoTenant
from connector.models import Connection, Origin, PersonalSignIn
from connector.services import current_connection, open_client
from tests.conftest import People
from tests.connector.signing_in import CALLBACK, HOST, Browser


@pytest.fixture
def unsigned(connection: Connection) -> Connection:
    """An administrator's connection to the demo tenant without any token, registered for this installation."""
    Connection.objects.filter(pk=connection.pk).update(
        origin=Origin.ADMIN, refresh_token="", redirect_uri=CALLBACK
    )
    connection.refresh_from_db()
    return connection


@pytest.fixture
def administrator(client: Client, people: People) -> Browser:
    client.force_login(people.administrator)
    return Browser(client)


@pytest.fixture
def jonas(client: Client, people: People) -> Browser:
    client.force_login(people.jonas)
    return Browser(client)


def fresh(row: Connection) -> Connection:
    return Connection.objects.get(pk=row.pk)


# --- For the connection -------------------------------------------------------------------------------------


def test_an_administrator_signs_in_and_sales_desk_reads_with_that_users_rights(
    administrator: Browser, unsigned: Connection, demo_tenant: DemoTenant, people: People
) -> None:
    page = administrator.desk.get(reverse("connection"), **HOST)
    assert "Nobody has signed in yet" in page.content.decode()
    address = administrator.begin(reverse("connection_sign_in", args=[unsigned.pk]))
    asked = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    assert asked["acr_values"] == f"tenant:{demo_tenant.context_identifier}"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == CALLBACK
    shown = administrator.come_back(administrator.approve(address, "Sabine Kranz"))
    assert "You are signed in with SuperOffice." in shown
    row = fresh(unsigned)
    assert row.refresh_token
    assert row.refresh_token not in shown
    with open_client(row) as client:
        assert client.current_user().full_name == "Sabine Kranz"
    assert LogEntry.objects.filter(user=people.administrator, object_id=str(row.pk)).count() == 1


def test_only_an_administrator_signs_in_for_the_connection(
    client: Client, people: People, unsigned: Connection
) -> None:
    url = reverse("connection_sign_in", args=[unsigned.pk])
    for user in (people.jonas, people.approver, people.viewer, people.outsider):
        client.force_login(user)
        assert client.post(url, **HOST).status_code == 403
    client.force_login(people.administrator)
    assert client.get(url, **HOST).status_code == 405


def test_who_is_no_administrator_any_more_cannot_finish(
    administrator: Browser, unsigned: Connection, people: People
) -> None:
    query = administrator.approve(
        administrator.begin(reverse("connection_sign_in", args=[unsigned.pk])), "Sabine Kranz"
    )
    people.administrator.groups.clear()
    administrator.come_back(query)
    assert fresh(unsigned).refresh_token == ""


def test_the_sign_in_of_another_tenant_is_refused_with_both_names(
    administrator: Browser, unsigned: Connection, demo_tenant: DemoTenant
) -> None:
    demo_tenant.faults.id_token_claims = {"ctx": "Cust99999"}
    query = administrator.approve(
        administrator.begin(reverse("connection_sign_in", args=[unsigned.pk])), "Sabine Kranz"
    )
    shown = administrator.come_back(query)
    assert "Cust99999" in shown
    assert demo_tenant.context_identifier in shown
    assert fresh(unsigned).refresh_token == ""


def test_a_refusal_at_superoffice_is_said_and_keeps_the_old_sign_in(
    administrator: Browser, unsigned: Connection
) -> None:
    Connection.objects.update(refresh_token="the-old-one")
    shown = administrator.come_back(
        administrator.refuse(administrator.begin(reverse("connection_sign_in", args=[unsigned.pk])))
    )
    assert "SuperOffice" in shown
    assert "You are signed in" not in shown
    assert fresh(unsigned).refresh_token == "the-old-one"


def test_a_second_sign_in_without_a_refresh_token_keeps_the_one_we_have(
    administrator: Browser, unsigned: Connection, demo_tenant: DemoTenant
) -> None:
    url = reverse("connection_sign_in", args=[unsigned.pk])
    demo_tenant.faults.no_refresh_token = True
    shown = administrator.come_back(administrator.approve(administrator.begin(url), "Sabine Kranz"))
    assert "no refresh token" in shown
    assert (fresh(unsigned).access_token, fresh(unsigned).acts_as) == ("", "")
    Connection.objects.update(refresh_token="the-old-one")
    administrator.come_back(administrator.approve(administrator.begin(url), "Sabine Kranz"))
    assert fresh(unsigned).refresh_token == "the-old-one"


# --- What an attacker would try -----------------------------------------------------------------------------


def lost(shown: str) -> bool:
    return "took too long, was begun in another window" in shown


@pytest.mark.parametrize("change", [{"state": "guessed"}, {"state": ""}])
def test_an_answer_to_another_question_is_not_taken(
    administrator: Browser, unsigned: Connection, change: dict[str, str]
) -> None:
    query = administrator.approve(
        administrator.begin(reverse("connection_sign_in", args=[unsigned.pk])), "Sabine Kranz"
    )
    assert lost(administrator.come_back({**query, **change}))
    assert fresh(unsigned).refresh_token == ""
    # Any page can send a browser to the callback: that must not cost the sign-in that is under way.
    assert "You are signed in" in administrator.come_back(query)


def test_an_answer_counts_once(administrator: Browser, unsigned: Connection) -> None:
    query = administrator.approve(
        administrator.begin(reverse("connection_sign_in", args=[unsigned.pk])), "Sabine Kranz"
    )
    assert "You are signed in" in administrator.come_back(query)
    assert lost(administrator.come_back(query))


def test_an_answer_that_took_too_long_is_not_taken(
    administrator: Browser, unsigned: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = administrator.approve(
        administrator.begin(reverse("connection_sign_in", args=[unsigned.pk])), "Sabine Kranz"
    )
    monkeypatch.setattr("connector.sign_in.LIFETIME", -1)
    assert lost(administrator.come_back(query))


def test_somebody_elses_code_does_not_fit_our_verifier(administrator: Browser, unsigned: Connection) -> None:
    url = reverse("connection_sign_in", args=[unsigned.pk])
    stolen = administrator.approve(administrator.begin(url), "Jonas Weber")["code"]
    query = administrator.approve(administrator.begin(url), "Sabine Kranz")
    shown = administrator.come_back({**query, "code": stolen})
    assert "You are signed in" not in shown
    assert fresh(unsigned).refresh_token == ""


def test_a_code_that_meets_an_ended_session_does_not_travel_on(client: Client, unsigned: Connection) -> None:
    answer = client.get(reverse("superoffice_callback"), {"code": "canary", "state": "x"}, **HOST)
    assert (answer.status_code, answer["Location"]) == (302, reverse("login"))


# --- What stands in the way ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"redirect_uri": "https://desk.example/callback"}, "register this one for the app"),
        ({"client_secret": ""}, "no client id or client secret"),
        ({"way_in": "password"}, "a user name and a password"),
    ],
)
def test_what_cannot_work_is_said_instead_of_offered(
    administrator: Browser, unsigned: Connection, values: dict[str, Any], words: str
) -> None:
    Connection.objects.filter(pk=unsigned.pk).update(**values)
    page = administrator.desk.get(reverse("connection"), **HOST).content.decode()
    assert words in page
    url = reverse("connection_sign_in", args=[unsigned.pk])
    assert url not in page
    answer = administrator.desk.post(url, follow=True, **HOST)
    assert words in answer.content.decode()


def test_the_environments_refresh_token_is_changed_there(
    administrator: Browser, unsigned: Connection, settings: Settings
) -> None:
    values = ("client_id", "client_secret", "redirect_uri", "context_identifier", "environment", "login_url")
    settings.DEMO_PARTS = []
    settings.SUPEROFFICE = {name: getattr(unsigned, name) for name in values} | {"refresh_token": "of-env"}
    assert "SO_REFRESH_TOKEN" in administrator.desk.get(reverse("connection"), **HOST).content.decode()
    settings.SUPEROFFICE = {**settings.SUPEROFFICE, "refresh_token": ""}
    assert "SO_REFRESH_TOKEN" not in administrator.desk.get(reverse("connection"), **HOST).content.decode()


def test_a_sign_in_in_the_browser_outlives_the_environments_silence(
    connection: Connection, settings: Settings
) -> None:
    values = ("client_id", "client_secret", "redirect_uri", "context_identifier", "environment", "login_url")
    settings.DEMO_PARTS = []
    settings.SUPEROFFICE = {name: getattr(connection, name) for name in values} | {"refresh_token": ""}
    row = current_connection()
    assert row is not None
    assert (row.origin, row.refresh_token) == (Origin.ENVIRONMENT, "")
    Connection.objects.filter(pk=row.pk).update(refresh_token="from-the-browser")
    again = current_connection()
    assert again is not None
    assert again.refresh_token == "from-the-browser"
    settings.SUPEROFFICE = {**settings.SUPEROFFICE, "client_id": "another-app"}
    other = current_connection()
    assert other is not None
    assert other.refresh_token == ""


# --- For oneself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"context_identifier": "Cust999"},
        {"client_id": "another"},
        {"way_in": "password", "environment": "onsite"},
    ],
)
def test_a_connection_that_was_changed_meanwhile_gets_no_token_of_the_old_one(
    administrator: Browser, unsigned: Connection, change: dict[str, str]
) -> None:
    query = administrator.approve(
        administrator.begin(reverse("connection_sign_in", args=[unsigned.pk])), "Sabine Kranz"
    )
    Connection.objects.filter(pk=unsigned.pk).update(**change)
    assert lost(administrator.come_back(query))
    assert (fresh(unsigned).refresh_token, fresh(unsigned).access_token) == ("", "")


def test_the_system_users_token_comes_with_an_administrators_sign_in_and_is_kept_only_then(
    administrator: Browser, unsigned: Connection
) -> None:
    url = reverse("connection_sign_in", args=[unsigned.pk])
    administrator.come_back(administrator.approve(administrator.begin(url), "Oliver Placeholder"))
    assert fresh(unsigned).system_user_token == ""
    Connection.objects.filter(pk=unsigned.pk).update(way_in="system_user", refresh_token="")
    shown = administrator.come_back(administrator.approve(administrator.begin(url), "Sabine Kranz"))
    assert "no administrator in SuperOffice" in shown
    administrator.come_back(administrator.approve(administrator.begin(url), "Oliver Placeholder"))
    row = fresh(unsigned)
    assert row.system_user_token
    assert row.refresh_token == ""


@pytest.fixture
def registered(connection: Connection) -> Connection:
    Connection.objects.filter(pk=connection.pk).update(redirect_uri=CALLBACK)
    return fresh(connection)


def test_a_representative_signs_in_and_acts_as_themselves(
    jonas: Browser, registered: Connection, people: People
) -> None:
    assert (
        "You are not signed in with SuperOffice."
        in jonas.desk.get(reverse("my_sign_in"), **HOST).content.decode()
    )
    shown = jonas.come_back(jonas.approve(jonas.begin(reverse("my_sign_in_begin")), "Jonas Weber"))
    assert "You are signed in with SuperOffice." in shown
    own = PersonalSignIn.objects.get(user=people.jonas)
    assert own.associate_id == 5
    assert own.refresh_token not in shown
    with open_client(registered, own) as client:
        assert client.current_user().full_name == "Jonas Weber"
    assert fresh(registered).refresh_token == registered.refresh_token
    jonas.desk.post(reverse("my_sign_in_forget"), **HOST)
    assert not PersonalSignIn.objects.exists()


def test_a_representative_cannot_bring_somebody_elses_sign_in(jonas: Browser, registered: Connection) -> None:
    shown = jonas.come_back(jonas.approve(jonas.begin(reverse("my_sign_in_begin")), "Sabine Kranz"))
    assert "You signed in at SuperOffice as sabine.kranz@" in shown
    assert "belongs to number 5" in shown
    assert not PersonalSignIn.objects.exists()


def test_only_representatives_have_a_sign_in_of_their_own(
    client: Client, people: People, registered: Connection
) -> None:
    for user in (people.administrator, people.viewer, people.outsider):
        client.force_login(user)
        assert "Only representatives" in client.get(reverse("my_sign_in"), **HOST).content.decode()
        assert client.post(reverse("my_sign_in_begin"), **HOST).status_code == 404
