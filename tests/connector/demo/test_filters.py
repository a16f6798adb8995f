"""The filter language, seen from outside: what it finds and what it refuses."""

from datetime import date

import pytest

from connector.demo.story import Sale, Story
from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api
from tests.connector.demo.conftest import TODAY


@pytest.fixture(scope="module")
def story(reading_tenant: DemoTenant) -> Story:
    return reading_tenant.story


def found(api: Api, text: str) -> set[int]:
    return {row["saleId"] for row in api.list("/Sale", select="saleId", filter=text)}


def those(story: Story, *conditions: bool) -> set[int]:
    return {sale.sale_id for sale, fits in zip(story.sales.values(), conditions, strict=True) if fits}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("saleId gt 300", lambda sale: sale.sale_id > 300),
        ("saleId greater 300 and saleId less 310", lambda sale: 300 < sale.sale_id < 310),
        ("saleId = 300 or saleId eq 301 or saleId equals 302", lambda sale: sale.sale_id in (300, 301, 302)),
        ("saleId ne 300", lambda sale: sale.sale_id != 300),
        ("saleId between (300,310)", lambda sale: 300 <= sale.sale_id <= 310),
        ("saleId in (300, 301,999999)", lambda sale: sale.sale_id in (300, 301)),
        ("amount lt 0", lambda sale: sale.amount < 0),
        ("amount gt 1000.5", lambda sale: sale.amount > 1000.5),
        ("amount eq 0", lambda sale: sale.amount == 0),
        ("probPercent eq 100", lambda sale: sale.probability == 100),
        ("hasQuote set true", lambda sale: sale.has_quote),
        ("hasQuote set false", lambda sale: not sale.has_quote),
        ("hasQuote eq true", lambda sale: sale.has_quote),
        ("saleStatus oneOf (1, 4)", lambda sale: sale.status in (1, 4)),
        ("saleStatus notOneOf (1,4)", lambda sale: sale.status not in (1, 4)),
        ("saleStatus eq 2", lambda sale: sale.status == 2),
        ("contactId ne 0", lambda sale: sale.company_id != 0),
        ("contact/contactId gt 0", lambda sale: sale.company_id > 0),
        ("associateId associateIsOneOf (5,6)", lambda sale: sale.associate_id in (5, 6)),
        ("associate/associateDbId associateIsNotOneOf (5)", lambda sale: sale.associate_id != 5),
        ("associateId currentAssociate", lambda sale: sale.associate_id == 3),
        ("heading contains 'cd-01'", lambda sale: "cd-01" in sale.heading.casefold()),
        ("heading notContains 'cd-01'", lambda sale: "cd-01" not in sale.heading.casefold()),
        ("heading begins 'OMNIE'", lambda sale: sale.heading.casefold().startswith("omnie")),
        ("heading notBegins 'OMNIE'", lambda sale: not sale.heading.casefold().startswith("omnie")),
        (
            "heading is '2xOmnie CD-01 mit Nachlass'",
            lambda sale: sale.heading == "2xOmnie CD-01 mit Nachlass",
        ),
        ("heading isNot ''", lambda sale: sale.heading != ""),
        ("heading in ('CD-02', 'Akku')", lambda sale: sale.heading.casefold() in ("cd-02", "akku")),
        ("startswith(heading,'Omnie')", lambda sale: sale.heading.casefold().startswith("omnie")),
        ("endswith(heading,'Q3')", lambda sale: sale.heading.casefold().endswith("q3")),
        ("substringof('Wartung',heading)", lambda sale: "wartung" in sale.heading.casefold()),
        ("date before '2026-03-18'", lambda sale: sale.sold_on.date() < TODAY),
        ("date beforeOrEqual '2026-03-18'", lambda sale: sale.sold_on.date() <= TODAY),
        ("date after '2026-03-18'", lambda sale: sale.sold_on.date() > TODAY),
        ("date date '2026-03-18'", lambda sale: sale.sold_on.date() == TODAY),
        (
            "date between ('2025-01-01','2025-12-31')",
            lambda sale: sale.sold_on.year == 2025,
        ),
        (
            "date dateBetween ('2025-01-01','2025-12-31')",
            lambda sale: sale.sold_on.year == 2025,
        ),
        (
            "updatedDate afterTime '2026-01-05T10:00:00'",
            lambda sale: sale.updated_at.isoformat() > "2026-01-05T10:00:00",
        ),
        (
            "updatedDate beforeTime '2026-01-05T10:00:00Z'",
            lambda sale: sale.updated_at.isoformat() < "2026-01-05T10:00:00",
        ),
        ("date today", lambda sale: sale.sold_on.date() == TODAY),
        ("date beforeToday", lambda sale: sale.sold_on.date() < TODAY),
        ("date afterToday", lambda sale: sale.sold_on.date() > TODAY),
        ("date thisWeek", lambda sale: date(2026, 3, 16) <= sale.sold_on.date() <= date(2026, 3, 22)),
        ("date lastMonth", lambda sale: (sale.sold_on.year, sale.sold_on.month) == (2026, 2)),
        ("date nextMonth", lambda sale: (sale.sold_on.year, sale.sold_on.month) == (2026, 4)),
        ("date lastQuarter", lambda sale: sale.sold_on.year == 2025 and sale.sold_on.month >= 10),
        ("date thisHalf", lambda sale: sale.sold_on.year == 2026 and sale.sold_on.month <= 6),
        ("date thisYear", lambda sale: sale.sold_on.year == 2026),
        ("reopenDate before '2099-01-01'", lambda sale: sale.reopen_on is not None),
        (
            "saleId gt 200 and hasQuote set true or saleId lt 110",
            lambda sale: (sale.sale_id > 200 and sale.has_quote) or sale.sale_id < 110,
        ),
        (
            "saleId gt 200 and (hasQuote set true or amount gt 50000)",
            lambda sale: sale.sale_id > 200 and (sale.has_quote or sale.amount > 50000),
        ),
    ],
)
def test_a_filter_finds_exactly_what_it_says(reading: Api, story: Story, text: str, fits: object) -> None:
    assert callable(fits)
    expected = those(story, *(bool(fits(sale)) for sale in story.sales.values()))

    assert found(reading, text) == expected


def test_the_examples_above_are_not_all_about_nothing(story: Story) -> None:
    """Without these a filter that finds nothing would pass for the wrong reason."""

    def count(sales: list[Sale]) -> int:
        return len(sales)

    sales = list(story.sales.values())
    assert count([sale for sale in sales if sale.amount < 0])
    assert count([sale for sale in sales if sale.amount == 0])
    assert count([sale for sale in sales if sale.sold_on.date() == TODAY])
    assert count([sale for sale in sales if sale.reopen_on])


def test_quotes_in_a_text_are_escaped_by_a_backslash(reading: Api) -> None:
    names = reading.list("/Contact", select="name", filter=r"name is 'O\'Fiction & Daughters Facilities Ltd'")

    assert [row["name"] for row in names] == ["O'Fiction & Daughters Facilities Ltd"]
    assert reading.refused("/Contact", filter="name is 'O''Fiction & Daughters Facilities Ltd'")
    assert reading.list("/Contact", select="name", filter=r"name is 'back\\slash'") == []


@pytest.mark.parametrize(
    "text",
    [
        "Contact ne null",
        "contactId ne null",
        "heading eq null",
        "nextDueDate eq null",
        "contact eq 5",
        "SaleId.Value gt 0",
        "saleId le 5",
        "saleId ge 5",
        "saleId <= 5",
        "saleId >= 5",
        "saleId gt '5'",
        "saleId gt",
        "saleId",
        "gt 5",
        "saleId gt 5 and",
        "saleId gt 5 5",
        "(saleId gt 5",
        "saleId gt 5)",
        "not saleId gt 5",
        "saleId between (1)",
        "saleStatus eq 'Sold'",
        "saleStatus gt 1",
        "contactId gt 0",
        "associateId eq 'JW'",
        "associateId eq 5",
        "heading gt 'A'",
        "heading is Omnie",
        "heading is 5",
        "heading notEnds 'x'",
        "heading is 'unfinished",
        "hasQuote set 'yes'",
        "hasQuote ne true",
        "date gt '2025-01-01'",
        "date eq '2025-01-01'",
        "date after 2025-01-01",
        "date after 'yesterday'",
        "heading today",
        "saleId currentAssociate",
        "stageRank eq 1",
        "tolower(heading) eq 'x'",
        "saleId gt 5; drop",
    ],
)
def test_what_the_real_tenant_refuses_is_refused_with_a_reason(reading: Api, text: str) -> None:
    assert reading.refused("/Sale", select="saleId", filter=text)
