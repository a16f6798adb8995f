"""`python manage.py demo_data`: the demo's users, when the demo tenant is in use."""

from typing import Any

from django.core.management.base import BaseCommand

from config.demo_data import keep_demo_users, load_demo_data, tenant_is_demo
from connector.roles import grant_administrator_permissions


class Command(BaseCommand):
    help = "Make the demo's users where the demo tenant is in use; lock them out where another one is."

    def handle(self, *_args: Any, **options: Any) -> None:
        grant_administrator_permissions()
        if tenant_is_demo():
            load_demo_data()
            said = "The demo data is complete."
        else:
            said = "The demo tenant is not in use: there are no demo logins."
        keep_demo_users()
        if options["verbosity"] > 0:
            self.stdout.write(said)
