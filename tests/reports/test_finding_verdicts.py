"""Findings that are fine like this: who may say so, what that hides, and how it comes back."""

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connector.models import Connection
from reports.keyword_lists.finding_verdicts import (
    about,
    accept_findings,
    open_count,
    reopen_findings,
    sift,
    subject_of,
)
from reports.keyword_lists.keyword_checks import Finding, checks_of
from reports.keyword_lists.keywords import current_list, keywords_of, save_version, with_keyword
from reports.models import FindingVerdict, Keyword
from reports.preview.corpus import current_corpus
from tests.conftest import People
from tests.reports.keyword_sales import bare_connection, fill_copy

PAGE, COUNT = "/keywords/checks/", "/keywords/checks/count/"
ACCEPT, REOPEN = "/keywords/checks/accept/", "/keywords/checks/reopen/"
LIST = {
    "Eimer": {"product": "Eimer rot"},
    "eimer": {"product": "Eimer blau"},
    "gibtesnicht": {"product": "Nichts"},
    "Handtuch": {"product": "Handtuch"},
    "Halter": {"product": "Halter"},
    "Handtuch Halter": {"polarity": "mask", "kind": ""},
    "Tuch": {"product": "Tuch", "inflect": "yes"},
    "03-04": {"product": "Schraube", "type": "code"},
}
HEADINGS = ["Eimer", "2 Eimer", "Handtuch", "Halter", "Handtuch Halter", "Tuch", "Tücher", "Schraube 03-04"]
DEAD = {"kind": "dead", "subject": "gibtesnicht"}
CONFLICT = {"kind": "conflict", "subject": "Eimer blau ↔ Eimer rot"}
TWIN = {"kind": "twin", "subject": "Tuch/en"}
TAKER = {"kind": "takes_much", "subject": "Handtuch Halter"}
EXCEL = {"kind": "excel", "subject": "03-04"}
FINDING_COUNT = 6  # the mask takes much from two products


@pytest.fixture
def tenant(db: None) -> Connection:
    tenant = bare_connection()
    fill_copy(tenant, HEADINGS)
    keywords = [Keyword(text=text, **values) for text, values in LIST.items()]
    save_version(keywords, parent=current_list(), author=None, reason="Constructed")
    return tenant


@pytest.fixture
def editor(client: Client, people: People, tenant: Connection) -> Client:
    client.force_login(people.jonas)
    return client


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def words(content: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", content.decode()).split())


def badge(client: Client) -> str:
    return words(client.get(COUNT).content)


def findings() -> list[Finding]:
    return list(checks_of(current_list(), current_corpus()).findings)


def buttons(client: Client, address: str) -> set[tuple[str, str]]:
    """(kind, subject) of each form on the page that posts to `address`."""
    forms = re.findall(rf'action="{address}".*?</form>', client.get(PAGE).content.decode(), re.DOTALL)
    return {
        (kind, subject)
        for form in forms
        for kind, subject in re.findall(
            r'name="kind" value="(.*?)".*?name="subject" value="(.*?)"', form, re.DOTALL
        )
    }


# --- What is kept: both kinds of database ------------------------------------------------------------------


def test_a_verdict_is_kept_once_and_names_who_was_first(people: People) -> None:
    accept_findings(**DEAD, by=people.jonas)
    accept_findings(**DEAD, by=people.sabine)
    kept = FindingVerdict.objects.get()
    assert (kept.kind, kept.subject, kept.decided_by) == ("dead", "gibtesnicht", people.jonas)
    assert kept.decided_at is not None


def test_a_verdict_is_about_one_kind_and_one_subject_letter_by_letter(people: People) -> None:
    accept_findings(kind="dead", subject="Eimer", by=people.jonas)
    accept_findings(kind="dead", subject="eimer", by=people.jonas)
    accept_findings(kind="excel", subject="eimer", by=people.jonas)
    assert FindingVerdict.objects.count() == 3
    assert reopen_findings(kind="dead", subject="eimer")
    assert not reopen_findings(kind="dead", subject="eimer")
    kept = set(FindingVerdict.objects.values_list("kind", "subject"))
    assert kept == {("dead", "Eimer"), ("excel", "eimer")}


def test_the_longest_names_fit_into_a_subject(people: People) -> None:
    one, other = "ä" * 100, "b" * 100
    longest = [
        Finding("dead", Keyword(text="x" * 200)),
        Finding("conflict", product=one, other=other),
        Finding("twin", product=one, missing="de"),
    ]
    for finding in longest:
        accept_findings(kind=finding.kind, subject=subject_of(finding), by=people.jonas)
    assert max(len(subject_of(finding)) for finding in longest) <= 210
    assert open_count(longest) == 0
    assert sift(longest).open == []


@pytest.mark.once
def test_the_two_products_of_a_conflict_make_one_subject_in_either_order() -> None:
    one, other = Finding("conflict", product="B", other="A"), Finding("conflict", product="A", other="B")
    assert subject_of(one) == subject_of(other) == "A ↔ B"
    assert about(other) == "A, B"


@pytest.mark.once
def test_every_finding_is_either_open_or_fine(people: People, tenant: Connection) -> None:
    for chosen in (DEAD, TAKER):
        accept_findings(**chosen, by=people.jonas)
    sifted = sift(findings())
    assert [(one.verdict.kind, len(one.findings)) for one in sifted.accepted] == [
        ("takes_much", 2),
        ("dead", 1),
    ]
    assert sifted.accepted_count == 3
    fine = [found for one in sifted.accepted for found in one.findings]
    assert len(sifted.open) == open_count(findings()) == FINDING_COUNT - 3
    assert {id(one) for one in (*sifted.open, *fine)} == {id(one) for one in findings()}


# --- The page ---------------------------------------------------------------------------------------------


@pytest.mark.once
def test_every_finding_has_a_button_and_is_fine_after_it(editor: Client, people: People) -> None:
    offered = buttons(editor, ACCEPT)
    assert offered == {tuple(one.values()) for one in (DEAD, CONFLICT, TWIN, TAKER, EXCEL)}
    for kind, subject in offered:
        page = editor.post(ACCEPT, {"kind": kind, "subject": subject}, follow=True)
        assert "is fine like this" in words(page.content)
    assert buttons(editor, ACCEPT) == set()
    assert buttons(editor, REOPEN) == offered
    shown = words(editor.get(PAGE).content)
    assert "No finding is open." in shown
    assert f"{FINDING_COUNT} findings that are fine like this" in shown
    assert "“gibtesnicht” stands in no sale of the local copy. Jonas Weber" in shown


@pytest.mark.once
def test_a_button_names_what_it_is_about(editor: Client) -> None:
    shown = words(editor.get(PAGE).content)
    assert "Fine like this gibtesnicht" in shown
    assert "Fine like this Eimer blau, Eimer rot" in shown
    editor.post(ACCEPT, CONFLICT)
    assert "Show again Eimer blau, Eimer rot" in words(editor.get(PAGE).content)


@pytest.mark.once
def test_the_badge_counts_only_what_is_open(editor: Client) -> None:
    assert badge(editor) == f"{FINDING_COUNT} findings"
    editor.post(ACCEPT, DEAD)
    assert badge(editor) == f"{FINDING_COUNT - 1} findings"
    for chosen in (CONFLICT, TWIN, TAKER, EXCEL):
        editor.post(ACCEPT, chosen)
    assert badge(editor) == ""


@pytest.mark.once
def test_a_mask_that_takes_from_two_products_is_fine_as_a_whole_and_the_page_says_so(editor: Client) -> None:
    page = editor.post(ACCEPT, TAKER, follow=True)
    assert "“Handtuch Halter” is fine like this, in 2 findings." in words(page.content)
    assert badge(editor) == f"{FINDING_COUNT - 2} findings"


@pytest.mark.once
def test_a_double_click_does_no_harm(editor: Client, people: People) -> None:
    for client in (editor, editor, signed_in(people.sabine)):
        assert client.post(ACCEPT, DEAD).status_code == 302
    assert FindingVerdict.objects.get().decided_by == people.jonas
    for _click in range(2):
        page = editor.post(REOPEN, DEAD, follow=True)
    assert "any more" not in words(page.content)
    assert not FindingVerdict.objects.exists()


@pytest.mark.once
def test_a_finding_that_is_fine_stays_so_with_the_next_version(editor: Client) -> None:
    editor.post(ACCEPT, DEAD)
    editor.post(ACCEPT, CONFLICT)
    before = current_list()
    new = with_keyword(keywords_of(before), Keyword(text="auchnicht", product="Nichts"))
    assert save_version(new, parent=before, author=None, reason="One more").version > before.version
    assert badge(editor) == f"{FINDING_COUNT - 2 + 1} findings"
    offered = buttons(editor, ACCEPT)
    assert ("dead", "auchnicht") in offered
    assert not {tuple(DEAD.values()), tuple(CONFLICT.values())} & offered


@pytest.mark.once
def test_a_verdict_is_out_of_sight_while_its_finding_is_and_counts_when_it_comes_back(editor: Client) -> None:
    editor.post(ACCEPT, DEAD)
    with_it = current_list()
    kept = [one for one in keywords_of(with_it) if one.text != "gibtesnicht"]
    without = save_version(kept, parent=with_it, author=None, reason="Without it")
    assert buttons(editor, REOPEN) == set()
    assert "that is fine like this" not in words(editor.get(PAGE).content)
    again = with_keyword(keywords_of(without), Keyword(text="gibtesnicht", product="Nichts"))
    save_version(again, parent=without, author=None, reason="With it again")
    assert buttons(editor, REOPEN) == {tuple(DEAD.values())}


@pytest.mark.once
def test_a_finding_can_be_shown_again(editor: Client) -> None:
    editor.post(ACCEPT, DEAD)
    page = editor.post(REOPEN, DEAD, follow=True)
    assert "“gibtesnicht” is among the findings again." in words(page.content)
    assert badge(editor) == f"{FINDING_COUNT} findings"
    assert tuple(DEAD.values()) in buttons(editor, ACCEPT)
    assert buttons(editor, REOPEN) == set()


# --- Who may, and what is refused --------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize("address", [ACCEPT, REOPEN])
@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"kind": "dead"},
        {"kind": "dead", "subject": "Eimer"},
        {"kind": "twin", "subject": "gibtesnicht"},
        {"kind": "de\0ad", "subject": "gibtes\0nicht"},
        {"kind": "x" * 300, "subject": "y" * 3000},
    ],
)
def test_what_the_checks_do_not_find_now_gets_a_sentence_and_no_row(
    editor: Client, address: str, sent: dict[str, str]
) -> None:
    page = editor.post(address, sent, follow=True)
    assert "This finding is not there any more" in words(page.content)
    assert not FindingVerdict.objects.exists()


@pytest.mark.once
def test_a_viewer_sees_what_is_fine_and_may_not_decide(editor: Client, people: People) -> None:
    viewer = signed_in(people.viewer)
    editor.post(ACCEPT, DEAD)
    shown = words(viewer.get(PAGE).content)
    assert "1 finding that is fine like this" in shown
    assert "Show again" not in shown
    assert "Fine like this" not in shown
    assert viewer.post(ACCEPT, TWIN).status_code == 403
    assert viewer.post(REOPEN, DEAD).status_code == 403
    assert set(FindingVerdict.objects.values_list("kind", "subject")) == {tuple(DEAD.values())}


@pytest.mark.once
def test_an_outsider_and_a_stranger_may_not_decide(editor: Client, people: People) -> None:
    editor.post(ACCEPT, DEAD)
    for address, sent in ((ACCEPT, TWIN), (REOPEN, DEAD)):
        assert signed_in(people.outsider).post(address, sent).status_code == 403
        answer = Client().post(address, sent)
        assert answer.status_code == 302
        assert "login" in answer["Location"]
    assert set(FindingVerdict.objects.values_list("kind", "subject")) == {tuple(DEAD.values())}


@pytest.mark.once
def test_looking_decides_nothing(editor: Client) -> None:
    editor.post(ACCEPT, DEAD)
    assert editor.get(ACCEPT, TWIN).status_code == 405
    assert editor.get(REOPEN, DEAD).status_code == 405
    assert FindingVerdict.objects.count() == 1


@pytest.mark.once
@pytest.mark.parametrize("address", [PAGE, COUNT])
def test_the_queries_do_not_grow_with_the_verdicts(editor: Client, people: People, address: str) -> None:
    def count() -> int:
        editor.get(address)
        with CaptureQueriesContext(database) as queries:
            editor.get(address)
        return len(queries)

    before = count()
    accept_findings(**DEAD, by=people.jonas)
    for chosen in (CONFLICT, TWIN, TAKER):
        accept_findings(**chosen, by=people.sabine)
    for number in range(30):
        accept_findings(kind="dead", subject=f"gone {number}", by=people.approver)
    assert count() == before
