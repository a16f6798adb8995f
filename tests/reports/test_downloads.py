"""Files of results: the rows of the screen, made at once or by the worker, kept for a week, and never in halves."""

import csv
import io
import os
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.translation import gettext
from django_q.models import OrmQ
from openpyxl import load_workbook
from pytest_django import Settings

from connector.models import Connection
from reports import claims, tasks
from reports.definitions.definition import Definition
from reports.downloads import download_files
from reports.downloads import preparing as downloads
from reports.downloads.download_files import Extract, FileTooLarge, RowsGone, summable_sheet, write_file
from reports.downloads.preparing import has_file, path_of, prepare
from reports.export import REPORT_COLUMNS, RowCountDiffers, rows_checksum
from reports.models import Download, Report, Row, Run, Sale
from reports.result_mails import result_files
from reports.result_mails.result_files import NoFile
from reports.runs.retention import tidy
from reports.viewer.filters import Filter
from tests.conftest import People
from tests.reports.made_results import Sold, finished_run

STAGES = ("matched", "unmatched", "negated", "no_company", "matched")


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def sold() -> list[Sold]:
    return [
        Sold(
            number=1000 + place,
            stage=STAGES[place % 5],
            products="OMNIE CD-01; Akku" if STAGES[place % 5] == "matched" else "",
            quantities="2; 1" if STAGES[place % 5] == "matched" else "",
            customer="Übel & Söhne" if place % 3 else "Kranz AG",
            amount=f"{place * 7.25 - 20:.2f}",
            status=("sold", "open", "Sonderfall")[place % 3],
            sold_on=date(2026, 3, 29) if place % 4 else None,
            heading=f'=2+{place}; 15" Monitor – für Köln',
        )
        for place in range(25)
    ]


@pytest.fixture
def run(report: Report, connection: Connection, sold: list[Sold]) -> Run:
    run = finished_run(report, connection, sold, acts_as="Ina Platzhalter", checksum="c" * 64)
    registered = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # the next day in Berlin
    Sale.objects.update(
        registered_at=registered, changed_at=registered, probability=60, description="Länge\nBreite"
    )
    return run


def of(run: Run, query: str = "") -> Extract:
    return Extract(run, Filter.of_text(query))


def text_of(extract: Extract, dialect: str = "data") -> str:
    return b"".join(extract.csv(dialect)).decode()


def table(text: str) -> list[dict[str, str]]:
    return list(
        csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";" if ";" in text[:12] else ",")
    )


def values(path: Path, sheet: str) -> list[tuple[Any, ...]]:
    book = load_workbook(path, read_only=True)
    try:
        return list(book[sheet].iter_rows(values_only=True))
    finally:
        book.close()


def info(path: Path) -> dict[str, Any]:
    return {str(name): value for name, value in values(path, "Info")[1:]}


# --- Which rows, and what stands in them ------------------------------------------------------------------


def test_the_file_has_the_rows_of_the_screen_newest_first(run: Run, sold: list[Sold]) -> None:
    rows = table(text_of(of(run)))
    expected = sorted((one for one in sold if one.stage != "no_company"), key=lambda one: -one.number)
    assert [int(row["SaleId"]) for row in rows] == [one.number for one in expected]
    assert [row["Amount"] for row in rows] == [one.amount for one in expected]
    assert [row["SaleDate"] for row in rows] == [
        one.sold_on.isoformat() if one.sold_on else "" for one in expected
    ]


@pytest.mark.parametrize("dialect", ["excel", "data"])
def test_rows_from_the_bare_cursor_are_the_rows_of_the_index(
    run: Run, monkeypatch: pytest.MonkeyPatch, dialect: str
) -> None:
    """Both ways to the cells, over all columns there are and several chunks."""
    monkeypatch.setattr(download_files, "CHUNK", 7)
    columns = f"columns={','.join(REPORT_COLUMNS)}"
    plain, indexed = of(run, columns), of(run, f"{columns}&sort=sale_number")
    assert plain._selection is None
    assert indexed._selection is not None
    forwards, backwards = text_of(plain, dialect).splitlines(), text_of(indexed, dialect).splitlines()
    assert len(forwards) == 21
    assert forwards[0] == backwards[0]
    assert forwards[1:] == backwards[:0:-1]


def test_filter_order_and_columns_are_those_of_the_address(run: Run) -> None:
    extract = of(run, "status=open&stage=matched&sort=-amount&columns=amount,heading")
    rows = table(text_of(extract))
    assert list(rows[0]) == ["SaleId", "Amount", "SaleHeading"]
    amounts = [float(row["Amount"]) for row in rows]
    assert amounts == sorted(amounts, reverse=True)
    found = Row.objects.filter(run=run, status="open", stage="matched")
    assert sorted(int(row["SaleId"]) for row in rows) == sorted(found.values_list("sale_number", flat=True))
    assert extract.count == len(rows) == found.count()


def test_moments_are_those_of_the_house_and_formulas_are_stopped(run: Run) -> None:
    row = table(text_of(of(run, "columns=heading,registered_on,changed_at,probability")))[0]
    assert row["RegisteredOn"] == "2026-03-29"
    assert row["ChangedAt"].startswith("2026-03-29T00:30:00")
    assert row["Probability"] == "60"
    assert row["SaleHeading"].startswith("'=2+24; 15\" Monitor")


@pytest.mark.once
@pytest.mark.parametrize("query", ["columns=stage,status", "columns=stage,status&sort=sale_number"])
def test_people_get_words_of_their_language_and_programs_always_the_same(run: Run, query: str) -> None:
    with translation.override("de"):
        of_people, of_programs = of(run, query).csv("excel"), of(run, query).csv("data")
    # What streams is made after the view, when another language may be active.
    with translation.override("en"):
        for_people, for_programs = b"".join(of_people).decode(), b"".join(of_programs).decode()
    with translation.override("de"):
        german = {str(Row.Stage.MATCHED.label), str(Sale.Status.SOLD.label), "Sonderfall"}
    assert german & {"Sold", "Product found"} == set()
    assert all(f'"{word}"' in for_people for word in german)
    assert all(f'"{word}"' in for_programs for word in ("Product found", "Sold", "Sonderfall"))


def test_a_chunk_is_a_query_and_the_rest_costs_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_files, "CHUNK", 10)
    with CaptureQueriesContext(database) as queries:
        text_of(of(run))
    assert len(queries) == 4  # the count, two chunks, and the one that finds nothing more


def test_rows_that_vanish_on_the_way_are_an_error_and_no_short_file(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_files, "CHUNK", 5)
    extract = of(run)
    Row.objects.filter(run=run, sale_number__lt=1010).delete()
    with pytest.raises(RowCountDiffers):
        text_of(extract)


@pytest.mark.once
def test_a_run_that_keeps_only_its_figures_has_no_file(run: Run) -> None:
    run.rows_removed_at = timezone.now()
    with pytest.raises(RowsGone):
        of(run)


# --- One file for mails -----------------------------------------------------------------------------------


def test_a_written_file_is_the_download_byte_for_byte(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "file.xlsx"
    written = write_file(run, "excel", "status=open", "de", target)
    with translation.override("de"):
        assert target.read_bytes() == b"".join(of(run, "status=open").csv("excel"))
    day = timezone.localtime(run.data_at).date()
    version = run.keyword_list.version
    with translation.override("de"):
        number = gettext("run%(number)s") % {"number": f"{run.pk:04}"}
        assert written.name == f"test-report_{day}_{number}_v{version}_{gettext('filtered')}_excel.csv"
    assert (written.row_count, written.byte_count) == (of(run, "status=open").count, target.stat().st_size)


@pytest.mark.once
def test_a_workbook_says_everything_about_itself(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "file.xlsx"
    Run.objects.filter(pk=run.pk).update(status="incomplete", data_at=timezone.now() - timedelta(days=3))
    run.refresh_from_db()
    query = "stage=matched&status=-lost&customer=Kranz+AG&q=monitor&sort=-amount"
    written = write_file(run, "xlsx", query, "en", target)
    extract = of(run, query)
    said = info(target)
    assert said["Run"] == run.pk
    assert said["State"] == "Incomplete"
    assert said["Filter: Search text"] == "monitor"
    assert said["Filter: Customer"] == "Kranz AG"
    assert said["Filter: Status"] == "not Lost"
    assert said["Order"] == "Amount, falling"
    assert said["Time zone"] == "Europe/Berlin"
    assert said["Read with the rights of"] == "Ina Platzhalter"
    assert said["Keyword list version"] == run.keyword_list.version
    assert said["SHA-256 of the keyword list"] == run.keyword_list.checksum
    assert said["Funnel: No company"] == 5
    assert (
        said["Funnel: all sales looked at"]
        == 25
        == sum(value for name, value in said.items() if name.startswith("Funnel: ") and "all" not in name)
    )
    assert said["Rows on the sheet “Report”"] == extract.count == written.row_count > 0
    first = next(value for name, value in values(target, "Info") if name == "SHA-256 of these rows")
    sheet = summable_sheet("Report", extract.columns, extract.rows(language="en"), extract.count)
    assert first == rows_checksum(sheet.rows, sheet.columns)
    notes = [value for name, value in values(target, "Info") if name == "Note"]
    assert [note.partition(":")[0] for note in notes] == ["Incomplete", "Stale"]


def test_a_workbook_has_the_unmatched_sales_whatever_the_filter(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "file.xlsx"
    write_file(run, "xlsx", "stage=matched&columns=heading,stage", "en", target)
    others = Row.objects.filter(run=run, stage__in=["unmatched", "negated"]).newest_sale_first()
    assert [row[0] for row in values(target, "No product found")] == [
        values(target, "Report")[0][0],
        *others.values_list("sale_number", flat=True),
    ]
    assert values(target, "Report")[1][1].startswith("=2+")  # a text, and so without an apostrophe


@pytest.mark.once
def test_the_sheets_of_a_workbook_add_up(run: Run, tmp_path: Path) -> None:
    """Sales with a product and those without one are all that have a company; pieces are numbers."""
    target = tmp_path / "file.xlsx"
    write_file(run, "xlsx", "stage=matched", "en", target)
    (heads, *found), (other_heads, *others) = values(target, "Report"), values(target, "No product found")
    assert len(found) + len(others) == run.read_count - run.funnel["no_company"]
    assert {row[other_heads.index("Result")] for row in others} == {
        "No product found",
        "Only negated or hidden",
    }
    assert {row[heads.index("Quantities")] for row in found} == {"2; 1"}
    assert {row[heads.index("Pieces")] for row in found} == {3}
    assert heads.index("Pieces") == heads.index("Quantities") + 1
    assert {row[heads.index("Sale number")] for row in found} == {f"S-{row[0]}" for row in found}


@pytest.mark.once
def test_an_empty_workbook_tells_the_reason(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "file.xlsx"
    assert write_file(run, "xlsx", "q=nothing-has-this", "en", target).row_count == 0
    assert info(target)["Note"] == "No row: none of the 20 sales with a company, of 25, fits the filters."


@pytest.mark.once
@pytest.mark.parametrize("format", ["excel", "xlsx"])
def test_a_file_that_is_too_large_is_not_left_behind(run: Run, tmp_path: Path, format: str) -> None:
    target = tmp_path / "file.xlsx"
    with pytest.raises(FileTooLarge):
        write_file(run, format, "", "de", target, most_bytes=500)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.once
@pytest.mark.parametrize("format", ["excel", "data", "xlsx"])
def test_mails_take_the_same_file_or_say_why_not(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    file = result_files.file_of(run, format, language="de")
    written = write_file(run, format, "", "de", tmp_path / "file")
    assert (file.name, file.row_count) == (written.name, 20)
    if format != "xlsx":  # a workbook tells when it was made
        assert file.data == (tmp_path / "file").read_bytes()
    monkeypatch.setattr(result_files, "MOST_BYTES", 500)
    with pytest.raises(NoFile, match="too_large"):
        result_files.file_of(run, format, language="de")
    run.rows_removed_at = timezone.now()
    with pytest.raises(NoFile, match="rows_gone"):
        result_files.file_of(run, format, language="de")


# --- Made by the worker -----------------------------------------------------------------------------------


@pytest.fixture
def prepared(run: Run, people: People) -> Download:
    return prepare(of(run), by=people.jonas, language="en")


def worked(download: Download) -> Download:
    tasks.work_on_download(download.pk)
    download.refresh_from_db()
    return download


def test_the_worker_makes_the_workbook_and_its_row_says_so(prepared: Download) -> None:
    assert prepared.status == Download.Status.QUEUED
    assert [job.task["func"] for job in OrmQ.objects.all()] == ["reports.tasks.work_on_download"]
    assert OrmQ.objects.get().task["timeout"] == 900
    done = worked(prepared)
    assert (done.status, done.row_count, done.problem_code) == ("succeeded", 20, "")
    assert done.byte_count == path_of(done).stat().st_size
    assert len(values(path_of(done), "Report")) == 21
    assert info(path_of(done))["File made by"] == "Jonas Weber"
    assert has_file(done)


@pytest.mark.once
def test_files_lie_where_nobody_else_looks_under_names_that_nobody_guesses(prepared: Download) -> None:
    path = path_of(worked(prepared))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert len(path.stem) == 64
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_asking_twice_makes_one_file(prepared: Download, run: Run, people: People) -> None:
    assert prepare(of(run), by=people.jonas, language="en") == prepared
    worked(prepared)
    assert prepare(of(run), by=people.jonas, language="en") == prepared
    others = [
        prepare(of(run, "status=open"), by=people.jonas, language="de"),
        prepare(of(run), by=people.jonas, language="de"),
        prepare(of(run), by=people.sabine, language="de"),
    ]
    assert len({prepared.pk, *(one.pk for one in others)}) == 4
    path_of(prepared).unlink()
    assert prepare(of(run), by=people.jonas, language="en") != prepared


def at_first_rows(monkeypatch: pytest.MonkeyPatch, do: Any) -> None:
    """Let something happen when the worker has written its first rows."""
    monkeypatch.setattr(downloads, "beat", lambda _cluster: do())


def test_a_cancelled_preparation_leaves_no_file(prepared: Download, monkeypatch: pytest.MonkeyPatch) -> None:
    at_first_rows(monkeypatch, lambda: downloads.cancel_download(prepared.pk))
    assert worked(prepared).status == Download.Status.CANCELLED
    assert list(download_files.folder().iterdir()) == []


def test_a_preparation_cancelled_at_its_last_moment_leaves_no_file(
    prepared: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = claims.finish

    def cancelled_before(*arguments: Any, **values: Any) -> bool:
        downloads.cancel_download(prepared.pk)
        return finish(*arguments, **values)

    monkeypatch.setattr(claims, "finish", cancelled_before)
    assert worked(prepared).status == Download.Status.CANCELLED
    assert list(download_files.folder().iterdir()) == []


def test_a_worker_that_is_told_to_end_hands_the_work_on(
    prepared: Download, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stop = tmp_path / "stop"
    stop.touch()
    monkeypatch.setenv("DESK_STOP_FILE", str(stop))
    assert worked(prepared).status == Download.Status.QUEUED
    assert OrmQ.objects.count() == 2
    stop.unlink()
    assert worked(prepared).status == Download.Status.SUCCEEDED


def test_a_dead_workers_preparation_begins_anew_three_times(prepared: Download) -> None:
    for _attempt in range(claims.MOST_ATTEMPTS):
        assert claims.claim(Download, prepared.pk, timezone.now()) is not None
        claims_over = timezone.now() + claims.LEASE + timedelta(seconds=1)
        assert downloads.sweep(claims_over) == 1
    done = worked(prepared)
    assert (done.status, done.problem_code) == ("failed", "keeps_stopping")


@pytest.mark.once
def test_a_failure_is_written_down_and_leaves_no_file(
    prepared: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError(28, "No space left on device")

    at_first_rows(monkeypatch, fail)
    done = worked(prepared)
    assert (done.status, done.problem_code) == ("failed", "disk")
    assert list(download_files.folder().iterdir()) == []


def test_a_run_keeps_its_rows_while_a_file_is_made_of_them(
    prepared: Download, run: Run, report: Report, connection: Connection, sold: list[Sold]
) -> None:
    Report.objects.filter(pk=report.pk).update(keep_runs=1, keep_monthly=False)
    report.refresh_from_db()
    finished_run(report, connection, sold)
    assert tidy(report) == 0
    worked(prepared)
    assert tidy(report) == 1
    assert has_file(prepared)  # the file outlives the rows


@pytest.mark.once
def test_a_preparation_whose_rows_are_gone_says_so(prepared: Download, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(rows_removed_at=timezone.now())
    done = worked(prepared)
    assert (done.status, done.problem_code) == ("failed", "rows_gone")


@pytest.mark.once
def test_a_definition_of_columns_holds_in_the_background_too(run: Run, people: People) -> None:
    definition = Definition.from_json({**run.definition, "columns": ["owner"]}).as_json()
    Run.objects.filter(pk=run.pk).update(definition=definition)
    run.refresh_from_db()
    done = worked(prepare(of(run), by=people.jonas, language="en"))
    assert values(path_of(done), "Report")[0] == ("Sale", "Owner")


# --- Looking after ----------------------------------------------------------------------------------------


def test_a_transfer_whose_server_died_is_failed_and_not_made_again(run: Run, people: People) -> None:
    now = timezone.now()
    lost = Download.objects.create(
        run=run,
        format="excel",
        status="running",
        lease_until=now - timedelta(seconds=1),
        started_by=people.jonas,
    )
    alive = Download.objects.create(
        run=run,
        format="excel",
        status="running",
        lease_until=now + timedelta(seconds=9),
        started_by=people.jonas,
    )
    assert downloads.sweep(now) == 0
    lost.refresh_from_db()
    alive.refresh_from_db()
    assert (lost.status, lost.problem_code, alive.status) == ("failed", "interrupted", "running")
    assert OrmQ.objects.count() == 0


@pytest.mark.once
def test_files_go_after_a_week_and_leftovers_after_a_day(
    prepared: Download, run: Run, people: People
) -> None:
    worked(prepared)
    young = worked(prepare(of(run, "status=open"), by=people.jonas, language="de"))
    folder = download_files.folder()
    old, new = folder / f".{'a' * 64}.xlsx.x1", folder / f".{'b' * 64}.xlsx.x2"
    for leftover in (old, new):
        leftover.mkdir()
        (leftover / "draft.xlsx").write_text("half")
    orphan = folder / f"{'c' * 64}.xlsx"
    orphan.write_text("of a run that was removed")
    two_days_ago = (timezone.now() - timedelta(days=2)).timestamp()
    for path in (old, orphan, path_of(prepared), path_of(young)):
        os.utime(path, (two_days_ago, two_days_ago))
    Download.objects.filter(pk=prepared.pk).update(finished_at=timezone.now() - timedelta(days=7, minutes=1))
    tasks.prune_downloads()
    prepared.refresh_from_db()
    assert prepared.removed_at is not None
    assert not has_file(prepared)
    assert {path.name for path in folder.iterdir()} == {new.name, path_of(young).name}
    assert downloads.prune(timezone.now()) == 0


@pytest.mark.once
@pytest.mark.usefixtures("db")
def test_pruning_an_installation_that_never_made_a_file_is_fine(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "not" / "there" / "yet"
    assert downloads.prune(timezone.now()) == 0
