"""How many workbooks one person may have made, and that two clicks at once make one."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connections
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from connector.models import Connection
from reports.downloads import preparing
from reports.downloads.download_files import Extract
from reports.downloads.preparing import TooManyFiles, path_of, prepare
from reports.models import Download, Report, Run
from reports.viewer.filters import Filter
from tests.conftest import People
from tests.reports.made_results import Sold, finished_run


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def run(report: Report, connection: Connection) -> Run:
    return finished_run(report, connection, [Sold(number=number) for number in range(1, 6)])


def of(run: Run, query: str = "") -> Extract:
    return Extract(run, Filter.of_text(query))


def test_three_files_are_made_at_once_and_no_more(run: Run, people: People, client: Client) -> None:
    made = [prepare(of(run, f"q={word}"), by=people.jonas, language="en") for word in "abc"]
    with pytest.raises(TooManyFiles):
        prepare(of(run, "q=d"), by=people.jonas, language="en")
    assert prepare(of(run, "q=a"), by=people.jonas, language="en") == made[0]
    prepare(of(run, "q=d"), by=people.sabine, language="en")
    client.force_login(people.jonas)
    page = client.post(f"/runs/{run.pk}/xlsx/prepare/?q=e", follow=True)
    assert "3 workbooks are being prepared for you already." in page.content.decode()
    assert Download.objects.filter(started_by=people.jonas).count() == 3


def test_twenty_files_are_kept_and_no_more(run: Run, people: People, client: Client) -> None:
    finished = {"status": Download.Status.SUCCEEDED, "finished_at": timezone.now(), "is_prepared": True}
    values = {"run": run, "started_by": people.jonas, "format": Download.Format.XLSX, **finished}
    kept = [Download.objects.create(name=f"{number}.xlsx", **values) for number in range(preparing.MOST_KEPT)]
    with pytest.raises(TooManyFiles):
        prepare(of(run), by=people.jonas, language="en")
    client.force_login(people.jonas)
    page = client.post(f"/runs/{run.pk}/xlsx/prepare/", follow=True)
    assert "20 prepared workbooks are kept for you already" in page.content.decode()
    Download.objects.filter(pk=kept[0].pk).update(removed_at=timezone.now())
    prepare(of(run), by=people.jonas, language="en")


def test_who_is_second_by_a_moment_gets_the_file_of_the_first(
    run: Run, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare(of(run), by=people.jonas, language="en")
    look, looks = preparing._earlier, []

    def sees_nothing_at_first(asked: dict[str, object]) -> Download | None:
        looks.append(asked)
        return look(asked) if len(looks) > 1 else None

    monkeypatch.setattr(preparing, "_earlier", sees_nothing_at_first)
    assert prepare(of(run), by=people.jonas, language="en") == first
    assert Download.objects.count() == 1
    assert not path_of(first).exists()


def together(do: Callable[[int], Any], count: int) -> None:
    """Do something in several threads at the same time."""
    barrier = threading.Barrier(count)

    def one(number: int) -> None:
        try:
            barrier.wait(10)
            do(number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_many_clicks_at_once_neither_double_a_file_nor_pass_the_limit(run: Run, people: People) -> None:
    refused: list[Exception] = []

    def ask(number: int) -> None:
        try:
            prepare(of(run, f"q={'same' if number < 4 else number}"), by=people.jonas, language="en")
        except (TooManyFiles, IntegrityError) as error:
            refused.append(error)

    together(ask, 8)
    assert all(isinstance(error, TooManyFiles) for error in refused)
    queries = list(Download.objects.values_list("query", flat=True))
    assert len(queries) == len(set(queries)) == preparing.MOST_UNFINISHED
