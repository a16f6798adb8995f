"""The tenant's product families, or the products of its price lists."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from connector.database import prepare_database
from connector.services import current_connection
from connector.superoffice.client import Client
from reports import terminal
from reports.export import Cell

FAMILY_COLUMNS = ("FamilyId", "Name", "Description")
PRODUCT_COLUMNS = ("ProductId", "Name", "Code", "FamilyName", "ListPrice", "Currency")


class Command(BaseCommand):
    help = "Lists the product families of the tenant, or with --products what its price lists hold."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--products", action="store_true", help="the products instead of the families")
        terminal.add_output_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        prepare_database(current_connection)
        read, columns = (_products, PRODUCT_COLUMNS) if options["products"] else (_families, FAMILY_COLUMNS)
        with terminal.tenant() as client:
            rows = list(read(client))
        terminal.write(columns, rows, options, self.stdout)
        if not rows:
            what, where = ("product", "in a price list") if options["products"] else _NO_FAMILY
            terminal.explain(
                f"No {what} came back: 0 read. Either the tenant keeps none {where} "
                "(with an ERP connector they live there), or this user may not see the list."
            )


_NO_FAMILY = ("product family", "in its own list")


def _families(client: Client) -> Iterator[tuple[Cell, ...]]:
    for family in client.product_families():
        yield family.id, family.name, family.tooltip


def _products(client: Client) -> Iterator[tuple[Cell, ...]]:
    for page in client.products():
        for one in page:
            yield one.id, one.name, one.code, one.family_name, one.list_price, one.currency
