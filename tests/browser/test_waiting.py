"""While something outside takes its time, and while a page changes in place."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watched, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SHOWCASE = "/sales/561/"
# What a drawing or a browser's tool does to an element: a style that no page of ours has, and no answer may copy.
STYLED = "document.querySelectorAll('#result [id]').forEach((one) => { one.style.order = '0'; })"
VIOLATIONS = (
    "addEventListener('securitypolicyviolation', (one) => (window.refused ??= []).push(one.target.id))"
)


def opened(page: Page, address: str) -> None:
    for _second in range(60):  # the demo reads its sales when it starts
        answer = page.goto(address)
        if answer and answer.ok:
            return
        page.wait_for_timeout(1000)


def test_what_is_being_fetched_is_said_at_once_and_can_be_asked_for_again(watched: Watched) -> None:
    page = watched.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/sales/561/raw/", hold)
    sign_in(page, "jonas")
    opened(page, SHOWCASE)
    ask, said = page.locator("[data-raw-ask]"), page.locator(".raw-ask [role=status]")
    expect(said).to_be_empty()
    ask.click()
    expect(said).to_have_text("Is being fetched from SuperOffice …")
    page.keyboard.press("Enter")  # once more is not asked while the answer is on its way
    assert len(held) == 1
    held[0].fulfill(status=504, body="")
    expect(said).to_be_empty()
    expect(page.locator("[data-unfetched]")).to_be_visible()
    watched.errors.clear()  # the browser says that it got no answer, too
    page.unroute("**/sales/561/raw/")
    ask.click()
    expect(page.locator("#field-filter")).to_be_visible()


def test_a_page_that_changes_in_place_copies_no_inline_style(page: Page) -> None:
    sign_in(page, "jonas")
    opened(page, "/reports/1/")
    if not page.locator("#result").count():
        page.locator("form[action$='/run/'] button").first.click()
        page.wait_for_selector("#result a[href*='stage=matched']", timeout=60_000)
        opened(page, "/reports/1/")
    page.evaluate(VIOLATIONS)
    page.evaluate(STYLED)
    page.locator("#result a[href*='stage=matched']").first.click()
    page.wait_for_url("**stage=matched**")
    page.wait_for_timeout(300)
    assert page.evaluate("window.refused ?? []") == []


NARROW = [
    "/reports/",
    "/reports/1/",
    "/schedules/",
    "/keywords/suggestions/",
    "/keywords/headings/",
    "/sales/",
]


def test_nothing_scrolls_sideways_at_four_hundred_per_cent(page: Page) -> None:
    sign_in(page, "admin")
    page.set_viewport_size({"width": 320, "height": 640})
    for address in NARROW:
        opened(page, address)
        for menu in [None, *page.locator("main details.menu > summary:visible").all()]:
            if menu:
                menu.click()
            assert page.evaluate("document.documentElement.scrollWidth") == 320, (address, menu)
            if menu:
                page.keyboard.press("Escape")
