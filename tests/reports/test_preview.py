"""The preview of an edit is the difference of two whole runs, computed where it can differ only."""

import os
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import count, islice
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
from reports.models import Keyword, KeywordList, QuoteLine, Report, Run, Sale
from reports.preview import remembering
from reports.preview.corpus import Corpus, corpus_of
from reports.preview.effects import Effect, Preview, effect_of, preview
from reports.preview.preview_words import amounts_words, sentence_of
from reports.preview.sightings import Sighting, rivals_of
from reports.preview.text_index import TextIndex
from reports.runs import services
from reports.runs.funnel import place
from tests.reports.keyword_sales import add_catalogue, bare_connection, fill_copy, touch_copy, whole_copy

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


def amounts(corpus: Corpus, effects: dict[int, Effect]) -> dict[Effect, dict[str, Decimal]]:
    """What the sales with each effect come to in each currency."""
    sums: dict[Effect, dict[str, Decimal]] = {effect: {} for effect in Effect}
    for sale in corpus.sales:
        if effect := effects.get(sale.sale_id):
            sums[effect][sale.currency] = sums[effect].get(sale.currency, Decimal(0)) + sale.amount
    return sums


def newest(effects: dict[int, Effect]) -> dict[Effect, list[int]]:
    """The numbers of the twenty newest sales with each effect."""
    return {
        effect: sorted((sale for sale, one in effects.items() if one == effect), reverse=True)[:20]
        for effect in Effect
    }


def whole_sightings(corpus: Corpus, after: list[Keyword], numbers: Iterable[int]) -> dict[int, Sighting]:
    """What became of these keywords in every text of the corpus, asked one by one."""
    matcher = matching.Matcher([to_matching(keyword) for keyword in numbered(after)])
    seen = {number: Sighting() for number in numbers}
    for result in map(matcher.match, corpus.index.texts):
        for found in (*result.matches, *result.tags):
            if found.keyword_id in seen:
                seen[found.keyword_id].counted += 1
                for rival in rivals_of(found, result) if "conflict" in result.flags else ():
                    seen[found.keyword_id].conflicts[rival] += 1
        for reason in result.rejected:
            if (
                reason.keyword_id in seen and reason.rule != "leading_zero"
            ):  # those are no hits and not looked for
                seen[reason.keyword_id].refused[reason.rule] += 1
    return seen


def check(corpus: Corpus, before: KeywordList, after: list[Keyword]) -> Preview:
    """The preview, after every figure of it was compared with those of two whole evaluations."""
    whole = whole_difference(corpus, before, after)
    seen = preview(corpus, before, after)
    assert of(seen) == counts(whole)
    assert {effect: group.amounts for effect, group in seen.groups.items()} == amounts(corpus, whole)
    examples = {
        effect: [change.sale.sale_id for change in group.examples] for effect, group in seen.groups.items()
    }
    assert examples == newest(whole)
    for sighting in seen.sightings.values():
        sighting.refused.pop("leading_zero", None)
    assert seen.sightings == whole_sightings(corpus, after, seen.sightings)
    return seen


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
    check(corpus, before, after)


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


# --- A word that stands nearly everywhere ---------------------------------------------------------------


@pytest.fixture
def wide_corpus(tenant: Connection) -> Corpus:
    """600 sales, most with "Nord" in one way or another, in several currencies, with cents and with quotes."""
    fill_copy(tenant, islice(headings_with("Nord"), 600))
    sales = list(Sale.objects.filter(connection=tenant))
    for number, sale in enumerate(sales):
        sale.amount = Decimal(number * 37 - 9000) / 100
    Sale.objects.bulk_update(sales, ["amount"], batch_size=500)
    QuoteLine.objects.bulk_create(
        QuoteLine(
            sale=sale, line_id=1, name=("Nord CD-01", "Akku", "Zubehör")[number % 3], quantity=Decimal(1 + number % 2),
            total_price=Decimal(9),
        )
        for number, sale in enumerate(sales[::6])
    )  # fmt: skip
    touch_copy(tenant)
    return corpus_of(tenant)


def headings_with(word: str) -> Iterator[str]:
    shapes = (
        "{} GmbH", "2x {}, Angebot {n}", "CD-01 {}", "OMNIE {} 3 Stk", "ohne {} und Akku", "{}bau Halle {n}",
        "Self Service {}", "TEST bitte löschen {}", "Wartung / {} / Wartung", "Süd {n}", "Nachlass {}",
        "Projekt {n} {}-2", "4 {} + 2 Akku",
    )  # fmt: skip
    for number in count():
        yield shapes[number % len(shapes)].format(word, n=number // 40)


COMMON = (
    {"product": "Neu"},
    {"product": "Wartung"},  # known from other keywords
    {"product": "OMNIE CD-01", "family": "OMNIE"},
    {"product": "Neu", "compound": "any"},
    {"product": "Neu", "kind": "tag"},
    {"product": "Neu", "type": "code"},
    {"product": "Neu", "type": "regex", "text": r"\bnord\b"},
    {"product": "Zwist", "text": "Wartung"},  # a conflict in each heading
    {"polarity": "mask", "kind": "", "text": "OMNIE Nord"},
    {"polarity": "veto", "kind": "", "text": "Nord"},
)


def test_a_word_that_stands_nearly_everywhere_changes_what_two_whole_runs_differ_in(
    wide_corpus: Corpus,
) -> None:
    before = current_list()
    changed = []
    for values in COMMON:
        keyword = Keyword(**{"text": "Nord"} | values)
        changed.append(check(wide_corpus, before, with_keyword(keywords_of(before), keyword)).changed_count)
    assert min(changed[:8]) > 20
    assert changed[0] > 200


def test_a_conflict_in_many_headings_is_counted_in_each(wide_corpus: Corpus) -> None:
    before = current_list()
    seen = check(
        wide_corpus, before, with_keyword(keywords_of(before), Keyword(text="Wartung", product="Zwist"))
    )
    (sighting,) = seen.sightings.values()
    assert sighting.conflicts == {"Wartung": sum("Wartung" in text for text in wide_corpus.index.texts)}


def test_what_was_asked_before_does_not_colour_the_next_answer(wide_corpus: Corpus) -> None:
    """The keys of somebody who types a keyword, then another product, then goes back."""
    before = current_list()
    lists = [
        with_keyword(keywords_of(before), Keyword(text=text, product=product))
        for text, product in (("No", "A"), ("Nord", "A"), ("Nord", "Akku"), ("Nord", "A"), ("No", "A"))
    ]
    seen = [check(wide_corpus, before, after) for after in lists]
    assert seen[0] == seen[4]
    assert seen[1] == seen[3] != seen[2]


# --- What is remembered ---------------------------------------------------------------------------------


def test_a_list_forgets_rather_than_grow_and_says_the_same(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST_REMEMBERED", 10)
    keywords = [to_matching(keyword) for keyword in keywords_of(current_list())]
    matcher, plain = remembering.Remembering(keywords), matching.Matcher(keywords)
    texts = [*islice(headings_with("Akku"), 8)]
    others = [*islice(headings_with("CD-01"), 8), texts[0]]
    for asked in (texts, others, [texts[3], texts[3], others[5]]):
        assert matcher.answers(asked) == [plain.match(text) for text in asked]
        assert len(matcher._answers) <= 10
    assert [matcher.match(text) for text in texts] == [plain.match(text) for text in texts]
    assert len(matcher._answers) <= 10


def test_who_waits_for_the_sales_finds_the_list_asked_about_them(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def asks_nothing(_matcher: matching.Matcher, texts: Iterable[str]) -> Iterator[matching.Result]:
        asked.extend(texts)
        return iter(())

    monkeypatch.setattr(matching.Matcher, "match_many", asks_nothing)
    remembering.remembering(current_list()).learn(corpus.index.texts)
    assert asked == []


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
    sums = seen.groups[Effect.GAINED].amounts
    assert sum(sums.values()) == sum(new[key].amount for key in gained)
    assert set(sums) == {new[key].currency for key in gained}


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
