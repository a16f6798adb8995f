"""What was found is kept, compared with the check before, explained, and read by other parts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone, translation
from django_q.models import OrmQ
from pytest_django.fixtures import Settings

from connector import capabilities, services, tasks
from connector.capability_words import NOTHING, WHO
from connector.demo.tenant import DemoTenant
from connector.explanations import evidence, evidence_line, explain
from connector.features import FEATURES, Group
from connector.models import Capability, Connection
from connector.services import open_client
from connector.superoffice import probe as superoffice_probe
from connector.superoffice import trial as superoffice_trial
from connector.superoffice.client import Client
from connector.superoffice.findings import Status
from connector.superoffice.leftovers import Left
from connector.superoffice.trial import TITLE
from tests.connector.quick_tenant import clear_faults

NOW = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(connection: Connection, demo_tenant: DemoTenant, settings: Settings) -> DemoTenant:
    settings.SUPEROFFICE_CALLS_PER_SECOND = 1000
    clear_faults(demo_tenant)
    return demo_tenant


def status_of(connection: Connection) -> dict[str, str]:
    return dict(connection.capabilities.values_list("feature", "status"))


def keep(connection: Connection, feature: str, status: str, **values: Any) -> Capability:
    return Capability.objects.create(
        connection=connection, feature=feature, status=status, **{"checked_at": NOW, **values}
    )


# --- Keeping -----------------------------------------------------------------------------------------------


def test_a_check_keeps_one_row_per_feature_with_its_time(connection: Connection, tenant: DemoTenant) -> None:
    keep(connection, "a_feature_of_old", "works")
    rows = capabilities.probe(connection, NOW)
    assert [row.feature for row in rows] == list(FEATURES)
    assert set(status_of(connection)) == set(FEATURES)
    assert {row.checked_at for row in connection.capabilities.all()} == {NOW}
    assert not connection.capabilities.exclude(previous_status="", changed_at=None).exists()
    connection.refresh_from_db()
    assert (connection.probed_at, connection.acts_as) == (NOW, "Sales Desk Schnittstelle")
    assert tenant.acted == []


def test_a_change_is_kept_with_what_was_before(connection: Connection, tenant: DemoTenant) -> None:
    capabilities.probe(connection, NOW)
    tenant.faults.table_rights = {"appointment": "Select"}
    capabilities.probe(connection, LATER)
    changed = connection.capabilities.get(feature="create_follow_up")
    assert (changed.status, changed.previous_status, changed.changed_at) == ("missing_right", "works", LATER)
    assert not connection.capabilities.exclude(feature="create_follow_up").exclude(changed_at=None).exists()
    capabilities.probe(connection, LATER + timedelta(days=1))
    changed.refresh_from_db()
    assert (changed.previous_status, changed.changed_at) == ("works", LATER)


@pytest.mark.parametrize(
    ("spoil", "feature", "status"),
    [
        (lambda faults: faults.table_rights.update(document="Select"), "create_document", "missing_right"),
        (lambda faults: faults.restricted.add("/Webhook"), "webhooks", "restricted"),
        (lambda faults: faults.no_licence.add("/Archive/FindQuoteLine"), "quote_lines", "no_licence"),
        (
            lambda faults: faults.hidden_routes.add("/List/ProductFamily"),
            "product_families",
            "not_in_api",
        ),
        (lambda faults: faults.restricted.clear(), "native_email", "works"),
        (lambda faults: faults.agent_nulls.add("/Agents/Quote"), "quote_lines", "works"),
        (lambda faults: setattr(faults, "visible_sales", 0), "read_sales", "unknown"),
    ],
)
def test_the_demo_tenants_switches_are_read_rightly(
    connection: Connection, tenant: DemoTenant, spoil: Any, feature: str, status: str
) -> None:
    spoil(tenant.faults)
    capabilities.probe(connection, NOW)
    assert status_of(connection)[feature] == status


def test_settings_that_are_no_use_are_a_finding_too(connection: Connection, tenant: DemoTenant) -> None:
    Connection.objects.filter(pk=connection.pk).update(refresh_token="")
    connection.refresh_from_db()
    capabilities.probe(connection, NOW)
    row = connection.capabilities.get(feature="token")
    assert (row.status, row.facts["code"]) == ("not_configured", "not_signed_in")
    assert set(status_of(connection).values()) == {"not_configured", "unknown"}
    assert "Sign in with SuperOffice" in explain("token", row.status, row.facts).action
    assert tenant.requests == []


# --- The connection's trouble --------------------------------------------------------------------------------


def trouble_of(connection: Connection) -> str:
    connection.refresh_from_db()
    return connection.problem_code


def test_a_check_that_gets_through_ends_the_connections_trouble(
    connection: Connection, tenant: DemoTenant
) -> None:
    tenant.faults.state = "OfflineMaintenance"
    services.check_connection(connection)
    assert trouble_of(connection) == "tenant_not_running"
    tenant.faults.state = "Running"
    Connection.objects.filter(pk=connection.pk).update(acts_as="")
    capabilities.probe(connection, LATER)
    assert trouble_of(connection) == ""
    assert (connection.acts_as, connection.worked_at) == ("Sales Desk Schnittstelle", LATER)


def test_a_missing_right_is_no_trouble_of_the_connection(connection: Connection, tenant: DemoTenant) -> None:
    tenant.faults.table_rights = {"document": "Select"}
    capabilities.probe(connection, NOW)
    assert trouble_of(connection) == ""


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda faults: setattr(faults, "state", "OfflineMaintenance"), "tenant_not_running"),
        (lambda faults: setattr(faults, "refresh_token_revoked", True), "needs_consent"),
        (lambda faults: faults.answer_status("/User/currentPrincipal", 401, times=None), "unauthorized"),
        # Both work, and then nobody answers any more.
        (
            lambda faults: [faults.answer_status(path, 503, times=None) for path in ("/Contact", "/Person")],
            "server_error",
        ),
    ],
)
def test_what_stops_a_check_is_the_connections_trouble(
    connection: Connection, tenant: DemoTenant, spoil: Any, code: str
) -> None:
    spoil(tenant.faults)
    capabilities.probe(connection, NOW)
    assert trouble_of(connection) == code
    assert connection.problem_at == NOW


def test_a_sign_in_that_is_missing_is_the_connections_trouble(
    connection: Connection, tenant: DemoTenant
) -> None:
    Connection.objects.filter(pk=connection.pk).update(refresh_token="")
    connection.refresh_from_db()
    capabilities.probe(connection, NOW)
    assert trouble_of(connection) == "not_signed_in"


def test_a_check_with_settings_of_before_says_nothing_about_the_new_ones(
    connection: Connection, tenant: DemoTenant
) -> None:
    tenant.faults.refresh_token_revoked = True
    Connection.objects.filter(pk=connection.pk).update(settings_version=connection.settings_version + 1)
    capabilities.probe(connection, NOW)
    assert trouble_of(connection) == ""


# --- Outages --------------------------------------------------------------------------------------------------


def changed_at(connection: Connection, moment: datetime) -> set[str]:
    return set(connection.capabilities.filter(changed_at=moment).values_list("feature", flat=True))


@pytest.mark.parametrize(
    ("spoil", "news"),
    [
        (lambda faults: setattr(faults, "state", "OfflineMaintenance"), "tenant_state"),
        (lambda faults: setattr(faults, "refresh_token_revoked", True), "token"),
    ],
)
def test_an_outage_changes_nothing_but_what_it_is(
    connection: Connection, tenant: DemoTenant, spoil: Any, news: str
) -> None:
    capabilities.probe(connection, NOW)
    spoil(tenant.faults)
    for hours in (1, 2):
        capabilities.probe(connection, NOW + timedelta(hours=hours))
    assert changed_at(connection, NOW + timedelta(hours=1)) == {news}
    assert changed_at(connection, NOW + timedelta(hours=2)) == set()
    clear_faults(tenant)
    tenant.faults.restricted.add("/Webhook")
    capabilities.probe(connection, LATER)
    assert changed_at(connection, LATER) == {news, "webhooks"}
    webhooks = connection.capabilities.get(feature="webhooks")
    assert (webhooks.status, webhooks.previous_status) == ("restricted", "works")


def test_what_was_first_looked_at_during_an_outage_has_not_changed_afterwards(
    connection: Connection, tenant: DemoTenant
) -> None:
    tenant.faults.state = "OfflineMaintenance"
    capabilities.probe(connection, NOW)
    clear_faults(tenant)
    capabilities.probe(connection, LATER)
    assert changed_at(connection, LATER) == {"tenant_state"}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda faults: setattr(faults, "state", "OfflineMaintenance"), "the tenant is not up"),
        (lambda faults: setattr(faults, "refresh_token_revoked", True), "the sign-in failed"),
        (lambda faults: faults.answer_status("/api/state", 503, times=None), "gave no answer that is of use"),
    ],
)
def test_what_was_not_asked_says_for_which_reason(
    connection: Connection, tenant: DemoTenant, spoil: Any, words: str
) -> None:
    spoil(tenant.faults)
    capabilities.probe(connection, NOW)
    row = connection.capabilities.get(feature="read_sales")
    with translation.override("en"):
        assert words in explain(row.feature, row.status, row.facts).cause


@pytest.mark.once
def test_nobody_answering_is_not_called_maintenance() -> None:
    with translation.override("en"):
        why = explain("read_sales", "down", {"because": "tenant_state", "stopped_by": "unreachable"})
    assert why.cause == "Not asked, because SuperOffice does not answer."


# --- Other ways in ------------------------------------------------------------------------------------------


def test_as_the_system_user_the_findings_say_that_no_role_binds_it(
    connection: Connection, tenant: DemoTenant
) -> None:
    connection.way_in = Connection.WayIn.SYSTEM_USER
    connection.system_user_token, connection.private_key = tenant.system_user_token, tenant.private_key
    connection.save(update_fields=["way_in", "system_user_token", "private_key"])
    tenant.faults.table_rights = {"document": "None"}
    tenant.faults.restricted.add("/List/ProductFamily")
    capabilities.probe(connection, NOW)
    found = capabilities.findings_of(connection)
    assert found["who_am_i"].facts["is_system"] is True
    with translation.override("en"):
        assert "No role binds it" in explain("who_am_i", "works", found["who_am_i"].facts).cause
        refused = found["product_families"]
        assert refused.status == "restricted"
        assert "registration" in explain("product_families", refused.status, refused.facts).cause
    assert found["create_document"].status == "works"


def test_an_installation_of_its_own_closes_no_agent_to_apps(
    connection: Connection, tenant: DemoTenant, settings: Settings
) -> None:
    settings.SUPEROFFICE_ONSITE_HOSTS = [urlsplit(tenant.onsite_url).netloc]
    connection.way_in, connection.environment = Connection.WayIn.PASSWORD, Connection.Environment.ONSITE
    connection.base_url, connection.username = tenant.onsite_url, tenant.onsite_user
    connection.password = tenant.onsite_password
    connection.save(update_fields=["way_in", "environment", "base_url", "username", "password"])
    tenant.faults.restricted.add("/Webhook")
    capabilities.probe(connection, NOW)
    found = status_of(connection)
    assert (found["token"], found["tenant_state"], found["read_sales"]) == ("works", "works", "works")
    assert found["webhooks"] != "restricted"
    assert not any(one.path.startswith("/login") for one in tenant.requests)


# --- The trial ---------------------------------------------------------------------------------------------


def test_a_trial_proves_uploading_and_leaves_nothing(connection: Connection, tenant: DemoTenant) -> None:
    capabilities.probe(connection, NOW)
    before = len(tenant.documents), len(tenant.appointments)
    capabilities.try_records(connection, LATER)
    assert (len(tenant.documents), len(tenant.appointments)) == before
    for feature in ("create_document", "upload_content", "create_follow_up"):
        row = connection.capabilities.get(feature=feature)
        assert (row.status, row.facts["tried"], row.facts["trial"]["at"]) == (
            "works",
            True,
            LATER.isoformat(),
        )
    made = {(one.method, one.path.rpartition("/v1/")[2]) for one in tenant.requests if one.method != "GET"}
    assert {("POST", "Document"), ("POST", "Appointment")} <= made
    assert tenant.acted == []


def test_the_records_of_a_trial_are_marked(connection: Connection, tenant: DemoTenant) -> None:
    tenant.faults.answer_status("/Document/", 500, times=None, method="DELETE")
    tenant.faults.answer_status("/Appointment/", 500, times=None, method="DELETE")
    capabilities.try_records(connection, NOW)
    document, appointment = tenant.documents[-1].card, tenant.appointments[-1]
    tenant.faults.clear()
    assert document.header == appointment.title == TITLE
    assert document.our_ref.startswith("sales-desk-trial-")
    assert document.our_ref in appointment.description
    assert (document.company_id, document.person_id, document.sale_id) == (0, 0, 0)
    assert document.associate_id == appointment.associate_id == 3


def test_what_a_trial_could_not_remove_is_named_and_removed_by_the_next(
    connection: Connection, tenant: DemoTenant
) -> None:
    tenant.faults.answer_status("/Document/", 500, times=None, method="DELETE")
    capabilities.try_records(connection, NOW)
    row = connection.capabilities.get(feature="create_document")
    number = tenant.documents[-1].card.document_id
    assert row.facts["leftovers"] == [f"Document/{number}"]
    why = explain(row.feature, row.status, row.facts)
    assert f"document {number}" in why.action
    assert why.who == "superoffice_administrator"
    clear_faults(tenant)
    capabilities.probe(connection, LATER)
    row.refresh_from_db()
    assert row.facts["leftovers"] == [f"Document/{number}"]
    capabilities.try_records(connection, LATER)
    row.refresh_from_db()
    assert "leftovers" not in row.facts
    assert number not in [one.card.document_id for one in tenant.documents]


def test_a_lost_answer_is_looked_after(connection: Connection, tenant: DemoTenant) -> None:
    before = len(tenant.documents)
    tenant.faults.drop_reply("/Document", times=1, method="POST")
    capabilities.try_records(connection, NOW)
    row = connection.capabilities.get(feature="create_document")
    assert (row.status, "leftovers" in row.facts, "leftover_key" in row.facts) == ("down", False, False)
    assert len(tenant.documents) == before


def test_a_lost_answer_to_removing_is_no_leftover(connection: Connection, tenant: DemoTenant) -> None:
    tenant.faults.drop_reply("/Document/", times=1, method="DELETE")
    capabilities.try_records(connection, NOW)
    row = connection.capabilities.get(feature="create_document")
    assert (row.status, row.facts.get("leftovers")) == ("works", None)


def somebodys_document(connection: Connection) -> int:
    """A document that no trial has made; its number."""
    with open_client(connection) as client:
        template = client.outgoing_mail_template()
        assert template
        card = {"Header": "Offer", "OurRef": "4711", "DocumentTemplate": {"DocumentTemplateId": template.id}}
        made: int = client.ask("POST", "Document", data=card)["DocumentId"]
    return made


@pytest.mark.parametrize("key", ["sales-desk-trial-0123456789abcdef", ""])
def test_a_record_without_the_key_of_the_leftover_is_never_touched(
    connection: Connection, tenant: DemoTenant, key: str
) -> None:
    document = somebodys_document(connection)
    with open_client(connection) as client:
        default = client.ask("GET", "Appointment/default")
        card = {**default, "Title": TITLE, "Description": "Call back about the offer"}
        appointment = client.ask("POST", "Appointment", data=card)["AppointmentId"]
    for feature, path in (
        ("create_document", f"Document/{document}"),
        ("create_follow_up", f"Appointment/{appointment}"),
    ):
        keys = {"leftover_keys": {path: key}} if key else {}
        keep(connection, feature, "works", facts={"leftovers": [path], **keys, "tried": True})
    capabilities.try_records(connection, LATER)
    assert document in [one.card.document_id for one in tenant.documents]
    assert appointment in [one.appointment_id for one in tenant.appointments]
    # Nobody is asked to delete by hand what is not ours.
    assert not any("leftovers" in row.facts for row in connection.capabilities.all())


def test_nothing_is_removed_that_could_not_be_looked_at(connection: Connection, tenant: DemoTenant) -> None:
    document = somebodys_document(connection)
    path, key = f"Document/{document}", "sales-desk-trial-0123456789abcdef"
    facts = {"leftovers": [path], "leftover_keys": {path: key}}
    keep(connection, "create_document", "works", facts=facts)
    tenant.faults.answer_status(f"/{path}", 500, times=None, method="GET")
    capabilities.try_records(connection, LATER)
    assert document in [one.card.document_id for one in tenant.documents]
    kept = connection.capabilities.get(feature="create_document").facts
    assert {name: kept[name] for name in facts} == facts


class Killed(BaseException):
    """The worker's process ends here."""


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "Appointment"), ("DELETE", "Appointment"), ("PUT", "Document"), ("DELETE", "Document")],
)
def test_the_next_trial_finds_and_removes_what_a_killed_one_left(
    connection: Connection, tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    """Killed after the tenant did what was asked, before anything could be noted."""
    before = len(tenant.documents), len(tenant.appointments)
    really = Client._call

    def dies(client: Client, verb: str, asked: str, **parts: Any) -> Any:
        if verb == "DELETE" and asked.startswith(path) and method == verb:
            raise Killed
        answer = really(client, verb, asked, **parts)
        if (verb, asked.split("/", maxsplit=1)[0]) == (method, path):
            raise Killed
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Client, "_call", dies)
        with pytest.raises(Killed):
            capabilities.try_records(connection, NOW)
    assert (len(tenant.documents), len(tenant.appointments)) != before
    capabilities.probe(connection, NOW)
    noted = [row.facts.get("leftover_key") for row in connection.capabilities.exclude(facts={})]
    assert any(noted), "and a check forgets nothing"
    capabilities.try_records(connection, LATER)
    assert (len(tenant.documents), len(tenant.appointments)) == before
    assert not any("leftover_key" in row.facts for row in connection.capabilities.all())


@pytest.mark.parametrize(("seconds", "made"), [(29, 1), (31, 0)])
def test_a_slow_trial_makes_nothing_after_its_time_and_names_what_stays(
    connection: Connection, tenant: DemoTenant, seconds: float, made: int
) -> None:
    """The clock stands still until the template is known, and is far ahead once something was made."""
    before = len(tenant.documents), len(tenant.appointments)
    with open_client(connection) as client:

        def clock() -> float:
            if not any("List/DocumentTemplate" in one.path for one in tenant.requests):
                return 0.0
            return 1_000.0 if len(tenant.documents) > before[0] else seconds

        key = "sales-desk-trial-slow"
        outcome = superoffice_trial.try_records(client, key=key, now=NOW, clock=clock)
    assert (len(tenant.documents) - before[0], len(tenant.appointments) - before[1]) == (made, 0)
    created, uploaded, follow_up = outcome.findings
    assert (created.status == "works") is bool(made)
    assert uploaded.facts["because"] == "slowness"
    assert follow_up.facts["because"] == "slowness"
    assert len(outcome.left) == made
    assert all(one.key == key and one.has_number for one in outcome.left)


def test_content_is_put_into_no_document_but_our_own(
    connection: Connection, tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant whose answer to creating names somebody's document."""
    somebodys = somebodys_document(connection)
    really = Client._call

    def lies(client: Client, verb: str, asked: str, **parts: Any) -> Any:
        if (verb, asked) == ("POST", "Document"):
            return really(client, "GET", f"Document/{somebodys}")
        return really(client, verb, asked, **parts)

    monkeypatch.setattr(Client, "_call", lies)
    tenant.forget_requests()
    capabilities.try_records(connection, NOW)
    assert somebodys in [one.card.document_id for one in tenant.documents]
    writes = {one.method for one in tenant.requests if f"Document/{somebodys}" in one.path} - {"GET"}
    assert writes == set()
    row = connection.capabilities.get(feature="create_document")
    assert (row.status, "leftovers" in row.facts) == ("unknown", False)
    assert row.facts["leftover_key"], "there may be a record, and nobody is sent to delete somebody's"


def test_a_key_stays_noted_until_its_record_is_found_gone(connection: Connection, tenant: DemoTenant) -> None:
    old, older = "sales-desk-trial-OLD", "sales-desk-trial-OLDER"
    for feature in ("create_document", "create_follow_up"):
        keep(connection, feature, "unknown", facts={"leftover_key": [older, old], "tried": True})
    for path in ("/Document", "/Appointment"):
        tenant.faults.answer_status(path, 500, times=None, method="GET")
    capabilities.try_records(connection, NOW)
    for feature in ("create_document", "create_follow_up"):
        facts = connection.capabilities.get(feature=feature).facts
        assert facts["leftover_key"] == [older, old]
        words = explain(feature, "unknown", facts).action
        assert older in words
        assert old in words
    clear_faults(tenant)
    capabilities.try_records(connection, LATER)
    assert not any("leftover_key" in row.facts for row in connection.capabilities.all())


def test_what_is_noted_during_a_trial_is_not_forgotten_by_its_end(
    connection: Connection, tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, other = superoffice_trial.try_records, Left("Document", "sales-desk-trial-other")

    def meanwhile(*args: Any, **options: Any) -> Any:
        capabilities._keep_left(connection, settled=(), left=[other], now=NOW)
        return really(*args, **options)

    monkeypatch.setattr(superoffice_trial, "try_records", meanwhile)
    capabilities.try_records(connection, NOW)
    assert connection.capabilities.get(feature="create_document").facts["leftover_key"] == [other.key]


def test_content_that_comes_back_different_is_not_called_working(
    connection: Connection, tenant: DemoTenant
) -> None:
    tenant.faults.answer_status("/Document/", 200, "7", times=1, method="GET", after=1)
    capabilities.try_records(connection, NOW)
    row = connection.capabilities.get(feature="upload_content")
    assert (row.status, row.facts["length"]) == ("unknown", 7)
    assert "7 instead of" in explain(row.feature, row.status, row.facts).cause


def test_a_trial_outlives_the_daily_check(connection: Connection, tenant: DemoTenant) -> None:
    capabilities.try_records(connection, NOW)
    capabilities.probe(connection, LATER)
    row = connection.capabilities.get(feature="upload_content")
    assert (row.status, row.facts["trial"]["at"]) == ("works", NOW.isoformat())


def test_a_trial_comes_back_after_the_tenant_was_down(connection: Connection, tenant: DemoTenant) -> None:
    capabilities.probe(connection, NOW)
    capabilities.try_records(connection, NOW)
    tenant.faults.state = "OfflineMaintenance"
    capabilities.probe(connection, LATER)
    row = connection.capabilities.get(feature="upload_content")
    assert (row.status, row.facts["because"]) == ("down", "tenant_state")
    tenant.faults.state = "Running"
    capabilities.probe(connection, LATER + timedelta(hours=1))
    row.refresh_from_db()
    assert row.status == "works"


def test_a_right_that_was_taken_away_ends_what_a_trial_proved(
    connection: Connection, tenant: DemoTenant
) -> None:
    capabilities.try_records(connection, NOW)
    tenant.faults.table_rights = {"document": "Select"}
    capabilities.probe(connection, LATER)
    row = connection.capabilities.get(feature="upload_content")
    assert (row.status, "trial" in row.facts) == ("missing_right", False)


def test_a_trial_of_one_user_proves_nothing_for_another(connection: Connection, tenant: DemoTenant) -> None:
    capabilities.try_records(connection, NOW)
    tenant.faults.api_user = 5
    capabilities.probe(connection, LATER)
    assert status_of(connection)["upload_content"] == "unknown"


def test_a_trial_that_failed_is_believed_more_than_the_check(
    connection: Connection, tenant: DemoTenant
) -> None:
    refusal = '{"Error": true, "ErrorType": "SoSecurityException", "ErrorMessage": "not you"}'
    tenant.faults.answer_status("/Document/", 403, refusal, times=None, method="PUT")
    capabilities.try_records(connection, NOW)
    clear_faults(tenant)
    capabilities.probe(connection, LATER)
    assert status_of(connection)["upload_content"] == "missing_right"


# --- In the background ---------------------------------------------------------------------------------------


def test_two_checks_at_once_are_one(connection: Connection, tenant: DemoTenant) -> None:
    assert capabilities.request_probe(connection=connection, now=NOW)
    assert not capabilities.request_probe(connection=connection, now=NOW + timedelta(minutes=4))
    assert not capabilities.request_trial(connection=connection, now=NOW + timedelta(minutes=4))
    (job,) = OrmQ.objects.all()
    assert (job.key, job.func()) == ("reports", "connector.tasks.probe")
    assert job.args() == (connection.pk, capabilities.stamp(NOW))
    # Whoever asked for it has died.
    assert capabilities.request_probe(connection=connection, now=NOW + timedelta(minutes=6))


def test_a_check_that_runs_twice_asks_once(connection: Connection, tenant: DemoTenant) -> None:
    now = timezone.now()
    capabilities.request_probe(connection=connection, now=now)
    tasks.probe(connection.pk, capabilities.stamp(now))
    assert len(status_of(connection)) == len(FEATURES)
    tenant.forget_requests()
    tasks.probe(connection.pk, capabilities.stamp(now))
    assert tenant.requests == []


@pytest.mark.parametrize("work", [tasks.probe, tasks.trial])
def test_a_check_that_counts_as_dead_begins_no_more(
    connection: Connection, tenant: DemoTenant, work: Callable[[int, int], None]
) -> None:
    assert capabilities.begin(connection, NOW)
    assert capabilities.begin(connection, NOW + timedelta(minutes=6))
    work(connection.pk, capabilities.stamp(NOW))
    assert tenant.requests == []
    connection.refresh_from_db()
    assert connection.probe_started_at == NOW + timedelta(minutes=6)


def test_a_check_that_was_taken_over_ends_no_other_claim_and_writes_over_nothing(
    connection: Connection, tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = NOW + timedelta(minutes=6)
    really = superoffice_probe.probe

    def late(*args: Any, **options: Any) -> Any:
        """Meanwhile the claim counts as dead, and another check begins and finds something."""
        assert capabilities.begin(connection, newer)
        keep(connection, "webhooks", "restricted")
        return really(*args, **options)

    monkeypatch.setattr(superoffice_probe, "probe", late)
    capabilities.begin(connection, NOW)
    capabilities.work_on_probe(connection.pk, capabilities.stamp(NOW), LATER)
    assert status_of(connection) == {"webhooks": "restricted"}
    connection.refresh_from_db()
    assert (connection.probe_started_at, connection.probed_at) == (newer, None)
    assert not capabilities.begin(connection, newer + timedelta(minutes=1))


def test_a_trial_that_was_taken_over_keeps_no_finding_but_its_leftovers(
    connection: Connection, tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = superoffice_trial.try_records

    def late(*args: Any, **options: Any) -> Any:
        assert capabilities.begin(connection, NOW + timedelta(minutes=6))
        return really(*args, **options)

    monkeypatch.setattr(superoffice_trial, "try_records", late)
    tenant.faults.answer_status("/Document/", 500, times=None, method="DELETE")
    capabilities.begin(connection, NOW)
    capabilities.work_on_trial(connection.pk, capabilities.stamp(NOW), LATER)
    row = connection.capabilities.get(feature="create_document")
    number = tenant.documents[-1].card.document_id
    assert (row.status, row.facts["leftovers"]) == ("unknown", [f"Document/{number}"])
    assert "upload_content" not in status_of(connection)


def test_a_check_that_breaks_gives_the_connection_back(
    connection: Connection, tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_args: Any, **_options: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(superoffice_probe, "probe", breaks)
    capabilities.begin(connection, NOW)
    with pytest.raises(ZeroDivisionError):
        tasks.probe(connection.pk, capabilities.stamp(NOW))
    connection.refresh_from_db()
    assert connection.probe_started_at is None


def test_every_day_the_tenant_in_use_is_checked(connection: Connection, tenant: DemoTenant) -> None:
    tasks.probe_daily()
    connection.refresh_from_db()
    assert connection.probed_at is not None
    assert connection.probe_started_at is None


def test_the_daily_check_leaves_one_under_way_alone(connection: Connection, tenant: DemoTenant) -> None:
    capabilities.begin(connection, timezone.now())
    tasks.probe_daily()
    assert tenant.requests == []


def test_without_a_tenant_the_daily_check_does_nothing() -> None:
    tasks.probe_daily()
    assert not Capability.objects.exists()


def test_the_trial_runs_as_a_job_too(connection: Connection, tenant: DemoTenant) -> None:
    now = timezone.now()
    capabilities.request_trial(connection=connection, now=now)
    tasks.trial(connection.pk, capabilities.stamp(now))
    assert status_of(connection)["upload_content"] == "works"


# --- Sentences -------------------------------------------------------------------------------------------------

SITUATIONS: list[dict[str, Any]] = [
    {},
    {"tried": True},
    {"is_system": True, "user": "System", "role": ""},
    {"code": "unauthorized"},
    {"code": "needs_consent"},
    {"code": "server_error"},
    {"code": "bad_request", "problem": "html"},
    {"problem": "empty"},
    {"row_count": 0},
    {"state": "Suspended"},
    {"state": "OfflineMaintenance"},
    {"function_right": "hide-sale", "role": "Sales"},
    {"mask": "Select", "table": "sale", "role": "Sales"},
    {"right": False},
    {"fields": ["YourRef", "Attention"]},
    {"differs": True, "length": 1, "expected": 2},
    {"elsewhere": True, "names": ["A", "B"]},
    {"because": "token"},
    {"because": "tenant_state", "stopped_by": "unreachable"},
    {"because": "token", "stopped_by": "server_error"},
    {"leftovers": ["Document/7", "Appointment/9"]},
    {"leftover_key": "sales-desk-trial-1"},
]


@pytest.mark.once
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("facts", SITUATIONS, ids=lambda facts: "-".join(facts) or "nothing")
def test_every_finding_has_its_sentences(facts: dict[str, Any], language: str) -> None:
    with translation.override(language):
        for feature in FEATURES:
            for status in Status:
                why = explain(feature, status, facts)
                assert why.cause.endswith((".", ")")), (feature, status)
                assert why.action.endswith("."), (feature, status)
                assert why.who in WHO
                assert "%(" not in why.cause + why.action


@pytest.mark.once
def test_who_has_to_act_is_nobody_exactly_where_there_is_nothing_to_do() -> None:
    for feature in FEATURES:
        why = explain(feature, Status.WORKS, {"route_count": 3})
        assert (why.who == "nobody") == (why.action == str(NOTHING)), feature


@pytest.mark.once
def test_who_acts_is_the_one_whom_the_action_tells() -> None:
    """Never SuperOffice itself: somebody has to ask it, or to wait."""
    with translation.override("en"):
        for facts in SITUATIONS:
            for feature in FEATURES:
                for status in Status:
                    why = explain(feature, status, facts)
                    assert why.who != "superoffice", (feature, status, facts)
                    if why.action.startswith("Wait") and not facts.keys() & {"leftovers", "leftover_key"}:
                        assert why.who == "nobody", (feature, status, facts)
                    if "to the developers of Sales Desk" in why.action:
                        assert why.who != "developer", (feature, status, facts)
        assert explain("native_email", "restricted", {}).who == "our_administrator"


@pytest.mark.once
@pytest.mark.parametrize("feature", [name for name, one in FEATURES.items() if one.group is Group.VAIN])
def test_what_does_not_exist_is_never_explained_by_rights(feature: str) -> None:
    why = explain(feature, "not_in_api", {})
    assert "no such route" in why.cause
    assert "500" in why.cause
    assert "says nothing about rights" in why.cause
    words = {
        "associate_me": "User/currentPrincipal",
        "shipment": "mail server",
        "sale_quotes": "FindQuoteLine",
    }
    assert words[feature] in why.action


def test_the_evidence_says_what_was_asked_and_what_came_back(connection: Connection) -> None:
    row = keep(
        connection,
        "native_email",
        "restricted",
        http_status=403,
        error_type="SoSecurityException",
        words="not granted",
        facts={"asked": ["POST Agents/EMail/GetCurrentAccountId"], "operation_id": "ab12", "role": "Sales"},
    )
    with translation.override("en"):
        assert evidence(row) == [
            ("Asked", "POST Agents/EMail/GetCurrentAccountId"),
            ("HTTP status", "403"),
            ("Error type", "SoSecurityException"),
            ("SuperOffice said", "not granted"),
            ("Operation id", "ab12"),
        ]
        assert evidence_line(row).startswith(
            "Asked: POST Agents/EMail/GetCurrentAccountId · HTTP status: 403"
        )


# --- Reading by other parts ---------------------------------------------------------------------------------------


def test_a_reason_against_is_given_only_when_it_surely_cannot_work(connection: Connection) -> None:
    assert capabilities.reason_against(connection, "read_sales") is None
    row = keep(connection, "read_sales", "works")
    sure = {"missing_right", "restricted", "no_licence", "not_in_api", "not_configured"}
    for status in Status:
        Capability.objects.filter(pk=row.pk).update(status=status)
        reason = capabilities.reason_against(connection, "read_sales")
        assert (reason is not None) == (status in sure), status
    capability = capabilities.capability_of(connection, "read_sales")
    assert capability is not None
    assert capability.pk == row.pk
    assert capabilities.capability_of(connection, "webhooks") is None


def test_ready_is_what_has_everything_needed_and_uploading_at_least_unproven(connection: Connection) -> None:
    needed = [name for name, feature in FEATURES.items() if feature.group is Group.NEEDED]
    rows = {name: Capability(feature=name, status="works") for name in needed}
    assert capabilities.is_ready(rows.values())
    rows["upload_content"].status = "unknown"
    assert capabilities.is_ready(rows.values())
    for name in needed:
        spoiled = {**rows, name: Capability(feature=name, status="missing_right")}
        assert not capabilities.is_ready(spoiled.values()), name
        rest = [row for row in rows.values() if row.feature != name]
        assert not capabilities.is_ready(rest), name
