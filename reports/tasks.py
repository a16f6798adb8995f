"""What the worker runs for reports; each takes ids only."""

from datetime import datetime

from django.utils import timezone

from connector.context import job_context
from reports.downloads import preparing
from reports.local_copy import sync
from reports.result_mails import result_mail
from reports.runs import services
from reports.schedules import occurrences


def work_on_run(run_id: int) -> None:
    with job_context("run"):
        services.work_on_run(run_id)


def work_on_sync(sync_id: int) -> None:
    with job_context("sync"):
        sync.work_on_sync(sync_id)


def work_on_download(download_id: int) -> None:
    with job_context("download"):
        preparing.work_on_download(download_id)


def prune_downloads() -> None:
    with job_context("prune"):
        preparing.prune(timezone.now())


def scheduled_job(schedule_id: int, intended_at: str) -> None:
    """`intended_at`: the planned moment in ISO form; the same moment never starts anything twice."""
    with job_context("schedule"):
        occurrences.start_job(schedule_id, datetime.fromisoformat(intended_at), timezone.now())


def mail_result(occurrence_id: int) -> None:
    """In the mail cluster: a mail server may take its time."""
    with job_context("result-mail"):
        result_mail.mail_result(occurrence_id, timezone.now())


def sweep() -> None:
    with job_context("sweep"):
        now = timezone.now()
        services.sweep(now)
        preparing.sweep(now)
        occurrences.watch(now)
        result_mail.sweep(now)
