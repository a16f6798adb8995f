"""Adding up rows and their matches; `reports.runs.figures` says what comes out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from heapq import nsmallest
from typing import Any, NamedTuple

from reports.runs import funnel
from reports.runs.funnel import plain

LONG_HEADING = 200
MOST_ENTRIES = 50


class RowValues(NamedTuple):
    """What figures and checksum are made of."""

    pk: int
    sale_number: int
    stage: str
    source: str
    heading: str
    company_id: int | None
    company_name: str
    person_name: str
    owner_name: str
    amount: Decimal
    currency: str
    status: str
    sold_on: date | None
    products: str
    quantities: str
    families: str
    assumed_count: int


class MatchValues(NamedTuple):
    """A product or service of a row."""

    product: str
    family: str
    kind: str
    quantity: Decimal
    quantity_source: str


@dataclass(slots=True)
class Sum:
    """Sales, a quantity, and money by currency."""

    sales: int = 0
    quantity: Decimal = Decimal(0)
    amount: dict[str, Decimal] = field(default_factory=dict)

    def add(self, row: RowValues, quantity: Decimal = Decimal(0)) -> None:
        self.sales += 1
        self.quantity += quantity
        self.amount[row.currency] = self.amount.get(row.currency, Decimal(0)) + row.amount

    def money(self) -> dict[str, str]:
        return {currency: f"{amount:.2f}" for currency, amount in sorted(self.amount.items())}

    def as_json(self) -> dict[str, Any]:
        return {"sales": self.sales, "quantity": plain(self.quantity), "amount": self.money()}


@dataclass(slots=True)
class Shown:
    """What the page of a run shows while nothing is filtered: all sales but those without a company."""

    sales: int = 0
    currencies: Counter[str] = field(default_factory=Counter)
    amount: dict[str, Decimal] = field(default_factory=dict)
    matched: dict[str, Decimal] = field(default_factory=dict)
    months: dict[str, Sum] = field(default_factory=dict)

    def add(self, row: RowValues) -> None:
        self.sales += 1
        self.currencies[row.currency] += 1
        self.amount[row.currency] = self.amount.get(row.currency, Decimal(0)) + row.amount
        if row.stage == funnel.MATCHED:
            self.matched[row.currency] = self.matched.get(row.currency, Decimal(0)) + row.amount
        self.months.setdefault(f"{row.sold_on:%Y-%m}" if row.sold_on else "", Sum()).add(row)

    def as_json(self) -> dict[str, Any]:
        usual = sorted(self.currencies, key=lambda one: (-self.currencies[one], one))
        return {
            "sales": self.sales,
            "currencies": [
                {
                    "currency": one,
                    "sales": self.currencies[one],
                    "amount": f"{self.amount[one]:.2f}",
                    "matched": f"{self.matched.get(one, Decimal(0)):.2f}",
                }
                for one in usual
            ],
            "months": [
                {"month": month, "sales": entry.sales, "amount": entry.money()}
                for month, entry in sorted(self.months.items())
            ],
        }


@dataclass(slots=True)
class Tally:
    """Everything that is added up on the way through the rows."""

    customers: set[int | None]
    stages: dict[str, Sum] = field(default_factory=lambda: {stage: Sum() for stage in funnel.STAGES})
    shown: Shown = field(default_factory=Shown)
    products: dict[str, Sum] = field(default_factory=dict)
    product_kinds: dict[str, tuple[str, str]] = field(default_factory=dict)  # family, kind
    families: dict[str, Sum] = field(default_factory=dict)
    companies: dict[int | None, Sum] = field(default_factory=dict)
    company_names: dict[int | None, str] = field(default_factory=dict)
    owners: dict[str, Sum] = field(default_factory=dict)
    months: dict[str, Sum] = field(default_factory=dict)
    sources: Counter[str] = field(default_factory=Counter)
    quality: Counter[str] = field(default_factory=Counter)
    assumed_quantity: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)

    def add(self, rows: list[RowValues], matches: Mapping[int, Sequence[MatchValues]]) -> None:
        for row in rows:
            self.stages[row.stage].add(row)
            if row.stage != funnel.NO_COMPANY:
                self.shown.add(row)
            self._look_at(row)
            if row.stage == funnel.MATCHED:
                self._add_matched(row, matches.get(row.pk, []))

    def _look_at(self, row: RowValues) -> None:
        self.quality["empty"] += not row.heading.strip()
        self.quality["long"] += len(row.heading) > LONG_HEADING
        self.quality["no_amount"] += not row.amount
        self.quality["no_currency"] += not row.currency

    def _add_matched(self, row: RowValues, found: Sequence[MatchValues]) -> None:
        of_families: dict[str, Decimal] = {}
        for match in found:
            self.products.setdefault(match.product, Sum()).add(row, match.quantity)
            self.product_kinds.setdefault(match.product, (match.family, match.kind))
            of_families[match.family] = of_families.get(match.family, Decimal(0)) + match.quantity
            if match.quantity_source == "default":
                self.quality["assumed"] += 1
                self.assumed_quantity += match.quantity
        for family, quantity in of_families.items():
            if family:
                self.families.setdefault(family, Sum()).add(row, quantity)
        self.quality["products"] += len(found)
        self.sources[row.source] += 1
        self._add_to_groups(row, sum(of_families.values(), Decimal(0)))

    def _add_to_groups(self, row: RowValues, quantity: Decimal) -> None:
        self.quantity += quantity
        if row.company_id in self.customers:
            self.companies.setdefault(row.company_id, Sum()).add(row, quantity)
            self.company_names[row.company_id] = row.company_name
        self.owners.setdefault(row.owner_name, Sum()).add(row, quantity)
        if row.sold_on:
            self.months.setdefault(f"{row.sold_on:%Y-%m}", Sum()).add(row, quantity)

    def as_json(self, noted: Mapping[str, int]) -> dict[str, Any]:
        """The shape of `Run.figures`; `noted` are the numbers of its "quality" that rows do not keep."""
        searched = [self.stages[stage] for stage in funnel.STAGES if stage not in funnel.WITHOUT_COMPANY]
        sales = {
            "total": sum(stage.sales for stage in self.stages.values()),
            "searched": sum(stage.sales for stage in searched),
            "matched": self.stages[funnel.MATCHED].sales,
        }
        amount = self._amounts(searched)
        return {
            "sales": sales,
            "stages": {
                name: {"sales": stage.sales, "amount": stage.money()} for name, stage in self.stages.items()
            },
            "amount": {
                currency: {name: f"{value:.2f}" for name, value in sums.items()}
                for currency, sums in amount.items()
            },
            "coverage": {"sales": _share(sales), "amount": _shares(amount)},
            **self._lists(),
            "shown": {**self.shown.as_json(), "products": self._most_named()},
            "quality": {**noted, **self._quality()},
            "sources": dict(self.sources),
        }

    def _lists(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "products": [
                {"name": name, "family": family, "kind": kind, **entry}
                for name, entry in _ranked(self.products)
                for family, kind in [self.product_kinds[name]]
            ],
            "families": [{"name": name, **entry} for name, entry in _ranked(self.families)],
            "customers": [
                {"id": key, "name": self.company_names[key], **entry}
                for key, entry in _ranked(self.companies)
            ],
            "owners": [{"name": name, **entry} for name, entry in _ranked(self.owners)],
            "months": [
                {"month": month, "sales": entry.sales, "amount": entry.money()}
                for month, entry in sorted(self.months.items())
            ],
        }

    def _most_named(self) -> list[dict[str, Any]]:
        """The products of most sales, of equally many by name, as the page has them."""
        named = nsmallest(MOST_ENTRIES, ((-one.sales, name) for name, one in self.products.items()))
        return [{"name": name, "sales": -count} for count, name in named]

    def _quality(self) -> dict[str, Any]:
        return {
            **{name: self.quality[name] for name in _QUALITY},
            "quantity": plain(self.quantity),
            "assumed_quantity": plain(self.assumed_quantity),
        }

    def _amounts(self, searched: list[Sum]) -> dict[str, dict[str, Decimal]]:
        """Money by currency: of all sales, of the searched ones, of the matched ones."""
        groups = {"total": [*self.stages.values()], "searched": searched, "matched": [self.stages["matched"]]}
        currencies = sorted({currency for stage in self.stages.values() for currency in stage.amount})
        return {
            currency: {
                name: sum((one.amount.get(currency, Decimal(0)) for one in group), Decimal(0))
                for name, group in groups.items()
            }
            for currency in currencies
        }


_QUALITY = ("empty", "long", "no_amount", "no_currency", "products", "assumed")


def _ranked(sums: Mapping[Any, Sum]) -> list[tuple[Any, dict[str, Any]]]:
    """The entries with the most sales."""
    first = sorted(sums.items(), key=lambda item: (-item[1].sales, -item[1].quantity, str(item[0])))
    return [(key, entry.as_json()) for key, entry in first[:MOST_ENTRIES]]


def _share(sums: Mapping[str, Decimal | int]) -> float | None:
    """What is matched of what was searched, with four places; None of nothing."""
    return round(float(sums["matched"]) / float(sums["searched"]), 4) if sums["searched"] > 0 else None


def _shares(amount: Mapping[str, Mapping[str, Decimal]]) -> dict[str, float]:
    """The shares by currency, where there is one."""
    shares = {currency: _share(sums) for currency, sums in amount.items()}
    return {currency: share for currency, share in shares.items() if share is not None}
