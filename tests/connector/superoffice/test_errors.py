"""Every error of the tree, each made by a real fault on a socket, and none of them with a secret in it."""

import copy
import gzip
import pickle
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus

import jwt
import pytest

from connector.superoffice import errors
from connector.superoffice.client import Client
from tests.connector.superoffice.conftest import REFRESH_TOKEN, MakeClient
from tests.connector.superoffice.rows import listing, sale_row
from tests.connector.superoffice.server import (
    CLIENT_SECRET,
    ScriptedTenant,
    answer,
    endless,
    foreign_key,
    hang,
    raw,
)

HTML = (
    b"<!DOCTYPE html><html><head><style>x{}</style></head><body><h1>Service &amp; trouble</h1></body></html>"
)
PERSON = "Person/63"
TOKENS = "/login/common/oauth/tokens"


def failure(call: Callable[[], Any]) -> errors.SuperOfficeError:
    with pytest.raises(errors.SuperOfficeError) as caught:
        call()
    return caught.value


def person_failure(client: Client) -> errors.SuperOfficeError:
    return failure(lambda: client.person(63))


def rest_error(kind: str, words: str) -> dict[str, Any]:
    return {"Error": True, "ErrorType": kind, "ErrorMessage": words, "ErrorSource": "x"}


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, errors.BadRequest, "bad_request"),
        (403, errors.Forbidden, "forbidden"),
        (404, errors.NotFound, "not_found"),
        (412, errors.BadRequest, "bad_request"),
        (415, errors.BadRequest, "bad_request"),
        (421, errors.WrongHost, "wrong_host"),
        (429, errors.RateLimited, "rate_limited"),
        (500, errors.ServerError, "server_error"),
        (502, errors.ServerError, "server_error"),
    ],
)
def test_a_refusal_carries_class_place_and_superoffices_words(
    tenant: ScriptedTenant, client: Client, status: int, kind: type[errors.SuperOfficeError], code: str
) -> None:
    reply = answer(rest_error("SoSomeException", "Words of the server"), status, X_Request_Id="op-77")
    tenant.script("GET", PERSON, reply)

    error = person_failure(client)

    assert type(error) is kind
    assert (error.code, error.method, error.status) == (code, "GET", status)
    assert error.path == "/Cust12345/api/v1/Person/63"
    assert (error.error_type, error.detail, error.request_id) == (
        "SoSomeException",
        "Words of the server",
        "op-77",
    )


def test_all_three_spellings_of_an_error_body_are_read(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script(
        "GET",
        PERSON,
        answer({"Error": True, "ErrorType": "ArgumentException", "Message": "Must be secure"}, 400),
        answer({"Message": "An error has occurred.", "MessageDetail": "No action was found"}, 400),
        answer(HTML, 400, "text/html"),
        answer(b"", 400, "text/plain"),
    )

    details = [person_failure(client).detail for _ in range(4)]

    assert details == [
        "Must be secure",
        "An error has occurred. No action was found",
        "Service & trouble",
        "",
    ]


def test_a_second_401_after_a_fresh_token_is_unauthorized(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", PERSON, answer(b"", 401))
    error = person_failure(client)
    assert type(error) is errors.Unauthorized
    assert len(tenant.calls(PERSON)) == 2
    assert len(tenant.calls(TOKENS)) == 2


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (answer(HTML, kind="text/html; charset=utf-8"), "html"),
        (answer(HTML, kind="application/json"), "html"),
        (answer(b""), "empty"),
        (answer(b"  \r\n"), "empty"),
        (answer(b'{"PersonId": 6'), "not_json"),
        (answer(b'{"PersonId": NaN}'), "not_json"),
        (answer(b'{"Name": "\xff"}'), "not_json"),
        (answer(b"[" * 100_000), "not_json"),
        (answer(b"%PDF-1.7", kind="application/pdf"), "not_json"),
        (answer([1, 2]), "wrong_shape"),
        (answer({"Emails": []}), "wrong_shape"),
        (answer(rest_error("SoException", "inside a 200")), "error_object"),
        (answer({"Message": "no", "MessageDetail": "agent"}), "error_object"),
        (answer(b"", 302, Location="https://elsewhere.example/"), "redirect"),
        (
            raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"),
            "truncated",
        ),
        (raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":'), "truncated"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"), "truncated"),
    ],
)
def test_an_answer_that_is_no_record_says_what_it_is_instead(
    tenant: ScriptedTenant, client: Client, reply: Any, problem: str
) -> None:
    tenant.script("GET", PERSON, reply)

    error = person_failure(client)

    assert isinstance(error, errors.UnexpectedAnswer)
    assert error.problem == problem
    assert (error.method, error.path) == ("GET", "/Cust12345/api/v1/Person/63")


def test_a_redirect_is_not_followed(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", PERSON, answer(b"", 302, Location=f"{tenant.url}/stolen"))
    person_failure(client)
    assert not tenant.calls("/stolen")


def test_an_endless_answer_stops_at_the_limit(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", PERSON, endless(b" " * 1_000_000, 0))
    error = person_failure(client)
    assert isinstance(error, errors.UnexpectedAnswer)
    assert error.problem == "too_big"


def test_a_compressed_bomb_stops_at_the_limit(tenant: ScriptedTenant, client: Client) -> None:
    bomb = gzip.compress(b" " * 200_000_000, compresslevel=9)
    assert len(bomb) < 300_000
    tenant.script("GET", PERSON, answer(bomb, Content_Encoding="gzip"))
    error = person_failure(client)
    assert isinstance(error, errors.UnexpectedAnswer)
    assert error.problem == "too_big"


def test_a_dripping_answer_ends_at_the_deadline(tenant: ScriptedTenant, make_client: MakeClient) -> None:
    ticks: Iterator[float] = iter(range(0, 10_000, 5))  # each look at the clock is five seconds later
    tenant.script("GET", PERSON, endless(b" ", 0.005))

    error = person_failure(make_client(options={"clock": lambda: next(ticks)}))

    assert isinstance(error, errors.Unreachable)
    assert error.reason == "deadline"
    assert len(tenant.calls(PERSON)) == 1, "waiting another minute would not help"


@pytest.mark.parametrize(
    ("reply", "reason", "attempts"),
    [
        (hang, "timeout", 2),
        (raw(b"", reset=True), "lost", 3),
        (raw(b""), "lost", 3),
        (raw(b"SSH-2.0-OpenSSH\r\n\r\n"), "lost", 3),
    ],
)
def test_no_answer_is_unreachable(
    tenant: ScriptedTenant, make_client: MakeClient, reply: Any, reason: str, attempts: int
) -> None:
    tenant.script("GET", PERSON, reply)

    error = person_failure(make_client(options={"timeouts": (2.0, 0.6)}))

    assert isinstance(error, errors.Unreachable)
    assert error.reason == reason
    assert len(tenant.calls(PERSON)) == attempts


def test_nothing_listening_is_unreachable(make_client: MakeClient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    error = person_failure(make_client(changes={"login_url": address}))
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "refused"


def test_plain_http_behind_https_is_a_tls_problem(tenant: ScriptedTenant, make_client: MakeClient) -> None:
    error = person_failure(make_client(changes={"login_url": f"https://127.0.0.1:{tenant.port}"}))
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "tls"


def test_an_unknown_name_is_a_dns_problem(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_question: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = person_failure(make_client(changes={"login_url": "https://nowhere.invalid"}))
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "dns"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "revoked"}, errors.NeedsConsent),
        (401, {"error": "invalid_grant"}, errors.NeedsConsent),
        (401, {"error": "invalid_client"}, errors.InvalidClient),
        (400, {"error": "unauthorized_client"}, errors.InvalidClient),
        (401, HTML, errors.InvalidClient),
        (400, {"error": "invalid_request", "error_description": "redirect_uri"}, errors.BadRequest),
        (500, HTML, errors.ServerError),
    ],
)
def test_the_login_hosts_refusal_names_its_cause(
    tenant: ScriptedTenant, client: Client, status: int, body: Any, kind: type[errors.SuperOfficeError]
) -> None:
    tenant.script("POST", TOKENS, answer(body, status, "text/html" if body is HTML else "application/json"))

    error = person_failure(client)

    assert type(error) is kind
    assert (error.path, error.status) == (TOKENS, status)
    assert len(tenant.calls(TOKENS)) == 1, "a token is not asked for twice"


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "https://sod.superoffice.com"}, "issuer"),
        ({"aud": "another-client"}, "ud"),
        ({"aud": None}, "aud"),
        ({"exp": 1_700_000_000}, "expired"),
        ({"exp": None}, "exp"),
    ],
)
def test_an_id_token_must_prove_issuer_audience_and_expiry(
    tenant: ScriptedTenant, client: Client, claims: dict[str, Any], words: str
) -> None:
    tenant.settings.claims = claims
    error = person_failure(client)
    assert type(error) is errors.InvalidIdentity
    assert words in error.detail
    assert error.path == TOKENS


def test_an_id_token_signed_by_somebody_else_is_refused(tenant: ScriptedTenant, client: Client) -> None:
    tenant.settings.signing_key = foreign_key()
    assert type(person_failure(client)) is errors.InvalidIdentity


def test_an_unsigned_id_token_is_refused(tenant: ScriptedTenant, client: Client) -> None:
    claims = jwt.decode(tenant.id_token(), options={"verify_signature": False})
    tenant.settings.token_extra = {"id_token": jwt.encode(claims, "", "none", {"kid": "key-1"})}
    assert type(person_failure(client)) is errors.InvalidIdentity


@pytest.mark.parametrize("id_token", ["", "nonsense", "a.b.c"])
def test_no_id_token_is_no_identity(tenant: ScriptedTenant, client: Client, id_token: str) -> None:
    tenant.settings.token_extra = {"id_token": id_token}
    assert type(person_failure(client)) is errors.InvalidIdentity


def test_a_token_for_another_tenant_is_refused_with_both_names(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.settings.claims = {"http://schemes.superoffice.net/identity/ctx": "Cust99999"}
    error = person_failure(client)
    assert isinstance(error, errors.WrongTenant)
    assert (error.expected, error.actual) == ("Cust12345", "Cust99999")
    assert "Cust99999 instead of Cust12345" in str(error)
    assert not tenant.calls(PERSON), "the token of another tenant is never used"


@pytest.mark.parametrize("state", ["OfflineMaintenance", "Suspended", "Deleted", "MigrationPending"])
def test_a_tenant_that_is_down_says_so_before_any_token_is_asked_for(
    tenant: ScriptedTenant, client: Client, state: str
) -> None:
    tenant.settings.state, tenant.settings.is_running = state, False
    error = person_failure(client)
    assert isinstance(error, errors.TenantNotRunning)
    assert error.state == state
    assert error.valid_until is not None
    assert not tenant.calls(TOKENS)


def test_a_tenant_that_nobody_knows_is_not_running(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", "/api/state/Cust12345", answer(b"", 404))
    error = person_failure(client)
    assert isinstance(error, errors.TenantNotRunning)
    assert error.state == "Unknown"


@pytest.mark.parametrize(
    "address",
    [
        "http://sod.superoffice.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "https://user:password@example.com",
        "ftp://example.com",
        "example.com",
        "https://",
        "https://example.com/?next=x",
        "https://example.com:port",
        "https://[::1",
    ],
)
def test_an_unsafe_login_address_is_refused_before_anything_is_sent(
    make_client: MakeClient, address: str
) -> None:
    error = failure(lambda: make_client(changes={"login_url": address}))
    assert type(error) is errors.UnsafeAddress
    assert "password" not in str(error)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://sod2.superoffice.com/Cust12345",
        "http://192.0.2.1/Cust12345",
        "",
        "//x/",
        "javascript:alert(1)",
    ],
)
def test_a_tenant_address_without_tls_gets_no_token(
    tenant: ScriptedTenant, client: Client, endpoint: str
) -> None:
    tenant.settings.endpoint = endpoint
    error = person_failure(client)
    assert type(error) is errors.UnsafeAddress
    assert error.path == "/api/state/Cust12345"
    assert not tenant.calls(TOKENS)


def test_a_record_that_cannot_be_read_names_column_and_sale(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", "Sale", answer(listing(sale_row(9), sale_row(8, amount={"x": 1}))))
    error = failure(lambda: list(client.newest_sales(None)))
    assert isinstance(error, errors.BadRecord)
    assert (error.column, error.record, error.path) == ("amount", "sale 8", "/Cust12345/api/v1/Sale")
    assert "sale 8" in str(error)


def secrets_in(thing: Any, secrets: list[str], depth: int = 0) -> list[str]:
    """Where a secret shows in an object, its attributes, its causes and everything below."""
    if depth > 6:
        return []
    shown = [str(thing), repr(thing)]
    found = [text for text in shown if any(secret in text for secret in secrets)]
    parts: list[Any] = []
    if isinstance(thing, BaseException):
        parts = [*thing.args, *thing.__dict__.values(), thing.__cause__, thing.__context__]
    elif isinstance(thing, dict):
        parts = [*thing, *thing.values()]
    elif isinstance(thing, list | tuple | set):
        parts = list(thing)
    return found + [
        text for part in parts if part is not None for text in secrets_in(part, secrets, depth + 1)
    ]


def secret_forms() -> list[str]:
    return [
        CLIENT_SECRET,
        quote(CLIENT_SECRET, safe=""),
        quote_plus(CLIENT_SECRET),
        REFRESH_TOKEN,
        "CANARYACCESS",
    ]


def echo(status: int, kind: str) -> Any:
    """A server that repeats what it was sent, as careless error pages do."""

    def reply(handler: Any) -> None:
        seen = handler.owner.seen[-1]
        words = (
            f"{seen.headers} {seen.body.decode()} {CLIENT_SECRET} {REFRESH_TOKEN} {seen.form} {seen.target}"
        )
        body = {"Error": True, "ErrorType": words, "ErrorMessage": words, "error_description": words}
        answer(body if kind == "json" else words.encode(), status, f"text/{kind}")(handler)

    return reply


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 421, 429, 500, 503])
@pytest.mark.parametrize("echoed", [(PERSON, "json"), (PERSON, "html"), (TOKENS, "json"), (TOKENS, "plain")])
def test_no_error_and_no_log_line_shows_a_secret(
    tenant: ScriptedTenant,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    status: int,
    echoed: tuple[str, str],
) -> None:
    place, kind = echoed
    caplog.set_level("DEBUG")
    tenant.settings.access_tokens = ["8A:Cust12345.CANARYACCESS1", "8A:Cust12345.CANARYACCESS2"]
    tenant.script("POST" if place == TOKENS else "GET", place, echo(status, kind))

    error = person_failure(client)

    assert tenant.calls(place)
    assert secrets_in(error, secret_forms()) == []
    assert not [secret for secret in secret_forms() if secret in caplog.text]
    assert len(error.detail) <= 500


@pytest.mark.parametrize(
    "reply", [hang, raw(b"", reset=True), raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")]
)
@pytest.mark.parametrize("place", [PERSON, TOKENS])
def test_no_broken_connection_leaves_a_secret_attached_to_its_error(
    tenant: ScriptedTenant, make_client: MakeClient, reply: Any, place: str
) -> None:
    tenant.settings.access_tokens = ["8A:Cust12345.CANARYACCESS1"]
    tenant.script("POST" if place == TOKENS else "GET", place, reply)
    error = person_failure(make_client(options={"timeouts": (2.0, 0.6)}))
    assert secrets_in(error, secret_forms()) == []
    assert error.__context__ is None, "a library's exception knows the request with its headers"


ECHO = f"{CLIENT_SECRET} {REFRESH_TOKEN} {CLIENT_SECRET}"


@pytest.mark.parametrize(
    "place",
    [
        answer({"ContextIdentifier": "Cust12345", "State": f"Down {ECHO}", "IsRunning": False}),
        answer({"ContextIdentifier": f"Cust {ECHO}", "State": "Running", "IsRunning": True}),
        answer({"ContextIdentifier": "Cust12345", "State": f"Down {'x' * 9_000}", "IsRunning": False}),
    ],
)
def test_the_words_of_the_tenants_state_are_redacted_and_short(
    tenant: ScriptedTenant, client: Client, caplog: pytest.LogCaptureFixture, place: Any
) -> None:
    caplog.set_level("DEBUG")
    tenant.script("GET", "/api/state/Cust12345", place)
    with suppress(errors.WrongTenant):
        assert len(client.tenant_state().state) <= 200
    error = person_failure(client)
    assert isinstance(error, errors.TenantNotRunning | errors.WrongTenant)
    assert secrets_in(error, secret_forms()) == []
    assert not [secret for secret in secret_forms() if secret in caplog.text]
    assert len(error.detail) < 300


def test_a_tenants_unsafe_address_is_not_quoted(tenant: ScriptedTenant, client: Client) -> None:
    tenant.settings.endpoint = f"http://{REFRESH_TOKEN}.example/x"
    error = person_failure(client)
    assert type(error) is errors.UnsafeAddress
    assert REFRESH_TOKEN not in str(vars(error))


def test_the_tenant_that_a_token_names_is_redacted(tenant: ScriptedTenant, client: Client) -> None:
    tenant.settings.claims = {"http://schemes.superoffice.net/identity/ctx": f"A\x00B {ECHO}"}
    error = person_failure(client)
    assert isinstance(error, errors.WrongTenant)
    assert error.actual.startswith("AB …")
    assert secrets_in(error, secret_forms()) == []


@pytest.mark.parametrize("status", [200, 404])
def test_an_operation_id_is_redacted(tenant: ScriptedTenant, client: Client, status: int) -> None:
    tenant.script("GET", PERSON, answer(b"<html>", status, X_Operation_Id=f"op {REFRESH_TOKEN}"))
    assert person_failure(client).request_id == "op …"


@pytest.mark.parametrize(
    "body",
    [
        b'{"expires_in": 1e99999999999999999999}',
        b'{"expires_in": 1e9999999}',
        b'{"expires_in": -1e500}',
        b"[" * 900 + b'"\\u0000"' + b"]" * 900,
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("place", [PERSON, TOKENS, "/api/state/Cust12345", "/login/.well-known/jwks"])
@pytest.mark.parametrize("status", [200, 400])
def test_json_that_breaks_its_readers_is_no_json(
    tenant: ScriptedTenant, client: Client, body: bytes, place: str, status: int
) -> None:
    tenant.script("POST" if place == TOKENS else "GET", place, answer(body, status))
    error = person_failure(client)
    assert (error.path, error.status) == (f"/Cust12345/api/v1/{place}" if place == PERSON else place, status)
    if status == 200:
        assert isinstance(error, errors.UnexpectedAnswer)
        assert error.problem == "not_json"


def test_lists_within_lists_are_no_answer_to_a_question(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", "Webhook", answer(b"[" * 900 + b"]" * 900))
    error = failure(lambda: client.ask("GET", "Webhook"))
    assert isinstance(error, errors.UnexpectedAnswer)
    assert error.problem == "not_json"


@pytest.mark.parametrize(
    "moment",
    [
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Sat, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 99999999999 23:59:59 GMT",
        "Fri, 31 Dec 2027 23:59:59 +99999999999999999999",
        "Fri, 31 Dec 2027 99999999999:59:59 GMT",
        "9" * 400,
    ],
)
def test_a_moment_that_cannot_be_is_no_wish_to_wait(
    tenant: ScriptedTenant, client: Client, moment: str
) -> None:
    tenant.script("GET", PERSON, answer(b"", 429, Retry_After=moment))
    error = person_failure(client)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after is None or 0 <= error.retry_after < 1e12


@pytest.mark.parametrize("words", ["a+", "eyJ-", "password ", "<!--"])
@pytest.mark.parametrize("status", [200, 400])
def test_megabytes_of_words_cost_no_time(
    tenant: ScriptedTenant, client: Client, words: str, status: int
) -> None:
    """A search that reads them again and again would take minutes."""
    body = rest_error("x", words * (9_000_000 // len(words)))
    tenant.script("GET", PERSON, answer(body, status))
    began = time.thread_time()
    error = person_failure(client)
    assert time.thread_time() - began < 5
    assert len(error.detail) <= 500


def test_what_a_user_is_called_is_masked_and_steers_no_terminal(
    tenant: ScriptedTenant, client: Client
) -> None:
    name = f"Evil\x1b]0;pwn\x07\u202e {ECHO}"
    tenant.script("GET", "User/currentPrincipal", answer({"AssociateId": 5, "FullName": name}))
    assert client.current_user().full_name == "Evil]0;pwn … … …"
    assert client.ask("GET", "User/currentPrincipal")["FullName"] == "Evil]0;pwn … … …"


ALL: list[errors.SuperOfficeError] = [
    errors.Unreachable("x", reason="dns", method="GET", path="/a"),
    errors.UnsafeAddress("x"),
    errors.TenantNotRunning(state="Suspended"),
    errors.NeedsConsent("x", status=400, error_type="invalid_grant"),
    errors.InvalidClient("x"),
    errors.InvalidIdentity("x"),
    errors.WrongTenant(expected="Cust1", actual="Cust2"),
    errors.InvalidKey("x"),
    errors.ClockSkew("x", status=200),
    errors.InvalidLogin("x", status=401),
    errors.Declined("x", error_type="access_denied"),
    errors.Unauthorized("x", status=401),
    errors.Forbidden("x"),
    errors.NotFound("x"),
    errors.BadRequest("x"),
    errors.RateLimited("x", retry_after=31.0),
    errors.SettingsChanged("x"),
    errors.Busy("x"),
    errors.WrongHost("x"),
    errors.ServerError("x", retry_after=None, status=500),
    errors.UnexpectedAnswer("x", problem="html"),
    errors.BadRecord("x", column="amount", record="sale 8"),
]


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_an_error_survives_copying_and_pickling(error: errors.SuperOfficeError) -> None:
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert type(twin) is type(error)
        assert twin.__dict__ == error.__dict__
        assert str(twin) == str(error)


def test_every_class_has_a_code_of_its_own() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    codes = [kind.code for kind in kinds if issubclass(kind, errors.SuperOfficeError)]
    assert len(codes) == len(set(codes)) >= 19
    assert all(kind in {type(error) for error in ALL} or kind.__subclasses__() for kind in kinds)


@pytest.mark.parametrize("name", [name for name, kind in vars(errors).items() if isinstance(kind, type)])
def test_the_drawing_of_the_tree_names_every_class(name: str) -> None:
    if not name.startswith("_") and issubclass(vars(errors)[name], errors.SuperOfficeError):
        assert name in (errors.__doc__ or "")
