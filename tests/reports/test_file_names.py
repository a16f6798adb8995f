"""Names of downloads, and the codes that Excel would change."""

from datetime import date
from typing import Any
from urllib.parse import unquote

import pytest
from django.utils import translation

from reports.export import content_disposition, excel_will_change, file_name

pytestmark = pytest.mark.once


def named(report: str, *, filtered: bool = False, extension: str = "csv", **more: Any) -> tuple[str, str]:
    return file_name(report, date(2026, 3, 29), 142, 13, filtered=filtered, extension=extension, **more)


def test_a_name_says_report_day_run_and_list_version() -> None:
    expected = "produktbericht_2026-03-29_run0142_v13.csv"
    assert named("Produktbericht") == (expected, f"UTF-8''{expected}")


def test_an_umlaut_stays_where_it_can_and_is_spelled_out_where_it_cannot() -> None:
    (ascii_name, extended) = named("Bericht Süd: Große Straße", extension="xlsx")
    assert ascii_name == "bericht-sued-grosse-strasse_2026-03-29_run0142_v13.xlsx"
    assert unquote(extended.removeprefix("UTF-8''")) == (
        "bericht-süd-große-straße_2026-03-29_run0142_v13.xlsx"
    )


def test_a_filtered_download_says_so() -> None:
    assert named("x", filtered=True)[0] == "x_2026-03-29_run0142_v13_filtered.csv"


def test_an_incomplete_run_and_the_kind_of_a_csv_are_in_the_name() -> None:
    name = named("x", filtered=True, incomplete=True, dialect="excel")[0]
    assert name == "x_2026-03-29_run0142_v13_filtered_incomplete_excel.csv"
    with translation.override("de"):  # words of the language, in ASCII: "unvollstaendig"
        assert named("x", incomplete=True)[0].isascii()


@pytest.mark.parametrize(
    "report",
    [
        "",
        "../../etc/passwd",
        'a"; filename="b.exe',
        "x\r\nSet-Cookie: a=b",
        "\u202egnp.exe",
        "報告",
        "a" * 300,
    ],
)
def test_no_name_of_a_report_leaves_the_header_or_the_folder(report: str) -> None:
    with translation.override("de"):
        name = named(report, filtered=True)
    value = content_disposition(name)
    assert value.startswith('attachment; filename="')
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
    assert value.count("filename=") == 1
    for written in (name[0], unquote(name[1].removeprefix("UTF-8''"))):
        assert not set(written) & set('/\\:*?"<>|\r\n\u202e')
        assert written.count(".") == 1
        assert len(written.encode()) <= 255


def test_a_report_whose_name_has_no_latin_letter_keeps_it_beside_a_plain_one() -> None:
    (ascii_name, extended) = named("報告")
    assert ascii_name.startswith("report_2026")
    assert unquote(extended).startswith("UTF-8''報告_2026")


@pytest.mark.parametrize(
    "code",
    [
        *["03-04", "1-2", "3/4", "1.2", "12-45", "2020-03-04", "3/4/20", "1.2.", "31-12-1999", "3-2020"],
        *[
            "MAR-1",
            "DEC 01",
            "DEC1",
            "Mär-1",
            "Okt 3",
            "1-MAR",
            "01 Dez",
            "1. Mai",
            "SEP 2020",
            "März 5",
            "2-sep-21",
        ],
        *["12E5", "22E1", "1e-3", "1,5E3", "007", "00", "0123,5", "1234567890123456", "1,50", "1.000"],
        *["12:30", "TRUE", "wahr", " 03-04 "],
    ],
)
def test_a_code_that_excel_changes_is_found(code: str) -> None:
    assert excel_will_change(code)


@pytest.mark.parametrize(
    "code",
    [
        *[
            "CD-01",
            "123",
            "0",
            "45-99",
            "20-30",
            "2xCD",
            "E5",
            "12E",
            "MAR-CD",
            "MARS-1",
            "DEC 012345",
            "A1-2",
        ],
        *["", "1234567890", "1-2-3-4", "99-99-99", "Akku", "1,5", "CD 1.2", "OMNIE", "100-200", "1999-2000"],
    ],
)
def test_a_code_that_excel_leaves_alone_raises_no_alarm(code: str) -> None:
    assert not excel_will_change(code)
