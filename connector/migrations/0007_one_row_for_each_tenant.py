"""At most one automatic connection is in use; another tenant gets a row of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connector", "0006_settings_version"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="connection",
            name="one_connection_per_automatic_origin",
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.UniqueConstraint(
                condition=models.Q(models.Q(("origin", "admin"), _negated=True), ("is_active", True)),
                fields=("origin",),
                name="one_connection_per_automatic_origin",
            ),
        ),
    ]
