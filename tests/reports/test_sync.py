"""The local copy takes whatever SuperOffice holds: one odd record does not stop a report."""

from decimal import Decimal

import pytest
from django.utils import timezone

from connector.models import Connection
from connector.services import open_client
from connector.superoffice.types import Sale as Read
from reports.local_copy import sync
from reports.models import LocalCopy, Sale


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
        {"heading": "NUL \x00 and half a character \ud83d"},
        {"extra": {"saleUdef/SuperOffice:1": "NUL \x00"}},
        {"number": "9" * 300},
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


def test_every_field_of_a_sale_is_copied(connection: Connection, read: Read) -> None:
    odd = read._replace(
        probability=40, number="N-1", description="d", sale_type="t", stage="s", has_quote=True
    )
    copy = sync.store(connection, [odd], now=timezone.now())[read.id]
    ours = (copy.probability, copy.number, copy.description, copy.sale_type, copy.stage_name, copy.has_quote)
    assert ours == (40, "N-1", "d", "t", "s", True)
    assert (copy.sold_on, copy.changed_at, copy.registered_at) == (
        read.date,
        read.updated_at,
        read.registered_at,
    )


def test_the_revision_grows_with_a_change_and_only_then(connection: Connection, read: Read) -> None:
    def revision_after(sale: Read) -> int:
        sync.store(connection, [sale], now=timezone.now())
        return LocalCopy.objects.get(connection=connection).revision

    first = revision_after(read)
    assert revision_after(read) == first
    changed = revision_after(read._replace(amount=read.amount + 1))
    assert changed == first + 1
    assert revision_after(read._replace(amount=read.amount + 1)) == changed


def test_a_text_that_was_not_read_stays_and_one_that_is_empty_goes(
    connection: Connection, read: Read
) -> None:
    column = "saleUdef/SuperOffice:1"

    def texts_after(extra: dict[str, str]) -> dict[str, str]:
        sale = read._replace(extra=extra)
        return sync.store(connection, [sale], now=timezone.now())[read.id].texts

    assert texts_after({column: "2x Omnie CD-01"}) == {column: "2x Omnie CD-01"}
    assert texts_after({}) == {column: "2x Omnie CD-01"}
    assert texts_after({column: ""}) == {}


def test_a_sale_that_is_there_again_is_no_longer_gone(connection: Connection, read: Read) -> None:
    sync.store(connection, [read], now=timezone.now())
    Sale.objects.update(removed_at=timezone.now())
    before = LocalCopy.objects.get(connection=connection).revision
    assert sync.store(connection, [read], now=timezone.now())[read.id].removed_at is None
    assert LocalCopy.objects.get(connection=connection).revision == before + 1
