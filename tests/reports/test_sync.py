"""The local copy takes whatever SuperOffice holds: one odd record does not stop a report."""

from decimal import Decimal

import pytest
from django.utils import timezone

from connector.models import Connection
from connector.services import open_client
from connector.superoffice.types import Sale as Read
from reports import sync


@pytest.fixture
def read(connection: Connection) -> Read:
    with open_client(connection) as client:
        return next(client.newest_sales(page_size=1))[0]


@pytest.mark.parametrize(
    "odd",
    [
        {"currency": "Euro (netto, ohne alles)"},
        {"status": "x" * 300},
        {"company_name": "Ä" * 500},
        {"heading": "x" * 20_000},
        {"amount": Decimal("1e-999")},
        {"amount": Decimal("9e40")},
        {"amount": Decimal("-0.005")},
    ],
)
def test_an_odd_value_is_stored_as_far_as_it_fits(
    odd: dict[str, object], connection: Connection, read: Read
) -> None:
    stored = sync.store(connection, [read._replace(**odd)], now=timezone.now())  # type: ignore[arg-type]
    copy = stored[read.id]
    copy.refresh_from_db()
    assert copy.person_name == read.person_name


def test_an_address_that_is_too_long_is_none_and_never_cut(connection: Connection, read: Read) -> None:
    long_one = "x@" + "a" * 240 + ".example.company.test"
    copy = sync.store(connection, [read._replace(person_email=long_one)], now=timezone.now())[read.id]
    copy.refresh_from_db()
    assert copy.person_email == ""


def test_storing_again_updates_the_same_row(connection: Connection, read: Read) -> None:
    first = sync.store(connection, [read], now=timezone.now())[read.id]
    second = sync.store(connection, [read._replace(heading="new")], now=timezone.now())[read.id]
    assert (second.pk, second.heading) == (first.pk, "new")
