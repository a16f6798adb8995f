"""The newest sales straight from SuperOffice, without the local copy, each in its stage."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

from connector.problems import problem_code
from connector.superoffice.client import Client
from connector.superoffice.errors import Refused, Unauthorized
from connector.superoffice.goods import MOST_SALES, QuoteLine, lines_that_count
from connector.superoffice.types import Sale
from reports.matching import Matcher
from reports.runs.funnel import Placement, Subject, place_many

PAGE_SIZE = 1000  # what SuperOffice recommends


class Quotes:
    """The lines of quotes that count, asked for when the first sale with a quote comes.

    `problem` is the code of why there are none; empty while SuperOffice tells them.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.problem = ""
        self.line_count = 0

    def of(self, sales: Sequence[Sale]) -> dict[int, list[QuoteLine]]:
        """By sale, in the order of the quote. A tenant may have no quotes, or keep them from us: no failure."""
        numbers = [sale.id for sale in sales if sale.has_quote]
        if not numbers or self.problem:
            return {}
        try:
            return self._read(numbers)
        except Unauthorized:
            raise
        except Refused as error:
            self.problem = problem_code(error)
            return {}

    def _read(self, numbers: Sequence[int]) -> dict[int, list[QuoteLine]]:
        found: defaultdict[int, list[QuoteLine]] = defaultdict(list)
        for start in range(0, len(numbers), MOST_SALES):
            pages = self._client.quote_lines_after(sale_ids=numbers[start : start + MOST_SALES])
            for line in lines_that_count((line for page in pages for line in page), self._alternatives):
                found[line.sale_id or 0].append(line)
                self.line_count += 1
        return {sale: sorted(lines, key=lambda line: (line.rank, line.id)) for sale, lines in found.items()}

    @cached_property
    def _alternatives(self) -> dict[int, int]:
        return self._client.current_alternatives()


def newest_placements(
    client: Client, matcher: Matcher, limit: int, *, quotes: Quotes | None = None
) -> Iterator[list[tuple[Sale, Placement]]]:
    """Pages of the newest sales, newest first, until `limit` of them had a company or there are no more.

    Without `quotes` only headings are searched. Sales without a company are in the pages too, so that they can be
    counted.
    """
    missing = limit
    if missing <= 0:
        return
    for page in client.newest_sales(page_size=min(PAGE_SIZE, limit)):
        sales = _wanted(page, missing)
        lines = quotes.of(sales) if quotes else {}
        subjects = [Subject.of(sale, lines=lines.get(sale.id, ())) for sale in sales]
        yield list(zip(sales, place_many(subjects, matcher), strict=True))
        missing -= sum(sale.company_id is not None for sale in sales)
        if not missing:
            return


def _wanted(page: Sequence[Sale], missing: int) -> list[Sale]:
    """The page up to the sale with which nothing is missing any more."""
    for place, sale in enumerate(page, start=1):
        missing -= sale.company_id is not None
        if not missing:
            return list(page[:place])
    return list(page)
