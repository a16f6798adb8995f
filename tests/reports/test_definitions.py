"""Which sales a report is about: periods in the house's days, keyset order, limits, and the same in words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.models import Connection
from reports.definitions import definition as definitions
from reports.definitions.definition import (
    Definition,
    company_count_of,
    count_of,
    period_of,
    sales_of,
    sentence,
)
from reports.models import Report, Sale

TODAY = date(2026, 5, 20)


@pytest.fixture
def tenant(db: None) -> Connection:
    return Connection.objects.create(name="T", environment="sod", context_identifier="Cust1", client_id="x")


def sale(tenant: Connection, sale_id: int, **values: Any) -> Sale:
    usual = {
        "amount": 1,
        "status": "open",
        "company_id": 7,
        "company_name": "M",
        "read_at": datetime.now(UTC),
    }
    return Sale.objects.create(connection=tenant, sale_id=sale_id, **{**usual, **values})


def found(definition: Definition, tenant: Connection, today: date = TODAY) -> list[int]:
    return [one.sale_id for one in sales_of(definition, tenant, today=today)]


# --- Periods --------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(
    ("period", "today", "expected"),
    [
        ("this_month", date(2026, 2, 28), (date(2026, 2, 1), date(2026, 2, 28))),
        ("this_month", date(2028, 2, 1), (date(2028, 2, 1), date(2028, 2, 29))),
        ("last_month", date(2026, 1, 31), (date(2025, 12, 1), date(2025, 12, 31))),
        ("this_quarter", date(2026, 12, 31), (date(2026, 10, 1), date(2026, 12, 31))),
        ("last_quarter", date(2026, 1, 1), (date(2025, 10, 1), date(2025, 12, 31))),
        ("last_quarter", date(2026, 6, 30), (date(2026, 1, 1), date(2026, 3, 31))),
        ("this_year", TODAY, (date(2026, 1, 1), date(2026, 12, 31))),
        ("last_year", TODAY, (date(2025, 1, 1), date(2025, 12, 31))),
        ("last_30_days", date(2026, 3, 1), (date(2026, 1, 31), date(2026, 3, 1))),
        ("last_365_days", date(2026, 12, 31), (date(2026, 1, 1), date(2026, 12, 31))),
    ],
)
def test_periods_have_their_days(period: str, today: date, expected: tuple[date, date]) -> None:
    assert period_of(Definition(scope="period", period=period), today) == expected
    assert period_of(Definition(scope="all", period=period), today) == (None, None)


@pytest.mark.once
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
@settings(deadline=None)
def test_a_period_and_the_one_before_it_touch(today: date) -> None:
    for unit in ("month", "quarter", "year"):
        first, last = period_of(Definition(scope="period", period=f"this_{unit}"), today)
        before = period_of(Definition(scope="period", period=f"last_{unit}"), today)
        assert first is not None
        assert last is not None
        assert first <= today <= last
        assert before[1] == first - timedelta(days=1)
        assert before == period_of(Definition(scope="period", period=f"this_{unit}"), before[1])


@pytest.mark.parametrize("column", ["registered_at", "changed_at"])
def test_a_day_is_a_day_of_the_house_and_not_of_utc(column: str, tenant: Connection) -> None:
    # May in Berlin begins at 22:00 UTC of 30 April and ends at 22:00 UTC of 31 May.
    for number, moment in enumerate(
        [
            datetime(2026, 4, 30, 21, 59, 59, tzinfo=UTC),
            datetime(2026, 4, 30, 22, 0, tzinfo=UTC),
            datetime(2026, 5, 31, 21, 59, 59, tzinfo=UTC),
            datetime(2026, 5, 31, 22, 0, tzinfo=UTC),
        ],
        start=1,
    ):
        sale(tenant, number, **{column: moment})
    sale(tenant, 9)
    definition = Definition(scope="period", period="this_month", ordered_by=column)
    assert found(definition, tenant) == [3, 2]
    if column == "registered_at":  # a number is given when a sale is registered
        assert found(replace(definition, ordered_by="number"), tenant) == [3, 2]


def test_a_fixed_period_may_be_open_on_either_side(tenant: Connection) -> None:
    for day in range(1, 5):
        sale(tenant, day, sold_on=date(2026, 5, day))
    definition = Definition(scope="period", period="fixed", ordered_by="sold_on")
    second, third = date(2026, 5, 2), date(2026, 5, 3)
    assert found(replace(definition, period_from=second, period_to=third), tenant) == [3, 2]
    assert found(replace(definition, period_from=third), tenant) == [4, 3]
    assert found(replace(definition, period_to=second), tenant) == [2, 1]


# --- Which and how many ---------------------------------------------------------------------------------


def test_only_present_sales_of_this_tenant_that_fit_are_looked_at(tenant: Connection) -> None:
    other = Connection.objects.create(name="O", environment="sod", context_identifier="Cust2", client_id="x")
    sale(other, 1)
    sale(tenant, 2, removed_at=datetime.now(UTC))
    sale(tenant, 3, status="sold", owner_id=5)
    sale(tenant, 4, status="Auf Eis", owner_id=6)
    sale(tenant, 5, company_id=None, company_name="")
    assert found(Definition(), tenant) == [5, 4, 3]
    assert found(Definition(statuses=("sold", "Auf Eis")), tenant) == [4, 3]
    assert found(Definition(owner_ids=(5,)), tenant) == [3]
    assert found(Definition(companies="without"), tenant) == [5]


@pytest.mark.parametrize("ordered_by", Report.OrderedBy.values)
def test_pages_by_cursor_are_the_whole_list_once(ordered_by: str, tenant: Connection) -> None:
    day = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
    for number in range(1, 13):
        moment = None if number % 4 == 0 else day - timedelta(days=number % 3)
        sale(tenant, number, sold_on=moment, registered_at=moment, changed_at=moment)
    definition = Definition(ordered_by=ordered_by)
    whole = found(definition, tenant)
    paged, cursor = [], None
    while page := list(definitions.after(sales_of(definition, tenant, today=TODAY), definition, cursor)[:2]):
        paged += [one.sale_id for one in page]
        cursor = definitions.cursor_of(definition, page[-1])
    assert paged == whole
    assert sorted(whole) == [*range(1, 13)]
    if ordered_by != "number":
        assert whole[-3:] == [12, 8, 4], "without a day comes last"


@pytest.mark.parametrize(
    ("companies", "expected", "with_company"), [("with", 5, 3), ("any", 3, 1), ("without", 2, 0)]
)
def test_sales_without_a_company_use_up_the_limit_only_where_they_are_wanted(
    companies: str, expected: int, with_company: int, tenant: Connection
) -> None:
    for number in range(1, 8):
        sale(tenant, number, company_id=None if number in (5, 6) else 7)
    definition = Definition(limit=3, companies=companies)
    assert count_of(definition, tenant, today=TODAY) == expected
    assert company_count_of(definition, tenant, today=TODAY) == with_company
    assert count_of(replace(definition, scope="all"), tenant, today=TODAY) == (
        2 if companies == "without" else 7
    )
    assert count_of(replace(definition, limit=100), tenant, today=TODAY) == (
        2 if companies == "without" else 7
    )


# --- Stored and said ------------------------------------------------------------------------------------


def test_what_is_stored_comes_back_the_same(db: None) -> None:
    report = Report.objects.create(
        name="R", scope="period", period="fixed", period_from=TODAY, statuses=["sold"], owner_ids=[5],
        search_columns=["description", "udef:1"], use_quotes=False, columns=["heading"],
    )  # fmt: skip
    report.refresh_from_db()
    definition = Definition.of(report)
    assert Definition.from_json(definition.as_json()) == definition
    assert (definition.period_from, definition.statuses, definition.columns) == (
        TODAY,
        ("sold",),
        ("heading",),
    )


@pytest.mark.once
def test_a_definition_of_an_earlier_version_has_defaults_for_what_it_lacks() -> None:
    old = Definition.from_json({"scope": "newest", "limit": 7, "companies": "with", "gone": 1})
    assert old == Definition(limit=7)
    assert Definition.from_json({}) == Definition()


@pytest.mark.once
def test_a_text_of_a_sale_is_empty_where_it_has_none() -> None:
    one = Sale(description="D", texts={"udef:1": None, "udef:2": "x"})
    columns = ("description", "udef:1", "udef:2", "udef:3")
    assert [*Definition(search_columns=columns).texts_of(one).values()] == ["D", "", "x", ""]


@pytest.mark.once
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "the newest 1,000 sales with a company, by number"),
        ({"limit": 1, "companies": "any"}, "the newest sale with or without a company, by number"),
        (
            {
                "scope": "period",
                "period": "last_month",
                "ordered_by": "sold_on",
                "statuses": ("sold", "Auf Eis"),
            },
            "the sales of last month (1 Apr 2026–30 Apr 2026) with a company, by sale date, status Sold, Auf Eis",
        ),
        (
            {"scope": "period", "period": "fixed", "period_from": TODAY, "owner_ids": (1, 2)},
            "the sales since 20 May 2026 with a company, by day of registration, of 2 owners",
        ),
        ({"scope": "all", "owner_ids": (1,)}, "all sales with a company, of one owner"),
    ],
)
def test_a_definition_is_a_sentence(values: dict[str, Any], expected: str) -> None:
    with translation.override("en"):
        assert sentence(Definition(**values), today=TODAY) == expected
