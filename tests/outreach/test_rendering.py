"""What a template may do: little, and never enough to stop the worker or to surprise it."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from outreach import rendering, services
from outreach.facts import PLACEHOLDERS, SAMPLE_VALUES
from outreach.models import Draft, MailTemplate
from outreach.rendering import MOST_TEXT, TemplateProblem, placeholders_in, render
from tests.outreach.desk import Desk

pytestmark = pytest.mark.django_db

SIXTY = "a" * 60
GROWING = "{{ person.name" + f" | replace: 'a', '{SIXTY}'" * 6 + " }}"


def _filled(body: str, **values: Any) -> str:
    template = MailTemplate(subject="S", body=body)
    return render(template, {**SAMPLE_VALUES, **values}).body.rstrip("\n")


# --- What is allowed --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{{ person.name | upcase }}", "ERIKA MUSTER"),
        ("{{ person.name | downcase | capitalize }}", "Erika muster"),
        ("{{ '  x ' | strip }}", "x"),
        ("{{ '' | default: 'nothing' }}", "nothing"),
        ("{{ person.name | truncate: 8 }}", "Erika..."),
        ("{{ person.name | truncatewords: 1, '…' }}", "Erika…"),
        ("{{ '2026-11-20' | date: '%d.%m.%Y' }}", "20.11.2026"),
        ("{{ person.name | replace: 'Erika', 'Frau' }}", "Frau Muster"),
        ("{{ person.name | size }}", "12"),
        ("{{ person.name | join: ', ' }}", "Erika Muster"),
        ("{{ '2.6' | round }}", "3"),
        ("{% if products == 'x' %}a{% else %}b{% endif %}", "b"),
    ],
)
def test_a_template_may_shape_words_dates_and_lists(body: str, text: str) -> None:
    assert _filled(body, person={"name": "Erika Muster"}) == text


def test_the_sample_values_fill_every_placeholder() -> None:
    body = " ".join(f"{{{{ {name} }}}}" for name in PLACEHOLDERS)
    assert not render(MailTemplate(subject="S", body=body), SAMPLE_VALUES).missing


# --- What is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{{ '1e999' | times: 3 | ceil }}",
        "{{ 'gICA' | base64_decode }}",
        "{{ 'a' | append: 'b' }}",
        "{{ 'a b' | split: ' ' }}",
        "{{ 5 | divided_by: 0 }}",
        "{% assign x = 1 | plus: 1 %}",
    ],
)
def test_a_filter_that_is_not_needed_does_not_exist(text: str) -> None:
    with pytest.raises(TemplateProblem, match=r"Unknown filters: \w+(, \w+)?\. Known ones: capitalize, "):
        placeholders_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ (1..3000000) | join: '' | size }}",
        "{% for i in (1..9) %}x{% endfor %}",
        "{% tablerow i in (1..9) %}x{% endtablerow %}",
        "{% assign x = (1..9) %}",
        "{{ 'a' | replace: 'a', (1..9) }}",
        "{% if products contains (1..9) %}x{% endif %}",
        "{% case (1..9) %}{% when 1 %}x{% endcase %}",
        "{% case 1 %}{% when (1..9) %}x{% endcase %}",
        "{% if true %}{% unless false %}{{ (1..9) }}{% endunless %}{% endif %}",
        "{% capture x %}{{ (1..9) }}{% endcapture %}",
        "{% liquid echo (1..9) %}",
        "{% cycle (1..9), 2 %}",
        "{% if false %}{% else %}{{ (1..9) }}{% endif %}",
        "{{ person[(1..9)] }}",
    ],
)
def test_a_range_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(TemplateProblem):
        placeholders_in(text)


def test_a_range_is_named_as_the_reason() -> None:
    with pytest.raises(TemplateProblem, match=r"ranges like \(1\.\.5\)"):
        placeholders_in("{{ (1..3000000) | join: '' | size }}")


def test_a_replacement_cannot_grow_without_end() -> None:
    placeholders_in(GROWING)  # nothing is wrong with how it is written
    with pytest.raises(TemplateProblem, match="cannot be filled"):
        _filled(GROWING, person={"name": "Anna Muster"})


def test_a_filter_takes_and_gives_no_more_than_its_share() -> None:
    most = rendering.MOST_FILTERED
    assert _filled("{{ products | upcase }}", products="p" * most) == "P" * most
    for body in ("{{ products | truncate: 5 }}", "{{ products | size }}"):
        with pytest.raises(TemplateProblem, match="longer than 5000"):
            _filled(body, products="p" * (most + 1))


def test_the_arguments_of_a_filter_are_short() -> None:
    with pytest.raises(TemplateProblem, match="cannot be filled"):
        _filled("{{ person.name | replace: 'a', products }}", products="p" * 101)


@pytest.mark.parametrize(
    "text",
    ["{{ '99999999999999999999999' | date: '%Y' }}", "{{ '²' | date: '%Y' }}", "{{ '1e999' | round }}"],
    ids=["overflow", "no number", "infinity"],
)
def test_whatever_goes_wrong_inside_is_a_problem_of_the_template(text: str) -> None:
    with pytest.raises(TemplateProblem, match="The template cannot be filled"):
        _filled(text)


def test_a_mistake_of_the_library_is_a_problem_of_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_args: object) -> str:
        raise UnicodeDecodeError("utf-8", b"\x80", 0, 1, "invalid start byte")

    monkeypatch.setitem(rendering._ENVIRONMENT.filters, "upcase", stumble)
    with pytest.raises(TemplateProblem, match=r"The template cannot be filled: .*invalid start byte"):
        _filled("{{ person.name | upcase }}")


def test_no_memory_is_not_the_templates_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def starve(*_args: object) -> str:
        raise MemoryError

    monkeypatch.setitem(rendering._ENVIRONMENT.filters, "upcase", starve)
    with pytest.raises(MemoryError):
        _filled("{{ person.name | upcase }}")


def test_a_template_of_more_than_twenty_thousand_characters_is_refused() -> None:
    placeholders_in("x" * MOST_TEXT)
    with pytest.raises(TemplateProblem, match="longer than 20,000 characters"):
        placeholders_in("x" * (MOST_TEXT + 1))


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 9_000,
        "}}" * 4_500 + "{{" * 4_500,
        "{{" + " " * 19_000 + "}}",
        "{{ " + "(" * 19_000 + " }}",
        "{{ 'a'" + " | upcase" * 100 + " }}",
        "{%" * 9_000,
        "{% assign x = " + " " * 1_000 + "1 %}",
    ],
    ids=["open", "open at the end", "spaces", "parentheses", "filters", "open tags", "long tag"],
)
def test_what_takes_long_to_read_is_not_handed_to_the_library(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    read: list[str] = []
    monkeypatch.setattr(rendering._ENVIRONMENT, "from_string", read.append)
    with pytest.raises(TemplateProblem, match="is not closed, or longer than 500 characters"):
        placeholders_in(text)
    assert read == []


# --- Drafts -----------------------------------------------------------------------------------------------


def test_a_generated_text_that_is_too_long_blocks_its_draft(desk: Desk) -> None:
    desk.set(desk.template, body="{{ sale.heading }}")
    desk.template.refresh_from_db()
    draft = desk.draft(desk.set(desk.sale(), heading="h" * (MOST_TEXT + 1)))
    assert draft.body == ""
    assert "longer than 20,000 characters" in draft.blocked_reason
    assert len(desk.draft(desk.set(desk.sale(), heading="h" * (MOST_TEXT - 1))).body) == MOST_TEXT


def test_a_renewed_draft_keeps_its_text_when_the_template_cannot_be_filled(desk: Desk) -> None:
    draft = desk.draft()
    desk.set(desk.template, body=GROWING)
    sale = desk.set(draft.sale, person_name="Anna Muster", heading="New heading")
    services.renew_draft(draft=desk.fresh_draft(draft), sale=sale)
    renewed = desk.fresh(draft)
    assert (renewed.body, renewed.status) == (draft.body, Draft.Status.PENDING)
    assert renewed.revision == draft.revision + 1
    assert renewed.blocked_reason.startswith("The template cannot be filled")


def test_a_changed_fact_with_a_broken_template_brings_the_mail_back_with_its_old_text(
    desk: Desk, tenant_change: Any, mail_server: Any
) -> None:
    message = desk.message()
    text = message.draft.body
    desk.set(desk.template, body=GROWING + "{{ '1e999' | round }}")
    tenant_change.sale(message.draft.sale.sale_id, heading="Something else")
    assert desk.dispatch() == 1
    draft = desk.fresh(message.draft)
    assert (draft.status, draft.body) == (Draft.Status.PENDING, text)
    assert draft.blocked_reason
    assert desk.fresh(message).status == "cancelled"
    assert mail_server.messages() == []


# --- In the administration --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "{{ person.name | replace: 'a', 'b' | base64_decode }}",
        "{{ 'aaaa'" + f" | replace: 'a', '{SIXTY}'" * 6 + " }}",
        "{{ '1e999' | round }}",
        "{{ (1..3000000) | join: '' | size }}",
        "x" * (MOST_TEXT + 1),
        "{{ products }}" + "x" * (MOST_TEXT - 20),
    ],
    ids=["filter", "growth", "infinity", "range", "long source", "long text"],
)
def test_a_template_is_tried_with_sample_values_when_it_is_saved(
    desk: Desk, client: Browser, body: str
) -> None:
    client.force_login(desk.people.administrator)
    url = f"/admin/outreach/mailtemplate/{desk.template.pk}/change/"
    data = {
        "name": "Rückfrage",
        "language": "de",
        "legal_basis": "contract",
        "subject": "S",
        "is_active": "on",
    }
    assert client.post(url, {**data, "body": body}).status_code == 200
    assert desk.fresh(desk.template).body == desk.template.body
    assert client.post(url, {**data, "body": "{{ products }}"}).status_code == 302


def test_the_text_of_a_draft_ends_at_twenty_thousand_characters(desk: Desk, client: Browser) -> None:
    draft = desk.draft()
    client.force_login(desk.people.jonas)
    url = f"/drafts/{draft.pk}/edit/"
    answer = client.post(url, {"revision": 1, "subject": "S", "body": "x" * (MOST_TEXT + 1)})
    assert answer.status_code == 200
    assert "at most 20000 characters" in answer.content.decode()
    assert desk.fresh(draft).body == draft.body
    answer = client.post(url, {"revision": 1, "subject": "S", "body": "x" * MOST_TEXT})
    assert answer.status_code == 302
    assert desk.fresh(draft).edited_at <= timezone.now()  # type: ignore[operator]
