"""Archive queries: `$select`, `$filter`, `$orderby`, `$top`, `$skip` over one provider's rows, answered as JSON text.

Cells are turned into JSON once per column and language and then only joined, so a page of a thousand rows is cheap.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any

from connector.demo.columns import Column, stamp
from connector.demo.filters import QueryError, Surroundings, Test, compile_filter
from connector.demo.lists import Language, Wording

DEFAULT_ROWS = 1000
_OPTIONS = {"$select", "$filter", "$orderby", "$entities", "$top", "$skip", "$mode", "$options", "$context",
"$format",
            "$jsonsafe", "$output", "$metadata", "$inlinecount"}  # fmt: skip
_DISPLAY_TYPES = {"int": "intorblank", "decimal": "decimal", "bool": "bool", "date": "date"}
_UNSAFE = str.maketrans(dict.fromkeys("/:. ", "_"))


class Provider:
    """One archive provider: its columns and its records, which do not change afterwards. `key` names the id
    attribute.
    """

    def __init__(
        self,
        name: str,
        entity: str,
        key: str,
        columns: Iterable[Column],
        records: Iterable[Any],
    ) -> None:
        self.name = name
        self.entity = entity
        self.columns = {column.name.lower(): column for column in columns}
        self.records = list(records)
        self._key = attrgetter(key)
        self._cells: dict[tuple[str, Language], list[str]] = {}
        self._orders: dict[tuple[str, bool], list[int]] = {}

    def column(self, name: str) -> Column:
        """Find a column by its name in any case, or raise QueryError."""
        column = self.columns.get(name.lower())
        if column is None:
            raise QueryError(f"Unknown column '{name}' in archive provider {self.name}")
        return column

    def matching(self, test: Test | None, visible: Test | None = None) -> list[int]:
        """The positions of the records that pass, in their natural order (by id). What is not visible to the caller
        is missing without a word.
        """
        positions = list(range(len(self.records)))
        if test is not None:
            positions = [position for position, record in enumerate(self.records) if test(record)]
        if visible is not None:
            positions = [position for position in positions if visible(self.records[position])]
        return positions

    def in_order(self, positions: list[int], order_by: Sequence[tuple[str, bool]]) -> list[int]:
        """The positions sorted by columns, each with whether it falls. Raises QueryError."""
        if len(order_by) != 1 or 4 * len(positions) < len(self.records):
            for name, descending in reversed(order_by):
                positions = _sorted(self, positions, name, descending)
            return positions
        # Page after page comes in the same order; sorting all of a long list for each would be most of the work.
        (name, descending) = order_by[0]
        whole = self._orders.get((name.lower(), descending))
        if whole is None:
            whole = _sorted(self, list(range(len(self.records))), name, descending)
            self._orders[name.lower(), descending] = whole
        chosen = frozenset(positions)
        return [position for position in whole if position in chosen]

    def rows(
        self, positions: Sequence[int], columns: Sequence[Column], language: Language, json_safe: bool
    ) -> str:
        """The JSON objects of some rows, joined by commas."""
        shown = []
        for column in columns:
            label = json.dumps(column.name.translate(_UNSAFE) if json_safe else column.name)
            shown.append([f",{label}:{cell}" for cell in self._cells_at(positions, column, language)])
        heads = [
            f'{{"PrimaryKey":"{self._key(self.records[position])}","EntityName":"{self.entity}"'
            for position in positions
        ]
        return ",".join("".join(parts) + "}" for parts in zip(heads, *shown, strict=True))

    def full_rows(self, positions: Sequence[int], columns: Sequence[Column], language: Language) -> str:
        """The same in `$mode=full`: each cell with its raw value beside the display value."""
        rows = []
        for position in positions:
            record = self.records[position]
            row: dict[str, Any] = {
                "PrimaryKey": str(self._key(record)), "EntityName": self.entity,
                "StyleHint": None, "LinkHint": None, "TableRight": None,
            }  # fmt: skip
            for column in columns:
                display = _scalar(column.value(record), language)
                raw = _scalar(column.key(record), language) if column.kind else display
                row[column.name] = {
                    "RawValue": raw,
                    "DisplayValue": display,
                    "LinkHint": "",
                    "TooltipHint": "",
                }
            rows.append(json.dumps(row, ensure_ascii=False))
        return ",".join(rows)

    def _cells_at(self, positions: Sequence[int], column: Column, language: Language) -> list[str]:
        cells = self._cells.get((column.name, language))
        if cells is None and 4 * len(positions) < len(self.records):
            # A look-up of a few records does not pay for preparing the whole column.
            return [_cell(column, self.records[position], language) for position in positions]
        if cells is None:
            cells = [_cell(column, record, language) for record in self.records]
            self._cells[column.name, language] = cells
        return [cells[position] for position in positions]


@dataclass(frozen=True, slots=True)
class Query:
    """What a caller asked of a provider, not yet checked against its columns."""

    select: tuple[str, ...] = ()
    filter: str = ""
    order_by: tuple[tuple[str, bool], ...] = ()
    top: int = DEFAULT_ROWS
    skip: int = 0
    full: bool = False
    json_safe: bool = False
    count: bool = False
    entities: frozenset[str] = field(default_factory=frozenset)


def read_query(parameters: Mapping[str, str], extended: bool = False) -> Query:
    """Read the query options, whose names may come in any case. `extended` allows those of `/Archive/…` alone."""
    options = {name.lower(): value.strip() for name, value in parameters.items() if name.startswith("$")}
    allowed = _OPTIONS if extended else _OPTIONS - {"$metadata", "$inlinecount"}
    for name in options:
        if name not in allowed:
            raise QueryError(f"Query option '{name}' is not supported")
    return Query(
        select=_names(options.get("$select", "")),
        filter=options.get("$filter", ""),
        order_by=tuple(_ordering(item) for item in _names(options.get("$orderby", ""))),
        top=_whole(options, "$top", DEFAULT_ROWS),
        skip=_whole(options, "$skip", 0),
        full=options.get("$mode", "").lower() == "full",
        json_safe=options.get("$jsonsafe", "").lower() == "true",
        count=options.get("$inlinecount", "none").lower() != "none",
        entities=frozenset(name.lower() for name in _names(options.get("$entities", ""))),
    )


def answer(
    provider: Provider,
    query: Query,
    language: Language,
    around: Surroundings,
    base_url: str,
    *,
    visible: Test | None = None,
) -> str:
    """Run a query and give the JSON text of the answer. Raises QueryError for what the tenant refuses."""
    names = query.select or tuple(
        name for name in provider.columns if "/" not in name and name != "getallrows"
    )
    columns = list(
        dict.fromkeys(
            provider.column(name) for name in names if name.lower() not in ("primarykey", "entityname")
        )
    )
    test = compile_filter(query.filter, provider.columns, around) if query.filter else None
    positions = provider.matching(test, visible)
    positions = provider.in_order(positions, query.order_by)
    if query.entities and provider.entity not in query.entities:
        positions = []
    page = positions[query.skip : query.skip + query.top]
    rows = (
        provider.full_rows(page, columns, language)
        if query.full
        else provider.rows(page, columns, language, query.json_safe)
    )
    count = f'"odata.count":"{len(positions)}",' if query.count else ""
    metadata = f'"odata.metadata":"{base_url}/Archive/{provider.name}/$metadata"'
    return f'{{{metadata},{count}"odata.nextLink":null,"value":[{rows}]}}'


def describe(provider: Provider, base_url: str) -> str:
    """The columns of a provider, as `$metadata` gives them."""
    value = [
        {
            "PrimaryKey": str(number), "EntityName": "column", "name": column.name,
            "restrictionType": column.kind,
            "canRestrictBy": bool(column.kind), "canOrderBy": column.sortable,
        }
        for number, column in enumerate(provider.columns.values(), 1)
    ]  # fmt: skip
    return json.dumps(
        {
            "odata.metadata": f"{base_url}/Archive/{provider.name}/$metadata",
            "odata.nextLink": None,
            "value": value,
        }
    )


def column_infos(provider: Provider) -> list[dict[str, Any]]:
    """The columns as the archive agent describes them (ArchiveColumnInfo)."""
    return [
        {
            "DisplayName": column.label or column.name, "DisplayTooltip": "",
            "DisplayType": _DISPLAY_TYPES.get(column.kind, "string"),
            "CanOrderBy": column.sortable, "Name": column.name, "CanRestrictBy": bool(column.kind),
            "RestrictionType": column.kind, "RestrictionListName": "", "IsVisible": True, "ExtraInfo": "",
            "Width": "10c", "IconHint": "", "HeadingIconHint": "",
        }
        for column in provider.columns.values()
    ]  # fmt: skip


def _sorted(provider: Provider, positions: list[int], name: str, descending: bool) -> list[int]:
    column = provider.column(name)
    if not column.sortable:
        raise QueryError(f"Column '{column.name}' cannot be used to sort")

    def key(position: int) -> Any:
        record = provider.records[position]
        value = column.value(record)
        value = column.key(record) if not isinstance(value, str) or column.kind == "int" else value.casefold()
        return stamp(value) if value is None or isinstance(value, datetime) else value

    return sorted(positions, key=key, reverse=descending)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _ordering(text: str) -> tuple[str, bool]:
    name, _, direction = text.partition(" ")
    if direction.strip().lower() not in ("", "asc", "desc"):
        raise QueryError(f"'{text}' is not a sort order")
    return name, direction.strip().lower() == "desc"


def _whole(options: Mapping[str, str], name: str, default: int) -> int:
    text = options.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise QueryError(f"'{name}' needs a whole number that is not negative")
    return int(text)


def _cell(column: Column, record: Any, language: Language) -> str:
    value = _scalar(column.value(record), language)
    # `json.dumps` makes an encoder for each call.
    return encode_basestring(value) if type(value) is str else json.dumps(value)


def _scalar(value: Any, language: Language) -> Any:
    if isinstance(value, Wording):
        return value.spoken(language)
    if value is None or isinstance(value, datetime):
        return stamp(value)
    return value
