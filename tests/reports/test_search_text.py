"""The search in a result takes spellings for one as the keywords do."""

import pytest

from connector.models import Connection
from reports.matching.normalise import fold, squeeze, squeeze_words
from reports.models import Report, Sale
from reports.viewer import run_index
from reports.viewer.filters import Filter
from reports.viewer.search_text import comparable
from reports.viewer.viewing import build_view
from tests.reports.made_results import Sold, finished_run

TEXTS = [
    "", "Müller GmbH", "MUELLER", "Straße", "neue Quelle", "Übel & Söhne", "Aerosol, Oel, Uebung", "BÃ¼rste",
    "Mu\u0308ller", "OMNIE™ CD–01", "x\0y", "Sauerland bauen Treue", "Zoë Aeue Poet", "ﬁne ①", "çà É",
]  # fmt: skip


@pytest.mark.once
def test_texts_are_compared_letter_by_letter_as_the_matcher_does() -> None:
    for text, found in zip(TEXTS, comparable(TEXTS), strict=True):
        folded = fold(text).text
        assert squeeze(found) == squeeze_words(folded, squeeze(folded)), text


@pytest.mark.parametrize("most", [300_000, 0])
def test_a_search_finds_every_spelling(
    most: int, report: Report, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_index, "MOST_TEXTS", most)
    sold = [
        Sold(1, customer="Müller GmbH"),
        Sold(2, customer="MUELLER AG"),
        Sold(3, heading="Herr muller"),
        Sold(4, customer="Bauer", owner="Grüße"),
    ]
    view = build_view(finished_run(report, connection, sold).pk)

    def found(words: str) -> set[int]:
        return set(view.select(Filter(search=words)).sale_numbers)

    assert view.is_searched_by_database == (most == 0)
    assert found("müller") == found("Mueller") == found("MÜLLER") == {1, 2, 3}
    assert found("uer") == found("bau") == found("Bauer") == {4}
    assert found("gruesse") == found("Grüße") == {4}
    assert found("%") == found("mueller bauer") == set()


def test_a_code_is_found_whatever_stands_between_its_letters_and_digits(
    report: Report, connection: Connection
) -> None:
    sold = [
        Sold(1, heading="2x OMNIE CD-01"),
        Sold(2, heading="cd 01"),
        Sold(3, heading="CD01 und CD.02"),
        Sold(4, heading="CD", customer="01 GmbH"),
    ]
    view = build_view(finished_run(report, connection, sold).pk)

    def found(words: str) -> set[int]:
        return set(view.select(Filter(search=words)).sale_numbers)

    assert found("cd01") == found("CD-01") == found("cd.01") == {1, 2, 3}
    assert found("cd02") == {3}
    assert found("und-cd") == found("x") - {1} == set()  # only codes are looked for like that


@pytest.mark.parametrize("most", [300_000, 0])
def test_a_sale_is_found_by_both_of_its_numbers(
    most: int, report: Report, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_index, "MOST_TEXTS", most)
    run = finished_run(report, connection, [Sold(563), Sold(564), Sold(10563)])
    Sale.objects.filter(sale_id=563).update(number="10563")
    view = build_view(run.pk)
    assert set(view.select(Filter(search="10563")).sale_numbers) == {563, 10563}
    assert set(view.select(Filter(search="563")).sale_numbers) == {563}
    assert set(view.select(Filter(search="s-564")).sale_numbers) == {564}
