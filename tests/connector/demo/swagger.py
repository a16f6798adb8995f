"""Swagger 2.0 specifications as JSON Schemas, relaxed where the real answers are known to differ.

The relaxations: every property may be null, cells of archive rows are scalars although the specification says objects.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SPECIFICATIONS = Path(__file__).parents[1] / "openapi"


@cache
def specification(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SPECIFICATIONS / f"{name}.json").read_text("utf-8"))
    return loaded


@cache
def _definitions(name: str) -> dict[str, Any]:
    found = {key: relaxed(schema) for key, schema in specification(name)["definitions"].items()}
    for key, schema in found.items():
        if key.endswith("ODataSlimResponse"):
            # Rows are flat: a cell is a text, a number, a flag or nothing.
            schema["properties"]["value"] = {
                "type": "array",
                "items": {"additionalProperties": {"type": SCALARS}},
            }
        if "properties" in schema:
            # Without this a misspelt property would pass unseen.
            schema["additionalProperties"] = False
    return found


SCALARS = ["string", "number", "boolean", "null"]


def relaxed(schema: Any) -> Any:
    """A schema of which every typed part may be null as well."""
    if isinstance(schema, list):
        return [relaxed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}
    result = {key: relaxed(part) if key != "enum" else [*part, None] for key, part in schema.items()}
    if isinstance(schema.get("type"), str) and schema["type"] != "object":
        result["type"] = [schema["type"], "null"]
    return result


def request_problems(name: str, method: str, path: str, body: Any) -> list[str]:
    """What is wrong with the JSON body of a request, by the specification `name`."""
    parameters = specification(name)["paths"][f"/api/v1{path}"][method.lower()]["parameters"]
    schema = next(item["schema"] for item in parameters if item["in"] == "body")
    validator = Draft202012Validator({**relaxed(schema), "definitions": _definitions(name)})
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]


@cache
def operations() -> frozenset[tuple[str, str]]:
    """Verb and path after `/api/v1` of everything that the specifications at hand describe."""
    return frozenset(
        (method.upper(), path.removeprefix("/api/v1"))
        for file in SPECIFICATIONS.glob("*.json")
        for path, methods in specification(file.stem)["paths"].items()
        for method in methods
    )


def problems(name: str, method: str, path: str, body: Any, status: int = 200) -> list[str]:
    """What is wrong with an answer, by the specification `name`; `path` is as the specification writes it."""
    responses = specification(name)["paths"][f"/api/v1{path}"][method.lower()]["responses"]
    schema = responses[str(status)]["schema"]
    # The answer itself must not be null, only what is inside it.
    top = schema if "$ref" in schema else {**relaxed(schema), "type": schema["type"]}
    validator = Draft202012Validator({**top, "definitions": _definitions(name)})
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]
