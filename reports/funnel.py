"""Where each sale went, and why: every sale in exactly one stage."""

from collections.abc import Iterator
from dataclasses import dataclass

from connector.superoffice.client import Client
from connector.superoffice.types import Sale
from reports.matching import Matcher, Result

NO_COMPANY, COMPANY_UNREADABLE = "no_company", "company_unreadable"
# In the order in which a sale is asked; the last one is the goal. Matcher's own statuses are stages too.
STAGES = (NO_COMPANY, COMPANY_UNREADABLE, "empty_heading", "excluded", "unmatched", "matched")
PAGE_SIZE = 1000  # what SuperOffice recommends


@dataclass(frozen=True, slots=True)
class Placement:
    """One sale and its stage; `result` tells what was found, also where it did not count."""

    sale: Sale
    stage: str
    result: Result

    @property
    def has_company(self) -> bool:
        return self.stage != NO_COMPANY

    @property
    def products(self) -> str:
        return "; ".join(match.product for match in self.result.matches)

    @property
    def quantities(self) -> str:
        return "; ".join(str(match.quantity) for match in self.result.matches)


def place(sale: Sale, matcher: Matcher) -> Placement:
    """Put `sale` into its stage. What a company's absence hides is still searched, for the explanation."""
    result = matcher.match(sale.heading)
    if sale.company_id is None:
        return Placement(sale, NO_COMPANY, result)
    if not sale.company_name:
        return Placement(sale, COMPANY_UNREADABLE, result)
    return Placement(sale, result.status, result)


def newest_placements(
    client: Client, matcher: Matcher, limit: int, *, below: int | None = None
) -> Iterator[list[Placement]]:
    """Pages of the newest sales, newest first, until `limit` of them had a company or there are no more.

    `below` continues an earlier walk: only sales with a smaller id. Sales without a company are in the
    pages too, so that they can be counted.
    """
    missing = limit
    if missing <= 0:
        return
    for page in client.newest_sales(page_size=min(PAGE_SIZE, limit), below=below):
        placements: list[Placement] = []
        for sale in page:
            placement = place(sale, matcher)
            placements.append(placement)
            missing -= placement.has_company
            if not missing:
                break
        yield placements
        if not missing:
            return


def counted(placements: list[Placement], counts: dict[str, int]) -> dict[str, int]:
    """`counts` (by stage) with one page more."""
    total = {stage: counts.get(stage, 0) for stage in STAGES}
    for placement in placements:
        total[placement.stage] += 1
    return total
