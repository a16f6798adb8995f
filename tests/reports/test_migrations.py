"""Data of the first version arrive in the new tables: rhythms as schedules, results with the sale as it was."""

import importlib
from collections.abc import Iterator
from datetime import time
from typing import Any

import pytest
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

MOVE = importlib.import_module("reports.migrations.0005_move_into_the_new_rows")


def migrate(name: str) -> Any:
    executor = MigrationExecutor(database)
    executor.migrate([("reports", name)])
    return MigrationExecutor(database).loader.project_state([("reports", name)]).apps


@pytest.fixture
def before(transactional_db: None) -> Iterator[Any]:
    """The tables as they are right before the data move."""
    apps = migrate("0004_local_copy_and_definitions")
    apps.get_model("reports", "Report").objects.all().delete()
    apps.get_model("reports", "JobSchedule").objects.all().delete()
    yield apps
    executor = MigrationExecutor(database)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.once
@pytest.mark.parametrize(
    ("cron", "expected", "said"),
    [
        ("0 6 * * *", {"rhythm": "daily", "at": time(6)}, ""),
        ("30 7 * * 7", {"rhythm": "weekly", "at": time(7, 30), "weekday": 0}, ""),
        ("0 6 * * 1-5", {"rhythm": "weekdays", "at": time(6)}, ""),
        ("*/20 * * * *", {"rhythm": "cron", "cron": "*/20 * * * *"}, ""),
        ("0 0 29 2 *", {"rhythm": "cron", "cron": "0 0 29 2 *"}, ""),
        ("* 6-18 * * *", {"rhythm": "cron", "cron": "*/15 6-18 * * *"}, "every 15 minutes"),
        ("*/5 * * * 1-5", {"rhythm": "cron", "cron": "*/15 * * * 1-5"}, "every 15 minutes"),
        ("*/14 6 * * *", {"rhythm": "cron", "cron": "*/15 6 * * *"}, "every 15 minutes"),
        ("0,5 6 * * *", {"rhythm": "cron", "cron": "0,5 6 * * *", "is_active": False}, "switched off"),
        ("*/25 * * * *", {"rhythm": "cron", "cron": "*/25 * * * *", "is_active": False}, "switched off"),
        ("R * * * *", {"rhythm": "cron", "cron": "R * * * *", "is_active": False}, "switched off"),
        ("0 0 30 2 *", {"rhythm": "cron", "cron": "0 0 30 2 *", "is_active": False}, "switched off"),
        ("0 6 * * 9", {"rhythm": "cron", "cron": "0 6 * * 9", "is_active": False}, "switched off"),
        ("@daily", {"rhythm": "daily", "at": time(0)}, ""),
        ("@hourly", {"rhythm": "cron", "cron": "0 * * * *"}, ""),
        ("@reboot", None, "no schedule"),
        ("0 6 * * * 30", None, "no schedule"),
    ],
)
def test_a_rhythm_is_kept_or_said(cron: str, expected: dict[str, Any] | None, said: str) -> None:
    values, words = MOVE.schedule_of(cron)
    assert values == expected
    assert said in words
    assert bool(said) == bool(words)


@pytest.mark.django_db(transaction=True)
def test_each_report_keeps_its_schedule_and_what_cannot_stay_is_printed(
    before: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    crons = {"Daily": "0 6 * * *", "Each minute": "* * * * *", "Seconds": "0 6 * * * 30", "By hand": ""}
    for name, cron in crons.items():
        before.get_model("reports", "Report").objects.create(name=name, cron=cron)
    MOVE.move(before, None)
    output = capsys.readouterr().out
    made = before.get_model("reports", "JobSchedule").objects.exclude(report=None).order_by("pk")
    assert [(row.report.name, row.rhythm, row.cron, row.is_active) for row in made] == [
        ("Daily", "daily", "", True),
        ("Each minute", "cron", "*/15 * * * *", True),
    ]
    for name, cron in crons.items():
        assert (f'"{name}" ({cron})' in output) == (name in {"Each minute", "Seconds"})


@pytest.mark.django_db(transaction=True)
def test_all_rows_and_runs_move_in_portions(before: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MOVE, "PORTION", 3)
    models = {
        name: before.get_model("reports", name) for name in ("Report", "KeywordList", "Run", "Sale", "Row")
    }
    report = models["Report"].objects.create(name="Old one")
    words = models["KeywordList"].objects.create(version=900)
    runs = [
        models["Run"].objects.create(
            report=report,
            keyword_list=words,
            status="succeeded" if number else "running",
            finished_at=timezone.now() if number else None,
            limit=10 * number,
            read_count=number,
        )
        for number in range(5)
    ]
    tenant = before.get_model("connector", "Connection").objects.create(
        name="Real", environment="sod", context_identifier="Cust777", client_id="x"
    )
    for number in range(8):
        sale = models["Sale"].objects.create(
            connection=tenant, sale_id=number + 1, heading=f"Sale {number}", amount=0, read_at=timezone.now()
        )
        stage = "matched" if number % 2 else "unmatched"
        models["Row"].objects.create(run=runs[1], sale=sale, sale_number=number + 1, stage=stage)
    models["Row"].objects.filter(sale_number=2).delete()  # numbers have gaps
    MOVE.move(before, None)
    for number, run in enumerate(runs):
        run.refresh_from_db()
        assert (run.definition["limit"], run.expected_count) == (10 * number, number)
        assert run.data_at == run.finished_at
    assert [run.status for run in runs[:2]] == ["cancelled", "succeeded"]
    rows = models["Row"].objects.order_by("pk")
    assert len(rows) == 7
    for row in rows:
        assert row.heading == f"Sale {row.sale_number - 1}"
        assert row.source == ("heading" if row.stage == "matched" else "")
