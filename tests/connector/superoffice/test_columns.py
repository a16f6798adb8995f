"""Reading by columns takes usual cells at a glance; it must make of every cell what Fields makes of it."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from connector.superoffice import columns
from connector.superoffice.columns import Column, RowReader
from connector.superoffice.errors import BadRecord
from connector.superoffice.fields import Fields

pytestmark = pytest.mark.once

CELLS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    5,
    100,
    101,
    2**63 - 1,
    2**63,
    1.5,
    Decimal(0),
    Decimal("12.50"),
    Decimal("-3"),
    Decimal("999999999999999.99"),
    Decimal(10) ** 15,
    -(Decimal(10) ** 15),
    Decimal("1E+400"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("-Infinity"),
    "",
    " ",
    "0",
    "5",
    " 100 ",
    "101",
    "-1",
    "12.50",
    "true",
    "False",
    "perhaps",
    "inga@erfunden.example ",
    "2026-03-31",
    "2026-03-31T23:30:00",
    "2026-03-31T23:30:00.1234567",
    "2026-03-31T23:30:00Z",
    "2026-04-01T00:30:00+02:00",
    "0001-01-01T00:00:00",
    "1760-01-01T00:00:00Z",
    "9999-12-31T23:59:59",
    "31.03.2026",
    [],
    [1],
    {},
    {"Id": 1},
)
KINDS: dict[str, tuple[Column, Callable[[Fields], Any]]] = {
    "text": (columns.text("cell"), lambda fields: fields.text("cell")),
    "first text": (
        columns.first_text("cell", otherwise="other"),
        lambda fields: fields.text("cell") or fields.text("other"),
    ),
    "optional id": (columns.optional_id("cell"), lambda fields: fields.id("cell")),
    "required id": (columns.required_id("cell"), lambda fields: fields.required_id("cell")),
    "number": (columns.number("cell"), lambda fields: fields.number("cell")),
    "percent": (columns.percent("cell"), lambda fields: fields.percent("cell")),
    "texts": (columns.texts(["cell"]), lambda fields: {"cell": fields.text("cell")}),
    "flag": (columns.flag("cell"), lambda fields: fields.flag("cell", missing=False)),
    "amount": (columns.amount("cell"), lambda fields: fields.amount("cell")),
    "day": (columns.day("cell"), lambda fields: fields.day("cell")),
    "moment": (columns.moment("cell"), lambda fields: fields.moment("cell")),
}


def fields_of(row: Mapping[str, Any]) -> Fields:
    return Fields(row, f"record {row['number']}")


def outcome(read: Callable[[], Any]) -> str:
    """What comes out, with its type and all its digits, or how it is refused."""
    try:
        return repr(read())
    except BadRecord as problem:
        return f"{problem.record} {problem.column} {problem.detail}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_a_cell_means_in_a_column_what_it_means_alone(kind: str, cell: Any) -> None:
    column, careful = KINDS[kind]
    row = {"number": 7, "cell": cell, "other": "AM"}
    expected = outcome(lambda: careful(fields_of(row)))
    assert outcome(lambda: column([row], fields_of)[0]) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_cell_means_what_null_means(kind: str) -> None:
    column, _careful = KINDS[kind]
    null, missing = ({"number": 7, "cell": None}, {"number": 7})
    assert outcome(lambda: column([missing], fields_of)) == outcome(lambda: column([null], fields_of))


@pytest.mark.parametrize(
    ("cell", "expected"), [("0", 0), ("60", 60), (" 100 ", 100), (25, 25), ("", None), (None, None)]
)
def test_a_probability_is_a_text_in_lists_and_may_be_missing(cell: Any, expected: int | None) -> None:
    assert columns.percent("cell")([{"number": 1, "cell": cell}], fields_of) == [expected]


@pytest.mark.parametrize("cell", ["60 %", "0.5", "101", -1, 1000, True, Decimal("60.5"), "²", "9" * 5000])
def test_what_is_no_percentage_is_refused(cell: Any) -> None:
    with pytest.raises(BadRecord, match="percentage"):
        columns.percent("cell")([{"number": 1, "cell": cell}], fields_of)


def test_several_columns_of_text_stay_together_by_their_names() -> None:
    rows: list[dict[str, Any]] = [
        {"number": 1, "saleUdef/SuperOffice:1": "CD-01", "sale/description": None},
        {"number": 2, "sale/description": 5},
    ]
    names = ["saleUdef/SuperOffice:1", "sale/description"]
    assert columns.texts(names)(rows, fields_of) == [
        {"saleUdef/SuperOffice:1": "CD-01", "sale/description": ""},
        {"saleUdef/SuperOffice:1": "", "sale/description": "5"},
    ]
    assert columns.texts([])(rows, fields_of) == [{}, {}]


@pytest.mark.parametrize(
    ("company", "is_set"), [(25, True), ("25", True), (0, False), ("0", False), (None, False)]
)
def test_a_missing_flag_is_set_where_there_is_somebody_to_protect(company: Any, is_set: bool) -> None:
    stop = columns.flag("stop", missing_with="company")
    rows = [{"number": 1, "company": company, "stop": value} for value in (None, "", False, True)]
    assert stop(rows, fields_of) == [is_set, is_set, False, True]


def test_texts_are_stripped_and_put_into_our_words() -> None:
    rows: list[dict[str, Any]] = [
        {"number": 1, "cell": " Sold"},
        {"number": 2, "cell": "Warm "},
        {"number": 3},
    ]
    text = columns.stripped(columns.text("cell"))
    assert columns.translated(text, {"sold": "won"})(rows, fields_of) == ["won", "Warm", ""]


class Visit(NamedTuple):
    on: date | None
    by: str


def test_each_field_gets_its_own_column_in_whatever_order_they_are_named() -> None:
    reader = RowReader(Visit, fields_of, {"by": columns.text("who"), "on": columns.day("when")})
    rows = [{"who": "AM", "when": "2026-03-31T23:30:00"}, {"who": "SK", "when": "0001-01-01T00:00:00"}]
    assert reader.read(rows) == [Visit(on=date(2026, 3, 31), by="AM"), Visit(on=None, by="SK")]
    assert reader.read([]) == []


@pytest.mark.parametrize("names", [["on"], ["on", "by", "where"]])
def test_a_field_without_a_column_is_found_out_at_once(names: list[str]) -> None:
    with pytest.raises(TypeError, match="Visit"):
        RowReader(Visit, fields_of, {name: columns.text(name) for name in names})
