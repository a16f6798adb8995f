"""The newest sales that have a company, with the products of their quotes and headings."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connector.database import prepare_database
from connector.problems import problem_of
from connector.superoffice.client import Client
from connector.superoffice.types import Sale as Read
from reports import terminal
from reports.export import COLUMNS, Cell
from reports.keyword_lists.keywords import current_list, matcher_of
from reports.matching import Matcher
from reports.models import Sale
from reports.runs import funnel
from reports.runs.funnel import Placement
from reports.runs.newest import Quotes, newest_placements


class Command(BaseCommand):
    help = (
        "Reads the newest sales from SuperOffice with the lines of their quotes, finds the products and writes one row "
        "per sale. A quote decides; without one, the heading does."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--limit", type=int, default=1000, help="so many sales that have a company (default 1000)"
        )
        parser.add_argument("--matched-only", action="store_true", help="leave out sales without a product")
        parser.add_argument(
            "--headings-only",
            action="store_true",
            help="do not read quotes: headings alone decide, in fewer calls",
        )
        terminal.add_output_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["limit"] < 1:
            raise CommandError("--limit must be 1 or more.")
        prepare_database(current_list)
        matcher = matcher_of(current_list())
        report = _Report(matcher, options["limit"], matched_only=options["matched_only"])
        with terminal.tenant() as client:
            report.quotes = None if options["headings_only"] else Quotes(client)
            terminal.write(COLUMNS, report.rows(client), options, self.stdout)
        terminal.explain(*report.words())


class _Report:
    """The walk over the sales; counts on its way what it leaves out."""

    def __init__(self, matcher: Matcher, limit: int, *, matched_only: bool) -> None:
        self.matcher, self.limit, self.matched_only = matcher, limit, matched_only
        self.quotes: Quotes | None = None
        self.counts: dict[str, int] = {}
        self.row_count = 0

    def rows(self, client: Client) -> Iterator[tuple[Cell, ...]]:
        labels = {value: str(label) for value, label in Sale.Status.choices}
        for page in newest_placements(client, self.matcher, self.limit, quotes=self.quotes):
            self.counts = funnel.counted((placement for _sale, placement in page), self.counts)
            for sale, placement in page:
                if placement.has_company and (placement.stage == funnel.MATCHED or not self.matched_only):
                    self.row_count += 1
                    yield row_of(sale, placement, labels)

    def words(self) -> list[str]:
        """What was read and where it went; the numbers add up."""
        counts = {stage: self.counts.get(stage, 0) for stage in funnel.STAGES}
        summary = (
            f"{sum(counts.values())} sales read: {counts['matched']} with a product, {counts['unmatched']} without a "
            f"match, {counts['negated']} whose products are negated or hidden, {counts['empty_heading']} without a "
            f"heading, {counts['excluded']} excluded by a keyword, "
            f"{counts['no_company']} without a company, {counts['company_unreadable']} whose company is not readable. "
            f"{self.row_count} rows written."
        )
        words = [summary, self._of_quotes()]
        return words if self.row_count else [*words, self._why_empty(counts)]

    def _of_quotes(self) -> str:
        if self.quotes is None:
            return "Headings only: lines of quotes were not used."
        if self.quotes.problem:
            why = problem_of(self.quotes.problem).for_administrators
            return f"Headings only: SuperOffice told no lines of quotes. {why}"
        return f"{self.quotes.line_count} lines of quotes read."

    def _why_empty(self, counts: dict[str, int]) -> str:
        if not sum(counts.values()):
            return (
                "Nothing to report: SuperOffice returned no sale. This user may see none, or there are none."
            )
        if counts["no_company"] == sum(counts.values()):
            return "Nothing to report: none of the sales has a company."
        return "Nothing to report: no heading contains a keyword of the list. Look at the keyword list."


def row_of(sale: Read, placement: Placement, labels: dict[str, str]) -> tuple[Cell, ...]:
    """The cells of COLUMNS. Products and quantities stand only where they count; `labels` name the statuses."""
    return (
        sale.id,
        sale.company_name,
        sale.heading,
        placement.products,
        placement.quantities,
        labels.get(sale.status, sale.status),
        sale.amount,
        sale.currency,
        sale.date,
        sale.owner_name,
    )
