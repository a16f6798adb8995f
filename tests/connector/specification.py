"""Requests held against SuperOffice's own specifications: the operation, its query, its headers, its body.

The relaxations are those of the answers: see `tests.connector.demo.swagger`. An unknown parameter or property
is a problem, because SuperOffice ignores what it does not know, and nobody would notice.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.connector.demo.swagger import SPECIFICATIONS, _definitions, relaxed, specification

_PLACE = re.compile(r"\{(\w+)\}")
_TEXTS = {"integer": r"-?\d+", "boolean": "true|false", "string": ".*", "number": r"-?\d+(\.\d+)?"}


@dataclass(frozen=True)
class Operation:
    """One verb on one path, as the file `specification` writes it; `path` is what follows `/api/v1`."""

    specification: str
    method: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def _document(self) -> dict[str, Any]:
        found: dict[str, Any] = specification(self.specification)["paths"][f"/api/v1{self.path}"]
        return dict(found[self.method.lower()])

    def _parameters(self, place: str) -> dict[str, dict[str, Any]]:
        """By name. SuperOffice reads names of parameters and headers in any case."""
        declared = self._document.get("parameters", [])
        return {one["name"].lower(): one for one in declared if one["in"] == place}

    @property
    def returns(self) -> set[int]:
        """The statuses of success that it documents."""
        return {int(status) for status in self._document["responses"] if 200 <= int(status) < 300}

    def problems(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> list[str]:
        """What is wrong with a request for this operation."""
        return [
            *self._query_problems(query),
            *self._header_problems(headers),
            *self._body_problems(headers, body),
        ]

    def _query_problems(self, query: Mapping[str, str]) -> Iterator[str]:
        declared = self._parameters("query")
        for name, value in query.items():
            known = declared.get(name.lower())
            if known is None:
                yield f"{name} is no parameter of it"
            elif not re.fullmatch(_TEXTS[known["type"]], value, re.DOTALL):
                yield f"{name}={value} is no {known['type']}"
            elif "enum" in known and value not in known["enum"]:
                yield f"{name}={value} is none of {known['enum']}"
        given = {name.lower() for name in query}
        for name, parameter in declared.items():
            if parameter.get("required") and name not in given:
                yield f"{name} is missing"

    def _header_problems(self, headers: Mapping[str, str]) -> Iterator[str]:
        if self.returns == {204}:
            return  # Language and culture go along with every call; where nothing is answered, they mean nothing.
        declared = self._parameters("header")
        for name in headers:
            if name.lower() in {"accept-language", *_own(headers)} and name.lower() not in declared:
                yield f"the header {name} is not declared"

    def _body_problems(self, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
        declared = list(self._parameters("body").values())
        if not declared:
            yield from ["a body that it does not take"] if body else []
            return
        (parameter,) = declared
        kind = headers.get("Content-Type", "").split(";")[0].strip().lower()
        if kind not in self._document["consumes"]:
            yield f"it does not take {kind or 'a body without a type'}"
        elif not body:
            yield f"the body {parameter['name']} is missing"
        elif kind == "application/json":
            yield from schema_problems(self.specification, parameter["schema"], json.loads(body))
        elif parameter["schema"].get("format") != "byte":
            yield f"{kind} instead of JSON"


def schema_problems(name: str, schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value by a schema of the specification `name`; it must not be null as a whole."""
    top = schema if "$ref" in schema else {**relaxed(schema), "type": schema["type"]}
    validator = Draft202012Validator({**top, "definitions": _definitions(name)})
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


def definition(name: str, suffix: str) -> dict[str, Any]:
    """The one definition of the specification `name` that ends so."""
    ((found, _schema),) = [
        (key, schema) for key, schema in _definitions(name).items() if key.endswith(f".{suffix}")
    ]
    return {"$ref": f"#/definitions/{found}"}


def find(method: str, path: str) -> Operation | None:
    """The operation that a request for `path` (after `/api/v1`) means; where several fit, the most literal one."""
    fitting = [
        (pattern.fullmatch(path), places, operation)
        for pattern, places, operation in _operations()
        if operation.method == method
    ]
    found = [(places, operation) for match, places, operation in fitting if match]
    return min(found, key=lambda one: one[0])[1] if found else None


def is_path(path: str) -> bool:
    """Whether any verb is specified for this path."""
    return any(pattern.fullmatch(path) for pattern, _places, _operation in _operations())


@cache
def _operations() -> list[tuple[re.Pattern[str], int, Operation]]:
    """With the pattern of its path and the number of places in it."""
    found = []
    for name in sorted(file.stem for file in SPECIFICATIONS.glob("*.json")):
        for path, verbs in specification(name)["paths"].items():
            short = path.removeprefix("/api/v1")
            for verb, described in verbs.items():
                pattern = _pattern(short, described.get("parameters", []))
                found.append((pattern, len(_PLACE.findall(short)), Operation(name, verb.upper(), short)))
    return found


def _pattern(path: str, parameters: list[dict[str, Any]]) -> re.Pattern[str]:
    kinds = {one["name"]: one.get("type", "string") for one in parameters if one["in"] == "path"}
    parts = re.split(r"\{(\w+)\}", path)
    texts = [re.escape(part) if place % 2 == 0 else _place(kinds[part]) for place, part in enumerate(parts)]
    return re.compile("".join(texts))


def _place(kind: str) -> str:
    return r"\d{1,10}" if kind == "integer" else r"[^/]+"


def _own(headers: Mapping[str, str]) -> set[str]:
    return {name.lower() for name in headers if name.lower().startswith("so-")}
