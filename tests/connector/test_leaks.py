"""No secret comes out: planted in every place where one lives, looked for in everything that is written or shown.

The first test is the hunt; the ones behind it plant leaks on purpose, to show that the hunt would see them.
"""

import base64
import html
import json
import logging
import pickle
import re
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import django_q.monitor
import django_q.worker
import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.urls import Resolver404, resolve, reverse
from django_q.models import OrmQ
from django_q.tasks import _sync, async_task
from pytest_django.fixtures import Settings

from config.schedules import FIXED, ensure_schedules
from connector import hosts, sign_in_views
from connector.admin import ConnectionAdmin
from connector.demo import registration
from connector.demo.tenant import DemoTenant
from connector.jobs import enqueue
from connector.models import Connection, Mailbox, PersonalSignIn
from connector.superoffice.transport import Transport
from outreach.models import MailTemplate
from reports.models import Report
from reports.runs import services as reports
from tests.conftest import People
from tests.connector.leaks import Hunt, HuntingClient
from tests.connector.smtp.scripted_server import ScriptedServer
from tests.connector.test_sign_in import CALLBACK, HOST, Browser
from tests.outreach.conftest import BODY
from tests.outreach.desk import Desk

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(120)]

WAYS = ("refresh_token", "system_user", "password")
# What the demo tenant agrees on with its callers, by the name that the hunt reports.
AGREED = {
    "client secret": "CLIENT_SECRET",
    "refresh token": "REFRESH_TOKEN",
    "system user token": "SYSTEM_USER_TOKEN",
    "password": "ONSITE_PASSWORD",
}
PER_PAGE = 2  # so many addresses of one kind are opened


def canary(name: str) -> str:
    """A secret whose URL- and HTML-encoded forms differ from it, and that looks like no known token."""
    return f"Canary+{name.title().replace(' ', '')}/Zq8&K3x"


# --- Planting ------------------------------------------------------------------------------------------


@pytest.fixture
def hunt(monkeypatch: pytest.MonkeyPatch, demo_tenant: DemoTenant) -> Iterator[Hunt]:
    """Everything that the demo tenant accepts is a canary; every log record passes by the hunt."""
    hunt = Hunt()
    demo = [module for name, module in sys.modules.items() if name.startswith("connector.demo.")]
    for name, constant in AGREED.items():
        hunt.plant(name, canary(name))
        for module in demo:
            if hasattr(module, constant):
                monkeypatch.setattr(module, constant, canary(name))
    hunt.plant("mailbox password", canary("mailbox password"))
    hunt.plant("private key", demo_tenant.private_key.splitlines()[5])
    with hunt.logs():
        yield hunt


@pytest.fixture
def planted(
    connection: Connection,
    hunt: Hunt,
    demo_tenant: DemoTenant,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Connection:
    """The demo connection with a canary in each of its secrets, used or not."""
    settings.SUPEROFFICE_ONSITE_HOSTS = [urlsplit(demo_tenant.onsite_url).netloc]
    settings.SUPEROFFICE_CALLS_PER_SECOND = 1000
    # Nobody waits for what fails here on purpose.
    defaults: Any = Transport.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "sleep", lambda seconds: None)
    settings.APPROVAL_HOLD = 0
    settings.SMTP_ANSWER_TIMEOUT = 1
    settings.DEMO_PARTS = ["mail", "tenant"]
    Connection.objects.update(
        client_secret=hunt.secrets["client secret"],
        refresh_token=hunt.secrets["refresh token"],
        system_user_token=hunt.secrets["system user token"],
        private_key=demo_tenant.private_key,
        password=hunt.secrets["password"],
        username=registration.ONSITE_USER,
        redirect_uri=CALLBACK,
    )
    connection.refresh_from_db()
    return connection


@pytest.fixture
def browser(hunt: Hunt, people: People, monkeypatch: pytest.MonkeyPatch) -> HuntingClient:
    """An administrator's, who reads English."""
    monkeypatch.setattr(hosts, "look_up", lambda host: [])
    client = HuntingClient(
        raise_request_exception=False, headers={"accept-language": "en"}, HTTP_HOST=HOST["HTTP_HOST"]
    )
    client.hunt = hunt
    client.force_login(people.administrator)
    return client


def enter_by(row: Connection, way: str, tenant: DemoTenant) -> None:
    onsite = {"environment": "onsite", "base_url": tenant.onsite_url}
    values: dict[str, str] = onsite if way == "password" else {}
    Connection.objects.filter(pk=row.pk).update(way_in=way, **values)
    row.refresh_from_db()


def plant_tokens(hunt: Hunt) -> None:
    """What SuperOffice has handed out meanwhile is a secret as well."""
    for row in (*Connection.objects.all(), *PersonalSignIn.objects.all()):
        token = row.access_token.partition(" ")[2]
        if token and token not in hunt.secrets.values():
            hunt.plant(f"access token {len(hunt.secrets)}", token)
        if row.refresh_token and row.refresh_token not in hunt.secrets.values():
            hunt.plant(f"refresh token {len(hunt.secrets)}", row.refresh_token)


# --- Doing everything ----------------------------------------------------------------------------------


def test_no_secret_comes_out_of_a_whole_day(  # noqa: PLR0917 (fixtures)
    hunt: Hunt,
    planted: Connection,
    browser: HuntingClient,
    people: People,
    demo_tenant: DemoTenant,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    sign_in_everybody(hunt, planted, browser, people)
    with ScriptedServer(features=("AUTH PLAIN", "8BITMIME")) as server:
        Mailbox.objects.update(
            host="127.0.0.1", port=server.port, username="jonas", password=hunt.secrets["mailbox password"]
        )
        work_a_day(hunt, planted, people, demo_tenant)
    hunt.saw("a sent mail", server.accepted[0])
    fail_in_every_way(hunt, planted, browser, demo_tenant)
    fail_at_the_mail_server(hunt, browser)
    run_the_jobs(hunt, browser, planted, monkeypatch)
    type_the_commands(hunt)
    open_every_page(browser)
    break_down(browser, settings, monkeypatch)
    plant_tokens(hunt)
    hunt.database()
    for name, text in zip(("stdout", "stderr"), capfd.readouterr(), strict=True):
        hunt.saw(name, text)
    assert_nothing_came_out(hunt)
    assert_everything_was_seen(hunt)


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_of_a_way_in_comes_out(
    way: str, hunt: Hunt, planted: Connection, browser: HuntingClient, demo_tenant: DemoTenant
) -> None:
    enter_by(planted, way, demo_tenant)
    answer = browser.post(reverse("admin:connector_connection_test", args=[planted.pk]), follow=True)
    assert "Works" in answer.content.decode()
    plant_tokens(hunt)
    fail_in_every_way(hunt, planted, browser, demo_tenant)
    for name in ("connection", "home", "jobs"):
        browser.get(reverse(name))
    type_the_commands(hunt)
    plant_tokens(hunt)
    hunt.database()
    assert_nothing_came_out(hunt)


def assert_nothing_came_out(hunt: Hunt) -> None:
    leaks = hunt.found()
    assert not leaks, "\n".join(leaks)


def sign_in_everybody(hunt: Hunt, row: Connection, browser: HuntingClient, people: People) -> None:
    """The connection's sign-in by the administrator and Jonas's own, each with its code."""
    jonas = HuntingClient(raise_request_exception=False, HTTP_HOST=HOST["HTTP_HOST"])
    jonas.hunt = hunt
    jonas.force_login(people.jonas)
    for client, url in (
        (browser, reverse("connection_sign_in", args=[row.pk])),
        (jonas, reverse("my_sign_in_begin")),
    ):
        person = Browser(client)
        query = person.approve(person.begin(url), "Jonas Weber")
        hunt.plant(f"authorization code {len(hunt.secrets)}", query["code"])
        assert "You are signed in with SuperOffice." in person.come_back(query)
        person.come_back(query)  # the same code once more
        person.come_back({"error": "access_denied", "error_description": f"code={query['code']}"})
    row.refresh_from_db()
    assert PersonalSignIn.objects.get(user=people.jonas).refresh_token
    plant_tokens(hunt)
    open_linked_pages(jonas, reverse("my_sign_in"))


def work_a_day(hunt: Hunt, row: Connection, people: People, tenant: DemoTenant) -> None:
    """A report is run; a mail is written, approved, sent and filed."""
    template = MailTemplate.objects.create(
        name="Rückfrage",
        language="de",
        legal_basis=MailTemplate.LegalBasis.CONTRACT,
        subject="Rückfrage zu Ihrem Auftrag",
        body=BODY,
    )
    run = reports.start_run(report=Report.objects.create(name="Robots", limit=40))
    assert run is not None
    reports.work_on_run(run.pk)
    desk = Desk(people, row, tenant, template)
    message = desk.message()
    desk.dispatch()
    assert desk.fresh(message).status == "sent"
    assert desk.archive(message)
    fail_in_jonas_name(desk)
    for document in desk.documents():
        hunt.saw("a document in SuperOffice", document.content)


def fail_in_jonas_name(desk: Desk) -> None:
    """SuperOffice does not take his sign-in any more and says so with all that it was told."""
    message = desk.in_state("sent")
    own = PersonalSignIn.objects.get(user=desk.people.jonas)
    told = [own.refresh_token, desk.connection.client_secret]
    PersonalSignIn.objects.update(access_token="", access_token_expires_at=None)
    lost = json.dumps({"error": "invalid_grant", "error_description": f"No more of {' '.join(told)}"})
    desk.tenant.faults.answer_status("/login/", 400, lost, times=1)
    assert desk.archive(message)  # in the name of the connection
    own.refresh_from_db()
    assert own.problem_detail
    PersonalSignIn.objects.update(problem_code="")


# --- Failing ---------------------------------------------------------------------------------------------


def fail_in_every_way(hunt: Hunt, row: Connection, browser: HuntingClient, tenant: DemoTenant) -> None:
    """Each failure of each host tells us everything that we told it."""
    row.refresh_from_db()
    told = what_we_tell(hunt, row)
    test = reverse("admin:connector_connection_test", args=[row.pk])
    for path in ("/login/", "/api/state", "/User"):
        for status, kind, body in failures(told):
            tenant.faults.answer_status(path, status, body, times=None, content_type=kind)
            browser.post(test, headers={"HX-Request": "true"})
            tenant.faults.clear()
    tenant.faults.answer_status("/", 500, failures(told)[2][2], times=None)
    run = reports.start_run(report=Report.objects.get_or_create(name="Failing", limit=40)[0])
    assert run is not None
    reports.work_on_run(run.pk)
    browser.get(reverse("run", args=[run.pk]))
    tenant.faults.clear()
    plant_tokens(hunt)


def what_we_tell(hunt: Hunt, row: Connection) -> list[str]:
    """The secrets that travel by this way in, as they travel."""
    token = row.access_token.partition(" ")[2]
    if row.way_in == "password":
        pair = f"{row.username}:{row.password}".encode()
        return [row.password, f"Authorization: Basic {base64.b64encode(pair).decode()}"]
    if row.way_in == "system_user":
        return [row.client_secret, row.system_user_token, token]
    return [row.client_secret, row.refresh_token, token]


def failures(told: list[str]) -> list[tuple[int, str, str]]:
    """Status, content type and body of what a server may answer with that repeats the request."""
    plain = " ".join(told)
    encoded = "&".join(f"field{number}={quote_plus(one)}" for number, one in enumerate(told))
    words = f"You sent {plain} and {encoded}"
    error = json.dumps({"Error": True, "ErrorType": "SoSessionException", "ErrorMessage": words})
    refusal = json.dumps({"error": "invalid_request", "error_description": words})
    page = f"<html><body><h1>Sorry</h1><p>{html.escape(words)}</p></body></html>"
    return [
        (401, "application/json", refusal),
        (403, "application/json", error),
        (500, "application/json", error),
        (500, "text/html; charset=utf-8", page),
        (200, "text/html; charset=utf-8", page),
        (200, "application/json", json.dumps(words)),
        (400, "text/plain", words),
    ]


def fail_at_the_mail_server(hunt: Hunt, browser: HuntingClient) -> None:
    """It repeats the sign-in that it refuses, as it came and decoded."""
    secret = hunt.secrets["mailbox password"]
    pair = base64.b64encode(f"\0jonas\0{secret}".encode()).decode()
    with ScriptedServer(
        {"auth": f"535 5.7.8 no: AUTH PLAIN {pair} is {secret}"}, features=("AUTH PLAIN",)
    ) as server:
        Mailbox.objects.update(port=server.port)
        mailbox = Mailbox.objects.order_by("pk")[0]
        answer = browser.post(reverse("admin:connector_mailbox_test", args=[mailbox.pk]), follow=True)
    assert "5.7.8 no" in answer.content.decode()


# --- Jobs and commands -----------------------------------------------------------------------------------


def run_the_jobs(
    hunt: Hunt, browser: HuntingClient, row: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits in the queue is read as it lies there, then run as the worker runs it."""
    for part in (django_q.worker, django_q.monitor):  # the test's database stays open
        monkeypatch.setattr(part, "close_old_django_connections", lambda: None)
    ensure_schedules()
    enqueue("connector.tasks.probe", row.pk, 0, cluster="reports")
    enqueue("connector.tasks.trial", row.pk, 0, cluster="reports")
    enqueue("connector.tasks.not_there", row.pk, cluster="reports")
    for entry in FIXED:
        enqueue(entry.function, cluster=entry.cluster)
    hunt.database()
    for job in OrmQ.objects.order_by("pk"):
        _sync(job.payload)
        job.delete()
    browser.get(reverse("jobs"))


def type_the_commands(hunt: Hunt) -> None:
    for command in (["check_connection"], ["check_connection", "--json"], ["rotate_keys"], ["list_products"]):
        told = StringIO()
        try:
            call_command(*command, stdout=told, stderr=told)
        except (SystemExit, CommandError) as end:
            told.write(str(end))
        hunt.saw(f"command {' '.join(command)}", told.getvalue())


# --- Pages -----------------------------------------------------------------------------------------------


def open_every_page(browser: HuntingClient) -> None:
    """Every page that a link leads to, and every page of the admin."""
    open_linked_pages(browser, "/")
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
        for row in model._default_manager.order_by("-pk")[:2]:
            pages += [reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "history", "delete")]
        for page in pages:
            assert browser.get(page).status_code in {200, 403}, (page, model_admin)


def open_linked_pages(browser: HuntingClient, start: str) -> None:
    waiting, known, opened = [start], {start}, Counter[str]()
    while waiting:
        address = waiting.pop()
        answer = browser.get(address, follow=True)
        assert answer.status_code in {200, 403, 404, 405}, address
        body = b"" if answer.streaming else answer.content
        for found in re.findall(r'(?:href|hx-get)="(/[^"#]*)', body.decode(errors="replace")):
            link = html.unescape(found)
            kind = _kind_of(link)
            if kind and link not in known and opened[kind] < PER_PAGE:
                known.add(link)
                opened[kind] += 1
                waiting.append(link)


def _kind_of(link: str) -> str:
    """The name of the view behind a link; empty for files."""
    try:
        return resolve(link.partition("?")[0]).view_name
    except Resolver404:
        return ""


def break_down(browser: HuntingClient, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of our own where secrets are at hand, on the page for people and on the one for developers."""
    secrets = browser.hunt.secrets
    form = {
        "client_secret": secrets["client secret"],
        "password": secrets["password"],
        "private_key": secrets["private key"],
    }

    def broken(*_args: Any, **_options: Any) -> None:
        password, credentials = secrets["password"], dict(secrets)
        raise RuntimeError(f"{len(password)} {len(credentials)}")

    monkeypatch.setattr(ConnectionAdmin, "get_fieldsets", broken)
    monkeypatch.setattr(sign_in_views.sign_in, "finish", broken)
    code = next(value for name, value in secrets.items() if name.startswith("authorization code"))
    for is_debug in (False, True):
        settings.DEBUG = is_debug
        posted = browser.post(reverse("admin:connector_connection_add"), form)
        came = browser.get(reverse("superoffice_callback"), {"code": code, "state": "x"})
        assert (posted.status_code, came.status_code) == (500, 500)
        assert ("RuntimeError" in posted.content.decode()) == is_debug
    settings.DEBUG = False


def assert_everything_was_seen(hunt: Hunt) -> None:
    """A hunt that looks nowhere finds nothing."""
    places = hunt.places
    for place in (
        "log urllib3.connectionpool",
        "log connector.superoffice.transport, as printed",
        "log django.request",
        "table connector_connection.client_secret",
        "table connector_apicall.detail",
        "table django_session.session_data",
        "table django_q_ormq.payload",
        "table django_q_task.result",
        "table outreach_message.raw",
        "table django_admin_log.change_message",
        "command check_connection --json",
        "GET /connection/failures/ (200)",
        "GET /superoffice/callback/ (500)",
        "a document in SuperOffice",
        "a sent mail",
    ):
        assert place in places, place


# --- The hunt itself -------------------------------------------------------------------------------------

LEAK = canary("planted leak")


def leak_into_a_log(client: HuntingClient) -> None:
    logging.getLogger("urllib3.connectionpool").debug("sent %s", {"body": LEAK})


def leak_into_a_traceback(client: HuntingClient) -> None:
    try:
        raise ValueError(LEAK)
    except ValueError:
        logging.getLogger("django-q").exception("it broke")


def leak_into_a_column(client: HuntingClient) -> None:
    Connection.objects.update(problem_detail=f"<p>{html.escape(LEAK)}</p>")


def leak_into_a_page(client: HuntingClient) -> None:
    Connection.objects.update(acts_as=LEAK)
    client.get(reverse("connection"))
    Connection.objects.update(acts_as="")


def leak_into_a_job(client: HuntingClient) -> None:
    async_task("connector.tasks.probe", LEAK, cluster="reports")


def leak_into_a_session(client: HuntingClient) -> None:
    session = client.session
    session["verifier"] = LEAK
    session.save()


def leak_into_the_callback(client: HuntingClient) -> None:
    client.get("/nowhere/", {"code": LEAK})
    logging.getLogger("django.server").info("GET /nowhere/?codes=%s", quote_plus(LEAK))


def leak_in_disguise(client: HuntingClient) -> None:
    Connection.objects.update(problem_detail="Basic " + base64.b64encode(f"desk:{LEAK}".encode()).decode())


@pytest.mark.parametrize(
    ("leak", "place"),
    [
        (leak_into_a_log, "log urllib3.connectionpool"),
        (leak_into_a_traceback, "log django-q"),
        (leak_into_a_column, "table connector_connection.problem_detail"),
        (leak_into_a_page, "GET /connection/ (200)"),
        (leak_into_a_job, "table django_q_ormq.payload"),
        (leak_into_a_session, "table django_session.session_data"),
        (leak_into_the_callback, "log django.server"),
        (leak_in_disguise, "table connector_connection.problem_detail"),
    ],
)
def test_the_hunt_would_see_a_leak(
    leak: Callable[[HuntingClient], None],
    place: str,
    hunt: Hunt,
    planted: Connection,
    browser: HuntingClient,
) -> None:
    hunt.plant("planted leak", LEAK)
    leak(browser)
    hunt.database()
    assert f"planted leak in {place}" in hunt.found()


def test_the_hunt_sees_a_secret_that_is_stored_in_the_clear(hunt: Hunt, planted: Connection) -> None:
    with database.cursor() as cursor:
        cursor.execute("UPDATE connector_connection SET password = %s", [hunt.secrets["password"]])
    hunt.database()
    assert hunt.found() == ["password in table connector_connection.password"]


@pytest.mark.once
def test_the_hunt_knows_a_secret_in_every_spelling() -> None:
    for text in (
        quote(LEAK, safe=""),
        html.escape(LEAK),
        json.dumps({"a": LEAK}),
        repr([LEAK]),
        *(
            base64.b64encode(b"x" * size + LEAK.encode() + b"y" * rest).decode()
            for size in range(4)
            for rest in range(3)
        ),
        base64.urlsafe_b64encode(zlib.compress(pickle.dumps({"args": (LEAK,)}))).decode(),
    ):
        hunt = Hunt()
        hunt.plant("leak", LEAK)
        hunt.saw("here", text)
        assert hunt.found() == ["leak in here"], text
