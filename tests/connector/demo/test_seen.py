"""What the tenant remembers of its callers, and the number by which each call can be quoted."""

import json
import re
import socket
from collections.abc import Callable

import pytest
import requests

from connector.demo import seen
from connector.demo.seen import SeenRequest, SeenRequests, masked
from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api, document

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def test_every_answer_has_an_operation_id_of_its_own(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.answer_status("/Contact", 500)
    answers = [
        api.get("/Sale?$top=1"), api.get("/Sale/999999"), api.get("/Shipment"), api.get("/nonsense"),
        api.get("/Contact"), api.get("/Sale", headers={"Authorization": ""}),
        requests.get(f"{tenant.login_url}/api/state/Cust12345", timeout=10),
    ]  # fmt: skip

    found = [answer.headers["X-Operation-Id"] for answer in answers]
    assert all(re.fullmatch(r"[0-9a-f]{32}", value) for value in found)
    assert len(set(found)) == len(found)
    assert [request.operation_id for request in tenant.requests][-len(found) :] == found


def test_a_body_is_remembered_as_it_came(api: Api, tenant: DemoTenant) -> None:
    api.call("POST", "/Document/Validate", json=document())

    assert json.loads(tenant.requests[-1].body) == document()
    assert tenant.requests[-1].body_length == len(tenant.requests[-1].body)


def test_a_long_body_is_only_counted(api: Api, tenant: DemoTenant) -> None:
    key = api.create_document()["DocumentId"]
    api.upload(key, b"x" * 200_001)
    assert (tenant.requests[-1].body, tenant.requests[-1].body_length) == (b"", 200_001)
    api.upload(key, b"x" * 200_000)
    assert len(tenant.requests[-1].body) == 200_000


@pytest.mark.parametrize(
    ("body", "kind", "kept"),
    [
        (b'{"Password":"pw","Name":"x"}', JSON, b'{"Password": "***", "Name": "x"}'),
        (b'[{"deep":{"secret":"s"}}]', JSON, b'[{"deep": {"secret": "***"}}]'),
        (b'{"Password":"","Name":"x"}', JSON, b'{"Password":"","Name":"x"}'),
        (b"not json", JSON, b""),
        (b"client_secret=pw&grant_type=x", FORM, b"client_secret=%2A%2A%2A&grant_type=x"),
        (b"\xff\x00", "application/octet-stream", b"\xff\x00"),
        (b"", JSON, b""),
    ],
)
def test_secrets_are_masked(body: bytes, kind: str, kept: bytes) -> None:
    assert masked(body, kind) == kept


def test_bodies_have_a_budget_and_requests_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "ALL_BODIES", 25)
    monkeypatch.setattr(seen, "REMEMBERED_REQUESTS", 4)
    requests_seen = SeenRequests()
    for number in range(6):
        requests_seen.note(SeenRequest("POST", f"/{number}", {}, {}, 10, str(number), b"x" * 10))

    assert [item.path for item in requests_seen.all()] == ["/2", "/3", "/4", "/5"]
    assert [len(item.body) for item in requests_seen.all()] == [0, 0, 10, 10]
    requests_seen.forget()
    assert requests_seen.all() == []


def _raw(tenant: DemoTenant) -> socket.socket:
    port = int(tenant.tenant_url.split(":")[2].split("/")[0])
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def test_a_reset_breaks_the_connection_off_before_the_work(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.reset("/Document", method="POST")

    with pytest.raises(requests.exceptions.ConnectionError, match="reset"):
        api.call("POST", "/Document", json=document())
    assert tenant.documents == []
    assert api.call("POST", "/Document", json=document()).status_code == 200


def test_a_reset_is_one_and_not_an_orderly_end(tenant: DemoTenant) -> None:
    def heard(fault: Callable[[], None]) -> type[BaseException] | None:
        fault()
        with _raw(tenant) as connection:
            connection.sendall(
                b"POST /Cust12345/api/v1/Sale HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
            )
            try:
                assert connection.recv(10) == b""
            except ConnectionResetError as error:
                return type(error)
        return None

    assert heard(lambda: tenant.faults.reset("/Sale")) is ConnectionResetError
    assert heard(lambda: tenant.faults.drop_reply("/Sale")) is None
