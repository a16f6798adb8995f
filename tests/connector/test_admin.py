"""The admin forms of connections, mailboxes and sign-ins: what they ask for, refuse, keep, forget and test."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.contrib.auth.models import Group, User
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from connector import hosts, roles
from connector.demo.mail_catcher import MailCatcher
from connector.demo.tenant import DemoTenant
from connector.models import (
    ApiCall,
    Connection,
    DemoLogin,
    Mailbox,
    Origin,
    PersonalSignIn,
    Representative,
)
from connector.services import check_mailbox, has_sign_in
from tests.conftest import People
from tests.connector.smtp.scripted_server import Dialogue, ScriptedServer, hang_up
from tests.connector.superoffice.server import signing_key

CANARY = "canary-Zw8qK3-secret"
MOVED = "The destination has changed. Enter this again."
KEY = (
    signing_key()
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    .decode()
)
KEY_LINE = KEY.splitlines()[3]  # what a page with the key would show

AS_USER = {
    "name": "Ours",
    "is_active": "on",
    "environment": "sod",
    "context_identifier": "Cust777",
    "client_id": "the-client",
    "client_secret": CANARY,
    "redirect_uri": "https://desk.example/superoffice/callback/",
    "way_in": "refresh_token",
    "refresh_token": CANARY,
    "system_user_token": "",
    "private_key": "",
}
AS_SYSTEM_USER = {
    **AS_USER,
    "way_in": "system_user",
    "refresh_token": "",
    "system_user_token": CANARY,
    "private_key": KEY,
}
ONSITE = {
    **AS_USER,
    "environment": "onsite",
    "way_in": "password",
    "context_identifier": "",
    "client_id": "",
    "client_secret": "",
    "redirect_uri": "",
    "refresh_token": "",
    "base_url": "https://crm.kehrwieder.example/SuperOffice",
    "username": "desk",
    "password": CANARY,
}
MAILBOX = {
    "name": "Shared",
    "is_active": "on",
    "host": "mail.kehrwieder.example",
    "port": "587",
    "security": "starttls",
    "username": "sales",
    "password": CANARY,
    "from_address": "shared@kehrwieder.example",
    "from_name": "",
}
NO_SECRETS = {
    "client_secret": "",
    "refresh_token": "",
    "system_user_token": "",
    "private_key": "",
    "password": "",
}
ADD = {"connection": "admin:connector_connection_add", "mailbox": "admin:connector_mailbox_add"}


@pytest.fixture
def known_hosts(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the name servers know; tests must not ask real ones."""
    known: dict[str, list[str]] = {}
    monkeypatch.setattr(hosts, "look_up", lambda host: known.get(host, []))
    return known


@pytest.fixture
def browser(client: Client, people: People, known_hosts: dict[str, list[str]]) -> Client:
    """An administrator's, reading English."""
    client.force_login(people.administrator)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def onsite(settings: Settings) -> None:
    settings.SUPEROFFICE_ONSITE_HOSTS = ["crm.kehrwieder.example", "127.0.0.1", "127.0.0.1:5000"]


def stored(way: dict[str, str], **values: Any) -> Connection:
    """A connection as the form would have stored it; `values` are written over it."""
    columns = {name: value for name, value in way.items() if name != "is_active"}
    return Connection.objects.create(**{**columns, **values})


def change_url(row: Connection | Mailbox | PersonalSignIn, page: str = "change") -> str:
    return reverse(f"admin:connector_{row._meta.model_name}_{page}", args=[row.pk])


def said(browser: Client, url: str, form: dict[str, str]) -> str:
    """The page that a refused form comes back with."""
    answer = browser.post(url, form)
    assert answer.status_code == 200, "the form was accepted"
    return answer.content.decode().replace("&#x27;", "'")


def accept(browser: Client, url: str, form: dict[str, str]) -> None:
    answer = browser.post(url, form)
    assert answer.status_code == 302, answer.context["adminform"].form.errors


def add(browser: Client, form: dict[str, str]) -> Connection:
    accept(browser, reverse(ADD["connection"]), form)
    return Connection.objects.get(name=form["name"], origin=Origin.ADMIN)


# --- Ways in --------------------------------------------------------------------------------------------


def test_a_connection_is_set_up_with_a_refresh_token(browser: Client) -> None:
    row = add(browser, AS_USER)
    assert (row.origin, row.login_url, row.client_secret, row.refresh_token) == ("admin", "", CANARY, CANARY)


def test_a_connection_may_be_saved_before_anybody_has_signed_in(browser: Client) -> None:
    row = add(browser, {**AS_USER, "refresh_token": ""})
    assert (row.client_secret, row.refresh_token) == (CANARY, "")
    assert "Sign in with SuperOffice" in browser.get(change_url(row)).content.decode()


@pytest.mark.parametrize("token", [CANARY, ""])
def test_a_connection_is_set_up_for_the_system_user(browser: Client, token: str) -> None:
    row = add(browser, {**AS_SYSTEM_USER, "system_user_token": token})
    assert (row.system_user_token, row.private_key, row.refresh_token) == (token, KEY.strip(), "")


@pytest.mark.usefixtures("onsite")
def test_a_connection_is_set_up_for_an_installation_of_ones_own(browser: Client) -> None:
    row = add(browser, {**ONSITE, "base_url": ONSITE["base_url"] + "/"})
    assert (row.base_url, row.username, row.password) == (ONSITE["base_url"], "desk", CANARY)
    assert row.context_identifier == "crm.kehrwieder.example"


@pytest.mark.once
@pytest.mark.parametrize(
    ("form", "field"),
    [
        *((AS_USER, name) for name in ("context_identifier", "client_id", "client_secret", "redirect_uri")),
        *((AS_SYSTEM_USER, name) for name in ("client_id", "client_secret", "redirect_uri", "private_key")),
        *((ONSITE, name) for name in ("base_url", "username", "password")),
    ],
)
@pytest.mark.usefixtures("onsite")
def test_what_a_way_needs_is_asked_for_at_its_field(
    browser: Client, form: dict[str, str], field: str
) -> None:
    answer = browser.post(reverse(ADD["connection"]), {**form, field: ""})
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert CANARY not in answer.content.decode()
    assert not Connection.objects.exists()


@pytest.mark.once
@pytest.mark.parametrize(
    ("form", "field"),
    [
        (AS_USER, "system_user_token"),
        (AS_SYSTEM_USER, "refresh_token"),
        (AS_USER, "password"),
        (ONSITE, "client_secret"),
    ],
)
@pytest.mark.usefixtures("onsite")
def test_a_secret_that_the_way_does_not_use_is_refused_at_its_field(
    browser: Client, form: dict[str, str], field: str
) -> None:
    page = said(browser, reverse(ADD["connection"]), {**form, field: CANARY})
    assert page.count("The chosen way to sign in does not use this.") == 1
    assert CANARY not in page


@pytest.mark.once
@pytest.mark.parametrize(
    "tenant", ["https://online.superoffice.com/Cust777", "Cust 777", "Cust-777", "Cüst777"]
)
def test_a_tenant_is_a_name_and_no_address(browser: Client, tenant: str) -> None:
    page = said(browser, reverse(ADD["connection"]), {**AS_USER, "context_identifier": tenant})
    assert "A tenant's name has letters and digits only" in page


def test_blanks_around_a_tenant_are_taken_off(browser: Client) -> None:
    assert add(browser, {**AS_USER, "context_identifier": " Cust777\t"}).context_identifier == "Cust777"


@pytest.mark.once
@pytest.mark.parametrize(
    "key",
    [
        "nonsense",
        "\n".join(KEY.splitlines()[:9]),
        KEY.replace("PRIVATE", "PUBLIC"),
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_a_private_key_that_cannot_be_read_is_refused_and_not_shown(browser: Client, key: str) -> None:
    page = said(browser, reverse(ADD["connection"]), {**AS_SYSTEM_USER, "private_key": key})
    assert "This private key cannot be read." in page
    assert KEY_LINE not in page
    assert "nonsense" not in page


def test_line_ends_of_a_browser_do_no_harm_to_a_private_key(browser: Client) -> None:
    row = add(browser, {**AS_SYSTEM_USER, "private_key": KEY.replace("\n", "\r\n")})
    assert row.private_key == KEY.strip()


@pytest.mark.once
@pytest.mark.parametrize(
    "address", ["http://desk.example/back", "https://user:pass@desk.example/", "nonsense"]
)
def test_a_redirect_address_that_would_show_a_code_is_refused(browser: Client, address: str) -> None:
    said(browser, reverse(ADD["connection"]), {**AS_USER, "redirect_uri": address})
    assert not Connection.objects.exists()


@pytest.mark.once
@pytest.mark.parametrize("address", ["https://desk.example/back", "https://desk.example/back/?x=1"])
def test_a_redirect_address_stays_as_it_was_entered(browser: Client, address: str) -> None:
    assert add(browser, {**AS_USER, "redirect_uri": address}).redirect_uri == address


@pytest.mark.once
def test_the_page_shows_the_address_to_register_and_begins_with_it(browser: Client) -> None:
    callback = "http://testserver" + reverse("superoffice_callback")
    page = browser.get(reverse(ADD["connection"])).content.decode()
    assert f"<code>{callback}</code>" in page
    assert f'value="{callback}"' in page


@pytest.mark.once
def test_the_login_address_is_none_of_an_administrators_business(browser: Client) -> None:
    row = add(browser, {**AS_USER, "login_url": "https://evil.example"})
    assert row.login_url == ""
    assert "login_url" not in browser.get(change_url(row)).content.decode()


# --- Installations of one's own -------------------------------------------------------------------------


@pytest.mark.once
def test_without_an_allowed_host_nobody_is_offered_an_installation_of_their_own(browser: Client) -> None:
    page = browser.get(reverse(ADD["connection"])).content.decode()
    for word in ('name="base_url"', 'value="onsite"', 'value="password"', "Installation of your own"):
        assert word not in page
    said(browser, reverse(ADD["connection"]), ONSITE)
    assert not Connection.objects.exists()


@pytest.mark.once
@pytest.mark.usefixtures("onsite")
def test_with_an_allowed_host_it_is_offered(browser: Client) -> None:
    page = browser.get(reverse(ADD["connection"])).content.decode()
    for word in ('name="base_url"', 'value="onsite"', 'value="password"', "Installation of your own"):
        assert word in page


@pytest.mark.once
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("https://evil.example/SuperOffice", "This host is not allowed."),
        ("https://crm.kehrwieder.example.evil.example/", "This host is not allowed."),
        ("https://crm.kehrwieder.example@evil.example/", "it must begin with https://."),
        ("http://crm.kehrwieder.example/SuperOffice", "it must begin with https://."),
        ("https://crm.kehrwieder.example/?to=evil", "it must begin with https://."),
        ("https://crm.kehrwieder.example:22/SuperOffice", "This host is not allowed."),
        ("http://127.0.0.1:6379/SuperOffice", "This host is not allowed."),
        ("http://127.0.0.1/SuperOffice", "This host is not allowed."),
    ],
)
@pytest.mark.usefixtures("onsite")
def test_an_installation_is_only_where_the_operator_allows_it(
    browser: Client, address: str, sentence: str
) -> None:
    assert sentence in said(browser, reverse(ADD["connection"]), {**ONSITE, "base_url": address})
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("address", "is_listed"),
    [
        ("https://crm.kehrwieder.example/SuperOffice", True),
        ("https://crm.kehrwieder.example:8443/SuperOffice", False),
        ("http://127.0.0.1:5000/SuperOffice", True),
        ("http://127.0.0.1:6379/SuperOffice", False),
    ],
)
@pytest.mark.usefixtures("onsite", "db")
def test_a_port_that_is_no_longer_listed_is_not_told_the_password(address: str, is_listed: bool) -> None:
    assert has_sign_in(stored(ONSITE, base_url=address)) == is_listed


@pytest.mark.once
@pytest.mark.parametrize(("environment", "way"), [("onsite", "refresh_token"), ("online", "password")])
@pytest.mark.usefixtures("onsite")
def test_environment_and_way_have_to_fit(browser: Client, environment: str, way: str) -> None:
    form = {**AS_USER, **ONSITE, "environment": environment, "way_in": way, "context_identifier": "Cust777"}
    answer = browser.post(reverse(ADD["connection"]), form)
    assert "way_in" in answer.context["adminform"].form.errors


# --- A stored secret goes only where it always went ------------------------------------------------------

MOVES = [
    (AS_USER, {"environment": "online"}),
    (AS_USER, {"context_identifier": "Cust778"}),
    (AS_USER, {"client_id": "another-client"}),
    (AS_USER, {"way_in": "system_user", "private_key": KEY}),
    (AS_SYSTEM_USER, {"environment": "online"}),
    (AS_SYSTEM_USER, {"way_in": "refresh_token"}),
    (ONSITE, {"base_url": "https://127.0.0.1/SuperOffice"}),
    (ONSITE, {"base_url": "https://crm.kehrwieder.example/Other"}),
    (ONSITE, {"username": "another"}),
]


@pytest.mark.once
@pytest.mark.parametrize("is_omitted", [False, True], ids=["empty", "not sent"])
@pytest.mark.parametrize(("way", "move"), MOVES)
@pytest.mark.usefixtures("onsite")
def test_a_stored_secret_is_never_sent_to_another_destination(
    browser: Client, way: dict[str, str], move: dict[str, str], is_omitted: bool
) -> None:
    row = stored(way)
    form = {**way, **NO_SECRETS, **move}
    if is_omitted:
        form = {name: value for name, value in form.items() if value or name not in NO_SECRETS}
    page = said(browser, change_url(row), form)
    assert MOVED in page
    assert CANARY not in page
    assert KEY_LINE not in page
    kept = Connection.objects.get()
    assert all(getattr(kept, name) == getattr(row, name) for name in way if name != "is_active")


@pytest.mark.parametrize("is_omitted", [False, True], ids=["empty", "not sent"])
@pytest.mark.parametrize(
    ("way", "move", "known", "given"),
    [
        (AS_USER, {"environment": "online"}, {"client_secret": "new"}, "refresh_token"),
        (
            AS_SYSTEM_USER,
            {"environment": "online"},
            {"client_secret": "new", "private_key": KEY},
            "system_user_token",
        ),
        (AS_SYSTEM_USER, {"way_in": "refresh_token"}, {"client_secret": "new"}, "system_user_token"),
    ],
)
def test_a_token_that_a_sign_in_gave_does_not_move_and_the_page_says_so(
    browser: Client,
    *,
    way: dict[str, str],
    move: dict[str, str],
    known: dict[str, str],
    given: str,
    is_omitted: bool,
) -> None:
    row = stored(way)
    form = {**way, **NO_SECRETS, **move, **known}
    if is_omitted:
        del form[given]
    accept(browser, change_url(row), form)
    row.refresh_from_db()
    assert (getattr(row, given), row.client_secret) == ("", "new")
    if "way_in" not in move:
        page = browser.get(change_url(row)).content.decode()
        assert "The sign-in belonged to the old values and is forgotten." in page


@pytest.mark.parametrize("way", [AS_USER, AS_SYSTEM_USER, ONSITE])
@pytest.mark.usefixtures("onsite")
def test_a_secret_that_is_entered_again_may_move(browser: Client, way: dict[str, str]) -> None:
    row = stored(way, context_identifier="Cust1")
    accept(browser, change_url(row), {**way, "context_identifier": "Cust2"})
    row.refresh_from_db()
    assert row.context_identifier == "Cust2"
    assert all(getattr(row, name) == way.get(name, "").strip() for name in NO_SECRETS)


@pytest.mark.parametrize("way", [AS_USER, AS_SYSTEM_USER, ONSITE])
@pytest.mark.usefixtures("onsite")
def test_what_is_no_destination_may_change_while_all_secrets_stay(
    browser: Client, way: dict[str, str]
) -> None:
    row = stored(way, context_identifier="Cust777")
    form = {**way, **NO_SECRETS, "context_identifier": "Cust777", "name": "Renamed", "is_active": ""}
    accept(browser, change_url(row), form)
    after = Connection.objects.get()
    assert (after.name, after.is_active) == ("Renamed", False)
    assert all(getattr(after, name) == getattr(row, name) for name in NO_SECRETS)


def test_a_row_with_a_login_address_of_its_own_asks_for_the_secrets_before_it_uses_superoffices(
    browser: Client,
) -> None:
    row = stored(AS_USER, login_url="https://login.example")
    assert MOVED in said(browser, change_url(row), {**AS_USER, **NO_SECRETS})
    accept(browser, change_url(row), AS_USER)
    row.refresh_from_db()
    assert row.login_url == ""


def test_an_installation_that_moves_online_leaves_nothing_behind(browser: Client, onsite: None) -> None:
    row = stored(ONSITE, context_identifier="crm")
    accept(browser, change_url(row), {**AS_USER, "base_url": ONSITE["base_url"], "username": "desk"})
    row.refresh_from_db()
    assert (row.base_url, row.username, row.password) == ("", "", "")


def test_where_no_installation_is_allowed_any_more_its_password_goes_with_the_next_change(
    browser: Client,
) -> None:
    row = stored(ONSITE, context_identifier="crm")
    accept(browser, change_url(row), AS_USER)
    row.refresh_from_db()
    assert (row.environment, row.base_url, row.password) == ("sod", "", "")


def test_other_peoples_sign_ins_do_not_follow_to_another_app_or_tenant(
    browser: Client, people: People
) -> None:
    row = stored(AS_USER)
    own = {"connection": row, "associate_id": 5, "signed_in_at": timezone.now(), "refresh_token": CANARY}
    PersonalSignIn.objects.create(user=people.jonas, **own)
    accept(browser, change_url(row), {**AS_USER, "name": "Renamed"})
    assert PersonalSignIn.objects.count() == 1
    accept(browser, change_url(row), {**AS_USER, "client_id": "another"})
    assert PersonalSignIn.objects.count() == 0
    assert "own sign-in belonged to the old values" in browser.get(change_url(row)).content.decode()


# --- What was learnt with old values is dropped -----------------------------------------------------------


def learnt(row: Connection) -> dict[str, Any]:
    """Write everything that a worker learns into the row."""
    moment = timezone.now() + timedelta(hours=1)
    values: dict[str, Any] = {
        "access_token": "Bearer 8A:Cust777.old",
        "access_token_expires_at": moment,
        "renewal_by": "somebody",
        "renewal_until": moment,
        "refusal": {"code": "needs_consent", "at": moment.isoformat(), "known": {}},
        "tenant_state": {"state": "Running", "endpoint": "https://sod3.superoffice.com/Cust777"},
        "acts_as": "Jonas Weber",
        "problem_code": "needs_consent",
        "problem_detail": "revoked",
        "problem_at": moment,
    }
    Connection.objects.filter(pk=row.pk).update(**values)
    return values


@pytest.mark.parametrize(
    "change",
    [
        {"client_secret": "new"},
        {"refresh_token": "new"},
        {"redirect_uri": "https://desk.example/other/"},
        {"client_id": "other", "client_secret": "new", "refresh_token": "new"},
        {"environment": "stage", "client_secret": "new"},
    ],
)
def test_a_change_that_matters_drops_what_was_learnt(browser: Client, change: dict[str, str]) -> None:
    row = stored(AS_USER)
    names = learnt(row)
    accept(browser, change_url(row), {**AS_USER, **NO_SECRETS, **change})
    row.refresh_from_db()
    assert {name: getattr(row, name) for name in names if getattr(row, name)} == {}
    assert row.settings_version == 1, "who still works with the old values is found out"


def test_a_new_name_drops_nothing(browser: Client) -> None:
    row = stored(AS_USER)
    values = learnt(row)
    accept(browser, change_url(row), {**AS_USER, **NO_SECRETS, "name": "Renamed"})
    row.refresh_from_db()
    assert {name: getattr(row, name) for name in values} == values
    assert row.settings_version == 0


# --- No secret in the HTML --------------------------------------------------------------------------------

EVERY_SECRET = (
    "client_secret",
    "refresh_token",
    "access_token",
    "system_user_token",
    "private_key",
    "password",
)


PAGES = ("change", "history", "delete", "test", "changelist", "add", "refused form", "connection", "index")


@pytest.fixture
def rows(people: People) -> dict[str, Connection]:
    """One connection of each origin, with a value of its own in every secret column."""
    made = {
        origin: stored(AS_USER, origin=origin, **{name: f"{CANARY}-{name}" for name in EVERY_SECRET})
        for origin in Origin.values
    }
    LogEntry.objects.log_actions(
        user_id=people.administrator.pk,
        queryset=Connection.objects.all(),
        action_flag=2,
        change_message=[{"changed": {"fields": list(EVERY_SECRET)}}],
    )
    return made


def page_of(browser: Client, page: str, row: Connection) -> Any:
    """The answer to a request for this page; "test" fails, because there is nobody at the login address."""
    if page == "refused form":
        return browser.post(change_url(row), {**AS_USER, "redirect_uri": "wrong", "client_secret": CANARY})
    if page == "test":
        Connection.objects.update(login_url="http://127.0.0.1:1")
        return browser.post(change_url(row, "test"), follow=True)
    if page in {"changelist", "add"}:
        return browser.get(reverse(f"admin:connector_connection_{page}"))
    return browser.get(
        reverse({"connection": "connection", "index": "admin:index"}[page])
        if page in {"connection", "index"}
        else change_url(row, page)
    )


@pytest.mark.once
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("onsite")
def test_no_page_of_a_connection_shows_a_secret(
    browser: Client, rows: dict[str, Connection], page: str
) -> None:
    for origin, row in rows.items():
        answer = page_of(browser, page, row)
        is_allowed = page != "delete" and (page, origin != Origin.ADMIN) != ("refused form", True)
        assert answer.status_code == (200 if is_allowed else 403)
        told = answer.content.decode() + str(answer.headers)
        assert [name for name in EVERY_SECRET if f"{CANARY}-{name}" in told] == []
        assert CANARY not in told
        assert "gAAAA" not in told


@pytest.mark.once
@pytest.mark.parametrize("secret", ["client_secret", "refresh_token", "private_key", "password"])
@pytest.mark.usefixtures("onsite")
def test_a_refused_form_does_not_send_a_secret_back(browser: Client, secret: str) -> None:
    page = said(browser, reverse(ADD["connection"]), {**AS_SYSTEM_USER, secret: CANARY, "name": ""})
    assert CANARY not in page
    assert KEY_LINE not in page


AGAIN = "Empty again for safety: please enter it once more."


def fields_to_fill_again(page: Any) -> set[str]:
    form = page.context["adminform"].form
    return {name for name in NO_SECRETS if name in form.fields and AGAIN in form[name].help_text}


@pytest.mark.once
@pytest.mark.parametrize("way", [AS_USER, AS_SYSTEM_USER, ONSITE])
@pytest.mark.usefixtures("onsite")
def test_a_refused_form_says_which_secrets_to_enter_again(browser: Client, way: dict[str, str]) -> None:
    entered = {name for name in NO_SECRETS if way.get(name)}
    refused = browser.post(reverse(ADD["connection"]), {**way, "name": ""})
    assert fields_to_fill_again(refused) == entered
    assert refused.content.decode().count(AGAIN) == len(entered)
    empty = browser.post(reverse(ADD["connection"]), {**way, **NO_SECRETS, "name": ""})
    assert fields_to_fill_again(empty) == set()
    assert AGAIN not in browser.get(reverse(ADD["connection"])).content.decode()


@pytest.mark.once
def test_a_secret_that_is_wrong_itself_gets_its_own_sentence_only(browser: Client) -> None:
    page = browser.post(reverse(ADD["connection"]), {**AS_SYSTEM_USER, "private_key": "nonsense"})
    assert "This private key cannot be read." in page.content.decode()
    assert fields_to_fill_again(page) == {"client_secret", "system_user_token"}


@pytest.mark.once
def test_a_refused_mailbox_asks_for_its_password_again(browser: Client, mailbox_url: str) -> None:
    assert AGAIN in said(browser, mailbox_url, {**MAILBOX, "port": "0"})
    assert AGAIN not in said(browser, mailbox_url, {**MAILBOX, "port": "0", "password": ""})


# --- The demo's login ends with the demo --------------------------------------------------------------------

ENDS = "Your demo login ends as soon as another tenant is in use."
FIRST = "First add a user of your own"


@pytest.fixture
def demo_browser(browser: Client, people: People, connection: Connection) -> Client:
    """The demo's administrator, while the demo tenant is in use."""
    DemoLogin.objects.create(user=people.administrator)
    return browser


def own_user(*, role: str = "", **values: Any) -> User:
    user = User.objects.create(
        **{"username": "chef", "is_staff": True, "password": make_password("x"), **values}
    )
    user.groups.set(Group.objects.filter(name=role))
    return user


def test_the_demos_administrator_does_not_lock_the_own_door(demo_browser: Client) -> None:
    url = reverse(ADD["connection"])
    for page in (demo_browser.get(url).content.decode(), said(demo_browser, url, AS_USER)):
        assert ENDS in page
        assert FIRST in page
        assert f'<a href="{reverse("admin:auth_user_changelist")}">' in page
    refused = demo_browser.post(url, AS_USER)
    assert list(refused.context["adminform"].form.errors) == ["is_active"]
    assert not Connection.objects.filter(origin=Origin.ADMIN).exists()
    assert demo_browser.get("/").status_code == 200


def test_what_is_not_in_use_yet_may_be_saved_and_is_refused_when_it_would_be(demo_browser: Client) -> None:
    row = add(demo_browser, {**AS_USER, "is_active": ""})
    assert FIRST in demo_browser.get(change_url(row)).content.decode()
    assert FIRST in said(demo_browser, change_url(row), AS_USER)
    row.refresh_from_db()
    assert not row.is_active
    own_user(role=roles.ADMINISTRATOR)
    accept(demo_browser, change_url(row), AS_USER)


@pytest.mark.parametrize("values", [{"role": roles.ADMINISTRATOR}, {"is_superuser": True}], ids=str)
def test_with_an_administrator_of_ones_own_the_real_tenant_takes_over(
    demo_browser: Client, values: dict[str, Any]
) -> None:
    own_user(**values)
    page = demo_browser.get(reverse(ADD["connection"])).content.decode()
    assert ENDS in page
    assert FIRST not in page
    add(demo_browser, AS_USER)
    page = demo_browser.get("/", follow=True).content.decode()
    assert "The demo logins are locked since a real tenant is in use." in page
    assert "invented customers" not in page


@pytest.mark.once
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"role": roles.APPROVER},
        {"role": roles.ADMINISTRATOR, "is_active": False},
        {"role": roles.ADMINISTRATOR, "is_staff": False},
        {"role": roles.ADMINISTRATOR, "password": f"{UNUSABLE_PASSWORD_PREFIX}none"},
        {"is_superuser": True, "is_active": False},
    ],
    ids=str,
)
def test_somebody_who_could_not_open_the_administration_is_not_enough(
    demo_browser: Client, values: dict[str, Any]
) -> None:
    own_user(**values)
    assert FIRST in said(demo_browser, reverse(ADD["connection"]), AS_USER)


def test_another_login_of_the_demo_is_not_enough(demo_browser: Client) -> None:
    DemoLogin.objects.create(user=own_user(role=roles.ADMINISTRATOR))
    assert FIRST in said(demo_browser, reverse(ADD["connection"]), AS_USER)


def test_a_login_of_ones_own_is_told_nothing_about_the_demos(browser: Client, connection: Connection) -> None:
    assert ENDS not in browser.get(reverse(ADD["connection"])).content.decode()
    add(browser, AS_USER)


def test_rows_of_the_environment_are_shown_and_not_changed(browser: Client) -> None:
    row = stored(AS_USER, origin=Origin.ENVIRONMENT, login_url="https://login.example")
    page = browser.get(change_url(row)).content.decode()
    assert "https://login.example" in page
    assert 'name="_save"' not in page
    assert browser.post(change_url(row), {**AS_USER, "client_secret": "other"}).status_code == 403
    row.refresh_from_db()
    assert row.client_secret == CANARY


@pytest.mark.once
@pytest.mark.parametrize("origin", [Origin.ADMIN, Origin.ENVIRONMENT, Origin.DEMO])
def test_no_page_of_a_mailbox_shows_its_password(browser: Client, origin: str) -> None:
    row = Mailbox.objects.create(**{**MAILBOX, "is_active": True, "port": 587, "origin": origin})
    urls = [change_url(row), change_url(row, "history"), change_url(row, "delete"), reverse("mailboxes")]
    urls += [reverse("admin:connector_mailbox_changelist"), reverse(ADD["mailbox"])]
    pages = [browser.get(url) for url in urls]
    pages.append(browser.post(change_url(row), {**MAILBOX, "from_address": "wrong"}))
    for page in pages:
        assert CANARY not in page.content.decode()
        assert "gAAAA" not in page.content.decode()


# --- Mailboxes --------------------------------------------------------------------------------------------


@pytest.fixture
def mailbox_url(browser: Client) -> str:
    """The change page of a mailbox whose password is the canary."""
    accept(browser, reverse(ADD["mailbox"]), MAILBOX)
    return change_url(Mailbox.objects.get(name="Shared"))


@pytest.mark.once
@pytest.mark.parametrize("left_out", ["username", "password"])
def test_a_mailbox_needs_user_and_password_together(browser: Client, left_out: str) -> None:
    page = said(browser, reverse(ADD["mailbox"]), {**MAILBOX, left_out: ""})
    assert page.count("A user name and a password go together.") == 1
    assert CANARY not in page


def test_a_server_that_knows_us_needs_neither(browser: Client) -> None:
    accept(browser, reverse(ADD["mailbox"]), {**MAILBOX, "username": "", "password": ""})
    assert Mailbox.objects.get(name="Shared").password == ""


@pytest.mark.once
@pytest.mark.parametrize(
    "destination",
    [{"host": "evil.example"}, {"port": "2525"}, {"security": "tls"}, {"username": "another"}],
)
def test_a_mailbox_password_is_never_sent_to_another_server(
    browser: Client, mailbox_url: str, destination: dict[str, str]
) -> None:
    page = said(browser, mailbox_url, {**MAILBOX, "password": "", **destination})
    assert page.count(MOVED) == 1
    assert "go together" not in page
    row = Mailbox.objects.get(name="Shared")
    kept = (row.host, row.port, row.security, row.username)
    assert kept == ("mail.kehrwieder.example", 587, "starttls", "sales")
    accept(browser, mailbox_url, {**MAILBOX, **destination, "password": "new"})
    assert Mailbox.objects.get(name="Shared").password == "new"


def test_a_mailbox_password_stays_while_the_sender_changes(browser: Client, mailbox_url: str) -> None:
    accept(browser, mailbox_url, {**MAILBOX, "password": "", "from_name": "Sales", "is_paused": "on"})
    row = Mailbox.objects.get(name="Shared")
    assert (row.from_name, row.is_paused, row.password) == ("Sales", True, CANARY)


@pytest.mark.parametrize("is_omitted", [False, True], ids=["empty", "not sent"])
def test_a_mailbox_without_user_forgets_its_password(
    browser: Client, mailbox_url: str, is_omitted: bool
) -> None:
    form = {**MAILBOX, "host": "relay.kehrwieder.example", "username": "", "password": ""}
    if is_omitted:
        del form["password"]
    accept(browser, mailbox_url, form)
    assert Mailbox.objects.get(name="Shared").password == ""


@pytest.mark.once
def test_mail_never_leaves_unencrypted_by_an_administrators_choice(browser: Client) -> None:
    assert 'value="none"' not in browser.get(reverse(ADD["mailbox"])).content.decode()
    said(browser, reverse(ADD["mailbox"]), {**MAILBOX, "security": "none"})


@pytest.mark.once
def test_this_machine_is_no_mail_server_of_an_administrator(
    browser: Client, known_hosts: dict[str, list[str]]
) -> None:
    known_hosts["rebound.kehrwieder.example"] = ["10.0.0.9", "127.0.0.1"]
    for host in ("localhost", "127.0.0.1", "::ffff:127.0.0.1", "2130706433", "rebound.kehrwieder.example."):
        page = said(browser, reverse(ADD["mailbox"]), {**MAILBOX, "host": host})
        assert "This leads to the machine that Sales Desk runs on" in page
    assert not Mailbox.objects.filter(name="Shared").exists()


@pytest.mark.once
def test_a_mail_server_is_a_name_and_nothing_more(browser: Client) -> None:
    for host in ("smtp://mail.example", "mail.example:587", "mail example"):
        page = said(browser, reverse(ADD["mailbox"]), {**MAILBOX, "host": host})
        assert "Only the name of the server" in page


@pytest.mark.once
@pytest.mark.parametrize("host", ["10.0.0.25", "fd12:3456::25", "not-there-yet.kehrwieder.example"])
def test_private_networks_and_unknown_names_may_be_entered(browser: Client, host: str) -> None:
    accept(browser, reverse(ADD["mailbox"]), {**MAILBOX, "host": host})


def test_name_servers_are_asked_before_the_transaction_and_for_names_only(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []
    depth = len(database.savepoint_ids)

    def look_up(host: str) -> list[str]:
        asked.append((host, len(database.savepoint_ids) - depth))
        return []

    monkeypatch.setattr(hosts, "look_up", look_up)
    for host in ("smtp://mail.example", "127.0.0.1"):
        said(browser, reverse(ADD["mailbox"]), {**MAILBOX, "host": host})
    assert asked == []
    accept(browser, reverse(ADD["mailbox"]), MAILBOX)
    assert (MAILBOX["host"], 0) in asked
    assert {nested for _host, nested in asked} == {0}


@pytest.mark.parametrize("origin", Origin.values)
def test_a_name_that_leads_to_this_machine_only_later_is_not_asked(db: None, origin: str) -> None:
    """What the form found allowed may lead elsewhere by now; only the operator may name this machine."""
    greeted = threading.Event()

    def greet(dialogue: Dialogue) -> None:
        greeted.set()
        hang_up(dialogue)

    with ScriptedServer({"connect": greet}) as server:
        values = {**MAILBOX, "is_active": True, "host": "localhost", "origin": origin}
        row = Mailbox.objects.create(**{**values, "port": server.port})
        trouble = check_mailbox(row)
        is_asked = greeted.wait(0.2)
    assert trouble is not None
    assert is_asked == (origin != Origin.ADMIN)
    if not is_asked:
        assert (trouble.code, trouble.detail) == ("smtp_configuration", "This address is not allowed")


# --- Test now ---------------------------------------------------------------------------------------------


@pytest.fixture
def ready(browser: Client, connection: Connection) -> Client:
    return browser


@pytest.mark.once
def test_testing_a_connection_shows_that_it_works(ready: Client, connection: Connection) -> None:
    page = ready.post(change_url(connection, "test"), follow=True)
    assert page.redirect_chain == [(change_url(connection) + "#test", 302)]
    text = page.content.decode()
    assert "Works" in text
    assert "Test now" in text


@pytest.mark.once
def test_testing_a_connection_shows_both_sentences_and_what_was_said(
    ready: Client, connection: Connection, demo_tenant: DemoTenant
) -> None:
    Connection.objects.update(client_secret="wrong-" + CANARY)
    text = ready.post(change_url(connection, "test"), follow=True).content.decode().replace("&#x27;", "'")
    assert "SuperOffice does not know this installation." in text
    assert "Client id or client secret is wrong for this environment." in text
    assert "What the other side said:" in text
    assert CANARY not in text


@pytest.mark.once
def test_with_htmx_only_the_result_comes_back(ready: Client, connection: Connection) -> None:
    answer = ready.post(change_url(connection, "test"), headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'id="test"' in text
    assert "<html" not in text
    assert "Works" in text


def test_the_stored_values_are_tested_and_the_form_is_not_read(ready: Client, connection: Connection) -> None:
    ready.post(change_url(connection, "test"), {"client_secret": "other", "name": "Other"})
    connection.refresh_from_db()
    assert (connection.name, connection.problem_code) == ("Demo", "")
    assert connection.worked_at is not None


def test_testing_a_mailbox_shows_how_it_went(
    browser: Client, mail_server: MailCatcher, people: People
) -> None:
    mailbox = Mailbox.objects.order_by("pk")[0]
    assert "Works" in browser.post(change_url(mailbox, "test"), follow=True).content.decode()
    assert mail_server.messages() == []
    with ScriptedServer({"auth": f"535 5.7.8 go away with {CANARY}"}, features=("AUTH PLAIN",)) as server:
        Mailbox.objects.update(port=server.port, username="jonas", password=CANARY)
        text = browser.post(change_url(mailbox, "test"), follow=True).content.decode()
    assert "The mail server does not accept our sign-in." in text
    assert "User or password is refused" in text
    assert "go away" in text
    assert CANARY not in text


@pytest.mark.once
def test_testing_is_a_post_with_a_csrf_token(people: People, connection: Connection) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.administrator)
    for row in (connection, Mailbox.objects.order_by("pk")[0]):
        assert strict.get(change_url(row, "test")).status_code == 405
        assert strict.post(change_url(row, "test")).status_code == 403


@pytest.mark.once
def test_testing_is_for_administrators(
    client: Client, people: People, connection: Connection, demo_tenant: DemoTenant
) -> None:
    for user in (people.viewer, people.jonas, people.approver, people.outsider):
        for is_staff in (False, True):
            User.objects.filter(pk=user.pk).update(is_staff=is_staff)
            client.force_login(user)
            assert client.post(change_url(connection, "test")).status_code in {302, 403}
    assert demo_tenant.requests == []


@pytest.mark.once
def test_testing_what_is_not_there_says_so(browser: Client) -> None:
    assert browser.post(reverse("admin:connector_connection_test", args=[4711])).status_code == 404


# --- Personal sign-ins ------------------------------------------------------------------------------------


@pytest.fixture
def sign_in(people: People, connection: Connection) -> PersonalSignIn:
    return PersonalSignIn.objects.create(
        user=people.jonas,
        connection=connection,
        associate_id=5,
        email="jonas@kehrwieder.example",
        signed_in_at=timezone.now(),
        refresh_token=CANARY,
        access_token=f"Bearer {CANARY}",
    )


def test_sign_ins_are_listed_and_shown_without_their_tokens(browser: Client, sign_in: PersonalSignIn) -> None:
    urls = [reverse("admin:connector_personalsignin_changelist")]
    urls += [change_url(sign_in, page) for page in ("change", "history", "delete")]
    for url in urls:
        page = browser.get(url)
        assert page.status_code == 200
        assert CANARY not in page.content.decode()
        assert "gAAAA" not in page.content.decode()
        assert "jonas" in page.content.decode()


def test_a_sign_in_is_neither_made_nor_changed_by_somebody_else(
    browser: Client, sign_in: PersonalSignIn
) -> None:
    assert browser.get(reverse("admin:connector_personalsignin_add")).status_code == 403
    assert browser.post(change_url(sign_in), {"email": "other@example.com"}).status_code == 403


def test_a_sign_in_can_be_forgotten(browser: Client, sign_in: PersonalSignIn) -> None:
    assert browser.post(change_url(sign_in, "delete"), {"post": "yes"}).status_code == 302
    assert not PersonalSignIn.objects.exists()
    assert Connection.objects.exists()
    assert User.objects.filter(username="jonas").exists()


# --- The admin as a whole ---------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(
    "path", ["django_q/schedule/add/", "django_q/ormq/", "django_q/success/", "axes/accesslog/"]
)
def test_the_queue_and_the_sign_in_log_are_not_in_the_admin(browser: Client, path: str) -> None:
    assert browser.get(f"/admin/{path}").status_code == 404


@pytest.mark.once
def test_other_pages_of_the_admin_have_no_test_button(browser: Client, people: People) -> None:
    row = Representative.objects.get(user=people.jonas)
    page = browser.get(reverse("admin:connector_representative_change", args=[row.pk]))
    assert page.status_code == 200
    assert "Test now" not in page.content.decode()


@pytest.mark.once
@pytest.mark.parametrize("path", ["capability", "apicall", "callpace", "heartbeat", "demologin"])
def test_what_sales_desk_writes_itself_is_not_in_the_admin(browser: Client, path: str) -> None:
    assert browser.get(f"/admin/connector/{path}/").status_code == 404


def test_a_connection_that_has_worked_stays_with_its_tenant(browser: Client) -> None:
    row = stored(AS_USER, context_identifier="Cust1")
    ApiCall.objects.create(
        connection=row, at=timezone.now(), method="GET", operation="Sale", outcome="ok", milliseconds=1
    )
    page = browser.post(change_url(row), {**AS_USER, "context_identifier": "Cust2"}).content.decode()
    assert "This connection has worked with Cust1" in page
    row.refresh_from_db()
    assert row.context_identifier == "Cust1"
