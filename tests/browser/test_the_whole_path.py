"""One mail, the whole way: from sign-in to the archived document, as a representative goes it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_from_a_sale_in_superoffice_to_the_archived_document(page: Page, desk: Desk) -> None:
    sign_in(page, "sabine")  # the tests of all pages use up the people of Jonas
    run_the_report(page)
    add_a_keyword(page)
    run_the_report(page)
    make_drafts(page, "Sabine Kranz")
    approve_an_edited_draft(page)

    wait_for(page, "archived")
    assert desk.caught_mails(), "the mail server got nothing"
    sent = desk.caught_mails()[-1]
    assert b"Das habe ich selbst geschrieben" in sent
    assert archived_bytes(page) == sent
    assert downloaded_bytes(page) == sent


def run_the_report(page: Page) -> None:
    page.goto("/reports/")
    # The first run starts with the demo: while it is at work, its progress is offered instead.
    page.locator("td.row-action").first.locator("button, a").click()
    page.wait_for_url(re.compile(r"/runs/\d+/"))
    page.wait_for_selector(".report-table tbody tr", timeout=60_000)


def add_a_keyword(page: Page) -> None:
    page.goto("/keywords/add/")
    page.fill("input[name=text]", "Fensterreinigung")
    page.fill("input[name=product]", "Fensterreinigung")
    page.fill("input[name=reason]", "New service")
    page.click("button[form=keyword-form].btn-primary")
    page.wait_for_url("**/keywords/")
    expect(page.locator("main")).to_contain_text("Fensterreinigung")


def make_drafts(page: Page, owner: str) -> None:
    """Tick twenty sold sales of the owner's with a product and have drafts made from the German template."""
    page.fill("input[name=q]", owner)  # the list follows while one types
    page.wait_for_url(f"**q={owner.split(maxsplit=1)[0]}*")
    page.click("#tab-matched")
    page.wait_for_url("**stage=matched*")
    page.click("#facet-status > summary")
    page.click("#facet-status a.facet-option[href*='status=sold']")
    page.wait_for_url("**status=sold*")
    boxes = page.locator("tbody input[name=sale]")
    for number in range(min(boxes.count(), 20)):
        boxes.nth(number).check()
    page.click("button[formaction*='/drafts/new/'], form[action*='/drafts/new/'] button[type=submit]")
    page.wait_for_url("**/drafts/new/**")
    page.select_option("select[name=template]", label="Nachfrage nach dem Kauf")
    page.click("form:has(select[name=template]) button[type=submit]")
    page.click("form[action='/drafts/create/'] button[type=submit]")
    page.wait_for_url("**/queue/**")


def approve_an_edited_draft(page: Page) -> None:
    page.click("main a[href^='/drafts/'] >> nth=0")
    page.click("a[href$='/edit/']")
    body = page.locator("textarea[name=body]")
    body.fill(body.input_value() + "\nDas habe ich selbst geschrieben: Grüße aus Köln.\n.Punkt am Anfang\n")
    page.click("form:has(textarea[name=body]) button[type=submit]")
    page.wait_for_url(re.compile(r"/drafts/\d+/$"))
    page.click("form[action$='/approve/'] button[type=submit]")
    page.wait_for_url(re.compile(r"/messages/\d+/$"))


def wait_for(page: Page, _state: str) -> None:
    """The page follows by itself what happens; the link to the document comes last."""
    page.wait_for_selector("a[href$='/document/']", timeout=90_000)


def archived_bytes(page: Page) -> bytes:
    """Follow the link into (the demo of) SuperOffice and download the file there."""
    address = page.get_attribute("a[href$='/document/']", "href")
    answer = page.request.get(f"{page.url.split('/messages')[0]}{address}")
    assert "Demo tenant" in answer.text()
    (file,) = set(re.findall(r'href="(http://127[^"]+/file)"', answer.text()))
    return page.request.get(file).body()


def downloaded_bytes(page: Page) -> bytes:
    address = page.get_attribute("a[href$='/eml/']", "href")
    return page.request.get(f"{page.url.split('/messages')[0]}{address}").body()
