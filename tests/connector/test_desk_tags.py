"""The small parts of every page; and no page needs an inline style."""

import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import translation

from connector.models import Mailbox
from connector.problems import PROBLEMS, Trouble
from connector.templatetags.desk import STATES, breakable, clock, moment, reachability, role_names, share
from tests.conftest import People

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
SPRITE = Path(settings.BASE_DIR) / "static" / "vendor" / "bootstrap-icons" / "icons.svg"
TONES = {"neutral", "ok", "warn", "danger", "info", "uncertain"}


def rendered(text: str, **context: Any) -> str:
    return Template("{% load desk %}" + text).render(Context(context))


# --- States -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STATES)
def test_a_state_is_icon_and_word_and_colour(name: str) -> None:
    badge = rendered("{% state name %}", name=name)
    assert f"tone-{STATES[name].tone}" in badge
    assert f"#{STATES[name].icon}" in badge
    assert str(STATES[name].label) in badge
    assert STATES[name].tone in TONES


def test_only_what_is_uncertain_has_the_colour_of_uncertain() -> None:
    assert {name for name, state in STATES.items() if state.tone == "uncertain"} == {"uncertain", "unknown"}


def test_the_same_stored_word_is_told_apart_by_its_kind() -> None:
    assert "Queued" in rendered("{% state 'queued' 'run' %}")
    assert "Scheduled" in rendered("{% state 'queued' 'message' %}")
    assert "tone-danger" in rendered("{% state 'rejected' 'delivery' %}")
    assert "tone-neutral" in rendered("{% state 'rejected' %}")


def test_a_state_nobody_knows_is_shown_as_it_is_and_escaped() -> None:
    assert "tone-neutral" in rendered("{% state 'elsewhere' %}")
    assert "<b>" not in rendered("{% state name %}", name="<b>")


@pytest.mark.parametrize(
    ("code", "worked_at", "expected"),
    [
        ("", None, "unchecked"),
        ("", datetime.now(UTC), "works"),
        ("unreachable", datetime.now(UTC), "problem"),
    ],
)
def test_what_is_outside_works_or_has_a_problem_or_was_never_asked(
    code: str, worked_at: datetime | None, expected: str
) -> None:
    assert reachability(Mailbox(problem_code=code, worked_at=worked_at)) == expected


# --- Error sentences ----------------------------------------------------------------------------------


def trouble_of(row: Any, *, is_administrator: bool, arguments: str = "") -> str:
    return rendered("{% trouble row " + arguments + " %}", row=row, is_administrator=is_administrator)


def test_salespeople_read_their_sentence_and_nothing_of_the_other_sides_words() -> None:
    row = Mailbox(pk=3, problem_code="smtp_login_refused", problem_detail="535 no <such> user")
    page = trouble_of(row, is_administrator=False)
    assert str(PROBLEMS["smtp_login_refused"].for_salespeople) in page
    assert str(PROBLEMS["smtp_login_refused"].for_administrators) not in page
    assert "535" not in page
    assert "<details" not in page


def test_administrators_unfold_their_sentence_the_words_and_a_reference() -> None:
    row = Mailbox(pk=3, problem_code="smtp_login_refused", problem_detail="535 no <such> user")
    page = trouble_of(row, is_administrator=True)
    assert str(PROBLEMS["smtp_login_refused"].for_salespeople) in page
    assert "535 no &lt;such&gt; user" in page
    assert "mailbox 3 · smtp_login_refused" in page


def test_a_row_without_a_problem_shows_nothing() -> None:
    assert trouble_of(Mailbox(), is_administrator=True).strip() == ""


def test_a_trouble_that_no_row_keeps_is_shown_the_same_way() -> None:
    page = trouble_of(Trouble("unreachable", "timed out"), is_administrator=True)
    assert str(PROBLEMS["unreachable"].for_salespeople) in page
    assert "timed out" in page


def test_the_fields_of_a_second_problem_are_named_by_their_prefix() -> None:
    row = SimpleNamespace(
        problem_code="", archive_problem_code="unreachable", archive_problem_detail="timed out"
    )
    assert trouble_of(row, is_administrator=True).strip() == ""
    assert "timed out" in trouble_of(row, is_administrator=True, arguments='prefix="archive_"')


# --- Words and numbers --------------------------------------------------------------------------------


def test_a_moment_is_written_as_its_reader_writes_it() -> None:
    at = datetime(2026, 11, 20, 13, 2, 10, tzinfo=UTC)
    with translation.override("de"):
        assert ">20.11.2026 14:02</time>" in moment(at)
    with translation.override("en"):
        assert ">20 Nov 2026 14:02</time>" in moment(at)
    assert 'datetime="2026-11-20T14:02:10+01:00"' in moment(at)
    assert ">14:02:10</time>" in clock(at)
    assert moment(None) == clock(None) == "–"


@pytest.mark.parametrize(
    ("count", "total", "expected"),
    [(0, 10, "0%"), (1, 1000, "<1%"), (1, 3, "33%"), (7, 7, "100%"), (0, 0, "0%")],
)
def test_a_share_is_whole_per_cent_and_what_exists_is_never_zero(
    count: int, total: int, expected: str
) -> None:
    with translation.override("en"):
        assert share(count, total) == expected


@pytest.mark.parametrize(
    ("count", "total", "width"),
    [(0, 9, "0.00"), (325, 1000, "32.50"), (1, 9999, "0.60"), (5, 0, "0.60"), (9, 3, "100.00")],
)
def test_a_bar_has_its_share_as_width_in_every_language(count: int, total: int, width: str) -> None:
    with translation.override("de"):
        assert f'<rect width="{width}"' in rendered("{% bar count total %}", count=count, total=total)


def test_an_address_breaks_after_its_marks_and_stays_escaped() -> None:
    assert breakable("a.b@c.example") == "a.<wbr>b@<wbr>c.<wbr>example"
    assert "<script" not in breakable("<script>@c.example")


def test_roles_are_named_in_words(people: People) -> None:
    assert role_names(people.approver) == "Approver"
    assert role_names(people.outsider) == ""


# --- Templates ----------------------------------------------------------------------------------------


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol viewBox="[^"]+" id="([^"]+)"', SPRITE.read_text()))
    named = {state.icon for state in STATES.values()}
    for template in TEMPLATES:
        named |= set(re.findall(r"""\{% icon (?:\w+\|default:)?["']([^"']+)["']""", template.read_text()))
    assert len(drawn) > 50
    assert named <= drawn


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_needs_an_inline_script_or_style(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"""\s(style|on[a-z]+|hx-on[\w:-]*)\s*=\s*["']""", text)
    assert "<style" not in text
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
