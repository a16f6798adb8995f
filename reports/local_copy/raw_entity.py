"""A record as SuperOffice tells it, made into lines that people can read: their own fields first."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

MOST_LINES = 2000
_DEEPEST = 12
_OWN_FIELDS = ("CustomFields", "UserDefinedFields")
# What may be done with the record, not what it says.
_MACHINERY = {*_OWN_FIELDS, "TableRight", "FieldProperties", "_Links"}
_NOTHING = {"", "0001-01-01T00:00:00"}
# User-defined values may carry their type: [I:3], [F:12.5], [DT:…].
_TYPED = re.compile(r"\[[A-Z]{1,2}:(.*)\]", re.DOTALL)


class Line(NamedTuple):
    """`label` is what people call the field; empty where nobody told us."""

    label: str
    name: str
    value: str


class RawEntity(NamedTuple):
    """`own` are the user-defined fields, empty ones too; `rest` is everything else that says something, of
    which `empty_count` fields do not. `is_cut`: there was more than anybody reads.
    """

    own: list[Line]
    rest: list[Line]
    empty_count: int
    is_cut: bool


def lines_of(entity: Mapping[str, Any], labels: Mapping[str, str]) -> RawEntity:
    """`labels` are the names of user-defined fields by their column, as `saleUdef/SuperOffice:1`."""
    own: dict[str, Line] = {}
    for place in _OWN_FIELDS:
        fields = entity.get(place)
        for name, value in fields.items() if isinstance(fields, dict) else ():
            own.setdefault(name, Line(labels.get(f"saleUdef/{name}", ""), name, _own_value(value)))
    every = [Line("", name, value) for name, value in _walk(entity, "", 0)]
    rest = [line for line in every if line.value not in _NOTHING]
    return RawEntity(
        sorted(own.values(), key=lambda line: (not line.value, line.label or line.name)),
        rest[:MOST_LINES],
        len(every) - len(rest),
        len(rest) > MOST_LINES,
    )


def _own_value(value: Any) -> str:
    text = _plain(value)
    typed = _TYPED.fullmatch(text)
    return typed[1] if typed else text


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every value with its path: "Person.Email", "Links[0].Name"."""
    inner: list[tuple[str, Any]] = []
    if depth < _DEEPEST and isinstance(value, dict):
        inner = [
            (f"{path}.{name}" if path else str(name), part)
            for name, part in value.items()
            if name not in _MACHINERY
        ]
    elif depth < _DEEPEST and isinstance(value, list):
        inner = [(f"{path}[{number}]", part) for number, part in enumerate(value)]
    for name, part in inner:
        yield from _walk(part, name, depth + 1)
    if not inner:
        yield path, _plain(value)


def _plain(value: Any) -> str:
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
