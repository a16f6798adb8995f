"""The pages about rights: who sees and starts what, what they show, and what they cost."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django.fixtures import Settings

from connector import capabilities, tasks
from connector.demo.tenant import DemoTenant
from connector.features import FEATURES
from connector.models import Capability, Connection
from connector.superoffice.trial import TITLE
from tests.conftest import People
from tests.connector.quick_tenant import clear_faults

pytestmark = pytest.mark.django_db

READ = ["capabilities", "capabilities_progress", "capabilities_print"]
ADMINISTER = [
    ("capabilities_check", "post"),
    ("capabilities_trial", "get"),
    ("capabilities_trial_run", "post"),
]
MOST_QUERIES = 16


def find_everything(connection: Connection, status: str = "works", **values: Any) -> None:
    """A finding per feature, as if a check had just ended."""
    now = timezone.now()
    for feature in FEATURES:
        row = {"status": status, "checked_at": now, "http_status": 200, **values}
        Capability.objects.update_or_create(connection=connection, feature=feature, defaults=row)
    Connection.objects.filter(pk=connection.pk).update(probed_at=now, acts_as="Sales Desk")


def page_of(browser: Browser, name: str = "capabilities") -> str:
    answer = browser.get(reverse(name))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def administrator(client: Browser, people: People, connection: Connection, settings: Settings) -> Browser:
    settings.SUPEROFFICE_CALLS_PER_SECOND = 1000
    client.force_login(people.administrator)
    return client


# --- Who ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["administrator", "approver", "jonas", "viewer", "outsider"])
@pytest.mark.parametrize("name", READ)
def test_everybody_who_is_signed_in_may_read(
    client: Browser, people: People, connection: Connection, name: str, who: str
) -> None:
    client.force_login(getattr(people, who))
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize(("name", "method"), [*ADMINISTER, *((name, "get") for name in READ)])
def test_without_a_login_every_page_leads_to_it(
    client: Browser, connection: Connection, name: str, method: str
) -> None:
    answer = getattr(client, method)(reverse(name))
    assert answer.status_code == 302
    assert "/login/" in answer.headers["Location"]
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize("who", ["approver", "jonas", "viewer", "outsider"])
def test_only_administrators_start_something(
    client: Browser, people: People, connection: Connection, who: str
) -> None:
    client.force_login(getattr(people, who))
    for name, method in ADMINISTER:
        assert getattr(client, method)(reverse(name)).status_code == 403, name
    assert not OrmQ.objects.exists()
    page = page_of(client)
    assert reverse("capabilities_check") not in page
    assert reverse("capabilities_trial") not in page


@pytest.mark.parametrize("name", [name for name, method in ADMINISTER if method == "post"])
def test_nothing_starts_by_following_a_link(administrator: Browser, name: str) -> None:
    assert administrator.get(reverse(name)).status_code == 405
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize("name", [*READ, "capabilities_trial"])
def test_looking_changes_nothing(administrator: Browser, connection: Connection, name: str) -> None:
    assert administrator.post(reverse(name)).status_code == 405
    administrator.get(reverse(name))
    connection.refresh_from_db()
    assert connection.probe_started_at is None
    assert not OrmQ.objects.exists()


# --- The check -----------------------------------------------------------------------------------------------


def test_a_check_runs_in_the_background_and_the_page_waits_for_it(
    administrator: Browser, connection: Connection, demo_tenant: DemoTenant
) -> None:
    clear_faults(demo_tenant)
    page = page_of(administrator)
    assert "Nobody has checked yet" in page
    administrator.post(reverse("capabilities_check"))
    assert demo_tenant.requests == []
    page = page_of(administrator)
    assert 'hx-trigger="every 2s"' in page
    assert reverse("capabilities_check") not in page
    progress = administrator.get(reverse("capabilities_progress"))
    assert "HX-Redirect" not in progress.headers
    (job,) = OrmQ.objects.all()
    assert job.func() == "connector.tasks.probe"
    tasks.probe(*job.args())
    progress = administrator.get(reverse("capabilities_progress"))
    assert progress.headers["HX-Redirect"] == reverse("capabilities")
    page = page_of(administrator)
    assert 'hx-trigger="every 2s"' not in page
    assert "Everything that can be checked without a record works; only a trial shows uploading." in page
    assert reverse("capabilities_check") in page


def test_a_second_click_starts_no_second_check(administrator: Browser) -> None:
    administrator.post(reverse("capabilities_check"))
    answer = administrator.post(reverse("capabilities_check"), follow=True)
    assert "A check is under way already." in answer.content.decode()
    assert OrmQ.objects.count() == 1


def test_a_check_that_died_does_not_stop_the_next(administrator: Browser, connection: Connection) -> None:
    long_ago = timezone.now() - timedelta(minutes=6)
    Connection.objects.filter(pk=connection.pk).update(probe_started_at=long_ago)
    assert 'hx-trigger="every 2s"' not in page_of(administrator)
    administrator.post(reverse("capabilities_check"))
    assert OrmQ.objects.count() == 1


def test_a_check_that_broke_off_is_told_with_the_time_of_what_is_shown(
    administrator: Browser, connection: Connection
) -> None:
    find_everything(connection)
    assert "broke off" not in page_of(administrator)
    for minutes, is_told in ((1, False), (6, True)):
        begun = timezone.now() - timedelta(minutes=minutes)
        Connection.objects.filter(pk=connection.pk).update(probe_started_at=begun)
        told = "The last check broke off; what is below is from" in page_of(administrator)
        assert told is is_told, minutes
    Connection.objects.filter(pk=connection.pk).update(probed_at=None)
    assert "The last check broke off before anything was found." in page_of(administrator)


def test_what_a_trial_under_way_has_noted_is_told_only_when_it_broke_off(
    administrator: Browser, connection: Connection
) -> None:
    key = "sales-desk-trial-0123456789abcdef"
    find_everything(connection, facts={"leftover_key": [key]})
    Connection.objects.filter(pk=connection.pk).update(probe_started_at=timezone.now())
    assert key not in page_of(administrator)
    long_ago = timezone.now() - timedelta(minutes=6)
    Connection.objects.filter(pk=connection.pk).update(probe_started_at=long_ago)
    assert f"Look in SuperOffice for {key} and delete it." in page_of(administrator)


def test_the_button_says_what_it_checks(administrator: Browser) -> None:
    assert "Check the rights now" in page_of(administrator)


@pytest.mark.parametrize(("name", "method"), [*ADMINISTER, ("capabilities_print", "get")])
def test_without_a_tenant_there_is_nothing_to_start(
    client: Browser, people: People, name: str, method: str
) -> None:
    client.force_login(people.administrator)
    assert getattr(client, method)(reverse(name)).status_code == 404
    assert "No tenant is connected" in page_of(client)
    assert page_of(client, "capabilities_progress")


# --- The trial -----------------------------------------------------------------------------------------------


def test_the_trial_says_first_what_it_makes(administrator: Browser, connection: Connection) -> None:
    page = page_of(administrator, "capabilities_trial")
    assert page.count(TITLE) == 2
    assert connection.context_identifier in page
    assert "No mail is sent" in page
    assert reverse("capabilities_trial_run") in page


def test_the_trial_runs_after_a_click_and_is_shown(
    administrator: Browser, connection: Connection, demo_tenant: DemoTenant
) -> None:
    find_everything(connection, "unknown")
    clear_faults(demo_tenant)
    administrator.post(reverse("capabilities_trial_run"))
    (job,) = OrmQ.objects.all()
    assert job.func() == "connector.tasks.trial"
    assert reverse("capabilities_trial_run") not in page_of(administrator, "capabilities_trial")
    before = len(demo_tenant.documents)
    demo_tenant.faults.answer_status("/Document/", 500, times=None, method="DELETE")
    tasks.trial(*job.args())
    page = page_of(administrator)
    assert "Tried with a record on" in page
    assert "came back the same" in page
    number = demo_tenant.documents[-1].card.document_id
    assert f"document {number}" in page
    demo_tenant.faults.clear()
    capabilities.try_records(connection, timezone.now())
    assert len(demo_tenant.documents) == before
    assert f"document {number}" not in page_of(administrator)


# --- What is shown ----------------------------------------------------------------------------------------------


def test_what_is_missing_is_said_on_top_with_who_has_to_act(
    administrator: Browser, connection: Connection
) -> None:
    find_everything(connection)
    facts = {"role": "Sales", "mask": "Select", "table": "document", "asked": ["GET Document/default"]}
    connection.capabilities.filter(feature="create_document").update(
        status="missing_right", facts=facts, words="<b>no</b>", error_type="SoSecurityException"
    )
    page = page_of(administrator)
    assert "Not everything that Sales Desk needs works." in page
    assert 'href="#create_document"' in page
    assert "SuperOffice administrator:" in page
    assert "SoSecurityException" in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "<b>no</b>" not in page


@pytest.mark.parametrize("name", ["capabilities", "capabilities_print"])
def test_it_is_not_said_that_everything_works_before_uploading_was_tried(
    administrator: Browser, people: People, connection: Connection, name: str
) -> None:
    everything, unproven = "Everything that Sales Desk needs works.", "only a trial shows uploading."
    find_everything(connection)
    page = page_of(administrator, name)
    assert (everything in page, unproven in page) == (True, False)
    connection.capabilities.filter(feature="upload_content").update(
        status="unknown", facts={"needs_trial": True}
    )
    page = page_of(administrator, name)
    assert (everything in page, unproven in page) == (False, True)


def test_the_trial_is_offered_where_it_is_missing_to_those_who_may(
    administrator: Browser, people: People, connection: Connection
) -> None:
    find_everything(connection)
    link = f'href="{reverse("capabilities_trial")}"'
    assert page_of(administrator).count(link) == 1, "in the menu"
    connection.capabilities.filter(feature="upload_content").update(status="unknown")
    assert page_of(administrator).count(link) == 2
    administrator.force_login(people.jonas)
    assert link not in page_of(administrator)


def test_an_outage_and_its_end_mark_nothing_but_the_tenant(
    administrator: Browser, connection: Connection, demo_tenant: DemoTenant
) -> None:
    clear_faults(demo_tenant)
    now = timezone.now()
    capabilities.probe(connection, now)
    for hours, state in ((1, "OfflineMaintenance"), (2, "Running")):
        demo_tenant.faults.state = state
        capabilities.probe(connection, now + timedelta(hours=hours))
        page = page_of(administrator)
        _before, _said, changed = page.partition("Changed since the check before:")
        changed = changed.partition("</div>")[0]
        assert changed.count("<a ") == 1, state
        assert 'href="#tenant_state"' in changed


def test_a_change_is_marked_until_the_next_check(administrator: Browser, connection: Connection) -> None:
    find_everything(connection)
    now = timezone.now()
    row = connection.capabilities.filter(feature="webhooks")
    row.update(status="restricted", previous_status="works", changed_at=now, checked_at=now)
    assert "Changed since the check before:" in page_of(administrator)
    row.update(checked_at=now + timedelta(days=1))
    assert "Changed since the check before:" not in page_of(administrator)


def test_the_system_user_is_explained(administrator: Browser, connection: Connection) -> None:
    find_everything(connection)
    assert "says nothing about what a normal user may do" not in page_of(administrator)
    connection.capabilities.filter(feature="who_am_i").update(facts={"is_system": True})
    assert "says nothing about what a normal user may do" in page_of(administrator)
    assert "says nothing about what a normal user may do" in page_of(administrator, "capabilities_print")


def test_the_summary_has_the_two_ways_to_enable_sending(
    administrator: Browser, connection: Connection
) -> None:
    find_everything(connection, "missing_right", facts={"role": "Sales"})
    page = page_of(administrator, "capabilities_print")
    ways = ("By the mail server, filed in SuperOffice", "By SuperOffice itself", "allow-bulk-email")
    for words in (*ways, "asks SuperOffice to grant it", "What does not work", connection.context_identifier):
        assert words in page
    assert "<nav" not in page
    assert "csrfmiddlewaretoken" not in page


def test_the_summary_names_where_it_comes_from_and_nothing_that_does_not_exist(
    administrator: Browser, connection: Connection
) -> None:
    find_everything(connection)
    page = page_of(administrator, "capabilities_print")
    assert "Sales Desk at http://testserver/" in page
    assert "/Associate/Me" not in page
    assert "approve the app again" in page
    connection.way_in, connection.environment = Connection.WayIn.PASSWORD, Connection.Environment.ONSITE
    connection.save(update_fields=["way_in", "environment"])
    page = page_of(administrator, "capabilities_print")
    for words in ("approve", "owner of the app", "of the app"):
        assert words not in page
    assert "mail account in SuperOffice" in page


def test_the_summary_can_be_printed_before_the_first_check(administrator: Browser) -> None:
    assert "Nothing has been checked yet" in page_of(administrator, "capabilities_print")


@pytest.mark.parametrize("name", READ)
def test_a_page_costs_the_same_however_much_was_found(
    administrator: Browser, connection: Connection, name: str
) -> None:
    page_of(administrator, name)

    def cost() -> int:
        with CaptureQueriesContext(database) as queries:
            page_of(administrator, name)
        return len(queries)

    Capability.objects.create(
        connection=connection, feature="token", status="works", checked_at=timezone.now()
    )
    Connection.objects.filter(pk=connection.pk).update(probed_at=timezone.now())
    few = cost()
    find_everything(connection, "missing_right", facts={"role": "Sales", "leftovers": ["Document/1"]})
    assert cost() == few
    assert few <= MOST_QUERIES
