"""Try a keyword list on headings, both from files: what is found, how many, why, and what nearly was."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from reports import terminal
from reports.export import Cell
from reports.keyword_lists.trial_files import BadFile, Heading, headings_of, keywords_of
from reports.matching import Match, Matcher, Reason, Result

COLUMNS = ("Id", "Heading", "Status", "Products", "Quantities", "QuantitySources", "Tags", "Reasons", "Flags")


class Command(BaseCommand):
    help = "Finds the keywords of a list file in the headings of a file. Asks neither the database nor SuperOffice."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("headings", type=Path, help='CSV in UTF-8 with a column "heading"')
        parser.add_argument(
            "--keywords",
            type=Path,
            required=True,
            help="CSV in UTF-8, as the keywords page exports and imports it",
        )
        parser.add_argument(
            "--json", action="store_const", const="json", dest="format", help="the same as --format json"
        )
        terminal.add_output_arguments(parser)

    @no_translations
    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            matcher = Matcher(keywords_of(options["keywords"]))
            found = [(heading, matcher.match(heading.text)) for heading in headings_of(options["headings"])]
        except BadFile as error:
            raise CommandError(str(error)) from error
        keywords = {keyword.id: keyword.text for keyword in matcher.keywords.values()}
        if options["format"] == "json":
            terminal.write_json([told(*one, keywords) for one in found], options, self.stdout)
        else:
            terminal.write(COLUMNS, _rows(found), options, self.stdout)
        matched = sum(result.status == "matched" for _heading, result in found)
        terminal.explain(f"{len(found)} headings read, {matched} of them matched; {len(keywords)} keywords.")


def told(heading: Heading, result: Result, keywords: dict[int, str]) -> dict[str, Any]:
    """One heading as JSON. Spans are [start, end] in the heading; `keyword` is the text of the list."""
    return {
        "id": heading.id,
        "heading": heading.text,
        "status": result.status,
        "matches": [_match(match, keywords) for match in result.matches],
        "tags": [_match(match, keywords) for match in result.tags],
        "reasons": [_reason(reason, keywords) for reason in result.rejected],
        "flags": list(result.flags),
    }


def _match(match: Match, keywords: dict[int, str]) -> dict[str, Any]:
    return {
        "product": match.product,
        "family": match.family,
        "kind": match.kind,
        "quantity": match.quantity,
        "quantity_source": match.quantity_source,
        "span": list(match.spans[0]),
        "spans": [list(span) for span in match.spans],
        "text": match.text,
        "keyword": keywords[match.keyword_id],
        "line": match.keyword_id,
    }


def _reason(reason: Reason, keywords: dict[int, str]) -> dict[str, Any]:
    return {
        "rule": reason.rule,
        "product": reason.product,
        "span": [reason.start, reason.end],
        "text": reason.text,
        "keyword": keywords[reason.keyword_id],
        "line": reason.keyword_id,
    }


def _rows(found: list[tuple[Heading, Result]]) -> Iterator[tuple[Cell, ...]]:
    for heading, result in found:
        yield (
            heading.id,
            heading.text,
            result.status,
            "; ".join(match.product for match in result.matches),
            "; ".join(str(match.quantity) for match in result.matches),
            "; ".join(match.quantity_source for match in result.matches),
            "; ".join(tag.product for tag in result.tags),
            "; ".join(f"{reason.text}: {reason.rule}" for reason in result.rejected),
            "; ".join(result.flags),
        )
