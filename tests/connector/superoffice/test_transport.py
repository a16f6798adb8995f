"""When a call is repeated and when not, how long we wait, how many calls go out, what goes over the wire."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from connector.superoffice import errors
from connector.superoffice.client import Client
from connector.superoffice.messages import Request
from connector.superoffice.pacing import Pace
from tests.connector.superoffice.conftest import MakeClient, Time
from tests.connector.superoffice.rows import listing, person_entity, sale_row
from tests.connector.superoffice.server import ScriptedTenant, answer, hang, raw

PERSON = "Person/63"
STATE = "/api/state/Cust12345"
TOKENS = "/login/common/oauth/tokens"
GOOD = answer(person_entity(63))
HTML = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"
HALF = raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")


@pytest.mark.parametrize(
    ("trouble", "attempts"),
    [(answer(b"", 500), 3), (answer(b"", 503), 2), (answer(b"", 429), 3), (HALF, 2), (raw(b""), 3)],
)
def test_a_read_is_repeated_a_few_times_and_then_given_up(
    tenant: ScriptedTenant, client: Client, trouble: Any, attempts: int
) -> None:
    tenant.script("GET", PERSON, trouble)
    with pytest.raises(errors.SuperOfficeError):
        client.person(63)
    assert len(tenant.calls(PERSON)) == attempts


@pytest.mark.parametrize("trouble", [answer(b"", 500), answer(b"", 502), answer(b"", 429), HALF, raw(b"")])
def test_a_read_that_works_the_second_time_is_a_success(
    tenant: ScriptedTenant, client: Client, trouble: Any
) -> None:
    tenant.script("GET", PERSON, trouble, GOOD)
    assert client.person(63).id == 63


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412])
def test_a_refusal_is_not_repeated(tenant: ScriptedTenant, client: Client, status: int) -> None:
    tenant.script("GET", PERSON, answer(b"", status))
    with pytest.raises(errors.SuperOfficeError):
        client.person(63)
    assert len(tenant.calls(PERSON)) == 1


WRITES: list[tuple[str, str, Callable[[Client], Any]]] = [
    ("PUT", "Document/7/Content", lambda client: client.upload_document(7, b"x")),
    ("PATCH", "Document/7", lambda client: client.complete_document(7)),
    ("DELETE", "Document/7", lambda client: client.delete_document(7)),
]
BROKEN = {
    "500 with JSON": answer({"Error": True, "ErrorType": "SoException", "ErrorMessage": "no"}, 500),
    "502 with a page": answer(HTML, 502, "text/html"),
    "503": answer(b"", 503),
    "504": answer(b"", 504),
    "429": answer(b"", 429),
    "429 with a second": answer(b"", 429, Retry_After="1"),
    "hang": hang,
    "end of the connection": raw(b""),
    "reset": raw(b"", reset=True),
    "truncated": HALF,
    "a page": answer(HTML, 200, "text/html"),
    "wrong content type": answer(b"%PDF-1.7", 200, "application/pdf"),
    "an error object": answer({"Message": "no", "MessageDetail": "agent"}),
}


@pytest.mark.parametrize("trouble", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize(("method", "path", "write"), WRITES, ids=[method for method, *_rest in WRITES])
def test_a_write_that_may_have_happened_is_never_repeated(
    tenant: ScriptedTenant,
    make_client: MakeClient,
    *,
    method: str,
    path: str,
    write: Callable[[Client], Any],
    trouble: Any,
) -> None:
    tenant.script(method, path, trouble)
    with pytest.raises(errors.SuperOfficeError):
        write(make_client(options={"timeouts": (2.0, 0.6)}))
    assert len(tenant.calls(path, method)) == 1


@pytest.mark.parametrize("trouble", BROKEN.values(), ids=BROKEN.keys())
def test_every_trouble_with_a_read_is_a_typed_error(
    tenant: ScriptedTenant, make_client: MakeClient, trouble: Any
) -> None:
    tenant.script("GET", PERSON, trouble)
    with pytest.raises(errors.SuperOfficeError) as caught:
        make_client(options={"timeouts": (2.0, 0.6)}).person(63)
    assert caught.value.path.endswith(PERSON)
    assert 1 <= len(tenant.calls(PERSON)) <= 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_redirect_is_never_followed(
    tenant: ScriptedTenant, client: Client, method: str, status: int
) -> None:
    path = PERSON if method == "GET" else "Document/7/Content"
    tenant.script(method, path, answer(b"", status, Location=f"{tenant.url}/elsewhere"))
    with pytest.raises(errors.UnexpectedAnswer) as caught:
        client.person(63) if method == "GET" else client.upload_document(7, b"x")
    assert caught.value.problem == "redirect"
    assert not [seen for seen in tenant.seen if seen.path == "/elsewhere"]


def test_a_link_in_an_answer_is_never_followed(tenant: ScriptedTenant, client: Client) -> None:
    with ScriptedTenant() as stranger:
        pages = [
            answer(listing(sale_row(9), sale_row(8), next_link=f"{stranger.url}/steal")),
            answer(listing(next_link=f"{tenant.url}/elsewhere")),
        ]
        tenant.script("GET", "Sale", *pages)
        assert sum(len(page) for page in client.newest_sales(page_size=2)) == 2
        assert stranger.seen == []
        assert not [seen for seen in tenant.seen if seen.path == "/elsewhere"]


def test_waits_grow_with_jitter_and_have_a_ceiling(
    tenant: ScriptedTenant, make_client: MakeClient, time: Time
) -> None:
    tenant.script("GET", PERSON, answer(b"", 500))
    for luck in (0.0, 1.0):
        with pytest.raises(errors.ServerError):
            make_client(options={"jitter": lambda luck=luck: luck}).person(63)
    assert time.sleeps == [0.25, 0.5, 0.5, 1.0]


@pytest.mark.parametrize("status", [429, 503])
def test_a_short_retry_after_is_waited_for(
    tenant: ScriptedTenant, client: Client, time: Time, status: int
) -> None:
    tenant.script("GET", PERSON, answer(b"", status, Retry_After="7"), GOOD)
    assert client.person(63).id == 63
    assert time.sleeps == [7.0]


def test_a_long_retry_after_is_handed_to_the_caller(
    tenant: ScriptedTenant, client: Client, time: Time
) -> None:
    tenant.script("GET", PERSON, answer(b"", 429, Retry_After="31"))
    with pytest.raises(errors.RateLimited) as caught:
        client.person(63)
    assert caught.value.retry_after == 31.0
    assert time.sleeps == []
    assert len(tenant.calls(PERSON)) == 1


def test_a_retry_after_may_be_a_date(tenant: ScriptedTenant, client: Client) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    tenant.script("GET", PERSON, answer(b"", 429, Retry_After=soon))
    with pytest.raises(errors.RateLimited) as caught:
        client.person(63)
    assert 290 < (caught.value.retry_after or 0) <= 300


def test_a_retry_after_that_has_passed_already_means_now(
    tenant: ScriptedTenant, client: Client, time: Time
) -> None:
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    tenant.script("GET", PERSON, answer(b"", 429, Retry_After=past), GOOD)
    assert client.person(63).id == 63
    assert time.sleeps == []


def test_without_a_retry_after_the_wait_is_ours(tenant: ScriptedTenant, client: Client, time: Time) -> None:
    tenant.script("GET", PERSON, answer(b"", 429))
    with pytest.raises(errors.RateLimited) as caught:
        client.person(63)
    assert caught.value.retry_after is None
    assert time.sleeps == [0.5, 1.0]


ABSURD = ["soon", "-3", "1e9", "Mon, 99 Foo 2026", "Mon, 01 Jan 0001 00:00:00 +9999", "NaN", "9" * 400]


@pytest.mark.parametrize("value", ABSURD)
def test_a_retry_after_that_makes_no_sense_counts_as_none(
    tenant: ScriptedTenant, client: Client, value: str
) -> None:
    tenant.script("GET", PERSON, answer(b"", 429, Retry_After=value), GOOD)
    assert client.person(63).id == 63


def test_a_token_that_expired_mid_job_is_renewed_once_and_the_call_replayed(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.settings.access_tokens = ["8A:first", "8A:second"]
    tenant.script("GET", PERSON, answer(b"", 401), GOOD)

    assert client.person(63).id == 63

    sent = [seen.headers["Authorization"] for seen in tenant.calls(PERSON)]
    assert sent == ["Bearer 8A:first", "Bearer 8A:second"]
    assert len(tenant.calls(TOKENS)) == 2


def test_a_write_is_replayed_after_401_because_it_was_not_carried_out(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.script("PUT", "Document/7/Content", answer(b"", 401), answer({"DocumentId": 7}))
    client.upload_document(7, b"bytes")
    assert [seen.body for seen in tenant.calls("Document/7/Content")] == [b"bytes", b"bytes"]


def test_a_moved_tenant_is_looked_up_again_and_the_call_follows(
    tenant: ScriptedTenant, client: Client
) -> None:
    with ScriptedTenant() as new_home:
        new_home.script("GET", PERSON, GOOD)

        def moved(handler: Any) -> None:
            tenant.settings.endpoint = new_home.settings.endpoint
            answer({"Message": "Wrong subdomain used to access tenant"}, 421)(handler)

        tenant.script("GET", PERSON, moved)
        assert client.person(63).id == 63
        assert len(tenant.calls(STATE)) == 2
        assert len(new_home.calls(PERSON)) == 1


def test_a_tenant_that_stays_misdirected_is_asked_twice_at_most(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.script("GET", PERSON, answer(b"", 421))
    with pytest.raises(errors.WrongHost):
        client.person(63)
    assert len(tenant.calls(PERSON)) == 2
    assert len(tenant.calls(STATE)) == 2


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_gateway_error_during_maintenance_is_told_as_maintenance(
    tenant: ScriptedTenant, client: Client, method: str
) -> None:
    def going_down(handler: Any) -> None:
        tenant.settings.state, tenant.settings.is_running = "OfflineMaintenance", False
        answer(b"<h1>Bad Gateway</h1>", 502, "text/html")(handler)

    tenant.script("GET", PERSON, going_down)
    tenant.script("PUT", "Document/7/Content", going_down)
    with pytest.raises(errors.TenantNotRunning) as caught:
        client.person(63) if method == "GET" else client.upload_document(7, b"x")
    assert caught.value.state == "OfflineMaintenance"
    assert len([seen for seen in tenant.seen if seen.path.startswith("/Cust12345/api/")]) == 1


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504])
def test_after_any_failure_of_the_server_the_tenants_state_is_read_again_once(
    tenant: ScriptedTenant, client: Client, status: int
) -> None:
    tenant.script("GET", PERSON, answer({"Error": True, "ErrorMessage": "Sorry"}, status))
    with pytest.raises(errors.ServerError):
        client.person(63)
    assert len(tenant.calls(STATE)) == 2


def test_trouble_with_the_login_host_does_not_hide_the_first_error(
    tenant: ScriptedTenant, client: Client
) -> None:
    client.tenant_state()
    tenant.script("GET", PERSON, answer(b"", 502))
    tenant.script("GET", STATE, answer(b"", 500))
    with pytest.raises(errors.ServerError) as caught:
        client.person(63)
    assert caught.value.path.endswith(PERSON)


def test_every_call_is_pinned_to_language_culture_and_json(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", PERSON, GOOD)
    client.person(63)
    headers = tenant.calls(PERSON)[0].headers
    assert headers["Accept"] == "application/json"
    assert headers["Accept-Language"] == "en"
    assert headers["SO-Culture"] == "en-US"
    assert "SO-TimeZone" not in headers, "sale dates are days in the tenant's own zone"
    assert headers["User-Agent"].startswith("SalesDesk")


def test_secrets_travel_in_bodies_and_headers_never_in_an_address(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.script("GET", PERSON, GOOD)
    client.person(63)
    form = tenant.calls(TOKENS)[0].form
    assert form["client_secret"] == "canary/secret+with&signs<>%"
    assert not [seen.target for seen in tenant.seen if "canary" in seen.target or "8A:" in seen.target]


def test_the_environment_has_no_say(
    tenant: ScriptedTenant, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    tenant.script("GET", PERSON, GOOD)
    assert client.person(63).id == 63


def test_cookies_are_not_kept(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", PERSON, answer(person_entity(63), Set_Cookie="session=1; Path=/"))
    client.person(63)
    client.person(63)
    assert "Cookie" not in tenant.calls(PERSON)[1].headers


def test_connections_are_reused(tenant: ScriptedTenant, client: Client) -> None:
    peers = set()

    def note(handler: Any) -> None:
        peers.add(handler.client_address)
        GOOD(handler)

    tenant.script("GET", PERSON, note)
    for _ in range(5):
        client.person(63)
    assert len(peers) == 1


def test_the_pace_allows_ten_calls_in_any_second(time: Time) -> None:
    pace = Pace(10, clock=time.clock, sleep=time.sleep)
    starts = []
    for _ in range(35):
        pace.wait()
        starts.append(time.now)
    assert starts[9] == starts[0], "the first ten go at once"
    assert all(later - earlier >= 0.999 for earlier, later in zip(starts, starts[10:], strict=False))
    assert starts[34] - starts[0] == pytest.approx(3.0)


def test_a_pace_below_one_call_a_second_spaces_them(time: Time) -> None:
    pace = Pace(0.5, clock=time.clock, sleep=time.sleep)
    for _ in range(3):
        pace.wait()
    assert time.sleeps == [2.0, 2.0]


def test_the_pace_is_shared_by_threads() -> None:
    waits: list[float] = []
    pace = Pace(5, clock=lambda: 100.0, sleep=waits.append)
    threads = [threading.Thread(target=pace.wait) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(round(wait) for wait in waits) == [1] * 5 + [2] * 5 + [3] * 5


def test_each_call_takes_a_place_in_the_pace(
    tenant: ScriptedTenant, make_client: MakeClient, time: Time
) -> None:
    tenant.script("GET", PERSON, GOOD)
    client = make_client(options={"calls_per_second": 1.0})
    client.person(63)  # state, token, keys, person
    assert time.sleeps == [1.0, 1.0, 1.0]


def test_a_request_shows_no_secret_when_printed() -> None:
    request = Request(
        "POST",
        "https://sod.superoffice.com/login",
        headers={"Authorization": "Bearer 8A:secret"},
        form={"client_secret": "secret"},
        data={"x": "secret"},
        body=b"secret",
        query={"q": "secret"},
    )
    assert "secret" not in repr(request)


def test_text_that_a_database_refuses_is_cleaned_at_the_door(tenant: ScriptedTenant, client: Client) -> None:
    emails = rb'[{"Value": "a\u0000@b.example"}]'
    body = rb'{"PersonId": 63, "FullName": "In\u0000ga\ud800 \ud83d\ude00 \u00fc", "Emails": %s}' % emails
    tenant.script("GET", PERSON, answer(body))
    person = client.person(63)
    assert person.full_name == "Inga 😀 ü"
    assert person.email == "a@b.example"


def test_a_byte_order_mark_is_tolerated(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", PERSON, answer(b"\xef\xbb\xbf" + b'{"PersonId": 63}'))
    assert client.person(63).id == 63
