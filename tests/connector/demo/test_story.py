import re
from collections import Counter
from datetime import date

import pytest

from connector.demo import headings
from connector.demo.story import Story, tell

TODAY = date(2026, 3, 18)


@pytest.fixture(scope="module")
def story() -> Story:
    return tell(TODAY)


def test_the_same_day_tells_the_same_story(story: Story) -> None:
    assert tell(TODAY) == story
    assert tell(date(2026, 3, 19)) != story


def test_it_is_as_large_as_a_small_business(story: Story) -> None:
    assert (len(story.companies), len(story.persons), len(story.sales)) == (40, 120, 400)
    assert len(tell(TODAY, 5000).sales) == 5000
    assert len(tell(TODAY, 1).sales) == 1


def test_ids_and_times_go_the_same_way(story: Story) -> None:
    sales = list(story.sales.values())

    assert [sale.sale_id for sale in sales] == sorted({sale.sale_id for sale in sales})
    assert all(sale.registered_at <= sale.updated_at for sale in sales)
    assert max(sale.updated_at for sale in sales).date() <= TODAY
    assert sales[0].registered_at.year == 2023
    assert sales[-1].registered_at.date() > date(2026, 3, 1)


def test_every_reference_leads_somewhere(story: Story) -> None:
    for sale in story.sales.values():
        assert sale.associate_id in story.associates
        assert sale.company_id == 0 or sale.company_id in story.companies
        if sale.person_id:
            assert story.persons[sale.person_id].company_id == sale.company_id
    for person in story.persons.values():
        assert person.company_id == 0 or person.company_id in story.companies


def test_nobody_can_be_reached(story: Story) -> None:
    addresses = [email for person in story.persons.values() for email in person.emails]
    addresses += [company.email for company in story.companies.values() if company.email]

    assert len(addresses) > 100
    for address in addresses:
        assert re.fullmatch(r"[a-z0-9.-]+@[a-z0-9-]+\.example", address), address


def test_the_showcase_sale_can_be_written_to(story: Story) -> None:
    (sale,) = [sale for sale in story.sales.values() if sale.heading == "2xOmnie CD-01 mit Nachlass"]
    person, company = story.persons[sale.person_id], story.companies[sale.company_id]

    assert sale.sale_id in list(story.sales)[-5:]
    assert story.associates[sale.associate_id].name == "JW"
    assert sale.status == 1
    assert person.email
    assert not any((person.no_mail, person.retired, person.bounced, company.stop, company.no_mail))


def test_the_ugly_cases_are_all_there(story: Story) -> None:
    sales = list(story.sales.values())
    texts = [sale.heading for sale in sales]
    persons = list(story.persons.values())
    customers = [story.companies[sale.company_id] for sale in sales if sale.company_id]

    assert set(headings.UGLY) <= set(texts)
    assert any(not sale.company_id for sale in sales)
    assert any(sale.company_id and not sale.person_id for sale in sales)
    assert {sale.currency_id for sale in sales} == {1, 2, 3}
    assert {sale.status for sale in sales} == {1, 2, 3, 4}
    assert any(sale.amount < 0 for sale in sales)
    assert any(sale.amount == 0 for sale in sales)
    assert any(company.stop for company in customers)
    assert any(not person.emails for person in persons)
    assert any(person.no_mail for person in persons)
    assert any(person.retired for person in persons)
    assert any(person.bounced for person in persons)
    assert {"", "Frau", "Herr", "Ms", "Mr"} <= {person.mr_mrs for person in persons}
    assert any(person.academic == "Dr." for person in persons)
    names = " ".join(company.name for company in story.companies.values())
    assert all(sign in names for sign in "äöüß&'\"<")
    assert {company.language for company in story.companies.values()} == {"de", "en"}


def test_some_sales_name_their_product_only_beside_the_heading(story: Story) -> None:
    sales = story.sales.values()
    noted = [sale for sale in sales if sale.product_note]
    described = [sale for sale in sales if "Kunde fragt nach" in sale.description]

    assert len(noted) > 10
    assert len(described) > 3
    for sale in (*noted, *described):
        assert not sale.goods, "the heading names nothing"
        text = f"{sale.product_note} {sale.description}"
        quote = story.quotes.by_sale.get(sale.sale_id)
        if quote is not None:
            assert all(line.product.name in text for line in quote.favourite.lines[:1]), "as its quote says"
    assert all(0 <= sale.floor_space < 10_000 for sale in sales)


def test_both_demo_representatives_have_plenty_to_do(story: Story) -> None:
    owners = Counter(story.associates[sale.associate_id].name for sale in story.sales.values())

    assert owners["JW"] > 80
    assert owners["SK"] > 80
    assert set(owners) == {"JW", "SK", "TB", "OP"}
