"""Keywords that cost much: refused, or worked out one after the other, and never in front of everybody else."""

import gc
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.test import Client

from connector.models import Connection
from reports import matching
from reports.keyword_lists import keyword_files
from reports.keyword_lists.keyword_files import read_keywords
from reports.keyword_lists.keyword_rules import problems_of
from reports.keyword_lists.keywords import current_list, keywords_of, with_keyword
from reports.matching.normalise import View
from reports.models import Keyword
from reports.preview import corpus, effects
from reports.preview.effects import Busy, preview
from tests.conftest import People
from tests.reports.keyword_sales import bare_connection, fill_copy, touch_copy

pytestmark = pytest.mark.once
FOUR_WORDS = "\ufdfa"  # one character that is written out as eighteen
MANY = "product,keyword,type\n" + "".join(f"P {number},wort{number}abc,word\n" for number in range(101))


def keyword(text: str, type: str = "word") -> matching.Keyword:
    return matching.Keyword(
        id=1, text=text, type=type, kind="product", polarity="positive", product="P", family="",
        generic=False, inflect="none", compound="none",
    )  # fmt: skip


@pytest.mark.parametrize("type", ["word", "code"])
def test_a_text_that_unfolds_is_measured_as_it_is_looked_for(type: str) -> None:
    began = time.perf_counter()
    (problem,) = matching.validate(keyword(FOUR_WORDS * 200, type))
    assert problem.startswith("text_unfolds: ")
    assert matching.validate(keyword(FOUR_WORDS * 16, type)) == ()
    assert time.perf_counter() - began < 0.5
    stored = Keyword(text=FOUR_WORDS * 17, product="P", type=type, kind="product", polarity="positive")
    assert problems_of(stored) == [
        (
            "text",
            "The keyword is too long: with its special characters written out, 300 characters are the limit.",
        )
    ]


@pytest.mark.parametrize("type", ["word", "code"])
def test_the_time_to_compile_grows_with_the_text_and_not_with_its_square(
    type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: Any = View.ends
    asked: list[View] = []

    def counted(view: View) -> Any:
        asked.append(view)
        return ends.fget(view)

    monkeypatch.setattr(View, "ends", property(counted))
    matching.Matcher([keyword("a b c d e f g h-i", type)])
    assert len(asked) == 1


# --- Imports ----------------------------------------------------------------------------------------------


def test_a_file_has_a_budget_for_its_expressions() -> None:
    head = "product,keyword,type\n"
    simple = head + "".join(f"P {number},xx{number}\\d+,regex\n" for number in range(1001))
    (problem,) = read_keywords(simple).problems
    assert "too many or too complex together" in problem.sentence
    heavy = head + "".join(f'P {number},"a{number}\\w{{0,90}}b\\w{{0,90}}c",regex\n' for number in range(100))
    assert read_keywords(heavy).problems
    assert not read_keywords(simple.rpartition("P 1000")[0]).problems
    words = head + "".join(f"P {number},wort{number}abc,word\n" for number in range(2000))
    assert not read_keywords(words).problems
    assert keyword_files.MOST_WEIGHT == 1000 * keyword_files.LEAST_WEIGHT


# --- Previews ---------------------------------------------------------------------------------------------


@pytest.fixture
def busy() -> Iterator[None]:
    """Somebody else previews a large change."""
    with effects._one_at_a_time(effects.MOST_AT_ONCE + 1):
        yield


def test_a_second_large_preview_is_told_to_come_again(
    client: Client, people: People, connection: Connection, busy: None
) -> None:
    fill_copy(connection, ["wort1abc"])
    parent = current_list()
    client.force_login(people.jonas)
    sent = {"text": MANY, "mode": "add", "version": str(parent.version), "reason": "many"}
    for page in ("check", "save"):
        answer = client.post(f"/keywords/import/{page}/", sent)
        assert answer.status_code == 200
        assert "Another large change of the list is being worked out just now." in answer.content.decode()
    assert current_list() == parent
    one = Keyword(text="neuwort", product="P", type="word", kind="product", polarity="positive")
    small = preview(corpus.corpus_of(connection), parent, with_keyword(keywords_of(parent), one))
    assert small.sale_count == 1


def test_when_the_first_one_is_done_or_broken_the_next_has_its_turn() -> None:
    for _turn in range(2):
        with suppress(ZeroDivisionError), effects._one_at_a_time(1000):
            with effects._one_at_a_time(100):
                pass
            with pytest.raises(Busy), effects._one_at_a_time(101):
                pass
            raise ZeroDivisionError


def test_a_replaced_corpus_does_not_stay_frozen(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "_LARGE", 1)
    tenant = bare_connection()
    fill_copy(tenant, ["CD-01"] * 10)
    gc.unfreeze()
    try:
        corpus.corpus_of(tenant)
        assert gc.get_freeze_count() > 0
        monkeypatch.setattr(corpus, "_LARGE", 1000)
        touch_copy(tenant)
        corpus.corpus_of(tenant)
        assert gc.get_freeze_count() == 0
    finally:
        gc.unfreeze()
