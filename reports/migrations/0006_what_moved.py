"""What 0005 has moved elsewhere."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reports", "0005_move_into_the_new_rows")]
    operations = [
        migrations.RemoveField(model_name="report", name="cron"),
        migrations.RemoveField(model_name="run", name="last_sale_id"),
        migrations.RemoveField(model_name="run", name="limit"),
    ]
