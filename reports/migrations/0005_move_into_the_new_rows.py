"""Schedules get rows of their own, runs their definition, and rows the sale as the copy knows it."""

import re
import sys
from datetime import datetime, time, timedelta
from itertools import pairwise

from croniter import CroniterError, croniter
from django.db import migrations
from django.db.models import F, OuterRef, Subquery

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


PORTION = 20_000  # rows changed by one statement
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELD = re.compile(
    r"(?:[\d*,/#-]|L|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)+",
    re.IGNORECASE,
)
_EACH_FEW_MINUTES = re.compile(r"\*(?:/0*(?:[1-9]|1[0-4]))?")
_LEAST_DISTANCE = timedelta(minutes=15)


def _is_good(cron):
    """Whether a schedule may have this expression: it comes at some time, and every 15 minutes at most."""
    if not all(_FIELD.fullmatch(field) for field in cron.split()):
        return False
    found = []
    try:
        moments = croniter(cron, datetime(2026, 1, 1))  # noqa: DTZ001 # the clock on the wall
        while len(found) < 97:  # a whole day of quarters of an hour, and the step to the next
            found.append(moments.get_next(datetime))
    except CroniterError:
        pass  # no more come, or it means nothing
    return bool(found) and all(after - before >= _LEAST_DISTANCE for before, after in pairwise(found))


def schedule_of(cron):
    """The values of a schedule row for an expression of the old kind, None where it has no such row, and what is
    to be said about it."""
    cron = _NAMED.get(cron.strip().lower(), " ".join(cron.split()))
    if len(cron.split()) != 5:
        return None, "has no schedule now"
    if _is_good(cron):
        return _rhythm(cron), ""
    minute, _blank, rest = cron.partition(" ")
    if _EACH_FEW_MINUTES.fullmatch(minute) and _is_good(f"*/15 {rest}"):
        return {"rhythm": "cron", "cron": f"*/15 {rest}"}, "runs every 15 minutes now, which is the most"
    return {"rhythm": "cron", "cron": cron, "is_active": False}, "is switched off: it came too often or never"


def _rhythm(cron):
    """The values of a schedule row for a good expression: a plain rhythm where it is one."""
    minute, hour, day, month, weekday = cron.split()
    if minute.isdigit() and hour.isdigit() and (day, month) == ("*", "*"):
        at = time(int(hour), int(minute))
        if weekday == "*":
            return {"rhythm": "daily", "at": at}
        if weekday == "1-5":
            return {"rhythm": "weekdays", "at": at}
        if weekday.isdigit():
            return {"rhythm": "weekly", "at": at, "weekday": int(weekday) % 7}
    return {"rhythm": "cron", "cron": cron}


def move(apps, schema_editor):
    _move_schedules(apps)
    for runs in _portions(apps.get_model("reports", "Run")):
        for limit in list(runs.order_by().values_list("limit", flat=True).distinct()):
            asked = {"scope": "newest", "limit": limit, "ordered_by": "number", "companies": "with"}
            runs.filter(limit=limit).update(
                definition=asked, expected_count=F("read_count"), data_at=F("finished_at")
            )
        # An unfinished run of the old kind has no cursor that the new kind could go on from.
        runs.filter(status__in=["queued", "running"]).update(status="cancelled")
    sale = apps.get_model("reports", "Sale").objects.filter(pk=OuterRef("sale"))
    copied = {name: Subquery(sale.values(name)[:1]) for name in _COPIED}
    for rows in _portions(apps.get_model("reports", "Row")):
        rows.update(**copied)
        rows.filter(stage="matched").update(source="heading")


def _move_schedules(apps):
    report_model, schedule_model = (
        apps.get_model("reports", "Report"),
        apps.get_model("reports", "JobSchedule"),
    )
    for report in report_model.objects.exclude(cron="").order_by("pk"):
        values, said = schedule_of(report.cron)
        if values is not None:
            schedule_model.objects.create(job="run_report", report=report, **values)
        if said:
            sys.stdout.write(f'\n    Report "{report.name}" ({report.cron}) {said}.')
    # What disappears from SuperOffice without a word is found by comparing all numbers.
    schedule_model.objects.create(job="read_all", rhythm="daily", at=time(5, 20))


def _portions(model):
    """All rows, each in one of the query sets; each is a stretch of the key with PORTION rows at most."""
    keys, last = model.objects.order_by("pk").values_list("pk", flat=True), 0
    while True:
        end = keys.filter(pk__gt=last)[PORTION - 1 : PORTION].first()
        yield (
            model.objects.filter(pk__gt=last)
            if end is None
            else model.objects.filter(pk__gt=last, pk__lte=end)
        )
        if end is None:
            return
        last = end


class Migration(migrations.Migration):
    dependencies = [("reports", "0004_local_copy_and_definitions")]
    operations = [migrations.RunPython(move, migrations.RunPython.noop)]
