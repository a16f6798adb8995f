import time

import pytest
import requests

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api, document


def test_a_moved_tenant_answers_421(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.wrong_tenant_host = True

    answer = api.get("/Sale?$top=1")
    assert answer.status_code == 421
    assert "Wrong subdomain" in answer.text


def test_maintenance_answers_html_with_503(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.state = "OfflineMaintenance"

    answer = api.get("/Sale?$top=1")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")


def test_html_with_200_only_where_it_was_asked_for(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.answer_html("/Sale")

    for _ in range(2):
        answer = api.get("/Sale?$top=1")
        assert answer.status_code == 200
        assert answer.text.startswith("<!DOCTYPE html>")
    assert api.get("/Contact?$top=1").json()["value"]
    tenant.faults.clear()
    assert api.get("/Sale?$top=1").json()["value"]


def test_a_status_for_the_next_calls(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.answer_status("/Sale", 500, '{"Error": true}', times=2, after=1)

    assert [api.get("/Sale?$top=1").status_code for _ in range(4)] == [200, 500, 500, 200]


def test_a_fault_may_concern_one_verb_and_leaves_the_work_undone(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.answer_status("/Document", 403, method="POST")

    assert api.get("/Document?$top=1").status_code == 200
    assert api.call("POST", "/Document", json=document()).status_code == 403
    assert tenant.documents == []
    assert api.call("POST", "/Document", json=document()).status_code == 200


def test_throttling_names_the_wait(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.throttle("/Sale", retry_after=7)

    answer = api.get("/Sale?$top=1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert api.get("/Sale?$top=1").status_code == 200


def test_a_truncated_body_breaks_off(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.truncate("/Sale")

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.get("/Sale?$top=50")
    assert len(api.get("/Sale?$top=50").json()["value"]) == 50


def test_a_dropped_reply_leaves_the_document_behind(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.drop_reply("/Document")

    with pytest.raises(requests.exceptions.ConnectionError):
        api.call("POST", "/Document", json=document())
    assert len(tenant.documents) == 1
    assert api.list("/Document", select="documentId", filter="ourref begins '7d0d4c1e'")


def test_a_delay_waits_before_the_work(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.delay("/Sale", 0.2, times=1)

    begun = time.monotonic()
    api.get("/Sale?$top=1")
    assert time.monotonic() - begun >= 0.2


def test_a_long_delay_does_not_hold_up_the_end() -> None:
    tenant = DemoTenant(sales=5).start()
    with Api(tenant) as api:
        tenant.faults.delay("/Sale", 60)
        with pytest.raises(requests.exceptions.ReadTimeout):
            api.session.get(f"{tenant.tenant_url}/api/v1/Sale", timeout=0.1)
    begun = time.monotonic()
    tenant.stop()
    assert time.monotonic() - begun < 2


def test_the_login_host_has_the_same_switches(tenant: DemoTenant) -> None:
    tenant.faults.answer_html("/login/common/oauth/tokens")
    tenant.faults.answer_status("/api/state", 502)

    assert requests.post(f"{tenant.login_url}/login/common/oauth/tokens", timeout=10).text.startswith(
        "<!DOCTYPE"
    )
    assert requests.get(f"{tenant.login_url}/api/state/Cust12345", timeout=10).status_code == 502


def test_faults_end_with_their_block(api: Api, tenant: DemoTenant) -> None:
    with tenant.faults.cleared_afterwards() as faults:
        faults.answer_status("/", 500, times=None)
        assert api.get("/Sale?$top=1").status_code == 500
    assert api.get("/Sale?$top=1").status_code == 200


def test_requests_are_remembered_without_secrets(api: Api, tenant: DemoTenant) -> None:
    tenant.forget_requests()
    api.call("POST", "/Document?$select=Name", json=document(), headers={"SO-AppToken": "demo-app-token"})

    (seen,) = tenant.requests
    assert (seen.method, seen.path) == ("POST", "/Cust12345/api/v1/Document")
    assert seen.query == {"$select": "Name"}
    assert seen.body_length > 100
    assert seen.headers["Accept"] == "application/json"
    assert "Authorization" not in seen.headers
    assert "8A:" not in str(seen)
    assert "demo-app-token" not in str(seen)
