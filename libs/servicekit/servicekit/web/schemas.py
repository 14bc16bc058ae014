"""Schemas of an OpenAPI 3.0 document, compiled once into functions."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import fastjsonschema
import orjson

Validator = Callable[[Any], Any]


def draft4(schema: Any) -> Any:
    """Return an OpenAPI 3.0 schema as JSON Schema draft 4: ``nullable`` becomes a type."""
    if isinstance(schema, list):
        return [draft4(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: draft4(value) for key, value in schema.items() if key != "nullable"}
    if schema.get("nullable") and "type" in made:
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    elif schema.get("nullable"):
        made = {"anyOf": [made, {"type": "null"}]}
    return made


def compiled(schema: Any) -> Validator:
    """Return a function that raises JsonSchemaException when a value does not fit."""
    return _compiled(orjson.dumps(draft4(schema), option=orjson.OPT_NON_STR_KEYS))


@lru_cache(maxsize=4096)  # documents repeat themselves, and tests start one service many times
def _compiled(schema: bytes) -> Validator:
    made: Validator = fastjsonschema.compile(
        {**orjson.loads(schema), "$schema": "http://json-schema.org/draft-04/schema#"},
        use_default=False,
    )
    return made
