"""The probe: how answers of a tenant are read, when it stops asking, and that it changes nothing."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector.demo.tenant import DemoTenant
from connector.features import FEATURES
from connector.models import Capability
from connector.superoffice import probe as probe_module
from connector.superoffice import questions, trial
from connector.superoffice.client import Client
from connector.superoffice.findings import Finding, Status
from connector.superoffice.probe import ALLOWED, STARTS_A_MAILING, probe
from connector.superoffice.questions import Questions
from connector.superoffice.rights import INSERT, TableRight, bits
from connector.superoffice.transport import Transport
from connector.superoffice.ways_in import App, RefreshToken
from tests.connector.superoffice.conftest import credentials_for
from tests.connector.superoffice.server import API, CONTEXT, ScriptedTenant, answer, hang, raw

pytestmark = pytest.mark.once

PRINCIPAL = {
    "UserType": "InternalAssociate",
    "Associate": "API",
    "AssociateId": 3,
    "FullName": "Sales Desk",
    "RoleName": "Sales",
    "RoleType": "Employee",
    "FunctionRights": ["allow-bulk-email"],
    "Licenses": [{"Name": "user-plan", "Description": "Sales Premium"}, {"Name": "marketing"}],
}
SYSTEM = PRINCIPAL | {"UserType": "SystemAssociate", "RoleType": "System", "FunctionRights": []}
TEMPLATE = {"DocumentTemplateId": 6, "Name": "E-mail out", "RecordType": "Email", "Direction": "Outgoing"}
ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "User/currentPrincipal"): PRINCIPAL,
    ("POST", "Agents/Sentry/GetNewTableRight"): {"Mask": "FULL", "Reason": ""},
    ("GET", "Sale"): {"value": [{"saleId": 42}]},
    ("GET", "Contact"): {"value": [{"contactId": 5}]},
    ("GET", "Person"): {"value": [{"personId": 7}]},
    ("GET", "Document"): {"value": [{"documentId": 9}]},
    ("GET", "List/DocumentTemplate/Items"): [TEMPLATE],
    ("GET", "Document/default"): {"DocumentId": 0, "Header": ""},
    ("POST", "Document/Validate"): {},
    ("GET", "Document/Plugin"): {"0": "SuperOffice document archive"},
    ("GET", "Appointment/default"): {"AppointmentId": 0},
    ("POST", "Appointment/Validate"): {},
    ("GET", "List/ProductFamily/Items"): [{"Id": 1, "Name": "Robots"}],
    ("POST", "Agents/Quote/HasConnections"): {"IsOk": True, "UserExplanation": ""},
    ("GET", "Archive/FindQuoteLine"): {"value": [{"quoteLineId": 1}]},
    ("GET", "Sale/42/ForeignKey"): {},
    ("GET", "Webhook"): [],
    ("GET", "CRMScript"): {"value": []},
    ("GET", "Archive/mailings"): {"value": []},
    ("POST", "Agents/EMail/GetCurrentAccountId"): 4,
}
IN_VAIN = {"associate_me": "Associate/Me", "shipment": "Shipment", "sale_quotes": "Sale/42/Quotes"}
NULL_REFERENCE = {"Error": True, "ErrorType": "NullReferenceException", "ErrorMessage": "Object reference"}
Ask = Callable[..., dict[str, Finding]]


def error(kind: str, words: str = "") -> dict[str, Any]:
    return {"Error": True, "ErrorType": kind, "ErrorMessage": words}


@pytest.fixture
def tenant() -> Iterator[ScriptedTenant]:
    """A tenant on which everything works."""
    with ScriptedTenant() as server:
        for (method, path), body in ANSWERS.items():
            server.script(method, path, answer(body))
        for path in IN_VAIN.values():
            server.script("GET", path, answer(NULL_REFERENCE, 500))
        list_routes(server, *ANSWERS, ("POST", STARTS_A_MAILING))
        yield server


def list_routes(tenant: ScriptedTenant, *routes: tuple[str, str]) -> None:
    found: dict[str, dict[str, str]] = {}
    for method, path in routes:
        url = f"{tenant.url}{API}{path.replace('42', '{id}')}"
        found.setdefault(url, {})[method] = ""
    tenant.script("GET", f"/{CONTEXT}/api/v1", answer(found))


@pytest.fixture
def ask(tenant: ScriptedTenant) -> Ask:
    """Probe the tenant; sleeping costs nothing."""

    def run(**options: Any) -> dict[str, Finding]:
        transport = Transport(calls_per_second=None, timeouts=(2.0, 2.0), sleep=lambda _seconds: None)
        with Client(credentials_for(tenant.url), transport=transport) as client:
            return {finding.feature: finding for finding in probe(client, **options)}

    return run


def asked(tenant: ScriptedTenant) -> list[tuple[str, str]]:
    """Every question below the API, without values."""
    found = [(one.method, one.path.removeprefix(API)) for one in tenant.seen if one.path.startswith(API)]
    return [(method, path.replace("/42/", "/{id}/").replace("/1/", "/{id}/")) for method, path in found]


# --- All is well ----------------------------------------------------------------------------------------


def test_where_everything_works_only_a_trial_is_left_and_what_does_not_exist(ask: Ask) -> None:
    found = ask()
    assert found.keys() == FEATURES.keys()
    others = {name: one.status for name, one in found.items() if one.status is not Status.WORKS}
    assert others == {"upload_content": Status.UNKNOWN, **dict.fromkeys(IN_VAIN, Status.NOT_IN_API)}
    assert found["who_am_i"].facts["licences"] == ["Sales Premium", "marketing"]
    assert found["read_sales"].facts["asked"] == ["GET Sale"]
    assert found["api_version"].facts["version"] == "10.3.5.412"


def test_the_words_of_the_findings_are_those_of_the_table() -> None:
    assert {str(one) for one in Status} == set(Capability.Status.values)


def test_only_what_the_list_allows_is_asked_and_nothing_twice(ask: Ask, tenant: ScriptedTenant) -> None:
    for path in IN_VAIN.values():
        tenant.script("GET", path, answer(error("NotFound"), 404))
    ask()
    questions = asked(tenant)
    assert set(questions) == ALLOWED
    rights = [one for one in questions if one[1].endswith("GetNewTableRight")]
    assert len(questions) - len(rights) == len(set(questions)) - 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "Agents/EMail/Send"),
        ("POST", "Agents/Person/SendEmail"),
        ("POST", "CRMScript/7/Execute"),
        ("POST", "Agents/Quote/SendQuoteVersion"),
        ("POST", "Document"),
        ("POST", "Appointment"),
        ("DELETE", "List/ProductFamily/Items"),
        ("POST", STARTS_A_MAILING),
        ("PUT", "Document/7/Content"),
    ],
)
def test_trap_what_acts_at_once_cannot_even_be_asked(tenant: ScriptedTenant, method: str, path: str) -> None:
    with Client(credentials_for(tenant.url)) as client, pytest.raises(ValueError, match="not among"):
        Questions(client, ALLOWED).ask(method, path)
    assert tenant.seen == []


# --- Rights ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", ["FULL", "URI", "RI", "WRITE", "Insert", "Select, Insert", "select,INSERT"])
def test_trap_the_right_to_insert_hides_in_composite_names(mask: str) -> None:
    if mask == "WRITE":  # Update, Insert and RestrictedUpdate
        assert bits(mask) == 38
    assert not TableRight("document", mask, "").lacks(INSERT)


@pytest.mark.parametrize("mask", ["None", "Select", "UR", "Select, Update", "RF"])
def test_a_mask_without_the_bit_lacks_it(mask: str) -> None:
    assert TableRight("document", mask, "").lacks(INSERT)


@pytest.mark.parametrize("mask", ["Uninitialized", "", "Everything"])
def test_a_mask_that_cannot_be_read_proves_nothing(mask: str) -> None:
    assert bits(mask) is None
    assert not TableRight("document", mask, "").lacks(INSERT)


def test_without_the_right_to_insert_nothing_more_is_asked_about_creating(
    ask: Ask, tenant: ScriptedTenant
) -> None:
    right = {"Mask": "Select", "Reason": "No right on documents"}
    tenant.script("POST", "Agents/Sentry/GetNewTableRight", answer(right))
    found = ask()
    for feature, table in (
        ("create_document", "document"),
        ("upload_content", "document"),
        ("create_follow_up", "appointment"),
    ):
        finding = found[feature]
        assert finding.status is Status.MISSING_RIGHT
        assert (finding.facts["mask"], finding.facts["table"], finding.facts["role"]) == (
            "Select",
            table,
            "Sales",
        )
        assert finding.words == "No right on documents"
    assert not tenant.calls("Document/Validate")


def test_fields_that_the_tenant_wants_filled_are_named(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("POST", "Document/Validate", answer({"YourRef": "is mandatory"}))
    finding = ask()["create_document"]
    assert finding.status is Status.NOT_CONFIGURED
    assert finding.facts["fields"] == ["YourRef"]
    assert finding.words == "YourRef: is mandatory"


def test_the_card_that_is_validated_has_the_template_for_outgoing_mail(
    ask: Ask, tenant: ScriptedTenant
) -> None:
    wrong = TEMPLATE | {"DocumentTemplateId": 1, "Direction": "Incoming"}
    tenant.script("GET", "List/DocumentTemplate/Items", answer([wrong, TEMPLATE]))
    assert ask()["mail_template"].facts["template_id"] == 6
    (call,) = tenant.calls("Document/Validate")
    assert call.data["DocumentTemplate"] == {"DocumentTemplateId": 6}


def test_without_a_template_creating_is_not_called_possible(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("GET", "List/DocumentTemplate/Items", answer([]))
    found = ask()
    assert found["mail_template"].status is Status.NOT_CONFIGURED
    assert found["create_document"].status is Status.UNKNOWN
    assert found["create_document"].facts["because"] == "mail_template"


def test_a_sentry_that_does_not_answer_proves_nothing(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("POST", "Agents/Sentry/GetNewTableRight", answer(b"null"))
    assert ask()["create_document"].status is Status.WORKS


# --- Reading: rows are left out without a word ------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "status"), [("None", Status.MISSING_RIGHT), ("FULL", Status.UNKNOWN), ("", Status.UNKNOWN)]
)
def test_trap_no_row_is_no_proof_that_reading_works(
    ask: Ask, tenant: ScriptedTenant, mask: str, status: Status
) -> None:
    for path in ("Sale", "Contact", "Person", "Document"):
        tenant.script("GET", path, answer({"value": []}))
    tenant.script("POST", "Agents/Sentry/GetNewTableRight", answer({"Mask": mask}))
    found = ask()
    reading = ("read_sales", "read_companies", "read_persons", "read_documents")
    assert {found[feature].status for feature in reading} == {status}


def test_a_role_that_hides_sales_is_named(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("GET", "Sale", answer({"value": []}))
    tenant.script("GET", "User/currentPrincipal", answer(PRINCIPAL | {"FunctionRights": ["hide-sale"]}))
    found = ask()
    assert found["read_sales"].status is Status.MISSING_RIGHT
    assert found["read_sales"].facts["function_right"] == "hide-sale"
    assert found["foreign_keys"].facts["because"] == "read_sales"


# --- One refusal, several meanings -------------------------------------------------------------------------


def test_a_403_on_an_ordinary_route_is_a_missing_right(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("GET", "Contact", answer(error("SoSecurityException", "Access denied"), 403))
    finding = ask()["read_companies"]
    assert (finding.status, finding.http_status) == (Status.MISSING_RIGHT, 403)
    assert (finding.error_type, finding.words) == ("SoSecurityException", "Access denied")


def test_trap_the_system_user_is_refused_by_the_registration_and_not_by_a_role(
    ask: Ask, tenant: ScriptedTenant
) -> None:
    tenant.script("GET", "User/currentPrincipal", answer(SYSTEM))
    tenant.script("GET", "Contact", answer(error("SoSecurityException"), 403))
    found = ask()
    assert found["read_companies"].status is Status.RESTRICTED
    assert found["read_companies"].facts["is_system"] is True
    assert found["native_mailing"].status is Status.WORKS  # no functional right binds it


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, error("AuthenticationException")),
        (403, error("SoSecurityException")),
        (404, error("SoNotFoundException")),
        (500, NULL_REFERENCE),
        (200, error("SoSecurityException", "not granted")),
        (200, {"Message": "no", "MessageDetail": "not for this app"}),
    ],
)
def test_an_agent_that_is_opened_per_app_is_restricted_whatever_the_code(
    ask: Ask, tenant: ScriptedTenant, status: int, body: Any
) -> None:
    tenant.script("POST", "Agents/EMail/GetCurrentAccountId", answer(body, status))
    for path in ("Webhook", "CRMScript"):
        tenant.script("GET", path, answer(body, status))
    online, onsite = ask(), ask(is_online=False)
    for feature in ("native_email", "webhooks", "crm_script"):
        assert (online[feature].status, online[feature].http_status) == (Status.RESTRICTED, status)
        assert onsite[feature].status is not Status.RESTRICTED


def test_trap_an_agent_that_answers_null_is_neither_yes_nor_no(ask: Ask, tenant: ScriptedTenant) -> None:
    for path in ("Agents/EMail/GetCurrentAccountId", "Document/Validate"):
        tenant.script("POST", path, answer(b"null"))
    found = ask()
    assert found["native_email"].status is Status.UNKNOWN
    assert found["create_document"].status is Status.UNKNOWN
    assert found["create_document"].facts["problem"] == "empty"


def test_a_user_without_mail_account_is_told_from_a_closed_agent(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("POST", "Agents/EMail/GetCurrentAccountId", answer(b"0"))
    assert ask()["native_email"].status is Status.NOT_CONFIGURED


@pytest.mark.parametrize("path", ["Webhook", "Archive/FindQuoteLine", "Contact"])
def test_a_licence_that_does_not_cover_it_is_told_from_a_right(
    ask: Ask, tenant: ScriptedTenant, path: str
) -> None:
    tenant.script("GET", path, answer(error("SoLicenseException", "Not in your plan"), 403))
    found = ask()
    feature = {"Webhook": "webhooks", "Contact": "read_companies"}.get(path, "quote_lines")
    assert found[feature].status is Status.NO_LICENCE


def test_a_route_that_the_tenant_does_not_list_is_not_in_its_interface(
    ask: Ask, tenant: ScriptedTenant
) -> None:
    tenant.script("GET", "List/ProductFamily/Items", answer(error("NotFound"), 404))
    assert ask()["product_families"].status is Status.UNKNOWN  # listed, so something else is wrong
    listed = [one for one in ANSWERS if one[1] != "List/ProductFamily/Items"]
    list_routes(tenant, *listed)
    assert ask()["product_families"].status is Status.NOT_IN_API


@pytest.mark.parametrize("listing", [answer({}), answer(b"<html></html>", kind="text/html"), answer({}, 500)])
def test_without_a_list_of_routes_nothing_is_called_missing(
    ask: Ask, tenant: ScriptedTenant, listing: Any
) -> None:
    tenant.script("GET", f"/{CONTEXT}/api/v1", listing)
    tenant.script("GET", "List/ProductFamily/Items", answer(error("NotFound"), 404))
    found = ask()
    assert found["api_version"].status is Status.WORKS
    assert found["product_families"].status is Status.UNKNOWN
    assert found["native_mailing"].status is Status.UNKNOWN


def test_a_500_on_an_ordinary_route_says_nothing_about_rights(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("GET", "Contact", answer(NULL_REFERENCE, 500, X_Operation_Id="abc-1"))
    finding = ask()["read_companies"]
    assert finding.status is Status.UNKNOWN
    assert finding.facts["operation_id"] == "abc-1"


@pytest.mark.parametrize("feature", IN_VAIN)
@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_contradicts_invented_routes_are_never_taken_for_missing_rights(
    ask: Ask, tenant: ScriptedTenant, feature: str, status: int
) -> None:
    tenant.script("GET", IN_VAIN[feature], answer(NULL_REFERENCE if status != 200 else {}, status))
    finding = ask()[feature]
    assert (finding.status, finding.http_status) == (Status.NOT_IN_API, status)


# --- Native mailings, quotes, archives ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "status"),
    [
        ("", Status.WORKS),
        ("route", Status.NOT_IN_API),
        ("licence", Status.NO_LICENCE),
        ("right", Status.MISSING_RIGHT),
        ("licence right", Status.NO_LICENCE),
        ("route licence right", Status.NOT_IN_API),
    ],
)
def test_mailings_need_a_route_a_licence_and_a_right(
    ask: Ask, tenant: ScriptedTenant, missing: str, status: Status
) -> None:
    list_routes(tenant, *ANSWERS, *([] if "route" in missing else [("POST", STARTS_A_MAILING)]))
    changes = {
        "FunctionRights": [] if "right" in missing else ["allow-bulk-email"],
        "Licenses": [] if "licence" in missing else [{"Name": "Marketing"}],
    }
    tenant.script("GET", "User/currentPrincipal", answer(PRINCIPAL | changes))
    finding = ask()["native_mailing"]
    assert finding.status is status
    for need in ("route", "licence", "right"):
        assert finding.facts[need] is (need not in missing)


def test_mailings_that_may_not_be_listed_are_no_way_to_send(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("GET", "Archive/mailings", answer(error("SoSecurityException"), 403))
    finding = ask()["native_mailing"]
    assert (finding.status, finding.http_status) == (Status.MISSING_RIGHT, 403)


@pytest.mark.parametrize(
    ("connections", "rows", "status"),
    [
        ({"IsOk": True}, [], Status.WORKS),
        ({"IsOk": False, "UserExplanation": "none for you"}, [], Status.NOT_CONFIGURED),
        ({"IsOk": False}, [{"quoteLineId": 1}], Status.WORKS),
        (None, [], Status.UNKNOWN),
    ],
)
def test_quote_lines_are_explained_by_the_connections_the_user_reaches(
    ask: Ask, tenant: ScriptedTenant, connections: Any, rows: list[Any], status: Status
) -> None:
    tenant.script("POST", "Agents/Quote/HasConnections", answer(connections))
    tenant.script("GET", "Archive/FindQuoteLine", answer({"value": rows}))
    finding = ask()["quote_lines"]
    assert finding.status is status
    if status is Status.NOT_CONFIGURED:
        assert finding.words == "none for you"


def test_an_empty_list_of_product_families_is_not_set_up(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("GET", "List/ProductFamily/Items", answer([]))
    assert ask()["product_families"].status is Status.NOT_CONFIGURED


def test_another_document_archive_is_pointed_out(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("GET", "Document/Plugin", answer({"0": "SuperOffice", "4": "SharePoint"}))
    finding = ask()["document_archive"]
    assert (finding.status, finding.facts["elsewhere"]) == (Status.WORKS, True)


# --- When to stop ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "status", "rest"),
    [
        ("OfflineMaintenance", Status.DOWN, Status.DOWN),
        ("Suspended", Status.DOWN, Status.DOWN),
        ("Unknown", Status.NOT_CONFIGURED, Status.UNKNOWN),
    ],
)
def test_when_the_tenant_is_down_nothing_else_is_asked(
    ask: Ask, tenant: ScriptedTenant, state: str, status: Status, rest: Status
) -> None:
    tenant.settings.state, tenant.settings.is_running = state, False
    found = ask()
    assert found.pop("tenant_state").status is status
    assert {(one.status, one.facts["because"]) for one in found.values()} == {(rest, "tenant_state")}
    assert [one.path for one in tenant.seen] == [f"/api/state/{CONTEXT}"]


def test_when_the_sign_in_fails_nothing_else_is_asked(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("POST", "/login/common/oauth/tokens", answer({"error": "invalid_grant"}, 400))
    found = ask()
    assert found.pop("tenant_state").status is Status.WORKS
    token = found.pop("token")
    assert (token.status, token.facts["code"]) == (Status.NOT_CONFIGURED, "needs_consent")
    assert {(one.status, one.facts["because"]) for one in found.values()} == {(Status.UNKNOWN, "token")}
    assert asked(tenant) == []


def test_when_the_login_host_is_silent_everything_behind_it_is_down(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("POST", "/login/common/oauth/tokens", raw(b""))
    found = ask()
    assert found.pop("tenant_state").status is Status.WORKS
    assert {one.status for one in found.values()} == {Status.DOWN}
    assert asked(tenant) == []


def test_a_fresh_token_that_the_tenant_refuses_is_the_tokens_trouble(
    ask: Ask, tenant: ScriptedTenant
) -> None:
    tenant.script("GET", "User/currentPrincipal", answer(b"", 401))
    found = ask()
    assert (found["token"].status, found["token"].facts["code"]) == (Status.NOT_CONFIGURED, "unauthorized")
    assert found["read_sales"].facts["because"] == "token"
    assert set(asked(tenant)) == {("GET", "User/currentPrincipal")}


def test_other_trouble_with_who_we_are_is_not_the_tokens(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("GET", "User/currentPrincipal", answer(NULL_REFERENCE, 500))
    found = ask()
    assert found["token"].status is Status.WORKS
    assert found["who_am_i"].status is Status.UNKNOWN
    assert found["read_sales"].status is Status.WORKS
    assert found["native_mailing"].status is Status.UNKNOWN


def test_after_two_questions_without_an_answer_the_rest_is_left(ask: Ask, tenant: ScriptedTenant) -> None:
    for path in ("Contact", "Person"):
        tenant.script("GET", path, answer(b"", 503))
    found = ask()
    assert found["read_sales"].status is Status.WORKS
    assert found["read_companies"].status is found["read_persons"].status is Status.DOWN
    assert found["read_documents"].status is Status.DOWN
    assert found["read_documents"].facts["because"] == "silence"
    assert not tenant.calls("Document")


def test_maintenance_that_begins_during_the_check_ends_it(ask: Ask, tenant: ScriptedTenant) -> None:
    def goes_down(handler: Any) -> None:
        tenant.settings.state, tenant.settings.is_running = "OfflineMaintenance", False
        answer(b"", 503)(handler)

    tenant.script("GET", "Contact", goes_down)
    found = ask()
    assert found["read_companies"].facts["state"] == "OfflineMaintenance"
    assert found["read_persons"].facts["because"] == "tenant_state"
    assert not tenant.calls("Person")


def test_a_tenant_that_is_too_slow_is_not_asked_for_ever(ask: Ask, tenant: ScriptedTenant) -> None:
    seconds = iter(range(0, 10_000, 10))
    found = ask(clock=lambda: float(next(seconds)))
    assert found["tenant_state"].status is Status.WORKS
    assert found["sale_quotes"].facts == {"because": "slowness"}
    assert not tenant.calls("Webhook")


def test_a_question_that_hangs_ends_the_check_within_its_own_deadline(
    ask: Ask, tenant: ScriptedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "DEADLINE", 0.2)
    tenant.script("GET", "Contact", hang)
    started = time.monotonic()
    found = ask()
    assert time.monotonic() - started < 1.9, "less than the transport alone would have waited"
    assert (found["read_sales"].status, found["read_companies"].status) == (Status.WORKS, Status.DOWN)
    assert found["read_persons"].facts == {"because": "silence"}
    assert len(tenant.calls("Contact")) == 1


def test_no_repetition_is_begun_after_a_questions_deadline(
    ask: Ask, tenant: ScriptedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "DEADLINE", 0.2)
    tenant.script("GET", "Contact", answer(NULL_REFERENCE, 500))
    tenant.script("GET", "Person", answer(b"", 429, Retry_After="2"))
    ask()
    assert (len(tenant.calls("Contact")), len(tenant.calls("Person"))) == (1, 1)


def test_within_one_feature_too_no_question_is_asked_when_time_is_up(
    ask: Ask, tenant: ScriptedTenant
) -> None:
    now = [0.0]

    def slow(handler: Any) -> None:
        now[0] = 1_000.0
        answer({"Mask": "FULL"})(handler)

    tenant.script("POST", "Agents/Sentry/GetNewTableRight", slow)
    finding = ask(clock=lambda: now[0])["create_document"]
    assert (finding.status, finding.facts) == (Status.UNKNOWN, {"because": "slowness"})
    assert not tenant.calls("Document/default")


def test_a_whole_check_and_a_whole_trial_end_before_their_job_is_killed() -> None:
    """A question that is begun at the last moment: connecting, and twice its deadline when it drips."""
    longest_question = questions.DEADLINE + 2 * questions.DEADLINE
    assert probe_module._LONGEST + longest_question < 90
    assert trial.MAKING < trial.LONGEST <= 80


# --- How much is kept --------------------------------------------------------------------------------------


def test_however_much_a_tenant_says_little_is_kept(ask: Ask, tenant: ScriptedTenant) -> None:
    huge = "x y " * 100_000
    who = PRINCIPAL | {
        "FullName": huge,
        "RoleName": huge,
        "FunctionRights": [f"right-{number}-{huge[:1000]}" for number in range(500)],
        "Licenses": [{"Name": f"{number} {huge[:1000]}"} for number in range(500)],
    }
    tenant.script("GET", "User/currentPrincipal", answer(who))
    tenant.script("GET", "List/DocumentTemplate/Items", answer([TEMPLATE | {"Name": huge}]))
    tenant.script("GET", "Document/Plugin", answer({"0": huge}))
    tenant.script("POST", "Document/Validate", answer({huge: huge}))
    tenant.script("POST", "Agents/Sentry/GetNewTableRight", answer({"Mask": "Select", "Reason": huge}))
    tenant.script("POST", "Agents/Quote/HasConnections", answer({"IsOk": False, "UserExplanation": huge}))
    tenant.script("GET", "Archive/FindQuoteLine", answer({"value": []}))
    tenant.script("GET", f"/{CONTEXT}/api", answer({"NetServerVersion": huge}))
    for finding in ask().values():
        assert len(finding.words) <= 500
        for name, value in finding.facts.items():
            parts = value if isinstance(value, list) else [value]
            assert len(parts) <= 100, name
            assert all(len(part) <= 200 for part in parts if isinstance(part, str)), name


def test_who_we_are_stands_only_where_a_sentence_needs_it(ask: Ask, tenant: ScriptedTenant) -> None:
    tenant.script("GET", "Contact", answer(error("SoSecurityException"), 403))
    found = ask()
    naming = {name for name, one in found.items() if one.facts.keys() & {"user", "role", "is_system"}}
    tried = {"create_document", "upload_content", "create_follow_up"}
    assert naming == {"who_am_i", "read_companies"} | tried
    assert (found["read_companies"].facts["user"], found["read_companies"].facts["role"]) == (
        "Sales Desk",
        "Sales",
    )
    assert not any("role" in found[name].facts for name in tried)


@pytest.mark.parametrize("body", [b"<html>", b"[1", b"7", b'"x"', b"{}", b"[]", b"[[]]", b"null", b""])
def test_no_answer_however_odd_breaks_the_probe(ask: Ask, tenant: ScriptedTenant, body: bytes) -> None:
    for method, path in [*ANSWERS, *(("GET", path) for path in IN_VAIN.values())]:
        tenant.script(method, path, answer(body))
    found = ask()
    assert found.keys() == FEATURES.keys()
    assert found["read_sales"].status is not Status.WORKS


# --- Against the demo tenant -----------------------------------------------------------------------------------


def test_the_probe_leaves_no_trace_in_the_demo_tenant(demo_tenant: DemoTenant) -> None:
    app = App(
        demo_tenant.login_url,
        demo_tenant.context_identifier,
        demo_tenant.client_id,
        demo_tenant.client_secret,
        demo_tenant.redirect_uri,
    )
    before = len(demo_tenant.documents), len(demo_tenant.appointments)
    transport = Transport(calls_per_second=None, sleep=lambda _seconds: None)
    with Client(RefreshToken(app, demo_tenant.refresh_token), transport=transport) as client:
        found = {finding.feature: finding for finding in probe(client)}
    assert (len(demo_tenant.documents), len(demo_tenant.appointments)) == before
    assert demo_tenant.acted == []
    api = f"/{demo_tenant.context_identifier}/api/v1/"
    seen = {(one.method, one.path.removeprefix(api)) for one in demo_tenant.requests if api in one.path}
    sale = {path.split("/")[1] for _method, path in seen if path.endswith("/Quotes")}.pop()
    assert {(method, path.replace(f"/{sale}/", "/{id}/")) for method, path in seen} <= ALLOWED
    assert {one.status for name, one in found.items() if FEATURES[name].group == "needed"} == {
        Status.WORKS,
        Status.UNKNOWN,
    }
    assert found["native_email"].status is Status.RESTRICTED
    assert {found[name].http_status for name in IN_VAIN} == {500}
