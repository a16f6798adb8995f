"""The numbers of a run, counted once when it ends, so that they stay when its rows are removed.

`Run.figures`, with amounts and quantities as texts ("12400.00", "3"), so that JSON loses no cent; money is never
added up across currencies. "Matched" sales are those in the stage of that name, "searched" ones those in which a
product was looked for: all but those without a readable company.

    sales       {"total": n, "searched": n, "matched": n}
    stages      {stage: {"sales": n, "amount": {currency: text}}}
    amount      {currency: {"total": text, "searched": text, "matched": text}}
    coverage    {"sales": share, "amount": {currency: share}}       matched of searched, 0 to 1; no entry for zero
    products    [{"name", "family", "kind", "sales": n, "quantity": text, "amount": {currency: text}}, …]
    families    [{"name", "sales", "quantity", "amount"}, …]
    customers   [{"id", "name", "sales", "quantity", "amount"}, …]
    owners      [{"name", "sales", "quantity", "amount"}, …]
    months      [{"month": "2026-11", "sales": n, "amount": {…}}, …]  of matched sales by sale date, oldest first
    shown       {"sales": n, "products": [{"name", "sales": n}, …], "customers": [{"name", "sales": n}, …],
                 "currencies": [{"currency", "sales": n, "amount": text, "matched": text}, …],
                 "months": [{"month", "sales": n, "amount": {…}}, …]}
    quality     {"mojibake", "conflicts", "empty", "long", "no_amount", "no_currency": numbers of sales,
                 "products": n, "assumed": n, "quantity": text, "assumed_quantity": text}
    sources     {source: n}                                          of matched sales

"shown" is what the page of the run shows while nothing is filtered, so that it says the same when the rows are
gone: all sales but those in the stage "no_company". Its lists have the most sales first, of equally many by name,
50 entries at most, but all currencies and all months ("" for sales without a date). Runs of earlier releases
do not have it.

The four lists are of matched sales, the most sales first, 50 entries at most. The amount of a sale stands with
each of its products and families whole: their sums are not the sum of the sales. "long" headings have more than
200 characters, "assumed" products a quantity that nobody wrote.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from typing import Any

from django.db.models import Count
from django.utils import timezone

from connector.heartbeat import beat
from reports import claims
from reports.models import Match, Row, Run
from reports.runs import funnel
from reports.runs.funnel import Placement
from reports.runs.tally import MOST_ENTRIES, MatchValues, RowValues, Tally

CHUNK = 5000
NOTED = {"mojibake": "mojibake_repaired", "conflicts": "conflict"}  # ours -> the matcher's flag


def noted(figures: Mapping[str, Any], placements: Iterable[Placement]) -> dict[str, Any]:
    """Unfinished figures with what only the placements know: flags that rows do not keep."""
    seen = Counter(flag for placement in placements for flag in placement.result.flags)
    known = figures.get("quality", {})
    return {"quality": {name: known.get(name, 0) + seen[flag] for name, flag in NOTED.items()}}


def concluded(run: Run) -> tuple[dict[str, Any], str]:
    """Figures and checksum of a run whose rows are all there. Memory does not grow with the rows.

    The checksum is the SHA-256, in hexadecimal digits, over one line of JSON per row (see `canonical`), by rising
    number of the sale. Raises LostClaim.
    """
    tally = Tally(customers=_most_frequent_customers(run))
    digest = hashlib.sha256()
    for rows in _chunks(run):
        for row in rows:
            digest.update(canonical(row))
        tally.add(rows, _matches_of(rows))
        # No `progressed`: a run that dies here each time has to end some day.
        now = timezone.now()
        claims.change(run, alive_at=now, lease_until=now + claims.LEASE)
        beat("reports")
    found = tally.as_json(run.figures.get("quality", dict.fromkeys(NOTED, 0)))
    found["shown"]["customers"] = _shown_customers(run)
    return found, digest.hexdigest()


def canonical(row: RowValues) -> bytes:
    """One row as the checksum takes it: a JSON list of all but the key, and a line break."""
    values = [
        *row[1:9],
        f"{row.amount:.2f}",
        *row[10:12],
        row.sold_on.isoformat() if row.sold_on else None,
        *row[13:],
    ]
    return json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _chunks(run: Run) -> Iterator[list[RowValues]]:
    """The rows of a run by rising sale number."""
    rows = Row.objects.filter(run=run).order_by("sale_number").values_list(*RowValues._fields)
    last = -1
    while chunk := [RowValues(*values) for values in rows.filter(sale_number__gt=last)[:CHUNK]]:
        yield chunk
        last = chunk[-1].sale_number


def _matches_of(rows: list[RowValues]) -> dict[int, list[MatchValues]]:
    """Products and services by the key of their row."""
    found: dict[int, list[MatchValues]] = {}
    matches = Match.objects.filter(row__in=[row.pk for row in rows if row.stage == funnel.MATCHED])
    wanted = ("row_id", *MatchValues._fields)
    for row_pk, *match in matches.exclude(kind="tag").order_by("pk").values_list(*wanted):
        found.setdefault(row_pk, []).append(MatchValues(*match))
    return found


def _shown_customers(run: Run) -> list[dict[str, Any]]:
    """The customers with most sales by name, with a product or without. The database counts, Python orders: names
    of equally many sales stand as on the page, whatever the database's alphabet is.
    """
    shown = Row.objects.filter(run=run).exclude(stage=funnel.NO_COMPANY).exclude(company_name="")
    counted = shown.order_by().values_list("company_name").annotate(count=Count("pk"))
    named = nsmallest(MOST_ENTRIES, ((-count, name) for name, count in counted.iterator(chunk_size=CHUNK)))
    return [{"name": name, "sales": -count} for count, name in named]


def _most_frequent_customers(run: Run) -> set[int | None]:
    """Only these are added up: a tenant may have more customers than fit into memory."""
    matched = Row.objects.filter(run=run, stage=funnel.MATCHED).values("company_id")
    ranked = matched.annotate(sale_count=Count("pk")).order_by("-sale_count", "company_id")
    return set(ranked.values_list("company_id", flat=True)[:MOST_ENTRIES])
