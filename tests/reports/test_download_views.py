"""Taking a result away, as its users and their browsers meet it."""

import csv
import http.client
import io
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook
from pytest_django import Settings

from connector.models import Connection
from reports import tasks
from reports.downloads import download_views
from reports.models import Download, Report, Row, Run
from reports.templatetags import download_words
from tests.conftest import People
from tests.reports.made_results import Sold, finished_run

COUNT = 60  # more than a page


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def jonas(client: Client, people: People) -> Client:
    client.force_login(people.jonas)
    return client


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def run(report: Report, connection: Connection) -> Run:
    stages = ("matched", "matched", "unmatched", "no_company")
    sold = [
        Sold(
            number=500 + place,
            stage=stages[place % 4],
            products="OMNIE CD-01" if place % 4 < 2 else "",
            status="sold" if place % 3 else "open",
            amount=f"{place}.50",
            heading=f"=CD-01 {place}",
        )
        for place in range(COUNT * 4 // 3)
    ]
    return finished_run(report, connection, sold)


@pytest.fixture
def large(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose workbook is not made while somebody waits."""
    for module in (download_views, download_words):
        monkeypatch.setattr(module, "MOST_ROWS_INLINE", 50)
    return run


def shown_numbers(client: Client, run: Run, query: str) -> list[int]:
    """The sales on all pages of the screen, in order."""
    found: list[int] = []
    url = f"{reverse('run', args=[run.pk])}?{query}"
    while url:
        page = client.get(url).content.decode()
        found += [int(number) for number in re.findall(r'/sales/(\d+)/"', page.partition('id="rows"')[2])]
        following = re.search(r'id="page-next" href="([^"]+)"', page)
        url = following.group(1).replace("&amp;", "&").partition("#")[0] if following else ""
    return found


def taken(client: Client, name: str, *args: object, query: str = "") -> tuple[bytes, Any]:
    answer = client.get(f"{reverse(name, args=args)}?{query}")
    assert answer.status_code == 200, answer
    return answer.getvalue(), answer


def rows_of(data: bytes) -> list[dict[str, str]]:
    text = data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ","))


def sheet(data: bytes, name: str = "Report") -> list[tuple[Any, ...]]:
    book = load_workbook(io.BytesIO(data), read_only=True)
    rows = list(book[name].iter_rows(values_only=True))
    book.close()
    return rows


# --- At once ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["", "status=sold&stage=matched&sort=amount", "stage=all&sort=-heading", "q=CD-01+1"]
)
def test_every_file_is_the_screen_whole(jonas: Client, run: Run, query: str) -> None:
    expected = shown_numbers(jonas, run, query)
    assert len(expected) > 5
    for_people, _answer = taken(jonas, "run_csv", run.pk, "excel", query=query)
    for_programs, _answer = taken(jonas, "run_csv", run.pk, "data", query=query)
    workbook, _answer = taken(jonas, "run_xlsx", run.pk, query=query)
    assert [int(row["Sale"]) for row in rows_of(for_people)] == expected
    assert [int(row["SaleId"]) for row in rows_of(for_programs)] == expected
    assert [row[0] for row in sheet(workbook)[1:]] == expected


def test_each_download_is_on_record(jonas: Client, run: Run, people: People) -> None:
    query = "status=sold&sort=amount&columns=amount"
    files = [
        taken(jonas, "run_csv", run.pk, "excel", query=query),
        taken(jonas, "run_csv", run.pk, "data", query=f"{query}&raw=1"),
        taken(jonas, "run_xlsx", run.pk, query=query),
    ]
    recorded = list(Download.objects.order_by("pk"))
    assert [one.format for one in recorded] == ["excel", "data", "xlsx"]
    assert [one.query for one in recorded] == [query, f"{query}&raw=1", query]
    count = len(rows_of(files[0][0]))
    for one, (data, answer) in zip(recorded, files, strict=True):
        assert (one.status, one.row_count, one.byte_count) == ("succeeded", count, len(data))
        assert (one.started_by, one.run, one.problem_code) == (people.jonas, run, "")
        assert one.finished_at is not None
        assert f'filename="{one.name}"' in answer["Content-Disposition"]
        assert answer["Cache-Control"] == "private, no-store"
    assert recorded[0].name.endswith(f"_run{run.pk:04}_v{run.keyword_list.version}_filtered_excel.csv")
    assert len({one.name for one in recorded}) == 3  # none overwrites another
    assert files[2][1]["Content-Length"] == str(len(files[2][0]))


@pytest.mark.once
def test_raw_is_for_programs_only(jonas: Client, run: Run) -> None:
    usual, _answer = taken(jonas, "run_csv", run.pk, "data")
    raw, _answer = taken(jonas, "run_csv", run.pk, "data", query="raw=1")
    for_people, _answer = taken(jonas, "run_csv", run.pk, "excel", query="raw=1")
    assert rows_of(usual)[0]["SaleHeading"].startswith("'=CD-01")
    assert rows_of(raw)[0]["SaleHeading"].startswith("=CD-01")
    assert rows_of(for_people)[0]["Heading"].startswith("'=CD-01")


@pytest.mark.once
def test_without_rows_the_csv_is_a_reason_and_the_workbook_has_it(jonas: Client, run: Run) -> None:
    reason = f"No row: none of the 60 sales with a company, of {run.read_count}, fits the filters."
    answer = jonas.get(f"{reverse('run_csv', args=[run.pk, 'excel'])}?q=nobody-has-this", follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(f"{reverse('run', args=[run.pk])}?q=nobody-has-this#rows", 302)]
    assert f"{reason} A CSV would be nothing but its header" in page
    assert 'class="download-menu"' not in page  # no file of nothing is offered
    workbook, _answer = taken(jonas, "run_xlsx", run.pk, query="q=nobody-has-this")
    assert ("Note", reason) in [row[:2] for row in sheet(workbook, "Info")]
    assert [one.format for one in Download.objects.all()] == ["xlsx"]


@pytest.mark.once
def test_what_was_taken_last_is_offered_first(jonas: Client, run: Run) -> None:
    def first() -> str:
        page = jonas.get(reverse("run", args=[run.pk])).content.decode()
        found = re.search(r'href="([^"]+)" data-download="\w+" data-download-first', page)
        assert found is not None
        return found.group(1)

    assert first() == reverse("run_xlsx", args=[run.pk])
    taken(jonas, "run_csv", run.pk, "data")
    assert first() == reverse("run_csv", args=[run.pk, "data"])
    jonas.cookies[download_words.FORMAT_COOKIE] = "<script>"
    assert first() == reverse("run_xlsx", args=[run.pk])


@pytest.mark.once
def test_a_download_can_be_taken_again_while_the_run_has_its_rows(jonas: Client, run: Run) -> None:
    taken(jonas, "run_csv", run.pk, "data", query="q=kranz")
    again = f'href="{reverse("run_csv", args=[run.pk, "data"])}?q=kranz"'
    assert again in jonas.get(reverse("downloads")).content.decode()
    Run.objects.filter(pk=run.pk).update(rows_removed_at=timezone.now())
    assert again not in jonas.get(reverse("downloads")).content.decode()


# --- Who may ----------------------------------------------------------------------------------------------


def urls_of(run: Run, prepared: Download) -> dict[str, str]:
    return {
        "run_csv": reverse("run_csv", args=[run.pk, "excel"]),
        "run_xlsx": reverse("run_xlsx", args=[run.pk]),
        "download_prepare": reverse("download_prepare", args=[run.pk]),
        "download_file": reverse("download_file", args=[prepared.pk]),
        "download_progress": reverse("download_progress", args=[prepared.pk]),
        "download_cancel": reverse("download_cancel", args=[prepared.pk]),
    }


@pytest.fixture
def prepared(large: Run, jonas: Client) -> Download:
    """A workbook that was made in the background for Jonas."""
    jonas.post(reverse("download_prepare", args=[large.pk]))
    download = Download.objects.get()
    tasks.work_on_download(download.pk)
    download.refresh_from_db()
    assert download.status == Download.Status.SUCCEEDED, download.problem_detail
    return download


@pytest.mark.once
@pytest.mark.parametrize("name", ["run_csv", "run_xlsx", "download_prepare", "download_file"])
def test_a_viewer_looks_at_the_screen_and_takes_nothing(
    name: str, prepared: Download, large: Run, jonas: Client, people: People
) -> None:
    Download.objects.update(started_by=people.viewer)
    viewer, url = signed_in(people.viewer), urls_of(large, prepared)[name]
    ask = viewer.post if name == "download_prepare" else viewer.get
    answer = ask(url)
    assert answer.status_code == 403
    assert "Your role does not include this page or this action" in answer.content.decode()
    assert Download.objects.count() == 1
    assert "download-menu" not in viewer.get(reverse("run", args=[large.pk])).content.decode()


@pytest.mark.once
@pytest.mark.parametrize("name", ["download_file", "download_progress", "download_cancel"])
def test_a_prepared_file_is_for_its_owner_and_administrators(
    name: str, prepared: Download, large: Run, people: People
) -> None:
    url = urls_of(large, prepared)[name]
    for user, status in [(people.sabine, 404), (people.administrator, 200)]:
        client = signed_in(user)
        answer = client.post(url, follow=True) if name == "download_cancel" else client.get(url)
        assert answer.getvalue() if answer.streaming else answer.content
        assert answer.status_code == status, user


@pytest.mark.once
def test_nobody_takes_what_they_may_not_see(
    prepared: Download, large: Run, jonas: Client, people: People
) -> None:
    Report.objects.update(shared_with="owner", owner=people.sabine)
    urls = urls_of(large, prepared)
    assert {name: jonas.get(urls[name]).status_code for name in ("run_csv", "run_xlsx", "download_file")} == {
        "run_csv": 404,
        "run_xlsx": 404,
        "download_file": 404,
    }
    assert jonas.post(urls["download_prepare"]).status_code == 404
    Report.objects.update(shared_with="everyone")
    Connection.objects.create(name="Real", environment="sod", context_identifier="Cust777", client_id="x")
    assert jonas.get(urls["run_csv"]).status_code == 404
    assert jonas.get(urls["download_file"]).status_code == 404


@pytest.mark.once
@pytest.mark.parametrize("name", ["download_prepare", "download_cancel"])
def test_nothing_is_changed_by_a_get(name: str, prepared: Download, large: Run, jonas: Client) -> None:
    assert jonas.get(urls_of(large, prepared)[name]).status_code == 405


@pytest.mark.once
def test_a_question_about_a_file_is_no_download(jonas: Client, run: Run) -> None:
    assert jonas.head(reverse("run_csv", args=[run.pk, "excel"])).status_code == 405
    assert jonas.get(f"/runs/{run.pk}/csv/other/").status_code == 404
    Run.objects.filter(pk=run.pk).update(status="running", finished_at=None)
    assert jonas.get(reverse("run_csv", args=[run.pk, "excel"])).status_code == 404
    assert Download.objects.count() == 0


@pytest.mark.once
def test_a_run_without_its_sales_has_no_files_and_says_so(jonas: Client, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(rows_removed_at=timezone.now())
    for url in (reverse("run_csv", args=[run.pk, "excel"]), reverse("run_xlsx", args=[run.pk])):
        assert "no longer kept, so there is no file of them" in jonas.get(url, follow=True).content.decode()


# --- In the background ------------------------------------------------------------------------------------


def test_a_large_workbook_is_prepared_followed_and_taken(large: Run, jonas: Client, people: People) -> None:
    page = reverse("run", args=[large.pk])
    prepare = f"{reverse('download_prepare', args=[large.pk])}?status=sold"
    filtered = jonas.get(f"{page}?status=sold").content.decode()
    assert f'action="{prepare}"' in filtered
    assert (
        "choose it in the menu"
        in jonas.get(reverse("run_xlsx", args=[large.pk]), follow=True).content.decode()
    )
    assert jonas.post(prepare)["Location"] == f"{page}?status=sold"

    download = Download.objects.get()
    progress = reverse("download_progress", args=[download.pk])
    assert f'hx-get="{progress}"' in jonas.get(page).content.decode()
    assert "waits for its turn" in jonas.get(progress).content.decode()
    Download.objects.update(status="running", row_count=30, alive_at=timezone.now())
    assert "30 of" in jonas.get(progress).content.decode()
    Download.objects.update(status="queued")
    tasks.work_on_download(download.pk)

    fragment, file = jonas.get(progress).content.decode(), reverse("download_file", args=[download.pk])
    assert "hx-get" not in fragment
    assert 'hx-swap-oob="innerHTML:#download-said"' in fragment
    assert f'href="{file}"' in fragment
    assert f'href="{file}"' in jonas.get(page).content.decode()
    data, answer = taken(jonas, "download_file", download.pk)
    assert [row[0] for row in sheet(data)[1:]] == shown_numbers(jonas, large, "status=sold")
    assert "filtered.xlsx" in answer["Content-Disposition"]
    assert f'href="{file}"' not in jonas.get(page).content.decode()  # it is no news any more

    made, took = Download.objects.order_by("pk")
    assert (took.is_prepared, took.status, took.byte_count) == (False, "succeeded", made.byte_count)
    taken(signed_in(people.administrator), "download_file", download.pk)
    assert Download.objects.order_by("pk")[2].started_by == people.administrator


@pytest.mark.once
def test_a_preparation_can_be_cancelled(large: Run, jonas: Client) -> None:
    jonas.post(reverse("download_prepare", args=[large.pk]))
    download = Download.objects.get()
    page = jonas.post(reverse("download_cancel", args=[download.pk]), follow=True).content.decode()
    assert "Preparation cancelled." in page
    tasks.work_on_download(download.pk)
    download.refresh_from_db()
    assert download.status == Download.Status.CANCELLED
    assert "was cancelled" in jonas.get(reverse("download_progress", args=[download.pk])).content.decode()


@pytest.mark.once
def test_a_preparation_that_failed_says_why(large: Run, jonas: Client) -> None:
    jonas.post(reverse("download_prepare", args=[large.pk]))
    Download.objects.update(status="failed", problem_code="disk", finished_at=timezone.now())
    words = "The server&#x27;s disk did not take the file."
    for url in (
        reverse("run", args=[large.pk]),
        reverse("download_progress", args=[Download.objects.get().pk]),
        reverse("downloads"),
    ):
        assert words in jonas.get(url).content.decode(), url


@pytest.mark.once
def test_more_filters_than_can_be_kept_are_refused(large: Run, jonas: Client) -> None:
    query = "&".join(f"customer={'x' * 90}{number}" for number in range(40))
    page = jonas.post(f"{reverse('download_prepare', args=[large.pk])}?{query}", follow=True).content.decode()
    assert "too many filters to be kept" in page
    assert Download.objects.count() == 0
    # At once it is fine; only its record is cut.
    taken(jonas, "run_csv", large.pk, "data", query=f"{query}&customer=Kranz+AG")
    assert len(Download.objects.get().query) == 2000


@pytest.mark.once
def test_a_file_that_was_removed_says_so(prepared: Download, jonas: Client) -> None:
    old = timezone.now() - timedelta(days=8)
    Download.objects.update(finished_at=old)
    tasks.prune_downloads()
    page = jonas.get(reverse("download_file", args=[prepared.pk]), follow=True).content.decode()
    assert "This file is no longer kept." in page
    assert "Removed" in jonas.get(reverse("downloads")).content.decode()


# --- The list ---------------------------------------------------------------------------------------------


def test_the_list_shows_ones_own_downloads_and_administrators_all(
    prepared: Download, large: Run, jonas: Client, people: People
) -> None:
    taken(signed_in(people.sabine), "run_csv", large.pk, "data")
    own = jonas.get(reverse("downloads")).content.decode()
    assert reverse("download_file", args=[prepared.pk]) in own
    assert "CSV for programs" not in own
    everything = signed_in(people.administrator).get(reverse("downloads")).content.decode()
    assert "CSV for programs" in everything
    assert "Sabine Kranz" in everything
    assert "Jonas Weber" in everything
    of_viewer = signed_in(people.viewer).get(reverse("downloads")).content.decode()
    assert "Viewers download nothing" in of_viewer


def test_the_list_has_pages_and_costs_the_same_however_long_it_is(
    run: Run, jonas: Client, people: People
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(database) as queries:
            assert jonas.get(reverse("downloads")).status_code == 200
        return len(queries)

    def add(count: int) -> None:
        done = {"run": run, "started_by": people.jonas, "status": "succeeded", "finished_at": timezone.now()}
        Download.objects.bulk_create(
            Download(**done, format="excel", name=f"file-{number}") for number in range(count)
        )

    add(1)
    jonas.get(reverse("downloads"))
    few = cost()
    add(69)
    assert cost() == few
    page = jonas.get(reverse("downloads")).content.decode()
    following = re.search(r'href="(\?before=\d+)" rel="next"', page)
    assert following is not None
    rest = jonas.get(reverse("downloads") + following.group(1)).content.decode()
    assert (page.count("file-"), rest.count("file-")) == (50, 20)
    assert jonas.get(reverse("downloads") + "?before=x").status_code == 200


# --- Over a real server -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[int]:
    """The port of gunicorn with the whole site on this session's test database."""
    name, url = database.settings_dict["NAME"], os.environ["DATABASE_URL"]
    is_file = database.vendor == "sqlite"
    url = f"sqlite:///{name}" if is_file else f"{url.rpartition('/')[0]}/{name}"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=fd://{listener.fileno()}"]
        options = ["--worker-class=gthread", "--threads=2", "--no-control-socket", "--log-level=critical"]
        environment = {**os.environ, "DATABASE_URL": url}
        process = subprocess.Popen([*command, *options], pass_fds=[listener.fileno()], env=environment)
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture
def long_run(transactional_db: None, report: Report, connection: Connection) -> Run:
    """About twenty megabytes of CSV: more than all buffers on the way hold."""
    sold = [Sold(number=number, heading=f"{number} " + "ü" * 1500) for number in range(1, 6001)]
    return finished_run(report, connection, sold)


@pytest.fixture
def line(server: int, long_run: Run, people: People) -> Iterator[http.client.HTTPConnection]:
    """A connection over which Jonas has asked for the CSV of the long run."""
    cookie = signed_in(people.jonas).cookies["desk-session"].value
    connection = http.client.HTTPConnection("127.0.0.1", server, timeout=60)
    url = reverse("run_csv", args=[long_run.pk, "excel"])
    connection.request("GET", url, headers={"Cookie": f"desk-session={cookie}"})
    yield connection
    connection.close()


def ended() -> Download:
    """The one download, when the server has written its end."""
    for _attempt in range(200):
        download = Download.objects.get()
        if download.is_finished:
            return download
        time.sleep(0.05)
    raise AssertionError("the download did not end")


def test_a_whole_file_arrives_whole(line: http.client.HTTPConnection) -> None:
    with line.getresponse() as answer:
        body = answer.read()
    assert answer.status == 200
    assert body.count(b"\r\n") == 6001
    download = ended()
    assert (download.status, download.row_count, download.byte_count) == ("succeeded", 6000, len(body))


def test_a_file_that_cannot_be_whole_is_a_broken_transfer_and_on_record_as_that(
    line: http.client.HTTPConnection, long_run: Run
) -> None:
    with line.getresponse() as answer:
        start = answer.read(1000)
        Row.objects.filter(run=long_run, sale_number__lte=10).delete()
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
    assert start.startswith("\ufeff".encode())
    download = ended()
    assert (download.status, download.problem_code) == ("failed", "rows_differ")
    assert 0 < download.row_count < 6000


def test_a_reader_who_goes_away_is_on_record_too(line: http.client.HTTPConnection) -> None:
    with line.getresponse() as answer:
        answer.read(1000)
        line.close()
    download = ended()
    assert (download.status, download.problem_code) == ("failed", "reader_gone")
    assert download.row_count < 6000
