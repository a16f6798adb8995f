"""Workbooks: typed cells, no formula, no lost row, and no half-written file."""

import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet
from xlsxwriter import Workbook

from reports.export import (
    DEFAULT_KEYS,
    MAX_ROWS,
    Cell,
    Column,
    Kind,
    RowCountDiffers,
    Sheet,
    TooManyRows,
    columns_of,
    info_sheet_name,
    report_sheet_name,
    rows_checksum,
    unmatched_sheet_name,
    write_xlsx,
)
from reports.export.xlsx_cells import CellLost, CellWriter, PlainWorksheet
from tests.reports.test_export import PAYLOADS

pytestmark = pytest.mark.once

COLUMNS = columns_of([*(key for key in DEFAULT_KEYS if key != "sale_no"), "probability", "changed_at"])
BERLIN = ZoneInfo("Europe/Berlin")


def sale(number: int, heading: str = "2x CD-01") -> tuple[Cell, ...]:
    moment = datetime(2026, 3, 29, 1, 30, 15, 400, tzinfo=UTC)
    return (
        *(number, "Müller & Söhne", heading, "CD-01", "2", "Sold"),
        *(Decimal("-1234.50"), "EUR", date(2026, 3, 29), None, 60, moment),
    )


def column(kind: Kind) -> Column:
    return Column("key", "Name", "Name", kind)


def write(path: Path, rows: list[tuple[Cell, ...]], columns: tuple[Column, ...] = COLUMNS) -> Any:
    return write_xlsx(path, [Sheet("Report", columns, rows, len(rows))], info=[])


def sheet_of(path: Path, name: str = "Report") -> Worksheet:
    book = load_workbook(path)
    found = book[name]
    assert isinstance(found, Worksheet)
    book.close()
    return found


def values(sheet: Worksheet) -> list[tuple[Any, ...]]:
    return list(sheet.iter_rows(min_row=2, values_only=True))


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- Cells ----------------------------------------------------------------------------------------------------


def test_cells_have_their_types_and_formats(tmp_path: Path) -> None:
    with timezone.override(BERLIN):
        write(tmp_path / "a.xlsx", [sale(7)])
    row = next(sheet_of(tmp_path / "a.xlsx").iter_rows(min_row=2))
    found = {cell.column_letter: (cell.value, cell.number_format) for cell in row if cell.value is not None}
    assert found["A"] == (7, "0")
    assert found["G"] == (-1234.5, "#,##0.00")
    assert found["I"] == (datetime(2026, 3, 29), "dd.mm.yyyy")  # noqa: DTZ001 (a workbook knows no zone)
    assert found["L"] == (datetime(2026, 3, 29, 3, 30, 15), "dd.mm.yyyy hh:mm")  # noqa: DTZ001
    assert found["E"] == ("2", "General")
    assert "J" not in found


def test_the_header_is_frozen_and_filterable_and_names_the_zone(tmp_path: Path) -> None:
    with timezone.override(BERLIN), translation.override("de"):
        write(tmp_path / "a.xlsx", [sale(1), sale(2)])
    sheet = sheet_of(tmp_path / "a.xlsx")
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:L3"
    header = [cell.value for cell in sheet[1]]
    assert header[:2] == ["Verkauf", "Kunde"]
    assert str(header[-1]).endswith("(Europe/Berlin)")
    assert sheet.column_dimensions["C"].width > sheet.column_dimensions["A"].width


@pytest.mark.parametrize("marked", ["<r><t>x</t></r>", "<r>&</r>", "<r></row></r>"])
def test_a_text_that_looks_like_the_format_of_the_file_is_a_text(tmp_path: Path, marked: str) -> None:
    write(tmp_path / "a.xlsx", [(marked,)], (column("text"),))
    assert values(sheet_of(tmp_path / "a.xlsx")) == [(marked,)]


def test_no_text_becomes_a_formula_a_link_or_a_number(tmp_path: Path) -> None:
    texts = [*PAYLOADS, "http://example.org", "007", "12E5", "_x0041_", "a\x00b", "\ud83d", "{=1}"]
    write(tmp_path / "a.xlsx", [(text,) for text in texts], (column("text"),))
    sheet = sheet_of(tmp_path / "a.xlsx")
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)
    found = [unescape(str(cell.value)) for cell in cells]
    assert found[0] == "=1+1"  # as it is, without an apostrophe
    assert found[-7:-2] == ["http://example.org", "007", "12E5", "_x0041_", "a b"]
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("letter", ["x", "😀"])
def test_a_text_too_long_for_excel_is_cut_with_a_mark_and_the_info_says_so(
    tmp_path: Path, letter: str
) -> None:
    written = write(tmp_path / "a.xlsx", [(letter * 40_000,), (letter * 5,)], (column("text"),))
    ((cut,), (short,)) = values(sheet_of(tmp_path / "a.xlsx"))
    assert cut.endswith(letter + " […]")
    assert len(cut.encode("utf-16-le")) // 2 in {32_766, 32_767}
    assert short == letter * 5
    assert written.cut_count == 1
    info = dict(values(sheet_of(tmp_path / "a.xlsx", "Info")))
    assert info["Cells cut because they were too long for Excel"] == 1


def test_what_excel_cannot_hold_exactly_is_written_as_text(tmp_path: Path) -> None:
    columns = (column("decimal"), column("integer"), column("date"))
    write(tmp_path / "a.xlsx", [(Decimal("12345678901234.56"), 10**16 + 1, date(1, 1, 1))], columns)
    assert values(sheet_of(tmp_path / "a.xlsx")) == [("12345678901234.56", "10000000000000001", "0001-01-01")]


def test_flags_are_words_in_the_language_of_the_reader(tmp_path: Path) -> None:
    with translation.override("de"):
        write(tmp_path / "a.xlsx", [(True,), (0,)], (column("flag"),))
    cells = [row[0] for row in sheet_of(tmp_path / "a.xlsx").iter_rows(min_row=2)]
    assert [(cell.value, cell.number_format) for cell in cells] == [
        (1, '"ja";"ja";"nein"'),
        (0, '"ja";"ja";"nein"'),
    ]


# --- The whole file -------------------------------------------------------------------------------------------


def test_all_sheets_are_there_and_the_checksum_can_be_recomputed(tmp_path: Path) -> None:
    rows = [sale(number, f"Nr. {number}") for number in range(1, 51)]
    unmatched: list[tuple[Cell, ...]] = [(1, "Unbekannt\tx"), (2, None)]
    info: list[tuple[str, Cell]] = [
        ("Run", 142),
        ("Zone", "Europe/Berlin"),
        ("Filter", "=1"),
        ("Amount", Decimal("1.5")),
        ("Read", datetime(2026, 3, 29, 4, 2, tzinfo=UTC)),
        ("Day", date(2026, 3, 29)),
        ("Empty", None),
        ("Whole", True),
    ]
    with timezone.override(BERLIN), translation.override("de"):
        names = [report_sheet_name(), unmatched_sheet_name(), info_sheet_name()]
        of_unmatched = columns_of(["sale_number", "heading"])
        sheets = [Sheet(names[0], COLUMNS, rows, 50), Sheet(names[1], of_unmatched, unmatched, 2)]
        written = write_xlsx(tmp_path / "a.xlsx", sheets, info=info)
        assert load_workbook(tmp_path / "a.xlsx").sheetnames == names
        reopened = [
            (*row[:-1], row[-1].replace(tzinfo=BERLIN))
            for row in values(sheet_of(tmp_path / "a.xlsx", names[0]))
        ]
        assert rows_checksum(reopened, COLUMNS) == rows_checksum(rows, COLUMNS) == written.checksums[names[0]]
        again = values(sheet_of(tmp_path / "a.xlsx", names[1]))
        assert rows_checksum(again, of_unmatched) == written.checksums[names[1]]
    told = values(sheet_of(tmp_path / "a.xlsx", names[2]))
    assert told[:3] == [("Run", 142), ("Zone", "Europe/Berlin"), ("Filter", "=1")]
    assert told[4] == ("Read", datetime(2026, 3, 29, 6, 2))  # noqa: DTZ001
    assert [value for _, value in told[-4:]] == [
        50,
        written.checksums[names[0]],
        2,
        written.checksums[names[1]],
    ]


def test_one_changed_cell_changes_the_checksum() -> None:
    rows = [sale(1), sale(2)]
    total = rows_checksum(rows, COLUMNS)
    assert total != rows_checksum([sale(1), sale(2, "2x CD-02")], COLUMNS)
    assert total != rows_checksum(rows[::-1], COLUMNS)
    two = (column("text"), column("text"))
    assert rows_checksum([("a", "bc")], two) != rows_checksum([("ab", "c")], two)
    assert rows_checksum([("a", None)], two) == rows_checksum([("a", "")], two)


def test_an_empty_sheet_has_its_header(tmp_path: Path) -> None:
    write(tmp_path / "a.xlsx", [])
    assert [len(row) for row in sheet_of(tmp_path / "a.xlsx").iter_rows(values_only=True)] == [len(COLUMNS)]


def test_the_properties_name_nobody(tmp_path: Path) -> None:
    write(tmp_path / "a.xlsx", [sale(1)])
    properties = load_workbook(tmp_path / "a.xlsx").properties
    assert (properties.creator or "", properties.lastModifiedBy or "", properties.title) == ("", "", None)
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert b"<Company></Company>" in archive.read("docProps/app.xml")


# --- Progress and refusals ------------------------------------------------------------------------------------


def test_progress_is_told_every_2000_rows_over_all_sheets(tmp_path: Path) -> None:
    told: list[int] = []
    numbers = (column("integer"),)
    sheets = [Sheet(name, numbers, [(i,) for i in range(4100)], 4100) for name in ("A", "B")]
    write_xlsx(tmp_path / "a.xlsx", sheets, info=[], on_rows=told.append)
    assert told == [2000, 4000, 4100, 6100, 8100, 8200]


class Stopped(Exception):
    """Somebody pressed stop."""


def stop(_done: int) -> None:
    raise Stopped


def failing_rows() -> Iterator[tuple[Cell, ...]]:
    yield sale(1)
    raise ConnectionError("the database went away")


@pytest.mark.parametrize(
    ("rows", "count", "error"),
    [
        ([sale(1)], 1, Stopped),
        ([sale(1)], 2, RowCountDiffers),
        ([sale(1), sale(2)], 1, RowCountDiffers),
        (failing_rows, 2, ConnectionError),
        ([("x",) * len(COLUMNS)], 1, TypeError),
        ([(1,)], 1, ValueError),
        ([sale(1)], MAX_ROWS + 1, TooManyRows),
    ],
)
def test_what_fails_leaves_the_earlier_file_and_nothing_else(
    tmp_path: Path, rows: Any, count: int, error: type[Exception]
) -> None:
    target = tmp_path / "a.xlsx"
    target.write_bytes(b"the earlier file")
    sheet = Sheet("Report", COLUMNS, rows() if callable(rows) else rows, count)
    with pytest.raises(error):
        write_xlsx(target, [sheet], info=[], on_rows=stop if error is Stopped else None)
    assert leftovers(tmp_path) == ["a.xlsx"]
    assert target.read_bytes() == b"the earlier file"


def test_a_file_replaces_the_earlier_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"the earlier file")
    write(tmp_path / "a.xlsx", [sale(1)])
    assert leftovers(tmp_path) == ["a.xlsx"]
    assert len(values(sheet_of(tmp_path / "a.xlsx"))) == 1


def test_more_rows_than_a_sheet_holds_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TooManyRows, match="would have 1048576 rows, and Excel opens at most 1048575"):
        write_xlsx(tmp_path / "a.xlsx", [Sheet("Report", COLUMNS, [], MAX_ROWS + 1)], info=[])


def test_a_cell_that_the_library_drops_in_silence_is_an_error(tmp_path: Path) -> None:
    book = Workbook(str(tmp_path / "a.xlsx"), {"constant_memory": True})
    cells = CellWriter(book, book.add_worksheet("A", PlainWorksheet))
    cells.text(5, 0, "x")
    with pytest.raises(CellLost, match="cell 1 of row 2"):
        cells.text(1, 0, "too late")
    book.close()


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write(tmp_path / "missing" / "a.xlsx", [sale(1)])
