"""What the worker runs for reports; each takes ids only."""

from datetime import datetime

from django.utils import timezone

from connector.context import job_context
from reports import services
from reports.models import Report


def work_on_run(run_id: int) -> None:
    with job_context("run"):
        services.work_on_run(run_id)


def scheduled_run(report_id: int, intended_at: str) -> None:
    """`intended_at`: the planned moment in ISO form; the same moment never runs twice."""
    with job_context("schedule"):
        report = Report.objects.filter(pk=report_id).first()
        if report is not None:
            services.start_run(report=report, intended_at=datetime.fromisoformat(intended_at))


def sweep() -> None:
    with job_context("sweep"):
        services.sweep(timezone.now())
