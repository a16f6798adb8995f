"""Sales + template -> drafts: one per person, with every reason for the others, and nothing made up."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from connector.models import Representative
from outreach import services
from outreach.models import Draft, MailTemplate, Suppression
from outreach.rendering import TemplateProblem, placeholders_in
from reports.keyword_lists.keywords import current_list
from reports.models import Sale
from tests.outreach.desk import SABINE, Desk

pytestmark = pytest.mark.django_db


def _plan(desk: Desk, sales: list[Sale], by: Any = None) -> list[services.Plan]:
    return services.plan_drafts(
        sales=sales, template=desk.template, by=by or desk.people.approver, now=timezone.localtime()
    )


def _create(desk: Desk, sales: list[Sale], *, by: Any = None, now: Any = None) -> services.Created:
    return services.create_drafts(
        sales=sales, template=desk.template, by=by or desk.people.approver, now=now or timezone.localtime()
    )


def _reason(desk: Desk, sale: Sale, by: Any = None) -> str:
    (plan,) = _plan(desk, [sale], by)
    assert not _create(desk, [sale], by=by).drafts
    return str(plan.reason)


# --- The dry run is the truth -----------------------------------------------------------------------------


def test_the_dry_run_tells_exactly_what_happens(desk: Desk) -> None:
    sales = [desk.sale(), desk.sale(SABINE), desk.sale(), desk.sale()]
    Sale.objects.filter(pk=sales[2].pk).update(person_no_mailing=True)
    sales = [*Sale.objects.select_related("connection").order_by("pk"), sales[0]]
    plans = _plan(desk, sales)
    created = _create(desk, sales)
    assert [draft.sale for draft in created.drafts] == [plan.sale for plan in plans if not plan.reason]
    assert [(plan.sale, str(plan.reason)) for plan in created.left_out] == [
        (plan.sale, str(plan.reason)) for plan in plans if plan.reason
    ]
    assert len(created.drafts) == 3
    assert not Draft.objects.exclude(pk__in=[draft.pk for draft in created.drafts]).exists()


def test_a_dry_run_writes_nothing(desk: Desk) -> None:
    _plan(desk, [desk.sale()])
    assert not Draft.objects.exists()


def test_a_draft_remembers_where_it_came_from(desk: Desk) -> None:
    sale, now = desk.sale(), timezone.localtime()
    (draft,) = _create(desk, [sale], by=desk.people.jonas, now=now).drafts
    draft.refresh_from_db()
    assert (draft.sale, draft.template, draft.template_version) == (sale, desk.template, 1)
    assert (draft.person_id, draft.company_id) == (sale.person_id, sale.company_id)
    assert (draft.to_name, draft.to_address) == (sale.person_name, sale.person_email)
    assert (draft.status, draft.revision, draft.created_by) == ("pending", 1, desk.people.jonas)
    assert draft.period == f"{now:%Y-%m}"
    assert sale.person_name in draft.body
    assert sale.heading in draft.body
    assert not draft.is_edited
    assert desk.actions(draft) == ["created"]


def test_facts_are_stored_with_source_value_and_time(desk: Desk) -> None:
    sale = desk.sale()
    draft = desk.draft(sale)
    facts = {fact["field"]: fact for fact in draft.facts}
    assert set(facts) == {"person_email", "person_name", "heading", "owner_id"}
    assert facts["heading"] == {
        "object": "sale",
        "id": sale.sale_id,
        "field": "heading",
        "value": sale.heading,
        "read_at": sale.read_at.isoformat(timespec="seconds"),
    }
    assert (facts["person_email"]["id"], facts["person_email"]["value"]) == (
        sale.person_id,
        sale.person_email,
    )


def test_amount_and_date_speak_the_language_of_the_template(desk: Desk) -> None:
    sale = desk.sale()
    for language, body in (("de", "1.234,50 EUR am 05.03.2026"), ("en", "1,234.50 EUR am 03/05/2026")):
        Sale.objects.update(amount="1234.50", currency="EUR", sold_on="2026-03-05")
        desk.template = MailTemplate.objects.create(
            name=language,
            language=language,
            subject="S",
            body="{{ sale.amount }} {{ sale.currency }} am {{ sale.date }}",
            legal_basis="contract",
        )
        draft = desk.draft(desk.fresh(sale))
        assert draft.body == f"{body}\n"
        values = {fact["field"]: fact["value"] for fact in draft.facts}
        assert (values["amount"], values["sold_on"]) == ("1234.50", "2026-03-05")


# --- One draft per person, template and month -------------------------------------------------------------


def test_a_second_click_makes_no_second_draft(desk: Desk) -> None:
    sale = desk.sale()
    assert len(_create(desk, [sale]).drafts) == 1
    assert "has a draft of this template this month already" in _reason(desk, sale)
    assert Draft.objects.count() == 1


def test_another_template_another_month_or_a_rejection_make_room(desk: Desk) -> None:
    sale = desk.sale()
    (first,) = _create(desk, [sale]).drafts
    assert len(_create(desk, [sale], now=timezone.localtime() + timedelta(days=32)).drafts) == 1
    desk.template = MailTemplate.objects.create(
        name="Other", subject="S", body="Hello {{ person.name }}", legal_basis="contract"
    )
    assert len(_create(desk, [sale]).drafts) == 1
    desk.template = first.template
    services.reject_draft(draft=first, revision=1, reason="x", by=desk.people.approver, now=timezone.now())
    assert len(_create(desk, [sale]).drafts) == 1


@pytest.mark.django_db(transaction=True)
def test_two_creations_at_once_make_one_draft_per_person(desk: Desk) -> None:
    current_list()  # an installation has one long before its first draft
    sales = [desk.sale() for _ in range(5)]
    results: list[services.Created] = []
    start = threading.Barrier(3)

    def create() -> None:
        try:
            start.wait(5)
            results.append(_create(desk, sales))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=create) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 3
    assert sum(len(created.drafts) for created in results) == 5
    assert all(len(created.drafts) + len(created.left_out) == 5 for created in results)
    assert Draft.objects.count() == 5
    assert {desk.actions(draft)[0] for draft in Draft.objects.all()} == {"created"}
    assert sum(len(desk.actions(draft)) for draft in Draft.objects.all()) == 5


# --- Who may not be written to ----------------------------------------------------------------------------

OBJECTIONS = [
    ({"company_id": None}, "The sale has no company."),
    ({"person_id": None}, "The sale has no person."),
    ({"person_email": ""}, "The person has no e-mail address."),
    ({"person_retired": True}, "The person has left the company."),
    ({"person_no_mailing": True}, "The person wants no mailings."),
    ({"company_no_mailing": True}, "The company wants no mailings."),
    ({"company_stop": True}, "The company is marked “stop”."),
    ({"person_bounced": True}, "Mails to this address came back."),
    (
        {"owner_id": 9, "owner_name": "Oliver Placeholder"},
        "Oliver Placeholder, who owns the sale, is no user here.",
    ),
    ({"owner_id": None, "owner_name": ""}, "–, who owns the sale, is no user here."),
]


@pytest.mark.parametrize(("values", "reason"), OBJECTIONS, ids=[row[1] for row in OBJECTIONS])
def test_each_reason_to_write_to_nobody_is_named(desk: Desk, values: dict[str, Any], reason: str) -> None:
    assert _reason(desk, desk.set(desk.sale(), **values)) == reason


def test_suppressed_addresses_and_domains_are_left_out_in_any_case(desk: Desk) -> None:
    one, other = desk.sale(), desk.sale()
    Suppression.objects.create(value=one.person_email.upper(), reason="x")
    Suppression.objects.create(value=other.person_email.rpartition("@")[2].title(), reason="x")
    for sale in (one, other):
        assert _reason(desk, sale) == "The address is on the suppression list."


@pytest.mark.parametrize("value", ["straße.example", "xn--strae-oqa.example", "erika@xn--strae-oqa.example"])
@pytest.mark.parametrize("address", ["Erika@Straße.example", "erika@xn--strae-oqa.example"])
def test_a_suppressed_domain_with_umlauts_counts_in_both_spellings(
    desk: Desk, value: str, address: str
) -> None:
    Suppression.objects.create(value=value, reason="x")
    sale = desk.set(desk.sale(), person_email=address)
    assert _reason(desk, sale) == "The address is on the suppression list."


def test_a_similar_domain_is_not_suppressed(desk: Desk) -> None:
    sale = desk.sale()
    domain = sale.person_email.rpartition("@")[2]
    for value in (f"x{domain}", f"sub.{domain}", f"x{sale.person_email}", domain.partition(".")[2]):
        Suppression.objects.create(value=value, reason="x")
    assert _plan(desk, [sale])[0].reason == ""


def test_representatives_make_drafts_for_their_own_sales_only(desk: Desk) -> None:
    assert _reason(desk, desk.sale(SABINE), desk.people.jonas) == "The sale belongs to Sabine Kranz."
    assert len(_create(desk, [desk.sale()], by=desk.people.jonas).drafts) == 1


def test_a_deactivated_representative_writes_to_nobody(desk: Desk) -> None:
    Representative.objects.get(associate_id=5).user.__class__.objects.filter(username="jonas").update(
        is_active=False
    )
    assert "is no user here" in _reason(desk, desk.sale())


# --- Placeholders and values ------------------------------------------------------------------------------


def test_a_missing_value_blocks_the_draft_and_is_named(desk: Desk) -> None:
    desk.set(desk.template, body="Your order of {{ sale.date }}")
    desk.template.refresh_from_db()
    draft = desk.draft(desk.set(desk.sale(), sold_on=None))
    assert draft.blocked_reason == "There is no value for “sale.date”."
    assert draft.body.startswith("Your order of {{ ")
    with pytest.raises(services.NotSendable, match=r"no value for “sale\.date”"):
        desk.approve(draft)


def test_a_gap_that_an_edit_forgets_blocks_again(desk: Desk) -> None:
    desk.set(desk.template, body="Your order of {{ sale.date }}")
    desk.template.refresh_from_db()
    draft = desk.draft(desk.set(desk.sale(), sold_on=None))
    now = timezone.now()
    services.edit_draft(
        draft=draft, revision=1, subject="Changed", body=draft.body, by=desk.people.jonas, now=now
    )
    draft.refresh_from_db()
    assert draft.blocked_reason == ""
    with pytest.raises(services.NotSendable, match="unfinished placeholder"):
        desk.approve(draft)


@pytest.mark.parametrize("status", ["open", "lost", "stalled", "something else"])
def test_a_template_for_customers_needs_a_sale_that_took_place(desk: Desk, status: str) -> None:
    desk.set(desk.template, legal_basis=MailTemplate.LegalBasis.CUSTOMER)
    desk.template.refresh_from_db()
    sale = desk.set(desk.sale(), status=status)
    made = services.create_drafts(
        sales=[sale], template=desk.template, by=desk.people.approver, now=timezone.localtime()
    )
    assert (made.drafts, len(made.left_out)) == ([], 1)
    assert "not sold" in str(made.left_out[0].reason)


@pytest.mark.parametrize(
    "text",
    [
        "{{ person.password }}",
        "{{ user.email }}",
        "{{ sale }}",
        "{{ settings.SECRET_KEY }}",
        "{{ person['email'] }}",
        "{% for x in y %}{{ x }}{% endfor %}",
    ],
)
def test_an_unknown_placeholder_is_refused_by_name(text: str) -> None:
    with pytest.raises(TemplateProblem, match=r"Unknown placeholders: .*Known ones: person\.name"):
        placeholders_in(text)


@pytest.mark.parametrize("text", ["{{ person.name", "{% if %}", "{% include 'x' %}"])
def test_a_template_that_cannot_be_read_is_refused_with_a_reason(desk: Desk, text: str) -> None:
    desk.set(desk.template, body=text)
    desk.template.refresh_from_db()
    with pytest.raises(TemplateProblem, match=r"The template cannot be (read|filled): \w+"):
        _create(desk, [desk.sale()])
    assert not Draft.objects.exists()


NASTY = [
    "{{ person.name }}",
    "{% assign x = 1 %}",
    "${jndi:ldap://x}",
    "{0.__class__}",
    "<script>alert(1)</script>",
    "%(name)s & Söhne",
    "{{7*7}}",
]


@pytest.mark.parametrize("value", NASTY)
def test_values_are_data_and_never_template_code(desk: Desk, value: str) -> None:
    draft = desk.draft(desk.set(desk.sale(), heading=value))
    assert f"bei uns steht: {value}\n" in draft.body


def test_a_heading_of_many_lines_gives_a_subject_of_one(desk: Desk) -> None:
    desk.set(desk.template, subject="Wegen {{ sale.heading }}")
    desk.template.refresh_from_db()
    draft = desk.draft(desk.set(desk.sale(), heading="eins\r\nBcc: x@evil.example\n zwei " + "lang " * 99))
    assert draft.subject.startswith("Wegen eins Bcc: x@evil.example zwei lang")
    assert "\n" not in draft.subject
    assert len(draft.subject) <= 200
