"""CSV that German Excel opens right, that runs no formula anywhere, and that is whole or no file at all."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone, translation

from reports.export import (
    COLUMNS,
    DATA,
    DEFAULT_KEYS,
    DIALECTS,
    EXCEL,
    REPORT_COLUMNS,
    Cell,
    Column,
    Kind,
    RowCountDiffers,
    columns_of,
    csv_chunks,
    encoded,
    safe_text,
    sealed,
    text_table,
)
from reports.export.safety import without_apostrophe

pytestmark = pytest.mark.once

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
    "＋1",
    "－1",
    "＠x",
    '=HYPERLINK("http://x";"CD-01")',
    "=cmd|'/c calc'!A1",
    "\u200b=1",
    "\ufeff@x",
    "\u22121+1",
    "\ufe66x",
    "\u3164=1",
    "\u2800+1",
    "\x00=1",
    "\x85-1",
    "'=1",
]
HARMLESS = ["2xOmnie CD-01", "Bürste & Akku", "(intern) x", "CD-01 = neu", "", "¿Qué?", "a=b", "😀 Aktion"]


def column(kind: Kind, name: str = "Name") -> Column:
    return Column("key", name, name, kind)


def cells_of(kind: Kind, *values: Cell, dialect: str = "data", raw: bool = False) -> list[str]:
    """How a column of `kind` stands in the file, quotes included; no value may hold a line break."""
    rows = [[value] for value in values]
    text = "".join(csv_chunks(rows, DIALECTS[dialect], columns=[column(kind)], raw=raw))
    return text.split("\r\n")[1:-1]


def parsed(text: str, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter))


# --- Formulas -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [["Heading"], [column("text")]], ids=["by name", "typed"])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_no_text_cell_can_become_a_formula(dialect: object, columns: Sequence[Column | str]) -> None:
    chosen = EXCEL if dialect is EXCEL else DATA
    text = "".join(csv_chunks([[payload] for payload in PAYLOADS], chosen, columns=columns))
    (_header, *rows) = parsed(text, chosen.delimiter)
    assert len(rows) == len(PAYLOADS)
    for (cell,), payload in zip(rows, PAYLOADS, strict=True):
        assert cell.startswith("'"), payload
        assert not any(mark in cell for mark in "\t\r\n\x00\x85"), payload


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_formula_is_found_among_harmless_neighbours(payload: str) -> None:
    cells = cells_of("text", *HARMLESS, payload, *HARMLESS)
    assert cells[len(HARMLESS)].startswith("\"'")
    assert cells[: len(HARMLESS)] == cells[len(HARMLESS) + 1 :] == [f'"{text}"' for text in HARMLESS]


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize("text", [*HARMLESS, *(payload for payload in PAYLOADS if payload.isprintable())])
def test_the_apostrophe_comes_off_again(text: str) -> None:
    assert without_apostrophe(safe_text(text)) == text


def test_an_apostrophe_of_somebody_else_stays() -> None:
    assert without_apostrophe("'n Abend") == "'n Abend"


def test_a_separator_in_a_value_starts_no_new_cell() -> None:
    text = "".join(csv_chunks([['x";=1+2', 5]], EXCEL, columns=[column("text"), column("integer")]))
    assert text.endswith('"x"";=1+2";5\r\n')


def test_a_header_is_a_text_like_any_other() -> None:
    assert "".join(csv_chunks([], DATA, columns=['=a"b'])) == '"\'=a""b"\r\n'


def test_programs_get_the_bare_texts_when_they_ask_for_them() -> None:
    text = "".join(csv_chunks([["=1\r\n+2\t"]], DATA, columns=[column("text")], raw=True))
    assert parsed(text, ",")[1] == ["=1\r\n+2\t"]
    with pytest.raises(ValueError, match="protection from formulas"):
        csv_chunks([], EXCEL, raw=True)


def test_half_an_emoji_breaks_no_download() -> None:
    for raw in (False, True):
        text = "".join(csv_chunks([["Angebot \ud83d!"]], DATA, columns=[column("text")], raw=raw))
        assert text.encode().endswith('"Angebot \ufffd!"\r\n'.encode() if not raw else b'"Angebot ?!"\r\n')


# --- Kinds ----------------------------------------------------------------------------------------------------


def test_numbers_and_dates_are_written_by_their_type_and_never_escaped() -> None:
    row: list[Cell] = [7, Decimal("-1234.5"), date(2026, 11, 20), None]
    by_name, typed = list("abcd"), [column(kind) for kind in ("id", "decimal", "date", "integer")]
    for columns in (by_name, typed):
        assert "".join(csv_chunks([row], EXCEL, columns=columns)).splitlines()[1] == "7;-1234,50;20.11.2026;"
        assert "".join(csv_chunks([row], DATA, columns=columns)).splitlines()[1] == "7,-1234.50,2026-11-20,"


@pytest.mark.parametrize("amount", [Decimal("-0.005"), Decimal("1E+3"), 12, -0.5, 1234567.25, None])
def test_an_amount_has_two_places_whatever_the_database_delivers(amount: Cell) -> None:
    alone = cells_of("decimal", amount)
    assert alone == ["" if amount is None else format(amount, ".2f")]
    assert cells_of("decimal", amount, Decimal(1), 2.5, 3, None) == [*alone, "1.00", "2.50", "3.00", ""]
    assert cells_of("decimal", amount, dialect="excel") == [alone[0].replace(".", ",")]


def test_no_place_of_a_large_amount_is_lost() -> None:
    assert cells_of("decimal", Decimal("9999999999999999.99")) == ["9999999999999999.99"]


def test_days_come_as_dates_or_as_text_of_the_database() -> None:
    days: list[Cell] = [date(2026, 3, 29), "2026-03-29", None, datetime(2026, 3, 28, 23, 30, tzinfo=UTC)]
    with timezone.override("Europe/Berlin"):
        assert cells_of("date", *days) == ["2026-03-29", "2026-03-29", "", "2026-03-29"]
        assert cells_of("date", *days, dialect="excel") == ["29.03.2026", "29.03.2026", "", "29.03.2026"]


def test_a_day_before_the_year_1000_has_four_digits() -> None:
    assert cells_of("date", date(1, 1, 1), dialect="excel") == ["01.01.0001"]


def test_moments_are_told_in_the_zone_that_the_header_names() -> None:
    moment = datetime(2026, 3, 29, 1, 30, 15, 999, tzinfo=UTC)
    as_stored = "2026-03-29 01:30:15.000999"  # SQLite: without an offset, and UTC
    with timezone.override("Europe/Berlin"):
        chunks = csv_chunks([[moment], [as_stored], [None]], EXCEL, columns=columns_of(["changed_at"]))
        programs = csv_chunks([[moment]], DATA, columns=columns_of(["changed_at"]))
    assert "".join(chunks).removeprefix("\ufeff").splitlines() == [
        '"Changed at (Europe/Berlin)"',
        "29.03.2026 03:30",
        "29.03.2026 03:30",
        "",
    ]
    assert "".join(programs).splitlines() == ['"ChangedAt"', "2026-03-29T03:30:15+02:00"]


def test_flags_are_words_for_people_and_truth_values_for_programs() -> None:
    with translation.override("de"):
        assert cells_of("flag", True, 0, None, dialect="excel") == ["ja", "nein", ""]
        assert cells_of("flag", True, 0, None) == ["true", "false", ""]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("id", "=1"),
        ("integer", 1.5),
        ("integer", True),
        ("decimal", "=1"),
        ("decimal", float("nan")),
        ("decimal", float("-inf")),
        ("decimal", Decimal("NaN")),
        ("date", 5),
        ("datetime", date(2026, 1, 1)),
        ("flag", 2),
        ("flag", "x"),
    ],
)
def test_a_cell_of_the_wrong_type_is_an_error_that_names_its_column(kind: Kind, value: Cell) -> None:
    cases: list[list[list[Cell]]] = [[[value]], [[None], [value]]]
    for rows in cases:
        with pytest.raises(TypeError, match="Amount holds"):
            list(csv_chunks(rows, DATA, columns=[column(kind, "Amount")]))


def test_a_text_that_is_no_date_is_an_error() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        cells_of("date", "=1+1+1+1+1")


@pytest.mark.parametrize("rows", [[[1]], [[1, 2, 3]], [[1, 2], [1]]])
def test_a_row_of_another_width_is_an_error(rows: list[list[Cell]]) -> None:
    with pytest.raises(ValueError, match="argument"):
        list(csv_chunks(rows, DATA, columns=[column("id"), column("id")]))


def test_a_file_without_columns_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one column"):
        csv_chunks([()], DATA, columns=[])


# --- The catalogue and the header -----------------------------------------------------------------------------


def test_excel_gets_a_byte_order_mark_and_programs_do_not() -> None:
    assert "".join(csv_chunks([], EXCEL)).encode().startswith(b'\xef\xbb\xbf"SaleId";"CustomerName"')
    assert "".join(csv_chunks([], DATA)).encode().startswith(b'"SaleId","CustomerName"')


def test_programs_always_find_the_same_names() -> None:
    with translation.override("de"):
        header = "".join(csv_chunks([], DATA, columns=columns_of(REPORT_COLUMNS)))
    assert header == (
        '"SaleId","CustomerName","SaleHeading","Products","Quantities","Families","Source","Status","Result",'
        '"Amount","Currency","SaleDate","Owner","Person","SaleNumber","SaleType","Probability","RegisteredOn",'
        '"ChangedAt","Description"\r\n'
    )
    assert tuple(header.replace('"', "").split(","))[:3] == COLUMNS[:3]


@pytest.mark.parametrize("language", ["en", "de"])
def test_people_find_headers_in_their_language_that_are_unique_and_never_begin_with_id(language: str) -> None:
    with translation.override(language):
        chunks = csv_chunks([], EXCEL, columns=columns_of(REPORT_COLUMNS))
    # the language is the one of the request, also when the stream is read after it
    (header,) = parsed("".join(chunks), ";")
    assert len(set(header)) == len(REPORT_COLUMNS)
    assert header[0] == {"en": "Sale", "de": "Verkauf"}[language]
    assert not any(name.upper().startswith("ID") for name in [*header, *COLUMNS])


def test_a_key_that_is_not_in_the_catalogue_is_an_error() -> None:
    assert [found.key for found in columns_of(DEFAULT_KEYS)] == list(DEFAULT_KEYS)
    with pytest.raises(KeyError):
        columns_of(["password"])


# --- Whole or broken ------------------------------------------------------------------------------------------


def test_many_rows_come_in_pieces() -> None:
    pieces = list(csv_chunks(([i] for i in range(4500)), DATA, columns=[column("integer")]))
    assert len(pieces) == 3
    assert "".join(pieces).splitlines()[1:] == [str(i) for i in range(4500)]


def test_a_chunk_may_end_where_the_rows_do() -> None:
    pieces = list(csv_chunks(([i] for i in range(2000)), DATA, columns=["n"]))
    assert len(pieces) == 1
    assert pieces[0].count("\r\n") == 2001


def test_a_failure_before_the_first_piece_is_raised_before_anything_is_sent() -> None:
    with pytest.raises(RowCountDiffers):
        encoded(csv_chunks(sealed([], 1), DATA))


def test_rows_are_passed_on_when_their_number_agrees() -> None:
    assert list(sealed(iter("abc"), 3)) == ["a", "b", "c"]
    assert list(sealed([], 0)) == []


@pytest.mark.parametrize("found", [0, 2, 4])
def test_too_few_and_too_many_rows_break_the_file(found: int) -> None:
    with pytest.raises(RowCountDiffers) as caught:
        list(sealed(range(found), 3))
    assert (caught.value.expected, caught.value.found) == (3, found)


def test_a_wrong_number_of_rows_reaches_whoever_sends_the_bytes() -> None:
    sent: list[bytes] = []
    with pytest.raises(RowCountDiffers):
        sent.extend(encoded(csv_chunks(sealed(([i] for i in range(3000)), 3001), DATA, columns=["n"])))


# --- Terminals ------------------------------------------------------------------------------------------------


def test_a_terminal_table_cuts_long_cells_and_sets_numbers_right() -> None:
    table = text_table(["Id", "Heading"], [[5, "x" * 60], [1234, "line\nbreak"]])
    lines = table.splitlines()
    assert lines[2].startswith("   5  xxx")
    assert lines[2].endswith("…")
    assert lines[3] == "1234  line break"
    assert text_table(["Id"], []) == "Id\n--\n"
