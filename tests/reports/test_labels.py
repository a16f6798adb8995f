"""Precision and recall: intervals, counts from a known truth, and the choice of headings to look at."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connector.models import Connection
from reports.keyword_lists.keywords import (
    current_list,
    keywords_of,
    save_version,
    with_keyword,
    without_keyword,
)
from reports.matching import Result
from reports.models import Keyword, Label, QuoteLine, Sale
from reports.preview.corpus import corpus_of
from reports.suggesting.labels import (
    UNNAMED,
    Score,
    evaluate,
    found_words,
    label,
    products_in,
    sample,
    trend,
    truth_of,
    truths_of,
    waiting,
    wilson,
)
from reports.suggesting.standing import Standing, standing_of
from tests.conftest import People
from tests.reports.keyword_sales import bare_connection, fill_copy, touch_copy, whole_copy

pytestmark = pytest.mark.once

CODE, AKKU = "OMNIE CD-01", "Akku"
# (heading, products of the quote, sales): a confusion matrix for two products.
QUOTED = [
    ("CD-01", [CODE], 8),  # right
    ("CD-01 für Halle", [AKKU], 2),  # CD-01 wrong, Akku missed
    ("Lieferung", [CODE], 3),  # CD-01 missed
    ("Akku", [AKKU], 5),  # right
    ("Akku und CD-01", [AKKU, CODE], 1),  # both right
]


@pytest.fixture
def tenant(db: None) -> Connection:
    return bare_connection()


@pytest.fixture
def by(db: None) -> User:
    return User.objects.create(username="somebody")


def fill_quotes(tenant: Connection) -> None:
    names = {CODE: ("CD-01", "OMNIE CD-01"), AKKU: ("", "Akku")}
    headings = [heading for heading, _products, count in QUOTED for _ in range(count)]
    truths = [products for _heading, products, count in QUOTED for _ in range(count)]
    sales = fill_copy(tenant, headings, first_id=1000)
    QuoteLine.objects.bulk_create(
        QuoteLine(
            sale=sale, line_id=place, rank=place, name=names[product][1], code=names[product][0],
            quantity=Decimal(1), total_price=Decimal(1),
        )
        for sale, products in zip(sales, truths, strict=True)
        for place, product in enumerate(products)
    )  # fmt: skip
    touch_copy(tenant)


def standing(tenant: Connection) -> Standing:
    return standing_of(current_list(), corpus_of(tenant))


def result_of(tenant: Connection, sale: Sale) -> Result:
    return standing(tenant).matcher.match(sale.heading)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Values of the published formula, to four places.
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_scores_follow_from_their_counts() -> None:
    score = Score(right=9, wrong=2, missed=3)
    assert (score.found, score.precision, score.recall) == (11, 9 / 11, 9 / 12)
    assert score.f1 == pytest.approx(2 * (9 / 11) * 0.75 / (9 / 11 + 0.75))
    assert score.precision_interval == wilson(9, 11)
    assert score.recall_interval == wilson(9, 12)
    assert (Score().precision, Score().recall, Score().f1) == (None, None, None)
    assert Score(missed=2).f1 == 0


def test_a_known_confusion_matrix_comes_back(tenant: Connection) -> None:
    fill_quotes(tenant)
    seen = evaluate(current_list(), truths_of(corpus_of(tenant), tenant))
    assert seen.quote_count == 19
    assert seen.products == {CODE: Score(right=9, wrong=2, missed=3), AKKU: Score(right=6, missed=2)}
    assert seen.total == Score(right=15, wrong=2, missed=5)


def test_the_page_has_the_figures_of_each_family_beside_those_of_all(
    client: Client, people: People, tenant: Connection
) -> None:
    fill_quotes(tenant)
    client.force_login(people.jonas)
    page = client.get("/keywords/labels/")
    assert page.context["family_lines"] == [
        ("OMNIE", Score(right=9, wrong=2, missed=3)),
        ("", Score(right=6, missed=2)),
    ]
    table = page.content.decode().partition('id="families-title"')[2].partition("</table>")[0]
    assert re.findall(r'<th scope="row">([^<]*)<', table) == [
        "All products together",
        "OMNIE",
        "Without a family",
    ]


def test_what_was_typed_about_a_heading_is_still_there_after_a_refusal(
    client: Client, people: People, tenant: Connection
) -> None:
    fill_copy(tenant, ["CD-01 Sonderbau"], first_id=1)
    client.force_login(people.jonas)
    current = client.get("/keywords/labels/").context["current"]
    sent = {
        "heading": current["sale"].heading,
        "products": current["words"],
        "truth": 'Akku; "Gibts" & nicht',
    }
    page = client.post("/keywords/labels/1/wrong/", sent, follow=True).content.decode()
    assert 'value="Akku; &quot;Gibts&quot; &amp; nicht"' in page
    assert not Label.objects.exists()


def test_the_trend_shows_what_each_version_made_of_the_same_sales(tenant: Connection) -> None:
    fill_quotes(tenant)
    first = current_list()
    akku = next(one for one in keywords_of(first) if one.text == "Akku")
    worse = save_version(
        without_keyword(keywords_of(first), akku.number), parent=first, author=None, reason="without"
    )
    better = with_keyword(keywords_of(first), Keyword(text="Lieferung", product=CODE))
    save_version(better, parent=worse, author=None, reason="more")
    figures = trend(truths_of(corpus_of(tenant), tenant))
    assert [version.version for version, _seen in figures] == [3, 2, 1]
    # Without the keyword a line "Akku" still is a product of this name, and no heading finds it.
    assert [seen.products[AKKU].recall for _version, seen in figures] == [6 / 8, 0.0, 6 / 8]
    assert [seen.products[CODE].missed for _version, seen in figures] == [0, 3, 3]


def test_at_most_five_versions_are_compared(tenant: Connection) -> None:
    parent = current_list()
    for number in range(6):
        edited = with_keyword(keywords_of(parent), Keyword(text=f"Neu {number}", product="Neu"))
        parent = save_version(edited, parent=parent, author=None, reason="more")
    assert [one.version for one, _seen in trend(truths_of(corpus_of(tenant), tenant))] == [7, 6, 5, 4, 3]


def test_a_family_name_is_neither_right_nor_wrong(tenant: Connection) -> None:
    (sale,) = fill_copy(tenant, ["Omnie"], first_id=1)
    QuoteLine.objects.create(
        sale=sale, line_id=1, name="OMNIE CD-01", code="CD-01", quantity=Decimal(1), total_price=Decimal(1)
    )
    touch_copy(tenant)
    seen = evaluate(current_list(), truths_of(corpus_of(tenant), tenant))
    assert seen.products == {CODE: Score(missed=1)}


def test_what_somebody_said_counts(tenant: Connection, by: User) -> None:
    sales = fill_copy(tenant, ["CD-01", "Akku 1", "Akku 2", "Filter", "Gespräch", "Sieb"], first_id=1)
    answers = [
        (True, ""),
        (False, ""),
        (False, "2 × OMNIE CD-01; Filter"),
        (False, "Filter"),
        (True, ""),
        (False, ""),
    ]
    for sale, (is_right, truth) in zip(sales, answers, strict=True):
        label(sale=sale, result=result_of(tenant, sale), is_right=is_right, truth=truth, by=by)
    seen = evaluate(current_list(), truths_of(corpus_of(tenant), tenant))
    assert seen.label_count == 6
    assert seen.products == {
        CODE: Score(right=1, missed=1),
        AKKU: Score(wrong=2),
        "Filter": Score(missed=2),
        UNNAMED: Score(missed=1),
    }


def test_wrong_without_a_truth_says_nothing_about_another_result(tenant: Connection, by: User) -> None:
    (sale,) = fill_copy(tenant, ["Akku"], first_id=1)
    label(sale=sale, result=result_of(tenant, sale), is_right=False, truth="", by=by)
    first = current_list()
    edited = with_keyword(without_keyword(keywords_of(first), 12), Keyword(text="Akku", product="Batterie"))
    edited = [one for one in edited if one.text != "Akku" or one.product == "Batterie"]
    second = save_version(edited, parent=first, author=None, reason="another product")
    truths = truths_of(corpus_of(tenant), tenant)
    assert evaluate(first, truths).products == {AKKU: Score(wrong=1)}
    assert (evaluate(second, truths).products, evaluate(second, truths).label_count) == ({}, 0)


def test_a_changed_heading_and_a_lost_sale_are_no_truth_any_more(tenant: Connection, by: User) -> None:
    changed, gone = fill_copy(tenant, ["CD-01", "Akku"], first_id=1)
    for sale in (changed, gone):
        label(sale=sale, result=result_of(tenant, sale), is_right=True, truth="", by=by)
    assert len(truths_of(corpus_of(tenant), tenant).labels) == 2
    Sale.objects.filter(pk=changed.pk).update(heading="CD-02")
    Sale.objects.filter(pk=gone.pk).update(removed_at=touch_copy(tenant).read_at)
    assert truths_of(corpus_of(tenant), tenant).labels == []


def test_the_newest_word_about_a_heading_counts(tenant: Connection, by: User) -> None:
    (sale,) = fill_copy(tenant, ["2x CD-01 mit Akku"], first_id=1)
    result = result_of(tenant, sale)
    assert found_words(result) == "2 × OMNIE CD-01; Akku"
    label(sale=sale, result=result, is_right=False, truth="Akku", by=by)
    label(sale=sale, result=result, is_right=True, truth="ignored", by=by)
    (kept,) = Label.objects.all()
    assert (kept.is_right, kept.truth, truth_of(kept)) == (True, "", {CODE, AKKU})


@pytest.mark.parametrize(
    ("words", "products"),
    [
        ("", set()),
        ("A", {"A"}),
        ("2 × A; B", {"A", "B"}),
        ("0.5 × A ;; B;", {"A", "B"}),
        ("A × B", {"A × B"}),
    ],
)
def test_products_are_read_from_words(words: str, products: set[str]) -> None:
    assert products_in(words) == products


def test_the_sample_is_spread_over_products_and_headings_without_one(tenant: Connection) -> None:
    whole_copy(tenant)
    everything = standing(tenant)
    chosen = sample(everything)
    assert len(chosen) == len(set(chosen)) == 200
    assert chosen == sample(everything)
    assert not set(chosen) & everything.corpus.lines.keys()
    headings = [everything.corpus.sales[place].heading for place in chosen]
    assert len(set(headings)) == 200
    results = [everything.matcher.match(heading) for heading in headings]
    products = {match.product for result in results for match in result.matches}
    assert {"OMNIE CD-01", "RR-02-018", "KIRA B 50", "Akku", "Wartung", "Miete"} <= products
    assert sum(not result.matches for result in results) >= 10


def test_what_was_looked_at_is_not_asked_again(tenant: Connection, by: User) -> None:
    fill_copy(tenant, ["CD-01", "Akku", "Gespräch"], first_id=1)
    everything = standing(tenant)
    first = next(waiting(everything, []))
    sale = Sale.objects.get(sale_id=everything.corpus.sales[first].sale_id)
    label(sale=sale, result=result_of(tenant, sale), is_right=True, truth="", by=by)
    labels = truths_of(corpus_of(tenant), tenant).labels
    assert set(waiting(everything, labels)) == {0, 1, 2} - {first}
