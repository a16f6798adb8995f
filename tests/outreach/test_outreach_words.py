"""What the pages say about drafts and messages: each action a sentence, each step in its order."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone, translation

from outreach.models import Delivery, Event, Message
from outreach.templatetags import outreach_words as words
from tests.conftest import Settings

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def event(action: str, *, seconds: int = 0, actor: User | None = None, **detail: object) -> Event:
    return Event(action=action, at=NOON + timedelta(seconds=seconds), actor=actor, detail=detail)


def message(status: str, **values: object) -> Message:
    return Message(status=status, approved_at=NOON, due_at=NOON + timedelta(seconds=20), **values)


def recorded_actions() -> set[str]:
    """Every action that the code writes into the audit trail."""
    code = "\n".join(path.read_text() for path in Path(words.__file__).parents[1].glob("*.py"))
    return set(
        re.findall(r'record\(\s*"([a-z_]+)"|action="([a-z_]+)"|_sweep_one\(\s*\w+, \w+, "([a-z_]+)"', code)
    )


def test_every_recorded_action_has_a_sentence_of_its_own() -> None:
    actions = {name for found in recorded_actions() for name in found if name}
    assert {"created", "marked_sent", "archived"} <= actions
    for action in actions:
        assert words.event_words(event(action)) != action


def test_an_unknown_action_is_shown_as_it_is() -> None:
    assert words.event_words(event("moved_house")) == "moved_house"


def test_changed_facts_are_told_with_both_values_in_the_readers_notation() -> None:
    changes = [
        {"field": "amount", "was": "12400.00", "is": "9800.00"},
        {"field": "sold_on", "was": "2026-10-01", "is": ""},
    ]
    with translation.override("de"):
        told = words.event_words(event("taken_back", reason="facts_changed", changes=changes))
    assert "12.400,00 → 9.800,00" in told
    assert "01.10.2026 → –" in told


@pytest.mark.parametrize("value", ["", "much", "2026-13-45"])
@pytest.mark.parametrize("field", ["amount", "sold_on", "heading"])
def test_a_fact_that_is_no_number_or_day_is_shown_as_stored(field: str, value: str) -> None:
    assert words.value_words(field, value) == (value or "–")


def test_only_what_came_back_by_itself_is_announced() -> None:
    by_itself, by_hand = event("taken_back", reason="sale_gone"), event("taken_back")
    assert words.came_back([event("created"), by_itself]) is by_itself
    assert words.came_back([event("created"), by_hand]) is None
    assert words.came_back([by_itself, event("edited")]) is None
    assert words.came_back([]) is None


def test_a_sent_mails_steps_stand_in_the_order_of_their_times() -> None:
    sent = message("sent", committing_at=NOON + timedelta(seconds=22), archived_at=NOON, document_id=7)
    delivery = Delivery(
        pk=3, number=1, server="mail:587", outcome="accepted", started_at=NOON + timedelta(seconds=21)
    )
    events = [event("approved"), event("sent", seconds=23), event("archived", seconds=24, document_id=7)]
    steps = words.message_steps(sent, events, [delivery])
    assert [step.icon for step in steps] == [
        "check-lg",
        "clock",
        "envelope-paper",
        "arrow-up-right",
        "send-check",
        "archive",
    ]
    assert steps[-1].is_filing
    assert "7" in steps[-1].what
    assert not any(step.is_ahead for step in steps)


def test_what_is_still_to_come_stands_last() -> None:
    waiting = words.message_steps(message("queued"), [event("approved", seconds=60)], [])
    assert [step.is_ahead for step in waiting] == [False, True]
    unfiled = words.message_steps(message("sent", archive_due_at=NOON), [event("sent", seconds=60)], [])
    assert unfiled[-1].is_ahead


def test_a_cancelled_mail_promises_nothing() -> None:
    steps = words.message_steps(message("cancelled"), [event("approved")], [])
    assert [step.icon for step in steps] == ["check-lg"]


def test_the_servers_words_are_kept_apart_from_our_own() -> None:
    refused = Delivery(
        number=1, server="mail:587", stage="rcpt", code=550, words="No such user", outcome="rejected"
    )
    withdrawn = Delivery(number=2, server="mail:587", stage="facts", words="sale_gone", outcome="withdrawn")
    first, second = (
        step for step in words.message_steps(message("cancelled"), [], [refused, withdrawn]) if step.badge
    )
    assert first.detail == "550 No such user"
    assert second.detail == ""
    assert "sale_gone" not in second.what


def test_somebody_without_a_name_is_called_by_the_user_name() -> None:
    step = words.timeline([event("edited", actor=User(username="jonas"))])[0]
    assert step.who == "jonas"


def test_a_decision_is_possible_when_the_wait_is_over(settings: Settings) -> None:
    assert words.decidable_at(message("uncertain", committing_at=NOON)) == NOON + timedelta(
        seconds=settings.UNCERTAIN_WAIT
    )
    assert words.decidable_at(message("queued")) is None


@pytest.mark.parametrize(
    ("seconds", "told"), [(20, "20 seconds"), (1, "1 second"), (60, "1 minute"), (90, "90 seconds")]
)
def test_the_undo_window_is_told_in_the_unit_that_fits(settings: Settings, seconds: int, told: str) -> None:
    settings.APPROVAL_HOLD = seconds
    assert words.hold_words() == told


def test_the_age_is_told_in_one_unit() -> None:
    now = timezone.now()
    assert words.age(now) == "just made"
    assert words.age(now - timedelta(days=2, hours=5)).replace("\N{NO-BREAK SPACE}", " ") == "2 days old"


def test_a_word_difference_can_be_put_together_again() -> None:
    old, new = "Guten Tag Frau Kranz,\n\nwie geht es?", "Hallo Frau Kranz,\n\nwie geht es Ihnen?"
    difference = words.word_difference(old, new)
    assert "".join(text for sign, text in difference if sign != "+") == old
    assert "".join(text for sign, text in difference if sign != "-") == new
    assert {sign for sign, _text in difference} == {" ", "-", "+"}
