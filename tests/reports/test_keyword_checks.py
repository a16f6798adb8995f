"""What the checks find in a list: one constructed case of each kind, and nothing else."""

import pytest

from connector.models import Connection
from reports.keyword_lists.keyword_checks import Checks, check, checks_of
from reports.keyword_lists.keyword_languages import language_lines, language_matrix, missing_twins
from reports.keyword_lists.keywords import current_list, keywords_of, save_version, with_keyword
from reports.models import Keyword, KeywordList
from reports.preview.corpus import Corpus, corpus_of
from reports.preview.effects import preview
from tests.reports.keyword_sales import bare_connection, fill_copy, touch_copy

pytestmark = pytest.mark.once

LIST = {
    "Gross": {"product": "Riese"},
    "Wischerblatt": {"product": "Blatt"},
    "blatt": {"product": "Blatt", "compound": "end"},
    "gibtesnicht": {"product": "Nichts"},
    "Eimer": {"product": "Eimer rot"},
    "eimer": {"product": "Eimer blau"},
    "Gross Eimer": {"product": "Gross"},
    "Handtuch": {"product": "Handtuch"},
    "Handtuch Halter": {"polarity": "mask", "kind": ""},
    "Absage": {"polarity": "veto", "kind": ""},
    "03-04": {"product": "Schraube", "type": "code"},
    "Tuch": {"product": "Tuch", "inflect": "yes"},
}
HEADINGS = [
    "Wischerblatt neu", "Wischerblatt alt", "Scheibenblatt",
    "Eimer", "2 Eimer", "Gross Eimer",
    "Handtuch", "Handtuch Halter", "Handtuch Halter lang",
    "Absage Tuch", "Tuch", "Tuch", "Tücher", "Tuch ohne Eimer",
    "Schraube 03-04",
]  # fmt: skip


@pytest.fixture
def tenant(db: None) -> Connection:
    return bare_connection()


@pytest.fixture
def constructed(tenant: Connection) -> KeywordList:
    fill_copy(tenant, HEADINGS)
    parent = current_list()
    keywords = [Keyword(text=text, **values) for text, values in LIST.items()]
    return save_version(keywords, parent=parent, author=None, reason="Constructed")


@pytest.fixture
def corpus(constructed: KeywordList, tenant: Connection) -> Corpus:
    return corpus_of(tenant)


@pytest.fixture
def checks(constructed: KeywordList, corpus: Corpus) -> Checks:
    return check(constructed, corpus)


def found(checks: Checks, kind: str) -> list[tuple[str, int]]:
    return [(str(one.keyword or one.product), one.count) for one in checks.findings if one.kind == kind]


def test_a_constructed_list_gives_exactly_the_findings_that_were_built_into_it(checks: Checks) -> None:
    assert found(checks, "dead") == [("gibtesnicht", 0)]
    assert found(checks, "never_counts") == [("Gross", 1)]
    assert [(one.product, one.other, one.count) for one in checks.findings if one.kind == "conflict"] == [
        ("Eimer blau", "Eimer rot", 2)
    ]
    assert found(checks, "takes_much") == [("Handtuch Halter", 2)]
    assert found(checks, "excel") == [("03-04", 0)]
    assert found(checks, "twin") == [("Blatt", 0), ("Tuch", 0)]


def test_each_keyword_knows_how_many_sales_it_finds_alone_and_with_others(checks: Checks) -> None:
    figures = {line.keyword.text: line for line in checks.figures}
    assert [figures["Tuch"].seen_count, figures["Tuch"].sale_count, figures["Tuch"].unique_count] == [5, 4, 4]
    blatt, wischerblatt = figures["blatt"], figures["Wischerblatt"]
    assert (blatt.sale_count, blatt.unique_count, blatt.overlap_count) == (3, 1, 2)
    assert (wischerblatt.sale_count, wischerblatt.unique_count) == (2, 0)
    assert (figures["Absage"].seen_count, figures["Absage"].sale_count) == (1, 0)


def test_a_keyword_knows_in_how_many_sales_another_product_takes_the_same_words(checks: Checks) -> None:
    conflicts = {line.keyword.text: line.conflict_count for line in checks.figures if line.conflict_count}
    assert conflicts == {"Eimer": 2, "eimer": 2}  # in "Gross Eimer" neither counts, and the third is negated


def test_the_table_of_languages_marks_what_the_findings_count(checks: Checks) -> None:
    marked = [line for line in language_lines([line.keyword for line in checks.figures]) if line.missing]
    assert [(line.product, line.missing) for line in marked] == [("Blatt", "en"), ("Tuch", "en")]


def test_a_service_without_an_english_word_is_no_finding_in_the_table_either(db: None) -> None:
    lines = {line.product: line for line in language_lines(keywords_of(current_list()))}
    missing = {(line.product, line.missing) for line in lines.values() if line.missing}
    assert missing == set(missing_twins(keywords_of(current_list())))
    assert "" in {line.missing for line in lines.values() if not line.english}


def test_the_checks_are_worked_out_once_for_a_list_and_a_copy(
    constructed: KeywordList, corpus: Corpus, tenant: Connection
) -> None:
    first = checks_of(constructed, corpus)
    assert checks_of(constructed, corpus_of(tenant)) is first
    fill_copy(tenant, ["Tuch"], first_id=500)
    again = checks_of(constructed, corpus_of(tenant))
    assert again is not first
    assert next(line.sale_count for line in again.figures if line.keyword.text == "Tuch") == 5


def test_a_keyword_that_a_longer_one_always_covers_is_warned_about_before_it_is_saved(
    constructed: KeywordList, corpus: Corpus
) -> None:
    new = Keyword(text="Halter", product="Halter")
    seen = preview(corpus, constructed, with_keyword(keywords_of(constructed), new))
    (sighting,) = seen.sightings.values()
    assert (sighting.counted, dict(sighting.refused)) == (0, {"masked": 2})
    covered = Keyword(text="Wischer", product="Besen", compound="start")
    (sighting,) = preview(
        corpus, constructed, with_keyword(keywords_of(constructed), covered)
    ).sightings.values()
    assert sighting.is_shadowed


def test_a_keyword_for_words_of_another_product_is_warned_about_before_it_is_saved(
    constructed: KeywordList, corpus: Corpus
) -> None:
    new = Keyword(text="Tuch", product="Lappen")
    (sighting,) = preview(corpus, constructed, with_keyword(keywords_of(constructed), new)).sightings.values()
    assert dict(sighting.conflicts) == {"Tuch": 2}  # texts, not sales


def test_the_matrix_of_languages_is_the_list(db: None) -> None:
    matrix = language_matrix(keywords_of(current_list()))
    wartung = matrix["Wartung"]
    assert [str(one) for one in wartung["de"]] == ["Wartung"]
    assert [str(one) for one in wartung["en"]] == ["maintenance"]
    assert ("Reinigungsroboter (ohne Typ)", "en") in missing_twins(keywords_of(current_list()))
    assert not {"Wartung", "Schulung", "Akku", "OMNIE CD-01", "Inbetriebnahme"} & {
        product for product, _missing in missing_twins(keywords_of(current_list()))
    }


def test_a_copy_of_the_next_revision_is_read_again(tenant: Connection) -> None:
    fill_copy(tenant, ["eins"])
    first = corpus_of(tenant)
    assert corpus_of(tenant) is first
    touch_copy(tenant)
    assert corpus_of(tenant) is not first
