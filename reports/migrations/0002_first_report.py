"""A new installation starts with one report."""

from django.db import migrations


def add(apps, schema_editor):
    apps.get_model("reports", "Report").objects.get_or_create(
        name="Kunden und Produkte", defaults={"limit": 1000, "cron": "0 6 * * *"}
    )


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
