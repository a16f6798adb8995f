"""What a transport tells about each attempt, and whom it asks before it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.superoffice import errors
from connector.superoffice.calls import Call
from connector.superoffice.client import Client
from tests.connector.superoffice.conftest import MakeClient, MakeTransport
from tests.connector.superoffice.rows import listing, person_entity
from tests.connector.superoffice.server import ScriptedTenant, answer, hang, raw

PERSON = "Person/63"
STATE = "/api/state/Cust12345"
GOOD = answer(person_entity(63))
GOOD_BODY = json.dumps(person_entity(63)).encode()
HTML = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"
HALF = raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")


class Notes:
    """A log that remembers."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.is_closed = False

    def note(self, call: Call) -> None:
        self.calls.append(call)

    def close(self) -> None:
        self.is_closed = True

    def about(self, operation: str) -> list[Call]:
        return [call for call in self.calls if call.operation == operation]


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def noted(make_client: MakeClient, notes: Notes) -> Client:
    return make_client(options={"log": notes, "timeouts": (2.0, 0.6)})


def test_each_attempt_is_a_call_in_the_log(tenant: ScriptedTenant, noted: Client, notes: Notes) -> None:
    busy = {"Error": True, "ErrorType": "SoBusyException", "ErrorMessage": "Not now"}
    tenant.script(
        "GET",
        PERSON,
        answer(busy, 500, X_Operation_Id="op-1"),
        answer(b"", 401),
        answer(GOOD_BODY, X_Operation_Id="op-3"),
    )
    before = datetime.now(UTC)

    noted.person(63)

    calls = notes.about("Person/{id}")
    assert [(call.attempt, call.status, call.outcome) for call in calls] == [
        (1, 500, "server_error"),
        (2, 401, "unauthorized"),
        (3, 200, "ok"),
    ]
    first, _second, last = calls
    assert (first.method, first.operation_id) == ("GET", "op-1")
    assert (first.error_type, first.detail) == ("SoBusyException", "Not now")
    assert (last.operation_id, last.error_type, last.detail) == ("op-3", "", "")
    assert last.byte_count == len(GOOD_BODY)
    assert before <= first.at <= last.at <= datetime.now(UTC)
    assert [call.operation for call in notes.calls if call.operation.startswith("/")][:2] == [
        "/api/state/{tenant}",
        "/login/common/oauth/tokens",
    ]


@pytest.mark.parametrize(
    ("trouble", "outcome", "kind"),
    [
        (answer(HTML, 200, "text/html"), "unexpected_answer", "html"),
        (answer(b""), "unexpected_answer", "empty"),
        (answer(b"%PDF-1.7", 200, "application/pdf"), "unexpected_answer", "not_json"),
        (answer({"Message": "no", "MessageDetail": "agent"}), "unexpected_answer", "error_object"),
        (HALF, "unexpected_answer", "truncated"),
        (answer(b"", 302, Location="/x"), "unexpected_answer", "redirect"),
        (hang, "unreachable", "timeout"),
        (raw(b"", reset=True), "unreachable", "lost"),
        (answer(HTML, 502, "text/html"), "server_error", ""),
    ],
)
def test_what_cannot_be_used_is_a_failure_in_the_log_and_says_why(
    tenant: ScriptedTenant, noted: Client, notes: Notes, *, trouble: Any, outcome: str, kind: str
) -> None:
    tenant.script("GET", PERSON, trouble)
    with pytest.raises(errors.SuperOfficeError):
        noted.person(63)
    calls = notes.about("Person/{id}")
    assert {(call.outcome, call.error_type) for call in calls} == {(outcome, kind)}
    assert len(calls) == len(tenant.calls(PERSON))


def test_what_came_before_an_answer_broke_off_is_counted(
    tenant: ScriptedTenant, noted: Client, notes: Notes
) -> None:
    tenant.script("GET", PERSON, HALF)
    with pytest.raises(errors.UnexpectedAnswer):
        noted.person(63)
    assert notes.about("Person/{id}")[0].byte_count == 1


def test_a_write_that_answers_with_nothing_is_no_failure(
    tenant: ScriptedTenant, noted: Client, notes: Notes
) -> None:
    tenant.script("PUT", "Document/7/Content", answer(b""))
    tenant.script("DELETE", "Document/7", answer(b"", 204))
    noted.upload_document(7, b"x")
    noted.delete_document(7)
    assert [call.outcome for call in notes.calls[-2:]] == ["ok", "ok"]


def test_a_document_that_is_a_page_is_no_failure(tenant: ScriptedTenant, noted: Client, notes: Notes) -> None:
    tenant.script("GET", "Document/7/Content", answer(HTML, kind="text/html"))
    assert noted.download_document(7) == HTML
    assert notes.calls[-1].outcome == "ok"


def test_the_log_tells_no_value_and_no_secret(tenant: ScriptedTenant, noted: Client, notes: Notes) -> None:
    tenant.script("GET", "Document", answer(listing()))
    noted.find_document(key="msg:4711", sale_id=815)
    tenant.script(
        "PUT", "Document/7/Content", answer(b"canary/secret+with&signs<>% and 8A:Cust12345.x1y2z3", 500)
    )
    with pytest.raises(errors.ServerError):
        noted.upload_document(7, b"private content")
    told = repr(notes.calls)
    for value in ("4711", "815", "canary", "8A:Cust12345.x1", "private content", "Document/7", "Cust12345'"):
        assert value not in told
    assert "$filter=saleId eq … and ourref is …" in notes.about("Document")[0].asked.splitlines()


def test_closing_the_transport_closes_its_log(make_transport: MakeTransport, notes: Notes) -> None:
    make_transport(log=notes).close()
    assert notes.is_closed


def test_a_pace_of_ones_own_is_asked_before_each_attempt(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    class Counting:
        count = 0

        def wait(self) -> None:
            self.count += 1

    pace = Counting()
    tenant.script("GET", PERSON, answer(b"", 500), GOOD)
    make_client(options={"pace": pace}).person(63)
    assert pace.count == len(tenant.seen)


def test_a_pace_that_refuses_is_an_error_in_the_log_and_not_a_call(
    tenant: ScriptedTenant, make_client: MakeClient, notes: Notes
) -> None:
    class Full:
        def wait(self) -> None:
            raise errors.RateLimited("no slot", retry_after=61.0)

    client = make_client(options={"pace": Full(), "log": notes})
    with pytest.raises(errors.RateLimited) as caught:
        client.person(63)
    assert caught.value.retry_after == 61.0
    assert caught.value.path == STATE
    assert tenant.seen == []
    assert [(call.status, call.outcome) for call in notes.calls] == [(None, "rate_limited")]
