"""Signing in in the browser: the page, the code, the tokens made of it."""

import base64
import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from connector.demo import sign_ins
from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import (
    CALLBACK,
    CLAIM,
    VERIFIER,
    Api,
    ask_for_tokens,
    authorize_address,
    code_form,
    press,
    sent_back,
    signed_in,
    token_form,
)

JONAS = {"user": "5"}


@pytest.fixture
def tenant(shared_tenant: DemoTenant) -> DemoTenant:
    return shared_tenant


def claims_of(body: dict[str, Any]) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(body["id_token"], options={"verify_signature": False})
    return claims


def look(address: str) -> requests.Response:
    return requests.get(address, allow_redirects=False, timeout=10)


def test_the_page_offers_every_user_and_says_that_it_is_a_demo(tenant: DemoTenant) -> None:
    answer = look(authorize_address(tenant))

    assert answer.status_code == 200
    assert "Demo tenant – not SuperOffice" in answer.text
    buttons = re.findall(r'<button name="user" value="(\d+)">([^<]+)', answer.text)
    assert [key for key, _name in buttons] == ["3", "5", "6", "8", "9"]
    assert dict(buttons)["5"] == "Jonas Weber"
    assert "Administrator" in dict(buttons)["9"]
    assert "Refuse / Ablehnen" in answer.text
    assert '<html lang="en">' in answer.text
    assert '<p lang="de">' in answer.text
    assert "<script" not in answer.text


def test_the_page_may_only_lead_back_to_the_app(tenant: DemoTenant) -> None:
    answer = look(authorize_address(tenant))

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8000;" in policy
    assert "frame-ancestors 'none'" in policy
    action = unescape(re.findall(r'action="([^"]+)"', answer.text)[0])
    assert f"{tenant.login_url}{action}" == answer.url


def test_a_press_leads_back_with_a_code_and_the_state(tenant: DemoTenant) -> None:
    back = press(tenant, JONAS)

    assert set(back) == {"code", "state"}
    assert back["state"] == "st&te"
    assert press(tenant, JONAS, state=None).keys() == {"code"}


def test_refusing_leads_back_with_the_reason(tenant: DemoTenant) -> None:
    back = press(tenant, {"refuse": "1"})

    assert (back["error"], back["state"]) == ("access_denied", "st&te")
    assert back["error_description"]


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "http://127.0.0.1:8000/elsewhere/",
        "https://127.0.0.1:8000/superoffice/callback/",
        "http://127.0.0.1:8000/superoffice/callback/?x=1",
        "http://127.0.0.1:8000@evil.example/superoffice/callback/",
        "http://evil.example/superoffice/callback/",
        "http://localhost.evil.example/superoffice/callback/",
    ],
)
def test_an_address_that_is_not_registered_ends_on_a_page_without_a_way_back(
    tenant: DemoTenant, uri: str | None
) -> None:
    for method in ("GET", "POST"):
        answer = requests.request(
            method, authorize_address(tenant, redirect_uri=uri), data=JONAS, allow_redirects=False, timeout=10
        )
        assert answer.status_code == 400
        assert "Technical error" in answer.text
        assert "Location" not in answer.headers
        assert "<form" not in answer.text


@pytest.mark.parametrize("host", ["http://127.0.0.1:8000", "http://localhost:54321", "http://localhost"])
def test_any_port_of_this_computer_is_registered(tenant: DemoTenant, host: str) -> None:
    assert look(authorize_address(tenant, redirect_uri=f"{host}/superoffice/callback/")).status_code == 200
    assert look(authorize_address(tenant, redirect_uri=tenant.redirect_uri)).status_code == 200


def test_an_unknown_app_ends_there_too(tenant: DemoTenant) -> None:
    assert look(authorize_address(tenant, client_id="somebody")).status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"code_challenge_method": "S512"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"acr_values": "tenant:Cust99999"}, "access_denied"),
    ],
)
def test_a_request_that_is_not_in_order_leads_back_with_an_error(
    tenant: DemoTenant, changes: dict[str, str | None], error: str
) -> None:
    back = sent_back(look(authorize_address(tenant, **changes)))

    assert (back["error"], back["state"]) == (error, "st&te")
    assert press(tenant, JONAS, **changes)["error"] == error


def test_the_tenant_may_be_named_in_the_path(tenant: DemoTenant) -> None:
    address = authorize_address(tenant, acr_values=None)

    assert look(address.replace("/common/", "/Cust12345/")).status_code == 200
    assert sent_back(look(address.replace("/common/", "/Cust99999/")))["error"] == "access_denied"


def test_a_user_who_is_not_there_cannot_sign_in(tenant: DemoTenant) -> None:
    for key in ("4711", "2", "x", ""):
        assert press(tenant, {"user": key})["error"] == "access_denied"


def test_the_page_is_for_callers_who_mean_this_computer(tenant: DemoTenant) -> None:
    answer = requests.get(authorize_address(tenant), headers={"Host": "evil.example"}, timeout=10)

    assert answer.status_code == 404


def test_the_tokens_are_those_of_the_one_who_signed_in(tenant: DemoTenant) -> None:
    body = signed_in(tenant, 5)

    assert set(body) == {"token_type", "access_token", "expires_in", "refresh_token", "id_token"}
    claims = claims_of(body)
    assert claims[f"{CLAIM}associateid"] == "5"
    assert claims[f"{CLAIM}email"] == "jonas.weber@musterroboter.example"
    assert claims[f"{CLAIM}ctx"] == "Cust12345"
    with Api(tenant, f"Bearer {body['access_token']}") as api:
        assert api.get("/User/currentPrincipal").json()["FullName"] == "Jonas Weber"


def test_what_a_person_files_is_theirs(tenant: DemoTenant) -> None:
    with Api(tenant, f"Bearer {signed_in(tenant, 6)['access_token']}") as api:
        created = api.create_document()
        assert created["CreatedBy"]["Name"] == created["Associate"]["Name"] == "SK"
        api.upload(created["DocumentId"], b"x")
        task = api.call("POST", "/Appointment", json={"Title": "x"}).json()
        assert task["CreatedBy"]["AssociateId"] == task["Associate"]["AssociateId"] == 6
        mine = api.list("/Document", select="documentId,registeredBy", filter="associateId currentAssociate")
    assert {"documentId": created["DocumentId"], "registeredBy": "SK"}.items() <= mine[-1].items()
    assert tenant.documents[-1].card.updated_by == 6


def test_a_persons_refresh_token_gives_tokens_of_that_person(tenant: DemoTenant) -> None:
    token = signed_in(tenant, 5)["refresh_token"]

    body = ask_for_tokens(tenant, token_form(tenant, refresh_token=token, redirect_uri=CALLBACK)).json()
    assert "refresh_token" not in body
    assert claims_of(body)[f"{CLAIM}associateid"] == "5"


def test_the_administrator_brings_the_system_users_token(tenant: DemoTenant) -> None:
    boss, jonas = claims_of(signed_in(tenant, 9)), claims_of(signed_in(tenant, 5))

    assert boss[f"{CLAIM}is_administrator"] == "True"
    assert boss[f"{CLAIM}system_token"] == tenant.system_user_token
    assert jonas[f"{CLAIM}is_administrator"] == "False"
    assert f"{CLAIM}system_token" not in jonas


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "unknown"},
        {"code_verifier": "w" * 64},
        {"code_verifier": None},
        {"redirect_uri": "http://localhost:8000/superoffice/callback/"},
    ],
)
def test_a_code_is_only_worth_something_to_the_one_who_asked(
    tenant: DemoTenant, changes: dict[str, str | None]
) -> None:
    code = press(tenant, JONAS)["code"]

    answer = ask_for_tokens(tenant, code_form(tenant, code, **changes))
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


def test_a_code_works_once(tenant: DemoTenant) -> None:
    form = code_form(tenant, press(tenant, JONAS)["code"])

    assert ask_for_tokens(tenant, form).status_code == 200
    assert ask_for_tokens(tenant, form).json()["error"] == "invalid_grant"


def test_a_code_ends(tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_ins, "CODE_SECONDS", 0)

    form = code_form(tenant, press(tenant, JONAS)["code"])
    assert ask_for_tokens(tenant, form).json()["error"] == "invalid_grant"


def test_the_secret_is_wanted_beside_the_verifier(tenant: DemoTenant) -> None:
    form = code_form(tenant, press(tenant, JONAS)["code"], client_secret="wrong")

    assert ask_for_tokens(tenant, form).json()["error"] == "invalid_client"


def test_plain_challenges_are_understood_and_none_is_enough_for_old_apps(tenant: DemoTenant) -> None:
    plain = press(tenant, JONAS, code_challenge=VERIFIER, code_challenge_method=None)["code"]
    assert ask_for_tokens(tenant, code_form(tenant, plain)).status_code == 200

    without = press(tenant, JONAS, code_challenge=None, code_challenge_method=None)["code"]
    assert ask_for_tokens(tenant, code_form(tenant, without, code_verifier=None)).status_code == 200


def test_the_nonce_comes_back_in_the_id_token(tenant: DemoTenant) -> None:
    code = press(tenant, JONAS, nonce="once")["code"]

    assert claims_of(ask_for_tokens(tenant, code_form(tenant, code)).json())["nonce"] == "once"


def test_another_tenant_may_answer(tenant: DemoTenant) -> None:
    tenant.faults.authorize_tenant = "Cust99999"

    body = signed_in(tenant, 5)
    assert claims_of(body)[f"{CLAIM}ctx"] == "Cust99999"
    assert "Cust99999" in claims_of(body)[f"{CLAIM}webapi_url"]
    with Api(tenant, f"Bearer {body['access_token']}") as api:
        assert api.get("/User/currentPrincipal").status_code == 401


def test_an_app_that_nobody_approved_lets_nobody_in(tenant: DemoTenant) -> None:
    tenant.faults.consent_missing = True

    page = look(authorize_address(tenant)).text
    assert "administrator of SuperOffice" in page
    assert 'name="user"' not in page
    assert press(tenant, JONAS)["error"] == "access_denied"
    assert press(tenant, {"refuse": "1"})["error"] == "access_denied"


def test_a_sign_in_may_give_no_refresh_token(tenant: DemoTenant) -> None:
    tenant.faults.no_refresh_token = True

    assert "refresh_token" not in signed_in(tenant, 5)


def test_one_persons_sign_in_can_be_revoked(tenant: DemoTenant) -> None:
    tokens = {key: signed_in(tenant, key)["refresh_token"] for key in (5, 6)}
    tenant.faults.revoked_users = {5}

    def refreshed(key: int) -> int:
        return ask_for_tokens(tenant, token_form(tenant, refresh_token=tokens[key])).status_code

    assert (refreshed(5), refreshed(6)) == (400, 200)
    assert ask_for_tokens(tenant, token_form(tenant)).status_code == 200
    tenant.faults.refresh_token_revoked = True
    assert refreshed(6) == 400


def test_sign_ins_survive_a_restart_and_are_kept_as_hashes(tmp_path: Path) -> None:
    day = date(2026, 3, 18)
    with DemoTenant(tmp_path, today=day, sales=5) as tenant:
        token = signed_in(tenant, 6)["refresh_token"]
    assert all(token.encode() not in file.read_bytes() for file in tmp_path.iterdir())

    with DemoTenant(tmp_path, sales=5) as tenant:
        body = ask_for_tokens(tenant, token_form(tenant, refresh_token=token)).json()
        assert claims_of(body)[f"{CLAIM}associateid"] == "6"
    with DemoTenant(sales=5) as stranger:
        assert ask_for_tokens(stranger, token_form(stranger, refresh_token=token)).status_code == 400


def test_the_clock_of_the_login_host_can_be_wrong(tenant: DemoTenant) -> None:
    right = claims_of(signed_in(tenant, 5))["iat"]
    tenant.faults.clock_offset = 300

    assert 295 <= claims_of(signed_in(tenant, 5))["iat"] - right <= 310


def test_no_secret_of_a_sign_in_is_remembered(tenant: DemoTenant) -> None:
    tenant.forget_requests()
    body = signed_in(tenant, 5)
    ask_for_tokens(tenant, token_form(tenant, refresh_token=body["refresh_token"]))

    remembered = str(tenant.requests)
    for secret in (body["refresh_token"], body["access_token"], VERIFIER, tenant.client_secret):
        assert secret not in remembered
    assert base64.b64encode(tenant.client_secret.encode()).decode() not in remembered
