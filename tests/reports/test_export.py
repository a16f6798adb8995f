"""CSV that German Excel opens right, and that runs no formula anywhere."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from reports.export import DATA, EXCEL, Cell, csv_chunks, read_csv, safe_text, text_table

PAYLOADS = [
    "=1+1",
    "+49 170 1234",
    "-20% Aktion",
    "@SUM(A1)",
    "\t=1",
    "\r\n=1",
    " =1",
    '"=1',
    "＝1",
    '=HYPERLINK("http://x";"CD-01")',
    "=cmd|'/c calc'!A1",
    "\u200b=1",
    "\ufeff@x",
    "\u22121+1",
    "\ufe66x",
    "\u3164=1",
    "\u2800+1",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_cell_can_become_a_formula(payload: str) -> None:
    for dialect in (EXCEL, DATA):
        text = "".join(csv_chunks([[payload]], dialect, columns=["Heading"])).removeprefix(dialect.start)
        (_header, cells) = csv.reader(io.StringIO(text), delimiter=dialect.delimiter)
        assert cells[0].startswith("'")
        assert not any(mark in cells[0] for mark in "\t\r\n\x00")


@pytest.mark.parametrize("text", ["2xOmnie CD-01", "Bürste & Akku", "(intern) x", "CD-01 = neu", "", "¿Qué?"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text


def test_a_separator_in_a_value_starts_no_new_cell() -> None:
    text = "".join(csv_chunks([['x";=1+2', 5]], EXCEL, columns=["a", "b"]))
    assert text.endswith('"x"";=1+2";5\r\n')


def test_numbers_and_dates_are_written_by_their_type_and_never_escaped() -> None:
    row: list[Cell] = [7, Decimal("-1234.5"), date(2026, 11, 20), None]
    assert "".join(csv_chunks([row], EXCEL, columns=[])).splitlines()[1] == "7;-1234,50;20.11.2026;"
    assert "".join(csv_chunks([row], DATA, columns=[])).splitlines()[1] == "7,-1234.50,2026-11-20,"


def test_excel_gets_a_byte_order_mark_and_programs_do_not() -> None:
    assert "".join(csv_chunks([], EXCEL)).encode().startswith(b'\xef\xbb\xbf"SaleId";"CustomerName"')
    assert "".join(csv_chunks([], DATA)).encode().startswith(b'"SaleId","CustomerName"')


def test_many_rows_come_in_pieces() -> None:
    pieces = list(csv_chunks(([i] for i in range(4500)), DATA, columns=["n"]))
    assert len(pieces) == 3
    assert "".join(pieces).splitlines()[1:] == [str(i) for i in range(4500)]


@pytest.mark.parametrize("text", ["a,b\n1,x\n", "\ufeffa;b\r\n1;x\r\n"])
def test_a_list_is_read_with_commas_or_semicolons(text: str) -> None:
    assert read_csv(text) == [{"a": "1", "b": "x"}]


def test_a_terminal_table_cuts_long_cells_and_sets_numbers_right() -> None:
    table = text_table(["Id", "Heading"], [[5, "x" * 60], [1234, "line\nbreak"]])
    lines = table.splitlines()
    assert lines[2].startswith("   5  xxx")
    assert lines[2].endswith("…")
    assert lines[3] == "1234  line break"
    assert text_table(["Id"], []) == "Id\n--\n"
