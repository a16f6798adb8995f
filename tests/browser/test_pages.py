"""Every page, wide and narrow, light and dark, in both languages: nothing for axe-core to find."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Desk, Watched, sign_in
from tests.browser.test_the_whole_path import make_drafts, run_the_report

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

LOOKS = {
    "wide, light, English": {
        "viewport": {"width": 1280, "height": 900},
        "locale": "en-GB",
        "color_scheme": "light",
    },
    "narrow, dark, German": {
        "viewport": {"width": 390, "height": 844},
        "locale": "de-DE",
        "color_scheme": "dark",
    },
}
PAGES = {
    "jonas": [
        "/",
        "/reports/",
        "/reports/1/",
        "/reports/1/?q=nobody-has-this",
        "/reports/1/runs/",
        "/runs/1/why/?sale=1",
        "/runs/1/recount/",
        "/reports/1/?stage=unmatched&sort=-amount",
        "/reports/1/?by=product",
        "/reports/1/?by=pivot",
        "/downloads/",
        "/reports/add/",
        "/schedules/",
        "/schedules/add/",
        "/sales/",
        "/sales/561/",  # the showcase
        "/keywords/",
        "/keywords/add/",
        "/keywords/suggestions/",
        "/keywords/suggestions/?tab=headings",
        "/keywords/headings/",
        "/keywords/labels/",
        "/keywords/2/",
        "/keywords/2/remove/",
        "/keywords/product/remove/?product=Akku",
        "/keywords/checks/",
        "/keywords/catalogue/",
        "/keywords/versions/",
        "/keywords/versions/1/",
        "/keywords/import/",
        "/queue/",
        "/queue/?bucket=uncertain",
        "/drafts/new/",
        "first draft",
        "first draft, edited",
        "/connection/",
        "/connection/capabilities/",
        "/account/superoffice/",
        "/mailboxes/",
    ],
    "admin": [
        "/downloads/",
        "/jobs/",
        "/schedules/1/",
        "/reports/1/edit/",
        "/reports/1/remove/",
        "/connection/",
        "/connection/capabilities/",
        "/connection/capabilities/trial/",
        "/connection/capabilities/print/",
        "/connection/failures/",
        "/connection/failures/?range=90d",
        "/mailboxes/",
        "/admin/",
        "/admin/connector/connection/add/",
        "/admin/connector/mailbox/add/",
    ],
    "viewer": ["/", "/reports/1/", "/nothing-here/"],
}


@pytest.fixture(scope="module")
def filled_desk(desk: Desk, browser: Browser) -> Desk:
    """The desk with a finished run and drafts that wait."""
    context = browser.new_context(base_url=desk.url, locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, "jonas")
    run_the_report(page)
    make_drafts(page, "Jonas Weber")
    context.close()
    return desk


@pytest.fixture(params=list(LOOKS))
def look(request: pytest.FixtureRequest, browser: Browser, filled_desk: Desk) -> Iterator[Watched]:
    context = browser.new_context(base_url=filled_desk.url, **LOOKS[request.param])  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    watched = Watched(context)
    yield watched
    context.close()
    assert watched.errors == []


def open_page(page: Page, address: str) -> None:
    if not address.startswith("first draft"):
        page.goto(address)
        return
    page.goto("/queue/")
    page.click("main a[href^='/drafts/'] >> nth=0")
    if address.endswith("edited"):
        page.click("a[href$='/edit/']")


def troubles_of(page: Page) -> list[str]:
    """What axe-core finds, and whether the page is wider than its window."""
    found = [
        f"{violation['id']}: {node['html'][:120]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
        found.append("the page scrolls sideways")
    return found


@pytest.mark.parametrize("username", list(PAGES))
def test_pages_are_accessible_and_fit(username: str, look: Watched) -> None:
    page = look.page
    page.goto("/login/")
    troubles = {"login": troubles_of(page)}
    sign_in(page, username)
    for address in PAGES[username]:
        if address.startswith("/admin") and page.viewport_size and page.viewport_size["width"] < 500:
            continue  # Django's own tables are wider than a telephone
        open_page(page, address)
        troubles[address] = troubles_of(page)
    assert {address: found for address, found in troubles.items() if found} == {}


def test_german_pages_speak_german(look: Watched) -> None:
    page = look.page
    sign_in(page, "jonas")
    page.goto("/queue/")
    is_german = page.get_attribute("html", "lang") == "de"
    expected = "Warteschlange" if is_german else "Queue"
    assert re.search(expected, page.inner_text("h1"))


def test_the_preview_of_a_keyword_follows_what_is_typed(look: Watched) -> None:
    page = look.page
    sign_in(page, "jonas")
    page.goto("/keywords/add/")
    page.fill("[name=product]", "Rest")
    page.fill("[name=text]", "Angebot")
    groups = page.locator("#preview .preview-group")
    groups.first.wait_for()
    assert page.inner_text("#preview-sentence")[0].isdigit()
    page.fill("[name=text]", "x")  # one letter: a sentence, and no figures of the text before
    groups.first.wait_for(state="detached")
    assert not page.inner_text("#preview-sentence")[0].isdigit()
    assert page.evaluate("document.activeElement.name") == "text"
