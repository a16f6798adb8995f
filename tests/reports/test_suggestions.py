"""Suggestions: what is mined, in which order, and that accepting one wins just what was promised."""

import random
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from connector.models import Connection
from reports.keyword_lists.keywords import copy_of, current_list, keywords_of, with_keyword
from reports.keyword_lists.list_changes import save_list
from reports.models import Keyword, KeywordList, Sale, TextVerdict
from reports.preview.corpus import Corpus, corpus_of
from reports.preview.effects import Effect, preview
from reports.runs.funnel import MATCHED
from reports.suggesting.phrases import Rules, comparable, heading_of, phrases_in
from reports.suggesting.standing import standing_of
from reports.suggesting.suggestions import Suggestion, Suggestions, candidate, suggestions_of, unread_headings
from tests.reports.keyword_sales import bare_connection, fill_copy, touch_copy, whole_copy

pytestmark = pytest.mark.once

# Unknown to the list: how they are written, and in how many headings.
UNKNOWN = {
    "Fegemax 3000": (["Fegemax 3000", "FEGEMAX 3000", "fegemax-3000", "Fegemax3000"], 60),
    "Hydrowipe": (["Hydrowipe", "hydrowipe", "HYDROWIPE"], 45),
    "XR-77-B": (["XR-77-B", "XR 77 B", "xr-77-b"], 30),
}
FRAMES = [
    "{} für Neubau", "2x {}", "{} (3 Stk)", "Angebot {} – Halle 4", "{}, Lieferung im März 2026", "{} x2",
    "Folgeauftrag {}", "{} Q3", "Kranz AG / {}", "10er Paket {}", "{}: 24 Monate",
]  # fmt: skip
NOISE = [
    "Folgeauftrag 2025",
    "Rückfrage Messe",
    "General enquiry",
    "Angebot für Kranz AG",
    "Besuch Ute Menzel",
]


@pytest.fixture
def tenant(db: None) -> Connection:
    return bare_connection()


@pytest.fixture
def corpus(tenant: Connection) -> Corpus:
    """About 600 sales that the list mostly reads, and three products that it does not know."""
    whole_copy(tenant)
    rng = random.Random(7)
    injected = [
        rng.choice(FRAMES).format(rng.choice(spellings))
        for spellings, count in UNKNOWN.values()
        for _ in range(count)
    ]
    injected += ["CD-01 + Fegemax 3000", "Akku für Hydrowipe"]
    fill_copy(tenant, injected + NOISE * 6, first_id=10_000)
    Sale.objects.filter(sale_id__gte=10_000).update(
        company_id=77, company_name="Kranz AG", person_name="Ute Menzel"
    )
    touch_copy(tenant)
    return corpus_of(tenant)


@pytest.fixture
def found(corpus: Corpus, tenant: Connection) -> Suggestions:
    return suggestions_of(current_list(), corpus, tenant)


def accepted(parent: KeywordList, suggestion: Suggestion) -> Keyword:
    kind = candidate(suggestion.text).type
    return Keyword(text=suggestion.text, product=suggestion.text, type=kind)


def matched_ids(corpus: Corpus, keyword_list: KeywordList) -> set[int]:
    standing = standing_of(keyword_list, corpus)
    return {corpus.sales[place].sale_id for place in standing.places(MATCHED)}


def test_three_unknown_products_are_the_first_three_suggestions(found: Suggestions) -> None:
    assert [one.key for one in found.ranked[:3]] == [comparable(name) for name in UNKNOWN]
    assert [one.sale_count for one in found.ranked[:3]] == [60, 45, 30]
    assert found.ranked[0].text.casefold() in {"fegemax 3000", "fegemax-3000"}


def test_accepting_wins_just_what_was_promised(
    found: Suggestions, corpus: Corpus, tenant: Connection
) -> None:
    """The same sales in the preview of the keyword, and in a run over the next version."""
    newest = current_list()
    before = matched_ids(corpus, newest)
    for one in found.ranked[:8]:
        parent = newest
        edited = with_keyword(keywords_of(parent), accepted(parent, one))
        alone = preview(corpus, current_list(), edited)
        assert one.further_count == alone.count(Effect.GAINED)
        newest = save_list(edited, parent=parent, author=None, reason="accepted")
        after = matched_ids(corpus, newest)
        assert len(after - before) == one.further_count
        assert before <= after
        before = after


def test_each_suggestion_alone_wins_what_its_own_preview_says(found: Suggestions, corpus: Corpus) -> None:
    newest = current_list()
    assert len(found.ranked) >= 5
    for one in found.ranked:
        seen = preview(corpus, newest, with_keyword(keywords_of(newest), accepted(newest, one)))
        assert seen.count(Effect.GAINED) == one.sale_count
        assert dict(seen.groups[Effect.GAINED].amounts) == one.amounts
    for close in found.look_alikes:
        new = copy_of(next(iter(keywords_of(newest))), number=0, text=close.found.text)
        new.product, new.type = "Its own", candidate(close.found.text).type
        new.generic, new.inflect, new.family = False, "none", ""
        seen = preview(corpus, newest, with_keyword(keywords_of(newest), new))
        assert seen.count(Effect.GAINED) == close.sale_count


def test_the_ranking_is_a_greedy_cover(found: Suggestions) -> None:
    covered: set[int] = set()
    for one in found.ranked:
        assert len(one.won - covered) == one.further_count >= 2
        covered |= one.won
    furthers = [one.further_count for one in found.ranked]
    assert furthers == sorted(furthers, reverse=True)


def test_headings_with_another_product_are_shown_as_false_positives(found: Suggestions) -> None:
    first, second = found.ranked[:2]
    assert (first.also_count, first.also_products) == (1, {"OMNIE CD-01": 1})
    assert first.also_examples == ("CD-01 + Fegemax 3000",)
    assert (second.also_count, second.also_examples) == (1, ("Akku für Hydrowipe",))


def test_at_most_three_different_examples_are_shown(found: Suggestions) -> None:
    for one in found.ranked:
        assert 1 <= len(one.examples) <= 3
        assert len(set(one.examples)) == len(one.examples)


def test_names_months_and_everyday_words_are_no_suggestions(found: Suggestions) -> None:
    keys = {one.key for one in found.ranked}
    assert not keys & {
        "kranz",
        "kranz ag",
        "ute",
        "menzel",
        "ute menzel",
        "marz",
        "folgeauftrag",
        "angebot",
        "q3",
    }
    assert not any(key.startswith(("2x", "angebot", "folgeauftrag")) for key in keys)


@pytest.mark.parametrize(
    ("heading", "phrases"),
    [
        ("2xFegemax", {"fegemax"}),
        ("Fegemax x2", {"fegemax"}),
        ("Fegemax 2024", {"fegemax"}),
        ("Fegemax 24 Monate", {"fegemax"}),
        ("Fegemax 3000", {"fegemax", "fegemax3000"}),
        ("Fegemax, Wischer", {"fegemax", "wischer"}),
        ("RR-09-117-FEGE neu", {"rr09117fege"}),
        ("Fege/Wisch", {"fege", "wisch"}),
        ("Bürsten-Set", {"bursten", "set", "bursten set"}),
        ("März 2026 Q3 KW12 12.03.2026", set()),
        ("Angebot 36 x 450 EUR", set()),
        ("Ute Menzel Fegemax", {"fegemax"}),
        ("", set()),
        ("4711", set()),
        ("🤖 הצעה", {"הצעה"}),
    ],
)
def test_phrases_keep_codes_whole_and_leave_out_what_names_nothing(heading: str, phrases: set[str]) -> None:
    rules = Rules.of(["Ute Menzel"])
    assert phrases_in(heading_of(heading, rules), rules).keys() == phrases


def test_a_text_with_a_verdict_is_suggested_no_more_and_comes_back_without_it(
    found: Suggestions, corpus: Corpus, tenant: Connection
) -> None:
    by = User.objects.create(username="somebody")
    first = found.ranked[0]
    verdict = TextVerdict.objects.create(text=first.key, verdict="ignored", decided_by=by)
    without = suggestions_of(current_list(), corpus, tenant)
    assert first.key not in {one.key for one in without.ranked}
    verdict.delete()
    again = suggestions_of(current_list(), corpus, tenant)
    assert [one.key for one in again.ranked] == [one.key for one in found.ranked]


def test_no_product_also_means_no_part_of_one(corpus: Corpus, tenant: Connection) -> None:
    by = User.objects.create(username="somebody")
    TextVerdict.objects.create(text="hydrowipe", verdict="no_product", decided_by=by)
    keys = {one.key for one in suggestions_of(current_list(), corpus, tenant).ranked}
    assert not any("hydrowipe" in key for key in keys)


def test_suggestions_are_worked_out_once(found: Suggestions, corpus: Corpus, tenant: Connection) -> None:
    assert suggestions_of(current_list(), corpus, tenant) is found
    fill_copy(tenant, ["Fegemax 3000"], first_id=50_000)
    again = suggestions_of(current_list(), corpus_of(tenant), tenant)
    assert again is not found
    assert again.ranked[0].sale_count == found.ranked[0].sale_count + 1


def test_coverage_counts_sales_and_amounts_of_one_currency_each(tenant: Connection) -> None:
    headings = ["CD-01", "CD-01", "Fegemax", "Fegemax", "Wischfix", "Wischfix", "CD-01", "anything"]
    amounts = [100, 300, 50, 50, 200, 100, 999, 200]
    sales = fill_copy(tenant, headings, first_id=1000)
    for sale, amount in zip(sales, amounts, strict=True):
        sale.amount, sale.currency, sale.company_id, sale.company_name = Decimal(amount), "EUR", 1, "Somebody"
    sales[1].currency = "CHF"
    sales[6].company_id = None  # not searched, so it counts nowhere
    Sale.objects.bulk_update(sales, ["amount", "currency", "company_id", "company_name"])
    touch_copy(tenant)
    found = suggestions_of(current_list(), corpus_of(tenant), tenant)
    before, after = found.coverage, found.coverage_after
    assert (before.sales, before.sale_total, after.sales, after.sale_total) == (2, 7, 6, 7)
    assert before.amounts == {"EUR": Decimal(100), "CHF": Decimal(300)}
    assert before.amount_totals == {"EUR": Decimal(700), "CHF": Decimal(300)}
    assert before.amount_share("EUR") == pytest.approx(1 / 7)
    assert after.amount_share("EUR") == pytest.approx(5 / 7)
    assert after.amount_share("CHF") == 1
    assert before.amount_share("USD") == 0
    assert [one.text for one in found.ranked] == ["Wischfix", "Fegemax"]  # as many sales, a larger amount


def test_unread_headings_are_ranked_by_number_or_by_amount(tenant: Connection) -> None:
    sales = fill_copy(tenant, ["eins", "eins", "zwei"], first_id=1000)
    for sale, amount in zip(sales, [1, 1, 900], strict=True):
        sale.amount, sale.currency, sale.company_id, sale.company_name = Decimal(amount), "EUR", 1, "Somebody"
    Sale.objects.bulk_update(sales, ["amount", "currency", "company_id", "company_name"])
    touch_copy(tenant)
    standing = standing_of(current_list(), corpus_of(tenant))
    by_number = unread_headings(standing, by_amount=False)
    assert [(one.heading, one.sale_count, one.newest_sale_id) for one in by_number] == [
        ("eins", 2, 1001),
        ("zwei", 1, 1002),
    ]
    assert [one.heading for one in unread_headings(standing, by_amount=True)] == ["zwei", "eins"]


def test_an_empty_copy_has_no_suggestions(tenant: Connection) -> None:
    found = suggestions_of(current_list(), corpus_of(tenant), tenant)
    assert (found.ranked, found.look_alikes, found.coverage.sale_share) == ([], [], 0.0)
