"""Everything that SuperOffice tells of a sale, and the box that leaves only what somebody looks for."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SHOWCASE = "/sales/561/"
ROWS = ".raw-entity tbody tr:visible"


@pytest.fixture
def opened(page: Page) -> Page:
    """The showcase with its raw entity, which was asked for by keyboard."""
    sign_in(page, "jonas")
    for _second in range(60):  # the demo reads its sales when it starts
        answer = page.goto(SHOWCASE)
        if answer and answer.ok:
            break
        page.wait_for_timeout(1000)
    page.focus("a[hx-get$='/raw/']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#field-filter")
    return page


def test_a_word_is_looked_for_in_names_and_values(opened: Page) -> None:
    page = opened
    fold, said = page.locator(".raw-entity details"), page.locator(".raw-entity [role=status]")
    page.fill("#field-filter", "person.title")
    expect(page.locator(ROWS)).to_have_count(1)
    page.fill("#field-filter", "cd-01")  # where else the product is written
    expect(page.locator(ROWS)).to_contain_text(["CD-01"])
    expect(fold).to_have_attribute("open", "")
    expect(said).to_have_text("Fields shown: 1")
    expect(page.get_by_role("heading", name="User-defined fields")).to_be_hidden()  # none of them has it
    page.fill("#field-filter", "there is no such thing")
    expect(said).to_have_text("This stands in no field.")
    expect(page.locator(".raw-entity table:visible")).to_have_count(0)
    page.fill("#field-filter", "")
    expect(fold).not_to_have_attribute("open", "")  # as it was before
    expect(said).to_be_empty()
    expect(page.get_by_role("heading", name="User-defined fields")).to_be_visible()


def test_the_keyboard_goes_on_where_the_fields_have_come(opened: Page) -> None:
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.id") == "field-filter"
