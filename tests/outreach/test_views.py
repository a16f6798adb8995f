"""The pages: who sees what, what a wrong method or a missing token gets, and what downloads and links hold."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from connector.models import Capability
from outreach import archiving, services
from outreach.events import record
from outreach.forms import MOST_SALES
from outreach.models import Draft, Message, StopSwitch
from reports.models import Sale
from tests.outreach.desk import SABINE, Desk

pytestmark = pytest.mark.django_db

DRAFT_PAGES = [("draft", "get"), ("draft_edit", "get")]
DRAFT_VERBS = [
    ("draft_edit", "post"),
    ("draft_approve", "post"),
    ("draft_reject", "post"),
    ("draft_undo", "post"),
]
MESSAGE_PAGES = [
    ("message", "get"),
    ("message_steps", "get"),
    ("message_eml", "get"),
    ("message_document", "get"),
]
MESSAGE_VERBS = [("message_mark_sent", "post"), ("message_send_again", "post"), ("message_give_up", "post")]
ABOUT_ONE = [*DRAFT_PAGES, *DRAFT_VERBS, *MESSAGE_PAGES, *MESSAGE_VERBS]
POST_ONLY = [*[name for name, method in ABOUT_ONE if method == "post" and name != "draft_edit"]]
EVERYWHERE = ["drafts_create", "sending_stop", "sending_resume"]
DATA = {
    "revision": "1",
    "subject": "S",
    "body": "B",
    "reason": "not_now",
    "understood": "yes",
}


def _url(name: str, draft: Draft, message: Message) -> str:
    return reverse(name, args=[message.pk if name.startswith("message") else draft.pk])


def _ask(browser: Browser, method: str, url: str) -> Any:
    return getattr(browser, method)(url, DATA if method == "post" else None)


def _state_of_everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values_list()) for model in (Draft, Message, StopSwitch)]


# --- Who ----------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(("name", "method"), ABOUT_ONE)
@pytest.mark.parametrize("who", ["sabine", "viewer", "administrator", "outsider"])
def test_a_mail_of_somebody_else_does_not_exist(
    desk: Desk, client: Browser, who: str, name: str, method: str
) -> None:
    draft, message = desk.draft(), desk.in_state("uncertain")
    client.force_login(getattr(desk.people, who))
    before = _state_of_everything()
    answer = _ask(client, method, _url(name, draft, message))
    assert answer.status_code == 404 if who == "sabine" else answer.status_code in {403, 404}
    page = answer.content.decode()
    assert draft.to_address not in page
    assert draft.subject not in page
    assert _state_of_everything() == before


@pytest.mark.parametrize(("name", "method"), ABOUT_ONE)
@pytest.mark.parametrize("who", ["jonas", "approver"])
def test_whom_it_concerns_gets_an_answer(
    desk: Desk, client: Browser, who: str, name: str, method: str
) -> None:
    draft, message = desk.draft(), desk.in_state("uncertain")
    client.force_login(getattr(desk.people, who))
    answer = _ask(client, method, _url(name, draft, message))
    assert answer.status_code in {200, 302}


@pytest.mark.once
@pytest.mark.parametrize(("name", "method"), ABOUT_ONE)
def test_without_a_login_every_page_leads_to_it(desk: Desk, client: Browser, name: str, method: str) -> None:
    draft, message = desk.draft(), desk.in_state("uncertain")
    before = _state_of_everything()
    answer = _ask(client, method, _url(name, draft, message))
    assert (answer.status_code, urlsplit(answer.url).path) == (302, reverse("login"))
    assert _state_of_everything() == before


@pytest.mark.parametrize(
    ("who", "status"),
    [("jonas", 200), ("approver", 200), ("viewer", 403), ("administrator", 403), ("outsider", 403)],
)
@pytest.mark.parametrize("url", ["/queue/", "/drafts/new/"])
def test_the_queue_is_for_those_who_write_mails(
    desk: Desk, client: Browser, url: str, who: str, status: int
) -> None:
    client.force_login(getattr(desk.people, who))
    assert client.get(url).status_code == status


def test_the_queue_shows_representatives_their_own_and_approvers_all(desk: Desk, client: Browser) -> None:
    mine, hers = desk.draft(), desk.draft(owner=SABINE)
    for who, seen in (("jonas", [True, False]), ("sabine", [False, True]), ("approver", [True, True])):
        client.force_login(getattr(desk.people, who))
        page = client.get(reverse("queue")).content.decode()
        assert [reverse("draft", args=[one.pk]) in page for one in (mine, hers)] == seen


@pytest.mark.parametrize("bucket", ["pending", "scheduled", "uncertain", "failed", "done", "<nonsense>"])
def test_every_bucket_shows_its_mails_and_no_others_business(
    desk: Desk, client: Browser, bucket: str
) -> None:
    messages = {
        "scheduled": desk.in_state("queued"),
        "uncertain": desk.in_state("uncertain"),
        "failed": desk.in_state("failed"),
        "done": desk.in_state("sent"),
    }
    client.force_login(desk.people.jonas)
    page = client.get(reverse("queue"), {"bucket": bucket}).content.decode()
    shown = {name for name, one in messages.items() if reverse("message", args=[one.pk]) in page}
    assert shown == {bucket} & set(messages)


def test_a_representative_cannot_make_drafts_for_others_by_page(desk: Desk, client: Browser) -> None:
    mine, hers = desk.sale(), desk.sale(SABINE)
    client.force_login(desk.people.jonas)
    answer = client.post(
        reverse("drafts_create"), {"sale": [mine.pk, hers.pk], "template": desk.template.pk}, follow=True
    )
    assert [draft.sale for draft in Draft.objects.all()] == [mine]
    page = answer.content.decode()
    assert "1 draft made." in page
    assert "The sale belongs to Sabine Kranz." in page


# --- How ----------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize("name", POST_ONLY)
def test_nothing_happens_by_following_a_link(desk: Desk, client: Browser, name: str) -> None:
    draft, message = desk.draft(), desk.in_state("uncertain")
    client.force_login(desk.people.approver)
    before = _state_of_everything()
    assert client.get(_url(name, draft, message)).status_code == 405
    assert _state_of_everything() == before


@pytest.mark.once
@pytest.mark.parametrize("name", EVERYWHERE)
def test_nothing_happens_by_following_a_link_without_a_number(desk: Desk, client: Browser, name: str) -> None:
    client.force_login(desk.people.approver)
    assert client.get(reverse(name)).status_code == 405
    assert not StopSwitch.objects.exists()


@pytest.mark.once
@pytest.mark.parametrize("name", [*POST_ONLY, "draft_edit", *EVERYWHERE])
def test_every_change_needs_a_token_of_our_own_pages(desk: Desk, name: str) -> None:
    draft, message = desk.draft(), desk.in_state("uncertain")
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(desk.people.approver)
    before = _state_of_everything()
    url = reverse(name) if name in EVERYWHERE else _url(name, draft, message)
    assert browser.post(url, DATA).status_code == 403
    assert _state_of_everything() == before


@pytest.mark.once
@pytest.mark.parametrize(
    ("who", "may"),
    [("approver", True), ("administrator", True), ("jonas", False), ("viewer", False)],
)
def test_who_may_stop_all_sending(desk: Desk, client: Browser, who: str, may: bool) -> None:
    user: User = getattr(desk.people, who)
    client.force_login(user)
    assert client.post(reverse("sending_stop")).status_code == (302 if may else 403)
    assert services.is_stopped() == may
    services.set_stop_switch(is_on=True, by=user)
    assert client.post(reverse("sending_resume")).status_code == (302 if may else 403)
    assert services.is_stopped() == (not may)


# --- Making drafts ------------------------------------------------------------------------------------


def test_the_dry_run_page_makes_nothing(desk: Desk, client: Browser) -> None:
    sale = desk.sale()
    client.force_login(desk.people.jonas)
    data: dict[str, Any] = {"sale": [sale.pk], "template": desk.template.pk}
    answer = client.get(reverse("drafts_new"), data)
    assert answer.status_code == 200
    assert sale.person_name in answer.content.decode()
    assert not Draft.objects.exists()


@pytest.mark.once
def test_the_dry_run_says_once_that_the_mails_cannot_be_filed(desk: Desk, client: Browser) -> None:
    sale = desk.sale()
    client.force_login(desk.people.jonas)
    data: dict[str, Any] = {"sale": [sale.pk], "template": desk.template.pk}
    words = "These mails can be sent, but not be filed in SuperOffice: "
    assert words not in client.get(reverse("drafts_new"), data).content.decode()
    Capability.objects.create(
        connection=sale.connection,
        feature="mail_template",
        status="not_configured",
        checked_at=timezone.now(),
    )
    page = client.get(reverse("drafts_new"), data).content.decode()
    assert page.count(words) == 1
    assert "has no document template" in page


def test_more_than_fifty_sales_at_a_time_are_refused(desk: Desk, client: Browser) -> None:
    sale = desk.sale()
    copies = []
    for number in range(MOST_SALES):
        sale.pk, sale.sale_id = None, 900_000 + number
        copies.append(Sale(**{f.attname: getattr(sale, f.attname) for f in Sale._meta.concrete_fields}))
    Sale.objects.bulk_create(copies)
    client.force_login(desk.people.approver)
    chosen = list(Sale.objects.values_list("pk", flat=True))
    assert len(chosen) == MOST_SALES + 1
    data: dict[str, Any] = {"sale": chosen, "template": desk.template.pk}
    assert client.post(reverse("drafts_create"), data).status_code == 302
    assert not Draft.objects.exists()
    page = client.get(reverse("drafts_new"), data).content.decode()
    assert "at most 50 sales" in page


@pytest.mark.parametrize("sale", ["", "x", "-1", "99999999999999999999", "1 OR 1=1"])
def test_nonsense_instead_of_sales_is_answered_kindly(desk: Desk, client: Browser, sale: str) -> None:
    client.force_login(desk.people.approver)
    data: dict[str, Any] = {"sale": [sale], "template": desk.template.pk}
    assert client.get(reverse("drafts_new"), data).status_code == 200
    assert client.post(reverse("drafts_create"), data).status_code == 302
    assert not Draft.objects.exists()


# --- Editing ------------------------------------------------------------------------------------------


def test_an_edit_of_an_old_text_is_refused_and_keeps_what_was_typed(desk: Desk, client: Browser) -> None:
    draft = desk.draft()
    client.force_login(desk.people.jonas)
    url = reverse("draft_edit", args=[draft.pk])
    assert client.post(url, {"revision": 1, "subject": "First", "body": "One"}).status_code == 302
    answer = client.post(url, {"revision": 1, "subject": "Second", "body": "Typed with care"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "This mail was changed while you looked at it." in page
    assert "Typed with care" in page
    assert desk.fresh(draft).subject == "First"


@pytest.mark.once
def test_a_subject_typed_over_two_lines_becomes_one(desk: Desk, client: Browser) -> None:
    draft = desk.draft()
    client.force_login(desk.people.jonas)
    client.post(
        reverse("draft_edit", args=[draft.pk]),
        {"revision": 1, "subject": "One\r\nBcc: x@evil.example", "body": "B"},
    )
    assert desk.fresh(draft).subject == "One Bcc: x@evil.example"


def test_a_rejection_keeps_its_reason(desk: Desk, client: Browser) -> None:
    draft = desk.draft()
    client.force_login(desk.people.jonas)
    url = reverse("draft_reject", args=[draft.pk])
    assert client.post(url, {"revision": 1}).status_code == 400
    data = {"revision": 1, "reason": "other", "words": "calls them today"}
    assert client.post(url, data).status_code == 302
    assert desk.fresh(draft).rejected_because == "Other: calls them today"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_what_superoffice_holds_is_shown_as_text(desk: Desk, client: Browser, text: str) -> None:
    draft = desk.draft(subject=text, body=text, to_name=text, generated_body=text)
    client.force_login(desk.people.jonas)
    for name in ("draft", "draft_edit"):
        assert text not in client.get(reverse(name, args=[draft.pk])).content.decode()
    assert text not in client.get(reverse("queue")).content.decode()


# --- Bytes and links ----------------------------------------------------------------------------------


def test_the_download_holds_the_exact_bytes(desk: Desk, client: Browser) -> None:
    message = desk.message()
    client.force_login(desk.people.jonas)
    answer = client.get(reverse("message_eml", args=[message.pk]))
    assert answer.content == bytes(message.raw)
    assert answer["Content-Type"] == "message/rfc822"
    assert answer["Content-Disposition"] == f'attachment; filename="message-{message.pk}.eml"'
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.once
def test_the_link_to_the_document_leads_to_the_tenant_and_nowhere_else(desk: Desk, client: Browser) -> None:
    message = desk.in_state("sent")
    client.force_login(desk.people.jonas)
    url = reverse("message_document", args=[message.pk])
    assert client.get(url).url == reverse("message", args=[message.pk])  # type: ignore[attr-defined]
    archiving.archive_due()
    target = urlsplit(client.get(url).url)  # type: ignore[attr-defined]
    tenant = urlsplit(desk.tenant.tenant_url)
    assert (target.scheme, target.netloc) == (tenant.scheme, tenant.netloc)
    assert target.path.startswith(tenant.path)
    assert str(desk.fresh(message).document_id) in target.query


@pytest.mark.once
def test_without_superoffice_the_link_says_why(desk: Desk, client: Browser) -> None:
    message = desk.in_state("sent")
    archiving.archive_due()
    desk.tenant.faults.state = "OfflineMaintenance"
    desk.set(desk.connection, tenant_state=None)  # or the place that is known from before would do
    client.force_login(desk.people.jonas)
    answer = client.get(reverse("message_document", args=[message.pk]), follow=True)
    assert "SuperOffice is under maintenance." in answer.content.decode()


@pytest.mark.once
@pytest.mark.parametrize("status", Message.Status.values)
def test_each_state_of_a_message_has_its_page(desk: Desk, client: Browser, status: str) -> None:
    message = desk.in_state(status)
    client.force_login(desk.people.jonas)
    for name in ("message", "message_steps"):
        assert client.get(reverse(name, args=[message.pk])).status_code == 200
    assert client.get(reverse("draft", args=[message.draft_id])).status_code == 200


def test_a_cancelled_message_does_not_tell_what_became_of_the_next_one(desk: Desk, client: Browser) -> None:
    draft = desk.draft()
    first = desk.approve(draft)
    now = timezone.now()
    assert services.undo_approval(draft=draft, by=desk.people.jonas, now=now)
    draft.refresh_from_db()
    second = desk.approve(draft)
    record("sent", draft=draft, message=second, now=now, words="250 kept")
    client.force_login(desk.people.jonas)
    pages = [
        client.get(reverse("message", args=[one.pk]), headers={"accept-language": "en"}).content.decode()
        for one in (first, second)
    ]
    assert ["the mail server has taken it" in page for page in pages] == [False, True]
    assert ["Approval taken back" in page for page in pages] == [True, False]


@pytest.mark.once
def test_a_mail_that_could_not_be_filed_says_so_before_it_is_approved(desk: Desk, client: Browser) -> None:
    draft = desk.draft()
    client.force_login(desk.people.jonas)
    url = reverse("draft", args=[draft.pk])
    words = "but not be filed in SuperOffice"
    assert words not in client.get(url).content.decode()
    now = timezone.now()
    finding = {"connection": desk.connection, "feature": "create_document", "checked_at": now}
    row = Capability.objects.create(**finding, status="missing_right", http_status=403)
    assert words in client.get(url).content.decode()
    desk.set(row, status="works")
    assert words not in client.get(url).content.decode()
