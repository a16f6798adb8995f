"""The preview of an edit is the difference of two whole runs, computed where it can differ only."""

import os
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.models import Connection
from reports import matching
from reports.keyword_lists.keywords import (
    copy_of,
    current_list,
    keywords_of,
    numbered,
    save_version,
    to_matching,
    with_keyword,
    without_keyword,
)
from reports.models import Keyword, KeywordList, Report, Run
from reports.preview.corpus import Corpus, corpus_of
from reports.preview.effects import Effect, Preview, effect_of, preview
from reports.preview.preview_words import amounts_words, sentence_of
from reports.preview.text_index import TextIndex
from reports.runs import services
from reports.runs.funnel import place
from tests.reports.keyword_sales import add_catalogue, bare_connection, fill_copy, whole_copy

pytestmark = pytest.mark.once


@pytest.fixture
def tenant(db: None) -> Connection:
    return bare_connection()


@pytest.fixture
def corpus(tenant: Connection) -> Corpus:
    whole_copy(tenant)
    add_catalogue(tenant)
    return corpus_of(tenant)


def whole_difference(corpus: Corpus, before: KeywordList, after: list[Keyword]) -> dict[int, Effect]:
    """Every sale placed with both lists, nothing left out and nothing remembered."""
    old = matching.Matcher([to_matching(keyword) for keyword in keywords_of(before)])
    new = matching.Matcher([to_matching(keyword) for keyword in numbered(after)])
    found: dict[int, Effect] = {}
    for number, sale in enumerate(corpus.sales):
        subject = corpus.subject(number)
        effect = effect_of(
            place(subject, old, families=corpus.catalogue.read_by(old)),
            place(subject, new, families=corpus.catalogue.read_by(new)),
        )
        if effect:
            found[sale.sale_id] = effect
    return found


def counts(effects: dict[int, Effect]) -> dict[Effect, int]:
    return {effect: list(effects.values()).count(effect) for effect in Effect}


def of(seen: Preview) -> dict[Effect, int]:
    return {effect: seen.count(effect) for effect in Effect}


# --- Random edits ---------------------------------------------------------------------------------------

TEXTS = (
    "CD-01", "CD-02", "CD-03", "CD", "OMNIE", "Omnie", "Wartung", "Wartungsvertrag", "ung", "Akku", "Bürste", "Buerste",
    "Kira B 50", "B 50", "Scrubber", "Angebot", "Anfrage", "2026", "docking station", "station", "Vertrag", "Test",
    "RR-02-017", "017-OMNIE", "Zubehör", "klein", "Reinigungsroboter", "roboter", "🤖🤖", "דחוף", "x", "e", "Miete",
)  # fmt: skip
EXPRESSIONS = (
    r"\bcd[- ]?0\d\b",
    r"wart\w+",
    r"^omnie",
    r"vertrag$",
    r"[^a-z]50",
    r"\AAkku",
    r"(?i:kira)",
    r"o.*e",
    r"\s\d+x",
)

WORDS_AND_CODES = {
    "text": st.sampled_from(TEXTS) | st.text(min_size=2, max_size=12).filter(str.strip),
    "type": st.sampled_from(["word", "code"]),
    "kind": st.sampled_from(["product", "service", "tag"]),
    "polarity": st.sampled_from(["positive", "positive", "positive", "mask", "veto"]),
    "product": st.sampled_from(["OMNIE CD-01", "OMNIE CD-02", "Wartung", "Neu", "Nachlass"]),
    "family": st.sampled_from(["", "OMNIE", "KIRA"]),
    "generic": st.booleans(),
    "inflect": st.sampled_from(["none", "s", "yes"]),
    "compound": st.sampled_from(["none", "start", "end", "any"]),
}
REGEXES = WORDS_AND_CODES | {"text": st.sampled_from(EXPRESSIONS), "type": st.just("regex")}
keyword_values = st.fixed_dictionaries(WORDS_AND_CODES) | st.fixed_dictionaries(REGEXES)
verbs = st.sampled_from(["add", "change", "remove"])
edits = st.lists(st.tuples(verbs, st.integers(0, 10**6), keyword_values), min_size=1, max_size=3)
EXAMPLES = int(os.environ.get("PREVIEW_EXAMPLES", "40"))


def edited(before: KeywordList, steps: list[tuple[str, int, dict[str, Any]]]) -> list[Keyword]:
    keywords = [copy_of(keyword) for keyword in keywords_of(before)]
    for verb, which, values in steps:
        victim = keywords[which % len(keywords)]
        if verb == "remove":
            keywords = without_keyword(keywords, victim.number)
            continue
        changed = Keyword(**values) if verb == "add" else copy_of(victim, **values)
        problems = matching.validate(to_matching(copy_of(changed, number=changed.number or 999)))
        if not problems:
            keywords = with_keyword(keywords, changed)
    return keywords


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=edits)
def test_the_preview_of_any_edit_is_the_difference_of_two_whole_runs(
    corpus: Corpus, steps: list[tuple[str, int, dict[str, Any]]]
) -> None:
    before = current_list()
    after = edited(before, steps)
    whole = whole_difference(corpus, before, after)
    seen = preview(corpus, before, after)
    assert of(seen) == counts(whole)
    shown = {
        change.sale.sale_id: change.effect for group in seen.groups.values() for change in group.examples
    }
    assert shown.items() <= whole.items()


@given(
    texts=st.lists(st.text(max_size=30) | st.sampled_from(TEXTS), max_size=12),
    values=keyword_values,
    parts=st.lists(st.sampled_from(["2x ", "CD-01/02", " ohne ", "™", "ä", "ae", "\n", " "]), max_size=3),
)
def test_no_text_that_a_keyword_is_found_in_is_left_out(
    texts: list[str], values: dict[str, Any], parts: list[str]
) -> None:
    keyword = to_matching(
        Keyword(number=1, **values | {"polarity": "positive", "product": "P", "family": "F"})
    )
    if matching.validate(keyword):
        return
    texts = list(dict.fromkeys([*texts, *(values["text"] + part for part in parts), *parts]))
    matcher = matching.Matcher([keyword])
    seen = {number for number, text in enumerate(texts) if matcher.match(text).matches}
    assert seen <= set(TextIndex(texts).texts_concerned([keyword]))


def test_an_edit_that_changes_how_the_catalogue_is_read_is_shown_where_families_change(
    corpus: Corpus,
) -> None:
    """No text of a sale concerns the edit: only a product of the catalogue does."""
    first = current_list()
    bare = save_version(
        [copy_of(one, family="") if one.product == "Akku" else copy_of(one) for one in keywords_of(first)],
        parent=first,
        author=None,
        reason="No family",
    )
    after = with_keyword(keywords_of(bare), Keyword(text="AK", product="Anderes", family="", type="code"))
    whole = whole_difference(corpus, bare, after)
    assert Effect.OTHER in whole.values()
    assert of(preview(corpus, bare, after)) == counts(whole)


# --- Beside real runs -----------------------------------------------------------------------------------


def test_the_preview_is_what_two_stored_runs_differ_in(connection: Connection) -> None:
    """The demo tenant read over HTTP, evaluated with both lists, and compared row by row."""
    report = Report.objects.create(name="All", scope=Report.Scope.ALL, companies=Report.Companies.WITH)
    first = finished(report)
    before = current_list()
    akku = before.keywords.get(text="Akku")
    after = with_keyword(
        without_keyword(keywords_of(before), akku.number), Keyword(text="Angebot", product="Bau")
    )
    seen = preview(corpus_of(connection), before, after)
    save_version(after, parent=before, author=None, reason="Edited")
    second = finished(report)
    old, new = ({row.sale_number: row for row in run.rows.all()} for run in (first, second))
    assert old.keys() == new.keys()
    gained = {key for key in old if old[key].stage != "matched" and new[key].stage == "matched"}
    lost = {key for key in old if old[key].stage == "matched" and new[key].stage != "matched"}
    both = [key for key in old if old[key].stage == new[key].stage == "matched"]
    assert seen.count(Effect.GAINED) == len(gained) > 0
    assert seen.count(Effect.LOST) == len(lost) > 0
    assert seen.count(Effect.REASSIGNED) == sum(old[key].products != new[key].products for key in both) > 0
    amounts = seen.groups[Effect.GAINED].amounts
    assert sum(amounts.values()) == sum(new[key].amount for key in gained)
    assert set(amounts) == {new[key].currency for key in gained}


def finished(report: Report) -> Run:
    run = services.start_run(report=report)
    assert run is not None
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert run.has_result, run.problem_detail
    return run


# --- One list for one copy --------------------------------------------------------------------------------


def test_at_most_twenty_examples_are_shown_the_newest_first(tenant: Connection) -> None:
    fill_copy(tenant, ["Quirlbesen"] * 60)
    before = current_list()
    after = with_keyword(keywords_of(before), Keyword(text="Quirlbesen", product="Besen"))
    group = preview(corpus_of(tenant), before, after).groups[Effect.GAINED]
    numbers = [change.sale.sale_id for change in group.examples]
    assert (len(numbers), numbers) == (20, sorted(numbers, reverse=True))
    assert group.count == 60 - len([n for n in range(1, 61) if not n % 7 or not n % 11])


def test_a_note_changes_nothing_and_nothing_is_searched_for_it(corpus: Corpus) -> None:
    before = current_list()
    after = [copy_of(keyword, note="looked at") for keyword in keywords_of(before)]
    assert preview(corpus, before, after).changed_count == 0


@pytest.mark.parametrize("keyword_count", [2100])
def test_so_many_new_keywords_that_every_sale_is_looked_at_give_the_same_answer(
    corpus: Corpus, keyword_count: int
) -> None:
    before = current_list()
    many = [Keyword(text=f"wort{number}", product="P") for number in range(keyword_count)]
    after = [*keywords_of(before), Keyword(text="Neubau", product="Bau"), *many]
    assert of(preview(corpus, before, after)) == counts(whole_difference(corpus, before, after))


def test_the_page_says_what_happens_in_both_languages(corpus: Corpus) -> None:
    before = current_list()
    akku = before.keywords.get(text="Akku").number
    seen = preview(corpus, before, without_keyword(keywords_of(before), akku))
    with override("en"):
        assert sentence_of(seen).startswith(f"{seen.count(Effect.LOST)} sales no longer found")
        assert "€" in amounts_words(seen.groups[Effect.LOST].amounts)
        assert " · " in amounts_words(seen.groups[Effect.LOST].amounts)
