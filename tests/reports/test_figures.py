"""A run's figures say the same as its rows, and its checksum stands for exactly these rows."""

import hashlib
import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.models import Connection
from reports import claims
from reports.definitions.definition import Definition
from reports.keyword_lists.keywords import current_list
from reports.matching import Result
from reports.models import Match, QuoteLine, Report, Row, Run, Sale
from reports.runs import evaluation, figures, funnel, tally
from reports.runs.figures import concluded, noted
from reports.runs.funnel import Placement


@pytest.fixture
def tenant(db: None) -> Connection:
    return Connection.objects.create(name="T", environment="sod", context_identifier="Cust1", client_id="x")


def sale(tenant: Connection, sale_id: int, heading: str, amount: str, currency: str, **values: Any) -> Sale:
    usual = {"status": "open", "company_id": 7, "company_name": "M", "read_at": datetime.now(UTC)}
    usual |= {"owner_name": "Jonas", "sold_on": date(2026, 5, 20)}
    return Sale.objects.create(
        connection=tenant,
        sale_id=sale_id,
        heading=heading,
        amount=Decimal(amount),
        currency=currency,
        **{**usual, **values},
    )


@pytest.fixture
def sales(tenant: Connection) -> None:
    sale(tenant, 1, "2x CD-01, Wartung", "100.10", "EUR")
    sale(tenant, 2, "CD-01", "0.20", "EUR", company_id=8, company_name="N", sold_on=date(2026, 4, 1))
    sale(tenant, 3, "CD-01", "7", "CHF", owner_name="Sabine", sold_on=None)
    sale(tenant, 4, "Nichts", "50", "EUR")
    sale(tenant, 5, "", "0", "")
    sale(tenant, 6, "BÃ¼rste ohne Wartung " + "x" * 200, "-5", "EUR")
    sale(tenant, 7, "CD-01", "1000", "EUR", company_id=None, company_name="")
    sale(tenant, 8, "CD-01", "2000", "EUR", company_name="")
    QuoteLine.objects.create(
        sale=Sale.objects.get(sale_id=3), line_id=1, name="CD-01", quantity=Decimal("3.5"), total_price=1
    )


def evaluated(tenant: Connection, **values: Any) -> Run:
    """A claimed run over the sales of this tenant, with all its rows."""
    report, _is_new = Report.objects.get_or_create(name="R", defaults={"limit": 1_000_000})
    run = Run.objects.create(
        report=report,
        connection=tenant,
        keyword_list=current_list(),
        definition=Definition(limit=1_000_000, **values).as_json(),
    )
    claimed = claims.claim(Run, run.pk, datetime.now(UTC))
    assert claimed is not None
    assert evaluation.evaluate(claimed, until=float("inf"))
    return claimed


def ended(run: Run) -> None:
    claims.finish(run, Run.Status.CANCELLED)


def test_the_figures_of_a_few_sales(tenant: Connection, sales: None) -> None:
    found, _checksum = concluded(evaluated(tenant))
    assert found["sales"] == {"total": 8, "searched": 6, "matched": 4}
    assert found["stages"]["no_company"] == {"sales": 1, "amount": {"EUR": "1000.00"}}
    assert found["amount"]["EUR"] == {"total": "3145.30", "searched": "145.30", "matched": "95.30"}
    assert found["amount"]["CHF"] == {"total": "7.00", "searched": "7.00", "matched": "7.00"}
    assert found["coverage"] == {"sales": 0.6667, "amount": {"CHF": 1.0, "EUR": 0.6559}}
    assert found["products"][0] == {
        "name": "OMNIE CD-01",
        "family": "OMNIE",
        "kind": "product",
        "sales": 3,
        "quantity": "6.5",
        "amount": {"CHF": "7.00", "EUR": "100.30"},
    }
    assert [entry["name"] for entry in found["products"]] == ["OMNIE CD-01", "Bürste", "Wartung"]
    assert [(one["name"], one["sales"], one["quantity"]) for one in found["families"]] == [
        ("OMNIE", 3, "6.5")
    ]
    assert [(one["id"], one["name"], one["sales"]) for one in found["customers"]] == [
        (7, "M", 3),
        (8, "N", 1),
    ]
    assert [(one["name"], one["sales"]) for one in found["owners"]] == [("Jonas", 3), ("Sabine", 1)]
    assert [(one["month"], one["sales"]) for one in found["months"]] == [("2026-04", 1), ("2026-05", 2)]
    assert found["sources"] == {"heading": 3, "both": 1}
    assert found["quality"] == {
        "mojibake": 1,
        "conflicts": 0,
        "empty": 1,
        "long": 1,
        "no_amount": 1,
        "no_currency": 1,
        "products": 5,
        "assumed": 3,
        "quantity": "8.5",
        "assumed_quantity": "3",
    }


@pytest.mark.parametrize("chunk", [1, 3, 5000])
def test_figures_and_checksum_do_not_depend_on_the_chunks(
    chunk: int, tenant: Connection, sales: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = evaluated(tenant)
    whole = concluded(once)
    ended(once)
    monkeypatch.setattr(figures, "CHUNK", chunk)
    monkeypatch.setattr(evaluation, "CHUNK", chunk)
    assert concluded(evaluated(tenant)) == whole


def test_the_figures_of_the_demo_equal_its_rows(finished_run: Run) -> None:
    rows, found = [*finished_run.rows.all()], finished_run.figures
    matched = [row for row in rows if row.stage == Row.Stage.MATCHED]
    assert found["sales"]["total"] == len(rows) == finished_run.read_count
    assert {stage: entry["sales"] for stage, entry in found["stages"].items()} == finished_run.funnel
    for currency, sums in found["amount"].items():
        assert Decimal(sums["total"]) == sum(row.amount for row in rows if row.currency == currency)
        assert Decimal(sums["matched"]) == sum(row.amount for row in matched if row.currency == currency)
    products = Counter(product for row in matched for product in row.products.split("; "))
    assert {entry["name"]: entry["sales"] for entry in found["products"]} == products
    quantities: defaultdict[str, Decimal] = defaultdict(Decimal)  # halves of a product exist
    for row in matched:
        for product, quantity in zip(row.products.split("; "), row.quantities.split("; "), strict=True):
            quantities[product] += Decimal(quantity)
    assert {entry["name"]: Decimal(entry["quantity"]) for entry in found["products"]} == quantities
    assert sum(entry["sales"] for entry in found["months"]) == sum(row.sold_on is not None for row in matched)
    assert found["quality"]["assumed"] == sum(row.assumed_count for row in rows)
    assert found["sources"] == Counter(row.source for row in matched)
    ranks = [entry["sales"] for entry in found["customers"]]
    assert ranks == sorted(ranks, reverse=True)
    assert len(ranks) <= figures.MOST_ENTRIES
    assert json.loads(json.dumps(found)) == found


def test_of_very_many_customers_those_with_the_most_sales_are_kept(
    tenant: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST_ENTRIES", 2)
    monkeypatch.setattr(tally, "MOST_ENTRIES", 2)
    for number, company in enumerate([1, 2, 2, 3, 3, 3], start=1):
        sale(tenant, number, "CD-01", "1", "EUR", company_id=company, company_name=f"C{company}")
    found, _checksum = concluded(evaluated(tenant))
    assert [(one["name"], one["sales"]) for one in found["customers"]] == [("C3", 3), ("C2", 2)]


def test_the_checksum_can_be_recomputed_from_the_rows(finished_run: Run) -> None:
    digest = hashlib.sha256()
    for row in finished_run.rows.order_by("sale_number"):
        values = [
            row.sale_number, row.stage, row.source, row.heading, row.company_id, row.company_name, row.person_name,
            row.owner_name, f"{row.amount:.2f}", row.currency, row.status,
            row.sold_on.isoformat() if row.sold_on else None,
            row.products, row.quantities, row.families, row.assumed_count,
        ]  # fmt: skip
        digest.update(json.dumps(values, separators=(",", ":")).encode() + b"\n")
    assert finished_run.checksum == digest.hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"heading": "x"},
        {"amount": Decimal("0.01")},
        {"sold_on": None},
        {"products": "Y"},
        {"company_id": 99},
        {"source": "both"},
    ],
)
def test_any_change_of_a_row_changes_the_checksum(
    change: dict[str, Any], tenant: Connection, sales: None
) -> None:
    run = evaluated(tenant)
    before = concluded(run)[1]
    Row.objects.filter(run=run, sale_number=1).update(**change)
    assert concluded(run)[1] != before


def test_a_run_without_sales_has_figures_too(tenant: Connection) -> None:
    found, checksum = concluded(evaluated(tenant))
    assert found["sales"] == {"total": 0, "searched": 0, "matched": 0}
    assert found["coverage"] == {"sales": None, "amount": {}}
    assert found["quality"]["mojibake"] == 0
    assert checksum == hashlib.sha256().hexdigest()


def test_a_run_that_went_on_elsewhere_is_not_concluded(tenant: Connection, sales: None) -> None:
    run = evaluated(tenant)
    ended(run)
    with pytest.raises(claims.LostClaim):
        concluded(run)


@pytest.mark.once
def test_flags_that_rows_do_not_keep_are_counted_on_the_way() -> None:
    seen = Placement(
        funnel.UNMATCHED, "", (), (), Result("unmatched", flags=("mojibake_repaired", "conflict", "davon"))
    )
    first = noted({}, [seen])
    assert noted(first, [seen, seen]) == {"quality": {"mojibake": 3, "conflicts": 3}}
    assert noted(first, []) == first


def test_the_same_product_from_two_places_is_one_match_of_a_row(finished_run: Run) -> None:
    pairs = Counter(Match.objects.exclude(kind="tag").values_list("row", "product"))
    assert pairs
    assert set(pairs.values()) == {1}
