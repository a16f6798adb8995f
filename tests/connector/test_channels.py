"""The ways to the customer: which are possible, which are not and why, and which nobody could ask about."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation
from pytest_django.fixtures import Settings

from connector import capabilities
from connector.channels import channels
from connector.demo.tenant import DemoTenant
from connector.features import FEATURES
from connector.models import Capability, Connection, Mailbox, Representative
from tests.conftest import People
from tests.connector.quick_tenant import clear_faults

NOW = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
SERVER = {
    "host": "127.0.0.1",
    "port": 2525,
    "username": "",
    "password": "",
    "security": "none",
    "from_address": "sales@kehrwieder.example",
}
pytestmark = pytest.mark.django_db


def keep(connection: Connection, feature: str, status: str, **values: Any) -> None:
    Capability.objects.create(connection=connection, feature=feature, status=status, checked_at=NOW, **values)


def test_a_channel_that_cannot_work_is_not_offered_and_says_why(
    connection: Connection, people: People, settings: Settings
) -> None:
    def offered() -> dict[str, bool]:
        return {channel.key: channel.is_offered for channel in channels(connection)}

    Mailbox.objects.update(is_active=False)
    assert {channel.state for channel in channels(connection)} == {
        "possible",
        "impossible",
        "not_known",
    }
    assert offered() == {"smtp": False, "native_email": False, "native_mailing": False, "task": True}
    settings.MAIL_SERVER = SERVER
    keep(connection, "create_document", "unknown")
    keep(connection, "native_email", "works")
    assert offered() == {"smtp": True, "native_email": True, "native_mailing": False, "task": True}
    keep(connection, "mail_template", "not_configured")
    keep(connection, "create_follow_up", "missing_right", facts={"role": "Sales", "mask": "Select"})
    keep(connection, "native_mailing", "no_licence")
    found = {channel.key: channel for channel in channels(connection)}
    assert {channel.state for channel in found.values()} == {"possible", "impossible"}
    assert not found["smtp"].is_offered
    assert "document template" in found["smtp"].reason
    assert "Marketing" in found["native_mailing"].reason
    assert "“Select”" in found["task"].reason


def test_a_channel_that_could_not_be_asked_about_is_not_called_possible(
    connection: Connection, demo_tenant: DemoTenant, settings: Settings
) -> None:
    settings.SUPEROFFICE_CALLS_PER_SECOND = 1000
    settings.MAIL_SERVER = SERVER
    for spoil in ({"state": "OfflineMaintenance"}, {"refresh_token_revoked": True}):
        clear_faults(demo_tenant)
        for name, value in spoil.items():
            setattr(demo_tenant.faults, name, value)
        capabilities.probe(connection, NOW)
        assert {one.state for one in channels(connection)} == {"not_known"}
        assert all("Not asked, because" in one.reason for one in channels(connection))


def test_a_representatives_own_mailbox_is_enough_to_send(connection: Connection, people: People) -> None:
    def standing() -> tuple[str, str]:
        (smtp,) = [one for one in channels(connection) if one.key == "smtp"]
        return smtp.state, smtp.reason

    Mailbox.objects.all().delete()
    assert standing() == ("impossible", "No mailbox is set up to send from.")
    own = Mailbox.objects.create(name="Own", host="mail.example", from_address="jonas@kehrwieder.example")
    assert standing()[0] == "impossible", "nobody's"
    Representative.objects.filter(user=people.jonas).update(mailbox=own)
    assert standing() == ("possible", "")
    Mailbox.objects.filter(pk=own.pk).update(is_active=False)
    assert standing()[0] == "impossible"


def test_what_sales_desk_does_not_use_yet_says_so(connection: Connection) -> None:
    with translation.override("en"):
        hows = {one.key: one.how for one in channels(connection)}
        assert [key for key, how in hows.items() if "does not use this way yet" not in how] == ["smtp"]
        for feature in ("product_families", "create_follow_up"):
            assert "Sales Desk does not" in str(FEATURES[feature].purpose)
