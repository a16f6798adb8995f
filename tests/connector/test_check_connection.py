"""`manage.py check_connection`: its exit codes, its JSON, its table, and that it tells no secret."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import translation
from pytest_django.fixtures import Settings

from connector.capability_words import WHO
from connector.demo.tenant import DemoTenant
from connector.features import FEATURES
from connector.models import Connection
from connector.superoffice.findings import Status
from tests.connector.quick_tenant import clear_faults

pytestmark = pytest.mark.django_db
KEYS = ["feature", "status", "evidence", "cause", "action", "who"]


@pytest.fixture
def tenant(connection: Connection, demo_tenant: DemoTenant, settings: Settings) -> DemoTenant:
    settings.SUPEROFFICE_CALLS_PER_SECOND = 1000
    clear_faults(demo_tenant)
    return demo_tenant


def check(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    out = io.StringIO()
    try:
        call_command("check_connection", *arguments, stdout=out, stderr=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def findings(*arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code, text = check("--json", *arguments)
    return code, {one["feature"]: one for one in json.loads(text)}


def test_the_needed_things_work(tenant: DemoTenant) -> None:
    with translation.override("de"):
        code, text = check("--json")
    listed = json.loads(text)
    assert code == 0
    assert [one["feature"] for one in listed] == list(FEATURES)
    names = {str(name) for name in WHO.values()}
    for one in listed:
        assert list(one) == KEYS
        assert all(isinstance(value, str) for value in one.values())
        assert one["status"] in set(Status)
        assert one["who"] in names
    assert tenant.acted == []
    assert len(tenant.documents) == len({one.card.document_id for one in tenant.documents})


def test_evidence_cause_action_and_who_of_a_closed_agent(tenant: DemoTenant) -> None:
    _code, found = findings()
    agent = found["native_email"]
    assert agent["status"] == "restricted"
    for part in (
        "POST Agents/EMail/GetCurrentAccountId",
        "HTTP status: 403",
        "SoSecurityException",
        "granted",
    ):
        assert part in agent["evidence"]
    assert "No role changes that" in agent["cause"]
    assert "Ask SuperOffice to grant" in agent["action"]
    assert agent["who"] == "our administrator"


def test_earlier_false_conclusions_are_put_right(tenant: DemoTenant) -> None:
    """With the answers that the invented routes really gave: 500."""
    tenant.faults.clear()
    _code, found = findings()
    for feature in ("associate_me", "shipment", "sale_quotes"):
        assert found[feature]["status"] == "not_in_api"
        assert "HTTP status: 500" in found[feature]["evidence"]
        assert "says nothing about rights" in found[feature]["cause"]
    assert "User/currentPrincipal" in found["associate_me"]["action"]
    assert "mail server" in found["shipment"]["action"]
    assert "FindQuoteLine" in found["sale_quotes"]["action"]


def test_a_missing_right_to_create_documents_is_exit_code_1(tenant: DemoTenant) -> None:
    tenant.faults.table_rights = {"document": "Select"}
    code, found = findings()
    assert code == 1
    assert found["create_document"]["status"] == "missing_right"
    assert found["create_document"]["who"] == "SuperOffice administrator"
    assert "“User level 1”" in found["create_document"]["action"]


def test_what_is_only_useful_does_not_change_the_exit_code(tenant: DemoTenant) -> None:
    tenant.faults.restricted.add("/Webhook")
    code, found = findings()
    assert (found["webhooks"]["status"], found["native_mailing"]["status"]) == ("restricted", "not_in_api")
    assert code == 0


def test_a_tenant_that_is_down_is_exit_code_1_and_asked_one_question(tenant: DemoTenant) -> None:
    tenant.faults.state = "OfflineMaintenance"
    code, found = findings()
    assert code == 1
    assert found["tenant_state"]["who"] == "nobody"
    assert "OfflineMaintenance" in found["tenant_state"]["cause"]
    assert {one["status"] for one in found.values()} == {"down"}
    assert len(tenant.requests) == 1


def test_a_revoked_sign_in_is_exit_code_1(tenant: DemoTenant) -> None:
    tenant.faults.refresh_token_revoked = True
    code, found = findings()
    assert code == 1
    assert (found["token"]["status"], found["token"]["who"]) == ("not_configured", "our administrator")


def test_nothing_set_up_is_exit_code_2() -> None:
    code, text = check("--json")
    assert code == 2
    assert text.strip() == "No connection to SuperOffice is set up."


def test_with_trial_records_uploading_is_proved(tenant: DemoTenant) -> None:
    before = len(tenant.documents), len(tenant.appointments)
    code, found = findings("--with-trial-records")
    assert code == 0
    assert found["upload_content"]["status"] == "works"
    assert "/Content" in found["upload_content"]["evidence"]
    assert (len(tenant.documents), len(tenant.appointments)) == before


def test_that_uploading_is_unproven_is_said_without_changing_the_exit_code(tenant: DemoTenant) -> None:
    words = "only a trial shows uploading (--with-trial-records)"
    code, text = check()
    assert (code, words in " ".join(text.split())) == (0, True)
    code, text = check("--with-trial-records")
    assert (code, words in " ".join(text.split())) == (0, False)
    tenant.faults.table_rights = {"document": "Select"}
    code, text = check()
    assert (code, words in " ".join(text.split())) == (1, False)


def test_without_being_told_it_writes_nothing(tenant: DemoTenant) -> None:
    check()
    writing = [
        (one.method, one.path.rpartition("/v1/")[2])
        for one in tenant.requests
        if one.method not in {"GET", "POST"} or one.path.endswith(("/Document", "/Appointment"))
    ]
    assert [one for one in writing if one[0] != "GET"] == []


def test_the_table_is_for_people(tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    tenant.faults.table_rights = {"document": "Select"}
    code, text = check()
    assert code == 1
    lines = text.splitlines()
    first = next(line for line in lines if line.startswith("Create documents"))
    assert "right is missing" in first
    assert "does not give this" in first
    words = " ".join(text.split())
    assert "→ SuperOffice administrator: Give the role “User level 1” the data rights" in words
    assert max(map(len, lines)) <= 120


def test_no_secret_is_told(tenant: DemoTenant, connection: Connection) -> None:
    tenant.faults.answer_status("/Contact", 403, json.dumps({"Message": tenant.refresh_token}), times=None)
    _code, text = check("--json")
    connection.refresh_from_db()
    stored = json.dumps(list(connection.capabilities.values("words", "facts")))
    token = connection.access_token.partition(" ")[2] or connection.access_token
    for secret in (tenant.refresh_token, tenant.client_secret, token):
        assert secret
        assert secret not in text
        assert secret not in stored
