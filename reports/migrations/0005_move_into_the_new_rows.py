"""Schedules get rows of their own, runs their definition, and rows the sale as the copy knows it."""

from datetime import time

from django.db import migrations
from django.db.models import OuterRef, Subquery

_COPIED = (
    "heading",
    "company_id",
    "company_name",
    "person_name",
    "owner_name",
    "amount",
    "currency",
    "status",
    "sold_on",
)


def _rhythm(cron):
    """The values of a schedule row for a cron expression: a plain rhythm where it is one."""
    minute, hour, day, month, weekday = cron.split()
    if (
        minute.isdigit()
        and hour.isdigit()
        and (day, month) == ("*", "*")
        and int(minute) < 60
        and int(hour) < 24
    ):
        at = time(int(hour), int(minute))
        if weekday == "*":
            return {"rhythm": "daily", "at": at}
        if weekday == "1-5":
            return {"rhythm": "weekdays", "at": at}
        if weekday.isdigit():
            return {"rhythm": "weekly", "at": at, "weekday": int(weekday) % 7}
    return {"rhythm": "cron", "cron": cron}


def move(apps, schema_editor):
    report_model, schedule_model = (
        apps.get_model("reports", "Report"),
        apps.get_model("reports", "JobSchedule"),
    )
    for report in report_model.objects.exclude(cron=""):
        if len(report.cron.split()) == 5:
            schedule_model.objects.create(job="run_report", report=report, **_rhythm(report.cron))
    # What disappears from SuperOffice without a word is found by comparing all numbers.
    schedule_model.objects.create(job="read_all", rhythm="daily", at=time(5, 20))
    run_model = apps.get_model("reports", "Run")
    for run in run_model.objects.all():
        run.definition = {"scope": "newest", "limit": run.limit, "ordered_by": "number", "companies": "with"}
        run.expected_count = run.read_count
        run.data_at = run.finished_at
        run.save(update_fields=["definition", "expected_count", "data_at"])
    # An unfinished run of the old kind has no cursor that the new kind could go on from.
    run_model.objects.filter(status__in=["queued", "running"]).update(status="cancelled")
    sale = apps.get_model("reports", "Sale").objects.filter(pk=OuterRef("sale"))
    copied = {name: Subquery(sale.values(name)[:1]) for name in _COPIED}
    apps.get_model("reports", "Row").objects.update(**copied)
    apps.get_model("reports", "Row").objects.filter(stage="matched").update(source="heading")


class Migration(migrations.Migration):
    dependencies = [("reports", "0004_local_copy_and_definitions")]
    operations = [migrations.RunPython(move, migrations.RunPython.noop)]
