"""What is amiss in a sale, and what a row says beside its columns: conflicts, contradictions, further texts."""

import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from connector.models import Connection
from reports.keyword_lists.keywords import copy_of, current_list, keywords_of, save_version
from reports.models import LocalCopy, QuoteLine, Report, Run, Sync
from reports.viewer.filters import Filter
from reports.viewer.quality import flaws_of, quality_sentence
from reports.viewer.viewing import view_of
from tests.conftest import People
from tests.reports.evaluated_runs import add_sale, evaluated

pytestmark = pytest.mark.once  # words and pages: the same on every database


@pytest.fixture
def jonas(client: Client, people: People) -> Client:
    client.force_login(people.jonas)
    return client


def two_products_for_one_spelling() -> None:
    """A second product that the spelling "CD-01" stands for as well."""
    now = current_list()
    twin = next(one for one in keywords_of(now) if one.text == "CD-01")
    copies = [copy_of(one) for one in keywords_of(now)]
    save_version(
        [*copies, copy_of(twin, number=None, product="Zwilling")], parent=now, author=None, reason="x"
    )


def page_of(client: Client, run: Run, query: str = "") -> str:
    return html.unescape(client.get(reverse("run", args=[run.pk]) + query).content.decode())


def row_of(page: str, number: int) -> str:
    return page.partition(f'href="/sales/{number}/"')[2].partition("</tr>")[0]


def test_two_products_for_the_same_words_are_counted_listed_and_flagged(
    jonas: Client, report: Report, connection: Connection
) -> None:
    two_products_for_one_spelling()
    add_sale(connection, 1, "2x CD-01")
    add_sale(connection, 2, "Akku")
    add_sale(connection, 3, "CD-01", company_id=None, company_name="")
    run = evaluated(report)
    flaw = {one.key: one for one in flaws_of(run, f"/runs/{run.pk}/")}["conflicts"]
    assert (flaw.count, flaw.url) == (2, f"/runs/{run.pk}/?stage=all&flaw=conflicts#rows")
    with translation.override("en"):
        assert "2 × Two products for the same words" in quality_sentence(run)
    page = page_of(jonas, run, "?stage=all&flaw=conflicts")
    assert "2 of 3 sales" in page
    assert "To be mended: Two products for the same words" in page  # the chip
    row = row_of(page, 1)
    assert re.search(r'class="state tone-warn">.*?Two products for the same words</span>', row)
    assert "“CD-01”: OMNIE CD-01, Zwilling" in row
    assert "Two products for the same words</span>" not in row_of(page_of(jonas, run), 2)
    sale_page = jonas.get(reverse("sale", args=[1])).content.decode()
    assert "Two products for the same words</span>" in sale_page
    assert "Two products for the same words" not in jonas.get(reverse("sale", args=[2])).content.decode()


def test_every_number_of_what_is_amiss_opens_as_many_sales(
    jonas: Client, report: Report, connection: Connection
) -> None:
    two_products_for_one_spelling()
    add_sale(connection, 1, "")
    add_sale(connection, 2, " ", company_id=None, company_name="")
    add_sale(connection, 3, "BÃ¼rsten fÃ¼r CD-01", amount=0)
    add_sale(connection, 4, "x" * 201 + " CD-01", currency="")
    run = evaluated(report)
    found = {flaw.key: flaw for flaw in flaws_of(run, "/")}
    assert {key: flaw.count for key, flaw in found.items()} == {
        "mojibake": 1, "conflicts": 2, "empty": 2, "long": 1, "no_amount": 1, "no_currency": 1
    }  # fmt: skip
    for flaw in found.values():
        query = flaw.url.partition("?")[2].partition("#")[0]
        assert view_of(run).select(Filter.of_text(query)).count == flaw.count, flaw.key
    with translation.override("en"):
        assert flaws_of(run)[2].note.startswith("1 of them stands in another stage: without a company")
    panel = page_of(jonas, run).partition('id="quality-title"')[2].partition("</table>")[0]
    assert panel.count('href="') == len(found)
    assert "1 of them stands in another stage" in panel
    assert view_of(run).select(Filter.of_text("flaw=nonsense")).count == 0


def test_the_words_that_contradict_the_quote_are_marked_in_the_table(
    jonas: Client, report: Report, connection: Connection
) -> None:
    sale = add_sale(connection, 990, "1x CD-02 und Akku")
    QuoteLine.objects.create(sale=sale, line_id=1, name="Akku", quantity=3, total_price=1)
    row = row_of(page_of(jonas, evaluated(report)), 990)
    assert re.search(r'<mark title="Quote differs: OMNIE CD-02">(1x )?CD-02</mark>', row)
    assert ">Akku</mark>" in row


def test_a_product_from_a_further_text_says_which_and_shows_its_words(
    jonas: Client, report: Report, connection: Connection
) -> None:
    columns = [{"name": "saleUdef/SuperOffice:1", "label": "Produktnotiz"}]
    LocalCopy.objects.update_or_create(connection=connection, defaults={"text_columns": columns})
    Report.objects.filter(pk=report.pk).update(search_columns=["saleUdef/SuperOffice:1", "description"])
    report.refresh_from_db()
    note = f"{'Vorher ' * 20}<b> OMNIE CD-02 {'danach ' * 20}"
    sale = add_sale(connection, 5, "Folgeauftrag", texts={"saleUdef/SuperOffice:1": note})
    add_sale(connection, 6, "Folgeauftrag", description="Akku")
    run = evaluated(report)
    page = jonas.get(reverse("run", args=[run.pk])).content.decode()
    row = row_of(page, 5)
    assert "Another text of the sale: Produktnotiz" in row
    assert re.search(r"Produktnotiz: …[^<]*&lt;b&gt;[^<]*<mark>[^<]*CD-02</mark> danach[^<]*…", row)
    assert "Another text of the sale: Description" in row_of(page, 6)
    sale.texts = {}
    sale.save(update_fields=["texts"])
    row = row_of(page_of(jonas, run), 5)
    assert "Another text of the sale: Produktnotiz" in row
    assert "<mark>" not in row


def test_the_progress_of_a_run_says_since_when_superoffice_is_silent(
    jonas: Client, report: Report, connection: Connection
) -> None:
    now = timezone.now()
    run = Run.objects.create(
        report=report, connection=connection, keyword_list=current_list(), status="running", started_at=now
    )
    reading = Sync.objects.create(
        connection=connection,
        status=Sync.Status.RUNNING,
        alive_at=now,
        lease_until=now + timedelta(minutes=2),
    )
    address = reverse("run_progress", args=[run.pk])
    assert "has not answered since" not in jonas.get(address).content.decode()
    Sync.objects.filter(pk=reading.pk).update(alive_at=now - timedelta(minutes=1))
    page = " ".join(jonas.get(address).content.decode().split())
    assert "SuperOffice has not answered since" in page
    assert "the run goes on within two minutes with the sales that were known before" in page
    Sync.objects.filter(pk=reading.pk).delete()
    assert "has not answered since" not in jonas.get(address).content.decode()


def test_the_page_that_asks_why_has_one_heading_and_says_that_a_run_is_incomplete(
    jonas: Client, report: Report, connection: Connection
) -> None:
    add_sale(connection, 1)
    run = evaluated(report)
    address = reverse("run_why", args=[run.pk])
    page = jonas.get(address).content.decode().partition("<main")[2]
    assert page.count("Why is a sale not in here?") == 1
    assert "Incomplete" not in page
    Run.objects.filter(pk=run.pk).update(status="incomplete")
    assert "Incomplete</span>" in jonas.get(address).content.decode().partition("<main")[2]
    standings = jonas.get(reverse("sale", args=[1])).content.decode().partition('id="standings-title"')[2]
    assert "Incomplete</span>" in standings
