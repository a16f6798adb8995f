"""What report tests share: a report, and a finished run over the demo tenant's sales."""

import pytest
from pytest_django import Settings

from connector.models import Connection
from reports.models import Report, Run
from reports.runs import services


@pytest.fixture(autouse=True)
def _quick_tenant(settings: Settings) -> None:
    """The demo tenant stands more calls a second than a real one should be asked."""
    settings.SUPEROFFICE_CALLS_PER_SECOND = 1000


@pytest.fixture
def report(db: None) -> Report:
    return Report.objects.create(name="Test report", limit=100)


@pytest.fixture
def finished_run(report: Report, connection: Connection) -> Run:
    """A run over the newest 100 sales that have a company."""
    run = services.start_run(report=report)
    assert run is not None
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED, run.problem_detail
    return run
