"""An OpenAPI document as people read it: groups of operations with what goes in and comes out."""

from collections.abc import Iterable, Mapping
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


def operations(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return every operation by its first tag, in the document's order."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                group = next(iter(operation.get("tags", ["API"])))
                groups.setdefault(group, []).append(_operation(document, path, method, operation))
    return groups


def _operation(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> dict[str, Any]:
    content = _found(document, operation.get("requestBody", {})).get("content", {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": list(_parameters(document, operation)),
        "bodies": list(content),
        "fields": _fields(document, content),
        "answers": [
            (status, _found(document, answer).get("description", ""))
            for status, answer in operation["responses"].items()
        ],
    }


def _parameters(
    document: Mapping[str, Any], operation: Mapping[str, Any]
) -> Iterable[Mapping[str, Any]]:
    for given in operation.get("parameters", []):
        one = _found(document, given)
        yield {
            "name": one["name"],
            "where": one["in"],
            "required": one.get("required", False),
            "description": one.get("description", "") or _choices(one.get("schema", {})),
        }


def _fields(document: Mapping[str, Any], content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the fields of a body's first form, with their descriptions."""
    first: Mapping[str, Any] = next(iter(content.values()), {})
    schema = _found(document, first.get("schema", {}))
    named = schema.get("properties", {}).items()
    return [(name, one.get("description", "") or _choices(one)) for name, one in named]


def _choices(schema: Mapping[str, Any]) -> str:
    return " | ".join(str(choice) for choice in schema.get("enum", ()))


def _found(document: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference inside the document."""
    place: Any = given
    while "$ref" in place:
        parts = place["$ref"].removeprefix("#/").split("/")
        place = document
        for part in parts:
            place = place[part]
    found: Mapping[str, Any] = place
    return found
