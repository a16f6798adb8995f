"""Looking at headings without a mouse: a key for each answer, and the next heading is there at once."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Desk, Watched, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.mark.parametrize(("locale", "right", "wrong"), [("en-GB", "y", "n"), ("de-DE", "j", "n")])
def test_five_headings_are_labelled_by_keyboard_alone(
    browser: Browser, desk: Desk, locale: str, right: str, wrong: str
) -> None:
    context = browser.new_context(base_url=desk.url, locale=locale)
    context.set_default_timeout(15_000)
    watched = Watched(context)
    page = watched.page
    sign_in(page, "jonas")
    wait_for_sales(page)
    done = looked_at(page)
    for key, count in zip((right, wrong, right, right, wrong), range(done + 1, done + 6), strict=True):
        heading = page.inner_text("#label .sale-heading")
        page.keyboard.press(key)
        expect(page.locator("#label .panel-head .secondary")).to_contain_text(re.compile(rf"^{count}\b"))
        expect(page.locator("#label [role=status]")).to_contain_text(heading[:40])
    answers = page.locator("section[aria-labelledby=labels-title] tbody tr td:nth-child(3)").all_inner_texts()
    is_right = {"en-GB": "Exactly right", "de-DE": "Genau richtig"}[locale]
    assert [answer.strip() == is_right for answer in answers[:5]] == [False, True, True, False, True]
    context.close()
    assert watched.errors == []


def test_what_is_in_a_wrong_heading_is_typed_and_sent_without_a_mouse(page: Page) -> None:
    sign_in(page, "jonas")
    wait_for_sales(page)
    page.focus("#label .btn-primary")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "truth"
    page.keyboard.type("Sonstiges, nyjs")  # the letters of the keys belong to the field now
    expect(page.locator("#label-truth")).to_have_value("Sonstiges, nyjs")
    page.locator("#label-truth").fill("Akku")
    page.keyboard.press("Enter")
    expect(page.locator("section[aria-labelledby=labels-title] tbody tr").first).to_contain_text("Akku")


def test_the_field_with_an_unknown_product_keeps_its_text_and_has_the_focus(page: Page) -> None:
    sign_in(page, "jonas")
    wait_for_sales(page)
    page.locator("#label-truth").fill("Gibtsnicht")
    page.keyboard.press("Enter")
    expect(page.locator("#label-truth-error")).to_be_in_viewport()
    expect(page.locator("#label-truth")).to_be_focused()
    expect(page.locator("#label-truth")).to_have_value("Gibtsnicht")


def wait_for_sales(page: Page) -> None:
    """The demo reads its sales when it starts: the first heading comes with them."""
    page.goto("/keywords/labels/")
    for _second in range(60):
        if page.locator("#label .sale-heading").count():
            return
        page.wait_for_timeout(1000)
        page.reload()
    raise AssertionError("no heading to look at")


def looked_at(page: Page) -> int:
    """The number in "3 of 200 looked at"."""
    return int(page.inner_text("#label .panel-head .secondary").split()[0])
