"""What ran, what did not, and what left the house: the newest of everything in one list."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _

from connector.models import Connection
from reports.models import Download, Occurrence, Run, Sync, Work


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `work` is the run, reading or download; None: nothing started at `at`, as planned in `missed`.

    `count` is a number of sales or rows. `by` is None where a schedule began it.
    """

    at: datetime
    kind: str
    name: str
    url: str
    count: int | None
    by: User | None
    work: Work | None
    missed: Occurrence | None = None


def newest_entries(connection: Connection | None, count: int) -> list[Entry]:
    """The newest `count` entries, newest first. Four queries."""
    runs = Run.objects.select_related("report", "started_by").newest_first()
    syncs = Sync.objects.of_tenant(connection).select_related("started_by").newest_first()
    downloads = Download.objects.select_related("run__report", "started_by").newest_first()
    entries = [
        *map(_of_run, runs[:count]),
        *map(_of_sync, syncs[:count]),
        *map(_of_download, downloads[:count]),
        *map(_of_missed, _missed(count)),
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:count]


def _missed(count: int) -> list[Occurrence]:
    missed = Occurrence.objects.missed().filter(started_at=None).select_related("schedule__report")
    return list(missed.order_by("-planned_at")[:count])


def _of_run(run: Run) -> Entry:
    url = reverse("run", args=[run.pk])
    at = run.started_at or run.queued_at
    return Entry(at, _("Run"), run.report.name, url, run.read_count, run.started_by, run)


def _of_sync(sync: Sync) -> Entry:
    at = sync.started_at or sync.queued_at
    kind, name = _("Reading from SuperOffice"), str(sync.get_kind_display())
    return Entry(at, kind, name, reverse("sales"), sync.read_count, sync.started_by, sync)


def _of_download(download: Download) -> Entry:
    at = download.started_at or download.queued_at
    url = reverse("run", args=[download.run_id]) if download.run_id else reverse("downloads")
    return Entry(at, _("Download"), download.name, url, download.row_count, download.started_by, download)


def _of_missed(occurrence: Occurrence) -> Entry:
    schedule = occurrence.schedule
    name = schedule.report.name if schedule.report else str(schedule.get_job_display())
    url = reverse("schedules")
    return Entry(occurrence.planned_at, _("Schedule"), name, url, None, None, None, missed=occurrence)
