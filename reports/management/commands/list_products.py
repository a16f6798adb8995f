"""The tenant's product families."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from connector.database import prepare_database
from connector.services import current_connection
from reports import terminal

COLUMNS = ("FamilyId", "Name", "Description")


class Command(BaseCommand):
    help = "Lists the product families of the tenant."

    def add_arguments(self, parser: CommandParser) -> None:
        terminal.add_output_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        prepare_database(current_connection)
        with terminal.tenant() as client:
            families = client.product_families()
        rows = [(family.id, family.name, family.tooltip) for family in families]
        terminal.write(COLUMNS, rows, options, self.stdout)
        if not rows:
            terminal.explain(
                "No product family came back: 0 read. Either the tenant keeps none in its own list "
                "(with an ERP connector they live there), or this user may not see the list."
            )
