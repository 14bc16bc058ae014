"""The OpenAPI document of a service for people: one page without JavaScript, and as JSON.

Served at ``/docs/<service>/`` and ``/docs/<service>/openapi.json``; made once, from the same
document that runs the API.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import orjson

from servicekit.web.answers import Answer

METHODS = ("get", "post", "put", "patch", "delete")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "public, max-age=300",
}


class Docs:
    """The two answers; ``find`` knows their paths."""

    def __init__(self, service: str, document: Mapping[str, Any]) -> None:
        self.service = service
        self.document = document
        self.root = f"/docs/{service}"

    def find(self, path: str) -> Answer | None:
        """Return the answer to a path; None when it is none of ours."""
        if path == self.root:
            return Answer(status=308, headers={"Location": f"{self.root}/"})
        if path == f"{self.root}/":
            return Answer(body=self._page, media_type="text/html; charset=utf-8", headers=_HEADERS)
        if path == f"{self.root}/openapi.json":
            return Answer(body=self._json, media_type="application/json", headers=_HEADERS)
        return None

    @cached_property
    def _json(self) -> bytes:
        return orjson.dumps(self.document, option=orjson.OPT_INDENT_2)

    @cached_property
    def _page(self) -> bytes:
        folder = jinja2.FileSystemLoader(Path(__file__).parent)
        shelf = jinja2.Environment(autoescape=True, loader=folder, trim_blocks=True)
        page = shelf.get_template("docs.html").render(
            service=self.service,
            info=self.document["info"],
            operations=list(self._operations()),
            schemas=self.document.get("components", {}).get("schemas", {}),
            resolve=self._resolve,
            says=says,
        )
        return page.encode()

    def _operations(self) -> Iterator[tuple[str, str, Mapping[str, Any], list[Any]]]:
        for path, methods in self.document["paths"].items():
            shared = methods.get("parameters", [])
            for method in METHODS:
                if method in methods:
                    operation = methods[method]
                    parameters = [*shared, *operation.get("parameters", [])]
                    yield method.upper(), path, operation, list(map(self._resolve, parameters))

    def _resolve(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        return resolve(self.document, value)


def resolve(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow ``$ref`` within a document."""
    while "$ref" in value:
        found: Any = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        value = found
    return value


def says(schema: Mapping[str, Any]) -> str:
    """Say a schema in a few words: its name, or its type with what limits it."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    for many, word in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
        if many in schema:
            return word.join(map(says, schema[many]))
    if schema.get("type") == "array":
        return f"list of {says(schema.get('items', {})) or 'anything'}"
    limits = [f"{name} {schema[name]}" for name in _LIMITS if name in schema]
    kind = schema.get("format") or schema.get("type", "")
    return ", ".join([str(kind), *limits])


_LIMITS = ("minimum", "maximum", "minLength", "maxLength", "pattern", "default")
