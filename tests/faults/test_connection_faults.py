"""The connection breaks in every way, over real HTTP and in the middle of the work: of a check, a report, filing a
sent mail, and the probe.

Nothing is lost: the work goes on, or ends with its sentence and succeeds afterwards; a mail stays sent and is filed
later, as exactly one document. No write that may have happened is repeated. Each failure is in the call log.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from connector import capabilities
from connector.models import ApiCall, Connection, PersonalSignIn
from connector.problems import problem_of
from connector.services import FORGOTTEN, check_connection
from outreach.models import Message
from reports.models import Report, Row, Run
from reports.runs import services as reports
from reports.templatetags.run_words import _WORDS as RUN_WORDS
from tests.connector.signing_in import CALLBACK
from tests.connector.signing_in import Browser as SigningIn
from tests.connector.superoffice.server import CONTEXT, ScriptedTenant, answer
from tests.faults.breaking import (
    EVERYWHERE,
    MAINTENANCE,
    MOVED,
    ON_A_CALL,
    PASSING,
    PAUSED,
    REVOKED,
    Fault,
    Line,
    each,
    logged,
)
from tests.outreach.desk import SABINE, Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The door by which services get a transport leads to ours."""
    found = Line()
    monkeypatch.setattr("connector.services.transport_of", found.transport_of)
    yield found
    assert found.waiting == [], "what should have broken something was never reached"


def begin(desk: Desk, fault: Fault, path: str, method: str | None = None, times: int | None = None) -> None:
    fault.begin(desk.tenant.faults, path, method, times)


def end(desk: Desk) -> None:
    """The fault is over, and so is the minute for which a tenant that was down is believed to stay so."""
    desk.tenant.faults.clear()
    desk.set(desk.connection, tenant_state=None)


def asked(desk: Desk, method: str, path: str = "") -> int:
    """How many calls of this verb to exactly this path below the API reached the tenant."""
    wanted = f"/{CONTEXT}/api/v1{path}"
    return sum(one.method == method and one.path == wanted for one in desk.tenant.requests)


# --- A check by hand ------------------------------------------------------------------------------------


def _check(desk: Desk, fault: Fault) -> None:
    """One check, which must find the fault and remember it."""
    trouble = check_connection(desk.connection)
    assert trouble is not None
    assert trouble.code == fault.code == desk.fresh(desk.connection).problem_code
    assert trouble.problem is not problem_of("unexpected")


@pytest.mark.once
@each(ON_A_CALL)
def test_a_check_names_the_trouble_and_works_afterwards(desk: Desk, line: Line, fault: Fault) -> None:
    begin(desk, fault, "/User/currentPrincipal")
    _check(desk, fault)
    assert logged(fault) == asked(desk, "GET", "/User/currentPrincipal") == fault.tries
    end(desk)
    assert check_connection(desk.connection) is None
    assert desk.fresh(desk.connection).problem_code == ""


@pytest.mark.once
def test_a_check_learns_from_the_tenants_state_that_it_is_down_and_at_once_when_it_is_back(
    desk: Desk, line: Line
) -> None:
    begin(desk, MAINTENANCE, "")
    _check(desk, MAINTENANCE)
    # To be told so is no failure of a call, and the tenant itself was not bothered.
    assert not ApiCall.objects.failed().exists()
    assert asked(desk, "GET", "/User/currentPrincipal") == 0
    desk.tenant.faults.clear()
    assert check_connection(desk.connection) is None


@pytest.mark.once
def test_a_check_finds_out_that_the_refresh_token_was_revoked(desk: Desk, line: Line) -> None:
    begin(desk, REVOKED, "")
    _check(desk, REVOKED)
    refused = ApiCall.objects.failed().get()
    assert (refused.method, refused.status, refused.error_type) == ("POST", 400, "invalid_grant")
    end(desk)
    assert check_connection(desk.connection) is None
    assert desk.fresh(desk.connection).problem_code == ""


# --- A report -------------------------------------------------------------------------------------------


def _run(report: Report) -> Run:
    run = reports.start_run(report=report, by=User.objects.get(username="jonas"))
    assert run is not None
    reports.work_on_run(run.pk)
    run.refresh_from_db()
    return run


@pytest.fixture
def report(desk: Desk) -> Report:
    """Two short pages: one of the first page's sales has no company and does not count."""
    newest_first = sorted(desk.tenant.story.sales.values(), key=lambda one: -one.sale_id)
    limit = next(place for place, one in enumerate(newest_first, 1) if place > 1 and not one.company_id)
    return Report.objects.create(name="Robots", limit=limit)


@pytest.mark.once
@each(EVERYWHERE)
def test_a_report_that_meets_a_fault_for_good_keeps_its_first_page_and_is_whole_the_next_time(
    desk: Desk, line: Line, report: Report, client: Browser, fault: Fault
) -> None:
    line.before("GET", "/Sale", lambda: begin(desk, fault, "/Sale"), nth=2)
    run = _run(report)
    assert (run.status, run.problem_code) == ("incomplete", fault.code)
    assert 0 < Row.objects.filter(run=run).count() == run.read_count
    assert asked(desk, "GET", "/Sale") == 1 + fault.tries
    assert logged(fault) == fault.tries
    assert desk.fresh(desk.connection).problem_code == fault.code
    client.force_login(desk.people.jonas)
    page = client.get(reverse("run", args=[run.pk]), headers={"accept-language": "en"}).content.decode()
    assert str(RUN_WORDS.get(fault.code, problem_of(fault.code).for_salespeople)) in page.replace(
        "&#x27;", "'"
    )
    end(desk)
    again = _run(report)
    assert (again.status, again.read_count - again.funnel["no_company"]) == ("succeeded", report.limit)
    assert desk.fresh(desk.connection).problem_code == ""


@pytest.mark.once
@each(PASSING)
def test_a_report_goes_on_when_a_fault_passes(desk: Desk, line: Line, report: Report, fault: Fault) -> None:
    line.before("GET", "/Sale", lambda: begin(desk, fault, "/Sale", times=1), nth=2)
    run = _run(report)
    assert (run.status, run.read_count - run.funnel["no_company"]) == ("succeeded", report.limit)
    numbers = list(Row.objects.filter(run=run).values_list("sale_number", flat=True))
    assert len(set(numbers)) == len(numbers) == run.read_count
    assert logged(fault) == 1
    if fault.code == "rate_limited":
        assert line.pauses == [float(PAUSED) if "with " in fault.name else 0.5]


@pytest.mark.once
def test_an_access_token_that_ends_between_two_pages_costs_one_refresh(
    desk: Desk, line: Line, report: Report
) -> None:
    line.before("GET", "/Sale", desk.tenant.faults.expire_access_tokens, nth=2)
    run = _run(report)
    assert run.status == "succeeded"
    assert list(ApiCall.objects.failed().values_list("status", "outcome")) == [(401, "unauthorized")]
    tokens = [one for one in desk.tenant.requests if one.path.endswith("/oauth/tokens")]
    assert len(tokens) == 2


# --- Filing a sent mail ---------------------------------------------------------------------------------


def _still_sent(desk: Desk, message: Message, code: str) -> Message:
    message = desk.fresh(message)
    assert (message.status, message.archived_at, message.archive_problem_code) == ("sent", None, code)
    assert problem_of(code) is not problem_of("unexpected")
    return message


def _check_filed_once(desk: Desk, message: Message) -> None:
    message = desk.fresh(message)
    assert message.archived_at is not None
    (document,) = desk.documents()
    assert (document.card.document_id, document.content) == (message.document_id, bytes(message.raw))
    assert (document.card.our_ref, document.card.completed) == (str(message.archive_key), "Completed")


def _wait_until(happened: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@each(EVERYWHERE)
def test_a_document_whose_making_is_uncertain_is_looked_for_and_never_made_twice(
    desk: Desk, line: Line, fault: Fault
) -> None:
    message = desk.in_state("sent")
    desk.tenant.forget_requests()
    line.before("POST", "/Document", lambda: begin(desk, fault, "/Document", "POST"))
    assert not desk.archive(message)
    _still_sent(desk, message, fault.code)
    # Misdirected and unauthorised calls were not carried out: they alone are sent again.
    assert asked(desk, "POST", "/Document") == (2 if fault.code == "wrong_host" else 1)
    assert logged(fault) == asked(desk, "POST", "/Document")
    assert desk.fresh(desk.connection).problem_code == fault.code
    if fault.happens:
        _wait_until(desk.documents)
    end(desk)
    desk.tenant.forget_requests()
    assert desk.archive(message)
    _check_filed_once(desk, message)
    assert asked(desk, "POST", "/Document") == (0 if fault.happens else 1)


WRITES = [("PUT", "/Content"), ("PATCH", "")]
IN_DOUBT = [
    one for one in ON_A_CALL if one.name in {"500 with JSON", "hang", "reset", "truncated body", "a text"}
]


@pytest.mark.once
@each(IN_DOUBT)
@pytest.mark.parametrize(("method", "end_of_path"), WRITES, ids=["upload", "completing"])
def test_a_write_to_the_document_is_tried_once_and_done_by_the_next_attempt(
    desk: Desk, line: Line, fault: Fault, method: str, end_of_path: str
) -> None:
    message = desk.in_state("sent")
    desk.tenant.forget_requests()
    line.before(method, "/Document", lambda: begin(desk, fault, "/Document", method))
    assert not desk.archive(message)
    number = _still_sent(desk, message, fault.code).document_id
    assert number is not None
    assert asked(desk, method, f"/Document/{number}{end_of_path}") == 1
    assert logged(fault) == 1
    end(desk)
    assert desk.archive(message)
    _check_filed_once(desk, message)
    assert asked(desk, "POST", "/Document") == 1


@pytest.mark.once
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/Document"), ("PUT", "/Document"), ("PATCH", "/Document"), ("GET", "/Document")],
)
def test_an_access_token_that_ends_while_filing_is_not_noticed(
    desk: Desk, line: Line, method: str, path: str
) -> None:
    message = desk.in_state("sent")
    line.before(method, path, desk.tenant.faults.expire_access_tokens)
    assert desk.archive(message)
    _check_filed_once(desk, message)
    assert list(ApiCall.objects.failed().values_list("method", "status")) == [(method, 401)]


@pytest.mark.once
@each(PASSING)
def test_filing_does_not_notice_a_fault_that_passes_while_it_looks(
    desk: Desk, line: Line, fault: Fault
) -> None:
    message = desk.in_state("sent")
    begin(desk, fault, "/Document", "GET", times=1)
    assert desk.archive(message)
    _check_filed_once(desk, message)
    assert logged(fault) == 1


@pytest.fixture
def own(desk: Desk, client: Browser) -> PersonalSignIn:
    """Sabine's own sign-in: what she sends is filed in her name."""
    Connection.objects.update(redirect_uri=CALLBACK)
    client.force_login(desk.people.sabine)
    browser = SigningIn(client)
    browser.come_back(browser.approve(browser.begin(reverse("my_sign_in_begin")), "Sabine Kranz"))
    return PersonalSignIn.objects.get()


@pytest.mark.once
def test_a_document_that_was_made_in_ones_own_name_is_found_by_the_connection(
    desk: Desk, line: Line, own: PersonalSignIn
) -> None:
    message = desk.in_state("sent", sale_of=SABINE)
    desk.tenant.forget_requests()
    desk.tenant.faults.drop_reply("/Document", method="POST")
    assert not desk.archive(message)
    _still_sent(desk, message, "unreachable")
    desk.tenant.faults.revoked_users = {SABINE}
    desk.tenant.faults.expire_access_tokens()
    assert desk.archive(message)
    _check_filed_once(desk, message)
    assert asked(desk, "POST", "/Document") == 1
    assert desk.documents()[0].card.created_by == SABINE
    assert desk.fresh(own).problem_code == "needs_consent"


# --- A tenant that moved --------------------------------------------------------------------------------


@pytest.fixture
def old_home(desk: Desk) -> Iterator[ScriptedTenant]:
    """Where the tenant lived until a moment ago, and where we believe it to be for another hour."""
    with ScriptedTenant() as old:
        for method, path in (
            ("GET", "User/currentPrincipal"),
            ("GET", "Sale"),
            ("GET", "Document"),
            ("GET", "Archive/dynamic"),
            ("POST", "Agents/Archive/GetAvailableColumns"),
        ):
            old.script(method, path, answer(MOVED.encode(), 421, "text/plain"))
        endpoint = f"{old.url}/{CONTEXT}"
        until = timezone.now() + timedelta(hours=1)
        desk.set(
            desk.connection,
            tenant_state={
                "state": "Running",
                "is_running": True,
                "endpoint": endpoint,
                "api": f"{endpoint}/api",
                "valid_until": None,
                "until": until.isoformat(),
            },
        )
        yield old


@pytest.mark.once
def test_a_report_follows_the_tenant_to_its_new_host(
    desk: Desk, line: Line, report: Report, old_home: ScriptedTenant
) -> None:
    assert _run(report).status == "succeeded"
    assert len(old_home.seen) == 1
    assert ApiCall.objects.failed().get().outcome == "wrong_host"
    state = desk.fresh(desk.connection).tenant_state
    assert state is not None
    assert state["endpoint"] == desk.tenant.tenant_url


@pytest.mark.once
def test_filing_follows_the_tenant_to_its_new_host(desk: Desk, line: Line, old_home: ScriptedTenant) -> None:
    believed = desk.fresh(desk.connection).tenant_state
    desk.set(desk.connection, tenant_state=None)
    message = desk.in_state("sent")
    desk.set(desk.connection, tenant_state=believed)
    assert desk.archive(message)
    _check_filed_once(desk, message)
    assert len(old_home.seen) == 1
    assert ApiCall.objects.failed().get().status == 421


# --- A clock that is off --------------------------------------------------------------------------------


def _become_system_user(desk: Desk) -> None:
    desk.set(
        desk.connection,
        **FORGOTTEN,
        way_in=Connection.WayIn.SYSTEM_USER,
        system_user_token=desk.tenant.system_user_token,
        private_key=desk.tenant.private_key,
    )
    desk.connection.refresh_from_db()  # who goes on with the old values is refused


@pytest.mark.once
@pytest.mark.parametrize("offset", [295, -295])
def test_a_clock_that_is_almost_five_minutes_off_stops_nobody(desk: Desk, line: Line, offset: float) -> None:
    desk.tenant.faults.clock_offset = offset
    assert check_connection(desk.connection) is None
    _become_system_user(desk)
    assert check_connection(desk.fresh(desk.connection)) is None


@pytest.mark.once
@pytest.mark.parametrize("offset", [700, -700])
@pytest.mark.parametrize("is_system_user", [False, True], ids=["id_token", "system user"])
def test_a_clock_that_is_farther_off_is_named_and_costs_no_mail(
    desk: Desk, line: Line, offset: float, is_system_user: bool
) -> None:
    if is_system_user:
        _become_system_user(desk)
    code = "clock_skew" if is_system_user else "invalid_identity"
    message = desk.in_state("sent")
    desk.set(desk.connection, access_token="", access_token_expires_at=None)
    desk.tenant.faults.clock_offset = offset
    trouble = check_connection(desk.fresh(desk.connection))
    assert trouble is not None
    assert trouble.code == code
    assert "clock" in str(trouble.problem.for_administrators)
    assert not desk.archive(message)
    _still_sent(desk, message, code)
    assert desk.documents() == []
    end(desk)
    assert desk.archive(message)
    _check_filed_once(desk, message)


# --- The probe ------------------------------------------------------------------------------------------


def _found(desk: Desk) -> dict[str, str]:
    rows = capabilities.probe(desk.fresh(desk.connection), timezone.now())
    return {row.feature: row.status for row in rows}


ALIKE = {"no reply", "429 without Retry-After", "429 for an hour", "a text", "JSON that calls itself a page"}


@pytest.mark.once
@each([fault for fault in ON_A_CALL if fault.name not in ALIKE])
def test_the_probe_takes_no_fault_for_a_missing_right(desk: Desk, line: Line, fault: Fault) -> None:
    begin(desk, fault, "/Sale")
    found = _found(desk)
    assert found["read_sales"] == fault.finding
    # A question that took as long as we wait says that the next one would, too.
    assert found["read_companies"] == ("down" if fault.name == "hang" else "works")
    row = desk.connection.capabilities.get(feature="read_sales")
    assert (row.http_status, row.facts["code"]) == (fault.logged[0], fault.code)
    assert logged(fault) >= fault.tries


@pytest.mark.once
def test_the_probe_marks_what_works_again(desk: Desk, line: Line) -> None:
    begin(desk, MAINTENANCE, "")
    assert set(_found(desk).values()) == {"down"}
    end(desk)
    assert _found(desk)["read_sales"] == "works"
    assert desk.connection.capabilities.get(feature="tenant_state").previous_status == "down"
    # Of the rest nothing was learnt meanwhile, so nothing has changed.
    assert desk.connection.capabilities.get(feature="read_sales").previous_status == ""
